//! Writes by name: what is refused, with nothing stored then, and what serde's attributes mean for them.

use std::collections::BTreeMap;

use relata::data::{DataError, FaultCode, Filter, Value, Where};
use relata::{Database, Id, Model, RowId};
use serde::{Deserialize, Serialize};

use crate::questions::{filled, json, row};

fn conditions(text: &str) -> Where {
    Where::from_json(text).unwrap()
}

fn told(db: &Database, model: &str, id: RowId) -> String {
    db.data(model).unwrap().find_by_id(id, &Filter::new()).unwrap().first().unwrap().to_json().unwrap()
}

/// A write that is refused with this text, and changes nothing.
fn refused(db: &mut Database, expected: &str, write: impl FnOnce(&mut Database) -> Result<(), DataError>) {
    let before = db.state_hash();
    let error = write(db).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(db.state_hash(), before, "{expected}");
}

const KNOWN: &str = "known are id, description, totalCents, customerId, payerName";

// behaviour R38: related rows are views, and no data of a write.
#[test]
fn what_is_wrong_with_a_new_row_is_listed_with_its_places() {
    let mut db = filled();
    let navigational = "Navigational properties are not allowed in model data (model \"Order\" property \"customer\"), \
                        please remove it.";
    let cases = [
        ("C4", r#"{"description": "a", "totalCents": 1, "nosuch": 1}"#,
            format!("/nosuch: `Order` has no property `nosuch`; {KNOWN}")),
        ("C5", r#"{"totalCents": 1}"#, "/description: must have required property 'description'".to_owned()),
        ("C1", r#"{"description": "a", "totalCents": 1, "customer": {"name": "Thor"}}"#, format!("/customer: {navigational}")),
        ("C1", r#"{"description": "a", "totalCents": 1, "customer": null}"#, format!("/customer: {navigational}")),
        // Ours: a text is no number in a body, as over LoopBack's REST.
        ("C23", r#"{"description": "a", "totalCents": "12"}"#,
            r#"/totalCents: invalid type: string "12", expected u64"#.to_owned()),
        ("C24", r#"{"description": 7, "totalCents": -1}"#,
            "/description: invalid type: integer `7`, expected a string\n\
             /totalCents: invalid value: integer `-1`, expected u64".to_owned()),
        ("C8", r#"{"id": "9v1", "description": "a", "totalCents": 1}"#, "/id: the store gives the ids of new rows".to_owned()),
        ("", r#"{"description": null, "totalCents": 1.5, "customerId": 5, "x": 1}"#,
            format!("/x: `Order` has no property `x`; {KNOWN}\n\
             /description: invalid type: unit value, expected a string\n\
             /totalCents: invalid type: floating point `1.5`, expected u64\n\
             /customerId: invalid type: integer, expected an id such as `3v1`")),
        // The bits of an id, which is a text.
        ("", r#"{"description": "a", "totalCents": 1, "customerId": 4294967297}"#,
            "/customerId: invalid type: integer, expected an id such as `3v1`".to_owned()),
        ("", "[]", "an object is wanted, not []".to_owned()),
        ("", "null", "an object is wanted, not null".to_owned()),
    ];
    for (question, row, expected) in cases {
        let error = db.data_mut("Order").unwrap().create(&json(row)).unwrap_err();
        assert!(matches!(error, DataError::Invalid(_)), "{question}");
        refused(&mut db, &expected, |db| db.data_mut("Order")?.create(&json(row)).map(drop));
    }
    // C9: what has no row to refer to.
    let orphan = json(r#"{"description": "a", "totalCents": 1, "customerId": "99v1"}"#);
    let error = db.data_mut("Order").unwrap().create(&orphan).unwrap_err();
    assert!(matches!(error, DataError::Store(relata::Error::ForeignKeyViolation { .. })), "{error:?}");
    // C22: all or nothing, with the place of each row.
    let rows = [r#"{"description": "a", "totalCents": 1}"#, r#"{"description": "b"}"#, "{}"].map(json);
    let expected = "/1/totalCents: must have required property 'totalCents'\n\
                    /2/description: must have required property 'description'\n\
                    /2/totalCents: must have required property 'totalCents'";
    refused(&mut db, expected, |db| db.data_mut("Order")?.create_many(&rows).map(drop));
    let twice = [r#"{"name": "new", "weight": 1}"#, r#"{"name": "red", "weight": 1}"#].map(json);
    let before = db.state_hash();
    let error = db.data_mut("Tag").unwrap().create_many(&twice).unwrap_err();
    assert!(matches!(error, DataError::Store(relata::Error::BatchRefused { rows: 2, .. })), "{error:?}");
    assert_eq!(db.state_hash(), before);
    assert_eq!(db.data_mut("Tag").unwrap().create_many(&[]), Ok(Vec::new()));
}

#[test]
fn patches_and_replacements() {
    let mut db = filled();
    let axe = row(&db, "Order", "3v1");
    let tag = row(&db, "Tag", "1v1");
    let patch = |db: &mut Database, row: RowId, value: &str| db.data_mut("Order")?.patch(row, &json(value));
    refused(&mut db, "/id: the id cannot be changed: it is 3v1", |db| patch(db, axe, r#"{"id": "1v1", "totalCents": 9}"#));
    refused(&mut db, "/totalCents: invalid type: unit value, expected u64", |db| patch(db, axe, r#"{"totalCents": null}"#));
    refused(&mut db, "Entity not found: Tag with id 1v1", |db| patch(db, tag, "{}"));
    refused(&mut db, "/description: must have required property 'description'", |db| {
        db.data_mut("Order")?.replace(axe, &json(r#"{"totalCents": 9}"#))
    });
    // C13, C20, C21: the same id is no change, what is not named stays, null clears.
    patch(&mut db, axe, r#"{"id": "3v1", "totalCents": 9, "payerName": null}"#).unwrap();
    assert_eq!(told(&db, "Order", axe), r#"{"id":"3v1","description":"Axe","totalCents":9,"customerId":"2v1","payerName":null}"#);
    patch(&mut db, axe, "{}").unwrap();
    // C12: a replacement drops what is left out.
    db.data_mut("Order").unwrap().replace(axe, &json(r#"{"id": "3v1", "description": "Axe", "totalCents": 8}"#)).unwrap();
    assert_eq!(told(&db, "Order", axe), r#"{"id":"3v1","description":"Axe","totalCents":8,"customerId":null,"payerName":null}"#);

    // Of many: all or none, and never all by an empty condition.
    let raise = json(r#"{"totalCents": 7}"#);
    for empty in ["{}"] {
        let message = "conditions are wanted; that every row is meant is said by `Where::all`";
        refused(&mut db, message, |db| db.data_mut("Order")?.patch_all(&conditions(empty), &raise).map(drop));
        refused(&mut db, message, |db| db.data_mut("Order")?.delete_all(&conditions(empty)).map(drop));
    }
    let misspelt = conditions(r#"{"totalCent": {"neq": 5}}"#);
    let unknown = format!("/totalCent: `Order` has no property `totalCent`; {KNOWN}, customer, payer");
    refused(&mut db, &unknown, |db| db.data_mut("Order")?.delete_all(&misspelt).map(drop));
    let some = conditions(r#"{"totalCents": {"lt": 200}}"#);
    assert_eq!(db.data_mut("Order").unwrap().patch_all(&some, &raise), Ok(2));
    assert_eq!(db.data("Order").unwrap().count(&conditions(r#"{"totalCents": 7}"#)), Ok(2));
    let one_name = json(r#"{"name": "same"}"#);
    let before = db.state_hash();
    let error = db.data_mut("Tag").unwrap().patch_all(&Where::all(), &one_name).unwrap_err();
    assert!(matches!(error, DataError::Store(relata::Error::BatchRefused { rows: 2, .. })), "{error:?}");
    assert_eq!(db.state_hash(), before);
    let gone = db.data_mut("Order").unwrap().delete_all(&some).unwrap();
    assert_eq!((gone.rows, gone.removed.len()), (2, 0));
    refused(&mut db, "Entity not found: Order with id 3v1", |db| db.data_mut("Order")?.delete(axe).map(drop));
    let none = db.data_mut("Order").unwrap().delete_all(&some).unwrap();
    assert_eq!(none.rows, 0);
    // What a delete takes along.
    let hor = row(&db, "Customer", "4v1");
    db.data_mut("Address").unwrap().create(&json(r#"{"city": "a", "customerId": "4v1"}"#)).unwrap();
    let plan = db.data("Customer").unwrap().plan_delete(hor).unwrap();
    let gone = db.data_mut("Customer").unwrap().delete(hor).unwrap();
    assert_eq!((gone.rows, gone.removed.len(), plan.removed.len()), (1, 1, 1));
    assert!(!db.data("Customer").unwrap().exists(hor));
}

#[test]
fn rows_of_an_owner() {
    let mut db = filled();
    let (thor, abc, axe) = (row(&db, "Customer", "1v1"), row(&db, "Customer", "2v1"), row(&db, "Order", "3v1"));
    let hammer = row(&db, "Order", "2v1");
    let none = RowId { table: "Customer", key: "99v1".parse::<Id<()>>().unwrap().key() };
    // R22, H8: an owner that is not there.
    refused(&mut db, "Entity not found: Customer with id 99v1", |db| db.data_mut("Customer")?.of(none, "orders").map(drop));
    refused(&mut db, "`Customer` has no relation `nosuch`; known are parent, labels, orders, paid, address, children, tagged",
        |db| db.data_mut("Customer")?.of(thor, "nosuch").map(drop));
    let override_key = "/customerId: cannot override the foreign key: it must stay \"1v1\"";
    // H1 to H3: the key is filled in, and may be said again, and no other.
    for bad in [r#"{"description": "a", "totalCents": 1, "customerId": "2v1"}"#, r#"{"description": "a", "totalCents": 1, "customerId": null}"#] {
        refused(&mut db, override_key, |db| db.data_mut("Customer")?.of(thor, "orders")?.create(&json(bad)).map(drop));
    }
    let mut orders = db.data_mut("Customer").unwrap().of(thor, "orders").unwrap();
    let made = orders.create(&json(r#"{"description": "new", "totalCents": 1}"#)).unwrap();
    let again = orders.create(&json(r#"{"description": "newer", "totalCents": 1, "customerId": "1v1"}"#)).unwrap();
    for row in [made, again] {
        assert!(told(&db, "Order", row).contains(r#""customerId":"1v1""#));
    }
    // H5, R13: nor in a change.
    refused(&mut db, override_key, |db| {
        db.data_mut("Customer")?.of(thor, "orders")?.patch(hammer, &json(r#"{"customerId": "2v1"}"#))
    });
    refused(&mut db, override_key, |db| {
        let all = db.data_mut("Customer")?.of(thor, "orders")?.patch_all(&Where::all(), &json(r#"{"customerId": "2v1"}"#));
        all.map(drop)
    });
    // R17: another owner's row is not found.
    for write in 0..3 {
        refused(&mut db, "Entity not found: Order with id 3v1", |db| {
            let mut orders = db.data_mut("Customer")?.of(thor, "orders")?;
            match write {
                0 => orders.patch(axe, &json(r#"{"totalCents": 0}"#)),
                1 => orders.replace(axe, &json(r#"{"description": "a", "totalCents": 0}"#)),
                _ => orders.delete(axe).map(drop),
            }
        });
    }
    // R19, R20, H4, H18: the owner's alone, whatever is asked.
    let wide = conditions(r#"{"or": [{"customerId": "2v1"}, {"totalCents": {"gte": 0}}]}"#);
    let patched = db.data_mut("Customer").unwrap().of(thor, "orders").unwrap().patch_all(&wide, &json(r#"{"totalCents": 77}"#));
    assert_eq!(patched, Ok(4));
    assert_eq!(db.data("Order").unwrap().count(&conditions(r#"{"totalCents": 77}"#)), Ok(4));
    assert_eq!(db.data("Customer").unwrap().count_related(thor, "orders", &wide), Ok(4));
    let gone = db.data_mut("Customer").unwrap().of(thor, "orders").unwrap().delete_all(&wide).unwrap();
    assert_eq!((gone.rows, db.data("Order").unwrap().count(&Where::all())), (4, Ok(2)));
    // A natural key is filled in as well.
    let paid = db.data_mut("Customer").unwrap().of(abc, "paid").unwrap().create(&json(r#"{"description": "p", "totalCents": 1}"#)).unwrap();
    assert!(told(&db, "Order", paid).ends_with(r#""payerName":"abc"}"#));
    // H9, R11: one row at most.
    let before = db.state_hash();
    let error = db.data_mut("Customer").unwrap().of(thor, "address").unwrap().create(&json(r#"{"city": "b"}"#)).unwrap_err();
    assert!(matches!(error, DataError::Store(relata::Error::UniqueViolation { .. })), "{error:?}");
    assert_eq!(db.state_hash(), before);
    db.data_mut("Customer").unwrap().of(abc, "address").unwrap().create(&json(r#"{"city": "b"}"#)).unwrap();
}

#[test]
fn links_to_other_rows() {
    let mut db = filled();
    let (hor, red, thor) = (row(&db, "Customer", "4v1"), row(&db, "Tag", "1v1"), row(&db, "Customer", "1v1"));
    let empty = json("{}");
    let tagged = |db: &Database| db.data("Customer").unwrap().count_related(hor, "tagged", &Where::all()).unwrap();
    let link = db.data_mut("Customer").unwrap().of(hor, "tagged").unwrap().link(red, &empty).unwrap();
    assert_eq!(told(&db, "Tagging", link), r#"{"id":"4v1","customerId":"4v1","tagId":"1v1"}"#);
    // R24, H15: twice is once.
    assert_eq!(db.data_mut("Customer").unwrap().of(hor, "tagged").unwrap().link(red, &empty), Ok(link));
    assert_eq!(tagged(&db), 1);
    refused(&mut db, "/tagId: cannot override the foreign key: it must stay \"2v1\"", |db| {
        let blue = row(db, "Tag", "2v1");
        db.data_mut("Customer")?.of(hor, "tagged")?.link(blue, &json(r#"{"tagId": "1v1"}"#)).map(drop)
    });
    refused(&mut db, "links are made through an owner, over a relation that leads through them", |db| {
        let axe = row(db, "Order", "3v1");
        db.data_mut("Customer")?.of(hor, "orders")?.link(axe, &empty).map(drop)
    });
    refused(&mut db, "Entity not found: Customer with id 1v1", |db| {
        db.data_mut("Customer")?.of(hor, "tagged")?.link(thor, &empty).map(drop)
    });
    // H16: what is not linked is no error; the others keep theirs.
    for _ in 0..2 {
        db.data_mut("Customer").unwrap().of(hor, "tagged").unwrap().unlink(red).unwrap();
        assert_eq!(tagged(&db), 0);
    }
    assert_eq!(db.data("Tag").unwrap().count_related(red, "bearers", &Where::all()), Ok(2));
}

mod tolerant {
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
        r#"{"older": 1}"#, r#"{"byAlias": 2}"#, r#"{"price": "2.00"}"#, r#"{"either": 7}"#,
        r#"{"shape": {"kind": "point"}}"#, r#"{"outer": "Unit"}"#, r#"{"outer": {"New": 5}}"#,
        r#"{"outer": {"Named": {"a": true}}}"#, r#"{"code": "d"}"#, r#"{"letter": "x"}"#, r#"{"bytes": []}"#,
        r#"{"byNumber": {"7": true}}"#, r#"{"short": 0.5, "maybe": "m", "byDefault": 9}"#,
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
        db.data("Zoo").unwrap().find(&Filter::from_json(&format!(r#"{{"where": {asked}}}"#)).unwrap()).map(|found| found.len())
    };
    for (asked, count) in [
        (r#"{"price": "1.05"}"#, 1), (r#"{"price": {"gt": "1.05"}}"#, 1), (r#"{"price": {"like": "1.%"}}"#, 2),
        (r#"{"either": ["a"]}"#, 2), (r#"{"shape": {"eq": {"radius": 3, "kind": "circle"}}}"#, 2),
        (r#"{"shape.radius": {"gte": 3}}"#, 2), (r#"{"outer": {"eq": {"Pair": [1, "b"]}}}"#, 2), (r#"{"outer": "Unit"}"#, 0),
        (r#"{"code": {"like": "c"}}"#, 2), (r#"{"wide": {"gt": 18446744073709551614}}"#, 2), (r#"{"wide": {"lt": 2e19}}"#, 2),
        (r#"{"byAlias": 18446744073709551615}"#, 2), (r#"{"letter": "é"}"#, 2), (r#"{"bytes": 255}"#, 2),
        (r#"{"byNumber": {"eq": {"-3": true, "4": false}}}"#, 2), (r#"{"byNumber.-3": true}"#, 2), (r#"{"short": 0.1}"#, 2),
        (r#"{"maybe": {"exists": false}}"#, 2), (r#"{"maybe": {"nin": ["x"]}}"#, 2),
    ] {
        assert_eq!(found(asked).unwrap_or_else(|error| panic!("{asked}: {error}")), count, "{asked}");
    }
    // An alias is for reading rows, and no name of a property.
    for unknown in [r#"{"old": 1}"#, r#"{"secret": 1}"#, r#"{"short_name": "z"}"#] {
        assert_eq!(found(unknown).unwrap_err().faults()[0].code, FaultCode::UnknownProperty, "{unknown}");
    }
    for (wrong, expected) in [
        (r#"{"byAlias": 1, "old": 2}"#, "duplicate field `byAlias`"),
        (r#"{"secret": 1}"#, "/secret: `Zoo` has no property `secret`; known are id, shortName, byAlias, byDefault, maybe, price, \
                              either, shape, outer, code, wide, letter, bytes, byNumber, short"),
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
