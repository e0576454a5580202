//! The frame of format 2: a header, blocks, and a last block that closes the file. `docs/format.md` gives every byte.
//!
//! # Invariants
//! 1. A block says what it is: kind, table, number within its section, the items before it. Its checksum covers that and
//!    its content, and begins with the checksum of the block before; so a block has one place in one file, and any other
//!    is found out.
//! 2. A file is written front to back in one pass and read so: nothing is known of its length beforehand.
//! 3. A block of several items begins no item when it holds [`BLOCK_FULL`] bytes.

use std::io::{self, Read, Write};

use xxhash_rust::xxh3::Xxh3;

use super::error::SnapshotError;
use super::sections::{Kind, MAGIC, read_exactly, u32_at, u64_at};

pub(super) const VERSION: u16 = 2;
/// How the header names the codec of rows.
pub(super) const CODEC: u8 = 2;
/// The length of the header, in bytes.
pub(super) const HEADER: usize = 20;
/// The length of what stands before the content of a block, in bytes.
pub(super) const PREFIX: usize = 32;
/// When a block is full, in bytes.
pub(super) const BLOCK_FULL: usize = 1 << 16;
/// How long a block of several items may be: its last item may be long, but then not the others.
const SEVERAL_MAX: usize = 1 << 24;

/// What takes the blocks of sections, one after the other.
pub(super) trait Sections {
    type Error;

    /// Begins a section.
    fn begin(&mut self, kind: Kind, table: usize) -> Result<(), Self::Error>;
    /// Takes a block of the section: so many items, and their bytes.
    fn block(&mut self, items: u32, content: &[u8]) -> Result<(), Self::Error>;
}

/// Writes a file.
pub(super) struct BlockWriter<'a, W> {
    sink: &'a mut W,
    chain: u64,
    section: (Kind, u32),
    number: u32,
    /// How many items of the section have been written.
    items: u32,
    blocks: u64,
}

impl<'a, W: Write> BlockWriter<'a, W> {
    pub(super) fn new(sink: &'a mut W) -> Result<Self, SnapshotError> {
        let mut header = Vec::with_capacity(HEADER);
        header.extend(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.extend([CODEC, 0]);
        let chain = checksum(0, &[&header]);
        header.extend(chain.to_le_bytes());
        sink.write_all(&header).map_err(SnapshotError::io("write"))?;
        Ok(BlockWriter { sink, chain, section: (Kind::Schema, 0), number: 0, items: 0, blocks: 0 })
    }

    /// Closes the file: how many blocks it has, and how many rows each table.
    pub(super) fn finish(mut self, rows: &[u64]) -> Result<(), SnapshotError> {
        let mut content = self.blocks.to_le_bytes().to_vec();
        content.extend(rows.iter().flat_map(|rows| rows.to_le_bytes()));
        self.begin(Kind::End, 0)?;
        self.block(rows.len() as u32, &content)
    }
}

impl<W: Write> Sections for BlockWriter<'_, W> {
    type Error = SnapshotError;

    fn begin(&mut self, kind: Kind, table: usize) -> Result<(), SnapshotError> {
        (self.section, self.number, self.items) = ((kind, table as u32), 0, 0);
        Ok(())
    }

    fn block(&mut self, items: u32, content: &[u8]) -> Result<(), SnapshotError> {
        let (kind, table) = self.section;
        let length = u32::try_from(content.len()).map_err(|_| SnapshotError::Corrupt {
            section: kind.to_string(),
            what: "an item takes more than 4 GiB".to_owned(),
        })?;
        let mut prefix = [0; PREFIX];
        for (place, number) in [kind as u32, table, self.number, items, self.items, length].into_iter().enumerate() {
            prefix[place * 4..][..4].copy_from_slice(&number.to_le_bytes());
        }
        self.chain = checksum(self.chain, &[&prefix[..24], content]);
        prefix[24..].copy_from_slice(&self.chain.to_le_bytes());
        self.sink.write_all(&prefix).and_then(|()| self.sink.write_all(content)).map_err(SnapshotError::io("write"))?;
        self.number += 1;
        self.items += items;
        self.blocks += 1;
        Ok(())
    }
}

/// Items that are collected into blocks.
pub(super) struct Filling<'a, S> {
    sections: &'a mut S,
    content: Vec<u8>,
    items: u32,
}

impl<'a, S: Sections> Filling<'a, S> {
    pub(super) fn new(sections: &'a mut S) -> Self {
        Filling { sections, content: Vec::new(), items: 0 }
    }

    pub(super) fn item(&mut self, item: &[u8]) -> Result<(), S::Error> {
        self.items(1, item)
    }

    /// Takes bytes that stand for so many items.
    pub(super) fn items(&mut self, items: u32, bytes: &[u8]) -> Result<(), S::Error> {
        self.content.extend_from_slice(bytes);
        self.items += items;
        if self.content.len() >= BLOCK_FULL { self.flush() } else { Ok(()) }
    }

    /// Takes items of which each ends where `ends` says. What is a block as it is given is not copied.
    pub(super) fn rows(&mut self, bytes: &[u8], ends: &[usize]) -> Result<(), S::Error> {
        let (mut start, mut ends) = (0, ends);
        while !ends.is_empty() {
            let full = start + (BLOCK_FULL - self.content.len());
            let count = (ends.partition_point(|end| *end < full) + 1).min(ends.len());
            let end = ends[count - 1];
            let taken = &bytes[start..end];
            if self.items == 0 && end >= full {
                self.sections.block(count as u32, taken)?;
            } else {
                self.items(count as u32, taken)?;
            }
            (start, ends) = (end, &ends[count..]);
        }
        Ok(())
    }

    /// Gives what is left.
    pub(super) fn flush(&mut self) -> Result<(), S::Error> {
        if self.items > 0 {
            self.sections.block(self.items, &self.content)?;
            self.content.clear();
            self.items = 0;
        }
        Ok(())
    }
}

/// What stands before the content of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix {
    pub(super) kind: u32,
    pub(super) table: u32,
    /// Its number within the section.
    pub(super) number: u32,
    pub(super) items: u32,
    /// How many items of the section stand before it.
    pub(super) before: u32,
    pub(super) length: u32,
    pub(super) checksum: u64,
}

/// Reads a file behind its header's first twelve bytes.
pub(super) struct BlockReader<R> {
    source: R,
    chain: u64,
    /// How many bytes have been read.
    read: u64,
    /// Where the block begins that is not read yet, in bytes.
    offset: u64,
    /// The block that comes next, of which the content is not read yet.
    next: Option<Prefix>,
    section: (Kind, u32),
    number: u32,
    items: u32,
    blocks: u64,
    /// How many items the last block has.
    pub(super) last_items: u32,
    content: Vec<u8>,
}

impl<R: Read> BlockReader<R> {
    /// `start` is what has been read: magic, version, codec and flags.
    pub(super) fn new(mut source: R, start: [u8; 12]) -> Result<Self, SnapshotError> {
        let mut rest = Vec::new();
        let read = read_exactly(&mut source, (HEADER - start.len()) as u64, &mut rest)?;
        let length = start.len() as u64 + read;
        if length < HEADER as u64 {
            return Err(SnapshotError::Truncated { length, expected: HEADER as u64 });
        }
        let chain = checksum(0, &[&start]);
        if u64_at(&rest, 0) != chain {
            return Err(SnapshotError::Checksum { section: "the header".to_owned() });
        }
        Ok(BlockReader {
            source,
            chain,
            read: length,
            offset: length,
            next: None,
            section: (Kind::Schema, 0),
            number: 0,
            items: 0,
            blocks: 0,
            last_items: 0,
            content: Vec::new(),
        })
    }

    /// Goes on to a section. The one before it has been read to its end.
    pub(super) fn begin(&mut self, kind: Kind, table: usize) {
        (self.section, self.number, self.items) = ((kind, table as u32), 0, 0);
    }

    /// Which block comes next, and where it begins.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.blocks, self.offset)
    }

    /// The block that was read last.
    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    /// The next block of the section, how many items it has and their bytes; `None` at the end of it. `room` is how long a
    /// block may be at most.
    pub(super) fn block(&mut self, room: u64) -> Result<Option<(u32, &[u8])>, SnapshotError> {
        let prefix = match self.next {
            Some(prefix) => prefix,
            None => self.read_prefix()?,
        };
        let (kind, table) = self.section;
        if (prefix.kind, prefix.table) != (kind as u32, table) {
            return Ok(None);
        }
        let section = || kind.to_string();
        let length = u64::from(prefix.length);
        if length > room {
            return Err(SnapshotError::OverBudget { part: section(), limit: room });
        }
        let read = read_exactly(&mut self.source, length, &mut self.content)?;
        self.read += read;
        if read < length {
            return Err(SnapshotError::Truncated { length: self.read, expected: self.read + (length - read) });
        }
        if checksum(self.chain, &[&prefix.numbers(), &self.content]) != prefix.checksum {
            return Err(SnapshotError::Checksum { section: section() });
        }
        if (prefix.number, prefix.before) != (self.number, self.items) || (prefix.items == 0 && kind != Kind::End) {
            return Err(SnapshotError::Corrupt { section: section(), what: "a block is not in its place".to_owned() });
        }
        if prefix.items > 1 && self.content.len() > SEVERAL_MAX && kind != Kind::Rows {
            return Err(SnapshotError::Corrupt { section: section(), what: "a block is too long".to_owned() });
        }
        self.chain = prefix.checksum;
        self.next = None;
        self.number += 1;
        self.items = self.items.saturating_add(prefix.items);
        self.blocks += 1;
        self.offset = self.read;
        self.last_items = prefix.items;
        Ok(Some((prefix.items, &self.content)))
    }

    /// The content of the block that was read last, for which another buffer is left.
    #[cfg(feature = "rayon")]
    pub(super) fn exchange_content(&mut self, buffer: Vec<u8>) -> Vec<u8> {
        std::mem::replace(&mut self.content, buffer)
    }

    /// How long the block is, in bytes, that could not be read; 0 where that is not known.
    #[cfg(feature = "rayon")]
    pub(super) fn length_refused(&self) -> u64 {
        self.next.map_or(0, |prefix| prefix.length.into())
    }

    fn read_prefix(&mut self) -> Result<Prefix, SnapshotError> {
        let mut bytes = Vec::new();
        let read = read_exactly(&mut self.source, PREFIX as u64, &mut bytes)?;
        self.read += read;
        if read < PREFIX as u64 {
            return Err(SnapshotError::Truncated { length: self.read, expected: self.read + PREFIX as u64 - read });
        }
        let prefix = Prefix::read(&bytes);
        self.next = Some(prefix);
        Ok(prefix)
    }

    /// Passes over the block that comes next; an error if the source ends inside of it.
    pub(super) fn pass(&mut self) -> Result<(), SnapshotError> {
        let length = self.next.map_or(0, |prefix| u64::from(prefix.length));
        let passed = io::copy(&mut self.source.by_ref().take(length), &mut io::sink());
        self.read += passed.map_err(SnapshotError::io("read"))?;
        let expected = self.offset + PREFIX as u64 + length;
        if self.read < expected { Err(SnapshotError::Truncated { length: self.read, expected }) } else { Ok(()) }
    }

    /// Reads the block that closes the file, and that nothing follows it. Gives the rows of each table.
    pub(super) fn finish(&mut self) -> Result<Vec<u64>, SnapshotError> {
        let blocks = self.blocks;
        self.begin(Kind::End, 0);
        let corrupt = |what: &str| SnapshotError::Corrupt { section: "the end".to_owned(), what: what.to_owned() };
        let Some((items, content)) = self.block(1 << 24)? else {
            // Its checksum would say whether it is damaged or a block of another file.
            return Err(self.misplaced());
        };
        if content.len() != 8 + 8 * items as usize || u64_at(content, 0) != blocks {
            return Err(corrupt("it closes a file of other blocks"));
        }
        let rows = content[8..].chunks_exact(8).map(|rows| u64_at(rows, 0)).collect();
        if read_exactly(&mut self.source, 1, &mut self.content)? > 0 {
            return Err(SnapshotError::TrailingBytes { length: self.read + 1, expected: self.read });
        }
        Ok(rows)
    }

    /// The error for a block that is not of the section in which one must come, or the end.
    pub(super) fn misplaced(&mut self) -> SnapshotError {
        let Some(prefix) = self.next else {
            return SnapshotError::Truncated { length: self.read, expected: self.read + PREFIX as u64 };
        };
        match read_exactly(&mut self.source, prefix.length.into(), &mut self.content) {
            Err(error) => return error,
            Ok(read) if read < u64::from(prefix.length) => {
                let length = self.read + read;
                return SnapshotError::Truncated { length, expected: self.read + u64::from(prefix.length) };
            }
            Ok(_) => {}
        }
        if checksum(self.chain, &[&prefix.numbers(), &self.content]) == prefix.checksum {
            let what = format!("a block of kind {} of table {} stands in its place", prefix.kind, prefix.table);
            SnapshotError::Corrupt { section: self.section.0.to_string(), what }
        } else {
            // It may be of any section: what says so may be what is damaged.
            SnapshotError::Checksum { section: "a block".to_owned() }
        }
    }
}

impl Prefix {
    /// Takes the first [`PREFIX`] bytes for one.
    pub(super) fn read(bytes: &[u8]) -> Self {
        Prefix {
            kind: u32_at(bytes, 0),
            table: u32_at(bytes, 4),
            number: u32_at(bytes, 8),
            items: u32_at(bytes, 12),
            before: u32_at(bytes, 16),
            length: u32_at(bytes, 20),
            checksum: u64_at(bytes, 24),
        }
    }

    /// What of it the checksum covers.
    pub(super) fn numbers(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let numbers = [self.kind, self.table, self.number, self.items, self.before, self.length];
        for (place, number) in numbers.into_iter().enumerate() {
            bytes[place * 4..][..4].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }
}

/// XXH3 of 64 bits over the parts one after the other, with the checksum of what stands before as its seed.
pub(super) fn checksum(before: u64, parts: &[&[u8]]) -> u64 {
    let mut hasher = Xxh3::with_seed(before);
    for part in parts {
        hasher.update(part);
    }
    hasher.digest()
}
