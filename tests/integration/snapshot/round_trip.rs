//! What comes back.

use relata::{Database, Error, Id, Model, SnapshotError};
use serde::{Deserialize, Serialize};

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
        let children = |db: &Database| db.children(id, Part::PARTS).unwrap().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(children(left), children(right));
    }
    assert_eq!(saved(left), saved(right), "the same state, the same bytes");
    for n in 0..8 {
        let row = part(&format!("later {n}"), None);
        assert_eq!(left.insert(row.clone()), right.insert(row), "the same future ids");
    }
}

/// behaviour R16: Listing returns only the owner's rows, in the order in which they joined this owner; that order
/// survives save and load.
#[test]
fn everything_comes_back_and_goes_on_as_if_nothing_had_been_saved() {
    let mut db = sample();
    let car = db.find(Part::BY_LABEL, "car").unwrap().0;
    let children = |db: &Database| -> Vec<_> {
        db.children(car, Part::PARTS).unwrap().map(|(_, part)| part.label.clone().unwrap()).collect()
    };
    assert_eq!(children(&db), ["car", "door"], "in slot order door comes later too");
    let wheel = db.insert(part("wheel", Some(car))).unwrap();
    db.update(car, |car| car.whole_id = None).unwrap();
    db.update(car, |own| own.whole_id = Some(car)).unwrap();
    assert_eq!(children(&db), ["door", "wheel", "car"], "the car has joined itself again");

    let mut back = load(&saved(&db)).unwrap();
    assert_eq!(children(&back), ["door", "wheel", "car"]);
    assert_eq!(back.get(wheel), db.get(wheel));
    assert_same(&mut db, &mut back);
}

#[test]
fn an_empty_database_and_empty_tables_come_back() {
    let mut none = Database::builder().build().unwrap();
    let bytes = saved(&none);
    assert_eq!(saved(&Database::builder().load_from(&bytes[..]).unwrap()), bytes);
    assert!(none.check().is_ok());
    none = models().build().unwrap();
    assert_same(&mut none, &mut load(&saved(&models().build().unwrap())).unwrap());
}
