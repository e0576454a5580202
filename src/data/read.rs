//! A type's value made from a [`Value`].

use std::borrow::Cow;
use std::slice;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

use super::told::Untold;
use super::value::Value;
use crate::id::ID_NAME;

/// How far a value may be another than the type asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The data of a write: what JSON says is what is meant.
    Exact,
    /// A filter: a text is read as the number or the truth value that a type asks for, as LoopBack does. URLs have only texts.
    Coercing,
}

/// The number that a text stands for, by the grammar of JSON.
pub(crate) fn number_of(text: &str) -> Option<Value<'static>> {
    serde_json::from_str::<serde_json::Number>(text).ok()?;
    match text.parse() {
        Ok(integer) => Some(Value::Integer(integer)),
        Err(_) => text.parse().ok().map(Value::Float),
    }
}

/// The truth value that a text stands for.
pub(crate) fn truth_of(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A value that is being read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'v> {
    value: &'v Value<'v>,
    reading: Reading,
    is_id: bool,
}

impl<'v> Reader<'v> {
    pub(crate) fn new(value: &'v Value<'v>, reading: Reading) -> Self {
        Reader { value, reading, is_id: false }
    }

    fn inside(self, value: &'v Value<'v>) -> Self {
        Reader { value, is_id: false, ..self }
    }

    /// The number that a text stands for, in a filter.
    fn number_of_text(self) -> Option<Value<'static>> {
        number_of(self.value.text().filter(|_| self.reading == Reading::Coercing)?)
    }

    fn number<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Untold> {
        let of_text;
        let value = match self.number_of_text() {
            Some(number) => {
                of_text = number;
                &of_text
            }
            None => self.value,
        };
        match *value {
            Value::Integer(number) => integer(number, visitor),
            // 5.0 is the integer 5 to who writes JSON.
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => {
                integer(number as i128, visitor)
            }
            Value::Float(number) => visitor.visit_f64(number),
            _ => self.any(visitor),
        }
    }

    fn any<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Untold> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(number) => integer(*number, visitor),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Value::Id(id) => visitor.visit_string(id.to_string()),
            Value::List(elements) => {
                let mut all = Elements { rest: elements.iter(), of: self };
                let made = visitor.visit_seq(&mut all)?;
                match all.rest.len() {
                    0 => Ok(made),
                    more => Err(Untold::custom(format_args!("{more} elements more than are wanted"))),
                }
            }
            Value::Map(entries) => {
                let mut all = Entries { rest: entries.iter(), value: None, of: self };
                visitor.visit_map(&mut all)
            }
        }
    }
}

fn integer<'v, V: Visitor<'v>>(number: i128, visitor: V) -> Result<V::Value, Untold> {
    match (i64::try_from(number), u64::try_from(number)) {
        (_, Ok(number)) => visitor.visit_u64(number),
        (Ok(number), _) => visitor.visit_i64(number),
        _ => visitor.visit_i128(number),
    }
}

macro_rules! numbers {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
            self.number(visitor)
        }
    )+};
}
macro_rules! anything {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
            self.any(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Untold;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
    }
    anything! {
        deserialize_any deserialize_char deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
        match self.value {
            Value::Id(id) if self.is_id => visitor.visit_u64(slotmap::Key::data(&id.key()).as_ffi()),
            // A number would be taken for the bits of an id.
            Value::Integer(_) if self.is_id => Err(Untold::invalid_type(Unexpected::Other("integer"), &visitor)),
            _ => self.any(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
        let text = self.value.text().filter(|_| self.reading == Reading::Coercing);
        match text.and_then(truth_of) {
            Some(value) => visitor.visit_bool(value),
            None => self.any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Untold> {
        self.any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Untold> {
        visitor.visit_newtype_struct(Reader { is_id: name == ID_NAME, ..self })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Untold> {
        self.any(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Untold> {
        self.any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untold> {
        self.any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untold> {
        match self.value {
            Value::Text(text) => visitor.visit_enum(Variant { name: text, content: None, of: self }),
            Value::Map(entries) => match &entries[..] {
                [(name, content)] => visitor.visit_enum(Variant { name, content: Some(content), of: self }),
                _ => Err(Untold::custom("a variant is one name with what it holds")),
            },
            _ => self.any(visitor),
        }
    }
}

struct Elements<'v> {
    rest: slice::Iter<'v, Value<'v>>,
    of: Reader<'v>,
}

impl<'de> SeqAccess<'de> for &mut Elements<'de> {
    type Error = Untold;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Untold> {
        self.rest.next().map(|element| seed.deserialize(self.of.inside(element))).transpose()
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries<'v> {
    rest: slice::Iter<'v, (Cow<'v, str>, Value<'v>)>,
    value: Option<&'v Value<'v>>,
    of: Reader<'v>,
}

impl<'de> MapAccess<'de> for &mut Entries<'de> {
    type Error = Untold;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Untold> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Key(key)).map(Some)
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Untold> {
        let value = self.value.take().ok_or_else(|| Untold::custom("a value without a key"))?;
        seed.deserialize(self.of.inside(value))
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The key of a map: a text, which may stand for a number or an id.
struct Key<'v>(&'v str);

macro_rules! keys {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
            match self.0.parse() {
                Ok(number) => integer(number, visitor),
                Err(_) => Err(Untold::invalid_type(Unexpected::Str(self.0), &visitor)),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Untold;

    keys! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
        visitor.visit_borrowed_str(self.0)
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            other => Err(Untold::invalid_type(Unexpected::Str(other), &visitor)),
        }
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
        visitor.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Untold> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untold> {
        visitor.visit_enum(StrDeserializer::new(self.0))
    }
    serde::forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Variant<'v> {
    name: &'v str,
    content: Option<&'v Value<'v>>,
    of: Reader<'v>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Untold;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Untold> {
        let name: StrDeserializer<'de, Untold> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> Variant<'de> {
    fn content(self) -> Result<Reader<'de>, Untold> {
        let content = self.content.ok_or_else(|| {
            Untold::custom(format_args!("the variant `{0}` holds something: {{\"{0}\": ..}}", self.name))
        })?;
        Ok(self.of.inside(content))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Untold;

    fn unit_variant(self) -> Result<(), Untold> {
        match self.content {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(Untold::custom(format_args!("the variant `{}` holds nothing", self.name))),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Untold> {
        seed.deserialize(self.content()?)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Untold> {
        self.content()?.any(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Untold> {
        self.content()?.any(visitor)
    }
}
