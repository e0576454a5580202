//! Readers and writers of one `SharedDatabase`, in every order.
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, its helpers too")]

#[cfg(relata_schedules)]
mod explored;

#[cfg(not(relata_schedules))]
#[test]
#[ignore = "schedules are explored with RUSTFLAGS=\"--cfg relata_schedules\""]
fn schedules() {}
