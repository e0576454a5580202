//! Changes with nothing out of the ordinary, as `integrity::ordinary` has planned them, and making room.

use slotmap::DefaultKey;

use super::{begin, end, reserve};
use crate::arena::{Arena, RowChange};
use crate::index::Indexes;
use crate::integrity::ordinary::{Batch, Single};
use crate::model::Model;
use crate::table::Store;

/// [`insert`](super::insert) for a single row with nothing out of the ordinary.
#[inline]
pub(crate) fn insert_one<M: Model>(store: &mut Store, position: u32, row: M, key: DefaultKey, single: &Single) {
    // No room is made apart for the indexes: each grows by itself, and running out of memory aborts, as it does anywhere.
    store.writer::<M>(position).0.reserve_room(1);
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    let stored = rows.insert(row);
    debug_assert_eq!(stored, key, "the id was foretold");
    for (link, target) in index.index.links.iter_mut().zip(&single.targets) {
        link.join(key, *target);
    }
    for (unique, hash) in index.index.uniques.iter_mut().zip(&single.hashes) {
        if let Some(hash) = hash {
            unique.insert(*hash, key);
        }
    }
    if index.is_logged() {
        index.record_new(key, &single.hashes);
    }
    for (place, entry) in single.entries.iter().enumerate() {
        index.index_row(place, entry, key);
    }
    if index.is_logged() {
        end(store);
    }
}

/// [`insert`](super::insert) for many rows with nothing out of the ordinary.
pub(crate) fn insert_batch<M: Model>(store: &mut Store, position: u32, new: Vec<M>, keys: &[DefaultKey], batch: Batch) {
    store.writer::<M>(position).0.reserve_room(new.len());
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    let slots = rows.next_slot() as usize + new.len();
    index.index.links.iter_mut().for_each(|link| link.reserve(slots));
    index.index.uniques.iter_mut().zip(&batch.uniques).for_each(|(unique, new)| unique.reserve_for(new));
    rows.insert_all(new);
    debug_assert!(keys.iter().all(|key| rows.contains(*key)), "the ids were foretold");
    if index.is_logged() {
        for key in keys {
            index.record_row(*key, RowChange::Stored);
        }
    }
    for (relation, targets) in batch.targets.iter().enumerate() {
        index.join_all(relation, keys, targets);
    }
    for (unique, new) in batch.uniques.into_iter().enumerate() {
        index.enter_all(unique, new);
    }
    for (place, entries) in batch.entries.iter().enumerate() {
        index.index_rows(place, entries);
    }
    end(store);
}

/// [`remove_alone`](super::remove_alone) where no transaction keeps the row and nothing is out of the ordinary: no change is recorded, and
/// the lists that the row leaves are closed up at once.
#[inline]
pub(crate) fn remove_one<M: Model>(
    rows: &mut Arena<M>,
    index: &mut Indexes,
    key: DefaultKey,
    hashes: &[Option<u32>],
) -> M {
    let row = rows.remove(key).expect("the row was seen to be stored");
    for link in &mut index.links {
        link.leave_for_good(key);
    }
    for (unique, hash) in index.uniques.iter_mut().zip(hashes) {
        if let Some(hash) = hash {
            unique.remove(*hash, key);
        }
    }
    for secondary in &mut index.secondary {
        secondary.remove(key);
    }
    row
}

/// Makes room for more rows, in the table and wherever they can be referred to.
pub(crate) fn reserve_rows<M: Model>(store: &mut Store, position: u32, additional: usize) {
    let (rows, mut index) = store.writer::<M>(position);
    rows.reserve_room(additional);
    reserve(rows, &mut index, additional);
    let slots = rows.next_slot() as usize + additional;
    for place in 0..store.tables[position as usize].incoming.len() {
        let incoming = store.tables[position as usize].incoming[place];
        store.tables[incoming.table as usize].index.reserve_targets(incoming.relation, slots);
    }
}
