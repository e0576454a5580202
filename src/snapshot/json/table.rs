//! The rows of one table of a text, inserted into a database that exists.

use std::any::TypeId;
use std::fmt;
use std::io::Read;

use hashbrown::HashMap;
use slotmap::DefaultKey;

use super::read::LineReader;
use crate::codec::{Decoder, Memo, NESTING, Names, Room, What};
use crate::database::Database;
use crate::error::{BatchViolation, Error};
use crate::id::{Id, RowId};
use crate::index::Indexes;
use crate::model::{IdList, ListRelation, Model, Probe, Reference, Relation, Visitor};
use crate::proof::read_row;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::matching;
use crate::snapshot::report::Ignored;
use crate::transaction::Transaction;

/// What an import of one table has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedRows<M> {
    /// The id of each row in the text, and the id that it has now, in the order of those in the text.
    pub ids: Vec<(Id<M>, Id<M>)>,
    /// Fields that the text has and no type of this program asks for, as those of
    /// [`LoadReport::ignored`](super::super::LoadReport::ignored).
    pub ignored: Vec<Ignored>,
}

/// A row of a text that breaks a rule of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedLine {
    /// The line of the row, from 1.
    pub line: u64,
    /// Its id in the text.
    pub row: RowId,
    /// What is wrong. In it, `batch[0]` is the first row of the text, in the order of their ids, and ids are those
    /// that the rows would have had.
    pub error: Error,
}

impl fmt::Display for RefusedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}", self.line, self.row, self.error)
    }
}

impl Database {
    /// Stores the rows of one table, out of a text of [`Database::export_json_of`] or [`Database::export_json`], as new
    /// rows: all or none.
    ///
    /// It is an insert of many rows, with its checks; every violation is listed with the line of its row. The rows get
    /// the next ids of the table, which are those of the text only in a table that is as new; each is told. Keys and
    /// lists of ids by which the table refers to itself follow the rows of the text. All other ids are taken as they
    /// are. A table that a model was renamed from is found, one whose version has changed is refused.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Task { name: String, #[model(belongs_to, name = parent)] parent_id: Option<Id<Task>> }
    /// # let mut ours = Database::builder().model::<Task>().build()?;
    /// # let mut theirs = Database::builder().model::<Task>().build()?;
    /// ours.insert(Task { name: "ours".into(), parent_id: None })?;
    /// let whole = theirs.insert(Task { name: "whole".into(), parent_id: None })?;
    /// theirs.insert(Task { name: "part".into(), parent_id: Some(whole) })?;
    ///
    /// let mut text = Vec::new();
    /// theirs.export_json_of::<Task>(&mut text)?;
    /// let imported = ours.import_json_of::<Task>(&text[..])?;
    /// let part = imported.ids[1].1;
    /// assert_eq!(ours.related(part, Task::PARENT)?.unwrap().name, "whole");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import_json_of<M: Model>(&mut self, source: impl Read) -> Result<ImportedRows<M>, SnapshotError> {
        let position = self.store.position::<M>().map_err(SnapshotError::Models)?;
        let mut lines = LineReader::new(source, None, NESTING);
        let saved = lines.schema()?;
        let place = matching::one(&saved, &self.store.schema, &self.store.tables, position as usize)?;
        let table = &saved.tables[place].name;
        if !lines.read_only(place)? {
            let what = "the text has its declaration, and not its rows".to_owned();
            return Err(SnapshotError::SchemaMismatch { table: table.clone(), member: None, what });
        }
        let mut memo = Memo::default();
        let (mut rows, places) = decode::<M, _>(&lines, &mut memo)?;
        let names = Names::default();
        let ignored =
            memo.ignored(&names).map(|(field, rows)| Ignored { table: table.clone(), field: field.to_owned(), rows });
        let ignored = ignored.collect();
        let refuse = |error| refused::<M>(error, &places);
        let keys = self.upcoming_keys::<M>(rows.len()).map_err(refuse)?;
        let followed: HashMap<DefaultKey, DefaultKey> =
            places.iter().map(|(_, key)| *key).zip(keys).filter(|(before, now)| before != now).collect();
        if !followed.is_empty() {
            let index = &self.store.tables[position as usize].index;
            for row in &mut rows {
                M::declare(&mut Following { row, index, followed: &followed });
            }
        }
        let now = self.insert_many(rows).map_err(refuse)?;
        Ok(ImportedRows { ids: places.iter().map(|(_, key)| Id::from_key(*key)).zip(now).collect(), ignored })
    }
}

impl Transaction<'_> {
    /// As [`Database::import_json_of`], to be taken back with the transaction.
    pub fn import_json_of<M: Model>(&mut self, source: impl Read) -> Result<ImportedRows<M>, SnapshotError> {
        self.database.import_json_of(source)
    }
}

/// The rows of a text, with the line and the id of each.
type Decoded<M> = (Vec<M>, Vec<(u64, DefaultKey)>);

fn decode<M: Model, R: Read>(lines: &LineReader<R>, memo: &mut Memo) -> Result<Decoded<M>, SnapshotError> {
    let (names, mut memory) = (Names::default(), lines.limit());
    let (mut rows, mut places) = (Vec::new(), Vec::new());
    for (row, bytes) in lines.rows() {
        let room = Room { nesting: NESTING, memory: memory.saturating_sub((bytes.len() + size_of::<M>()) as u64) };
        let mut decoder = Decoder::new(bytes, &names, memo, room).reading_json(true);
        let id = RowId { table: M::NAME, key: row.key };
        let read = read_row::<M>(&mut decoder).map_err(|error| match error.what() {
            What::OverBudget => SnapshotError::OverBudget { part: format!("{id}"), limit: lines.limit() },
            what => SnapshotError::RowNotReadable { row: id, field: error.path(), what: what.to_string() },
        });
        rows.push(read.map_err(|error| error.at_line(row.line))?);
        places.push((row.line, row.key));
        memory = decoder.room().memory;
    }
    Ok((rows, places))
}

/// The error of an insert, with the lines of its rows.
fn refused<M: Model>(error: Error, places: &[(u64, DefaultKey)]) -> SnapshotError {
    let violations = match error {
        Error::BatchRefused { violations, .. } => violations,
        error => vec![BatchViolation { index: 0, error }],
    };
    let with_line = |BatchViolation { index, error }| {
        let (line, key) = places.get(index).copied().unwrap_or_default();
        RefusedLine { line, row: RowId { table: M::NAME, key }, error }
    };
    SnapshotError::RowsRefused { rows: violations.into_iter().map(with_line).collect() }
}

/// Gives the keys of a row that name rows of its own table the ids that these have now.
struct Following<'a, M> {
    row: &'a mut M,
    index: &'a Indexes,
    followed: &'a HashMap<DefaultKey, DefaultKey>,
}

impl<M: Model> Visitor<M> for Following<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if TypeId::of::<R::Target>() != TypeId::of::<M>() || R::Reference::UNIQUE.is_some() {
            return;
        }
        let named = R::key(self.row).map(|key| R::Reference::probe(self.index, key));
        if let Some(Probe::Id(named)) = named
            && let Some(now) = self.followed.get(&named)
        {
            R::assign(self.row, R::Reference::from_id(*now));
        }
    }

    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        if TypeId::of::<L::Target>() != TypeId::of::<M>() {
            return;
        }
        L::list_mut(self.row).rewrite(&|id| Some(self.followed.get(&id.key()).map_or(id, |now| Id::from_key(*now))));
    }
}
