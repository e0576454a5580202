//! The names of a file: the fields of its structs and the variants of its enums, each list and each name once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::CodecError;
use super::tag;

/// What the numbers in rows stand for, as a reader knows it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    /// The fields of structs, in the order in which they were met; `None` where they are lost.
    structs: Vec<Option<Box<[Arc<str>]>>>,
    variants: Vec<Option<Arc<str>>>,
    /// How much memory they take in all, in bytes.
    length: usize,
}

/// How much memory the names of one file may take, in bytes: more than any program needs, and little enough to be read
/// without a thought.
const LENGTH_MAX: usize = 16 << 20;
/// How long one name may be, in bytes.
pub(super) const NAME_MAX: usize = 4096;
/// How many structs a writer gives numbers to, unless their names take a quarter of [`LENGTH_MAX`] before.
const STRUCTS_MAX: usize = 4096;

/// What a name takes.
fn size_of_name(name: &str) -> usize {
    name.len() + size_of::<Box<str>>()
}

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

    /// How much memory they take, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.length
    }

    /// Takes in the definitions that stand at the beginning of the bytes, and says how long these are together.
    pub(crate) fn define(&mut self, bytes: &[u8]) -> Result<usize, CodecError> {
        self.take(bytes, false)
    }

    fn take(&mut self, bytes: &[u8], may_be_lost: bool) -> Result<usize, CodecError> {
        let mut at = 0;
        while let Some(&kind @ (tag::DEFINE_FIELDS | tag::DEFINE_VARIANT)) = bytes.get(at) {
            at += 1;
            let defined = match kind {
                tag::DEFINE_FIELDS => self.define_fields(bytes, &mut at, may_be_lost),
                _ => self.define_variant(bytes, &mut at, may_be_lost),
            };
            defined.ok_or_else(|| CodecError::malformed("a definition of names is not as it can be"))?;
        }
        Ok(at)
    }

    fn define_fields(&mut self, bytes: &[u8], at: &mut usize, may_be_lost: bool) -> Option<()> {
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
        let room = self.room(may_be_lost);
        self.length += put_at(&mut self.structs, number, fields.into_boxed_slice(), room)?;
        Some(())
    }

    fn define_variant(&mut self, bytes: &[u8], at: &mut usize, may_be_lost: bool) -> Option<()> {
        let number = tag::varint(bytes, at)?;
        let name = self.text(bytes, at)?;
        let room = self.room(may_be_lost);
        self.length += put_at(&mut self.variants, number, name, room)?;
        Some(())
    }

    /// How much memory names may take that are lost, in bytes.
    fn room(&self, may_be_lost: bool) -> usize {
        if may_be_lost { LENGTH_MAX.saturating_sub(self.length) } else { 0 }
    }

    fn text(&mut self, bytes: &[u8], at: &mut usize) -> Option<Arc<str>> {
        let length = usize::try_from(tag::varint(bytes, at)?).ok()?;
        let text = bytes.get(*at..at.checked_add(length)?)?;
        *at += length;
        let text: Arc<str> = std::str::from_utf8(text).ok()?.into();
        self.length += size_of_name(&text);
        (self.length <= LENGTH_MAX && length <= NAME_MAX).then_some(text)
    }
}

/// Puts what is defined at its number, and says how much memory those before it take that are lost, in bytes; `None`
/// where that is more than there is room for. Numbers come one after the other, each once, but for those that are lost.
fn put_at<T>(all: &mut Vec<Option<T>>, number: u64, defined: T, room: usize) -> Option<usize> {
    let lost = usize::try_from(number).ok()?.checked_sub(all.len())?;
    let size = lost.checked_mul(size_of::<Option<T>>()).filter(|size| *size <= room)?;
    all.extend(std::iter::repeat_with(|| None).take(lost));
    all.push(Some(defined));
    Some(size)
}

/// Where [`Names::reset`] goes back to.
pub(crate) struct Mark {
    structs: usize,
    variants: usize,
    length: usize,
}

/// What is done to the names of a file of which parts are lost.
impl Names {
    /// As [`Names::define`], where definitions before these may be lost.
    pub(crate) fn define_behind_lost(&mut self, bytes: &[u8]) -> Result<usize, CodecError> {
        self.take(bytes, true)
    }

    /// The number of the struct that a row is of which begins with these bytes.
    pub(crate) fn struct_of(row: &[u8]) -> Option<u64> {
        let mut at = 1;
        match *row.first()? {
            tag::STRUCT => tag::varint(row, &mut at),
            short @ tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END => Some(u64::from(short - tag::SHORT_STRUCT)),
            _ => None,
        }
    }

    /// Whether the fields of the struct of this number are lost.
    pub(crate) fn is_lost(&self, number: u64) -> bool {
        usize::try_from(number).ok().and_then(|number| self.fields(number)).is_none()
    }

    /// Takes the fields of a struct that are lost for these. `None` where a struct has them already: no two have the
    /// same.
    pub(crate) fn assume<'f>(&mut self, number: u64, fields: impl Iterator<Item = &'f str>) -> Option<()> {
        let fields: Box<[Arc<str>]> = fields.map(Arc::from).collect();
        if self.structs.iter().flatten().any(|known| **known == *fields) {
            return None;
        }
        let room = self.room(true);
        match self.structs.get_mut(usize::try_from(number).ok()?) {
            Some(lost) => *lost = Some(fields),
            None => self.length += put_at(&mut self.structs, number, fields, room)?,
        }
        Some(())
    }

    /// How far they go.
    pub(crate) fn mark(&self) -> Mark {
        Mark { structs: self.structs.len(), variants: self.variants.len(), length: self.length }
    }

    /// Forgets what has been defined since, and what has been assumed of this number.
    pub(crate) fn reset(&mut self, to: &Mark, assumed: u64) {
        self.structs.truncate(to.structs);
        self.variants.truncate(to.variants);
        self.length = to.length;
        if let Some(fields) = usize::try_from(assumed).ok().and_then(|number| self.structs.get_mut(number)) {
            *fields = None;
        }
    }

    /// The bytes that define them all, those that are lost by no fields and an empty name.
    pub(crate) fn definitions(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, fields) in self.structs.iter().enumerate() {
            define_fields(&mut bytes, number, fields.as_deref().unwrap_or_default().iter().map(|field| &**field));
        }
        for (number, name) in self.variants.iter().enumerate() {
            define_variant(&mut bytes, number, name.as_deref().unwrap_or_default());
        }
        bytes
    }
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
    /// The lists of fields of types that are [`Lossless`](super::Lossless).
    known_lists: Guesses,
    /// How many have been defined in the file: structs, variants.
    defined: (usize, usize),
}

/// Numbers found by where a text or a list lies. Static ones of one type, address and length are one.
#[derive(Debug, Clone)]
struct Guesses([Option<(usize, usize, u32)>; 64]);

impl Default for Guesses {
    fn default() -> Self {
        Guesses([None; 64])
    }
}

impl Guesses {
    #[inline]
    fn place<T>(known: &'static [T]) -> (usize, usize) {
        let address = known.as_ptr().addr();
        (((address ^ (address >> 6)) + known.len()) % 64, address)
    }

    #[inline]
    fn get<T>(&self, known: &'static [T]) -> Option<u32> {
        let (place, address) = Self::place(known);
        self.0[place].filter(|entry| (entry.0, entry.1) == (address, known.len())).map(|entry| entry.2)
    }

    fn set<T>(&mut self, known: &'static [T], number: u32) {
        let (place, address) = Self::place(known);
        self.0[place] = Some((address, known.len(), number));
    }
}

impl Interner {
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The number of the struct that a type of this name was written as last.
    #[inline]
    pub(super) fn guess(&self, name: &'static str) -> Option<u32> {
        self.last_structs.get(name.as_bytes())
    }

    #[inline]
    pub(super) fn fields(&self, number: u32) -> &[&'static str] {
        &self.structs[number as usize]
    }

    /// The number of the struct with these fields; `None` where it is a new one, there are too many, and the caller has
    /// another way.
    pub(super) fn number_of(&mut self, name: &'static str, fields: &[&'static str], may_refuse: bool) -> Option<u32> {
        let number = match self.struct_numbers.get(fields) {
            Some(number) => *number,
            None if self.is_full() && may_refuse => return None,
            None => {
                self.names.length += fields.iter().map(|field| size_of_name(field)).sum::<usize>();
                let number = self.structs.len() as u32;
                self.structs.push(fields.into());
                self.struct_numbers.insert(fields.into(), number);
                self.names.structs.push(Some(fields.iter().map(|&field| field.into()).collect()));
                number
            }
        };
        self.last_structs.set(name.as_bytes(), number);
        Some(number)
    }

    /// The number of the struct with all of these fields, if it has one.
    ///
    /// It gets none here: through serde a struct gets its number when its last field is known, after those inside of
    /// it, and numbers must not depend on the way that a value takes.
    #[inline]
    pub(super) fn known_number(&mut self, fields: &'static [&'static str]) -> Option<u32> {
        self.known_lists.get(fields).or_else(|| {
            let number = *self.struct_numbers.get(fields)?;
            self.known_lists.set(fields, number);
            Some(number)
        })
    }

    /// Whether structs of other fields are written as maps: where fields are left out of some rows there may be as many
    /// kinds of a struct as there are subsets of them.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.structs.len() >= STRUCTS_MAX || self.names.length >= LENGTH_MAX / 4
    }

    /// Whether it may be full before a struct that is begun now ends.
    #[inline]
    pub(super) fn is_filling(&self) -> bool {
        self.structs.len() >= STRUCTS_MAX / 2 || self.names.length >= LENGTH_MAX / 8
    }

    /// The number of a variant's name.
    #[inline]
    pub(super) fn variant(&mut self, name: &'static str) -> u32 {
        if let Some(number) = self.known_variants.get(name.as_bytes()) {
            return number;
        }
        let next = self.variant_numbers.len() as u32;
        let number = *self.variant_numbers.entry(name).or_insert(next);
        if number == next {
            self.names.length += size_of_name(name);
            self.names.variants.push(Some(name.into()));
        }
        self.known_variants.set(name.as_bytes(), number);
        number
    }

    /// Whether there are names that the file has not been told of.
    #[inline]
    pub(super) fn has_new(&self) -> bool {
        self.defined != (self.structs.len(), self.names.variants.len())
    }

    /// How many have been defined in the file: structs, variants.
    #[cfg(feature = "rayon")]
    pub(super) fn defined(&self) -> (usize, usize) {
        self.defined
    }

    /// The definitions of the new names, which are then known.
    pub(super) fn define_new(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, fields) in self.structs.iter().enumerate().skip(self.defined.0) {
            define_fields(&mut bytes, number, fields.iter().copied());
        }
        for (number, name) in self.names.variants.iter().enumerate().skip(self.defined.1) {
            define_variant(&mut bytes, number, name.as_deref().unwrap_or_default());
        }
        self.defined = (self.structs.len(), self.names.variants.len());
        bytes
    }
}

fn define_fields<'f>(bytes: &mut Vec<u8>, number: usize, fields: impl ExactSizeIterator<Item = &'f str>) {
    bytes.push(tag::DEFINE_FIELDS);
    tag::put_varint(bytes, number as u64);
    tag::put_varint(bytes, fields.len() as u64);
    fields.for_each(|field| put_text(bytes, field));
}

fn define_variant(bytes: &mut Vec<u8>, number: usize, name: &str) {
    bytes.push(tag::DEFINE_VARIANT);
    tag::put_varint(bytes, number as u64);
    put_text(bytes, name);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    tag::put_varint(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}
