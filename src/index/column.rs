//! The link column: for each source its target, and its place in the target's list.
//!
//! By the source's slot number: the target's slot number beside the source's own generation, in 8 bytes, for following a
//! link reads nothing else. The position is in an array of its own, for writes.
//!
//! The target's generation is not kept for each source: most slots are used once. Where a target has a later generation,
//! an array by the targets' slots has it, which reaches up to the highest such slot.
//!
//! # Invariants
//! 1. `places` and `positions` are of one length.
//! 2. Where a slot has no source, its target is *stale* and its version is 0, which no key has.
//! 3. For each slot that an entry names, `later` has the generation of the target, or ends before it where that is the
//!    first. All sources of a slot name one row, for what refers to a row leaves it before its slot is used again.

use slotmap::{DefaultKey, KeyData};

use crate::id::{FIRST_GENERATION, SLOTS_END, key_from_parts, slot_of, version_of};

/// What a link, or a step of a path, gives where there is no target: keys in slots that no row has.
pub(crate) mod no_target {
    use super::{DefaultKey, SLOTS_END, target_key};
    use crate::id::slot_of;

    /// The foreign key is absent.
    #[inline]
    pub(crate) fn absent() -> DefaultKey {
        target_key(u32::MAX, &[])
    }
    /// The foreign key names no row.
    #[inline]
    pub(crate) fn unresolved() -> DefaultKey {
        target_key(u32::MAX - 1, &[])
    }
    /// The source is no row of its table.
    #[inline]
    pub(crate) fn stale() -> DefaultKey {
        target_key(u32::MAX - 2, &[])
    }

    /// Whether the key is one of these.
    #[inline]
    pub(crate) fn is(key: DefaultKey) -> bool {
        slot_of(key) >= SLOTS_END
    }
}

/// The key of a target, whose generation is the first unless `later` says otherwise.
#[inline]
fn target_key(slot: u32, later: &[u32]) -> DefaultKey {
    let version = later.get(slot as usize).copied().unwrap_or(FIRST_GENERATION);
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
    places: Vec<Place>,
    positions: Vec<u32>,
    /// By the targets' slots, their generations.
    later: Vec<u32>,
    len: usize,
}

impl Column {
    /// How many sources have an entry.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The target of a source; `None` for a key that is no source's.
    #[inline]
    pub(super) fn target(&self, source: DefaultKey) -> Option<DefaultKey> {
        let place = self.places.get(slot_of(source) as usize)?;
        (place.version == version_of(source)).then(|| target_key(place.target, &self.later))
    }

    /// The target of a source, by a key that a link has given and that is therefore of this generation: a vacant entry
    /// is *stale*. `None` beyond the end.
    #[inline]
    pub(super) fn target_of_linked(&self, source: DefaultKey) -> Option<DefaultKey> {
        self.places.get(slot_of(source) as usize).map(|place| target_key(place.target, &self.later))
    }

    /// By the sources' slots, whose entries these are.
    #[inline]
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Makes room for sources in slots below `slots`.
    #[inline]
    pub(super) fn reserve(&mut self, slots: usize) {
        let additional = slots.saturating_sub(self.places.len());
        self.places.reserve(additional);
        self.positions.reserve(additional);
    }

    /// Enters a source that has no entry.
    #[inline]
    pub(super) fn insert(&mut self, source: DefaultKey, entry: Entry) {
        let slot = slot_of(source) as usize;
        let place = Place { version: version_of(source), target: slot_of(entry.target) };
        if version_of(entry.target) != FIRST_GENERATION || (slot_of(entry.target) as usize) < self.later.len() {
            self.note(entry.target);
        }
        self.len += 1;
        if slot == self.places.len() {
            self.places.push(place);
            self.positions.push(entry.position);
            return;
        }
        if slot > self.places.len() {
            self.places.resize(slot + 1, Place::VACANT);
            self.positions.resize(slot + 1, 0);
        }
        debug_assert_eq!(self.places[slot].version, Place::VACANT.version, "a source joins once");
        self.places[slot] = place;
        self.positions[slot] = entry.position;
    }

    /// Keeps the generation of a target.
    #[cold]
    fn note(&mut self, target: DefaultKey) {
        let slot = slot_of(target) as usize;
        if slot >= self.later.len() {
            self.later.resize(slot + 1, FIRST_GENERATION);
        }
        self.later[slot] = version_of(target);
    }

    /// Takes a source out.
    #[inline]
    pub(super) fn remove(&mut self, source: DefaultKey) -> Option<Entry> {
        let slot = slot_of(source) as usize;
        let place = self.places.get_mut(slot).filter(|place| place.version == version_of(source))?;
        let Place { target, .. } = std::mem::replace(place, Place::VACANT);
        self.len -= 1;
        Some(Entry { target: target_key(target, &self.later), position: self.positions[slot] })
    }

    /// Tells the source in a slot its new position.
    #[inline]
    pub(super) fn move_to(&mut self, slot: u32, position: u32) {
        self.positions[slot as usize] = position;
    }

    /// All sources with their entries, in slot order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DefaultKey, Entry)> {
        let both = (0..).zip(self.places.iter().zip(&self.positions));
        both.filter_map(|(slot, (place, position))| {
            let source = key_from_parts(slot, place.version)?;
            Some((source, Entry { target: target_key(place.target, &self.later), position: *position }))
        })
    }
}

impl Place {
    pub(super) const VACANT: Place = Place { version: 0, target: SLOTS_END };

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
