//! Scopes: which of a parent's rows, in what order, how many. They hold for each parent by itself (behaviour R34).
//!
//! The results of a block of parents lie in one flat buffer with offsets, which its items share: one allocation for
//! 256 parents at most, and none where the buffer of the block before is free again.

use std::cmp::Ordering;
use std::iter::FusedIterator;
use std::ops::Range;
use std::sync::Arc;

use slotmap::DefaultKey;

use super::many::{ToMany, Whole};
use super::{Path, Sealed, is_broken, show_length};
use crate::arena::Arena;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::links::no_target;
use crate::model::{AnyRelation, ListRelation, Model, Presence, Relation};
use crate::predicate::{At, Condition, Predicate, Test, Truth};
use crate::relation::{HasMany, ReferencesMany, Through};
use crate::table::Table;

/// A relation to many rows of which each source gets a part: made by `filter`, `filter_by`, `order_by`, `skip` and `limit`
/// on it.
///
/// They apply in that order, whatever order they were called in.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] #[model(has_many(moons: Moon))] struct Planet { name: String }
/// # #[derive(Model, Clone, Serialize, Deserialize)]
/// # struct Moon { #[model(belongs_to)] planet_id: Id<Planet>, name: String, #[model(column)] radius_km: u32 }
/// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
/// # let planet_id = db.insert(Planet { name: "Jupiter".into() })?;
/// # for (name, radius_km) in [("Thebe", 49), ("Io", 1821), ("Europa", 1560), ("Ganymede", 2634)] {
/// #     db.insert(Moon { planet_id, name: name.into(), radius_km })?;
/// # }
/// let large = Planet::MOONS.filter_by(Moon::FIELDS.radius_km.gt(1000)).order_by(|a, b| b.radius_km.cmp(&a.radius_km));
/// let names = db.related(planet_id, large.limit(2))?.map(|(_, moon)| moon.name.as_str());
/// assert!(names.eq(["Ganymede", "Io"]));
/// # Ok::<(), relata::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Scoped<C, F, O> {
    relation: C,
    filter: F,
    /// `None`: in the order of the relation.
    order: Option<O>,
    skip: usize,
    limit: usize,
}

/// The type of the order where none was given.
type InPlace<C> = fn(&<C as ToMany>::To, &<C as ToMany>::To) -> Ordering;

/// Which of a source's rows a scope leaves: a closure or a predicate.
pub trait Filter<M: Model> {
    /// What it reads, looked up.
    type Opened<'a>: Clone;

    /// Looks up what it reads.
    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error>;
    /// Whether the row of a key passes; no row does not.
    fn passes(&self, opened: &Self::Opened<'_>, rows: &Arena<M>, key: DefaultKey) -> bool;
}

impl<M: Model, F: Fn(&M) -> bool> Filter<M> for F {
    type Opened<'a> = ();

    fn open(&self, _: &Database) -> Result<(), Error> {
        Ok(())
    }
    #[inline]
    fn passes(&self, (): &(), rows: &Arena<M>, key: DefaultKey) -> bool {
        rows.get(key).is_some_and(self)
    }
}

impl<M: Model, C: Condition<M>> Filter<M> for Predicate<M, C> {
    /// Shared: what is opened is cloned for cursors, threads and nested items.
    type Opened<'a> = Arc<C::Opened<'a>>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        self.condition.open(database).map(Arc::new)
    }
    #[inline]
    fn passes(&self, opened: &Self::Opened<'_>, rows: &Arena<M>, key: DefaultKey) -> bool {
        let is_there = !no_target::is(key) && (!rows.has_reserved() || rows.contains(key));
        is_there && opened.test(&At::of_key(rows, key)) == Truth::True
    }
}

/// What passes both.
#[derive(Debug, Clone, Copy)]
pub struct Both<F, G>(F, G);

impl<M: Model, F: Filter<M>, G: Filter<M>> Filter<M> for Both<F, G> {
    type Opened<'a> = (F::Opened<'a>, G::Opened<'a>);

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok((self.0.open(database)?, self.1.open(database)?))
    }
    #[inline]
    fn passes(&self, (first, next): &Self::Opened<'_>, rows: &Arena<M>, key: DefaultKey) -> bool {
        self.0.passes(first, rows, key) && self.1.passes(next, rows, key)
    }
}

/// The methods by which a relation to many rows gets a scope. Not a trait, so that users need not import one.
macro_rules! scopes {
    ([$($generics:tt)*] $relation:ty, $row:ty, [$($captured:tt)*]) => {
        impl<$($generics)*> $relation {
            fn scoped<F>(self, filter: F) -> Scoped<Self, F, InPlace<Self>> {
                Scoped { relation: self, filter, order: None, skip: 0, limit: usize::MAX }
            }

            /// Only the rows that pass a test, of each source's.
            pub fn filter<F: Fn(&$row) -> bool>(self, passes: F) -> Scoped<Self, F, InPlace<Self>> {
                self.scoped(passes)
            }

            /// Only the rows that meet a predicate, of each source's: as `filter`, with what the predicate reads looked up
            /// once for all sources. Fields that are columns are read without their rows.
            pub fn filter_by<P: Condition<$row>>(
                self,
                predicate: Predicate<$row, P>,
            ) -> Scoped<Self, Predicate<$row, P>, InPlace<Self>> {
                self.scoped(predicate)
            }

            /// Each source's rows in this order; equal ones stay as they were. O(n log n) a source.
            pub fn order_by<O>(self, order: O) -> Scoped<Self, impl Fn(&$row) -> bool + Clone + use<$($captured)*, O>, O>
            where
                O: Fn(&$row, &$row) -> Ordering,
            {
                self.scoped(|_: &$row| true).order_by(order)
            }

            /// Without the first `count` rows of each source.
            pub fn skip(
                self,
                count: usize,
            ) -> Scoped<Self, impl Fn(&$row) -> bool + Clone + use<$($captured)*>, InPlace<Self>> {
                self.scoped(|_: &$row| true).skip(count)
            }

            /// At most `count` rows of each source.
            pub fn limit(
                self,
                count: usize,
            ) -> Scoped<Self, impl Fn(&$row) -> bool + Clone + use<$($captured)*>, InPlace<Self>> {
                self.scoped(|_: &$row| true).limit(count)
            }
        }
    };
}
scopes!([R: AnyRelation] HasMany<R>, R::Source, [R]);
scopes!([L: ListRelation] ReferencesMany<L>, L::Target, [L]);
scopes!([A: Relation, B: Relation<Source = A::Source>] Through<A, B>, B::Target, [A, B]);

impl<C, F, O> Scoped<C, F, O>
where
    C: ToMany,
    F: Filter<C::To>,
    O: Fn(&C::To, &C::To) -> Ordering,
{
    /// Only the rows that pass this test too (behaviour R20: a filter narrows, it never widens).
    pub fn filter<G: Fn(&C::To) -> bool>(self, passes: G) -> Scoped<C, Both<F, G>, O> {
        self.and(passes)
    }

    /// Only the rows that meet this predicate too. See [`HasMany::filter_by`].
    #[expect(clippy::type_complexity, reason = "a scope with one filter more is no new concept")]
    pub fn filter_by<P: Condition<C::To>>(
        self,
        predicate: Predicate<C::To, P>,
    ) -> Scoped<C, Both<F, Predicate<C::To, P>>, O> {
        self.and(predicate)
    }

    fn and<G>(self, next: G) -> Scoped<C, Both<F, G>, O> {
        let Scoped { relation, filter, order, skip, limit } = self;
        Scoped { relation, filter: Both(filter, next), order, skip, limit }
    }

    /// Each source's rows in this order, in place of any before. See [`HasMany::order_by`].
    pub fn order_by<P: Fn(&C::To, &C::To) -> Ordering>(self, order: P) -> Scoped<C, F, P> {
        let Scoped { relation, filter, skip, limit, .. } = self;
        Scoped { relation, filter, order: Some(order), skip, limit }
    }

    /// Without the first `count` rows of each source.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        Scoped { skip: count, ..self }
    }

    /// At most `count` rows of each source.
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
    /// Gathers the lists of a block; keys of no target have empty ones.
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

impl<C, F, O> Sealed for Scoped<C, F, O> {}
impl<C, F, O> Path for Scoped<C, F, O>
where
    C: Whole,
    F: Filter<C::To>,
    O: Fn(&C::To, &C::To) -> Ordering,
{
    type From = C::From;
    type Item<'a, Before: Presence> = ScopedChildren<'a, C::To>;
    type Opened<'a> = (C::Opened<'a>, F::Opened<'a>);
    type Block = Arc<Flat>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok((self.relation.open(database)?, self.filter.open(database)?))
    }
    fn resolve(&self, opened: &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut Arc<Flat>) {
        refill(block).fill(self, opened, keys);
    }
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        block: &Arc<Flat>,
        i: usize,
        key: DefaultKey,
    ) -> Option<ScopedChildren<'a, C::To>> {
        let children =
            || ScopedChildren { lists: Arc::clone(block), range: block.range(i), table: C::table(&opened.0) };
        (!is_broken(key)).then(children)
    }
    fn explain(opened: &Self::Opened<'_>, source: DefaultKey) -> Result<(), Error> {
        C::explain(&opened.0, source)
    }
}
impl<C, F, O> ToMany for Scoped<C, F, O>
where
    C: Whole,
    F: Filter<C::To>,
    O: Fn(&C::To, &C::To) -> Ordering,
{
    type To = C::To;

    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, C::To> {
        C::table(&opened.0)
    }
    fn check(opened: &Self::Opened<'_>, keys: &mut [DefaultKey]) {
        C::check(&opened.0, keys);
    }
    fn gather(&self, (opened, filter): &Self::Opened<'_>, source: DefaultKey, keys: &mut Vec<DefaultKey>) {
        let table = C::table(opened);
        let row = |key: DefaultKey| table.get(Id::from_key(key));
        let passing = C::keys(opened, source).filter(|key| self.filter.passes(filter, table.rows, *key));
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
