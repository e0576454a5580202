//! Statements over many rows: all or nothing, every violation reported (behaviour I9).

use slotmap::DefaultKey;

use super::apply;
use super::update::{VIOLATIONS_KEPT_MAX, refuse_batch};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::unique::UniqueIndex;
use crate::integrity::ordinary::plan_batch;
use crate::integrity::{Mode, Pending, plan_rows};
use crate::model::Model;

impl Database {
    /// Stores many rows, all or none, and gives their ids in order.
    ///
    /// A row may refer to one that comes later in the batch. Where rows are refused, the error lists every violation of
    /// every row, of more than 10,000 so many, and their number. [`Database::import`] stores the other rows. O(rows),
    /// with one allocation a column instead of many.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Species {
    ///     #[model(primary_key)]
    ///     name: String,
    ///     #[model(belongs_to(Species), name = evolves_from)]
    ///     evolves_from_name: Option<String>,
    /// }
    /// # let mut db = Database::builder().model::<Species>().build()?;
    /// let raichu = Species { name: "raichu".into(), evolves_from_name: Some("pikachu".into()) };
    /// let pikachu = Species { name: "pikachu".into(), evolves_from_name: None };
    /// assert_eq!(db.insert_many(vec![raichu, pikachu])?.len(), 2);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn insert_many<M: Model>(&mut self, rows: impl Into<Vec<M>>) -> Result<Vec<Id<M>>, Error> {
        let rows = rows.into();
        let keys = self.upcoming_keys::<M>(rows.len())?;
        self.insert_batch(rows, keys, Mode::Checked)
    }

    /// Stores the rows that `make` gives for `count` new ids, so that they can refer to each other by id
    /// (behaviour R6). An id that is left without a row is [`Error::Unfilled`].
    pub fn insert_many_with<M: Model>(
        &mut self,
        count: usize,
        make: impl FnOnce(&[Id<M>]) -> Vec<M>,
    ) -> Result<Vec<Id<M>>, Error> {
        let keys = self.upcoming_keys::<M>(count)?;
        let ids: Vec<Id<M>> = keys.iter().map(|key| Id::from_key(*key)).collect();
        let rows = make(&ids);
        if let Some(unfilled) = ids.get(rows.len()) {
            return Err(Error::Unfilled { row: unfilled.erase() });
        }
        let keys = if rows.len() > keys.len() { self.upcoming_keys::<M>(rows.len())? } else { keys };
        self.insert_batch(rows, keys, Mode::Checked)
    }

    /// Stores rows as they are, without refusing any: for tools that must look at data with flaws.
    ///
    /// A foreign key that names no row leaves the link unresolved: following it is [`Error::Unresolved`], and it is
    /// linked when a row with that key comes; those that wait for the same row join it in slot order, behind those of the
    /// statement that stores it.
    /// [`Database::check`] lists what is wrong. A unique key that is there twice finds the row in the lower slot;
    /// where the row that others refer to by it goes, they are linked to one that stays. A database with violations
    /// cannot be saved.
    pub fn insert_many_unchecked<M: Model>(&mut self, rows: impl Into<Vec<M>>) -> Result<Vec<Id<M>>, Error> {
        let rows = rows.into();
        let keys = self.upcoming_keys::<M>(rows.len())?;
        self.store.stored_unchecked = true;
        let (_, index) = self.store.writer::<M>(self.store.position::<M>()?);
        index.index.uniques.iter_mut().for_each(UniqueIndex::allow_repeats);
        self.insert_batch(rows, keys, Mode::Unchecked)
    }

    pub(crate) fn upcoming_keys<M: Model>(&self, count: usize) -> Result<Vec<DefaultKey>, Error> {
        self.table::<M>()?.rows.upcoming_keys(count).ok_or(Error::Full { model: M::NAME })
    }

    fn insert_batch<M: Model>(&mut self, rows: Vec<M>, keys: Vec<DefaultKey>, mode: Mode) -> Result<Vec<Id<M>>, Error> {
        let position = self.store.position::<M>()?;
        if mode != Mode::Unchecked
            && let Some(batch) = plan_batch(&self.store, position, &rows, &keys)
        {
            apply::insert_batch(&mut self.store, position, rows, &keys, batch);
            return Ok(keys.into_iter().map(Id::from_key).collect());
        }
        let (plan, faults) =
            plan_rows(&self.store, position, Pending::new_rows(&rows, &keys), mode, VIOLATIONS_KEPT_MAX);
        refuse_batch(rows.len(), faults)?;
        apply::insert(&mut self.store, position, rows, &keys, &plan);
        Ok(keys.into_iter().map(Id::from_key).collect())
    }
}
