//! Queries: the rows of a table that meet a predicate, in an order, some of them.
//!
//! A query is planned when it is asked for its rows ([`plan`](crate::predicate::plan)): by the shortest way to them, or along
//! an index that has them in the order asked for, or by a scan. Whatever the plan, the rows and their order are the same.

mod aggregate;
mod column;
mod explain;
mod order;
mod page;
mod run;
mod statements;
mod values;

use std::fmt;

use smallvec::SmallVec;

use crate::arena::Arena;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::join::{Join, Start};
use crate::model::Model;
use crate::predicate::{All, And, Condition, Predicate};

pub use aggregate::{Branches, Summed};
pub use column::{ColumnRef, ColumnRun};
pub use explain::{Access, Explained};
pub use order::Order;
pub use page::{Cursor, Page};
pub use run::{RowIds, Rows};
pub use values::{Select, Values};

/// The rows of a table that meet a predicate, made by [`Database::query`].
///
/// `filter`, `order_by`, `skip` and `limit` can be called in any order, and apply in this one. Nothing is read before one of
/// the other methods asks for rows.
///
/// Costs: with a unique key, an index or a relation that serves the predicate O(log n + rows that it leads to), and O(k log k)
/// to give k of them in slot order; along an ordered index O(log n + rows that are passed); otherwise O(slots ever used),
/// reading columns where fields have them. [`Query::explain`] tells which.
///
/// ```
/// use relata::{Database, Id, Model};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Player { name: String }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Score {
///     #[model(belongs_to)]
///     player_id: Id<Player>,
///     #[model(ordered)]
///     points: u32,
/// }
///
/// let mut db = Database::builder().model::<Player>().model::<Score>().build()?;
/// let thor = db.insert(Player { name: "Thor".into() })?;
/// let jane = db.insert(Player { name: "Jane".into() })?;
/// db.insert_many([(thor, 40), (jane, 70), (thor, 90)].map(|(player_id, points)| Score { player_id, points }))?;
///
/// let score = Score::FIELDS;
/// let best = db.query::<Score>().order_by(score.points.desc()).limit(2);
/// assert_eq!(best.iter()?.map(|(_, score)| score.points).collect::<Vec<_>>(), [90, 70]);
/// let of_thor = db.query().filter(Score::PLAYER.has(Player::FIELDS.name.eq("Thor")).and(score.points.ge(50)));
/// assert_eq!(of_thor.count()?, 1);
/// # Ok::<(), relata::Error>(())
/// ```
#[must_use = "a query does nothing until its rows are asked for"]
pub struct Query<'a, M, C> {
    database: &'a Database,
    condition: C,
    orders: SmallVec<[Order<M>; 1]>,
    skip: usize,
    limit: usize,
}

impl<M, C: Clone> Clone for Query<'_, M, C> {
    fn clone(&self) -> Self {
        Query {
            database: self.database,
            condition: self.condition.clone(),
            orders: self.orders.clone(),
            skip: self.skip,
            limit: self.limit,
        }
    }
}

impl<M: Model, C> fmt::Debug for Query<'_, M, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Query");
        debug.field("model", &M::NAME).field("orders", &self.orders).field("skip", &self.skip);
        debug.field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Database {
    /// The rows of a model, all of them in slot order until more is said: see [`Query`].
    pub fn query<M: Model>(&self) -> Query<'_, M, All> {
        Query { database: self, condition: All, orders: SmallVec::new(), skip: 0, limit: usize::MAX }
    }
}

impl<'a, M: Model, C: Condition<M>> Query<'a, M, C> {
    /// Only the rows that meet a predicate, beside those given before.
    pub fn filter<D: Condition<M>>(self, predicate: Predicate<M, D>) -> Query<'a, M, And<C, D>> {
        let Query { database, condition, orders, skip, limit } = self;
        let condition = Predicate::<M, C>::of(condition).and(predicate).condition;
        Query { database, condition, orders, skip, limit }
    }

    /// By a field (`Score::FIELDS.points.desc()`); where rows are equal, by the field of the next call, in the end by slot.
    ///
    /// Absent values come last, ascending or descending, before them floats that are no number (behaviour R48).
    pub fn order_by(mut self, order: Order<M>) -> Self {
        self.orders.push(order);
        self
    }

    /// Without the first `count` rows.
    pub fn skip(self, count: usize) -> Self {
        Query { skip: count, ..self }
    }

    /// At most `count` rows.
    pub fn limit(self, count: usize) -> Self {
        Query { limit: count, ..self }
    }

    /// The rows with their ids.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { name: String, crew: u32 }
    /// # let mut db = Database::builder().model::<Ship>().build()?;
    /// # db.insert_many([("Argo", 50), ("Fram", 16)].map(|(name, crew)| Ship { name: name.into(), crew }))?;
    /// for (id, ship) in db.query::<Ship>().filter(Ship::FIELDS.crew.gt(20)).iter()? {
    ///     assert_eq!((db.get(id)?.name.as_str(), ship.crew), ("Argo", 50));
    /// }
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[expect(clippy::iter_not_returning_iterator, reason = "it does, unless the model is not registered")]
    pub fn iter(self) -> Result<Rows<'a, M, C::Opened<'a>>, Error> {
        self.run()
    }

    /// The ids. Where an index answers the whole predicate no row is touched.
    pub fn ids(self) -> Result<RowIds<'a, M, C::Opened<'a>>, Error> {
        Ok(RowIds(self.run()?))
    }

    /// The first row.
    pub fn first(self) -> Result<Option<(Id<M>, &'a M)>, Error> {
        let limit = self.limit.min(1);
        Ok(self.limit(limit).run()?.next())
    }

    /// The only row, if there is one. [`Error::SeveralRows`] where there are more.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Debug, Serialize, Deserialize)] struct Ship { crew: u32 }
    /// # let mut db = Database::builder().model::<Ship>().build()?;
    /// # db.insert_many([Ship { crew: 50 }, Ship { crew: 16 }])?;
    /// let crew = Ship::FIELDS.crew;
    /// assert_eq!(db.query().filter(crew.lt(20)).one()?.map(|(_, ship)| ship.crew), Some(16));
    /// let several = db.query().filter(crew.lt(60)).one().unwrap_err();
    /// assert_eq!(several.to_string(), "one `Ship` was asked for, and there are several: Ship 1v1, Ship 2v1 ..");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn one(self) -> Result<Option<(Id<M>, &'a M)>, Error> {
        let limit = self.limit.min(2);
        let mut rows = self.limit(limit).run()?;
        let (first, second) = (rows.next(), rows.next());
        match (first, second) {
            (Some((first, _)), Some((second, _))) => {
                Err(Error::SeveralRows { first: first.erase(), second: second.erase() })
            }
            (first, _) => Ok(first),
        }
    }

    /// Whether there is a row.
    pub fn exists(self) -> Result<bool, Error> {
        let limit = self.limit.min(1);
        Ok(Query { orders: SmallVec::new(), limit, ..self }.run()?.next_row().is_some())
    }

    /// Joins the rows with those of another table, see [`Join`]: a join that starts with these rows in this order.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Port { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { #[model(belongs_to)] port_id: Id<Port>, #[model(ordered)] crew: u32 }
    /// # let mut db = Database::builder().model::<Port>().model::<Ship>().build()?;
    /// # let port_id = db.insert(Port { name: "Oslo".into() })?;
    /// # db.insert_many([16, 50].map(|crew| Ship { port_id, crew }))?;
    /// let largest = db.query::<Ship>().order_by(Ship::FIELDS.crew.desc()).limit(1);
    /// for (ship, port) in largest.rows()?.join(Ship::PORT).iter()? {
    ///     assert_eq!((ship.crew, port.name.as_str()), (50, "Oslo"));
    /// }
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn rows(self) -> Result<Join<'a, Start<'a, M>>, Error> {
        let database = self.database;
        let keys = self.ids()?.map(Id::key).collect();
        Join::of_keys(database, keys)
    }

    fn arena(&self) -> Result<&'a Arena<M>, Error> {
        Ok(self.database.table::<M>()?.rows)
    }
}

#[cfg(test)]
mod tests;
