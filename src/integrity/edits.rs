//! The rows that a statement over several tables stores over others in one of them: [`Pending`] that grows.

use std::any::Any;
use std::cell::OnceCell;

use hashbrown::HashSet;
use slotmap::DefaultKey;

use super::pending::same_key;
use super::uniques;
use super::{Collecting, Mode, Pending, Plan, UniqueChanges, entries, links};
use crate::model::{
    IdList, KeyOf, ListRelation, Model, Presence, Relation, Unique, Visitor, WithRelation, with_relation,
};
use crate::table::{AnyEdits, AnyPending, AnyRows, EditFault, Relink, RowSet, Statement, Store, rows_of};

/// Rows over stored ones.
pub(crate) struct Edits<M: Model> {
    pending: Pending<'static, M>,
    /// For each row the place in the caller's batch of what has led to it.
    origins: Vec<usize>,
    /// The foreign keys that the caller has changed, by the place of their relation.
    said: HashSet<(DefaultKey, usize)>,
    uniques: UniqueChanges,
    plan: OnceCell<Plan>,
}

impl<M: Model> Default for Edits<M> {
    fn default() -> Self {
        Edits {
            pending: Pending::updates(Vec::new(), Vec::new()),
            origins: Vec::new(),
            said: HashSet::new(),
            uniques: UniqueChanges::new(),
            plan: OnceCell::new(),
        }
    }
}

impl<M: Model> Edits<M> {
    /// The caller's own.
    pub(super) fn of_caller(store: &Store, table: u32, pending: Pending<'static, M>) -> Self {
        let mut visitor = Said { store, table, rows: &pending.rows, keys: &pending.keys, found: HashSet::new() };
        M::declare(&mut visitor);
        let said = visitor.found;
        let origins = (0..pending.rows.len()).collect();
        Edits { pending, origins, said, ..Edits::default() }
    }

    /// New rows, which nothing follows: for others to be planned beside them.
    pub(crate) fn of_new(rows: Vec<M>, keys: Vec<DefaultKey>) -> Self {
        Edits { pending: Pending::of_new(rows, keys), ..Edits::default() }
    }

    /// The row under a key, to be edited: a copy of the stored one, if it is not among the edited ones yet.
    fn edited(&mut self, rows: &dyn AnyRows, key: DefaultKey, origin: usize) -> Option<&mut M> {
        let place = self.pending.place(key).or_else(|| {
            let row = rows_of::<M>(rows).get(key)?.clone();
            self.origins.push(origin);
            Some(self.pending.push(key, row))
        })?;
        Some(&mut self.pending.rows.to_mut()[place])
    }

    /// The rows, their keys and the plan: what is applied.
    pub(crate) fn into_parts(self) -> (Vec<M>, Vec<DefaultKey>, Plan) {
        let Pending { rows, keys, .. } = self.pending;
        (rows.into_owned(), keys.into_owned(), self.plan.into_inner().unwrap_or_default())
    }
}

impl<M: Model> AnyPending for Edits<M> {
    fn holds(&self, key: DefaultKey) -> bool {
        self.pending.holds(key)
    }

    fn replaces(&self, key: DefaultKey) -> bool {
        self.pending.replaces(key)
    }

    fn find(&self, unique: usize, hash: u32, names: &dyn Fn(&dyn Any) -> bool) -> Option<DefaultKey> {
        self.pending.find(unique, hash, names)
    }

    fn speaks(&self, store: &Store, table: u32, key: DefaultKey, relation: usize) -> bool {
        self.pending.speaks(store, table, key, relation)
    }
}

impl<M: Model> AnyEdits for Edits<M> {
    fn keys(&self) -> &[DefaultKey] {
        &self.pending.keys
    }

    fn row(&self, key: DefaultKey) -> Option<(&dyn Any, usize)> {
        let place = self.pending.place(key)?;
        Some((&self.pending.rows[place], self.origins[place]))
    }

    fn is_said(&self, key: DefaultKey, relation: usize) -> bool {
        self.said.contains(&(key, relation))
    }

    fn changes(&self, rows: &dyn AnyRows, key: DefaultKey, unique: usize) -> bool {
        let (stored, place) = (rows_of::<M>(rows).get(key), self.pending.place(key));
        let Some((stored, place)) = stored.zip(place) else { return false };
        let mut visitor = Changes { unique, stored, row: &self.pending.rows[place], outcome: false };
        M::declare(&mut visitor);
        visitor.outcome
    }

    fn changed_relations(&self, rows: &dyn AnyRows, key: DefaultKey) -> Vec<usize> {
        let (stored, place) = (rows_of::<M>(rows).get(key), self.pending.place(key));
        let Some((stored, place)) = stored.zip(place) else { return Vec::new() };
        let mut visitor = Differing { stored, row: &self.pending.rows[place], found: Vec::new() };
        M::declare(&mut visitor);
        visitor.found.retain(|relation| !self.is_said(key, *relation));
        visitor.found
    }

    fn assign(&mut self, rows: &dyn AnyRows, key: DefaultKey, relation: usize, to: Option<&dyn Any>, origin: usize) {
        if let Some(row) = self.edited(rows, key, origin) {
            with_relation(relation, Assign { row, to });
        }
    }

    fn unlist(
        &mut self,
        rows: &dyn AnyRows,
        key: DefaultKey,
        relation: usize,
        goes: &dyn Fn(DefaultKey) -> bool,
        origin: usize,
    ) -> bool {
        let Some(row) = self.edited(rows, key, origin) else { return false };
        let mut visitor = Unlist { relation, row, goes, outcome: false };
        M::declare(&mut visitor);
        visitor.outcome
    }

    fn origin(&self, place: usize) -> usize {
        self.origins[place]
    }

    fn plan_uniques(&mut self, store: &Store, table: u32, removed: &RowSet, faults: &mut Vec<EditFault>) {
        let mut found = Collecting::new(usize::MAX);
        let (pending, changes) = (&mut self.pending, &mut self.uniques);
        uniques::plan(store, table, pending, Mode::Checked, Some(removed), changes, &mut found);
        faults.extend(found.faults.kept.into_iter().map(|(place, error)| (table, place, error)));
    }

    fn plan_links(&self, store: &Store, table: u32, statement: &Statement, faults: &mut Vec<EditFault>) -> Vec<Relink> {
        let mut found = Collecting::new(usize::MAX);
        let mut plan = Plan { uniques: self.uniques.clone(), ..Plan::default() };
        links::plan(store, table, &self.pending, Mode::Checked, Some(statement), &mut plan, &mut found);
        faults.extend(found.faults.kept.into_iter().map(|(place, error)| (table, place, error)));
        plan.entries = entries::plan(store, table, &self.pending);
        let relinks = std::mem::take(&mut plan.relinks);
        let first = self.plan.set(plan);
        debug_assert!(first.is_ok(), "a table is planned once");
        relinks
    }
}

struct Said<'a, M> {
    store: &'a Store,
    table: u32,
    rows: &'a [M],
    keys: &'a [DefaultKey],
    found: HashSet<(DefaultKey, usize)>,
}

impl<M: Model> Visitor<M> for Said<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let stored = self.store.table_at::<M>(self.table).rows;
        for (row, key) in self.rows.iter().zip(self.keys) {
            if stored.get(*key).is_some_and(|stored| !same_key::<R>(stored, row)) {
                self.found.insert((*key, R::INDEX));
            }
        }
    }
}

struct Differing<'a, M> {
    stored: &'a M,
    row: &'a M,
    found: Vec<usize>,
}

impl<M: Model> Visitor<M> for Differing<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if !same_key::<R>(self.stored, self.row) {
            self.found.push(R::INDEX);
        }
    }
}

struct Changes<'a, M> {
    unique: usize,
    stored: &'a M,
    row: &'a M,
    outcome: bool,
}

impl<M: Model> Visitor<M> for Changes<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        if U::INDEX == self.unique {
            self.outcome = !uniques::same_key::<U>(Some(self.stored), self.row);
        }
    }
}

struct Unlist<'a, M> {
    relation: usize,
    row: &'a mut M,
    goes: &'a dyn Fn(DefaultKey) -> bool,
    outcome: bool,
}

impl<M: Model> Visitor<M> for Unlist<'_, M> {
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        if L::INDEX == self.relation {
            self.outcome = L::list_mut(self.row).rewrite(&|id| (!(self.goes)(id.key())).then_some(id));
        }
    }
}

struct Assign<'a, M> {
    row: &'a mut M,
    to: Option<&'a dyn Any>,
}

impl<M: Model> WithRelation<M> for Assign<'_, M> {
    type Out = ();
    fn with<R: Relation<Source = M>>(self) {
        let key = self.to.and_then(|key| key.downcast_ref::<KeyOf<R>>()).cloned();
        // A required key is not cleared: it keeps what it says, and the plan will find that it names no row.
        if key.is_some() || !(R::Presence::REQUIRED || R::Presence::ONE_OF) {
            R::assign(self.row, key);
        }
    }
}
