//! The indexes of one table. All of them hold keys and hashes only, never rows, so that none of them is generic and
//! none calls user code.

mod column;
pub(crate) mod links;
pub(crate) mod postings;
pub(crate) mod unique;

use links::Link;
use unique::UniqueIndex;

/// Every index of one table, in the order of the model's declarations.
#[derive(Debug, Default)]
pub struct Indexes {
    /// One for each belongs_to relation.
    pub(crate) links: Vec<Link>,
    /// One for each unique key.
    pub(crate) uniques: Vec<UniqueIndex>,
}

impl Indexes {
    /// Makes room so that storing one more row, in a slot below `slots`, does not allocate in the columns and tables.
    #[inline]
    pub(crate) fn reserve(&mut self, additional: usize, slots: usize) {
        for link in &mut self.links {
            link.reserve(slots);
        }
        for unique in &mut self.uniques {
            unique.reserve(additional);
        }
    }

    /// Closes up the posting lists that have been thinned out.
    #[inline]
    pub(crate) fn close_up(&mut self) {
        for link in &mut self.links {
            link.close_up();
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
    }

    pub(crate) fn count_link() {
        LINKS.set(LINKS.get() + 1);
    }
    pub(crate) fn count_hashed() {
        HASHED.set(HASHED.get() + 1);
    }

    /// The probes of links and of hash tables while `read` runs.
    pub(crate) fn during(read: impl FnOnce()) -> (usize, usize) {
        let before = (LINKS.get(), HASHED.get());
        read();
        (LINKS.get() - before.0, HASHED.get() - before.1)
    }
}
