//! The routes, asked as a client asks them.

mod changes;
mod client;
mod errors;
mod guard;
mod rows;
mod writes;
