//! The schemas on which both stores are compared, each around one thing that can go wrong.

mod chain;
mod composite;
mod cycle;
mod deferred;
mod diamond;
mod followed;
mod ids;
mod inherited;
mod itself;
mod natural;
mod own;

use relata::{Database, Error, Id, Inverse};
use slotmap::DefaultKey;

use crate::sqlite::Deferral;
use crate::store::{Table, Writer, write};

/// A schema, and what is done on it beside the statements that every table has.
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// How SQLite defers.
    pub deferral: Deferral,
    /// Its tables.
    pub tables: &'static [&'static dyn Table],
    /// Relations of which all sources are deleted by one statement.
    pub delete_all: &'static [DeleteAll],
    /// What `set_default` gives to the fields.
    pub defaults: &'static [FieldDefault],
}

/// The default of a field, as the scenario's models say it: the schema does not.
pub struct FieldDefault {
    /// The table's name.
    pub table: &'static str,
    /// The field's name.
    pub field: &'static str,
    /// Its default.
    pub value: &'static str,
}

/// A relation of which all sources of an owner are deleted by one statement.
pub struct DeleteAll {
    /// The position of the table of the sources.
    pub source: usize,
    /// The relation's name.
    pub relation: &'static str,
    /// The position of the table of the owners.
    pub owner: usize,
    /// Deletes them.
    pub run: fn(&mut Writer<'_, '_>, DefaultKey) -> Result<usize, Error>,
}

impl Scenario {
    /// An empty database of this schema.
    pub fn database(&self) -> Database {
        let register = |builder, table: &&dyn Table| table.register(builder);
        self.tables.iter().fold(Database::builder(), register).build().expect("the scenario's models fit together")
    }
}

/// All of them.
pub static SCENARIOS: &[Scenario] = &[
    ids::SCENARIO,
    natural::SCENARIO,
    composite::SCENARIO,
    own::SCENARIO,
    diamond::SCENARIO,
    cycle::SCENARIO,
    chain::SCENARIO,
    followed::SCENARIO,
    inherited::SCENARIO,
    itself::SCENARIO,
    deferred::SCENARIO,
];

/// Deletes the sources of an owner.
fn delete_all<I: Inverse>(writer: &mut Writer<'_, '_>, relation: I, owner: DefaultKey) -> Result<usize, Error> {
    write!(writer, delete_all(Id::from_key(owner), relation))
}
