//! What must hold at sizes that take a release build: fan-outs of ten million, chains of a million on a small stack
//! (HOSTILE 33 and 34 of docs/hostile.md). Debug builds run the same at small sizes.
//!
//! ```text
//! cargo test --release --test large
//! ```
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, its helpers too")]

mod chain;
mod fan_out;

/// A number of rows, a hundredth of it where each step is slow.
const fn rows(count: usize) -> usize {
    if cfg!(debug_assertions) { count / 100 } else { count }
}
