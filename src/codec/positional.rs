//! bincode, and the one place that knows it: the rows of format 1, where they stand by position and without names, and
//! the schema of every format. The header of a file names it by [`CODEC`].
//!
//! Integers are of fixed size and little-endian: it encodes twice and decodes three times as fast as variable-length
//! integers do, for one and a half times the bytes.
//!
//! A hostile length inside a value cannot make a decoder allocate: bincode checks each length that it reads against a
//! limit, which follows the length of the bytes given. Two kinds of fields are not guarded, for serde gives no hold on
//! them: types that nest without bound (a list of boxes) can be nested deeper than the stack is, and a list of values
//! that take no bytes (`Vec<()>`) can be stated to be longer than anyone would wait for.

use bincode::error::{DecodeError, EncodeError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a header names this codec.
pub(crate) const CODEC: u8 = 1;

fn config() -> bincode::config::Configuration<bincode::config::LittleEndian, bincode::config::Fixint> {
    bincode::config::standard().with_fixed_int_encoding().with_little_endian()
}

/// Appends the encoded value.
pub(crate) fn encode(value: &impl Serialize, bytes: &mut Vec<u8>) -> Result<(), String> {
    bincode::serde::encode_into_std_write(value, bytes, config()).map(drop).map_err(|error| match error {
        EncodeError::OtherString(what) => what,
        EncodeError::Serde(_) => "it has a list whose length is not known beforehand, as `flatten` makes".to_owned(),
        other => other.to_string(),
    })
}

/// The value that these bytes, all of them, are of.
///
/// No length written in them makes it allocate more than 1 MiB or 64 times the bytes, whichever is more.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    const SMALL: usize = 1 << 20;
    const LARGE: usize = 64 << 20;
    // bincode takes its limit as a constant: the smallest of these that admits the bytes.
    let decode = match bytes.len() {
        length if length <= SMALL => decode_limited::<T, SMALL>,
        length if length <= LARGE => decode_limited::<T, LARGE>,
        _ => decode_limited::<T, { u32::MAX as usize }>,
    };
    let (value, consumed) = decode(bytes)?;
    if consumed == bytes.len() { Ok(value) } else { Err(format!("it ends at byte {consumed} of {}", bytes.len())) }
}

fn decode_limited<T: DeserializeOwned, const LIMIT: usize>(bytes: &[u8]) -> Result<(T, usize), String> {
    bincode::serde::decode_from_slice(bytes, config().with_limit::<LIMIT>()).map_err(|error| match error {
        DecodeError::OtherString(what) => what,
        DecodeError::UnexpectedEnd { additional } => format!("it ends {additional} byte(s) too early"),
        DecodeError::LimitExceeded => "it states a length that goes beyond it".to_owned(),
        DecodeError::Utf8 { inner } => inner.to_string(),
        DecodeError::Serde(_) => "its type is told by its content, as `untagged` and `tag` make it".to_owned(),
        other => other.to_string(),
    })
}
