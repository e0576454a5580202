//! From bytes to a value: a serde `Deserializer`.
//!
//! Each `deserialize_*` looks whether the value is what is asked for, and hands it over as such; if it is not, it hands
//! over what there is, as a format does that tells what it holds, and the type decides. So a number becomes a float, a
//! unit variant a text, a map a struct where the program has changed so.

mod access;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use slotmap::{DefaultKey, Key};

use access::{Elements, Entries, Stored, StructByName, StructByPlace};

use super::error::{CodecError, What};
use super::lossless::{LosslessReader, other};
use super::names::{NAME_MAX, Names};
use super::tag;
use crate::id::{FIRST_GENERATION, ID_NAME, Id, key_from_parts};

/// What a decoder may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// How deep values may be nested.
    pub(crate) nesting: u32,
    /// How many bytes of memory elements may take from here on.
    pub(crate) memory: u64,
}

impl Room {
    /// For what has just been encoded from memory.
    pub(crate) fn unbounded(nesting: u32) -> Self {
        Room { nesting, memory: u64::MAX }
    }
}

/// Which structs agree with the types that ask for them, by the number of the struct.
#[derive(Debug, Default, Clone)]
pub(crate) struct Memo {
    /// The address of the list of fields asked for last, and whether it is that of the file.
    known: Vec<(usize, bool)>,
    /// How often a field of a struct was passed over, by the numbers of struct and field: no type asks for it.
    ignored: BTreeMap<(usize, usize), u64>,
    /// The same of a map that was asked for as a struct, by the name of the field.
    ignored_names: BTreeMap<Box<str>, u64>,
    /// Whether the value that was read last was passed over.
    has_ignored: bool,
}

impl Memo {
    /// Takes in what another has counted, of values that were read with the same names.
    #[cfg(feature = "rayon")]
    pub(crate) fn add(&mut self, other: &Memo) {
        for (place, times) in &other.ignored {
            *self.ignored.entry(*place).or_default() += times;
        }
        for (name, times) in &other.ignored_names {
            *self.ignored_names.entry(name.clone()).or_default() += times;
        }
    }

    /// How many names of fields that are keys of maps are kept: a hostile file could give each map others.
    const IGNORED_NAMES_MAX: usize = 4096;

    fn note_ignored(&mut self, name: &str) {
        if let Some(times) = self.ignored_names.get_mut(name) {
            *times += 1;
        } else if self.ignored_names.len() < Self::IGNORED_NAMES_MAX && name.len() <= NAME_MAX {
            self.ignored_names.insert(name.into(), 1);
        }
    }

    /// The fields that were passed over, each once by its name, and how often.
    pub(crate) fn ignored<'n>(&'n self, names: &'n Names) -> impl Iterator<Item = (&'n str, u64)> {
        let of_structs = self.ignored.iter();
        let of_structs =
            of_structs.filter_map(|((number, field), times)| Some((&*names.fields(*number)?[*field], *times)));
        of_structs.chain(self.ignored_names.iter().map(|(name, times)| (&**name, *times)))
    }
}

/// Reads values from the beginning of its bytes to their end.
pub(crate) struct Decoder<'de, 'a> {
    bytes: &'de [u8],
    at: usize,
    names: &'a Names,
    memo: &'a mut Memo,
    room: Room,
    depth: u32,
    in_id: bool,
    by_name: bool,
    /// Whether the bytes were made of JSON, which has one `null`, and decimals where floats are.
    of_json: bool,
    /// How often a value was asked for as an option or a newtype since the place has moved, and that place.
    still: (usize, u32),
    /// The sizes of the values that are being made, one inside of the other, in bytes: each lies on the stack.
    on_stack: usize,
}

/// How large values may be that lie inside of one another below the outermost, in bytes: a stack holds each several times.
const ON_STACK_MAX: usize = 64 << 10;

type Decoded<T> = Result<T, CodecError>;

impl<'de, 'a> Decoder<'de, 'a> {
    pub(crate) fn new(bytes: &'de [u8], names: &'a Names, memo: &'a mut Memo, room: Room) -> Self {
        memo.known.resize(names.structs(), (0, false));
        Decoder {
            bytes,
            at: 0,
            names,
            memo,
            room,
            depth: 0,
            in_id: false,
            by_name: false,
            of_json: false,
            still: (usize::MAX, 0),
            on_stack: 0,
        }
    }

    /// The same decoder of bytes that were made of JSON text.
    pub(crate) fn reading_json(mut self, of_json: bool) -> Self {
        self.of_json = of_json;
        self
    }

    /// How many bytes have been read.
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    /// What is left of the room.
    pub(crate) fn room(&self) -> Room {
        self.room
    }

    /// Whether a row follows: not the end, and no definition of names.
    pub(crate) fn is_at_row(&self) -> bool {
        self.bytes.get(self.at).is_some_and(|tag| !matches!(*tag, tag::DEFINE_FIELDS | tag::DEFINE_VARIANT))
    }

    /// Reads a whole value.
    ///
    /// Where a type does not take the fields of its structs by position, though it names them in their order, it is
    /// asked again by name. So each row is read in the same way, whatever was read before it.
    pub(crate) fn value<T: DeserializeOwned>(&mut self) -> Decoded<T> {
        let (at, room) = (self.at, self.room);
        (self.depth, self.in_id, self.by_name, self.on_stack) = (0, false, false, 0);
        let refused = match T::deserialize(&mut *self) {
            Ok(value) => return Ok(value),
            Err(error) if !matches!(error.what(), What::Said(_)) => return Err(error),
            Err(error) => error,
        };
        (self.at, self.room, self.depth, self.in_id, self.by_name, self.on_stack) = (at, room, 0, false, true, 0);
        T::deserialize(&mut *self).map_err(|_| refused)
    }

    /// Reads a whole value by what it is made of. `None`, and nothing is read, where it has another form.
    pub(crate) fn lossless<T>(
        &mut self,
        read: impl FnOnce(&mut LosslessReader<'_, 'de, 'a>) -> Decoded<T>,
    ) -> Option<T> {
        let (at, room) = (self.at, self.room);
        (self.depth, self.in_id, self.by_name, self.on_stack) = (0, false, false, 0);
        let value = read(&mut LosslessReader(self)).ok();
        if value.is_none() {
            (self.at, self.room) = (at, room);
        }
        value
    }

    /// Begins a struct of these fields in their order; [`Decoder::end`] ends it.
    #[inline]
    pub(super) fn begin_fields(&mut self, names: &'static [&'static str]) -> Decoded<()> {
        self.enter()?;
        let tag = self.tag()?;
        if !matches!(tag, tag::STRUCT | tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END) {
            return Err(other());
        }
        let number = self.struct_number(tag)?;
        if self.agrees(number, "", names) { Ok(()) } else { Err(other()) }
    }

    #[inline]
    pub(super) fn begin_list(&mut self) -> Decoded<usize> {
        self.enter()?;
        match self.tag()? {
            tag @ tag::SHORT_LIST..=tag::SHORT_LIST_END => Ok(usize::from(tag - tag::SHORT_LIST)),
            tag::LIST => self.length(),
            _ => Err(other()),
        }
    }

    pub(super) fn begin_map(&mut self) -> Decoded<usize> {
        self.enter()?;
        if self.tag()? == tag::MAP { self.length() } else { Err(other()) }
    }

    /// The name of a variant, and whether a value follows and then [`Decoder::end`].
    #[inline]
    pub(super) fn begin_variant(&mut self) -> Decoded<(&'a str, bool)> {
        match self.tag()? {
            tag @ (tag::UNIT_VARIANT | tag::SHORT_UNIT_VARIANT..=tag::SHORT_UNIT_VARIANT_END) => {
                Ok((self.variant(tag)?, false))
            }
            tag::VARIANT => {
                self.enter()?;
                Ok((self.variant(tag::VARIANT)?, true))
            }
            _ => Err(other()),
        }
    }

    #[inline]
    pub(super) fn end(&mut self) {
        self.leave();
    }

    /// Whether an option has no value; if it has one, that follows.
    #[inline]
    pub(super) fn is_none(&mut self) -> Decoded<bool> {
        let tag = self.peek()?;
        self.count_still()?;
        self.at += usize::from(tag == tag::NONE || tag == tag::SOME);
        Ok(tag == tag::NONE)
    }

    #[inline]
    pub(super) fn f32(&mut self) -> Decoded<f32> {
        if self.tag()? == tag::F32 { Ok(f32::from_bits(self.number(4)? as u32)) } else { Err(other()) }
    }

    #[inline]
    pub(super) fn f64(&mut self) -> Decoded<f64> {
        if self.tag()? == tag::F64 { Ok(f64::from_bits(self.number(8)?)) } else { Err(other()) }
    }

    #[inline]
    pub(super) fn id_of<M: ?Sized>(&mut self) -> Decoded<Id<M>> {
        match self.tag()? {
            tag @ tag::FIRST_ID..=tag::NULL_ID => {
                let id = self.id(tag)?;
                key_from_parts(id as u32, (id >> 32) as u32).map(Id::from_key).ok_or_else(other)
            }
            _ => Err(other()),
        }
    }

    /// The fields of the struct that begins here, whose values follow; `None` for anything else.
    fn fields_of_struct(&mut self) -> Option<&'a [Arc<str>]> {
        let tag = self.tag().ok()?;
        if !matches!(tag, tag::STRUCT | tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END) {
            return None;
        }
        let number = self.struct_number(tag).ok()?;
        self.fields(number).ok()
    }

    /// The bytes of the value that begins here, which is passed over.
    fn value_bytes(&mut self) -> Option<&'de [u8]> {
        let start = self.at;
        self.skip().ok()?;
        Some(&self.bytes[start..self.at])
    }

    /// Passes over a whole value.
    pub(crate) fn pass(&mut self) -> Decoded<()> {
        self.skip()
    }

    #[cold]
    #[inline(never)]
    fn ended<T>() -> Decoded<T> {
        Err(CodecError::malformed("the bytes end inside of it"))
    }

    #[inline]
    fn tag(&mut self) -> Decoded<u8> {
        match self.bytes.get(self.at) {
            Some(tag) => {
                self.at += 1;
                Ok(*tag)
            }
            None => Self::ended(),
        }
    }

    #[inline]
    fn peek(&self) -> Decoded<u8> {
        match self.bytes.get(self.at) {
            Some(tag) => Ok(*tag),
            None => Self::ended(),
        }
    }

    /// A number of up to 8 bytes.
    #[inline]
    fn number(&mut self, length: usize) -> Decoded<u64> {
        let rest = &self.bytes[self.at..];
        let number = match rest.first_chunk::<8>() {
            Some(eight) => u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * length)),
            None if rest.len() >= length => {
                rest[..length].iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte))
            }
            None => return Self::ended(),
        };
        self.at += length;
        Ok(number)
    }

    fn big(&mut self) -> Decoded<u128> {
        match self.bytes[self.at..].first_chunk() {
            Some(bytes) => {
                self.at += 16;
                Ok(u128::from_le_bytes(*bytes))
            }
            None => Self::ended(),
        }
    }

    fn big_negative(&mut self) -> Decoded<i128> {
        let number = i128::try_from(self.big()?).map_err(|_| CodecError::malformed("a number is not as it can be"))?;
        Ok(!number)
    }

    #[inline]
    fn varint(&mut self) -> Decoded<usize> {
        let number = tag::varint(self.bytes, &mut self.at).and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| CodecError::malformed("a number is not as it can be"))
    }

    /// As [`Decoder::varint`], a length of what follows, each part of which takes one byte at least.
    #[inline]
    fn length(&mut self) -> Decoded<usize> {
        let length = self.varint()?;
        if length > self.bytes.len() - self.at {
            return Err(CodecError::malformed("it states a length that goes beyond it"));
        }
        Ok(length)
    }

    #[inline]
    fn slice(&mut self, length: usize) -> Decoded<&'de [u8]> {
        match self.bytes[self.at..].get(..length) {
            Some(slice) => {
                self.at += length;
                Ok(slice)
            }
            None => Self::ended(),
        }
    }

    #[inline]
    fn text(&mut self, tag: u8) -> Decoded<&'de str> {
        let length = if tag == tag::LONG_TEXT { self.length()? } else { usize::from(tag - tag::TEXT) };
        let slice = self.slice(length)?;
        std::str::from_utf8(slice).map_err(|_| CodecError::malformed("a text is not UTF-8"))
    }

    /// The id behind its tag, as slotmap's number of it.
    #[inline]
    fn id(&mut self, tag: u8) -> Decoded<u64> {
        match tag {
            tag::NULL_ID => Ok(DefaultKey::null().data().as_ffi()),
            tag::ID => self.number(8),
            _ => Ok((u64::from(FIRST_GENERATION) << 32) | self.number(usize::from(tag - tag::FIRST_ID) + 1)?),
        }
    }

    #[inline]
    fn struct_number(&mut self, tag: u8) -> Decoded<usize> {
        if tag == tag::STRUCT { self.varint() } else { Ok(usize::from(tag - tag::SHORT_STRUCT)) }
    }

    fn fields(&self, number: usize) -> Decoded<&'a [Arc<str>]> {
        let names: &'a Names = self.names;
        names.fields(number).ok_or_else(|| CodecError::malformed("a struct has a number that stands for no names"))
    }

    /// The name of the variant behind its tag.
    fn variant(&mut self, tag: u8) -> Decoded<&'a Arc<str>> {
        let number = match tag {
            tag::SHORT_UNIT_VARIANT..=tag::SHORT_UNIT_VARIANT_END => usize::from(tag - tag::SHORT_UNIT_VARIANT),
            _ => self.varint()?,
        };
        let names: &'a Names = self.names;
        names.variant(number).ok_or_else(|| CodecError::malformed("a variant has a number that stands for no name"))
    }

    #[inline]
    fn enter(&mut self) -> Decoded<()> {
        self.depth += 1;
        if self.depth > self.room.nesting { Err(CodecError::new(What::TooDeep(self.room.nesting))) } else { Ok(()) }
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Enters a value of this type, which lies on the stack until [`Decoder::leave_value`].
    #[inline]
    pub(super) fn enter_value<T>(&mut self) -> Decoded<()> {
        self.enter()?;
        // The outermost value is the row, whose place is counted with its slot. Others may each lie in a box.
        if self.depth > 1 {
            self.charge::<T>()?;
            self.on_stack += size_of::<T>();
        }
        if self.on_stack > ON_STACK_MAX { Err(CodecError::new(What::TooDeep(self.depth - 1))) } else { Ok(()) }
    }

    #[inline]
    pub(super) fn leave_value<T>(&mut self) {
        if self.depth > 1 {
            self.on_stack -= size_of::<T>();
        }
        self.leave();
    }

    /// Counts a question that reads nothing: a type that asks so of itself would ask for ever.
    #[inline]
    pub(super) fn count_still(&mut self) -> Decoded<()> {
        if self.still.0 == self.at {
            self.still.1 += 1;
            if self.still.1 > self.room.nesting {
                return Err(CodecError::new(What::TooDeep(self.room.nesting)));
            }
        } else {
            self.still = (self.at, 0);
        }
        Ok(())
    }

    /// Takes memory for a name that is handed out as a text.
    fn charge_name(&mut self, name: &str) -> Decoded<()> {
        self.charge_bytes(name.len() + size_of::<String>())
    }

    /// Takes the memory of a value of this type out of what is left.
    #[inline]
    pub(super) fn charge<T>(&mut self) -> Decoded<()> {
        self.charge_bytes(size_of::<T>())
    }

    #[inline]
    fn charge_bytes(&mut self, size: usize) -> Decoded<()> {
        match self.room.memory.checked_sub(size as u64) {
            Some(left) => {
                self.room.memory = left;
                Ok(())
            }
            None => Err(CodecError::new(What::OverBudget)),
        }
    }

    /// Whether a type that names these fields can take the struct's values by position.
    #[inline]
    fn agrees(&mut self, number: usize, name: &str, asked: &'static [&'static str]) -> bool {
        let address = asked.as_ptr().addr();
        match self.memo.known.get(number) {
            Some(&(known, agrees)) if known == address => agrees && !self.by_name && self.has_as_many(number, asked),
            _ => self.compare(number, name, asked) && !self.by_name,
        }
    }

    /// Lists of one address could be of several lengths.
    #[inline]
    fn has_as_many(&self, number: usize, asked: &[&str]) -> bool {
        self.names.fields(number).is_some_and(|fields| fields.len() == asked.len())
    }

    #[cold]
    fn compare(&mut self, number: usize, name: &str, asked: &'static [&'static str]) -> bool {
        let Some(fields) = self.names.fields(number) else { return false };
        // Names that begin so are how a type talks to its own format, and such types know fields by name only.
        let agrees = !name.starts_with('$') && fields.iter().map(|field| &**field).eq(asked.iter().copied());
        if let Some(known) = self.memo.known.get_mut(number) {
            *known = (asked.as_ptr().addr(), agrees);
        }
        agrees
    }

    fn visit_list<V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Decoded<V::Value> {
        self.enter_value::<V::Value>()?;
        let mut elements = Elements::new(self, length);
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        self.leave_value::<V::Value>();
        Ok(value)
    }

    fn visit_entries<V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Decoded<V::Value> {
        self.enter_value::<V::Value>()?;
        let mut entries = Entries::new(self, length);
        let value = visitor.visit_map(&mut entries)?;
        entries.finish()?;
        self.leave_value::<V::Value>();
        Ok(value)
    }

    /// The entries of a map as the fields of a struct: their keys are texts.
    fn visit_fields<V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Decoded<V::Value> {
        self.enter_value::<V::Value>()?;
        let mut entries = Entries::of_texts(self, length);
        let value = visitor.visit_map(&mut entries)?;
        entries.finish()?;
        self.leave_value::<V::Value>();
        Ok(value)
    }

    fn visit_names<V: Visitor<'de>>(&mut self, number: usize, visitor: V) -> Decoded<V::Value> {
        self.enter_value::<V::Value>()?;
        let fields = self.fields(number)?;
        let mut by_name = StructByName::new(self, number, fields);
        let value = visitor.visit_map(&mut by_name)?;
        by_name.finish()?;
        self.leave_value::<V::Value>();
        Ok(value)
    }

    #[inline]
    fn visit_places<V: Visitor<'de>>(&mut self, number: usize, visitor: V) -> Decoded<V::Value> {
        self.enter_value::<V::Value>()?;
        let fields = self.fields(number)?;
        let mut by_place = StructByPlace::new(self, fields);
        let value = visitor.visit_seq(&mut by_place)?;
        by_place.finish()?;
        self.leave_value::<V::Value>();
        Ok(value)
    }

    /// Hands over whatever there is behind the tag.
    fn any<V: Visitor<'de>>(&mut self, tag: u8, visitor: V) -> Decoded<V::Value> {
        match tag {
            0..=tag::SMALL => visitor.visit_u64(u64::from(tag)),
            tag::TEXT..=tag::TEXT_END | tag::LONG_TEXT => visitor.visit_borrowed_str(self.text(tag)?),
            tag::UINT..tag::NEGATIVE => visitor.visit_u64(self.number(usize::from(tag - tag::UINT) + 1)?),
            tag::SMALL_NEGATIVE.. | tag::NEGATIVE..tag::BIG => match self.negative(tag)? {
                Ok(number) => visitor.visit_i64(number),
                Err(number) => visitor.visit_i128(number),
            },
            tag::BIG => visitor.visit_u128(self.big()?),
            tag::BIG_NEGATIVE => visitor.visit_i128(self.big_negative()?),
            tag::F32 => visitor.visit_f32(f32::from_bits(self.number(4)? as u32)),
            tag::F64 => visitor.visit_f64(f64::from_bits(self.number(8)?)),
            tag::FALSE => visitor.visit_bool(false),
            tag::TRUE => visitor.visit_bool(true),
            tag::NONE if self.of_json => visitor.visit_unit(),
            tag::NONE => visitor.visit_none(),
            tag::SOME => self.some(visitor),
            tag::UNIT => visitor.visit_unit(),
            tag::BYTES => {
                let length = self.length()?;
                visitor.visit_borrowed_bytes(self.slice(length)?)
            }
            tag::SHORT_LIST..=tag::SHORT_LIST_END => self.visit_list(usize::from(tag - tag::SHORT_LIST), visitor),
            tag::LIST => {
                let length = self.length()?;
                self.visit_list(length, visitor)
            }
            tag::MAP => {
                let length = self.length()?;
                self.visit_entries(length, visitor)
            }
            tag::FIRST_ID..=tag::NULL_ID => {
                let id = self.id(tag)?;
                visitor.visit_string(id_text(id)?)
            }
            tag::STRUCT | tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END => {
                let number = self.struct_number(tag)?;
                self.visit_names(number, visitor)
            }
            tag::UNIT_VARIANT | tag::SHORT_UNIT_VARIANT..=tag::SHORT_UNIT_VARIANT_END => {
                let name = self.variant(tag)?;
                self.charge_name(name)?;
                visitor.visit_str(name)
            }
            tag::VARIANT => self.visit_variant_as_map(visitor),
            _ => Err(CodecError::malformed("a byte is the tag of no value")),
        }
    }

    fn some<V: Visitor<'de>>(&mut self, visitor: V) -> Decoded<V::Value> {
        self.enter()?;
        let value = visitor.visit_some(&mut *self)?;
        self.leave();
        Ok(value)
    }

    fn visit_variant_as_map<V: Visitor<'de>>(&mut self, visitor: V) -> Decoded<V::Value> {
        self.enter()?;
        let name = self.variant(tag::VARIANT)?;
        let mut only = access::VariantAsMap::new(self, name);
        let value = visitor.visit_map(&mut only)?;
        only.finish()?;
        self.leave();
        Ok(value)
    }

    /// The negative integer behind the tag; `Err` where it takes more than 64 bits.
    #[inline]
    fn negative(&mut self, tag: u8) -> Decoded<Result<i64, i128>> {
        if tag >= tag::SMALL_NEGATIVE {
            return Ok(Ok(!i64::from(tag - tag::SMALL_NEGATIVE)));
        }
        let number = self.number(usize::from(tag - tag::NEGATIVE) + 1)?;
        Ok(i64::try_from(number).map(|number| !number).map_err(|_| !i128::from(number)))
    }

    /// What is asked for as a float: an integer is one up to this size.
    fn float_of<V: Visitor<'de>>(&mut self, tag: u8, exact: u64, visitor: V) -> Decoded<V::Value> {
        let at = self.at;
        let integer = match tag {
            tag::UINT..tag::NEGATIVE => Some(self.number(usize::from(tag - tag::UINT) + 1)?),
            tag::NEGATIVE..tag::BIG => Some(self.number(usize::from(tag - tag::NEGATIVE) + 1)?),
            _ => None,
        };
        self.at = at;
        if integer.is_some_and(|integer| integer > exact) {
            return Err(CodecError::custom("the integer is too large to be a float without a loss"));
        }
        self.any(tag, visitor)
    }

    /// Passes over a value, however deep it is nested.
    fn skip(&mut self) -> Decoded<()> {
        let mut values = 1_usize;
        while values > 0 {
            values -= 1;
            let tag = self.tag()?;
            let inside = match tag {
                0..=tag::SMALL | tag::FALSE..=tag::NONE | tag::UNIT | tag::NULL_ID | tag::SMALL_NEGATIVE.. => 0,
                tag::TEXT..=tag::TEXT_END | tag::LONG_TEXT => self.text(tag).map(|_| 0)?,
                tag::UINT..tag::NEGATIVE => self.number(usize::from(tag - tag::UINT) + 1).map(|_| 0)?,
                tag::NEGATIVE..tag::BIG => self.number(usize::from(tag - tag::NEGATIVE) + 1).map(|_| 0)?,
                tag::BIG => self.big().map(|_| 0)?,
                tag::BIG_NEGATIVE => self.big_negative().map(|_| 0)?,
                tag::F32 => self.number(4).map(|_| 0)?,
                tag::F64 => self.number(8).map(|_| 0)?,
                tag::SOME => 1,
                tag::BYTES => {
                    let length = self.length()?;
                    self.slice(length).map(|_| 0)?
                }
                tag::SHORT_LIST..=tag::SHORT_LIST_END => usize::from(tag - tag::SHORT_LIST),
                tag::LIST => self.length()?,
                tag::MAP => self.length()?.saturating_mul(2),
                tag::FIRST_ID..=tag::ID => id_key(self.id(tag)?).map(|_| 0)?,
                tag::STRUCT | tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END => {
                    let number = self.struct_number(tag)?;
                    self.fields(number)?.len()
                }
                tag::VARIANT => self.variant(tag).map(|_| 1)?,
                tag::UNIT_VARIANT | tag::SHORT_UNIT_VARIANT..=tag::SHORT_UNIT_VARIANT_END => {
                    self.variant(tag).map(|_| 0)?
                }
                _ => return Err(CodecError::malformed("a byte is the tag of no value")),
            };
            values = values.saturating_add(inside);
        }
        Ok(())
    }
}

/// Whether a decimal, read as a float of 64 bits, is the one that tells the float of 32 bits.
fn is_shortest(narrow: f32, wide: f64) -> bool {
    format!("{narrow:?}").parse() == Ok(wide)
}

/// The key that is slotmap's number.
fn id_key(id: u64) -> Decoded<DefaultKey> {
    let key = key_from_parts(id as u32, (id >> 32) as u32);
    key.ok_or_else(|| CodecError::malformed("an id with an even generation"))
}

/// An id as formats for people show it.
fn id_text(id: u64) -> Decoded<String> {
    let key = id_key(id)?;
    Ok(if key.is_null() { "null".to_owned() } else { Id::<()>::from_key(key).to_string() })
}

/// The integers: handed over as the type asks for them where they are in its range.
macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),+) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
            let tag = self.tag()?;
            let number = match tag {
                0..=tag::SMALL => u64::from(tag),
                tag::UINT..tag::NEGATIVE => self.number(usize::from(tag - tag::UINT) + 1)?,
                tag::SMALL_NEGATIVE.. | tag::NEGATIVE..tag::BIG => {
                    return match self.negative(tag)? {
                        Ok(number) => match <$type>::try_from(number) {
                            Ok(number) => visitor.$visit(number),
                            Err(_) => visitor.visit_i64(number),
                        },
                        Err(number) => visitor.visit_i128(number),
                    };
                }
                _ => return self.any(tag, visitor),
            };
            match <$type>::try_from(number) {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_u64(number),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Decoder<'de, '_> {
    type Error = CodecError;

    #[inline]
    fn is_human_readable(&self) -> bool {
        !self.in_id
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let tag = self.tag()?;
        self.any(tag, visitor)
    }

    integers!(
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32
    );

    #[inline]
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let tag = self.tag()?;
        match tag {
            0..=tag::SMALL => visitor.visit_u64(u64::from(tag)),
            tag::UINT..tag::NEGATIVE => visitor.visit_u64(self.number(usize::from(tag - tag::UINT) + 1)?),
            tag::FIRST_ID..=tag::NULL_ID if self.in_id => visitor.visit_u64(self.id(tag)?),
            _ => self.any(tag, visitor),
        }
    }

    /// A type may know the wide integers by the wide call only.
    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let tag = self.tag()?;
        match tag {
            0..=tag::SMALL => visitor.visit_i128(i128::from(tag)),
            tag::UINT..tag::NEGATIVE => visitor.visit_i128(self.number(usize::from(tag - tag::UINT) + 1)?.into()),
            tag::SMALL_NEGATIVE.. | tag::NEGATIVE..tag::BIG => {
                visitor.visit_i128(self.negative(tag)?.map_or_else(|number| number, i128::from))
            }
            tag::BIG => match self.big()? {
                number if number > i128::MAX as u128 => visitor.visit_u128(number),
                number => visitor.visit_i128(number.cast_signed()),
            },
            _ => self.any(tag, visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let tag = self.tag()?;
        match tag {
            0..=tag::SMALL => visitor.visit_u128(u128::from(tag)),
            tag::UINT..tag::NEGATIVE => visitor.visit_u128(self.number(usize::from(tag - tag::UINT) + 1)?.into()),
            _ => self.any(tag, visitor),
        }
    }

    /// A number of another type is handed over where a float of 32 bits is the same number.
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let tag = self.tag()?;
        if tag == tag::F64 {
            let wide = f64::from_bits(self.number(8)?);
            let narrow = wide as f32;
            let is_exact = f64::from(narrow).to_bits() == wide.to_bits() || wide.is_nan();
            return if is_exact || (self.of_json && is_shortest(narrow, wide)) {
                visitor.visit_f32(narrow)
            } else {
                Err(CodecError::custom(format_args!("{wide} is no float of 32 bits")))
            };
        }
        self.float_of(tag, 1 << 24, visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let tag = self.tag()?;
        self.float_of(tag, 1 << 53, visitor)
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.tag()? {
            tag::FALSE => visitor.visit_bool(false),
            tag::TRUE => visitor.visit_bool(true),
            tag => self.any(tag, visitor),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let tag = self.tag()?;
        if !matches!(tag, tag::TEXT..=tag::TEXT_END) {
            return self.any(tag, visitor);
        }
        let text = self.text(tag)?;
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => visitor.visit_char(letter),
            _ => visitor.visit_borrowed_str(text),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let tag = self.tag()?;
        match tag {
            tag::TEXT..=tag::TEXT_END | tag::LONG_TEXT => visitor.visit_borrowed_str(self.text(tag)?),
            _ => self.any(tag, visitor),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.peek()? {
            tag::NONE => {
                self.at += 1;
                visitor.visit_none()
            }
            tag::SOME => {
                self.at += 1;
                self.charge::<V::Value>()?;
                self.some(visitor)
            }
            _ => {
                self.count_still()?;
                self.charge::<V::Value>()?;
                visitor.visit_some(self)
            }
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.tag()? {
            tag::UNIT | tag::NONE => visitor.visit_unit(),
            tag => self.any(tag, visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Decoded<V::Value> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Decoded<V::Value> {
        if name == ID_NAME && matches!(self.peek()?, tag::FIRST_ID..=tag::NULL_ID) {
            self.in_id = true;
            let value = visitor.visit_newtype_struct(&mut *self);
            self.in_id = false;
            return value;
        }
        if name.starts_with('$') {
            return self.deserialize_any(visitor);
        }
        self.count_still()?;
        self.charge::<V::Value>()?;
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_any(visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Decoded<V::Value> {
        let tag = self.tag()?;
        match tag {
            tag::STRUCT | tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END => {}
            // A list has no names, and its elements would be taken for fields by their places.
            tag::LIST | tag::SHORT_LIST..=tag::SHORT_LIST_END => {
                return Err(CodecError::custom(format_args!("it is a list, expected the struct `{name}`")));
            }
            tag::MAP => {
                let length = self.length()?;
                return self.visit_fields(length, visitor);
            }
            _ => return self.any(tag, visitor),
        }
        let number = self.struct_number(tag)?;
        if self.agrees(number, name, fields) {
            self.visit_places(number, visitor)
        } else {
            self.visit_names(number, visitor)
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Decoded<V::Value> {
        self.charge::<V::Value>()?;
        let tag = self.tag()?;
        match tag {
            tag::UNIT_VARIANT | tag::SHORT_UNIT_VARIANT..=tag::SHORT_UNIT_VARIANT_END => {
                let name = self.variant(tag)?;
                visitor.visit_enum(Stored::unit(self, name))
            }
            tag::VARIANT => {
                self.enter()?;
                let name = self.variant(tag)?;
                let value =
                    visitor.visit_enum(Stored::with_value(self, name)).map_err(|error| error.inside(&**name))?;
                self.leave();
                Ok(value)
            }
            // As a type writes it that describes itself: the name alone, or a map of one entry.
            tag::TEXT..=tag::TEXT_END | tag::LONG_TEXT => {
                visitor.visit_enum(BorrowedStrDeserializer::new(self.text(tag)?))
            }
            tag::MAP => {
                if self.length()? != 1 {
                    return Err(CodecError::custom("expected a variant: a map of one entry"));
                }
                self.enter()?;
                let name_tag = self.tag()?;
                if !matches!(name_tag, tag::TEXT..=tag::TEXT_END | tag::LONG_TEXT) {
                    return Err(CodecError::custom("expected the name of a variant"));
                }
                let name = self.text(name_tag)?;
                let value = visitor.visit_enum(Stored::with_value(self, name)).map_err(|error| error.inside(name))?;
                self.leave();
                Ok(value)
            }
            tag::STRUCT | tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END => {
                let number = self.struct_number(tag)?;
                let [name] = self.fields(number)? else {
                    return Err(CodecError::custom("expected a variant: a struct of one field"));
                };
                self.enter()?;
                let value =
                    visitor.visit_enum(Stored::with_value(self, name)).map_err(|error| error.inside(&**name))?;
                self.leave();
                Ok(value)
            }
            _ => self.any(tag, visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.skip()?;
        self.memo.has_ignored = true;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf seq tuple tuple_struct identifier }
}

/// The first of the fields asked for in which two encodings of a row differ, by name; an empty name where they are no
/// structs of the same fields.
pub(crate) fn first_difference(
    left: &[u8],
    right: &[u8],
    names: &Names,
    is_asked: impl Fn(&str) -> bool,
) -> Option<String> {
    let (mut of_left, mut of_right) = (Memo::default(), Memo::default());
    let mut left = Decoder::new(left, names, &mut of_left, Room::unbounded(u32::MAX));
    let mut right = Decoder::new(right, names, &mut of_right, Room::unbounded(u32::MAX));
    let (Some(fields), Some(others)) = (left.fields_of_struct(), right.fields_of_struct()) else {
        return Some(String::new());
    };
    if fields != others {
        return Some(String::new());
    }
    let mut differing = fields.iter().map(|field| {
        let same = left.value_bytes()? == right.value_bytes()?;
        Some((field, same))
    });
    differing.find_map(|compared| match compared {
        Some((_, true)) => None,
        Some((field, false)) => is_asked(field).then(|| field.to_string()),
        None => Some(String::new()),
    })
}
