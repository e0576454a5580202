//! Files that builds of each format have written. They are never written again.

use std::fs;
use std::path::Path;

use relata::{Database, Id};

use crate::bytes::File;
use crate::saved;
use crate::town::{self, City, Country, Note, Person, Subject};

pub(crate) fn file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).unwrap()
}

/// Proves that two databases hold the same and will go on in the same way.
fn assert_same(mut left: Database, mut right: Database) {
    assert_eq!((left.check(), right.check()), (Ok(()), Ok(())));
    assert!(left.iter::<Country>().eq(right.iter::<Country>()));
    assert!(left.iter::<City>().eq(right.iter::<City>()));
    assert!(left.iter::<Person>().eq(right.iter::<Person>()));
    assert!(left.iter::<Note>().eq(right.iter::<Note>()));
    let ids = |rows: Vec<(Id<City>, &City)>| rows.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    for (id, _) in left.iter::<City>() {
        let twins = |db: &Database| ids(db.children(id, City::TWINS).unwrap().collect());
        assert_eq!(twins(&left), twins(&right));
        let notes = |db: &Database| db.children(id, City::NOTES).unwrap().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(notes(&left), notes(&right));
    }
    assert!(saved(&left) == saved(&right), "the same state, the same bytes");
    for db in [&mut left, &mut right] {
        // What had Oslo as its twin falls back to the default target.
        let oslo = db.iter::<City>().find(|(_, city)| city.name == "Oslo").unwrap().0;
        let city = City { name: "Bergen".into(), country_code: "no".into(), twin_id: Some(oslo), place: (0.0, 0.0) };
        let bergen = db.insert(city).unwrap();
        db.delete(oslo).unwrap();
        assert_eq!(db.get(db.get(bergen).unwrap().twin_id.unwrap()).unwrap().name, "Reykjavík");
        assert!(db.iter::<Note>().all(|(_, note)| matches!(note.subject, Subject::Person(_))), "its notes are gone");
    }
    assert_eq!(left.state_hash(), right.state_hash(), "the same ids to come");
}

/// HOSTILE 23: older -> loads: lists of ids, natural keys, keys of several kinds, each with its order and default target.
#[test]
fn a_file_of_format_1_loads_and_is_the_same_in_format_2() {
    let (db, report) = town::models().load_from_with_report(&file("town-1.relata")[..]).unwrap();
    assert_eq!(report.format, 1);
    assert_same(db, town::town());
    let (db, report) = town::models().load_from_with_report(&file("town-2.relata")[..]).unwrap();
    assert_eq!(report.format, 2);
    assert_same(db, town::town());
}

#[test]
fn format_2_is_written_in_the_same_bytes() {
    assert!(saved(&town::town()) == file("town-2.relata"), "format 2 is written in other bytes");
    let golden = File::parse(&file("town-2.relata"));
    assert!(golden.written_anew() == file("town-2.relata"));
    assert_eq!(golden.state_hash(), town::town().state_hash().unwrap());
}
