//! Saving what is whole of a damaged file.
//!
//! # Invariants
//! 1. A row is kept if the checksum of its block agrees and its id is known: the slots of its table before it are whole.
//! 2. What is written is a file like any other. Rows that refer to lost ones break rules there, and a load says so.
//! 3. The id of a lost row is not given out again: its slot is retired.

mod search;
mod slots;

use std::io::Write;
use std::ops::Range;

use search::{Found, Search};
use slots::Kept;

use super::blocks::{BlockWriter, Filling, Sections};
use super::error::SnapshotError;
use super::sections::{Kind, u32_at, u64_at};
use crate::codec::{Decoder, Memo, Names, Room};
use crate::schema::{Schema, TableSchema};

/// What [`recover`] has found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The tables in the order of the schema.
    pub tables: Vec<RecoveredTable>,
    /// The parts of the file that nothing proves, in bytes; none where it is whole.
    pub damaged: Vec<Range<u64>>,
}

/// What has been recovered of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveredTable {
    /// The table's name.
    pub name: String,
    /// How many rows have been kept.
    pub kept: u64,
    /// How many have been lost; `None` where what tells their number is lost too.
    pub lost: Option<u64>,
}

/// Writes what is whole of a damaged file of format 2 as a new one.
///
/// A block is whole if its checksum agrees, beginning with the one that the block before it states. Its rows are kept under
/// their ids, if the slots of the table are whole so far. Where the names of their fields are lost they are taken
/// for those of the schema, if each byte of the block fits; else the block is lost. Of the
/// order of children, of the free list and of the default targets what is whole is kept. Rows that refer to lost
/// ones stay as they are, so that the new file may need
/// [`accept_violations`](crate::DatabaseBuilder::accept_violations) to be loaded.
///
/// Header or checksums may be damaged; without a schema nothing can be recovered. O(file), which is in memory.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
/// # let mut db = Database::builder().model::<Planet>().build()?;
/// # db.insert(Planet { name: "Mars".into() })?;
/// let mut file = Vec::new();
/// db.save_to(&mut file)?;
/// let cut_short = &file[..file.len() - 10];
///
/// let mut recovered = Vec::new();
/// let recovery = relata::snapshot::recover(cut_short, &mut recovered)?;
/// assert_eq!((recovery.tables[0].kept, recovery.tables[0].lost), (1, Some(0)));
/// assert_eq!(recovered, file);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recover(damaged: &[u8], mut sink: impl Write) -> Result<Recovery, SnapshotError> {
    let search = Search::new(damaged)?;
    let tables = tables(&search);
    write(&search, &tables, &mut sink)?;
    let end = search.found.last().filter(|last| last.kind == Kind::End);
    let stated: Option<Vec<u64>> =
        end.map(|end| end.content[8..].chunks_exact(8).map(|rows| u64_at(rows, 0)).collect());
    let lost = |place: usize, table: &Table| match &stated {
        Some(stated) => stated.get(place).map(|rows| rows.saturating_sub(table.kept)),
        None if search.is_whole(Kind::Slots, place) => Some(table.stored - table.kept),
        None => None,
    };
    let tables = tables.iter().enumerate().map(|(place, table)| RecoveredTable {
        name: search.schema.tables[place].name.clone(),
        kept: table.kept,
        lost: lost(place, table),
    });
    Ok(Recovery { tables: tables.collect(), damaged: search.damaged.clone() })
}

/// What is kept of a table.
struct Table {
    slots: Kept,
    /// How many rows there are by the slots that are known.
    stored: u64,
    kept: u64,
    /// The blocks of rows: how many, and their bytes.
    blocks: Vec<(u32, Vec<u8>)>,
}

fn tables(search: &Search<'_>) -> Vec<Table> {
    let mut names = Naming::default();
    let tables = search.schema.tables.iter().enumerate().map(|(place, schema)| {
        let mut slots = Kept::new(&search.items(Kind::Slots, place), &search.items(Kind::Free, place));
        let stored = slots.stored();
        let (mut blocks, mut ranks, mut kept) = (Vec::new(), Vec::new(), 0);
        for block in search.of(Kind::Rows, place) {
            let first = u64::from(block.prefix.before);
            let behind = first + u64::from(block.prefix.items);
            if let Some(content) = names.read(block, schema, behind <= stored) {
                blocks.push((block.prefix.items, content));
                ranks.push(first..behind);
                kept += u64::from(block.prefix.items);
            }
        }
        slots.retire_but(&ranks);
        Table { slots, stored, kept, blocks }
    });
    tables.collect()
}

/// The names of the file, as far as they are known.
#[derive(Default)]
struct Naming {
    names: Names,
    /// Definitions that stood in blocks which are not kept.
    pending: Vec<u8>,
}

impl Naming {
    /// The bytes of a block of rows as they are to be written, if all of it can be read and it is `wanted`.
    fn read(&mut self, block: &Found<'_>, schema: &TableSchema, wanted: bool) -> Option<Vec<u8>> {
        let before = self.names.clone();
        let mut own = Vec::new();
        let (mut definitions, fits) = self.pass(block, None, &mut own);
        let mut is_whole = fits;
        if !fits {
            self.names = before.clone();
            own.clear();
            is_whole = self.pass(block, Some(schema), &mut own).1;
            if !is_whole {
                self.names = before;
                own.clear();
                definitions = self.pass(block, None, &mut Vec::new()).0;
            }
        }
        if is_whole && wanted {
            let mut content = std::mem::take(&mut self.pending);
            content.extend(own);
            content.extend_from_slice(block.content);
            return Some(content);
        }
        self.pending.extend(own);
        self.pending.extend(definitions);
        None
    }

    /// Goes over the rows of a block. Gives the definitions that it has met, and whether the block is whole. A row of a struct that is not
    /// defined is taken for one of the schema's, where there is one; what defines it is added to `own`.
    fn pass(&mut self, block: &Found<'_>, schema: Option<&TableSchema>, own: &mut Vec<u8>) -> (Vec<u8>, bool) {
        let (mut at, mut rows, mut definitions) = (0, 0, Vec::new());
        let mut memo = Memo::default();
        loop {
            let Ok(length) = self.names.define(&block.content[at..]) else { return (definitions, false) };
            definitions.extend_from_slice(&block.content[at..at + length]);
            at += length;
            let rest = &block.content[at..];
            if rest.is_empty() {
                return (definitions, rows == block.prefix.items);
            }
            if let (Some(schema), Some(number)) = (schema, self.names.undefined_struct(rest)) {
                let fields = schema.fields.iter().map(|field| &*field.external_name);
                let definition = Names::definition(number, fields);
                if self.names.define(&definition).is_err() {
                    return (definitions, false);
                }
                own.extend(definition);
            }
            let mut decoder = Decoder::new(rest, &self.names, &mut memo, Room::unbounded(u32::MAX));
            if decoder.pass().is_err() {
                return (definitions, false);
            }
            at += decoder.place();
            rows += 1;
        }
    }
}

fn write(search: &Search<'_>, tables: &[Table], sink: &mut impl Write) -> Result<(), SnapshotError> {
    let mut writer = BlockWriter::new(sink, search.flags)?;
    writer.begin(Kind::Schema, 0)?;
    writer.block(1, search.found[0].content)?;
    for (place, table) in tables.iter().enumerate() {
        writer.begin(Kind::Slots, place)?;
        write_items(&mut writer, table.slots.runs().map(|(count, generation)| pair(count, generation)))?;
        writer.begin(Kind::Free, place)?;
        write_items(&mut writer, table.slots.free().map(u32::to_le_bytes))?;
        writer.begin(Kind::Rows, place)?;
        table.blocks.iter().try_for_each(|(items, content)| writer.block(*items, content))?;
    }
    for place in 0..tables.len() {
        for kind in [Kind::Order, Kind::Listers, Kind::Defaults] {
            writer.begin(kind, place)?;
            let items = search.items(kind, place);
            write_items(&mut writer, items.into_iter().filter(|item| names_rows(kind, item, place, search, tables)))?;
        }
    }
    writer.finish(&tables.iter().map(|table| table.kept).collect::<Vec<_>>())
}

fn write_items(
    writer: &mut BlockWriter<'_, impl Write>,
    items: impl Iterator<Item = impl AsRef<[u8]>>,
) -> Result<(), SnapshotError> {
    let mut filling = Filling::new(writer);
    for item in items {
        filling.item(item.as_ref())?;
    }
    filling.flush()
}

fn pair(left: u32, right: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&left.to_le_bytes());
    bytes[4..].copy_from_slice(&right.to_le_bytes());
    bytes
}

/// Whether what is said of a link is said of rows that are kept.
fn names_rows(kind: Kind, item: &[u8], table: usize, search: &Search<'_>, tables: &[Table]) -> bool {
    let row = u64_at(item, item.len() - 8);
    let target = |schema: &Schema| {
        let relation = schema.tables[table].relations.get(u32_at(item, 0) as usize)?;
        schema.tables.iter().position(|table| table.name == relation.target)
    };
    let of = if kind == Kind::Defaults { target(&search.schema) } else { Some(table) };
    of.is_some_and(|of| tables[of].slots.holds(row as u32, (row >> 32) as u32))
}

impl<'a> Search<'a> {
    /// The blocks of a section.
    fn of(&self, kind: Kind, table: usize) -> impl Iterator<Item = &Found<'a>> {
        self.found.iter().filter(move |block| (block.kind, block.prefix.table as usize) == (kind, table))
    }

    /// The items of a section: of slots those before the first that is lost, for it is their place that says which they are.
    fn items(&self, kind: Kind, table: usize) -> Vec<&'a [u8]> {
        let size = kind.item_size().expect("these items have a size");
        let blocks = (0..).zip(self.of(kind, table));
        let blocks = blocks.take_while(|(number, block)| kind != Kind::Slots || *number == block.prefix.number);
        blocks.flat_map(|(_, block)| block.content.chunks_exact(size)).collect()
    }
}
