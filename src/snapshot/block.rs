//! Blocks: how the content of every section is framed.
//!
//! A section is a run of blocks; a block is its length, a checksum, and whole items one after the other. An item is what
//! the section is made of: a number, a row, a list. A reader holds one block at a time.
//!
//! # Invariants
//! 1. A block holds at least one item and, if it holds more than one, at most [`BLOCK_MAX`] bytes of them.
//! 2. The checksum covers the length and the items.

use std::io::{Read, Write};

use super::error::SnapshotError;
use super::format::{Kind, read_exactly, u32_at};
use super::save::Items;

/// How many bytes of items a block may hold, unless one item alone is larger.
pub(super) const BLOCK_MAX: usize = 1 << 20;
/// Length and checksum.
const PREFIX: usize = 8;

/// Writes the items of one section, and counts what it writes.
pub(super) struct BlockWriter<'a, W> {
    sink: &'a mut W,
    block: Vec<u8>,
    written: u64,
}

impl<'a, W: Write> BlockWriter<'a, W> {
    pub(super) fn new(sink: &'a mut W) -> Self {
        BlockWriter { sink, block: Vec::new(), written: 0 }
    }

    /// Writes what is left and says how long the section is, in bytes.
    pub(super) fn finish(mut self) -> Result<u64, SnapshotError> {
        self.flush()?;
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), SnapshotError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let length = (self.block.len() as u32).to_le_bytes();
        let checksum = checksum(length, &self.block).to_le_bytes();
        let parts = [&length[..], &checksum, &self.block];
        parts.iter().try_for_each(|part| self.sink.write_all(part)).map_err(SnapshotError::io("write"))?;
        self.written += (PREFIX + self.block.len()) as u64;
        self.block.clear();
        Ok(())
    }
}

impl<W: Write> Items for BlockWriter<'_, W> {
    type Error = SnapshotError;

    /// Writes an item of at most 4 GiB.
    fn item(&mut self, item: &[u8]) -> Result<(), SnapshotError> {
        if self.block.len() + item.len() > BLOCK_MAX {
            self.flush()?;
        }
        self.block.extend(item);
        Ok(())
    }
}

/// Reads the blocks of one section.
pub(super) struct BlockReader<'a, R> {
    source: &'a mut R,
    kind: Kind,
    table: &'a str,
    remaining: u64,
    block: Vec<u8>,
}

impl<'a, R: Read> BlockReader<'a, R> {
    /// The section of this kind, of the table of this name, which is `length` bytes long.
    pub(super) fn new(source: &'a mut R, kind: Kind, table: &'a str, length: u64) -> Self {
        BlockReader { source, kind, table, remaining: length, block: Vec::new() }
    }

    /// The items of the next block, or `None` at the end of the section. They have been checked against damage.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, SnapshotError> {
        if self.remaining == 0 {
            return Ok(None);
        }
        self.read(PREFIX as u64)?;
        let (length, expected) = (u32_at(&self.block, 0), u32_at(&self.block, 4));
        if length == 0 {
            return Err(self.corrupt("a block is empty"));
        }
        self.read(u64::from(length))?;
        if checksum(length.to_le_bytes(), &self.block) != expected {
            return Err(SnapshotError::Checksum { section: self.kind.of(self.table) });
        }
        Ok(Some(&self.block))
    }

    /// As [`BlockReader::next`], of a section whose items are `size` bytes each.
    pub(super) fn next_of_size(&mut self, size: usize) -> Result<Option<&[u8]>, SnapshotError> {
        match self.next()?.map(<[u8]>::len) {
            Some(length) if length % size != 0 || length > BLOCK_MAX => {
                Err(self.corrupt(&format!("a block of {length} bytes does not hold whole items of {size}")))
            }
            Some(_) => Ok(Some(&self.block)),
            None => Ok(None),
        }
    }

    fn read(&mut self, length: u64) -> Result<(), SnapshotError> {
        if length > self.remaining {
            return Err(self.corrupt("a block goes beyond the section"));
        }
        let read = read_exactly(self.source, length, &mut self.block)?;
        self.remaining -= read;
        if read < length {
            return Err(SnapshotError::Truncated { length: read, expected: length });
        }
        Ok(())
    }

    /// The error for content of this section that cannot be.
    pub(super) fn corrupt(&self, what: &str) -> SnapshotError {
        SnapshotError::Corrupt { section: self.kind.of(self.table), what: what.to_owned() }
    }
}

fn checksum(length: [u8; 4], items: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(items);
    hasher.finalize()
}
