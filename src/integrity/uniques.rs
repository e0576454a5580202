//! The first round of a plan: which unique keys the rows leave and enter, and that those are free.

use hashbrown::HashTable;

use super::{Collecting, Mode, Pending, UniqueChange, UniqueChanges, not_entered, row_id};
use crate::error::{Error, Holder};
use crate::index::unique::spread;
use crate::key::{Key, hash_of};
use crate::model::{Model, Unique, Visitor, has_key, is_key_of};
use crate::table::{RowSet, Store, Table};

/// Plans the unique keys of rows, notes in `pending` where they are, and lists what is wrong by the rows' places. The
/// keys of rows in `removed` are free.
#[inline]
pub(super) fn plan<M: Model>(
    store: &Store,
    table: u32,
    pending: &mut Pending<'_, M>,
    mode: Mode,
    removed: Option<&RowSet>,
    changes: &mut UniqueChanges,
    faults: &mut Collecting,
) {
    let own = store.table_at::<M>(table);
    M::declare(&mut Round { table, own, pending, mode, removed, changes, faults });
}

struct Round<'p, 'a, 'r, M: Model> {
    table: u32,
    own: Table<'a, M>,
    pending: &'p mut Pending<'r, M>,
    mode: Mode,
    removed: Option<&'a RowSet>,
    changes: &'p mut UniqueChanges,
    faults: &'p mut Collecting,
}

/// Whether a unique key is the same, or absent in both.
#[inline]
pub(super) fn same_key<U: Unique>(left: Option<&U::Model>, right: &U::Model) -> bool {
    match (left.and_then(U::key), U::key(right)) {
        (Some(left), Some(right)) => <U::Key as Key>::same(left, right),
        (left, right) => left.is_none() && right.is_none(),
    }
}

impl<'a, M: Model> Round<'_, 'a, '_, M> {
    fn stored(&self, place: usize) -> Option<&'a M> {
        if self.pending.is_stored(place) { self.own.rows.get(self.pending.keys[place]) } else { None }
    }

    /// Makes sure that a unique key is free for the row, among the stored rows and those of the statement. A key that
    /// is there twice already, by rows stored unchecked, is no reason to refuse a change of other fields.
    fn claim<U: Unique<Model = M>>(&mut self, place: usize, hash: u32, same: bool) {
        let pending = &*self.pending;
        let Some(key) = U::key(&pending.rows[place]) else { return };
        let gives_way = |other| {
            pending.replaces(other) || self.removed.is_some_and(|removed| removed.contains(&(self.table, other)))
        };
        let stored = self.own.index.uniques[U::INDEX]
            .find(hash, |other| !gives_way(other) && has_key::<U>(self.own.rows, other, key));
        let mut holder = stored.map(|other| Holder::Row(row_id::<M>(other)));
        let mut is_new = !same;
        if holder.is_none() && pending.rows.len() > 1 {
            let equals = |row: &M| is_key_of::<U>(row, key);
            holder = pending.find_unique(U::INDEX, hash, equals).map(|other| {
                is_new |= !self.stored(other).is_some_and(equals);
                pending.holder(other)
            });
        }
        let fault = holder.filter(|_| is_new && self.mode != Mode::Unchecked).map(|existing| {
            let key = <U::Key as Key>::describe(key);
            Error::UniqueViolation { model: M::NAME, fields: U::FIELDS, key, existing }
        });
        if let Some(fault) = fault {
            self.faults.push(place, fault);
        }
        if holder.is_none() && self.pending.rows.len() > 1 {
            let entry = (hash, place as u32);
            self.pending.uniques[U::INDEX].insert_unique(spread(hash), entry, |(hash, _)| spread(*hash));
        }
    }
}

impl<M: Model> Visitor<M> for Round<'_, '_, '_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        let rows = self.pending.rows.len();
        let several = rows > 1;
        if several {
            self.pending.uniques.resize_with(U::INDEX + 1, HashTable::new);
            self.pending.uniques[U::INDEX].reserve(rows, |(hash, _)| spread(*hash));
        }
        for place in 0..rows {
            let stored = self.stored(place);
            let row = &self.pending.rows[place];
            let same = same_key::<U>(stored, row);
            let hasher = self.own.index.uniques[U::INDEX].hasher();
            let mut change = UniqueChange::default();
            if (several || !same)
                && let Some(key) = U::key(row)
            {
                let hash = hash_of(hasher, key);
                self.claim::<U>(place, hash, same);
                change.new = (!same).then_some(hash);
            }
            if !same && let Some(old) = stored.and_then(U::key) {
                let hash = hash_of(hasher, old);
                let key = self.pending.keys[place];
                if !self.own.index.uniques[U::INDEX].holds(hash, key) {
                    self.faults.push(place, not_entered::<U>(key));
                }
                change.old = Some(hash);
            }
            self.changes.push(change);
        }
    }
}
