//! Taking changes back: what rolling back, undoing and redoing stand on.
//!
//! Changes are taken back in the reverse of their order, each by the change that undoes it, and these are recorded in
//! turn. No user code runs: hashes and positions are in the log, rows are moved. What is dropped is dropped at the end,
//! when everything else is in its new state.

use std::mem;

use slotmap::DefaultKey;

use crate::arena::RowChange;
use crate::log::{Change, Log, Record, Rows, What, revert};
use crate::publish::publish;
use crate::table::{AnyRows, Store};

/// Takes back the changes from place `from` of the open log on, and gives the changes that did it.
pub(crate) fn take_back(store: &mut Store, from: usize) -> Vec<Change> {
    let Some(log) = &mut store.log else { return Vec::new() };
    let mut changes = log.changes.split_off(from);
    changes.reverse();
    for change in &mut changes {
        let slot = &mut store.tables[change.table as usize];
        change.what = match change.what {
            What::Row(row) => What::Row(slot.rows.revert(row, change.key)),
            what => revert(&mut slot.index, change.key, what, &log.holes),
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

/// Takes back the changes from place `from` of the open log on, for good, and ends the log if that `ends` it.
pub(crate) fn roll_back(store: &mut Store, from: usize, ends: bool) {
    let undone = take_back(store, from);
    release(store, &undone);
    if ends {
        store.log = None;
    }
    let mut spent = Vec::new();
    for table in tables_of(&undone) {
        let slot = &mut store.tables[table as usize];
        if ends {
            slot.index.close_up();
        }
        spent.push(slot.rows.take_after());
    }
    drop(spent);
}

/// Ends the open log, so that its changes last: they go into the history where one is kept. Gives what nobody needs any
/// more, with its rows, to be dropped.
#[must_use]
pub(crate) fn commit(store: &mut Store) -> Vec<Record> {
    let log = store.log.take().unwrap_or_default();
    if log.changes.is_empty() {
        return Vec::new();
    }
    let record = record(store, log, |rows| rows.take_before());
    let forgotten = match &mut store.history {
        None => vec![record],
        Some(history) => {
            let mut forgotten = mem::take(&mut history.redo);
            history.undo.push_back(record);
            forgotten.extend(history.shorten());
            forgotten
        }
    };
    forget(store, &forgotten);
    forgotten
}

/// Takes back the latest transaction of the history (`back`), or the latest taking back. Whether there was one.
pub(crate) fn step(store: &mut Store, back: bool) -> bool {
    let Some(history) = &mut store.history else { return false };
    let record_to_take_back = if back { history.undo.pop_back() } else { history.redo.pop() };
    let Some(Record { log, before }) = record_to_take_back else { return false };
    for (table, rows) in before {
        store.tables[table as usize].rows.put_before(rows);
    }
    store.log = Some(log);
    let changes = take_back(store, 0);
    let log = store.log.take().unwrap_or_default();
    let record = record(store, Log { changes, ..log }, |rows| rows.take_after());
    if let Some(history) = &mut store.history {
        if back {
            history.redo.push(record);
        } else {
            history.undo.push_back(record);
        }
    }
    true
}

/// Keeps the last `limit` transactions from now on; 0 keeps none.
pub(crate) fn keep(store: &mut Store, limit: usize) {
    let mut history = store.history.take().unwrap_or_default();
    history.limit = limit;
    let mut forgotten: Vec<Record> = history.shorten().collect();
    // What can be redone counts too, the nearest first: redone, it can be undone again.
    let over = history.redo.len().saturating_sub(limit - history.undo.len());
    forgotten.extend(history.redo.drain(..over));
    if limit > 0 {
        store.history = Some(history);
    }
    forget(store, &forgotten);
}

/// Makes a log that has ended, and lasts, one that can be taken back: closes up lists as changes of it, and takes the rows
/// along. Its changes are published.
fn record(store: &mut Store, mut log: Log, rows: impl Fn(&mut dyn AnyRows) -> Rows) -> Record {
    publish(store, &log.changes);
    let mut before = Vec::new();
    for table in tables_of(&log.changes) {
        let slot = &mut store.tables[table as usize];
        before.push((table, rows(&mut *slot.rows)));
        if store.history.is_none() {
            slot.index.close_up();
            continue;
        }
        for relation in 0..slot.index.relations() {
            let backward = slot.index.backward(relation);
            for slot in backward.take_sparse() {
                let what = What::ClosedUp { relation: relation as u32, slot, holes: log.holes.len() as u32 };
                log.holes.push(backward.holes(slot));
                backward.close_up_list(slot);
                log.changes.push(Change { table, key: DefaultKey::default(), what });
            }
        }
    }
    Record { log, before }
}

/// Frees the slots that records withhold. Their rows are for the caller to drop.
fn forget(store: &mut Store, records: &[Record]) {
    for record in records {
        release(store, &record.log.changes);
    }
}

fn tables_of(changes: &[Change]) -> Vec<u32> {
    let mut tables: Vec<u32> = changes.iter().map(|change| change.table).collect();
    tables.sort_unstable();
    tables.dedup();
    tables
}
