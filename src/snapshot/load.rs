//! Reading a database from a file.
//!
//! Rows go from the block that holds them straight into their slots. When the rows of a table are there its unique
//! indexes are built again, when those of all are there the links, which proves every key; then the children that had
//! joined in another order than that of their slots are put in that order. Whatever fails on the way, the caller never
//! sees the database.

mod links;
#[cfg(feature = "rayon")]
mod parallel;
mod rows;

use std::io::Read;

use super::error::SnapshotError;
use super::matching::{self, Matched};
use super::report::{Dropped, LoadReport, Migrated, Renamed};
use super::save::faults;
use super::sections::Kind;
use super::source::{Source, Start, memory_limit};
use crate::arena::Slots;
use crate::builder::LoadChoices;
use crate::codec::{NESTING, Names};
use crate::database::Database;
use crate::schema::Schema;
use crate::table::{Store, Threads};

/// What a database may take in memory: counted are its slots, its indexes, the encoded length of its rows and the elements
/// of the lists and maps in them.
struct Budget {
    /// What the caller has set.
    limit: Option<u64>,
    /// The length of the file or, where it is not known, how many bytes of it have been read.
    length: u64,
    is_known: bool,
    used: u64,
}

impl Budget {
    fn limit(&self) -> u64 {
        memory_limit(self.limit, self.length)
    }

    fn charge(&mut self, bytes: u64, kind: Kind, table: &str) -> Result<(), SnapshotError> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.limit() { Err(self.over(kind, table)) } else { Ok(()) }
    }

    fn left(&self) -> u64 {
        self.limit().saturating_sub(self.used)
    }

    fn over(&self, kind: Kind, table: &str) -> SnapshotError {
        SnapshotError::OverBudget { part: kind.of(table), limit: self.limit() }
    }
}

/// Reads the schema of a snapshot; the source may end behind it.
pub(super) fn schema(source: &mut impl Read) -> Result<Schema, SnapshotError> {
    let start = Start::read(source)?;
    Source::open(source, start, None)?.schema()
}

/// Reads a snapshot into a database that is empty. `length` is that of the file, where it is known.
pub(super) fn database(
    database: Database,
    choices: &LoadChoices,
    source: &mut impl Read,
    length: Option<u64>,
) -> Result<(Database, LoadReport), SnapshotError> {
    let start = Start::read(source)?;
    fill(database, choices, Source::open(source, start, length)?, start.version, length)
}

/// Fills a database that is empty with what a source holds, which is of this version of its format.
pub(super) fn fill<R: Read>(
    mut database: Database,
    choices: &LoadChoices,
    mut source: Source<R>,
    version: u16,
    length: Option<u64>,
) -> Result<(Database, LoadReport), SnapshotError> {
    let saved = source.schema()?;
    let store = &mut database.store;
    let (own, migrations) = (&store.tables, &choices.migrations);
    let matched = matching::tables(&saved, &store.schema, own, migrations, choices.drops_removed)?;
    if let Source::First(reader) = &source {
        reader.check_sections(saved.tables.len())?;
        for (table, matched) in saved.tables.iter().zip(&matched) {
            if let (Some(own), None) = (matched.own, &matched.chain) {
                super::first::compare::check(table, &store.schema.tables[own])?;
            }
        }
    }
    let report = LoadReport::new(version);
    let mut loading = Loading {
        loaded: vec![false; store.tables.len()],
        store,
        source,
        saved: &saved,
        matched: &matched,
        budget: Budget {
            limit: choices.memory_limit,
            length: length.unwrap_or(0),
            is_known: length.is_some(),
            used: 0,
        },
        nesting: choices.nesting.unwrap_or(NESTING),
        threads: choices.threads,
        names: Names::default(),
        rows: Vec::new(),
        holds: true,
        report,
    };
    loading.all_rows()?;
    loading.build_links()?;
    loading.all_links()?;
    let Loading { mut source, holds, mut report, rows, .. } = loading;
    source.finish(&rows)?;
    if !holds {
        report.violations = faults(&database.store);
        if !choices.accepts_violations {
            return Err(SnapshotError::Violations { violations: report.violations });
        }
        database.store.stored_unchecked = true;
    }
    Ok((database, report))
}

/// A database that is being filled.
struct Loading<'a, R> {
    store: &'a mut Store,
    source: Source<R>,
    saved: &'a Schema,
    matched: &'a [Matched<'a>],
    budget: Budget,
    nesting: u32,
    threads: Threads,
    names: Names,
    /// Which tables of this program have all their rows.
    loaded: Vec<bool>,
    /// How many rows each table of the file has.
    rows: Vec<u64>,
    /// Whether every rule has held so far.
    holds: bool,
    report: LoadReport,
}

impl<R: Read> Loading<'_, R> {
    /// The name of a saved table.
    fn name(&self, table: usize) -> &str {
        &self.saved.tables[table].name
    }

    fn all_rows(&mut self) -> Result<(), SnapshotError> {
        let mut slots = Slots::default();
        for (kind, table) in Kind::of_rows(self.saved.tables.len()) {
            self.source.begin(kind, table);
            let read = match kind {
                Kind::Slots => self.slots(table).map(|read| slots = read),
                Kind::Free => self.free().and_then(|free| {
                    slots.free = free;
                    self.restore(table, &slots)
                }),
                _ => self.rows(table, &slots).map(|rows| self.end_of_rows(table, rows)),
            };
            read.map_err(|error| self.source.locate(error.of_table(kind, self.name(table))))?;
        }
        Ok(())
    }

    /// A table of the file has been read to its end.
    fn end_of_rows(&mut self, table: usize, rows: u64) {
        let (saved, matched) = (&self.saved.tables[table], &self.matched[table]);
        self.rows.push(rows);
        let Some(own) = matched.own else {
            self.report.dropped.push(Dropped { table: saved.name.clone(), rows });
            return;
        };
        let slot = &mut self.store.tables[own];
        if slot.name != saved.name {
            self.report.renamed.push(Renamed { was: saved.name.clone(), is: slot.name });
        }
        if matched.chain.is_some() {
            self.report.migrated.push(Migrated { table: slot.name, from_version: saved.version, rows });
        }
        self.holds &= slot.rows.build_uniques(&mut slot.index);
        self.loaded[own] = true;
    }

    fn build_links(&mut self) -> Result<(), SnapshotError> {
        /// What an id in a list takes of the index, in both directions, in bytes.
        const OF_ELEMENT: usize = 32;
        for position in 0..self.store.tables.len() {
            // The links are out of the store while it is searched for their targets.
            let index = &mut self.store.tables[position].index;
            let (mut links, mut lists) = (std::mem::take(&mut index.links), std::mem::take(&mut index.lists));
            let table = &self.store.tables[position];
            self.budget.charge((table.rows.listed() * OF_ELEMENT) as u64, Kind::Rows, table.name)?;
            self.holds &= table.rows.build_links(self.store, &mut links, &mut lists, self.threads);
            let index = &mut self.store.tables[position].index;
            (index.links, index.lists) = (links, lists);
        }
        let claimed: Vec<usize> = self.matched.iter().filter_map(|matched| matched.own).collect();
        let added = self.store.tables.iter().enumerate().filter(|(place, _)| !claimed.contains(place));
        self.report.added = added.map(|(_, table)| table.name).collect();
        Ok(())
    }
}
