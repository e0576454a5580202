//! Small databases of many kinds, each with every part of the format that its models give rise to.

#![expect(clippy::disallowed_types, reason = "rows with maps of an order of their own are what is tested")]

use std::collections::{BTreeMap, HashMap, HashSet};

use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};

use crate::town;

/// A schema, and a database of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) models: fn() -> DatabaseBuilder,
    pub(crate) database: fn() -> Database,
}

pub(crate) const ALL: [Case; 8] = [
    Case { name: "nothing", models: Database::builder, database: || Database::builder().build().unwrap() },
    Case { name: "scalars", models: scalars_models, database: scalars },
    Case { name: "shapes", models: shapes_models, database: shapes },
    Case { name: "maps", models: maps_models, database: maps },
    Case { name: "tree", models: tree_models, database: tree },
    Case { name: "empty rows", models: empty_models, database: empty },
    Case { name: "texts", models: texts_models, database: texts },
    Case { name: "town", models: town::models, database: town::town },
];

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Scalars {
    small: u8,
    signed: i64,
    wide: (u128, i128),
    single: f32,
    double: f64,
    letter: char,
    flag: bool,
    unit: (),
    #[expect(clippy::option_option, reason = "it has a form of its own")]
    maybe: Option<Option<u16>>,
    nothing: Option<()>,
}

fn scalars_models() -> DatabaseBuilder {
    Database::builder().model::<Scalars>()
}

fn scalars() -> Database {
    let mut db = scalars_models().build().unwrap();
    let edges = [0, 1, 8, 9, 127, 128, 255, 256, 65_535, 65_536, 1 << 40, i64::MAX];
    for (nth, edge) in edges.into_iter().enumerate() {
        let row = Scalars {
            small: nth as u8 * 23,
            signed: if nth % 2 == 0 { edge } else { -edge - 1 },
            wide: (u128::MAX >> (nth * 11), i128::MIN >> (nth * 11)),
            single: [0.0, -0.0, f32::INFINITY, 1.5][nth % 4],
            double: [f64::MIN_POSITIVE, -1e300, 0.1][nth % 3],
            letter: ['a', 'é', '\u{10ffff}'][nth % 3],
            flag: nth % 2 == 0,
            unit: (),
            maybe: [None, Some(None), Some(Some(300))][nth % 3],
            nothing: [None, Some(())][nth % 2],
        };
        db.insert(row).unwrap();
    }
    db
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(u32),
    Line(i8, i8),
    Named { name: String, inner: Box<Shape> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(i64),
    Text(String),
    List(Vec<Loose>),
    Pair { left: u8, right: Option<u8> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Near,
    Far { steps: u16 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    One(u8),
    Two { shape: Shape },
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Drawing {
    the_shapes: Vec<Shape>,
    loose: Vec<Loose>,
    tagged: Tagged,
    adjacent: Adjacent,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    extra: Vec<u8>,
    grid: [[i16; 2]; 3],
}

fn shapes_models() -> DatabaseBuilder {
    Database::builder().model::<Drawing>()
}

fn shapes() -> Database {
    let mut db = shapes_models().build().unwrap();
    let named = |inner| Shape::Named { name: "frame".into(), inner: Box::new(inner) };
    for nth in 0..6_u8 {
        let row = Drawing {
            the_shapes: vec![
                Shape::Point,
                Shape::Circle(1 << (nth * 4)),
                Shape::Line(-1, 1),
                named(named(Shape::Point)),
            ],
            loose: vec![
                Loose::Number(-300),
                Loose::Text("x".into()),
                Loose::List(vec![Loose::Number(1); usize::from(nth) * 3]),
                Loose::Pair { left: 1, right: None },
            ],
            tagged: if nth % 2 == 0 { Tagged::Near } else { Tagged::Far { steps: 500 } },
            adjacent: if nth % 3 == 0 {
                Adjacent::One(nth)
            } else {
                Adjacent::Two { shape: Shape::Line(0, nth.cast_signed()) }
            },
            note: (nth % 2 == 1).then(|| "note".into()),
            extra: vec![nth; usize::from(nth) / 3],
            grid: [[1, -1], [300, -300], [0, i16::MIN]],
        };
        db.insert(row).unwrap();
    }
    db
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
enum Color {
    Red,
    Green(u8),
    Blue { deep: bool },
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Maps {
    sorted: BTreeMap<(u8, String), i32>,
    hashed: HashMap<Color, HashSet<u16>>,
    #[serde(flatten)]
    rest: HashMap<String, u8>,
}

fn maps_models() -> DatabaseBuilder {
    Database::builder().model::<Maps>()
}

fn maps() -> Database {
    let mut db = maps_models().build().unwrap();
    for nth in 0..3_u8 {
        let color = |n: u8| [Color::Red, Color::Green(n), Color::Blue { deep: n > 4 }][usize::from(n) % 3].clone();
        let row = Maps {
            sorted: (0..nth * 3).map(|n| ((n, n.to_string()), -i32::from(n) * 1000)).collect(),
            hashed: (0..9 + nth).map(|n| (color(n), (0..u16::from(n)).map(|n| n * 97).collect())).collect(),
            rest: (0..nth * 2).map(|n| (format!("key {n}"), n)).collect(),
        };
        db.insert(row).unwrap();
    }
    db
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(children: Node))]
struct Node {
    #[model(unique)]
    label: Option<String>,
    #[model(belongs_to, name = parent, acyclic, on_delete = set_default)]
    parent_id: Option<Id<Node>>,
}

fn tree_models() -> DatabaseBuilder {
    Database::builder().model::<Node>()
}

fn tree() -> Database {
    let mut db = tree_models().build().unwrap();
    let node = |label: &str, parent_id| Node { label: (!label.is_empty()).then(|| label.to_owned()), parent_id };
    let root = db.insert(node("root", None)).unwrap();
    db.set_default_target(Node::PARENT, Some(root)).unwrap();
    let ids: Vec<_> = ["a", "b", "", "d", "e", "f"].iter().map(|l| db.insert(node(l, Some(root))).unwrap()).collect();
    for (child, parent) in [(0, 4), (2, 4), (1, 0)] {
        db.relate(ids[child], Node::PARENT, ids[parent]).unwrap();
    }
    db.relate(ids[0], Node::PARENT, root).unwrap();
    db.relate(ids[0], Node::PARENT, ids[4]).unwrap();
    db.delete(ids[3]).unwrap();
    db.delete(ids[5]).unwrap();
    db.insert(node("again", Some(ids[0]))).unwrap();
    db
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Marker;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fieldless {}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Units {
    units: Vec<()>,
    markers: [Fieldless; 2],
}

fn empty_models() -> DatabaseBuilder {
    Database::builder().model::<Marker>().model::<Fieldless>().model::<Units>()
}

fn empty() -> Database {
    let mut db = empty_models().build().unwrap();
    db.insert_many(vec![Marker; 3]).unwrap();
    let gone = db.insert(Fieldless {}).unwrap();
    db.insert(Fieldless {}).unwrap();
    db.delete(gone).unwrap();
    db.insert(Units { units: vec![(); 9], markers: [const { Fieldless {} }; 2] }).unwrap();
    db
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Texts {
    text: String,
    bytes: Vec<u8>,
    many: Vec<String>,
}

fn texts_models() -> DatabaseBuilder {
    Database::builder().model::<Texts>()
}

fn texts() -> Database {
    let mut db = texts_models().build().unwrap();
    for length in [0, 1, 31, 32, 127, 128, 300] {
        let row = Texts {
            text: "é".repeat(length / 2),
            bytes: (0..length).map(|n| n as u8).collect(),
            many: vec!["text".into(); length % 10],
        };
        db.insert(row).unwrap();
    }
    db
}
