//! What is inside of lists, maps, structs and variants, handed over one by one.
//!
//! Each says at its end whether all was taken: what a type leaves is an error and not lost.

use std::cell::Cell;
use std::sync::Arc;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{Decoded, Decoder};
use crate::codec::error::CodecError;
use crate::codec::tag;

/// The most elements that are announced: what is reserved for them before they come is charged to nobody.
const HINT: usize = 1 << 10;

/// The elements of a list.
pub(super) struct Elements<'d, 'de, 'a> {
    decoder: &'d mut Decoder<'de, 'a>,
    length: usize,
    taken: usize,
}

impl<'d, 'de, 'a> Elements<'d, 'de, 'a> {
    #[inline]
    pub(super) fn new(decoder: &'d mut Decoder<'de, 'a>, length: usize) -> Self {
        Elements { decoder, length, taken: 0 }
    }

    #[inline]
    pub(super) fn finish(&mut self) -> Decoded<()> {
        if self.taken == self.length { Ok(()) } else { self.left_over() }
    }

    #[cold]
    fn left_over(&self) -> Decoded<()> {
        Err(CodecError::custom(format!("it has {} elements, and {} were taken", self.length, self.taken)))
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de, '_> {
    type Error = CodecError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Decoded<Option<T::Value>> {
        if self.taken == self.length {
            return Ok(None);
        }
        self.decoder.charge::<T::Value>()?;
        let element = self.taken;
        self.taken += 1;
        seed.deserialize(&mut *self.decoder).map(Some).map_err(|error| error.at_element(element))
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.length - self.taken).min(HINT))
    }
}

/// The entries of a map.
pub(super) struct Entries<'d, 'de, 'a> {
    decoder: &'d mut Decoder<'de, 'a>,
    length: usize,
    taken: usize,
    /// The key of the entry, where it is a text, for the path of an error.
    key: Option<&'de str>,
    /// Whether the keys must be texts: they are the names of fields.
    of_texts: bool,
    /// Whether the value of the last key is still to be taken.
    is_open: bool,
}

impl<'d, 'de, 'a> Entries<'d, 'de, 'a> {
    pub(super) fn new(decoder: &'d mut Decoder<'de, 'a>, length: usize) -> Self {
        Entries { decoder, length, taken: 0, key: None, of_texts: false, is_open: false }
    }

    pub(super) fn of_texts(decoder: &'d mut Decoder<'de, 'a>, length: usize) -> Self {
        Entries { of_texts: true, ..Entries::new(decoder, length) }
    }

    pub(super) fn finish(&mut self) -> Decoded<()> {
        if self.taken == self.length && !self.is_open {
            return Ok(());
        }
        Err(CodecError::custom(format!("it has {} entries, and {} were taken", self.length, self.taken)))
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de, '_> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Decoded<Option<K::Value>> {
        if self.is_open {
            return Err(not_taken());
        }
        if self.taken == self.length {
            return Ok(None);
        }
        self.decoder.charge::<K::Value>()?;
        self.is_open = true;
        self.key = None;
        if let tag @ (tag::TEXT..=tag::TEXT_END | tag::LONG_TEXT) = self.decoder.peek()? {
            let at = self.decoder.at;
            self.decoder.at += 1;
            self.key = Some(self.decoder.text(tag)?);
            self.decoder.at = at;
        } else if self.of_texts {
            return Err(CodecError::custom("it is a map whose keys are no texts, expected a struct"));
        }
        let entry = self.taken;
        self.taken += 1;
        let key = seed.deserialize(&mut *self.decoder);
        key.map(Some).map_err(|error| error.inside(format!("the key of entry {entry}")))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Decoded<V::Value> {
        self.decoder.charge::<V::Value>()?;
        self.is_open = false;
        self.decoder.memo.has_ignored = false;
        let value = seed.deserialize(&mut *self.decoder).map_err(|error| match self.key {
            Some(key) => error.inside(key),
            None => error.at_element(self.taken - 1),
        })?;
        if std::mem::take(&mut self.decoder.memo.has_ignored)
            && let Some(name) = self.key.filter(|_| self.of_texts)
        {
            self.decoder.memo.note_ignored(name);
        }
        Ok(value)
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.length - self.taken).min(HINT))
    }
}

/// The fields of a struct with their names.
pub(super) struct StructByName<'d, 'de, 'a> {
    decoder: &'d mut Decoder<'de, 'a>,
    number: usize,
    fields: &'a [Arc<str>],
    taken: usize,
    /// Whether the value of the last name is still to be taken.
    is_open: bool,
}

impl<'d, 'de, 'a> StructByName<'d, 'de, 'a> {
    pub(super) fn new(decoder: &'d mut Decoder<'de, 'a>, number: usize, fields: &'a [Arc<str>]) -> Self {
        StructByName { decoder, number, fields, taken: 0, is_open: false }
    }

    pub(super) fn finish(&mut self) -> Decoded<()> {
        finish(self.fields, self.taken)
    }
}

#[inline]
fn finish(fields: &[Arc<str>], taken: usize) -> Decoded<()> {
    match fields.get(taken) {
        None => Ok(()),
        Some(field) => Err(CodecError::custom(format!("its field `{field}` was not taken"))),
    }
}

impl<'de> MapAccess<'de> for &mut StructByName<'_, 'de, '_> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Decoded<Option<K::Value>> {
        if self.is_open {
            return Err(not_taken());
        }
        let Some(field) = self.fields.get(self.taken) else { return Ok(None) };
        self.is_open = true;
        let (is_text, name) = (Cell::new(false), &**field);
        let key = seed.deserialize(Name { name, is_text: &is_text })?;
        if is_text.get() {
            self.decoder.charge_name(name)?;
        }
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Decoded<V::Value> {
        let Some(field) = self.fields.get(self.taken) else { return Err(not_taken()) };
        let place = (self.number, self.taken);
        (self.is_open, self.taken) = (false, self.taken + 1);
        self.decoder.memo.has_ignored = false;
        let value = seed.deserialize(&mut *self.decoder).map_err(|error| error.inside(&**field))?;
        if std::mem::take(&mut self.decoder.memo.has_ignored) {
            *self.decoder.memo.ignored.entry(place).or_default() += 1;
        }
        Ok(value)
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.fields.len() - self.taken).min(HINT))
    }
}

#[cold]
fn not_taken() -> CodecError {
    CodecError::custom("the type asks for a name before it has taken the value of the last one")
}

/// The name of a field, for who asks which field it is; `is_text` says that it was asked for as a text, which may be kept.
struct Name<'n, 'c> {
    name: &'n str,
    is_text: &'c Cell<bool>,
}

impl<'de> Deserializer<'de> for Name<'_, '_> {
    type Error = CodecError;

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        visitor.visit_str(self.name)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.is_text.set(true);
        StrDeserializer::new(self.name).deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Decoded<V::Value> {
        StrDeserializer::new(self.name).deserialize_enum(name, variants, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Decoded<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct ignored_any
    }
}

/// The fields of a struct in the order in which its type has them.
pub(super) struct StructByPlace<'d, 'de, 'a> {
    decoder: &'d mut Decoder<'de, 'a>,
    fields: &'a [Arc<str>],
    taken: usize,
}

impl<'d, 'de, 'a> StructByPlace<'d, 'de, 'a> {
    #[inline]
    pub(super) fn new(decoder: &'d mut Decoder<'de, 'a>, fields: &'a [Arc<str>]) -> Self {
        StructByPlace { decoder, fields, taken: 0 }
    }

    #[inline]
    pub(super) fn finish(&mut self) -> Decoded<()> {
        finish(self.fields, self.taken)
    }
}

impl<'de> SeqAccess<'de> for &mut StructByPlace<'_, 'de, '_> {
    type Error = CodecError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Decoded<Option<T::Value>> {
        let Some(field) = self.fields.get(self.taken) else { return Ok(None) };
        self.taken += 1;
        seed.deserialize(&mut *self.decoder).map(Some).map_err(|error| error.inside(&**field))
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.fields.len() - self.taken).min(HINT))
    }
}

/// A variant as a map of one entry, for who cannot ask for an enum.
pub(super) struct VariantAsMap<'d, 'de, 'a> {
    decoder: &'d mut Decoder<'de, 'a>,
    name: &'a str,
    taken: bool,
}

impl<'d, 'de, 'a> VariantAsMap<'d, 'de, 'a> {
    pub(super) fn new(decoder: &'d mut Decoder<'de, 'a>, name: &'a str) -> Self {
        VariantAsMap { decoder, name, taken: false }
    }

    pub(super) fn finish(&mut self) -> Decoded<()> {
        if self.taken { Ok(()) } else { Err(CodecError::custom(format!("its variant `{}` was not taken", self.name))) }
    }
}

impl<'de> MapAccess<'de> for &mut VariantAsMap<'_, 'de, '_> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Decoded<Option<K::Value>> {
        if self.taken {
            return Ok(None);
        }
        self.decoder.charge_name(self.name)?;
        seed.deserialize(StrDeserializer::<CodecError>::new(self.name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Decoded<V::Value> {
        if std::mem::replace(&mut self.taken, true) {
            return Err(not_taken());
        }
        seed.deserialize(&mut *self.decoder).map_err(|error| error.inside(self.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(usize::from(!self.taken))
    }
}

/// A variant for who has asked for one.
pub(super) struct Stored<'d, 'n, 'de, 'a> {
    decoder: &'d mut Decoder<'de, 'a>,
    name: &'n str,
    has_value: bool,
}

impl<'d, 'n, 'de, 'a> Stored<'d, 'n, 'de, 'a> {
    pub(super) fn unit(decoder: &'d mut Decoder<'de, 'a>, name: &'n str) -> Self {
        Stored { decoder, name, has_value: false }
    }

    pub(super) fn with_value(decoder: &'d mut Decoder<'de, 'a>, name: &'n str) -> Self {
        Stored { decoder, name, has_value: true }
    }

    fn expect_value(&self, expected: &'static str) -> Decoded<()> {
        if self.has_value { Ok(()) } else { Err(CodecError::invalid_type(Unexpected::UnitVariant, &expected)) }
    }
}

impl<'de> EnumAccess<'de> for Stored<'_, '_, 'de, '_> {
    type Error = CodecError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Decoded<(V::Value, Self)> {
        let name: StrDeserializer<'_, CodecError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Stored<'_, '_, 'de, '_> {
    type Error = CodecError;

    fn unit_variant(self) -> Decoded<()> {
        // What a variant has lost in the program would be lost here.
        if self.has_value { <() as serde::Deserialize>::deserialize(self.decoder) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Decoded<T::Value> {
        self.expect_value("a newtype variant")?;
        seed.deserialize(self.decoder)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Decoded<V::Value> {
        self.expect_value("a tuple variant")?;
        self.decoder.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Decoded<V::Value> {
        self.expect_value("a struct variant")?;
        self.decoder.deserialize_struct("", fields, visitor)
    }
}
