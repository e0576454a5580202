//! Lists, maps and structs while they are written.
//!
//! The head of each is written first, as it is expected to be, and corrected at the end where it was not: a list that did
//! not know its length, a struct of other fields than the last one of its name.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};

use super::{Encoded, Encoder};
use crate::codec::error::CodecError;
use crate::codec::names::NAME_MAX;
use crate::codec::tag;

/// A list or a map.
pub(crate) struct Compound<'a> {
    encoder: &'a mut Encoder,
    /// Where the head begins.
    head: usize,
    is_map: bool,
    stated: usize,
    written: usize,
    variant: Option<&'static str>,
    /// Where the entries of a map begin that is to be sorted, and the bytes that sort each.
    loose: Option<Vec<(Vec<u8>, usize)>>,
}

impl<'a> Compound<'a> {
    #[inline]
    pub(super) fn list(
        encoder: &'a mut Encoder,
        length: Option<usize>,
        variant: Option<&'static str>,
    ) -> Result<Self, CodecError> {
        Self::new(encoder, length, false, variant)
    }

    #[inline]
    pub(super) fn map(encoder: &'a mut Encoder, length: Option<usize>) -> Result<Self, CodecError> {
        Self::new(encoder, length, true, None)
    }

    #[inline]
    fn new(
        encoder: &'a mut Encoder,
        length: Option<usize>,
        is_map: bool,
        variant: Option<&'static str>,
    ) -> Result<Self, CodecError> {
        encoder.enter()?;
        let head = encoder.bytes.len();
        let stated = length.unwrap_or(0);
        put_head(&mut encoder.bytes, is_map, stated);
        // A map that does not know its length is one that `flatten` makes of a struct and of maps, of which nobody says
        // whether they have an order: it is sorted.
        let loose = (is_map && length.is_none()).then(Vec::new);
        Ok(Compound { encoder, head, is_map, stated, written: 0, variant, loose })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Encoded {
        let encoded = value.serialize(&mut *self.encoder);
        let element = self.written;
        self.written += 1;
        encoded.map_err(|error| self.name(error.at_element(element)))
    }

    #[cold]
    fn name(&self, error: CodecError) -> CodecError {
        match self.variant {
            Some(variant) => error.inside(variant),
            None => error,
        }
    }

    pub(super) fn all_elements<T: Serialize>(mut self, items: impl Iterator<Item = T>) -> Encoded {
        for item in items {
            self.element(&item)?;
        }
        self.finish()
    }

    pub(super) fn all_entries<K: Serialize, V: Serialize>(mut self, entries: impl Iterator<Item = (K, V)>) -> Encoded {
        for (key, value) in entries {
            self.serialize_key(&key)?;
            self.serialize_value(&value)?;
        }
        self.finish()
    }

    #[inline]
    #[expect(clippy::unnecessary_wraps, reason = "it is the end of each serializer, which may fail")]
    fn finish(mut self) -> Encoded {
        self.encoder.leave();
        if let Some(loose) = self.loose.take() {
            self.sort(loose);
        }
        if self.written != self.stated {
            let bytes = &mut self.encoder.bytes;
            let mut head = Vec::new();
            put_head(&mut head, self.is_map, self.stated);
            let end = self.head + head.len();
            head.clear();
            put_head(&mut head, self.is_map, self.written);
            bytes.splice(self.head..end, head);
        }
        Ok(())
    }

    #[cold]
    fn sort(&mut self, mut loose: Vec<(Vec<u8>, usize)>) {
        let Some(start) = loose.first().map(|(_, start)| *start) else { return };
        if loose.is_sorted_by(|(left, _), (right, _)| left <= right) {
            return;
        }
        let entries = self.encoder.bytes.split_off(start);
        let ends: Vec<usize> = loose.iter().skip(1).map(|(_, next)| *next).chain([start + entries.len()]).collect();
        let mut places: Vec<usize> = (0..loose.len()).collect();
        places.sort_by(|left, right| loose[*left].0.cmp(&loose[*right].0));
        for place in places {
            let entry = std::mem::take(&mut loose[place].1) - start..ends[place] - start;
            self.encoder.bytes.extend_from_slice(&entries[entry]);
        }
    }
}

#[inline]
pub(super) fn put_head(bytes: &mut Vec<u8>, is_map: bool, length: usize) {
    if !is_map && length <= usize::from(tag::SHORT_LIST_END - tag::SHORT_LIST) {
        bytes.push(tag::SHORT_LIST + length as u8);
    } else {
        bytes.push(if is_map { tag::MAP } else { tag::LIST });
        tag::put_varint(bytes, length as u64);
    }
}

macro_rules! a_list {
    ($trait:ident, $method:ident) => {
        impl $trait for Compound<'_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Encoded {
                self.element(value)
            }
            #[inline]
            fn end(self) -> Encoded {
                self.finish()
            }
        }
    };
}
a_list!(SerializeSeq, serialize_element);
a_list!(SerializeTuple, serialize_element);
a_list!(SerializeTupleStruct, serialize_field);
a_list!(SerializeTupleVariant, serialize_field);

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = CodecError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Encoded {
        let entry = self.written;
        if let Some(loose) = &mut self.loose {
            loose.push((self.encoder.sorting_bytes(key)?, self.encoder.bytes.len()));
        }
        key.serialize(&mut *self.encoder).map_err(|error| error.inside(format!("the key of entry {entry}")))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Encoded {
        let entry = self.written;
        self.written += 1;
        value.serialize(&mut *self.encoder).map_err(|error| error.at_element(entry))
    }

    fn end(self) -> Encoded {
        self.finish()
    }
}

/// The fields of a struct, or of a variant that has some.
#[expect(clippy::struct_field_names, reason = "they are the fields of a struct")]
pub(crate) struct Fields<'a> {
    encoder: &'a mut Encoder,
    name: &'static str,
    head: usize,
    /// How long the head is that was written for the guess.
    head_length: usize,
    /// The number that the struct will have if its fields are those of the last one of its name.
    guess: Option<u32>,
    /// How many fields have agreed with the guess.
    agreed: usize,
    /// All fields so far, once one did not agree.
    fields: Vec<&'static str>,
    /// Where the value of each field begins, if the struct may have to become a map.
    starts: Vec<usize>,
    notes_starts: bool,
    variant: Option<&'static str>,
}

impl<'a> Fields<'a> {
    #[inline]
    pub(super) fn new(
        encoder: &'a mut Encoder,
        name: &'static str,
        variant: Option<&'static str>,
    ) -> Result<Self, CodecError> {
        encoder.enter()?;
        let head = encoder.bytes.len();
        let guess = if encoder.spells_names { None } else { encoder.interner.guess(name) };
        let notes_starts = encoder.interner.is_filling();
        if let Some(number) = guess {
            put_struct(&mut encoder.bytes, number);
        }
        let head_length = encoder.bytes.len() - head;
        Ok(Fields {
            encoder,
            name,
            head,
            head_length,
            guess,
            agreed: 0,
            fields: Vec::new(),
            starts: Vec::new(),
            notes_starts,
            variant,
        })
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Encoded {
        self.note(name);
        if self.encoder.spells_names {
            self.encoder.put_text(name);
        } else if self.notes_starts {
            self.starts.push(self.encoder.bytes.len());
        }
        value.serialize(&mut *self.encoder).map_err(|error| {
            let error = error.inside(name);
            match self.variant {
                Some(variant) => error.inside(variant),
                None => error,
            }
        })
    }

    #[inline]
    fn note(&mut self, name: &'static str) {
        if let Some(guess) = self.guess {
            let expected = self.encoder.interner.fields(guess).get(self.agreed);
            if expected.is_some_and(|expected| is_same(expected, name)) {
                self.agreed += 1;
                return;
            }
            self.fields = self.encoder.interner.fields(guess)[..self.agreed].to_vec();
            self.guess = None;
        }
        self.fields.push(name);
    }

    #[inline]
    fn finish(self) -> Encoded {
        self.encoder.leave();
        match self.guess {
            Some(guess) if self.encoder.interner.fields(guess).len() == self.agreed => Ok(()),
            _ => self.correct(),
        }
    }

    #[cold]
    fn correct(mut self) -> Encoded {
        if let Some(guess) = self.guess {
            self.fields = self.encoder.interner.fields(guess)[..self.agreed].to_vec();
        }
        let mut sorted = self.fields.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]) {
            return Err(serde::ser::Error::custom(format!("`{}` has two fields `{}`", self.name, twice)));
        }
        if let Some(long) = self.fields.iter().find(|field| field.len() > NAME_MAX) {
            return Err(serde::ser::Error::custom(format!("a field has a name of {} bytes", long.len())));
        }
        let mut head = Vec::new();
        if self.encoder.spells_names {
            head.push(tag::STRUCT);
            tag::put_varint(&mut head, self.fields.len() as u64);
        } else if let Some(number) = self.encoder.interner.number_of(self.name, &self.fields, self.notes_starts) {
            put_struct(&mut head, number);
        } else {
            self.become_map();
            return Ok(());
        }
        self.encoder.bytes.splice(self.head..self.head + self.head_length, head);
        Ok(())
    }

    /// Writes the struct again with its names in between.
    fn become_map(self) {
        let bytes = &mut self.encoder.bytes;
        let values = bytes.split_off(self.head);
        put_head(bytes, true, self.fields.len());
        let ends = self.starts.iter().skip(1).copied().chain([self.head + values.len()]);
        for ((field, start), end) in self.fields.iter().zip(&self.starts).zip(ends) {
            self.encoder.put_text(field);
            self.encoder.bytes.extend_from_slice(&values[start - self.head..end - self.head]);
        }
    }
}

/// Whether two names are one: nearly always the very same text.
#[inline]
fn is_same(left: &'static str, right: &'static str) -> bool {
    std::ptr::eq(left, right) || left == right
}

#[inline]
pub(super) fn put_struct(bytes: &mut Vec<u8>, number: u32) {
    if number < 16 {
        bytes.push(tag::SHORT_STRUCT + number as u8);
    } else {
        bytes.push(tag::STRUCT);
        tag::put_varint(bytes, u64::from(number));
    }
}

macro_rules! named_fields {
    ($trait:ident) => {
        impl $trait for Fields<'_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Encoded {
                self.field(name, value)
            }
            #[inline]
            fn end(self) -> Encoded {
                self.finish()
            }
        }
    };
}
named_fields!(SerializeStruct);
named_fields!(SerializeStructVariant);
