//! Values as keys that have their order: what indexes keep of a row in the place of its fields.
//!
//! A key is a number or bytes, so that an index compares without knowing types and calls no user code. A value that has
//! no place in the order, a float that is no number, has a key that says so, and so has an absent one.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::hash::{BuildHasher, Hash};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use foldhash::fast::FixedState;
use slotmap::Key;

use crate::id::{Id, slot_of, version_of};
use crate::key::KeyPart;

/// What an index keeps of a row. Keys of one index are in the order of the values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexKey {
    /// A number.
    Short(u64),
    /// Bytes.
    Long(Arc<[u8]>),
    /// The value has no place in the order: a float that is no number. It comes behind those that have one.
    Unordered,
    /// The value is absent. It comes last.
    Absent,
}

impl IndexKey {
    /// The key of several values in an index for equality; absent where one of them is.
    pub fn hashed(parts: &[Option<u64>]) -> Self {
        match parts {
            [only] => only.map_or(IndexKey::Absent, IndexKey::Short),
            parts => match parts.iter().copied().collect::<Option<Vec<u64>>>() {
                Some(hashes) => IndexKey::Short(HASHER.hash_one(hashes)),
                None => IndexKey::Absent,
            },
        }
    }

    /// The key of several values in an index that has an order: by the first value, then by the next. An absent one comes
    /// behind all others.
    pub fn grouped(parts: &[IndexKey]) -> Self {
        if let [only] = parts {
            return only.clone();
        }
        let mut bytes = Vec::with_capacity(parts.len() * 9);
        for part in parts {
            part.append(&mut bytes);
        }
        IndexKey::Long(bytes.into())
    }

    /// A key whose order is the other way round; what has no place in the order still comes last.
    pub(crate) fn reversed(self) -> Self {
        match self {
            IndexKey::Short(number) => IndexKey::Short(!number),
            // With the end, which now comes behind whatever goes on.
            key @ IndexKey::Long(_) => {
                let mut bytes = Vec::new();
                key.append(&mut bytes);
                IndexKey::Long(bytes.into_iter().map(|byte| !byte).collect())
            }
            last => last,
        }
    }

    /// Appends the key as a part of a longer one: no part is the beginning of another.
    pub(crate) fn append(&self, bytes: &mut Vec<u8>) {
        match self {
            IndexKey::Short(number) => {
                bytes.push(0);
                bytes.extend(number.to_be_bytes());
            }
            IndexKey::Long(text) => {
                bytes.push(0);
                // Zeros are escaped, so that the end, two zeros, comes before whatever goes on.
                for byte in text.iter() {
                    bytes.push(*byte);
                    if *byte == 0 {
                        bytes.push(1);
                    }
                }
                bytes.extend([0, 0]);
            }
            IndexKey::Unordered => bytes.push(1),
            IndexKey::Absent => bytes.push(2),
        }
    }
}

/// The same on every machine, so that an index is the same after the same writes.
const HASHER: FixedState = FixedState::with_seed(0x5EED);

/// What an index for equality keeps of a value.
#[doc(hidden)]
pub fn hash_part<V: KeyPart>(value: Option<&V>) -> Option<u64> {
    value.map(hash_value)
}

/// The same of any value that can be hashed.
pub(crate) fn hash_value<V: Hash>(value: &V) -> u64 {
    HASHER.hash_one(value)
}

/// What an index with an order keeps of a value.
#[doc(hidden)]
pub fn order_part<V: Ordered>(value: Option<&V>) -> IndexKey {
    value.map_or(IndexKey::Absent, Ordered::index_key)
}

/// A value that has a place in an order: what `ordered`, `asc` and `desc` need of a field's type.
///
/// The key decides: of two values the one with the lesser key comes first. It is there for the numbers of the language,
/// texts, byte strings, ids, durations and `Option`; a type of the program forwards to one of these. Two values must have
/// the same key if and only if they are equal, and keys of one type are all numbers or all bytes. A float that is no number comes behind all others, and `-0.0` is `0.0`.
/// `Ord` would not do: an index is changed where no user code may run.
///
/// ```
/// use relata::{IndexKey, Ordered};
///
/// #[derive(Clone, Copy, PartialEq, PartialOrd)]
/// enum Rarity { Common, Rare, Unique }
///
/// impl Ordered for Rarity {
///     fn index_key(&self) -> IndexKey {
///         (*self as u8).index_key()
///     }
/// }
/// assert!(Rarity::Common.index_key() < Rarity::Unique.index_key());
/// ```
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` have no order that an index could keep",
    note = "implement `relata::Ordered` for it, in one line, by a type that has it: `self.0.index_key()`"
)]
pub trait Ordered {
    /// The key. The order of keys must be that of `PartialOrd`, where the type has that.
    fn index_key(&self) -> IndexKey;
}

macro_rules! numbers {
    ($($number:ty, $value:ident => $key:expr;)+) => {$(
        impl Ordered for $number {
            #[inline]
            fn index_key(&self) -> IndexKey {
                let $value = *self;
                IndexKey::Short($key)
            }
        }
    )+};
}
/// A signed number as an unsigned one of the same order.
#[inline]
fn lifted(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}
numbers! {
    u8, value => u64::from(value);
    u16, value => u64::from(value);
    u32, value => u64::from(value);
    u64, value => value;
    usize, value => value as u64;
    i8, value => lifted(i64::from(value));
    i16, value => lifted(i64::from(value));
    i32, value => lifted(i64::from(value));
    i64, value => lifted(value);
    isize, value => lifted(value as i64);
    bool, value => u64::from(value);
    char, value => u64::from(u32::from(value));
    Ipv4Addr, value => u64::from(value.to_bits());
    (), _value => 0;
}

impl Ordered for f64 {
    #[inline]
    fn index_key(&self) -> IndexKey {
        if self.is_nan() {
            return IndexKey::Unordered;
        }
        // Added to zero, -0.0 is 0.0.
        let bits = (*self + 0.0).to_bits();
        IndexKey::Short(if bits >> 63 == 0 { bits | (1 << 63) } else { !bits })
    }
}

impl Ordered for f32 {
    #[inline]
    fn index_key(&self) -> IndexKey {
        f64::from(*self).index_key()
    }
}

impl Ordered for u128 {
    fn index_key(&self) -> IndexKey {
        IndexKey::Long(Arc::new(self.to_be_bytes()))
    }
}

impl Ordered for i128 {
    fn index_key(&self) -> IndexKey {
        (self.cast_unsigned() ^ (1 << 127)).index_key()
    }
}

impl Ordered for Ipv6Addr {
    fn index_key(&self) -> IndexKey {
        self.to_bits().index_key()
    }
}

/// Ids are in the order of slots, then of generations.
impl<M> Ordered for Id<M> {
    fn index_key(&self) -> IndexKey {
        let key = self.key();
        if key.is_null() {
            return IndexKey::Short(0);
        }
        IndexKey::Short(u64::from(slot_of(key)) << 32 | u64::from(version_of(key)))
    }
}

impl Ordered for Duration {
    fn index_key(&self) -> IndexKey {
        self.as_nanos().index_key()
    }
}

impl Ordered for SystemTime {
    fn index_key(&self) -> IndexKey {
        match self.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos().cast_signed().index_key(),
            Err(before) => (-before.duration().as_nanos().cast_signed()).index_key(),
        }
    }
}

macro_rules! bytes {
    ($([$($generics:tt)*] $text:ty, $value:ident => $bytes:expr;)+) => {$(
        impl<$($generics)*> Ordered for $text {
            fn index_key(&self) -> IndexKey {
                let $value = self;
                IndexKey::Long($bytes.into())
            }
        }
    )+};
}
bytes! {
    [] str, value => value.as_bytes();
    [] String, value => value.as_bytes();
    [] Vec<u8>, value => value.as_slice();
    [] [u8], value => value;
    [const N: usize] [u8; N], value => value.as_slice();
}

macro_rules! forwards {
    ($([$($generics:tt)*] $outer:ty;)+) => {$(
        impl<$($generics)*> Ordered for $outer {
            #[inline]
            fn index_key(&self) -> IndexKey {
                (**self).index_key()
            }
        }
    )+};
}
forwards! {
    [T: Ordered + ?Sized] &T;
    [T: Ordered + ?Sized] Box<T>;
    [T: Ordered + ?Sized] Rc<T>;
    [T: Ordered + ?Sized] Arc<T>;
    [T: Ordered + ToOwned + ?Sized] Cow<'_, T>;
}

impl<T: Ordered> Ordered for Option<T> {
    #[inline]
    fn index_key(&self) -> IndexKey {
        self.as_ref().map_or(IndexKey::Absent, Ordered::index_key)
    }
}

/// The order turned round; what has no place in it still comes last.
impl<T: Ordered> Ordered for Reverse<T> {
    fn index_key(&self) -> IndexKey {
        self.0.index_key().reversed()
    }
}

macro_rules! groups {
    ($(($($part:ident $place:tt),+))+) => {$(
        impl<$($part: Ordered),+> Ordered for ($($part,)+) {
            fn index_key(&self) -> IndexKey {
                IndexKey::grouped(&[$(self.$place.index_key()),+])
            }
        }
    )+};
}
groups! { (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) }

#[cfg(test)]
mod tests {
    use super::*;

    fn rises<T: Ordered + std::fmt::Debug>(values: &[T]) {
        for pair in values.windows(2) {
            assert!(pair[0].index_key() < pair[1].index_key(), "{pair:?}");
        }
    }

    // behaviour Q4
    #[test]
    fn keys_have_the_order_of_values() {
        rises(&[i64::MIN, -2, -1, 0, 1, i64::MAX]);
        rises(&[i8::MIN, -1, 0, 1]);
        rises(&[i128::MIN, -1, 0, 1, i128::MAX]);
        rises(&[u64::MIN, 1, u64::MAX]);
        rises(&[f64::NEG_INFINITY, -1.5, -f64::MIN_POSITIVE, 0.0, f64::MIN_POSITIVE, 1.5, f64::INFINITY]);
        rises(&["", "\0", "\0\0", "\0\u{1}", "a", "a\0", "aa", "b", "é"]);
        rises(&[Some(0_u64), Some(u64::MAX), None]);
        rises(&[("a", 2_u8), ("a\0", 1), ("aa", 0), ("b", 0)]);
        rises(&[(Some("a"), 9_u8), (Some("b"), 1), (None, 0)]);
        rises(&[Reverse("b"), Reverse("aa"), Reverse("a\0"), Reverse("a"), Reverse("")]);
        rises(&[Reverse(2_i32), Reverse(-2)]);
        rises(&[UNIX_EPOCH - Duration::from_nanos(1), UNIX_EPOCH, UNIX_EPOCH + Duration::from_nanos(1)]);
        assert_eq!((-0.0_f64).index_key(), 0.0_f64.index_key());
        assert_eq!(
            (f32::NAN.index_key(), f64::NAN.index_key(), Reverse(f64::NAN).index_key()),
            (IndexKey::Unordered, IndexKey::Unordered, IndexKey::Unordered)
        );
    }

    #[test]
    fn hashes_of_groups_are_absent_where_a_part_is() {
        let (a, b) = (hash_part(Some(&1)), hash_part(Some(&2)));
        assert_eq!(IndexKey::hashed(&[a, None]), IndexKey::Absent);
        assert_ne!(IndexKey::hashed(&[a, b]), IndexKey::hashed(&[b, a]));
        assert_eq!(IndexKey::hashed(&[a]), IndexKey::Short(a.unwrap()));
    }
}
