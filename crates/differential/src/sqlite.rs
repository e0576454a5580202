//! SQLite's side: tables written from relata's own schema, and the statements on them.
//!
//! The integer that stands for a row's id is its primary key, the column `row`. `restrict` becomes `NO ACTION`, which
//! SQLite judges when the statement has ended, as relata judges `restrict`; SQLite's own `RESTRICT` acts in the middle
//! of it. Where checks are deferred `NO ACTION` waits for the commit and `restrict` does not, so that there each
//! statement is followed by a look at what it has left without a target, and taken back where a `restrict` forbids
//! that. Where keys are declared as deferred ([`Deferral::Declared`]), `restrict` is SQLite's.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use relata::{Action, RelationSchema, Schema, TableSchema};
use rusqlite::{Connection, ErrorCode, ffi, params_from_iter};

use crate::scenarios::FieldDefault;
use crate::value::Value;

/// How SQLite defers its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferral {
    /// `PRAGMA defer_foreign_keys` in those transactions that relata opens as deferred.
    ByTransaction,
    /// `DEFERRABLE INITIALLY DEFERRED` keys: every transaction defers.
    Declared,
}

/// Why SQLite refuses a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A unique key is taken.
    Unique,
    /// A foreign key would name no row.
    ForeignKey,
}

/// What a statement does to the rows that others refer to: which of their actions it sets off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// None.
    Adds,
    /// Rows go: `on_delete`.
    Deletes,
    /// This row changes: `on_update`.
    Changes {
        /// The position of its table.
        table: usize,
        /// Its integer.
        row: u32,
    },
}

/// A row of a table whose foreign key names no row: the table's and the relation's position, the row's integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dangling {
    /// The position of the table.
    pub table: usize,
    /// The row's integer.
    pub row: u32,
    /// The position of the relation.
    pub relation: usize,
}

/// The statements on one table.
#[derive(Debug)]
struct Statements {
    insert: String,
    values: String,
    /// What follows the values where a row with this primary key may be stored.
    upsert: String,
    update: String,
    delete: String,
    contents: String,
}

/// A database of SQLite in memory, with the tables of a schema.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    schema: Schema,
    deferral: Deferral,
    statements: Vec<Statements>,
    /// Whether the open transaction defers by pragma.
    defers: bool,
}

impl Sqlite {
    /// The tables of a schema, empty.
    pub fn new(schema: &Schema, deferral: Deferral, defaults: &[FieldDefault]) -> Self {
        let connection = Connection::open_in_memory().expect("memory can be opened");
        connection.set_prepared_statement_cache_capacity(256);
        let mut sql = String::from("PRAGMA foreign_keys = ON;\n");
        schema.tables.iter().for_each(|table| define(&mut sql, table, deferral, defaults));
        connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{error} in\n{sql}"));
        let statements = schema.tables.iter().map(statements).collect();
        Sqlite { connection, schema: schema.clone(), deferral, statements, defers: false }
    }

    /// Inserts rows by one statement, under integers from `first` on.
    pub fn insert(&mut self, table: usize, first: u32, rows: &[Vec<Value>]) -> Result<usize, Refusal> {
        let Statements { insert, values, .. } = &self.statements[table];
        let sql = format!("{insert} {}", vec![values.as_str(); rows.len()].join(", "));
        let values = (first..).zip(rows).flat_map(|(number, row)| with_number(number, row));
        self.statement(&sql, values, Effect::Adds)
    }

    /// Stores a row in the place of the one with its primary key, or inserts it under an integer. As no other key of
    /// such a table is referred to, `on_update` is not set off.
    pub fn upsert(&mut self, table: usize, number: u32, row: &[Value]) -> Result<usize, Refusal> {
        let Statements { insert, values, upsert, .. } = &self.statements[table];
        let sql = format!("{insert} {values} {upsert}");
        self.statement(&sql, with_number(number, row), Effect::Adds)
    }

    /// Replaces a row.
    pub fn update(&mut self, table: usize, row: u32, values: &[Value]) -> Result<usize, Refusal> {
        let sql = self.statements[table].update.clone();
        self.statement(&sql, with_number(row, values), Effect::Changes { table, row })
    }

    /// Deletes a row.
    pub fn delete(&mut self, table: usize, row: u32) -> Result<usize, Refusal> {
        let sql = self.statements[table].delete.clone();
        self.statement(&sql, [Value::Id(row)], Effect::Deletes)
    }

    /// Deletes the rows that refer to a row over a relation.
    pub fn delete_all(&mut self, table: usize, relation: &str, owner: u32) -> Result<usize, Refusal> {
        let TableSchema { name, relations, .. } = &self.schema.tables[table];
        let relation = relations.iter().find(|known| known.name == relation).expect("the scenario names its relations");
        let RelationSchema { fields, target, .. } = relation;
        let to = target_fields(relation).join(", ");
        let from = fields.join(", ");
        let sql = format!("DELETE FROM {name} WHERE ({from}) = (SELECT {to} FROM {target} WHERE row = ?)");
        self.statement(&sql, [Value::Id(owner)], Effect::Deletes)
    }

    /// Opens a transaction.
    pub fn begin(&mut self, deferred: bool) {
        self.run("BEGIN").expect("no transaction is open");
        self.defers = deferred && self.deferral == Deferral::ByTransaction;
        if self.defers {
            self.run("PRAGMA defer_foreign_keys = ON").expect("the pragma is known");
        }
    }

    /// Commits the transaction, unless keys name no row: then it stays open.
    pub fn commit(&mut self) -> Result<(), Refusal> {
        self.run("COMMIT")?;
        self.defers = false;
        Ok(())
    }

    /// Rolls the transaction back.
    pub fn rollback(&mut self) {
        self.run("ROLLBACK").expect("a transaction is open");
        self.defers = false;
    }

    /// Opens a savepoint; its depth is its name.
    pub fn savepoint(&mut self, depth: usize) {
        self.run(&format!("SAVEPOINT depth{depth}")).expect("a transaction is open");
    }

    /// Leaves what was written since a savepoint to the transaction.
    pub fn release(&mut self, depth: usize) {
        self.run(&format!("RELEASE depth{depth}")).expect("the savepoint is open");
    }

    /// Takes back what was written since a savepoint.
    pub fn rollback_to(&mut self, depth: usize) {
        self.run(&format!("ROLLBACK TO depth{depth}")).expect("the savepoint is open");
        self.release(depth);
    }

    /// All rows of a table by their integers, one a line, as [`line()`] writes them.
    pub fn contents(&self, table: usize) -> String {
        let mut statement =
            self.connection.prepare_cached(&self.statements[table].contents).expect("it was written here");
        statement.query_row([], |row| row.get::<_, Option<String>>(0)).expect("a table can be read").unwrap_or_default()
    }

    /// The foreign keys that name no row.
    pub fn dangling(&self) -> BTreeSet<Dangling> {
        let mut statement = self.connection.prepare_cached("PRAGMA foreign_key_check").expect("the pragma is known");
        let rows = statement.query_map([], |row| {
            let name: String = row.get(0)?;
            let table = self.schema.tables.iter().position(|table| table.name == name).expect("a table of the schema");
            // SQLite counts the keys of a table from the last one declared.
            let from_last: u32 = row.get(3)?;
            let relation = self.schema.tables[table].relations.len() - 1 - from_last as usize;
            Ok(Dangling { table, row: row.get(1)?, relation })
        });
        rows.and_then(Iterator::collect).expect("the pragma gives rows")
    }

    /// Carries a statement out, and takes it back where it breaks a `restrict` that SQLite was not told of.
    fn statement(
        &mut self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
        effect: Effect,
    ) -> Result<usize, Refusal> {
        if !self.defers || effect == Effect::Adds {
            return self.execute(sql, values);
        }
        let before = self.dangling();
        self.run("SAVEPOINT statement").expect("a transaction is open");
        let mut result = self.execute(sql, values);
        if result.is_ok() && self.dangling().difference(&before).any(|dangling| self.is_restricted(*dangling, effect)) {
            self.run("ROLLBACK TO statement").expect("the savepoint is open");
            result = Err(Refusal::ForeignKey);
        }
        self.run("RELEASE statement").expect("the savepoint is open");
        result
    }

    /// Whether a key may not lose its row by a statement of this effect, not even until the commit.
    fn is_restricted(&self, dangling: Dangling, effect: Effect) -> bool {
        let relation = &self.schema.tables[dangling.table].relations[dangling.relation];
        match effect {
            Effect::Adds => false,
            Effect::Deletes => relation.on_delete == Action::Restrict,
            // The row itself has been given the key that it has.
            Effect::Changes { table, row } if (table, row) == (dangling.table, dangling.row) => false,
            Effect::Changes { .. } => relation.on_update == Action::Restrict,
        }
    }

    fn run(&self, sql: &str) -> Result<usize, Refusal> {
        self.execute(sql, [])
    }

    fn execute(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<usize, Refusal> {
        // Whether checks are deferred is compiled into a statement: one of the other kind must not be used.
        let sql = if self.defers { format!("{sql} /* deferred */") } else { sql.to_owned() };
        let mut statement = self.connection.prepare_cached(&sql).unwrap_or_else(|error| panic!("{error} in {sql}"));
        match statement.execute(params_from_iter(values)) {
            Ok(rows) => Ok(rows),
            Err(rusqlite::Error::SqliteFailure(error, _)) if error.code == ErrorCode::ConstraintViolation => {
                match error.extended_code {
                    ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => Err(Refusal::Unique),
                    // A RESTRICT is carried out by a trigger.
                    ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER => Err(Refusal::ForeignKey),
                    other => panic!("constraint {other} in {sql}"),
                }
            }
            Err(other) => panic!("{other} in {sql}"),
        }
    }
}

/// A row as a line of text: its integer and its values.
pub fn line(number: u32, values: &[Value]) -> String {
    let mut line = number.to_string();
    for value in values {
        let _ = write!(line, "|{value}");
    }
    line
}

fn with_number(number: u32, values: &[Value]) -> impl Iterator<Item = Value> {
    std::iter::once(Value::Id(number)).chain(values.iter().cloned())
}

fn target_fields(relation: &RelationSchema) -> Vec<&str> {
    if relation.target_fields.is_empty() {
        vec!["row"]
    } else {
        relation.target_fields.iter().map(String::as_str).collect()
    }
}

/// Writes the definition of a table.
fn define(sql: &mut String, table: &TableSchema, deferral: Deferral, defaults: &[FieldDefault]) {
    let mut parts = vec!["row INTEGER PRIMARY KEY".to_owned()];
    for field in &table.fields {
        let is_id = table
            .relations
            .iter()
            .any(|relation| relation.fields == [field.name.as_str()] && relation.target_fields.is_empty());
        let null = if field.type_name.starts_with("Option") { "" } else { " NOT NULL" };
        let default = defaults.iter().find(|known| known.table == table.name && known.field == field.name);
        let default = default.map_or(String::new(), |known| format!(" DEFAULT '{}'", known.value));
        parts.push(format!("{} {}{null}{default}", field.name, if is_id { "INTEGER" } else { "TEXT" }));
    }
    parts.extend(table.uniques.iter().map(|unique| format!("UNIQUE ({})", unique.fields.join(", "))));
    for relation in &table.relations {
        parts.push(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}{}",
            relation.fields.join(", "),
            relation.target,
            target_fields(relation).join(", "),
            action(relation.on_delete, deferral),
            action(relation.on_update, deferral),
            if relation.deferred || deferral == Deferral::Declared { " DEFERRABLE INITIALLY DEFERRED" } else { "" }
        ));
    }
    let _ = writeln!(sql, "CREATE TABLE {} (\n  {}\n);", table.name, parts.join(",\n  "));
}

/// What SQLite calls an action.
fn action(action: Action, deferral: Deferral) -> &'static str {
    match action {
        Action::Restrict if deferral == Deferral::Declared => "RESTRICT",
        Action::Restrict | Action::NoAction => "NO ACTION",
        Action::Cascade => "CASCADE",
        Action::SetNull => "SET NULL",
        Action::SetDefault => "SET DEFAULT",
    }
}

fn statements(table: &TableSchema) -> Statements {
    let name = &table.name;
    let fields: Vec<&str> = table.fields.iter().map(|field| field.name.as_str()).collect();
    let list = fields.join(", ");
    let marks: Vec<String> = (2..fields.len() + 2).map(|place| format!("?{place}")).collect();
    let shown: Vec<String> = fields.iter().map(|field| format!("coalesce({field}, 'null')")).collect();
    Statements {
        insert: format!("INSERT INTO {name} (row, {list}) VALUES"),
        values: format!("({})", vec!["?"; fields.len() + 1].join(", ")),
        upsert: table.primary_key.map_or_else(String::new, |key| {
            let new: Vec<String> = fields.iter().map(|field| format!("excluded.{field}")).collect();
            let key = table.uniques[key].fields.join(", ");
            format!("ON CONFLICT ({key}) DO UPDATE SET ({list}) = ({})", new.join(", "))
        }),
        update: format!("UPDATE {name} SET ({list}) = ({}) WHERE row = ?1", marks.join(", ")),
        delete: format!("DELETE FROM {name} WHERE row = ?"),
        contents: format!(
            "SELECT group_concat(concat_ws('|', row, {}), char(10) ORDER BY row) FROM {name}",
            shown.join(", ")
        ),
    }
}
