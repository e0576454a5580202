//! Changes of many rows at once where no index need be asked for each of them.

use slotmap::DefaultKey;

use super::{begin, end, insert_batch, own, remove, swap};
use crate::integrity::ordinary::Batch;
use crate::model::Model;
use crate::table::Store;

/// [`remove_alone`](super::remove_alone) for many rows, each once, to which none refers; gives them in this order. `hashes`
/// are those of their unique keys, all of the first row, then all of the next.
pub(crate) fn remove_all<M: Model>(
    store: &mut Store,
    position: u32,
    keys: &[DefaultKey],
    hashes: &[Option<u32>],
) -> Vec<M> {
    own::<M>(store, position, keys);
    begin(store);
    let (rows, mut index) = store.writer::<M>(position);
    let uniques = index.index.uniques.len();
    let removed = if index.is_logged() || !index.index.lists.is_empty() {
        let of_row = |place: usize| &hashes[place * uniques..][..uniques];
        let each = keys.iter().enumerate();
        each.filter_map(|(place, key)| remove(rows, &mut index, *key, of_row(place))).collect()
    } else {
        index.index.links.iter_mut().for_each(|link| link.leave_all(keys));
        for (place, unique) in index.index.uniques.iter_mut().enumerate() {
            for (key, hash) in keys.iter().zip(hashes.iter().skip(place).step_by(uniques)) {
                if let Some(hash) = hash {
                    unique.remove(*hash, *key);
                }
            }
        }
        for index in &mut index.index.secondary {
            for key in keys {
                index.remove(*key);
            }
        }
        rows.remove_all(keys)
    };
    index.close_up();
    end(store);
    removed
}

/// [`replace`](super::replace) for rows that keep all their keys, each once: no index changes.
pub(crate) fn swap_all<M: Model>(store: &mut Store, position: u32, mut new: Vec<M>, keys: &[DefaultKey]) -> Vec<M> {
    own::<M>(store, position, keys);
    begin(store);
    swap_each(store, position, &mut new, keys);
    end(store);
    new
}

/// Swaps rows for the stored ones; where these are kept there are none left.
fn swap_each<M: Model>(store: &mut Store, position: u32, new: &mut Vec<M>, keys: &[DefaultKey]) {
    let (rows, mut index) = store.writer::<M>(position);
    if index.is_logged() {
        for (row, key) in new.drain(..).zip(keys) {
            swap(rows, &mut index, *key, row);
        }
    } else {
        rows.swap_all(keys, new);
    }
}

/// [`swap_all`] and [`insert_batch`] as one statement: rows that keep all their keys, and new ones with nothing out of the
/// ordinary.
pub(crate) fn upsert_batch<M: Model>(
    store: &mut Store,
    position: u32,
    (mut over, stored): (Vec<M>, Vec<DefaultKey>),
    (new, keys): (Vec<M>, Vec<DefaultKey>),
    batch: Batch,
) -> Vec<M> {
    own::<M>(store, position, &stored);
    make_room::<M>(store, position, new.len());
    begin(store);
    swap_each(store, position, &mut over, &stored);
    // It ends the statement.
    insert_batch(store, position, new, &keys, batch);
    over
}

/// Makes room for new rows of a statement that stores others over stored ones too.
pub(crate) fn make_room<M: Model>(store: &mut Store, position: u32, additional: usize) {
    store.writer::<M>(position).0.reserve_room(additional);
}
