//! The integration tests: one binary, a module for each subject.

mod architecture;
mod by_hand;
mod delete;
mod derive;
mod hostile;
mod include;
mod insert;
mod owner;
mod snapshot;
mod support;
mod transaction;
mod unchecked;
mod update;
