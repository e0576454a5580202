//! What kind of value a field has outside: found out by asking its type to read one, and seeing what it asks for.

use std::fmt;

use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::id::ID_NAME;

/// What kind of value a field has as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A truth value.
    Bool,
    /// An integer.
    Integer {
        /// Whether it can be negative.
        is_signed: bool,
        /// How wide it is, in bits.
        bits: u32,
    },
    /// A number.
    Float,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// The id of a row.
    Id,
    /// One of these variants: a name, or a map from one.
    Enum(&'static [&'static str]),
    /// A list.
    List,
    /// An object.
    Object,
    /// Whatever it is: the type does not say.
    Any,
}

/// What is asked of a value of a type; `None` where the type reads none.
pub(crate) fn kind_by<V>(read: impl FnOnce(Probe) -> Option<Result<V, Found>>) -> Kind {
    match read(Probe) {
        Some(Err(Found(Some(kind)))) => kind,
        _ => Kind::Any,
    }
}

/// What is given to a type in the place of a value.
pub(crate) struct Probe;

/// What it asked for.
#[derive(Debug)]
pub(crate) struct Found(Option<Kind>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is asked for", self.0)
    }
}
impl std::error::Error for Found {}
impl serde::de::Error for Found {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Found(None)
    }
}

macro_rules! asks_for {
    ($($method:ident($($argument:ty),*) => $kind:expr;)+) => {$(
        fn $method<V: Visitor<'de>>(self, $(_: $argument,)* _: V) -> Result<V::Value, Found> {
            Err(Found(Some($kind)))
        }
    )+};
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Found;

    asks_for! {
        deserialize_any() => Kind::Any;
        deserialize_bool() => Kind::Bool;
        deserialize_i8() => Kind::Integer { is_signed: true, bits: 8 };
        deserialize_i16() => Kind::Integer { is_signed: true, bits: 16 };
        deserialize_i32() => Kind::Integer { is_signed: true, bits: 32 };
        deserialize_i64() => Kind::Integer { is_signed: true, bits: 64 };
        deserialize_i128() => Kind::Integer { is_signed: true, bits: 128 };
        deserialize_u8() => Kind::Integer { is_signed: false, bits: 8 };
        deserialize_u16() => Kind::Integer { is_signed: false, bits: 16 };
        deserialize_u32() => Kind::Integer { is_signed: false, bits: 32 };
        deserialize_u64() => Kind::Integer { is_signed: false, bits: 64 };
        deserialize_u128() => Kind::Integer { is_signed: false, bits: 128 };
        deserialize_f32() => Kind::Float;
        deserialize_f64() => Kind::Float;
        deserialize_char() => Kind::Text;
        deserialize_str() => Kind::Text;
        deserialize_string() => Kind::Text;
        deserialize_bytes() => Kind::Bytes;
        deserialize_byte_buf() => Kind::Bytes;
        deserialize_seq() => Kind::List;
        deserialize_tuple(usize) => Kind::List;
        deserialize_tuple_struct(&'static str, usize) => Kind::List;
        deserialize_map() => Kind::Object;
        deserialize_struct(&'static str, &'static [&'static str]) => Kind::Object;
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Found> {
        Err(Found(Some(Kind::Enum(variants))))
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        visitor.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Found> {
        if name == ID_NAME { Err(Found(Some(Kind::Id))) } else { visitor.visit_newtype_struct(self) }
    }
    forward_to_deserialize_any! { unit unit_struct identifier ignored_any }
}
