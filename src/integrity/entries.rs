//! Which rows of a statement get another key in an index that is no unique key. Nothing of it can be refused.

use super::{EntryChange, Pending};
use crate::model::{Index, Model, Visitor};
use crate::table::{Store, Table};

/// The changes, index by index, in the order of the rows.
pub(super) fn plan<M: Model>(store: &Store, table: u32, pending: &Pending<'_, M>) -> Vec<EntryChange> {
    let own = store.table_at::<M>(table);
    let mut changes = Vec::new();
    if !own.index.secondary.is_empty() {
        M::declare(&mut Entering { own, pending, changes: &mut changes });
    }
    changes
}

struct Entering<'p, 'a, 'r, M: Model> {
    own: Table<'a, M>,
    pending: &'p Pending<'r, M>,
    changes: &'p mut Vec<EntryChange>,
}

impl<M: Model> Visitor<M> for Entering<'_, '_, '_, M> {
    fn index<I: Index<Model = M>>(&mut self) {
        let index = &self.own.index.secondary[I::INDEX];
        for (place, (row, id)) in self.pending.rows.iter().zip(&*self.pending.keys).enumerate() {
            let key = I::key(row);
            if !self.pending.is_stored(place) || index.key(*id).as_ref() != Some(&key) {
                self.changes.push(EntryChange { index: I::INDEX, place, key });
            }
        }
    }
}
