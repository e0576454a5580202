//! The primitive changes: rows in, a row over another, rows out. Each takes a plan that was checked, makes room, and
//! from then on neither fails nor calls user code. Inside a transaction everything that changes is recorded here, and
//! rows that leave are kept by their arena. Where a history is kept or somebody is subscribed, a statement outside of a
//! transaction is one of its own.

mod ordinary;
mod sets;

use std::any::Any;

use slotmap::DefaultKey;

use crate::arena::{Arena, RowChange};
use crate::index::links::{LinkChange, no_target};
use crate::integrity::statement::Planned;
use crate::integrity::{EntryChange, ListChange, Plan, UniqueChange};
use crate::log::{IndexWriter, Log};
use crate::model::Model;
use crate::table::{Relink, Statement, Store};
use crate::undo;

pub(crate) use ordinary::{insert_batch, insert_one, remove_one, reserve_rows};
pub(crate) use sets::{make_room, remove_all, swap_all, upsert_batch};

/// Stores rows under the next ids, which the plan was made for.
pub(crate) fn insert<M: Model>(
    store: &mut Store,
    position: u32,
    new: impl IntoIterator<Item = M, IntoIter: ExactSizeIterator>,
    keys: &[DefaultKey],
    plan: &Plan,
) {
    let new = new.into_iter();
    store.writer::<M>(position).0.reserve_room(new.len());
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    reserve(rows, &mut index, keys.len());
    for (row, key) in new.zip(keys) {
        let stored = rows.insert(row);
        debug_assert_eq!(stored, *key, "the ids were foretold");
        index.record_row(*key, RowChange::Stored);
    }
    enter(&mut index, keys, plan);
    settle(store, position, &plan.relinks);
}

/// Hands out the next id, without a row.
pub(crate) fn reserve_id<M: Model>(store: &mut Store, position: u32) -> DefaultKey {
    store.writer::<M>(position).0.reserve_room(1);
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    let key = rows.reserve_id();
    index.record_row(key, RowChange::Reserved);
    end(store);
    key
}

/// Gives a reserved id back.
pub(crate) fn cancel<M: Model>(store: &mut Store, position: u32, key: DefaultKey) {
    own::<M>(store, position, &[key]);
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    if index.is_logged() {
        rows.withhold(key);
        index.record_row(key, RowChange::Cancelled);
    } else {
        rows.cancel(key);
    }
    end(store);
}

/// Stores a row under a reserved id.
pub(crate) fn fill<M: Model>(store: &mut Store, position: u32, row: M, key: DefaultKey, plan: &Plan) {
    own::<M>(store, position, &[key]);
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    reserve(rows, &mut index, 1);
    let refused = rows.fill(key, row);
    debug_assert!(refused.is_ok(), "the id was seen to be reserved");
    index.record_row(key, RowChange::Filled);
    enter(&mut index, &[key], plan);
    settle(store, position, &plan.relinks);
}

/// Stores rows in the place of others, which it gives out, unless a transaction keeps them.
pub(crate) fn replace<M: Model>(
    store: &mut Store,
    position: u32,
    new: Vec<M>,
    keys: &[DefaultKey],
    plan: &Plan,
) -> Vec<M> {
    own::<M>(store, position, keys);
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    let old = replace_unsettled(rows, &mut index, new, keys, plan);
    settle(store, position, &plan.relinks);
    old
}

/// The same for one row, without a list.
pub(crate) fn replace_one<M: Model>(
    store: &mut Store,
    position: u32,
    row: M,
    key: DefaultKey,
    plan: &Plan,
) -> Option<M> {
    own::<M>(store, position, &[key]);
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    let keeps_indexes = plan.keeps_indexes();
    if !keeps_indexes {
        reserve(rows, &mut index, 1);
    }
    let old = swap(rows, &mut index, key, row);
    if !keeps_indexes {
        reindex(&mut index, &[key], plan);
    }
    settle(store, position, &plan.relinks);
    old
}

/// [`replace`] for one of several tables; the caller settles. A row under an id that is to come is stored as a new one,
/// for which the caller has made room.
pub(crate) fn replace_unsettled<M: Model>(
    rows: &mut Arena<M>,
    index: &mut IndexWriter<'_>,
    new: Vec<M>,
    keys: &[DefaultKey],
    plan: &Plan,
) -> Vec<M> {
    reserve(rows, index, keys.len());
    let mut old = Vec::with_capacity(if index.is_logged() { 0 } else { new.len() });
    for (row, key) in new.into_iter().zip(keys) {
        if rows.contains(*key) {
            old.extend(swap(rows, index, *key, row));
        } else {
            let stored = rows.insert(row);
            debug_assert_eq!(stored, *key, "the ids were foretold");
            index.record_row(*key, RowChange::Stored);
        }
    }
    reindex(index, keys, plan);
    old
}

#[inline]
fn swap<M: Model>(rows: &mut Arena<M>, index: &mut IndexWriter<'_>, key: DefaultKey, row: M) -> Option<M> {
    if index.is_logged() {
        rows.replace_keeping(key, row);
        index.record_row(key, RowChange::Replaced);
        return None;
    }
    let old = rows.replace(key, row);
    debug_assert!(old.is_some(), "the row was seen to be stored");
    old
}

/// Places sources behind the others of their target, one after the other.
pub(crate) fn rejoin(store: &mut Store, position: u32, relation: usize, sources: &[DefaultKey]) {
    if sources.is_empty() {
        return;
    }
    begin(store);
    let (_, mut index) = store.erased_writer(position);
    for source in sources {
        let target = index.index.links[relation].target(*source);
        if !no_target::is(target) {
            index.relink(relation, *source, LinkChange::To(target));
        }
    }
    index.close_up();
    end(store);
}

/// Takes a row out that nothing refers to, and gives it out, unless a transaction keeps it.
pub(crate) fn remove_alone<M: Model>(
    store: &mut Store,
    position: u32,
    key: DefaultKey,
    hashes: &[Option<u32>],
) -> Option<M> {
    own::<M>(store, position, &[key]);
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    let row = remove(rows, &mut index, key, hashes);
    index.close_up();
    end(store);
    row
}

/// [`remove_alone`] for one of many rows; the caller begins and ends.
#[inline]
pub(crate) fn remove<M: Model>(
    rows: &mut Arena<M>,
    index: &mut IndexWriter<'_>,
    key: DefaultKey,
    hashes: &[Option<u32>],
) -> Option<M> {
    for relation in 0..index.index.links.len() {
        index.leave(relation, key);
    }
    for relation in index.index.links.len()..index.index.relations() {
        index.relist(relation, key, &[]);
    }
    for (unique, hash) in hashes.iter().enumerate() {
        if let Some(hash) = hash {
            index.withdraw(unique, *hash, key);
        }
    }
    for place in 0..index.index.secondary.len() {
        index.unindex_row(place, key);
    }
    if index.is_logged() {
        rows.remove_keeping(key);
        index.record_row(key, RowChange::Removed);
        None
    } else {
        rows.remove(key)
    }
}

/// Sets the default target of a relation, or none.
pub(crate) fn set_default_target(store: &mut Store, position: u32, relation: usize, target: Option<DefaultKey>) {
    begin(store);
    store.erased_writer(position).1.set_default_target(relation, target);
    end(store);
}

/// Makes sure that no clone shares the blocks of these rows: the last of a statement that is user code.
#[inline]
fn own<M: Model>(store: &mut Store, position: u32, keys: &[DefaultKey]) {
    let (rows, _) = store.writer::<M>(position);
    for key in keys {
        rows.own(*key);
    }
}

/// Begins a statement: opens a log for it alone where a history is kept, or somebody is subscribed, and no transaction is
/// open.
#[inline]
fn begin(store: &mut Store) {
    if store.logs_statements() && store.log.is_none() {
        store.log = Some(Log { of_one_statement: true, ..Log::default() });
    }
}

/// Ends a statement, with the log that was opened for it.
#[inline]
fn end(store: &mut Store) {
    if store.log.as_ref().is_some_and(|log| log.of_one_statement) {
        drop(undo::commit(store));
    }
}

/// Ends a statement: rows that keep their key are linked to what it names now, thinned lists are closed up.
fn settle(store: &mut Store, position: u32, relinks: &[Relink]) {
    relink(store, relinks);
    store.erased_writer(position).1.close_up();
    for relink in relinks {
        store.erased_writer(relink.table).1.close_up();
    }
    end(store);
}

fn relink(store: &mut Store, relinks: &[Relink]) {
    for Relink { table, relation, source, to } in relinks {
        let (_, mut index) = store.erased_writer(*table);
        match to {
            LinkChange::To(target) if *relation >= index.index.links.len() => index.arrive(*relation, *source, *target),
            to => index.relink(*relation, *source, *to),
        }
    }
}

/// Links rows to those that they list now.
fn relist(index: &mut IndexWriter<'_>, keys: &[DefaultKey], lists: &[ListChange]) {
    for ListChange { relation, place, targets } in lists {
        index.relist(*relation, keys[*place], targets);
    }
}

#[inline]
fn reserve<M>(rows: &Arena<M>, index: &mut IndexWriter<'_>, additional: usize) {
    index.index.reserve(additional, rows.next_slot() as usize + additional);
}

/// Enters new rows into the indexes.
fn enter(index: &mut IndexWriter<'_>, keys: &[DefaultKey], plan: &Plan) {
    let count = keys.len();
    for relation in 0..index.index.links.len() {
        let changes = &plan.links[relation * count..][..count];
        for (key, change) in keys.iter().zip(changes) {
            if let LinkChange::To(target) = change {
                index.join(relation, *key, *target);
            } else {
                index.link(relation, *key, *change);
            }
        }
    }
    relist(index, keys, &plan.lists);
    for unique in 0..index.index.uniques.len() {
        for (key, change) in keys.iter().zip(&plan.uniques[unique * count..]) {
            if let UniqueChange { new: Some(hash), .. } = change {
                index.enter(unique, *hash, *key);
            }
        }
    }
    for EntryChange { index: place, place: row, key } in &plan.entries {
        index.index_row(*place, key, keys[*row]);
    }
}

/// Moves stored rows to where their new keys belong.
fn reindex(index: &mut IndexWriter<'_>, keys: &[DefaultKey], plan: &Plan) {
    let count = keys.len();
    for relation in 0..index.index.links.len() {
        for (key, change) in keys.iter().zip(&plan.links[relation * count..]) {
            if !matches!(change, LinkChange::Stays) {
                index.relink(relation, *key, *change);
            }
        }
    }
    relist(index, keys, &plan.lists);
    for unique in 0..index.index.uniques.len() {
        // All old keys leave before any new one enters: rows may swap their keys.
        let changes = &plan.uniques[unique * count..][..count];
        for (key, change) in keys.iter().zip(changes) {
            if let Some(hash) = change.old {
                index.withdraw(unique, hash, *key);
            }
        }
        for (key, change) in keys.iter().zip(changes) {
            if let Some(hash) = change.new {
                index.enter(unique, hash, *key);
            }
        }
    }
    for EntryChange { index: place, place: row, key } in &plan.entries {
        index.unindex_row(*place, keys[*row]);
        index.index_row(*place, key, keys[*row]);
    }
}

/// Rows of a table that a statement over several tables removes, and the plan for it.
pub(crate) struct TableRemoval {
    pub(crate) position: u32,
    pub(crate) keys: Vec<DefaultKey>,
    pub(crate) hashes: Vec<Option<u32>>,
}

/// The rows that a statement over several tables has put out of their places, to be dropped when all is done.
#[derive(Default)]
pub(crate) struct Departed {
    /// Those that gave way to others: the position of the table, the rows.
    pub(crate) replaced: Vec<(u32, Box<dyn Any>)>,
    /// Those that were removed, as the removals are ordered.
    pub(crate) removed: Vec<Box<dyn Any>>,
}

/// Stores rows over others, relinks those that keep their key, then removes rows, over several tables.
pub(crate) fn carry_out(store: &mut Store, planned: Planned, removals: &[TableRemoval]) -> Departed {
    let Statement { edits, relinks, .. } = planned.statement;
    for (position, edits) in &edits {
        store.tables[*position as usize].rows.own(edits.keys());
    }
    for removal in removals {
        store.tables[removal.position as usize].rows.own(&removal.keys);
    }
    begin(store);
    let mut departed = Departed::default();
    let mut touched = Vec::with_capacity(edits.len() + removals.len() + relinks.len());
    for (position, edits) in edits {
        touched.push(position);
        let (rows, index) = store.erased_writer(position);
        departed.replaced.push((position, rows.replace(index, edits)));
    }
    touched.extend(relinks.iter().map(|relink| relink.table));
    relink(store, &relinks);
    for removal in removals {
        touched.push(removal.position);
        let (rows, index) = store.erased_writer(removal.position);
        departed.removed.push(rows.remove(index, &removal.keys, &removal.hashes));
    }
    for position in touched {
        store.erased_writer(position).1.close_up();
    }
    end(store);
    departed
}
