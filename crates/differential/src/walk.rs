//! One walk: random operations on an empty database of each store, compared after each.
//!
//! Compared are: whether the operation is accepted and, of an insert, by which kind of rule it is refused; all rows of
//! all tables; how many rows a delete says that it has taken; in deferred transactions the standing violations; outside
//! of them `check()`, which proves relata's indexes against its rows. Tables are kept small, so that keys meet often.

use std::collections::{BTreeMap, BTreeSet};

use relata::{Action, Database, Error, RelationSchema, Schema, Transaction};

use crate::random::Random;
use crate::scenarios::{DeleteAll, Scenario};
use crate::sqlite::{Dangling, Deferral, Refusal, Sqlite, line};
use crate::store::Writer;
use crate::value::{Ids, Value};

/// From how many rows on a table is rather deleted from than inserted into.
const ROWS_FULL: usize = 14;
/// How deep savepoints go.
const DEPTH_MAX: usize = 4;

/// What differs, in words.
type Step<T = ()> = Result<T, String>;

/// The state of a walk.
pub(crate) struct Walk<'s> {
    scenario: &'s Scenario,
    pub(crate) schema: Schema,
    pub(crate) random: Random,
    sqlite: Sqlite,
    pub(crate) ids: Ids,
    /// The rows of each table by their integers, as both stores had them after the last operation.
    pub(crate) rows: Vec<Vec<(u32, Vec<Value>)>>,
    /// Reserved ids without a row, as the table's position and the integer.
    pub(crate) reserved: Vec<(usize, u32)>,
    /// Whether the open transaction defers its checks.
    deferred: bool,
    left: usize,
    /// What was done, and what came of it.
    pub(crate) trace: Vec<String>,
    /// Of each kind of operation that can be refused, how many were accepted and how many refused.
    pub(crate) counts: Counts,
}

/// Of each kind of operation, how many were accepted and how many refused.
pub(crate) type Counts = BTreeMap<&'static str, (usize, usize)>;

impl<'s> Walk<'s> {
    pub(crate) fn new(scenario: &'s Scenario, seed: u64) -> Self {
        let schema = scenario.database().schema().clone();
        Walk {
            scenario,
            random: Random::new(seed),
            sqlite: Sqlite::new(&schema, scenario.deferral, scenario.defaults),
            ids: Ids::default(),
            rows: vec![Vec::new(); schema.tables.len()],
            schema,
            reserved: Vec::new(),
            deferred: false,
            left: 0,
            trace: Vec::new(),
            counts: Counts::new(),
        }
    }

    /// Takes so many operations, or ends at the first that the stores disagree on.
    pub(crate) fn run(&mut self, operations: usize) -> Step {
        self.left = operations;
        let mut database = self.scenario.database();
        while self.spend() {
            if self.random.chance(8) {
                self.transaction(&mut database)?;
            } else {
                self.statement(&mut Writer::Alone(&mut database))?;
            }
            // Here no violations stand: every index agrees with the rows.
            database.check().map_err(|faults| format!("check: {faults:?}"))?;
        }
        Ok(())
    }

    /// Counts an operation, if there is one left.
    fn spend(&mut self) -> bool {
        let some = self.left > 0;
        self.left -= usize::from(some);
        some
    }

    fn count(&mut self, kind: &'static str, accepted: bool) {
        let (yes, no) = self.counts.entry(kind).or_default();
        *(if accepted { yes } else { no }) += 1;
    }

    fn note(&mut self, what: impl Into<String>) {
        self.trace.push(what.into());
    }

    fn transaction(&mut self, database: &mut Database) -> Step {
        self.deferred = self.scenario.deferral == Deferral::Declared || self.random.chance(50);
        self.note(if self.deferred { "begin deferred" } else { "begin" });
        self.sqlite.begin(self.deferred);
        let begun = if self.deferred { database.begin_deferred() } else { database.begin() };
        let mut transaction = begun.map_err(|error| format!("begin: {error}"))?;
        loop {
            self.body(&mut transaction, 0)?;
            if self.random.chance(25) {
                self.note("rollback");
                transaction.rollback();
                self.sqlite.rollback();
                break;
            }
            self.cancel_reserved(&mut Writer::Inside(&mut transaction))?;
            self.note("commit");
            match (transaction.commit(), self.sqlite.commit()) {
                (Ok(()), Ok(())) => {
                    self.count("commit", true);
                    break;
                }
                (Err(refused), Err(_)) => {
                    self.count("commit", false);
                    self.note(format!("  refused: {refused}"));
                    transaction = refused.into_transaction();
                    // There is nothing left to repair it with.
                    if self.left == 0 {
                        transaction.rollback();
                        self.sqlite.rollback();
                        break;
                    }
                }
                (ours, theirs) => {
                    return Err(format!("commit: {:?}, SQLite {theirs:?}", ours.map_err(|e| e.to_string())));
                }
            }
        }
        self.reserved.clear();
        self.deferred = false;
        self.compare(database)
    }

    /// A few operations of a transaction or savepoint.
    fn body(&mut self, transaction: &mut Transaction<'_>, depth: usize) -> Step {
        for _ in 0..=self.random.below(10) {
            if !self.spend() {
                break;
            }
            if depth < DEPTH_MAX && self.random.chance(12) {
                self.savepoint(transaction, depth)?;
            } else {
                self.statement(&mut Writer::Inside(transaction))?;
            }
            self.compare_violations(transaction)?;
        }
        Ok(())
    }

    fn savepoint(&mut self, transaction: &mut Transaction<'_>, depth: usize) -> Step {
        self.note(format!("savepoint {depth}"));
        self.sqlite.savepoint(depth);
        let reserved = self.reserved.clone();
        let mut inner = transaction.begin();
        self.body(&mut inner, depth + 1)?;
        if self.random.chance(50) {
            self.note(format!("release {depth}"));
            inner.commit().map_err(|refused| format!("a savepoint was refused: {refused}"))?;
            self.sqlite.release(depth);
        } else {
            self.note(format!("rollback to {depth}"));
            inner.rollback();
            self.sqlite.rollback_to(depth);
            self.reserved = reserved;
        }
        self.compare(transaction)
    }

    fn statement(&mut self, writer: &mut Writer<'_, '_>) -> Step {
        let table = self.random.below(self.schema.tables.len());
        let (empty, full) = (self.rows[table].is_empty(), self.rows[table].len() >= ROWS_FULL);
        match self.random.below(100) {
            0..40 if !full => self.insert(writer, table),
            0..80 if empty => self.insert(writer, table),
            0..40 | 70..90 => self.delete(writer, table),
            40..50 if self.schema.tables[table].primary_key.is_some() => self.upsert(writer, table),
            40..70 => self.update(writer, table),
            90..94 => self.delete_all(writer),
            _ if self.deferred => self.reserve_or_fill(writer, table),
            _ => self.insert(writer, table),
        }?;
        self.compare(writer.database())
    }

    fn insert(&mut self, writer: &mut Writer<'_, '_>, table: usize) -> Step {
        let count = if self.random.chance(20) { 2 + self.random.below(2) } else { 1 };
        let first = self.ids.next(self.name(table));
        let mut rows = Vec::with_capacity(count);
        for number in (first..).take(count) {
            let own = first + self.random.below(count) as u32;
            let row = self.row(table, None, own);
            self.note(format!("insert {} {}", self.name(table), line(number, &row)));
            rows.push(row);
        }
        let ours = self.scenario.tables[table].insert(writer, &rows, &mut self.ids);
        let theirs = self.sqlite.insert(table, first, &rows);
        self.judge(if count == 1 { "insert" } else { "insert many" }, &ours, &theirs)?;
        let (Err(error), Err(refusal)) = (ours, theirs) else { return Ok(()) };
        if (refusal == Refusal::Unique) == is_unique(&error) {
            Ok(())
        } else {
            Err(format!("refused for another reason: {error}, SQLite {refusal:?}"))
        }
    }

    fn upsert(&mut self, writer: &mut Writer<'_, '_>, table: usize) -> Step {
        let number = self.ids.next(self.name(table));
        let row = self.row(table, None, number);
        self.note(format!("upsert {} {}", self.name(table), line(number, &row)));
        let ours =
            self.scenario.tables[table].upsert(writer, &row, &mut self.ids).ok_or("no upsert by its primary key")?;
        let theirs = self.sqlite.upsert(table, number, &row);
        self.judge("upsert", &ours, &theirs)
    }

    fn update(&mut self, writer: &mut Writer<'_, '_>, table: usize) -> Step {
        let number = self.some_row(table);
        let key = self.ids.key(self.name(table), number);
        let stored = self.rows[table].iter().find(|(known, _)| *known == number).map(|(_, row)| row.clone());
        let row = self.row(table, stored.clone(), number);
        if stored.is_some_and(|stored| self.turns_to_its_old_key(table, &stored, &row)) {
            return Ok(());
        }
        self.note(format!("update {} {}", self.name(table), line(number, &row)));
        let ours = self.scenario.tables[table].update(writer, key, &row, &self.ids);
        let theirs = self.sqlite.update(table, number, &row);
        self.judge("update", &ours, &one(theirs))
    }

    /// Whether an update gives a row another key, and points the row at the key that it gives up, over a relation that
    /// follows keys. SQLite takes that for a row that follows, relata for the caller's word.
    fn turns_to_its_old_key(&self, table: usize, stored: &[Value], row: &[Value]) -> bool {
        let schema = &self.schema.tables[table];
        let values = |fields: &[String], row: &[Value]| -> Vec<Value> {
            fields.iter().map(|field| row[place_of(&schema.fields, field)].clone()).collect()
        };
        let follows = |relation: &&RelationSchema| {
            relation.target == schema.name && !matches!(relation.on_update, Action::Restrict | Action::NoAction)
        };
        schema.relations.iter().filter(follows).any(|relation| {
            let old_key = values(&relation.target_fields, stored);
            values(&relation.target_fields, row) != old_key
                && values(&relation.fields, row) == old_key
                && values(&relation.fields, stored) != old_key
        })
    }

    fn delete(&mut self, writer: &mut Writer<'_, '_>, table: usize) -> Step {
        let number = self.some_row(table);
        let key = self.ids.key(self.name(table), number);
        self.note(format!("delete {} {number}", self.name(table)));
        let blocked = self.scenario.tables[table].is_delete_blocked(writer.database(), key);
        let before: usize = self.rows.iter().map(Vec::len).sum();
        let ours = self.scenario.tables[table].delete(writer, key);
        let theirs = self.sqlite.delete(table, number);
        self.judge("delete", &ours, &one(theirs))?;
        match ours {
            Ok(_) if blocked => Err("it was planned as blocked, and done".to_owned()),
            Err(Error::RestrictViolation { .. }) if !blocked => Err("it was planned as free, and refused".to_owned()),
            Ok(gone) => {
                let after: usize =
                    (0..self.schema.tables.len()).map(|table| self.sqlite.contents(table).lines().count()).sum();
                if before - after == gone {
                    Ok(())
                } else {
                    Err(format!("{gone} reported as gone, {before} - {after} are"))
                }
            }
            Err(_) => Ok(()),
        }
    }

    fn delete_all(&mut self, writer: &mut Writer<'_, '_>) -> Step {
        let Some(DeleteAll { source, relation, owner, run }) = self.random.pick(self.scenario.delete_all) else {
            return Ok(());
        };
        let Some((number, _)) = self.random.pick(&self.rows[*owner]).cloned() else { return Ok(()) };
        self.note(format!("delete all {} whose {relation} is {number}", self.name(*source)));
        let key = self.ids.key(self.name(*owner), number);
        let ours = run(writer, key);
        let theirs = self.sqlite.delete_all(*source, relation, number);
        self.judge("delete all", &ours, &theirs)
    }

    /// Reserves an id that rows may name from now on, or stores a row under one.
    fn reserve_or_fill(&mut self, writer: &mut Writer<'_, '_>, table: usize) -> Step {
        let Some((table, number)) = self.random.pick(&self.reserved).copied() else {
            let number = self.ids.next(self.name(table));
            self.note(format!("reserve {} {number}", self.name(table)));
            self.reserved.push((table, number));
            return self.scenario.tables[table].reserve(writer, &mut self.ids).map_err(|error| error.to_string());
        };
        let row = self.row(table, None, number);
        self.note(format!("fill {} {}", self.name(table), line(number, &row)));
        let key = self.ids.key(self.name(table), number);
        let ours = self.scenario.tables[table].fill(writer, key, &row, &self.ids);
        let theirs = self.sqlite.insert(table, number, std::slice::from_ref(&row));
        self.judge("fill", &ours, &theirs)?;
        if ours.is_ok() {
            self.reserved.retain(|known| *known != (table, number));
        }
        Ok(())
    }

    /// Gives back the ids that no row names. SQLite knows none that are reserved; those that are named are violations in
    /// both stores.
    fn cancel_reserved(&mut self, writer: &mut Writer<'_, '_>) -> Step {
        for (table, number) in self.reserved.clone() {
            let name = self.name(table);
            let cancelled = self.scenario.tables[table].cancel(writer, self.ids.key(name, number)).is_ok();
            self.note(format!("cancel {name} {number}: {cancelled}"));
            if cancelled == self.is_named(table, number) {
                return Err(format!("cancelled: {cancelled}"));
            }
            if cancelled {
                self.reserved.retain(|known| *known != (table, number));
            }
        }
        Ok(())
    }

    /// Whether a row refers to this id.
    fn is_named(&self, target: usize, number: u32) -> bool {
        self.schema.tables.iter().zip(&self.rows).any(|(table, rows)| {
            let ids = table.relations.iter().filter(|r| r.target_fields.is_empty() && r.target == self.name(target));
            ids.into_iter().any(|relation| {
                let place = place_of(&table.fields, &relation.fields[0]);
                rows.iter().any(|(_, row)| row[place] == Value::Id(number))
            })
        })
    }

    pub(crate) fn name(&self, table: usize) -> &'static str {
        self.scenario.tables[table].name()
    }

    /// Compares acceptance.
    fn judge<T>(&mut self, kind: &'static str, ours: &Result<T, Error>, theirs: &Result<usize, Refusal>) -> Step {
        self.count(kind, ours.is_ok());
        if let Err(error) = ours {
            self.note(format!("  refused: {error}"));
        }
        match (ours, theirs) {
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => Ok(()),
            (Ok(_), Err(refusal)) => Err(format!("accepted, SQLite refuses it: {refusal:?}")),
            (Err(error), Ok(_)) => Err(format!("refused, SQLite accepts it: {error}")),
        }
    }

    /// Compares the rows of all tables.
    pub(crate) fn compare(&mut self, database: &Database) -> Step {
        for (position, table) in self.scenario.tables.iter().enumerate() {
            let rows = table.rows(database, &self.ids);
            let ours: Vec<String> = rows.iter().map(|(number, row)| line(*number, row)).collect();
            let theirs = self.sqlite.contents(position);
            if ours.join("\n") != theirs {
                return Err(format!("{} holds\n{}\nSQLite\n{theirs}", table.name(), ours.join("\n")));
            }
            self.rows[position] = rows;
        }
        Ok(())
    }

    /// Compares what stands against a commit. SQLite takes a key that names a reserved id for one that names no row.
    fn compare_violations(&mut self, transaction: &Transaction<'_>) -> Step {
        let mut ours = BTreeSet::new();
        for violation in transaction.violations() {
            match violation {
                Error::ForeignKeyViolation { model, relation, row: Some(row), .. } => {
                    let known = |table: &relata::TableSchema| table.name == model;
                    let table = self.schema.tables.iter().position(known).expect("a table of the schema");
                    let relations = &self.schema.tables[table].relations;
                    let relation = relations.iter().position(|r| r.name == relation).expect("a relation of the table");
                    ours.insert(Dangling { table, row: self.ids.number(self.name(table), row.key), relation });
                }
                Error::Unfilled { .. } => {}
                other => return Err(format!("a violation of another kind: {other}")),
            }
        }
        let mut theirs = self.sqlite.dangling();
        theirs.retain(|dangling| !self.names_reserved(*dangling));
        if ours == theirs { Ok(()) } else { Err(format!("violations: {ours:?}, SQLite {theirs:?}")) }
    }

    fn names_reserved(&self, dangling: Dangling) -> bool {
        let table = &self.schema.tables[dangling.table];
        let relation = &table.relations[dangling.relation];
        let row = self.rows[dangling.table].iter().find(|(number, _)| *number == dangling.row);
        let value = row.map(|(_, row)| &row[place_of(&table.fields, &relation.fields[0])]);
        relation.target_fields.is_empty()
            && self.reserved.iter().any(|(of, n)| self.name(*of) == relation.target && value == Some(&Value::Id(*n)))
    }
}

pub(crate) fn place_of(fields: &[relata::FieldSchema], name: &str) -> usize {
    fields.iter().position(|field| field.name == name).expect("the schema was validated")
}

/// A statement on one row that has found none is refused.
fn one(result: Result<usize, Refusal>) -> Result<usize, Refusal> {
    result.and_then(|rows| if rows == 1 { Ok(1) } else { Err(Refusal::ForeignKey) })
}

fn is_unique(error: &Error) -> bool {
    match error {
        Error::UniqueViolation { .. } => true,
        Error::BatchRefused { violations, .. } => violations.iter().any(|violation| is_unique(&violation.error)),
        _ => false,
    }
}
