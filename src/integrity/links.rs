//! The second round of a plan: what the rows refer to, and what becomes of those that refer to them.

use std::any::Any;

use slotmap::DefaultKey;

use super::pending::same_key;
use super::statement::leave;
use super::{Collecting, Mode, Pending, Plan, acyclic, dangling, dangling_since, restriction, sources};
use crate::arena::Arena;
use crate::error::{Act, Missing};
use crate::index::links::{LinkChange, no_target, waiting_hash};
use crate::model::{KeyRef, ListRelation, Model, Probe, Reference, Relation, Visitor};
use crate::table::{AnyPending, Incoming, Relink, RowAt, Statement, Store, Table};

/// Plans the links of rows whose unique keys are planned, and lists what is wrong by the rows' places. `statement` is
/// what is stored over other rows beside them, and what goes.
#[inline]
pub(super) fn plan<M: Model>(
    store: &Store,
    table: u32,
    pending: &Pending<'_, M>,
    mode: Mode,
    statement: Option<&Statement>,
    plan: &mut Plan,
    faults: &mut Collecting,
) {
    let own = store.table_at::<M>(table);
    let mut round = Round { store, table, own, pending, mode, statement, plan, faults };
    round.judge_departures();
    M::declare(&mut round);
    round.find_arrivals();
    let Round { own, plan, faults, .. } = round;
    if mode == Mode::Checked {
        acyclic::judge(store, (table, own), pending, plan, faults);
    }
}

pub(super) struct Round<'p, 'a, 'r, M: Model> {
    pub(super) store: &'a Store,
    pub(super) table: u32,
    pub(super) own: Table<'a, M>,
    pub(super) pending: &'p Pending<'r, M>,
    pub(super) mode: Mode,
    statement: Option<&'p Statement>,
    pub(super) plan: &'p mut Plan,
    pub(super) faults: &'p mut Collecting,
}

impl<'p, M: Model> Round<'p, '_, '_, M> {
    /// The rows that the statement stores in a table.
    pub(super) fn pending_in(&self, table: u32) -> Option<&'p dyn AnyPending> {
        if table == self.table { Some(self.pending) } else { self.statement?.pending(table) }
    }

    fn replaces(&self, (table, key): RowAt) -> bool {
        self.pending_in(table).is_some_and(|pending| pending.replaces(key))
    }

    pub(super) fn removes(&self, row: RowAt) -> bool {
        self.statement.is_some_and(|statement| statement.removed.contains(&row))
    }

    /// Makes sure that the stored rows may give up the unique keys that they do (behaviour I4).
    fn judge_departures(&mut self) {
        if self.plan.uniques.iter().all(|change| change.old.is_none()) {
            return;
        }
        let rows = self.pending.rows.len();
        for incoming in &self.store.tables[self.table as usize].incoming {
            let Some(unique) = incoming.unique else { continue };
            for place in 0..rows {
                if let Some(hash) = self.plan.uniques[unique * rows + place].old {
                    self.give_up(*incoming, place, hash);
                }
            }
        }
    }

    /// Sees to the rows that refer to a row by the key that it gives up.
    fn give_up(&mut self, incoming: Incoming, place: usize, hash: u32) {
        let store = self.store;
        let key = self.pending.keys[place];
        if incoming.follows() {
            return; // They have been given another key, and are edited rows themselves.
        }
        if !incoming.waits(store, incoming.on_update) {
            let stays = |source: RowAt| {
                let speaks = |pending: &dyn AnyPending| pending.speaks(store, source.0, source.1, incoming.relation);
                !self.removes(source) && !self.pending_in(source.0).is_some_and(speaks)
            };
            let error = restriction(store, (self.table, key), incoming, stays, Act::KeyChange);
            if let Some(error) = error {
                self.faults.push(place, error);
            }
            return;
        }
        for source in sources(store, incoming.table, incoming.relation, key) {
            let at = (incoming.table, source);
            if !self.replaces(at) && !self.removes(at) {
                let goes = |row: RowAt| self.replaces(row) || self.removes(row);
                self.plan.relinks.push(leave(store, at, incoming, hash, Some(self.pending), &goes));
            }
        }
    }

    /// Whether a row is stored, and neither goes nor has another stored over it.
    fn keeps_key<T: Model>(&self, row: RowAt, rows: &Arena<T>) -> bool {
        rows.contains(row.1) && !self.replaces(row) && !self.removes(row)
    }

    /// Whether no stored row is given another foreign key.
    #[inline]
    fn keeps_all<R: Relation<Source = M>>(&self) -> bool {
        let mut rows = self.pending.rows.iter().zip(&*self.pending.keys);
        rows.all(|(row, key)| self.own.rows.get(*key).is_some_and(|stored| same_key::<R>(stored, row)))
    }

    pub(super) fn stored(&self, place: usize) -> Option<&M> {
        if self.pending.is_stored(place) { self.own.rows.get(self.pending.keys[place]) } else { None }
    }

    /// The row that a foreign key will name once the statement is done.
    #[inline]
    fn resolve<R: Relation<Source = M>>(
        &self,
        target: (u32, Table<'_, R::Target>),
        pending: Option<&dyn AnyPending>,
        key: KeyRef<'_, R>,
    ) -> Option<DefaultKey> {
        // The rule: no row of the target's table changes.
        if pending.is_none() && self.statement.is_none() {
            let found = <R::Reference as Reference<R::Target>>::find(target.1.rows, target.1.index, key);
            if found.is_some() {
                return found;
            }
        }
        self.resolve_in_statement::<R>(target, pending, key)
    }

    #[inline(never)]
    fn resolve_in_statement<R: Relation<Source = M>>(
        &self,
        (table, target): (u32, Table<'_, R::Target>),
        pending: Option<&dyn AnyPending>,
        key: KeyRef<'_, R>,
    ) -> Option<DefaultKey> {
        // A stored row that is about to have another key, or to go, is not named. Another may have the key (stored unchecked).
        let find = |stays: &dyn Fn(DefaultKey) -> bool| {
            <R::Reference as Reference<R::Target>>::find_staying(target.rows, target.index, key, |row| {
                stays(row) && !self.removes((table, row))
            })
        };
        let found = match pending {
            None => find(&|_| true),
            Some(pending) => match (R::Reference::probe(target.index, key), R::Reference::UNIQUE) {
                (Probe::Id(id), _) => (target.rows.contains(id) || pending.holds(id)).then_some(id),
                (Probe::Hash(hash), Some((unique, _))) => {
                    let names = |row: &dyn Any| {
                        let row = row.downcast_ref();
                        row.is_some_and(|row| R::Reference::names(key, DefaultKey::default(), row))
                    };
                    pending.find(unique, hash, &names).or_else(|| find(&|row| !pending.replaces(row)))
                }
                (Probe::Hash(_), None) => None,
            },
        };
        match found.filter(|row| !self.removes((table, *row))) {
            // Inside a transaction a reserved id can be named: it is filled by the end, or the end is refused.
            None if self.store.is_in_transaction() => match R::Reference::probe(target.index, key) {
                Probe::Id(id) if target.rows.is_reserved(id) => Some(id),
                _ => None,
            },
            found => found,
        }
    }

    /// What becomes of a link whose key names no row.
    #[cold]
    fn leave_waiting<R: Relation<Source = M>>(
        &mut self,
        target: (u32, Table<'_, R::Target>),
        key: KeyRef<'_, R>,
        place: usize,
    ) -> LinkChange {
        let (table, target) = target;
        if self.mode == Mode::Checked && !self.store.defers(R::DEFERRED) {
            let source = self.pending.is_stored(place).then(|| self.pending.keys[place]);
            let goes = R::Reference::find(target.rows, target.index, key).is_some_and(|row| self.removes((table, row)));
            let error = if goes {
                dangling_since::<R>(source, key, Missing::Leaving)
            } else {
                dangling::<R>(source, key, target.rows)
            };
            self.faults.push(place, error);
        }
        LinkChange::Waits(match R::Reference::probe(target.index, key) {
            Probe::Id(id) => waiting_hash(id),
            Probe::Hash(hash) => hash,
        })
    }

    /// Finds the rows, stored with a key that named none, whose missing targets the rows are.
    fn find_arrivals(&mut self) {
        let rows = self.pending.rows.len();
        for incoming in &self.store.tables[self.table as usize].incoming {
            let source_table = &self.store.tables[incoming.table as usize];
            let Some(link) = source_table.index.links.get(incoming.relation) else {
                self.find_listers(*incoming);
                continue;
            };
            if link.unresolved() == 0 {
                continue;
            }
            for place in 0..rows {
                let target = self.pending.keys[place];
                let hash = match incoming.unique {
                    Some(unique) => self.plan.uniques[unique * rows + place].new,
                    None => (!self.pending.is_stored(place)).then(|| waiting_hash(target)),
                };
                let row: &dyn Any = &self.pending.rows[place];
                for source in hash.into_iter().flat_map(|hash| link.waiting(hash)) {
                    let at = (incoming.table, source);
                    if !self.replaces(at)
                        && !self.removes(at)
                        && source_table.rows.names(incoming.relation, source, target, row)
                    {
                        let to = LinkChange::To(target);
                        let (table, relation) = (incoming.table, incoming.relation);
                        self.plan.relinks.push(Relink { table, relation, source, to });
                    }
                }
            }
        }
        if !self.plan.relinks.is_empty() {
            // They join in slot order, whatever keys they waited for.
            self.plan.relinks.sort_unstable_by_key(|relink| (relink.table, relink.relation, relink.source));
        }
    }
}

impl<M: Model> Visitor<M> for Round<'_, '_, '_, M> {
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        self.plan_lists::<L>();
    }

    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let target_table = self.store.tables[self.table as usize].targets[R::INDEX];
        let pending = self.pending_in(target_table);
        let settled = pending.is_none() && self.statement.is_none_or(|statement| statement.removed.is_empty());
        let own = self.pending;
        self.plan.links.reserve(own.rows.len());
        // Other fields than the key run no check of the other table (behaviour I5): it is not looked at.
        if settled && own.are_all_stored() && self.keeps_all::<R>() {
            self.plan.links.extend(own.rows.iter().map(|_| LinkChange::Stays));
            return;
        }
        let target = (target_table, self.store.table_at::<R::Target>(target_table));
        for (place, (row, key)) in own.rows.iter().zip(&*own.keys).enumerate() {
            let stored = if own.is_stored(place) { self.own.rows.get(*key) } else { None };
            let same = stored.is_some_and(|stored| same_key::<R>(stored, row));
            if same && settled {
                self.plan.links.push(LinkChange::Stays);
                continue;
            }
            let linked = stored.map(|_| self.own.index.links[R::INDEX].target(*key));
            // Where a key stands twice a row stays with the target that it has.
            if same && linked.is_some_and(|linked| self.keeps_key((target_table, linked), target.1.rows)) {
                self.plan.links.push(LinkChange::Stays);
                continue;
            }
            let found = match R::key(row).map(|key| (key, self.resolve::<R>(target, pending, key))) {
                None => no_target::absent(),
                Some((_, Some(found))) => found,
                // A violation that stands already is no reason to refuse a change of other fields (behaviour I5).
                Some(_) if same && linked == Some(no_target::unresolved()) => no_target::unresolved(),
                Some((key, None)) => {
                    // Unresolved before, it leaves all the same: it waits for another key from now on.
                    let change = self.leave_waiting::<R>(target, key, place);
                    self.plan.links.push(change);
                    continue;
                }
            };
            self.plan.links.push(if linked == Some(found) { LinkChange::Stays } else { LinkChange::To(found) });
        }
    }
}
