//! The entries of one list: few in place, many in an array of their own, very many in blocks, so that a clone copies
//! none and a write a bounded number.

use std::iter::{repeat_n, zip};
use std::slice;
use std::sync::Arc;

use super::HOLE;
use crate::blocks::{Blocks, Bytes};

/// As many as take no more place than what leads to more of them.
const FEW: usize = 6;
/// The most in one array, which is a full block.
const MANY: usize = Blocks::<u32>::FULL;

/// Entries by their positions; beyond those that were written there are holes. Beside them, how many holes the list
/// counts: here, because here it takes no place.
#[derive(Debug, Clone)]
pub(super) enum Entries {
    Few { holes: u32, entries: [u32; FEW] },
    Many { holes: u32, entries: Arc<[u32]> },
    Long { holes: u32, entries: Box<Blocks<u32>> },
}

impl Default for Entries {
    fn default() -> Self {
        Entries::Few { holes: 0, entries: [HOLE; FEW] }
    }
}

impl Entries {
    /// The holes among these are counted.
    pub(super) fn of(list: &[u32]) -> Self {
        let holes = list.iter().filter(|source| **source == HOLE).count() as u32;
        if list.len() <= FEW {
            let mut entries = [HOLE; FEW];
            entries[..list.len()].copy_from_slice(list);
            return Entries::Few { holes, entries };
        }
        if list.len() <= MANY {
            return Entries::Many { holes, entries: with_room(list, list.len()) };
        }
        let mut entries = Blocks::default();
        entries.reserve(list.len());
        zip(entries.iter_mut(), list).for_each(|(entry, source)| *entry = *source);
        Entries::Long { holes, entries: Box::new(entries) }
    }

    #[inline]
    pub(super) fn holes(&self) -> u32 {
        match self {
            Entries::Few { holes, .. } | Entries::Many { holes, .. } | Entries::Long { holes, .. } => *holes,
        }
    }

    #[inline]
    pub(super) fn holes_mut(&mut self) -> &mut u32 {
        match self {
            Entries::Few { holes, .. } | Entries::Many { holes, .. } | Entries::Long { holes, .. } => holes,
        }
    }

    #[inline]
    pub(super) fn get(&self, position: usize) -> u32 {
        let entry = match self {
            Entries::Few { entries, .. } => entries.get(position),
            Entries::Many { entries, .. } => entries.get(position),
            Entries::Long { entries, .. } => entries.get(position),
        };
        entry.copied().unwrap_or(HOLE)
    }

    /// Writes an entry, and makes room for it.
    #[inline]
    pub(super) fn set(&mut self, position: usize, source: u32) {
        match self {
            Entries::Few { entries, .. } if position < FEW => entries[position] = source,
            Entries::Many { entries, .. } if position < entries.len() => Arc::make_mut(entries)[position] = source,
            Entries::Long { entries, .. } => *entries.at(position) = source,
            _ => self.set_beyond(position, source),
        }
    }

    /// Turns entries that were written into holes, which are counted.
    pub(super) fn punch(&mut self, positions: &[u32]) {
        *self.holes_mut() += positions.len() as u32;
        let places = positions.iter().map(|position| *position as usize);
        match self {
            Entries::Few { entries, .. } => places.for_each(|place| entries[place] = HOLE),
            Entries::Many { entries, .. } => {
                let entries = Arc::make_mut(entries);
                places.for_each(|place| entries[place] = HOLE);
            }
            Entries::Long { entries, .. } => entries.change_all(places, |_, entry| *entry = HOLE),
        }
    }

    #[cold]
    #[inline(never)]
    fn set_beyond(&mut self, position: usize, source: u32) {
        let holes = self.holes();
        let present: &[u32] = match self {
            Entries::Few { entries, .. } => entries,
            Entries::Many { entries, .. } => entries,
            Entries::Long { .. } => &[],
        };
        if position < MANY {
            let mut entries = with_room(present, position + 1);
            if let Some(entries) = Arc::get_mut(&mut entries) {
                entries[position] = source;
            }
            *self = Entries::Many { holes, entries };
        } else {
            let mut entries = Blocks::of_first(with_room(present, MANY));
            *entries.at(position) = source;
            *self = Entries::Long { holes, entries: Box::new(entries) };
        }
    }

    /// What they take beyond their own place.
    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Entries::Few { .. } => Bytes::default(),
            Entries::Many { entries, .. } => Bytes::behind(entries, size_of_val(&**entries)),
            Entries::Long { entries, .. } => Bytes::own(size_of_val(&**entries)) + entries.bytes(),
        }
    }

    #[inline]
    pub(super) fn parts(&self) -> Parts<'_> {
        match self {
            Entries::Few { entries, .. } => Parts { first: entries, rest: &[] },
            Entries::Many { entries, .. } => Parts { first: entries, rest: &[] },
            Entries::Long { entries, .. } => Parts { first: &[], rest: entries.blocks() },
        }
    }
}

/// An array with these entries at its beginning, and room for so many in all.
fn with_room(list: &[u32], places: usize) -> Arc<[u32]> {
    let room = places.next_power_of_two();
    list.iter().copied().chain(repeat_n(HOLE, room - list.len())).collect()
}

/// Entries as they lie in memory: in order, with holes among them and behind them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Parts<'a> {
    pub(crate) first: &'a [u32],
    pub(crate) rest: &'a [Arc<[u32]>],
}

impl<'a> Parts<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = u32> + use<'a> {
        let rest: slice::Iter<'a, _> = self.rest.iter();
        self.first.iter().chain(rest.flat_map(|block| block.iter())).copied()
    }
}
