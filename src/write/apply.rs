//! The primitive changes: rows in, a row over another, rows out. Each takes a plan that was checked, makes room, and
//! from then on neither fails nor calls user code. What a change log, a feed or an undo would record passes here.

use std::any::Any;

use slotmap::DefaultKey;

use crate::arena::Arena;
use crate::index::Indexes;
use crate::index::links::no_target;
use crate::integrity::{Arrival, Plan, UniqueChange, Waiting};
use crate::model::Model;
use crate::table::Store;

/// Stores rows under the next ids, which the plan was made for.
pub(crate) fn insert<M: Model>(
    store: &mut Store,
    position: u32,
    new: impl IntoIterator<Item = M, IntoIter: ExactSizeIterator>,
    keys: &[DefaultKey],
    plan: Plan,
) {
    let (rows, index) = store.parts_mut::<M>(position);
    let new = new.into_iter();
    rows.reserve_room(new.len());
    reserve(rows, index, keys.len());
    for (row, key) in new.zip(keys) {
        let stored = rows.insert(row);
        debug_assert_eq!(stored, *key, "the ids were foretold");
    }
    enter(index, keys, &plan);
    settle(store, position, plan.arrivals);
}

/// Stores a row under a reserved id.
pub(crate) fn fill<M: Model>(store: &mut Store, position: u32, row: M, key: DefaultKey, plan: Plan) {
    let (rows, index) = store.parts_mut::<M>(position);
    reserve(rows, index, 1);
    let refused = rows.fill(key, row);
    debug_assert!(refused.is_ok(), "the id was seen to be reserved");
    enter(index, &[key], &plan);
    settle(store, position, plan.arrivals);
}

/// Stores a row in the place of another, which it gives out.
pub(crate) fn replace<M: Model>(store: &mut Store, position: u32, row: M, key: DefaultKey, plan: Plan) -> M {
    let (rows, index) = store.parts_mut::<M>(position);
    let mut swapped = [row];
    replace_all(rows, index, &mut swapped, &[key], &plan);
    settle(store, position, plan.arrivals);
    let [old] = swapped;
    old
}

/// Swaps rows with the stored ones, so that `swapped` has those of before. The caller settles.
pub(crate) fn replace_all<M: Model>(
    rows: &mut Arena<M>,
    index: &mut Indexes,
    swapped: &mut [M],
    keys: &[DefaultKey],
    plan: &Plan,
) {
    reserve(rows, index, keys.len());
    for (row, key) in swapped.iter_mut().zip(keys) {
        let stored = rows.get_mut(*key).expect("the row was seen to be stored");
        std::mem::swap(row, stored);
    }
    let count = keys.len();
    for (place, link) in index.links.iter_mut().enumerate() {
        for (key, change) in keys.iter().zip(&plan.links[place * count..]) {
            if let Some(target) = change {
                link.leave(*key);
                if *target != no_target::unresolved() {
                    link.join(*key, *target);
                }
            }
        }
    }
    for (place, unique) in index.uniques.iter_mut().enumerate() {
        // All old keys leave before any new one enters: rows may swap their keys.
        let changes = &plan.uniques[place * count..][..count];
        for (key, change) in keys.iter().zip(changes) {
            if let Some(hash) = change.old {
                unique.remove(hash, *key);
            }
        }
        for (key, change) in keys.iter().zip(changes) {
            if let Some(hash) = change.new {
                unique.insert(hash, *key);
            }
        }
    }
    wait(index, keys, &plan.waiting);
}

/// Takes a row out and gives it out.
pub(crate) fn remove<M: Model>(
    rows: &mut Arena<M>,
    index: &mut Indexes,
    key: DefaultKey,
    hashes: &[Option<u32>],
) -> Option<M> {
    for link in &mut index.links {
        link.leave(key);
    }
    for (unique, hash) in index.uniques.iter_mut().zip(hashes) {
        if let Some(hash) = hash {
            unique.remove(*hash, key);
        }
    }
    rows.remove(key)
}

/// Ends a statement: sources whose missing targets have come are linked, thinned lists are closed up.
pub(crate) fn settle(store: &mut Store, position: u32, arrivals: Vec<Arrival>) {
    for arrival in arrivals {
        let link = &mut store.tables[arrival.table as usize].index.links[arrival.relation];
        link.leave(arrival.source);
        link.join(arrival.source, arrival.target);
    }
    close_up(&mut store.tables[position as usize].index);
}

pub(crate) fn close_up(index: &mut Indexes) {
    for link in &mut index.links {
        link.close_up();
    }
}

fn reserve<M>(rows: &Arena<M>, index: &mut Indexes, additional: usize) {
    index.reserve(additional, rows.next_slot() as usize + additional);
}

/// Enters new rows into the indexes.
fn enter(index: &mut Indexes, keys: &[DefaultKey], plan: &Plan) {
    let count = keys.len();
    for (place, link) in index.links.iter_mut().enumerate() {
        for (key, target) in keys.iter().zip(&plan.links[place * count..]) {
            if let Some(target) = target
                && *target != no_target::unresolved()
            {
                link.join(*key, *target);
            }
        }
    }
    for (place, unique) in index.uniques.iter_mut().enumerate() {
        for (key, change) in keys.iter().zip(&plan.uniques[place * count..]) {
            if let UniqueChange { new: Some(hash), .. } = change {
                unique.insert(*hash, *key);
            }
        }
    }
    wait(index, keys, &plan.waiting);
}

fn wait(index: &mut Indexes, keys: &[DefaultKey], waiting: &[Waiting]) {
    for waiting in waiting {
        index.links[waiting.relation].wait(keys[waiting.place], waiting.hash);
    }
}

/// Rows of a table that a statement over several tables removes, and the plan for it.
pub(crate) struct TableRemoval {
    pub(crate) position: u32,
    pub(crate) keys: Vec<DefaultKey>,
    pub(crate) hashes: Vec<Option<u32>>,
}

/// Keys of a table that a statement over several tables clears, planned by [`AnyRows::plan_clearing`].
pub(crate) struct TableClearing {
    pub(crate) position: u32,
    pub(crate) plan: Box<dyn Any>,
}

/// Clears foreign keys, then removes rows, over several tables. Gives out the rows that left, one vector a table, and
/// last those of before the clearing: to be dropped when all is done.
pub(crate) fn remove_and_clear(
    store: &mut Store,
    clearings: Vec<TableClearing>,
    removals: &[TableRemoval],
) -> Vec<Box<dyn Any>> {
    let mut removed: Vec<Box<dyn Any>> = Vec::with_capacity(removals.len() + clearings.len());
    let mut cleared = Vec::with_capacity(clearings.len());
    let touched = clearings.iter().map(|clearing| clearing.position);
    let touched: Vec<u32> = touched.chain(removals.iter().map(|removal| removal.position)).collect();
    for clearing in clearings {
        let slot = &mut store.tables[clearing.position as usize];
        cleared.push(slot.rows.clear(&mut slot.index, clearing.plan));
    }
    for removal in removals {
        let slot = &mut store.tables[removal.position as usize];
        removed.push(slot.rows.remove(&mut slot.index, &removal.keys, &removal.hashes));
    }
    for position in touched {
        close_up(&mut store.tables[position as usize].index);
    }
    removed.append(&mut cleared);
    removed
}
