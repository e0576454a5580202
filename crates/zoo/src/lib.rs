//! Field types of other crates, each saved, loaded and compared: `tests/zoo`.
//!
//! What is expected of a type is written beside its values: *carried*, it comes back equal; *refused*, a save names row
//! and field, since the type's own serde form loses a part of the value; *lost*, its type has no `PartialEq`, so that
//! nothing can tell. `cargo test` runs the commonest types, `cargo test --features all` all of them, and prints a table.
