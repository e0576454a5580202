//! Conditions on related rows (behaviour R50). They are never unknown: a related row counts where its condition is true.

use std::marker::PhantomData;

use slotmap::DefaultKey;

use super::plan::{self, Conjunct, Conjuncts, Reach};
use super::{At, Condition, Predicate, Test, Truth, sealed::Sealed};
use crate::arena::Arena;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::links::no_target;
use crate::index::referrers::Referrers;
use crate::model::{AnyRelation, ListRelation, Model, Relation};
use crate::relation::{BelongsTo, HasMany, HasOne, ReferencesMany, Through};
use crate::table::Table;

/// How a row is related to others: what conditions on related rows go along.
pub trait Reaches: Copy + Send + Sync + 'static {
    /// The model of the row.
    type From: Model;
    /// The model of the related rows.
    type To: Model;
    /// What it reads.
    #[doc(hidden)]
    type Opened<'a>: Copy;

    #[doc(hidden)]
    fn open(database: &Database) -> Result<Self::Opened<'_>, Error>;
    /// Shows the related rows that are stored until one is met for which `wanted` says yes; whether there was one.
    #[doc(hidden)]
    fn any(opened: Self::Opened<'_>, at: &At<'_, Self::From>, wanted: impl FnMut(DefaultKey) -> bool) -> bool;
    /// The rows that are related to a stored row at the other end, which may come more than once; `None` where that is
    /// not kept.
    #[doc(hidden)]
    fn back(database: &Database, to: DefaultKey, rows: &mut Vec<DefaultKey>) -> Option<()>;
}

/// The related rows of a table: those that are reserved and not filled are none.
fn is_there<M>(rows: &Arena<M>, key: DefaultKey) -> bool {
    !rows.has_reserved() || rows.contains(key)
}

impl<R: Relation> Reaches for BelongsTo<R> {
    type From = R::Source;
    type To = R::Target;
    type Opened<'a> = (Table<'a, R::Source>, Table<'a, R::Target>);

    fn open(database: &Database) -> Result<Self::Opened<'_>, Error> {
        Ok((database.table()?, database.table()?))
    }
    #[inline]
    fn any(opened: Self::Opened<'_>, at: &At<'_, R::Source>, mut wanted: impl FnMut(DefaultKey) -> bool) -> bool {
        let target = opened.0.index.links[R::INDEX].target(at.key());
        !no_target::is(target) && is_there(opened.1.rows, target) && wanted(target)
    }
    fn back(database: &Database, to: DefaultKey, rows: &mut Vec<DefaultKey>) -> Option<()> {
        rows.extend(database.table::<R::Source>().ok()?.index.links[R::INDEX].sources(to));
        Some(())
    }
}

/// The rows that refer to a row.
type Owned<'a, R> = (Referrers<'a>, PhantomData<fn() -> R>);

impl<R: AnyRelation> Reaches for HasMany<R> {
    type From = R::Target;
    type To = R::Source;
    type Opened<'a> = Owned<'a, R>;

    fn open(database: &Database) -> Result<Self::Opened<'_>, Error> {
        database.table::<R::Target>()?;
        Ok((R::referrers(database.table::<R::Source>()?.index), PhantomData))
    }
    #[inline]
    fn any(opened: Self::Opened<'_>, at: &At<'_, R::Target>, wanted: impl FnMut(DefaultKey) -> bool) -> bool {
        opened.0.sources(at.key()).any(wanted)
    }
    fn back(database: &Database, to: DefaultKey, rows: &mut Vec<DefaultKey>) -> Option<()> {
        R::targets(database.table::<R::Source>().ok()?.index, to, rows);
        Some(())
    }
}

impl<R: Relation> Reaches for HasOne<R> {
    type From = R::Target;
    type To = R::Source;
    type Opened<'a> = Owned<'a, R>;

    fn open(database: &Database) -> Result<Self::Opened<'_>, Error> {
        HasMany::<R>::open(database)
    }
    #[inline]
    fn any(opened: Self::Opened<'_>, at: &At<'_, R::Target>, wanted: impl FnMut(DefaultKey) -> bool) -> bool {
        HasMany::<R>::any(opened, at, wanted)
    }
    fn back(database: &Database, to: DefaultKey, rows: &mut Vec<DefaultKey>) -> Option<()> {
        HasMany::<R>::back(database, to, rows)
    }
}

impl<L: ListRelation> Reaches for ReferencesMany<L> {
    type From = L::Source;
    type To = L::Target;
    type Opened<'a> = (Table<'a, L::Source>, Table<'a, L::Target>);

    fn open(database: &Database) -> Result<Self::Opened<'_>, Error> {
        Ok((database.table()?, database.table()?))
    }
    #[inline]
    fn any(opened: Self::Opened<'_>, at: &At<'_, L::Source>, mut wanted: impl FnMut(DefaultKey) -> bool) -> bool {
        let listed = opened.0.index.list(L::INDEX).of(at.key()).iter();
        listed
            .filter(|listing| !listing.waits() && is_there(opened.1.rows, listing.target))
            .any(|listing| wanted(listing.target))
    }
    fn back(database: &Database, to: DefaultKey, rows: &mut Vec<DefaultKey>) -> Option<()> {
        rows.extend(database.table::<L::Source>().ok()?.index.list(L::INDEX).referrers().sources(to));
        Some(())
    }
}

impl<A: Relation, B: Relation<Source = A::Source>> Reaches for Through<A, B> {
    type From = A::Target;
    type To = B::Target;
    type Opened<'a> = (Table<'a, A::Source>, Table<'a, B::Target>);

    fn open(database: &Database) -> Result<Self::Opened<'_>, Error> {
        database.table::<A::Target>()?;
        Ok((database.table()?, database.table()?))
    }
    #[inline]
    fn any(opened: Self::Opened<'_>, at: &At<'_, A::Target>, mut wanted: impl FnMut(DefaultKey) -> bool) -> bool {
        let links = opened.0.index.links[A::INDEX].sources(at.key());
        let mut targets = links.map(|link| opened.0.index.links[B::INDEX].target(link));
        targets.any(|target| !no_target::is(target) && is_there(opened.1.rows, target) && wanted(target))
    }
    fn back(database: &Database, to: DefaultKey, rows: &mut Vec<DefaultKey>) -> Option<()> {
        let links = database.table::<A::Source>().ok()?;
        let owners = links.index.links[B::INDEX].sources(to).map(|link| links.index.links[A::INDEX].target(link));
        rows.extend(owners.filter(|owner| !no_target::is(*owner)));
        Some(())
    }
}

/// At least one related row meets a condition.
#[derive(Debug, Clone, Copy)]
pub struct Has<R, C> {
    condition: C,
    relation: PhantomData<fn() -> R>,
}

impl<R, C> Has<R, C> {
    pub(crate) fn of(condition: C) -> Self {
        Has { condition, relation: PhantomData }
    }
}
impl<R, C> Sealed for Has<R, C> {}
impl<R: Reaches, C: Condition<R::To>> Condition<R::From> for Has<R, C> {
    type Opened<'a> = OpenedHas<'a, R, C::Opened<'a>>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        let to = database.table::<R::To>()?.rows;
        Ok(OpenedHas { relation: R::open(database)?, to, test: self.condition.open(database)? })
    }
    fn conjuncts<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool {
        found.push(Conjunct::Related(self));
        false
    }
}

impl<R: Reaches, C: Condition<R::To>> Reach for Has<R, C> {
    fn sources(&self, database: &Database, most: usize) -> Option<Vec<DefaultKey>> {
        let to = database.table::<R::To>().ok()?;
        let conjuncts = Conjuncts::of(&self.condition);
        let way = plan::ways(database, to, &conjuncts).into_iter().min_by_key(|way| way.rows)?;
        if way.rows > most {
            return None;
        }
        let test = self.condition.open(database).ok()?;
        let mut sources = Vec::new();
        for key in way.keys(to) {
            if to.rows.contains(key) && test.test(&At::of_key(to.rows, key)) == Truth::True {
                R::back(database, key, &mut sources)?;
            }
            if sources.len() > most {
                return None;
            }
        }
        Some(sources)
    }
}

/// [`Has`] on a database.
pub struct OpenedHas<'a, R: Reaches, T> {
    relation: R::Opened<'a>,
    to: &'a Arena<R::To>,
    test: T,
}
impl<R: Reaches, T: Test<R::To>> Test<R::From> for OpenedHas<'_, R, T> {
    #[inline]
    fn test(&self, at: &At<'_, R::From>) -> Truth {
        R::any(self.relation, at, |key| self.test.test(&At::of_key(self.to, key)) == Truth::True).into()
    }
}

/// Every related row meets a condition.
#[derive(Debug, Clone, Copy)]
pub struct Every<R, C> {
    condition: C,
    relation: PhantomData<fn() -> R>,
}
#[cfg(feature = "json")]
impl<R, C> Every<R, C> {
    pub(crate) fn of(condition: C) -> Self {
        Every { condition, relation: PhantomData }
    }
}
impl<R, C> Sealed for Every<R, C> {}
impl<R: Reaches, C: Condition<R::To>> Condition<R::From> for Every<R, C> {
    type Opened<'a> = OpenedEvery<'a, R, C::Opened<'a>>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        let to = database.table::<R::To>()?.rows;
        Ok(OpenedEvery { relation: R::open(database)?, to, test: self.condition.open(database)? })
    }
}

/// [`Every`] on a database.
pub struct OpenedEvery<'a, R: Reaches, T> {
    relation: R::Opened<'a>,
    to: &'a Arena<R::To>,
    test: T,
}
impl<R: Reaches, T: Test<R::To>> Test<R::From> for OpenedEvery<'_, R, T> {
    #[inline]
    fn test(&self, at: &At<'_, R::From>) -> Truth {
        (!R::any(self.relation, at, |key| self.test.test(&At::of_key(self.to, key)) != Truth::True)).into()
    }
}

/// One row that a relation leads to.
#[derive(Debug, Clone, Copy)]
pub struct Is<R> {
    target: DefaultKey,
    relation: PhantomData<fn() -> R>,
}
impl<R> Sealed for Is<R> {}
impl<R: Relation> Condition<R::Source> for Is<R> {
    type Opened<'a> = OpenedIs<'a, R>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok(OpenedIs { target: self.target, sources: database.table()? })
    }
    fn conjuncts<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool {
        found.push(Conjunct::Target { relation: R::INDEX, target: Id::<R::Target>::from_key(self.target).erase() });
        false
    }
}
/// [`Is`] on a database.
pub struct OpenedIs<'a, R: Relation> {
    target: DefaultKey,
    sources: Table<'a, R::Source>,
}
impl<R: Relation> Test<R::Source> for OpenedIs<'_, R> {
    #[inline]
    fn test(&self, at: &At<'_, R::Source>) -> Truth {
        (self.sources.index.links[R::INDEX].target(at.key()) == self.target).into()
    }
}

impl<R: Relation> BelongsTo<R> {
    /// Holds for the rows that have a target which meets a condition. Never unknown.
    pub fn has<C: Condition<R::Target>>(self, target: Predicate<R::Target, C>) -> Predicate<R::Source, Has<Self, C>> {
        Predicate::of(Has::of(target.condition))
    }

    /// Holds for the rows whose target this is. Never unknown.
    pub fn is(self, target: Id<R::Target>) -> Predicate<R::Source, Is<R>> {
        Predicate::of(Is { target: target.key(), relation: PhantomData })
    }
}

impl<R: Relation> HasOne<R> {
    /// Holds for the rows to which a row refers that meets a condition. Never unknown.
    pub fn has<C: Condition<R::Source>>(self, source: Predicate<R::Source, C>) -> Predicate<R::Target, Has<Self, C>> {
        Predicate::of(Has::of(source.condition))
    }
}

macro_rules! to_many {
    ($([$($generics:tt)*] $relation:ty;)+) => {$(
        impl<$($generics)*> $relation {
            /// Holds for the rows of which at least one related row meets a condition. Never unknown.
            pub fn some<C: Condition<<Self as Reaches>::To>>(
                self,
                related: Predicate<<Self as Reaches>::To, C>,
            ) -> Predicate<<Self as Reaches>::From, Has<Self, C>> {
                Predicate::of(Has::of(related.condition))
            }

            /// Holds for the rows of which no related row meets a condition; also where there is none. Never unknown.
            pub fn none<C: Condition<<Self as Reaches>::To>>(
                self,
                related: Predicate<<Self as Reaches>::To, C>,
            ) -> Predicate<<Self as Reaches>::From, super::Not<Has<Self, C>>> {
                Predicate::of(super::Not(Has::of(related.condition)))
            }

            /// Holds for the rows of which every related row meets a condition; also where there is none. Never unknown: a
            /// related row for which the condition is unknown does not meet it.
            pub fn every<C: Condition<<Self as Reaches>::To>>(
                self,
                related: Predicate<<Self as Reaches>::To, C>,
            ) -> Predicate<<Self as Reaches>::From, Every<Self, C>> {
                Predicate::of(Every { condition: related.condition, relation: PhantomData })
            }
        }
    )+};
}
to_many! {
    [R: AnyRelation] HasMany<R>;
    [L: ListRelation] ReferencesMany<L>;
    [A: Relation, B: Relation<Source = A::Source>] Through<A, B>;
}
