//! A database is a value: what a clone of it is.
//!
//! A clone is equal to its original in everything that makes up a database: rows, ids, the ids to come, the order of
//! children, default targets, history. Only the subscribers stay with the original. Neither sees what the other does.
//!
//! # Invariants
//! 1. No clone has an open transaction: what the original's has changed so far is taken back in the clone.
//! 2. What two databases share, blocks and the rows of their histories, is never changed. Who needs to change it copies it
//!    first.

use crate::database::Database;

/// A second database that goes on by itself: the same rows, ids, ids to come, order of children and
/// [`state_hash`](Database::state_hash) (behaviour C1).
///
/// No row is copied: the two share the blocks of rows and indexes. O(slots ever used / 512), about a
/// millisecond for a million rows.
///
/// - Whichever of the two writes first copies the blocks that it touches, before it changes anything: at most 64 KiB of
///   each array, the rows by their `Clone`. A sweep of a whole table beside a clone copies the table, block by block.
/// - The history comes along, and each of the two undoes and redoes by itself. Until then they share its rows.
/// - Subscriptions stay with the original. To put a clone in its place (`db = trial`) ends them.
/// - While a transaction is open, a clone is what a rollback would leave: the state before it, with the ids that it has
///   handed out used up. A [`Transaction`](crate::Transaction) derefs to the database, so `tx.clone()` is such a clone.
/// - A row whose `Clone` panics ends the write that needed the copy, before it has changed anything.
///
/// So something can be tried without a trace, and then dropped or put in place:
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Debug, Serialize, Deserialize)] struct Planet { #[model(unique)] name: String }
/// # let mut db = Database::builder().model::<Planet>().build()?;
/// # let mars = db.insert(Planet { name: "Mars".into() })?;
/// let mut trial = db.clone();
/// trial.delete(mars)?;
/// let earth = trial.insert(Planet { name: "Earth".into() })?;
/// assert!(db.contains(mars) && !db.contains(earth));
///
/// let venus = db.insert(Planet { name: "Venus".into() })?;   // the id that comes next, as if nothing had been tried
/// let mut second = db.clone();
/// second.delete(venus)?;
/// db = second;
/// assert!(!db.contains(venus));
/// # Ok::<(), relata::Error>(())
/// ```
impl Clone for Database {
    fn clone(&self) -> Self {
        let mut clone = Database { store: self.store.clone() };
        clone.abandon();
        clone
    }
}
