//! A database is a value: clones that go on by themselves.

use relata::{Changed, Database, Error, Id, Model, Overflow, Watch};
use serde::{Deserialize, Serialize};

use crate::support::state;

mod background;
mod panics;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(units: Unit), has_many(fans: Fan, via = city_name))]
struct City {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unit {
    #[model(unique)]
    label: u32,
    #[model(belongs_to, on_delete = set_default)]
    city_id: Id<City>,
    hits: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fan {
    #[model(belongs_to(City, key_to = name), deferred)]
    city_name: Option<String>,
    #[model(references_many, on_delete = set_null)]
    city_ids: Vec<Id<City>>,
}

fn empty() -> Database {
    Database::builder().model::<City>().model::<Unit>().model::<Fan>().build().unwrap()
}

fn city(name: &str) -> City {
    City { name: name.to_owned() }
}

fn unit(label: u32, city_id: Id<City>) -> Unit {
    Unit { label, city_id, hits: 0 }
}

/// A world with everything that a clone has to take along: slots that were used before, children out of the order of their
/// slots, a list with a hole in it, a default target, lists of ids.
fn world() -> (Database, Vec<Id<City>>) {
    let mut db = empty();
    let cities = db.insert_many(["Uruk", "Ur", "Lagash"].map(city)).unwrap();
    let units = db.insert_many((0..40).map(|n| unit(n, cities[n as usize % 3])).collect::<Vec<_>>()).unwrap();
    for gone in [3, 31, 7] {
        db.delete(units[gone]).unwrap();
    }
    db.relate(units[0], Unit::CITY, cities[1]).unwrap();
    db.place_before(units[9], Unit::CITY, units[6]).unwrap();
    db.set_default_target(Unit::CITY, Some(cities[2])).unwrap();
    db.insert(unit(99, cities[1])).unwrap();
    let fan = |name: Option<&str>, city_ids| Fan { city_name: name.map(str::to_owned), city_ids };
    db.insert_many([fan(Some("Ur"), vec![cities[2], cities[0], cities[2]]), fan(None, vec![cities[0]])]).unwrap();
    (db, cities)
}

/// Makes a few writes of every kind, and gives the ids that they have handed out.
fn go_on(db: &mut Database, cities: &[Id<City>]) -> Result<Vec<Id<Unit>>, Error> {
    let mut ids = Vec::new();
    for label in 200..206 {
        ids.push(db.insert(unit(label, cities[label as usize % 2]))?);
    }
    let unit_ids: Vec<Id<Unit>> = db.table::<Unit>()?.ids().collect();
    for id in unit_ids.iter().step_by(3) {
        db.delete(*id)?;
    }
    db.update(unit_ids[4], |row| row.label += 1_000)?;
    db.update(cities[1], |row| row.name = "Ur".into())?;
    db.set_default_target(Unit::CITY, Some(cities[2]))?;
    let refused = db.insert(unit(db.get(unit_ids[1])?.label, cities[0]));
    assert!(refused.is_err(), "a clone has its own unique keys");
    let fan: Id<Fan> = db.table::<Fan>()?.ids().next().unwrap();
    db.update(fan, |row| row.city_ids.rotate_left(1))?;
    db.insert(city("Eridu"))?;
    ids.push(db.reserve::<Unit>()?);
    Ok(ids)
}

/// behaviour C1: A clone is equal to its original in all but its subscribers [..] the same operations on both give the same
/// ids.
#[test]
fn both_go_on_with_the_same_ids() {
    let (mut db, cities) = world();
    let mut clone = db.clone();
    assert_eq!(clone.state_hash(), db.state_hash());
    assert!(state(&clone) == state(&db));
    assert_eq!(clone.check(), Ok(()));

    let ids = go_on(&mut db, &cities).unwrap();
    assert_eq!(clone.check(), Ok(()));
    assert_ne!(clone.state_hash(), db.state_hash(), "neither knows of the other");
    assert_eq!(go_on(&mut clone, &cities).unwrap(), ids);
    assert_eq!(clone.state_hash(), db.state_hash());
    assert_eq!(clone.check(), db.check(), "an id is reserved in each");
    let mut second = db.clone();
    drop((clone, db));
    second.cancel(*ids.last().unwrap()).unwrap();
    assert_eq!(second.check(), Ok(()));
}

/// behaviour C1: what was stored unchecked, and waits for its target, waits in a clone too
#[test]
fn what_is_unresolved_heals_in_each_by_itself() {
    let (mut db, cities) = world();
    let stale = {
        let mut other = db.clone();
        let id = other.insert(city("Kish")).unwrap();
        assert!(db.get(id).is_err());
        id
    };
    let fans = [
        Fan { city_name: Some("Nippur".to_owned()), city_ids: vec![cities[0], stale] },
        Fan { city_name: Some("Nippur".to_owned()), city_ids: vec![] },
    ];
    let ids = db.insert_many_unchecked(fans).unwrap();
    let mut clone = db.clone();
    assert_eq!(clone.check().unwrap_err(), db.check().unwrap_err());
    let nippur = clone.insert(city("Nippur")).unwrap();
    assert_eq!(nippur, stale, "the id that came next, as if nothing had been tried");
    assert_eq!(clone.check(), Ok(()));
    assert_eq!(clone.children(nippur, City::FANS).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), ids);
    assert_eq!(db.check().unwrap_err().len(), 3, "it waits here still");
}

/// behaviour C2: Subscribers stay with the original
#[test]
fn subscribers_stay_with_the_original() {
    let (mut db, cities) = world();
    let everything = db.subscribe(Watch::everything(), 10, Overflow::Close).unwrap();
    let mut clone = db.clone();
    clone.insert(unit(300, cities[0])).unwrap();
    clone.iter_mut::<Unit>().unwrap().for_each(|(_, unit)| *unit.hits += 1);
    assert!(everything.try_recv().is_err(), "a clone tells nobody");
    let id = db.insert(unit(300, cities[0])).unwrap();
    assert_eq!(everything.try_recv().unwrap().changes[0], Changed::Inserted(id.erase()));
    drop(clone);
    db.delete(id).unwrap();
    assert_eq!(everything.try_recv().unwrap().changes.last(), Some(&Changed::Removed(id.erase())));

    // Put in its place, a clone has its own subscribers, which are none.
    db = db.clone();
    db.insert(unit(300, cities[0])).unwrap();
    assert_eq!(everything.recv(), Err(std::sync::mpsc::RecvError));
    assert_eq!(everything.missed(), 0);
}

/// behaviour C3: The history is taken along, and each of the two undoes and redoes by itself.
#[test]
fn each_undoes_by_itself() {
    let (mut db, cities) = world();
    db.keep_history(3).unwrap();
    let mut states = vec![db.state_hash().unwrap()];
    let units: Vec<Id<Unit>> = db.table::<Unit>().unwrap().ids().collect();
    db.delete(units[0]).unwrap();
    states.push(db.state_hash().unwrap());
    db.update(units[1], |row| row.hits = 9).unwrap();
    *db.get_mut(units[1]).unwrap().hits += 1;
    states.push(db.state_hash().unwrap());
    db.update(units[2], |row| row.label = 500).unwrap();
    states.push(db.state_hash().unwrap());
    assert!(db.undo().unwrap());

    let mut clone = db.clone();
    assert_eq!((clone.history(), clone.state_hash().unwrap()), ((2, 1), states[2]));
    assert!(clone.undo().unwrap());
    assert!(clone.undo().unwrap());
    assert!(clone.get(units[0]).is_ok() && db.get(units[0]).is_err(), "the removed row is back in one of the two");
    assert_eq!(clone.get(units[0]).unwrap().label, 0);
    assert_eq!(db.history(), (2, 1));

    assert!(db.redo().unwrap());
    assert_eq!(db.state_hash().unwrap(), states[3]);
    for _ in 0..3 {
        assert!(clone.redo().unwrap());
    }
    assert_eq!(clone.state_hash(), db.state_hash());

    // What falls out of one history gives its slot back there, at the same step.
    for db in [&mut db, &mut clone] {
        let ids: Vec<_> = (0..4).map(|n| db.insert(unit(600 + n, cities[0])).unwrap()).collect();
        assert_eq!(ids[1].to_string(), units[0].to_string().replace("v1", "v3"));
        while db.undo().unwrap() {}
        assert_eq!(db.check(), Ok(()));
    }
    assert_eq!(clone.state_hash(), db.state_hash());
}

/// behaviour C4: While a transaction is open, a clone is what a rollback would leave.
#[test]
fn a_clone_of_an_open_transaction_is_the_state_before_it() {
    let (mut db, cities) = world();
    let first: Id<Unit> = db.table::<Unit>().unwrap().ids().next().unwrap();
    let before: Vec<_> = db.iter::<Unit>().map(|(id, row)| (id, row.clone())).collect();
    let mut tx = db.begin_deferred().unwrap();
    let new = tx.insert(unit(700, cities[0])).unwrap();
    tx.insert(Fan { city_name: Some("Nippur".to_owned()), city_ids: vec![] }).unwrap();
    tx.update(first, |row| row.hits = 77).unwrap();
    tx.reserve::<City>().unwrap();
    let mut savepoint = tx.begin();
    savepoint.delete(first).unwrap();

    let mut clone = savepoint.clone();
    assert_eq!(clone.check(), Ok(()));
    assert!(!clone.contains(new), "not even its id resolves");
    assert_eq!(clone.iter::<Unit>().map(|(id, row)| (id, row.clone())).collect::<Vec<_>>(), before);
    assert!(clone.begin().is_ok(), "no transaction is open in it");
    assert!(!savepoint.contains(first) && savepoint.contains(new), "this one goes on");
    savepoint.rollback();
    tx.rollback();
    assert_eq!(clone.state_hash(), db.state_hash());
    assert_eq!(clone.insert(unit(700, cities[0])), db.insert(unit(700, cities[0])));

    // A guard that was forgotten is no other.
    std::mem::forget(db.begin().unwrap());
    db.insert(unit(701, cities[0])).unwrap();
    let clone = db.clone();
    db.abandon();
    assert_eq!(clone.state_hash(), db.state_hash());
}

/// behaviour C6: What is tried on a clone leaves no trace, the ids to come included
///
/// fault B8
#[test]
fn what_was_tried_leaves_no_trace() {
    let (mut db, cities) = world();
    let (mut untried, _) = world();
    for label in 800..820 {
        let mut trial = db.clone();
        trial.insert(unit(label, cities[0])).unwrap();
        trial.delete(cities[0]).unwrap();
    }
    assert_eq!(db.state_hash(), untried.state_hash());
    assert_eq!(go_on(&mut db, &cities), go_on(&mut untried, &cities));
    // A transaction that is rolled back uses ids up.
    let next = |db: &Database| db.clone().insert(unit(900, cities[0])).unwrap();
    let expected = next(&db);
    let mut tx = db.begin().unwrap();
    tx.insert(unit(900, cities[0])).unwrap();
    tx.rollback();
    assert_ne!(next(&db), expected);
    // Put in place, a clone is the database from then on.
    let mut trial = untried.clone();
    let id = trial.insert(unit(900, cities[0])).unwrap();
    untried = trial;
    assert_eq!(untried.get(id).unwrap().label, 900);
}

/// behaviour C1: a clone can go to another thread and be read by several
#[test]
fn a_clone_goes_to_another_thread() {
    fn is_send_and_sync<T: Send + Sync + 'static>() {}
    is_send_and_sync::<Database>();
    let (mut db, cities) = world();
    let clone = db.clone();
    let before = db.state_hash();
    let thread = std::thread::spawn(move || clone.state_hash());
    go_on(&mut db, &cities).unwrap();
    assert_eq!(thread.join().unwrap(), before);
}
