//! Finding the whole blocks of a damaged file.
//!
//! A block's checksum begins with the one before it. So behind a damaged block the next is proved by the checksum
//! that the damaged one states; where that is damaged too, the next but one is.

use std::ops::Range;

use crate::schema::Schema;
use crate::snapshot::blocks::{HEADER, PREFIX, Prefix, checksum};
use crate::snapshot::error::SnapshotError;
use crate::snapshot::sections::{Kind, MAGIC, u64_at};
use crate::snapshot::source::{Start, decode_schema};

/// A block whose checksum agrees with one that stands before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) kind: Kind,
    pub(super) prefix: Prefix,
    pub(super) content: &'a [u8],
}

/// What has been found in a file.
pub(super) struct Search<'a> {
    bytes: &'a [u8],
    pub(super) schema: Schema,
    /// In their order, the schema first.
    pub(super) found: Vec<Found<'a>>,
    /// The parts of the file between them, in bytes.
    pub(super) damaged: Vec<Range<u64>>,
    /// Behind how many of those found each damaged part lies.
    gaps: Vec<usize>,
    /// How many bytes may still be hashed to find where damaged parts end. What looks like a long block at every byte
    /// would take for ever.
    effort: u64,
}

/// How often each byte of a file may be hashed while it is searched. Where few bytes look like a block, once is enough.
const EFFORT: u64 = 64;

impl<'a> Search<'a> {
    /// Searches a file of which the schema at least is whole.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        let (Some(header), Some(start)) = (bytes.get(..HEADER), bytes.first_chunk::<12>()) else {
            let (length, expected) = (bytes.len() as u64, HEADER as u64);
            let is_one = bytes.starts_with(&MAGIC);
            return Err(if is_one {
                SnapshotError::Truncated { length, expected }
            } else {
                SnapshotError::NotASnapshot
            });
        };
        let (computed, stated) = (checksum(0, &[start]), u64_at(header, start.len()));
        let is_whole = computed == stated;
        if is_whole {
            Start::read(&mut &start[..])?;
        }
        let seeds = [stated, computed];
        let schema = plausible(bytes, HEADER, 0).filter(|block| block.kind == Kind::Schema && block.is_proved(&seeds));
        let Some(first) = schema else {
            if Start::read(&mut &start[..])?.version == 1 {
                return Err(SnapshotError::Nameless);
            }
            let cause = SnapshotError::Checksum { section: Kind::Schema.of("") };
            return Err(cause.in_block((0, HEADER as u64)));
        };
        let schema = decode_schema(first.content, None).map_err(|error| error.in_block((0, HEADER as u64)))?;
        let effort = (bytes.len() as u64).saturating_mul(EFFORT);
        let mut search = Search { bytes, schema, found: vec![first], damaged: Vec::new(), gaps: Vec::new(), effort };
        if !is_whole {
            search.damaged.push(0..HEADER as u64);
        }
        search.all_behind(HEADER + PREFIX + first.content.len(), first.prefix.checksum);
        Ok(search)
    }

    /// Whether no block of a section can be lost: no damaged part lies where it could have one.
    pub(super) fn is_whole(&self, kind: Kind, table: usize) -> bool {
        let tables = self.schema.tables.len();
        let of = |block: &Found<'_>| block.kind.place(block.prefix.table as usize, tables);
        let section = kind.place(table, tables);
        self.gaps.iter().all(|&gap| {
            of(&self.found[gap - 1]) > section || self.found.get(gap).is_some_and(|next| of(next) < section)
        })
    }

    /// How many rows each table has, as the end says, if that is whole.
    pub(super) fn stated_rows(&self) -> Option<Vec<u64>> {
        let end = self.found.last().filter(|last| last.kind == Kind::End)?;
        Some(end.content[8..].chunks_exact(8).map(|rows| u64_at(rows, 0)).collect())
    }

    fn all_behind(&mut self, mut at: usize, chain: u64) {
        let mut seeds = vec![chain];
        while at < self.bytes.len() && self.found.last().is_some_and(|last| last.kind != Kind::End) {
            if let Some(block) = self.block_at(at).filter(|block| block.is_proved(&seeds)) {
                at += PREFIX + block.content.len();
                seeds = vec![block.prefix.checksum];
                self.found.push(block);
                continue;
            }
            let start = at;
            (at, seeds) = self.next_behind(start, &seeds).unwrap_or((self.bytes.len(), Vec::new()));
            self.gaps.push(self.found.len());
            self.damaged.push(start as u64..at as u64);
        }
        let length = self.bytes.len() as u64;
        let has_end = self.found.last().is_some_and(|last| last.kind == Kind::End);
        if has_end && (at as u64) < length {
            self.damaged.push(at as u64..length);
        }
        if !has_end && self.damaged.last().is_none_or(|last| last.end < length) {
            // Cut where a block should begin.
            self.gaps.push(self.found.len());
            self.damaged.push(length..length);
        }
    }

    /// Where behind a damaged block the next whole one begins, and what proves it.
    fn next_behind(&mut self, start: usize, seeds: &[u64]) -> Option<(usize, Vec<u64>)> {
        let mut after = Vec::new();
        if let Some(prefix) = self.bytes.get(start..start + PREFIX).map(Prefix::read) {
            after.push(prefix.checksum);
            let behind = start.checked_add(PREFIX)?.checked_add(prefix.length as usize)?;
            if let Some(content) = self.bytes.get(start + PREFIX..behind) {
                // Where nothing is damaged but the checksum.
                after.extend(seeds.iter().map(|seed| checksum(*seed, &[&prefix.numbers(), content])));
                if self.is_next(behind, &after) {
                    return Some((behind, after));
                }
            }
        }
        // Its length is damaged, or there is more than one block that is.
        for at in start + 1..self.bytes.len().saturating_sub(PREFIX) {
            let Some(block) = self.block_at(at) else { continue };
            if self.is_next(at, &after) {
                return Some((at, after));
            }
            let behind = at + PREFIX + block.content.len();
            let seeds = [block.prefix.checksum];
            if self.is_next(behind, &seeds) {
                return Some((behind, seeds.to_vec()));
            }
        }
        None
    }

    fn is_next(&mut self, at: usize, seeds: &[u64]) -> bool {
        let Some(block) = self.block_at(at) else { return false };
        let effort = (block.content.len() * seeds.len()) as u64;
        let Some(left) = self.effort.checked_sub(effort) else { return false };
        self.effort = left;
        block.is_proved(seeds)
    }

    /// What stands at a place, if it can be a block that comes behind the last one found.
    fn block_at(&self, at: usize) -> Option<Found<'a>> {
        let tables = self.schema.tables.len();
        let rank = |block: &Found<'_>| {
            let section = block.kind.place(block.prefix.table as usize, tables);
            (section, block.prefix.number, block.prefix.before)
        };
        let block = plausible(self.bytes, at, tables)?;
        self.found.last().is_none_or(|last| rank(last) < rank(&block)).then_some(block)
    }
}

impl Found<'_> {
    /// Whether one of these checksums before it proves it.
    fn is_proved(&self, seeds: &[u64]) -> bool {
        seeds.iter().any(|seed| checksum(*seed, &[&self.prefix.numbers(), self.content]) == self.prefix.checksum)
    }
}

/// What stands at a place, if it can be a block at all.
fn plausible(bytes: &[u8], at: usize, tables: usize) -> Option<Found<'_>> {
    let start = at.checked_add(PREFIX)?;
    let prefix = Prefix::read(bytes.get(at..start)?);
    let kind = Kind::of_number(prefix.kind)?;
    let content = bytes.get(start..start.checked_add(prefix.length as usize)?)?;
    let is_of_table = match kind {
        Kind::Schema | Kind::End => prefix.table == 0,
        _ => (prefix.table as usize) < tables,
    };
    let size = match kind {
        Kind::End => Some(size_of::<u64>() * (1 + tables)),
        _ => kind.item_size().map(|size| size.saturating_mul(prefix.items as usize)),
    };
    let fits = size.is_none_or(|size| size == content.len()) && prefix.number <= prefix.before;
    (is_of_table && fits).then_some(Found { kind, prefix, content })
}
