//! The link column: for each source its target, and its place in the target's list.
//!
//! By the source's slot number: the target's slot number beside the source's own generation, in 8 bytes, for following a
//! link reads nothing else. The position is in an array of its own, for writes.
//!
//! The target's generation is not kept for each source: most slots are used once. Where a target has a later generation,
//! an array by the targets' slots has it, which reaches up to the highest such slot.
//!
//! # Invariants
//! 1. Where a slot has no source, its target is *stale* and its version is 0, which no key has.
//! 2. For each slot that an entry names, `later` has the generation of the target, or ends before it where that is the
//!    first. All sources of a slot name one row, for what refers to a row leaves it before its slot is used again.

use slotmap::{DefaultKey, KeyData};

use crate::blocks::{self, Blocks, Bytes};
use crate::id::{FIRST_GENERATION, SLOTS_END, key_from_parts, slot_of, version_of};

/// What a link, or a step of a path, gives where there is no target: keys in slots that no row has.
pub(crate) mod no_target {
    use super::{DefaultKey, SLOTS_END, first_key};
    use crate::id::slot_of;

    /// The foreign key is absent.
    #[inline]
    pub(crate) fn absent() -> DefaultKey {
        first_key(u32::MAX)
    }
    /// The foreign key names no row.
    #[inline]
    pub(crate) fn unresolved() -> DefaultKey {
        first_key(u32::MAX - 1)
    }
    /// The source is no row of its table.
    #[inline]
    pub(crate) fn stale() -> DefaultKey {
        first_key(u32::MAX - 2)
    }

    /// Whether the key is one of these.
    #[inline]
    pub(crate) fn is(key: DefaultKey) -> bool {
        slot_of(key) >= SLOTS_END
    }
}

/// A key of the first generation.
#[inline]
fn first_key(slot: u32) -> DefaultKey {
    key(slot, FIRST_GENERATION)
}

#[inline]
fn key(slot: u32, version: u32) -> DefaultKey {
    KeyData::from_ffi((u64::from(version) << 32) | u64::from(slot)).into()
}

/// What the column holds for one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) target: DefaultKey,
    /// The position in the target's list; for an unresolved source the hash under which it waits.
    pub(super) position: u32,
}

impl Entry {
    /// The target, or a key of no target, which says why there is none.
    pub(crate) fn target(self) -> DefaultKey {
        self.target
    }
}

/// Whose entry it is, and where it leads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    version: u32,
    target: u32,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    places: Blocks<Place>,
    positions: Blocks<u32>,
    /// By the targets' slots, their generations.
    later: Blocks<Generation>,
    len: usize,
}

/// The generation of a target, the first unless it is said.
#[derive(Debug, Clone, Copy)]
struct Generation(u32);

impl Default for Generation {
    fn default() -> Self {
        Generation(FIRST_GENERATION)
    }
}

impl Column {
    /// How many sources have an entry.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The key of the target in a slot.
    #[inline]
    fn target_key(&self, slot: u32) -> DefaultKey {
        key(slot, self.later.get(slot as usize).copied().unwrap_or_default().0)
    }

    /// The target of a source; `None` for a key that is no source's.
    #[inline]
    pub(super) fn target(&self, source: DefaultKey) -> Option<DefaultKey> {
        let place = self.places.get(slot_of(source) as usize)?;
        (place.version == version_of(source)).then(|| self.target_key(place.target))
    }

    /// The target of a source, by a key that a link has given and that is therefore of this generation: a vacant entry
    /// is *stale*. `None` beyond the end.
    #[inline]
    pub(super) fn target_of_linked(&self, source: DefaultKey) -> Option<DefaultKey> {
        self.places.get(slot_of(source) as usize).map(|place| self.target_key(place.target))
    }

    /// By the sources' slots, whose entries these are.
    #[inline]
    pub(super) fn places(&self) -> &Blocks<Place> {
        &self.places
    }

    /// Gives the memory of emptied blocks back. O(sources ever).
    pub(super) fn shrink(&mut self) {
        let places = &self.places;
        let vacant = |slot: usize| places.get(slot).is_none_or(|place| place.version == Place::VACANT.version);
        self.positions.keep_one(|first, block| (first..first + block.len()).all(vacant).then_some(0));
        Place::shrink(&mut self.places);
    }

    /// What the arrays take.
    pub(super) fn bytes(&self) -> Bytes {
        self.places.bytes() + self.positions.bytes() + self.later.bytes()
    }

    /// Makes room for sources in slots below `slots`.
    #[inline]
    pub(super) fn reserve(&mut self, slots: usize) {
        self.places.reserve(slots);
        self.positions.reserve(slots);
    }

    /// Enters a source that has no entry.
    #[inline]
    pub(super) fn insert(&mut self, source: DefaultKey, entry: Entry) {
        let slot = slot_of(source) as usize;
        self.note_later(entry.target);
        self.len += 1;
        let place = self.places.at(slot);
        debug_assert_eq!(place.version, Place::VACANT.version, "a source joins once");
        *place = Place { version: version_of(source), target: slot_of(entry.target) };
        *self.positions.at(slot) = entry.position;
    }

    /// [`Column::insert`] for sources in slots one after the other.
    pub(super) fn insert_run(&mut self, sources: &[DefaultKey], targets: &[DefaultKey], positions: &[u32]) {
        let Some(first) = sources.first().map(|source| slot_of(*source) as usize) else { return };
        for target in targets {
            self.note_later(*target);
        }
        let place = |(source, target): (&DefaultKey, &DefaultKey)| Place {
            version: version_of(*source),
            target: slot_of(*target),
        };
        self.places.write_run(first, sources.iter().zip(targets).map(place));
        self.positions.write_run(first, positions.iter().copied());
        self.len += sources.len();
    }

    /// Keeps the generation of a target where it is not the first, or another has been kept for the slot.
    #[inline]
    fn note_later(&mut self, target: DefaultKey) {
        if version_of(target) != FIRST_GENERATION || (slot_of(target) as usize) < self.later.capacity() {
            self.note(target);
        }
    }

    /// Keeps the generation of a target.
    #[cold]
    fn note(&mut self, target: DefaultKey) {
        *self.later.at(slot_of(target) as usize) = Generation(version_of(target));
    }

    /// Takes a source out.
    #[inline]
    pub(super) fn remove(&mut self, source: DefaultKey) -> Option<Entry> {
        let slot = slot_of(source) as usize;
        let place = self.places.get_mut(slot).filter(|place| place.version == version_of(source))?;
        let Place { target, .. } = std::mem::replace(place, Place::VACANT);
        self.len -= 1;
        let position = self.positions.get(slot).copied().unwrap_or_default();
        Some(Entry { target: self.target_key(target), position })
    }

    /// Takes sources out, and tells `left` of each its slot and that of its target, or of a key of no target. The positions
    /// stand until all have left.
    #[inline]
    pub(super) fn remove_all(&mut self, sources: &[DefaultKey], mut left: impl FnMut(u32, u32, &Blocks<u32>)) {
        let Column { places, positions, len, .. } = self;
        places.change_all(sources.iter().map(|source| slot_of(*source) as usize), |slot, place| {
            debug_assert_ne!(place.version, Place::VACANT.version, "a source has an entry");
            let Place { target, .. } = std::mem::replace(place, Place::VACANT);
            left(slot as u32, target, positions);
        });
        *len -= sources.len();
    }

    /// Tells the source in a slot its new position.
    #[inline]
    pub(super) fn move_to(&mut self, slot: u32, position: u32) {
        *self.positions.at(slot as usize) = position;
    }

    /// Tells the sources in these slots that they are at the positions from 0 on.
    pub(super) fn move_all(&mut self, slots: &[u32]) {
        self.positions.write_all(slots.iter().map(|slot| *slot as usize).zip(0..));
    }

    /// All sources, in slot order.
    pub(super) fn keys(&self) -> Keys<'_> {
        Keys { places: self.places.iter(), next: 0 }
    }

    /// All sources with their entries, in slot order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DefaultKey, Entry)> {
        let both = (0..).zip(self.places.iter().zip(self.positions.iter()));
        both.filter_map(|(slot, (place, position))| {
            let source = key_from_parts(slot, place.version)?;
            Some((source, Entry { target: self.target_key(place.target), position: *position }))
        })
    }
}

/// The keys of sources, see [`Column::keys`].
#[derive(Debug, Clone)]
pub(crate) struct Keys<'a> {
    places: blocks::Iter<'a, Place>,
    next: u32,
}

impl Iterator for Keys<'_> {
    type Item = DefaultKey;

    #[inline]
    fn next(&mut self) -> Option<DefaultKey> {
        loop {
            let place = self.places.next()?;
            let slot = self.next;
            self.next += 1;
            if place.version != Place::VACANT.version {
                return Some(key(slot, place.version));
            }
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Place::VACANT
    }
}

impl Place {
    pub(super) const VACANT: Place = Place { version: 0, target: SLOTS_END };

    /// Gives the memory of emptied blocks back.
    pub(super) fn shrink(places: &mut Blocks<Place>) {
        places.keep_one(|_, block| block.iter().all(|place| place.version == Place::VACANT.version).then_some(0));
    }

    /// The place of the source in a slot.
    #[inline]
    pub(super) fn at(places: &Blocks<Place>, slot: u32) -> Self {
        places.get(slot as usize).copied().unwrap_or_default()
    }

    /// The place of a source whose targets are kept elsewhere.
    pub(super) fn of(source: DefaultKey) -> Self {
        Place { version: version_of(source), ..Place::VACANT }
    }

    /// The key of the source in this slot, which has an entry.
    #[inline]
    pub(super) fn key(self, slot: u32) -> DefaultKey {
        debug_assert_eq!(self.version % 2, 1, "a listed source has an entry");
        KeyData::from_ffi((u64::from(self.version) << 32) | u64::from(slot)).into()
    }
}
