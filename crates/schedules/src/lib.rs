//! Threads that share a database, run in every order that the lock allows: `tests/shared.rs`.
//!
//! The tests need the library with shuttle's lock in the place of parking_lot's, which a flag of the compiler chooses:
//!
//! ```sh
//! RUSTFLAGS="--cfg relata_schedules" cargo test -p relata-schedules --target-dir target/schedules
//! ```
//!
//! Small schedules are explored to the last one, large ones at random from a fixed seed. A schedule that fails is
//! printed, and `shuttle::replay` runs it again.
