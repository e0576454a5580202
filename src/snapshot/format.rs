//! The frame of a file: the header and the section table. `docs/format.md` gives every byte.
//!
//! # Invariants
//! 1. Sections follow the table in its order, each where the one before it ends; the last ends where the file does.
//!    The table holds lengths only, so that gaps and overlaps cannot be written down.
//! 2. Nothing of the header but its first ten bytes is believed before its checksum agrees, nothing of the table
//!    before its own does.
//! 3. No memory is taken for a number that the file states: only for bytes that have been read.
//!
//! Not responsible for what sections hold.

use std::fmt;
use std::io::{Read, Write};

use super::codec::CODEC;
use super::error::SnapshotError;

/// In PNG's manner: a first byte that is no ASCII, the two line ends that a transfer as text would change, and the
/// end of a text file in between.
const MAGIC: [u8; 8] = *b"\x89RLT\r\n\x1a\n";
const VERSION: u16 = 1;
/// No flags are defined in format 1.
const FLAGS: u8 = 0;
/// The length of the header, in bytes.
pub(super) const HEADER: usize = 40;
/// The length of one entry of the section table, in bytes.
pub(super) const ENTRY: usize = 16;

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Schema = 1,
    Slots = 2,
    Free = 3,
    Rows = 4,
    Order = 5,
    Defaults = 6,
    Listers = 7,
}

impl Kind {
    /// The sections of a file of this many tables, in their order: each with its table's position.
    ///
    /// What is said about links comes last, for it can be used only when the rows of all tables are there.
    pub(super) fn all(tables: usize) -> impl Iterator<Item = (Kind, usize)> {
        let of_each = move |kinds: &'static [Kind]| {
            (0..tables).flat_map(move |table| kinds.iter().map(move |&kind| (kind, table)))
        };
        std::iter::once((Kind::Schema, 0)).chain(of_each(&[Kind::Slots, Kind::Free, Kind::Rows])).chain(of_each(&[
            Kind::Order,
            Kind::Listers,
            Kind::Defaults,
        ]))
    }

    /// The section of a table, for a message.
    pub(super) fn of(self, table: &str) -> String {
        match self {
            Kind::Schema => "the schema".to_owned(),
            _ => format!("the {self} of `{table}`"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Schema => "schema",
            Kind::Slots => "slots",
            Kind::Free => "free list",
            Kind::Rows => "rows",
            Kind::Order => "order of children",
            Kind::Defaults => "default targets",
            Kind::Listers => "order of listers",
        })
    }
}

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
pub(super) fn fingerprint(schema: &[u8]) -> u64 {
    schema
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

impl Frame {
    /// The length of the whole file, in bytes; `None` where no file is that long.
    fn file_length(&self) -> Option<u64> {
        let before = (HEADER + ENTRY * self.sections.len()) as u64;
        self.sections.iter().try_fold(before, |length, section| length.checked_add(section.length))
    }

    pub(super) fn write(&self, sink: &mut impl Write) -> Result<(), SnapshotError> {
        let mut table = Vec::with_capacity(ENTRY * self.sections.len());
        for section in &self.sections {
            table.extend(section.kind.to_le_bytes());
            table.extend(section.table.to_le_bytes());
            table.extend(section.length.to_le_bytes());
        }
        let mut header = Vec::with_capacity(HEADER);
        header.extend(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.extend([CODEC, FLAGS]);
        header.extend((self.sections.len() as u32).to_le_bytes());
        header.extend(self.file_length().unwrap_or(u64::MAX).to_le_bytes());
        header.extend(self.fingerprint.to_le_bytes());
        header.extend(crc32fast::hash(&table).to_le_bytes());
        header.extend(crc32fast::hash(&header).to_le_bytes());
        sink.write_all(&header).and_then(|()| sink.write_all(&table)).map_err(SnapshotError::io("write"))
    }

    /// Reads and checks the frame of a file that is `length` bytes long (`None`: unknown, and not to be checked).
    pub(super) fn read(source: &mut impl Read, length: Option<u64>) -> Result<Self, SnapshotError> {
        let mut header = Vec::with_capacity(HEADER);
        read_exactly(source, HEADER as u64, &mut header)?;
        if !header.starts_with(&MAGIC) {
            return Err(SnapshotError::NotASnapshot);
        }
        check_supported(&header)?;
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

/// Refuses what a later build has written. `header` begins with the magic and may be cut short.
fn check_supported(header: &[u8]) -> Result<(), SnapshotError> {
    let Some(&[low, high, codec, flags]) = header.get(MAGIC.len()..12).and_then(|bytes| bytes.first_chunk()) else {
        return Ok(());
    };
    let numbers = [
        ("format version", u32::from(u16::from_le_bytes([low, high])), u32::from(VERSION)),
        ("codec", u32::from(codec), u32::from(CODEC)),
        ("flags", u32::from(flags), u32::from(FLAGS)),
    ];
    match numbers.into_iter().find(|(_, found, supported)| found != supported) {
        Some((what, found, supported)) => Err(SnapshotError::UnsupportedVersion { what, found, supported }),
        None => Ok(()),
    }
}

/// Reads `length` bytes or, where the source ends before, as many as there are; says how many. The buffer grows as
/// they come.
pub(super) fn read_exactly(source: &mut impl Read, length: u64, bytes: &mut Vec<u8>) -> Result<u64, SnapshotError> {
    bytes.clear();
    source.take(length).read_to_end(bytes).map(|read| read as u64).map_err(SnapshotError::io("read"))
}

/// The number at a place of bytes that reach so far.
pub(super) fn u32_at(bytes: &[u8], place: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[place + i]))
}

/// As [`u32_at`], of eight bytes.
pub(super) fn u64_at(bytes: &[u8], place: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[place + i]))
}
