//! What kind of value a field has outside: found out by asking its type to read one, and seeing what it asks for.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
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

/// What a type asks for at a path within its values, `city` of an address; `None` where it does not read any by itself.
/// An error has the part that is not there, and those that are.
pub(crate) fn kind_at<'p, V>(
    path: &'p str,
    read: impl FnOnce(Probe<'p>) -> Option<Result<V, Found>>,
) -> Result<Kind, (String, &'static [&'static str])> {
    match read(Probe { path }) {
        Some(Err(Found::Kind(kind))) => Ok(kind),
        Some(Err(Found::NoPart(part, known))) => Err((part, known)),
        _ => Ok(Kind::Any),
    }
}

/// What is given to a type in the place of a value: it notes what is asked for, and goes along a path before.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'p> {
    /// What is left of the path.
    path: &'p str,
}

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Found {
    Kind(Kind),
    /// There is no such part; those that there are.
    NoPart(String, &'static [&'static str]),
    /// Something that says nothing.
    Other,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
impl std::error::Error for Found {}
impl serde::de::Error for Found {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Found::Other
    }
}

impl Probe<'_> {
    /// The kind that was asked for, at the end of the path; else the way goes on, or there is none.
    fn end(self, kind: Kind) -> Found {
        match (self.path, &kind) {
            ("", _) => Found::Kind(kind),
            // What is in it is known by values alone.
            (_, Kind::Any | Kind::Object | Kind::Enum(_)) => Found::Kind(Kind::Any),
            (path, _) => Found::NoPart(path.to_owned(), &[]),
        }
    }

    /// Goes into the elements of a list.
    fn elements<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        if self.path.is_empty() { Err(Found::Kind(Kind::List)) } else { visitor.visit_seq(One(Some(self))) }
    }
}

/// One element, or one field.
struct One<T>(Option<T>);

impl<'de> SeqAccess<'de> for One<Probe<'_>> {
    type Error = Found;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Found> {
        self.0.take().map(|probe| seed.deserialize(probe)).transpose()
    }
}

impl<'de> MapAccess<'de> for One<(&'static str, Probe<'_>)> {
    type Error = Found;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Found> {
        self.0.as_ref().map(|(name, _)| seed.deserialize(StrDeserializer::new(name))).transpose()
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Found> {
        match self.0.take() {
            Some((_, probe)) => seed.deserialize(probe),
            None => Err(Found::Other),
        }
    }
}

macro_rules! asks_for {
    ($($method:ident($($argument:ty),*) => $kind:expr;)+) => {$(
        fn $method<V: Visitor<'de>>(self, $(_: $argument,)* _: V) -> Result<V::Value, Found> {
            Err(self.end($kind))
        }
    )+};
}

impl<'de> Deserializer<'de> for Probe<'_> {
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
        deserialize_map() => Kind::Object;
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        self.elements(visitor)
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Found> {
        self.elements(visitor)
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Found> {
        self.elements(visitor)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Found> {
        if self.path.is_empty() {
            return Err(Found::Kind(Kind::Object));
        }
        // A name with dots in it comes before a way.
        let is_name = fields.contains(&self.path);
        let way = self.path.split_once('.').filter(|_| !is_name);
        let (part, path) = way.unwrap_or((self.path, ""));
        match fields.iter().find(|field| **field == part) {
            Some(field) => visitor.visit_map(One(Some((*field, Probe { path })))),
            None => Err(Found::NoPart(part.to_owned(), fields)),
        }
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Found> {
        Err(self.end(Kind::Enum(variants)))
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        visitor.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Found> {
        if name == ID_NAME { Err(self.end(Kind::Id)) } else { visitor.visit_newtype_struct(self) }
    }
    forward_to_deserialize_any! { unit unit_struct identifier ignored_any }
}
