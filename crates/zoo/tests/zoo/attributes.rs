//! Types whose serde form is changed by serde's own attributes.

#![allow(clippy::disallowed_types, reason = "they are what is tried")]

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::case::zoo;
use crate::harness::{both_ways, eq};

/// A type with everything that a field that may be a key has.
macro_rules! plain {
    ($($item:item)*) => {
        $(#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)] $item)*
    };
}

plain! {
    // fault A2
    #[serde(untagged)]
    pub(crate) enum Untagged { Unit, Number(u8), Text(String), Pair(i8, bool), Point { x: i64, y: Option<i64> } }

    // The first variant that fits is read, and so the second never is where the first fits too.
    #[serde(untagged)]
    pub(crate) enum Overlapping { Small(u8), Large(u64) }

    // fault A2
    #[serde(tag = "kind")]
    pub(crate) enum Tagged { Circle { r: u8 }, Inner(Inside), Nothing }

    #[serde(tag = "kind", content = "of")]
    pub(crate) enum Adjacent { Number(u8), Point { x: i8, y: i8 }, Pair(u8, String), Nothing }

    pub(crate) enum External { Number(u8), Point { x: i8, y: i8 }, Pair(u8, String), Nothing, Deep(Option<Option<u8>>) }

    pub(crate) enum UntaggedVariant { Known, #[serde(untagged)] Other(String) }

    pub(crate) struct Inside { a: u8, b: Option<String> }

    pub(crate) struct Flat { before: u8, #[serde(flatten)] inside: Inside, after: String }

    pub(crate) struct FlatOption { before: u8, #[serde(flatten)] inside: Option<Inside> }

    pub(crate) struct FlatMap { known: u8, #[serde(flatten)] others: BTreeMap<String, Inside> }

    pub(crate) struct FlatTagged { id: u8, #[serde(flatten)] shape: Tagged }

    pub(crate) struct FlatTwice { #[serde(flatten)] flat: Flat, last: i8 }

    // fault A1
    pub(crate) struct Size { #[serde(skip_serializing_if = "Option::is_none")] depth: Option<u8>, w: u8, h: u8 }

    // fault A1: where it stands deeper.
    pub(crate) struct Parcel { sizes: Vec<Size>, lid: Option<Box<Size>>, tag: Option<u8> }

    // fault E2: bytes that decode and encode the same are not yet the same value.
    pub(crate) struct Skipped {
        #[serde(skip_serializing_if = "Option::is_none", default)] a: Option<u8>,
        b: Option<u16>,
    }

    // A default that is not what was left out.
    pub(crate) struct OtherDefault { #[serde(skip_serializing_if = "is_zero", default = "one")] n: u8 }

    // fault A3: what is skipped is part of what `Eq` sees.
    pub(crate) struct Cached { n: u8, #[serde(skip)] cache: Option<u8> }

    pub(crate) struct NotWritten { n: u8, #[serde(skip_serializing, default)] secret: u8 }

    pub(crate) struct NotRead { n: u8, #[serde(skip_deserializing)] total: u8 }

    // fault A1: the numbers of variants that are written and those that are read.
    pub(crate) enum Mood { Calm, #[serde(skip)] Hidden, Angry, Gone }

    pub(crate) enum OneWay { First, #[serde(skip_deserializing)] Written, #[serde(skip_serializing)] Read, Last }

    pub(crate) enum Open { Known, Also, #[serde(other)] Other }

    #[serde(rename_all = "SCREAMING-KEBAB-CASE", rename_all_fields = "camelCase")]
    pub(crate) enum Renamed { FirstOne, #[serde(rename = "")] Empty, SecondOne { some_field: u8 } }

    #[serde(default, deny_unknown_fields)]
    pub(crate) struct Aliased { #[serde(rename = "type", alias = "kind")] of: u8, #[serde(alias = "x")] y: u8 }

    #[serde(rename(serialize = "out", deserialize = "out"))]
    pub(crate) struct OneName { #[serde(rename(serialize = "a", deserialize = "b"), alias = "a")] n: u8 }

    // Written under one name and read under another only.
    pub(crate) struct TwoNames { #[serde(rename(serialize = "a", deserialize = "b"), default)] n: u8 }

    #[serde(transparent)]
    pub(crate) struct Transparent { of: Inside }

    pub(crate) struct Newtype(Option<u8>);

    pub(crate) struct Pair(u8, String);

    pub(crate) struct UnitStruct;

    pub(crate) struct Empty {}

    #[serde(from = "String", into = "String")]
    pub(crate) struct Celsius(i32);

    #[serde(try_from = "u8", into = "u8")]
    pub(crate) struct Even(u8);

    // What goes in is not what comes out.
    #[serde(from = "u8", into = "u8")]
    pub(crate) struct Clamped(u8);

    pub(crate) struct Remote(#[serde(with = "Foreign")] Strange);

    pub(crate) struct Wide { unsigned: u128, signed: i128, deep: Option<Option<u128>> }

    // What serde must look at before it knows the type it keeps in a form that has no 128 bits.
    #[serde(tag = "kind")]
    pub(crate) enum WideTagged { Number { n: u128 } }

    #[serde(tag = "kind")]
    pub(crate) enum DeepTagged { Options { of: Option<Option<u8>> } }

    pub(crate) struct Tree { value: u8, children: Vec<Tree>, left: Option<Box<Tree>> }

    pub(crate) enum Expression { Number(i64), Add(Box<Expression>, Box<Expression>), Not { of: Box<Expression> } }

    // fault A4: the bytes of one are a permutation of those of the other.
    pub(crate) struct Turned(#[serde(serialize_with = "big_endian", deserialize_with = "little_endian")] u32);
}

/// A type of another crate that knows nothing of serde.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Strange {
    pub(crate) a: u8,
    pub(crate) b: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Strange")]
struct Foreign {
    a: u8,
    b: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FlatHashMap {
    known: u8,
    #[serde(flatten)]
    others: HashMap<String, u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Words(HashSet<String>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shelf {
    words: Vec<Words>,
    by_size: HashMap<u8, hashbrown::HashMap<String, Words>>,
    nested: Option<Box<hashbrown::HashSet<(u8, String)>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub(crate) enum TaggedMap {
    Of { map: HashMap<String, u8> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FlatFloats {
    n: u8,
    #[serde(flatten)]
    others: BTreeMap<String, f64>,
}

impl Default for Aliased {
    fn default() -> Self {
        Aliased { of: 1, y: 2 }
    }
}

impl From<String> for Celsius {
    fn from(text: String) -> Self {
        Celsius(text.trim_end_matches("°C").parse().expect("a number"))
    }
}

impl From<Celsius> for String {
    fn from(Celsius(degrees): Celsius) -> Self {
        format!("{degrees}°C")
    }
}

impl TryFrom<u8> for Even {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        if number.is_multiple_of(2) { Ok(Even(number)) } else { Err(format!("{number} is odd")) }
    }
}

impl From<Even> for u8 {
    fn from(Even(number): Even) -> Self {
        number
    }
}

impl From<u8> for Clamped {
    fn from(number: u8) -> Self {
        Clamped(number.min(100))
    }
}

impl From<Clamped> for u8 {
    fn from(Clamped(number): Clamped) -> Self {
        number
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

fn one() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn big_endian<S: Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    number.to_be_bytes().serialize(serializer)
}

fn little_endian<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    <[u8; 4]>::deserialize(deserializer).map(u32::from_le_bytes)
}

fn inside(a: u8) -> Inside {
    Inside { a, b: (a > 9).then(|| "b".to_owned()) }
}

fn flat() -> Flat {
    Flat { before: 1, inside: inside(10), after: "after".into() }
}

fn size(depth: Option<u8>) -> Size {
    Size { depth, w: 0, h: 1 }
}

fn tree(levels: u8) -> Tree {
    let children = if levels == 0 { vec![] } else { vec![tree(levels - 1), tree(levels - 1)] };
    let left = (levels > 0).then(|| Box::new(tree(0)));
    Tree { value: levels, children, left }
}

fn sum() -> Expression {
    let number = |n| Box::new(Expression::Number(n));
    Expression::Add(number(-1), Box::new(Expression::Not { of: number(i64::MAX) }))
}

fn words(reversed: bool) -> Words {
    let (forwards, backwards) = both_ways((0..40).map(|n| format!("word {n}")).collect::<Vec<_>>());
    Words(if reversed { backwards } else { forwards })
}

fn shelf(reversed: bool) -> Shelf {
    let shelf = |n: u8| (n, in_order(reversed, (0..9).map(|i| (i.to_string(), words(reversed))).collect()));
    Shelf {
        words: vec![words(reversed), words(reversed)],
        by_size: in_order(reversed, (0..9).map(shelf).collect()),
        nested: Some(Box::new(in_order(reversed, (0..30).map(|n| (n, "x".to_owned())).collect()))),
    }
}

fn flat_hash_map(entries: u32) -> FlatHashMap {
    FlatHashMap { known: 1, others: (0..entries).map(|n| (format!("key {n}"), n)).collect() }
}

fn in_order<I: Clone, C: FromIterator<I>>(reversed: bool, items: Vec<I>) -> C {
    let (forwards, backwards) = both_ways(items);
    if reversed { backwards } else { forwards }
}

fn tagged_map(reversed: bool) -> TaggedMap {
    TaggedMap::Of { map: in_order(reversed, (0..50).map(|n| (format!("key {n}"), n)).collect()) }
}

zoo! {
    untagged: key Untagged => eq([
        Untagged::Unit,
        Untagged::Number(255),
        Untagged::Text("Unit".into()),
        Untagged::Pair(-1, true),
        Untagged::Point { x: i64::MIN, y: None },
        Untagged::Point { x: 0, y: Some(i64::MAX) },
    ]);
    untagged_overlapping: key Overlapping => eq([Overlapping::Small(5), Overlapping::Large(256)])
        .refused([Overlapping::Large(5)]);
    tagged: key Tagged => eq([Tagged::Circle { r: 1 }, Tagged::Inner(inside(1)), Tagged::Inner(inside(10)), Tagged::Nothing]);
    tagged_adjacent: key Adjacent => eq([
        Adjacent::Number(1),
        Adjacent::Point { x: -1, y: 1 },
        Adjacent::Pair(1, "x".into()),
        Adjacent::Nothing,
    ]);
    tagged_external: key External => eq([
        External::Number(1),
        External::Point { x: -1, y: 1 },
        External::Pair(1, String::new()),
        External::Nothing,
        External::Deep(None),
        External::Deep(Some(None)),
    ]);
    untagged_variant: key UntaggedVariant => eq([UntaggedVariant::Known, UntaggedVariant::Other("x".into())]);
    flatten: key Flat => eq([flat(), Flat { before: 0, inside: inside(0), after: String::new() }]);
    flatten_option: key FlatOption => eq([
        FlatOption { before: 1, inside: None },
        FlatOption { before: 1, inside: Some(inside(10)) },
    ]);
    flatten_map: key FlatMap => eq([
        FlatMap { known: 1, others: BTreeMap::new() },
        FlatMap { known: 1, others: BTreeMap::from([("x".into(), inside(1)), ("y".into(), inside(10))]) },
    ]).refused([FlatMap { known: 1, others: BTreeMap::from([("known".into(), inside(1))]) }]);
    flatten_tagged: key FlatTagged => eq([
        FlatTagged { id: 1, shape: Tagged::Nothing },
        FlatTagged { id: 1, shape: Tagged::Inner(inside(10)) },
    ]);
    flatten_twice: key FlatTwice => eq([FlatTwice { flat: flat(), last: -1 }]);
    flatten_floats: field FlatFloats => eq([FlatFloats { n: 0, others: BTreeMap::from([("x".into(), 0.1)]) }]);
    // fault A1
    skip_if: key Size => eq([size(None), size(Some(0)), size(Some(9))]);
    skip_if_deeper: key Parcel => eq([
        Parcel { sizes: vec![], lid: None, tag: Some(0) },
        Parcel { sizes: vec![size(None), size(Some(1)), size(None)], lid: Some(Box::new(size(None))), tag: Some(0) },
    ]);
    // fault E2
    skip_if_default: key Skipped => eq([
        Skipped { a: None, b: Some(5) },
        Skipped { a: Some(5), b: None },
        Skipped { a: None, b: None },
    ]);
    skip_if_other_default: key OtherDefault => eq([OtherDefault { n: 1 }]).refused([OtherDefault { n: 0 }]);
    // fault A3
    skip: key Cached => eq([Cached { n: 1, cache: None }]).refused([Cached { n: 1, cache: Some(1) }]);
    skip_serializing: key NotWritten => eq([NotWritten { n: 1, secret: 0 }]).refused([NotWritten { n: 1, secret: 1 }]);
    skip_deserializing: key NotRead => eq([NotRead { n: 1, total: 0 }]).refused([NotRead { n: 1, total: 1 }]);
    // fault A1
    skip_variant: key Mood => eq([Mood::Calm, Mood::Angry, Mood::Gone]).refused([Mood::Hidden]);
    skip_variant_one_way: key OneWay => eq([OneWay::First, OneWay::Last]).refused([OneWay::Written, OneWay::Read]);
    other: key Open => eq([Open::Known, Open::Also, Open::Other]);
    rename: key Renamed => eq([Renamed::FirstOne, Renamed::Empty, Renamed::SecondOne { some_field: 1 }]);
    alias_and_default: key Aliased => eq([Aliased { of: 0, y: 0 }, Aliased::default()]);
    rename_in_two_ways: key OneName => eq([OneName { n: 1 }]);
    rename_apart: key TwoNames => eq([TwoNames { n: 0 }]).refused([TwoNames { n: 1 }]);
    transparent: key Transparent => eq([Transparent { of: inside(10) }]);
    newtype: key Newtype => eq([Newtype(None), Newtype(Some(0))]);
    tuple_struct: key Pair => eq([Pair(1, "x".into())]);
    unit_struct: key UnitStruct => eq([UnitStruct]);
    empty_struct: key Empty => eq([Empty {}]);
    from_into: key Celsius => eq([Celsius(-273)]);
    try_from: key Even => eq([Even(0), Even(254)]).refused([Even(1)]);
    from_into_lossy: key Clamped => eq([Clamped(100)]).refused([Clamped(101)]);
    remote: key Remote => eq([Remote(Strange { a: 1, b: None }), Remote(Strange { a: 1, b: Some("b".into()) })]);
    wide_integers: key Wide => eq([
        Wide { unsigned: 0, signed: -1, deep: Some(None) },
        Wide { unsigned: u128::MAX, signed: i128::MIN, deep: Some(Some(u128::MAX)) },
    ]);
    wide_integers_tagged: key WideTagged => eq([]).refused([WideTagged::Number { n: 1 }, WideTagged::Number { n: u128::MAX }]);
    options_tagged: key DeepTagged => eq([
        DeepTagged::Options { of: None },
        DeepTagged::Options { of: Some(None) },
        DeepTagged::Options { of: Some(Some(1)) },
    ]);
    tree_of_lists: key Tree => eq([tree(0), tree(5)]);
    tree_of_boxes: key Expression => eq([sum(), Expression::Number(0)]);
    // fault A4
    turned: key Turned => eq([Turned(0), Turned(0x0102_0201)]).refused([Turned(1), Turned(0x0102_0304)]);
    // Of what is flattened serde shows the entries and not the map: they are sorted, whatever map they come from.
    flatten_hash_map: field FlatHashMap => eq([flat_hash_map(0), flat_hash_map(50)]);
    // fault A5
    transparent_hash_set: field Words => eq([Words(HashSet::new())]).twins([(words(false), words(true))]);
    hash_maps_within: field Shelf => eq([]).twins([(shelf(false), shelf(true))]);
    tagged_hash_map: field TaggedMap => eq([]).twins([(tagged_map(false), tagged_map(true))]);
}
