//! The lending of columns.

use std::fmt;

use crate::blocks::Blocks;
use crate::column::column_of;
use crate::database::Database;
use crate::error::Error;
use crate::id::{Id, slot_of};
use crate::index::referrers::Sources;
use crate::model::{ColumnValue, Field, FieldOf, Model, Presence, Relation};
use crate::relation::HasMany;
use crate::table::Table;

/// A column, lent: the values of one field by slot. Made by [`Database::column`].
pub struct ColumnRef<'a, M, T> {
    table: Table<'a, M>,
    values: &'a Blocks<T>,
}

impl<M, T> Clone for ColumnRef<'_, M, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M, T> Copy for ColumnRef<'_, M, T> {}
impl<M: Model, T> fmt::Debug for ColumnRef<'_, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ColumnRef({}, {} rows)", M::NAME, self.table.len())
    }
}

/// A run of a column: see [`ColumnRef::runs`].
#[derive(Debug, Clone, Copy)]
pub struct ColumnRun<'a, T> {
    /// The values of slots one after the other, 64 at most. Those of slots without a row mean nothing.
    pub values: &'a [T],
    /// Bit `n` says whether the slot of the `n`th value holds a row.
    pub stored: u64,
}

impl<'a, T> ColumnRun<'a, T> {
    /// The values of rows.
    pub fn iter(self) -> impl Iterator<Item = &'a T> {
        self.values.iter().enumerate().filter(move |(n, _)| self.stored >> n & 1 == 1).map(|(_, value)| value)
    }
}

impl<'a, M: Model, T: Copy> ColumnRef<'a, M, T> {
    /// The value of the row with this id. O(1); the id is not checked, and one that names no row gives any value or `None`:
    /// for ids that come from the database, as those of a join do.
    #[inline]
    pub fn get(self, id: Id<M>) -> Option<T> {
        self.values.get(slot_of(id.key()) as usize).copied()
    }

    /// The values of the rows that refer to an owner, in the order in which they joined it; of none for an owner that is no
    /// row. O(1), then O(1) for each: neither the rows nor their links are touched.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] #[model(has_many(lines: Line))] struct Order { number: u32 }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Line { #[model(belongs_to)] order_id: Id<Order>, #[model(column)] cents: u64 }
    /// # let mut db = Database::builder().model::<Order>().model::<Line>().build()?;
    /// # let order_id = db.insert(Order { number: 1 })?;
    /// # db.insert_many([40, 2].map(|cents| Line { order_id, cents }))?;
    /// assert_eq!(db.column(Line::FIELDS.cents)?.children(order_id, Order::LINES).sum::<u64>(), 42);
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[inline]
    pub fn children<R: Relation<Source = M>>(
        self,
        owner: Id<R::Target>,
        relation: HasMany<R>,
    ) -> impl Iterator<Item = T> + use<'a, M, T, R> {
        let _ = relation;
        let referrers = self.table.index.links[R::INDEX].referrers();
        let sources = referrers.sources(owner.key());
        let sources = if referrers.has_any(owner.key()) { sources } else { sources.none() };
        ChildValues { sources, values: self.values }
    }

    /// The whole column, 64 slots at a time, in slot order, with which of them hold rows.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Body { #[model(column)] mass: f64 }
    /// # let mut db = Database::builder().model::<Body>().build()?;
    /// # db.insert_many([1.0, 2.0, 4.0].map(|mass| Body { mass }))?;
    /// let heaviest = db.column(Body::FIELDS.mass)?.runs().flat_map(|run| run.iter()).copied().fold(0.0, f64::max);
    /// assert_eq!(heaviest, 4.0);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn runs(self) -> impl Iterator<Item = ColumnRun<'a, T>> {
        let stored = self.table.rows.stored_words().enumerate();
        stored
            .filter(|(_, stored)| *stored != 0)
            .filter_map(move |(word, stored)| Some(ColumnRun { values: self.values.chunk(word * 64, 64)?, stored }))
    }
}

/// See [`ColumnRef::children`].
struct ChildValues<'a, T> {
    sources: Sources<'a>,
    values: &'a Blocks<T>,
}

impl<T: Copy> Iterator for ChildValues<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let slot = self.sources.next_slot()?;
        self.values.get(slot as usize).copied()
    }
    #[inline]
    fn fold<B, F: FnMut(B, T) -> B>(self, init: B, mut f: F) -> B {
        let mut folded = Some(init);
        self.sources.for_each_slot(|slot| {
            if let (Some(before), Some(value)) = (folded.take(), self.values.get(slot as usize)) {
                folded = Some(f(before, *value));
            }
        });
        folded.expect("every child has a value")
    }
}

impl Database {
    /// Lends the column of a field that is declared as one: for code that reads a value of many rows by their ids, or the
    /// values as slices.
    ///
    /// Errors: [`Error::UnknownModel`]; [`Error::NoColumn`] where the field is none.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Star { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Planet { #[model(belongs_to)] star_id: Id<Star>, #[model(column)] mass: f64 }
    /// # let mut db = Database::builder().model::<Star>().model::<Planet>().build()?;
    /// # let star_id = db.insert(Star { name: "Sun".into() })?;
    /// # db.insert_many([1.0, 2.0].map(|mass| Planet { star_id, mass }))?;
    /// let mass = db.column(Planet::FIELDS.mass)?;
    /// // The rows of planets are not touched.
    /// let all: f64 = db.join(Planet::STAR).iter()?.filter_map(|(planet, _)| mass.get(planet.id())).sum();
    /// assert_eq!(all, 3.0);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn column<M: Model, V: 'static, P: Presence<Out<V>: ColumnValue>, F: FieldOf<M, V, P>>(
        &self,
        field: Field<M, V, P, F>,
    ) -> Result<ColumnRef<'_, M, P::Out<V>>, Error> {
        let table = self.table::<M>()?;
        match column_of::<M, V, P, F>(table.rows) {
            Some(values) => Ok(ColumnRef { table, values }),
            None => Err(Error::NoColumn { model: M::NAME, field: field.name() }),
        }
    }
}
