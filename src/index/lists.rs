//! The links of one references_many relation: of each source the set of the rows that it lists.
//!
//! The list itself, with its order and its repeats, is in the row and is read there. What is kept here is who lists whom,
//! once for each two: backward a posting list for each target, as for a belongs_to relation; forward, for each source,
//! its targets with its positions in their lists. So a source that changes its list leaves and joins only those that
//! have changed, each in O(1) whatever the fan-out, and keeps its place with the others.
//!
//! # Invariants
//! 1. `column` has an entry for each source that lists anything, and for no other key: its targets in the order of their
//!    ids, each once.
//! 2. Where a target is linked, its posting list holds the source at that position, and nowhere else.
//! 3. Where it is not ([`WAITS`]: the id names no row), no posting list holds the source for it, and `waiting` does.
//!
//! Not responsible for whether this agrees with the lists in the rows: the plans of `integrity` see to that.

use std::collections::BTreeMap;
use std::sync::Arc;

use slotmap::{DefaultKey, Key};

use super::Backward;
use super::column::Place;
use super::postings::Postings;
use super::referrers::Referrers;
use crate::blocks::{Blocks, Bytes};
use crate::id::{key_from_parts, slot_of, version_of};

/// The position of a target that is not there.
const WAITS: u32 = u32::MAX;

/// One target of a source, with the position of the source in the target's posting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) target: DefaultKey,
    position: u32,
}

/// A target that a plan lists, and whether there is a row to be linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) target: DefaultKey,
    pub(crate) waits: bool,
}

/// What a list of a source has lost or gained.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Relisted {
    Gone(Listing),
    Come(DefaultKey),
}

/// What the targets of a source are sorted by.
pub(crate) fn by_id(target: DefaultKey) -> (u32, u32) {
    (slot_of(target), version_of(target))
}

/// By the slots of the sources, their targets, with the generation of each source that has any.
#[derive(Debug, Clone, Default)]
struct Column(Blocks<(u32, Targets)>);

/// Behind a share of their own, so that a write copies those of one source at the most.
type Targets = Option<Arc<Vec<Listing>>>;

impl Column {
    fn get(&self, source: DefaultKey) -> Option<&[Listing]> {
        let (version, listings) = self.0.get(slot_of(source) as usize)?;
        listings.as_deref().filter(|_| *version == version_of(source)).map(Vec::as_slice)
    }

    /// Those of a source, to be changed. No block is copied where there are none.
    fn get_mut(&mut self, source: DefaultKey) -> Option<&mut Vec<Listing>> {
        self.get(source)?;
        let (_, listings) = self.0.get_mut(slot_of(source) as usize)?;
        listings.as_mut().map(Arc::make_mut)
    }

    /// Takes those of a source out.
    fn remove(&mut self, source: DefaultKey) -> Option<Vec<Listing>> {
        self.get(source)?;
        let (_, listings) = self.0.get_mut(slot_of(source) as usize)?;
        listings.take().map(Arc::unwrap_or_clone)
    }

    fn insert(&mut self, source: DefaultKey, listings: Vec<Listing>) {
        *self.0.at(slot_of(source) as usize) = (version_of(source), Some(Arc::new(listings)));
    }

    fn iter(&self) -> impl Iterator<Item = (DefaultKey, &[Listing])> {
        let entries = (0..).zip(self.0.iter());
        entries
            .filter_map(|(slot, (version, listings))| Some((key_from_parts(slot, *version)?, &listings.as_ref()?[..])))
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Lists {
    column: Column,
    /// By the slots of the sources that posting lists hold, their generations.
    places: Blocks<Place>,
    postings: Postings,
    /// The sources that list a row which is not there, by its id and by their slots, in whose order they will join.
    waiting: BTreeMap<((u32, u32), u32), DefaultKey>,
    /// Slots of the targets whose lists the present statement has thinned out.
    sparse: Vec<u32>,
}

impl Lists {
    /// Who lists each target.
    #[inline]
    pub(crate) fn referrers(&self) -> Referrers<'_> {
        Referrers::new(&self.postings, &self.places)
    }

    /// The targets of a source in the order of their ids.
    pub(crate) fn of(&self, source: DefaultKey) -> &[Listing] {
        self.column.get(source).unwrap_or(&[])
    }

    /// The place of a target among those of a source; `Err`: where it would be.
    fn place(listings: &[Listing], target: DefaultKey) -> Result<usize, usize> {
        listings.binary_search_by_key(&by_id(target), |listing| by_id(listing.target))
    }

    /// What a source lists of this target.
    pub(crate) fn get(&self, source: DefaultKey, target: DefaultKey) -> Option<Listing> {
        let listings = self.of(source);
        Some(listings[Self::place(listings, target).ok()?])
    }

    /// Gives the memory of emptied blocks back.
    pub(crate) fn shrink(&mut self) {
        self.column.0.keep_one(|_, block| block.iter().all(|(_, listings)| listings.is_none()).then_some(0));
        // A place stays when its source has left all lists: it is vacant where the column has nothing.
        let column = &self.column.0;
        let vacant = |slot: usize| column.get(slot).is_none_or(|(_, listings)| listings.is_none());
        self.places.keep_one(|first, block| (first..first + block.len()).all(vacant).then_some(0));
        self.postings.shrink();
    }

    /// What the lists take.
    pub(crate) fn bytes(&self) -> Bytes {
        let of_source = |(_, listings): &(u32, Targets)| {
            listings.as_ref().map_or_else(Bytes::default, |listings| {
                let listed = listings.capacity() * size_of::<Listing>();
                Bytes::behind(listings, listed + size_of::<Vec<Listing>>())
            })
        };
        self.column.0.bytes_with(of_source)
            + self.places.bytes()
            + self.postings.bytes()
            + super::waiting_bytes(self.waiting.len())
    }

    /// How many targets are listed that are not there. O(1).
    #[inline]
    pub(crate) fn unresolved(&self) -> usize {
        self.waiting.len()
    }

    /// The sources that list a row which is not there, in slot order.
    pub(crate) fn waiting(&self, target: DefaultKey) -> impl Iterator<Item = DefaultKey> {
        let id = by_id(target);
        self.waiting.range((id, 0)..=(id, u32::MAX)).map(|(_, source)| *source)
    }

    /// Makes room for the lists of targets in slots below `slots`.
    pub(crate) fn reserve_targets(&mut self, slots: usize) {
        self.postings.reserve(slots);
    }

    fn join(&mut self, source: DefaultKey, Listed { target, waits }: Listed) -> Listing {
        if waits {
            self.waiting.insert((by_id(target), slot_of(source)), source);
            return Listing { target, position: WAITS };
        }
        self.note(source);
        Listing { target, position: self.postings.push(target, slot_of(source)) }
    }

    /// Keeps the generation of a source that a posting list is going to hold.
    fn note(&mut self, source: DefaultKey) {
        *self.places.at(slot_of(source) as usize) = Place::of(source);
    }

    fn leave(&mut self, source: DefaultKey, Listing { target, position }: Listing) {
        if position == WAITS {
            let waited = self.waiting.remove(&(by_id(target), slot_of(source)));
            debug_assert_eq!(waited, Some(source), "a source waits for the rows that it lists and that are not there");
        } else if self.postings.punch(slot_of(target), position) {
            self.sparse.push(slot_of(target));
        }
    }

    /// Makes `targets`, sorted by their ids and each there once, those of the source, and tells what has changed.
    /// O(targets, of before and now), and no more of others.
    pub(crate) fn relist(&mut self, source: DefaultKey, targets: &[Listed], mut changed: impl FnMut(Relisted)) {
        let mut listings = self.column.remove(source).unwrap_or_default();
        let stays = |listing: &Listing| {
            let found = targets.binary_search_by_key(&by_id(listing.target), |listed| by_id(listed.target));
            found.is_ok_and(|place| targets[place].waits == listing.waits())
        };
        // From the last to the first, and then the other way round: so a change that is taken back finds the end of the
        // list to be the place.
        for listing in listings.iter().rev().filter(|listing| !stays(listing)) {
            self.leave(source, *listing);
            changed(Relisted::Gone(*listing));
        }
        listings.retain(stays);
        if listings.len() < targets.len() {
            let mut kept = listings.into_iter().peekable();
            listings = Vec::with_capacity(targets.len());
            for listed in targets {
                let listing = kept.next_if(|listing| listing.target == listed.target).unwrap_or_else(|| {
                    changed(Relisted::Come(listed.target));
                    self.join(source, *listed)
                });
                listings.push(listing);
            }
        }
        if !listings.is_empty() {
            self.column.insert(source, listings);
        }
    }

    /// Adds one target to those of a source that does not list it. O(targets of the source), to make room among them.
    pub(crate) fn add(&mut self, source: DefaultKey, target: DefaultKey) {
        let listing = self.join(source, Listed { target, waits: false });
        self.enter(source, listing);
    }

    /// Takes one target of a source out, and gives out what can be put back. O(targets of the source).
    pub(crate) fn take_out(&mut self, source: DefaultKey, target: DefaultKey) -> Option<Listing> {
        let place = Self::place(self.of(source), target).ok()?;
        let listings = self.column.get_mut(source)?;
        let listing = listings.remove(place);
        if listings.is_empty() {
            self.column.remove(source);
        }
        self.leave(source, listing);
        Some(listing)
    }

    /// Puts a target back as it was before it was taken out. Since then its list has not been closed up, and every later
    /// change of it has been taken back.
    pub(crate) fn put_back(&mut self, source: DefaultKey, listing: Listing) {
        if listing.waits() {
            self.join(source, Listed { target: listing.target, waits: true });
        } else {
            self.note(source);
            self.postings.fill(listing.target, listing.position, slot_of(source));
        }
        self.enter(source, listing);
    }

    fn enter(&mut self, source: DefaultKey, listing: Listing) {
        let mut listings = self.column.remove(source).unwrap_or_default();
        if let Err(place) = Self::place(&listings, listing.target) {
            listings.insert(place, listing);
        }
        self.column.insert(source, listings);
    }

    /// Lets a source leave the list of a target slot and join it again at its end. Whether it was there.
    pub(crate) fn rejoin(&mut self, source: DefaultKey, target_slot: u32) -> bool {
        let linked = self.of(source).iter().find(|listing| listing.is_linked_to(target_slot));
        let Some(target) = linked.map(|listing| listing.target) else { return false };
        self.take_out(source, target);
        self.add(source, target);
        true
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

    /// What of the invariants does not hold, and which sources are no rows. O(targets of all sources).
    pub(crate) fn faults(&self, is_row: impl Fn(DefaultKey) -> bool) -> Vec<String> {
        let mut faults = self.postings.faults();
        let (mut linked, mut waiting) = (0, 0);
        for (source, listings) in self.column.iter() {
            let name = source.data();
            if !is_row(source) {
                faults.push(format!("{name:?} lists rows and is none"));
            }
            if listings.is_empty() || !listings.is_sorted_by(|left, right| by_id(left.target) < by_id(right.target)) {
                faults.push(format!("the targets of {name:?} are not in order, or there are none"));
            }
            for listing in listings {
                let target = listing.target.data();
                if listing.waits() {
                    waiting += 1;
                    if self.waiting.get(&(by_id(listing.target), slot_of(source))) != Some(&source) {
                        faults.push(format!("{name:?} lists {target:?}, which is not there, and does not wait for it"));
                    }
                    continue;
                }
                linked += 1;
                let is_held = self.postings.at(slot_of(listing.target), listing.position) == Some(slot_of(source));
                if !is_held || Place::at(&self.places, slot_of(source)).key(slot_of(source)) != source {
                    faults.push(format!("{name:?} is not at its position {} with {target:?}", listing.position));
                }
            }
        }
        let listed: usize = (0..self.postings.slots()).map(|target| self.postings.count(target)).sum();
        if listed != linked {
            faults.push(format!("{linked} targets are linked, {listed} are listed"));
        }
        if waiting != self.waiting.len() {
            faults.push(format!("{waiting} targets are not there, {} are waited for", self.waiting.len()));
        }
        faults
    }
}

impl Backward for Lists {
    fn take_sparse(&mut self) -> Vec<u32> {
        self.postings.still_sparse(std::mem::take(&mut self.sparse))
    }

    fn holes(&self, target_slot: u32) -> Box<[u32]> {
        self.postings.holes(target_slot)
    }

    fn close_up_list(&mut self, target_slot: u32) {
        let Lists { column, places, postings, .. } = self;
        for (source, position) in postings.close_up(target_slot).into_iter().zip(0..) {
            move_to(column, Place::at(places, source).key(source), target_slot, position);
        }
    }

    fn open_list(&mut self, target_slot: u32, holes: &[u32]) {
        let Lists { column, places, postings, .. } = self;
        postings.open(target_slot, holes, |source, position| {
            move_to(column, Place::at(places, source).key(source), target_slot, position);
        });
    }
}

/// Tells a source its new position in the list of a target slot. O(log(targets of the source)).
fn move_to(column: &mut Column, source: DefaultKey, target_slot: u32, position: u32) {
    #[cfg(test)]
    super::probes::count_moved();
    let Some(listings) = column.get_mut(source) else { return };
    let first = listings.partition_point(|listing| slot_of(listing.target) < target_slot);
    // Ids of other rows that had the slot may be listed too, unchecked: they have no position.
    if let Some(listing) = listings[first..].iter_mut().find(|listing| listing.is_linked_to(target_slot)) {
        listing.position = position;
    }
}

impl Listing {
    /// Whether the target is not there.
    pub(crate) fn waits(self) -> bool {
        self.position == WAITS
    }

    fn is_linked_to(self, target_slot: u32) -> bool {
        slot_of(self.target) == target_slot && !self.waits()
    }
}

#[cfg(test)]
mod tests;
