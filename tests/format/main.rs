//! Format 2 as a stranger sees it, over many schemas: taken apart and put together from `docs/format.md` alone, damaged in
//! every place, loaded by programs that have changed. And whatever has to be counted by an allocator.
//!
//! Small files are damaged in a sample of their places. All of them are tried where the environment says so:
//!
//! ```text
//! RELATA_EXHAUSTIVE=1 cargo test --release --test format
//! ```
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, its helpers too")]

mod bytes;
mod changes;
mod clones;
mod described;
mod golden;
mod looking;
mod matrix;
mod memory;
#[cfg(feature = "rayon")]
mod parallel;
mod recovered;
mod schemas;
mod town;

use relata::Database;

fn saved(db: &Database) -> Vec<u8> {
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).unwrap();
    bytes
}
