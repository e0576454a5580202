//! Looking into a file without the models that it was saved from.
//!
//! # Invariants
//! 1. A block is believed when its checksum agrees and it stands where one like it can; the first that is not is the
//!    error, and ends the reading.
//! 2. One block is in memory, and of the table whose rows come the runs of its slots.
//!
//! Not responsible for rules between rows: whether a key names a row is asked of the values.

mod blocks;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use blocks::Blocks;
pub(super) use blocks::place;

use super::error::SnapshotError;
use super::file;
use super::sections::{Kind as Section, u32_at, u64_at};
use super::source::{Start, decode_schema};
use crate::codec::{Decoder, Memo, NESTING, Names, Room, Value};
use crate::id::{Id, SLOTS_END, key_from_parts};
use crate::schema::Schema;

/// A file that is looked into without its program: schema, blocks, rows as [`Value`]s.
///
/// Blocks come in the order of the file, each with its checksum proved; a damaged one is [`SnapshotError::Damaged`], which
/// says where it is, and nothing comes after it. [`rows`](Reader::rows) gives those of one table, [`contents`](Reader::contents)
/// proves the whole file and counts. Keys and relations are not looked at.
///
/// Rows of format 1 have no names of fields: of such a file there are schema, counts and checksums, and
/// its rows are an error.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
/// use relata::snapshot::{Reader, Value};
///
/// let mut db = Database::builder().model::<Planet>().build()?;
/// db.insert(Planet { name: "Mars".into() })?;
/// let mut file = Vec::new();
/// db.save_to(&mut file)?;
///
/// let reader = Reader::new(&file[..])?;
/// assert_eq!(reader.schema().tables[0].name, "Planet");
/// for row in reader.rows("Planet")? {
///     let (id, row) = row?;
///     assert_eq!(id.to_string(), "1v1");
///     assert_eq!(row.get("name"), Some(&Value::Text("Mars".into())));
/// }
/// assert_eq!(Reader::new(&file[..])?.contents()?.tables[0].rows, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    blocks: Blocks<R>,
    start: Start,
    schema: Schema,
    nesting: u32,
    names: Names,
    memo: Memo,
    /// The slots of the table that is read, and the next of their rows.
    slots: Stored,
    /// How many rows each table has by its slots, and by its blocks so far.
    counts: Vec<(u64, u64)>,
    /// What of the block is left to be read, if it holds rows: where they begin, and how many.
    unread: Option<(usize, Block, u32)>,
    has_ended: bool,
}

/// One block of a file, whose checksum agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Block {
    /// The section that it is of.
    pub section: Section,
    /// The position of its table in the schema; 0 for the schema and the end.
    pub table: usize,
    /// Its number within the section, from 0.
    pub number: u32,
    /// How many items it holds: rows, in a block of rows.
    pub items: u32,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// How long it is with all that belongs to it, in bytes.
    pub length: u64,
}

/// What a file holds, counted when all of it has been read and proved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contents {
    /// The length of the file in bytes.
    pub bytes: u64,
    /// How many blocks it has.
    pub blocks: u64,
    /// The tables in the order of the schema.
    pub tables: Vec<TableContents>,
}

/// What a file holds of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableContents {
    /// The table's name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// The length of all its blocks in bytes.
    pub bytes: u64,
}

impl Reader<BufReader<File>> {
    /// Opens a file. Only its beginning is read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        let path = path.as_ref();
        let (source, _) = file::open(path)?;
        Reader::new(source).map_err(|error| error.at(path))
    }
}

impl<R: Read> Reader<R> {
    /// Reads header and schema of a source.
    pub fn new(mut source: R) -> Result<Self, SnapshotError> {
        let start = Start::read(&mut source)?;
        let mut blocks = Blocks::new(source, start)?;
        let (schema, fingerprint) = blocks.schema()?;
        let schema = decode_schema(&schema, fingerprint)?;
        let tables = schema.tables.len();
        blocks.has_tables(tables)?;
        let (slots, counts) = (Stored::default(), vec![(0, 0); tables]);
        let (names, memo, unread) = (Names::default(), Memo::default(), None);
        Ok(Reader { blocks, start, schema, nesting: NESTING, names, memo, slots, counts, unread, has_ended: false })
    }

    /// How deep values inside of a row may be nested; 128 if nothing is said. Each level takes room on the stack.
    #[must_use]
    pub fn nesting_limit(mut self, levels: u32) -> Self {
        self.nesting = levels;
        self
    }

    /// The version of the format.
    pub fn format(&self) -> u16 {
        self.start.version
    }

    /// Whether the file says that its rows break rules, and were saved so on demand.
    pub fn has_violations(&self) -> bool {
        self.start.has_violations
    }

    /// What the models declared.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The next block behind the schema; `None` at the proper end of the file, or when an error has been given. What is left of the rows
    /// of the block before is passed over.
    pub fn next_block(&mut self) -> Result<Option<Block>, SnapshotError> {
        let next = self.proceed();
        self.has_ended |= !matches!(next, Ok(Some(_)));
        next
    }

    /// The next row of the block that has come last; `None` where it has no more, or is no block of rows.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// # db.insert_many(["Mars", "Venus"].map(|name| Planet { name: name.into() }))?;
    /// # let mut file = Vec::new();
    /// # db.save_to(&mut file)?;
    /// let mut reader = relata::snapshot::Reader::new(&file[..])?;
    /// let mut rows = 0;
    /// while let Some(block) = reader.next_block()? {
    ///     while let Some((_id, _row)) = reader.next_row()? {
    ///         rows += 1;
    ///     }
    /// }
    /// assert_eq!(rows, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_row(&mut self) -> Result<Option<(Id<()>, Value)>, SnapshotError> {
        let row = self.read_row(|decoder| decoder.untyped());
        self.has_ended |= row.is_err();
        row
    }

    /// The rows of a table in the order of their slots. Reading ends behind the table: what follows is not proved.
    ///
    /// The error is for a table that the schema does not have, and for a file of format 1.
    pub fn rows(self, table: &str) -> Result<Rows<R>, SnapshotError> {
        let Some(place) = self.schema.tables.iter().position(|known| known.name == table) else {
            let what = "there is no such table in the snapshot".to_owned();
            return Err(SnapshotError::SchemaMismatch { table: table.to_owned(), member: None, what });
        };
        if self.start.version == 1 {
            return Err(SnapshotError::Nameless);
        }
        Ok(Rows { reader: self, table: place, is_in_table: false, has_ended: false })
    }

    /// Reads the rest of the file, proves it, and counts. O(file), one block in memory.
    pub fn contents(mut self) -> Result<Contents, SnapshotError> {
        let mut bytes = vec![0; self.schema.tables.len()];
        while let Some(block) = self.next_block()? {
            if let (Some(bytes), false) = (bytes.get_mut(block.table), block.section == Section::End) {
                *bytes += block.length;
            }
        }
        let tables = self.schema.tables.iter().zip(&self.counts).zip(bytes);
        let tables = tables.map(|((table, &(rows, _)), bytes)| TableContents { name: table.name.clone(), rows, bytes });
        Ok(Contents { bytes: self.blocks.offset, blocks: self.blocks.count, tables: tables.collect() })
    }

    fn proceed(&mut self) -> Result<Option<Block>, SnapshotError> {
        if self.has_ended {
            return Ok(None);
        }
        if self.start.version != 1 {
            while self.read_row(|decoder| decoder.pass())?.is_some() {}
        }
        let block = self.blocks.next()?;
        let Some(block) = block else {
            let wrong = self.counts.iter().position(|(by_slots, by_rows)| by_slots != by_rows);
            return match wrong {
                Some(table) => Err(self.corrupt_rows(table, "there are not as many rows as slots with one")),
                None => Ok(None),
            };
        };
        match block.section {
            Section::Slots => self.take_slots(block)?,
            Section::Rows => {
                if self.slots.table != block.table {
                    self.slots = Stored { table: block.table, ..Stored::default() };
                }
                let read = &mut self.counts[block.table].1;
                *read += u64::from(block.items);
                if *read > self.counts[block.table].0 {
                    return Err(self.corrupt_rows(block.table, "there are more rows than slots with one"));
                }
                self.unread = (self.start.version != 1).then_some((0, block, 0));
            }
            Section::End => self.compare_with_end()?,
            _ => {}
        }
        Ok(Some(block))
    }

    fn take_slots(&mut self, block: Block) -> Result<(), SnapshotError> {
        if block.number == 0 {
            self.slots = Stored { table: block.table, ..Stored::default() };
        }
        let content = &self.blocks.content;
        if self.start.version == 1 {
            let generations = content.chunks_exact(4).map(|slot| u32_at(slot, 0));
            self.counts[block.table].0 += generations.filter(|generation| generation % 2 == 1).count() as u64;
            return Ok(());
        }
        for run in content.chunks_exact(8) {
            let (count, generation) = (u32_at(run, 0), u32_at(run, 4));
            self.slots.runs.push((count, generation));
            self.slots.length += u64::from(count);
            if generation % 2 == 1 {
                self.counts[block.table].0 += u64::from(count);
            }
        }
        if self.slots.length >= u64::from(SLOTS_END) {
            return Err(self.corrupt_rows(block.table, "there are more slots than numbers for them"));
        }
        Ok(())
    }

    fn compare_with_end(&self) -> Result<(), SnapshotError> {
        let counts = self.blocks.content[8..].chunks_exact(8).map(|rows| u64_at(rows, 0));
        if self.counts.iter().map(|(_, rows)| *rows).eq(counts) {
            return Ok(());
        }
        let what = "it closes a file of other rows".to_owned();
        Err(SnapshotError::Corrupt { section: "the end".to_owned(), what })
    }

    fn corrupt_rows(&self, table: usize, what: &str) -> SnapshotError {
        let section = Section::Rows.of(&self.schema.tables[table].name);
        SnapshotError::Corrupt { section, what: what.to_owned() }
    }

    /// Reads a row, if one is left in the block, with the definitions of names before it.
    fn read_row<T>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'_, '_>) -> Result<T, crate::codec::CodecError>,
    ) -> Result<Option<(Id<()>, T)>, SnapshotError> {
        if self.has_ended {
            return Ok(None);
        }
        if self.start.version == 1 {
            return Err(SnapshotError::Nameless);
        }
        let Some((mut at, block, done)) = self.unread.take() else { return Ok(None) };
        let content = &self.blocks.content;
        let damaged = |what: String| SnapshotError::Corrupt {
            section: Section::Rows.of(&self.schema.tables[block.table].name),
            what: format!("block {} of them at byte {}: {what}", block.number, block.offset),
        };
        at += self.names.define(&content[at..]).map_err(|error| damaged(error.to_string()))?;
        if done == block.items || at == content.len() {
            let is_whole = done == block.items && at == content.len();
            return if is_whole {
                Ok(None)
            } else {
                Err(damaged(format!("it holds not the {} rows that it says", block.items)))
            };
        }
        // That there are as many is known since the block has come.
        let id = self.slots.next().ok_or_else(|| damaged("there are more rows than slots with one".to_owned()))?;
        let room = Room::unbounded(self.nesting);
        let mut decoder = Decoder::new(&content[at..], &self.names, &mut self.memo, room);
        let row = read(&mut decoder).map_err(|error| damaged(format!("row {id}: {error}")))?;
        self.unread = Some((at + decoder.place(), block, done + 1));
        Ok(Some((id, row)))
    }
}

/// The slots of a table as runs of one generation, and how far their rows have been read.
#[derive(Debug, Default)]
struct Stored {
    table: usize,
    runs: Vec<(u32, u32)>,
    /// How many slots there are.
    length: u64,
    run: usize,
    /// How many slots of the run lie behind, and of all.
    in_run: u32,
    passed: u32,
}

impl Stored {
    /// The id of the next row.
    fn next(&mut self) -> Option<Id<()>> {
        loop {
            let &(count, generation) = self.runs.get(self.run)?;
            if self.in_run < count && generation % 2 == 1 {
                self.in_run += 1;
                self.passed += 1;
                return key_from_parts(self.passed, generation).map(Id::from_key);
            }
            self.passed += count - self.in_run;
            self.run += 1;
            self.in_run = 0;
        }
    }
}

/// The rows of one table of a file, from [`Reader::rows`].
#[derive(Debug)]
pub struct Rows<R> {
    reader: Reader<R>,
    table: usize,
    is_in_table: bool,
    has_ended: bool,
}

impl<R: Read> Rows<R> {
    fn advance(&mut self) -> Result<Option<(Id<()>, Value)>, SnapshotError> {
        loop {
            if self.is_in_table
                && let Some(row) = self.reader.next_row()?
            {
                return Ok(Some(row));
            }
            let Some(block) = self.reader.next_block()? else { return Ok(None) };
            let is_rows = block.section == Section::Rows;
            let is_behind =
                block.table > self.table || !matches!(block.section, Section::Slots | Section::Free | Section::Rows);
            if is_behind {
                let (by_slots, by_rows) = self.reader.counts[self.table];
                return match by_slots == by_rows {
                    true => Ok(None),
                    false => Err(self.reader.corrupt_rows(self.table, "there are not as many rows as slots with one")),
                };
            }
            self.is_in_table = is_rows && block.table == self.table;
        }
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<(Id<()>, Value), SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let next = self.advance().transpose();
        self.has_ended = !matches!(next, Some(Ok(_)));
        next
    }
}
