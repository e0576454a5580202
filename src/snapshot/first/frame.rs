//! The frame of a file of format 1: the header and the section table.
//!
//! # Invariants
//! 1. Sections follow the table in its order, each where the one before it ends; the last ends where the file does.
//!    The table holds lengths only, so that gaps and overlaps cannot be written down.
//! 2. Nothing of the header but its first ten bytes is believed before its checksum agrees, nothing of the table
//!    before its own does.
//! 3. No memory is taken for a number that the file states: only for bytes that have been read.
//!
//! Not responsible for what sections hold.

use std::io::Read;

use crate::snapshot::error::SnapshotError;
use crate::snapshot::sections::{Kind, read_exactly, u32_at, u64_at};

/// The length of the header, in bytes.
const HEADER: usize = 40;
/// The length of one entry of the section table, in bytes.
const ENTRY: usize = 16;

/// One entry of the section table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Section {
    /// A [`Kind`], as the number that the file holds.
    pub(super) kind: u32,
    /// The table's position in the schema; 0 for the schema's own section.
    pub(super) table: u32,
    /// In bytes.
    pub(super) length: u64,
}

/// What stands before the sections.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// [`fingerprint`] of the schema section's content.
    pub(super) fingerprint: u64,
    pub(super) sections: Vec<Section>,
}

/// A number that two schema sections share only if they are the same: 64-bit FNV-1a.
pub(in crate::snapshot) fn fingerprint(schema: &[u8]) -> u64 {
    schema
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

impl Frame {
    /// Where the sections begin, in bytes.
    pub(super) fn start(&self) -> u64 {
        (HEADER + ENTRY * self.sections.len()) as u64
    }

    /// The length of the whole file, in bytes; `None` where no file is that long.
    pub(super) fn file_length(&self) -> Option<u64> {
        self.sections.iter().try_fold(self.start(), |length, section| length.checked_add(section.length))
    }

    /// Reads and checks the frame of a file that is `length` bytes long (`None`: unknown, and not to be checked), whose
    /// first twelve bytes have been read.
    pub(super) fn read(source: &mut impl Read, start: [u8; 12], length: Option<u64>) -> Result<Self, SnapshotError> {
        let mut header = Vec::with_capacity(HEADER);
        read_exactly(source, (HEADER - start.len()) as u64, &mut header)?;
        header.splice(..0, start);
        if header.len() < HEADER {
            return Err(SnapshotError::Truncated { length: header.len() as u64, expected: HEADER as u64 });
        }
        let damaged = |section: &str| SnapshotError::Checksum { section: section.to_owned() };
        if crc32fast::hash(&header[..36]) != u32_at(&header, 36) {
            return Err(damaged("the header"));
        }
        let (count, stated) = (u64::from(u32_at(&header, 12)), u64_at(&header, 16));
        match length {
            Some(length) if length < stated => return Err(SnapshotError::Truncated { length, expected: stated }),
            Some(length) if length > stated => return Err(SnapshotError::TrailingBytes { length, expected: stated }),
            _ => {}
        }
        let mut table = Vec::new();
        let table_length = count * ENTRY as u64;
        let read = read_exactly(source, table_length, &mut table)?;
        if read < table_length {
            let before = HEADER as u64;
            return Err(SnapshotError::Truncated { length: before + read, expected: before + table_length });
        }
        if crc32fast::hash(&table) != u32_at(&header, 32) {
            return Err(damaged("the section table"));
        }
        let sections = table.chunks_exact(ENTRY).map(|entry| Section {
            kind: u32_at(entry, 0),
            table: u32_at(entry, 4),
            length: u64_at(entry, 8),
        });
        let frame = Frame { fingerprint: u64_at(&header, 24), sections: sections.collect() };
        if frame.file_length() != Some(stated) {
            let what = "its sections are not as long as the file".to_owned();
            return Err(SnapshotError::Corrupt { section: "the section table".to_owned(), what });
        }
        Ok(frame)
    }

    /// Says whether the sections are those of this many tables.
    pub(super) fn check_sections(&self, tables: usize) -> Result<(), SnapshotError> {
        let expected = Kind::all(tables).map(|(kind, table)| (kind as u32, table as u32));
        if self.sections.iter().map(|section| (section.kind, section.table)).eq(expected) {
            return Ok(());
        }
        let what = format!("its sections are not those of {tables} table(s)");
        Err(SnapshotError::Corrupt { section: "the section table".to_owned(), what })
    }
}
