//! Who refers to each target, as reads see it: the posting lists of a relation, with the generations of the sources in
//! them.

use std::iter::FusedIterator;
use std::slice;

use slotmap::DefaultKey;

use super::column::Place;
use super::postings::{HOLE, Postings};
use crate::id::slot_of;

/// The posting lists of a relation of either kind.
#[derive(Debug, Clone, Copy)]
pub struct Referrers<'a> {
    postings: &'a Postings,
    /// By the sources' slots.
    places: &'a [Place],
}

impl<'a> Referrers<'a> {
    #[inline]
    pub(super) fn new(postings: &'a Postings, places: &'a [Place]) -> Self {
        Referrers { postings, places }
    }

    /// How many sources the target has. O(1).
    #[inline]
    pub(crate) fn count(self, target: DefaultKey) -> usize {
        self.postings.count(slot_of(target))
    }

    /// Whether the target has a source, by which it is known to be there. O(1), touches no row.
    #[inline]
    pub(crate) fn has_any(self, target: DefaultKey) -> bool {
        self.postings.has_any(target)
    }

    /// The target's sources in the order in which they joined. The caller has checked the target's generation.
    #[inline]
    pub(crate) fn sources(self, target: DefaultKey) -> Sources<'a> {
        #[cfg(test)]
        super::probes::count_link();
        self.of_slot(slot_of(target))
    }

    #[inline]
    fn of_slot(self, target: u32) -> Sources<'a> {
        let (entries, holes) = self.postings.list(target);
        Sources { left: entries.len() - holes, entries: entries.iter(), places: self.places }
    }

    /// The lists of all targets by their slots, in the order of these; many are empty.
    pub(crate) fn lists(self) -> impl Iterator<Item = (u32, Sources<'a>)> {
        (0..self.postings.slots()).map(move |target| (target, self.of_slot(target)))
    }
}

/// The sources of a target, see [`Referrers::sources`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources<'a> {
    entries: slice::Iter<'a, u32>,
    left: usize,
    places: &'a [Place],
}

impl Sources<'_> {
    /// The slot of the next source. Reads the list alone, where [`Iterator::next`] looks the generation up in the column.
    #[inline]
    pub(crate) fn next_slot(&mut self) -> Option<u32> {
        let slot = *self.entries.find(|slot| **slot != HOLE)?;
        self.left -= 1;
        Some(slot)
    }

    /// The key of the source in a slot that this iterator has given.
    #[inline]
    pub(crate) fn key(&self, slot: u32) -> DefaultKey {
        self.places[slot as usize].key(slot)
    }
}

impl Iterator for Sources<'_> {
    type Item = DefaultKey;

    #[inline]
    fn next(&mut self) -> Option<DefaultKey> {
        let slot = self.next_slot()?;
        Some(self.key(slot))
    }
    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
impl DoubleEndedIterator for Sources<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<DefaultKey> {
        let slot = *self.entries.rfind(|slot| **slot != HOLE)?;
        self.left -= 1;
        Some(self.key(slot))
    }
}
impl ExactSizeIterator for Sources<'_> {}
impl FusedIterator for Sources<'_> {}
