//! What a model declares: its fields, unique keys and relations, as types.
//!
//! The derive writes implementations of these traits, and nothing but declarations; a person can write them too
//! (behaviour R44, and `examples` of it in `tests/integration/by_hand.rs`). All machinery is generic code over them,
//! dispatched statically.

mod ability;
mod at;
mod field;
mod ids;
mod list;
mod reference;

use std::fmt::Debug;

pub use ability::FieldVisitor;
#[doc(hidden)]
pub use ability::{Ability, Read, Unable};
pub(crate) use at::{WithRelation, with_relation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use crate::codec::{CodecError, LosslessReader, LosslessWriter};
use crate::fields::FieldSet;
use crate::id::{Id, RowId};
use crate::key::Key;
use crate::schema::Action;

pub use field::{ColumnValue, Field, FieldOf, Index};
pub use ids::{IdList, Ids, expect_list_that_can_lose};
pub use list::{AnyRelation, ListRelation};
pub(crate) use reference::Probe;
pub(crate) use reference::{BLOCK, find_by, has_key, hash_block, is_key_of};
pub use reference::{ById, ByKey, Reference};

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

    /// Names that the table had before, under which a snapshot may know it.
    const FORMER_NAMES: &'static [&'static str] = &[];

    /// Names outside under which fields are read beside their own, each with the name of its field: what serde's `alias`
    /// says. By it a snapshot finds the relations of a field that was renamed.
    const ALIASES: &'static [(&'static str, &'static str)] = &[];

    /// Fields, by their names outside, with ids that are no relation and may name rows that are gone: what the derive's
    /// `plain` says. [`Database::check`](crate::Database::check) passes them over.
    const PLAIN: &'static [&'static str] = &[];

    /// Shows a visitor every unique key and every relation, in the order of their `INDEX`.
    fn declare<V: Visitor<Self>>(visitor: &mut V);

    /// Shows a visitor the fields, but for those that serde flattens. What a model written by hand does not show is still
    /// found by name, through its `Serialize`, but without indexes.
    fn visit_fields<V: FieldVisitor<Self>>(visitor: &mut V) {
        let _ = visitor;
    }

    /// Compares two rows field by field, so far as the types of the fields can be compared: a row with what has come back
    /// of it from its bytes.
    #[doc(hidden)]
    fn compare(left: &Self, right: &Self) -> Comparison {
        let _ = (left, right);
        Comparison::Unknown
    }

    /// Whether rows come back by construction: every field is [`Lossless`](crate::Lossless).
    #[doc(hidden)]
    const IS_LOSSLESS: bool = false;

    /// Appends the row field by field, where it is lossless.
    #[doc(hidden)]
    fn write_lossless(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
        let _ = out;
        Ok(())
    }

    /// Reads what [`Model::write_lossless`] has appended; `None` where rows are not lossless.
    #[doc(hidden)]
    fn read_lossless(from: &mut LosslessReader<'_, '_, '_>) -> Result<Option<Self>, CodecError> {
        let _ = from;
        Ok(None)
    }

    /// The fields in which two states of a row differ, of those that can be edited in place: what an
    /// [`undo`](crate::Database::undo) takes back beside the keys. All of them, if nothing is said; a model of which rows
    /// are edited in place while a history is kept should say more, and [`Model::exchange`] with it.
    ///
    /// The derive compares by `==`. A field whose type has no `PartialEq` counts as changed.
    fn changed(before: &Self, after: &Self) -> FieldSet {
        let _ = (before, after);
        FieldSet::all()
    }

    /// Exchanges two rows, but for the fields that can be edited in place and are not in `fields`. Runs no user code.
    fn exchange(left: &mut Self, right: &mut Self, fields: &FieldSet) {
        let _ = fields;
        std::mem::swap(left, right);
    }
}

/// Fields by their names outside.
#[doc(hidden)]
pub type Fields = SmallVec<[&'static str; 4]>;

/// What comparing two rows has shown.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// No field that can be compared differs. These cannot be.
    Same(Fields),
    /// The field of this name outside differs.
    Differs(&'static str),
    /// Nothing could be compared.
    Unknown,
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
    /// An index of the model that is no unique key.
    fn index<I: Index<Model = M>>(&mut self) {}
    /// A column of the model: a field whose values lie side by side.
    fn column<V: 'static, P: Presence<Out<V>: ColumnValue>, F: FieldOf<M, V, P>>(&mut self, field: Field<M, V, P, F>) {
        let _ = field;
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
pub trait HasPrimaryKey: Sized {
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
    message = "`{Self}` has no relation to `{T}`",
    note = "add `#[model(belongs_to)]` to a field of `{Self}`, or `#[model(references_many)]` to a list of ids"
)]
pub trait RefersTo<T>: Sized {
    /// That relation.
    type By: AnyRelation<Source = Self, Target = T>;
    /// What is to be said where there are others.
    #[doc(hidden)]
    const SEVERAL: Option<&'static str> = None;
}

/// Refuses, while a model is compiled, to take one of several relations for the only one.
#[doc(hidden)]
pub const fn expect_single(several: Option<&'static str>) {
    if let Some(several) = several {
        panic!("{}", several);
    }
}

/// Finds a relation by its name, given as [`name_hash`]: what `via = buyer` stands on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relation of the name given",
    note = "the name after `via` is that of a relation: the field's name without `_id`, or what `name = ..` says"
)]
pub trait NamedRelation<const NAME: u64>: Sized {
    /// That relation.
    type Relation: AnyRelation<Source = Self>;
}

/// Finds a unique key by its fields, given as [`name_hash`] of their names joined by `,`: what `key_to` stands on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no unique key on the fields given",
    note = "the fields after `key_to` must be those of a unique or primary key of `{Self}`, in its order"
)]
pub trait NamedUnique<const FIELDS: u64>: Sized {
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

    /// The value in a field, if there is one.
    #[doc(hidden)]
    fn value<T>(field: &Self::Out<T>) -> Option<&T>;
    /// The values in fields, where all have one.
    #[doc(hidden)]
    fn values<T>(fields: &[Self::Out<T>]) -> Option<&[T]> {
        let _ = fields;
        None
    }
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
    fn value<T>(field: &T) -> Option<&T> {
        Some(field)
    }
    #[inline]
    fn values<T>(fields: &[T]) -> Option<&[T]> {
        Some(fields)
    }
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
    fn value<T>(field: &Option<T>) -> Option<&T> {
        field.as_ref()
    }
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
    fn value<T>(field: &Option<T>) -> Option<&T> {
        field.as_ref()
    }
    #[inline]
    fn out<T>(target: Option<T>) -> Option<Option<T>> {
        Some(target)
    }
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

/// A model of which some fields are in no key and no index, and can be changed in place.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` cannot be edited in place",
    note = "the derive writes the view that lends the fields; by hand, implement `Editable`"
)]
pub trait Editable: Sized + 'static {
    /// A view of a row: `&mut` to the fields that no index covers, `&` to the others.
    type Mut<'a>;

    /// Lends the view.
    fn lend(&mut self) -> Self::Mut<'_>;
}
