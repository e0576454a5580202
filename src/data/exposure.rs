//! Who may ask what: which models, fields and relations are open to those who ask by name, and who finds related rows.

use std::fmt;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::error::{DataError, FaultCode, Pointer};
use crate::database::Database;
use crate::id::RowId;
use crate::schema::{Schema, TableSchema};

/// What is given for each of the rows that a relation starts from.
pub type Resolved = Result<Vec<Vec<RowId>>, DataError>;

type Resolver = Arc<dyn Fn(&Database, &[RowId]) -> Resolved + Send + Sync>;

/// What of a database is open to filters and writes by name, and functions in the place of relations.
///
/// Everything is open until it is closed. What is closed is as if it were not there: its name is in no list of known ones.
/// The rules hold for reading and for writing: [`DataTable::with`](super::DataTable::with),
/// [`DataTableMut::with`](super::DataTableMut::with).
///
/// ```
/// # use relata::{Database, Id, Model}; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Customer { name: String, password_hash: String }
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Order { #[model(belongs_to)] customer_id: Id<Customer> }
/// # let mut db = Database::builder().model::<Customer>().model::<Order>().build()?;
/// use relata::data::{Exposure, Filter};
///
/// let exposure = Exposure::new(db.schema()).hide("Customer", "password_hash")?.close("Order", "customer")?;
/// let refused = db.data("Order")?.with(&exposure).find(&Filter::from_json(r#"{"include": ["customer"]}"#)?).unwrap_err();
/// assert_eq!(refused.to_string(), "/include/0: `Order` has no relation `customer`; known are none");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Exposure {
    schema: Arc<Schema>,
    closed_models: HashSet<String>,
    hidden: HashSet<(String, String)>,
    closed: HashSet<(String, String)>,
    resolvers: HashMap<(String, String), Resolver>,
    included_rows_max: usize,
}

impl fmt::Debug for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Exposure");
        debug.field("closed_models", &self.closed_models).field("hidden", &self.hidden).field("closed", &self.closed);
        debug.field("resolvers", &self.resolvers.keys()).field("included_rows_max", &self.included_rows_max);
        debug.finish_non_exhaustive()
    }
}

/// How many rows are included in one answer, unless more is said.
pub(crate) const INCLUDED_ROWS_MAX: usize = 1_000_000;

fn pair(model: &str, member: &str) -> (String, String) {
    (model.to_owned(), member.to_owned())
}

impl Exposure {
    /// Everything is open.
    pub fn new(schema: &Schema) -> Self {
        Exposure {
            schema: Arc::new(schema.clone()),
            closed_models: HashSet::new(),
            hidden: HashSet::new(),
            closed: HashSet::new(),
            resolvers: HashMap::new(),
            included_rows_max: INCLUDED_ROWS_MAX,
        }
    }

    /// Closes a model and every relation to it: filters, writes and messages treat it as if it did not exist.
    ///
    /// Like the other methods here it returns an error if there is no model, field or relation of that name.
    pub fn close_model(mut self, model: &str) -> Result<Self, DataError> {
        let table = self.table(model)?.name.clone();
        self.closed_models.insert(table);
        Ok(self)
    }

    /// Hides a field, by its name outside: it is not read, not asked for, not ordered by and not written. A write leaves
    /// its value as it is; a new row must have a default for it.
    pub fn hide(mut self, model: &str, field: &str) -> Result<Self, DataError> {
        let table = self.table(model)?;
        let known = table.fields.iter().map(|known| &*known.external_name);
        if !known.clone().any(|known| known == field) {
            return Err(unknown(model, "property", FaultCode::UnknownProperty, field, known));
        }
        self.hidden.insert(pair(model, field));
        Ok(self)
    }

    /// Closes a relation: it is not included, and no condition goes along it. Its foreign key is a field like others, and is
    /// [hidden](Exposure::hide) by itself.
    pub fn close(mut self, model: &str, relation: &str) -> Result<Self, DataError> {
        self.expect_relation(model, relation)?;
        self.closed.insert(pair(model, relation));
        Ok(self)
    }

    /// Opens a relation again, and takes a function that stood in its place away.
    pub fn open(mut self, model: &str, relation: &str) -> Result<Self, DataError> {
        self.expect_relation(model, relation)?;
        self.closed.remove(&pair(model, relation));
        self.resolvers.remove(&pair(model, relation));
        Ok(self)
    }

    /// Has a function find the rows of a relation: it is given the rows that are asked about, and gives for each the ids of
    /// related rows, in order. The scope of an inclusion applies to what it gives.
    ///
    /// Its answer is checked when it comes: one list for each row, ids of stored rows of the relation's model, of a relation to
    /// one row at most one. What is wrong with it is an [`Error`](crate::Error), and nothing is given. No condition goes along
    /// such a relation: what is included and what is asked for must not differ.
    pub fn replace(
        mut self,
        model: &str,
        relation: &str,
        resolver: impl Fn(&Database, &[RowId]) -> Resolved + Send + Sync + 'static,
    ) -> Result<Self, DataError> {
        self.expect_relation(model, relation)?;
        self.resolvers.insert(pair(model, relation), Arc::new(resolver));
        Ok(self)
    }

    /// The most rows that one answer includes, of all relations together; a million unless it is set.
    #[must_use]
    pub fn with_included_rows_max(self, rows: usize) -> Self {
        Exposure { included_rows_max: rows, ..self }
    }

    fn table(&self, model: &str) -> Result<&TableSchema, DataError> {
        self.schema.table(model).ok_or_else(|| {
            let known = self.schema.tables.iter().map(|table| &*table.name);
            unknown("the schema", "model", FaultCode::UnknownWord, model, known)
        })
    }

    fn expect_relation(&self, model: &str, relation: &str) -> Result<(), DataError> {
        let table = self.table(model)?;
        let relations = table.relations.iter().map(|relation| &*relation.name);
        let known = relations.chain(table.inverses.iter().map(|inverse| &*inverse.name));
        if known.clone().any(|known| known == relation) {
            return Ok(());
        }
        Err(unknown(model, "relation", FaultCode::UnknownRelation, relation, known))
    }

    /// Whether a relation is open, and the model that it leads to, and the fields that hold its key.
    pub fn shows(&self, model: &str, relation: &str) -> bool {
        let Some(table) = self.schema.table(model) else { return false };
        if let Some(own) = table.relations.iter().find(|own| own.name == relation) {
            let is_open = |name: &String| {
                let field = table.fields.iter().find(|field| field.name == *name);
                field.is_none_or(|field| self.is_field_open(model, &field.external_name))
            };
            return self.is_relation_open(model, relation, &own.target) && own.fields.iter().all(is_open);
        }
        let inverse = table.inverses.iter().find(|inverse| inverse.name == relation);
        inverse.is_some_and(|inverse| self.is_relation_open(model, relation, &inverse.source))
    }

    /// Whether any field is hidden.
    pub fn hides_fields(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Whether a model is open.
    pub fn is_open(&self, model: &str) -> bool {
        self.is_model_open(model)
    }

    pub(crate) fn is_model_open(&self, model: &str) -> bool {
        !self.closed_models.contains(model)
    }

    /// Whether a field, by its name outside, is open.
    pub fn is_field_open(&self, model: &str, field: &str) -> bool {
        self.hidden.is_empty() || !self.hidden.contains(&pair(model, field))
    }

    pub(crate) fn is_relation_open(&self, model: &str, relation: &str, target: &str) -> bool {
        self.is_model_open(target) && (self.closed.is_empty() || !self.closed.contains(&pair(model, relation)))
    }

    pub(crate) fn resolver(&self, model: &str, relation: &str) -> Option<&Resolver> {
        if self.resolvers.is_empty() { None } else { self.resolvers.get(&pair(model, relation)) }
    }

    pub(crate) fn included_rows_max(&self) -> usize {
        self.included_rows_max
    }
}

fn unknown<'n>(
    owner: &str,
    what: &str,
    code: FaultCode,
    name: &str,
    known: impl Iterator<Item = &'n str>,
) -> DataError {
    let message = format!("`{owner}` has no {what} `{name}`");
    Pointer::root().unknown(code, message, known).into()
}
