//! The keys of an arena's rows as a type with a name, for iterators that are fields of others.

use slotmap::{DefaultKey, basic};

use super::Arena;

/// The keys of stored rows in slot order, see [`Arena::keys`].
pub(crate) struct Keys<'a, M>(basic::Iter<'a, DefaultKey, Option<M>>);

impl<M> Arena<M> {
    /// The keys of the stored rows in slot order. O(slots ever used).
    pub(crate) fn keys(&self) -> Keys<'_, M> {
        Keys(self.slots.iter())
    }
}

impl<M> Iterator for Keys<'_, M> {
    type Item = DefaultKey;

    #[inline]
    fn next(&mut self) -> Option<DefaultKey> {
        self.0.find(|(_, row)| row.is_some()).map(|(key, _)| key)
    }
}
