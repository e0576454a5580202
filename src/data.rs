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
mod table;
mod table_mut;
mod told;
mod value;
mod write;

use crate::database::Database;
use crate::id::RowId;
use crate::model::Model;
use crate::predicate::{Boxed, Predicate};
use crate::transaction::Transaction;

pub use error::{DataError, Fault, FaultCode};
pub use exposure::{Exposure, Resolved};
pub use filter::{Filter, Where};
pub use found::{Found, FoundRow};
pub use kind::Kind;
pub use model::{Gone, Property, RelationName};
pub use table::DataTable;
pub use table_mut::DataTableMut;
pub use value::Value;

pub(crate) use model::held_door_of;
use model::{AnyModel, Door};

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
        Ok(DataTable::new(self, self.door(model)?))
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
        Ok(DataTableMut::new(self, model))
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
