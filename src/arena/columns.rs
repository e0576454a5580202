//! The columns of a table: fields whose values lie side by side by slot, next to the rows. Every change of a row passes
//! here, so that no write can forget them. A table without columns keeps nothing.
//!
//! # Invariants
//! 1. Of the slots that were ever used, bit `n % 64` of word `n / 64` of `vacant` says that slot `n` holds no row. Slots that
//!    come into use hold one, as a rule, so that storing a new row writes no bit.
//! 2. Where a slot holds a row, each column has the row's value at place `n`.

use std::any::Any;

use crate::blocks::{Blocks, Bytes};

/// One column of a table of `M`, whatever the type of its values.
pub(crate) trait AnyColumn<M>: Send + Sync {
    /// The column with its type.
    fn as_any(&self) -> &dyn Any;
    /// The same once more, sharing its blocks.
    fn clone_column(&self) -> Box<dyn AnyColumn<M>>;
    /// The same without values.
    fn emptied(&self) -> Box<dyn AnyColumn<M>>;
    /// Takes the value of the row in a slot.
    fn set(&mut self, slot: usize, row: &M);
    /// [`AnyColumn::set`] for rows in slots one after the other.
    fn set_run(&mut self, first: usize, rows: &[M]);
    /// Whether the value at a slot is that of the row.
    fn agrees(&self, slot: usize, row: &M) -> bool;
    /// The name of its field.
    fn name(&self) -> &'static str;
    /// What the values take.
    fn bytes(&self) -> Bytes;
}

pub(crate) struct Columns<M> {
    columns: Vec<Box<dyn AnyColumn<M>>>,
    vacant: Blocks<u64>,
}

impl<M> Default for Columns<M> {
    fn default() -> Self {
        Columns { columns: Vec::new(), vacant: Blocks::default() }
    }
}

impl<M> Clone for Columns<M> {
    fn clone(&self) -> Self {
        let columns = self.columns.iter().map(|column| column.clone_column()).collect();
        Columns { columns, vacant: self.vacant.clone() }
    }
}

impl<M> Columns<M> {
    pub(super) fn of(columns: Vec<Box<dyn AnyColumn<M>>>) -> Self {
        Columns { columns, vacant: Blocks::default() }
    }

    /// The same columns without values.
    pub(super) fn emptied(&self) -> Self {
        Columns::of(self.columns.iter().map(|column| column.emptied()).collect())
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// A column, by its place among those that the model declares.
    pub(super) fn get(&self, place: usize) -> Option<&dyn AnyColumn<M>> {
        self.columns.get(place).map(|column| &**column)
    }

    /// Which of the 64 slots of a word hold rows, where `next_slot` is the first that was never used.
    #[inline]
    pub(super) fn stored(&self, word: usize, next_slot: usize) -> u64 {
        let used = match next_slot.saturating_sub(word * 64) {
            0 => 0,
            some @ 1..64 => u64::MAX >> (64 - some),
            _ => u64::MAX,
        };
        // Slot 0 is no row's.
        used & !self.vacant.get(word).copied().unwrap_or_default() & if word == 0 { !1 } else { u64::MAX }
    }

    /// A row has come into a slot, or gone from it.
    pub(super) fn note(&mut self, slot: usize, row: Option<&M>) {
        let bit = 1 << (slot % 64);
        match row {
            None => *self.vacant.at(slot / 64) |= bit,
            Some(row) => {
                if self.vacant.get(slot / 64).is_some_and(|word| word & bit != 0) {
                    *self.vacant.at(slot / 64) &= !bit;
                }
                for column in &mut self.columns {
                    column.set(slot, row);
                }
            }
        }
    }

    /// Rows have come into slots one after the other, which were never used.
    pub(super) fn note_run(&mut self, first: usize, rows: &[M]) {
        for column in &mut self.columns {
            column.set_run(first, rows);
        }
    }

    /// What the columns take.
    pub(super) fn bytes(&self) -> Bytes {
        self.vacant.bytes() + self.columns.iter().map(|column| column.bytes()).sum()
    }

    /// What does not agree with the rows, each with its slot.
    pub(super) fn faults<'a>(&self, rows: impl Iterator<Item = (u32, Option<&'a M>)>, next_slot: usize) -> Vec<String>
    where
        M: 'a,
    {
        let mut faults = Vec::new();
        for (slot, row) in rows.take(if self.is_empty() { 0 } else { usize::MAX }) {
            let number = slot as usize;
            let is_stored = self.stored(number / 64, next_slot) >> (number % 64) & 1 == 1;
            if is_stored != row.is_some() {
                faults.push(format!("slot {slot} holds a row or none, and its bit says something else"));
            }
            let differs = |column: &&dyn AnyColumn<M>| row.is_some_and(|row| !column.agrees(number, row));
            let differing = self.columns.iter().map(|column| &**column).filter(differs);
            faults.extend(
                differing.map(|column| format!("slot {slot}: the column `{}` has another value", column.name())),
            );
        }
        faults
    }
}
