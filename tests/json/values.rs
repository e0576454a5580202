//! What a value is in JSON, and that nothing of it is lost.

#![expect(clippy::disallowed_types, reason = "rows with maps of an order of their own are what is tested")]

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use relata::{Column, Database, Id, Model, Visitor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exported;

/// A row of nothing but a value.
#[derive(Clone, Serialize, Deserialize)]
struct Holder<T> {
    value: T,
}

/// What a field can be.
trait Field: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {}
impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Field for T {}

impl<T: Field> Model for Holder<T> {
    const NAME: &'static str = "Holder";
    const COLUMNS: &'static [Column] = &[Column { name: "value", external_name: "value", type_name: "T" }];

    fn declare<V: Visitor<Self>>(_: &mut V) {}
}

/// Proves that a value comes back, and gives its JSON.
fn json_of<T: Field>(value: T) -> String {
    let models = || Database::builder().model::<Holder<T>>();
    let mut db = models().build().unwrap();
    db.insert(Holder { value }).unwrap();
    let text = exported(&db);
    let back = models().import_json(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(back.state_hash(), db.state_hash(), "{text}");
    let row = text.lines().find(|line| line.starts_with('[')).unwrap();
    row.strip_prefix("[\"1v1\",{\"value\":").unwrap().strip_suffix("}]").unwrap().to_owned()
}

/// Imports a row with this JSON as its value.
fn value_of<T: Field>(json: &str) -> Result<T, String> {
    let models = || Database::builder().model::<Holder<T>>();
    let empty = exported(&models().build().unwrap());
    let text = empty.replace("{\"end\"", &format!("[\"1v1\",{{\"value\":{json}}}]\n{{\"end\""));
    let db = models().import_json(text.as_bytes()).map_err(|error| error.to_string())?;
    let row = db.iter::<Holder<T>>().next().map(|(_, row)| row.value.clone());
    Ok(row.unwrap())
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bytes(#[serde(with = "as_bytes")] Vec<u8>);

mod as_bytes {
    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

/// A map in which a key may be twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pairs(#[serde(with = "as_map")] Vec<(String, u8)>);

mod as_map {
    pub(super) fn serialize<S: serde::Serializer>(pairs: &[(String, u8)], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, u8)>, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Vec<(String, u8)>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
enum Color {
    Red,
    #[serde(rename = "$green")]
    Green,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Nothing,
    #[expect(clippy::option_option, reason = "it has a form of its own")]
    Maybe(Option<Option<u8>>),
    Float(f32),
    Id(Id<()>),
    List(Vec<Loose>),
    Unit {
        unit: (),
        id: u8,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Variant {
    Unit(()),
    Option(Option<()>),
    Tuple(u8, Option<u8>),
    #[serde(rename = "$")]
    Odd {
        id: u8,
    },
}

/// behaviour J2: ordinary values as serde_json writes them too.
#[test]
fn values_are_written_as_people_write_them() {
    let id: Id<()> = "85v3".parse().unwrap();
    assert_eq!(
        json_of((1_u8, -1_i64, true, "a\"\\\n\u{1}é😀".to_owned(), 'x')),
        r#"[1,-1,true,"a\"\\\n\u0001é😀","x"]"#
    );
    assert_eq!(json_of((id, Some(id), None::<Id<()>>, Id::<()>::null())), r#"["85v3","85v3",null,"null"]"#);
    assert_eq!(json_of(u128::MAX), "340282366920938463463374607431768211455");
    assert_eq!(json_of(i128::MIN), "-170141183460469231731687303715884105728");
    assert_eq!(json_of((u64::MAX, i64::MIN)), "[18446744073709551615,-9223372036854775808]");
    assert_eq!(json_of((0.1_f32, 0.1_f64, 1.0_f64, -0.0_f64, 1e300)), "[0.1,0.1,1.0,-0.0,1e300]");
    assert_eq!(json_of([f32::MAX, f32::MIN_POSITIVE, 16_777_217.0]), "[3.4028235e38,1.1754944e-38,16777216.0]");
    assert_eq!(json_of(Some(())), r#"{"$some":null}"#);
    assert_eq!(json_of([None, Some(None), Some(Some(3_u8))]), r#"[null,{"$some":null},3]"#);
    assert_eq!(json_of(Some(Some(None::<u8>))), r#"{"$some":{"$some":null}}"#);
    let keyed = BTreeMap::from([(id, 1), ("9v1".parse().unwrap(), 2)]);
    assert_eq!(json_of(keyed), r#"{"9v1":2,"85v3":1}"#);
    assert_eq!(json_of(HashMap::from([(Color::Red, 1)])), r#"{"Red":1}"#);
    let variants = vec![Variant::Unit(()), Variant::Option(None), Variant::Option(Some(())), Variant::Tuple(1, None)];
    let expected = r#"[{"Unit":null},{"Option":null},{"Option":{"$some":null}},{"Tuple":[1,null]}]"#;
    assert_eq!(json_of(variants), expected);
    let loose = vec![
        Loose::Nothing,
        Loose::Maybe(Some(Some(1))),
        Loose::Float(0.1),
        Loose::List(vec![Loose::Nothing, Loose::Float(2.5)]),
    ];
    assert_eq!(json_of(loose), "[null,1,0.1,[null,2.5]]");
    assert_eq!(json_of(serde_json::json!({"a": [1, null, {"b": 0.5}]})), r#"{"a":[1,null,{"b":0.5}]}"#);
}

/// behaviour J4: what JSON has no form for has one by `$`.
#[test]
fn what_json_has_no_form_for_is_escaped() {
    let nan = f64::from_bits(0xfff8_0000_0000_0001);
    let floats = [f64::INFINITY, f64::NEG_INFINITY, f64::from_bits(0x7ff8 << 48), nan];
    let expected = r#"[{"$f64":"inf"},{"$f64":"-inf"},{"$f64":"nan"},{"$f64":"fff8000000000001"}]"#;
    assert_eq!(json_of(floats), expected);
    let floats = [f32::INFINITY, f32::NEG_INFINITY, f32::from_bits(0x7fc0_0000), f32::from_bits(0xff80_0001)];
    assert_eq!(json_of(floats), r#"[{"$f32":"inf"},{"$f32":"-inf"},{"$f32":"nan"},{"$f32":"ff800001"}]"#);
    assert_eq!(json_of(Bytes(vec![0, 255, 16])), r#"{"$bytes":"00ff10"}"#);
    assert_eq!(json_of(BTreeMap::from([(2_u8, 'b'), (1, 'a')])), r#"{"$map":[[1,"a"],[2,"b"]]}"#);
    let of_lists = BTreeMap::from([((1_u8, Some(2_u8)), None::<u8>)]);
    assert_eq!(json_of(of_lists), r#"{"$map":[[[1,2],null]]}"#);
    assert_eq!(json_of(Pairs(vec![("a".into(), 1), ("a".into(), 2)])), r#"{"$map":[["a",1],["a",2]]}"#);
    assert_eq!(json_of(Pairs(vec![("a".into(), 1), ("b".into(), 2)])), r#"{"a":1,"b":2}"#);
    assert_eq!(json_of(Pairs(vec![("$some".into(), 1)])), r#"{"$map":[["$some",1]]}"#);
    assert_eq!(json_of(BTreeMap::from([(Color::Green, 1)])), r#"{"$map":[["$green",1]]}"#);
    assert_eq!(json_of(Variant::Odd { id: 1 }), r#"{"$map":[["$",{"id":1}]]}"#);
    assert_eq!(json_of(Color::Green), r#""$green""#);
}

/// A decimal is taken for a float of 32 bits where it is the shortest one of it or its exact value.
#[test]
fn decimals_lose_nothing() {
    assert_eq!(value_of::<f32>("0.1"), Ok(0.1));
    assert_eq!(value_of::<f32>("0.10000000149011612"), Ok(0.1));
    assert_eq!(value_of::<f32>("1e1"), Ok(10.0));
    assert_eq!(value_of::<f32>("3"), Ok(3.0));
    let refused = value_of::<f32>("0.123456789").unwrap_err();
    assert!(refused.ends_with("field `value`, cannot be read: 0.123456789 is no float of 32 bits"), "{refused}");
    assert_eq!(value_of::<f64>("4"), Ok(4.0));
    assert_eq!(value_of::<f64>("-0"), Ok(-0.0));
    assert!(value_of::<f64>("9007199254740993").unwrap_err().contains("too large to be a float without a loss"));
    assert!(value_of::<u8>("256").unwrap_err().contains("integer `256`"));
    assert!(value_of::<u8>("1.0").unwrap_err().contains("floating point `1.0`"));
    assert_eq!(value_of::<String>(r#" "\ud83d\ude00\u0041\/" "#), Ok("😀A/".to_owned()));
    assert_eq!(value_of::<Vec<u8>>(" [ 1 , 2 ] "), Ok(vec![1, 2]));
    assert_eq!(value_of::<BTreeMap<String, u8>>(r#"{ "a" : 1 }"#), Ok(BTreeMap::from([("a".to_owned(), 1)])));
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    id: u8,
    single: f32,
    double: f64,
    wide: i128,
    text: String,
    letter: char,
    #[expect(clippy::option_option, reason = "it has a form of its own")]
    options: Option<Option<Option<bool>>>,
    by_number: BTreeMap<i64, Vec<Option<()>>>,
    by_text: HashMap<String, Option<f32>>,
    by_bytes: BTreeMap<Vec<u8>, Loose>,
    tree: Vec<serde_json::Value>,
}

fn floats() -> impl Strategy<Value = (f32, f64)> {
    (any::<u32>(), any::<u64>()).prop_map(|(single, double)| (f32::from_bits(single), f64::from_bits(double)))
}

fn trees() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no others", |float| float.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[$a-c]{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn rows() -> impl Strategy<Value = Everything> {
    let scalars =
        (any::<u8>(), floats(), any::<i128>(), any::<String>(), any::<char>(), any::<Option<Option<Option<bool>>>>());
    let texts = prop_oneof!["[$]?[a-z]{0,2}", any::<String>()];
    let loose = prop_oneof![Just(Loose::Nothing), floats().prop_map(|(float, _)| Loose::Float(float))];
    let maps = (
        prop::collection::btree_map(any::<i64>(), prop::collection::vec(any::<Option<()>>(), 0..3), 0..3),
        prop::collection::hash_map(texts, prop::option::of(floats().prop_map(|(float, _)| float)), 0..4),
        prop::collection::btree_map(prop::collection::vec(any::<u8>(), 0..3), loose, 0..3),
        prop::collection::vec(trees(), 0..3),
    );
    (scalars, maps).prop_map(|((id, (single, double), wide, text, letter, options), (numbers, texts, bytes, tree))| {
        Everything {
            id,
            single,
            double,
            wide,
            text,
            letter,
            options,
            by_number: numbers,
            by_text: texts,
            by_bytes: bytes,
            tree,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(3),
        ..ProptestConfig::with_cases(300)
    })]

    /// behaviour J1 and J4: whatever is saved is exported, and comes back with the same hash: all bits of floats too.
    #[test]
    fn any_row_comes_back(rows in prop::collection::vec(rows(), 1..3)) {
        let models = || Database::builder().model::<Everything>();
        let mut db = models().build().unwrap();
        db.insert_many(rows).unwrap();
        let text = exported(&db);
        let back = models().import_json(text.as_bytes()).unwrap();
        prop_assert_eq!(back.state_hash(), db.state_hash(), "{}", text);
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}
