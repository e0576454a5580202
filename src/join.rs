//! Joining tables along their relations.
//!
//! A join starts with the rows of one table and goes from relation to relation, from either end; each adds a row to
//! every result. What is not there drops the result (an inner join), or leaves a gap in it (a left join). Filters stand where they are written: a later hop is
//! made for what the filters before it have left.
//!
//! It works on blocks of up to 256 results, kept as columns of keys, one for each table ([`stage`]); hops run from link
//! to link, and a row is touched only where a filter or the consumer reads it ([`Joined`]). All is static: the type of a
//! join is its plan. That nothing on the way is missing is proved when it is opened, so that its results are plain.
//!
//! Not responsible for choosing the order of the tables: that is the caller's.

mod hop;
mod iter;
#[cfg(feature = "rayon")]
mod parallel;
mod row;
mod stage;

use std::fmt;

use slotmap::DefaultKey;

use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::{Model, Optional, Presence, Required};
use crate::predicate::{Condition, Predicate};

pub use hop::Hop;
pub use iter::JoinIter;
use iter::{Block, Sources};
#[cfg(feature = "rayon")]
pub use parallel::ParJoin;
pub use row::{Append, Joined};
pub use stage::Stage;
pub(crate) use stage::Start;
use stage::{EndsInRow, Filtered, FromLast, Met, Picked};

/// How many results are worked on at once: enough that the memory always has reads to work on, few enough that the keys
/// stay in the nearest caches. An index into a block has 8 bits.
const BLOCK: usize = 256;

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A join of tables along their relations, to be iterated: made by [`Database::rows`], [`Database::rows_at`] and
/// [`Database::join`].
///
/// A result is a [row](Joined), or a tuple of rows, one for each table in the order in which they were joined. A row is
/// touched when it is read; its id is there without that.
///
/// ```
/// use relata::{Database, Id, Model};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(has_many(orders: Order))]
/// struct Customer { name: String }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(has_many(lines: Line))]
/// struct Order {
///     #[model(belongs_to)]
///     customer_id: Id<Customer>,
///     year: u16,
/// }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Line {
///     #[model(belongs_to)]
///     order_id: Id<Order>,
///     cents: u64,
/// }
///
/// let mut db = Database::builder().model::<Customer>().model::<Order>().model::<Line>().build()?;
/// let customer_id = db.insert(Customer { name: "Thor".into() })?;
/// for year in [1, 2, 3] {
///     let order_id = db.insert(Order { customer_id, year })?;
///     db.insert_many([Line { order_id, cents: 10 }, Line { order_id, cents: 5 }])?;
/// }
///
/// // From the lines to whom they belong, all of them:
/// for (line, order, customer) in db.join(Line::ORDER).join(Order::CUSTOMER).iter()? {
///     println!("{} paid {} cents in the year {}", customer.name, line.cents, order.year);
/// }
/// // From the other end, and of some: the lines of orders that a filter leaves out are not looked for.
/// let sum: u64 = db
///     .rows::<Customer>()
///     .filter(|customer| customer.name.starts_with('T'))
///     .join(Customer::ORDERS)
///     .filter(|(_, order)| order.year > 1)
///     .join(Order::LINES)
///     .iter()?
///     .map(|(.., line)| line.cents)
///     .sum();
/// assert_eq!(sum, 30);
/// # Ok::<(), relata::Error>(())
/// ```
#[must_use = "a join does nothing until it is iterated"]
pub struct Join<'a, S: Stage<'a>> {
    database: &'a Database,
    opened: Result<(Sources<'a, S::First>, S), Error>,
}

impl<'a, S: Stage<'a>> fmt::Debug for Join<'a, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").field("tables", &S::WIDTH).finish_non_exhaustive()
    }
}

impl Database {
    /// All rows of a table, in slot order: what a [join](Join) starts with. O(slots ever used) to iterate.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { name: String, #[model(belongs_to)] planet_id: Option<Id<Planet>> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.insert(Moon { name: "Phobos".into(), planet_id: Some(mars) })?;
    /// db.insert(Moon { name: "Stray".into(), planet_id: None })?; // not in the join: it has no planet
    /// let pairs = db.rows::<Moon>().filter(|moon| moon.name != "Deimos").join(Moon::PLANET).iter()?;
    /// assert_eq!(pairs.map(|(moon, planet)| (&*moon.get().name, &*planet.get().name)).collect::<Vec<_>>(), [("Phobos", "Mars")]);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn rows<M: Model>(&self) -> Join<'_, Start<'_, M>> {
        let opened = self.table::<M>().map(|table| (Sources::Table(table.rows.keys()), Start { rows: table.rows }));
        Join { database: self, opened }
    }

    /// The rows with these ids, in the order of the slice, as often as it has them: what a [join](Join) starts with.
    ///
    /// The ids are looked up when this is called, O(ids): a stale or null one is the error of [`Join::iter`], and nothing
    /// is joined.
    pub fn rows_at<'a, M: Model>(&'a self, ids: &'a [Id<M>]) -> Join<'a, Start<'a, M>> {
        let opened = self.table::<M>().and_then(|table| {
            ids.iter().try_for_each(|id| table.row(*id).map(|_| ()))?;
            Ok((Sources::Ids(ids.iter()), Start { rows: table.rows }))
        });
        Join { database: self, opened }
    }

    /// All rows of the table that a relation goes from, each with the row, or the rows, that it leads to. The same as
    /// [`rows`](Database::rows) and [`Join::join`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Star { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { #[model(belongs_to)] star_id: Id<Star> }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Star>().model::<Planet>().model::<Moon>().build()?;
    /// # let star_id = db.insert(Star { name: "Sun".into() })?;
    /// # let planet_id = db.insert(Planet { star_id })?;
    /// # db.insert(Moon { planet_id })?;
    /// assert_eq!(db.join(Moon::PLANET).iter()?.count(), 1);
    /// // A chain of relations leads to the row at its end; planets are passed over.
    /// for (_moon, star) in db.join(Moon::PLANET.then(Planet::STAR)).iter()? {
    ///     assert_eq!(star.name, "Sun");
    /// }
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn join<H: Hop>(&self, hop: H) -> Join<'_, H::Stage<'_, Start<'_, H::From>, FromLast, Required>> {
        self.rows::<H::From>().join(hop)
    }
}

impl<'a, M: Model> Join<'a, Start<'a, M>> {
    /// The rows of these keys, which are stored.
    pub(crate) fn of_keys(database: &'a Database, keys: Vec<DefaultKey>) -> Result<Self, Error> {
        let rows = database.table::<M>()?.rows;
        Ok(Join { database, opened: Ok((Sources::Keys(keys.into_iter()), Start { rows })) })
    }
}

impl<'a, S: Stage<'a>> Join<'a, S> {
    /// Only the results that pass a test. It is called once for each result that has come so far, in order; what is
    /// joined later is joined for those that it leaves.
    ///
    /// A row is touched if the test reads it, and not if it asks for the id only: `|(_, order)| wanted.contains(&order.id())`.
    pub fn filter<F: Fn(S::Item) -> bool>(self, passes: F) -> Join<'a, Filtered<S, F>> {
        let Join { database, opened } = self;
        Join { database, opened: opened.map(|(sources, before)| (sources, Filtered { before, passes })) }
    }

    /// Only the results whose row that was joined last meets a predicate: as [`Join::filter`], with what the predicate reads
    /// looked up once. Fields that are columns are read without their rows.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Moon { #[model(belongs_to)] planet_id: Id<Planet>, radius_km: u32 }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// # let planet_id = db.insert(Planet { name: "Mars".into() })?;
    /// # db.insert_many([11, 6].map(|radius_km| Moon { planet_id, radius_km }))?;
    /// let large = db.rows::<Moon>().filter_by(Moon::FIELDS.radius_km.gt(10)).join(Moon::PLANET);
    /// assert_eq!(large.iter()?.count(), 1);
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "as everywhere where predicates are given")]
    pub fn filter_by<C: Condition<S::Last>>(self, predicate: Predicate<S::Last, C>) -> Join<'a, Met<'a, S, C>>
    where
        S: EndsInRow,
    {
        let Join { database, opened } = self;
        let opened = opened.and_then(|(sources, before)| {
            let rows = database.table::<S::Last>()?.rows;
            Ok((sources, Met { before, rows, test: predicate.condition.open(database)? }))
        });
        Join { database, opened }
    }

    /// Joins another table, from the row that was joined last: each result with the row, or with each of the rows, that
    /// the hop leads to. See [`Hop`]; O(1) for each, no hashing, touching no row.
    pub fn join<H: Hop<From = S::Last>>(self, hop: H) -> Join<'a, H::Stage<'a, S, FromLast, Required>>
    where
        S: EndsInRow,
        S::Item: Append<Joined<'a, H::To>>,
    {
        let _ = hop;
        self.along::<H, _, Required>(FromLast)
    }

    /// Joins another table, from any row of a result: `row` says which.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Port { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Voyage { #[model(belongs_to)] from_id: Id<Port>, #[model(belongs_to)] to_id: Id<Port> }
    /// # let mut db = Database::builder().model::<Port>().model::<Voyage>().build()?;
    /// # let from_id = db.insert(Port { name: "Brest".into() })?;
    /// # let to_id = db.insert(Port { name: "Cork".into() })?;
    /// # db.insert(Voyage { from_id, to_id })?;
    /// for (_, from, to) in db.join(Voyage::FROM).join_from(|(voyage, _)| voyage, Voyage::TO).iter()? {
    ///     assert_eq!((&*from.name, &*to.name), ("Brest", "Cork"));
    /// }
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn join_from<H: Hop, P>(self, row: P, hop: H) -> Join<'a, H::Stage<'a, S, Picked<P>, Required>>
    where
        S::Item: Append<Joined<'a, H::To>>,
        P: Fn(S::Item) -> Joined<'a, H::From>,
    {
        let _ = hop;
        self.along::<H, _, Required>(Picked(row))
    }

    /// Joins another table as [`Join::join`] does, and keeps the results that have nothing at the other end: once, with
    /// `None` in the place of the row.
    ///
    /// Such a join can go on by another left join, which leads from no row to no row, or from an earlier row by
    /// [`Join::join_from`]. Filters behind it see the `Option`.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] #[model(has_many(moons: Moon))] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet>, name: String }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// db.insert(Planet { name: "Venus".into() })?;
    /// let planet_id = db.insert(Planet { name: "Mars".into() })?;
    /// db.insert_many(["Phobos", "Deimos"].map(|name| Moon { planet_id, name: name.into() }))?;
    ///
    /// let join = db.rows::<Planet>().left_join(Planet::MOONS).iter()?;
    /// let names = join.map(|(planet, moon)| (&*planet.get().name, moon.map(|moon| &*moon.get().name)));
    /// assert!(names.eq([("Venus", None), ("Mars", Some("Phobos")), ("Mars", Some("Deimos"))]));
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn left_join<H: Hop<From = S::Last>>(self, hop: H) -> Join<'a, H::Stage<'a, S, FromLast, Optional>>
    where
        S::Item: Append<Option<Joined<'a, H::To>>>,
    {
        let _ = hop;
        self.along::<H, _, Optional>(FromLast)
    }

    /// [`Join::left_join`] from any row of a result: `row` says which. It may be one that an earlier left join has joined,
    /// an `Option`.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Port { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Voyage { #[model(belongs_to)] from_id: Id<Port>, #[model(belongs_to)] to_id: Option<Id<Port>> }
    /// # let mut db = Database::builder().model::<Port>().model::<Voyage>().build()?;
    /// # let from_id = db.insert(Port { name: "Brest".into() })?;
    /// # db.insert(Voyage { from_id, to_id: None })?;
    /// for (_, from, to) in db.join(Voyage::FROM).left_join_from(|(voyage, _)| voyage, Voyage::TO).iter()? {
    ///     assert_eq!(from.name, "Brest");
    ///     assert!(to.is_none(), "under way to nowhere in particular");
    /// }
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn left_join_from<H: Hop, J, P>(self, row: P, hop: H) -> Join<'a, H::Stage<'a, S, Picked<P>, Optional>>
    where
        S::Item: Append<Option<Joined<'a, H::To>>>,
        J: Into<Option<Joined<'a, H::From>>>,
        P: Fn(S::Item) -> J,
    {
        let _ = hop;
        self.along::<H, _, Optional>(Picked(row))
    }

    /// Opens the join and iterates it. One buffer is allocated; nothing is read before the first result is asked for.
    ///
    /// The results come in the order of the first table, for each of its rows in the order of the second, and so on.
    ///
    /// Errors: [`Error::UnknownModel`]; [`Error::NotFound`] for the first id of [`Database::rows_at`] that names no row;
    /// [`Error::Unresolved`] where any row of a joined relation, in this join or not, refers to one that is missing (it
    /// was stored unchecked, or checks are deferred); [`Error::Unfilled`] where one refers to a reserved id.
    #[expect(clippy::iter_not_returning_iterator, reason = "it does, unless something is missing")]
    pub fn iter(self) -> Result<JoinIter<'a, S>, Error> {
        let (sources, stages) = self.opened?;
        Ok(JoinIter { sources, block: Block::new(stages) })
    }

    fn along<H: Hop, O, P: Presence>(self, origin: O) -> Join<'a, H::Stage<'a, S, O, P>>
    where
        S::Item: Append<P::Out<Joined<'a, H::To>>>,
        O: stage::Origin<'a, S, H::From>,
    {
        let Join { database, opened } = self;
        let opened = opened.and_then(|(sources, before)| {
            let (links, table) = (H::open(database)?, database.table::<H::To>()?);
            // A filter before it would read the rows: then they say which there are, since they are at hand.
            let sources = if S::IS_START { sources.by_links(database.table()?) } else { sources };
            Ok((sources, H::stage(links, table, before, origin)))
        });
        Join { database, opened }
    }
}

#[cfg(test)]
mod tests;
