//! Natural keys: tuples of field types, how they are hashed, compared, shown and looked up.
//!
//! A key is never stored by an index: it is read from the row where it lives. That is why everything here works on
//! tuples of *references* to fields.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

/// What a field must be to take part in a key: comparable without exceptions (so no floats), hashable, and showable in
/// an error message.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be part of a key",
    note = "parts of unique and natural keys must be `Eq + Hash + Debug + Clone + Send + Sync`; floats have no total equality"
)]
pub trait KeyPart: Eq + Hash + Debug + Clone + Send + Sync + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Eq + Hash + Debug + Clone + Send + Sync + 'static> KeyPart for T {}

/// The type of a natural key: a tuple of one to six [`KeyPart`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a key",
    note = "a key is a tuple of one to six parts, each `Eq + Hash + Debug + Clone`: `(String,)`, `(String, u32)`"
)]
pub trait Key: Clone + Send + Sync + 'static {
    /// References to the parts, as a row lends them.
    type Ref<'a>: Copy + Eq + Hash + Debug;
    /// What a user handles: the part itself for a key of one part, the tuple for more.
    type Owned: Clone + 'static;

    /// Copies the parts out of a row.
    fn to_owned(key: Self::Ref<'_>) -> Self::Owned;
    /// Whether two keys are equal, whatever they borrow from.
    fn same(left: Self::Ref<'_>, right: Self::Ref<'_>) -> bool;
    /// Lends the parts.
    fn lend(owned: &Self::Owned) -> Self::Ref<'_>;
    /// The key as an error message shows it.
    fn describe(key: Self::Ref<'_>) -> String;
}

/// Something a key of type `K` can be looked up by: `&str` for a `String`, `(&str, &u32)` for a `(String, u32)`.
///
/// As with the maps of the standard library, hash and equality of the borrowed form must be those of the owned one.
#[diagnostic::on_unimplemented(
    message = "a key of type `{K}` cannot be looked up by `{Self}`",
    note = "pass a reference for a key of one part (`&5`, `\"text\"`), a tuple of references for a composite one"
)]
pub trait Lookup<K: Key>: Copy {
    /// The hash that the key equal to this has.
    fn hash(self, hasher: &impl BuildHasher) -> u32;
    /// Whether this is that key.
    fn equals(self, key: K::Ref<'_>) -> bool;
    /// This as an error message shows it.
    fn describe(self) -> String;
}

/// The upper half of the 64 bits: what a unique index keeps of a hash.
pub(crate) fn hash_of(hasher: &impl BuildHasher, key: impl Hash) -> u32 {
    (hasher.hash_one(key) >> 32) as u32
}

impl<A: KeyPart> Key for (A,) {
    type Ref<'a> = (&'a A,);
    type Owned = A;

    fn to_owned(key: (&A,)) -> A {
        key.0.clone()
    }
    fn same(left: (&A,), right: (&A,)) -> bool {
        left == right
    }
    fn lend(owned: &A) -> (&A,) {
        (owned,)
    }
    fn describe(key: (&A,)) -> String {
        format!("{:?}", key.0)
    }
}

impl<A: KeyPart + Borrow<Q>, Q: Hash + Eq + Debug + ?Sized> Lookup<(A,)> for &Q {
    fn hash(self, hasher: &impl BuildHasher) -> u32 {
        hash_of(hasher, (self,))
    }
    fn equals(self, key: (&A,)) -> bool {
        key.0.borrow() == self
    }
    fn describe(self) -> String {
        format!("{self:?}")
    }
}

macro_rules! composite_key {
    ($($part:ident $query:ident $index:tt),+) => {
        impl<$($part: KeyPart),+> Key for ($($part,)+) {
            type Ref<'a> = ($(&'a $part,)+);
            type Owned = Self;

            fn to_owned(key: Self::Ref<'_>) -> Self {
                ($(key.$index.clone(),)+)
            }
            fn same(left: Self::Ref<'_>, right: Self::Ref<'_>) -> bool {
                left == right
            }
            fn lend(owned: &Self) -> Self::Ref<'_> {
                ($(&owned.$index,)+)
            }
            fn describe(key: Self::Ref<'_>) -> String {
                format!("{key:?}")
            }
        }

        impl<$($part: KeyPart + Borrow<$query>, $query: Hash + Eq + Debug + ?Sized),+> Lookup<($($part,)+)>
            for ($(&$query,)+)
        {
            fn hash(self, hasher: &impl BuildHasher) -> u32 {
                hash_of(hasher, self)
            }
            fn equals(self, key: ($(&$part,)+)) -> bool {
                $(key.$index.borrow() == self.$index)&&+
            }
            fn describe(self) -> String {
                format!("{self:?}")
            }
        }
    };
}
composite_key!(A QA 0, B QB 1);
composite_key!(A QA 0, B QB 1, C QC 2);
composite_key!(A QA 0, B QB 1, C QC 2, D QD 3);
composite_key!(A QA 0, B QB 1, C QC 2, D QD 3, E QE 4);
composite_key!(A QA 0, B QB 1, C QC 2, D QD 3, E QE 4, F QF 5);
