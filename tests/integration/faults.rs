//! Faults that were found from outside, each with its whole kind: what must never come back.

mod circles;
mod edits;
mod ids;
mod import;
mod messages;
mod parts;
mod places;
mod shared_fields;
mod small;
mod twins;
mod waiting;
