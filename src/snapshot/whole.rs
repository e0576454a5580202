//! Whether a file is a whole snapshot, without the models whose rows it holds.

use std::io::Read;

use super::block::BlockReader;
use super::error::SnapshotError;
use super::format::{Frame, Kind};

/// Reads a file of `length` bytes to its end, against its lengths and checksums. What it holds is not looked at.
pub(super) fn check(source: &mut impl Read, length: u64) -> Result<(), SnapshotError> {
    let frame = Frame::read(source, Some(length))?;
    for section in &frame.sections {
        let mut blocks = BlockReader::new(source, Kind::Schema, "", section.length);
        while blocks.next()?.is_some() {}
    }
    Ok(())
}
