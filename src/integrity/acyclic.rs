//! Relations of a model to itself that lead no row back to itself: hierarchies.
//!
//! A row has one target at most, so there is one way up from it. A link closes a cycle only if the way up from its
//! target comes back to its source, and only where some row refers to that source. So a statement walks up from the
//! links that it changes, in a loop, with nothing to remember but, for several links, which rows it has met: no row is
//! walked from twice, and a batch costs O(links that change + rows above them). The links of rows that are stored
//! already are acyclic and are never walked from; cycles among rows that were stored unchecked stand until `check`.
//!
//! Not responsible for which links change: that is the planner's.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use slotmap::DefaultKey;
use smallvec::SmallVec;

use super::{Collecting, Pending, Plan, row_id};
use crate::error::{Error, Holder};
use crate::id::{RowId, slot_of};
use crate::index::links::{Link, LinkChange, no_target};
use crate::model::{Model, Relation, Visitor};
use crate::table::{Store, Table};

/// Refuses the rows of a plan whose new links, as they are once it is carried out, close a cycle. The last round of
/// planning: only now is it known which links change. Where checks are deferred the commit does it ([`closed_since`]).
pub(super) fn judge<M: Model>(
    store: &Store,
    (table, own): (u32, Table<'_, M>),
    pending: &Pending<'_, M>,
    plan: &Plan,
    faults: &mut Collecting,
) {
    M::declare(&mut Round { store, own, table, pending, plan, faults });
}

struct Round<'a, 'r, M: Model> {
    store: &'a Store,
    own: Table<'a, M>,
    table: u32,
    pending: &'a Pending<'r, M>,
    plan: &'a Plan,
    faults: &'a mut Collecting,
}

impl<M: Model> Visitor<M> for Round<'_, '_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if R::ACYCLIC && !self.store.defers(R::DEFERRED) {
            self.find_cycles::<R>();
        }
    }
}

impl<M: Model> Round<'_, '_, M> {
    fn find_cycles<R: Relation<Source = M>>(&mut self) {
        let rows = self.pending.rows.len();
        for (place, cycle) in closed(&self.own.index.links[R::INDEX], &self.new_links(R::INDEX)) {
            let name = |key| match self.pending.place(key) {
                Some(place) if rows > 1 => self.pending.holder(place),
                _ => Holder::Row(row_id::<M>(key)),
            };
            self.faults.push(place, cycle_of::<R>(cycle, name));
        }
    }

    /// The links of a relation that the plan changes: of its rows, and of those that they find waiting. Rows that lose their
    /// target and keep their key do where checks are deferred only.
    fn new_links(&self, relation: usize) -> SmallVec<[NewLink; 2]> {
        let (rows, keys) = (self.pending.rows.len(), &self.pending.keys);
        let mut links: SmallVec<[NewLink; 2]> = SmallVec::new();
        for (place, change) in self.plan.links[relation * rows..][..rows].iter().enumerate() {
            links.extend(new_target(*change).map(|target| NewLink { source: keys[place], target, place }));
        }
        for relink in
            self.plan.relinks.iter().filter(|relink| (relink.table, relink.relation) == (self.table, relation))
        {
            let Some(target) = new_target(relink.to) else { continue };
            let place = self.pending.place(target).unwrap_or(0);
            links.push(NewLink { source: relink.source, target, place });
        }
        links
    }
}

/// Where a changed link leads to, a key of no target for nowhere; `None` where it stays as it is.
fn new_target(change: LinkChange) -> Option<DefaultKey> {
    match change {
        LinkChange::Stays => None,
        LinkChange::To(target) => Some(target),
        LinkChange::Waits(_) => Some(no_target::unresolved()),
    }
}

/// A link that a statement changes: where it leads to once the statement is done.
#[derive(Debug, Clone, Copy)]
struct NewLink {
    source: DefaultKey,
    /// The new target, or a key of no target.
    target: DefaultKey,
    /// The row of the statement that changes it.
    place: usize,
}

/// The cycles that a statement would close, each with the first row of the statement that is to blame, and beginning at
/// the source of its link.
fn closed(link: &Link, changed: &[NewLink]) -> Vec<(usize, Vec<DefaultKey>)> {
    if let [only] = changed {
        return closed_by_one(link, *only).map(|way| (only.place, way)).into_iter().collect();
    }
    let places: HashMap<DefaultKey, usize> =
        changed.iter().enumerate().map(|(place, new)| (new.source, place)).collect();
    let next = |key| match places.get(&key) {
        Some(&place) => changed[place].target,
        None => link.target(key),
    };
    let cycles = cycles(changed.iter().map(|new| new.source), next).into_iter();
    cycles.filter_map(|cycle| blame(cycle, |key| places.get(key).map(|&place| changed[place].place))).collect()
}

/// The cycle that one new link would close. O(1) for a source that no row refers to, O(rows above) for others.
fn closed_by_one(link: &Link, NewLink { source, target, .. }: NewLink) -> Option<Vec<DefaultKey>> {
    if source != target && link.count(source) == 0 {
        return None;
    }
    let mut key = target;
    // A way of more rows than there are goes round in a cycle that was stored unchecked, without the source.
    for _ in 0..=link.len() {
        if no_target::is(key) {
            return None;
        }
        if key == source {
            let next = |key| if key == source { target } else { link.target(key) };
            return Some(around(source, next));
        }
        key = link.target(key);
    }
    None
}

/// The cycles that links which have been changed are part of, each once, beginning at the link of it that was changed first:
/// `changed` are the sources, in that order. O(changed + rows above them).
pub(crate) fn closed_since<R: Relation>(link: &Link, changed: &[DefaultKey]) -> Vec<Error> {
    let ranks: HashMap<DefaultKey, usize> = changed.iter().enumerate().map(|(rank, key)| (*key, rank)).collect();
    let cycles = cycles(changed.iter().copied(), |key| link.target(key)).into_iter();
    let mut cycles: Vec<_> = cycles.filter_map(|cycle| blame(cycle, |key| ranks.get(key).copied())).collect();
    cycles.sort_unstable();
    cycles.into_iter().map(|(_, cycle)| stored_cycle::<R>(cycle)).collect()
}

/// The cycles among links as they are stored, each beginning in its lowest slot, in the order of those. O(rows).
pub(crate) fn standing(link: &Link, rows: impl Iterator<Item = DefaultKey>) -> Vec<Vec<DefaultKey>> {
    let cycles = cycles(rows, |key| link.target(key)).into_iter();
    let mut cycles: Vec<_> = cycles.filter_map(|cycle| blame(cycle, |key| Some(slot_of(*key)))).collect();
    cycles.sort_unstable();
    cycles.into_iter().map(|(_, cycle)| cycle).collect()
}

/// The cycles that the ways from these rows end in, each once. A row that an earlier way has passed ends a way.
fn cycles(starts: impl Iterator<Item = DefaultKey>, next: impl Fn(DefaultKey) -> DefaultKey) -> Vec<Vec<DefaultKey>> {
    let mut passed: HashMap<DefaultKey, usize> = HashMap::new();
    let mut cycles = Vec::new();
    for (way, start) in starts.enumerate() {
        let mut key = start;
        while !no_target::is(key) {
            match passed.entry(key) {
                Entry::Vacant(entry) => entry.insert(way),
                Entry::Occupied(entry) => {
                    if *entry.get() == way {
                        cycles.push(around(key, &next));
                    }
                    break;
                }
            };
            key = next(key);
        }
    }
    cycles
}

/// The rows of a cycle, from one of them on.
fn around(first: DefaultKey, next: impl Fn(DefaultKey) -> DefaultKey) -> Vec<DefaultKey> {
    let mut rows = vec![first];
    let mut key = next(first);
    while key != first {
        rows.push(key);
        key = next(key);
    }
    rows
}

/// Turns a cycle so that it begins at its row of the lowest rank; `None` where no row has a rank.
fn blame<T: Ord + Copy>(
    mut cycle: Vec<DefaultKey>,
    rank: impl Fn(&DefaultKey) -> Option<T>,
) -> Option<(T, Vec<DefaultKey>)> {
    let ranked = cycle.iter().enumerate().filter_map(|(i, key)| Some((rank(key)?, i)));
    let (rank, first) = ranked.min()?;
    cycle.rotate_left(first);
    Some((rank, cycle))
}

/// The error for a cycle of stored rows.
pub(crate) fn stored_cycle<R: Relation>(cycle: Vec<DefaultKey>) -> Error {
    cycle_of::<R>(cycle, |key| Holder::Row(RowId { table: R::Source::NAME, key }))
}

/// The error for a cycle.
fn cycle_of<R: Relation>(cycle: Vec<DefaultKey>, name: impl Fn(DefaultKey) -> Holder) -> Error {
    Error::Cycle { model: R::Source::NAME, relation: R::NAME, way: cycle.into_iter().map(name).collect() }
}

#[cfg(test)]
mod tests;
