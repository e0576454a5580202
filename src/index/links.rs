//! The links of one belongs_to relation, in both directions.
//!
//! Forward: the *link column*, from each source to its target as the integrity check has found it. It is kept beside
//! the source's generation, so that a caller's id is checked without touching the row, and it is the same for id keys
//! and natural keys: no read ever hashes. Backward: a posting list for each target, with each source's position in it
//! remembered in the column, so that leaving is O(1).
//!
//! # Invariants
//! 1. The column has an entry for each source row, and for no other key.
//! 2. Where an entry names a target, the target's list holds the source at the entry's position, and nowhere else.
//! 3. Where it names none, it is `absent` (the foreign key is absent) or `unresolved` (the key names no row), and no
//!    list holds the source. An unresolved source is in `waiting` under the hash of its key.
//!
//! Beside them, the relation's default target, where one is set (behaviour I13).
//!
//! Not responsible for whether a link agrees with the foreign key in the row: the plans of `integrity` see to that.

use std::collections::BTreeMap;

use slotmap::{DefaultKey, Key};

use super::Backward;
use super::column::Column;
pub(crate) use super::column::{Entry, Keys as LinkedKeys, no_target};
use super::postings::Postings;
use super::referrers::{Referrers, Sources};
use crate::blocks::{Blocks, Bytes};
use crate::id::{SLOTS_END, slot_of};

/// What a write does to the link of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkChange {
    /// It stays as it is.
    Stays,
    /// It leads to this row from now on or, by `absent`, to none.
    To(DefaultKey),
    /// Its key names no row: it waits under the hash of that key.
    Waits(u32),
}

/// The hash under which sources wait for a target by its id.
pub(crate) fn waiting_hash(target: DefaultKey) -> u32 {
    (target.data().as_ffi().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Link {
    column: Column,
    postings: Postings,
    /// The sources whose targets are missing, by the hash of the key that names none and by their slots, in whose order
    /// they will join. Many may wait for one key, so this is no hash table, where equal hashes are passed one by one.
    waiting: BTreeMap<(u32, u32), DefaultKey>,
    /// Slots of the targets whose lists the present statement has thinned out.
    sparse: Vec<u32>,
    /// The row that `set_default` points sources at, where they refer by id.
    default_target: Option<DefaultKey>,
}

impl Link {
    /// The row that `set_default` points sources at, if one is set.
    #[inline]
    pub(crate) fn default_target(&self) -> Option<DefaultKey> {
        self.default_target
    }

    /// Sets it, and gives the one of before.
    pub(crate) fn set_default_target(&mut self, target: Option<DefaultKey>) -> Option<DefaultKey> {
        std::mem::replace(&mut self.default_target, target)
    }

    /// The source's target, or a key of no target, which says why there is none. O(1), touches neither row.
    #[inline]
    pub(crate) fn target(&self, source: DefaultKey) -> DefaultKey {
        #[cfg(test)]
        super::probes::count_link();
        self.column.target(source).unwrap_or_else(no_target::stale)
    }

    /// One step of a path, in place: each key gives way to its target; keys of no target of earlier steps stay.
    #[inline]
    pub(crate) fn step(&self, keys: &mut [DefaultKey]) {
        for key in keys {
            #[cfg(test)]
            super::probes::count_link();
            match self.column.target(*key) {
                Some(target) => *key = target,
                None if no_target::is(*key) => {}
                None => *key = no_target::stale(),
            }
        }
    }

    /// [`Link::step`] for keys that links have given: such a key names a row that is stored, or an id that is reserved,
    /// so that its generation need not be compared.
    #[inline]
    pub(crate) fn step_linked(&self, keys: &mut [DefaultKey]) {
        for key in keys {
            #[cfg(test)]
            super::probes::count_link();
            match self.column.target_of_linked(*key) {
                Some(target) => *key = target,
                None if no_target::is(*key) => {}
                None => *key = no_target::stale(),
            }
        }
    }

    /// The target's sources, and how many they are.
    #[inline]
    pub(crate) fn referrers(&self) -> Referrers<'_> {
        Referrers::new(&self.postings, self.column.places())
    }

    /// How many sources the target has. O(1).
    #[inline]
    pub(crate) fn count(&self, target: DefaultKey) -> usize {
        self.postings.count(slot_of(target))
    }

    /// The target's sources in the order in which they joined. The caller has checked the target's generation.
    #[inline]
    pub(crate) fn sources(&self, target: DefaultKey) -> Sources<'_> {
        self.referrers().sources(target)
    }

    /// Gives the memory of emptied blocks back.
    pub(crate) fn shrink(&mut self) {
        self.column.shrink();
        self.postings.shrink();
    }

    /// What the links take.
    pub(crate) fn bytes(&self) -> Bytes {
        self.column.bytes() + self.postings.bytes() + super::waiting_bytes(self.waiting.len())
    }

    /// All sources, in slot order: the rows of the table.
    pub(crate) fn sources_of_all(&self) -> LinkedKeys<'_> {
        self.column.keys()
    }

    /// How many sources the column has.
    pub(crate) fn len(&self) -> usize {
        self.column.len()
    }

    /// How many sources have a key that names no row. O(1).
    #[inline]
    pub(crate) fn unresolved(&self) -> usize {
        self.waiting.len()
    }

    /// The source in the lowest slot whose key names no row. O(unresolved).
    pub(crate) fn first_unresolved(&self) -> Option<DefaultKey> {
        self.waiting.values().copied().min_by_key(|source| slot_of(*source))
    }

    /// The sources that wait under a hash, in slot order: those of the missing key, and of others that share its hash.
    pub(crate) fn waiting(&self, hash: u32) -> impl Iterator<Item = DefaultKey> {
        self.waiting.range((hash, 0)..=(hash, u32::MAX)).map(|(_, source)| *source)
    }

    /// Makes room for sources in slots below `slots`.
    #[inline]
    pub(crate) fn reserve(&mut self, slots: usize) {
        self.column.reserve(slots);
    }

    /// Makes room for the lists of targets in slots below `slots`.
    pub(crate) fn reserve_targets(&mut self, slots: usize) {
        self.postings.reserve(slots);
    }

    /// Links a source that has no link yet, to a target or, by `absent`, to none.
    #[inline]
    pub(crate) fn join(&mut self, source: DefaultKey, target: DefaultKey) {
        let position = if no_target::is(target) { 0 } else { self.postings.push(target, slot_of(source)) };
        self.column.insert(source, Entry { target, position });
    }

    /// [`Link::join`] for many sources, each with its target.
    pub(crate) fn join_all(&mut self, sources: &[DefaultKey], targets: &[DefaultKey]) {
        // Sources in slots that are used for the first time come last, and one after the other.
        let follows = |pair: &&[DefaultKey]| slot_of(pair[0]) + 1 == slot_of(pair[1]);
        let run = sources.windows(2).rev().take_while(follows).count() + 1;
        let (alone, run) = sources.split_at(sources.len().saturating_sub(run));
        for (source, target) in alone.iter().zip(targets) {
            self.join(*source, *target);
        }
        let targets = &targets[alone.len()..];
        let position = |(source, target): (&DefaultKey, &DefaultKey)| {
            if no_target::is(*target) { 0 } else { self.postings.push(*target, slot_of(*source)) }
        };
        let positions: Vec<u32> = run.iter().zip(targets).map(position).collect();
        self.column.insert_run(run, targets, &positions);
    }

    /// Enters a source that has no link yet, and whose key names no row, under the hash of that key.
    pub(crate) fn wait(&mut self, source: DefaultKey, hash: u32) {
        self.waiting.insert((hash, slot_of(source)), source);
        self.column.insert(source, Entry { target: no_target::unresolved(), position: hash });
    }

    /// Puts a source back as it was before it left. Since then its list has not been closed up, and every later change
    /// of it has been taken back.
    pub(crate) fn put_back(&mut self, source: DefaultKey, entry: Entry) {
        if entry.target == no_target::unresolved() {
            return self.wait(source, entry.position);
        }
        if !no_target::is(entry.target) {
            self.postings.fill(entry.target, entry.position, slot_of(source));
        }
        self.column.insert(source, entry);
    }

    /// Unlinks a source, and gives out what can be put back.
    #[inline]
    pub(crate) fn leave(&mut self, source: DefaultKey) -> Option<Entry> {
        let entry = self.column.remove(source)?;
        if !no_target::is(entry.target) {
            if self.postings.punch(slot_of(entry.target), entry.position) {
                self.sparse.push(slot_of(entry.target));
            }
        } else if entry.target == no_target::unresolved() {
            let waited = self.waiting.remove(&(entry.position, slot_of(source)));
            debug_assert_eq!(waited, Some(source), "an unresolved source waits");
        }
        Some(entry)
    }

    /// Unlinks a source in a statement of its own, after which positions need not stand.
    #[inline]
    pub(crate) fn leave_for_good(&mut self, source: DefaultKey) {
        let Some(Entry { target, position }) = self.column.remove(source) else { return };
        if no_target::is(target) {
            self.waiting.remove(&(position, slot_of(source)));
        } else if self.postings.punch(slot_of(target), position) {
            self.close_up_list(slot_of(target));
        }
    }

    /// [`Link::leave`] for many sources, each of which is linked, where nothing is to be put back. A list that several in
    /// sequence leave is gone to once, and is dropped where they are all that it has.
    pub(crate) fn leave_all(&mut self, sources: &[DefaultKey]) {
        let Link { column, postings, waiting, sparse, .. } = self;
        let position = |positions: &Blocks<u32>, slot: u32| positions.get(slot as usize).copied().unwrap_or_default();
        // Those that leave the list of one target, by their slots.
        let (mut target, mut leaving) = (0, Vec::new());
        let mut leave = |target: u32, leaving: &mut Vec<u32>, positions: &Blocks<u32>| {
            if leaving.len() < postings.count(target) {
                for slot in &mut *leaving {
                    *slot = position(positions, *slot);
                }
                if postings.punch_all(target, leaving) {
                    sparse.push(target);
                }
            } else if !leaving.is_empty() {
                postings.clear(target);
            }
            leaving.clear();
        };
        let mut left = 0;
        column.remove_all(sources, |source, its_target, positions| {
            if its_target == slot_of(no_target::unresolved()) {
                waiting.remove(&(position(positions, source), source));
            } else if its_target < SLOTS_END {
                if its_target != target {
                    leave(target, &mut leaving, positions);
                    target = its_target;
                }
                leaving.push(source);
            }
            left += 1;
            if left == sources.len() {
                leave(target, &mut leaving, positions);
            }
        });
    }

    /// Closes up the lists that should be.
    #[inline]
    pub(crate) fn close_up(&mut self) {
        while let Some(slot) = self.sparse.pop() {
            if self.postings.is_sparse(slot) {
                self.close_up_list(slot);
            }
        }
    }

    /// What of the invariants does not hold. O(sources).
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.postings.faults();
        let mut linked = 0;
        let mut unresolved = 0;
        for (source, entry) in self.column.iter() {
            if entry.target == no_target::unresolved() {
                unresolved += 1;
                if self.waiting.get(&(entry.position, slot_of(source))) != Some(&source) {
                    faults.push(format!("{:?} is unresolved and waits for nothing", source.data()));
                }
            }
            if no_target::is(entry.target) {
                continue;
            }
            linked += 1;
            if self.postings.at(slot_of(entry.target), entry.position) != Some(slot_of(source)) {
                faults.push(format!(
                    "{:?} is not at position {} of the list of {:?}",
                    source.data(),
                    entry.position,
                    entry.target.data()
                ));
            }
        }
        let slots = 0..self.postings.slots();
        let listed: usize = slots.map(|target| self.postings.count(target)).sum();
        if listed != linked {
            faults.push(format!("{linked} sources are linked, {listed} are listed"));
        }
        if unresolved != self.waiting.len() {
            faults.push(format!("{unresolved} sources are unresolved, {} wait", self.waiting.len()));
        }
        faults
    }
}

impl Backward for Link {
    fn holes(&self, target_slot: u32) -> Box<[u32]> {
        self.postings.holes(target_slot)
    }

    fn take_sparse(&mut self) -> Vec<u32> {
        self.postings.still_sparse(std::mem::take(&mut self.sparse))
    }

    fn close_up_list(&mut self, target_slot: u32) {
        let sources = self.postings.close_up(target_slot);
        self.column.move_all(&sources);
    }

    fn open_list(&mut self, target_slot: u32, holes: &[u32]) {
        self.postings.open(target_slot, holes, |source, position| self.column.move_to(source, position));
    }
}

#[cfg(test)]
mod tests;
