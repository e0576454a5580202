//! The arena: where the rows of one table live, and who hands out its ids.
//!
//! It wraps [`slotmap::SlotMap`] so that what is behind it can change. Beyond it, it knows three things:
//!
//! - **Slots without a row.** The map holds `Option<M>` (free of cost where `M` has a niche), so that an id can be
//!   reserved before its row exists.
//! - **The id that comes next.** slotmap keeps its list of free slots to itself and rebuilds it in another order when
//!   deserialised. The arena mirrors it, so that a statement can name the ids of its rows before it stores any, and a
//!   snapshot can bring the same future ids back.
//! - **Retired slots.** A slot whose generation is about to wrap is detached for good.
//!
//! # Invariants
//! 1. `free` lists the vacant slots that are not detached, in slotmap's order: the last is used next. Each entry is the
//!    key that the slot's next row will have.
//! 2. `next_slot` is the first slot number that was never used.
//! 3. `slots.len()` counts the slots with a row or reserved, `reserved` the latter.
//! 4. Every slot below `next_slot` is stored, reserved, in `free`, in `retired`, or withheld by a transaction.
//! 5. `before` has one row for each change of the log that has put one there, in the order of the log.
//!
//! Not responsible for: indexes and integrity. Every call here changes rows only.

use slotmap::{DefaultKey, Key, SlotMap};

use crate::error::Missing;
use crate::id::{FIRST_GENERATION, SLOTS_END, key_from_parts, next_in_slot, slot_of, version_of};

#[derive(Debug)]
pub struct Arena<M> {
    slots: SlotMap<DefaultKey, Option<M>>,
    free: Vec<DefaultKey>,
    next_slot: u32,
    reserved: usize,
    retired: Vec<DefaultKey>,
    /// How many slots are withheld: detached, for a row or a reserved id that may come back.
    withheld: usize,
    /// The rows of before, in the order in which the changes of the open transaction put them here.
    before: Vec<M>,
    /// The rows that taking changes back has replaced, in that order.
    after: Vec<M>,
}

/// How a change has changed the rows. Where an old row is kept, it is on the arena's stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowChange {
    /// A row came into a new slot.
    Stored,
    /// A row left, and is kept; its slot is withheld.
    Removed,
    /// A row gave way to another, and is kept.
    Replaced,
    /// Some fields of a row gave way to others, which are kept with the rest of the row of before. `fields` is the place
    /// of their set in the log.
    Edited { fields: u32 },
    /// A row came under a reserved id.
    Filled,
    /// A row left the reserved id under which it had come, and is kept.
    Emptied,
    /// An id was reserved.
    Reserved,
    /// A reserved id was given back; its slot is withheld.
    Cancelled,
}

impl<M> Default for Arena<M> {
    fn default() -> Self {
        Arena {
            slots: SlotMap::new(),
            free: Vec::new(),
            next_slot: 1,
            reserved: 0,
            retired: Vec::new(),
            withheld: 0,
            before: Vec::new(),
            after: Vec::new(),
        }
    }
}

impl<M> Arena<M> {
    /// The row, if the key's slot and generation are those of a stored one. O(1).
    #[inline]
    pub(crate) fn get(&self, key: DefaultKey) -> Option<&M> {
        self.slots.get(key)?.as_ref()
    }

    /// The row in a slot that was never used twice, with its key. O(1), and reads nothing but the slot.
    #[inline]
    pub(crate) fn first_in_slot(&self, slot: u32) -> Option<(DefaultKey, &M)> {
        let key = key_from_parts(slot, FIRST_GENERATION)?;
        Some((key, self.get(key)?))
    }

    /// The row, to change in place. Only for fields that no index covers.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: DefaultKey) -> Option<&mut M> {
        self.slots.get_mut(key)?.as_mut()
    }

    /// Whether a row is stored under the key. O(1).
    #[inline]
    pub(crate) fn contains(&self, key: DefaultKey) -> bool {
        self.get(key).is_some()
    }

    /// How many rows are stored.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.reserved
    }

    /// The rows in slot order. O(slots ever used).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (DefaultKey, &M)> {
        self.slots.iter().filter_map(|(key, row)| Some((key, row.as_ref()?)))
    }

    /// The rows in slot order, to change in place.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (DefaultKey, &mut M)> {
        self.slots.iter_mut().filter_map(|(key, row)| Some((key, row.as_mut()?)))
    }

    /// Whether an id is reserved and not filled. O(1).
    #[inline]
    pub(crate) fn has_reserved(&self) -> bool {
        self.reserved > 0
    }

    /// The ids that are reserved and not filled, in slot order.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = DefaultKey> {
        // A table with none reserved, the rule, is not walked.
        let any = self.has_reserved();
        self.slots.iter().take_while(move |_| any).filter(|(_, row)| row.is_none()).map(|(key, _)| key)
    }

    /// The key that the `nth` of the next insertions (from 0) will get; `None` where the slot numbers end.
    #[inline]
    pub(crate) fn upcoming(&self, nth: usize) -> Option<DefaultKey> {
        if let Some(position) = self.free.len().checked_sub(nth + 1) {
            return Some(self.free[position]);
        }
        let fresh = u64::from(self.next_slot).saturating_add((nth - self.free.len()) as u64);
        (fresh < u64::from(SLOTS_END)).then(|| key_from_parts(fresh as u32, FIRST_GENERATION)).flatten()
    }

    /// The keys that the next `count` insertions will get; `None` where the slot numbers end before.
    pub(crate) fn upcoming_keys(&self, count: usize) -> Option<Vec<DefaultKey>> {
        if let Some(last) = count.checked_sub(1) {
            self.upcoming(last)?;
        }
        let freed = self.free.iter().rev().copied().take(count);
        let mut keys = Vec::with_capacity(count);
        keys.extend(freed);
        let fresh = (count - keys.len()) as u32;
        let key = |slot| key_from_parts(slot, FIRST_GENERATION).expect("it is odd");
        keys.extend((self.next_slot..self.next_slot + fresh).map(key));
        Some(keys)
    }

    /// The first slot number that no row has ever had.
    pub(crate) fn next_slot(&self) -> u32 {
        self.next_slot
    }

    /// Makes room for `additional` more rows, so that as many insertions do not allocate.
    pub(crate) fn reserve_room(&mut self, additional: usize) {
        self.slots.reserve(additional);
    }

    /// Stores a row under the key that [`Arena::upcoming`] has told. There must be room.
    #[inline]
    pub(crate) fn insert(&mut self, row: M) -> DefaultKey {
        self.insert_slot(Some(row))
    }

    /// Hands out the next id without a row. There must be room.
    pub(crate) fn reserve_id(&mut self) -> DefaultKey {
        self.reserved += 1;
        self.insert_slot(None)
    }

    #[inline]
    fn insert_slot(&mut self, row: Option<M>) -> DefaultKey {
        let key = self.slots.insert(row);
        match self.free.pop() {
            Some(expected) => debug_assert_eq!(key, expected, "the mirror of the free list has drifted"),
            None => self.next_slot = slot_of(key) + 1,
        }
        key
    }

    /// Stores a row under a reserved key; gives the row back if the key is not that.
    pub(crate) fn fill(&mut self, key: DefaultKey, row: M) -> Result<(), M> {
        match self.slots.get_mut(key) {
            Some(slot @ None) => {
                *slot = Some(row);
                self.reserved -= 1;
                Ok(())
            }
            _ => Err(row),
        }
    }

    /// Whether the key is reserved and not filled.
    pub(crate) fn is_reserved(&self, key: DefaultKey) -> bool {
        matches!(self.slots.get(key), Some(None))
    }

    /// Takes the row out; its slot will be used again with the next generation.
    #[inline]
    pub(crate) fn remove(&mut self, key: DefaultKey) -> Option<M> {
        let row = self.slots.get_mut(key)?.take();
        debug_assert!(row.is_some(), "only rows are removed");
        self.vacate(key);
        row
    }

    /// Gives a reserved id back, unfilled.
    pub(crate) fn cancel(&mut self, key: DefaultKey) {
        if self.is_reserved(key) {
            self.vacate(key);
            self.reserved -= 1;
        }
    }

    /// Frees a slot that holds no row.
    #[inline]
    fn vacate(&mut self, key: DefaultKey) {
        match next_in_slot(key) {
            Some(next) => {
                self.slots.remove(key);
                self.free.push(next);
            }
            None => self.retire(key),
        }
    }

    #[cold]
    #[inline(never)]
    fn retire(&mut self, key: DefaultKey) {
        self.slots.detach(key);
        self.retired.push(key);
    }

    /// Swaps the row under the key for another, and keeps the old one.
    pub(crate) fn replace_keeping(&mut self, key: DefaultKey, row: M) {
        if let Some(stored) = self.get_mut(key) {
            let old = std::mem::replace(stored, row);
            self.before.push(old);
        }
    }

    /// Takes the row out, and keeps it and its slot.
    pub(crate) fn remove_keeping(&mut self, key: DefaultKey) {
        if let Some(row) = self.withhold(key) {
            self.before.push(row);
        }
    }

    /// Takes the key's slot out of use until [`Arena::reattach`] or [`Arena::release`]; gives the row that was there.
    pub(crate) fn withhold(&mut self, key: DefaultKey) -> Option<M> {
        let row = self.slots.detach(key)?;
        self.withheld += 1;
        self.reserved -= usize::from(row.is_none());
        row
    }

    fn reattach(&mut self, key: DefaultKey, row: Option<M>) {
        self.reserved += usize::from(row.is_none());
        self.withheld -= 1;
        self.slots.reattach(key, row);
    }

    /// Frees a withheld slot: the id will never resolve again.
    pub(crate) fn release(&mut self, key: DefaultKey) {
        self.reattach(key, None);
        self.cancel(key);
    }

    /// Takes a change of a row back, and says what takes that back again. Changes are taken back in the reverse of the
    /// order in which they were made. `exchange` gives a stored row the fields of a set that another has, and that one its
    /// own.
    pub(crate) fn revert(
        &mut self,
        change: RowChange,
        key: DefaultKey,
        exchange: impl FnOnce(u32, &mut M, &mut M),
    ) -> RowChange {
        match change {
            RowChange::Stored => {
                let row = self.withhold(key);
                self.after.extend(row);
                RowChange::Removed
            }
            RowChange::Removed => {
                let row = self.before.pop();
                debug_assert!(row.is_some(), "a removed row is kept");
                self.reattach(key, row);
                RowChange::Stored
            }
            RowChange::Replaced => {
                if let (Some(old), Some(stored)) = (self.before.pop(), self.slots.get_mut(key)) {
                    self.after.extend(stored.replace(old));
                }
                RowChange::Replaced
            }
            RowChange::Edited { fields } => {
                if let (Some(mut old), Some(stored)) = (self.before.pop(), self.get_mut(key)) {
                    exchange(fields, stored, &mut old);
                    self.after.push(old);
                }
                RowChange::Edited { fields }
            }
            RowChange::Filled => {
                self.after.extend(self.slots.get_mut(key).and_then(Option::take));
                self.reserved += 1;
                RowChange::Emptied
            }
            RowChange::Emptied => {
                if let (Some(row), Some(slot)) = (self.before.pop(), self.slots.get_mut(key)) {
                    *slot = Some(row);
                    self.reserved -= 1;
                }
                RowChange::Filled
            }
            RowChange::Reserved => {
                self.withhold(key);
                RowChange::Cancelled
            }
            RowChange::Cancelled => {
                self.reattach(key, None);
                RowChange::Reserved
            }
        }
    }

    /// The rows of before, which a log that ends needs no more or takes along.
    pub(crate) fn take_before(&mut self) -> Vec<M> {
        std::mem::take(&mut self.before)
    }

    /// Puts rows of before back, for a log that is opened again.
    pub(crate) fn put_before(&mut self, rows: Vec<M>) {
        debug_assert!(self.before.is_empty(), "one log is open at a time");
        self.before = rows;
    }

    /// The rows that taking changes back has replaced.
    pub(crate) fn take_after(&mut self) -> Vec<M> {
        std::mem::take(&mut self.after)
    }

    /// What can be said in O(1) about a key that names no row. Only for error messages.
    pub(crate) fn why_missing(&self, key: DefaultKey) -> Missing {
        /// How many later generations of the slot are tried: slotmap does not tell a slot's generation.
        const GENERATIONS_TRIED: u32 = 64;
        if key.is_null() {
            return Missing::Null;
        }
        match self.slots.get(key) {
            Some(Some(_)) => return Missing::Stored,
            Some(None) => return Missing::Reserved,
            None if slot_of(key) == 0 || slot_of(key) >= self.next_slot => return Missing::NeverExisted,
            None => {}
        }
        let later = (1..=GENERATIONS_TRIED).map_while(|n| version_of(key).checked_add(2 * n));
        for version in later {
            if key_from_parts(slot_of(key), version).is_some_and(|key| self.slots.contains_key(key)) {
                return Missing::Replaced { version };
            }
        }
        Missing::Removed
    }

    /// Proves the invariants that can be seen from inside. O(slots).
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let reserved = self.slots.values().filter(|row| row.is_none()).count();
        if reserved != self.reserved {
            faults.push(format!("{} ids counted as reserved, {reserved} are", self.reserved));
        }
        let accounted = self.slots.len() + self.free.len() + self.retired.len() + self.withheld + 1;
        if accounted != self.next_slot as usize {
            faults.push(format!("{accounted} slots accounted for, {} used", self.next_slot));
        }
        faults
    }
}

mod keys;
mod restore;
#[cfg(test)]
mod tests;

pub(crate) use keys::Keys;
pub(crate) use restore::{RETIRED, Run, Slots, Stored};
