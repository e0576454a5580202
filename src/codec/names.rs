//! The names of a file: the fields of its structs and the variants of its enums, each list and each name once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::CodecError;
use super::tag;

/// What the numbers in rows stand for, as a reader knows it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    /// The fields of structs, in the order in which they were met.
    structs: Vec<Option<Box<[Arc<str>]>>>,
    variants: Vec<Option<Arc<str>>>,
    /// How many bytes they take in all.
    length: usize,
}

/// How many bytes the names of one file may take, and how many lists of them there may be: more than any program has, and
/// little enough to be read without a thought.
const LENGTH_MAX: usize = 16 << 20;
/// How many structs a writer gives numbers to.
const STRUCTS_MAX: usize = 4096;

impl Names {
    /// The fields of the struct of this number.
    #[inline]
    pub(super) fn fields(&self, number: usize) -> Option<&[Arc<str>]> {
        self.structs.get(number)?.as_deref()
    }

    /// The name of the variant of this number.
    #[inline]
    pub(super) fn variant(&self, number: usize) -> Option<&Arc<str>> {
        self.variants.get(number)?.as_ref()
    }

    pub(super) fn structs(&self) -> usize {
        self.structs.len()
    }

    /// Takes in the definitions that stand at the beginning of the bytes, and says how long these are together.
    pub(crate) fn define(&mut self, bytes: &[u8]) -> Result<usize, CodecError> {
        let mut at = 0;
        while let Some(&kind @ (tag::DEFINE_FIELDS | tag::DEFINE_VARIANT)) = bytes.get(at) {
            at += 1;
            let defined = match kind {
                tag::DEFINE_FIELDS => self.define_fields(bytes, &mut at),
                _ => self.define_variant(bytes, &mut at),
            };
            defined.ok_or_else(|| CodecError::malformed("a definition of names is not as it can be"))?;
        }
        Ok(at)
    }

    /// The number of the struct that the row at the beginning of these bytes is of, if it is not defined.
    pub(crate) fn undefined_struct(&self, row: &[u8]) -> Option<u64> {
        let mut at = 1;
        let number = match *row.first()? {
            tag::STRUCT => tag::varint(row, &mut at)?,
            short @ tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END => u64::from(short - tag::SHORT_STRUCT),
            _ => return None,
        };
        self.fields(usize::try_from(number).ok()?).is_none().then_some(number)
    }

    /// The bytes that define a struct's number as one of these fields.
    pub(crate) fn definition<'a>(number: u64, fields: impl ExactSizeIterator<Item = &'a str>) -> Vec<u8> {
        let mut bytes = vec![tag::DEFINE_FIELDS];
        tag::put_varint(&mut bytes, number);
        tag::put_varint(&mut bytes, fields.len() as u64);
        fields.for_each(|field| put_text(&mut bytes, field));
        bytes
    }

    fn define_fields(&mut self, bytes: &[u8], at: &mut usize) -> Option<()> {
        let (number, count) = (tag::varint(bytes, at)?, tag::varint(bytes, at)?);
        let mut fields = Vec::new();
        for _ in 0..count {
            // Each takes a byte at least, so that no more are made than were read.
            fields.push(self.text(bytes, at)?);
        }
        // Of some tens of fields at most, but a hostile file may say a million.
        let mut sorted: Vec<&str> = fields.iter().map(|field| &**field).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        put_at(&mut self.structs, number, fields.into_boxed_slice())
    }

    fn define_variant(&mut self, bytes: &[u8], at: &mut usize) -> Option<()> {
        let number = tag::varint(bytes, at)?;
        let name = self.text(bytes, at)?;
        put_at(&mut self.variants, number, name)
    }

    fn text(&mut self, bytes: &[u8], at: &mut usize) -> Option<Arc<str>> {
        let length = usize::try_from(tag::varint(bytes, at)?).ok()?;
        let text = bytes.get(*at..at.checked_add(length)?)?;
        *at += length;
        self.length += length + size_of::<Arc<str>>();
        if self.length > LENGTH_MAX {
            return None;
        }
        Some(std::str::from_utf8(text).ok()?.into())
    }
}

/// Puts what is defined at its number. Numbers come one after the other, but where a part of the file has been lost.
fn put_at<T>(all: &mut Vec<Option<T>>, number: u64, defined: T) -> Option<()> {
    let number = usize::try_from(number).ok().filter(|number| *number < LENGTH_MAX / size_of::<Option<T>>())?;
    if all.len() <= number {
        all.resize_with(number + 1, || None);
    }
    all[number].is_none().then(|| all[number] = Some(defined))
}

/// The names as a writer meets them.
#[derive(Debug, Default, Clone)]
pub(super) struct Interner {
    names: Names,
    /// As `names.structs`, in the very texts that the types give, which are compared by their address first.
    structs: Vec<Box<[&'static str]>>,
    struct_numbers: BTreeMap<Box<[&'static str]>, u32>,
    variant_numbers: BTreeMap<&'static str, u32>,
    /// The struct that was written last under a name.
    last_structs: Guesses,
    known_variants: Guesses,
    /// How many have been defined in the file: structs, variants.
    defined: (usize, usize),
}

/// Numbers found by where a text lies. Static texts of one address and length are one.
#[derive(Debug, Clone)]
struct Guesses([Option<(usize, usize, u32)>; 64]);

impl Default for Guesses {
    fn default() -> Self {
        Guesses([None; 64])
    }
}

impl Guesses {
    #[inline]
    fn place(text: &'static str) -> (usize, usize) {
        let address = text.as_ptr().addr();
        (((address ^ (address >> 6)) + text.len()) % 64, address)
    }

    #[inline]
    fn get(&self, text: &'static str) -> Option<u32> {
        let (place, address) = Self::place(text);
        self.0[place]
            .filter(|(known, length, _)| (*known, *length) == (address, text.len()))
            .map(|(_, _, number)| number)
    }

    fn set(&mut self, text: &'static str, number: u32) {
        let (place, address) = Self::place(text);
        self.0[place] = Some((address, text.len(), number));
    }
}

impl Interner {
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The number of the struct that a type of this name was written as last.
    #[inline]
    pub(super) fn guess(&self, name: &'static str) -> Option<u32> {
        self.last_structs.get(name)
    }

    #[inline]
    pub(super) fn fields(&self, number: u32) -> &[&'static str] {
        &self.structs[number as usize]
    }

    /// The number of the struct with these fields; `None` where it is a new one and there are too many.
    pub(super) fn number_of(&mut self, name: &'static str, fields: &[&'static str]) -> Option<u32> {
        let number = match self.struct_numbers.get(fields) {
            Some(number) => *number,
            None if self.is_full() => return None,
            None => {
                let number = self.structs.len() as u32;
                self.structs.push(fields.into());
                self.struct_numbers.insert(fields.into(), number);
                self.names.structs.push(Some(fields.iter().map(|&field| field.into()).collect()));
                number
            }
        };
        self.last_structs.set(name, number);
        Some(number)
    }

    /// Whether structs of other fields are written as maps: where fields are left out of some rows there may be as many
    /// kinds of a struct as there are subsets of them.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.structs.len() >= STRUCTS_MAX
    }

    /// The number of a variant's name.
    #[inline]
    pub(super) fn variant(&mut self, name: &'static str) -> u32 {
        if let Some(number) = self.known_variants.get(name) {
            return number;
        }
        let next = self.variant_numbers.len() as u32;
        let number = *self.variant_numbers.entry(name).or_insert(next);
        if number == next {
            self.names.variants.push(Some(name.into()));
        }
        self.known_variants.set(name, number);
        number
    }

    /// Whether there are names that the file has not been told of.
    #[inline]
    pub(super) fn has_new(&self) -> bool {
        self.defined != (self.structs.len(), self.names.variants.len())
    }

    /// The definitions of the new names, which are then known.
    pub(super) fn define_new(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, fields) in self.structs.iter().enumerate().skip(self.defined.0) {
            bytes.extend(Names::definition(number as u64, fields.iter().copied()));
        }
        for (number, name) in self.names.variants.iter().enumerate().skip(self.defined.1) {
            bytes.push(tag::DEFINE_VARIANT);
            tag::put_varint(&mut bytes, number as u64);
            put_text(&mut bytes, name.as_deref().unwrap_or_default());
        }
        self.defined = (self.structs.len(), self.names.variants.len());
        bytes
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    tag::put_varint(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}
