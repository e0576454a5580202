//! A snapshot to be read, of whatever format: one section after the other, in blocks whose checksums agree.

use std::io::Read;

use super::blocks::{self, BlockReader};
use super::error::SnapshotError;
#[cfg(feature = "json")]
use super::json::LineReader;
use super::sections::{Kind, MAGIC, read_exactly};
use super::{first, positional};
use crate::schema::Schema;

/// How long a block of items of one size may be, in bytes: more than any writer makes.
const BLOCK_OF_ITEMS_MAX: u64 = 1 << 24;

/// How much memory reading so many bytes may take, in bytes: what the caller has set, else 64 times as much, but
/// never less than 256 MiB, which any program can spare.
pub(super) fn memory_limit(set: Option<u64>, length: u64) -> u64 {
    const LEAST: u64 = 256 << 20;
    set.unwrap_or_else(|| length.saturating_mul(64).max(LEAST))
}

/// The reader of its format.
pub(super) enum Source<R> {
    First(first::Reader<R>),
    Second(BlockReader<R>),
    #[cfg(feature = "json")]
    Json(Box<LineReader<R>>),
}

/// What the first twelve bytes of a file say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) bytes: [u8; 12],
    pub(super) version: u16,
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
        let known_codec = match version {
            1 => positional::CODEC,
            blocks::VERSION => blocks::CODEC,
            _ => {
                let (what, supported) = ("format version", u32::from(blocks::VERSION));
                return Err(SnapshotError::UnsupportedVersion { what, found: version.into(), supported });
            }
        };
        if codec != known_codec {
            return refuse("codec", codec, known_codec);
        }
        if flags != 0 {
            return refuse("flags", flags, 0);
        }
        Ok(Start { bytes, version })
    }
}

impl<R: Read> Source<R> {
    /// `length` is that of the file, where it is known and to be checked.
    pub(super) fn open(source: R, start: Start, length: Option<u64>) -> Result<Self, SnapshotError> {
        Ok(match start.version {
            1 => Source::First(first::Reader::new(source, start.bytes, length)?),
            _ => Source::Second(BlockReader::new(source, start.bytes)?),
        })
    }

    /// Which block of the file comes next, from 0, and where it begins, in bytes.
    pub(super) fn place(&self) -> (u64, u64) {
        match self {
            Source::First(reader) => reader.place(),
            Source::Second(reader) => reader.place(),
            // A text has lines, and tells them itself.
            #[cfg(feature = "json")]
            Source::Json(_) => (0, 0),
        }
    }

    /// What is wrong with the block that comes next, if it is not whole.
    pub(super) fn damage_ahead(&mut self) -> Option<SnapshotError> {
        match self {
            // Where its sections end is known beforehand.
            Source::First(_) => None,
            Source::Second(reader) => {
                Some(reader.misplaced()).filter(|error| !matches!(error, SnapshotError::Corrupt { .. }))
            }
            #[cfg(feature = "json")]
            Source::Json(_) => None,
        }
    }

    /// What is wrong with the block that comes next, if it claims more than is there.
    pub(super) fn claim_ahead(&mut self) -> Option<SnapshotError> {
        match self {
            Source::First(_) => None,
            Source::Second(reader) => reader.pass().err(),
            #[cfg(feature = "json")]
            Source::Json(_) => None,
        }
    }

    /// Goes on to a section, in their order.
    pub(super) fn begin(&mut self, kind: Kind, table: usize) {
        match self {
            Source::First(reader) => reader.begin(kind),
            Source::Second(reader) => reader.begin(kind, table),
            #[cfg(feature = "json")]
            Source::Json(reader) => reader.begin(kind, table),
        }
    }

    /// The items of the next block of the section; `None` at its end. `room`: how long a block may be.
    pub(super) fn block(&mut self, room: u64) -> Result<Option<&[u8]>, SnapshotError> {
        match self {
            Source::First(reader) => reader.block(room),
            Source::Second(reader) => Ok(reader.block(room)?.map(|(_, content)| content)),
            #[cfg(feature = "json")]
            Source::Json(reader) => reader.block(),
        }
    }

    /// The block that was read last.
    pub(super) fn content(&self) -> &[u8] {
        match self {
            Source::First(reader) => reader.content(),
            Source::Second(reader) => reader.content(),
            // Only who looks into a file without its program asks.
            #[cfg(feature = "json")]
            Source::Json(_) => &[],
        }
    }

    /// How many items the block holds that was read last, where the format says so.
    pub(super) fn items(&self) -> Option<u32> {
        match self {
            Source::First(_) => None,
            Source::Second(reader) => Some(reader.last_items),
            #[cfg(feature = "json")]
            Source::Json(reader) => Some(reader.last_items()),
        }
    }

    /// Whether rows are made of JSON.
    pub(super) fn is_json(&self) -> bool {
        match self {
            Source::First(_) | Source::Second(_) => false,
            #[cfg(feature = "json")]
            Source::Json(_) => true,
        }
    }

    /// The same error, with the line of JSON that it is about where there is one.
    pub(super) fn locate(&self, error: SnapshotError) -> SnapshotError {
        match self {
            Source::First(_) | Source::Second(_) => error,
            #[cfg(feature = "json")]
            Source::Json(reader) => reader.locate(error),
        }
    }

    /// The same, where the items are of one size.
    pub(super) fn block_of(&mut self, size: usize, kind: Kind) -> Result<Option<&[u8]>, SnapshotError> {
        let block = self.block(BLOCK_OF_ITEMS_MAX)?;
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
        #[cfg(feature = "json")]
        if let Source::Json(reader) = self {
            return reader.schema();
        }
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

    /// Reads the end of the file, which says how many rows each table has.
    pub(super) fn finish(&mut self, rows: &[u64]) -> Result<(), SnapshotError> {
        let stated = match self {
            Source::First(reader) => return reader.finish(),
            Source::Second(reader) => reader.finish()?,
            #[cfg(feature = "json")]
            Source::Json(reader) => return reader.finish(),
        };
        if stated == rows {
            return Ok(());
        }
        let what = "the tables have other numbers of rows".to_owned();
        Err(SnapshotError::Corrupt { section: Kind::End.of(""), what })
    }
}

/// The schema that its section holds. `fingerprint`: what a header of format 1 says of it.
pub(super) fn decode_schema(bytes: &[u8], fingerprint: Option<u64>) -> Result<Schema, SnapshotError> {
    let corrupt = |what: String| SnapshotError::Corrupt { section: "the schema".to_owned(), what };
    if fingerprint.is_some_and(|fingerprint| fingerprint != first::fingerprint(bytes)) {
        return Err(corrupt("the header has the fingerprint of another".to_owned()));
    }
    let schema: Schema = positional::decode(bytes).map_err(corrupt)?;
    checked(schema)
}

/// A schema in which a primary key is one of the unique keys.
pub(super) fn checked(schema: Schema) -> Result<Schema, SnapshotError> {
    match schema.tables.iter().find(|table| table.primary_key.is_some_and(|place| place >= table.uniques.len())) {
        Some(table) => Err(SnapshotError::Corrupt {
            section: Kind::Schema.of(""),
            what: format!("the primary key of `{}` is not among its unique keys", table.name),
        }),
        None => Ok(schema),
    }
}
