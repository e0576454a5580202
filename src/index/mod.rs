//! The indexes of one table. All of them hold keys and hashes only, never rows, so that none of them is generic and
//! none calls user code.

mod column;
pub(crate) mod links;
pub(crate) mod lists;
mod postings;
pub(crate) mod referrers;
pub(crate) mod secondary;
pub(crate) mod tree;
pub(crate) mod unique;

use crate::blocks::Bytes;
use links::Link;
use lists::Lists;
use referrers::Referrers;
use secondary::SecondaryIndex;
use unique::UniqueIndex;

/// Every index of one table, in the order of the model's declarations.
#[derive(Debug, Clone, Default)]
pub struct Indexes {
    /// One for each belongs_to relation.
    pub(crate) links: Vec<Link>,
    /// One for each references_many relation.
    pub(crate) lists: Vec<Lists>,
    /// One for each unique key.
    pub(crate) uniques: Vec<UniqueIndex>,
    /// One for each index that is no unique key.
    pub(crate) secondary: Vec<SecondaryIndex>,
}

/// A relation of either kind as its targets see it: lists of those who refer to each, which are closed up when they have
/// been thinned out.
pub(crate) trait Backward {
    /// The slots of the targets whose lists should be closed up: those that have been thinned out since this was last
    /// asked. Until a statement has ended positions stand.
    fn take_sparse(&mut self) -> Vec<u32>;
    /// The positions of the holes in the list of a target slot.
    fn holes(&self, target_slot: u32) -> Box<[u32]>;
    /// Closes up the list of a target slot.
    fn close_up_list(&mut self, target_slot: u32);
    /// Takes [`Backward::close_up_list`] back.
    fn open_list(&mut self, target_slot: u32, holes: &[u32]);
}

/// What a tree of so many keys takes that name no row: its nodes are two thirds full, as a rule.
fn waiting_bytes(unresolved: usize) -> Bytes {
    Bytes::own(unresolved * 24)
}

impl Indexes {
    /// The references_many relation at a place among all relations: lists come after the belongs_to relations.
    #[inline]
    pub(crate) fn list(&self, relation: usize) -> &Lists {
        &self.lists[relation - self.links.len()]
    }

    /// The same, to be changed.
    #[inline]
    pub(crate) fn list_mut(&mut self, relation: usize) -> &mut Lists {
        &mut self.lists[relation - self.links.len()]
    }

    /// How many relations there are, of either kind.
    pub(crate) fn relations(&self) -> usize {
        self.links.len() + self.lists.len()
    }

    /// Who refers to each target over the relation at a place among all relations.
    pub(crate) fn referrers(&self, relation: usize) -> Referrers<'_> {
        match self.links.get(relation) {
            Some(link) => link.referrers(),
            None => self.list(relation).referrers(),
        }
    }

    /// How many keys of the relation at a place among all relations name no row. O(1).
    pub(crate) fn unresolved(&self, relation: usize) -> usize {
        match self.links.get(relation) {
            Some(link) => link.unresolved(),
            None => self.list(relation).unresolved(),
        }
    }

    /// Makes room for the posting lists of targets in slots below `slots`, of the relation at a place among all relations.
    pub(crate) fn reserve_targets(&mut self, relation: usize, slots: usize) {
        match self.links.get_mut(relation) {
            Some(link) => link.reserve_targets(slots),
            None => self.list_mut(relation).reserve_targets(slots),
        }
    }

    /// The relation at a place among all relations as its targets see it.
    pub(crate) fn backward(&mut self, relation: usize) -> &mut dyn Backward {
        match relation.checked_sub(self.links.len()) {
            None => &mut self.links[relation],
            Some(list) => &mut self.lists[list],
        }
    }

    /// Makes room so that storing one more row, in a slot below `slots`, does not allocate in the columns and tables.
    #[inline]
    pub(crate) fn reserve(&mut self, additional: usize, slots: usize) {
        for link in &mut self.links {
            link.reserve(slots);
        }
        for unique in &mut self.uniques {
            unique.reserve(additional);
        }
        for index in &mut self.secondary {
            index.reserve(slots);
        }
    }

    /// Closes up the posting lists that have been thinned out.
    #[inline]
    pub(crate) fn close_up(&mut self) {
        for link in &mut self.links {
            link.close_up();
        }
        for list in &mut self.lists {
            list.close_up();
        }
    }
}

/// Counts what reads cost: how often the links (a column or a posting list) and how often a hash table was probed, on
/// this thread. Only tests are built with it.
#[cfg(test)]
pub(crate) mod probes {
    use std::cell::Cell;

    thread_local! {
        static LINKS: Cell<usize> = const { Cell::new(0) };
        static HASHED: Cell<usize> = const { Cell::new(0) };
        static MOVED: Cell<usize> = const { Cell::new(0) };
        static TOUCHED: Cell<usize> = const { Cell::new(0) };
        static LISTS_LEFT: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn count_link() {
        LINKS.set(LINKS.get() + 1);
    }
    pub(crate) fn count_hashed() {
        HASHED.set(HASHED.get() + 1);
    }

    /// A predicate or a query has touched a row.
    pub(crate) fn count_touched() {
        TOUCHED.set(TOUCHED.get() + 1);
    }

    /// How many rows predicates and queries have touched so far.
    pub(crate) fn touched() -> usize {
        TOUCHED.get()
    }

    pub(crate) fn count_moved() {
        MOVED.set(MOVED.get() + 1);
    }

    pub(crate) fn count_list_left() {
        LISTS_LEFT.set(LISTS_LEFT.get() + 1);
    }

    /// How often sources that leave have gone to a list so far.
    pub(crate) fn lists_left() -> usize {
        LISTS_LEFT.get()
    }

    /// How many entries of lists of ids closing up has moved so far.
    pub(crate) fn moved() -> usize {
        MOVED.get()
    }

    /// The probes of links and of hash tables while `read` runs.
    pub(crate) fn during(read: impl FnOnce()) -> (usize, usize) {
        let before = (LINKS.get(), HASHED.get());
        read();
        (LINKS.get() - before.0, HASHED.get() - before.1)
    }
}
