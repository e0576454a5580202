//! Small things that were missing.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct City {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tour {
    #[model(belongs_to)]
    start_id: Id<City>,
    #[model(references_many)]
    city_ids: Vec<Id<City>>,
}

// fault D4: a key has an inverse as a list has, a list is named in the plural
#[test]
fn relations_have_inverses_without_a_declaration() {
    let mut db = Database::builder().model::<City>().model::<Tour>().build().unwrap();
    let [oslo, bergen] = ["Oslo", "Bergen"].map(|name| db.insert(City { name: name.into() }).unwrap());
    let tour = db.insert(Tour { start_id: oslo, city_ids: vec![oslo, bergen] }).unwrap();
    let starts = |id| db.children(id, Tour::START.inverse()).unwrap().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!((starts(oslo), starts(bergen)), (vec![tour], vec![]));
    assert_eq!(db.related(tour, Tour::CITIES).unwrap().len(), 2);
    assert_eq!(db.children(bergen, Tour::CITIES.inverse()).unwrap().len(), 1);
}

// fault D4: a transaction says whether it has changed anything
#[test]
fn a_transaction_says_whether_it_has_changed_anything() {
    let mut db = Database::builder().model::<City>().model::<Tour>().build().unwrap();
    let mut tx = db.begin().unwrap();
    let _ = tx.insert(Tour { start_id: Id::null(), city_ids: vec![] });
    assert!(!tx.has_changes());
    tx.insert(City { name: "Oslo".into() }).unwrap();
    assert!(tx.has_changes());
    let mut inner = tx.begin();
    assert!(!inner.has_changes());
    inner.reserve::<City>().unwrap();
    assert!(inner.has_changes());
    inner.rollback();
    assert!(tx.has_changes());
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(ships: Ship))]
struct Fleet {
    ready: usize,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ship {
    #[model(belongs_to)]
    fleet_id: Option<Id<Fleet>>,
    x: u32,
}

fn fleets() -> (Database, Id<Fleet>, Vec<Id<Ship>>) {
    let mut db = Database::builder().model::<Fleet>().model::<Ship>().build().unwrap();
    let fleet = db.insert(Fleet { ready: 0 }).unwrap();
    let ships = db.insert_many([0, 1, 2].map(|x| Ship { fleet_id: Some(fleet), x })).unwrap();
    (db, fleet, ships)
}

// fault C6: who refers to a row can be asked where tables are split
#[test]
fn a_split_knows_who_refers_to_a_row() {
    let (mut db, fleet, ships) = fleets();
    db.insert(Ship { fleet_id: None, x: 9 }).unwrap();
    let (mut fleets, table) = db.split::<(&mut Fleet, &Ship)>().unwrap();
    for (id, fleet) in fleets.iter_mut() {
        *fleet.ready = table.sources(Ship::FLEET, id).filter(|ship| table.get(*ship).unwrap().x > 0).count();
    }
    assert_eq!(db.get(fleet).unwrap().ready, 2);
    let (_, mut table) = db.split::<(&Fleet, &mut Ship)>().unwrap();
    let mine: Vec<Id<Ship>> = table.sources(Ship::FLEET, fleet).collect();
    assert_eq!(mine, ships);
    *table.get_mut(mine[0]).unwrap().x = 5;
    // A stale target has no sources, whoever has its slot by now.
    for ship in &ships {
        db.unrelate(*ship, Ship::FLEET).unwrap();
    }
    db.delete(fleet).unwrap();
    let new = db.insert(Fleet { ready: 0 }).unwrap();
    db.relate(ships[1], Ship::FLEET, new).unwrap();
    let table = db.table::<Ship>().unwrap();
    assert_eq!((table.sources(Ship::FLEET, fleet).len(), table.sources(Ship::FLEET, new).len()), (0, 1));
}

// fault C6: the id without the row, a test that stops at the first
#[test]
fn ids_are_followed_and_tests_stop() {
    let (mut db, fleet, ships) = fleets();
    let loose = db.insert(Ship { fleet_id: None, x: 9 }).unwrap();
    assert_eq!(db.related_id(ships[0], Ship::FLEET).unwrap(), Some(fleet));
    assert_eq!(db.related_id(loose, Ship::FLEET).unwrap(), None);
    assert!(matches!(db.related_id(Id::null(), Ship::FLEET), Err(Error::NotFound { .. })));
    let dangling = db.insert_many_unchecked([Ship { fleet_id: Some("7v1".parse().unwrap()), x: 0 }]).unwrap()[0];
    assert!(matches!(db.related_id(dangling, Ship::FLEET), Err(Error::Unresolved { .. })));
    let mut asked = 0;
    let mut is_far = |x: u32| {
        asked += 1;
        x > 0
    };
    assert!(db.exists_where(fleet, Fleet::SHIPS, |ship| is_far(ship.x)).unwrap());
    assert_eq!(asked, 2);
    assert!(!db.exists_where(fleet, Fleet::SHIPS, |ship| ship.x > 2).unwrap());
    assert!(db.exists_where(Id::null(), Fleet::SHIPS, |_| true).is_err());
}

// fault C6: edits in place in a transaction are taken back with it, undone with it, and told
#[test]
fn edits_in_place_in_a_transaction_are_part_of_it() {
    let (mut db, fleet, ships) = fleets();
    let feed = db.subscribe(relata::Watch::table::<Ship>(), 9, relata::Overflow::Drop).unwrap();
    db.keep_history(9).unwrap();
    let xs = |db: &Database| db.iter::<Ship>().map(|(_, ship)| ship.x).collect::<Vec<_>>();
    let mut tx = db.begin().unwrap();
    *tx.get_mut(ships[0]).unwrap().x = 5;
    let mut savepoint = tx.begin();
    for (_, ship) in savepoint.iter_mut::<Ship>().unwrap() {
        *ship.x += 1;
    }
    assert_eq!(xs(&savepoint), [6, 2, 3]);
    savepoint.rollback();
    assert_eq!(xs(&tx), [5, 1, 2]);
    tx.update(ships[0], |ship| ship.fleet_id = None).unwrap();
    *tx.get_mut(ships[0]).unwrap().x += 1;
    assert!(matches!(tx.get_mut(Id::<Ship>::null()), Err(Error::NotFound { .. })));
    tx.commit().unwrap();
    assert_eq!(feed.try_recv().unwrap().changes, [relata::Changed::Updated(ships[0].erase())]);
    db.undo().unwrap();
    assert_eq!((xs(&db), db.get(ships[0]).unwrap().fleet_id), (vec![0, 1, 2], Some(fleet)));
    db.redo().unwrap();
    assert_eq!((xs(&db), db.get(ships[0]).unwrap().fleet_id, db.check()), (vec![6, 1, 2], None, Ok(())));
}
