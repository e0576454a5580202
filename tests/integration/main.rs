//! The integration tests: one binary, a module for each subject.
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, its helpers too")]

mod actions;
mod acyclic;
mod architecture;
mod by_hand;
mod deferred;
mod deferred_parts;
mod delete;
mod derive;
mod faults;
mod feed;
mod fuse;
mod history;
mod hostile;
mod include;
mod insert;
mod join;
mod lists;
mod model_based;
mod owner;
#[cfg(feature = "rayon")]
mod parallel;
mod polymorphic;
mod real_input;
mod sets;
mod shared;
mod snapshot;
mod support;
mod through;
mod transaction;
mod unchecked;
mod update;
mod value;
