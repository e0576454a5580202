//! Types whose values come back by construction, so that a save need not prove them.
//!
//! What serde is told by a type need not be what it asks for, so what goes through serde is read back and compared. A type
//! that derives [`Lossless`] is written and read field by field, by code that does both in the same order and gives no
//! word to anybody; the bytes are those that serde would have given. A model all of whose fields are such is one itself.

mod types;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::decode::Decoder;
use super::encode::Encoder;
use super::error::CodecError;

/// A type whose values come back from their bytes as they were, by construction.
///
/// Derive it for the structs and enums inside of rows, all of whose fields must have it: a row of such fields needs no
/// proof when it is saved, which makes a save three to five times as fast. It is implemented for `bool`, numbers,
/// `char`, `String`, [`Id`](crate::Id) and for options, boxes, lists, arrays, tuples, B-tree maps and sets of such
/// types. Of serde's attributes the derive knows `rename`, `rename_all`, `alias` and `default`; others are refused,
/// since they make the serde form another than the fields are.
///
/// The file is the same with it and without. Fields may be added, removed and reordered as ever: rows whose names are
/// not those of the type are read through serde.
///
/// ```
/// use relata::{Database, Lossless, Model};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Lossless, Clone, PartialEq, Serialize, Deserialize)]
/// struct Position { x: f32, y: f32 }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Ship { name: String, at: Position }
///
/// # let mut db = Database::builder().model::<Ship>().build()?;
/// # db.insert(Ship { name: "Argo".into(), at: Position { x: 1.0, y: f32::NAN } })?;
/// # let mut file = Vec::new();
/// db.save_to(&mut file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not come back from its bytes by construction",
    note = "derive `relata::Lossless` for it, or do without it for the type that has it as a field: its rows are then proved \
            when they are saved"
)]
pub trait Lossless: Serialize + DeserializeOwned {
    /// Appends the value.
    #[doc(hidden)]
    fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError>;
    /// Reads what `write` has appended. An error is no word about the file: the row is then read through serde.
    #[doc(hidden)]
    fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError>;
}

/// Where a [`Lossless`] value is appended to.
#[doc(hidden)]
#[derive(Debug)]
pub struct LosslessWriter<'a>(pub(super) &'a mut Encoder);

/// Where one is read from.
#[doc(hidden)]
pub struct LosslessReader<'r, 'de, 'a>(pub(super) &'r mut Decoder<'de, 'a>);

impl std::fmt::Debug for LosslessReader<'_, '_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LosslessReader")
    }
}

#[doc(hidden)]
impl LosslessWriter<'_> {
    /// Begins a struct: the values of these fields follow, in their order, and then [`LosslessWriter::end`].
    #[inline]
    pub fn fields(&mut self, names: &'static [&'static str]) -> Result<(), CodecError> {
        self.0.begin_fields(names)
    }

    /// Ends what was begun last.
    #[inline]
    pub fn end(&mut self) {
        self.0.end();
    }

    /// A variant without a value.
    #[inline]
    pub fn unit_variant(&mut self, name: &'static str) {
        self.0.unit_variant(name);
    }

    /// Begins a variant with a value, which follows, and then [`LosslessWriter::end`].
    #[inline]
    pub fn variant(&mut self, name: &'static str) -> Result<(), CodecError> {
        self.0.begin_variant(name)
    }

    /// Begins a list of so many values, and then [`LosslessWriter::end`].
    #[inline]
    pub fn list(&mut self, length: usize) -> Result<(), CodecError> {
        self.0.begin_list(length)
    }
}

#[doc(hidden)]
impl<'a> LosslessReader<'_, '_, 'a> {
    /// Begins a struct of these fields, and no others.
    #[inline]
    pub fn fields(&mut self, names: &'static [&'static str]) -> Result<(), CodecError> {
        self.0.begin_fields(names)
    }

    /// Ends what was begun last.
    #[inline]
    pub fn end(&mut self) {
        self.0.end();
    }

    /// The name of a variant, and whether a value follows: then [`LosslessReader::end`].
    #[inline]
    pub fn variant(&mut self) -> Result<(&'a str, bool), CodecError> {
        self.0.begin_variant()
    }

    /// Begins a list of this length, and no other.
    #[inline]
    pub fn list(&mut self, length: usize) -> Result<(), CodecError> {
        if self.0.begin_list()? == length { Ok(()) } else { Err(other()) }
    }

    /// The error for a variant that the type does not have.
    #[cold]
    pub fn unknown(&self) -> CodecError {
        other()
    }
}

/// What is there is not what was written: the row is read through serde, which says what is wrong if anything is.
#[cold]
pub(super) fn other() -> CodecError {
    serde::de::Error::custom("it has another form")
}

/// Asks whether a type is [`Lossless`], and writes and reads it if it is: the compiler takes what is said of the type
/// itself before what [`Lossy`] says of all.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T>(std::marker::PhantomData<T>);

#[doc(hidden)]
impl<T: Lossless> Probe<T> {
    pub const IS_LOSSLESS: bool = true;

    #[inline]
    pub fn write(value: &T, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
        value.write(out)
    }

    #[inline]
    pub fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<T, CodecError> {
        T::read(from)
    }
}

#[doc(hidden)]
pub trait Lossy<T> {
    const IS_LOSSLESS: bool = false;

    fn write(_: &T, _: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
        Err(other())
    }

    fn read(_: &mut LosslessReader<'_, '_, '_>) -> Result<T, CodecError> {
        Err(other())
    }
}

impl<T> Lossy<T> for Probe<T> {}
