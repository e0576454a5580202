//! The blocks of a file one after the other, whatever they hold, each proved before it is given.
//!
//! A load asks for sections and knows what must come. Here each block is asked what it is once its checksum agrees, so that
//! the first bad one is named by its place in the file and not by what it claims.

use std::io::Read;

use super::Block;
use crate::snapshot::blocks::{HEADER, PREFIX, Prefix, checksum};
use crate::snapshot::error::SnapshotError;
use crate::snapshot::first;
use crate::snapshot::sections::{Kind, read_exactly, u32_at, u64_at};
use crate::snapshot::source::Start;

/// What gives the blocks of a file in their order.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    frame: Frame<R>,
    /// How many tables there are: none before the schema is known.
    tables: usize,
    pub(super) content: Vec<u8>,
    /// The block given last.
    last: Option<Block>,
    /// How many items of its section stand in it and those before it.
    items: u32,
    pub(super) count: u64,
    pub(super) offset: u64,
}

enum Frame<R> {
    First(first::Reader<R>, std::vec::IntoIter<(Kind, usize)>),
    Second { source: R, chain: u64 },
}

impl<R> std::fmt::Debug for Frame<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Frame::First(..)) { "format 1" } else { "format 2" })
    }
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(mut source: R, start: Start) -> Result<Self, SnapshotError> {
        let (frame, offset) = if start.version == 1 {
            let reader = first::Reader::new(source, start.bytes, None)?;
            let offset = reader.start();
            (Frame::First(reader, vec![].into_iter()), offset)
        } else {
            let mut rest = Vec::new();
            let length = start.bytes.len() as u64;
            let read = read_exactly(&mut source, HEADER as u64 - length, &mut rest)?;
            if length + read < HEADER as u64 {
                return Err(SnapshotError::Truncated { length: length + read, expected: HEADER as u64 });
            }
            let chain = checksum(0, &[&start.bytes]);
            if u64_at(&rest, 0) != chain {
                return Err(SnapshotError::Checksum { section: "the header".to_owned() });
            }
            (Frame::Second { source, chain }, HEADER as u64)
        };
        Ok(Blocks { frame, tables: 0, content: Vec::new(), last: None, items: 0, count: 0, offset })
    }

    /// Reads the content of the schema, and the fingerprint that a header of format 1 has of it.
    pub(super) fn schema(&mut self) -> Result<(Vec<u8>, Option<u64>), SnapshotError> {
        let mut bytes = Vec::new();
        if let Frame::First(reader, _) = &self.frame {
            let fingerprint = reader.fingerprint();
            while self.next_of_first(Kind::Schema, 0)?.is_some() {
                bytes.extend_from_slice(&self.content);
            }
            return Ok((bytes, Some(fingerprint)));
        }
        match self.next()? {
            Some(Block { section: Kind::Schema, items: 1, .. }) => Ok((self.content.clone(), None)),
            _ => Err(self.corrupt("the schema", "a file begins with it, as one item")),
        }
    }

    /// Says how many tables the schema has, after which their blocks come.
    pub(super) fn has_tables(&mut self, tables: usize) -> Result<(), SnapshotError> {
        self.tables = tables;
        if let Frame::First(reader, sections) = &mut self.frame {
            reader.check_sections(tables)?;
            *sections = Kind::all(tables).collect::<Vec<_>>().into_iter();
            // That of the schema has been read.
            sections.next();
            if let Some(&(kind, _)) = sections.as_slice().first() {
                reader.begin(kind);
            }
        }
        Ok(())
    }

    /// The next block, proved; `None` when the file has come to its proper end.
    pub(super) fn next(&mut self) -> Result<Option<Block>, SnapshotError> {
        if matches!(self.frame, Frame::Second { .. }) {
            return self.next_of_second();
        }
        loop {
            let Frame::First(_, sections) = &self.frame else { return Ok(None) };
            let Some(&(kind, table)) = sections.as_slice().first() else { return self.nothing_follows() };
            if let Some(block) = self.next_of_first(kind, table)? {
                return Ok(Some(block));
            }
            let Frame::First(reader, sections) = &mut self.frame else { return Ok(None) };
            sections.next();
            if let Some(&(kind, _)) = sections.as_slice().first() {
                reader.begin(kind);
            }
        }
    }

    fn next_of_first(&mut self, kind: Kind, table: usize) -> Result<Option<Block>, SnapshotError> {
        /// Length and checksum.
        const PREFIX: u64 = 8;
        let (block, offset) = (self.count, self.offset);
        let damaged = |cause| SnapshotError::Damaged { block, offset, cause: Box::new(cause) };
        let Frame::First(reader, _) = &mut self.frame else { return Ok(None) };
        let Some(content) = reader.block(u64::MAX).map_err(damaged)? else { return Ok(None) };
        self.content.clear();
        self.content.extend_from_slice(content);
        let items = match kind {
            Kind::Schema | Kind::End => Some(1),
            Kind::Rows => rows_of_first(&self.content),
            // A slot is its generation there, and no run.
            Kind::Slots => whole(self.content.len(), size_of::<u32>()),
            _ => kind.item_size().and_then(|size| whole(self.content.len(), size)),
        };
        let Some(items) = items else { return Err(self.corrupt(&kind.to_string(), "it does not hold whole items")) };
        let same = self.last.filter(|last| (last.section, last.table) == (kind, table));
        let number = same.map_or(0, |last| last.number + 1);
        Ok(Some(self.give(Block {
            section: kind,
            table,
            number,
            items,
            offset,
            length: PREFIX + content_length(&self.content),
        })))
    }

    fn next_of_second(&mut self) -> Result<Option<Block>, SnapshotError> {
        if self.last.is_some_and(|last| last.section == Kind::End) {
            return self.nothing_follows();
        }
        let (block, offset) = (self.count, self.offset);
        let damaged = |cause| SnapshotError::Damaged { block, offset, cause: Box::new(cause) };
        let Frame::Second { source, chain } = &mut self.frame else { return Ok(None) };
        let mut part = |length: u64, before: u64, bytes: &mut Vec<u8>| {
            let read = read_exactly(source, length, bytes)?;
            let (length, expected) = (offset + before + read, offset + before + length);
            if length < expected { Err(damaged(SnapshotError::Truncated { length, expected })) } else { Ok(()) }
        };
        part(PREFIX as u64, 0, &mut self.content)?;
        let prefix = Prefix::read(&self.content);
        let section = Kind::of_number(prefix.kind);
        let named = section.map_or_else(|| "a block of no known kind".to_owned(), |section| section.to_string());
        part(prefix.length.into(), PREFIX as u64, &mut self.content)?;
        if checksum(*chain, &[&prefix.numbers(), &self.content]) != prefix.checksum {
            return Err(damaged(SnapshotError::Checksum { section: named }));
        }
        *chain = prefix.checksum;
        let Some(section) = section else { return Err(self.corrupt(&named, "its kind is none of this format")) };
        if !self.is_in_place(&prefix, section) {
            return Err(self.corrupt(&named, "a block is not in its place"));
        }
        let (items, length) = (prefix.items as usize, self.content.len());
        let fits = match section {
            Kind::End => length == 8 + 8 * items && items == self.tables && u64_at(&self.content, 0) == self.count,
            _ => section.item_size().is_none_or(|size| length == items.saturating_mul(size)),
        };
        if !fits {
            return Err(self.corrupt(&named, "it does not hold the items that it should"));
        }
        let length = PREFIX as u64 + u64::from(prefix.length);
        let (table, number, items) = (prefix.table as usize, prefix.number, prefix.items);
        Ok(Some(self.give(Block { section, table, number, items, offset, length })))
    }

    /// Whether a block can come where it does: it goes on with its section, or begins one that comes later.
    fn is_in_place(&self, prefix: &Prefix, section: Kind) -> bool {
        let table = prefix.table as usize;
        let begins = (prefix.number, prefix.before) == (0, 0);
        let Some(last) = self.last else { return section == Kind::Schema && table == 0 && begins };
        let goes_on = (last.section, last.table) == (section, table)
            && (last.number.checked_add(1), self.items) == (Some(prefix.number), prefix.before)
            && self.items.checked_add(prefix.items).is_some();
        let is_later = begins && place(section, table, self.tables) > place(last.section, last.table, self.tables);
        let is_of_table = table < self.tables || (section == Kind::End && table == 0);
        let is_empty = prefix.items == 0 && !(section == Kind::End && self.tables == 0);
        !is_empty && (goes_on || is_later) && is_of_table
    }

    fn give(&mut self, block: Block) -> Block {
        self.items = if block.number == 0 { block.items } else { self.items.saturating_add(block.items) };
        self.count += 1;
        self.offset += block.length;
        self.last = Some(block);
        block
    }

    /// The error for the block that has been read and not given.
    fn corrupt(&self, section: &str, what: &str) -> SnapshotError {
        let cause = SnapshotError::Corrupt { section: section.to_owned(), what: what.to_owned() };
        SnapshotError::Damaged { block: self.count, offset: self.offset, cause: Box::new(cause) }
    }

    fn nothing_follows(&mut self) -> Result<Option<Block>, SnapshotError> {
        let mut rest = Vec::new();
        let read = match &mut self.frame {
            Frame::First(reader, _) => reader.read_behind(&mut rest)?,
            Frame::Second { source, .. } => read_exactly(source, 1, &mut rest)?,
        };
        let expected = self.offset;
        if read > 0 { Err(SnapshotError::TrailingBytes { length: expected + read, expected }) } else { Ok(None) }
    }
}

/// The place of a section among those of a file.
pub(in crate::snapshot) fn place(section: Kind, table: usize, tables: usize) -> usize {
    let of_rows = 1 + 3 * table;
    let of_links = of_rows + 3 * tables;
    match section {
        Kind::Schema => 0,
        Kind::Slots => of_rows,
        Kind::Free => of_rows + 1,
        Kind::Rows => of_rows + 2,
        Kind::Order => of_links,
        Kind::Listers => of_links + 1,
        Kind::Defaults => of_links + 2,
        Kind::End => usize::MAX,
    }
}

fn content_length(content: &[u8]) -> u64 {
    content.len() as u64
}

fn whole(length: usize, size: usize) -> Option<u32> {
    if length.is_multiple_of(size) { u32::try_from(length / size).ok() } else { None }
}

/// How many rows a block of format 1 holds, each behind its length.
fn rows_of_first(mut content: &[u8]) -> Option<u32> {
    let mut rows = 0;
    while !content.is_empty() {
        let length = (content.len() >= 4).then(|| u32_at(content, 0))?;
        content = content.get(4..)?.get(length as usize..)?;
        rows += 1;
    }
    Some(rows)
}
