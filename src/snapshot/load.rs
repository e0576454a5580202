//! Reading a database from a file.
//!
//! Rows go from the block that holds them straight into their slots. When the rows of all tables are there the indexes
//! are built again, which proves every key; then the children that had joined in another order than that of their slots
//! are put in that order. Whatever fails on the way, the caller never sees the database.

use std::io::Read;

use super::block::{BLOCK_MAX, BlockReader};
use super::codec;
use super::compare;
use super::error::SnapshotError;
use super::format::{Frame, Kind, fingerprint, u32_at, u64_at};
use super::save::{LINK_ITEM, LISTER_ITEM};
use crate::arena::Slots;
use crate::database::Database;
use crate::id::{RowId, key_from_parts};
use crate::index::links::no_target;
use crate::schema::Schema;
use crate::table::Store;

/// What a database may take in memory: counted are its slots, its indexes and the encoded length of its rows.
struct Budget {
    limit: u64,
    used: u64,
}

impl Budget {
    /// The limit for a file of this length unless the caller has set one: the smaller of 8 times the file and 4 GiB
    /// over it, but never less than 64 MiB, which any program can spare.
    fn for_file(length: u64) -> u64 {
        const LEAST: u64 = 64 << 20;
        const OVER: u64 = 4 << 30;
        length.saturating_mul(8).min(length.saturating_add(OVER)).max(LEAST)
    }

    fn charge(&mut self, bytes: u64, kind: Kind, table: &str) -> Result<(), SnapshotError> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.limit {
            return Err(SnapshotError::OverBudget { part: kind.of(table), limit: self.limit });
        }
        Ok(())
    }
}

/// Reads the schema of a snapshot; the source may end behind it.
pub(super) fn schema(source: &mut impl Read) -> Result<Schema, SnapshotError> {
    let frame = Frame::read(source, None)?;
    read_schema(&frame, source).and_then(|bytes| decode_schema(&bytes))
}

/// Reads a snapshot of `length` bytes into a database that is empty.
pub(super) fn database(
    mut database: Database,
    memory_limit: Option<u64>,
    source: &mut impl Read,
    length: u64,
) -> Result<Database, SnapshotError> {
    let frame = Frame::read(source, Some(length))?;
    let saved = decode_schema(&read_schema(&frame, source)?)?;
    compare::check(&saved, &database.store.schema)?;
    let tables = database.store.tables.len();
    frame.check_sections(tables)?;

    let budget = Budget { limit: memory_limit.unwrap_or_else(|| Budget::for_file(length)), used: 0 };
    let lengths: Vec<u64> = frame.sections.iter().map(|section| section.length).collect();
    let mut loading = Loading { store: &mut database.store, source, budget };
    let sections = Kind::all(tables).zip(lengths).skip(1);
    let (of_rows, of_links): (Vec<_>, Vec<_>) =
        sections.partition(|((kind, _), _)| !matches!(kind, Kind::Order | Kind::Listers | Kind::Defaults));
    let mut slots = Slots::default();
    for ((kind, table), length) in of_rows {
        match kind {
            Kind::Slots => slots.generations = loading.numbers(kind, table, length)?,
            Kind::Free => {
                slots.free = loading.numbers(kind, table, length)?;
                loading.restore(table, &slots)?;
            }
            _ => loading.rows(table, length, &slots)?,
        }
    }
    loading.build_indexes()?;
    for ((kind, table), length) in of_links {
        match kind {
            Kind::Order => loading.order(table, length)?,
            Kind::Listers => loading.listers(table, length)?,
            _ => loading.defaults(table, length)?,
        }
    }
    Ok(database)
}

fn read_schema(frame: &Frame, source: &mut impl Read) -> Result<Vec<u8>, SnapshotError> {
    let section = frame.sections.first().filter(|section| section.kind == Kind::Schema as u32);
    let mut blocks = BlockReader::new(source, Kind::Schema, "", section.map_or(0, |section| section.length));
    let mut schema = Vec::new();
    while let Some(block) = blocks.next()? {
        schema.extend(block);
    }
    if fingerprint(&schema) != frame.fingerprint {
        return Err(blocks.corrupt("the header has the fingerprint of another"));
    }
    Ok(schema)
}

fn decode_schema(bytes: &[u8]) -> Result<Schema, SnapshotError> {
    let corrupt = |what| SnapshotError::Corrupt { section: "the schema".to_owned(), what };
    let schema: Schema = codec::decode(bytes).map_err(corrupt)?;
    match schema.tables.iter().find(|table| table.primary_key.is_some_and(|place| place >= table.uniques.len())) {
        Some(table) => Err(corrupt(format!("the primary key of `{}` is not among its unique keys", table.name))),
        None => Ok(schema),
    }
}

/// A database that is being filled.
struct Loading<'a, R> {
    store: &'a mut Store,
    source: &'a mut R,
    budget: Budget,
}

impl<R: Read> Loading<'_, R> {
    fn blocks(&mut self, kind: Kind, table: usize, length: u64) -> BlockReader<'_, R> {
        BlockReader::new(self.source, kind, self.store.tables[table].name, length)
    }

    fn numbers(&mut self, kind: Kind, table: usize, length: u64) -> Result<Vec<u32>, SnapshotError> {
        const SIZE: usize = size_of::<u32>();
        let mut blocks = self.blocks(kind, table, length);
        let mut numbers = Vec::new();
        while let Some(block) = blocks.next_of_size(SIZE)? {
            numbers.extend(block.chunks_exact(SIZE).map(|number| u32_at(number, 0)));
        }
        Ok(numbers)
    }

    /// Makes the slots of a table, when it is known that they may be made.
    fn restore(&mut self, table: usize, slots: &Slots) -> Result<(), SnapshotError> {
        /// What a slot takes of a link column, of a unique index, and of the posting lists and generations of targets, in bytes.
        const OF_INDEXES: [usize; 3] = [12, 24, 44];
        let table = &mut self.store.tables[table];
        let indexes = [table.index.relations(), table.index.uniques.len(), table.incoming.len()];
        let of_indexes: usize = indexes.iter().zip(OF_INDEXES).map(|(count, size)| count * size).sum();
        let slot_size = (table.rows.slot_size() + of_indexes) as u64;
        self.budget.charge(slot_size.saturating_mul(slots.generations.len() as u64), Kind::Slots, table.name)?;
        let corrupt = |what| SnapshotError::Corrupt { section: Kind::Slots.of(table.name), what };
        table.rows.restore(slots).map_err(corrupt)
    }

    fn rows(&mut self, table: usize, length: u64, slots: &Slots) -> Result<(), SnapshotError> {
        let table = &mut self.store.tables[table];
        let mut blocks = BlockReader::new(self.source, Kind::Rows, table.name, length);
        let corrupt = |what| SnapshotError::Corrupt { section: Kind::Rows.of(table.name), what };
        let mut keys = slots.stored();
        while let Some(block) = blocks.next()? {
            self.budget.charge(block.len() as u64, Kind::Rows, table.name)?;
            let mut rest = block;
            while !rest.is_empty() {
                let (row, after) = split_row(rest).map_err(corrupt)?;
                if block.len() > BLOCK_MAX && row.len() + size_of::<u32>() < block.len() {
                    return Err(corrupt("a block of several rows is larger than it may be".to_owned()));
                }
                let key = keys.next().ok_or_else(|| corrupt("there are more rows than slots with one".to_owned()))?;
                let name = |what| corrupt(format!("{}: {what}", RowId { table: table.name, key }));
                table.rows.decode_row(key, row).map_err(name)?;
                rest = after;
            }
        }
        match keys.next() {
            Some(key) => Err(corrupt(format!("{} is missing", RowId { table: table.name, key }))),
            None => Ok(()),
        }
    }

    fn build_indexes(&mut self) -> Result<(), SnapshotError> {
        /// What an id in a list takes of the index, in both directions, in bytes.
        const OF_ELEMENT: usize = 32;
        let name = |(key, error), table| {
            let what = format!("{}: {error}", RowId { table, key });
            SnapshotError::Corrupt { section: Kind::Rows.of(table), what }
        };
        for table in &mut self.store.tables {
            table.rows.build_uniques(&mut table.index).map_err(|fault| name(fault, table.name))?;
        }
        for position in 0..self.store.tables.len() {
            // The links are out of the store while it is searched for their targets.
            let index = &mut self.store.tables[position].index;
            let (mut links, mut lists) = (std::mem::take(&mut index.links), std::mem::take(&mut index.lists));
            let table = &self.store.tables[position];
            self.budget.charge((table.rows.listed() * OF_ELEMENT) as u64, Kind::Rows, table.name)?;
            table.rows.build_links(self.store, &mut links, &mut lists).map_err(|fault| name(fault, table.name))?;
            let index = &mut self.store.tables[position].index;
            (index.links, index.lists) = (links, lists);
        }
        Ok(())
    }

    /// Lets each source named leave its target and join it again: in the end they are in the order of their naming,
    /// which cannot be anything but an order of those that are there.
    fn order(&mut self, table: usize, length: u64) -> Result<(), SnapshotError> {
        let table = &mut self.store.tables[table];
        let mut blocks = BlockReader::new(self.source, Kind::Order, table.name, length);
        let corrupt = |what| SnapshotError::Corrupt { section: Kind::Order.of(table.name), what };
        while let Some(block) = blocks.next_of_size(LINK_ITEM)? {
            for item in block.chunks_exact(LINK_ITEM) {
                let (place, bits) = (u32_at(item, 0), u64_at(item, 4));
                let link = table.index.links.get_mut(place as usize);
                let link = link.ok_or_else(|| corrupt(format!("there is no relation at place {place}")))?;
                let source = key_from_parts(bits as u32, (bits >> 32) as u32);
                let target = source.map(|source| (source, link.target(source)));
                let Some((source, target)) = target.filter(|(_, target)| !no_target::is(*target)) else {
                    return Err(corrupt(format!("slot {} has no target", bits as u32)));
                };
                link.leave(source);
                link.join(source, target);
            }
            // The holes that they have left would otherwise grow with the section.
            table.index.links.iter_mut().for_each(crate::index::links::Link::close_up);
        }
        Ok(())
    }

    /// The same for those who list a row.
    fn listers(&mut self, table: usize, length: u64) -> Result<(), SnapshotError> {
        let table = &mut self.store.tables[table];
        let mut blocks = BlockReader::new(self.source, Kind::Listers, table.name, length);
        let corrupt = |what| SnapshotError::Corrupt { section: Kind::Listers.of(table.name), what };
        while let Some(block) = blocks.next_of_size(LISTER_ITEM)? {
            for item in block.chunks_exact(LISTER_ITEM) {
                let (place, target, bits) = (u32_at(item, 0), u32_at(item, 4), u64_at(item, 8));
                let list = (place as usize).checked_sub(table.index.links.len());
                let list = list.and_then(|list| table.index.lists.get_mut(list));
                let list = list.ok_or_else(|| corrupt(format!("there is no list of ids at place {place}")))?;
                let source = key_from_parts(bits as u32, (bits >> 32) as u32);
                if !source.is_some_and(|source| list.rejoin(source, target)) {
                    return Err(corrupt(format!("slot {} does not list slot {target}", bits as u32)));
                }
            }
            table.index.lists.iter_mut().for_each(crate::index::lists::Lists::close_up);
        }
        Ok(())
    }

    /// Sets the default targets: at most one for a relation, which refers by id, in the order of the relations.
    fn defaults(&mut self, table: usize, length: u64) -> Result<(), SnapshotError> {
        let (name, schema) = (self.store.tables[table].name, &self.store.schema.tables[table]);
        let corrupt = |what| SnapshotError::Corrupt { section: Kind::Defaults.of(name), what };
        let mut blocks = BlockReader::new(self.source, Kind::Defaults, name, length);
        let mut next = 0;
        while let Some(block) = blocks.next_of_size(LINK_ITEM)? {
            for item in block.chunks_exact(LINK_ITEM) {
                let (place, bits) = (u32_at(item, 0) as usize, u64_at(item, 4));
                let by_id =
                    schema.relations.get(place).filter(|relation| relation.target_fields.is_empty() && !relation.many);
                let relation = by_id.ok_or_else(|| corrupt(format!("no relation at place {place} refers by id")))?;
                if place < next {
                    return Err(corrupt(format!("`{}` is not in its place", relation.name)));
                }
                next = place + 1;
                let rows = &self.store.tables[self.store.tables[table].targets[place] as usize].rows;
                let target = key_from_parts(bits as u32, (bits >> 32) as u32).filter(|key| rows.contains(*key));
                if target.is_none() {
                    return Err(corrupt(format!("`{}`: no row is in slot {}", relation.name, bits as u32)));
                }
                self.store.tables[table].index.links[place].set_default_target(target);
            }
        }
        Ok(())
    }
}

/// The first row of a block, and what follows it.
fn split_row(block: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let split = block
        .split_first_chunk()
        .and_then(|(length, rest)| rest.split_at_checked(u32::from_le_bytes(*length) as usize));
    split.ok_or_else(|| "a row goes beyond its block".to_owned())
}
