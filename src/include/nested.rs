//! Paths that go on from each of many rows: `then` keeps what comes of it, `with` keeps the row beside it.
//!
//! The children of a block of parents are gathered into one flat buffer, and the inner path is resolved over that,
//! again in blocks. What an inner path has resolved is kept for the block; its items are made as they are asked for.

use std::cmp::Ordering;
use std::iter::FusedIterator;
use std::ops::Range;
use std::sync::Arc;

use slotmap::DefaultKey;

use super::many::{ToMany, Whole};
use super::scope::{Filter, Flat, Scoped, refill};
use super::{BLOCK, Item, Path, Sealed, broken, is_broken, show_length};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::{AnyRelation, ListRelation, Presence, Relation};
use crate::relation::{HasMany, ReferencesMany, Through};
use crate::table::Table;

/// A path to many rows, and what each of them gets from another path beside it; made by `with`.
#[derive(Debug, Clone, Copy)]
pub struct WithEach<C, P> {
    children: C,
    inner: P,
}

/// A path to many rows and another path from each of them; made by `then`.
#[derive(Debug, Clone, Copy)]
pub struct ThenEach<C, P>(WithEach<C, P>);

/// What resolving a block of parents leaves: their children, and the inner path resolved for those.
#[derive(Debug, Default)]
pub struct Lists<B> {
    children: Flat,
    /// What the inner path has left of the children's keys, block by block.
    keys: Vec<DefaultKey>,
    blocks: Vec<B>,
}

/// The children of one row, each with what it gets from a path: `(id, row, item)`. An item whose path breaks is an
/// error in its place.
pub struct Tree<'a, C: ToMany, P: Path> {
    table: Table<'a, C::To>,
    inner: P::Opened<'a>,
    lists: Arc<Lists<P::Block>>,
    range: Range<usize>,
}

/// What each child of one row gets from a path. An item whose path breaks is an error in its place.
pub struct Each<'a, C: ToMany, P: Path>(Tree<'a, C, P>);

impl<C: ToMany, P: Path> Clone for Tree<'_, C, P> {
    fn clone(&self) -> Self {
        let Tree { table, inner, lists, range } = self;
        Tree { table: *table, inner: inner.clone(), lists: Arc::clone(lists), range: range.clone() }
    }
}
impl<C: ToMany, P: Path> Clone for Each<'_, C, P> {
    fn clone(&self) -> Self {
        Each(self.0.clone())
    }
}

impl<'a, C: ToMany, P: Path<From = C::To>> Tree<'a, C, P> {
    /// The place in the flat buffer, the child's key, its item.
    #[inline]
    fn next_item(&mut self) -> Option<(DefaultKey, Result<Item<'a, P>, Error>)> {
        let at = self.range.next()?;
        let child = self.lists.children.keys[at];
        let item = P::item(&self.inner, &self.lists.blocks[at / BLOCK], at % BLOCK, self.lists.keys[at]);
        Some((child, item.ok_or_else(|| broken::<P>(&self.inner, child))))
    }
}

impl<'a, C: ToMany, P: Path<From = C::To>> Iterator for Tree<'a, C, P> {
    type Item = Result<(Id<C::To>, &'a C::To, Item<'a, P>), Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (child, item) = self.next_item()?;
        let id = Id::from_key(child);
        Some(self.table.row(id).and_then(|row| Ok((id, row, item?))))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}
impl<C: ToMany, P: Path<From = C::To>> ExactSizeIterator for Tree<'_, C, P> {}
impl<C: ToMany, P: Path<From = C::To>> FusedIterator for Tree<'_, C, P> {}
show_length!([C: ToMany, P: Path<From = C::To>] Tree<'_, C, P>, "Tree");

impl<'a, C: ToMany, P: Path<From = C::To>> Iterator for Each<'a, C, P> {
    type Item = Result<Item<'a, P>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_item().map(|(_, item)| item)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.range.size_hint()
    }
}
impl<C: ToMany, P: Path<From = C::To>> ExactSizeIterator for Each<'_, C, P> {}
impl<C: ToMany, P: Path<From = C::To>> FusedIterator for Each<'_, C, P> {}
show_length!([C: ToMany, P: Path<From = C::To>] Each<'_, C, P>, "Each");

impl<C, P> Sealed for WithEach<C, P> {}
impl<C: ToMany, P: Path<From = C::To>> Path for WithEach<C, P> {
    type From = C::From;
    type Item<'a, Before: Presence> = Tree<'a, C, P>;
    type Opened<'a> = (C::Opened<'a>, P::Opened<'a>);
    type Block = Arc<Lists<P::Block>>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok((self.children.open(database)?, self.inner.open(database)?))
    }
    fn resolve(&self, (children, inner): &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut Self::Block) {
        let lists = refill(block);
        lists.children.fill(&self.children, children, keys);
        lists.keys.clone_from(&lists.children.keys);
        lists.blocks.resize_with(lists.keys.len().div_ceil(BLOCK), P::Block::default);
        for (keys, block) in lists.keys.chunks_mut(BLOCK).zip(&mut lists.blocks) {
            self.inner.resolve_linked(inner, keys, block);
        }
    }
    fn item<'a, Before: Presence>(
        (children, inner): &Self::Opened<'a>,
        block: &Self::Block,
        i: usize,
        key: DefaultKey,
    ) -> Option<Tree<'a, C, P>> {
        if is_broken(key) {
            return None;
        }
        let lists = Arc::clone(block);
        Some(Tree { table: C::table(children), inner: inner.clone(), range: lists.children.range(i), lists })
    }
    fn explain((children, _): &Self::Opened<'_>, source: DefaultKey) -> Result<(), Error> {
        C::explain(children, source)
    }
}

impl<C, P> Sealed for ThenEach<C, P> {}
impl<C: ToMany, P: Path<From = C::To>> Path for ThenEach<C, P> {
    type From = C::From;
    type Item<'a, Before: Presence> = Each<'a, C, P>;
    type Opened<'a> = (C::Opened<'a>, P::Opened<'a>);
    type Block = Arc<Lists<P::Block>>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        self.0.open(database)
    }
    fn resolve(&self, opened: &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut Self::Block) {
        self.0.resolve(opened, keys, block);
    }
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        block: &Self::Block,
        i: usize,
        key: DefaultKey,
    ) -> Option<Each<'a, C, P>> {
        <WithEach<C, P>>::item::<Before>(opened, block, i, key).map(Each)
    }
    fn explain(opened: &Self::Opened<'_>, source: DefaultKey) -> Result<(), Error> {
        <WithEach<C, P>>::explain(opened, source)
    }
}

/// The methods by which paths to many rows go on. Not a trait, so that users need not import one.
macro_rules! goes_on {
    ([$($generics:tt)*] $path:ty) => {
        impl<$($generics)*> $path {
            /// Follows another path from each child: for each source an iterator of what its children get, in their
            /// order. The inner path is resolved in blocks over the children of many sources.
            pub const fn then<P: Path<From = <Self as ToMany>::To>>(self, path: P) -> ThenEach<Self, P> {
                ThenEach(WithEach { children: self, inner: path })
            }

            /// Each child together with what it gets from another path: a tree, where the path is to many rows.
            pub const fn with<P: Path<From = <Self as ToMany>::To>>(self, path: P) -> WithEach<Self, P> {
                WithEach { children: self, inner: path }
            }
        }
    };
}
goes_on!([R: AnyRelation] HasMany<R>);
goes_on!([L: ListRelation] ReferencesMany<L>);
goes_on!([A: Relation, B: Relation<Source = A::Source>] Through<A, B>);
goes_on!([
    C: Whole, F: Filter<C::To>, O: Fn(&C::To, &C::To) -> Ordering
] Scoped<C, F, O>);
