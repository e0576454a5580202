//! Paths that lead to one row: `belongs_to`, `has_one`, chains of them.
//!
//! Such a path moves keys in place from column to column and touches the rows of its last table only.

use slotmap::DefaultKey;

use super::{Ends, Path, Sealed, is_broken, unresolved};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::links::no_target;
use crate::model::{Model, Optional, Presence, Relation};
use crate::relation::{BelongsTo, HasOne};
use crate::table::Table;

/// A path whose item is one row, or none.
pub trait ToOne: Path {
    /// The model of that row.
    type To: Model;
    /// Whether there is always one.
    type Presence: Presence;

    /// The table that the path ends in.
    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, Self::To>;
    /// Moves each key to its target, in place.
    fn step(opened: &Self::Opened<'_>, keys: &mut [DefaultKey]);
    /// The same for keys that links have given.
    #[inline]
    fn step_linked(opened: &Self::Opened<'_>, keys: &mut [DefaultKey]) {
        Self::step(opened, keys);
    }
    /// The target of one source, or *absent*; an error where the path breaks. Only for error messages.
    fn follow(opened: &Self::Opened<'_>, source: DefaultKey) -> Result<DefaultKey, Error>;
}

/// The item for the key that a path has ended with.
#[inline]
fn row_item<M: Model, P: Presence>(table: Table<'_, M>, key: DefaultKey) -> Option<P::Out<&M>> {
    match table.get(Id::from_key(key)) {
        None if key != no_target::absent() => None,
        row => P::out(row),
    }
}

impl<R: Relation> Sealed for BelongsTo<R> {}
impl<R: Relation> Path for BelongsTo<R> {
    type From = R::Source;
    type Item<'a, Before: Presence> = <Before::And<R::Presence> as Presence>::Out<&'a R::Target>;
    type Opened<'a> = Ends<'a, R>;
    type Block = ();

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ends::open(database)
    }
    #[inline]
    fn resolve(&self, opened: &Ends<'_, R>, keys: &mut [DefaultKey], (): &mut ()) {
        Self::step(opened, keys);
    }
    #[inline]
    fn resolve_linked(&self, opened: &Ends<'_, R>, keys: &mut [DefaultKey], (): &mut ()) {
        Self::step_linked(opened, keys);
    }
    #[inline]
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        (): &(),
        _: usize,
        key: DefaultKey,
    ) -> Option<Self::Item<'a, Before>> {
        row_item::<_, Before::And<R::Presence>>(opened.targets, key)
    }
    fn explain(opened: &Ends<'_, R>, source: DefaultKey) -> Result<(), Error> {
        Self::follow(opened, source).map(|_| ())
    }
}
impl<R: Relation> ToOne for BelongsTo<R> {
    type To = R::Target;
    type Presence = R::Presence;

    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, R::Target> {
        opened.targets
    }
    #[inline]
    fn step(opened: &Ends<'_, R>, keys: &mut [DefaultKey]) {
        opened.link.step(keys);
    }
    #[inline]
    fn step_linked(opened: &Ends<'_, R>, keys: &mut [DefaultKey]) {
        opened.link.step_linked(keys);
    }
    fn follow(opened: &Ends<'_, R>, source: DefaultKey) -> Result<DefaultKey, Error> {
        let row = opened.sources.row(Id::from_key(source))?;
        let target = opened.link.target(source);
        let is_absent = target == no_target::absent() && !R::Presence::REQUIRED;
        if is_absent || opened.targets.rows.contains(target) { Ok(target) } else { Err(unresolved::<R>(source, row)) }
    }
}

impl<R: Relation> Sealed for HasOne<R> {}
impl<R: Relation> Path for HasOne<R> {
    type From = R::Target;
    type Item<'a, Before: Presence> = <Before::And<Optional> as Presence>::Out<&'a R::Source>;
    type Opened<'a> = Ends<'a, R>;
    type Block = ();

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ends::open(database)
    }
    #[inline]
    fn resolve(&self, opened: &Ends<'_, R>, keys: &mut [DefaultKey], (): &mut ()) {
        Self::step(opened, keys);
    }
    #[inline]
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        (): &(),
        _: usize,
        key: DefaultKey,
    ) -> Option<Self::Item<'a, Before>> {
        row_item::<_, Before::And<Optional>>(opened.sources, key)
    }
    fn explain(opened: &Ends<'_, R>, source: DefaultKey) -> Result<(), Error> {
        opened.owner(source)
    }
}
impl<R: Relation> ToOne for HasOne<R> {
    type To = R::Source;
    type Presence = Optional;

    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, R::Source> {
        opened.sources
    }
    fn step(opened: &Ends<'_, R>, keys: &mut [DefaultKey]) {
        opened.expect_owners(keys);
        for key in keys.iter_mut().filter(|key| !no_target::is(**key)) {
            *key = opened.link.sources(*key).next().unwrap_or_else(no_target::absent);
        }
    }
    fn follow(opened: &Ends<'_, R>, source: DefaultKey) -> Result<DefaultKey, Error> {
        opened.owner(source)?;
        let mut keys = [source];
        Self::step(opened, &mut keys);
        Ok(keys[0])
    }
}

/// A path to one row and another path from there; made by `then`.
#[derive(Debug, Clone, Copy)]
pub struct Then<A, B> {
    first: A,
    next: B,
}

impl<A, B> Sealed for Then<A, B> {}
impl<A: ToOne, B: Path<From = A::To>> Path for Then<A, B> {
    type From = A::From;
    type Item<'a, Before: Presence> = B::Item<'a, Before::And<A::Presence>>;
    type Opened<'a> = (A::Opened<'a>, B::Opened<'a>);
    type Block = B::Block;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok((self.first.open(database)?, self.next.open(database)?))
    }
    #[inline]
    fn resolve(&self, (first, next): &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut B::Block) {
        A::step(first, keys);
        self.next.resolve_linked(next, keys, block);
    }
    #[inline]
    fn resolve_linked(&self, (first, next): &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut B::Block) {
        A::step_linked(first, keys);
        self.next.resolve_linked(next, keys, block);
    }
    #[inline]
    fn item<'a, Before: Presence>(
        (_, next): &Self::Opened<'a>,
        block: &B::Block,
        i: usize,
        key: DefaultKey,
    ) -> Option<Self::Item<'a, Before>> {
        B::item::<Before::And<A::Presence>>(next, block, i, key)
    }
    fn explain((first, next): &Self::Opened<'_>, source: DefaultKey) -> Result<(), Error> {
        let target = A::follow(first, source)?;
        if no_target::is(target) { Ok(()) } else { B::explain(next, target) }
    }
}
impl<A: ToOne, B: ToOne<From = A::To>> ToOne for Then<A, B> {
    type To = B::To;
    type Presence = <A::Presence as Presence>::And<B::Presence>;

    fn table<'a>((_, next): &Self::Opened<'a>) -> Table<'a, B::To> {
        B::table(next)
    }
    #[inline]
    fn step((first, next): &Self::Opened<'_>, keys: &mut [DefaultKey]) {
        A::step(first, keys);
        B::step_linked(next, keys);
    }
    #[inline]
    fn step_linked((first, next): &Self::Opened<'_>, keys: &mut [DefaultKey]) {
        A::step_linked(first, keys);
        B::step_linked(next, keys);
    }
    fn follow((first, next): &Self::Opened<'_>, source: DefaultKey) -> Result<DefaultKey, Error> {
        let target = A::follow(first, source)?;
        if no_target::is(target) { Ok(target) } else { B::follow(next, target) }
    }
}

/// A path to one row, and what that row gets from another path; made by `with`.
#[derive(Debug, Clone, Copy)]
pub struct With<A, P> {
    first: A,
    inner: P,
}

/// What resolving leaves of [`With`]: the keys of the inner path, and its block.
#[derive(Debug, Default)]
pub struct WithBlock<B> {
    pub(super) keys: super::several::Keys,
    pub(super) inner: B,
}

impl<A, P> Sealed for With<A, P> {}
impl<A: ToOne, P: Path<From = A::To>> Path for With<A, P> {
    type From = A::From;
    type Item<'a, Before: Presence> = <Before::And<A::Presence> as Presence>::Out<(&'a A::To, super::Item<'a, P>)>;
    type Opened<'a> = (A::Opened<'a>, P::Opened<'a>);
    type Block = WithBlock<P::Block>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok((self.first.open(database)?, self.inner.open(database)?))
    }
    fn resolve(&self, (first, inner): &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut Self::Block) {
        A::step(first, keys);
        block.keys.clear();
        block.keys.extend_from_slice(keys);
        self.inner.resolve_linked(inner, &mut block.keys, &mut block.inner);
    }
    fn item<'a, Before: Presence>(
        (first, inner): &Self::Opened<'a>,
        block: &Self::Block,
        i: usize,
        key: DefaultKey,
    ) -> Option<Self::Item<'a, Before>> {
        if is_broken(key) {
            return None;
        }
        let pair = match A::table(first).get(Id::from_key(key)) {
            Some(row) => Some((row, P::item(inner, &block.inner, i, block.keys[i])?)),
            None => None,
        };
        <Before::And<A::Presence>>::out(pair)
    }
    fn explain((first, inner): &Self::Opened<'_>, source: DefaultKey) -> Result<(), Error> {
        let target = A::follow(first, source)?;
        if no_target::is(target) { Ok(()) } else { P::explain(inner, target) }
    }
}

/// The methods by which paths to one row go on. Not a trait, so that users need not import one.
macro_rules! goes_on {
    ([$($generics:tt)*] $path:ty) => {
        impl<$($generics)*> $path {
            /// Goes on along another path from the row that this one leads to: `Order::CUSTOMER.then(Customer::REGION)`.
            ///
            /// The hops run from column to column: the rows in between are not touched. Where a hop is absent the item
            /// is `None`, or the empty list.
            pub const fn then<P: Path<From = <Self as ToOne>::To>>(self, path: P) -> Then<Self, P> {
                Then { first: self, next: path }
            }

            /// The row that this path leads to together with what it gets from another path.
            pub const fn with<P: Path<From = <Self as ToOne>::To>>(self, path: P) -> With<Self, P> {
                With { first: self, inner: path }
            }
        }
    };
}
goes_on!([R: Relation] BelongsTo<R>);
goes_on!([R: Relation] HasOne<R>);
goes_on!([A: ToOne, B: ToOne<From = A::To>] Then<A, B>);
