//! Saving what is whole of a damaged file.
//!
//! # Invariants
//! 1. A row is kept if the checksum of its block agrees, its id is known (the slots of its table are whole as far as
//!    it), and every name that it needs is known.
//! 2. What is written is a file like any other. Rows that refer to lost ones break rules there, and a load says so.
//! 3. The id of a lost row is not given out again: its slot is retired.

mod naming;
mod search;
mod slots;

use std::io::Write;
use std::ops::Range;

use naming::{Naming, RowsOfBlock};
use search::{Found, Search};

use super::blocks::{BlockWriter, Filling, Sections};
use super::error::SnapshotError;
use super::save::write_runs;
use super::sections::{Kind, u32_at, u64_at};
use crate::arena::Slots;

/// What [`recover`] has found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The tables in the order of the schema.
    pub tables: Vec<RecoveredTable>,
    /// The parts of the file that nothing proves, in bytes; none where it is whole. Where the file stops short
    /// between two blocks, an empty one at its end.
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
    /// How many of these have fields whose names are lost, and were taken from the schema.
    pub assumed: u64,
    /// How many have been lost; `None` where what tells their number is lost too.
    pub lost: Option<u64>,
}

/// Writes what is whole of a damaged file of format 2 as a new one.
///
/// A block is whole if its checksum agrees, beginning with the one that the block before it states. Its rows are kept
/// under their ids, if the slots of their table are whole as far as them. The names of fields and variants stand in
/// the blocks of rows, before the first row that needs them. Where those of a row's own fields are lost, the schema's
/// are taken for them if every byte of the block fits, and [`RecoveredTable::assumed`] counts such rows; where others
/// are, the block is lost. Of the order of children, the free list and the default targets what is whole is kept.
///
/// Rows that refer to lost ones stay as they are, so that the new file may need
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
    let mut naming = Naming::default();
    let tables: Vec<Table<'_>> =
        (0..search.schema.tables.len()).map(|place| Table::new(&search, place, &mut naming)).collect();
    write(&search, &tables, naming.definitions(), &mut sink)?;
    let stated = search.stated_rows();
    let lost = |place: usize, table: &Table<'_>| match &stated {
        Some(stated) => Some(stated[place].saturating_sub(table.kept)),
        None if search.is_whole(Kind::Slots, place) => Some(table.stored - table.kept),
        None => None,
    };
    let recovered = tables.iter().enumerate().map(|(place, table)| RecoveredTable {
        name: search.schema.tables[place].name.clone(),
        kept: table.kept,
        assumed: table.assumed,
        lost: lost(place, table),
    });
    Ok(Recovery { tables: recovered.collect(), damaged: search.damaged.clone() })
}

/// What is kept of a table.
struct Table<'a> {
    slots: Slots,
    /// How many rows there are by the slots that are known.
    stored: u64,
    kept: u64,
    assumed: u64,
    /// The blocks of rows that are kept.
    blocks: Vec<(Found<'a>, RowsOfBlock)>,
}

impl<'a> Table<'a> {
    fn new(search: &Search<'a>, place: usize, naming: &mut Naming) -> Self {
        let slots = slots::known(&search.items(Kind::Slots, place), &search.items(Kind::Free, place));
        let stored = slots.count_stored();
        let mut table = Table { slots: Slots::default(), stored, kept: 0, assumed: 0, blocks: Vec::new() };
        let mut ranks: Vec<Range<u64>> = Vec::new();
        for block in search.of(Kind::Rows, place) {
            let items = u64::from(block.prefix.items);
            let first = u64::from(block.prefix.before);
            // Its definitions are needed even if its rows cannot be kept.
            let Some(rows) = naming.read(block, &search.schema.tables[place]) else { continue };
            if first < ranks.last().map_or(0, |before| before.end) || first + items > stored {
                continue;
            }
            ranks.push(first..first + items);
            table.kept += items;
            table.assumed += rows.assumed;
            table.blocks.push((*block, rows));
        }
        table.slots = slots::without_others(&slots, &ranks);
        table
    }
}

/// All names are defined before the first row, since blocks that defined some may be lost.
fn write(
    search: &Search<'_>,
    tables: &[Table<'_>],
    mut definitions: Vec<u8>,
    sink: &mut impl Write,
) -> Result<(), SnapshotError> {
    let mut writer = BlockWriter::new(sink)?;
    writer.begin(Kind::Schema, 0)?;
    writer.block(1, search.found[0].content)?;
    for (place, table) in tables.iter().enumerate() {
        writer.begin(Kind::Slots, place)?;
        write_runs(table.slots.runs(), &mut writer)?;
        writer.begin(Kind::Free, place)?;
        write_items(&mut writer, table.slots.free.iter().map(|slot| slot.to_le_bytes()))?;
        writer.begin(Kind::Rows, place)?;
        for (block, rows) in &table.blocks {
            let mut content = std::mem::take(&mut definitions);
            rows.runs.iter().for_each(|run| content.extend_from_slice(&block.content[run.clone()]));
            writer.block(block.prefix.items, &content)?;
        }
    }
    let generations: Vec<_> = tables.iter().map(|table| table.slots.generation_of()).collect();
    for (kind, place) in Kind::of_links(tables.len()) {
        writer.begin(kind, place)?;
        // What is said of a link is said of rows that are kept.
        let items = search.items(kind, place).into_iter().filter(|item| {
            let row = u64_at(item, item.len() - size_of::<u64>());
            let generation = search.table_named(kind, place, item).and_then(|table| generations[table](row as u32));
            generation == Some((row >> 32) as u32)
        });
        write_items(&mut writer, items)?;
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

impl<'a> Search<'a> {
    /// The blocks of a section.
    fn of(&self, kind: Kind, table: usize) -> impl Iterator<Item = &Found<'a>> {
        self.found.iter().filter(move |block| (block.kind, block.prefix.table as usize) == (kind, table))
    }

    /// The items of a section: of slots those before the first that is lost, for it is their place that says which
    /// they are.
    fn items(&self, kind: Kind, table: usize) -> Vec<&'a [u8]> {
        let size = kind.item_size().expect("these items have a size");
        let blocks = (0..).zip(self.of(kind, table));
        let blocks = blocks.take_while(|(number, block)| kind != Kind::Slots || *number == block.prefix.number);
        blocks.flat_map(|(_, block)| block.content.chunks_exact(size)).collect()
    }

    /// The table of the row that an item about links names.
    fn table_named(&self, kind: Kind, table: usize, item: &[u8]) -> Option<usize> {
        if kind != Kind::Defaults {
            return Some(table);
        }
        let relation = self.schema.tables[table].relations.get(u32_at(item, 0) as usize)?;
        self.schema.tables.iter().position(|table| table.name == relation.target)
    }
}
