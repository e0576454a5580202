//! Paths that lead to many rows: `has_many`, and reading it whole.

use std::iter::FusedIterator;

use slotmap::DefaultKey;

use super::{Ends, Path, Sealed, is_broken, show_length};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::links::Sources;
use crate::model::{Model, Presence, Relation};
use crate::relation::{HasMany, Inverse};
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
    pub(super) fn of<R: Relation<Source = M>>(ends: &Ends<'a, R>, owner: DefaultKey) -> Self {
        Children { sources: ends.link.sources(owner), table: ends.sources }
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

impl<R: Relation> Sealed for HasMany<R> {}
impl<R: Relation> Path for HasMany<R> {
    type From = R::Target;
    type Item<'a, Before: Presence> = Children<'a, R::Source>;
    type Opened<'a> = Ends<'a, R>;
    type Block = ();

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ends::open(database)
    }
    #[inline]
    fn resolve(&self, opened: &Ends<'_, R>, keys: &mut [DefaultKey], (): &mut ()) {
        opened.expect_owners(keys);
    }
    /// An absent owner has no list, which reads as an empty one.
    #[inline]
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        (): &(),
        _: usize,
        key: DefaultKey,
    ) -> Option<Children<'a, R::Source>> {
        (!is_broken(key)).then(|| Children::of(opened, key))
    }
    fn explain(opened: &Ends<'_, R>, source: DefaultKey) -> Result<(), Error> {
        opened.owner(source)
    }
}
impl<R: Relation> ToMany for HasMany<R> {
    type To = R::Source;

    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, R::Source> {
        opened.sources
    }
    fn check(opened: &Ends<'_, R>, keys: &mut [DefaultKey]) {
        opened.expect_owners(keys);
    }
    fn gather(&self, opened: &Ends<'_, R>, source: DefaultKey, keys: &mut Vec<DefaultKey>) {
        keys.extend(opened.link.sources(source));
    }
}

impl Database {
    /// The rows that belong to an owner, in the order in which they joined it. O(1), then O(1) a row.
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
    pub fn children<R: Relation>(
        &self,
        owner: Id<R::Target>,
        relation: HasMany<R>,
    ) -> Result<Children<'_, R::Source>, Error> {
        let _ = relation;
        let ends = Ends::<R>::open(self)?;
        match ends.targets.get(owner) {
            Some(_) => Ok(Children::of(&ends, owner.key())),
            None => Err(ends.targets.not_found(owner.key())),
        }
    }

    /// How many rows belong to an owner. O(1). A stale owner is an error.
    pub fn count<I: Inverse>(&self, owner: Id<<I::Relation as Relation>::Target>, relation: I) -> Result<usize, Error> {
        let _ = relation;
        self.children(owner, HasMany::<I::Relation>::new()).map(|children| children.len())
    }

    /// Whether any row belongs to an owner. O(1). A stale owner is an error.
    pub fn exists<I: Inverse>(&self, owner: Id<<I::Relation as Relation>::Target>, relation: I) -> Result<bool, Error> {
        self.count(owner, relation).map(|count| count > 0)
    }

    /// How many of the rows that belong to an owner pass a test. O(rows of the owner). A stale owner is an error.
    pub fn count_where<R: Relation>(
        &self,
        owner: Id<R::Target>,
        relation: HasMany<R>,
        mut passes: impl FnMut(&R::Source) -> bool,
    ) -> Result<usize, Error> {
        Ok(self.children(owner, relation)?.filter(|(_, row)| passes(row)).count())
    }
}
