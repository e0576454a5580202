//! Whether a file is a whole snapshot, without the models whose rows it holds.

use std::io::Read;

use super::error::SnapshotError;
use super::sections::Kind;
use super::source::{Source, Start};

/// Reads a file of `length` bytes to its end, against its lengths, counts and checksums. What the rows hold is not looked at.
pub(super) fn check(source: &mut impl Read, length: u64) -> Result<(), SnapshotError> {
    let start = Start::read(source)?;
    let mut source = Source::open(source, start, Some(length))?;
    let tables = source.schema()?.tables.len();
    if let Source::First(reader) = &source {
        reader.check_sections(tables)?;
    }
    let mut rows = vec![0; tables];
    for (kind, table) in Kind::of_rows(tables).chain(Kind::of_links(tables)) {
        source.begin(kind, table);
        while source.block(length)?.is_some() {
            if kind == Kind::Rows {
                rows[table] += u64::from(source.items().unwrap_or(0));
            }
        }
    }
    source.finish(&rows)
}
