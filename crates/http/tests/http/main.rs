//! The routes, asked as a client asks them.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod changes;
mod client;
mod errors;
mod guard;
mod rows;
mod writes;
