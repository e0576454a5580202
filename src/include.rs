//! Following relations: [`Path`]s, and resolving them for slices of rows.
//!
//! A path is a value made of relations: `Order::CUSTOMER`, `Order::CUSTOMER.then(Customer::REGION)`, a tuple of
//! several, `Customer::ORDERS.filter(..).limit(3)`. It is opened once (the look-ups of tables happen there) and then
//! resolved for blocks of sources, hop by hop: the reads of a hop do not depend on one another, so that the memory
//! works on many at once. That is most of what prefetching would give, and it stays lazy.
//!
//! All is generic and static: no dynamic dispatch, no hashing, and for paths to one row no allocation but one buffer of
//! keys for a whole inclusion.
//!
//! # Invariants
//! 1. `resolve` works in place: it leaves for each source what `item` makes the item from. What has no target is one of
//!    [`no_target`]: *absent* (a foreign key on the way was absent, the empty item), *unresolved* or *stale* (no item).
//!    Those of earlier hops stay as they are.
//! 2. A null id of the caller's is made *stale* before it is resolved, so that it never reads as absent.
//! 3. `item` gives nothing exactly where `explain` finds an error. Only that path walks again for its message.
//! 4. An item borrows from the database, never from the view that gave it.
//! 5. A key that a link has given names a stored row, or an id that is reserved. So only the first hop of a path compares
//!    generations, and only where it starts from ids of the caller's.
//!
//! Not responsible for whether links agree with the rows.

mod list;
mod many;
mod nested;
mod one;
#[cfg(feature = "rayon")]
mod parallel;
mod recursive;
mod scope;
mod several;
mod through;
mod view;

use std::fmt;

use slotmap::{DefaultKey, Key};

use crate::database::Database;
use crate::error::Error;
use crate::id::{Id, RowId};
use crate::index::links::{Link, no_target};
use crate::index::referrers::Referrers;
use crate::model::{Model, Presence, Reference, Relation, Required};
use crate::table::Table;

pub use list::Listed;
pub use many::Children;
pub use nested::{Each, Tree};
pub(crate) use one::Then;
#[cfg(feature = "rayon")]
pub use parallel::ParInclude;
pub use recursive::{Reached, Recursive};
pub use scope::{Scoped, ScopedChildren};
pub use through::Linked;
pub use view::Include;

/// How many sources are resolved at once: enough that the memory always has reads to work on, few enough that the
/// keys stay in the nearest cache.
const BLOCK: usize = 256;

/// A list is shown by its length: its rows need not be `Debug`.
macro_rules! show_length {
    ([$($generics:tt)*] $list:ty, $name:literal) => {
        impl<$($generics)*> std::fmt::Debug for $list {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct($name).field("len", &self.len()).finish_non_exhaustive()
            }
        }
    };
}
use show_length;

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// What can be followed from a row of one model: a relation, a chain of relations, several at once.
///
/// | path | what a source gets |
/// |---|---|
/// | `Order::CUSTOMER` | `&Customer`; `Option<&Customer>` where the foreign key is optional |
/// | `Order::CUSTOMER.then(Customer::REGION)` | `&Region`; an `Option` where any of the hops is optional |
/// | `Customer::ORDERS` | [`Children`]: an iterator of `(Id<Order>, &Order)` |
/// | `Customer::ORDERS.filter(..).order_by(..).skip(1).limit(3)` | [`ScopedChildren`], the same for what is left; `filter_by` takes a [predicate](crate::Predicate) |
/// | `Playlist::SONGS`, a list of ids | [`Listed`]: an iterator of `(Id<Song>, &Song)`, in the order of the list |
/// | `Post::TAGS`, through a link model | [`Linked`]: an iterator of `(Id<Tag>, &Tag)`; with the links if asked for |
/// | `Customer::ORDERS.then(path)` | [`Each`]: an iterator of the path's item for each child |
/// | `Customer::ORDERS.with(path)` | [`Tree`]: an iterator of `(Id<Order>, &Order, item)` |
/// | `Order::CUSTOMER.with(path)` | `(&Customer, item)`; an `Option` of it where the foreign key is optional |
/// | `(path, path)`, up to four | a tuple of the items |
/// | `Species::EVOLVES_FROM.recursive()` | [`Reached`]: an iterator of `(depth, Id<Species>, &Species)` |
///
/// Sealed: paths are made from the constants of the models.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(has_many(parts: Place))]
/// struct Place {
///     name: String,
///     population: u32,
///     #[model(belongs_to, name = whole)]
///     whole_id: Option<Id<Place>>,
/// }
/// # let mut db = Database::builder().model::<Place>().build()?;
/// # let place = |name: &str, population, whole_id| Place { name: name.into(), population, whole_id };
/// let france = db.insert(place("France", 68_000_000, None))?;
/// let rhone = db.insert(place("Rhône", 1_900_000, Some(france)))?;
/// let lyon = db.insert(place("Lyon", 520_000, Some(rhone)))?;
/// let bron = db.insert(place("Bron", 43_000, Some(rhone)))?;
///
/// let largest = Place::PARTS.order_by(|a, b| b.population.cmp(&a.population)).limit(1);
/// for pair in db.include(&[france, rhone, lyon], largest.with(Place::WHOLE)) {
///     let (place, parts) = pair?; // an error here is that of this place alone
///     for part in parts {
///         let (_id, part, whole) = part?;
///         println!("the largest part of {place} is {}, it is in {:?}", part.name, whole.map(|whole| &whole.name));
///     }
/// }
/// let around = db.related(bron, Place::WHOLE.recursive())?;
/// assert_eq!(around.map(|(depth, _, place)| (depth, &*place.name)).collect::<Vec<_>>(), [(1, "Rhône"), (2, "France")]);
/// # Ok::<(), relata::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a path that rows can be followed along",
    label = "not a path",
    note = "a path is a relation (`Order::CUSTOMER`), a chain (`Order::CUSTOMER.then(Customer::REGION)`) or a tuple of paths"
)]
pub trait Path: Sealed {
    /// The model of the sources.
    type From: Model;
    /// What one source gets. `Before` says whether a hop before this path may have been absent: [`Required`] at the
    /// start of a path.
    type Item<'a, Before: Presence>;
    /// The tables and columns that the path reads.
    #[doc(hidden)]
    type Opened<'a>: Clone;
    /// What resolving a block leaves beside the keys; used again for the next block.
    #[doc(hidden)]
    type Block: Default;

    /// Finds the tables.
    #[doc(hidden)]
    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error>;
    /// Resolves a block of sources in place.
    #[doc(hidden)]
    fn resolve(&self, opened: &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut Self::Block);
    /// The same for sources that links have given (invariant 5).
    #[doc(hidden)]
    #[inline]
    fn resolve_linked(&self, opened: &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut Self::Block) {
        self.resolve(opened, keys, block);
    }
    /// The item of the source at place `i` of the block, where resolving has left `key`.
    #[doc(hidden)]
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        block: &Self::Block,
        i: usize,
        key: DefaultKey,
    ) -> Option<Self::Item<'a, Before>>;
    /// Walks again for one source, to say at which row and relation the path breaks.
    #[doc(hidden)]
    fn explain(opened: &Self::Opened<'_>, source: DefaultKey) -> Result<(), Error>;
}

/// What a source gets from a path, see [`Path`].
pub type Item<'a, P> = <P as Path>::Item<'a, Required>;
/// A source's id and what it gets from a path: what an inclusion is made of.
pub type Pair<'a, P> = (Id<<P as Path>::From>, Item<'a, P>);

/// The error of a source to which a path gave no item.
#[cold]
#[inline(never)]
fn broken<P: Path>(opened: &P::Opened<'_>, source: DefaultKey) -> Error {
    P::explain(opened, source).err().unwrap_or_else(|| Error::IndexBroken {
        model: P::From::NAME,
        index: "links".to_owned(),
        detail: format!("a path from {:?} breaks and no row on it is missing", source.data()),
    })
}

/// Whether resolving has ended at a row that should be there and is not.
#[inline]
fn is_broken(key: DefaultKey) -> bool {
    no_target::is(key) && key != no_target::absent()
}

/// Both ends of a relation and the links between them: what every step of a path opens.
#[derive(Clone, Copy)]
pub struct Ends<'a, R: Relation> {
    link: &'a Link,
    sources: Table<'a, R::Source>,
    targets: Table<'a, R::Target>,
}

impl<'a, R: Relation> Ends<'a, R> {
    #[inline]
    fn open(database: &'a Database) -> Result<Self, Error> {
        let store = &database.store;
        let (slot, sources) = store.slot::<R::Source>()?;
        let targets = store.table_at::<R::Target>(slot.targets[R::INDEX]);
        Ok(Ends { link: &sources.index.links[R::INDEX], sources, targets })
    }

    /// Makes the keys of owners that are not stored *stale*.
    fn expect_owners(&self, keys: &mut [DefaultKey]) {
        expect_owners(self.link.referrers(), self.targets, keys);
    }

    fn owner(&self, key: DefaultKey) -> Result<(), Error> {
        self.targets.row(Id::from_key(key)).map(|_| ())
    }
}

/// Whether an owner is stored. One with children is known by their list, which is read next anyway, unless it may be an id
/// that is reserved and not filled.
#[inline]
fn is_stored<M: Model>(referrers: Referrers<'_>, owners: Table<'_, M>, owner: DefaultKey) -> bool {
    (referrers.has_any(owner) && !owners.rows.has_reserved()) || owners.rows.contains(owner)
}

/// Makes the keys of owners that are not stored *stale*: a list is found by the slot of its owner.
#[inline]
fn expect_owners<M: Model>(referrers: Referrers<'_>, owners: Table<'_, M>, keys: &mut [DefaultKey]) {
    for key in keys {
        if !is_stored(referrers, owners, *key) && !no_target::is(*key) {
            *key = no_target::stale();
        }
    }
}

/// The error for a row whose link names no target.
pub(crate) fn unresolved<R: Relation>(key: DefaultKey, row: &R::Source) -> Error {
    Error::Unresolved {
        row: RowId { table: R::Source::NAME, key },
        relation: R::NAME,
        key: R::key(row).map_or_else(|| "an absent key".to_owned(), <R::Reference as Reference<R::Target>>::describe),
    }
}

impl Database {
    /// What a row gets from a path. O(1) for each hop to one row, no hashing.
    ///
    /// Errors: [`Error::NotFound`] for a stale or null id, [`Error::Unresolved`] where the path leads over a row that
    /// was stored unchecked, [`Error::UnknownModel`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Star { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { #[model(belongs_to)] star_id: Option<Id<Star>> }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Star>().model::<Planet>().model::<Moon>().build()?;
    /// let sun = db.insert(Star { name: "Sun".into() })?;
    /// let mars = db.insert(Planet { star_id: Some(sun) })?;
    /// let phobos = db.insert(Moon { planet_id: mars })?;
    /// let planet: &Planet = db.related(phobos, Moon::PLANET)?;
    /// let star: Option<&Star> = db.related(phobos, Moon::PLANET.then(Planet::STAR))?;
    /// assert_eq!(star.unwrap().name, "Sun");
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[inline]
    pub fn related<P: Path>(&self, id: Id<P::From>, path: P) -> Result<Item<'_, P>, Error> {
        self.path(path)?.get(id)
    }

    /// The id of the row that a path leads to, without touching that row. Costs and errors as for [`Database::related`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Star { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { #[model(belongs_to)] star_id: Option<Id<Star>> }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Star>().model::<Planet>().model::<Moon>().build()?;
    /// let sun = db.insert(Star { name: "Sun".into() })?;
    /// let mars = db.insert(Planet { star_id: Some(sun) })?;
    /// let phobos = db.insert(Moon { planet_id: mars })?;
    /// assert_eq!(db.related_id(phobos, Moon::PLANET)?, mars);
    /// assert_eq!(db.related_id(phobos, Moon::PLANET.then(Planet::STAR))?, Some(sun));
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "paths are handed on by value, as for `related`")]
    pub fn related_id<P: one::ToOne>(
        &self,
        id: Id<P::From>,
        path: P,
    ) -> Result<<P::Presence as Presence>::Out<Id<P::To>>, Error> {
        let opened = path.open(self)?;
        let mut keys = [source(id)];
        P::step(&opened, &mut keys);
        let found = match keys[0] {
            key if key == no_target::absent() => P::Presence::out(None),
            // One that is reserved is named, and not there.
            key if P::table(&opened).rows.contains(key) => P::Presence::out(Some(Id::from_key(key))),
            _ => None,
        };
        found.ok_or_else(|| broken::<P>(&opened, id.key()))
    }

    /// Opens a path, to be followed many times: the look-ups of its tables are done once.
    /// The only error is [`Error::UnknownModel`].
    #[inline]
    pub fn path<P: Path>(&self, path: P) -> Result<Cursor<'_, P>, Error> {
        let opened = path.open(self)?;
        Ok(Cursor { path, opened })
    }

    /// What each row of a slice gets from a path: lazily, one result for each id, in the order of the slice
    /// (behaviour R29). No hashing, at most one probe of a column for each source and hop.
    ///
    /// An id that is stale, or whose path breaks, gives an error in its place; the others still come. Where a model is
    /// not registered, every item is that error.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// # let planet_id = db.insert(Planet { name: "Mars".into() })?;
    /// let moons = [db.insert(Moon { planet_id })?, db.insert(Moon { planet_id })?];
    /// for pair in db.include(&moons, Moon::PLANET) {
    ///     let (_moon, planet) = pair?;
    ///     assert_eq!(planet.name, "Mars");
    /// }
    /// let pairs: Vec<(Id<Moon>, &Planet)> = db.include(&moons, Moon::PLANET).to_vec()?;
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn include<'i, P: Path>(&self, ids: &'i [Id<P::From>], path: P) -> Include<'_, 'i, P> {
        let opened = path.open(self);
        Include::new(ids, path, opened)
    }
}

/// A path that has been opened, see [`Database::path`].
pub struct Cursor<'a, P: Path> {
    path: P,
    opened: P::Opened<'a>,
}

impl<P: Path> fmt::Debug for Cursor<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor(from {})", P::From::NAME)
    }
}

impl<'a, P: Path> Cursor<'a, P> {
    /// What a row gets from the path. Costs and errors as for [`Database::related`], less the look-ups of tables.
    #[inline]
    pub fn get(&self, id: Id<P::From>) -> Result<Item<'a, P>, Error> {
        let mut keys = [source(id)];
        let mut block = P::Block::default();
        self.path.resolve(&self.opened, &mut keys, &mut block);
        P::item(&self.opened, &block, 0, keys[0]).ok_or_else(|| broken::<P>(&self.opened, id.key()))
    }

    /// What each row of a slice gets from the path, see [`Database::include`].
    pub fn include<'i>(&self, ids: &'i [Id<P::From>]) -> Include<'a, 'i, P>
    where
        P: Clone,
    {
        Include::new(ids, self.path.clone(), Ok(self.opened.clone()))
    }
}

/// An id as the first hop takes it (invariant 2).
#[inline]
fn source<M>(id: Id<M>) -> DefaultKey {
    if id.is_null() { no_target::stale() } else { id.key() }
}

#[cfg(test)]
mod tests;
