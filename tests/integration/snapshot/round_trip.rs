//! What comes back, and what is not saved because it would not.

use std::fs;
use std::path::Path;

use relata::snapshot::read_schema_from;
use relata::{Database, Error, Id, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use super::bytes::{File, ROWS};
use super::{Dependency, Package, Part, load, models, part, sample, saved};

/// Proves that two databases are the same and will go on in the same way.
fn assert_same(left: &mut Database, right: &mut Database) {
    assert_eq!(left.check(), Ok(()));
    assert_eq!(right.check(), Ok(()));
    assert!(left.iter::<Package>().eq(right.iter::<Package>()));
    assert!(left.iter::<Dependency>().eq(right.iter::<Dependency>()));
    assert!(left.iter::<Part>().eq(right.iter::<Part>()));
    let ids: Vec<Id<Part>> = left.iter::<Part>().map(|(id, _)| id).collect();
    for id in ids {
        assert_eq!(children(left, id), children(right, id));
    }
    assert!(saved(left) == saved(right), "the same state, the same bytes");
    for n in 0..8 {
        let row = part(&format!("later {n}"), None);
        assert_eq!(left.insert(row.clone()), right.insert(row), "the same future ids");
    }
}

fn children(db: &Database, whole: Id<Part>) -> Vec<Option<String>> {
    db.children(whole, Part::PARTS).unwrap().map(|(_, part)| part.label.clone()).collect()
}

/// behaviour R16: Listing returns only the owner's rows, in the order in which they joined this owner; that order
/// survives save and load.
#[test]
fn everything_comes_back_and_goes_on_as_if_nothing_had_been_saved() {
    let mut db = sample();
    let car = db.find(Part::BY_LABEL, "car").unwrap().0;
    let wheel = db.insert(part("wheel", Some(car))).unwrap();
    db.update(car, |car| car.whole_id = None).unwrap();
    db.update(car, |own| own.whole_id = Some(car)).unwrap();
    let order = ["door", "wheel", "car"].map(|label| Some(label.to_owned()));
    assert_eq!(children(&db, car), order, "the car has joined itself again");

    let mut back = load(&saved(&db)).unwrap();
    assert_eq!(children(&back, car), order);
    assert_eq!(back.get(wheel), db.get(wheel));
    assert_same(&mut db, &mut back);
}

#[test]
fn an_empty_database_and_empty_tables_come_back() {
    let none = Database::builder().build().unwrap();
    let bytes = saved(&none);
    assert_eq!(saved(&Database::builder().load_from(&bytes[..]).unwrap()), bytes);
    let mut empty = models().build().unwrap();
    let mut back = load(&saved(&empty)).unwrap();
    assert_same(&mut empty, &mut back);
}

/// Numbers without a pattern, the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn long_histories_come_back() {
    for seed in 0..40 {
        let mut numbers = Numbers(seed);
        let mut db = models().build().unwrap();
        let mut ids: Vec<Id<Part>> = Vec::new();
        for n in 0..120 {
            let whole = (!ids.is_empty()).then(|| ids[numbers.below(ids.len())]);
            match numbers.below(6) {
                0 if !ids.is_empty() => {
                    let id = ids[numbers.below(ids.len())];
                    if db.delete(id).is_ok() {
                        ids.retain(|other| *other != id);
                    }
                }
                1 | 2 if !ids.is_empty() => {
                    let id = ids[numbers.below(ids.len())];
                    db.update(id, |part| part.whole_id = whole).unwrap();
                }
                3 => {
                    let (kept, cancelled) = (db.reserve::<Part>().unwrap(), db.reserve::<Part>().unwrap());
                    db.insert_at(kept, part(&format!("reserved {n}"), Some(kept))).unwrap();
                    db.cancel(cancelled).unwrap();
                    ids.push(kept);
                }
                _ => ids.push(db.insert(part(&format!("part {n}"), whole)).unwrap()),
            }
        }
        let mut back = load(&saved(&db)).unwrap();
        assert_same(&mut db, &mut back);
    }
}

/// HOSTILE 36: a slot's version about to wrap -> slot retired
#[test]
fn a_slot_at_its_last_generation_is_retired_and_stays_so() {
    let mut db = models().build().unwrap();
    for label in ["first", "second"] {
        db.insert(part(label, None)).unwrap();
    }
    let mut file = File::parse(&saved(&db));
    file.set_slots(2, &[u32::MAX, 1]);
    let mut worn = load(&file.bytes()).unwrap();
    let last = worn.find(Part::BY_LABEL, "first").unwrap().0;
    assert_eq!(last.to_string(), "1v4294967295");
    worn.delete(last).unwrap();
    assert_eq!(worn.get(last).unwrap_err().to_string(), "Part 1v4294967295 not found: removed");

    let mut back = load(&saved(&worn)).unwrap();
    assert_eq!(File::parse(&saved(&worn)).slots(2), [0, 1]);
    assert_eq!(back.get(last), worn.get(last));
    assert_same(&mut worn, &mut back);
    assert!(worn.iter::<Part>().all(|(id, _)| id.to_string() != "1v1"), "its ids never come again");
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Marker;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Page {
    text: String,
    words: [[u64; 32]; 16],
}

/// HOSTILE 37: zero-sized rows, rows of 4 KiB, empty tables, a table with no relation
#[test]
fn rows_of_any_size_come_back_in_blocks() {
    let builder = || Database::builder().model::<Marker>().model::<Page>();
    let mut db = builder().build().unwrap();
    db.insert_many(vec![Marker; 3]).unwrap();
    let page = |length| Page { text: "x".repeat(length), words: [[7; 32]; 16] };
    let huge = (1 << 20) + 5;
    db.insert_many((0..600).map(|_| page(0)).chain([page(huge), page(1)]).collect::<Vec<_>>()).unwrap();
    let bytes = saved(&db);
    let back = builder().load_from(&bytes[..]).unwrap();
    assert_eq!((back.len::<Marker>(), back.check()), (3, Ok(())));
    assert!(back.iter::<Page>().eq(db.iter::<Page>()));
    assert!(saved(&back) == bytes);

    let file = File::parse(&bytes);
    let blocks = |table| file.blocks.iter().filter(move |block| (block.kind, block.table) == (ROWS, table));
    // A struct without fields is a unit. A page takes 512 words of one byte, 16 lists with their lengths, and the text.
    assert_eq!(file.content(ROWS, 0), [0xb8; 3]);
    let full = |block: &super::bytes::Block| block.content.len() >= 1 << 16;
    let sizes: Vec<(bool, u32)> = blocks(1).map(|block| (full(block), block.items)).collect();
    assert!(sizes[..sizes.len() - 1].iter().all(|(full, _)| *full), "a block ends when it is full, and not before");
    assert_eq!(sizes.iter().map(|(_, items)| items).sum::<u32>(), 602);
    assert_eq!(sizes.last(), Some(&(false, 1)), "the huge page ends a block");
}

#[test]
fn the_schema_can_be_read_without_the_models() {
    let db = sample();
    let bytes = saved(&db);
    assert_eq!(&read_schema_from(&bytes[..]).unwrap(), db.schema());
    assert_eq!(read_schema_from(&b"other"[..]), Err(SnapshotError::NotASnapshot));
    // fault C6: of a file by its path, as `load` has it
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.relata");
    db.save(&path).unwrap();
    assert_eq!(&relata::snapshot::read_schema(&path).unwrap(), db.schema());
    assert!(relata::snapshot::read_schema(folder.path().join("none")).unwrap_err().to_string().contains("none"));
    assert!(matches!(read_schema_from(&bytes[..500]), Err(SnapshotError::Truncated { .. })));
}

#[test]
fn a_database_that_could_not_be_loaded_again_is_not_saved() {
    let said = |db: &Database| db.save_to(std::io::sink()).unwrap_err().to_string();
    let mut db = sample();
    let reserved = db.reserve::<Part>().unwrap();
    let unfilled = Error::Unfilled { row: reserved.erase() };
    assert_eq!(db.save_to(std::io::sink()), Err(SnapshotError::Unsavable(unfilled)));
    assert_eq!(said(&db), "cannot be saved: Part 4v3 is reserved and no row has been stored under it");
    db.cancel(reserved).unwrap();
    assert!(db.save_to(std::io::sink()).is_ok());

    db.insert_many_unchecked(vec![Dependency { package_name: "syn".into(), package_version: 2 }]).unwrap();
    assert_eq!(
        said(&db),
        "1 violation(s), the first: Dependency 4v1: `Dependency`.package: no `Package` with name, version = (\"syn\", 2): no row has this key"
    );
    let mut db = sample();
    db.insert_many_unchecked(vec![Package { name: "serde".into(), version: 1 }]).unwrap();
    assert_eq!(
        said(&db),
        "1 violation(s), the first: `Package`: name, version = (\"serde\", 1) of 4v1 is taken by Package 1v1"
    );
}

/// The file that format 1 gives for the sample, and the one that format 2 gives. Neither is ever written again: a build
/// that gives other bytes has made a new format, or broken this one.
#[test]
fn files_of_every_format_load_and_the_last_is_written_alike() {
    let golden = |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).unwrap();
    let mut db = sample();
    assert!(saved(&db) == golden("format-2.relata"), "format 2 is written in other bytes");
    for name in ["format-1.relata", "format-2.relata"] {
        assert_same(&mut load(&golden(name)).unwrap(), &mut sample());
    }
    db.insert(part("later", None)).unwrap();
}
