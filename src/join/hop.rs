//! What a join can go along: relations, from either end.

use std::marker::PhantomData;

use slotmap::DefaultKey;

use super::stage::{Expand, Origin, Stage, Step};
use super::{Append, Joined, Sealed};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::include::{Then, unresolved};
use crate::index::links::{Link, no_target};
use crate::index::referrers::Sources;
use crate::model::{Model, Presence, Relation};
use crate::relation::{BelongsTo, HasMany, HasOne};
use crate::table::Table;

/// What a join can go along from a row: a relation from either of its ends, or a chain of relations to one row.
///
/// | hop | what a row is joined with |
/// |---|---|
/// | `LineItem::ORDER` | its target; a row whose foreign key is absent drops out |
/// | `LineItem::ORDER.then(Order::CUSTOMER)` | the row at the end; those in between are passed over |
/// | `Customer::CARD` (has_one) | its only source; a row that has none drops out |
/// | `Customer::ORDERS` (has_many) | each of its sources, in the order in which they joined; a row that has none drops out |
///
/// What drops out of a [`join`](super::Join::join) stays in a [`left_join`](super::Join::left_join), with `None`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation that a join can go along",
    note = "a hop is a relation (`LineItem::ORDER`, `Customer::ORDERS`) or a chain to one row (`LineItem::ORDER.then(Order::CUSTOMER)`)",
    note = "many to many: `join(Post::TAGS.links()).join(PostTag::TAG)`"
)]
pub trait Hop: Sealed + Copy {
    /// The model that it goes from.
    type From: Model;
    /// The model that it leads to.
    type To: Model;
    /// The links that it reads.
    #[doc(hidden)]
    type Links<'a>: Copy;
    /// The step of a join that goes along it. `P` says whether what it leads to must be there.
    #[doc(hidden)]
    type Stage<
        'a,
        S: Stage<'a, Item: Append<P::Out<Joined<'a, Self::To>>>>,
        O: Origin<'a, S, Self::From>,
        P: Presence,
    >: Stage<'a, First = S::First>;

    /// Finds the links and proves that each leads to a stored row or says that there is none.
    #[doc(hidden)]
    fn open(database: &Database) -> Result<Self::Links<'_>, Error>;
    /// Puts the hop behind a stage.
    #[doc(hidden)]
    fn stage<'a, S, O, P: Presence>(
        links: Self::Links<'a>,
        table: Table<'a, Self::To>,
        before: S,
        origin: O,
    ) -> Self::Stage<'a, S, O, P>
    where
        S: Stage<'a, Item: Append<P::Out<Joined<'a, Self::To>>>>,
        O: Origin<'a, S, Self::From>;
}

/// A hop that leads to one row or none.
pub trait HopToOne: Hop {
    /// Whether a row can have none.
    #[doc(hidden)]
    const OPTIONAL: bool;

    /// Moves keys to where they lead; where that is nowhere, to a key of no target. Such keys stay.
    #[doc(hidden)]
    fn step(links: Self::Links<'_>, keys: &mut [DefaultKey]);
}

/// A hop that leads to any number of rows.
pub trait HopToMany: Hop {
    /// The rows that a row leads to; of a key of no target there are none.
    #[doc(hidden)]
    fn list(links: Self::Links<'_>, key: DefaultKey) -> List<'_>;
}

/// The rows that a row leads to, in the order in which they joined it.
pub struct List<'a>(Sources<'a>);

impl Iterator for List<'_> {
    type Item = DefaultKey;

    #[inline]
    fn next(&mut self) -> Option<DefaultKey> {
        self.0.next()
    }
}

/// The links of one relation.
#[derive(Clone, Copy)]
pub struct Links<'a>(&'a Link);

/// The links of a relation, none of which leads to a row that is not there.
fn whole_links<R: Relation>(database: &Database) -> Result<Links<'_>, Error> {
    let sources = database.table::<R::Source>()?;
    let targets = database.table::<R::Target>()?;
    let link = &sources.index.links[R::INDEX];
    if let Some(source) = link.first_unresolved() {
        return Err(unresolved::<R>(source, sources.row(Id::from_key(source))?));
    }
    // Inside a transaction rows may name ids that are reserved and have no row yet.
    let is_open = database.store.log.is_some();
    let unfilled = targets.rows.reserved().take_while(|_| is_open).find(|key| link.count(*key) > 0);
    unfilled.map_or(Ok(Links(link)), |key| Err(Error::Unfilled { row: Id::<R::Target>::from_key(key).erase() }))
}

macro_rules! hops {
    ($([$($generics:tt)*] $hop:ty: $from:ty => $to:ty, $links:ty, $stage:ident, $open:expr;)+) => {$(
        impl<$($generics)*> Sealed for $hop {}
        impl<$($generics)*> Hop for $hop {
            type From = $from;
            type To = $to;
            type Links<'a> = $links;
            type Stage<
                'a,
                S: Stage<'a, Item: Append<P::Out<Joined<'a, Self::To>>>>,
                O: Origin<'a, S, Self::From>,
                P: Presence,
            > = $stage<'a, S, O, Self, P>;

            fn open(database: &Database) -> Result<Self::Links<'_>, Error> {
                $open(database)
            }
            fn stage<'a, S, O, P: Presence>(
                links: Self::Links<'a>,
                table: Table<'a, Self::To>,
                before: S,
                origin: O,
            ) -> Self::Stage<'a, S, O, P>
            where
                S: Stage<'a, Item: Append<P::Out<Joined<'a, Self::To>>>>,
                O: Origin<'a, S, Self::From>,
            {
                $stage { before, origin, links, rows: table.rows, presence: PhantomData }
            }
        }
    )+};
}
hops!(
    [R: Relation] BelongsTo<R>: R::Source => R::Target, Links<'a>, Step, whole_links::<R>;
    [R: Relation] HasOne<R>: R::Target => R::Source, Links<'a>, Step, whole_links::<R>;
    [R: Relation] HasMany<R>: R::Target => R::Source, Links<'a>, Expand, whole_links::<R>;
    [A: HopToOne, B: HopToOne<From = A::To>] Then<A, B>: A::From => B::To, (A::Links<'a>, B::Links<'a>), Step,
        |database| Ok((A::open(database)?, B::open(database)?));
);

impl<R: Relation> HopToOne for BelongsTo<R> {
    const OPTIONAL: bool = !R::Presence::REQUIRED;

    #[inline]
    fn step(Links(link): Links<'_>, keys: &mut [DefaultKey]) {
        link.step(keys);
    }
}
impl<R: Relation> HopToOne for HasOne<R> {
    const OPTIONAL: bool = true;

    #[inline]
    fn step(Links(link): Links<'_>, keys: &mut [DefaultKey]) {
        for key in keys.iter_mut().filter(|key| !no_target::is(**key)) {
            *key = link.sources(*key).next().unwrap_or_else(no_target::absent);
        }
    }
}
impl<R: Relation> HopToMany for HasMany<R> {
    #[inline]
    fn list(links: Self::Links<'_>, key: DefaultKey) -> List<'_> {
        List(links.0.sources(key))
    }
}
impl<A: HopToOne, B: HopToOne<From = A::To>> HopToOne for Then<A, B> {
    const OPTIONAL: bool = A::OPTIONAL || B::OPTIONAL;

    #[inline]
    fn step((first, next): Self::Links<'_>, keys: &mut [DefaultKey]) {
        A::step(first, keys);
        B::step(next, keys);
    }
}
