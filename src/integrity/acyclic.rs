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
use slotmap::{DefaultKey, Key};
use smallvec::SmallVec;

use super::{Mode, Planner, row_id};
use crate::error::{Error, Holder};
use crate::id::{RowId, slot_of};
use crate::index::links::{Link, no_target};
use crate::model::{Model, Relation, Visitor};

/// The last round of the planner: by now it is known which links the statement changes.
pub(super) struct CycleRound<'p, 'a, M: Model>(pub(super) &'p mut Planner<'a, M>);

impl<M: Model> Visitor<M> for CycleRound<'_, '_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if R::ACYCLIC && self.0.mode != Mode::Unchecked {
            self.0.find_cycles::<R>();
        }
    }
}

impl<M: Model> Planner<'_, M> {
    /// Refuses the rows whose new links, as they are once the plan is carried out, close a cycle.
    fn find_cycles<R: Relation<Source = M>>(&mut self) {
        let (rows, keys) = (self.pending.rows.len(), self.pending.keys);
        let own = self.plan.links[R::INDEX * rows..][..rows].iter().zip(keys).enumerate();
        let own =
            own.filter_map(|(place, (target, source))| Some(NewLink { source: *source, target: (*target)?, place }));
        let mut changed: SmallVec<[NewLink; 2]> = own.collect();
        let of_relation = |table, relation| (table, relation) == (self.table, R::INDEX);
        for arrival in self.plan.arrivals.iter().filter(|arrival| of_relation(arrival.table, arrival.relation)) {
            let place = self.pending.place(arrival.target).expect("what arrives is a row of the statement");
            changed.push(NewLink { source: arrival.source, target: arrival.target, place });
        }
        for orphan in self.plan.orphans.iter().filter(|orphan| of_relation(orphan.table, orphan.relation)) {
            changed.push(NewLink { source: orphan.source, target: no_target::unresolved(), place: 0 });
        }
        for (place, cycle) in closed(&self.own.index.links[R::INDEX], &changed) {
            let name = |key| match self.pending.place(key) {
                Some(place) if rows > 1 && !self.pending.stored => Holder::Batch(place),
                _ => Holder::Row(row_id::<M>(key)),
            };
            self.faults.push((place, cycle_of::<R>(cycle, name)));
        }
    }
}

/// A link that a statement changes: where it leads to once the statement is done.
#[derive(Debug, Clone, Copy)]
struct NewLink {
    source: DefaultKey,
    /// The new target, or a null key.
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
        if key.is_null() {
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
        while !key.is_null() {
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
