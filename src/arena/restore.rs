//! Telling an arena's slots, and bringing them back with every generation and future id as it was.
//!
//! slotmap has no call to set generations but `Deserialize`. So the slots come in through a deserializer written for
//! this one shape: a sequence of (occupant, generation) pairs. Deserialised, slotmap would chain its free slots in an
//! order of its own; therefore none is free when it arrives: every slot comes in as occupied by nothing, which is what
//! a reserved id is, and the vacant ones are then vacated in the order in which they were freed.
//!
//! Rows do not pass through here: a restored arena has its stored slots reserved, and [`Arena::fill`] puts each row
//! where it belongs as it is read.

use serde::de::value::{Error as RestoreError, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use slotmap::{DefaultKey, SlotMap};

use super::Arena;
use crate::id::{FIRST_GENERATION, SLOTS_END, key_from_parts, slot_of, version_of};

/// The generation that stands for a slot which will not be used again.
const RETIRED: u32 = 0;

/// The slots of an arena without their rows.
///
/// Generations are slotmap's: that of slot `n` is at place `n - 1`. Odd: a row is stored under it. Even: the slot is
/// vacant, and its next row will have the generation that follows. 0: the slot is retired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    /// The generation of every slot that was ever used.
    pub(crate) generations: Vec<u32>,
    /// The numbers of the vacant slots; the last is used first.
    pub(crate) free: Vec<u32>,
}

impl Slots {
    /// The keys under which rows are stored, in slot order.
    pub(crate) fn stored(&self) -> impl Iterator<Item = DefaultKey> {
        (1..).zip(&self.generations).filter_map(|(slot, &generation)| key_from_parts(slot, generation))
    }

    /// Says what keeps these from being the slots of an arena.
    fn check(&self) -> Result<(), String> {
        Self::check_count(self.generations.len())?;
        let mut unlisted: Vec<bool> =
            self.generations.iter().map(|&generation| generation % 2 == 0 && generation != RETIRED).collect();
        for &slot in &self.free {
            let listed = (slot as usize).checked_sub(1).and_then(|place| unlisted.get_mut(place));
            if !listed.is_some_and(std::mem::take) {
                return Err(format!("slot {slot} is in the free list and not vacant, or is in it twice"));
            }
        }
        match unlisted.iter().position(|&unlisted| unlisted) {
            Some(place) => Err(format!("slot {} is vacant and not in the free list", place + 1)),
            None => Ok(()),
        }
    }

    /// Refuses more slots than there are numbers for: 0 is slotmap's own, the last ones are no row's.
    pub(super) fn check_count(count: usize) -> Result<(), String> {
        if count < SLOTS_END as usize { Ok(()) } else { Err(format!("{count} slots are more than there can be")) }
    }

    /// The generation of the row that a slot holds, or held last.
    fn last_row(generation: u32) -> u32 {
        if generation % 2 == 1 { generation } else { generation.wrapping_sub(1) }
    }
}

impl<M> Arena<M> {
    /// The slots as they are; a reserved one is as one with a row, a withheld one as a retired one. O(slots ever used).
    pub(crate) fn slots(&self) -> Slots {
        let mut generations = vec![RETIRED; self.next_slot as usize - 1];
        for key in self.slots.keys() {
            generations[slot_of(key) as usize - 1] = version_of(key);
        }
        for &next in &self.free {
            generations[slot_of(next) as usize - 1] = version_of(next) - 1;
        }
        Slots { generations, free: self.free.iter().copied().map(slot_of).collect() }
    }
}

impl<M: for<'de> Deserialize<'de>> Arena<M> {
    /// An arena with these slots, in which each stored one waits for its row, by [`Arena::restore_row`] in slot order.
    /// O(slots).
    ///
    /// `Err` says which slot is not as it can be.
    pub(crate) fn restore(slots: &Slots) -> Result<Self, String> {
        slots.check()?;
        if slots.generations.iter().all(|&generation| generation == FIRST_GENERATION) {
            // As in a table from which nothing was ever removed: the rows get their ids by coming one after the other.
            let map = SlotMap::with_capacity(slots.generations.len());
            return Ok(Arena { slots: map, ..Arena::default() });
        }
        // Slot 0 is slotmap's own and always vacant.
        let occupied = slots.generations.iter().map(|&generation| Part::Slot(Slots::last_row(generation)));
        let parts = SeqDeserializer::<_, RestoreError>::new(std::iter::once(Part::Slot(0)).chain(occupied));
        let map = SlotMap::deserialize(parts).map_err(|error| error.to_string())?;

        let next_slot = slots.generations.len() as u32 + 1;
        let mut arena = Arena { reserved: map.len(), slots: map, next_slot, ..Arena::default() };
        let retired = (1..).zip(&slots.generations).filter(|&(_, &generation)| generation == RETIRED);
        for slot in slots.free.iter().copied().chain(retired.map(|(slot, _)| slot)) {
            let last_row = Slots::last_row(slots.generations[slot as usize - 1]);
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
