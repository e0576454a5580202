//! An index that is no unique key: rows by what it keeps of their fields, see [`IndexKey`].
//!
//! A tree has the rows by their keys, an array the key of each row by its slot, so that a row is found and taken out without
//! looking at its fields. An index for equality is a tree over hashes: rows of equal values are neighbours in slot order,
//! however many there are.
//!
//! # Invariants
//! 1. A row is in the one tree that its key says, and `held` has that key at its slot.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use slotmap::DefaultKey;

use super::tree::{Descending, Range, Tree};
use crate::blocks::{Blocks, Bytes};
use crate::id::slot_of;
use crate::order::IndexKey;

#[derive(Debug, Clone)]
pub(crate) struct SecondaryIndex {
    /// The places of its fields in the struct.
    pub(crate) fields: &'static [usize],
    /// Whether it has an order.
    pub(crate) is_ordered: bool,
    short: Tree<u64>,
    long: Tree<Arc<[u8]>>,
    unordered: Tree<()>,
    absent: Tree<()>,
    held: Held,
}

/// The keys of rows by their slots. Most indexes have numbers only, so that numbers and bytes lie apart.
#[derive(Debug, Clone, Default)]
struct Held {
    kinds: Blocks<Kind>,
    numbers: Blocks<u64>,
    bytes: Blocks<Option<Arc<[u8]>>>,
}

/// Which tree the row in a slot is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    Short,
    Long,
    Unordered,
    Absent,
}

impl Held {
    fn get(&self, slot: usize) -> Option<IndexKey> {
        match self.kinds.get(slot)? {
            Kind::None => None,
            Kind::Short => self.numbers.get(slot).map(|number| IndexKey::Short(*number)),
            Kind::Long => self.bytes.get(slot)?.clone().map(IndexKey::Long),
            Kind::Unordered => Some(IndexKey::Unordered),
            Kind::Absent => Some(IndexKey::Absent),
        }
    }

    fn put(&mut self, slot: usize, key: &IndexKey) {
        let kind = match key {
            IndexKey::Short(number) => {
                *self.numbers.at(slot) = *number;
                Kind::Short
            }
            IndexKey::Long(bytes) => {
                *self.bytes.at(slot) = Some(Arc::clone(bytes));
                Kind::Long
            }
            IndexKey::Unordered => Kind::Unordered,
            IndexKey::Absent => Kind::Absent,
        };
        *self.kinds.at(slot) = kind;
    }

    fn take(&mut self, slot: usize) -> Option<IndexKey> {
        let key = self.get(slot)?;
        *self.kinds.at(slot) = Kind::None;
        if matches!(key, IndexKey::Long(_)) {
            *self.bytes.at(slot) = None;
        }
        Some(key)
    }

    fn len(&self) -> usize {
        self.kinds.iter().filter(|kind| **kind != Kind::None).count()
    }
}

impl SecondaryIndex {
    pub(crate) fn new(fields: &'static [usize], is_ordered: bool) -> Self {
        let (short, long, unordered, absent) = (Tree::default(), Tree::default(), Tree::default(), Tree::default());
        SecondaryIndex { fields, is_ordered, short, long, unordered, absent, held: Held::default() }
    }

    /// How many rows are in it.
    pub(crate) fn len(&self) -> usize {
        self.short.len() + self.long.len() + self.unordered.len() + self.absent.len()
    }

    /// The key of a row; `None` where it is not in.
    #[inline]
    pub(crate) fn key(&self, row: DefaultKey) -> Option<IndexKey> {
        self.held.get(slot_of(row) as usize)
    }

    /// Makes room for rows in slots below `slots`.
    pub(crate) fn reserve(&mut self, slots: usize) {
        self.held.kinds.reserve(slots);
    }

    /// Enters a row that is not in.
    pub(crate) fn insert(&mut self, key: &IndexKey, row: DefaultKey) {
        let is_new = match key {
            IndexKey::Short(number) => self.short.insert(*number, row),
            IndexKey::Long(bytes) => self.long.insert(Arc::clone(bytes), row),
            IndexKey::Unordered => self.unordered.insert((), row),
            IndexKey::Absent => self.absent.insert((), row),
        };
        debug_assert!(is_new, "a row is entered once");
        self.held.put(slot_of(row) as usize, key);
    }

    /// Enters many rows that are not in, sorted by key and slot.
    pub(crate) fn insert_all(&mut self, entries: &[(IndexKey, DefaultKey)]) {
        let last = entries.iter().map(|(_, row)| slot_of(*row) as usize + 1).max().unwrap_or_default();
        self.reserve(last);
        for (key, row) in entries {
            self.held.put(slot_of(*row) as usize, key);
        }
        self.short.extend_sorted(entries.iter().filter_map(|(key, row)| match key {
            IndexKey::Short(number) => Some((*number, *row)),
            _ => None,
        }));
        self.long.extend_sorted(entries.iter().filter_map(|(key, row)| match key {
            IndexKey::Long(bytes) => Some((Arc::clone(bytes), *row)),
            _ => None,
        }));
        let of = |wanted: IndexKey| {
            let rows = entries.iter().filter(move |(key, _)| *key == wanted);
            rows.map(|(_, row)| ((), *row)).collect::<Vec<_>>()
        };
        self.unordered.extend_sorted(of(IndexKey::Unordered));
        self.absent.extend_sorted(of(IndexKey::Absent));
    }

    /// Takes a row out, and gives the key that it had.
    pub(crate) fn remove(&mut self, row: DefaultKey) -> Option<IndexKey> {
        let key = self.held.take(slot_of(row) as usize)?;
        let was_there = match &key {
            IndexKey::Short(number) => self.short.remove(number, row),
            IndexKey::Long(bytes) => self.long.remove(bytes, row),
            IndexKey::Unordered => self.unordered.remove(&(), row),
            IndexKey::Absent => self.absent.remove(&(), row),
        };
        debug_assert!(was_there, "a row is under the key that is held of it");
        Some(key)
    }

    /// The rows whose keys are in a range, by key and then by slot, and how many there are. O(log n).
    pub(crate) fn range(&self, range: &KeyRange) -> Found<'_> {
        match range {
            KeyRange::Short(from, to) => Found::Short(self.short.range(from.as_ref(), to.as_ref())),
            KeyRange::Long(from, to) => Found::Long(self.long.range(from.as_ref(), to.as_ref())),
            KeyRange::Absent => Found::Rest(self.absent.iter()),
            KeyRange::None => Found::Rest(self.absent.range(Bound::Unbounded, Bound::Excluded(&()))),
        }
    }

    /// All rows that have a key, in its order.
    fn keyed(&self) -> Found<'_> {
        if self.long.len() > 0 { Found::Long(self.long.iter()) } else { Found::Short(self.short.iter()) }
    }

    /// The rows by their keys, and by slot where these are equal: all of them, those without a key last, or those of a
    /// range; ascending or not, from behind a place on, without the first `skip`. O(log n) to begin.
    pub(crate) fn walk(
        &self,
        range: Option<&KeyRange>,
        descends: bool,
        after: Option<(&IndexKey, DefaultKey)>,
        skip: usize,
    ) -> Walk<'_> {
        let nothing = || self.absent.range(Bound::Unbounded, Bound::Excluded(&()));
        let keyed = match (range.map_or_else(|| self.keyed(), |range| self.range(range)), after) {
            (Found::Short(range), None) => Keyed::Short(Walked::of(range, descends, None)),
            (Found::Short(range), Some((IndexKey::Short(number), row))) => {
                Keyed::Short(Walked::of(range, descends, Some((number, row))))
            }
            (Found::Long(range), None) => Keyed::Long(Walked::of(range, descends, None)),
            (Found::Long(range), Some((IndexKey::Long(bytes), row))) => {
                Keyed::Long(Walked::of(range, descends, Some((bytes, row))))
            }
            (Found::Rest(range), None) => Keyed::Rest(range),
            (Found::Rest(range), Some((_, row))) => Keyed::Rest(range.after(&(), row)),
            _ => Keyed::Rest(nothing()),
        };
        let (unordered, absent) = match (range, after) {
            (Some(_), _) => (nothing(), nothing()),
            (None, Some((IndexKey::Absent, row))) => (nothing(), self.absent.iter().after(&(), row)),
            (None, Some((IndexKey::Unordered, row))) => (self.unordered.iter().after(&(), row), self.absent.iter()),
            (None, _) => (self.unordered.iter(), self.absent.iter()),
        };
        let mut walk = Walk { keyed, unordered, absent };
        walk.pass_over(skip);
        walk
    }

    /// What its parts take.
    pub(crate) fn bytes(&self) -> Bytes {
        self.short.bytes()
            + self.long.bytes_with(|bytes| bytes.len() + 2 * size_of::<usize>())
            + self.unordered.bytes()
            + self.absent.bytes()
            + self.held.kinds.bytes()
            + self.held.numbers.bytes()
            + self.held.bytes.bytes()
    }

    /// Proves what can be seen from inside. O(rows).
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.short.faults();
        faults.extend(self.long.faults());
        faults.extend(self.unordered.faults());
        faults.extend(self.absent.faults());
        let held = self.held.len();
        if held != self.len() {
            faults.push(format!("{} entries for {held} rows", self.len()));
        }
        faults
    }

    /// Whether a row is entered under a key.
    pub(crate) fn holds(&self, key: &IndexKey, row: DefaultKey) -> bool {
        let is_entered = match key {
            IndexKey::Short(number) => self.short.contains(number, row),
            IndexKey::Long(bytes) => self.long.contains(bytes, row),
            IndexKey::Unordered => self.unordered.contains(&(), row),
            IndexKey::Absent => self.absent.contains(&(), row),
        };
        is_entered && self.key(row).as_ref() == Some(key)
    }
}

/// A range of keys of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyRange {
    Short(Bound<u64>, Bound<u64>),
    Long(Bound<Arc<[u8]>>, Bound<Arc<[u8]>>),
    /// The rows of absent values.
    Absent,
    /// No rows.
    None,
}

/// Rows of an index, by key and then by slot.
#[derive(Debug, Clone)]
pub(crate) enum Found<'a> {
    Short(Range<'a, u64>),
    Long(Range<'a, Arc<[u8]>>),
    Rest(Range<'a, ()>),
}

impl Iterator for Found<'_> {
    type Item = DefaultKey;

    #[inline]
    fn next(&mut self) -> Option<DefaultKey> {
        match self {
            Found::Short(range) => range.next().map(|(_, row)| row),
            Found::Long(range) => range.next().map(|(_, row)| row),
            Found::Rest(range) => range.next().map(|((), row)| row),
        }
    }
}

impl Found<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Found::Short(range) => range.len(),
            Found::Long(range) => range.len(),
            Found::Rest(range) => range.len(),
        }
    }
}

/// See [`SecondaryIndex::walk`].
pub(crate) struct Walk<'a> {
    keyed: Keyed<'a>,
    unordered: Range<'a, ()>,
    absent: Range<'a, ()>,
}

enum Keyed<'a> {
    Short(Walked<'a, u64>),
    Long(Walked<'a, Arc<[u8]>>),
    Rest(Range<'a, ()>),
}

enum Walked<'a, K> {
    Up(Range<'a, K>),
    Down(Descending<'a, K>),
}

impl<'a, K: Ord> Walked<'a, K> {
    fn of(range: Range<'a, K>, descends: bool, after: Option<(&K, DefaultKey)>) -> Self {
        match (descends, after) {
            (false, None) => Walked::Up(range),
            (false, Some((key, row))) => Walked::Up(range.after(key, row)),
            (true, None) => Walked::Down(range.descending()),
            (true, Some((key, row))) => Walked::Down(range.descending_after(key, row)),
        }
    }
    fn len(&self) -> usize {
        match self {
            Walked::Up(range) => range.len(),
            Walked::Down(range) => range.len(),
        }
    }
    #[inline]
    fn nth(&mut self, n: usize) -> Option<DefaultKey> {
        let entry = match self {
            Walked::Up(range) if n == 0 => range.next(),
            Walked::Down(range) if n == 0 => range.next(),
            Walked::Up(range) => range.nth(n),
            Walked::Down(range) => range.nth(n),
        };
        entry.map(|(_, row)| row)
    }
}

impl Keyed<'_> {
    fn len(&self) -> usize {
        match self {
            Keyed::Short(walked) => walked.len(),
            Keyed::Long(walked) => walked.len(),
            Keyed::Rest(range) => range.len(),
        }
    }
    #[inline]
    fn nth(&mut self, n: usize) -> Option<DefaultKey> {
        match self {
            Keyed::Short(walked) => walked.nth(n),
            Keyed::Long(walked) => walked.nth(n),
            Keyed::Rest(range) => range.nth(n).map(|((), row)| row),
        }
    }
}

impl Walk<'_> {
    /// Passes over rows. O(log n) for each of the three parts.
    fn pass_over(&mut self, count: usize) {
        let keyed = count.min(self.keyed.len());
        let unordered = (count - keyed).min(self.unordered.len());
        let absent = (count - keyed - unordered).min(self.absent.len());
        keyed.checked_sub(1).map(|last| self.keyed.nth(last));
        unordered.checked_sub(1).map(|last| self.unordered.nth(last));
        absent.checked_sub(1).map(|last| self.absent.nth(last));
    }

    /// Shows the rows until `show` breaks.
    pub(crate) fn show_all<B>(self, mut show: impl FnMut(DefaultKey) -> ControlFlow<B>) -> ControlFlow<B> {
        let Walk { keyed, mut unordered, mut absent } = self;
        match keyed {
            Keyed::Short(Walked::Up(mut range)) => range.try_for_each(|(_, row)| show(row))?,
            Keyed::Short(Walked::Down(mut range)) => range.try_for_each(|(_, row)| show(row))?,
            Keyed::Long(Walked::Up(mut range)) => range.try_for_each(|(_, row)| show(row))?,
            Keyed::Long(Walked::Down(mut range)) => range.try_for_each(|(_, row)| show(row))?,
            Keyed::Rest(mut range) => range.try_for_each(|((), row)| show(row))?,
        }
        unordered.try_for_each(|((), row)| show(row))?;
        absent.try_for_each(|((), row)| show(row))
    }

    /// How many rows are left.
    pub(crate) fn len(&self) -> usize {
        self.keyed.len() + self.unordered.len() + self.absent.len()
    }
}

impl Iterator for Walk<'_> {
    type Item = DefaultKey;

    #[inline]
    fn next(&mut self) -> Option<DefaultKey> {
        if let Some(row) = self.keyed.nth(0) {
            return Some(row);
        }
        self.unordered.next().or_else(|| self.absent.next()).map(|((), row)| row)
    }
}
