//! Taking changes back: what rolling back stands on.
//!
//! Changes are taken back in the reverse of their order, each by the change that undoes it, and these are recorded in
//! turn. No user code runs: hashes and positions are in the log, rows are moved. What is dropped is dropped at the end.

use std::any::Any;

use crate::arena::RowChange;
use crate::log::{Change, What, revert};
use crate::table::Store;

/// Takes back the changes from place `from` of the open log on, and gives the changes that did it.
pub(crate) fn take_back(store: &mut Store, from: usize) -> Vec<Change> {
    let Some(log) = &mut store.log else { return Vec::new() };
    let mut changes = log.changes.split_off(from);
    changes.reverse();
    for change in &mut changes {
        let slot = &mut store.tables[change.table as usize];
        change.what = match change.what {
            What::Row(row) => What::Row(slot.rows.revert(row, change.key)),
            what => revert(&mut slot.index, change.key, what),
        };
    }
    changes
}

/// Frees the slots that changes have left withheld: their ids will never resolve again.
pub(crate) fn release(store: &mut Store, changes: &[Change]) {
    for change in changes {
        if let What::Row(RowChange::Removed | RowChange::Cancelled) = change.what {
            store.tables[change.table as usize].rows.release(change.key);
        }
    }
}

/// Ends the log: closes up the lists that it held open, and gives out the rows that were kept for it.
pub(crate) fn settle(store: &mut Store, touched: impl Iterator<Item = u32>) -> Vec<Box<dyn Any>> {
    let mut tables: Vec<u32> = touched.collect();
    tables.sort_unstable();
    tables.dedup();
    let mut kept = Vec::with_capacity(tables.len());
    for table in tables {
        let slot = &mut store.tables[table as usize];
        slot.index.close_up();
        kept.push(slot.rows.take_kept());
    }
    kept
}
