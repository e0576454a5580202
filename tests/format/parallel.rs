//! Saving and loading on several threads: the same bytes, the same database, the same errors as on one.

#![expect(clippy::disallowed_types, reason = "rows with maps of an order of their own are what is tested")]

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::ThreadPoolBuilder;
use relata::snapshot::{LoadReport, SnapshotError};
use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};

use crate::bytes::{File, ROWS};
use crate::{saved, schemas};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(events: Event))]
struct Place {
    #[model(primary_key)]
    code: String,
    height: i32,
}

/// Many variants, so that new ones come up all through the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Mark {
    A,
    B(u8),
    C { depth: u32 },
    D,
    E(String),
    F { width: u32, name: Option<String> },
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(later: Event, via = before))]
struct Event {
    number: usize,
    #[model(belongs_to(Place), name = place)]
    place_code: Option<String>,
    #[model(belongs_to, name = before)]
    before_id: Option<Id<Event>>,
    text: String,
    counts: HashMap<String, u32>,
    // Each set of fields that occurs is a struct of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    first: Option<Mark>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    second: Option<Mark>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    marks: Vec<Mark>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Place>().model::<Event>()
}

fn mark(n: usize) -> Mark {
    match n % 6 {
        0 => Mark::A,
        1 => Mark::B(n as u8),
        2 => Mark::C { depth: n as u32 },
        3 => Mark::D,
        4 => Mark::E(format!("e{n}")),
        _ => Mark::F { width: 1, name: (n % 4 == 1).then(|| "f".into()) },
    }
}

/// Rows of many blocks, some of which are longer than one. From the middle on new names come up in many of them, in
/// various orders.
fn history(events: usize) -> Database {
    let mut db = models().build().unwrap();
    let place = |n: i32| Place { code: format!("P{n}"), height: n - 700 };
    db.insert_many((0..1500).map(place).collect::<Vec<_>>()).unwrap();
    let mut ids = Vec::new();
    for n in 0..events {
        let event = Event {
            number: n,
            place_code: (n % 3 > 0).then(|| format!("P{}", n * 7 % 1500)),
            before_id: ids.get(n / 2).copied(),
            text: "x".repeat(if n % 2111 == 900 { 150_000 } else { n * 31 % 200 }),
            counts: (0..n % 4).map(|m| (format!("{}", m * n), m as u32)).collect(),
            first: (n > events / 2 && n % 320 == 0).then(|| mark(n / 320)),
            second: (n > events / 2 && n % 410 == 0).then(|| mark(5 - n / 410 % 6)),
            marks: (n > events / 2 && n % 530 == 0).then(|| mark(n / 265)).into_iter().collect(),
        };
        ids.push(db.insert(event).unwrap());
    }
    for id in ids.iter().skip(events / 2 + 3).step_by(11) {
        db.delete(*id).unwrap();
    }
    db.insert(Event { number: 1_000_000, ..db.get(ids[0]).unwrap().clone() }).unwrap();
    db
}

/// In pools of several sizes, more threads than processors among them.
fn in_pools<T: Send>(of: impl Fn() -> T + Sync) -> [T; 3] {
    [1, 2, 7].map(|threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&of))
}

fn saved_in_parallel(db: &Database) -> Vec<u8> {
    let mut bytes = Vec::new();
    db.saver().parallel().save_to(&mut bytes).unwrap();
    bytes
}

/// behaviour V12: the bytes do not depend on the number of threads, and neither does the database that is loaded
#[test]
fn every_schema_is_saved_and_loaded_as_on_one_thread() {
    for case in schemas::ALL {
        let db = (case.database)();
        let bytes = saved(&db);
        assert!(saved_in_parallel(&db) == bytes, "{}", case.name);
        let back = (case.models)().parallel().load_from(&bytes[..]).unwrap();
        assert_eq!(back.check(), Ok(()), "{}", case.name);
        assert!(saved(&back) == bytes, "{}", case.name);
    }
}

/// behaviour V12
#[test]
fn rows_of_many_blocks_are_saved_and_loaded_as_on_one_thread() {
    let db = history(12_000);
    let bytes = saved(&db);
    let file = File::parse(&bytes);
    let defines = |bytes: &[u8]| matches!(bytes, [0xca, _, 1, b'A'..=b'F']);
    let defining = file.blocks.iter().filter(|block| block.content.windows(4).any(defines)).count();
    assert!(file.blocks.len() > 25 && defining >= 3, "{defining} of {}", file.blocks.len());
    for (place, of_pool) in in_pools(|| saved_in_parallel(&db)).iter().enumerate() {
        assert!(*of_pool == bytes, "pool {place}");
    }
    for back in in_pools(|| models().parallel().load_from(&bytes[..]).unwrap()) {
        assert_eq!(back.check(), Ok(()));
        assert!(back.iter::<Event>().eq(db.iter::<Event>()));
        assert!(saved(&back) == bytes);
    }
}

/// A later program, which does not ask for some fields.
mod later {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Event {
        pub(super) number: u64,
        #[serde(default)]
        pub(super) new: Vec<u8>,
    }
}

/// behaviour V12: the report too
#[test]
fn the_report_is_that_of_one_thread() {
    let bytes = saved(&history(4000));
    let models = || Database::builder().model::<later::Event>().drop_removed_models();
    let (db, report) = models().load_from_with_report(&bytes[..]).unwrap();
    assert!(report.ignored.len() >= 6, "{report:?}");
    let numbers = |db: &Database| db.iter::<later::Event>().map(|(_, event)| event.number).collect::<Vec<_>>();
    for (back, of_pool) in in_pools(|| models().parallel().load_from_with_report(&bytes[..]).unwrap()) {
        assert_eq!(of_pool, report);
        assert_eq!(numbers(&back), numbers(&db));
    }
}

fn outcome(loaded: Result<(Database, LoadReport), SnapshotError>) -> Result<u64, SnapshotError> {
    loaded.map(|(db, _)| db.state_hash().unwrap())
}

/// behaviour V12: damaged, hostile and large files are refused alike
#[test]
fn a_load_is_refused_as_on_one_thread() {
    let bytes = saved(&history(2500));
    let alike = |what: &str, bytes: &[u8], limit: Option<u64>| {
        let models = || limit.map_or_else(models, |limit| models().memory_limit(limit));
        let on_one = outcome(models().load_from_with_report(bytes));
        let in_parallel = outcome(models().parallel().load_from_with_report(bytes));
        assert_eq!(in_parallel, on_one, "{what}");
        on_one.is_err()
    };
    let mut refused = 0;
    for nth in 1..12 {
        let at = bytes.len() * nth / 12;
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        refused += usize::from(alike(&format!("byte {at}"), &damaged, None));
        refused += usize::from(alike(&format!("length {at}"), &bytes[..at], None));
        // Two faults: the first counts.
        damaged.truncate(at + 70_000);
        refused += usize::from(alike(&format!("byte {at} and no more"), &damaged, None));
    }
    assert_eq!(refused, 33);
    // Every checksum right.
    let file = File::parse(&bytes);
    let of_rows = (0..file.blocks.len()).filter(|block| file.blocks[*block].kind == ROWS);
    let (mut refused, mut places) = (0, 0);
    for (nth, block) in of_rows.enumerate() {
        for tenths in [1, 6, 9] {
            let mut other = file.clone();
            let content = &mut other.blocks[block].content;
            let at = content.len() * tenths / 10 + nth * 37 % 100;
            content[at] = [0xc9, 0xd7, 0xff, 0x00][(nth + tenths) % 4];
            refused += usize::from(alike(&format!("block {block}, byte {at}"), &other.bytes(), None));
            places += 1;
        }
        let mut other = file.clone();
        other.blocks[block].items += 1;
        alike(&format!("block {block}, a row more"), &other.bytes(), None);
    }
    assert!(places > 15 && refused > places / 3 && refused < places, "{refused} of {places}");
    // The least limit that lets the file through, and others. One thread has the fewest blocks at once, and so the
    // largest shares of what is left.
    let bytes = saved(&history(4000));
    let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alike = |limit| pool.install(|| alike("a limit", &bytes, Some(limit)));
    let passes = |limit: u64| models().memory_limit(limit).load_from(&bytes[..]).is_ok();
    let (mut low, mut high) = (0, 1 << 26);
    while high - low > 1 {
        let limit = u64::midpoint(low, high);
        if passes(limit) { high = limit } else { low = limit }
    }
    assert!(!alike(high) && alike(low));
    for nth in 0..12 {
        assert!(alike(low * nth / 12));
    }
}

/// behaviour V12: what rules do not hold is said alike, and kept alike
#[test]
fn violations_are_those_of_one_thread() {
    let mut db = history(1500);
    let some = db.iter::<Event>().next().unwrap().1.clone();
    let lost =
        |n: usize| Event { number: n, place_code: Some(format!("Q{}", n % 7)), text: "lost".into(), ..some.clone() };
    db.insert_many_unchecked((0..10_000).map(lost).collect::<Vec<_>>()).unwrap();
    let (mut bytes, mut of_pool) = (Vec::new(), Vec::new());
    db.saver().with_violations().save_to(&mut bytes).unwrap();
    db.saver().with_violations().parallel().save_to(&mut of_pool).unwrap();
    assert!(of_pool == bytes);
    let violations = db.check().unwrap_err();
    assert_eq!(violations.len(), 10_000);
    let refused = models().parallel().load_from(&bytes[..]).map(drop);
    assert!(refused == Err(SnapshotError::Violations { violations: violations.clone() }));
    let kept = models().parallel().accept_violations().load_from(&bytes[..]).unwrap();
    assert!(kept.check() == Err(violations));
    assert_eq!(kept.state_hash(), db.state_hash());
}

/// Rows that are not saved, or not loaded.
mod fussy {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Fussy {
        #[serde(serialize_with = "write", deserialize_with = "read")]
        pub(super) number: u64,
        pub(super) text: String,
    }

    /// The same rows in the file, with no mind of their own.
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(table = "Fussy")]
    pub(super) struct Mild {
        pub(super) number: u64,
        pub(super) text: String,
    }

    pub(super) const REFUSED: [u64; 2] = [900_000_001, 900_000_002];
    pub(super) const PANICS: u64 = 950_000_000;

    fn judge(number: u64) -> Result<u64, String> {
        assert!(number < PANICS, "row {number}");
        if REFUSED.contains(&number) { Err(format!("it is {number}")) } else { Ok(number) }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    fn write<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(judge(*number).map_err(serde::ser::Error::custom)?)
    }

    fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        judge(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Rows with these numbers at these places, others between.
fn numbers(at: &[(usize, u64)]) -> Vec<(u64, String)> {
    let mut rows: Vec<(u64, String)> = (0..6000).map(|n| (n, "y".repeat(100 + n as usize % 50))).collect();
    for (place, number) in at {
        rows[*place].0 = *number;
    }
    rows
}

fn panic_of(done: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(done)).unwrap_err().downcast::<String>().expect("it has a text")
}

/// behaviour V12: the first in the order of the file, whichever thread was first
#[test]
fn the_first_row_that_fails_is_told() {
    use fussy::{Fussy, Mild, PANICS, REFUSED};
    let models = || Database::builder().model::<Fussy>();
    let of = |at: &[(usize, u64)]| {
        let mut db = models().build().unwrap();
        let rows = numbers(at).into_iter().map(|(number, text)| Fussy { number, text });
        db.insert_many(rows.collect::<Vec<_>>()).unwrap();
        db
    };
    let file = |at: &[(usize, u64)]| {
        let mut db = Database::builder().model::<Mild>().build().unwrap();
        let rows = numbers(at).into_iter().map(|(number, text)| Mild { number, text });
        db.insert_many(rows.collect::<Vec<_>>()).unwrap();
        saved(&db)
    };
    let refused = [(2500, REFUSED[0]), (2600, REFUSED[1]), (5999, REFUSED[0])];
    let db = of(&refused);
    let bytes = file(&refused);
    let written = |bytes: &mut Vec<u8>, error: SnapshotError| (std::mem::take(bytes), error);
    let mut sink = Vec::new();
    let on_one = db.save_to(&mut sink).map_err(|error| written(&mut sink, error));
    assert!(on_one.is_err());
    let load_on_one = models().load_from(&bytes[..]).map(drop).unwrap_err();
    assert!(load_on_one.to_string().contains("Fussy 2501v1"), "{load_on_one}");
    in_pools(|| {
        let mut sink = Vec::new();
        let saved = db.saver().parallel().save_to(&mut sink).map(drop);
        assert_eq!(saved.map_err(|error| written(&mut sink, error)), on_one);
        let loaded = models().parallel().load_from(&bytes[..]).map(drop);
        assert_eq!(loaded, Err(load_on_one.clone()));
    });
    // A panic after an error does not come, an error after a panic neither.
    let db = of(&[(2500, PANICS + 1), (2501, REFUSED[0]), (3000, PANICS + 2), (5000, PANICS + 3)]);
    let later = of(&[(2500, REFUSED[0])]);
    let panics = file(&[(2500, PANICS + 1), (2501, REFUSED[0]), (3000, PANICS + 2), (5000, PANICS + 3)]);
    let error_first = file(&[(2400, REFUSED[0]), (3000, PANICS + 2)]);
    let text = "row 950000001";
    assert_eq!(panic_of(|| drop(db.save_to(Vec::new()))), text);
    assert_eq!(panic_of(|| drop(models().load_from(&panics[..]))), text);
    in_pools(|| {
        assert_eq!(panic_of(|| drop(db.saver().parallel().save_to(Vec::new()))), text);
        assert_eq!(panic_of(|| drop(models().parallel().load_from(&panics[..]))), text);
        assert!(later.saver().parallel().save_to(Vec::new()).is_err());
        assert!(models().parallel().load_from(&error_first[..]).is_err());
    });
    assert_eq!(db.len::<Fussy>(), 6000, "what panicked was read only");
}
