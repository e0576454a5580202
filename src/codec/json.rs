//! A value as JSON text, and a text as the bytes of a value.
//!
//! Between the two stands a tree, which the codec of files encodes and decodes as it does any other value. It knows
//! what JSON can tell: a struct and a variant with a value are maps by text, an id and a variant without one are
//! texts, and no value is `null`. Which of these a type asks for the decoder finds out (`Decoder::reading_json`).
//!
//! `docs/json.md` gives the text. An object is a map by texts, or one entry whose name begins with `$`: what JSON has
//! no form for.

mod parse;
mod write;

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

pub(crate) use parse::Parser;

use super::{CodecError, Decoder, Encoder, Memo, Names, Room};

/// What is written as `nan`: the number that is none, quiet, positive and without a payload.
const QUIET_F32: u32 = 0x7fc0_0000;
const QUIET_F64: u64 = 0x7ff8_0000_0000_0000;

/// A value as JSON tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Uint(u128),
    /// A negative one.
    Int(i128),
    F32(f32),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Json>),
    Map(Vec<(Json, Json)>),
    /// An option with a value that is told as `null`, or is such an option itself.
    Some(Box<Json>),
}

impl Json {
    /// The value that is encoded in these bytes.
    pub(crate) fn decode(bytes: &[u8], names: &Names, nesting: u32) -> Result<Self, CodecError> {
        Self::decode_first(bytes, names, nesting).map(|(value, _)| value)
    }

    /// The value with which these bytes begin, and how many are its own.
    pub(crate) fn decode_first(bytes: &[u8], names: &Names, nesting: u32) -> Result<(Self, usize), CodecError> {
        let mut memo = Memo::default();
        let mut decoder = Decoder::new(bytes, names, &mut memo, Room::unbounded(nesting));
        let value = decoder.value()?;
        Ok((value, decoder.place()))
    }

    /// Bytes that have been encoded from it, for a decoder that is reading JSON.
    pub(crate) fn encode(&self, nesting: u32) -> Result<Vec<u8>, CodecError> {
        let mut encoder = Encoder::new(nesting);
        encoder.append(self)?;
        Ok(encoder.bytes().to_vec())
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The bytes of a value on its way through JSON text.
pub(crate) fn through_text(bytes: &[u8], names: &Names, nesting: u32) -> Result<Vec<u8>, CodecError> {
    let mut text = String::new();
    Json::decode(bytes, names, nesting)?.write(&mut text);
    let mut parser = Parser::new(&text, nesting, u64::MAX);
    let value = parser.value()?;
    parser.end()?;
    value.encode(nesting)
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_none(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Uint(value) => serializer.serialize_u128(*value),
            Json::Int(value) => serializer.serialize_i128(*value),
            Json::F32(value) => serializer.serialize_f32(*value),
            Json::F64(value) => serializer.serialize_f64(*value),
            Json::Text(text) => serializer.serialize_str(text),
            Json::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Json::List(elements) => {
                let mut list = serializer.serialize_seq(Some(elements.len()))?;
                elements.iter().try_for_each(|element| list.serialize_element(element))?;
                list.end()
            }
            Json::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Json::Some(value) => serializer.serialize_some(&**value),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Uint(value.into()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(u128::try_from(value).map_or(Json::Int(value.into()), Json::Uint))
    }
    fn visit_u128<E>(self, value: u128) -> Result<Json, E> {
        Ok(Json::Uint(value))
    }
    fn visit_i128<E>(self, value: i128) -> Result<Json, E> {
        Ok(u128::try_from(value).map_or(Json::Int(value), Json::Uint))
    }
    fn visit_f32<E>(self, value: f32) -> Result<Json, E> {
        Ok(Json::F32(value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::F64(value))
    }
    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }
    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Json, E> {
        Ok(Json::Bytes(bytes.to_vec()))
    }
    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        Ok(match Json::deserialize(deserializer)? {
            value @ (Json::Null | Json::Some(_)) => Json::Some(Box::new(value)),
            value => value,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Json::Map(map))
    }
}
