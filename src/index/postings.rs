//! Posting lists: for each target the sources that refer to it, in the order in which they joined.
//!
//! A list is found by the target's slot number, never by hashing, and holds the slot numbers of sources: their
//! generations are in the link column. An entry that leaves turns into a hole, so that
//! leaving is O(1) whatever the fan-out; a list that is half holes is closed up, which moves entries and therefore is
//! a call of its own, made when a statement has ended.
//!
//! # Invariants
//! 1. `entries` of a list holds the slot number of each of its sources once; every other entry is [`HOLE`].
//! 2. `holes` counts them. The last entry is never a hole, so that an empty list has none.
//! 3. `version` is the generation of the target of a list that is not empty.
//!
//! Not responsible for telling sources where they moved to: that is `links`.

use slotmap::DefaultKey;
use smallvec::SmallVec;

use crate::id::{slot_of, version_of};

/// What is at the position of a source that has left: the number of the slot that slotmap keeps for itself.
pub(crate) const HOLE: u32 = 0;

#[derive(Debug, Clone, Default)]
pub(crate) struct Postings {
    lists: Vec<List>,
}

#[derive(Debug, Clone, Default)]
struct List {
    entries: SmallVec<[u32; 6]>,
    holes: u32,
    version: u32,
}

impl Postings {
    /// How many sources the target has. O(1).
    #[inline]
    pub(crate) fn count(&self, target: u32) -> usize {
        let (entries, holes) = self.list(target);
        entries.len() - holes
    }

    /// The entries of a target, holes among them, and how many holes there are.
    #[inline]
    pub(crate) fn list(&self, target: u32) -> (&[u32], usize) {
        self.lists.get(target as usize).map_or((&[], 0), |list| (&list.entries, list.holes as usize))
    }

    /// Whether the target has a source, by which it is known to be there: reads its list and nothing else.
    #[inline]
    pub(crate) fn has_any(&self, target: DefaultKey) -> bool {
        let list = self.lists.get(slot_of(target) as usize);
        list.is_some_and(|list| list.version == version_of(target) && !list.entries.is_empty())
    }

    /// The number of the first slot that certainly has no list.
    pub(crate) fn slots(&self) -> u32 {
        self.lists.len() as u32
    }

    /// Makes room for the lists of targets in slots below `slots`.
    pub(crate) fn reserve(&mut self, slots: usize) {
        if slots > self.lists.len() {
            self.lists.reserve(slots - self.lists.len());
        }
    }

    /// Adds a source at the end and gives its position.
    #[inline]
    pub(crate) fn push(&mut self, target: DefaultKey, source: u32) -> u32 {
        let slot = slot_of(target) as usize;
        if slot >= self.lists.len() {
            self.lists.resize_with(slot + 1, List::default);
        }
        let list = &mut self.lists[slot];
        list.version = version_of(target);
        list.entries.push(source);
        (list.entries.len() - 1) as u32
    }

    /// Turns the entry at a position into a hole, and says whether the list should be closed up.
    #[inline]
    pub(crate) fn punch(&mut self, target: u32, position: u32) -> bool {
        let list = &mut self.lists[target as usize];
        let entries = list.entries.as_mut_slice();
        entries[position as usize] = HOLE;
        list.holes += 1;
        if position as usize + 1 == entries.len() {
            list.trim();
        }
        list.is_sparse()
    }

    /// Puts a source back at the position that it had, into the hole that it left or beyond the end.
    pub(crate) fn fill(&mut self, target: DefaultKey, position: u32, source: u32) {
        let list = &mut self.lists[slot_of(target) as usize];
        list.version = version_of(target);
        let position = position as usize;
        if let Some(missing) = (position + 1).checked_sub(list.entries.len()) {
            list.entries.resize(position + 1, HOLE);
            list.holes += missing as u32;
        }
        debug_assert_eq!(list.entries[position], HOLE, "a source is put back where it left");
        list.entries[position] = source;
        list.holes -= 1;
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
        self.lists[target_slot as usize].is_sparse()
    }

    /// The positions of the holes of a list.
    pub(crate) fn holes(&self, target_slot: u32) -> Box<[u32]> {
        let entries = self.lists[target_slot as usize].entries.iter().enumerate();
        entries.filter(|(_, source)| **source == HOLE).map(|(position, _)| position as u32).collect()
    }

    /// Opens holes at these positions, ascending, in a list that has none: takes [`Postings::close_up`] back. Tells
    /// `moved` each source with its position.
    pub(crate) fn open(&mut self, target_slot: u32, holes: &[u32], mut moved: impl FnMut(u32, u32)) {
        let list = &mut self.lists[target_slot as usize];
        debug_assert_eq!(list.holes, 0, "a list that was closed up is opened");
        let mut opened = SmallVec::with_capacity(list.entries.len() + holes.len());
        let mut sources = list.entries.iter();
        for position in 0..(list.entries.len() + holes.len()) as u32 {
            if holes.binary_search(&position).is_ok() {
                opened.push(HOLE);
            } else if let Some(source) = sources.next() {
                moved(*source, position);
                opened.push(*source);
            }
        }
        list.holes = holes.len() as u32;
        list.entries = opened;
    }

    /// Closes the holes of a list, and tells `moved` each source with its new position.
    pub(crate) fn close_up(&mut self, target_slot: u32, mut moved: impl FnMut(u32, u32)) {
        let list = &mut self.lists[target_slot as usize];
        let entries = list.entries.as_mut_slice();
        // Every entry is written, holes too, to be written over by the next: holes lie at random, a branch on them is dear.
        let mut kept = 0;
        for place in 0..entries.len() {
            let source = entries[place];
            entries[kept] = source;
            kept += usize::from(source != HOLE);
        }
        list.entries.truncate(kept);
        list.holes = 0;
        for (position, source) in (0..).zip(&list.entries) {
            moved(*source, position);
        }
        if list.entries.len() < list.entries.capacity() / 4 {
            list.entries.shrink_to_fit();
        }
    }

    /// What of the invariants does not hold for the list of a slot.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (slot, list) in self.lists.iter().enumerate() {
            let holes = list.entries.iter().filter(|source| **source == HOLE).count();
            if holes != list.holes as usize {
                faults.push(format!("the list of slot {slot} has {holes} holes, counted {}", list.holes));
            }
            if list.entries.last() == Some(&HOLE) {
                faults.push(format!("the list of slot {slot} ends in a hole"));
            }
        }
        faults
    }
}

impl List {
    /// Drops the holes at the end.
    fn trim(&mut self) {
        let kept = self.entries.iter().rposition(|source| *source != HOLE).map_or(0, |last| last + 1);
        self.holes -= (self.entries.len() - kept) as u32;
        self.entries.truncate(kept);
    }

    /// Short lists are left alone: closing them up would cost more than their holes do.
    #[inline]
    fn is_sparse(&self) -> bool {
        const HOLES_MIN: u32 = 4;
        self.holes >= HOLES_MIN && self.holes as usize * 2 > self.entries.len()
    }
}
