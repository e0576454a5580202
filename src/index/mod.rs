//! The indexes of one table. All of them hold keys and hashes only, never rows, so that none of them is generic and
//! none calls user code.

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
}
