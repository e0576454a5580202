//! Rows, filters and writes by name: what LoopBack was asked, random filters against a naive look at the rows as JSON,
//! and single cases of writes, of hostile input and of what is closed.
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, its helpers too")]

mod exposure;
mod filters;
mod forms;
mod fuzzed;
mod hostile;
mod included;
mod naive;
mod questions;
mod random;
mod schema;
mod writes;
