//! The keys of the rows, walked as fast as the slots can be read.

use slotmap::DefaultKey;

use super::{Arena, Slot};
use crate::blocks;
use crate::id::key_from_parts;

/// The keys of the stored rows of an arena in slot order.
pub(crate) struct Keys<'a, M> {
    slots: blocks::Iter<'a, Slot<M>>,
    next: u32,
}

impl<M> Arena<M> {
    /// The keys of the stored rows in slot order. O(slots ever used).
    pub(crate) fn keys(&self) -> Keys<'_, M> {
        Keys { slots: self.slots.iter(), next: 0 }
    }
}

impl<M> Iterator for Keys<'_, M> {
    type Item = DefaultKey;

    #[inline]
    fn next(&mut self) -> Option<DefaultKey> {
        loop {
            let slot = self.slots.next()?;
            let number = self.next;
            self.next += 1;
            if slot.row.is_some() {
                return key_from_parts(number, slot.version);
            }
        }
    }
}
