//! Predicates: conditions on the rows of a model as values, made of typed fields and relations.
//!
//! A predicate is a tree of types, so that testing a row is straight-line code. It is *opened* on a database before it is
//! tested: then the columns and links that it reads are looked up once. Beside that it says which of its conditions every
//! row must meet ([`Conjunct`]), as data, by which [`plan`] finds a way to the rows that is shorter than a scan.
//!
//! Not responsible for orders, limits and results: that is `query`.

mod fields;
mod logic;
pub(crate) mod pattern;
pub(crate) mod plan;
mod relations;
mod test;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr};

use crate::database::Database;
use crate::error::Error;
use crate::model::Model;

#[cfg(feature = "json")]
pub(crate) use fields::value_of;
pub use fields::{
    Between, Compare, Comparison, Differs, Equal, Greater, GreaterOrEqual, IsAbsent, IsIn, Less, LessOrEqual, Like,
    Matches, NotEqual, OpenedCompare, Operand, StartsWith, Text,
};
pub use logic::{All, And, Boxed, ByRow, Ids, Not, Or};
pub(crate) use plan::Conjuncts;
pub use plan::{Conjunct, Reach, Value, Wanted};
pub use relations::{Every, Has, Is, OpenedEvery, OpenedHas, OpenedIs, Reaches};
pub use test::{At, Reader, Reads, Test, Truth};
pub(crate) use test::{CHUNK, Truths};

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A condition on the rows of `M`: of fields (`Order::FIELDS.total_cents.gt(100)`), of related rows
/// (`Order::CUSTOMER.has(..)`), or of any closure ([`Predicate::by`]), combined by `and`, `or`, `not`.
///
/// A comparison with an absent value is *unknown*, as in SQL: `not` leaves it so, `and` is false where one side is false,
/// `or` true where one side is true, and a filter keeps the rows for which the whole is true.
///
/// ```
/// use relata::{Database, Model, Predicate};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Ship { name: String, crew: u32, port: Option<String> }
///
/// let mut db = Database::builder().model::<Ship>().build()?;
/// for (name, crew, port) in [("Argo", 50, None), ("Fram", 16, Some("Oslo")), ("Gjøa", 7, Some("Oslo"))] {
///     db.insert(Ship { name: name.into(), crew, port: port.map(Into::into) })?;
/// }
/// let ship = Ship::FIELDS;
/// let count = |p| db.query().filter(p).count();
/// assert_eq!(count(ship.port.eq("Oslo").and(ship.crew.lt(10)).boxed())?, 1);
/// // Of a ship without a port nobody knows whether it lies elsewhere.
/// assert_eq!(count(ship.port.eq("Oslo").not().boxed())?, 0);
/// assert_eq!(count(ship.port.differs("Oslo").boxed())?, 1);
/// assert_eq!(count(Predicate::by(|ship: &Ship| ship.name.len() as u32 > ship.crew).boxed())?, 0);
/// # Ok::<(), relata::Error>(())
/// ```
#[must_use = "a predicate does nothing until rows are asked for by it"]
pub struct Predicate<M, C> {
    pub(crate) condition: C,
    model: PhantomData<fn() -> M>,
}

impl<M, C: Clone> Clone for Predicate<M, C> {
    fn clone(&self) -> Self {
        Predicate::of(self.condition.clone())
    }
}
impl<M, C: Copy> Copy for Predicate<M, C> {}
impl<M: Model, C> fmt::Debug for Predicate<M, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predicate").field("model", &M::NAME).finish_non_exhaustive()
    }
}

/// What a predicate tests.
pub trait Condition<M: Model>: sealed::Sealed + Clone + Send + Sync {
    /// The same, with everything that it reads in a database looked up.
    type Opened<'a>: Test<M>;
    /// Whether it holds for every row.
    #[doc(hidden)]
    const IS_ALL: bool = false;

    /// Looks up what it reads.
    #[doc(hidden)]
    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error>;

    /// Adds conditions that a row must meet, and says whether a row that meets them meets all.
    #[doc(hidden)]
    fn conjuncts<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool {
        let _ = found;
        false
    }
}

impl<M, C> Predicate<M, C> {
    pub(crate) const fn of(condition: C) -> Self {
        Predicate { condition, model: PhantomData }
    }
}

impl<M: Model> Predicate<M, All> {
    /// Holds for every row.
    pub const fn always() -> Self {
        Predicate::of(All)
    }

    /// Holds for the rows for which a closure says yes; it is never unknown.
    ///
    /// The closure is called for a row of the query at most once, and only where nothing that stands before it in an `and` is
    /// false. Within a predicate over relations it is called for a related row as often as that is met, also while planning.
    pub fn by<F: Fn(&M) -> bool + Send + Sync>(passes: F) -> Predicate<M, ByRow<F>> {
        Predicate::of(ByRow::new(passes))
    }

    /// Holds for the rows with these ids.
    pub fn id_in(ids: impl IntoIterator<Item = crate::Id<M>>) -> Predicate<M, Ids> {
        Predicate::of(Ids::new(ids.into_iter().map(crate::Id::key)))
    }

    /// Holds where any of these holds; of none it is false.
    pub fn any_of(predicates: impl IntoIterator<Item = Predicate<M, Boxed<M>>>) -> Predicate<M, Boxed<M>> {
        in_pairs(predicates, |any, next| any.or(next).boxed()).unwrap_or_else(|| Self::always().not().boxed())
    }

    /// Holds where all of these hold; of none it is true.
    pub fn all_of(predicates: impl IntoIterator<Item = Predicate<M, Boxed<M>>>) -> Predicate<M, Boxed<M>> {
        in_pairs(predicates, |all, next| all.and(next).boxed()).unwrap_or_else(|| Self::always().boxed())
    }
}

/// Combines neighbours until one is left, so that what comes of many is no deeper than their number's logarithm.
fn in_pairs<T>(all: impl IntoIterator<Item = T>, combine: impl Fn(T, T) -> T) -> Option<T> {
    let mut left: Vec<T> = all.into_iter().collect();
    while left.len() > 1 {
        let mut pairs = left.into_iter();
        left = Vec::with_capacity(pairs.len().div_ceil(2));
        while let Some(first) = pairs.next() {
            left.push(match pairs.next() {
                Some(second) => combine(first, second),
                None => first,
            });
        }
    }
    left.pop()
}

impl<M: Model, C: Condition<M>> Predicate<M, C> {
    /// Holds where both hold.
    pub fn and<D: Condition<M>>(self, other: Predicate<M, D>) -> Predicate<M, And<C, D>> {
        Predicate::of(And(self.condition, other.condition))
    }

    /// Holds where one of the two holds.
    pub fn or<D: Condition<M>>(self, other: Predicate<M, D>) -> Predicate<M, Or<C, D>> {
        Predicate::of(Or(self.condition, other.condition))
    }

    /// Holds where this is false; what is unknown stays so.
    #[allow(clippy::should_implement_trait, reason = "`!` is there too")]
    pub fn not(self) -> Predicate<M, Not<C>> {
        Predicate::of(Not(self.condition))
    }

    /// The same without its type: for predicates that are put together at run time. A call for each row more.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { name: String, crew: u32 }
    /// # let mut db = Database::builder().model::<Ship>().build()?;
    /// # db.insert(Ship { name: "Fram".into(), crew: 16 })?;
    /// # let (least, name) = (Some(10), None::<&str>);
    /// let mut wanted = Predicate::always().boxed();
    /// if let Some(least) = least {
    ///     wanted = wanted.and(Ship::FIELDS.crew.ge(least)).boxed();
    /// }
    /// if let Some(name) = name {
    ///     wanted = wanted.and(Ship::FIELDS.name.like(name)).boxed();
    /// }
    /// assert!(db.query().filter(wanted).exists()?);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn boxed(self) -> Predicate<M, Boxed<M>>
    where
        C: 'static,
    {
        Predicate::of(Boxed::new(self.condition))
    }
}

impl<M: Model, C: Condition<M>, D: Condition<M>> BitAnd<Predicate<M, D>> for Predicate<M, C> {
    type Output = Predicate<M, And<C, D>>;
    fn bitand(self, other: Predicate<M, D>) -> Self::Output {
        self.and(other)
    }
}
impl<M: Model, C: Condition<M>, D: Condition<M>> BitOr<Predicate<M, D>> for Predicate<M, C> {
    type Output = Predicate<M, Or<C, D>>;
    fn bitor(self, other: Predicate<M, D>) -> Self::Output {
        self.or(other)
    }
}
impl<M: Model, C: Condition<M>> std::ops::Not for Predicate<M, C> {
    type Output = Predicate<M, Not<C>>;
    fn not(self) -> Self::Output {
        Predicate::not(self)
    }
}
