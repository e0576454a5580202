//! The plans of lists of ids: which rows a row will list, each of them there (behaviours R51 and R52).
//!
//! A list is compared with the one that the stored row has; where they are the same nothing is looked up. A list that
//! has changed is gone through in its order, for the messages, and then sorted by id with its repeats left out, for the
//! index.

use slotmap::DefaultKey;

use super::links::Round;
use super::{ListChange, Mode, row_id};
use crate::arena::Arena;
use crate::error::Error;
use crate::id::Id;
use crate::index::links::LinkChange;
use crate::index::lists::{Listed, Listing, Lists, by_id};
use crate::model::{ListRelation, Model};
use crate::table::{Incoming, Relink};

impl<M: Model> Round<'_, '_, '_, M> {
    /// Plans what the rows list over a relation.
    pub(super) fn plan_lists<L: ListRelation<Source = M>>(&mut self) {
        let target_table = self.store.tables[self.table as usize].targets[L::INDEX];
        let targets = self.store.table_at::<L::Target>(target_table).rows;
        let pending = self.pending_in(target_table);
        let before = self.own.index.list(L::INDEX);
        for place in 0..self.pending.rows.len() {
            let ids = L::ids(&self.pending.rows[place]);
            let source = self.pending.keys[place];
            if self.stored(place).map_or(ids.len() == 0, |old| L::ids(old) == ids) {
                continue;
            }
            let mut listed = Vec::with_capacity(ids.len());
            for (element, id) in ids.with_places() {
                let target = id.key();
                let is_there = (targets.contains(target) || pending.is_some_and(|pending| pending.holds(target)))
                    && !self.removes((target_table, target));
                // Inside a transaction a reserved id can be named: it is filled by the end, or the end is refused.
                let is_promised = || self.store.is_in_transaction() && targets.is_reserved(target);
                let waits = !is_there && !is_promised();
                // A violation that stands already is no reason to refuse a change of the rest (behaviour I5).
                let stands = || self.pending.is_stored(place) && before.get(source, target).is_some_and(Listing::waits);
                if waits && self.mode == Mode::Checked && !self.store.defers(false) && !stands() {
                    let source = self.pending.is_stored(place).then_some(source);
                    self.faults.push(place, dangling_element::<L>(source, element, id, targets));
                }
                listed.push(Listed { target, waits });
            }
            listed.sort_unstable_by_key(|listed| by_id(listed.target));
            listed.dedup();
            self.plan.lists.push(ListChange { relation: L::INDEX, place, targets: listed });
        }
    }

    /// Finds the rows that list those which come, and have waited for them.
    pub(super) fn find_listers(&mut self, incoming: Incoming) {
        let list = self.store.tables[incoming.table as usize].index.list(incoming.relation);
        if self.pending.are_all_stored() || list.unresolved() == 0 {
            return;
        }
        for target in self.pending.keys.iter() {
            let (table, relation, to) = (incoming.table, incoming.relation, LinkChange::To(*target));
            let relink = |source| Relink { table, relation, source, to };
            self.plan.relinks.extend(list.waiting(*target).map(relink));
        }
    }
}

/// An id of a list as an error message shows it: with the field and the id's place in it, from 0.
pub(crate) fn describe_element<L: ListRelation>(element: usize, id: Id<L::Target>) -> String {
    format!("id {id} (`{}[{element}]`)", L::FIELD)
}

/// The error for an id of a list that names no row. `source` is the row that holds the list, if it is stored.
pub(crate) fn dangling_element<L: ListRelation>(
    source: Option<DefaultKey>,
    element: usize,
    id: Id<L::Target>,
    targets: &Arena<L::Target>,
) -> Error {
    Error::ForeignKeyViolation {
        model: L::Source::NAME,
        relation: L::NAME,
        row: source.map(row_id::<L::Source>),
        target: L::Target::NAME,
        key: describe_element::<L>(element, id),
        why: targets.why_missing(id.key()),
    }
}

/// The ids of a stored row's list that name no row, with the errors for them.
pub(crate) fn dangling_elements<'a, L: ListRelation>(
    index: &'a Lists,
    source: DefaultKey,
    row: &'a L::Source,
    targets: &'a Arena<L::Target>,
) -> impl Iterator<Item = (Id<L::Target>, Error)> + 'a {
    let ids = L::ids(row).with_places().take_while(|_| index.unresolved() > 0);
    let missing = ids.filter(move |(_, id)| index.get(source, id.key()).is_some_and(Listing::waits));
    missing.map(move |(element, id)| (id, dangling_element::<L>(Some(source), element, id, targets)))
}
