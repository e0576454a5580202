//! Maps whose keys are no text, for which JSON has no form.

#![allow(clippy::disallowed_types, reason = "they are what is tried")]

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::case::zoo;
use crate::harness::{both_ways, eq};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    x: i16,
    y: Option<i16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Name {
    None,
    Short(char),
    Full { first: String, last: String },
    Pair(u8, u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Number(u64);

/// Names a row, and is not enforced.
#[derive(relata::Model, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Thing {
    name: String,
}

fn thing(inserted_before: u8) -> relata::Id<Thing> {
    let mut db = relata::Database::builder().model::<Thing>().build().expect("the model");
    let ids = (0..=inserted_before).map(|_| db.insert(Thing { name: String::new() }).expect("a row"));
    ids.last().expect("one")
}

fn places() -> Vec<(Place, u8)> {
    (0..60).map(|n| (Place { x: i16::from(n) * 500 - 300, y: (n % 2 == 0).then_some(-1) }, n)).collect()
}

fn names() -> Vec<(Name, u8)> {
    let full = Name::Full { first: "a".into(), last: String::new() };
    vec![(Name::None, 0), (Name::Short('x'), 1), (full, 2), (Name::Pair(1, 2), 3)]
}

zoo! {
    of_integer: key BTreeMap<i64, u8> => eq([BTreeMap::from([(i64::MIN, 0), (-1, 1), (0, 2), (i64::MAX, 3)])]);
    of_wide_integer: key BTreeMap<i128, u8> => eq([BTreeMap::from([(i128::MIN, 0), (i128::MAX, 3)])]);
    of_bool: key BTreeMap<bool, u8> => eq([BTreeMap::from([(false, 0), (true, 1)])]);
    of_char: key BTreeMap<char, u8> => eq([BTreeMap::from([('\0', 0), ('é', 1)])]);
    of_unit: key BTreeMap<(), u8> => eq([BTreeMap::from([((), 0)])]);
    of_option: key BTreeMap<Option<Option<u8>>, u8> => eq([BTreeMap::from([(None, 0), (Some(None), 1), (Some(Some(0)), 2)])]);
    of_tuple: key BTreeMap<(u8, String), u8> => eq([BTreeMap::from([((1, "x".into()), 0), ((1, String::new()), 1)])]);
    of_list: key BTreeMap<Vec<u8>, u8> => eq([BTreeMap::from([(vec![], 0), (vec![1, 2], 1)])]);
    of_struct: key BTreeMap<Place, u8> => eq([places().into_iter().collect::<BTreeMap<_, _>>()]);
    of_enum: key BTreeMap<Name, u8> => eq([names().into_iter().collect::<BTreeMap<_, _>>()]);
    of_newtype: key BTreeMap<Number, u8> => eq([BTreeMap::from([(Number(u64::MAX), 0)])]);
    of_map: key BTreeMap<BTreeMap<u8, u8>, u8> => eq([BTreeMap::from([(BTreeMap::from([(1, 2)]), 0)])]);
    of_id: field HashMap<relata::Id<Thing>, u8> => eq([HashMap::from([(thing(0), 1)])])
        .twins([both_ways((0..9).map(|n| (thing(n), n)).collect::<Vec<_>>())]);
    // fault A5
    hash_of_struct: field HashMap<Place, u8> => eq([]).twins([both_ways(places())]);
    hash_of_enum: field HashMap<Name, u8> => eq([]).twins([both_ways(names())]);
    hash_of_tuple: field hashbrown::HashMap<(Name, Option<u8>), u8> => eq([])
        .twins([both_ways(names().into_iter().map(|(name, n)| ((name, Some(n)), n)).collect::<Vec<_>>())]);
}
