//! What deleting a row would do: decided over the whole set of rows that would go, before any goes (behaviours I3, I6).
//!
//! First the set is closed under `cascade`, by a worklist that sees each row once: cycles end, and a chain of a million
//! rows needs no stack (behaviour I7). Then every relation into the set is looked at: a source outside of it blocks by
//! `restrict`, or takes another key by `set_null` or `set_default`, which is for `statement` to plan. So restrict does not depend on the order in which rows are visited.

use std::fmt;

use slotmap::DefaultKey;
use smallvec::SmallVec;

use super::statement::ChangedKey;
use super::{not_entered, restriction, sources};
use crate::arena::Arena;
use crate::error::{Act, Error};
use crate::id::RowId;
use crate::index::Indexes;
use crate::index::links::Link;
use crate::key::hash_of;
use crate::model::{Model, Unique, Visitor};
use crate::schema::Action;
use crate::table::{Incoming, RowAt, RowSet, Store, TableSlot};

/// What [`Database::delete`](crate::Database::delete) would do, and what stands against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletePlan {
    /// The row that was asked about.
    pub row: RowId,
    /// The other rows that would go, by cascade, each after the row that takes it along.
    pub removed: Vec<RowId>,
    /// The keys of other rows that would change: by `set_null`, `set_default`, and what follows from that.
    pub changed: Vec<ChangedKey>,
    /// What forbids it, one error for each restricted relation of each row; empty if the delete would be carried out.
    pub blocked: Vec<Error>,
}

impl DeletePlan {
    /// Whether something forbids the delete.
    pub fn is_blocked(&self) -> bool {
        !self.blocked.is_empty()
    }
}

impl fmt::Display for DeletePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "removes {} and {} other row(s), changes {} key(s)",
            self.row,
            self.removed.len(),
            self.changed.len()
        )?;
        for error in &self.blocked {
            write!(f, "\n  blocked: {error}")?;
        }
        Ok(())
    }
}

/// The same with positions for names: what is applied.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    /// The rows that go, those asked for, then by cascade.
    pub(crate) rows: Vec<RowAt>,
    /// How many of them were asked for.
    asked: usize,
    /// The same as a set.
    pub(crate) set: RowSet,
    /// Source rows that take another key, or none, by the relation over which they refer to a row that goes, and the place
    /// of that one.
    pub(crate) rewritten: Vec<(usize, Incoming, Vec<DefaultKey>)>,
    /// Source rows that keep their key though its target goes, with the relation and the target: `no_action` where
    /// checks are deferred.
    pub(crate) orphaned: Vec<(RowAt, Incoming, RowAt)>,
    /// What forbids it, each with the place of the row that must stay.
    pub(crate) blocked: Vec<(usize, Error)>,
}

impl Removal {
    /// Works out what removing `roots` would do. O(rows that go + rows that refer to them).
    pub(crate) fn of(store: &Store, roots: &[RowAt]) -> Self {
        let mut removal = Removal { rows: roots.to_vec(), asked: roots.len(), ..Removal::default() };
        removal.set.extend(roots);
        removal.close(store);
        removal.look_around(store);
        removal
    }

    fn close(&mut self, store: &Store) {
        let mut next = 0;
        while let Some(&(table, key)) = self.rows.get(next) {
            next += 1;
            for incoming in &store.tables[table as usize].incoming {
                if incoming.on_delete != Action::Cascade {
                    continue;
                }
                for source in sources(store, incoming.table, incoming.relation, key) {
                    if self.set.insert((incoming.table, source)) {
                        self.rows.push((incoming.table, source));
                    }
                }
            }
        }
    }

    fn look_around(&mut self, store: &Store) {
        for (place, &(table, key)) in self.rows.iter().enumerate() {
            for incoming in &store.tables[table as usize].incoming {
                let link = store.tables[incoming.table as usize].index.links.get(incoming.relation);
                if link.and_then(Link::default_target) == Some(key) && incoming.unique.is_none() {
                    let model = store.tables[incoming.table as usize].name;
                    let row = store.row_id((table, key));
                    self.blocked.push((place, Error::IsDefault { row, model, relation: incoming.name }));
                }
                let stays = |at: RowAt| !self.set.contains(&at);
                let sources = sources(store, incoming.table, incoming.relation, key);
                let mut stay = sources.filter(|source| stays((incoming.table, *source))).peekable();
                match incoming.on_delete {
                    Action::Cascade => {}
                    Action::SetNull | Action::SetDefault => {
                        if stay.peek().is_some() {
                            self.rewritten.push((place, *incoming, stay.collect()));
                        }
                    }
                    action if incoming.waits(store, action) => {
                        self.orphaned.extend(stay.map(|source| ((incoming.table, source), *incoming, (table, key))));
                    }
                    Action::Restrict | Action::NoAction => {
                        let error = restriction(store, (table, key), *incoming, stays, Act::Delete);
                        self.blocked.extend(error.map(|error| (place, error)));
                    }
                }
            }
        }
    }

    /// The rows that go, behind the first so many.
    pub(crate) fn removed(&self, store: &Store, behind: usize) -> Vec<RowId> {
        self.rows[behind..].iter().map(|at| store.row_id(*at)).collect()
    }

    /// For each row that goes the place of the row asked for that takes it along. Only for error messages.
    pub(crate) fn origins(&self, store: &Store) -> Vec<usize> {
        let mut origins: Vec<usize> = (0..self.asked).collect();
        // The way of `close` once more: a row that it has met for the first time is the next.
        for (place, &(table, key)) in self.rows.iter().enumerate() {
            let cascades = |incoming: &&Incoming| incoming.on_delete == Action::Cascade;
            for incoming in store.tables[table as usize].incoming.iter().filter(cascades) {
                for source in sources(store, incoming.table, incoming.relation, key) {
                    if self.rows.get(origins.len()) == Some(&(incoming.table, source)) {
                        origins.push(origins[place]);
                    }
                }
            }
        }
        origins
    }
}

/// Whether none of these rows is referred to. O(rows) for each relation into their table.
pub(crate) fn are_alone(store: &Store, table: &TableSlot, keys: &[DefaultKey]) -> bool {
    table.incoming.iter().all(|incoming| keys.iter().all(|key| !refers_to(store, *incoming, *key)))
}

/// Whether any row refers to this one, or will by `set_default`. O(relations into its table).
#[inline]
pub(crate) fn is_referred_to(store: &Store, table: &TableSlot, key: DefaultKey) -> bool {
    table.incoming.iter().any(|incoming| refers_to(store, *incoming, key))
}

fn refers_to(store: &Store, incoming: Incoming, key: DefaultKey) -> bool {
    let index = &store.tables[incoming.table as usize].index;
    let default_target = index.links.get(incoming.relation).and_then(Link::default_target);
    index.referrers(incoming.relation).count(key) > 0 || default_target == Some(key)
}

/// The hashes of one row's unique keys.
pub(crate) type UniqueHashes = SmallVec<[Option<u32>; 4]>;

/// Collects the hashes under which a row will leave the unique indexes, and makes sure that it is in them.
#[inline]
pub(crate) fn plan_leaving<M: Model>(
    rows: &Arena<M>,
    index: &Indexes,
    key: DefaultKey,
    hashes: &mut UniqueHashes,
) -> Result<(), Error> {
    let Some(row) = rows.get(key) else { return Ok(()) };
    let mut visitor = Leaving { index, key, row, hashes, fault: None };
    M::declare(&mut visitor);
    visitor.fault.map_or(Ok(()), Err)
}

struct Leaving<'a, M> {
    index: &'a Indexes,
    key: DefaultKey,
    row: &'a M,
    hashes: &'a mut UniqueHashes,
    fault: Option<Error>,
}

impl<M: Model> Visitor<M> for Leaving<'_, M> {
    #[inline]
    fn unique<U: Unique<Model = M>>(&mut self) {
        let unique = &self.index.uniques[U::INDEX];
        let hash = U::key(self.row).map(|key| hash_of(unique.hasher(), key));
        if hash.is_some_and(|hash| !unique.holds(hash, self.key)) {
            self.fault.get_or_insert_with(|| not_entered::<U>(self.key));
        }
        self.hashes.push(hash);
    }
}
