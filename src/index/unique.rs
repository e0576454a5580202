//! The unique index: hash tables of (hash, key of the row), in shards that clones share until one of them writes.
//!
//! The unique key itself is read from the row, never stored a second time. The hash is stored, so that growing the
//! table calls no user code, and so that a plan made beforehand can be applied without any.
//!
//! # Invariants
//! 1. One entry for each row whose unique key is present, under the hash of that key.
//! 2. No two entries are of equal keys, unless rows were stored unchecked. Then the row in the lowest slot is found, so
//!    that what is found does not depend on how the table lies in memory.

mod shards;

use hashbrown::DefaultHashBuilder;
use slotmap::DefaultKey;

use crate::blocks::Bytes;
use crate::id::slot_of;
pub(crate) use shards::spread;
use shards::{Entry, Shards};

#[derive(Debug, Clone, Default)]
pub(crate) struct UniqueIndex {
    entries: Shards,
    /// Whether rows were stored unchecked, so that a key may be there twice.
    may_repeat: bool,
    hasher: DefaultHashBuilder,
}

/// The entries of many new rows, which a plan collects beside the index: in a table like that of the index, so that the
/// one can become the other.
#[derive(Debug)]
pub(crate) struct NewEntries {
    entries: Shards,
}

impl UniqueIndex {
    /// What the keys of this index are hashed by.
    #[inline]
    pub(crate) fn hasher(&self) -> &DefaultHashBuilder {
        &self.hasher
    }

    /// The row with this hash that `equals` confirms. O(1) expected.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut equals: impl FnMut(DefaultKey) -> bool) -> Option<DefaultKey> {
        #[cfg(test)]
        super::probes::count_hashed();
        if self.may_repeat {
            return self.entries.with_hash(hash).filter(|key| equals(*key)).min_by_key(|key| slot_of(*key));
        }
        self.entries.find(hash, equals)
    }

    /// The row that [`UniqueIndex::find`] gives, if its key is the one with this hash; `None` also where keys may be there
    /// twice. It touches no row, so that look-ups of many hashes do not wait for one another.
    #[inline]
    pub(crate) fn candidate(&self, hash: u32) -> Option<DefaultKey> {
        #[cfg(test)]
        super::probes::count_hashed();
        if self.may_repeat {
            return None;
        }
        self.entries.find(hash, |_| true)
    }

    /// All rows with this hash, in no order: also those of other keys that share it.
    pub(crate) fn with_hash(&self, hash: u32) -> impl Iterator<Item = DefaultKey> {
        #[cfg(test)]
        super::probes::count_hashed();
        self.entries.with_hash(hash)
    }

    /// From now on a key may be there twice.
    pub(crate) fn allow_repeats(&mut self) {
        self.may_repeat = true;
    }

    /// Whether this row is entered under this hash.
    #[inline]
    pub(crate) fn holds(&self, hash: u32, key: DefaultKey) -> bool {
        self.entries.find(hash, |held| held == key).is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Gives the memory of emptied shards back.
    pub(crate) fn shrink(&mut self) {
        self.entries.shrink();
    }

    /// What the entries take.
    pub(crate) fn bytes(&self) -> Bytes {
        self.entries.bytes()
    }

    #[inline]
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.entries.reserve(additional);
    }

    /// Makes room for what [`UniqueIndex::enter_all`] will enter.
    pub(crate) fn reserve_for(&mut self, new: &NewEntries) {
        if !self.gives_way_to(new) {
            self.reserve(new.entries.len());
        }
    }

    /// Whether there is nothing in the index, and no more room than these entries have.
    fn gives_way_to(&self, new: &NewEntries) -> bool {
        self.entries.len() == 0 && self.entries.capacity() <= new.entries.capacity()
    }

    /// Enters many rows; the plan has made sure that their keys are free.
    pub(crate) fn enter_all(&mut self, new: NewEntries) {
        if self.gives_way_to(&new) {
            self.entries = new.entries;
            return;
        }
        for Entry { hash, key } in new.entries.iter() {
            self.insert(hash, key);
        }
    }

    /// Enters a row; the plan has made sure that its key is free.
    #[inline]
    pub(crate) fn insert(&mut self, hash: u32, key: DefaultKey) {
        self.entries.insert(Entry { hash, key });
    }

    /// Takes a row out; the plan has made sure that it is in.
    #[inline]
    pub(crate) fn remove(&mut self, hash: u32, key: DefaultKey) {
        let was_there = self.entries.remove(hash, key);
        debug_assert!(was_there, "a plan removes only what it has seen");
    }
}

impl NewEntries {
    /// Room for the entries of so many rows.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        NewEntries { entries: Shards::with_capacity(rows) }
    }

    /// Adds a row, unless there is one with this hash that `equals` confirms. Says whether it was added.
    #[inline]
    pub(crate) fn add(&mut self, hash: u32, key: DefaultKey, equals: impl FnMut(DefaultKey) -> bool) -> bool {
        self.entries.insert_unless(Entry { hash, key }, equals)
    }

    /// The hashes and the rows, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, DefaultKey)> {
        self.entries.iter().map(|entry| (entry.hash, entry.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Room that was made stays, however few rows come at once.
    #[test]
    fn many_rows_take_no_room_away() {
        for (room, rows, held) in [(1000, 10, 0), (0, 1000, 0), (1000, 10, 1), (0, 1000, 1)] {
            let mut index = UniqueIndex::default();
            index.reserve(room);
            (0..held).for_each(|hash| index.insert(hash, DefaultKey::default()));
            let mut new = NewEntries::with_capacity(rows);
            (0..rows as u32).for_each(|n| assert!(new.add(100 + n, DefaultKey::default(), |_| true)));
            assert!(!new.add(100, DefaultKey::default(), |_| true) && new.add(100, DefaultKey::default(), |_| false));
            index.reserve_for(&new);
            let reserved = index.entries.capacity();
            index.enter_all(new);
            assert_eq!(index.len(), held as usize + rows + 1);
            assert!(index.entries.capacity() >= room.max(reserved));
            assert!((100..100 + rows as u32).all(|hash| index.candidate(hash).is_some()));
        }
    }
}
