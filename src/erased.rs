//! The rows of a table seen without their model: [`AnyRows`] for the arena of every model, in one place.
//!
//! What is done here is done by the rooms above; this file only brings the model back that a statement over several
//! tables has lost.

use std::any::Any;

use slotmap::DefaultKey;

use crate::arena::{Arena, RowChange, Slots};
use crate::error::Error;
use crate::index::Indexes;
use crate::index::links::{Link, no_target};
use crate::index::lists::Lists;
use crate::integrity::lists::dangling_elements;
use crate::integrity::removal::{UniqueHashes, plan_leaving};
use crate::integrity::{Pending, Plan, check_table, dangling, plan_rows};
use crate::log::{IndexWriter, Rows};
use crate::model::{ListRelation, Model, Reference, Relation, Visitor};
use crate::snapshot::{codec, rebuild};
use crate::table::{AnyRows, Orphan, RowSet, Store, TableSlot};
use crate::write::{apply, usual_mode};

impl<M: Model> AnyRows for Arena<M> {
    fn len(&self) -> usize {
        Arena::len(self)
    }

    fn names(&self, relation: usize, source: DefaultKey, target: DefaultKey, row: &dyn Any) -> bool {
        let Some(source) = self.get(source) else { return false };
        let mut visitor = Names { relation, source, target, row, holds: false };
        M::declare(&mut visitor);
        visitor.holds
    }

    fn plan_removal(&self, index: &Indexes, keys: &[DefaultKey]) -> Result<Vec<Option<u32>>, Error> {
        let mut all = Vec::with_capacity(keys.len() * index.uniques.len());
        let mut hashes = UniqueHashes::default();
        for key in keys {
            hashes.clear();
            plan_leaving(self, index, *key, &mut hashes)?;
            all.extend_from_slice(&hashes);
        }
        Ok(all)
    }

    fn remove(&mut self, mut index: IndexWriter<'_>, keys: &[DefaultKey], hashes: &[Option<u32>]) -> Box<dyn Any> {
        let uniques = index.index.uniques.len();
        let mut removed: Vec<M> = Vec::with_capacity(if index.is_logged() { 0 } else { keys.len() });
        for (place, key) in keys.iter().enumerate() {
            removed.extend(apply::remove(self, &mut index, *key, &hashes[place * uniques..][..uniques]));
        }
        Box::new(removed)
    }

    fn plan_clearing(
        &self,
        store: &Store,
        table: u32,
        clearing: &[(DefaultKey, usize)],
        removed: &RowSet,
    ) -> Result<(Box<dyn Any>, Vec<Orphan>), Error> {
        let targets = &store.tables[table as usize].targets;
        let mut sorted = clearing.to_vec();
        sorted.sort_unstable();
        let mut keys: Vec<DefaultKey> = Vec::new();
        let mut rows: Vec<M> = Vec::new();
        for (key, relation) in sorted {
            if keys.last() != Some(&key) {
                rows.extend(self.get(key).cloned());
                keys.push(key);
            }
            if let Some(row) = rows.last_mut() {
                M::declare(&mut Clear { relation, row, removed, targets });
            }
        }
        let pending = Pending::updates(&rows, &keys);
        let (mut plan, faults) = plan_rows(store, table, pending, usual_mode(store), Some(removed));
        let orphans = std::mem::take(&mut plan.orphans);
        match faults.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok((Box::new(Clearing { rows, keys, plan }), orphans)),
        }
    }

    fn clear(&mut self, mut index: IndexWriter<'_>, plan: Box<dyn Any>) -> Box<dyn Any> {
        let clearing = plan.downcast::<Clearing<M>>().expect("a plan is applied to the table it was made for");
        Box::new(apply::replace_unsettled(self, &mut index, clearing.rows, &clearing.keys, &clearing.plan))
    }

    fn revert(&mut self, change: RowChange, key: DefaultKey) -> RowChange {
        Arena::revert(self, change, key)
    }

    fn is_reserved(&self, key: DefaultKey) -> bool {
        Arena::is_reserved(self, key)
    }

    fn release(&mut self, key: DefaultKey) {
        Arena::release(self, key);
    }

    fn take_before(&mut self) -> Rows {
        Box::new(Arena::take_before(self))
    }

    fn put_before(&mut self, rows: Rows) {
        let rows = rows.downcast::<Vec<M>>().expect("rows go back to the table that they left");
        Arena::put_before(self, *rows);
    }

    fn take_after(&mut self) -> Rows {
        Box::new(Arena::take_after(self))
    }

    fn dangling(&self, index: &Indexes, store: &Store, relation: usize, source: DefaultKey) -> Option<Error> {
        if index.links[relation].target(source) != no_target::unresolved() {
            return None;
        }
        let mut visitor = Dangling { store, relation, source, row: self.get(source)?, error: None };
        M::declare(&mut visitor);
        visitor.error
    }

    fn dangling_elements(
        &self,
        index: &Indexes,
        store: &Store,
        relation: usize,
        source: DefaultKey,
        target: DefaultKey,
    ) -> Vec<Error> {
        let Some(row) = self.get(source) else { return Vec::new() };
        let mut visitor = DanglingElements { index, store, relation, source, target, row, errors: Vec::new() };
        M::declare(&mut visitor);
        visitor.errors
    }

    fn slot_size(&self) -> usize {
        // slotmap keeps a generation beside each row, and pads to the row's alignment.
        size_of::<(Option<M>, u32)>()
    }

    fn slots(&self) -> Slots {
        Arena::slots(self)
    }

    fn unfilled(&self) -> Option<DefaultKey> {
        self.reserved().next()
    }

    fn encode_row(&self, key: DefaultKey, bytes: &mut Vec<u8>) -> Result<(), String> {
        codec::encode(self.get(key).ok_or("no row is stored under it")?, bytes)
    }

    fn check_row(&self, bytes: &[u8]) -> Result<(), String> {
        codec::check::<M>(bytes)
    }

    fn restore(&mut self, slots: &Slots) -> Result<(), String> {
        *self = Arena::restore(slots)?;
        Ok(())
    }

    fn decode_row(&mut self, key: DefaultKey, bytes: &[u8]) -> Result<(), String> {
        self.fill(key, codec::decode(bytes)?).map_err(|_| "its slot is not reserved for it".to_owned())
    }

    fn build_uniques(&self, index: &mut Indexes) -> Result<(), (DefaultKey, Error)> {
        rebuild::uniques(self, index)
    }

    fn build_links(&self, store: &Store, links: &mut [Link], lists: &mut [Lists]) -> Result<(), (DefaultKey, Error)> {
        rebuild::links(self, store, links, lists)
    }

    fn listed(&self) -> usize {
        let mut visitor = Listed { rows: self, ids: 0 };
        M::declare(&mut visitor);
        visitor.ids
    }

    fn check(&self, store: &Store, table: &TableSlot, faults: &mut Vec<Error>) {
        check_table(self, store, table, faults);
    }
}

/// Rows with some keys cleared; once applied, the rows of before.
struct Clearing<M> {
    rows: Vec<M>,
    keys: Vec<DefaultKey>,
    plan: Plan,
}

struct Names<'a, M> {
    relation: usize,
    source: &'a M,
    target: DefaultKey,
    row: &'a dyn Any,
    holds: bool,
}

impl<M: Model> Visitor<M> for Names<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if R::INDEX == self.relation
            && let (Some(key), Some(row)) = (R::key(self.source), self.row.downcast_ref::<R::Target>())
        {
            self.holds = R::Reference::names(key, self.target, row);
        }
    }
}

struct Dangling<'a, M> {
    store: &'a Store,
    relation: usize,
    source: DefaultKey,
    row: &'a M,
    error: Option<Error>,
}

impl<M: Model> Visitor<M> for Dangling<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if R::INDEX == self.relation
            && let (Some(key), Ok(target)) = (R::key(self.row), self.store.table::<R::Target>())
        {
            self.error = Some(dangling::<R>(Some(self.source), key, target.rows));
        }
    }
}

struct DanglingElements<'a, M> {
    index: &'a Indexes,
    store: &'a Store,
    relation: usize,
    source: DefaultKey,
    target: DefaultKey,
    row: &'a M,
    errors: Vec<Error>,
}

impl<M: Model> Visitor<M> for DanglingElements<'_, M> {
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        if L::INDEX == self.relation
            && let Ok(targets) = self.store.table::<L::Target>()
        {
            let errors = dangling_elements::<L>(self.index.list(L::INDEX), self.source, self.row, targets.rows);
            self.errors.extend(errors.filter(|(id, _)| id.key() == self.target).map(|(_, error)| error));
        }
    }
}

struct Listed<'a, M> {
    rows: &'a Arena<M>,
    ids: usize,
}

impl<M: Model> Visitor<M> for Listed<'_, M> {
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        self.ids += self.rows.iter().map(|(_, row)| L::ids(row).len()).sum::<usize>();
    }
}

struct Clear<'a, M> {
    relation: usize,
    row: &'a mut M,
    removed: &'a RowSet,
    targets: &'a [u32],
}

impl<M: Model> Visitor<M> for Clear<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if R::INDEX == self.relation {
            R::assign(self.row, None);
        }
    }
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        if L::INDEX == self.relation {
            let target = self.targets[L::INDEX];
            L::ids_mut(self.row).retain(|id| !self.removed.contains(&(target, id.key())));
        }
    }
}
