//! A statement over several tables, seen without their models: the rows that it stores over others, the rows that it
//! removes.

use std::any::Any;
use std::collections::BTreeMap;

use slotmap::DefaultKey;

use super::{AnyRows, RowAt, RowSet, Store};
use crate::error::Error;
use crate::index::links::LinkChange;

/// What a statement does to rows that are stored.
#[derive(Default)]
pub(crate) struct Statement {
    /// The rows that it stores over others, by the position of their table.
    pub(crate) edits: BTreeMap<u32, Box<dyn AnyEdits>>,
    /// The rows that go.
    pub(crate) removed: RowSet,
    /// What becomes of the links of rows that it neither stores over nor removes.
    pub(crate) relinks: Vec<Relink>,
}

/// What is wrong with an edited row: the position of its table, its place among the edits there, the error.
pub(crate) type EditFault = (u32, usize, Error);

/// The rows that a statement stores in one table.
pub(crate) trait AnyPending {
    /// Whether it stores a row under the key.
    fn holds(&self, key: DefaultKey) -> bool;
    /// Whether it stores a row over the one that is stored under the key.
    fn replaces(&self, key: DefaultKey) -> bool;
    /// The key of the row that has, of a unique key, this hash, and of which `names` is true.
    fn find(&self, unique: usize, hash: u32, names: &dyn Fn(&dyn Any) -> bool) -> Option<DefaultKey>;
    /// Whether the row under the key says by itself what it refers to over a relation: the caller has edited it, or an
    /// action has rewritten that key.
    fn speaks(&self, store: &Store, table: u32, key: DefaultKey, relation: usize) -> bool;
}

/// The same where the model is not known: rows over stored ones, more of which can be added. Made by
/// [`AnyRows::edits`], implemented in `integrity`.
pub(crate) trait AnyEdits: AnyPending + Any {
    /// The keys of the rows that are stored over others.
    fn keys(&self) -> &[DefaultKey];
    /// The row that will be under the key, and the place in the caller's batch of what has led to it.
    fn row(&self, key: DefaultKey) -> Option<(&dyn Any, usize)>;
    /// Whether the caller has changed this foreign key of the row: it is not rewritten then.
    fn is_said(&self, key: DefaultKey, relation: usize) -> bool;
    /// Whether a unique key of the row will be another than that of the stored row.
    fn changes(&self, rows: &dyn AnyRows, key: DefaultKey, unique: usize) -> bool;
    /// The places of the relations over which the row under the key will have another foreign key, but for those that the
    /// caller has changed.
    fn changed_relations(&self, rows: &dyn AnyRows, key: DefaultKey) -> Vec<usize>;
    /// Gives the row under the key this foreign key, a `KeyOf` of the relation, or clears it.
    fn assign(&mut self, rows: &dyn AnyRows, key: DefaultKey, relation: usize, to: Option<&dyn Any>, origin: usize);
    /// Takes the ids of rows that go out of a list of the row under the key; whether there were any.
    fn unlist(
        &mut self,
        rows: &dyn AnyRows,
        key: DefaultKey,
        relation: usize,
        goes: &dyn Fn(DefaultKey) -> bool,
        origin: usize,
    ) -> bool;
    /// The place in the caller's batch of what has led to the row at a place.
    fn origin(&self, place: usize) -> usize;
    /// The first round of planning: unique keys. Rows in `removed` are going.
    fn plan_uniques(&mut self, store: &Store, table: u32, removed: &RowSet, faults: &mut Vec<EditFault>);
    /// The second: links, when the first is done for all tables. Gives what becomes of the links of rows that are not
    /// edited.
    fn plan_links(&self, store: &Store, table: u32, statement: &Statement, faults: &mut Vec<EditFault>) -> Vec<Relink>;
}

/// Another link for a row that keeps its key: what it refers to has come, has gone, or has another key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Relink {
    pub(crate) table: u32,
    pub(crate) relation: usize,
    pub(crate) source: DefaultKey,
    pub(crate) to: LinkChange,
}

impl Statement {
    /// The rows that it stores in a table.
    pub(crate) fn pending(&self, table: u32) -> Option<&dyn AnyPending> {
        let edits = self.edits.get(&table)?;
        Some(&**edits)
    }

    /// Whether it stores a row over this one.
    pub(crate) fn replaces(&self, (table, key): RowAt) -> bool {
        self.edits.get(&table).is_some_and(|edits| edits.replaces(key))
    }
}
