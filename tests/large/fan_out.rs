//! Ten million rows that refer to one.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use crate::rows;

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(people: Person))]
struct City {
    number: u32,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Person {
    #[model(belongs_to, on_delete = cascade)]
    city_id: Id<City>,
}

fn world() -> (Database, [Id<City>; 2]) {
    let mut db = Database::builder().model::<City>().model::<Person>().build().unwrap();
    let cities = [1, 2].map(|number| db.insert(City { number }).unwrap());
    (db, cities)
}

/// Every list is walked to its end: so many rows, in the order in which they joined, each of them the city's.
fn assert_people(db: &Database, city: Id<City>, expected: impl Iterator<Item = Id<Person>>) {
    assert!(db.children(city, City::PEOPLE).unwrap().map(|(id, _)| id).eq(expected));
}

/// HOSTILE 33: Ten million sources of one target: insert, move, delete each amortised O(1); delete of the target linear.
///
/// The run is the evidence: were any of these a walk over the target's list, it would take days.
#[test]
fn many_sources_of_one_target_come_move_and_go_one_by_one() {
    let count = rows(10_000_000);
    let (mut db, [hot, other]) = world();
    let ids: Vec<Id<Person>> = (0..count).map(|_| db.insert(Person { city_id: hot }).unwrap()).collect();
    assert_eq!(db.children(hot, City::PEOPLE).unwrap().len(), count);

    // Every second one moves away and comes back: it comes last then.
    for id in ids.iter().skip(1).step_by(2) {
        db.relate(*id, Person::CITY, other).unwrap();
    }
    assert_people(&db, other, ids.iter().skip(1).step_by(2).copied());
    for id in ids.iter().skip(1).step_by(2) {
        db.update(*id, |person| person.city_id = hot).unwrap();
    }
    let (even, odd) = (|| ids.iter().step_by(2).copied(), || ids.iter().skip(1).step_by(2).copied());
    assert_people(&db, hot, even().chain(odd()));

    // Every second one of those that have stayed goes, from the front, then the moved ones, from the back.
    for id in even().step_by(2) {
        db.delete(id).unwrap();
    }
    for id in odd().rev() {
        db.delete(id).unwrap();
    }
    assert_people(&db, hot, even().skip(1).step_by(2));
    assert_eq!(db.check(), Ok(()));

    let left = db.len::<Person>();
    assert_eq!(left, count.div_ceil(2) / 2);
    assert_eq!(db.plan_delete(hot).unwrap().removed.len(), left);
    assert_eq!(db.delete(hot).unwrap().removed.len(), left);
    assert_eq!((db.len::<Person>(), db.len::<City>(), db.check()), (0, 1, Ok(())));
}

/// HOSTILE 33: in batches, and inside transactions, where lists keep their holes until the end.
#[test]
fn many_sources_of_one_target_in_batches_and_transactions() {
    let count = rows(10_000_000);
    let (mut db, [hot, other]) = world();
    let mut ids = Vec::with_capacity(count);
    for _ in 0..10 {
        ids.extend(db.insert_many(vec![Person { city_id: hot }; count / 10]).unwrap());
    }
    let sample = rows(1_000_000);
    let mut tx = db.begin().unwrap();
    for id in &ids[..sample] {
        tx.relate(*id, Person::CITY, other).unwrap();
    }
    // The first of many: none of these waits for the holes before it.
    for id in &ids[..sample] {
        tx.relate(*id, Person::CITY, hot).unwrap();
        tx.delete(*id).unwrap();
    }
    tx.rollback();
    assert_people(&db, hot, ids.iter().copied());

    let mut tx = db.begin().unwrap();
    ids.drain(..sample).for_each(|id| drop(tx.delete(id).unwrap()));
    tx.commit().unwrap();
    assert_people(&db, hot, ids.iter().copied());
    assert_eq!(db.delete_all(hot, City::PEOPLE).unwrap(), ids.len());
    assert!(matches!(db.get(ids[0]), Err(Error::NotFound { .. })));
    assert_eq!((db.len::<Person>(), db.check()), (0, Ok(())));
}
