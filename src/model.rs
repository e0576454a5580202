//! What a model declares: its fields, unique keys and relations, as types.
//!
//! The derive writes implementations of these traits, and nothing but declarations; a person can write them too
//! (behaviour R44, and `examples` of it in `tests/integration/by_hand.rs`). All machinery is generic code over them,
//! dispatched statically.

mod at;
mod list;

use std::fmt::Debug;
use std::marker::PhantomData;

pub(crate) use at::{WithRelation, with_relation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slotmap::DefaultKey;

use crate::arena::Arena;
use crate::error::Missing;
use crate::id::{Id, RowId};
use crate::index::Indexes;
use crate::index::links::no_target;
use crate::key::{Key, Lookup, hash_of};
use crate::schema::Action;

pub use list::{AnyRelation, ListRelation};

/// A struct whose values are the rows of a table. Derive it with `#[derive(Model)]`.
///
/// `Clone` makes the copy that [`Database::update`](crate::Database::update) edits, serde carries rows in and out of
/// snapshots.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "add `#[derive(relata::Model, Clone, serde::Serialize, serde::Deserialize)]` to the struct"
)]
pub trait Model: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The table's name.
    const NAME: &'static str;
    /// A number to raise when the model changes in a way that field names and types do not show.
    const VERSION: u32 = 0;
    /// The fields in the order of the struct.
    const COLUMNS: &'static [Column];
    /// Which of the unique keys, in the order of [`Model::declare`], is the primary key. `None`: the id alone.
    const PRIMARY_KEY: Option<usize> = None;

    /// Shows a visitor every unique key and every relation, in the order of their `INDEX`.
    fn declare<V: Visitor<Self>>(visitor: &mut V);
}

/// One field of a model, for schemas and tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the struct.
    pub name: &'static str,
    /// Its name outside, after serde's renames.
    pub external_name: &'static str,
    /// Its type as written in the struct.
    pub type_name: &'static str,
}

/// What is shown the declarations of a model. A visitor overrides what it wants to see.
pub trait Visitor<M: Model> {
    /// A unique key of the model.
    fn unique<U: Unique<Model = M>>(&mut self) {}
    /// A relation from the model to a target.
    fn belongs_to<R: Relation<Source = M>>(&mut self) {}
    /// A list of ids that the model holds; lists come after the belongs_to relations.
    fn references_many<L: ListRelation<Source = M>>(&mut self) {}
    /// A relation of which the model is the target, and the name of its inverse.
    fn has_many<R: AnyRelation<Target = M>>(&mut self, name: &'static str) {
        let _ = name;
    }
    /// As [`Visitor::has_many`], where each owner has at most one source.
    fn has_one<R: Relation<Target = M>>(&mut self, name: &'static str) {
        let _ = name;
    }
    /// As [`Visitor::has_many`], through the sources of `A` as links, to the targets of their relation `B`.
    fn has_many_through<A: Relation<Target = M>, B: Relation<Source = A::Source>>(&mut self, name: &'static str) {
        let _ = name;
    }
}

/// A unique key of a model: a zero-sized type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a unique key of a model",
    note = "unique keys are given as constants of their model: `Customer::BY_EMAIL`"
)]
pub trait Unique: Copy + Send + Sync + 'static {
    /// The model.
    type Model: Model;
    /// The types of its parts.
    type Key: Key;
    /// The names of its fields.
    const FIELDS: &'static [&'static str];
    /// Its place among the model's unique keys.
    const INDEX: usize;

    /// The key of a row, `None` where a part is absent: absent keys do not collide (behaviour I20).
    fn key(row: &Self::Model) -> Option<<Self::Key as Key>::Ref<'_>>;
}

/// The model declares a primary key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no primary key that a field could refer to",
    note = "declare one (`#[model(primary_key)]`), name a unique key (`key_to = ..`), or refer by `Id<{Self}>`"
)]
pub trait HasPrimaryKey: Model {
    /// That key.
    type PrimaryKey: Unique<Model = Self>;
}

/// A belongs_to relation: a zero-sized type that says where the foreign key is and what it refers to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a belongs_to relation",
    note = "relations are given as constants of their model: `Order::CUSTOMER`",
    note = "the inverse of a list of ids (references_many) is has_many, and rows enter and leave it by an update of the list"
)]
pub trait Relation: Copy + Send + Sync + 'static {
    /// The model that holds the foreign key.
    type Source: Model;
    /// The model that it refers to.
    type Target: Model;
    /// [`Required`], [`Optional`] or [`OneOf`]: whether every source has a target.
    type Presence: Presence;
    /// [`ById`] or [`ByKey`]: what of the target the key names.
    type Reference: Reference<Self::Target>;
    /// The relation's name.
    const NAME: &'static str;
    /// The names of the fields that hold the key.
    const FIELDS: &'static [&'static str];
    /// Its place among the source's relations.
    const INDEX: usize;
    /// What deleting a target does.
    const ON_DELETE: Action = Action::Restrict;
    /// What changing a target's natural key does.
    const ON_UPDATE: Action = Action::Restrict;
    /// Whether the foreign key, and `no_action`, are judged at the commit in every transaction (behaviour I10), as
    /// SQL's `DEFERRABLE INITIALLY DEFERRED`. Outside of transactions they are judged at once.
    const DEFERRED: bool = false;
    /// Whether following it over and over never leads a row back to itself (behaviour I21). Only where source and target
    /// are one model.
    const ACYCLIC: bool = false;

    /// The foreign key of a row; `None` where a part is absent, which switches the check off (behaviour I2).
    fn key(row: &Self::Source) -> Option<KeyRef<'_, Self>>;
    /// Writes the foreign key into a row. `None` clears its optional parts, and is passed where the presence is
    /// [`Optional`] only.
    fn assign(row: &mut Self::Source, key: Option<KeyOf<Self>>);

    /// The key that `set_default` gives sources which refer by a natural key (behaviour I13). Those that refer by id take
    /// the row that [`Database::set_default_target`](crate::Database::set_default_target) has set.
    fn default_key() -> Option<KeyOf<Self>> {
        None
    }
}

/// A foreign key as a row lends it: an id, or references to the fields.
pub type KeyRef<'a, R> = <<R as Relation>::Reference as Reference<<R as Relation>::Target>>::Ref<'a>;
/// A foreign key that is handed about: an id, the field's type, or a tuple of the fields' types.
pub type KeyOf<R> = <<R as Relation>::Reference as Reference<<R as Relation>::Target>>::Owned;

/// Finds the only relation from `Self` to `T`, so that `has_many(orders: Order)` need not name it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no single relation to `{T}`",
    note = "add `#[model(belongs_to)]` to a field of `{Self}`, or `#[model(references_many)]` to a list of ids; where it \
            has several, say which by `via = ..`"
)]
pub trait RefersTo<T: Model>: Model {
    /// That relation.
    type By: AnyRelation<Source = Self, Target = T>;
}

/// Finds a relation by its name, given as [`name_hash`]: what `via = buyer` stands on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relation of the name given",
    note = "the name after `via` is that of a relation: the field's name without `_id`, or what `name = ..` says"
)]
pub trait NamedRelation<const NAME: u64>: Model {
    /// That relation.
    type Relation: AnyRelation<Source = Self>;
}

/// Finds a unique key by its fields, given as [`name_hash`] of their names joined by `,`: what `key_to` stands on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no unique key on the fields given",
    note = "the fields after `key_to` must be those of a unique or primary key of `{Self}`, in its order"
)]
pub trait NamedUnique<const FIELDS: u64>: Model {
    /// That key.
    type Unique: Unique<Model = Self>;
}

/// A name as a number that a type can be parametrised by: 64-bit FNV-1a.
#[doc(hidden)]
pub const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Required {}
    impl Sealed for super::Optional {}
    impl Sealed for super::OneOf {}
    impl<T> Sealed for super::ById<T> {}
    impl<U> Sealed for super::ByKey<U> {}
}

/// Whether every source of a relation has a target: it decides between `&T` and `Option<&T>` (behaviour R4).
pub trait Presence: sealed::Sealed + Copy + Send + Sync + 'static {
    /// `true` for [`Required`].
    const REQUIRED: bool;
    /// `true` for [`OneOf`].
    const ONE_OF: bool = false;
    /// What following the relation gives.
    type Out<T>;
    /// The presence of a path of this step and then `Next`: required only if both are.
    type And<Next: Presence>: Presence;

    /// The result for a target, or for none; `None` where there must be one.
    #[doc(hidden)]
    fn out<T>(target: Option<T>) -> Option<Self::Out<T>>;
}

/// Every source has a target.
#[derive(Debug, Clone, Copy)]
pub struct Required;
/// A source may have no target.
#[derive(Debug, Clone, Copy)]
pub struct Optional;
/// A source has a target over this relation or over another one of the same field, whose key holds one of several ids
/// (behaviour I22). It is read as [`Optional`] is, but cannot be cleared: only another of the relations can be set.
#[derive(Debug, Clone, Copy)]
pub struct OneOf;

impl Presence for Required {
    const REQUIRED: bool = true;
    type Out<T> = T;
    type And<Next: Presence> = Next;

    #[inline]
    fn out<T>(target: Option<T>) -> Option<T> {
        target
    }
}

impl Presence for Optional {
    const REQUIRED: bool = false;
    type Out<T> = Option<T>;
    type And<Next: Presence> = Optional;

    #[inline]
    fn out<T>(target: Option<T>) -> Option<Option<T>> {
        Some(target)
    }
}

impl Presence for OneOf {
    const REQUIRED: bool = false;
    const ONE_OF: bool = true;
    type Out<T> = Option<T>;
    type And<Next: Presence> = Optional;

    #[inline]
    fn out<T>(target: Option<T>) -> Option<Option<T>> {
        Some(target)
    }
}

/// What of a target a foreign key names. Sealed: an id ([`ById`]) or a unique key ([`ByKey`]).
pub trait Reference<T: Model>: sealed::Sealed + Send + Sync + 'static {
    /// The key as a row lends it.
    type Ref<'a>: Copy;
    /// The key as it is handed about.
    type Owned: Clone + 'static;
    /// The place and the fields of the unique key; `None` for ids.
    const UNIQUE: Option<(usize, &'static [&'static str])>;

    /// Whether two keys are equal.
    fn same(left: Self::Ref<'_>, right: Self::Ref<'_>) -> bool;
    /// Lends a key.
    fn lend(owned: &Self::Owned) -> Self::Ref<'_>;
    /// The key that names a row; `None` where a part of its unique key is absent.
    fn of(key: DefaultKey, row: &T) -> Option<Self::Owned>;
    /// The key as an error message shows it.
    fn describe(key: Self::Ref<'_>) -> String;

    /// The key that is this id; `None` for natural keys.
    #[doc(hidden)]
    fn from_id(key: DefaultKey) -> Option<Self::Owned>;
    /// The row that the key names.
    #[doc(hidden)]
    fn find(rows: &Arena<T>, index: &Indexes, key: Self::Ref<'_>) -> Option<DefaultKey>;
    /// The rows that the keys of up to [`BLOCK`] sources name: as many are added to `found`, *absent* ones where `key`
    /// gives none. Says whether all keys have named a row.
    #[doc(hidden)]
    fn find_block<S>(
        rows: &Arena<T>,
        index: &Indexes,
        sources: &[S],
        key: impl Fn(&S) -> Option<Self::Ref<'_>>,
        found: &mut Vec<DefaultKey>,
    ) -> bool;
    /// Why it names none.
    #[doc(hidden)]
    fn why_missing(rows: &Arena<T>, key: Self::Ref<'_>) -> Missing;
    /// Whether the key names this row, which need not be stored.
    #[doc(hidden)]
    fn names(key: Self::Ref<'_>, candidate: DefaultKey, row: &T) -> bool;
    /// The id inside, or the hash of a natural key: what a batch looks its own rows up by.
    #[doc(hidden)]
    fn probe(index: &Indexes, key: Self::Ref<'_>) -> Probe;
}

/// How many rows of a batch are planned at once.
pub(crate) const BLOCK: usize = 256;

/// The hash of each of up to [`BLOCK`] rows; `None` beyond the last.
pub(crate) fn hash_block<S>(rows: &[S], hash: impl Fn(&S) -> Option<u32>) -> [Option<u32>; BLOCK] {
    debug_assert!(rows.len() <= BLOCK, "more rows than are planned at once");
    let mut hashes = [None; BLOCK];
    for (slot, row) in hashes.iter_mut().zip(rows) {
        *slot = hash(row);
    }
    hashes
}

/// How a batch finds the row of its own that a key names.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Probe {
    Id(DefaultKey),
    Hash(u32),
}

/// The foreign key is the target's id.
#[derive(Debug)]
pub struct ById<T>(PhantomData<fn() -> T>);
/// The foreign key is the unique key `U` of the target.
#[derive(Debug)]
pub struct ByKey<U>(PhantomData<fn() -> U>);

impl<T: Model> Reference<T> for ById<T> {
    type Ref<'a> = Id<T>;
    type Owned = Id<T>;
    const UNIQUE: Option<(usize, &'static [&'static str])> = None;

    #[inline]
    fn same(left: Id<T>, right: Id<T>) -> bool {
        left == right
    }
    fn lend(owned: &Id<T>) -> Id<T> {
        *owned
    }
    fn of(key: DefaultKey, _: &T) -> Option<Id<T>> {
        Some(Id::from_key(key))
    }
    fn describe(key: Id<T>) -> String {
        format!("id {key}")
    }
    fn from_id(key: DefaultKey) -> Option<Id<T>> {
        Some(Id::from_key(key))
    }
    #[inline]
    fn find(rows: &Arena<T>, _: &Indexes, key: Id<T>) -> Option<DefaultKey> {
        rows.contains(key.key()).then(|| key.key())
    }
    fn find_block<S>(
        rows: &Arena<T>,
        index: &Indexes,
        sources: &[S],
        key: impl Fn(&S) -> Option<Id<T>>,
        found: &mut Vec<DefaultKey>,
    ) -> bool {
        let before = found.len();
        found.extend(sources.iter().map_while(|source| match key(source) {
            None => Some(no_target::absent()),
            Some(key) => Self::find(rows, index, key),
        }));
        found.len() - before == sources.len()
    }
    fn why_missing(rows: &Arena<T>, key: Id<T>) -> Missing {
        rows.why_missing(key.key())
    }
    #[inline]
    fn names(key: Id<T>, candidate: DefaultKey, _: &T) -> bool {
        key.key() == candidate
    }
    fn probe(_: &Indexes, key: Id<T>) -> Probe {
        Probe::Id(key.key())
    }
}

impl<T: Model, U: Unique<Model = T>> Reference<T> for ByKey<U> {
    type Ref<'a> = <U::Key as Key>::Ref<'a>;
    type Owned = <U::Key as Key>::Owned;
    const UNIQUE: Option<(usize, &'static [&'static str])> = Some((U::INDEX, U::FIELDS));

    fn same(left: Self::Ref<'_>, right: Self::Ref<'_>) -> bool {
        <U::Key as Key>::same(left, right)
    }
    fn lend(owned: &Self::Owned) -> Self::Ref<'_> {
        <U::Key as Key>::lend(owned)
    }
    fn of(_: DefaultKey, row: &T) -> Option<Self::Owned> {
        U::key(row).map(<U::Key as Key>::to_owned)
    }
    fn describe(key: Self::Ref<'_>) -> String {
        format!("{} = {}", U::FIELDS.join(", "), <U::Key as Key>::describe(key))
    }
    fn from_id(_: DefaultKey) -> Option<Self::Owned> {
        None
    }
    #[inline]
    fn find(rows: &Arena<T>, index: &Indexes, key: Self::Ref<'_>) -> Option<DefaultKey> {
        let unique = &index.uniques[U::INDEX];
        unique.find(hash_of(unique.hasher(), key), |candidate| has_key::<U>(rows, candidate, key))
    }
    fn find_block<S>(
        rows: &Arena<T>,
        index: &Indexes,
        sources: &[S],
        key: impl Fn(&S) -> Option<Self::Ref<'_>>,
        found: &mut Vec<DefaultKey>,
    ) -> bool {
        // All hashes first, then all probes, then all rows: what a pass reads does not wait for one another.
        let unique = &index.uniques[U::INDEX];
        let hashes = hash_block(sources, |source| key(source).map(|key| hash_of(unique.hasher(), key)));
        let before = found.len();
        found.extend(hashes[..sources.len()].iter().map(|hash| match hash {
            None => no_target::absent(),
            Some(hash) => unique.candidate(*hash).unwrap_or_else(no_target::unresolved),
        }));
        for ((source, hash), found) in sources.iter().zip(&hashes).zip(&mut found[before..]) {
            let (key, hash) = match (key(source), *hash) {
                (Some(key), Some(hash)) => (key, hash),
                (None, None) => continue,
                // The key is another than a moment ago.
                _ => return false,
            };
            if !has_key::<U>(rows, *found, key) {
                match unique.find(hash, |candidate| has_key::<U>(rows, candidate, key)) {
                    Some(other) => *found = other,
                    None => return false,
                }
            }
        }
        true
    }
    fn why_missing(_: &Arena<T>, _: Self::Ref<'_>) -> Missing {
        Missing::NoSuchKey
    }
    fn names(key: Self::Ref<'_>, _: DefaultKey, row: &T) -> bool {
        is_key_of::<U>(row, key)
    }
    fn probe(index: &Indexes, key: Self::Ref<'_>) -> Probe {
        Probe::Hash(hash_of(index.uniques[U::INDEX].hasher(), key))
    }
}

/// Whether the stored row under `candidate` has this unique key.
#[inline]
pub(crate) fn has_key<U: Unique>(rows: &Arena<U::Model>, candidate: DefaultKey, key: <U::Key as Key>::Ref<'_>) -> bool {
    rows.get(candidate).is_some_and(|row| is_key_of::<U>(row, key))
}

/// Whether a row has this unique key.
#[inline]
pub(crate) fn is_key_of<U: Unique>(row: &U::Model, key: <U::Key as Key>::Ref<'_>) -> bool {
    U::key(row).is_some_and(|own| <U::Key as Key>::same(own, key))
}

/// The row whose unique key is what `query` describes. O(1) expected.
pub(crate) fn find_by<U: Unique>(
    rows: &Arena<U::Model>,
    index: &Indexes,
    query: impl Lookup<U::Key>,
) -> Option<DefaultKey> {
    let unique = &index.uniques[U::INDEX];
    unique.find(query.hash(unique.hasher()), |candidate| {
        rows.get(candidate).and_then(U::key).is_some_and(|key| query.equals(key))
    })
}

impl<M: Model> Id<M> {
    /// This id without its type, for reports that span tables.
    pub fn erase(self) -> RowId {
        RowId { table: M::NAME, key: self.key() }
    }
}

impl RowId {
    /// This id with its type again; `None` where it is a row's of another table than that of `M`.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// let plan = db.plan_delete(mars)?;
    /// assert_eq!(plan.row.id::<Planet>(), Some(mars));
    /// assert_eq!(plan.row.id::<Moon>(), None);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn id<M: Model>(self) -> Option<Id<M>> {
        (self.table == M::NAME).then(|| Id::from_key(self.key))
    }
}

/// A field of a model as a value: reads and writes it, for [`Database::set`](crate::Database::set) and queries.
/// `Order::FIELDS.total_cents` is one.
pub struct Field<M, T> {
    /// Its place in the struct.
    pub index: usize,
    /// Its name in the struct.
    pub name: &'static str,
    /// Reads it.
    pub get: fn(&M) -> &T,
    /// Lends it to be written.
    pub get_mut: fn(&mut M) -> &mut T,
}

impl<M, T> Clone for Field<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M, T> Copy for Field<M, T> {}
impl<M, T> Debug for Field<M, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field").field("index", &self.index).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A model of which some fields are in no key and no index, and can be changed in place.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` cannot be edited in place",
    note = "the derive writes the view that lends the fields; by hand, implement `Editable`"
)]
pub trait Editable: Model {
    /// A view of a row: `&mut` to the fields that no index covers, `&` to the others.
    type Mut<'a>;

    /// Lends the view.
    fn lend(&mut self) -> Self::Mut<'_>;
}
