//! A table that is read by names and values.

use std::fmt;

use super::error::DataError;
use super::exposure::Exposure;
use super::filter::{Filter, Where};
use super::found::Found;
use super::model::{AnyModel, Property, RelationName};
use super::relation::Asking;
use super::{expect_open, expect_row, row_id};
use crate::database::Database;
use crate::id::RowId;
use crate::integrity::removal::DeletePlan;
use crate::query::Explained;

/// A table that is read by names and values, see [`Database::data`].
#[derive(Clone, Copy)]
pub struct DataTable<'a> {
    database: &'a Database,
    model: &'static dyn AnyModel,
    exposure: Option<&'a Exposure>,
}

impl fmt::Debug for DataTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DataTable").field(&self.model).finish()
    }
}

impl<'a> DataTable<'a> {
    pub(super) fn new(database: &'a Database, model: &'static dyn AnyModel) -> Self {
        DataTable { database, model, exposure: None }
    }

    /// The same, with what is open to who asks.
    #[must_use]
    pub fn with(self, exposure: &'a Exposure) -> Self {
        DataTable { exposure: Some(exposure), ..self }
    }

    fn asking(&self) -> Result<Asking<'a>, DataError> {
        expect_open(self.database, self.model, self.exposure)?;
        Ok(Asking::new(self.exposure))
    }

    /// The rows that a filter asks for.
    ///
    /// Costs what the plan of the query costs, see [`DataTable::explain`], and O(1) for each row that is included, beside
    /// its scope. Names are looked up before a row is read: an unknown one is [`DataError::Filter`], whatever the rows are.
    pub fn find(&self, filter: &Filter) -> Result<Found<'a>, DataError> {
        let rows = self.model.find(self.database, filter, &self.asking()?)?;
        Ok(Found { database: self.database, rows })
    }

    /// The first row that a filter asks for, if there is one.
    pub fn find_one(&self, filter: &Filter) -> Result<Found<'a>, DataError> {
        let most = filter.limit().unwrap_or(1).min(1);
        self.find(&filter.clone().with_limit(most))
    }

    /// The row with this id, with the fields and inclusions of a filter; what else is in that is not looked at.
    /// [`DataError::NotFound`] where there is none.
    pub fn find_by_id(&self, row: RowId, filter: &Filter) -> Result<Found<'a>, DataError> {
        let asking = self.asking()?;
        self.expect_row(row)?;
        Ok(Found { database: self.database, rows: self.model.give(self.database, vec![row.key], filter, &asking)? })
    }

    /// The rows with these ids, in this order (behaviour R49): one that is not there is left out, one that is asked for
    /// twice comes twice. Of the filter fields and inclusions are looked at.
    pub fn find_by_ids(&self, rows: &[RowId], filter: &Filter) -> Result<Found<'a>, DataError> {
        let asking = self.asking()?;
        let is_there = |row: &&RowId| row.table == self.model.name() && self.model.contains(self.database, row.key);
        let keys = rows.iter().filter(is_there).map(|row| row.key).collect();
        Ok(Found { database: self.database, rows: self.model.give(self.database, keys, filter, &asking)? })
    }

    /// The rows to which a relation leads from a row, in the order of the relation unless the filter says another.
    pub fn related(&self, row: RowId, relation: &str, filter: &Filter) -> Result<Found<'a>, DataError> {
        let asking = self.asking()?;
        self.expect_row(row)?;
        let rows = self.model.related(self.database, row.key, relation, filter, &asking)?;
        Ok(Found { database: self.database, rows })
    }

    /// How many of the rows to which a relation leads meet conditions; a row that it leads to twice counts once.
    pub fn count_related(&self, row: RowId, relation: &str, condition: &Where) -> Result<usize, DataError> {
        if !self.is_replaced(relation) {
            self.asking()?;
            self.expect_row(row)?;
            let (keys, target) = self.model.related_keys(self.database, row.key, relation, self.exposure)?;
            return Ok(target.keys(self.database, Some(keys), condition, self.exposure)?.len());
        }
        self.related(row, relation, &Filter::new().with_where(condition.clone())).map(|found| found.len())
    }

    /// Whether a relation leads from a row to another.
    pub fn is_related(&self, row: RowId, relation: &str, other: RowId) -> Result<bool, DataError> {
        if !self.is_replaced(relation) {
            self.asking()?;
            self.expect_row(row)?;
            let (keys, target) = self.model.related_keys(self.database, row.key, relation, self.exposure)?;
            return Ok(other.table == target.name() && keys.contains(&other.key));
        }
        Ok(self.related(row, relation, &Filter::new())?.iter().any(|related| related.id() == other))
    }

    /// Whether a function finds the rows of a relation.
    fn is_replaced(&self, relation: &str) -> bool {
        self.exposure.is_some_and(|exposure| exposure.resolver(self.model.name(), relation).is_some())
    }

    /// How many rows meet conditions.
    pub fn count(&self, condition: &Where) -> Result<usize, DataError> {
        self.asking()?;
        self.model.count(self.database, condition, self.exposure)
    }

    /// Whether a row is there.
    pub fn exists(&self, row: RowId) -> bool {
        self.asking().is_ok() && self.expect_row(row).is_ok()
    }

    /// The plan by which [`find`](DataTable::find) gets at its rows.
    pub fn explain(&self, filter: &Filter) -> Result<Explained, DataError> {
        self.model.explain(self.database, filter, &self.asking()?)
    }

    /// The id of the row that a text names: of a model with a primary key of one field by that, of others by the id as text.
    ///
    /// [`DataError::NotFound`] for a key that no row has, and for an id that names none; [`DataError::Filter`] for a text that
    /// is neither.
    pub fn row_id(&self, text: &str) -> Result<RowId, DataError> {
        self.asking()?;
        row_id(self.database, self.model, text, self.exposure)
    }

    /// What would go and change if a row were deleted.
    pub fn plan_delete(&self, row: RowId) -> Result<DeletePlan, DataError> {
        self.asking()?;
        self.expect_row(row)?;
        self.model.plan_delete(self.database, row.key)
    }

    /// The properties that rows have outside, `id` first unless a field has that name.
    pub fn properties(&self) -> Vec<Property> {
        if self.asking().is_ok() { self.model.properties(self.exposure) } else { Vec::new() }
    }

    /// The relations that filters may go along.
    pub fn relations(&self) -> Vec<RelationName> {
        if self.asking().is_ok() { self.model.relations(self.exposure) } else { Vec::new() }
    }

    /// The models whose rows a filter reads beside those of this table: what it includes, and what its conditions go along.
    /// Each once; names that are not there are passed over.
    pub fn models_of(&self, filter: &Filter) -> Vec<&'static str> {
        let mut models = Vec::new();
        self.model.collect_models(filter, self.exposure, &mut models);
        models.sort_unstable();
        models.dedup();
        models
    }

    fn expect_row(&self, row: RowId) -> Result<(), DataError> {
        expect_row(self.database, self.model, row)
    }
}
