//! Format 1, which is read and no more written: rows by position in bincode, lengths of sections told beforehand.

mod blocks;
mod frame;

pub(super) mod compare;

use std::io::Read;

pub(super) use blocks::BLOCK_MAX;
pub(super) use frame::fingerprint;

use frame::Frame;

use super::error::SnapshotError;
use super::sections::{Kind, read_exactly};

/// Reads a file, section by section.
pub(super) struct Reader<'a, R> {
    source: &'a mut R,
    frame: Frame,
    /// The place of the section that is read.
    place: usize,
    kind: Kind,
    remaining: u64,
    block: Vec<u8>,
}

impl<'a, R: Read> Reader<'a, R> {
    /// `start` is what has been read: magic, version, codec and flags. `length` is that of the file, where it is known.
    pub(super) fn new(source: &'a mut R, start: [u8; 12], length: Option<u64>) -> Result<Self, SnapshotError> {
        let frame = Frame::read(source, start, length)?;
        let first = frame.sections.first().filter(|section| section.kind == Kind::Schema as u32);
        let remaining = first.map_or(0, |section| section.length);
        Ok(Reader { source, frame, place: 0, kind: Kind::Schema, remaining, block: Vec::new() })
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
        blocks::read(self.source, self.kind, &mut self.remaining, room, &mut self.block)
    }

    /// Makes sure that nothing follows the last section.
    pub(super) fn finish(self) -> Result<(), SnapshotError> {
        let expected = self.frame.file_length().unwrap_or(u64::MAX);
        let mut rest = self.block;
        if read_exactly(self.source, 1, &mut rest)? > 0 {
            return Err(SnapshotError::TrailingBytes { length: expected.saturating_add(1), expected });
        }
        Ok(())
    }
}
