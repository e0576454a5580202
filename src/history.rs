//! Undo and redo of whole transactions.
//!
//! A history is the logs of the latest transactions, kept with the rows that taking them back needs. Undoing one brings
//! the same rows back under the same ids, with the same order of children; redoing brings back what was undone, again
//! under the same ids.
//!
//! Edits in place ([`Database::iter_mut`] and its kin) are in no log. Before the first one after a step, that step is told
//! which fields it has changed (`undo::settle`); taken back, it leaves the others as they are.

use crate::database::Database;
use crate::error::Error;
use crate::undo;

impl Database {
    /// Keeps the last `transactions` to be undone; 0, as at first, keeps none and forgets those that are kept. Those that
    /// have been undone and can be redone count too.
    ///
    /// A statement outside of a transaction is one of its own. The history holds the rows that were replaced or removed,
    /// and the slots of the latter, until it forgets them. A clone takes it along (behaviour C3). It is not saved: a file
    /// gives the slots that it holds up, so that a loaded database hands other ids out than this one would.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// db.keep_history(100)?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.delete(mars)?;
    /// assert!(db.undo()?);
    /// assert_eq!(db.get(mars)?.name, "Mars");
    /// assert!(db.undo()?);
    /// assert!(!db.contains(mars));
    /// assert!(db.redo()?);
    /// assert_eq!(db.get(mars)?.name, "Mars");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn keep_history(&mut self, transactions: usize) -> Result<(), Error> {
        self.expect_no_transaction()?;
        undo::keep(&mut self.store, transactions);
        Ok(())
    }

    /// Takes back the latest transaction that has not been. Whether there was one. O(its changes).
    ///
    /// What it takes back is what the transaction has changed: rows that came or went, and of others the fields that are
    /// now different. [Edits in place](Database::get_mut) are no part of a transaction, and stay (behaviour I23). Where one
    /// has changed a field that the transaction has changed too, the field is as it was before both; `redo` brings back
    /// what it was in the end. A field whose type has no `PartialEq` counts as changed by every update of its row.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Ship { name: String, x: f32 }
    /// # let mut db = Database::builder().model::<Ship>().build()?;
    /// let ship = db.insert(Ship { name: "Argo".into(), x: 0.0 })?;
    /// db.keep_history(100)?;
    /// db.set(ship, Ship::FIELDS.name, "Argo II".into())?;
    /// *db.get_mut(ship)?.x = 7.0;
    /// db.undo()?;
    /// assert_eq!((db.get(ship)?.name.as_str(), db.get(ship)?.x), ("Argo", 7.0));
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn undo(&mut self) -> Result<bool, Error> {
        self.expect_no_transaction()?;
        Ok(undo::step(&mut self.store, true))
    }

    /// Takes back the latest [`undo`](Database::undo); any other change forgets what can be redone. Whether there was
    /// one. O(its changes).
    pub fn redo(&mut self) -> Result<bool, Error> {
        self.expect_no_transaction()?;
        Ok(undo::step(&mut self.store, false))
    }

    /// How many transactions can be undone, and how many redone.
    pub fn history(&self) -> (usize, usize) {
        self.store.history.as_ref().map_or((0, 0), |history| (history.undo.len(), history.redo.len()))
    }
}
