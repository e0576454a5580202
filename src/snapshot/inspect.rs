//! Looking into a file without the models that it was saved from.
//!
//! # Invariants
//! 1. Sections, blocks and checksums are read by what loads read them by: what is whole here is whole there.
//! 2. A block is believed when it has been proved. The first that is not whole is the error, and ends the reading.
//! 3. In memory are one block, one of its rows, and the slots of the table whose rows come; all within the limit.
//!
//! Not responsible for rules between rows: whether a key names a row is asked of the values. Nor for what the file
//! says of the order of links and of default targets, which only a load can use.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::error::SnapshotError;
use super::sections::{Kind, RUN_ITEM, u32_at};
use super::source::{Source, Start, memory_limit};
use super::{file, first};
use crate::arena::{Run, Slots, Stored};
use crate::codec::{CodecError, Decoder, Memo, NESTING, Names, Room, Value, What};
use crate::id::Id;
use crate::schema::Schema;

/// A file that is looked into without its program: what the models declared, and rows as [`Value`]s.
///
/// [`rows`](Reader::rows) gives those of all tables, [`rows_of`](Reader::rows_of) those of one,
/// [`contents`](Reader::contents) counts. Each block is proved before it is believed; the first that is damaged is
/// [`SnapshotError::Damaged`], which says where it is, and nothing comes after it. Keys and relations are not looked
/// at.
///
/// Rows of format 1 have no names of fields: of such a file there are schema, counts and checksums, and its rows are
/// [`SnapshotError::Nameless`].
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
/// for row in reader.rows_of("Planet")? {
///     let row = row?;
///     assert_eq!(row.id.to_string(), "1v1");
///     assert_eq!(row.value.get("name"), Some(&Value::Text("Mars".into())));
/// }
/// assert_eq!(Reader::new(&file[..])?.contents()?.tables[0].rows, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader<R> {
    source: Source<R>,
    format: u16,
    schema: Schema,
    nesting: u32,
    memory_limit: Option<u64>,
    names: Names,
    memo: Memo,
    /// The sections that are not read to their end, the one that is being read first.
    sections: std::vec::IntoIter<(Kind, usize)>,
    /// The slots of the table that is read, until they are all there.
    slots: Slots,
    /// How long they are in the file, in bytes.
    slots_size: u64,
    /// The ids of its rows that are still to come.
    ids: Stored<std::vec::IntoIter<Run>>,
    unread: Option<Unread>,
    /// How many rows each table has, of those read to their end.
    rows: Vec<u64>,
    /// How long the blocks of each table are that have been read, in bytes.
    bytes: Vec<u64>,
}

/// What of a block of rows is still to be read.
struct Unread {
    table: usize,
    /// Which block of the file it is, and where it begins.
    place: (u64, u64),
    /// Where in it the next row begins, or a definition of names before it.
    at: usize,
    rows: u32,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedRow {
    /// The position of its table in the schema.
    pub table: usize,
    /// Its id in that table.
    pub id: Id<()>,
    /// What the file says of it.
    pub value: Value,
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
        let (source, length) = file::open(path)?;
        let reader = Reader::new(source).map_err(|error| error.at(path))?;
        Ok(reader.memory_limit(memory_limit(None, length)))
    }
}

impl<R: Read> Reader<R> {
    /// Reads header and schema of a source. It is read in small parts, and so should be buffered.
    pub fn new(mut source: R) -> Result<Self, SnapshotError> {
        let start = Start::read(&mut source)?;
        let mut source = Source::open(source, start, None)?;
        let schema = source.schema().map_err(|error| error.in_block(source.place()))?;
        let tables = schema.tables.len();
        if let Source::First(reader) = &source {
            reader.check_sections(tables)?;
        }
        let sections: Vec<_> = Kind::of_rows(tables).chain(Kind::of_links(tables)).collect();
        let mut reader = Reader {
            source,
            format: start.version,
            schema,
            nesting: NESTING,
            memory_limit: None,
            names: Names::default(),
            memo: Memo::default(),
            sections: sections.into_iter(),
            slots: Slots::default(),
            slots_size: 0,
            ids: Slots::default().into_stored(),
            unread: None,
            rows: Vec::new(),
            bytes: vec![0; tables],
        };
        reader.begin();
        Ok(reader)
    }

    /// How deep values inside of a row may be nested; 128 if nothing is said. Each level takes room on the stack.
    #[must_use]
    pub fn nesting_limit(mut self, levels: u32) -> Self {
        self.nesting = levels;
        self
    }

    /// How much memory the reading may take, in bytes, before it ends with [`SnapshotError::OverBudget`].
    ///
    /// Counted are slots, the block that is read, and the values of one of its rows. The default is that of a load: 64
    /// times the file or, of a stream, of what has been read; at least 256 MiB.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// The version of the format.
    pub fn format(&self) -> u16 {
        self.format
    }

    /// What the models declared.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// All rows, in the order of tables and slots. When there are no more the whole file has been proved.
    ///
    /// The error is for a file of format 1.
    pub fn rows(self) -> Result<Rows<R>, SnapshotError> {
        self.has_names().map(|()| Rows { reader: self, only: None, has_ended: false })
    }

    /// The rows of one table, in the order of their slots. When there are no more the file has been proved up to
    /// there; what follows is not read.
    ///
    /// The error is for a table that the schema does not have, and for a file of format 1.
    pub fn rows_of(self, table: &str) -> Result<Rows<R>, SnapshotError> {
        self.has_names()?;
        let Some(place) = self.schema.tables.iter().position(|known| known.name == table) else {
            let what = "there is no such table in the snapshot".to_owned();
            return Err(SnapshotError::SchemaMismatch { table: table.to_owned(), member: None, what });
        };
        Ok(Rows { reader: self, only: Some(place), has_ended: false })
    }

    /// Reads the whole file, proves it, and counts. O(file).
    pub fn contents(mut self) -> Result<Contents, SnapshotError> {
        while self.next_block()?.is_some() {}
        let (blocks, bytes) = self.source.place();
        let counted = self.rows.iter().zip(self.bytes);
        let tables = self.schema.tables.into_iter().zip(counted);
        let tables = tables.map(|(table, (&rows, bytes))| TableContents { name: table.name, rows, bytes });
        Ok(Contents { bytes, blocks, tables: tables.collect() })
    }

    fn has_names(&self) -> Result<(), SnapshotError> {
        if self.format == 1 { Err(SnapshotError::Nameless) } else { Ok(()) }
    }

    /// Begins the section that comes next, if there is one.
    fn begin(&mut self) {
        if let Some(&(kind, table)) = self.sections.as_slice().first() {
            self.source.begin(kind, table);
        }
    }

    /// Reads the next block, of whichever section; what is left of the rows of the one before is passed over. `None`
    /// at the end of the file.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the lifetimes of the method alone are not general enough"
    )]
    fn next_block(&mut self) -> Result<Option<(Kind, usize)>, SnapshotError> {
        while self.next_row(|decoder| decoder.pass())?.is_some() {}
        while let Some(&(kind, table)) = self.sections.as_slice().first() {
            let place = self.source.place();
            let read = self.read_block(kind, table);
            if read.map_err(|error| error.of_table(kind, &self.schema.tables[table].name).in_block(place))? {
                self.bytes[table] += self.source.place().1 - place.1;
                return Ok(Some((kind, table)));
            }
            self.sections.next();
            self.begin();
        }
        let place = self.source.place();
        let finished = self.source.finish(&self.rows);
        finished.map_err(|error| self.claimed(error, Kind::End).in_block(place)).map(|()| None)
    }

    /// Reads a block of a section or, where none is left, proves what can be when all of it is there.
    fn read_block(&mut self, kind: Kind, table: usize) -> Result<bool, SnapshotError> {
        let place = self.source.place();
        let (room, is_first) = (self.room(), self.format == 1);
        let read = match kind.item_size() {
            Some(_) if is_first && kind == Kind::Slots => self.source.block_of(size_of::<u32>(), kind),
            Some(size) => self.source.block_of(size, kind),
            None => self.source.block(room),
        };
        let is_read = read.map(|content| content.is_some());
        if !is_read.map_err(|error| self.claimed(error, kind))? {
            // What ends a section is a block of another one, if it is whole.
            let ended = self.end_section(kind, table).map_err(|error| self.source.damage_ahead().unwrap_or(error));
            return ended.map(|()| false);
        }
        self.take(kind, table, place).map(|()| true)
    }

    /// Takes in the block that has been read.
    fn take(&mut self, kind: Kind, table: usize, place: (u64, u64)) -> Result<(), SnapshotError> {
        let (content, is_first) = (self.source.content(), self.format == 1);
        match kind {
            Kind::Slots if is_first => {
                let generations = content.chunks_exact(size_of::<u32>()).map(|generation| u32_at(generation, 0));
                generations.for_each(|generation| self.slots.push(Run { count: 1, generation }));
            }
            Kind::Slots => {
                let runs = content.chunks_exact(RUN_ITEM);
                runs.for_each(|run| self.slots.push(Run { count: u32_at(run, 0), generation: u32_at(run, 4) }));
            }
            Kind::Free => self.slots.free.extend(content.chunks_exact(size_of::<u32>()).map(|slot| u32_at(slot, 0))),
            Kind::Rows if is_first => {
                let mut rest = content;
                while !rest.is_empty() {
                    rest = first::split_row(rest).map_err(corrupt)?.1;
                    self.ids.next().ok_or_else(|| corrupt(CodecError::more_rows().to_string()))?;
                }
            }
            Kind::Rows => {
                let rows = self.source.items().unwrap_or(0);
                self.unread = Some(Unread { table, place, at: 0, rows });
            }
            _ => {}
        }
        if matches!(kind, Kind::Slots | Kind::Free) {
            self.slots_size += content.len() as u64;
            if self.room() == 0 {
                return Err(SnapshotError::OverBudget { part: kind.to_string(), limit: self.limit() });
            }
        }
        Ok(())
    }

    fn end_section(&mut self, kind: Kind, table: usize) -> Result<(), SnapshotError> {
        match kind {
            Kind::Free => {
                let slots = std::mem::take(&mut self.slots);
                let wrong = |what| SnapshotError::Corrupt { section: Kind::Slots.to_string(), what };
                slots.check().map_err(wrong)?;
                self.rows.push(slots.count_stored());
                self.ids = slots.into_stored();
            }
            Kind::Rows => {
                self.slots_size = 0;
                if let Some(key) = self.ids.next() {
                    let (table, id) = (&self.schema.tables[table].name, Id::<()>::from_key(key));
                    return Err(corrupt(format!("{table} {id} is missing")));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The error for a block that is too long, where it is a length that is damaged.
    fn claimed(&mut self, error: SnapshotError, kind: Kind) -> SnapshotError {
        if !matches!(error, SnapshotError::OverBudget { .. }) {
            return error;
        }
        let too_long = || SnapshotError::Corrupt {
            section: kind.to_string(),
            what: "a block is longer than any writer makes it".to_owned(),
        };
        self.source.claim_ahead().unwrap_or_else(|| if kind == Kind::Rows { error } else { too_long() })
    }

    fn limit(&self) -> u64 {
        memory_limit(self.memory_limit, self.source.place().1)
    }

    fn room(&self) -> u64 {
        self.limit().saturating_sub(self.slots_size)
    }

    /// Reads a row of the block that was read last, if one is left, with the definitions of names before it.
    fn next_row<T>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'_, '_>) -> Result<T, CodecError>,
    ) -> Result<Option<(Id<()>, T)>, SnapshotError> {
        let Some(Unread { table, place, at, rows }) = self.unread.take() else { return Ok(None) };
        let limit = self.limit();
        let content = self.source.content();
        let room = limit.saturating_sub(self.slots_size).saturating_sub(content.len() as u64);
        let part = || Kind::Rows.of(&self.schema.tables[table].name);
        let damaged = |what| SnapshotError::Corrupt { section: part(), what }.in_block(place);
        let at = at + self.names.define(&content[at..]).map_err(|error| damaged(error.to_string()))?;
        match (rows, content.len() - at) {
            (0, 0) => return Ok(None),
            (0, _) | (_, 0) => return Err(damaged("a block holds other rows than it says".to_owned())),
            _ => {}
        }
        let key = self.ids.next().ok_or_else(|| damaged(CodecError::more_rows().to_string()))?;
        let id = Id::from_key(key);
        let mut decoder =
            Decoder::new(&content[at..], &self.names, &mut self.memo, Room { nesting: self.nesting, memory: room });
        let row = read(&mut decoder).map_err(|error| match error.what() {
            What::OverBudget => SnapshotError::OverBudget { part: part(), limit },
            _ => damaged(format!("row {id}: {error}")),
        })?;
        self.unread = Some(Unread { table, place, at: at + decoder.place(), rows: rows - 1 });
        Ok(Some((id, row)))
    }
}

fn corrupt(what: String) -> SnapshotError {
    SnapshotError::Corrupt { section: Kind::Rows.to_string(), what }
}

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("format", &self.format).field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// The rows of a file, from [`Reader::rows`] and [`Reader::rows_of`]. The first error ends them.
#[derive(Debug)]
pub struct Rows<R> {
    reader: Reader<R>,
    /// The table whose rows are asked for, if not all are.
    only: Option<usize>,
    has_ended: bool,
}

impl<R: Read> Rows<R> {
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the lifetimes of the method alone are not general enough"
    )]
    fn advance(&mut self) -> Result<Option<SavedRow>, SnapshotError> {
        let Rows { reader, only, .. } = self;
        loop {
            if let Some(table) = reader.unread.as_ref().map(|unread| unread.table)
                && only.is_none_or(|only| only == table)
                && let Some((id, value)) = reader.next_row(|decoder| decoder.untyped())?
            {
                return Ok(Some(SavedRow { table, id, value }));
            }
            // As soon as the next section has begun there are no more of the table.
            let Some((kind, table)) = reader.next_block()? else { return Ok(None) };
            let tables = reader.bytes.len();
            if only.is_some_and(|only| kind.place(table, tables) > Kind::Rows.place(only, tables)) {
                return Ok(None);
            }
        }
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<SavedRow, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let next = self.advance().transpose();
        self.has_ended = !matches!(next, Some(Ok(_)));
        next
    }
}
