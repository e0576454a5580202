//! The columns of a table: fields whose values lie side by side by slot, next to the rows. Every change of a row passes
//! here, so that no write can forget them. A table without columns keeps nothing.
//!
//! # Invariants
//! 1. Bit `n % 64` of word `n / 64` of `stored` says whether slot `n` holds a row.
//! 2. Where it does, each column has the row's value at place `n`.

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
    stored: Blocks<u64>,
}

impl<M> Default for Columns<M> {
    fn default() -> Self {
        Columns { columns: Vec::new(), stored: Blocks::default() }
    }
}

impl<M> Clone for Columns<M> {
    fn clone(&self) -> Self {
        let columns = self.columns.iter().map(|column| column.clone_column()).collect();
        Columns { columns, stored: self.stored.clone() }
    }
}

impl<M> Columns<M> {
    pub(super) fn of(columns: Vec<Box<dyn AnyColumn<M>>>) -> Self {
        Columns { columns, stored: Blocks::default() }
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

    /// Which slots hold rows.
    pub(super) fn stored(&self) -> &Blocks<u64> {
        &self.stored
    }

    /// A row has come into a slot, or gone from it.
    pub(super) fn note(&mut self, slot: usize, row: Option<&M>) {
        let (word, bit) = (self.stored.at(slot / 64), 1 << (slot % 64));
        match row {
            None => *word &= !bit,
            Some(row) => {
                *word |= bit;
                for column in &mut self.columns {
                    column.set(slot, row);
                }
            }
        }
    }

    /// Rows have come into slots one after the other.
    pub(super) fn note_run(&mut self, first: usize, rows: &[M]) {
        let end = first + rows.len();
        let mut slot = first;
        while slot < end {
            let behind = end.min((slot / 64 + 1) * 64);
            let ones = u64::MAX >> (64 - (behind - slot));
            *self.stored.at(slot / 64) |= ones << (slot % 64);
            slot = behind;
        }
        for column in &mut self.columns {
            column.set_run(first, rows);
        }
    }

    /// What the columns take.
    pub(super) fn bytes(&self) -> Bytes {
        self.stored.bytes() + self.columns.iter().map(|column| column.bytes()).sum()
    }

    /// What does not agree with the rows, each with its slot.
    pub(super) fn faults<'a>(&self, rows: impl Iterator<Item = (u32, Option<&'a M>)>) -> Vec<String>
    where
        M: 'a,
    {
        let mut faults = Vec::new();
        for (slot, row) in rows.take(if self.is_empty() { 0 } else { usize::MAX }) {
            let number = slot as usize;
            let is_stored = self.stored.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1);
            if is_stored != row.is_some() {
                faults.push(format!("slot {slot} holds a row or none, and its bit says something else"));
            }
            let differs = |column: &&Box<dyn AnyColumn<M>>| row.is_some_and(|row| !column.agrees(number, row));
            let differing = self.columns.iter().filter(differs);
            faults.extend(
                differing.map(|column| format!("slot {slot}: the column `{}` has another value", column.name())),
            );
        }
        faults
    }
}
