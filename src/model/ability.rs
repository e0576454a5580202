//! What the type of a field can do, so far as the compiler finds it out: what asks by name uses it, see `data`.

use std::cmp::Ordering;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Deserializer};

use super::{Field, FieldOf, Model, Presence};
use crate::order::{IndexKey, Ordered, hash_value};

/// What is shown the fields of a model, in the order of the struct. See [`Model::visit_fields`].
pub trait FieldVisitor<M: Model> {
    /// A field that is not flattened; whether serde skips it says `F::IS_SKIPPED`.
    fn field<V, P, F>(&mut self, field: Field<M, V, P, F>)
    where
        V: Send + Sync + 'static,
        P: Presence<Out<V>: 'static>,
        F: FieldOf<M, V, P>;
}

/// Asks what a type can do: the compiler takes what is said of the type itself before what [`Unable`] says of all.
#[doc(hidden)]
#[derive(Debug)]
pub struct Ability<V>(PhantomData<V>);

/// Reads a value, where it can be read.
#[doc(hidden)]
pub type Read<V, E> = Option<Result<V, E>>;

#[doc(hidden)]
impl<V: PartialEq> Ability<V> {
    pub const EQUAL: Option<fn(&V, &V) -> bool> = Some(V::eq);
}
#[doc(hidden)]
impl<V: PartialOrd> Ability<V> {
    pub const COMPARE: Option<fn(&V, &V) -> Option<Ordering>> = Some(V::partial_cmp);
}
#[doc(hidden)]
impl<V: Eq + Hash> Ability<V> {
    pub const HASH: Option<fn(&V) -> u64> = Some(hash_value::<V>);
}
#[doc(hidden)]
impl<V: Ordered> Ability<V> {
    pub const ORDER: Option<fn(&V) -> IndexKey> = Some(V::index_key);
}
#[doc(hidden)]
impl<V: AsRef<str>> Ability<V> {
    pub const TEXT: Option<fn(&V) -> &str> = Some(V::as_ref);
}
#[doc(hidden)]
impl<V: DeserializeOwned> Ability<V> {
    pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Read<V, D::Error> {
        Some(V::deserialize(deserializer))
    }
}

#[doc(hidden)]
pub trait Unable<V> {
    const EQUAL: Option<fn(&V, &V) -> bool> = None;
    const COMPARE: Option<fn(&V, &V) -> Option<Ordering>> = None;
    const HASH: Option<fn(&V) -> u64> = None;
    const ORDER: Option<fn(&V) -> IndexKey> = None;
    const TEXT: Option<fn(&V) -> &str> = None;

    fn read<'de, D: Deserializer<'de>>(_: D) -> Read<V, D::Error> {
        None
    }
}

impl<V> Unable<V> for Ability<V> {}
