//! Faults that were found from outside, each with its whole kind: what must never come back.

mod edits;
mod parts;
mod twins;
