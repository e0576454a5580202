//! Format 1, which is read and no more written: rows by position in bincode, lengths of sections told beforehand.

mod blocks;
mod frame;

pub(super) mod compare;

use std::io::Read;

pub(super) use blocks::{BLOCK_MAX, split_row};
pub(super) use frame::fingerprint;

use blocks::PREFIX;
use frame::Frame;

use super::error::SnapshotError;
use super::sections::{Kind, read_exactly};

/// Reads a file, section by section.
pub(super) struct Reader<R> {
    source: R,
    frame: Frame,
    /// The place of the section that is read.
    place: usize,
    kind: Kind,
    remaining: u64,
    block: Vec<u8>,
    /// How many blocks have been read, and where the next one begins.
    blocks: u64,
    offset: u64,
}

impl<R: Read> Reader<R> {
    /// `start` is what has been read: magic, version, codec and flags. `length` is that of the file, where it is known.
    pub(super) fn new(mut source: R, start: [u8; 12], length: Option<u64>) -> Result<Self, SnapshotError> {
        let frame = Frame::read(&mut source, start, length)?;
        let first = frame.sections.first().filter(|section| section.kind == Kind::Schema as u32);
        let remaining = first.map_or(0, |section| section.length);
        let offset = frame.start();
        Ok(Reader { source, frame, place: 0, kind: Kind::Schema, remaining, block: Vec::new(), blocks: 0, offset })
    }

    /// What the header says of the schema.
    pub(super) fn fingerprint(&self) -> u64 {
        self.frame.fingerprint
    }

    /// Says whether the sections are those of this many tables.
    pub(super) fn check_sections(&self, tables: usize) -> Result<(), SnapshotError> {
        self.frame.check_sections(tables)
    }

    /// Goes on to the next section, which the table of sections has been found to be.
    pub(super) fn begin(&mut self, kind: Kind) {
        if kind != Kind::Schema {
            self.place += 1;
        }
        self.kind = kind;
        self.remaining = self.frame.sections.get(self.place).map_or(0, |section| section.length);
    }

    /// The items of the next block of the section; `None` at its end.
    pub(super) fn block(&mut self, room: u64) -> Result<Option<&[u8]>, SnapshotError> {
        let read = blocks::read(&mut self.source, self.kind, &mut self.remaining, room, &mut self.block)?;
        if let Some(block) = read {
            self.blocks += 1;
            self.offset += (PREFIX + block.len()) as u64;
        }
        Ok(read)
    }

    /// The block that was read last.
    pub(super) fn content(&self) -> &[u8] {
        &self.block
    }

    /// Which block comes next, and where it begins.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.blocks, self.offset)
    }

    /// Makes sure that nothing follows the last section.
    pub(super) fn finish(&mut self) -> Result<(), SnapshotError> {
        let expected = self.frame.file_length().unwrap_or(u64::MAX);
        if read_exactly(&mut self.source, 1, &mut self.block)? > 0 {
            return Err(SnapshotError::TrailingBytes { length: expected.saturating_add(1), expected });
        }
        Ok(())
    }
}
