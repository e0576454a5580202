//! What statements that are made of several are made of: checks of what a part will do before any part is done, so that
//! a refusal leaves no trace.

use std::any::Any;

use slotmap::DefaultKey;

use super::apply;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::integrity::{Edits, Mode, Pending, judge_beside, plan_rows};
use crate::model::Model;
use crate::table::Statement;

impl Database {
    /// The id that a row would be stored under, if it can be.
    pub(crate) fn expect_insertable<M: Model>(&self, row: &M) -> Result<Id<M>, Error> {
        let position = self.store.position::<M>()?;
        let key = self.store.table_at::<M>(position).rows.upcoming(0).ok_or(Error::Full { model: M::NAME })?;
        self.plan_one(position, Pending::new_rows(std::slice::from_ref(row), &[key]))?;
        Ok(Id::from_key(key))
    }

    /// Makes sure that `source` can be stored once `row` is, which can be. Gives `row` back.
    pub(crate) fn expect_insertable_after<M: Model, S: Model>(&self, row: M, source: &S) -> Result<M, Error> {
        let (table, source_table) = (self.store.position::<M>()?, self.store.position::<S>()?);
        if table == source_table {
            return Ok(row); // Planned one by one they do not see each other: the rollback sees to a refusal.
        }
        let upcoming = |key: Option<DefaultKey>, model| key.ok_or(Error::Full { model });
        let key = upcoming(self.store.table_at::<M>(table).rows.upcoming(0), M::NAME)?;
        let source_key = upcoming(self.store.table_at::<S>(source_table).rows.upcoming(0), S::NAME)?;
        let mut beside = Statement::default();
        beside.edits.insert(table, Box::new(Edits::of_new(vec![row], vec![key])));
        let pending = Pending::new_rows(std::slice::from_ref(source), std::slice::from_ref(&source_key));
        let faults = judge_beside(&self.store, source_table, pending, &beside);
        if let Some((_, error)) = faults.into_iter().next() {
            return Err(error);
        }
        let rows: Option<Box<dyn Any>> = beside.edits.remove(&table).map(|edits| edits as Box<dyn Any>);
        let edits = rows.and_then(|rows| rows.downcast::<Edits<M>>().ok()).expect("they were put there");
        Ok(edits.into_parts().0.pop().expect("there is one"))
    }

    /// Stores rows, all or none. The error is the first violation of the first row that has one, else `refused`.
    pub(crate) fn insert_unless<M: Model>(&mut self, rows: Vec<M>, refused: Option<Error>) -> Result<(), Error> {
        let position = self.store.position::<M>()?;
        let keys = self.upcoming_keys::<M>(rows.len())?;
        let (plan, faults) =
            plan_rows(&self.store, position, Pending::new_rows(&rows, &keys), Mode::Checked, usize::MAX);
        let first = faults.kept.into_iter().min_by_key(|(place, _)| *place).map(|(_, error)| error);
        if let Some(error) = first.or(refused) {
            return Err(error);
        }
        apply::insert(&mut self.store, position, rows, &keys, &plan);
        Ok(())
    }
}
