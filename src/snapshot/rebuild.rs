//! The indexes of loaded rows, built again: which is what proves every unique and every foreign key of a snapshot. Where
//! one does not hold the indexes are those of rows stored unchecked, and `check` says what is wrong.
//!
//! Unique indexes come first, for all tables; links look their targets up in them. Lists of ids come with the links.

use slotmap::DefaultKey;

use crate::arena::Arena;
use crate::index::Indexes;
use crate::index::links::{Link, no_target, waiting_hash};
use crate::index::lists::{Listed, Lists, by_id};
use crate::integrity::acyclic;
use crate::key::hash_of;
use crate::model::{BLOCK, KeyRef, ListRelation, Model, Probe, Reference, Relation, Unique, Visitor, has_key};
use crate::table::{Store, Table};

/// Enters every row into every unique index; says whether each key is there once. O(rows x keys).
pub(crate) fn uniques<M: Model>(rows: &Arena<M>, index: &mut Indexes) -> bool {
    let mut visitor = Uniques { rows, index, hold: true };
    M::declare(&mut visitor);
    visitor.hold
}

struct Uniques<'a, M> {
    rows: &'a Arena<M>,
    index: &'a mut Indexes,
    hold: bool,
}

impl<M: Model> Visitor<M> for Uniques<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        let unique = &mut self.index.uniques[U::INDEX];
        unique.reserve(self.rows.len());
        for (key, row) in self.rows.iter() {
            let Some(value) = U::key(row) else { continue };
            let hash = hash_of(unique.hasher(), value);
            if unique.find(hash, |candidate| has_key::<U>(self.rows, candidate, value)).is_some() {
                unique.allow_repeats();
                self.hold = false;
            }
            unique.insert(hash, key);
        }
    }
}

/// Links every row to its targets, in slot order; a row whose key names none waits for it. Says whether none does, and no
/// hierarchy has a cycle. O(rows x relations).
pub(crate) fn links<M: Model>(rows: &Arena<M>, store: &Store, links: &mut [Link], lists: &mut [Lists]) -> bool {
    let mut visitor = Linking { rows, store, links, lists, hold: true };
    M::declare(&mut visitor);
    visitor.hold
}

struct Linking<'a, M> {
    rows: &'a Arena<M>,
    store: &'a Store,
    links: &'a mut [Link],
    lists: &'a mut [Lists],
    hold: bool,
}

impl<M: Model> Visitor<M> for Linking<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let link = &mut self.links[R::INDEX];
        let targets = self.store.table::<R::Target>().expect("the builder has seen every target");
        link.reserve(self.rows.next_slot() as usize);
        link.reserve_targets(targets.rows.next_slot() as usize);
        let mut rows = self.rows.iter();
        let (mut block, mut found) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
        loop {
            block.clear();
            block.extend(rows.by_ref().take(BLOCK));
            if block.is_empty() {
                break;
            }
            found.clear();
            // Most often all keys of a block name rows, and are looked up together.
            if R::Reference::find_block(targets.rows, targets.index, &block, key_of::<R>, &mut found) {
                block.iter().zip(&found).for_each(|((source, _), target)| link.join(*source, *target));
            } else {
                for (source, row) in &block {
                    self.hold &= link_one::<R>(link, targets, *source, row);
                }
            }
        }
        self.hold &= !R::ACYCLIC || acyclic::standing(link, self.rows.iter().map(|(key, _)| key)).is_empty();
    }

    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        let list = &mut self.lists[L::INDEX - self.links.len()];
        let targets = self.store.table::<L::Target>().expect("the builder has seen every target");
        list.reserve_targets(targets.rows.next_slot() as usize);
        let mut listed = Vec::new();
        for (source, row) in self.rows.iter() {
            listed.clear();
            for id in L::ids(row) {
                let waits = !targets.rows.contains(id.key());
                self.hold &= !waits;
                listed.push(Listed { target: id.key(), waits });
            }
            listed.sort_unstable_by_key(|listed| by_id(listed.target));
            listed.dedup();
            list.relist(source, &listed, |_| ());
        }
    }
}

fn key_of<'a, R: Relation>(source: &'a (DefaultKey, &R::Source)) -> Option<KeyRef<'a, R>> {
    R::key(source.1)
}

/// Links a row to its target; it waits where its key names none, and `false` says so.
fn link_one<R: Relation>(link: &mut Link, targets: Table<'_, R::Target>, source: DefaultKey, row: &R::Source) -> bool {
    let Some(key) = R::key(row) else {
        link.join(source, no_target::absent());
        return true;
    };
    let target = R::Reference::find(targets.rows, targets.index, key);
    if let Some(target) = target {
        link.join(source, target);
    } else {
        let hash = match R::Reference::probe(targets.index, key) {
            Probe::Id(id) => waiting_hash(id),
            Probe::Hash(hash) => hash,
        };
        link.wait(source, hash);
    }
    target.is_some()
}
