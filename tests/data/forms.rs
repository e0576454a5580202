//! What serde's attributes mean for writes, filters and what is closed.

use std::collections::BTreeMap;

use relata::data::{Exposure, FaultCode, Filter, Value};
use relata::{Database, Model, RowId};
use serde::{Deserialize, Serialize};

use crate::questions::json;
use crate::writes::refused;

mod tolerant {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(super) fn serialize<S: serde::Serializer>(cents: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}.{:02}", cents / 100, cents % 100))
    }
    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let text: String = serde::Deserialize::deserialize(deserializer)?;
        text.replace('.', "").parse().map_err(|_| serde::de::Error::custom(format_args!("`{text}` is no price")))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Words(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Shape {
    Circle { radius: u8 },
    Point,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Outer {
    Unit,
    New(u8),
    Pair(u8, String),
    Named { a: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Code(String);

fn five() -> u8 {
    5
}

#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Zoo {
    #[model(primary_key)]
    short_name: String,
    #[serde(alias = "old", alias = "older")]
    by_alias: u64,
    #[serde(default = "five")]
    by_default: u8,
    #[serde(skip)]
    secret: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<String>,
    #[serde(with = "tolerant")]
    price: u32,
    either: Either,
    shape: Shape,
    outer: Outer,
    code: Code,
    wide: u128,
    letter: char,
    bytes: Vec<u8>,
    by_number: BTreeMap<i32, bool>,
    short: f32,
}

const ZOO: &str = r#"{"shortName": "z", "old": 18446744073709551615, "price": "1.05", "either": ["a"], "shape": {"kind": "circle",
    "radius": 3}, "outer": {"Pair": [1, "b"]}, "code": "c", "wide": 18446744073709551615, "letter": "é", "bytes": [0, 255],
    "byNumber": {"-3": true, "4": false}, "short": 0.1}"#;

fn zoo() -> (Database, RowId) {
    let mut db = Database::builder().model::<Zoo>().build().unwrap();
    let id = db.data_mut("Zoo").unwrap().create(&json(ZOO)).unwrap();
    (db, id)
}

fn zoo_of(db: &Database) -> &Zoo {
    db.iter::<Zoo>().next().unwrap().1
}

#[test]
fn attributes_of_serde_mean_what_they_mean() {
    let (mut db, id) = zoo();
    let mut expected = Zoo {
        short_name: "z".into(),
        by_alias: u64::MAX,
        by_default: 5,
        secret: 0,
        maybe: None,
        price: 105,
        either: Either::Words(vec!["a".into()]),
        shape: Shape::Circle { radius: 3 },
        outer: Outer::Pair(1, "b".into()),
        code: Code("c".into()),
        wide: u128::from(u64::MAX),
        letter: 'é',
        bytes: vec![0, 255],
        by_number: BTreeMap::from([(-3, true), (4, false)]),
        short: 0.1,
    };
    assert_eq!(zoo_of(&db), &expected);
    // Each field by itself.
    let patches = [
        r#"{"older": 1}"#,
        r#"{"byAlias": 2}"#,
        r#"{"price": "2.00"}"#,
        r#"{"either": 7}"#,
        r#"{"shape": {"kind": "point"}}"#,
        r#"{"outer": "Unit"}"#,
        r#"{"outer": {"New": 5}}"#,
        r#"{"outer": {"Named": {"a": true}}}"#,
        r#"{"code": "d"}"#,
        r#"{"letter": "x"}"#,
        r#"{"bytes": []}"#,
        r#"{"byNumber": {"7": true}}"#,
        r#"{"short": 0.5, "maybe": "m", "byDefault": 9}"#,
    ];
    let typed = db.iter::<Zoo>().next().unwrap().0;
    db.update(typed, |row| row.secret = 42).unwrap();
    for patch in patches {
        db.data_mut("Zoo").unwrap().patch(id, &json(patch)).unwrap_or_else(|error| panic!("{patch}: {error}"));
    }
    expected = Zoo {
        by_alias: 2,
        by_default: 9,
        secret: 42,
        maybe: Some("m".into()),
        price: 200,
        either: Either::Number(7),
        shape: Shape::Point,
        outer: Outer::Named { a: true },
        code: Code("d".into()),
        letter: 'x',
        bytes: Vec::new(),
        by_number: BTreeMap::from([(7, true)]),
        short: 0.5,
        ..expected
    };
    assert_eq!(zoo_of(&db), &expected);
    // What serde leaves out stays, by every way; what is left out has its default.
    db.data_mut("Zoo").unwrap().replace(id, &json(ZOO)).unwrap();
    assert_eq!((zoo_of(&db).secret, zoo_of(&db).by_default, &zoo_of(&db).maybe), (42, 5, &None));
    let other = ZOO.replace("1.05", "9.99");
    assert_eq!(db.data_mut("Zoo").unwrap().replace_or_create(&json(&other)), Ok(id));
    assert_eq!((zoo_of(&db).secret, zoo_of(&db).price, db.len::<Zoo>()), (42, 999, 1));
    let new = db.data_mut("Zoo").unwrap().replace_or_create(&json(&ZOO.replace(r#""z""#, r#""y""#))).unwrap();
    assert_ne!(new, id);
    assert_eq!(db.data("Zoo").unwrap().row_id("y"), Ok(new));
    // 128 bits that no number of JSON holds come as a value.
    db.data_mut("Zoo").unwrap().patch(id, &json("{}")).unwrap();
    let written = db.data("Zoo").unwrap().find_by_id(id, &Filter::new()).unwrap().to_json().unwrap();
    assert_eq!(
        written,
        r#"[{"id":"1v1","shortName":"z","byAlias":18446744073709551615,"byDefault":5,"price":"9.99","either":["a"],"shape":{"kind":"circle","radius":3},"outer":{"Pair":[1,"b"]},"code":"c","wide":18446744073709551615,"letter":"é","bytes":[0,255],"byNumber":{"-3":true,"4":false},"short":0.1}]"#
    );
}

#[test]
fn filters_go_by_the_form_outside() {
    let (mut db, id) = zoo();
    db.data_mut("Zoo").unwrap().create(&json(&ZOO.replace(r#""z""#, r#""y""#).replace("1.05", "1.50"))).unwrap();
    let found = |asked: &str| {
        db.data("Zoo")
            .unwrap()
            .find(&Filter::from_json(&format!(r#"{{"where": {asked}}}"#)).unwrap())
            .map(|found| found.len())
    };
    for (asked, count) in [
        (r#"{"price": "1.05"}"#, 1),
        (r#"{"price": {"gt": "1.05"}}"#, 1),
        (r#"{"price": {"like": "1.%"}}"#, 2),
        (r#"{"either": ["a"]}"#, 2),
        (r#"{"shape": {"eq": {"radius": 3, "kind": "circle"}}}"#, 2),
        (r#"{"shape.radius": {"gte": 3}}"#, 2),
        (r#"{"outer": {"eq": {"Pair": [1, "b"]}}}"#, 2),
        (r#"{"outer": "Unit"}"#, 0),
        (r#"{"code": {"like": "c"}}"#, 2),
        (r#"{"wide": {"gt": 18446744073709551614}}"#, 2),
        (r#"{"wide": {"lt": 2e19}}"#, 2),
        (r#"{"byAlias": 18446744073709551615}"#, 2),
        (r#"{"letter": "é"}"#, 2),
        (r#"{"bytes": 255}"#, 2),
        (r#"{"byNumber": {"eq": {"-3": true, "4": false}}}"#, 2),
        (r#"{"byNumber.-3": true}"#, 2),
        (r#"{"short": 0.1}"#, 2),
        (r#"{"maybe": {"exists": false}}"#, 2),
        (r#"{"maybe": {"nin": ["x"]}}"#, 2),
    ] {
        assert_eq!(found(asked).unwrap_or_else(|error| panic!("{asked}: {error}")), count, "{asked}");
    }
    // An alias is for reading rows, and no name of a property.
    for unknown in [r#"{"old": 1}"#, r#"{"secret": 1}"#, r#"{"short_name": "z"}"#] {
        assert_eq!(found(unknown).unwrap_err().faults()[0].code, FaultCode::UnknownProperty, "{unknown}");
    }
    for (wrong, expected) in [
        (r#"{"byAlias": 1, "old": 2}"#, "duplicate field `byAlias`"),
        (
            r#"{"secret": 1}"#,
            "/secret: `Zoo` has no property `secret`; known are id, shortName, byAlias, byDefault, maybe, price, \
                              either, shape, outer, code, wide, letter, bytes, byNumber, short",
        ),
        (r#"{"price": "x"}"#, "`x` is no price"),
        (r#"{"shape": {"kind": "square"}}"#, "/shape: unknown variant `square`, expected `circle` or `point`"),
        (r#"{"letter": "ab"}"#, r#"/letter: invalid value: string "ab", expected a character"#),
        (r#"{"bytes": [256]}"#, "/bytes: invalid value: integer `256`, expected u8"),
        (r#"{"byNumber": {"x": true}}"#, r#"/byNumber: invalid type: string "x", expected i32"#),
        (r#"{"wide": -1}"#, "/wide: invalid value: integer `-1`, expected u128"),
        (r#"{"outer": {"Unit": 1}}"#, "/outer: the variant `Unit` holds nothing"),
        (r#"{"outer": "New"}"#, r#"/outer: the variant `New` holds something: {"New": ..}"#),
        (r#"{"outer": {"Pair": [1]}}"#, "/outer: invalid length 1, expected tuple variant Outer::Pair with 2 elements"),
        (r#"{"outer": {"Pair": [1, "b", 3]}}"#, "/outer: 1 elements more than are wanted"),
    ] {
        let mut new: serde_json::Value = serde_json::from_str(ZOO).unwrap();
        if wrong.contains("old") {
            new.as_object_mut().unwrap().remove("old");
        }
        let wrong: serde_json::Value = serde_json::from_str(wrong).unwrap();
        new.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        new["shortName"] = "w".into();
        let value = json(&new.to_string());
        refused(&mut db, expected, |db| db.data_mut("Zoo")?.create(&value).map(drop));
        refused(&mut db, expected, |db| {
            let value: Value<'static> = value.clone();
            db.data_mut("Zoo")?.replace(id, &value)
        });
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inner {
    city: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Flat {
    name: String,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    more: BTreeMap<String, i64>,
}

#[test]
fn a_flattened_field_is_hidden_with_all_that_it_gives() {
    let mut db = Database::builder().model::<Flat>().build().unwrap();
    let row = Flat { name: "n".into(), inner: Inner { city: "c".into() }, more: BTreeMap::from([("x".into(), 3)]) };
    let id = db.insert(row).unwrap().erase();
    let told = |exposure: &Exposure, filter: &str| {
        let found = db.data("Flat").unwrap().with(exposure).find(&Filter::from_json(filter).unwrap()).unwrap();
        (found.to_json().unwrap(), found.first().unwrap().get("city").map(Value::into_owned))
    };
    let open = Exposure::new(db.schema());
    assert_eq!(told(&open, "{}"), (r#"[{"id":"1v1","name":"n","city":"c","x":3}]"#.into(), Some(Value::from("c"))));
    assert_eq!(told(&open, r#"{"fields": ["name"]}"#).0, r#"[{"name":"n"}]"#);
    let closed = open.hide("Flat", "inner").unwrap();
    assert_eq!(told(&closed, "{}"), (r#"[{"id":"1v1","name":"n"}]"#.into(), None));
    assert_eq!(told(&closed, r#"{"fields": {"name": false}}"#).0, r#"[{"id":"1v1"}]"#);
    db.data_mut("Flat").unwrap().patch(id, &json(r#"{"name": "m"}"#)).unwrap();
    let row = db.iter::<Flat>().next().unwrap().1;
    assert_eq!((&*row.name, &*row.inner.city, row.more["x"]), ("m", "c", 3));
    // Written as it is read; what no field takes is refused, and with a closed one all that is no field's own.
    let mut rows = db.data_mut("Flat").unwrap();
    let new = rows.create(&json(r#"{"name": "o", "city": "d", "y": 4}"#)).unwrap();
    rows.patch(new, &json(r#"{"city": "e", "y": 5}"#)).unwrap();
    rows.replace(id, &json(r#"{"name": "p", "city": "f"}"#)).unwrap();
    assert!(rows.create(&json(r#"{"name": "o"}"#)).is_err());
    assert!(rows.patch(new, &json(r#"{"z": "text"}"#)).is_err());
    let mut rows = db.data_mut("Flat").unwrap().with(&closed);
    assert!(rows.patch(new, &json(r#"{"city": "g"}"#)).is_err());
    let told: Vec<_> = db.iter::<Flat>().map(|(_, row)| (&*row.name, &*row.inner.city, row.more.len())).collect();
    assert_eq!(told, [("p", "f", 0), ("o", "e", 1)]);
}
