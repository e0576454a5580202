//! Who refers to each target, as reads see it: the posting lists of a relation, with the generations of the sources in
//! them.

use std::iter::FusedIterator;
use std::slice;
use std::sync::Arc;

use slotmap::DefaultKey;

use super::column::Place;
use super::postings::{HOLE, Postings};
use crate::blocks::Blocks;
use crate::id::slot_of;

/// The posting lists of a relation of either kind.
#[derive(Debug, Clone, Copy)]
pub struct Referrers<'a> {
    postings: &'a Postings,
    /// By the sources' slots.
    places: &'a Blocks<Place>,
}

impl<'a> Referrers<'a> {
    #[inline]
    pub(super) fn new(postings: &'a Postings, places: &'a Blocks<Place>) -> Self {
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
        let (parts, left) = self.postings.list(target);
        Sources { left, entries: parts.first.iter(), rest: parts.rest.iter(), last: [].iter(), places: self.places }
    }

    /// The lists of all targets by their slots, in the order of these; many are empty.
    pub(crate) fn lists(self) -> impl Iterator<Item = (u32, Sources<'a>)> {
        (0..self.postings.slots()).map(move |target| (target, self.of_slot(target)))
    }
}

/// The sources of a target, see [`Referrers::sources`].
#[derive(Debug, Clone)]
pub(crate) struct Sources<'a> {
    /// The entries that come next: of a long list those of a block.
    entries: slice::Iter<'a, u32>,
    /// The blocks of a long list that neither end has reached.
    rest: slice::Iter<'a, Arc<[u32]>>,
    /// What the other end has left of its block.
    last: slice::Iter<'a, u32>,
    left: usize,
    places: &'a Blocks<Place>,
}

impl Sources<'_> {
    /// The same without any source.
    pub(crate) fn none(self) -> Self {
        Sources { left: 0, ..self }
    }

    /// The slot of the next source. Reads the list alone, where [`Iterator::next`] looks the generation up in the column.
    #[inline]
    pub(crate) fn next_slot(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        loop {
            if let Some(slot) = self.entries.find(|slot| **slot != HOLE) {
                return Some(*slot);
            }
            self.entries = match self.rest.next() {
                Some(block) => block.iter(),
                None if self.last.as_slice().is_empty() => return None,
                None => std::mem::take(&mut self.last),
            };
        }
    }

    /// Shows the slots of the sources that are left, in order.
    #[inline]
    pub(crate) fn for_each_slot(self, mut show: impl FnMut(u32)) {
        if self.left == 0 {
            return;
        }
        let mut show_all =
            |entries: slice::Iter<'_, u32>| entries.filter(|slot| **slot != HOLE).for_each(|slot| show(*slot));
        show_all(self.entries);
        for block in self.rest {
            show_all(block.iter());
        }
        show_all(self.last);
    }

    /// The key of the source in a slot that this iterator has given.
    #[inline]
    pub(crate) fn key(&self, slot: u32) -> DefaultKey {
        Place::at(self.places, slot).key(slot)
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
        self.left = self.left.checked_sub(1)?;
        loop {
            if let Some(slot) = self.last.rfind(|slot| **slot != HOLE) {
                return Some(self.key(*slot));
            }
            self.last = match self.rest.next_back() {
                Some(block) => block.iter(),
                None if self.entries.as_slice().is_empty() => return None,
                None => std::mem::take(&mut self.entries),
            };
        }
    }
}
impl ExactSizeIterator for Sources<'_> {}
impl FusedIterator for Sources<'_> {}
