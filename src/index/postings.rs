//! Posting lists: for each target the sources that refer to it, in the order in which they joined.
//!
//! A list is found by the target's slot number, never by hashing, and holds the slot numbers of sources: their
//! generations are in the link column. An entry that leaves turns into a hole, so that
//! leaving is O(1) whatever the fan-out; a list that is half holes is closed up, which moves entries and therefore is
//! a call of its own, made when a statement has ended.
//!
//! # Invariants
//! 1. A list holds the slot number of each of its sources once; every other entry is [`HOLE`].
//! 2. `holes` counts them below `len`. The last entry is never a hole, so that an empty list has none.
//! 3. `version` is the generation of the target of a list that is not empty.
//!
//! Not responsible for telling sources where they moved to: that is `links`.

mod entries;

use slotmap::DefaultKey;

use crate::blocks::{Blocks, Bytes};
use crate::id::{slot_of, version_of};
use entries::Entries;
pub(super) use entries::Parts;

/// What is at the position of a source that has left: the number of the slot that no row is ever in.
pub(crate) const HOLE: u32 = 0;

#[derive(Debug, Clone, Default)]
pub(crate) struct Postings {
    lists: Blocks<List>,
}

#[derive(Debug, Clone, Default)]
struct List {
    entries: Entries,
    len: u32,
    version: u32,
}

impl Postings {
    /// How many sources the target has. O(1).
    #[inline]
    pub(crate) fn count(&self, target: u32) -> usize {
        self.lists.get(target as usize).map_or(0, List::count)
    }

    /// The entries of a target, with holes among them and behind them, and how many are none.
    #[inline]
    pub(super) fn list(&self, target: u32) -> (Parts<'_>, usize) {
        self.lists.get(target as usize).map_or_else(Default::default, |list| (list.entries.parts(), list.count()))
    }

    /// The source at a position of a target's list.
    pub(crate) fn at(&self, target: u32, position: u32) -> Option<u32> {
        let list = self.lists.get(target as usize)?;
        (position < list.len).then(|| list.entries.get(position as usize)).filter(|source| *source != HOLE)
    }

    /// Whether the target has a source, by which it is known to be there: reads its list and nothing else.
    #[inline]
    pub(crate) fn has_any(&self, target: DefaultKey) -> bool {
        let list = self.lists.get(slot_of(target) as usize);
        list.is_some_and(|list| list.version == version_of(target) && list.len > 0)
    }

    /// The number of the first slot that certainly has no list.
    pub(crate) fn slots(&self) -> u32 {
        self.lists.capacity() as u32
    }

    /// Gives the memory of emptied blocks back. O(targets ever).
    pub(crate) fn shrink(&mut self) {
        self.lists.keep_one(|_, block| block.iter().all(|list| list.len == 0).then_some(0));
    }

    /// What the lists take.
    pub(crate) fn bytes(&self) -> Bytes {
        self.lists.bytes_with(|list| list.entries.bytes())
    }

    /// Makes room for the lists of targets in slots below `slots`.
    pub(crate) fn reserve(&mut self, slots: usize) {
        self.lists.reserve(slots);
    }

    /// Adds a source at the end and gives its position.
    #[inline]
    pub(crate) fn push(&mut self, target: DefaultKey, source: u32) -> u32 {
        let list = self.lists.at(slot_of(target) as usize);
        list.version = version_of(target);
        let position = list.len;
        list.entries.set(position as usize, source);
        list.len += 1;
        position
    }

    /// Turns the entry at a position into a hole, and says whether the list should be closed up.
    #[inline]
    pub(crate) fn punch(&mut self, target: u32, position: u32) -> bool {
        #[cfg(test)]
        super::probes::count_list_left();
        let list = self.lists.at(target as usize);
        list.entries.set(position as usize, HOLE);
        *list.entries.holes_mut() += 1;
        if position + 1 == list.len {
            list.trim();
        }
        list.is_sparse()
    }

    /// Turns the entries at positions, each once, into holes, and says whether the list should be closed up.
    pub(crate) fn punch_all(&mut self, target: u32, positions: &[u32]) -> bool {
        #[cfg(test)]
        super::probes::count_list_left();
        let list = self.lists.at(target as usize);
        list.entries.punch(positions);
        list.trim();
        list.is_sparse()
    }

    /// Drops all entries of a target.
    pub(crate) fn clear(&mut self, target: u32) {
        #[cfg(test)]
        super::probes::count_list_left();
        let list = self.lists.at(target as usize);
        *list = List { version: list.version, ..List::default() };
    }

    /// Puts a source back at the position that it had, into the hole that it left or beyond the end.
    pub(crate) fn fill(&mut self, target: DefaultKey, position: u32, source: u32) {
        let list = self.lists.at(slot_of(target) as usize);
        list.version = version_of(target);
        if position >= list.len {
            *list.entries.holes_mut() += position + 1 - list.len;
            list.len = position + 1;
        }
        debug_assert_eq!(list.entries.get(position as usize), HOLE, "a source is put back where it left");
        list.entries.set(position as usize, source);
        *list.entries.holes_mut() -= 1;
    }

    /// Of target slots, once each, those whose lists should be closed up.
    pub(crate) fn still_sparse(&self, mut slots: Vec<u32>) -> Vec<u32> {
        slots.sort_unstable();
        slots.dedup();
        slots.retain(|slot| self.is_sparse(*slot));
        slots
    }

    /// Whether a list is half holes, so that it should be closed up.
    pub(crate) fn is_sparse(&self, target_slot: u32) -> bool {
        self.lists.get(target_slot as usize).is_some_and(List::is_sparse)
    }

    /// The positions of the holes of a list.
    pub(crate) fn holes(&self, target_slot: u32) -> Box<[u32]> {
        let entries = self.lists.get(target_slot as usize).into_iter().flat_map(List::iter);
        (0..).zip(entries).filter(|(_, source)| *source == HOLE).map(|(position, _)| position).collect()
    }

    /// Opens holes at these positions, ascending, in a list that has none: takes [`Postings::close_up`] back. Tells
    /// `moved` each source with its position.
    pub(crate) fn open(&mut self, target_slot: u32, holes: &[u32], mut moved: impl FnMut(u32, u32)) {
        let list = self.lists.at(target_slot as usize);
        debug_assert_eq!(list.entries.holes(), 0, "a list that was closed up is opened");
        let len = list.len + holes.len() as u32;
        let mut sources = list.iter();
        let mut opened = Vec::with_capacity(len as usize);
        for position in 0..len {
            if holes.binary_search(&position).is_ok() {
                opened.push(HOLE);
            } else if let Some(source) = sources.next() {
                moved(source, position);
                opened.push(source);
            }
        }
        drop(sources);
        list.entries = Entries::of(&opened);
        list.len = len;
    }

    /// Closes the holes of a list, and gives its sources, each at its new position. O(entries), and as many are copied:
    /// each is paid for by the removal that made a hole.
    pub(crate) fn close_up(&mut self, target_slot: u32) -> Vec<u32> {
        let list = self.lists.at(target_slot as usize);
        let mut kept = Vec::with_capacity(list.count());
        kept.extend(list.iter().filter(|source| *source != HOLE));
        list.entries = Entries::of(&kept);
        list.len = kept.len() as u32;
        kept
    }

    /// The entries of a list with the holes among them.
    #[cfg(test)]
    pub(crate) fn entries(&self, target: u32) -> Vec<u32> {
        self.lists.get(target as usize).into_iter().flat_map(List::iter).collect()
    }

    /// What of the invariants does not hold for the list of a slot.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (slot, list) in self.lists.iter().enumerate() {
            let holes = list.iter().filter(|source| *source == HOLE).count();
            if holes != list.entries.holes() as usize {
                faults.push(format!("the list of slot {slot} has {holes} holes, counted {}", list.entries.holes()));
            }
            if list.iter().last() == Some(HOLE) {
                faults.push(format!("the list of slot {slot} ends in a hole"));
            }
        }
        faults
    }
}

impl List {
    #[inline]
    fn count(&self) -> usize {
        (self.len - self.entries.holes()) as usize
    }

    /// The entries with the holes among them.
    fn iter(&self) -> impl Iterator<Item = u32> {
        self.entries.parts().iter().take(self.len as usize)
    }

    /// Drops the holes at the end.
    fn trim(&mut self) {
        while self.len > 0 && self.entries.get(self.len as usize - 1) == HOLE {
            self.len -= 1;
            *self.entries.holes_mut() -= 1;
        }
    }

    /// Short lists are left alone: closing them up would cost more than their holes do.
    #[inline]
    fn is_sparse(&self) -> bool {
        const HOLES_MIN: u32 = 4;
        let holes = self.entries.holes();
        holes >= HOLES_MIN && holes * 2 > self.len
    }
}
