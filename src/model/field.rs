//! Fields as values, and what of a model is declared to make questions about its fields fast: indexes and columns.

use std::cmp::Ordering;
use std::fmt;
use std::hash::Hasher;
use std::marker::PhantomData;

use serde::Deserializer;

use super::ability::Read;
use super::{Model, Presence};
use crate::id::RowId;
use crate::order::IndexKey;

/// Where a field is in the rows of a model: a zero-sized type.
///
/// `V` is the type of its value, without the `Option` where the field can be absent; `P` is
/// [`Required`](super::Required) or [`Optional`](super::Optional). What an index needs of a value is there for fields that
/// are in one. None of the functions may panic.
pub trait FieldOf<M, V, P: Presence>: Copy + Send + Sync + 'static {
    /// Its place in the struct.
    const INDEX: usize;
    /// Its name in the struct.
    const NAME: &'static str;
    /// Its place among the columns of the model, in the order of [`Model::declare`].
    const COLUMN: Option<usize> = None;

    /// Reads the field.
    fn get(row: &M) -> &P::Out<V>;
    /// Lends the field to be written.
    fn get_mut(row: &mut M) -> &mut P::Out<V>;

    /// Feeds a value to the hasher of a unique key; `false` where the field is in none.
    fn feed(value: &V, hasher: &mut dyn Hasher) -> bool {
        let _ = (value, hasher);
        false
    }
    /// What an `index` keeps of a value, where the field is in one.
    fn hash(value: &V) -> Option<u64> {
        let _ = value;
        None
    }
    /// What an `ordered` index keeps of a value, where the field is in one; `Some(Absent)` for a value without an order.
    fn order(value: &V) -> Option<IndexKey> {
        let _ = value;
        None
    }
    /// The row that a value names, where the field is a foreign key by id.
    fn target(value: &V) -> Option<RowId> {
        let _ = value;
        None
    }

    /// Its name outside, after serde's renames.
    const EXTERNAL_NAME: &'static str = Self::NAME;
    /// Whether serde leaves it out of rows outside, or takes none for it from there.
    #[doc(hidden)]
    const IS_SKIPPED: bool = false;
    /// Whether serde reads a row without it.
    #[doc(hidden)]
    const HAS_DEFAULT: bool = false;
    /// What follows is what the type of the value can do: see `Ability`.
    #[doc(hidden)]
    const EQUAL: Option<fn(&V, &V) -> bool> = None;
    #[doc(hidden)]
    const COMPARE: Option<fn(&V, &V) -> Option<Ordering>> = None;
    #[doc(hidden)]
    const HASH: Option<fn(&V) -> u64> = None;
    #[doc(hidden)]
    const ORDER: Option<fn(&V) -> IndexKey> = None;
    #[doc(hidden)]
    const TEXT: Option<fn(&V) -> &str> = None;
    /// Reads a value, if its form outside is that of its type.
    #[doc(hidden)]
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Read<V, D::Error> {
        let _ = deserializer;
        None
    }
}

/// A field of a model as a value: `Order::FIELDS.total_cents`. It reads and sets the field, and makes predicates and
/// orders of it; see [`Database::query`](crate::Database::query).
///
/// `V` is the type of the value without its `Option`; `P` says whether there is one.
#[allow(clippy::type_complexity, reason = "no value is held of any of them")]
pub struct Field<M, V, P, F>(PhantomData<fn() -> (M, V, P, F)>);

impl<M, V, P, F> Field<M, V, P, F> {
    /// The value of a field: a model keeps it in its `FIELDS`.
    #[allow(clippy::new_without_default, reason = "a constant of the derive; nothing else makes one")]
    pub const fn new() -> Self {
        Field(PhantomData)
    }
}

impl<M, V, P: Presence, F: FieldOf<M, V, P>> Field<M, V, P, F> {
    /// Its place in the struct.
    pub const fn index(self) -> usize {
        F::INDEX
    }
    /// Its name in the struct.
    pub const fn name(self) -> &'static str {
        F::NAME
    }
    /// Reads the field of a row.
    pub fn get(self, row: &M) -> &P::Out<V> {
        F::get(row)
    }
    /// Lends the field of a row, to be written.
    pub fn get_mut(self, row: &mut M) -> &mut P::Out<V> {
        F::get_mut(row)
    }
}

impl<M, V, P, F> Clone for Field<M, V, P, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M, V, P, F> Copy for Field<M, V, P, F> {}
impl<M, V, P: Presence, F: FieldOf<M, V, P>> fmt::Debug for Field<M, V, P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("index", &F::INDEX).field("name", &F::NAME).finish()
    }
}

/// What the values of a column are.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be a column",
    note = "a column keeps copies of its values side by side: the type must be `Copy + PartialEq`; of texts and other types that own memory declare `index` or `ordered`"
)]
pub trait ColumnValue: Copy + PartialEq + Send + Sync + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Copy + PartialEq + Send + Sync + 'static> ColumnValue for T {}

/// An index that is no unique key: a zero-sized type.
pub trait Index: Copy + Send + Sync + 'static {
    /// The model.
    type Model: Model;
    /// The places of its fields in the struct, in the order of the index.
    const FIELDS: &'static [usize];
    /// Its place among the model's indexes.
    const INDEX: usize;
    /// Whether it has an order.
    const IS_ORDERED: bool;

    /// What it keeps of a row. Runs while a statement is planned.
    fn key(row: &Self::Model) -> IndexKey;
}
