//! Paths that lead to many rows: `has_many`, and reading it whole.

use std::iter::FusedIterator;

use slotmap::DefaultKey;

use super::{Item, Path, Sealed, expect_owners, is_broken, is_stored, show_length};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::referrers::{Referrers, Sources};
use crate::model::{AnyRelation, Model, Presence};
use crate::relation::HasMany;
use crate::table::Table;

/// A path whose item is a list of rows.
pub trait ToMany: Path {
    /// The model of the rows.
    type To: Model;

    /// Their table.
    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, Self::To>;
    /// Makes the keys of sources that have no list *stale*, in place.
    fn check(opened: &Self::Opened<'_>, keys: &mut [DefaultKey]);
    /// Adds the keys of a source's list to `keys`. The source has been checked.
    fn gather(&self, opened: &Self::Opened<'_>, source: DefaultKey, keys: &mut Vec<DefaultKey>);
}

/// A path to many rows that can be taken one by one, so that a scope stops where it has enough.
pub trait Whole: ToMany {
    /// The keys of a source's list. The source has been checked.
    fn keys<'k, 'a: 'k>(opened: &'k Self::Opened<'a>, source: DefaultKey) -> impl Iterator<Item = DefaultKey>;
}

/// A relation as its targets see it.
#[derive(Clone, Copy)]
pub struct Owners<'a, R: AnyRelation> {
    referrers: Referrers<'a>,
    sources: Table<'a, R::Source>,
    targets: Table<'a, R::Target>,
}

impl<'a, R: AnyRelation> Owners<'a, R> {
    fn open(database: &'a Database) -> Result<Self, Error> {
        let sources = database.table::<R::Source>()?;
        Ok(Owners { referrers: R::referrers(sources.index), sources, targets: database.table::<R::Target>()? })
    }

    /// Makes the keys of owners that are not stored *stale*.
    fn expect(&self, keys: &mut [DefaultKey]) {
        expect_owners(self.referrers, self.targets, keys);
    }
}

/// The rows that belong to an owner with their ids, in the order in which they joined it (behaviour R16).
///
/// Reads the relation's own list: nothing is copied, and the length is known at once.
pub struct Children<'a, M> {
    sources: Sources<'a>,
    table: Table<'a, M>,
}

impl<M> Clone for Children<'_, M> {
    fn clone(&self) -> Self {
        Children { sources: self.sources.clone(), table: self.table }
    }
}

impl<'a, M: Model> Children<'a, M> {
    #[inline]
    pub(super) fn of(referrers: Referrers<'a>, table: Table<'a, M>, owner: DefaultKey) -> Self {
        Children { sources: referrers.sources(owner), table }
    }

    /// The key of the next row, which is not touched.
    #[inline]
    pub(super) fn next_key(&mut self) -> Option<DefaultKey> {
        self.sources.next()
    }

    #[inline]
    fn row(&self, key: DefaultKey) -> Option<(Id<M>, &'a M)> {
        Some((Id::from_key(key), self.table.get(Id::from_key(key))?))
    }
}

impl<'a, M: Model> Iterator for Children<'a, M> {
    type Item = (Id<M>, &'a M);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.sources.next_slot()?;
        // A listed source is the row of its slot. Most slots were never used twice: then its generation is known, and need
        // not be fetched from the link column, which would be one more miss of the cache.
        match self.table.rows.first_in_slot(slot) {
            Some((key, row)) => Some((Id::from_key(key), row)),
            None => self.row(self.sources.key(slot)),
        }
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.sources.size_hint()
    }
}
impl<M: Model> DoubleEndedIterator for Children<'_, M> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let key = self.sources.next_back()?;
        self.row(key)
    }
}
impl<M: Model> ExactSizeIterator for Children<'_, M> {}
impl<M: Model> FusedIterator for Children<'_, M> {}
show_length!([M: Model] Children<'_, M>, "Children");

impl<R: AnyRelation> Sealed for HasMany<R> {}
impl<R: AnyRelation> Path for HasMany<R> {
    type From = R::Target;
    type Item<'a, Before: Presence> = Children<'a, R::Source>;
    type Opened<'a> = Owners<'a, R>;
    type Block = ();

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Owners::open(database)
    }
    #[inline]
    fn resolve(&self, opened: &Owners<'_, R>, keys: &mut [DefaultKey], (): &mut ()) {
        opened.expect(keys);
    }
    /// An absent owner has no list, which reads as an empty one.
    #[inline]
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        (): &(),
        _: usize,
        key: DefaultKey,
    ) -> Option<Children<'a, R::Source>> {
        (!is_broken(key)).then(|| Children::of(opened.referrers, opened.sources, key))
    }
    fn explain(opened: &Owners<'_, R>, source: DefaultKey) -> Result<(), Error> {
        opened.targets.row(Id::from_key(source)).map(|_| ())
    }
}
impl<R: AnyRelation> ToMany for HasMany<R> {
    type To = R::Source;

    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, R::Source> {
        opened.sources
    }
    fn check(opened: &Owners<'_, R>, keys: &mut [DefaultKey]) {
        opened.expect(keys);
    }
    fn gather(&self, opened: &Owners<'_, R>, source: DefaultKey, keys: &mut Vec<DefaultKey>) {
        keys.extend(Self::keys(opened, source));
    }
}
impl<R: AnyRelation> Whole for HasMany<R> {
    fn keys<'k, 'a: 'k>(opened: &'k Owners<'a, R>, source: DefaultKey) -> impl Iterator<Item = DefaultKey> {
        opened.referrers.sources(source)
    }
}

impl Database {
    /// The rows that belong to an owner, or that list it, in the order in which they joined it. O(1), then O(1) a row.
    ///
    /// A stale owner is an error, never another row's children.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] #[model(has_many(moons: Moon))] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet>, name: String }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.insert(Moon { planet_id: mars, name: "Phobos".into() })?;
    /// db.insert(Moon { planet_id: mars, name: "Deimos".into() })?;
    /// let moons = db.children(mars, Planet::MOONS)?;
    /// assert_eq!(moons.len(), 2);
    /// assert_eq!(moons.map(|(_, moon)| moon.name.as_str()).collect::<Vec<_>>(), ["Phobos", "Deimos"]);
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[inline]
    pub fn children<R: AnyRelation>(
        &self,
        owner: Id<R::Target>,
        relation: HasMany<R>,
    ) -> Result<Children<'_, R::Source>, Error> {
        let _ = relation;
        let owners = Owners::<R>::open(self)?;
        if is_stored(owners.referrers, owners.targets, owner.key()) {
            Ok(Children::of(owners.referrers, owners.sources, owner.key()))
        } else {
            Err(owners.targets.not_found(owner.key()))
        }
    }

    /// How many rows a path leads to from a row: that belong to an owner, that a list names. O(1), but for a scope, which
    /// is gone through. A stale id is an error.
    pub fn count<'a, P: Path>(&'a self, id: Id<P::From>, path: P) -> Result<usize, Error>
    where
        Item<'a, P>: IntoIterator<IntoIter: ExactSizeIterator>,
    {
        Ok(self.related(id, path)?.into_iter().len())
    }

    /// Whether a path leads to any row. Costs and errors as for [`Database::count`].
    pub fn exists<'a, P: Path>(&'a self, id: Id<P::From>, path: P) -> Result<bool, Error>
    where
        Item<'a, P>: IntoIterator<IntoIter: ExactSizeIterator>,
    {
        self.count(id, path).map(|count| count > 0)
    }

    /// Whether any of the rows that belong to an owner passes a test; asks no further than the first. A stale owner is an
    /// error.
    pub fn exists_where<R: AnyRelation>(
        &self,
        owner: Id<R::Target>,
        relation: HasMany<R>,
        mut passes: impl FnMut(&R::Source) -> bool,
    ) -> Result<bool, Error> {
        Ok(self.children(owner, relation)?.any(|(_, row)| passes(row)))
    }

    /// How many of the rows that belong to an owner pass a test. O(rows of the owner). A stale owner is an error.
    pub fn count_where<R: AnyRelation>(
        &self,
        owner: Id<R::Target>,
        relation: HasMany<R>,
        mut passes: impl FnMut(&R::Source) -> bool,
    ) -> Result<usize, Error> {
        Ok(self.children(owner, relation)?.filter(|(_, row)| passes(row)).count())
    }
}
