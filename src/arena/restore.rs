//! Telling an arena's slots, and bringing them back with every generation and future id as it was.
//!
//! Rows do not pass through here: a restored arena has its stored slots reserved, and [`Arena::fill`] puts each row
//! where it belongs as it is read.

use std::ops::Range;

use slotmap::DefaultKey;

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
        let mut vacant: Vec<u32> = self.free.iter().map(slot_of).collect();
        let mut slots = Slots { runs: Vec::new(), free: vacant.clone() };
        vacant.sort_unstable();
        let mut vacant = vacant.into_iter().peekable();
        for (number, slot) in self.numbered().skip(1) {
            let is_used = slot.version % 2 == 1 || vacant.next_if_eq(&number).is_some();
            slots.push(Run { count: 1, generation: if is_used { slot.version } else { RETIRED } });
        }
        slots
    }
}

impl<M: Clone> Arena<M> {
    /// An arena with these slots, in which each stored one waits for its row, by [`Arena::restore_row`] in slot order.
    /// O(slots).
    ///
    /// `Err` says which slot is not as it can be. Columns are those of `self`, without values.
    pub(crate) fn restore(&self, slots: &Slots) -> Result<Self, String> {
        slots.check()?;
        let mut arena = Arena { columns: self.columns.emptied(), ..Arena::default() };
        arena.slots.reserve(slots.len() as usize + 1);
        if slots.runs.iter().all(|run| run.generation == FIRST_GENERATION) {
            // As in a table from which nothing was ever removed: the rows get their ids by coming one after the other.
            return Ok(arena);
        }
        for (number, generation) in (1..).zip(slots.generations()) {
            arena.slots.at(number as usize).version = generation;
            if arena.has_columns() {
                // Until its row comes.
                arena.columns.note(number as usize, None);
            }
            if generation == RETIRED {
                arena.retired.extend(key_from_parts(number, u32::MAX));
            }
        }
        arena.next_slot = slots.len() as u32 + 1;
        arena.reserved = slots.count_stored() as usize;
        for &slot in &slots.free {
            let vacant = arena.slots.get(slot as usize).and_then(|vacant| key_from_parts(slot, vacant.version + 1));
            arena.free.push(vacant.expect("vacant slots have even generations"));
        }
        Ok(arena)
    }

    /// Stores a row of a snapshot under its key; gives it back where none waits for it.
    #[inline]
    pub(crate) fn restore_row(&mut self, key: DefaultKey, row: M) -> Result<(), M> {
        if self.next_slot == slot_of(key) && version_of(key) == FIRST_GENERATION && self.free.len() == 0 {
            let stored = self.insert(row);
            debug_assert_eq!(stored, key, "the rows come in slot order");
            return Ok(());
        }
        self.fill(key, row)
    }
}
