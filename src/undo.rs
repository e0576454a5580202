//! Taking changes back: what rolling back, undoing and redoing stand on.
//!
//! Changes are taken back in the reverse of their order, each by the change that undoes it, and these are recorded in
//! turn. No user code runs: hashes and positions are in the log, rows are moved; those of a history that a clone shares are
//! copied before the first change. What is dropped is dropped at the end, when everything else is in its new state.

use std::mem;

use slotmap::DefaultKey;

use crate::arena::RowChange;
use crate::fields::FieldSet;
use crate::log::{Change, History, Log, Record, Rows, What, revert};
use crate::publish::publish;
use crate::table::{AnyRows, Store, TableSlot};

/// Takes back the changes from place `from` of the open log on, and gives the changes that did it.
pub(crate) fn take_back(store: &mut Store, from: usize) -> Vec<Change> {
    let Some(log) = &mut store.log else { return Vec::new() };
    let mut changes = log.changes.split_off(from);
    changes.reverse();
    for change in &mut changes {
        let slot = &mut store.tables[change.table as usize];
        change.what = match change.what {
            What::Row(row) => What::Row(slot.rows.revert(row, change.key, &log.fields)),
            what => revert(&mut slot.index, change.key, what, &log.holes, &log.keys),
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
    let record = record(store, log, false, |rows| rows.take_before());
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
    let next = if back { history.undo.back_mut() } else { history.redo.last_mut() };
    let Some(next) = next else { return false };
    // What clones share is copied, by user code, before anything has changed.
    next.before.iter_mut().for_each(|(table, rows)| store.tables[*table as usize].rows.unshare(rows));
    for change in next.log.changes.iter().filter(|change| matches!(change.what, What::Row(_))) {
        store.tables[change.table as usize].rows.own(&[change.key]);
    }
    let taken = if back { history.undo.pop_back() } else { history.redo.pop() };
    let Some(Record { log, before, is_settled }) = taken else { return false };
    for (table, rows) in before {
        store.tables[table as usize].rows.put_before(rows);
    }
    store.log = Some(log);
    let changes = take_back(store, 0);
    let log = store.log.take().unwrap_or_default();
    let record = record(store, Log { changes, ..log }, is_settled, |rows| rows.take_after());
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

/// Makes the history ready for rows to be edited in place: what can be undone and redone learns which fields it changes, so
/// that it leaves the others as they will be. Compares the rows of the steps since the last edit in place, by user code;
/// O(1) where there is no such step.
#[inline]
pub(crate) fn settle(store: &mut Store) {
    if let Some(history) = &store.history
        && [history.undo.back(), history.redo.last()].into_iter().flatten().any(|record| !record.is_settled)
    {
        settle_records(store);
    }
}

#[cold]
#[inline(never)]
fn settle_records(store: &mut Store) {
    // What is nearest to the present state comes first, from either side.
    let Store { history: Some(history), tables, .. } = store else { return };
    let History { undo, redo, .. } = history;
    let undone = undo.iter_mut().rev().take_while(|record| !record.is_settled);
    let redone = redo.iter_mut().rev().take_while(|record| !record.is_settled);
    let sides: [Vec<&mut Record>; 2] = [undone.collect(), redone.collect()];
    for mut records in sides {
        let of_table = |slot: &TableSlot| {
            let records: Vec<&Record> = records.iter().map(|record| &**record).collect();
            slot.rows.changed_fields(slot.position, &records)
        };
        let changed: Vec<Vec<Vec<FieldSet>>> = tables.iter().map(of_table).collect();
        // From here on no user code runs.
        let mut changed: Vec<_> = changed.into_iter().map(Vec::into_iter).collect();
        for record in &mut records {
            let mut sets: Vec<_> = changed.iter_mut().map(|sets| sets.next().unwrap_or_default().into_iter()).collect();
            for change in record.log.changes.iter_mut().rev() {
                if change.what == What::Row(RowChange::Replaced)
                    && let Some(set) = sets[change.table as usize].next()
                {
                    change.what = What::Row(RowChange::Edited { fields: record.log.fields.len() as u32 });
                    record.log.fields.push(set);
                }
            }
            record.is_settled = true;
        }
    }
}

/// Makes a log that has ended, and lasts, one that can be taken back: closes up lists as changes of it, and takes the rows
/// along. Its changes are published.
fn record(store: &mut Store, mut log: Log, is_settled: bool, rows: impl Fn(&mut dyn AnyRows) -> Rows) -> Record {
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
    let record = Record { log, before, is_settled };
    publish(store, &record);
    record
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
