//! Telling an arena's slots, and bringing them back with every generation and future id as it was.
//!
//! slotmap has no call to set generations but `Deserialize`. So the slots come in through a deserializer written for
//! this one shape: a sequence of (occupant, generation) pairs. Deserialised, slotmap would chain its free slots in an
//! order of its own; therefore none is free when it arrives: every slot comes in as occupied by nothing, which is what
//! a reserved id is, and the vacant ones are then vacated in the order in which they were freed.
//!
//! Rows do not pass through here: a restored arena has its stored slots reserved, and [`Arena::fill`] puts each row
//! where it belongs as it is read.

use std::ops::Range;

use serde::de::value::{Error as RestoreError, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use slotmap::{DefaultKey, SlotMap};

use super::Arena;
use crate::id::{FIRST_GENERATION, SLOTS_END, key_from_parts, next_in_slot, slot_of, version_of};

/// The generation that stands for a slot which will not be used again.
pub(crate) const RETIRED: u32 = 0;

/// The slots of an arena without their rows.
///
/// Generations are slotmap's. Odd: a row is stored under it. Even: the slot is vacant, and its next row will have the
/// generation that follows. 0: the slot is retired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    /// The generations of all slots that were ever used, from slot 1 on: neighbours that have the same are one run, so that
    /// a table takes little from which nothing was removed.
    runs: Vec<Run>,
    /// The numbers of the vacant slots; the last is used first.
    pub(crate) free: Vec<u32>,
}

/// Slots one after the other that have the same generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) count: u32,
    pub(crate) generation: u32,
}

impl Slots {
    /// Adds slots behind those that are there.
    pub(crate) fn push(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if last.generation == run.generation && last.count.checked_add(run.count).is_some() => {
                last.count += run.count;
            }
            _ if run.count > 0 => self.runs.push(run),
            _ => {}
        }
    }

    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// How many slots there are.
    pub(crate) fn len(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.count)).sum()
    }

    fn generations(&self) -> impl Iterator<Item = u32> + Clone {
        self.runs.iter().flat_map(|run| std::iter::repeat_n(run.generation, run.count as usize))
    }

    /// What says the generation of a slot, if there is one. O(runs), and each time a binary search.
    pub(crate) fn generation_of(&self) -> impl Fn(u32) -> Option<u32> + '_ {
        let ends: Vec<u32> = self
            .runs
            .iter()
            .scan(1, |next, run| {
                *next += run.count;
                Some(*next)
            })
            .collect();
        move |slot| {
            let run = self.runs.get(ends.partition_point(|end| *end <= slot))?;
            (slot > 0).then_some(run.generation)
        }
    }

    /// The keys under which rows are stored, in slot order.
    pub(crate) fn stored(&self) -> Stored<impl Iterator<Item = Run> + '_> {
        Stored::new(self.runs.iter().copied())
    }

    /// As [`Slots::stored`], of slots that are given up.
    pub(crate) fn into_stored(self) -> Stored<std::vec::IntoIter<Run>> {
        Stored::new(self.runs.into_iter())
    }

    /// How many rows are stored.
    pub(crate) fn count_stored(&self) -> u64 {
        self.runs.iter().filter(|run| run.generation % 2 == 1).map(|run| u64::from(run.count)).sum()
    }

    /// Makes slots with rows vacant, to be used after those that are. The keys are in slot order.
    pub(crate) fn vacate(&mut self, keys: &[DefaultKey]) {
        let mut all = Slots { runs: Vec::new(), free: std::mem::take(&mut self.free) };
        let mut keys = keys.iter().copied().peekable();
        for (slot, generation) in (1..).zip(self.generations()) {
            let generation = match keys.next_if(|key| slot_of(*key) == slot) {
                None => generation,
                Some(key) => next_in_slot(key).map_or(RETIRED, |next| {
                    all.free.push(slot);
                    version_of(next) - 1
                }),
            };
            all.push(Run { count: 1, generation });
        }
        *self = all;
    }

    /// Says what keeps these from being the slots of an arena. O(runs + vacant slots).
    pub(crate) fn check(&self) -> Result<(), String> {
        Self::check_count(self.len())?;
        let mut free = self.free.clone();
        free.sort_unstable();
        if let Some(twice) = free.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]) {
            return Err(format!("slot {twice} is in the free list twice"));
        }
        // No row is ever in slot 0: it is slotmap's own.
        if free.first() == Some(&0) {
            return Err("slot 0 is in the free list and was never used".to_owned());
        }
        let mut free = free.into_iter().peekable();
        let mut next = 1;
        for run in &self.runs {
            let behind = next + run.count;
            if run.generation % 2 == 0 && run.generation != RETIRED {
                if let Some(slot) = (next..behind).find(|slot| free.next_if_eq(slot).is_none()) {
                    return Err(format!("slot {slot} is vacant and not in the free list"));
                }
            } else if let Some(slot) = free.next_if(|listed| *listed < behind) {
                return Err(format!("slot {slot} is in the free list and not vacant"));
            }
            next = behind;
        }
        free.next().map_or(Ok(()), |slot| Err(format!("slot {slot} is in the free list and was never used")))
    }

    /// Refuses more slots than there are numbers for: 0 is slotmap's own, the last ones are no row's.
    pub(super) fn check_count(count: u64) -> Result<(), String> {
        if count < u64::from(SLOTS_END) { Ok(()) } else { Err(format!("{count} slots are more than there can be")) }
    }

    /// The generation of the row that a slot holds, or held last.
    fn last_row(generation: u32) -> u32 {
        if generation % 2 == 1 { generation } else { generation.wrapping_sub(1) }
    }
}

/// The keys under which rows are stored, in slot order: run by run, since a run without rows may be a billion slots.
#[derive(Debug)]
pub(crate) struct Stored<I> {
    runs: I,
    /// Those of the run that is read which are still to come.
    slots: Range<u32>,
    generation: u32,
}

impl<I: Iterator<Item = Run>> Stored<I> {
    fn new(runs: I) -> Self {
        Stored { runs, slots: 1..1, generation: RETIRED }
    }
}

impl<I: Iterator<Item = Run>> Iterator for Stored<I> {
    type Item = DefaultKey;

    fn next(&mut self) -> Option<DefaultKey> {
        loop {
            if let Some(slot) = self.slots.next() {
                return key_from_parts(slot, self.generation);
            }
            let run = self.runs.next()?;
            let behind = self.slots.end.checked_add(run.count)?;
            // Of a run without rows none is to come.
            let first = if run.generation % 2 == 1 { self.slots.end } else { behind };
            (self.slots, self.generation) = (first..behind, run.generation);
        }
    }
}

impl<M> Arena<M> {
    /// The slots as they are; a reserved one is as one with a row, a withheld one as a retired one. O(slots ever used), and
    /// O(n log n) for the vacant ones.
    pub(crate) fn slots(&self) -> Slots {
        let mut vacant = self.free.clone();
        vacant.sort_unstable_by_key(|next| slot_of(*next));
        let mut vacant = vacant.into_iter().peekable();
        let mut stored = self.slots.keys().peekable();
        let mut slots = Slots { runs: Vec::new(), free: self.free.iter().copied().map(slot_of).collect() };
        for slot in 1..self.next_slot {
            let stored = stored.next_if(|key| slot_of(*key) == slot).map(version_of);
            let vacant = || vacant.next_if(|key| slot_of(*key) == slot).map(|next| version_of(next) - 1);
            slots.push(Run { count: 1, generation: stored.or_else(vacant).unwrap_or(RETIRED) });
        }
        slots
    }
}

impl<M: for<'de> Deserialize<'de>> Arena<M> {
    /// An arena with these slots, in which each stored one waits for its row, by [`Arena::restore_row`] in slot order.
    /// O(slots).
    ///
    /// `Err` says which slot is not as it can be.
    pub(crate) fn restore(slots: &Slots) -> Result<Self, String> {
        slots.check()?;
        if slots.runs.iter().all(|run| run.generation == FIRST_GENERATION) {
            // As in a table from which nothing was ever removed: the rows get their ids by coming one after the other.
            let map = SlotMap::with_capacity(slots.len() as usize);
            return Ok(Arena { slots: map, ..Arena::default() });
        }
        // Slot 0 is slotmap's own and always vacant.
        let occupied = slots.generations().map(|generation| Part::Slot(Slots::last_row(generation)));
        let parts = SeqDeserializer::<_, RestoreError>::new(std::iter::once(Part::Slot(0)).chain(occupied));
        let map = SlotMap::deserialize(parts).map_err(|error| error.to_string())?;

        let next_slot = slots.len() as u32 + 1;
        let mut arena = Arena { reserved: map.len(), slots: map, next_slot, ..Arena::default() };
        let generation_of = slots.generation_of();
        let retired = (1..).zip(slots.generations()).filter(|&(_, generation)| generation == RETIRED);
        for slot in slots.free.iter().copied().chain(retired.map(|(slot, _)| slot)) {
            let last_row = Slots::last_row(generation_of(slot).expect("the free list names slots that there are"));
            arena.cancel(key_from_parts(slot, last_row).expect("generations of rows are odd"));
        }
        Ok(arena)
    }
}

impl<M> Arena<M> {
    /// Stores a row of a snapshot under its key; gives it back where none waits for it.
    #[inline]
    pub(crate) fn restore_row(&mut self, key: DefaultKey, row: M) -> Result<(), M> {
        if self.next_slot == slot_of(key) && version_of(key) == FIRST_GENERATION && self.free.is_empty() {
            let stored = self.insert(row);
            debug_assert_eq!(stored, key, "the rows come in slot order");
            return Ok(());
        }
        self.fill(key, row)
    }
}

/// What slotmap reads of its slots, piece by piece.
#[derive(Clone, Copy)]
enum Part {
    /// A slot of this generation: an occupant, which is there if the generation is odd, and the generation.
    Slot(u32),
    /// An occupant that is there, and is no row.
    Occupant,
    /// No occupant, or no row.
    Nothing,
    Generation(u32),
}

impl<'de> Deserializer<'de> for Part {
    type Error = RestoreError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RestoreError> {
        match self {
            Part::Slot(generation) => {
                let occupant = if generation % 2 == 1 { Part::Occupant } else { Part::Nothing };
                visitor.visit_seq(SeqDeserializer::new([occupant, Part::Generation(generation)].into_iter()))
            }
            Part::Occupant => visitor.visit_some(Part::Nothing),
            Part::Nothing => visitor.visit_none(),
            Part::Generation(generation) => visitor.visit_u32(generation),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, RestoreError> for Part {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
