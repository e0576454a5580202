//! Files that builds of each format have written. They are never written again: a build that gives other bytes has made
//! a new format, or broken this one.

pub(super) mod town;

use std::fs;
use std::path::Path;

use relata::{Database, Id};

use super::bytes::File;
use super::{load, sample, saved};
use town::{City, Country, Note, Person};

/// A golden file.
pub(super) fn file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).unwrap()
}

/// Proves that two databases hold the same and will go on in the same way.
fn assert_same(mut left: Database, mut right: Database) {
    assert_eq!((left.check(), right.check()), (Ok(()), Ok(())));
    assert!(left.iter::<Country>().eq(right.iter::<Country>()));
    assert!(left.iter::<City>().eq(right.iter::<City>()));
    assert!(left.iter::<Person>().eq(right.iter::<Person>()));
    assert!(left.iter::<Note>().eq(right.iter::<Note>()));
    for id in left.iter::<City>().map(|(id, _)| id) {
        let twins = |db: &Database| db.children(id, City::TWINS).unwrap().map(|(id, _)| id).collect::<Vec<Id<City>>>();
        assert_eq!(twins(&left), twins(&right));
    }
    assert_eq!(left.state_hash(), right.state_hash());
    assert!(saved(&left) == saved(&right), "the same state, the same bytes");
    // The default target too: what had the first city as its twin falls back to it.
    for db in [&mut left, &mut right] {
        let oslo = db.iter::<City>().find(|(_, city)| city.name == "Oslo").unwrap().0;
        let city = City { name: "Bergen".into(), country_code: "no".into(), twin_id: Some(oslo), place: (0.0, 0.0) };
        let bergen = db.insert(city).unwrap();
        db.delete(oslo).unwrap();
        assert_eq!(db.get(db.get(bergen).unwrap().twin_id.unwrap()).unwrap().name, "Reykjavík");
    }
    assert_eq!(left.state_hash(), right.state_hash());
}

/// behaviour V1: A file of an earlier format is loaded for ever. HOSTILE 23: older -> loads
#[test]
fn files_of_format_1_load_for_ever() {
    let (db, report) = super::models().load_from_with_report(&file("format-1.relata")[..]).unwrap();
    assert_eq!(report.format, 1);
    assert!(saved(&db) == saved(&sample()), "what it holds is the sample");
    assert_same(town::models().load_from(&file("format-1-town.relata")[..]).unwrap(), town::town());
}

/// behaviour V1: and those of this format load.
#[test]
fn files_of_format_2_load_and_are_written_alike() {
    assert!(saved(&sample()) == file("format-2.relata"), "format 2 is written in other bytes");
    assert!(saved(&town::town()) == file("format-2-town.relata"), "format 2 is written in other bytes");
    assert!(saved(&load(&file("format-2.relata")).unwrap()) == file("format-2.relata"));
    assert_same(town::models().load_from(&file("format-2-town.relata")[..]).unwrap(), town::town());
}

/// A stranger who has the page alone reads them, and writes the same bytes.
#[test]
fn files_are_what_their_description_says() {
    for name in ["format-2.relata", "format-2-town.relata"] {
        let bytes = file(name);
        let parsed = File::parse(&bytes);
        assert_eq!(parsed.bytes(), bytes, "{name}");
        assert_eq!(parsed.written_anew(), bytes, "{name}");
    }
    assert_eq!(File::parse(&file("format-2-town.relata")).state_hash(), town::town().state_hash().unwrap());
}
#[test] fn tmp_write() { std::fs::write("/tmp/format-2.relata", saved(&sample())).unwrap(); std::fs::write("/tmp/format-2-town.relata", saved(&town::town())).unwrap(); }
