//! The indexes of loaded rows, built again: which is what proves every unique and every foreign key of a snapshot.
//!
//! Unique indexes come first, for all tables; links look their targets up in them. Lists of ids come with the links.

use slotmap::DefaultKey;

use crate::arena::Arena;
use crate::error::{Error, Holder};
use crate::id::RowId;
use crate::index::Indexes;
use crate::index::links::{Link, no_target};
use crate::index::lists::{Listed, Lists, by_id};
use crate::integrity::lists::dangling_element;
use crate::integrity::{acyclic, dangling};
use crate::key::{Key, hash_of};
use crate::model::{ListRelation, Model, Reference, Relation, Unique, Visitor, has_key};
use crate::table::Store;

/// The first row that breaks a rule, and how.
type Fault = (DefaultKey, Error);

/// Enters every row into every unique index. O(rows x keys).
pub(crate) fn uniques<M: Model>(rows: &Arena<M>, index: &mut Indexes) -> Result<(), Fault> {
    let mut visitor = Uniques { rows, index, outcome: Ok(()) };
    M::declare(&mut visitor);
    visitor.outcome
}

struct Uniques<'a, M> {
    rows: &'a Arena<M>,
    index: &'a mut Indexes,
    outcome: Result<(), Fault>,
}

impl<M: Model> Uniques<'_, M> {
    fn build<U: Unique<Model = M>>(&mut self) -> Result<(), Fault> {
        let unique = &mut self.index.uniques[U::INDEX];
        unique.reserve(self.rows.len());
        for (key, row) in self.rows.iter() {
            let Some(value) = U::key(row) else { continue };
            let hash = hash_of(unique.hasher(), value);
            if let Some(existing) = unique.find(hash, |candidate| has_key::<U>(self.rows, candidate, value)) {
                return Err((
                    key,
                    Error::UniqueViolation {
                        model: M::NAME,
                        fields: U::FIELDS,
                        key: <U::Key as Key>::describe(value),
                        existing: Holder::Row(RowId { table: M::NAME, key: existing }),
                    },
                ));
            }
            unique.insert(hash, key);
        }
        Ok(())
    }
}

impl<M: Model> Visitor<M> for Uniques<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        if self.outcome.is_ok() {
            self.outcome = self.build::<U>();
        }
    }
}

/// Links every row to its targets, in slot order, and sees to it that hierarchies have no cycles. O(rows x relations).
pub(crate) fn links<M: Model>(
    rows: &Arena<M>,
    store: &Store,
    links: &mut [Link],
    lists: &mut [Lists],
) -> Result<(), Fault> {
    let mut visitor = Linking { rows, store, links, lists, outcome: Ok(()) };
    M::declare(&mut visitor);
    visitor.outcome
}

struct Linking<'a, M> {
    rows: &'a Arena<M>,
    store: &'a Store,
    links: &'a mut [Link],
    lists: &'a mut [Lists],
    outcome: Result<(), Fault>,
}

impl<M: Model> Linking<'_, M> {
    fn build<R: Relation<Source = M>>(&mut self) -> Result<(), Fault> {
        let link = &mut self.links[R::INDEX];
        let targets = self.store.table::<R::Target>().expect("the builder has seen every target");
        link.reserve(self.rows.next_slot() as usize);
        link.reserve_targets(targets.rows.next_slot() as usize);
        for (source, row) in self.rows.iter() {
            let target = match R::key(row) {
                None => no_target::absent(),
                Some(key) => R::Reference::find(targets.rows, targets.index, key)
                    .ok_or_else(|| (source, dangling::<R>(Some(source), key, targets.rows)))?,
            };
            link.join(source, target);
        }
        if R::ACYCLIC
            && let Some(cycle) = acyclic::standing(link, self.rows.iter().map(|(key, _)| key)).into_iter().next()
        {
            return Err((cycle[0], acyclic::stored_cycle::<R>(cycle)));
        }
        Ok(())
    }
}

impl<M: Model> Linking<'_, M> {
    fn build_list<L: ListRelation<Source = M>>(&mut self) -> Result<(), Fault> {
        let list = &mut self.lists[L::INDEX - self.links.len()];
        let targets = self.store.table::<L::Target>().expect("the builder has seen every target");
        list.reserve_targets(targets.rows.next_slot() as usize);
        let mut listed = Vec::new();
        for (source, row) in self.rows.iter() {
            listed.clear();
            for (element, id) in L::ids(row).iter().enumerate() {
                if !targets.rows.contains(id.key()) {
                    return Err((source, dangling_element::<L>(Some(source), element, *id, targets.rows)));
                }
                listed.push(Listed { target: id.key(), waits: false });
            }
            listed.sort_unstable_by_key(|listed| by_id(listed.target));
            listed.dedup();
            list.relist(source, &listed, |_| ());
        }
        Ok(())
    }
}

impl<M: Model> Visitor<M> for Linking<'_, M> {
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        if self.outcome.is_ok() {
            self.outcome = self.build_list::<L>();
        }
    }
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if self.outcome.is_ok() {
            self.outcome = self.build::<R>();
        }
    }
}
