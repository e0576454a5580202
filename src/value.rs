//! A database is a value: what a copy of the whole is.
//!
//! A clone is equal to its original in all that a database is: rows, ids and the ids to come, the order of children,
//! default targets, history. Only who is subscribed stays with the original. From then on neither knows of the other.
//!
//! # Invariants
//! 1. No clone has an open transaction: what one has changed is taken back in it.
//! 2. What two share (blocks, and the rows that a history holds) is not changed, but copied by whoever wants to.

use crate::database::Database;

/// The whole once more, to go on by itself: with the same ids, the same ids to come, the same order of children, the same
/// [`state_hash`](Database::state_hash) (behaviour C1). No row is copied: a clone takes a share of each block of rows and
/// indexes. O(slots ever used / 512), a few milliseconds for millions of rows.
///
/// - Whichever of the two writes first copies the blocks that it touches, before it changes anything: at most 64 KiB of
///   each array, the rows by their `Clone`. A sweep of a whole table beside a clone copies the table, block by block.
/// - The history is taken along, and each of the two undoes and redoes by itself. Its rows are shared, until one of the
///   two takes back the step that has left them.
/// - Subscriptions stay with the original. A clone that is put in its place (`db = trial`) ends them.
/// - While a transaction is open, a clone is what a rollback would leave: the state before it. A
///   [`Transaction`](crate::Transaction) derefs to the database, so `tx.clone()` is such a clone. The ids of its rows
///   resolve in no clone, and are used up in it as by a rollback.
/// - A `Clone` of a row that panics ends the write that needed the copy, before it has changed anything.
///
/// So something can be tried without a trace, and thrown away or put in place:
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
