//! Ids: typed for users ([`Id`]), erased for reports ([`RowId`]).
//!
//! An id is a slot number and a generation. It names one row for as long as that row is stored; when the row is
//! removed and its slot is used again, the generation differs and the old id resolves to nothing.
//!
//! This module knows nothing of tables: whether an id resolves is for `arena` to say.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use slotmap::{DefaultKey, Key, KeyData};

/// The id of a row of model `M`: 8 bytes, as is `Option<Id<M>>`.
///
/// An id says its table by its type, and its slot and generation by its value. A stale, null or forged id is an error
/// value wherever it is used, never a panic and never another row. What 8 bytes cannot tell apart is an id of another
/// database that coincides in slot and generation.
///
/// In formats for people it serialises as text (`"3v1"`: slot 3, generation 1), in binary ones as 8 bytes.
///
/// ```
/// # use relata::Id;
/// struct Planet;
/// let nowhere: Id<Planet> = Id::null();
/// assert!(nowhere.is_null());
/// assert_eq!("3v1".parse::<Id<Planet>>().unwrap().to_string(), "3v1");
/// assert_eq!(size_of::<Option<Id<Planet>>>(), 8);
/// ```
pub struct Id<M: ?Sized> {
    key: DefaultKey,
    model: PhantomData<fn() -> M>,
}

impl<M: ?Sized> Id<M> {
    /// The id that never names a row.
    pub fn null() -> Self {
        Self::from_key(DefaultKey::null())
    }

    /// Whether this is [`Id::null`].
    #[inline]
    pub fn is_null(self) -> bool {
        self.key.is_null()
    }

    /// The slotmap key inside, to keep a [`SecondaryMap`](slotmap::SecondaryMap) of one's own beside a table.
    #[inline]
    pub fn key(self) -> DefaultKey {
        self.key
    }

    /// The id around a slotmap key that [`Id::key`] has handed out. A key from elsewhere is a forged id: harmless,
    /// as it resolves to nothing or, where slot and generation coincide, to that row.
    #[inline]
    pub const fn from_key(key: DefaultKey) -> Self {
        Id { key, model: PhantomData }
    }
}

// Written by hand because a derive would ask the same of `M`.
impl<M: ?Sized> Clone for Id<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M: ?Sized> Copy for Id<M> {}
impl<M: ?Sized> PartialEq for Id<M> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<M: ?Sized> Eq for Id<M> {}
impl<M: ?Sized> PartialOrd for Id<M> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<M: ?Sized> Ord for Id<M> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}
impl<M: ?Sized> Hash for Id<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}
impl<M: ?Sized> Default for Id<M> {
    fn default() -> Self {
        Self::null()
    }
}
impl<M: ?Sized> fmt::Debug for Id<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.key.data(), f)
    }
}
impl<M: ?Sized> fmt::Display for Id<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.key.data(), f)
    }
}

/// The text was not an id: `"<slot>v<generation>"` with an odd generation, or `"null"`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: expected text such as `3v1`")]
pub struct ParseIdError(String);

impl<M: ?Sized> FromStr for Id<M> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text == "null" {
            return Ok(Self::null());
        }
        // What is written, and nothing else: one row has one text.
        let number = |digits: &str| {
            let is_written =
                digits == "0" || (!digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()));
            if is_written { digits.parse().ok() } else { None }
        };
        let parts = text.split_once('v').and_then(|(slot, version)| Some((number(slot)?, number(version)?)));
        parts
            .and_then(|(slot, version)| key_from_parts(slot, version))
            .map(Self::from_key)
            .ok_or_else(|| ParseIdError(text.to_owned()))
    }
}

/// The name under which serde is told of an id, by which the codec of snapshots knows one.
pub(crate) const ID_NAME: &str = "relata::Id";

/// An id without its name: text in formats for people, a number in binary ones.
struct Bare<M: ?Sized>(Id<M>);

/// The name of the type under [`ID_NAME`], by which the ids of a model are known.
pub(crate) fn id_type<M: ?Sized>() -> &'static str {
    std::any::type_name::<Bare<M>>()
}

impl<M: ?Sized> Serialize for Id<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(ID_NAME, &Bare(*self))
    }
}

impl<M: ?Sized> Serialize for Bare<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&self.0)
        } else {
            serializer.serialize_u64(self.0.key.data().as_ffi())
        }
    }
}

impl<'de, M: ?Sized> Deserialize<'de> for Id<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ID_NAME, IdVisitor(PhantomData))
    }
}

struct IdVisitor<M: ?Sized>(PhantomData<fn() -> M>);

impl<'de, M: ?Sized> de::Visitor<'de> for IdVisitor<M> {
    type Value = Id<M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id such as `3v1`")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Id<M>, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(self)
        } else {
            deserializer.deserialize_u64(self)
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Id<M>, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, bits: u64) -> Result<Id<M>, E> {
        key_from_parts(bits as u32, (bits >> 32) as u32)
            .map(Id::from_key)
            .ok_or_else(|| E::custom("an id with an even generation"))
    }
}

/// The generation of the first row of every slot.
pub(crate) const FIRST_GENERATION: u32 = 1;

/// The slot numbers from here on are no row's: the last is that of slotmap's null key, and links say by these why they
/// have no target.
pub(crate) const SLOTS_END: u32 = u32::MAX - 2;

/// The key of slot and version; `None` for an even version, which no row ever has.
#[inline]
pub(crate) fn key_from_parts(slot: u32, version: u32) -> Option<DefaultKey> {
    (version % 2 == 1).then(|| KeyData::from_ffi((u64::from(version) << 32) | u64::from(slot)).into())
}

/// The slot number of a key.
#[inline]
pub(crate) fn slot_of(key: DefaultKey) -> u32 {
    key.data().as_ffi() as u32
}

/// The key of the next row in the slot of this one; `None` where the generation would wrap, so that old ids would resolve
/// again.
#[inline]
pub(crate) fn next_in_slot(key: DefaultKey) -> Option<DefaultKey> {
    let next = key.data().as_ffi().checked_add(2 << 32)?;
    Some(KeyData::from_ffi(next).into())
}

/// The generation of a key, odd.
#[inline]
pub(crate) fn version_of(key: DefaultKey) -> u32 {
    (key.data().as_ffi() >> 32) as u32
}

/// The id of a row of any table: what errors, plans and reports carry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// The table's name.
    pub table: &'static str,
    /// The row's key in that table.
    pub key: DefaultKey,
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.table, self.key.data())
    }
}
impl fmt::Debug for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
