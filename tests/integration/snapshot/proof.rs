//! Every row is proved when it is saved: what comes back is equal, and what would not is refused by name.

use std::collections::BTreeMap;

use relata::snapshot::{RefusalCause, check_row};
use relata::{Column, Database, Id, Lossless, Model, SnapshotError, Visitor};
use serde::{Deserialize, Serialize};

use super::saved;

/// A model of one field, whatever that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shape<T>(T);

impl<T: Clone + Serialize + for<'de> Deserialize<'de> + Send + Sync + 'static> Model for Shape<T> {
    const NAME: &'static str = "Shape";
    const COLUMNS: &'static [Column] = &[Column { name: "inner", external_name: "inner", type_name: "T" }];

    fn declare<V: Visitor<Self>>(_: &mut V) {}
}

fn with_shape<T>(inner: T) -> Database
where
    Shape<T>: Model,
{
    let mut db = Database::builder().model::<Shape<T>>().build().unwrap();
    db.insert(Shape(inner)).unwrap();
    db
}

/// Saved, loaded, equal, and of one hash.
#[expect(clippy::needless_pass_by_value, reason = "values are written where they are tried")]
fn carried<T: Clone + PartialEq + std::fmt::Debug>(inner: T)
where
    Shape<T>: Model,
{
    let db = with_shape(inner.clone());
    let back = Database::builder().model::<Shape<T>>().load_from(&saved(&db)[..]).unwrap();
    assert!(back.iter::<Shape<T>>().map(|(_, shape)| &shape.0).eq([&inner]), "{inner:?}");
    assert_eq!(back.state_hash(), db.state_hash(), "{inner:?}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sparse {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    length: Option<u8>,
    width: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
    Address(std::net::IpAddr),
    Text(String),
    Rows { ids: Vec<Id<Own>> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[expect(clippy::option_option, reason = "that it comes back is what is tried")]
enum Tagged {
    One { id: Id<Own>, nested: Option<Option<u8>> },
    Two,
    Three(Sparse),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    One(u8),
    Two { text: String },
    Three,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    before: u8,
    #[serde(flatten)]
    sparse: Sparse,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// A variant in the middle is skipped: by position those behind it were taken for others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Mood {
    Calm,
    #[serde(skip)]
    #[allow(dead_code)]
    Hidden,
    Angry(u8),
}

// fault A1 and A2, fault E2: another row was loaded than was saved, or none.
/// HOSTILE 32: what serde carries through JSON is carried, and more
#[test]
fn what_serde_carries_is_carried() {
    carried(Sparse { length: None, width: Some(5) });
    carried(Sparse { length: Some(5), width: None });
    carried(vec![Mood::Calm, Mood::Angry(1), Mood::Calm]);
    let id: Id<Own> = "70000v3".parse().unwrap();
    carried(vec![
        Untagged::Number(7),
        Untagged::Text("7".into()),
        Untagged::Rows { ids: vec![id, Id::null(), "1v1".parse().unwrap()] },
        Untagged::Address([127, 0, 0, 1].into()),
    ]);
    carried(vec![
        Tagged::One { id, nested: Some(None) },
        Tagged::Two,
        Tagged::Three(Sparse { length: None, width: Some(1) }),
    ]);
    carried(vec![Adjacent::One(1), Adjacent::Two { text: "x".into() }, Adjacent::Three]);
    let rest = [("z".to_owned(), serde_json::json!([1, -2, 2.5, null, {"a": "b"}]))].into();
    carried(Flat { before: 1, sparse: Sparse { length: Some(1), width: None }, rest });
    carried(serde_json::json!({"a": [1, u64::MAX, i64::MIN, 1e300, null], "b": {}, "c": []}));
    carried(Some(serde_json::Value::Null));
    carried(vec![None, Some(None), Some(Some(()))]);
    carried(vec![None, Some(()), None]);
    carried(BTreeMap::from([((1_u8, Some(true)), 'ß'), ((2, None), 'x')]));
    carried((u128::MAX, i128::MIN, i64::MIN, u64::MAX, -0.0_f64, f32::MIN_POSITIVE));
    carried(Ok::<String, std::net::SocketAddr>("x".repeat(5000)));
    carried("[fe80::1%3]:80".parse::<std::net::SocketAddr>().unwrap());
    carried(std::borrow::Cow::<'static, str>::Owned("text".into()));
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Own {
    #[model(unique)]
    at: Seconds,
    reading: f32,
}

/// Equal by more than is saved of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Seconds {
    seconds: u32,
    #[serde(skip)]
    millis: u16,
}

// fault A3: saved, never loadable: a key whose serde form is shorter than its equality
// fault A6: Messages without field or cause
/// behaviour V7: what would not come back equal is refused, with row, field, cause and remedy; the old file stays.
#[test]
fn a_key_that_loses_something_is_refused() {
    let mut db = Database::builder().model::<Own>().build().unwrap();
    let at = |millis| Own { at: Seconds { seconds: 5, millis }, reading: f32::NAN };
    db.insert(at(0)).unwrap();
    let fine = saved(&db);
    db.insert(at(1)).unwrap();
    db.insert(at(2)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.relata");
    std::fs::write(&path, &fine).unwrap();
    let error = db.save(&path).unwrap_err();
    let SnapshotError::RowsNotSavable { rows } = &error else { panic!("{error}") };
    assert_eq!(rows.iter().map(|row| row.row.to_string()).collect::<Vec<_>>(), ["Own 2v1", "Own 3v1"]);
    assert_eq!((rows[0].refusal.field.as_str(), rows[0].refusal.cause), ("at", RefusalCause::Changed));
    assert_eq!(
        error.to_string(),
        "2 row(s) cannot be saved, the first: Own 2v1, field `at`: it comes back as another value: give it a serde form \
         that keeps the whole value by `#[serde(with = \"..\")]`, or mark the field `#[model(lossy)]` if the loss is meant"
    );
    assert_eq!(std::fs::read(&path).unwrap(), fine);
    assert_eq!(db.unsavable(), *rows);
    assert_eq!(db.check_snapshot(), Err(error.clone()));

    let report = db.saver().leave_out_unsavable().save(&path).unwrap();
    assert_eq!(report.left_out, *rows);
    let mut back = Database::builder().model::<Own>().load(&path).unwrap();
    assert_eq!((back.len::<Own>(), back.check()), (1, Ok(())));
    let next = back.insert(Own { at: Seconds { seconds: 6, millis: 0 }, reading: 0.0 }).unwrap();
    assert_eq!(next.to_string(), "3v3", "the id of a row that was left out never comes again");
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(visits: Visit))]
struct Event {
    at: std::time::SystemTime,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Visit {
    #[model(belongs_to)]
    event_id: Id<Event>,
}

// fault A7: `insert` accepts a row that every later save refuses
#[test]
fn rows_that_stop_a_save_are_found_and_left_out() {
    use std::time::{Duration, SystemTime};
    let early = Event { at: SystemTime::UNIX_EPOCH - Duration::from_secs(1) };
    let refusal = check_row(&early).unwrap_err();
    assert_eq!((refusal.field.as_str(), refusal.cause), ("at", RefusalCause::NotSerialized));
    let mut db = Database::builder().model::<Event>().model::<Visit>().build().unwrap();
    let fine = db.insert(Event { at: SystemTime::UNIX_EPOCH }).unwrap();
    let bad = db.insert(early).unwrap();
    db.insert_many([fine, bad, bad].map(|event_id| Visit { event_id })).unwrap();
    assert!(matches!(db.save_to(std::io::sink()), Err(SnapshotError::RowsNotSavable { rows }) if rows.len() == 1));
    // Who refers to what is left out would dangle.
    let SnapshotError::Violations { violations } =
        db.saver().leave_out_unsavable().save_to(std::io::sink()).unwrap_err()
    else {
        panic!()
    };
    assert_eq!(violations.len(), 2);
    assert_eq!(violations[0].to_string(), "Visit 2v1 refers over `event` to Event 2v1, which is left out of the file");
    let mut bytes = Vec::new();
    db.saver().leave_out_unsavable().with_violations().save_to(&mut bytes).unwrap();
    let models = Database::builder().model::<Event>().model::<Visit>().accept_violations();
    assert_eq!(models.load_from(&bytes[..]).unwrap().check().unwrap_err().len(), 2);
}

// fault A4: a permutation of a row's bytes was taken for the same row
#[test]
fn what_reads_less_or_other_than_it_writes_is_refused() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct LowerByte(#[serde(deserialize_with = "lower_byte")] u32);
    fn lower_byte<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        u32::deserialize(deserializer).map(|number| number & 0xff)
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Swapped(#[serde(deserialize_with = "swapped")] u32);
    fn swapped<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        u32::deserialize(deserializer).map(u32::swap_bytes)
    }
    let said = |db: &Database| db.check_snapshot().unwrap_err().to_string();
    assert!(said(&with_shape(LowerByte(300))).contains("it comes back as another value"));
    assert_eq!(with_shape(LowerByte(200)).check_snapshot(), Ok(()), "as it is, it comes back");
    assert!(said(&with_shape(Swapped(0x0102_0304))).contains("it comes back as another value"));
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Lenient {
    #[model(lossy)]
    at: Seconds,
    reading: f32,
    #[serde(skip)]
    cached: u32,
}

/// behaviour V8: a loss that is meant is said by `lossy`; what serde skips comes back as its default.
#[test]
fn a_loss_that_is_meant_is_no_error() {
    let mut db = Database::builder().model::<Lenient>().build().unwrap();
    for reading in [1.0, f32::NAN] {
        db.insert(Lenient { at: Seconds { seconds: 1, millis: 7 }, reading, cached: 9 }).unwrap();
    }
    let back = Database::builder().model::<Lenient>().load_from(&saved(&db)[..]).unwrap();
    assert!(back.iter::<Lenient>().all(|(_, row)| (row.at.seconds, row.at.millis, row.cached) == (1, 0, 0)));
}

#[expect(clippy::disallowed_types, reason = "what has no order is what is tested")]
mod unordered {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    enum Color {
        Red,
        Green(u8),
        Blue { deep: bool },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Bag(HashMap<String, HashSet<Color>>);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Flattened {
        first: u8,
        #[serde(flatten)]
        rest: HashMap<String, u8>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Everything {
        numbers: HashMap<u32, u64>,
        colors: hashbrown::HashMap<Color, u8>,
        bags: Vec<Bag>,
        flattened: Flattened,
        nested: Option<HashSet<(u8, String)>>,
    }

    fn everything(order: &[u8]) -> Everything {
        let colors =
            |n: u8| [Color::Red, Color::Green(n), Color::Blue { deep: n.is_multiple_of(2) }][usize::from(n) % 3];
        let bag = || Bag(order.iter().map(|n| (n.to_string(), order.iter().map(|n| colors(*n)).collect())).collect());
        Everything {
            numbers: order.iter().map(|n| (u32::from(*n), u64::from(*n) << 40)).collect(),
            colors: order.iter().map(|n| (colors(*n), n % 3)).collect(),
            bags: vec![bag(), bag()],
            flattened: Flattened { first: 1, rest: order.iter().map(|n| (format!("key {n}"), *n)).collect() },
            nested: Some(order.iter().map(|n| (*n, n.to_string())).collect()),
        }
    }

    // fault A5: The hash and the bytes of a row with a `HashMap`/`HashSet` change by save and load
    /// behaviour V9: the order of a hash map or set is no state
    #[test]
    fn the_order_of_hash_maps_is_no_state() {
        let forth: Vec<u8> = (0..60).map(|n| n * 3).collect();
        let back: Vec<u8> = forth.iter().rev().copied().collect();
        let [one, other] = [forth, back].map(|order| {
            let mut everything = everything(&order);
            everything.colors.retain(|color, _| *color != Color::Red);
            everything.colors.insert(Color::Red, 0);
            everything.colors.iter_mut().for_each(|(_, n)| *n = 1);
            everything
        });
        assert_eq!(one, other);
        assert_eq!(saved(&with_shape(one.clone())), saved(&with_shape(other)));
        carried(one);
    }
}

mod lossless {
    use super::*;

    #[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(clippy::option_option, reason = "that it comes back is what is tried")]
    pub(super) struct Inner {
        an_option: Option<Option<u8>>,
        #[serde(rename = "x")]
        many: Vec<Kind>,
        place: [f32; 3],
        pair: (u8, String),
        big: Big,
        unit: Unit,
        units: Vec<Option<()>>,
    }
    #[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Plain,
        One(i64),
        Two(u8, String),
        Fields { x: f64, whole: Option<Id<Own>> },
        None(),
        Empty {},
        Boxed(Box<Kind>),
    }
    #[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Big(u128);
    #[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;

    /// The same table, as a model that is lossless and one that is not.
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(table = "Lean")]
    pub(super) struct Lean {
        inner: Inner,
        by_name: BTreeMap<String, Kind>,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(table = "Lean")]
    pub(super) struct Proved {
        inner: Inner,
        by_name: BTreeMap<String, Kind>,
        #[serde(skip)]
        cached: u8,
    }

    fn inner(n: u8) -> Inner {
        let many = vec![
            Kind::Plain,
            Kind::One(-9 * i64::from(n)),
            Kind::Two(n, "s".repeat(usize::from(n) * 2)),
            Kind::Fields { x: f64::from(n), whole: Some("5v3".parse().unwrap()) },
            Kind::None(),
            Kind::Empty {},
            Kind::Boxed(Box::new(Kind::Boxed(Box::new(Kind::Plain)))),
        ];
        Inner {
            an_option: [None, Some(None), Some(Some(n))][usize::from(n) % 3],
            many: many.into_iter().skip(usize::from(n) % 7).collect(),
            place: [f32::from(n), -0.0, 1e30],
            pair: (n, "e".into()),
            big: Big(u128::MAX - u128::from(n)),
            unit: Unit,
            units: vec![None, Some(()), None],
        }
    }

    /// behaviour V10: a lossless type is written as serde writes it, and needs no proof
    #[test]
    fn lossless_types_are_written_as_serde_writes_them() {
        const { assert!(Lean::IS_LOSSLESS && !Proved::IS_LOSSLESS) };
        let mut lean = Database::builder().model::<Lean>().build().unwrap();
        let mut proved = Database::builder().model::<Proved>().build().unwrap();
        for n in 0..50 {
            let by_name: BTreeMap<_, _> = inner(n).many.into_iter().map(|kind| (format!("{kind:?}"), kind)).collect();
            lean.insert(Lean { inner: inner(n), by_name: by_name.clone() }).unwrap();
            proved.insert(Proved { inner: inner(n), by_name, cached: 0 }).unwrap();
        }
        assert_eq!(lean.state_hash(), proved.state_hash());
        let bytes = saved(&lean);
        let back = Database::builder().model::<Lean>().load_from(&bytes[..]).unwrap();
        assert!(back.iter::<Lean>().eq(lean.iter::<Lean>()));
        let back = Database::builder().model::<Proved>().load_from(&bytes[..]).unwrap();
        assert!(back.iter::<Proved>().map(|(_, row)| row).eq(proved.iter::<Proved>().map(|(_, row)| row)));
    }

    /// A `Serialize` of one's own beside the derive: the bytes are those of serde, and proved.
    #[derive(Lossless, Clone, Debug, PartialEq)]
    enum Level {
        Low,
        High,
    }
    impl Serialize for Level {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_u8(if *self == Level::Low { 1 } else { 2 })
        }
    }
    impl<'de> Deserialize<'de> for Level {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(if u8::deserialize(deserializer)? == 1 { Level::Low } else { Level::High })
        }
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Tank {
        level: Level,
    }
    mod later {
        use super::*;
        #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub(super) struct Tank {
            level: Level,
            #[serde(default)]
            volume: u8,
        }
    }

    #[test]
    fn a_serialize_of_ones_own_is_what_counts() {
        let mut db = Database::builder().model::<Tank>().build().unwrap();
        db.insert_many([Level::Low, Level::High, Level::Low].map(|level| Tank { level })).unwrap();
        let later = Database::builder().model::<later::Tank>().load_from(&saved(&db)[..]).unwrap();
        assert_eq!(later.len::<later::Tank>(), 3);
    }
}

/// A struct of which any field may be left out has as many kinds as there are subsets: from some number on it is a map.
#[test]
fn structs_of_very_many_kinds_become_maps() {
    #[derive(Clone, Debug, PartialEq)]
    struct Subset(u32);
    const NAMES: [&str; 14] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];
    impl Serialize for Subset {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            let mut fields = serializer.serialize_struct("Subset", 14)?;
            for (place, name) in NAMES.iter().enumerate().filter(|(place, _)| self.0 >> place & 1 == 1) {
                // A struct inside, that may take the last number while the outer one is open.
                fields.serialize_field(name, &(place as u32 * 1000, Sparse { length: Some(1), width: None }))?;
            }
            fields.end()
        }
    }
    impl<'de> Deserialize<'de> for Subset {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let fields = BTreeMap::<String, (u32, Sparse)>::deserialize(deserializer)?;
            Ok(Subset(fields.keys().map(|name| 1 << NAMES.iter().position(|known| known == name).unwrap()).sum()))
        }
    }
    let mut db = Database::builder().model::<Shape<Subset>>().build().unwrap();
    db.insert_many((0..6000).map(|subset| Shape(Subset(subset))).collect::<Vec<_>>()).unwrap();
    let back = Database::builder().model::<Shape<Subset>>().load_from(&saved(&db)[..]).unwrap();
    assert!(back.iter::<Shape<Subset>>().eq(db.iter::<Shape<Subset>>()));
}
