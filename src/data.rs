//! Rows, filters and writes by name: what an editor, a script or an HTTP client asks a database in which it knows no types.
//!
//! docs/data.md describes it for users. A filter is read from JSON or from a URL ([`Filter`]), looked up in a model and
//! made into the typed predicate of its fields, so that the same plans serve it. Rows come back with what was included
//! in them ([`Found`]), and are written from [`Value`]s through serde.
//!
//! Everything that asks by name goes through [`Database::data`] and [`Database::data_mut`]; there is no other door.

mod ask;
mod brackets;
mod condition;
mod error;
mod exposure;
mod field;
mod filter;
mod found;
mod kind;
mod model;
mod read;
mod relation;
mod told;
mod value;
mod write;

use std::fmt;

use slotmap::DefaultKey;

use crate::database::Database;
use crate::id::RowId;
use crate::integrity::removal::DeletePlan;
use crate::model::Model;
use crate::predicate::{Boxed, Predicate};
use crate::query::Explained;
use crate::schema::InverseKind;
use crate::transaction::Transaction;

pub use error::{DataError, Fault, FaultCode};
pub use exposure::{Exposure, Resolved};
pub use filter::{Filter, Where};
pub use found::{Found, FoundRow};
pub use kind::Kind;
pub use model::{Gone, Property, RelationName};
pub use value::Value;

pub(crate) use model::held_door_of;
use model::{AnyModel, Door, given_by_owner};
use relation::Asking;
use write::{Given, Write};

impl Database {
    /// The table of this name, to be read by names and values.
    ///
    /// ```
    /// use relata::data::Filter;
    /// use relata::{Database, Model};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Ship { name: String, crew: u32 }
    ///
    /// let mut db = Database::builder().model::<Ship>().build()?;
    /// db.insert_many([("Argo", 50), ("Fram", 16)].map(|(name, crew)| Ship { name: name.into(), crew }))?;
    /// let small = Filter::from_json(r#"{"where": {"crew": {"lt": 20}}, "fields": ["name"]}"#)?;
    /// assert_eq!(db.data("Ship")?.find(&small)?.to_json()?, r#"[{"name":"Fram"}]"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn data(&self, model: &str) -> Result<DataTable<'_>, DataError> {
        Ok(DataTable { database: self, model: self.door(model)?, exposure: None })
    }

    /// The table of this name, to be written by names and values.
    ///
    /// ```
    /// # use relata::{Database, Model}; use relata::data::Value; use serde::{Deserialize, Serialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { name: String, crew: u32 }
    /// # let mut db = Database::builder().model::<Ship>().build()?;
    /// let mut ships = db.data_mut("Ship")?;
    /// let argo = ships.create(&Value::from_json(r#"{"name": "Argo", "crew": 50}"#)?)?;
    /// ships.patch(argo, &Value::from_json(r#"{"crew": 49}"#)?)?;
    /// let refused = ships.create(&Value::from_json(r#"{"nmae": "Fram", "crew": "many"}"#)?).unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "/nmae: `Ship` has no property `nmae`; known are id, name, crew\n\
    ///      /name: must have required property 'name'\n\
    ///      /crew: invalid type: string \"many\", expected u32"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn data_mut(&mut self, model: &str) -> Result<DataTableMut<'_>, DataError> {
        let model = self.door(model)?;
        Ok(DataTableMut { database: self, model, exposure: None, owner: None })
    }

    fn door(&self, name: &str) -> Result<&'static dyn AnyModel, DataError> {
        let table = self.store.tables.iter().find(|table| table.name == name);
        let door = table.and_then(|table| table.rows.door().downcast_ref::<Door>());
        door.map(|door| door.0).ok_or_else(|| {
            let known = self.store.tables.iter().map(|table| table.name).collect();
            DataError::UnknownModel { name: name.to_owned(), known }
        })
    }
}

impl Transaction<'_> {
    /// As [`Database::data_mut`], to be taken back with the transaction.
    pub fn data_mut(&mut self, model: &str) -> Result<DataTableMut<'_>, DataError> {
        self.database.data_mut(model)
    }
}

impl Where {
    /// The typed predicate of these conditions, for a query of one's own.
    ///
    /// ```
    /// # use relata::{Database, Model}; use serde::{Deserialize, Serialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { name: String, crew: u32 }
    /// # let mut db = Database::builder().model::<Ship>().build()?;
    /// # db.insert(Ship { name: "Fram".into(), crew: 16 })?;
    /// use relata::data::Where;
    ///
    /// let small = Where::from_json(r#"{"crew": {"lt": 20}}"#)?.predicate::<Ship>()?;
    /// assert_eq!(db.query().filter(small).sum(Ship::FIELDS.crew)?, 16);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn predicate<M: Model>(&self) -> Result<Predicate<M, Boxed<M>>, DataError> {
        condition::predicate(self, None)
    }
}

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
        DataTable { database: self.database, model: self.model, exposure: self.exposure }
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
                return Err(error::Pointer::root().fault(FaultCode::Closed, message).into());
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
                Err(error::Pointer::root().fault(FaultCode::Closed, message).into())
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
            DataError::from(error::Pointer::root().fault(FaultCode::Closed, message))
        })?;
        expect_open(self.database, self.database.door(&links.table)?, self.exposure)?;
        Ok((owner, links))
    }

    /// The rows that meet conditions, the owner's alone if there is one.
    fn keys(&self, condition: &Where) -> Result<Vec<DefaultKey>, DataError> {
        self.expect_open()?;
        if condition.is_empty() {
            let message = "conditions are wanted; that every row is meant is said by `Where::all`";
            return Err(error::Pointer::based(&condition.path).fault(FaultCode::Required, message).into());
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

fn expect_open(database: &Database, model: &dyn AnyModel, exposure: Option<&Exposure>) -> Result<(), DataError> {
    let Some(exposure) = exposure else { return Ok(()) };
    if exposure.is_model_open(model.name()) {
        return Ok(());
    }
    let known = database.store.tables.iter().map(|table| table.name);
    let known = known.filter(|name| exposure.is_model_open(name)).collect();
    Err(DataError::UnknownModel { name: model.name().to_owned(), known })
}

fn expect_row(database: &Database, model: &dyn AnyModel, row: RowId) -> Result<(), DataError> {
    if row.table == model.name() && model.contains(database, row.key) { Ok(()) } else { Err(DataError::no_row(row)) }
}

fn row_id(
    database: &Database,
    model: &dyn AnyModel,
    text: &str,
    exposure: Option<&Exposure>,
) -> Result<RowId, DataError> {
    let key = model.key_of_text(database, text, exposure)?;
    if model.contains(database, key) {
        Ok(RowId { table: model.name(), key })
    } else {
        Err(DataError::not_found(model.name(), text))
    }
}
