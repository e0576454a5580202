//! The blocks of format 1: length, checksum of both, and whole items one after the other.

use std::io::Read;

use crate::snapshot::error::SnapshotError;
use crate::snapshot::sections::{Kind, read_exactly, u32_at};

/// How many bytes of items a block may hold, unless one item alone is larger.
pub(in crate::snapshot) const BLOCK_MAX: usize = 1 << 20;
/// Length and checksum.
pub(super) const PREFIX: usize = 8;

/// Reads the block of a section of which so much remains; `None` at its end.
pub(super) fn read<'b>(
    source: &mut impl Read,
    kind: Kind,
    remaining: &mut u64,
    room: u64,
    block: &'b mut Vec<u8>,
) -> Result<Option<&'b [u8]>, SnapshotError> {
    if *remaining == 0 {
        return Ok(None);
    }
    let mut part = |length: u64, block: &mut Vec<u8>| {
        if length > *remaining {
            return Err(corrupt(kind, "a block goes beyond the section"));
        }
        let read = read_exactly(source, length, block)?;
        *remaining -= read;
        if read < length { Err(SnapshotError::Truncated { length: read, expected: length }) } else { Ok(()) }
    };
    part(PREFIX as u64, block)?;
    let (length, expected) = (u32_at(block, 0), u32_at(block, 4));
    if length == 0 {
        return Err(corrupt(kind, "a block is empty"));
    }
    if u64::from(length) > room {
        return Err(SnapshotError::OverBudget { part: kind.to_string(), limit: room });
    }
    part(u64::from(length), block)?;
    if checksum(length.to_le_bytes(), block) != expected {
        return Err(SnapshotError::Checksum { section: kind.to_string() });
    }
    Ok(Some(block))
}

/// The first row of a block, and what follows it.
pub(in crate::snapshot) fn split_row(block: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let split = block
        .split_first_chunk()
        .and_then(|(length, rest)| rest.split_at_checked(u32::from_le_bytes(*length) as usize));
    split.ok_or_else(|| "a row goes beyond its block".to_owned())
}

fn corrupt(kind: Kind, what: &str) -> SnapshotError {
    SnapshotError::Corrupt { section: kind.to_string(), what: what.to_owned() }
}

fn checksum(length: [u8; 4], items: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(items);
    hasher.finalize()
}
