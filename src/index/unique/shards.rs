//! A hash table in shards, so that a clone shares what neither side has written, and growing moves a bounded number of
//! entries at a time.
//!
//! It is linear hashing: a table that has grown too full gets one shard more, which takes the half of one other shard
//! that belongs to it by one more bit of the hash. So the shards of one round differ in size by a factor of two, and no
//! growth moves more than the entries of one.

use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Place;
use slotmap::DefaultKey;

use crate::blocks::Bytes;

/// How many entries a shard has on average where there are several, so that the fullest, of twice as many, has 2,048
/// places, and a new one half of them.
const ENTRIES: usize = 832;

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) hash: u32,
    pub(super) key: DefaultKey,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Shards {
    shards: Vec<Arc<HashTable<Entry>>>,
    len: usize,
}

/// Spreads 32 stored bits over the 64 that a table looks at.
#[inline]
pub(crate) fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn spread_entry(entry: &Entry) -> u64 {
    spread(entry.hash)
}

/// The bits of a hash that choose its shard: none of those by which a table of a shard's size finds its entries.
#[inline]
fn shard_bits(spread: u64) -> usize {
    (spread >> 32) as usize & 0x00FF_FFFF
}

impl Shards {
    /// Room for so many entries.
    pub(super) fn with_capacity(entries: usize) -> Self {
        let mut shards = Shards::default();
        shards.reserve(entries);
        shards
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many entries fit as the tables are.
    pub(super) fn capacity(&self) -> usize {
        self.shards.iter().map(|shard| shard.capacity()).sum()
    }

    /// Makes shards anew where there is room for more than twice the entries.
    pub(super) fn shrink(&mut self) {
        let mut shards = Shards::with_capacity(self.len);
        if shards.capacity() * 2 < self.capacity() {
            self.iter().for_each(|entry| shards.insert(entry));
            *self = shards;
        }
    }

    /// What the shards take.
    pub(super) fn bytes(&self) -> Bytes {
        let shard = |shard: &Arc<HashTable<Entry>>| {
            Bytes::behind(shard, shard.allocation_size() + size_of::<HashTable<Entry>>())
        };
        Bytes::own(self.shards.capacity() * size_of::<usize>()) + self.shards.iter().map(shard).sum()
    }

    /// Where the entries of a hash are.
    #[inline]
    fn place(&self, spread: u64) -> usize {
        let mask = self.shards.len().next_power_of_two() - 1;
        let place = shard_bits(spread) & mask;
        // The upper half of a round is there as far as it has come.
        if place < self.shards.len() { place } else { place & (mask >> 1) }
    }

    /// The first entry with this hash that `is_it` confirms.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(DefaultKey) -> bool) -> Option<DefaultKey> {
        let spread = spread(hash);
        let shard = self.shards.get(self.place(spread))?;
        shard.find(spread, |entry| entry.hash == hash && is_it(entry.key)).map(|entry| entry.key)
    }

    /// All entries with this hash, in no order.
    pub(super) fn with_hash(&self, hash: u32) -> impl Iterator<Item = DefaultKey> {
        let spread = spread(hash);
        let shard = self.shards.get(self.place(spread)).into_iter();
        let entries = shard.flat_map(move |shard| shard.iter_hash(spread));
        entries.filter(move |entry| entry.hash == hash).map(|entry| entry.key)
    }

    /// All entries, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Entry> {
        self.shards.iter().flat_map(|shard| shard.iter()).copied()
    }

    /// Makes room for more entries. O(1) for one; for many, each shard is made as large as it will have to be.
    #[inline]
    pub(super) fn reserve(&mut self, additional: usize) {
        if self.len + additional > self.shards.len() * ENTRIES {
            self.grow(self.len + additional);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, entries: usize) {
        let needed = entries.div_ceil(ENTRIES);
        if self.len > 0 || needed == 1 {
            self.shards.reserve(needed.saturating_sub(self.shards.len()));
            while self.shards.len() < needed {
                self.add_shard();
            }
            if let [shard] = self.shards.as_mut_slice() {
                Arc::make_mut(shard).reserve(entries - self.len, spread_entry);
            }
            return;
        }
        // Many at once into none: shards of one size.
        self.shards.resize_with(needed.next_power_of_two(), Arc::default);
        let room = ENTRIES.min(entries * 9 / 8 / self.shards.len());
        for shard in &mut self.shards {
            let missing = room.saturating_sub(shard.capacity());
            Arc::make_mut(shard).reserve(missing, spread_entry);
        }
    }

    fn add_shard(&mut self) {
        let new = self.shards.len();
        let mask = (new + 1).next_power_of_two() - 1;
        let mut entries = HashTable::with_capacity(if new == 0 { 0 } else { ENTRIES });
        if let Some(split) = self.shards.get_mut(new & (mask >> 1))
            && !split.is_empty()
        {
            let moves = |entry: &mut Entry| shard_bits(spread(entry.hash)) & mask == new;
            for entry in Arc::make_mut(split).extract_if(moves) {
                entries.insert_unique(spread(entry.hash), entry, spread_entry);
            }
        }
        self.shards.push(Arc::new(entries));
    }

    #[inline]
    pub(super) fn insert(&mut self, entry: Entry) {
        self.reserve(1);
        let spread = spread(entry.hash);
        let place = self.place(spread);
        Arc::make_mut(&mut self.shards[place]).insert_unique(spread, entry, spread_entry);
        self.len += 1;
    }

    /// Inserts an entry, unless there is one with its hash that `is_it` confirms. Whether it was inserted.
    #[inline]
    pub(super) fn insert_unless(&mut self, entry: Entry, mut is_it: impl FnMut(DefaultKey) -> bool) -> bool {
        self.reserve(1);
        let spread = spread(entry.hash);
        let place = self.place(spread);
        let shard = Arc::make_mut(&mut self.shards[place]);
        match shard.entry(spread, |other| other.hash == entry.hash && is_it(other.key), spread_entry) {
            Place::Occupied(_) => false,
            Place::Vacant(vacant) => {
                vacant.insert(entry);
                self.len += 1;
                true
            }
        }
    }

    /// Takes an entry out. Whether it was there.
    #[inline]
    pub(super) fn remove(&mut self, hash: u32, key: DefaultKey) -> bool {
        let spread = spread(hash);
        let place = self.place(spread);
        let Some(shard) = self.shards.get_mut(place) else { return false };
        let is_there = match Arc::make_mut(shard).find_entry(spread, |entry| entry.key == key) {
            Ok(entry) => {
                entry.remove();
                true
            }
            Err(_) => false,
        };
        self.len -= usize::from(is_there);
        is_there
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::id::key_from_parts;

    fn entry(number: u32) -> Entry {
        Entry { hash: number.wrapping_mul(0x85EB_CA6B), key: key_from_parts(number, 1).expect("it is odd") }
    }

    fn keys(shards: &Shards) -> BTreeSet<DefaultKey> {
        shards.iter().map(|entry| entry.key).collect()
    }

    #[test]
    fn entries_are_found_while_the_shards_grow_and_shrink() {
        let mut shards = Shards::default();
        for number in 1..=20_000 {
            shards.insert(entry(number));
            for other in [1, number / 2, number] {
                let Entry { hash, key } = entry(other.max(1));
                assert_eq!(shards.find(hash, |found| found == key), Some(key), "{other} of {number}");
            }
        }
        assert_eq!((shards.len(), keys(&shards).len()), (20_000, 20_000));
        for number in 1..=20_000 {
            let Entry { hash, key } = entry(number);
            assert!(shards.remove(hash, key) && !shards.remove(hash, key));
            assert_eq!(shards.find(hash, |_| true), None);
        }
        assert_eq!(shards.len(), 0);
    }

    /// Equal hashes stay together, however many there are.
    #[test]
    fn equal_hashes_are_in_one_shard() {
        let mut shards = Shards::default();
        (1..=5_000).for_each(|number| shards.insert(Entry { hash: 7, ..entry(number) }));
        assert_eq!(shards.with_hash(7).count(), 5_000);
        assert_eq!(shards.with_hash(8).count(), 0);
    }

    #[test]
    fn a_clone_shares_all_shards_but_those_that_are_written() {
        let mut shards = Shards::default();
        (1..=100_000).for_each(|number| shards.insert(entry(number)));
        let clone = shards.clone();
        let copied = |shards: &Shards| {
            let pairs = shards.shards.iter().zip(&clone.shards);
            pairs.filter(|(left, right)| !Arc::ptr_eq(left, right)).count()
        };
        assert!(shards.shards.len() > 90);
        shards.remove(entry(5).hash, entry(5).key);
        assert_eq!(copied(&shards), 1);
        shards.insert(entry(5));
        assert_eq!(copied(&shards), 1);
        assert!(shards.shards.iter().all(|shard| shard.len() < 4 * ENTRIES), "no shard is far larger than others");
        assert_eq!(keys(&shards), keys(&clone));
    }

    /// Room that was made is not made again.
    #[test]
    fn room_for_many_entries_is_enough() {
        let mut shards = Shards::with_capacity(50_000);
        let places = shards.shards.len();
        (1..=50_000).for_each(|number| shards.insert(entry(number)));
        assert_eq!(shards.shards.len(), places);
        let mut one = Shards::with_capacity(1000);
        let room = one.capacity();
        (1..=1000).for_each(|number| one.insert(entry(number)));
        assert_eq!(one.capacity(), room);
    }
}
