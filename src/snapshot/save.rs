//! Writing a database as a file, and giving its contents to the hash of the state.
//!
//! Rows are encoded once, proved and written, block by block. What a section holds is given in blocks ([`Sections`]), to the
//! file or to the hash.

#[cfg(feature = "rayon")]
mod parallel;

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashSet;
use slotmap::{DefaultKey, Key};

use super::blocks::{BLOCK_FULL, BlockWriter, Filling, Sections};
use super::error::{NotEncodable, SnapshotError, UnsavableRow};
#[cfg(feature = "json")]
use super::json::LineWriter;
use super::positional;
use super::sections::{Kind, LINK_ITEM, LISTER_ITEM, RUN_ITEM};
use crate::arena::{Run, Slots};
use crate::codec::NESTING;
use crate::error::Error;
use crate::id::{RowId, slot_of};
use crate::index::Indexes;
use crate::index::links::Link;
use crate::index::referrers::{Referrers, Sources};
use crate::proof::{Proof, RowWriter};
use crate::table::{Store, TableSlot, Threads};

/// What a save may leave out or let pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choices {
    pub(super) nesting: u32,
    pub(super) with_violations: bool,
    pub(super) leave_out: bool,
    pub(super) keep_previous: bool,
    pub(super) threads: Threads,
    /// What a row must come back from.
    pub(super) proof: Proof,
}

impl Default for Choices {
    fn default() -> Self {
        Choices {
            nesting: NESTING,
            with_violations: false,
            leave_out: false,
            keep_previous: false,
            threads: Threads::One,
            proof: Proof::Bytes,
        }
    }
}

/// A database that is being written.
pub(super) struct Saving<'a> {
    store: &'a Store,
    choices: Choices,
    /// The rows that are left out, by table.
    left_out: Vec<HashSet<DefaultKey>>,
    pub(super) refused: Vec<UnsavableRow>,
}

impl<'a> Saving<'a> {
    /// Refuses a database that no load would take, and finds the rows to be left out.
    pub(super) fn prepare(store: &'a Store, choices: Choices) -> Result<Self, SnapshotError> {
        if store.log.is_some() {
            return Err(SnapshotError::Unsavable(Error::TransactionOpen));
        }
        for table in &store.tables {
            if let Some(key) = table.rows.unfilled() {
                return Err(SnapshotError::Unsavable(Error::Unfilled { row: RowId { table: table.name, key } }));
            }
        }
        let mut saving = Saving { store, choices, left_out: Vec::new(), refused: Vec::new() };
        let mut faults = if store.stored_unchecked { faults(store) } else { Vec::new() };
        if choices.leave_out {
            saving.refused = unsavable(store, choices);
            saving.left_out = vec![HashSet::new(); store.tables.len()];
            for refused in &saving.refused {
                let place = store.tables.iter().position(|table| table.name == refused.row.table);
                saving.left_out[place.expect("rows are of tables")].insert(refused.row.key);
            }
            faults.extend(saving.bereaved());
        }
        if faults.is_empty() || choices.with_violations {
            Ok(saving)
        } else {
            Err(SnapshotError::Violations { violations: faults })
        }
    }

    /// The rows that refer to one that is left out, and stay.
    fn bereaved(&self) -> Vec<Error> {
        let mut faults = Vec::new();
        for refused in &self.refused {
            let target = self.store.tables.iter().find(|table| table.name == refused.row.table);
            for incoming in &target.expect("rows are of tables").incoming {
                let sources = &self.store.tables[incoming.table as usize];
                let referrers = sources.index.referrers(incoming.relation).sources(refused.row.key);
                let stays = |source: &DefaultKey| !self.left_out[incoming.table as usize].contains(source);
                faults.extend(referrers.filter(stays).map(|source| Error::LeftOut {
                    row: RowId { table: sources.name, key: source },
                    relation: incoming.name,
                    target: refused.row,
                }));
            }
        }
        faults
    }

    /// Writes the file, and counts the rows that are written. A refused row ends it, and all that would be are named.
    pub(super) fn write(&self, sink: &mut impl Write, written: &AtomicU64) -> Result<(), SnapshotError> {
        let mut blocks = BlockWriter::new(sink)?;
        let mut rows = RowWriter::new(self.choices.nesting, self.choices.proof);
        let mut saved = Saved { blocks: &mut blocks, written, kind: Kind::Schema };
        match self.sections(&mut saved, &mut rows) {
            Ok(()) => {}
            Err(Stopped::Io(error)) => return Err(error),
            Err(Stopped::Row(refused)) => return Err(self.all_refused(refused)),
        }
        let left_out = |place: usize| self.left_out.get(place).map_or(0, HashSet::len);
        let tables = self.store.tables.iter().enumerate();
        let counts: Vec<u64> = tables.map(|(place, table)| (table.rows.len() - left_out(place)) as u64).collect();
        blocks.finish(&counts)
    }

    /// The error that names every row that is refused, this one among them.
    fn all_refused(&self, NotEncodable { row, refusal }: NotEncodable) -> SnapshotError {
        let mut rows = unsavable(self.store, self.choices);
        if rows.is_empty() {
            // A type whose serde form is another each time.
            rows.push(UnsavableRow { row, refusal });
        }
        SnapshotError::RowsNotSavable { rows }
    }

    /// Writes the contents as lines of JSON, or the rows of one table, when all rows are proved.
    #[cfg(feature = "json")]
    pub(super) fn write_json(&self, sink: &mut impl Write, only: Option<usize>) -> Result<(), SnapshotError> {
        if !self.choices.leave_out {
            let mut rows = unsavable(self.store, self.choices);
            rows.retain(|row| only.is_none_or(|place| self.store.tables[place].name == row.row.table));
            if !rows.is_empty() {
                return Err(SnapshotError::RowsNotSavable { rows });
            }
        }
        let mut lines = LineWriter::new(sink, self.store, self.choices.nesting)?;
        let mut rows = RowWriter::new(self.choices.nesting, Proof::None);
        let written = match only {
            Some(place) => self.rows_of(place, &mut lines, &mut rows),
            None => self.contents(&mut lines, &mut rows),
        };
        match written {
            Ok(()) => lines.finish(),
            Err(Stopped::Io(error)) => Err(error),
            Err(Stopped::Row(refused)) => Err(self.all_refused(refused)),
        }
    }

    fn sections<S: Sections>(&self, sections: &mut S, rows: &mut RowWriter) -> Result<(), S::Error>
    where
        S::Error: From<NotEncodable>,
    {
        let mut schema = Vec::new();
        positional::encode(&*self.store.schema, &mut schema).expect("a schema is of strings, numbers and lists");
        sections.begin(Kind::Schema, 0)?;
        sections.block(1, &schema)?;
        self.contents(sections, rows)
    }

    /// Gives the contents of all tables.
    fn contents<S: Sections>(&self, sections: &mut S, rows: &mut RowWriter) -> Result<(), S::Error>
    where
        S::Error: From<NotEncodable>,
    {
        (0..self.store.tables.len()).try_for_each(|place| self.rows_of(place, sections, rows))?;
        for (place, table) in self.store.tables.iter().enumerate() {
            let stays = |table: usize, key: DefaultKey| self.left_out.get(table).is_none_or(|out| !out.contains(&key));
            sections.begin(Kind::Order, place)?;
            write_order(&table.index.links, |source| stays(place, source), sections)?;
            sections.begin(Kind::Listers, place)?;
            write_listers(&table.index, |source| stays(place, source), sections)?;
            sections.begin(Kind::Defaults, place)?;
            let targets = |relation: usize| table.targets[relation] as usize;
            write_defaults(&table.index.links, |relation, target| stays(targets(relation), target), sections)?;
        }
        Ok(())
    }

    /// Gives the slots and rows of a table.
    fn rows_of<S: Sections>(&self, place: usize, sections: &mut S, rows: &mut RowWriter) -> Result<(), S::Error>
    where
        S::Error: From<NotEncodable>,
    {
        let table = &self.store.tables[place];
        let slots = self.slots(place, table.rows.slots());
        sections.begin(Kind::Slots, place)?;
        write_runs(slots.runs(), sections)?;
        sections.begin(Kind::Free, place)?;
        let mut filling = Filling::new(sections);
        slots.free.iter().try_for_each(|slot| filling.item(&slot.to_le_bytes()))?;
        filling.flush()?;
        sections.begin(Kind::Rows, place)?;
        rows.begin_table();
        let (keys, filling) = (&mut slots.stored(), Filling::new(sections));
        match self.choices.threads {
            Threads::One => write_rows(table, keys, filling, rows),
            #[cfg(feature = "rayon")]
            Threads::Many => parallel::write_rows(table, keys, filling, rows),
        }
    }

    /// The slots of a table, those of rows that are left out vacant.
    fn slots(&self, table: usize, mut slots: Slots) -> Slots {
        if let Some(left_out) = self.left_out.get(table) {
            let mut keys: Vec<DefaultKey> = left_out.iter().copied().collect();
            keys.sort_unstable_by_key(|key| slot_of(*key));
            slots.vacate(&keys);
        }
        slots
    }
}

/// Gives the contents of all tables, as the hash of the state is taken of.
pub(super) fn contents<S: Sections>(store: &Store, sections: &mut S) -> Result<(), S::Error>
where
    S::Error: From<NotEncodable>,
{
    let (choices, left_out, refused) = (Choices::default(), Vec::new(), Vec::new());
    let saving = Saving { store, choices, left_out, refused };
    // What is hashed is never read again, and may be nested as deep as the stack allows.
    saving.contents(sections, &mut RowWriter::new(u32::MAX, Proof::None))
}

/// Every rule that does not hold.
pub(super) fn faults(store: &Store) -> Vec<Error> {
    let mut faults = Vec::new();
    store.tables.iter().for_each(|table| table.rows.check(store, table, &mut faults));
    faults
}

/// Every row that cannot be saved. One encoding and one decoding for each row.
pub(super) fn unsavable(store: &Store, choices: Choices) -> Vec<UnsavableRow> {
    let mut rows = RowWriter::new(choices.nesting, choices.proof);
    let mut refused = Vec::new();
    for table in &store.tables {
        let slots = table.rows.slots();
        rows.begin_table();
        let mut keys = slots.stored();
        while let Some(encoded) = encode_block(table, &mut keys, &mut rows) {
            refused.extend(encoded.err().map(|NotEncodable { row, refusal }| UnsavableRow { row, refusal }));
        }
    }
    refused
}

/// Encodes rows until a block is full, or one is refused, which is passed over; `None` where there are no more.
fn encode_block(
    table: &TableSlot,
    keys: &mut dyn Iterator<Item = DefaultKey>,
    rows: &mut RowWriter,
) -> Option<Result<(), NotEncodable>> {
    rows.clear();
    match table.rows.encode_rows(keys, BLOCK_FULL, rows) {
        Err((key, refusal)) => Some(Err(NotEncodable { row: RowId { table: table.name, key }, refusal })),
        Ok(()) => (!rows.ends().is_empty()).then_some(Ok(())),
    }
}

/// The blocks of a file, of which a row may be refused.
struct Saved<'a, 'b, W> {
    blocks: &'a mut BlockWriter<'b, W>,
    /// How many rows are in it.
    written: &'a AtomicU64,
    /// Of what the present section is.
    kind: Kind,
}

/// Why a save has not come to its end.
pub(super) enum Stopped {
    Io(SnapshotError),
    Row(NotEncodable),
}

impl From<NotEncodable> for Stopped {
    fn from(refused: NotEncodable) -> Self {
        Stopped::Row(refused)
    }
}

impl<W: Write> Sections for Saved<'_, '_, W> {
    type Error = Stopped;

    fn begin(&mut self, kind: Kind, table: usize) -> Result<(), Stopped> {
        self.kind = kind;
        self.blocks.begin(kind, table).map_err(Stopped::Io)
    }

    fn block(&mut self, items: u32, content: &[u8]) -> Result<(), Stopped> {
        self.blocks.block(items, content).map_err(Stopped::Io)?;
        if self.kind == Kind::Rows {
            self.written.fetch_add(items.into(), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Writes runs of slots: how many, then their generation.
pub(super) fn write_runs<S: Sections>(runs: &[Run], sections: &mut S) -> Result<(), S::Error> {
    let mut filling = Filling::new(sections);
    for run in runs {
        let mut item = [0; RUN_ITEM];
        item[..4].copy_from_slice(&run.count.to_le_bytes());
        item[4..].copy_from_slice(&run.generation.to_le_bytes());
        filling.item(&item)?;
    }
    filling.flush()
}

fn write_rows<S: Sections>(
    table: &TableSlot,
    keys: &mut dyn Iterator<Item = DefaultKey>,
    mut filling: Filling<'_, S>,
    rows: &mut RowWriter,
) -> Result<(), S::Error>
where
    S::Error: From<NotEncodable>,
{
    while let Some(encoded) = encode_block(table, keys, rows) {
        encoded?;
        filling.rows(rows.bytes(), rows.ends())?;
    }
    filling.flush()
}

/// Writes the sources of every posting list that is not in slot order, with the place of their relation.
fn write_order<S: Sections>(
    links: &[Link],
    stays: impl Fn(DefaultKey) -> bool,
    sections: &mut S,
) -> Result<(), S::Error> {
    let mut filling = Filling::new(sections);
    for (relation, link) in (0_u32..).zip(links) {
        for source in out_of_order(link.referrers()).flat_map(|(_, list)| list).filter(|source| stays(*source)) {
            filling.item(&link_item(relation, source))?;
        }
    }
    filling.flush()
}

/// The same for those who list a row, with its slot.
fn write_listers<S: Sections>(
    index: &Indexes,
    stays: impl Fn(DefaultKey) -> bool,
    sections: &mut S,
) -> Result<(), S::Error> {
    let mut filling = Filling::new(sections);
    for (relation, list) in (index.links.len() as u32..).zip(&index.lists) {
        for (target, sources) in out_of_order(list.referrers()) {
            for source in sources.filter(|source| stays(*source)) {
                let mut item = [0; LISTER_ITEM];
                item[..4].copy_from_slice(&relation.to_le_bytes());
                item[4..8].copy_from_slice(&target.to_le_bytes());
                item[8..].copy_from_slice(&source.data().as_ffi().to_le_bytes());
                filling.item(&item)?;
            }
        }
    }
    filling.flush()
}

/// The lists that are not in slot order, with the slots of their targets.
fn out_of_order(referrers: Referrers<'_>) -> impl Iterator<Item = (u32, Sources<'_>)> {
    referrers.lists().filter(|(_, list)| !list.clone().is_sorted_by_key(slot_of))
}

/// Writes the default targets that are set, with the place of their relation.
fn write_defaults<S: Sections>(
    links: &[Link],
    stays: impl Fn(usize, DefaultKey) -> bool,
    sections: &mut S,
) -> Result<(), S::Error> {
    let mut filling = Filling::new(sections);
    for (relation, link) in links.iter().enumerate() {
        if let Some(target) = link.default_target().filter(|target| stays(relation, *target)) {
            filling.item(&link_item(relation as u32, target))?;
        }
    }
    filling.flush()
}

fn link_item(relation: u32, row: DefaultKey) -> [u8; LINK_ITEM] {
    let mut item = [0; LINK_ITEM];
    item[..4].copy_from_slice(&relation.to_le_bytes());
    item[4..].copy_from_slice(&row.data().as_ffi().to_le_bytes());
    item
}
