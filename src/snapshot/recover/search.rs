//! Finding the whole blocks of a damaged file.
//!
//! A block's checksum begins with the one before it. So behind a damaged block the next is proved by the checksum that the
//! damaged one states; where that is damaged too, the next but one is.

use std::ops::Range;

use crate::schema::Schema;
use crate::snapshot::blocks::{HEADER, PREFIX, Prefix, checksum};
use crate::snapshot::error::SnapshotError;
use crate::snapshot::inspect::place;
use crate::snapshot::sections::{Kind, MAGIC, u64_at};
use crate::snapshot::source::decode_schema;

/// A block whose checksum agrees with one that stands before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) kind: Kind,
    pub(super) prefix: Prefix,
    pub(super) content: &'a [u8],
}

/// What has been found in a file.
pub(super) struct Search<'a> {
    pub(super) flags: u8,
    pub(super) schema: Schema,
    /// In their order, the schema first.
    pub(super) found: Vec<Found<'a>>,
    /// The parts of the file between them, in bytes.
    pub(super) damaged: Vec<Range<u64>>,
    /// Behind how many of those found each damaged part lies.
    gaps: Vec<usize>,
}

impl<'a> Search<'a> {
    /// Searches a file of which the schema at least is whole.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        if !bytes.starts_with(&MAGIC) && bytes.len() < HEADER {
            return Err(SnapshotError::NotASnapshot);
        }
        let Some(header) = bytes.get(..HEADER) else {
            let (length, expected) = (bytes.len() as u64, HEADER as u64);
            return Err(SnapshotError::Truncated { length, expected });
        };
        let (computed, stated) = (checksum(0, &[&header[..12]]), u64_at(header, 12));
        let schema = proved(bytes, HEADER, &[stated, computed], 0).filter(|block| block.kind == Kind::Schema);
        let Some(first) = schema else { return Err(without_schema(bytes)) };
        let schema = decode_schema(first.content, None)?;
        let is_whole = computed == stated;
        let flags = if is_whole { header[11] } else { 0 };
        let mut search = Search { flags, schema, found: vec![first], damaged: Vec::new(), gaps: Vec::new() };
        if !is_whole {
            search.damaged.push(0..HEADER as u64);
        }
        search.all_behind(bytes, HEADER + PREFIX + first.content.len(), first.prefix.checksum);
        Ok(search)
    }

    /// Whether no block of a section can be lost: no damaged part lies where it could have one.
    pub(super) fn is_whole(&self, kind: Kind, table: usize) -> bool {
        let tables = self.schema.tables.len();
        let of = |block: &Found<'_>| place(block.kind, block.prefix.table as usize, tables);
        let section = place(kind, table, tables);
        self.gaps.iter().all(|&gap| {
            of(&self.found[gap - 1]) > section || self.found.get(gap).is_some_and(|next| of(next) < section)
        })
    }

    fn all_behind(&mut self, bytes: &'a [u8], mut at: usize, chain: u64) {
        let tables = self.schema.tables.len();
        let mut seeds = vec![chain];
        while at < bytes.len() && self.found.last().is_some_and(|last| last.kind != Kind::End) {
            if let Some(block) = proved(bytes, at, &seeds, tables).filter(|block| self.comes_later(block)) {
                at += PREFIX + block.content.len();
                seeds = vec![block.prefix.checksum];
                self.found.push(block);
                continue;
            }
            let start = at;
            let next = self.next_behind(bytes, start, &seeds, tables);
            (at, seeds) = next.unwrap_or((bytes.len(), Vec::new()));
            self.gaps.push(self.found.len());
            self.damaged.push(start as u64..at as u64);
        }
        if at < bytes.len() {
            self.damaged.push(at as u64..bytes.len() as u64);
        }
    }

    /// Where behind a damaged block the next whole one begins, and what proves it.
    fn next_behind(&self, bytes: &[u8], start: usize, seeds: &[u64], tables: usize) -> Option<(usize, Vec<u64>)> {
        let is_next =
            |at: usize, seeds: &[u64]| proved(bytes, at, seeds, tables).is_some_and(|block| self.comes_later(&block));
        let mut after = Vec::new();
        if let Some(prefix) = bytes.get(start..start + PREFIX).map(Prefix::read) {
            after.push(prefix.checksum);
            let behind = start.checked_add(PREFIX)?.checked_add(prefix.length as usize)?;
            if let Some(content) = bytes.get(start + PREFIX..behind) {
                // Where nothing is damaged but the checksum.
                after.extend(seeds.iter().map(|seed| checksum(*seed, &[&prefix.numbers(), content])));
                if is_next(behind, &after) {
                    return Some((behind, after));
                }
            }
        }
        // Its length is damaged, or there is more than one block that is.
        for at in start + 1..bytes.len().saturating_sub(PREFIX) {
            let Some((prefix, ..)) = plausible(bytes, at, tables) else { continue };
            if is_next(at, &after) {
                return Some((at, after));
            }
            let behind = at + PREFIX + prefix.length as usize;
            if is_next(behind, &[prefix.checksum]) {
                return Some((behind, vec![prefix.checksum]));
            }
        }
        None
    }

    /// Whether a block can stand behind the last.
    fn comes_later(&self, block: &Found<'_>) -> bool {
        let tables = self.schema.tables.len();
        let rank = |block: &Found<'_>| {
            let section = place(block.kind, block.prefix.table as usize, tables);
            (section, block.prefix.number, block.prefix.before)
        };
        self.found.last().is_none_or(|last| rank(last) < rank(block))
    }
}

/// The block at a place, if one of these checksums before it proves it.
fn proved<'a>(bytes: &'a [u8], at: usize, seeds: &[u64], tables: usize) -> Option<Found<'a>> {
    let (prefix, kind, content) = plausible(bytes, at, tables)?;
    let is_proved = seeds.iter().any(|seed| checksum(*seed, &[&prefix.numbers(), content]) == prefix.checksum);
    is_proved.then_some(Found { kind, prefix, content })
}

/// What stands at a place, if it can be a block at all.
fn plausible(bytes: &[u8], at: usize, tables: usize) -> Option<(Prefix, Kind, &[u8])> {
    let content = at.checked_add(PREFIX)?;
    let prefix = Prefix::read(bytes.get(at..content)?);
    let kind = Kind::of_number(prefix.kind)?;
    let content = bytes.get(content..content.checked_add(prefix.length as usize)?)?;
    let is_of_table =
        (prefix.table as usize) < tables || (matches!(kind, Kind::Schema | Kind::End) && prefix.table == 0);
    let has_items = kind.item_size().is_none_or(|size| content.len() == size.saturating_mul(prefix.items as usize));
    (is_of_table && has_items && prefix.number <= prefix.before).then_some((prefix, kind, content))
}

/// Why a file of which there is no schema cannot be searched.
fn without_schema(bytes: &[u8]) -> SnapshotError {
    if !bytes.starts_with(&MAGIC) {
        return SnapshotError::NotASnapshot;
    }
    if bytes[8..10] == [1, 0] {
        return SnapshotError::Nameless;
    }
    let cause = SnapshotError::Checksum { section: "the schema".to_owned() };
    SnapshotError::Damaged { block: 0, offset: HEADER as u64, cause: Box::new(cause) }
}
