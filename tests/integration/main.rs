//! The integration tests: one binary, a module for each subject.

mod delete;
mod derive;
mod insert;
mod owner;
mod snapshot;
mod support;
mod unchecked;
mod update;
