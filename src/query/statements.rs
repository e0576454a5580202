//! Statements over the rows that meet a predicate.

use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::Model;
use crate::predicate::{Condition, Predicate};
use crate::transaction::Transaction;
use crate::write::{DeletedMany, UpdatedMany};

impl Database {
    /// Removes the rows that meet a predicate, as one statement: [`Database::delete_many`] of their ids, in slot order.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Shell { lifetime_ticks: u32 }
    /// # let mut db = Database::builder().model::<Shell>().build()?;
    /// # db.insert_many([0, 3, 0].map(|lifetime_ticks| Shell { lifetime_ticks }))?;
    /// assert_eq!(db.delete_where(Shell::FIELDS.lifetime_ticks.eq(0))?.rows.len(), 2);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn delete_where<M: Model, C: Condition<M>>(
        &mut self,
        predicate: Predicate<M, C>,
    ) -> Result<DeletedMany<M>, Error> {
        let ids = self.ids_where(predicate)?;
        self.delete_many(ids)
    }

    /// Edits the rows that meet a predicate, as one statement: [`Database::update_many`] of their ids, in slot order. Which
    /// rows these are is settled before the first is edited.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Shell { lifetime_ticks: u32 }
    /// # let mut db = Database::builder().model::<Shell>().build()?;
    /// # db.insert_many([0, 3, 1].map(|lifetime_ticks| Shell { lifetime_ticks }))?;
    /// let lifetime = Shell::FIELDS.lifetime_ticks;
    /// assert_eq!(db.update_where(lifetime.gt(0), |_, shell| shell.lifetime_ticks -= 1)?.rows, 2);
    /// # assert_eq!(db.query().sum(lifetime)?, 2);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn update_where<M: Model, C: Condition<M>>(
        &mut self,
        predicate: Predicate<M, C>,
        edit: impl FnMut(Id<M>, &mut M),
    ) -> Result<UpdatedMany, Error> {
        let ids = self.ids_where(predicate)?;
        self.update_many(ids, edit)
    }

    /// The ids of the rows that meet a predicate: settled before any of them changes.
    fn ids_where<M: Model, C: Condition<M>>(&self, predicate: Predicate<M, C>) -> Result<Vec<Id<M>>, Error> {
        Ok(self.query().filter(predicate).ids()?.collect())
    }
}

impl Transaction<'_> {
    /// As [`Database::delete_where`].
    pub fn delete_where<M: Model, C: Condition<M>>(
        &mut self,
        predicate: Predicate<M, C>,
    ) -> Result<DeletedMany<M>, Error> {
        let ids = self.ids_where(predicate)?;
        self.delete_many(ids)
    }

    /// As [`Database::update_where`].
    pub fn update_where<M: Model, C: Condition<M>>(
        &mut self,
        predicate: Predicate<M, C>,
        edit: impl FnMut(Id<M>, &mut M),
    ) -> Result<UpdatedMany, Error> {
        let ids = self.ids_where(predicate)?;
        self.update_many(ids, edit)
    }
}
