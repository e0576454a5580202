//! A table that is written by names and values, or the rows of one owner.

use std::fmt;

use slotmap::DefaultKey;

use super::error::{DataError, FaultCode, Pointer};
use super::exposure::Exposure;
use super::filter::Where;
use super::model::{AnyModel, Gone, given_by_owner};
use super::table::DataTable;
use super::value::Value;
use super::write::{Given, Write};
use super::{expect_open, expect_row};
use crate::database::Database;
use crate::id::RowId;
use crate::schema::InverseKind;

/// A table that is written by names and values, see [`Database::data_mut`]; or the rows of one owner, see
/// [`DataTableMut::of`].
pub struct DataTableMut<'a> {
    database: &'a mut Database,
    model: &'static dyn AnyModel,
    exposure: Option<&'a Exposure>,
    owner: Option<OwnedBy>,
}

/// Through which row others are written.
struct OwnedBy {
    row: RowId,
    model: &'static dyn AnyModel,
    relation: String,
}

impl fmt::Debug for DataTableMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DataTableMut").field(&self.model).finish()
    }
}

impl<'a> DataTableMut<'a> {
    pub(super) fn new(database: &'a mut Database, model: &'static dyn AnyModel) -> Self {
        DataTableMut { database, model, exposure: None, owner: None }
    }

    /// The same, with what is open to who asks.
    #[must_use]
    pub fn with(self, exposure: &'a Exposure) -> Self {
        DataTableMut { exposure: Some(exposure), ..self }
    }

    /// The rows to which a relation leads from a row, to be written through that: new rows get its key, and no other rows
    /// are touched (behaviours R15 to R20).
    ///
    /// ```
    /// # use relata::{Database, Id, Model}; use relata::data::{Value, Where}; use serde::{Deserialize, Serialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] #[model(has_many(orders: Order))] struct Customer { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Order { total: u32, #[model(belongs_to)] customer_id: Id<Customer> }
    /// # let mut db = Database::builder().model::<Customer>().model::<Order>().build()?;
    /// let thor = db.insert(Customer { name: "Thor".into() })?.erase();
    /// let mut orders = db.data_mut("Customer")?.of(thor, "orders")?;
    /// orders.create(&Value::from_json(r#"{"total": 5}"#)?)?;
    /// assert_eq!(orders.patch_all(&Where::all(), &Value::from_json(r#"{"total": 6}"#)?)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(self, row: RowId, relation: &str) -> Result<Self, DataError> {
        expect_open(self.database, self.model, self.exposure)?;
        expect_row(self.database, self.model, row)?;
        let (_, target) = self.model.related_keys(self.database, row.key, relation, self.exposure)?;
        let owner = OwnedBy { row, model: self.model, relation: relation.to_owned() };
        Ok(DataTableMut { model: target, owner: Some(owner), ..self })
    }

    /// The table, to be read; of an owner's rows all of the table.
    pub fn read(&self) -> DataTable<'_> {
        let table = DataTable::new(self.database, self.model);
        match self.exposure {
            Some(exposure) => table.with(exposure),
            None => table,
        }
    }

    fn expect_open(&self) -> Result<(), DataError> {
        if let (Some(owner), Some(exposure)) = (&self.owner, self.exposure) {
            expect_open(self.database, owner.model, self.exposure)?;
            if !exposure.is_relation_open(owner.model.name(), &owner.relation, self.model.name()) {
                // It says that there is no such relation.
                self.own()?;
            }
            if exposure.resolver(owner.model.name(), &owner.relation).is_some() {
                let message = format!("a function finds the rows of `{}`: none is written through it", owner.relation);
                return Err(Pointer::root().fault(FaultCode::Closed, message).into());
            }
        }
        expect_open(self.database, self.model, self.exposure)
    }

    /// The foreign keys to the owner; `None` without an owner.
    fn given(&self) -> Result<Vec<Given>, DataError> {
        let Some(owner) = &self.owner else { return Ok(Vec::new()) };
        let schema = self.database.schema();
        let table = schema.table(owner.row.table);
        let inverse = table.and_then(|table| table.inverses.iter().find(|inverse| inverse.name == owner.relation));
        match inverse {
            Some(inverse) if !matches!(inverse.kind, InverseKind::HasManyThrough { .. }) => {
                given_by_owner(self.database, owner.row, owner.model, &inverse.source, &inverse.relation)
            }
            _ => {
                let message = format!("`{}`.{} is no has_many and no has_one", owner.row.table, owner.relation);
                Err(Pointer::root().fault(FaultCode::Closed, message).into())
            }
        }
    }

    fn write(&mut self) -> Result<(&'static dyn AnyModel, Write<'_>), DataError> {
        self.expect_open()?;
        let given = self.given()?;
        Ok((self.model, Write { database: self.database, exposure: self.exposure, given }))
    }

    /// Stores a row.
    pub fn create(&mut self, value: &Value<'_>) -> Result<RowId, DataError> {
        let keys = self.create_many(std::slice::from_ref(value))?;
        keys.first().copied().ok_or_else(|| DataError::not_found(self.model.name(), "none"))
    }

    /// Stores rows, all or none.
    ///
    /// Errors: [`DataError::Invalid`] with every fault of every row that was found; [`DataError::Store`] for what the store
    /// refuses.
    pub fn create_many(&mut self, values: &[Value<'_>]) -> Result<Vec<RowId>, DataError> {
        let table = self.model.name();
        let (model, write) = self.write()?;
        Ok(model.insert(write, values)?.into_iter().map(|key| RowId { table, key }).collect())
    }

    /// Changes what is named of a row, and nothing else.
    pub fn patch(&mut self, row: RowId, value: &Value<'_>) -> Result<(), DataError> {
        self.expect_own(row)?;
        let (model, write) = self.write()?;
        model.patch(write, &[row.key], value)
    }

    /// The same for the rows that meet conditions, all or none; how many these are. Refused for conditions that are
    /// [empty](Where::is_empty).
    pub fn patch_all(&mut self, condition: &Where, value: &Value<'_>) -> Result<usize, DataError> {
        let keys = self.keys(condition)?;
        let (model, write) = self.write()?;
        model.patch(write, &keys, value)?;
        Ok(keys.len())
    }

    /// Stores a row in the place of another: what it leaves out has its default, or is missing.
    pub fn replace(&mut self, row: RowId, value: &Value<'_>) -> Result<(), DataError> {
        self.expect_own(row)?;
        let (model, write) = self.write()?;
        model.replace(write, row.key, value)
    }

    /// Stores a row in the place of the one with its primary key, or as a new one: LoopBack's `replaceOrCreate`. Refused for a
    /// model without a primary key. Through an owner it does not take another owner's row.
    pub fn replace_or_create(&mut self, value: &Value<'_>) -> Result<RowId, DataError> {
        let table = self.model.name();
        let own = self.own()?;
        let (model, write) = self.write()?;
        Ok(RowId { table, key: model.replace_or_create(write, own.as_deref(), value)? })
    }

    /// Removes a row, with what its removal takes along.
    pub fn delete(&mut self, row: RowId) -> Result<Gone, DataError> {
        self.expect_own(row)?;
        self.expect_open()?;
        self.given()?;
        self.model.delete(self.database, &[row.key])
    }

    /// The same for the rows that meet conditions, as one statement. Refused for conditions that are
    /// [empty](Where::is_empty).
    pub fn delete_all(&mut self, condition: &Where) -> Result<Gone, DataError> {
        self.given()?;
        let keys = self.keys(condition)?;
        if keys.is_empty() {
            return Ok(Gone::default());
        }
        self.model.delete(self.database, &keys)
    }

    /// Links the owner's row to another over a relation through links, with what else a link has; linking twice keeps one.
    /// Says which row the link is.
    pub fn link(&mut self, target: RowId, link: &Value<'_>) -> Result<RowId, DataError> {
        let (owner, links) = self.links()?;
        expect_row(self.database, self.model, target)?;
        let Links { table, near, far } = links;
        let model = self.database.door(&table)?;
        let mut given = given_by_owner(self.database, owner.row, owner.model, &table, &near)?;
        given.extend(given_by_owner(self.database, target, self.model, &table, &far)?);
        let name = model.name();
        let stored = self.database.find_linked(model, &given)?;
        if let Some(key) = stored {
            return Ok(RowId { table: name, key });
        }
        let write = Write { database: self.database, exposure: self.exposure, given };
        let keys = model.insert(write, std::slice::from_ref(link))?;
        let key = keys.first().copied().ok_or_else(|| DataError::not_found(name, "none"))?;
        Ok(RowId { table: name, key })
    }

    /// Takes the link to a row away, if there is one.
    pub fn unlink(&mut self, target: RowId) -> Result<(), DataError> {
        let (owner, _) = self.links()?;
        let (model, row, relation) = (owner.model, owner.row, owner.relation.clone());
        expect_row(self.database, self.model, target)?;
        model.unlink(self.database, row.key, &relation, target.key)
    }

    fn links(&self) -> Result<(&OwnedBy, Links), DataError> {
        self.expect_open()?;
        let owner = self.owner.as_ref();
        let found = owner.and_then(|owner| {
            let table = self.database.schema().table(owner.row.table)?;
            let inverse = table.inverses.iter().find(|inverse| inverse.name == owner.relation)?;
            let InverseKind::HasManyThrough { to } = &inverse.kind else { return None };
            let links = Links { table: inverse.source.clone(), near: inverse.relation.clone(), far: to.clone() };
            Some((owner, links))
        });
        let (owner, links) = found.ok_or_else(|| {
            let message = "links are made through an owner, over a relation that leads through them";
            DataError::from(Pointer::root().fault(FaultCode::Closed, message))
        })?;
        expect_open(self.database, self.database.door(&links.table)?, self.exposure)?;
        Ok((owner, links))
    }

    /// The rows that meet conditions, the owner's alone if there is one.
    fn keys(&self, condition: &Where) -> Result<Vec<DefaultKey>, DataError> {
        self.expect_open()?;
        if condition.is_empty() {
            let message = "conditions are wanted; that every row is meant is said by `Where::all`";
            return Err(Pointer::based(&condition.path).fault(FaultCode::Required, message).into());
        }
        self.model.keys(self.database, self.own()?, condition, self.exposure)
    }

    /// The owner's rows, if there is one.
    fn own(&self) -> Result<Option<Vec<DefaultKey>>, DataError> {
        let Some(owner) = &self.owner else { return Ok(None) };
        let (keys, _) = owner.model.related_keys(self.database, owner.row.key, &owner.relation, self.exposure)?;
        Ok(Some(keys))
    }

    /// Refuses a row that is not there, or another owner's (behaviour R17).
    fn expect_own(&self, row: RowId) -> Result<(), DataError> {
        expect_row(self.database, self.model, row)?;
        match self.own()? {
            Some(own) if !own.contains(&row.key) => Err(DataError::no_row(row)),
            _ => Ok(()),
        }
    }
}

/// The link model of a relation, and its two relations.
struct Links {
    table: String,
    near: String,
    far: String,
}

impl Database {
    /// The link with these keys, if it is there.
    fn find_linked(&self, links: &dyn AnyModel, given: &[Given]) -> Result<Option<DefaultKey>, DataError> {
        let keys = given.iter().map(|given| (given.field.clone().into(), given.value.clone()));
        let condition = Where { value: Value::Map(keys.collect()), is_all: false, ..Where::all() };
        Ok(links.keys(self, None, &condition, None)?.first().copied())
    }
}
