//! Plans: everything a write will do to the indexes, worked out and checked before anything changes.
//!
//! A write has three parts. *Check*: a plan is made here from shared references; all user code (`Hash`, `Eq`, closures)
//! runs in this part, and a refusal or a panic leaves no trace because nothing has changed. *Reserve*: room is made.
//! *Commit*: `write` applies the plan, which holds targets and hashes and therefore calls no user code.
//!
//! One planner serves every write that stores rows: one row is a batch of one, an update is a batch whose rows have
//! keys already. It goes relation by relation over all rows, so that each look-up loop is a static one.
//!
//! # Invariants
//! 1. A plan that is given out can be applied in full: each target exists, or will by the same plan, or the row waits
//!    for it where that is allowed; and each new unique key is free.
//! 2. Nothing here changes a table.
//!
//! Not responsible for removals (`integrity::removal`) and for proving what is stored (`integrity::check`).

mod check;
pub(crate) mod lists;
pub(crate) mod removal;

pub(crate) use check::check_table;

use std::any::Any;
use std::cell::OnceCell;
use std::mem;

use hashbrown::{HashMap, HashTable};
use slotmap::{DefaultKey, Key as _};
use smallvec::SmallVec;

use crate::arena::Arena;
use crate::error::{Act, Error, Holder};
use crate::id::RowId;
use crate::index::links::{no_target, waiting_hash};
use crate::index::lists::Listed;
use crate::index::unique::spread;
use crate::key::{Key, hash_of};
use crate::model::{KeyRef, ListRelation, Model, Probe, Reference, Relation, Unique, Visitor, has_key, is_key_of};
use crate::schema::Action;
use crate::table::{Incoming, Orphan, RowSet, Store, Table};

/// What storing `n` rows does to the indexes of their table.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// At `relation * n + row`: the new target; `None` where the link stays as it is.
    pub(crate) links: SmallVec<[Option<DefaultKey>; 4]>,
    /// The lists of ids that are others than before.
    pub(crate) lists: Vec<ListChange>,
    /// At `unique * n + row`.
    pub(crate) uniques: SmallVec<[UniqueChange; 2]>,
    /// Rows stored unchecked whose missing target these rows are.
    pub(crate) arrivals: Vec<Arrival>,
    /// Of the rows themselves, those that are stored unchecked with a key that names no row.
    pub(crate) waiting: Vec<Waiting>,
    /// Rows that referred to the rows by a key that these give up.
    pub(crate) orphans: Vec<Orphan>,
}

/// A row that is stored with a foreign key that names no row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) relation: usize,
    pub(crate) place: usize,
    pub(crate) hash: u32,
}

/// The rows that a row of the statement will list over a relation: sorted by id, each once.
#[derive(Debug)]
pub(crate) struct ListChange {
    pub(crate) relation: usize,
    pub(crate) place: usize,
    pub(crate) targets: Vec<Listed>,
}

/// The hashes under which a row leaves and enters a unique index; both `None` where its key stays, or stays absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UniqueChange {
    pub(crate) old: Option<u32>,
    pub(crate) new: Option<u32>,
}

/// A source whose missing target arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) table: u32,
    pub(crate) relation: usize,
    pub(crate) source: DefaultKey,
    pub(crate) target: DefaultKey,
}

/// Whether rows that break a rule are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are.
    Checked,
    /// They are, but for foreign keys that name no row: those have until the transaction is committed.
    Deferred,
    /// They are stored, their links unresolved, their keys twice in a unique index.
    Unchecked,
}

/// The rows of a statement, before they are stored.
pub(crate) struct Pending<'a, M> {
    rows: &'a [M],
    keys: &'a [DefaultKey],
    /// Whether the keys are those of stored rows.
    stored: bool,
    places: OnceCell<HashMap<DefaultKey, usize>>,
    /// For each unique key, where among the rows a hash is; empty for a single row, which is compared directly.
    uniques: Vec<HashTable<(u32, u32)>>,
}

impl<'a, M: Model> Pending<'a, M> {
    /// Rows that will be inserted under these keys.
    pub(crate) fn new_rows(rows: &'a [M], keys: &'a [DefaultKey]) -> Self {
        Self::of(rows, keys, false)
    }

    /// Rows that will take the place of the stored rows of these keys.
    pub(crate) fn updates(rows: &'a [M], keys: &'a [DefaultKey]) -> Self {
        Self::of(rows, keys, true)
    }

    fn of(rows: &'a [M], keys: &'a [DefaultKey], stored: bool) -> Self {
        debug_assert_eq!(rows.len(), keys.len());
        Pending { rows, keys, stored, places: OnceCell::new(), uniques: Vec::new() }
    }

    /// The place of a key among the rows.
    fn place(&self, key: DefaultKey) -> Option<usize> {
        match self.keys {
            [only] => (*only == key).then_some(0),
            keys => {
                let places = self.places.get_or_init(|| keys.iter().enumerate().map(|(i, key)| (*key, i)).collect());
                places.get(&key).copied()
            }
        }
    }

    /// Whether the row that is stored under this key will be another.
    fn replaces(&self, key: DefaultKey) -> bool {
        self.stored && self.place(key).is_some()
    }

    /// The place of a row with a unique key, by its hash.
    fn find_unique(&self, unique: usize, hash: u32, equals: impl Fn(&M) -> bool) -> Option<usize> {
        if let [only] = self.rows {
            return equals(only).then_some(0);
        }
        let table = self.uniques.get(unique)?;
        let found = table.find(spread(hash), |(known, i)| *known == hash && equals(&self.rows[*i as usize]))?;
        Some(found.1 as usize)
    }
}

/// Plans the storing of rows, and lists what is wrong with them by their place.
pub(crate) fn plan_rows<M: Model>(
    store: &Store,
    table: u32,
    pending: Pending<'_, M>,
    mode: Mode,
    removed: Option<&RowSet>,
) -> (Plan, Vec<(usize, Error)>) {
    let mut planner = Planner {
        store,
        table,
        own: store.table_at::<M>(table),
        pending,
        mode,
        removed,
        plan: Plan::default(),
        faults: Vec::new(),
    };
    // Two rounds, for a relation of the model to itself can name any row of the batch by any of its keys.
    M::declare(&mut UniqueRound(&mut planner));
    M::declare(&mut LinkRound(&mut planner));
    planner.find_arrivals();
    (planner.plan, planner.faults)
}

struct Planner<'a, M: Model> {
    store: &'a Store,
    table: u32,
    own: Table<'a, M>,
    pending: Pending<'a, M>,
    mode: Mode,
    removed: Option<&'a RowSet>,
    plan: Plan,
    faults: Vec<(usize, Error)>,
}

struct UniqueRound<'p, 'a, M: Model>(&'p mut Planner<'a, M>);
struct LinkRound<'p, 'a, M: Model>(&'p mut Planner<'a, M>);

impl<M: Model> Visitor<M> for UniqueRound<'_, '_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        self.0.plan_unique::<U>();
    }
}

impl<M: Model> Visitor<M> for LinkRound<'_, '_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        self.0.plan_link::<R>();
    }
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        self.0.plan_list::<L>();
    }
}

impl<'a, M: Model> Planner<'a, M> {
    fn stored(&self, place: usize) -> Option<&'a M> {
        if self.pending.stored { self.own.rows.get(self.pending.keys[place]) } else { None }
    }

    fn plan_unique<U: Unique<Model = M>>(&mut self) {
        let several = self.pending.rows.len() > 1;
        if several {
            let rows = self.pending.rows.len();
            self.pending.uniques.resize_with(U::INDEX + 1, HashTable::new);
            self.pending.uniques[U::INDEX].reserve(rows, |(hash, _)| spread(*hash));
        }
        for place in 0..self.pending.rows.len() {
            let row = &self.pending.rows[place];
            let (new, old) = (U::key(row), self.stored(place).and_then(U::key));
            let same = match (old, new) {
                (Some(old), Some(new)) => <U::Key as Key>::same(old, new),
                (old, new) => old.is_none() && new.is_none(),
            };
            let hasher = self.own.index.uniques[U::INDEX].hasher();
            let mut change = UniqueChange::default();
            if let Some(key) = new
                && (several || !same)
            {
                let hash = hash_of(hasher, key);
                self.claim::<U>(place, hash, key, same);
                change.new = (!same).then_some(hash);
            }
            if let Some(old) = old
                && !same
            {
                change.old = Some(hash_of(hasher, old));
                self.leave_key::<U>(place, change.old);
            }
            self.plan.uniques.push(change);
        }
    }

    /// Makes sure that a unique key is free for the row, among the stored rows and those of the statement. A key that
    /// is there twice already, by rows stored unchecked, is no reason to refuse a change of other fields.
    fn claim<U: Unique<Model = M>>(&mut self, place: usize, hash: u32, key: <U::Key as Key>::Ref<'_>, same: bool) {
        let stored = self.own.index.uniques[U::INDEX]
            .find(hash, |other| !self.pending.replaces(other) && has_key::<U>(self.own.rows, other, key));
        let mut holder = stored.map(|other| Holder::Row(row_id::<M>(other)));
        let mut is_new = !same;
        if holder.is_none() && self.pending.rows.len() > 1 {
            let equals = |row: &M| is_key_of::<U>(row, key);
            holder = self.pending.find_unique(U::INDEX, hash, equals).map(|other| {
                is_new |= !self.stored(other).is_some_and(equals);
                if self.pending.stored {
                    Holder::Row(row_id::<M>(self.pending.keys[other]))
                } else {
                    Holder::Batch(other)
                }
            });
            if holder.is_none() {
                let entry = (hash, place as u32);
                self.pending.uniques[U::INDEX].insert_unique(spread(hash), entry, |(hash, _)| spread(*hash));
            }
        }
        if let Some(existing) = holder
            && is_new
            && self.mode != Mode::Unchecked
        {
            let key = <U::Key as Key>::describe(key);
            self.faults.push((place, Error::UniqueViolation { model: M::NAME, fields: U::FIELDS, key, existing }));
        }
    }

    /// Makes sure that a stored row may give its unique key up: that it is entered under it, and that no other row
    /// refers to it by it (behaviour I4).
    fn leave_key<U: Unique<Model = M>>(&mut self, place: usize, hash: Option<u32>) {
        let key = self.pending.keys[place];
        if hash.is_none_or(|hash| !self.own.index.uniques[U::INDEX].holds(hash, key)) {
            self.faults.push((place, not_entered::<U>(key)));
        }
        let incoming = &self.store.tables[self.table as usize].incoming;
        for incoming in incoming.iter().filter(|incoming| incoming.unique == Some(U::INDEX)) {
            // A row of the same statement says by its own new key what it refers to.
            let stays = |source: DefaultKey| incoming.table != self.table || !self.pending.replaces(source);
            if let (Action::NoAction, Mode::Deferred, Some(hash)) = (incoming.on_update, self.mode, hash) {
                let sources =
                    sources(self.store, incoming.table, incoming.relation, key).filter(|source| stays(*source));
                let orphan = |source| Orphan { table: incoming.table, relation: incoming.relation, source, hash };
                self.plan.orphans.extend(sources.map(orphan));
                continue;
            }
            if let Some(error) =
                restriction(self.store, (self.table, key), *incoming, self.removed, stays, Act::KeyChange)
            {
                self.faults.push((place, error));
            }
        }
    }

    fn plan_link<R: Relation<Source = M>>(&mut self) {
        let target_table = self.store.tables[self.table as usize].targets[R::INDEX];
        let to_itself = target_table == self.table;
        let target = self.store.table_at::<R::Target>(target_table);
        for place in 0..self.pending.rows.len() {
            let key = R::key(&self.pending.rows[place]);
            let old = self.stored(place).map(R::key);
            let same = old.is_some_and(|old| match (old, key) {
                (Some(old), Some(new)) => <R::Reference as Reference<R::Target>>::same(old, new),
                (old, new) => old.is_none() && new.is_none(),
            });
            if same && !to_itself {
                self.plan.links.push(None);
                continue;
            }
            let linked = old.map(|_| self.own.index.links[R::INDEX].target(self.pending.keys[place]));
            let found = match key.map(|key| (key, self.resolve::<R>(target, to_itself, key))) {
                None => no_target::absent(),
                Some((_, Some(found))) => found,
                // A violation that stands already is no reason to refuse a change of other fields (behaviour I5).
                Some(_) if same && linked == Some(no_target::unresolved()) => no_target::unresolved(),
                Some((key, None)) => {
                    if self.mode == Mode::Checked {
                        let source = self.pending.stored.then(|| self.pending.keys[place]);
                        self.faults.push((place, dangling::<R>(source, key, target.rows)));
                    }
                    let hash = match R::Reference::probe(target.index, key) {
                        Probe::Id(id) => waiting_hash(id),
                        Probe::Hash(hash) => hash,
                    };
                    // Unresolved before, it leaves all the same: it waits for another key from now on.
                    self.plan.waiting.push(Waiting { relation: R::INDEX, place, hash });
                    self.plan.links.push(Some(no_target::unresolved()));
                    continue;
                }
            };
            let stays = linked == Some(found);
            self.plan.links.push((!stays).then_some(found));
        }
    }

    /// The row that a foreign key will name once the statement is done.
    #[inline]
    fn resolve<R: Relation<Source = M>>(
        &self,
        target: Table<'_, R::Target>,
        to_itself: bool,
        key: KeyRef<'_, R>,
    ) -> Option<DefaultKey> {
        let find = || <R::Reference as Reference<R::Target>>::find(target.rows, target.index, key);
        let found = if to_itself { self.resolve_in_batch::<R>(target, key).or_else(find) } else { find() };
        match found {
            // A stored row found by the natural key that it had is about to have another.
            Some(row) if to_itself && R::Reference::UNIQUE.is_some() && self.pending.replaces(row) => {
                let place = self.pending.place(row);
                let names = place.is_some_and(|place| self.names::<R>(key, place));
                names.then_some(row)
            }
            // Inside a transaction a reserved id can be named: it is filled by the end, or the end is refused.
            None if self.store.log.is_some() => match R::Reference::probe(target.index, key) {
                Probe::Id(id) if target.rows.is_reserved(id) => Some(id),
                _ => None,
            },
            found => found,
        }
    }

    /// The row of the statement itself that a foreign key names, stored yet or not.
    fn resolve_in_batch<R: Relation<Source = M>>(
        &self,
        target: Table<'_, R::Target>,
        key: KeyRef<'_, R>,
    ) -> Option<DefaultKey> {
        let place = match (R::Reference::probe(target.index, key), R::Reference::UNIQUE) {
            (Probe::Id(id), _) if target.rows.contains(id) => return Some(id),
            (Probe::Id(id), _) => self.pending.place(id)?,
            (Probe::Hash(hash), Some((unique, _))) => self.pending.find_unique(unique, hash, |row| {
                as_target::<R>(row).is_some_and(|row| R::Reference::names(key, DefaultKey::default(), row))
            })?,
            (Probe::Hash(_), None) => return None,
        };
        Some(self.pending.keys[place])
    }

    fn names<R: Relation<Source = M>>(&self, key: KeyRef<'_, R>, place: usize) -> bool {
        as_target::<R>(&self.pending.rows[place])
            .is_some_and(|row| R::Reference::names(key, self.pending.keys[place], row))
    }

    /// Finds the sources, stored unchecked, whose missing targets the rows are.
    fn find_arrivals(&mut self) {
        let rows = self.pending.rows.len();
        for incoming in &self.store.tables[self.table as usize].incoming {
            let source_table = &self.store.tables[incoming.table as usize];
            let Some(link) = source_table.index.links.get(incoming.relation) else {
                self.find_listing(*incoming);
                continue;
            };
            if link.unresolved() == 0 {
                continue;
            }
            for place in 0..rows {
                let target = self.pending.keys[place];
                let hash = match incoming.unique {
                    Some(unique) => self.plan.uniques[unique * rows + place].new,
                    None => (!self.pending.stored).then(|| waiting_hash(target)),
                };
                let row: &dyn Any = &self.pending.rows[place];
                for source in hash.into_iter().flat_map(|hash| link.waiting(hash)) {
                    let itself = incoming.table == self.table && self.pending.replaces(source);
                    if !itself && source_table.rows.names(incoming.relation, source, target, row) {
                        let (table, relation) = (incoming.table, incoming.relation);
                        self.plan.arrivals.push(Arrival { table, relation, source, target });
                    }
                }
            }
        }
        self.find_new_homes();
        // They join in slot order, whatever keys they waited for.
        self.plan.arrivals.sort_unstable_by_key(|arrival| (arrival.table, arrival.relation, arrival.source));
    }

    /// Keys may change hands within a statement: a row that gives its key up leaves its sources to the row that takes it.
    fn find_new_homes(&mut self) {
        let incoming = &self.store.tables[self.table as usize].incoming;
        for orphan in mem::take(&mut self.plan.orphans) {
            let Orphan { table, relation, source, hash } = orphan;
            let rows = &self.store.tables[table as usize].rows;
            let names = |row: &M| rows.names(relation, source, DefaultKey::default(), row);
            let by = incoming.iter().find(|incoming| (incoming.table, incoming.relation) == (table, relation));
            let unique = by.and_then(|incoming| incoming.unique);
            match unique.and_then(|unique| self.pending.find_unique(unique, hash, names)) {
                Some(place) => {
                    let target = self.pending.keys[place];
                    self.plan.arrivals.push(Arrival { table, relation, source, target });
                }
                None => self.plan.orphans.push(orphan),
            }
        }
    }
}

fn row_id<M: Model>(key: DefaultKey) -> RowId {
    RowId { table: M::NAME, key }
}

/// A row as its own target, for relations of a model to itself.
fn as_target<R: Relation>(row: &R::Source) -> Option<&R::Target> {
    let row: &dyn Any = row;
    row.downcast_ref()
}

/// The error for a foreign key that names no row. `source` is the row that holds it, if it is stored.
pub(crate) fn dangling<R: Relation>(
    source: Option<DefaultKey>,
    key: KeyRef<'_, R>,
    targets: &Arena<R::Target>,
) -> Error {
    Error::ForeignKeyViolation {
        model: R::Source::NAME,
        relation: R::NAME,
        row: source.map(row_id::<R::Source>),
        target: R::Target::NAME,
        key: R::Reference::describe(key),
        why: R::Reference::why_missing(targets, key),
    }
}

/// The error for a row that its unique index does not hold under its key's hash.
pub(crate) fn not_entered<U: Unique>(key: DefaultKey) -> Error {
    let row = RowId { table: U::Model::NAME, key };
    let detail = format!("{row} is not entered under its key");
    Error::IndexBroken { model: U::Model::NAME, index: U::FIELDS.join(", "), detail }
}

/// The rows that refer to `target` over a relation of a table, in the order in which they joined.
pub(crate) fn sources(
    store: &Store,
    table: u32,
    relation: usize,
    target: DefaultKey,
) -> impl Iterator<Item = DefaultKey> {
    let postings = store.tables[table as usize].index.postings(relation);
    postings.entries(target).iter().copied().filter(|source| !source.is_null())
}

/// The error if rows that stay refer to `target` over `incoming`. O(sources), O(1) where there are none.
pub(crate) fn restriction(
    store: &Store,
    target: (u32, DefaultKey),
    incoming: Incoming,
    removed: Option<&RowSet>,
    stays: impl Fn(DefaultKey) -> bool,
    act: Act,
) -> Option<Error> {
    let mut blocking = sources(store, incoming.table, incoming.relation, target.1)
        .filter(|source| stays(*source) && removed.is_none_or(|removed| !removed.contains(&(incoming.table, *source))));
    let first = store.row_id((incoming.table, blocking.next()?));
    Some(Error::RestrictViolation {
        row: store.row_id(target),
        model: store.tables[incoming.table as usize].name,
        relation: incoming.name,
        sources: 1 + blocking.count(),
        first,
        act,
    })
}
