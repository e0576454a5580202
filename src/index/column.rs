//! The link column: for each source its target, and its place in the target's list.
//!
//! Two arrays by the source's slot number. Targets lie by themselves, for following a link reads nothing else: a hop
//! over keys that an earlier hop has given streams 8 bytes a row. Beside them lie the generation of the source, by which
//! an id of a caller's is checked without touching its row, and the position.
//!
//! # Invariants
//! 1. Both arrays are of one length.
//! 2. Where a slot has no source, its target is *stale* and its version is 0, which no key has.

use slotmap::{DefaultKey, KeyData};

use crate::id::{key_from_parts, slot_of, version_of};

/// What a link, or a step of a path, gives where there is no target: null keys, told apart by generation.
pub(crate) mod no_target {
    use super::{DefaultKey, KeyData};

    const fn null(version: u32) -> KeyData {
        KeyData::from_ffi(((version as u64) << 32) | u32::MAX as u64)
    }

    /// The foreign key is absent.
    pub(crate) fn absent() -> DefaultKey {
        const { null(1) }.into()
    }
    /// The foreign key names no row.
    pub(crate) fn unresolved() -> DefaultKey {
        const { null(3) }.into()
    }
    /// The source is no row of its table.
    pub(crate) fn stale() -> DefaultKey {
        const { null(5) }.into()
    }
}

/// What the column holds for one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) target: DefaultKey,
    /// The position in the target's list; for an unresolved source the hash under which it waits.
    pub(super) position: u32,
}

impl Entry {
    /// The target, or a null key that says why there is none.
    pub(crate) fn target(self) -> DefaultKey {
        self.target
    }
}

/// Whose entry it is, and where in the target's list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    version: u32,
    position: u32,
}

#[derive(Debug, Default)]
pub(super) struct Column {
    targets: Vec<DefaultKey>,
    places: Vec<Place>,
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
        let slot = slot_of(source) as usize;
        let place = self.places.get(slot)?;
        if place.version == version_of(source) { self.targets.get(slot).copied() } else { None }
    }

    /// The target of a source, by a key that a link has given and that is therefore of this generation: a vacant entry
    /// is *stale*. `None` beyond the end.
    #[inline]
    pub(super) fn target_of_linked(&self, source: DefaultKey) -> Option<DefaultKey> {
        self.targets.get(slot_of(source) as usize).copied()
    }

    /// By the sources' slots, whose entries these are.
    #[inline]
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Makes room for sources in slots below `slots`.
    #[inline]
    pub(super) fn reserve(&mut self, slots: usize) {
        let additional = slots.saturating_sub(self.targets.len());
        self.targets.reserve(additional);
        self.places.reserve(additional);
    }

    /// Enters a source that has no entry.
    #[inline]
    pub(super) fn insert(&mut self, source: DefaultKey, entry: Entry) {
        let slot = slot_of(source) as usize;
        let place = Place { version: version_of(source), position: entry.position };
        self.len += 1;
        if slot == self.targets.len() {
            self.targets.push(entry.target);
            self.places.push(place);
            return;
        }
        if slot > self.targets.len() {
            self.targets.resize(slot + 1, no_target::stale());
            self.places.resize(slot + 1, Place::VACANT);
        }
        debug_assert_eq!(self.places[slot].version, Place::VACANT.version, "a source joins once");
        self.targets[slot] = entry.target;
        self.places[slot] = place;
    }

    /// Takes a source out.
    #[inline]
    pub(super) fn remove(&mut self, source: DefaultKey) -> Option<Entry> {
        let slot = slot_of(source) as usize;
        let place = self.places.get_mut(slot).filter(|place| place.version == version_of(source))?;
        let Place { position, .. } = std::mem::replace(place, Place::VACANT);
        let target = std::mem::replace(&mut self.targets[slot], no_target::stale());
        self.len -= 1;
        Some(Entry { target, position })
    }

    /// Tells the source in a slot its new position.
    #[inline]
    pub(super) fn move_to(&mut self, slot: u32, position: u32) {
        self.places[slot as usize].position = position;
    }

    /// All sources with their entries, in slot order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DefaultKey, Entry)> {
        let both = (0..).zip(self.targets.iter().zip(&self.places));
        both.filter_map(|(slot, (target, place))| {
            let source = key_from_parts(slot, place.version)?;
            Some((source, Entry { target: *target, position: place.position }))
        })
    }
}

impl Place {
    pub(super) const VACANT: Place = Place { version: 0, position: 0 };

    /// The place of a source whose positions are kept elsewhere.
    pub(super) fn of(source: DefaultKey) -> Self {
        Place { version: version_of(source), position: 0 }
    }

    /// The key of the source in this slot, which has an entry.
    #[inline]
    pub(super) fn key(self, slot: u32) -> DefaultKey {
        debug_assert_eq!(self.version % 2, 1, "a listed source has an entry");
        KeyData::from_ffi((u64::from(self.version) << 32) | u64::from(slot)).into()
    }
}
