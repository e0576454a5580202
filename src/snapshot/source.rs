//! A snapshot to be read, of whatever format: one section after the other, in blocks whose checksums agree.

use std::io::Read;

use super::blocks::{self, BlockReader};
use super::error::SnapshotError;
use super::sections::{Kind, MAGIC, read_exactly};
use super::{first, positional};
use crate::schema::Schema;

/// The reader of its format.
pub(super) enum Source<'a, R> {
    First(first::Reader<&'a mut R>),
    Second(BlockReader<'a, R>),
}

/// What the first twelve bytes of a file say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) bytes: [u8; 12],
    pub(super) version: u16,
    /// Whether rows were saved that break rules.
    pub(super) has_violations: bool,
}

impl Start {
    /// Reads them, and refuses what is no snapshot or one of a later build.
    pub(super) fn read(source: &mut impl Read) -> Result<Self, SnapshotError> {
        let mut bytes = Vec::new();
        read_exactly(source, 12, &mut bytes)?;
        if !bytes.starts_with(&MAGIC) {
            return Err(SnapshotError::NotASnapshot);
        }
        let Some(&bytes) = bytes.first_chunk::<12>() else {
            return Err(SnapshotError::Truncated { length: bytes.len() as u64, expected: 12 });
        };
        let [.., low, high, codec, flags] = bytes;
        let version = u16::from_le_bytes([low, high]);
        let refuse = |what, found: u8, supported: u8| {
            Err(SnapshotError::UnsupportedVersion { what, found: found.into(), supported: supported.into() })
        };
        let (known_codec, known_flags) = match version {
            1 => (positional::CODEC, 0),
            blocks::VERSION => (blocks::CODEC, blocks::HAS_VIOLATIONS),
            _ => {
                let (what, supported) = ("format version", u32::from(blocks::VERSION));
                return Err(SnapshotError::UnsupportedVersion { what, found: version.into(), supported });
            }
        };
        if codec != known_codec {
            return refuse("codec", codec, known_codec);
        }
        if flags & !known_flags != 0 {
            return refuse("flags", flags, known_flags);
        }
        Ok(Start { bytes, version, has_violations: flags & blocks::HAS_VIOLATIONS != 0 })
    }
}

impl<'a, R: Read> Source<'a, R> {
    /// `length` is that of the file, where it is known and to be checked.
    pub(super) fn open(source: &'a mut R, start: Start, length: Option<u64>) -> Result<Self, SnapshotError> {
        Ok(match start.version {
            1 => Source::First(first::Reader::new(source, start.bytes, length)?),
            _ => Source::Second(BlockReader::new(source, start.bytes)?),
        })
    }

    /// Goes on to a section, in their order.
    pub(super) fn begin(&mut self, kind: Kind, table: usize) {
        match self {
            Source::First(reader) => reader.begin(kind),
            Source::Second(reader) => reader.begin(kind, table),
        }
    }

    /// The items of the next block of the section; `None` at its end. `room`: how long a block may be.
    pub(super) fn block(&mut self, room: u64) -> Result<Option<&[u8]>, SnapshotError> {
        match self {
            Source::First(reader) => reader.block(room),
            Source::Second(reader) => Ok(reader.block(room)?.map(|(_, content)| content)),
        }
    }

    /// The same, where the items are of one size.
    pub(super) fn block_of(&mut self, size: usize, kind: Kind) -> Result<Option<&[u8]>, SnapshotError> {
        let block = self.block(1 << 24)?;
        match block.map(<[u8]>::len) {
            Some(length) if length % size != 0 || length > first::BLOCK_MAX => Err(SnapshotError::Corrupt {
                section: kind.to_string(),
                what: format!("a block of {length} bytes does not hold whole items of {size}"),
            }),
            _ => Ok(block),
        }
    }

    /// Reads the schema, which comes first.
    pub(super) fn schema(&mut self) -> Result<Schema, SnapshotError> {
        self.begin(Kind::Schema, 0);
        let mut bytes = Vec::new();
        while let Some(block) = self.block(u64::MAX)? {
            bytes.extend_from_slice(block);
        }
        if bytes.is_empty()
            && let Source::Second(reader) = self
        {
            return Err(reader.misplaced());
        }
        let fingerprint = if let Source::First(reader) = self { Some(reader.fingerprint()) } else { None };
        decode_schema(&bytes, fingerprint)
    }

    /// Reads the end of the file.
    pub(super) fn finish(self) -> Result<(), SnapshotError> {
        match self {
            Source::First(reader) => reader.finish(),
            Source::Second(reader) => reader.finish().map(drop),
        }
    }
}

/// The schema that its section holds. `fingerprint`: what a header of format 1 says of it.
pub(super) fn decode_schema(bytes: &[u8], fingerprint: Option<u64>) -> Result<Schema, SnapshotError> {
    let corrupt = |what: String| SnapshotError::Corrupt { section: "the schema".to_owned(), what };
    if fingerprint.is_some_and(|fingerprint| fingerprint != first::fingerprint(bytes)) {
        return Err(corrupt("the header has the fingerprint of another".to_owned()));
    }
    let schema: Schema = positional::decode(bytes).map_err(corrupt)?;
    match schema.tables.iter().find(|table| table.primary_key.is_some_and(|place| place >= table.uniques.len())) {
        Some(table) => Err(corrupt(format!("the primary key of `{}` is not among its unique keys", table.name))),
        None => Ok(schema),
    }
}
