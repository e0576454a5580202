//! Programs that must not compile, each beside the exact message that says why: `tests/ui`.
//!
//! The messages of the derive are its own; those of the compiler change between releases. They are those of Rust 1.95,
//! and this crate is no default member, so that `cargo test` passes on every release from the oldest supported one on.
//! After a change that is meant, `TRYBUILD=overwrite cargo test -p relata-compile-fail` writes the messages anew: read
//! the difference.
