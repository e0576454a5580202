//! Collections.

#![allow(clippy::disallowed_types, reason = "they are what is tried")]

use std::hash::BuildHasherDefault;

use arrayvec::{ArrayString, ArrayVec};
use bit_set::BitSet;
use bit_vec::BitVec;
use dashmap::{DashMap, DashSet};
use either::Either;
use enum_map::{Enum, EnumMap, enum_map};
use fixedbitset::FixedBitSet;
use nonempty::NonEmpty;
use roaring::{RoaringBitmap, RoaringTreemap};
use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};
use tinyvec::{ArrayVec as TinyArray, TinyVec, tiny_vec};
use vec1::{Vec1, vec1};

use crate::case::zoo;
use crate::harness::{both_ways, by, eq};

/// A hasher that is the same in every run.
type Steady = BuildHasherDefault<std::hash::DefaultHasher>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum, Serialize, Deserialize)]
pub(crate) enum Season {
    Summer,
    Winter,
}

fn same_entries(left: &DashMap<u16, String>, right: &DashMap<u16, String>) -> bool {
    left.len() == right.len() && left.iter().all(|entry| right.get(entry.key()).is_some_and(|other| *other == *entry))
}

fn same_elements(left: &DashSet<u16>, right: &DashSet<u16>) -> bool {
    left.len() == right.len() && left.iter().all(|element| right.contains(&*element))
}

fn dash(entries: u16) -> DashMap<u16, String> {
    (0..entries).map(|n| (n, n.to_string())).collect()
}

fn heap(numbers: &[u8]) -> heapless::Vec<u8, 8> {
    heapless::Vec::from_slice(numbers).expect("short")
}

zoo! {
    arrayvec_: key ArrayVec<u8, 4> => eq([ArrayVec::new(), ArrayVec::from([1, 2, 3, 4])]);
    arrayvec_string: key ArrayString<4> => eq([ArrayString::new(), ArrayString::from("abcd").expect("short")]);
    smallvec_: key SmallVec<[u16; 2]> => eq([smallvec![], smallvec![1, 2], smallvec![1, 2, 3]]);
    tinyvec_: key TinyVec<[u16; 2]> => eq([tiny_vec!(), tiny_vec!([u16; 2] => 1, 2, 3)]);
    tinyvec_array: key TinyArray<[u16; 2]> => eq([TinyArray::new(), TinyArray::from([1, 2])]);
    heapless_: key heapless::Vec<u8, 8> => eq([heap(&[]), heap(&[1, 2])]);
    nonempty_: key NonEmpty<u8> => eq([NonEmpty::new(1), NonEmpty::from((1, vec![2]))]);
    vec1_: key Vec1<u8> => eq([vec1![1], vec1![1, 2]]);
    enum_map_: key EnumMap<Season, u8> => eq([enum_map! { Season::Summer => 1, Season::Winter => 2 }]);
    either_: key Either<u8, String> => eq([Either::Left(1), Either::Right("x".into())]);
    imbl_vector: key imbl::Vector<u8> => eq([imbl::Vector::new(), (0..200).collect::<imbl::Vector<_>>()]);
    imbl_ord_map: key imbl::OrdMap<u8, u8> => eq([imbl::OrdMap::new(), (0..200).map(|n| (n, n)).collect::<imbl::OrdMap<_, _>>()]);
    imbl_ord_set: key imbl::OrdSet<u8> => eq([(0..200).collect::<imbl::OrdSet<_>>()]);
    // Hash maps of their own, which serde shows as a map like any other: they keep the order that they have.
    imbl_hash_map: field imbl::HashMap<u16, u8> => eq([(0..99).map(|n| (n * 600, 1)).collect::<imbl::HashMap<_, _>>()]).drifts();
    imbl_hash_set: field imbl::HashSet<u16> => eq([(0..99_u16).map(|n| n * 600).collect::<imbl::HashSet<_>>()]).drifts();
    // These have no `PartialEq` beside, so that their bytes are compared, and two orders of one map are not the same.
    dashmap_: field DashMap<u16, String> => by(same_entries, [DashMap::new(), dash(1)]).refused([dash(99)]);
    dashmap_set: field DashSet<u16> => by(same_elements, [DashSet::new()]).refused([(0..99).collect::<DashSet<_>>()]);
    // fault A5: another hasher makes no other map.
    hash_map_steady: field std::collections::HashMap<u16, u8, Steady> => eq([])
        .twins([both_ways((0..99).map(|n| (n * 600, 1)).collect::<Vec<_>>())]);
    hash_set_steady: field hashbrown::HashSet<String, Steady> => eq([])
        .twins([both_ways((0..99).map(|n| n.to_string()).collect::<Vec<_>>())]);
    roaring_: field RoaringBitmap => eq([RoaringBitmap::new(), [0, 7, 70_000, u32::MAX].into_iter().collect::<RoaringBitmap>()])
        .twins([both_ways([1, 70_000, 3])]);
    roaring_tree: field RoaringTreemap => eq([[0, u64::MAX].into_iter().collect::<RoaringTreemap>()]);
    bit_set_: field BitSet => eq([BitSet::new(), [0, 31, 32, 99].into_iter().collect::<BitSet>()]);
    bit_vec_: field BitVec => eq([BitVec::new(), BitVec::from_elem(33, true)]);
    bitvec_: field bitvec::vec::BitVec<u8> => eq([bitvec::vec::BitVec::new(), bitvec::bitvec![u8, bitvec::order::Lsb0; 1, 0, 1]]);
    fixedbitset_: field FixedBitSet => eq([FixedBitSet::new(), FixedBitSet::with_capacity_and_blocks(70, [5, 1])]);
}
