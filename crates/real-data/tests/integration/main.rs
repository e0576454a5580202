//! The store on real data. Every set goes through the same proofs (`every_set`); what is worth telling of one set is
//! in a module of its own.

mod breaks;
mod cargo_lock;
mod children;
mod chinook;
mod every_set;
mod northwind;
mod pokeapi;
mod snapshot;
mod source;
mod unchecked;
