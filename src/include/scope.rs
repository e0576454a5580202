//! Scopes: which of a parent's rows, in what order, how many. They hold for each parent by itself (behaviour R34).
//!
//! The results of a block of parents lie in one flat buffer with offsets, which its items share: one allocation for
//! 256 parents at most, and none where the buffer of the block before is free again.

use std::cmp::Ordering;
use std::iter::FusedIterator;
use std::ops::Range;
use std::sync::Arc;

use slotmap::DefaultKey;

use super::many::ToMany;
use super::{Ends, Path, Sealed, is_broken, show_length};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::{Model, Presence, Relation};
use crate::relation::HasMany;
use crate::table::Table;

/// A `has_many` relation of which each parent gets a part: made by `filter`, `order_by`, `skip` and `limit` on it.
///
/// They apply in that order, whatever order they were called in.
#[derive(Debug, Clone, Copy)]
pub struct Scoped<R, F, O> {
    relation: HasMany<R>,
    filter: F,
    /// `None`: in the order in which they joined.
    order: Option<O>,
    skip: usize,
    limit: usize,
}

/// The type of the order where none was given.
type Joined<R> = fn(&<R as Relation>::Source, &<R as Relation>::Source) -> Ordering;

impl<R: Relation> HasMany<R> {
    fn scoped<F>(self, filter: F) -> Scoped<R, F, Joined<R>> {
        Scoped { relation: self, filter, order: None, skip: 0, limit: usize::MAX }
    }

    /// Only the rows that pass a test, of each parent's.
    pub fn filter<F: Fn(&R::Source) -> bool>(self, passes: F) -> Scoped<R, F, Joined<R>> {
        self.scoped(passes)
    }

    /// Each parent's rows in this order; equal ones stay in the order in which they joined. O(n log n) a parent.
    pub fn order_by<O>(self, order: O) -> Scoped<R, impl Fn(&R::Source) -> bool + Clone + use<R, O>, O>
    where
        O: Fn(&R::Source, &R::Source) -> Ordering,
    {
        self.scoped(|_: &R::Source| true).order_by(order)
    }

    /// Without the first `count` rows of each parent.
    pub fn skip(self, count: usize) -> Scoped<R, impl Fn(&R::Source) -> bool + Clone + use<R>, Joined<R>> {
        self.scoped(|_: &R::Source| true).skip(count)
    }

    /// At most `count` rows of each parent.
    pub fn limit(self, count: usize) -> Scoped<R, impl Fn(&R::Source) -> bool + Clone + use<R>, Joined<R>> {
        self.scoped(|_: &R::Source| true).limit(count)
    }
}

impl<R, F, O> Scoped<R, F, O>
where
    R: Relation,
    F: Fn(&R::Source) -> bool,
    O: Fn(&R::Source, &R::Source) -> Ordering,
{
    /// Only the rows that pass this test too (behaviour R20: a filter narrows, it never widens).
    pub fn filter<G>(self, passes: G) -> Scoped<R, impl Fn(&R::Source) -> bool + use<R, F, O, G>, O>
    where
        G: Fn(&R::Source) -> bool,
    {
        let Scoped { relation, filter, order, skip, limit } = self;
        Scoped { relation, filter: move |row: &R::Source| filter(row) && passes(row), order, skip, limit }
    }

    /// Each parent's rows in this order, in place of any before. See [`HasMany::order_by`].
    pub fn order_by<P: Fn(&R::Source, &R::Source) -> Ordering>(self, order: P) -> Scoped<R, F, P> {
        let Scoped { relation, filter, skip, limit, .. } = self;
        Scoped { relation, filter, order: Some(order), skip, limit }
    }

    /// Without the first `count` rows of each parent.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        Scoped { skip: count, ..self }
    }

    /// At most `count` rows of each parent.
    #[must_use]
    pub fn limit(self, count: usize) -> Self {
        Scoped { limit: count, ..self }
    }
}

/// The lists of a block of sources, one behind the other.
#[derive(Debug, Default)]
pub struct Flat {
    pub(super) keys: Vec<DefaultKey>,
    /// Where the list of each source ends.
    ends: Vec<usize>,
}

impl Flat {
    /// Gathers the lists of a block; null keys have empty ones.
    pub(super) fn fill<C: ToMany>(&mut self, path: &C, opened: &C::Opened<'_>, sources: &mut [DefaultKey]) {
        self.keys.clear();
        self.ends.clear();
        C::check(opened, sources);
        for source in sources {
            path.gather(opened, *source, &mut self.keys);
            self.ends.push(self.keys.len());
        }
    }

    /// Where the list of the source at place `i` is.
    pub(super) fn range(&self, i: usize) -> Range<usize> {
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[i]
    }
}

/// A shared buffer to fill: the same one, unless items of the block before still hold it.
pub(super) fn refill<T: Default>(shared: &mut Arc<T>) -> &mut T {
    if Arc::get_mut(shared).is_none() {
        *shared = Arc::default();
    }
    Arc::get_mut(shared).expect("nobody else holds a buffer that was made a line ago")
}

/// The rows of one parent that a scope has left, with their ids, in its order.
#[derive(Clone)]
pub struct ScopedChildren<'a, M> {
    lists: Arc<Flat>,
    range: Range<usize>,
    table: Table<'a, M>,
}

impl<'a, M: Model> Iterator for ScopedChildren<'a, M> {
    type Item = (Id<M>, &'a M);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let id = Id::from_key(self.lists.keys[self.range.next()?]);
        Some((id, self.table.get(id)?))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}
impl<M: Model> DoubleEndedIterator for ScopedChildren<'_, M> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let id = Id::from_key(self.lists.keys[self.range.next_back()?]);
        Some((id, self.table.get(id)?))
    }
}
impl<M: Model> ExactSizeIterator for ScopedChildren<'_, M> {}
impl<M: Model> FusedIterator for ScopedChildren<'_, M> {}
show_length!([M: Model] ScopedChildren<'_, M>, "ScopedChildren");

impl<R, F, O> Sealed for Scoped<R, F, O> {}
impl<R, F, O> Path for Scoped<R, F, O>
where
    R: Relation,
    F: Fn(&R::Source) -> bool,
    O: Fn(&R::Source, &R::Source) -> Ordering,
{
    type From = R::Target;
    type Item<'a, Before: Presence> = ScopedChildren<'a, R::Source>;
    type Opened<'a> = Ends<'a, R>;
    type Block = Arc<Flat>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ends::open(database)
    }
    fn resolve(&self, opened: &Ends<'_, R>, keys: &mut [DefaultKey], block: &mut Arc<Flat>) {
        refill(block).fill(self, opened, keys);
    }
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        block: &Arc<Flat>,
        i: usize,
        key: DefaultKey,
    ) -> Option<ScopedChildren<'a, R::Source>> {
        let children = || ScopedChildren { lists: Arc::clone(block), range: block.range(i), table: opened.sources };
        (!is_broken(key)).then(children)
    }
    fn explain(opened: &Ends<'_, R>, source: DefaultKey) -> Result<(), Error> {
        opened.owner(source)
    }
}
impl<R, F, O> ToMany for Scoped<R, F, O>
where
    R: Relation,
    F: Fn(&R::Source) -> bool,
    O: Fn(&R::Source, &R::Source) -> Ordering,
{
    type To = R::Source;

    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, R::Source> {
        opened.sources
    }
    fn check(opened: &Ends<'_, R>, keys: &mut [DefaultKey]) {
        opened.expect_owners(keys);
    }
    fn gather(&self, opened: &Ends<'_, R>, source: DefaultKey, keys: &mut Vec<DefaultKey>) {
        let row = |key: DefaultKey| opened.sources.get(Id::from_key(key));
        let passing = opened.link.sources(source).filter(|key| row(*key).is_some_and(&self.filter));
        let Some(order) = &self.order else {
            keys.extend(passing.skip(self.skip).take(self.limit));
            return;
        };
        let start = keys.len();
        keys.extend(passing);
        keys[start..].sort_by(|left, right| match (row(*left), row(*right)) {
            (Some(left), Some(right)) => order(left, right),
            _ => Ordering::Equal,
        });
        let skipped = self.skip.min(keys.len() - start);
        keys.drain(start..start + skipped);
        keys.truncate(start.saturating_add(self.limit));
    }
}
