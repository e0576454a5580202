//! From a value to bytes: a serde `Serializer`.

mod compound;

use serde::Serialize;
use serde::ser::Serializer;
use slotmap::Key;

use compound::{Compound, Fields};

use super::error::{CodecError, What};
use super::lossless::other;
use super::names::{Interner, NAME_MAX, Names};
use super::{LosslessWriter, tag, unordered};
use crate::id::{FIRST_GENERATION, ID_NAME, Id};

/// Bytes that values are appended to, and the names that have been met.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    bytes: Vec<u8>,
    interner: Interner,
    depth: u32,
    nesting: u32,
    /// Inside an id, which asks for a number.
    in_id: bool,
    /// Names stand where they are used, so that the bytes depend on nothing but the value: for sorting.
    spells_names: bool,
}

type Encoded = Result<(), CodecError>;

impl Encoder {
    pub(crate) fn new(nesting: u32) -> Self {
        Encoder {
            bytes: Vec::new(),
            interner: Interner::default(),
            depth: 0,
            nesting,
            in_id: false,
            spells_names: false,
        }
    }

    /// What has been appended since it was last cleared.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Takes back what stands behind this place.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    pub(crate) fn names(&self) -> &Names {
        self.interner.names()
    }

    /// Appends a value; a refused one leaves no bytes.
    pub(crate) fn append<T: Serialize + ?Sized>(&mut self, value: &T) -> Encoded {
        let before = self.bytes.len();
        (self.depth, self.in_id) = (0, false);
        value.serialize(&mut *self).inspect_err(|_| self.bytes.truncate(before))
    }

    /// Appends the mark of a reserved id, which stands for its row.
    pub(crate) fn append_reserved(&mut self) {
        self.bytes.push(tag::RESERVED);
    }

    /// Whether names have come up that are not defined yet.
    #[inline]
    pub(crate) fn has_new_names(&self) -> bool {
        self.interner.has_new()
    }

    /// How many names have been defined: of structs, of variants.
    #[cfg(feature = "rayon")]
    pub(crate) fn defined_names(&self) -> (usize, usize) {
        self.interner.defined()
    }

    /// Puts the definitions of names that have come up for the first time before the value that begins here.
    pub(crate) fn define_new_names(&mut self, before: usize) {
        if self.interner.has_new() {
            let definitions = self.interner.define_new();
            self.bytes.splice(before..before, definitions);
        }
    }

    /// Begins a struct of these fields; [`Encoder::end`] ends it.
    #[inline]
    pub(super) fn begin_fields(&mut self, names: &'static [&'static str]) -> Encoded {
        self.enter()?;
        let number = self.interner.known_number(names).ok_or_else(other)?;
        compound::put_struct(&mut self.bytes, number);
        Ok(())
    }

    #[inline]
    pub(super) fn begin_list(&mut self, length: usize) -> Encoded {
        self.enter()?;
        compound::put_head(&mut self.bytes, false, length);
        Ok(())
    }

    #[inline]
    pub(super) fn begin_map(&mut self, length: usize) -> Encoded {
        self.enter()?;
        compound::put_head(&mut self.bytes, true, length);
        Ok(())
    }

    #[inline]
    pub(super) fn begin_variant(&mut self, name: &'static str) -> Encoded {
        self.enter()?;
        self.put_variant(tag::VARIANT, name);
        Ok(())
    }

    #[inline]
    pub(super) fn unit_variant(&mut self, name: &'static str) {
        self.put_variant(tag::UNIT_VARIANT, name);
    }

    /// Enters a value that lies elsewhere in memory than what it is in: nothing is written for it.
    #[inline]
    pub(super) fn begin_box(&mut self) -> Encoded {
        self.enter()
    }

    #[inline]
    pub(super) fn end(&mut self) {
        self.leave();
    }

    #[inline]
    pub(super) fn put_none(&mut self) {
        self.bytes.push(tag::NONE);
    }

    /// Puts the mark of an option before the value that begins here, if it needs one.
    #[inline]
    pub(super) fn mark_some(&mut self, before: usize) {
        if matches!(self.bytes.get(before), Some(&(tag::NONE | tag::SOME | tag::UNIT))) {
            self.bytes.insert(before, tag::SOME);
        }
    }

    #[inline]
    pub(super) fn put_id_of<M: ?Sized>(&mut self, id: Id<M>) {
        self.put_id(id.key().data().as_ffi());
    }

    /// Appends a value by what it is made of, and says whether it has: not where a struct is met for the first time, or it
    /// is nested too deep. Then serde is to be asked.
    pub(crate) fn append_lossless(&mut self, write: impl FnOnce(&mut LosslessWriter<'_>) -> Encoded) -> bool {
        let before = self.bytes.len();
        (self.depth, self.in_id) = (0, false);
        write(&mut LosslessWriter(self)).inspect_err(|_| self.bytes.truncate(before)).is_ok()
    }

    /// An encoder whose bytes depend on the value alone.
    fn spelling(nesting: u32, depth: u32) -> Self {
        Encoder { spells_names: true, depth, ..Encoder::new(nesting) }
    }

    #[inline]
    fn enter(&mut self) -> Encoded {
        self.depth += 1;
        if self.depth > self.nesting { Err(CodecError::new(What::TooDeep(self.nesting))) } else { Ok(()) }
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A tag, and the lowest bytes of a number behind it.
    #[inline]
    fn put_number(&mut self, tag: u8, number: u64, length: usize) {
        let mut bytes = [0; 9];
        bytes[0] = tag;
        bytes[1..].copy_from_slice(&number.to_le_bytes());
        let end = self.bytes.len() + 1 + length;
        self.bytes.extend_from_slice(&bytes);
        self.bytes.truncate(end);
    }

    #[inline]
    fn put_uint(&mut self, number: u64) {
        if number <= u64::from(tag::SMALL) {
            self.bytes.push(number as u8);
        } else {
            let length = bytes_of(number);
            self.put_number(tag::UINT + length as u8 - 1, number, length);
        }
    }

    #[inline]
    fn put_int(&mut self, number: i64) {
        if number >= 0 {
            self.put_uint(number.cast_unsigned());
        } else {
            let number = !number.cast_unsigned();
            if number < 8 {
                self.bytes.push(tag::SMALL_NEGATIVE + number as u8);
            } else {
                let length = bytes_of(number);
                self.put_number(tag::NEGATIVE + length as u8 - 1, number, length);
            }
        }
    }

    /// An id, as slotmap's number of it: the generation above, the slot below.
    #[inline]
    fn put_id(&mut self, id: u64) {
        let (slot, generation) = (id & u64::from(u32::MAX), (id >> 32) as u32);
        if slot == u64::from(u32::MAX) && generation == FIRST_GENERATION {
            self.bytes.push(tag::NULL_ID);
        } else if generation == FIRST_GENERATION {
            let length = bytes_of(slot);
            self.put_number(tag::FIRST_ID + length as u8 - 1, slot, length);
        } else {
            self.put_number(tag::ID, id, 8);
        }
    }

    fn put_text(&mut self, text: &str) {
        if text.len() <= usize::from(tag::TEXT_END - tag::TEXT) {
            self.bytes.push(tag::TEXT + text.len() as u8);
        } else {
            self.bytes.push(tag::LONG_TEXT);
            tag::put_varint(&mut self.bytes, text.len() as u64);
        }
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// The tag of a variant and the number of its name, or the name itself.
    #[inline]
    fn put_variant(&mut self, kind: u8, name: &'static str) {
        debug_assert!(name.len() <= NAME_MAX, "a variant has a name of {} bytes", name.len());
        if self.spells_names {
            self.bytes.push(kind);
            return self.put_text(name);
        }
        let number = self.interner.variant(name);
        if kind == tag::UNIT_VARIANT && number < 16 {
            self.bytes.push(tag::SHORT_UNIT_VARIANT + number as u8);
        } else {
            self.bytes.push(kind);
            tag::put_varint(&mut self.bytes, u64::from(number));
        }
    }

    /// The bytes that sort an item of an unordered collection.
    fn sorting_bytes<T: Serialize + ?Sized>(&self, item: &T) -> Result<Vec<u8>, CodecError> {
        let mut encoder = Encoder::spelling(self.nesting, self.depth);
        item.serialize(&mut encoder)?;
        Ok(encoder.bytes)
    }

    /// Items in the order of the bytes that their keys are encoded to.
    fn sorted<T, K: Serialize>(
        &self,
        items: impl Iterator<Item = T>,
        key: impl Fn(&T) -> &K,
    ) -> Result<Vec<T>, CodecError> {
        let keyed = items.map(|item| Ok((self.sorting_bytes(key(&item))?, item)));
        let mut keyed = keyed.collect::<Result<Vec<_>, CodecError>>()?;
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    }
}

/// How many bytes a number needs, one at least.
#[inline]
fn bytes_of(number: u64) -> usize {
    (8 - (number | 1).leading_zeros() as usize / 8).max(1)
}

impl<'a> Serializer for &'a mut Encoder {
    type Ok = ();
    type Error = CodecError;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    #[inline]
    fn is_human_readable(&self) -> bool {
        !self.in_id
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Encoded {
        self.bytes.push(if value { tag::TRUE } else { tag::FALSE });
        Ok(())
    }
    #[inline]
    fn serialize_i8(self, value: i8) -> Encoded {
        self.serialize_i64(i64::from(value))
    }
    #[inline]
    fn serialize_i16(self, value: i16) -> Encoded {
        self.serialize_i64(i64::from(value))
    }
    #[inline]
    fn serialize_i32(self, value: i32) -> Encoded {
        self.serialize_i64(i64::from(value))
    }
    #[inline]
    fn serialize_i64(self, value: i64) -> Encoded {
        self.put_int(value);
        Ok(())
    }
    fn serialize_i128(self, value: i128) -> Encoded {
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => self.put_uint(value),
            (_, Ok(value)) => self.put_int(value),
            _ if value < 0 => {
                self.bytes.push(tag::BIG_NEGATIVE);
                self.bytes.extend_from_slice(&(!value).to_le_bytes());
            }
            _ => {
                self.bytes.push(tag::BIG);
                self.bytes.extend_from_slice(&value.to_le_bytes());
            }
        }
        Ok(())
    }
    #[inline]
    fn serialize_u8(self, value: u8) -> Encoded {
        self.serialize_u64(u64::from(value))
    }
    #[inline]
    fn serialize_u16(self, value: u16) -> Encoded {
        self.serialize_u64(u64::from(value))
    }
    #[inline]
    fn serialize_u32(self, value: u32) -> Encoded {
        self.serialize_u64(u64::from(value))
    }
    #[inline]
    fn serialize_u64(self, value: u64) -> Encoded {
        if self.in_id {
            self.put_id(value);
        } else {
            self.put_uint(value);
        }
        Ok(())
    }
    fn serialize_u128(self, value: u128) -> Encoded {
        if let Ok(value) = u64::try_from(value) {
            self.put_uint(value);
        } else {
            self.bytes.push(tag::BIG);
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
        Ok(())
    }
    #[inline]
    fn serialize_f32(self, value: f32) -> Encoded {
        self.put_number(tag::F32, u64::from(value.to_bits()), 4);
        Ok(())
    }
    #[inline]
    fn serialize_f64(self, value: f64) -> Encoded {
        self.put_number(tag::F64, value.to_bits(), 8);
        Ok(())
    }
    fn serialize_char(self, value: char) -> Encoded {
        self.put_text(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }
    #[inline]
    fn serialize_str(self, value: &str) -> Encoded {
        self.put_text(value);
        Ok(())
    }
    fn serialize_bytes(self, value: &[u8]) -> Encoded {
        self.bytes.push(tag::BYTES);
        tag::put_varint(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(value);
        Ok(())
    }
    #[inline]
    fn serialize_none(self) -> Encoded {
        self.bytes.push(tag::NONE);
        Ok(())
    }
    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Encoded {
        let before = self.bytes.len();
        value.serialize(&mut *self)?;
        self.mark_some(before);
        Ok(())
    }
    fn serialize_unit(self) -> Encoded {
        self.bytes.push(tag::UNIT);
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Encoded {
        self.serialize_unit()
    }
    #[inline]
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Encoded {
        self.put_variant(tag::UNIT_VARIANT, variant);
        Ok(())
    }
    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Encoded {
        if name == ID_NAME {
            self.in_id = true;
            let encoded = value.serialize(&mut *self);
            self.in_id = false;
            return encoded;
        }
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Encoded {
        self.enter()?;
        self.put_variant(tag::VARIANT, variant);
        value.serialize(&mut *self).map_err(|error| error.inside(variant))?;
        self.leave();
        Ok(())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Compound<'a>, CodecError> {
        Compound::list(self, length, None)
    }
    fn serialize_tuple(self, length: usize) -> Result<Compound<'a>, CodecError> {
        Compound::list(self, Some(length), None)
    }
    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Compound<'a>, CodecError> {
        Compound::list(self, Some(length), None)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Compound<'a>, CodecError> {
        self.put_variant(tag::VARIANT, variant);
        Compound::list(self, Some(length), Some(variant))
    }
    fn serialize_map(self, length: Option<usize>) -> Result<Compound<'a>, CodecError> {
        Compound::map(self, length)
    }
    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, CodecError> {
        Fields::new(self, name, None)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, CodecError> {
        self.put_variant(tag::VARIANT, variant);
        Fields::new(self, variant, Some(variant))
    }

    fn collect_seq<I>(self, items: I) -> Encoded
    where
        I: IntoIterator,
        <I as IntoIterator>::Item: Serialize,
    {
        let unordered = unordered::is_unordered::<I>();
        let items = items.into_iter();
        if unordered {
            let sorted = self.sorted(items, |item| item)?;
            return Compound::list(self, Some(sorted.len()), None)?.all_elements(sorted.into_iter());
        }
        let (least, most) = items.size_hint();
        Compound::list(self, Some(most.unwrap_or(least)), None)?.all_elements(items)
    }

    fn collect_map<K, V, I>(self, entries: I) -> Encoded
    where
        K: Serialize,
        V: Serialize,
        I: IntoIterator<Item = (K, V)>,
    {
        let unordered = unordered::is_unordered::<I>();
        let entries = entries.into_iter();
        if unordered {
            let sorted = self.sorted(entries, |(key, _)| key)?;
            return Compound::map(self, Some(sorted.len()))?.all_entries(sorted.into_iter());
        }
        let (least, most) = entries.size_hint();
        Compound::map(self, Some(most.unwrap_or(least)))?.all_entries(entries)
    }
}
