//! Proving a database: every rule against every row, every index against the rows (behaviour I17).

use slotmap::{DefaultKey, Key as _};

use super::lists::dangling_elements;
use super::{acyclic, dangling, loose, not_entered};
use crate::arena::Arena;
use crate::database::Database;
use crate::error::{Error, Holder};
use crate::id::{Id, RowId, slot_of};
use crate::index::links::no_target;
use crate::index::lists::by_id;
use crate::key::{Key, hash_of};
use crate::model::{Index, KeyRef, ListRelation, Model, Reference, Relation, Unique, Visitor, has_key};
use crate::table::{Store, Table, TableSlot};

impl Database {
    /// Looks for every violation of every rule, and proves every index against the rows.
    ///
    /// `Ok` for every database that was filled through checked calls, outside of a deferred transaction, as far as its
    /// ids are in relations. After [`insert_many_unchecked`](Database::insert_many_unchecked) it lists the dangling
    /// keys and the duplicates, in table and slot order. Ids that no declaration shows, inside of a row's structs,
    /// enums and collections, are met by serialising the row: those that name no row are [`Error::LooseId`], unless
    /// their field is `plain`. O(rows and keys), and O(n) for each of n rows that share a unique key.
    pub fn check(&self) -> Result<(), Vec<Error>> {
        let mut faults = Vec::new();
        for table in &self.store.tables {
            table.rows.check(&self.store, table, &mut faults);
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Checks one table; `AnyRows::check` calls it with the model known.
pub(crate) fn check_table<M: Model>(rows: &Arena<M>, store: &Store, slot: &TableSlot, faults: &mut Vec<Error>) {
    let broken = |detail| Error::IndexBroken { model: M::NAME, index: "arena".to_owned(), detail };
    faults.extend(rows.faults().into_iter().map(broken));
    faults.extend(rows.reserved().map(|key| Error::Unfilled { row: RowId { table: M::NAME, key } }));
    M::declare(&mut Checker { store, slot, own: Table { rows, index: &slot.index }, faults });
    loose::check(rows, store, faults);
}

struct Checker<'a, M> {
    store: &'a Store,
    slot: &'a TableSlot,
    own: Table<'a, M>,
    faults: &'a mut Vec<Error>,
}

impl<M: Model> Checker<'_, M> {
    fn broken(&mut self, index: &str, detail: String) {
        self.faults.push(Error::IndexBroken { model: M::NAME, index: index.to_owned(), detail });
    }

    fn check_link<R: Relation<Source = M>>(&mut self, target: Table<'_, R::Target>, key: DefaultKey, row: &M) {
        let linked = self.own.index.links[R::INDEX].target(key);
        let foreign_key = R::key(row);
        let found = match foreign_key {
            None => no_target::absent(),
            Some(foreign_key) => {
                R::Reference::find(target.rows, target.index, foreign_key).unwrap_or(no_target::unresolved())
            }
        };
        // Where a unique key is there twice, either row is the target.
        let reserved = target.rows.is_reserved(linked) && R::Reference::UNIQUE.is_none();
        if reserved {
            return; // That it is unfilled is reported of itself.
        }
        let names = |foreign_key: KeyRef<'_, R>| {
            target.rows.get(linked).is_some_and(|row| R::Reference::names(foreign_key, linked, row))
        };
        if linked != found && !foreign_key.is_some_and(names) {
            let detail = format!("{:?} is linked to {:?}, its key names {:?}", key.data(), linked.data(), found.data());
            self.broken(R::NAME, detail);
        }
        if found == no_target::unresolved()
            && let Some(foreign_key) = foreign_key
        {
            self.faults.push(dangling::<R>(Some(key), foreign_key, target.rows));
        }
    }
}

impl<M: Model> Visitor<M> for Checker<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        let index = &self.own.index.uniques[U::INDEX];
        let mut present = 0;
        for (key, row) in self.own.rows.iter() {
            let Some(unique_key) = U::key(row) else { continue };
            present += 1;
            let hash = hash_of(index.hasher(), unique_key);
            if !index.holds(hash, key) {
                self.faults.push(not_entered::<U>(key));
            }
            // Of two rows with one key the later in slot order is reported.
            let earlier =
                |other: DefaultKey| slot_of(other) < slot_of(key) && has_key::<U>(self.own.rows, other, unique_key);
            if let Some(other) = index.find(hash, earlier) {
                self.faults.push(Error::UniqueViolation {
                    model: M::NAME,
                    fields: U::FIELDS,
                    key: format!("{} of {:?}", <U::Key as Key>::describe(unique_key), key.data()),
                    existing: Holder::Row(RowId { table: M::NAME, key: other }),
                });
            }
        }
        if index.len() != present {
            self.broken(&U::FIELDS.join(", "), format!("{} entries for {present} keys", index.len()));
        }
    }

    fn index<I: Index<Model = M>>(&mut self) {
        let index = &self.own.index.secondary[I::INDEX];
        let name = I::FIELDS.iter().map(|place| M::COLUMNS[*place].name).collect::<Vec<_>>().join(", ");
        for detail in index.faults() {
            self.broken(&name, detail);
        }
        if index.len() != self.own.rows.len() {
            self.broken(&name, format!("{} entries for {} rows", index.len(), self.own.rows.len()));
        }
        for (key, row) in self.own.rows.iter() {
            if !index.holds(&I::key(row), key) {
                self.broken(&name, format!("{} is not entered under its key", RowId { table: M::NAME, key }));
            }
        }
    }

    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let target = self.store.table_at::<R::Target>(self.slot.targets[R::INDEX]);
        let link = &self.own.index.links[R::INDEX];
        for detail in link.faults() {
            self.broken(R::NAME, detail);
        }
        if link.default_target().is_some_and(|default| !target.rows.contains(default)) {
            self.broken(R::NAME, "its default target is no row".to_owned());
        }
        if link.len() != self.own.rows.len() {
            self.broken(R::NAME, format!("{} entries for {} rows", link.len(), self.own.rows.len()));
        }
        for (key, row) in self.own.rows.iter() {
            self.check_link::<R>(target, key, row);
        }
        if R::ACYCLIC {
            let cycles = acyclic::standing(link, self.own.rows.iter().map(|(key, _)| key));
            self.faults.extend(cycles.into_iter().map(acyclic::stored_cycle::<R>));
        }
    }

    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        let target = self.store.table_at::<L::Target>(self.slot.targets[L::INDEX]);
        let index = self.own.index.list(L::INDEX);
        for detail in index.faults(|source| self.own.rows.contains(source)) {
            self.broken(L::NAME, detail);
        }
        for (key, row) in self.own.rows.iter() {
            let mut ids: Vec<DefaultKey> = L::ids(row).map(Id::key).collect();
            ids.sort_unstable_by_key(|id| by_id(*id));
            ids.dedup();
            let listed = index.of(key).iter();
            if !listed.clone().map(|listing| listing.target).eq(ids) {
                self.broken(L::NAME, format!("{:?} is not entered under the rows that it lists", key.data()));
            }
            // One that is reserved may be either: whether it is filled is reported of itself.
            for listing in listed {
                let is_there = target.rows.contains(listing.target);
                if is_there == listing.waits() && !target.rows.is_reserved(listing.target) {
                    let what = if is_there { "waits for" } else { "is linked to" };
                    self.broken(L::NAME, format!("{:?} {what} {:?}", key.data(), listing.target.data()));
                }
            }
            self.faults.extend(dangling_elements::<L>(index, key, row, target.rows).map(|(_, error)| error));
        }
    }
}
