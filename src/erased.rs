//! The rows of a table seen without their model: [`AnyRows`] for the arena of every model, in one place.
//!
//! What is done here is done by the rooms above; this file only brings the model back that a statement over several
//! tables has lost.

use std::any::{Any, TypeId};
use std::sync::Arc;

use hashbrown::HashMap;
use slotmap::DefaultKey;

use crate::arena::{Arena, RowChange, Slots};
use crate::blocks::Bytes;
use crate::codec::{CodecError, Decoder, positional};
use crate::error::{Error, Missing};
use crate::feed::{AnyRow, RowStates};
use crate::fields::FieldSet;
use crate::id::{RowId, id_type};
use crate::index::Indexes;
use crate::index::links::{Link, no_target};
use crate::index::lists::Lists;
use crate::integrity::lists::dangling_elements;
use crate::integrity::removal::{UniqueHashes, plan_leaving};
use crate::integrity::{Edits, acyclic, check_table, dangling};
use crate::key::Key;
use crate::log::{Change, IndexWriter, Record, Rows, What};
use crate::model::{ListRelation, Model, Reference, Relation, Unique, Visitor, WithRelation, with_relation};
use crate::proof::{Refusal, RowWriter, read_row};
use crate::snapshot::rebuild;
#[cfg(feature = "rayon")]
use crate::table::RowReader;
use crate::table::{AnyEdits, AnyRows, RowFault, Store, TableSlot, Threads};
use crate::write::apply;

impl<M: Model> AnyRows for Arena<M> {
    fn clone_rows(&self) -> Box<dyn AnyRows> {
        Box::new(self.clone())
    }

    fn len(&self) -> usize {
        Arena::len(self)
    }

    fn names(&self, relation: usize, source: DefaultKey, target: DefaultKey, row: &dyn Any) -> bool {
        let names = |source| with_relation(relation, Names { source, target, row });
        self.get(source).and_then(names).unwrap_or(false)
    }

    fn plan_removal(&self, index: &Indexes, keys: &[DefaultKey]) -> Result<Vec<Option<u32>>, Error> {
        let mut all = Vec::with_capacity(keys.len() * index.uniques.len());
        if index.uniques.is_empty() {
            return Ok(all);
        }
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

    fn own(&mut self, keys: &[DefaultKey]) {
        for key in keys {
            Arena::own(self, *key);
        }
    }

    fn edits(&self) -> Box<dyn AnyEdits> {
        Box::new(Edits::<M>::default())
    }

    fn replace(&mut self, mut index: IndexWriter<'_>, edits: Box<dyn AnyEdits>) -> Box<dyn Any> {
        let edits: Box<dyn Any> = edits;
        let edits = edits.downcast::<Edits<M>>().expect("edits go to the table that they were made for");
        let (rows, keys, plan) = edits.into_parts();
        Box::new(apply::replace_unsettled(self, &mut index, rows, &keys, &plan))
    }

    fn key_of(&self, relation: usize, target: DefaultKey, row: &dyn Any) -> Option<Box<dyn Any>> {
        with_relation::<M, _>(relation, KeyOfTarget { target, row })?
    }

    fn default_key(&self, relation: usize, target: Option<DefaultKey>) -> Option<Box<dyn Any>> {
        with_relation::<M, _>(relation, DefaultKeyOr { target })?
    }

    fn natural_key(&self, key: DefaultKey) -> Option<String> {
        let mut visitor = NaturalKey { row: self.get(key)?, found: None };
        M::declare(&mut visitor);
        visitor.found
    }

    fn row(&self, key: DefaultKey) -> Option<&dyn Any> {
        self.get(key).map(|row| row as &dyn Any)
    }

    fn contains(&self, key: DefaultKey) -> bool {
        Arena::contains(self, key)
    }

    fn states(&self, table: u32, record: &Record, wanted: &dyn Fn(DefaultKey) -> bool) -> Vec<RowStates> {
        /// What a row was before the change that is looked at, and is after all of them.
        struct Found<M> {
            before: Option<M>,
            after: Option<M>,
        }
        let mut states: HashMap<DefaultKey, Found<M>> = HashMap::new();
        let kept = record.before.iter().find(|(position, _)| *position == table);
        let mut kept = kept.and_then(|(_, rows)| rows.downcast_ref::<Vec<M>>()).into_iter().flatten().rev();
        for Change { key, what, .. } in record.log.changes.iter().rev().filter(|change| change.table == table) {
            let What::Row(change) = *what else { continue };
            let old = match change {
                RowChange::Stored | RowChange::Filled => None,
                RowChange::Reserved | RowChange::Cancelled => continue,
                RowChange::Replaced | RowChange::Removed | RowChange::Emptied | RowChange::Edited { .. } => kept.next(),
            };
            if !wanted(*key) {
                continue;
            }
            let state = states.entry(*key).or_insert_with(|| Found { before: None, after: self.get(*key).cloned() });
            let mut old = old.cloned();
            if let (RowChange::Edited { fields }, Some(old)) = (change, &mut old) {
                // A row that is edited is there, so that nothing before means that this is the last change of it.
                state.before = state.before.take().or_else(|| state.after.clone());
                if let Some(row) = &mut state.before {
                    M::exchange(row, old, &record.log.fields[fields as usize]);
                }
            } else {
                state.before = old;
            }
        }
        let any = |row: Option<M>| row.map(|row| Box::new(row) as AnyRow);
        let states = states.into_iter().map(|(key, Found { before, after })| RowStates {
            row: RowId { table: M::NAME, key },
            model: TypeId::of::<M>(),
            before: any(before),
            after: any(after),
        });
        states.collect()
    }

    fn id_type(&self) -> &'static str {
        id_type::<M>()
    }

    fn why_missing(&self, key: DefaultKey) -> Missing {
        Arena::why_missing(self, key)
    }

    fn revert(&mut self, change: RowChange, key: DefaultKey, fields: &[FieldSet]) -> RowChange {
        Arena::revert(self, change, key, |set, stored, old| M::exchange(stored, old, &fields[set as usize]))
    }

    fn changed_fields(&self, table: u32, records: &[&Record]) -> Vec<Vec<FieldSet>> {
        // The state of each row behind the change that is looked at, where that is not the stored row.
        let mut states: HashMap<DefaultKey, &M> = HashMap::new();
        let mut replaced: HashMap<DefaultKey, (&M, Vec<usize>)> = HashMap::new();
        let mut changed = vec![Vec::new(); records.len()];
        for (record, changed) in records.iter().zip(&mut changed) {
            let rows = record.before.iter().find(|(position, _)| *position == table);
            let mut rows = rows.and_then(|(_, rows)| rows.downcast_ref::<Vec<M>>()).into_iter().flatten().rev();
            for Change { key, what, .. } in record.log.changes.iter().rev().filter(|change| change.table == table) {
                let What::Row(RowChange::Replaced | RowChange::Removed | RowChange::Emptied) = what else { continue };
                let before = rows.next().expect("a row of before is kept for each change that has put one aside");
                let after = states.insert(*key, before).or_else(|| self.get(*key)).unwrap_or(before);
                if *what == What::Row(RowChange::Replaced) {
                    let of_row = replaced.entry(*key).or_insert_with(|| (after, Vec::new()));
                    of_row.1.push(changed.len());
                    changed.push(M::changed(before, after));
                }
            }
            // What a step has changed and changed back it has not changed.
            for (key, (last, places)) in replaced.drain().filter(|(_, (_, places))| places.len() > 1) {
                let net = M::changed(states[&key], last);
                for place in places {
                    changed[place].intersect(&net);
                }
            }
        }
        changed
    }

    fn is_reserved(&self, key: DefaultKey) -> bool {
        Arena::is_reserved(self, key)
    }

    fn release(&mut self, key: DefaultKey) {
        Arena::release(self, key);
    }

    fn take_before(&mut self) -> Rows {
        Arc::new(Arena::take_before(self))
    }

    fn unshare(&self, rows: &mut Rows) {
        if Arc::get_mut(rows).is_none() {
            let shared = rows.downcast_ref::<Vec<M>>().expect("rows are of the table that they left");
            *rows = Arc::new(shared.clone());
        }
    }

    fn put_before(&mut self, rows: Rows) {
        let rows = rows.downcast::<Vec<M>>().expect("rows go back to the table that they left");
        let rows = Arc::into_inner(rows).expect("rows are unshared before they are put back");
        Arena::put_before(self, rows);
    }

    fn take_after(&mut self) -> Rows {
        Arc::new(Arena::take_after(self))
    }

    fn dangling(&self, index: &Indexes, store: &Store, relation: usize, source: DefaultKey) -> Option<Error> {
        if index.links[relation].target(source) != no_target::unresolved() {
            return None;
        }
        with_relation(relation, Dangling { store, source, row: self.get(source)? })?
    }

    fn cycles(&self, index: &Indexes, relation: usize, changed: &[DefaultKey]) -> Vec<Error> {
        let link = &index.links[relation];
        with_relation::<M, _>(relation, Cycles { link, changed }).unwrap_or_default()
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
        // A slot has a generation beside its row.
        size_of::<(Option<M>, u32)>()
    }

    fn shrink(&mut self) {
        Arena::shrink(self);
    }

    fn bytes(&self) -> (Bytes, Bytes) {
        Arena::bytes(self)
    }

    fn column_bytes(&self) -> Bytes {
        Arena::column_bytes(self)
    }

    fn slots(&self) -> Slots {
        Arena::slots(self)
    }

    fn unfilled(&self) -> Option<DefaultKey> {
        self.reserved().next()
    }

    fn encode_rows(
        &self,
        keys: &mut dyn Iterator<Item = DefaultKey>,
        full: usize,
        rows: &mut RowWriter,
    ) -> Result<(), (DefaultKey, Refusal)> {
        while rows.bytes().len() < full
            && let Some(key) = keys.next()
        {
            match self.get(key) {
                Some(row) => rows.row(row).map_err(|refusal| (key, refusal))?,
                None => rows.reserved(),
            }
        }
        Ok(())
    }

    fn restore(&mut self, slots: &Slots) -> Result<(), String> {
        *self = Arena::restore(self, slots)?;
        Ok(())
    }

    fn decode_rows(
        &mut self,
        keys: &mut dyn Iterator<Item = DefaultKey>,
        decoder: &mut Decoder<'_, '_>,
    ) -> Result<u64, RowFault> {
        let mut rows = 0;
        while decoder.is_at_row() {
            let Some(key) = keys.next() else { return Err((None, CodecError::more_rows())) };
            let row = read_row::<M>(decoder).map_err(|error| (Some(key), error))?;
            self.restore_row(key, row).map_err(|_| (Some(key), CodecError::not_reserved()))?;
            rows += 1;
        }
        Ok(rows)
    }

    #[cfg(feature = "rayon")]
    fn row_reader(&self) -> RowReader {
        |decoder, most| {
            if (most * size_of::<M>()) as u64 > decoder.room().memory {
                return None;
            }
            let mut rows: Vec<M> = Vec::with_capacity(most);
            while rows.len() < most && decoder.is_at_row() {
                rows.push(read_row(decoder).ok()?);
            }
            Some(Box::new(rows))
        }
    }

    #[cfg(feature = "rayon")]
    fn store_read(&mut self, keys: &mut dyn Iterator<Item = DefaultKey>, rows: Box<dyn Any>) -> Result<u64, RowFault> {
        let rows = rows.downcast::<Vec<M>>().expect("they are from the reader of this table");
        let count = rows.len() as u64;
        for row in *rows {
            let key = keys.next().ok_or_else(|| (None, CodecError::more_rows()))?;
            self.restore_row(key, row).map_err(|_| (Some(key), CodecError::not_reserved()))?;
        }
        Ok(count)
    }

    fn decode_row_by_position(&mut self, key: DefaultKey, bytes: &[u8]) -> Result<(), String> {
        self.restore_row(key, positional::decode(bytes)?).map_err(|_| "its slot is not reserved for it".to_owned())
    }

    fn fill_any(&mut self, key: DefaultKey, row: Box<dyn Any>) -> Result<(), String> {
        let row = row.downcast::<M>().map_err(|_| "the last migration gives a row of another type".to_owned())?;
        self.restore_row(key, *row).map_err(|_| "its slot is not reserved for it".to_owned())
    }

    fn build_uniques(&self, index: &mut Indexes) -> bool {
        rebuild::uniques(self, index)
    }

    fn build_links(&self, store: &Store, links: &mut [Link], lists: &mut [Lists], threads: Threads) -> bool {
        rebuild::links(self, store, links, lists, threads)
    }

    #[cfg(feature = "json")]
    fn door(&self) -> &'static (dyn Any + Send + Sync) {
        crate::data::held_door_of::<M>()
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

struct Names<'a, M> {
    source: &'a M,
    target: DefaultKey,
    row: &'a dyn Any,
}

impl<M: Model> WithRelation<M> for Names<'_, M> {
    type Out = bool;
    fn with<R: Relation<Source = M>>(self) -> bool {
        let target = self.row.downcast_ref::<R::Target>();
        R::key(self.source).zip(target).is_some_and(|(key, row)| R::Reference::names(key, self.target, row))
    }
}

struct NaturalKey<'a, M> {
    row: &'a M,
    found: Option<String>,
}

impl<M: Model> Visitor<M> for NaturalKey<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        if let (None, Some(key)) = (&self.found, U::key(self.row)) {
            self.found = Some(format!("{} = {}", U::FIELDS.join(", "), <U::Key as Key>::describe(key)));
        }
    }
}

struct KeyOfTarget<'a> {
    target: DefaultKey,
    row: &'a dyn Any,
}

impl<M: Model> WithRelation<M> for KeyOfTarget<'_> {
    type Out = Option<Box<dyn Any>>;
    fn with<R: Relation<Source = M>>(self) -> Self::Out {
        let row = self.row.downcast_ref::<R::Target>()?;
        Some(Box::new(R::Reference::of(self.target, row)?))
    }
}

struct DefaultKeyOr {
    target: Option<DefaultKey>,
}

impl<M: Model> WithRelation<M> for DefaultKeyOr {
    type Out = Option<Box<dyn Any>>;
    fn with<R: Relation<Source = M>>(self) -> Self::Out {
        let key = if R::Reference::UNIQUE.is_some() { R::default_key() } else { R::Reference::from_id(self.target?) };
        Some(Box::new(key?))
    }
}

struct Dangling<'a, M> {
    store: &'a Store,
    source: DefaultKey,
    row: &'a M,
}

impl<M: Model> WithRelation<M> for Dangling<'_, M> {
    type Out = Option<Error>;
    fn with<R: Relation<Source = M>>(self) -> Option<Error> {
        let target = self.store.table::<R::Target>().ok()?;
        Some(dangling::<R>(Some(self.source), R::key(self.row)?, target.rows))
    }
}

struct Cycles<'a> {
    link: &'a Link,
    changed: &'a [DefaultKey],
}

impl<M: Model> WithRelation<M> for Cycles<'_> {
    type Out = Vec<Error>;
    fn with<R: Relation<Source = M>>(self) -> Vec<Error> {
        acyclic::closed_since::<R>(self.link, self.changed)
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
