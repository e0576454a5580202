//! How a row becomes bytes, and a row again.
//!
//! Two codecs. [`positional`] is bincode: the rows of format 1, and the schema of every format. The other files are the
//! codec of format 2, which is self-describing: a value is a tag and what the tag says follows, a struct is the number
//! of a list of field names and then the values of these fields, a variant of an enum the number of a name. The names
//! themselves stand in the file once.
//!
//! serde sees what it would see of JSON: maps of named fields at every depth, `is_human_readable`. So whatever serde
//! carries through JSON is carried, and so is what JSON has no form for: keys that are no text, exact floats, 128-bit
//! integers, bytes, an option in an option. `docs/format.md` gives every byte.
//!
//! # Invariants
//! 1. The same value gives the same bytes, hash maps and sets included, if the same names have come before it.
//! 2. Where the stored names of a struct are the ones that its type asks for, in their order, the values are handed over
//!    by position and no name is looked at.
//! 3. No length that is read makes a decoder allocate before as many bytes have been seen; what elements take in memory
//!    is charged against a limit; nesting has a limit, so that no value runs the stack out.

#[cfg(feature = "json")]
pub(crate) mod json;
pub(crate) mod positional;

mod decode;
mod encode;
mod error;
mod lossless;
mod names;
mod tag;
mod unordered;
mod value;

pub(crate) use decode::{Decoder, Memo, Room, first_difference};
pub(crate) use encode::Encoder;
pub use error::CodecError;
pub(crate) use error::What;
pub use lossless::{Lossless, LosslessReader, LosslessWriter, Lossy, Probe};
pub(crate) use names::Names;
pub use value::Value;

/// How deep lists, maps, structs and variants may be nested inside a row, unless the caller says otherwise: as deep as
/// serde_json allows.
pub(crate) const NESTING: u32 = 128;
