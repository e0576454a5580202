//! The unique index: a hash table of (hash, key of the row).
//!
//! The unique key itself is read from the row, never stored a second time. The hash is stored, so that growing the
//! table calls no user code, and so that a plan made beforehand can be applied without any.
//!
//! # Invariants
//! 1. One entry for each row whose unique key is present, under the hash of that key.
//! 2. No two entries are of equal keys, unless rows were stored unchecked. Then the row in the lowest slot is found, so
//!    that what is found does not depend on how the table lies in memory.

use hashbrown::hash_table::Entry as TableEntry;
use hashbrown::{DefaultHashBuilder, HashTable};
use slotmap::DefaultKey;

use crate::id::slot_of;

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    key: DefaultKey,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct UniqueIndex {
    entries: HashTable<Entry>,
    /// Whether rows were stored unchecked, so that a key may be there twice.
    may_repeat: bool,
    hasher: DefaultHashBuilder,
}

/// The entries of many new rows, which a plan collects beside the index: in a table like that of the index, so that the
/// one can become the other.
#[derive(Debug)]
pub(crate) struct NewEntries {
    entries: HashTable<Entry>,
}

/// Spreads 32 stored bits over the 64 that the table looks at.
#[inline]
pub(crate) fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
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
            let all = self.entries.iter_hash(spread(hash)).filter(|entry| entry.hash == hash && equals(entry.key));
            return all.map(|entry| entry.key).min_by_key(|key| slot_of(*key));
        }
        self.entries.find(spread(hash), |entry| entry.hash == hash && equals(entry.key)).map(|entry| entry.key)
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
        self.entries.find(spread(hash), |entry| entry.hash == hash).map(|entry| entry.key)
    }

    /// From now on a key may be there twice.
    pub(crate) fn allow_repeats(&mut self) {
        self.may_repeat = true;
    }

    /// Whether this row is entered under this hash.
    #[inline]
    pub(crate) fn holds(&self, hash: u32, key: DefaultKey) -> bool {
        self.entries.find(spread(hash), |entry| entry.key == key && entry.hash == hash).is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.entries.reserve(additional, |entry| spread(entry.hash));
    }

    /// Makes room for what [`UniqueIndex::enter_all`] will enter.
    pub(crate) fn reserve_for(&mut self, new: &NewEntries) {
        if !self.gives_way_to(new) {
            self.reserve(new.entries.len());
        }
    }

    /// Whether there is nothing in the index, and no more room than these entries have.
    fn gives_way_to(&self, new: &NewEntries) -> bool {
        self.entries.is_empty() && self.entries.capacity() <= new.entries.capacity()
    }

    /// Enters many rows; the plan has made sure that their keys are free.
    pub(crate) fn enter_all(&mut self, new: NewEntries) {
        if self.gives_way_to(&new) {
            self.entries = new.entries;
            return;
        }
        for Entry { hash, key } in new.entries {
            self.insert(hash, key);
        }
    }

    /// Enters a row; the plan has made sure that its key is free.
    #[inline]
    pub(crate) fn insert(&mut self, hash: u32, key: DefaultKey) {
        self.entries.insert_unique(spread(hash), Entry { hash, key }, |entry| spread(entry.hash));
    }

    /// Takes a row out; the plan has made sure that it is in.
    #[inline]
    pub(crate) fn remove(&mut self, hash: u32, key: DefaultKey) {
        let found = self.entries.find_entry(spread(hash), |entry| entry.key == key);
        debug_assert!(found.is_ok(), "a plan removes only what it has seen");
        if let Ok(entry) = found {
            entry.remove();
        }
    }
}

impl NewEntries {
    /// Room for the entries of so many rows.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        NewEntries { entries: HashTable::with_capacity(rows) }
    }

    /// Adds a row, unless there is one with this hash that `equals` confirms. Says whether it was added.
    #[inline]
    pub(crate) fn add(&mut self, hash: u32, key: DefaultKey, mut equals: impl FnMut(DefaultKey) -> bool) -> bool {
        let is_same = |entry: &Entry| entry.hash == hash && equals(entry.key);
        match self.entries.entry(spread(hash), is_same, |entry| spread(entry.hash)) {
            TableEntry::Occupied(_) => false,
            TableEntry::Vacant(vacant) => {
                vacant.insert(Entry { hash, key });
                true
            }
        }
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
