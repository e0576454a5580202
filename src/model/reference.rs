//! What a foreign key names of its target, and how the row that it names is found: one by one, or a block at a time.

use std::marker::PhantomData;

use slotmap::DefaultKey;

use super::{Model, Unique, sealed};
use crate::arena::Arena;
use crate::error::Missing;
use crate::id::Id;
use crate::index::Indexes;
use crate::index::links::no_target;
use crate::key::{Key, Lookup, hash_of};

/// What of a target a foreign key names. Sealed: an id ([`ById`]) or a unique key ([`ByKey`]).
pub trait Reference<T: Model>: sealed::Sealed + Send + Sync + 'static {
    /// The key as a row lends it.
    type Ref<'a>: Copy;
    /// The key as it is handed about.
    type Owned: Clone + 'static;
    /// The place and the fields of the unique key; `None` for ids.
    const UNIQUE: Option<(usize, &'static [&'static str])>;

    /// Whether two keys are equal.
    fn same(left: Self::Ref<'_>, right: Self::Ref<'_>) -> bool;
    /// Lends a key.
    fn lend(owned: &Self::Owned) -> Self::Ref<'_>;
    /// The key that names a row; `None` where a part of its unique key is absent.
    fn of(key: DefaultKey, row: &T) -> Option<Self::Owned>;
    /// The key as an error message shows it.
    fn describe(key: Self::Ref<'_>) -> String;

    /// The key that is this id; `None` for natural keys.
    #[doc(hidden)]
    fn from_id(key: DefaultKey) -> Option<Self::Owned>;
    /// The row that the key names.
    #[doc(hidden)]
    fn find(rows: &Arena<T>, index: &Indexes, key: Self::Ref<'_>) -> Option<DefaultKey>;
    /// The row that the key names among those that `stays` lets pass: a key may stand twice.
    #[doc(hidden)]
    fn find_staying(
        rows: &Arena<T>,
        index: &Indexes,
        key: Self::Ref<'_>,
        stays: impl Fn(DefaultKey) -> bool,
    ) -> Option<DefaultKey>;
    /// The rows that the keys of up to [`BLOCK`] sources name: as many are added to `found`, *absent* ones where `key`
    /// gives none. Says whether all keys have named a row.
    #[doc(hidden)]
    fn find_block<S>(
        rows: &Arena<T>,
        index: &Indexes,
        sources: &[S],
        key: impl Fn(&S) -> Option<Self::Ref<'_>>,
        found: &mut Vec<DefaultKey>,
    ) -> bool;
    /// Why it names none.
    #[doc(hidden)]
    fn why_missing(rows: &Arena<T>, key: Self::Ref<'_>) -> Missing;
    /// Whether the key names this row, which need not be stored.
    #[doc(hidden)]
    fn names(key: Self::Ref<'_>, candidate: DefaultKey, row: &T) -> bool;
    /// The id inside, or the hash of a natural key: what a batch looks its own rows up by.
    #[doc(hidden)]
    fn probe(index: &Indexes, key: Self::Ref<'_>) -> Probe;
}

/// How many rows of a batch are planned at once.
pub(crate) const BLOCK: usize = 256;

/// The hash of each of up to [`BLOCK`] rows; `None` beyond the last.
pub(crate) fn hash_block<S>(rows: &[S], hash: impl Fn(&S) -> Option<u32>) -> [Option<u32>; BLOCK] {
    debug_assert!(rows.len() <= BLOCK, "more rows than are planned at once");
    let mut hashes = [None; BLOCK];
    for (slot, row) in hashes.iter_mut().zip(rows) {
        *slot = hash(row);
    }
    hashes
}

/// How a batch finds the row of its own that a key names.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Probe {
    Id(DefaultKey),
    Hash(u32),
}

/// The foreign key is the target's id.
#[derive(Debug)]
pub struct ById<T>(PhantomData<fn() -> T>);
/// The foreign key is the unique key `U` of the target.
#[derive(Debug)]
pub struct ByKey<U>(PhantomData<fn() -> U>);

impl<T: Model> Reference<T> for ById<T> {
    type Ref<'a> = Id<T>;
    type Owned = Id<T>;
    const UNIQUE: Option<(usize, &'static [&'static str])> = None;

    #[inline]
    fn same(left: Id<T>, right: Id<T>) -> bool {
        left == right
    }
    fn lend(owned: &Id<T>) -> Id<T> {
        *owned
    }
    fn of(key: DefaultKey, _: &T) -> Option<Id<T>> {
        Some(Id::from_key(key))
    }
    fn describe(key: Id<T>) -> String {
        format!("id {key}")
    }
    fn from_id(key: DefaultKey) -> Option<Id<T>> {
        Some(Id::from_key(key))
    }
    #[inline]
    fn find(rows: &Arena<T>, _: &Indexes, key: Id<T>) -> Option<DefaultKey> {
        rows.contains(key.key()).then(|| key.key())
    }
    fn find_staying(
        rows: &Arena<T>,
        index: &Indexes,
        key: Id<T>,
        stays: impl Fn(DefaultKey) -> bool,
    ) -> Option<DefaultKey> {
        Self::find(rows, index, key).filter(|found| stays(*found))
    }
    fn find_block<S>(
        rows: &Arena<T>,
        index: &Indexes,
        sources: &[S],
        key: impl Fn(&S) -> Option<Id<T>>,
        found: &mut Vec<DefaultKey>,
    ) -> bool {
        let before = found.len();
        found.extend(sources.iter().map_while(|source| match key(source) {
            None => Some(no_target::absent()),
            Some(key) => Self::find(rows, index, key),
        }));
        found.len() - before == sources.len()
    }
    fn why_missing(rows: &Arena<T>, key: Id<T>) -> Missing {
        rows.why_missing(key.key())
    }
    #[inline]
    fn names(key: Id<T>, candidate: DefaultKey, _: &T) -> bool {
        key.key() == candidate
    }
    fn probe(_: &Indexes, key: Id<T>) -> Probe {
        Probe::Id(key.key())
    }
}

impl<T: Model, U: Unique<Model = T>> Reference<T> for ByKey<U> {
    type Ref<'a> = <U::Key as Key>::Ref<'a>;
    type Owned = <U::Key as Key>::Owned;
    const UNIQUE: Option<(usize, &'static [&'static str])> = Some((U::INDEX, U::FIELDS));

    fn same(left: Self::Ref<'_>, right: Self::Ref<'_>) -> bool {
        <U::Key as Key>::same(left, right)
    }
    fn lend(owned: &Self::Owned) -> Self::Ref<'_> {
        <U::Key as Key>::lend(owned)
    }
    fn of(_: DefaultKey, row: &T) -> Option<Self::Owned> {
        U::key(row).map(<U::Key as Key>::to_owned)
    }
    fn describe(key: Self::Ref<'_>) -> String {
        format!("{} = {}", U::FIELDS.join(", "), <U::Key as Key>::describe(key))
    }
    fn from_id(_: DefaultKey) -> Option<Self::Owned> {
        None
    }
    #[inline]
    fn find(rows: &Arena<T>, index: &Indexes, key: Self::Ref<'_>) -> Option<DefaultKey> {
        let unique = &index.uniques[U::INDEX];
        unique.find(hash_of(unique.hasher(), key), |candidate| has_key::<U>(rows, candidate, key))
    }
    fn find_staying(
        rows: &Arena<T>,
        index: &Indexes,
        key: Self::Ref<'_>,
        stays: impl Fn(DefaultKey) -> bool,
    ) -> Option<DefaultKey> {
        let unique = &index.uniques[U::INDEX];
        let names = |candidate| stays(candidate) && has_key::<U>(rows, candidate, key);
        unique.find(hash_of(unique.hasher(), key), names)
    }
    fn find_block<S>(
        rows: &Arena<T>,
        index: &Indexes,
        sources: &[S],
        key: impl Fn(&S) -> Option<Self::Ref<'_>>,
        found: &mut Vec<DefaultKey>,
    ) -> bool {
        // All hashes first, then all probes, then all rows: what a pass reads does not wait for one another.
        let unique = &index.uniques[U::INDEX];
        let hashes = hash_block(sources, |source| key(source).map(|key| hash_of(unique.hasher(), key)));
        let before = found.len();
        found.extend(hashes[..sources.len()].iter().map(|hash| match hash {
            None => no_target::absent(),
            Some(hash) => unique.candidate(*hash).unwrap_or_else(no_target::unresolved),
        }));
        for ((source, hash), found) in sources.iter().zip(&hashes).zip(&mut found[before..]) {
            let (key, hash) = match (key(source), *hash) {
                (Some(key), Some(hash)) => (key, hash),
                (None, None) => continue,
                // The key is another than a moment ago.
                _ => return false,
            };
            if !has_key::<U>(rows, *found, key) {
                match unique.find(hash, |candidate| has_key::<U>(rows, candidate, key)) {
                    Some(other) => *found = other,
                    None => return false,
                }
            }
        }
        true
    }
    fn why_missing(_: &Arena<T>, _: Self::Ref<'_>) -> Missing {
        Missing::NoSuchKey
    }
    fn names(key: Self::Ref<'_>, _: DefaultKey, row: &T) -> bool {
        is_key_of::<U>(row, key)
    }
    fn probe(index: &Indexes, key: Self::Ref<'_>) -> Probe {
        Probe::Hash(hash_of(index.uniques[U::INDEX].hasher(), key))
    }
}

/// Whether the stored row under `candidate` has this unique key.
#[inline]
pub(crate) fn has_key<U: Unique>(rows: &Arena<U::Model>, candidate: DefaultKey, key: <U::Key as Key>::Ref<'_>) -> bool {
    rows.get(candidate).is_some_and(|row| is_key_of::<U>(row, key))
}

/// Whether a row has this unique key.
#[inline]
pub(crate) fn is_key_of<U: Unique>(row: &U::Model, key: <U::Key as Key>::Ref<'_>) -> bool {
    U::key(row).is_some_and(|own| <U::Key as Key>::same(own, key))
}

/// The row whose unique key is what `query` describes. O(1) expected.
pub(crate) fn find_by<U: Unique>(
    rows: &Arena<U::Model>,
    index: &Indexes,
    query: impl Lookup<U::Key>,
) -> Option<DefaultKey> {
    let unique = &index.uniques[U::INDEX];
    unique.find(query.hash(unique.hasher()), |candidate| {
        rows.get(candidate).and_then(U::key).is_some_and(|key| query.equals(key))
    })
}
