//! Orders of rows by fields.

use std::fmt;

use smallvec::SmallVec;

use crate::model::{Field, FieldOf, Model, Presence};
use crate::order::{IndexKey, Ordered};

/// An order by one field, ascending or descending: `Score::FIELDS.points.desc()`.
pub struct Order<M> {
    pub(super) field: usize,
    pub(super) name: &'static str,
    pub(super) descends: bool,
    key: fn(&M) -> IndexKey,
}

impl<M> Clone for Order<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Order<M> {}
impl<M> fmt::Debug for Order<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
impl<M> fmt::Display for Order<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, if self.descends { "desc" } else { "asc" })
    }
}

fn key_of<M, V: Ordered, P: Presence, F: FieldOf<M, V, P>>(row: &M) -> IndexKey {
    P::value(F::get(row)).map_or(IndexKey::Absent, Ordered::index_key)
}

#[cfg(feature = "json")]
impl<M> Order<M> {
    /// By the field at a place, ascending, with the key of a row.
    pub(crate) fn by(field: usize, name: &'static str, key: fn(&M) -> IndexKey) -> Self {
        Order { field, name, descends: false, key }
    }

    /// The same, in this direction.
    pub(crate) fn descending(self, descends: bool) -> Self {
        Order { descends, ..self }
    }
}

impl<M: Model, V: Ordered + 'static, P: Presence, F: FieldOf<M, V, P>> Field<M, V, P, F> {
    /// From the least value to the greatest; absent ones come last.
    pub fn asc(self) -> Order<M> {
        Order { field: F::INDEX, name: F::NAME, descends: false, key: key_of::<M, V, P, F> }
    }

    /// From the greatest value to the least; absent ones come last.
    pub fn desc(self) -> Order<M> {
        Order { descends: true, ..self.asc() }
    }
}

/// The keys of a row by which it is ordered, ascending.
pub(super) type SortKeys = SmallVec<[IndexKey; 1]>;

impl<M> Order<M> {
    /// The key of a row.
    pub(super) fn key(&self, row: &M) -> IndexKey {
        (self.key)(row)
    }

    /// A key, so that it ascends.
    pub(super) fn ascending(&self, key: IndexKey) -> IndexKey {
        if self.descends { key.reversed() } else { key }
    }
}

pub(super) fn sort_keys<M>(orders: &[Order<M>], row: &M) -> SortKeys {
    orders.iter().map(|order| order.ascending(order.key(row))).collect()
}
