//! Rows stored without checks: what stands wrong is found, errors instead of panics, and links that heal.

use relata::{Database, Error, Holder, Id, Missing, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(cities: City))]
struct Country {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct City {
    #[model(unique)]
    name: String,
    #[model(belongs_to(Country), name = country)]
    country_code: String,
    #[model(belongs_to)]
    twin_id: Option<Id<City>>,
}

fn city(name: &str, country: &str) -> City {
    City { name: name.into(), country_code: country.into(), twin_id: None }
}

fn flawed() -> (Database, Vec<Id<City>>) {
    let mut db = Database::builder().model::<Country>().model::<City>().build().unwrap();
    db.insert(Country { code: "is".into() }).unwrap();
    let rows = [city("a", "is"), city("b", "no"), city("a", "is"), city("c", "no")];
    let ids = db.insert_many_unchecked(rows).unwrap();
    (db, ids)
}

/// behaviour I17: check() finds every violation of every rule in a database loaded unchecked: source table, row,
/// relation, key
#[test]
fn check_lists_what_is_wrong() {
    let (db, ids) = flawed();
    let dangling = |id: Id<City>| Error::ForeignKeyViolation {
        model: "City",
        relation: "country",
        row: Some(id.erase()),
        target: "Country",
        key: "code = \"no\"".into(),
        why: Missing::NoSuchKey,
    };
    let duplicate = Error::UniqueViolation {
        model: "City",
        fields: &["name"],
        key: "\"a\" of 3v1".into(),
        existing: Holder::Row(ids[0].erase()),
    };
    assert_eq!(db.check(), Err(vec![duplicate, dangling(ids[1]), dangling(ids[3])]));
    assert_eq!(
        db.row(ids[1]).unwrap().country().unwrap_err().to_string(),
        "City 2v1: the target of `country` is missing: code = \"no\""
    );
    assert!(db.save_to(&mut Vec::new()).is_err());
}

#[test]
fn flaws_can_be_repaired_one_by_one() {
    let (mut db, ids) = flawed();
    // Other fields of a row with a standing violation can be changed (behaviour I5).
    db.update(ids[1], |city| city.name = "b2".into()).unwrap();
    db.update(ids[2], |city| city.name = "a2".into()).unwrap();
    assert_eq!(db.check().unwrap_err().len(), 2);
    // The missing target comes: whoever waited for it is linked.
    let norway = db.insert(Country { code: "no".into() }).unwrap();
    assert_eq!(db.check(), Ok(()));
    assert_eq!(db.row(ids[3]).unwrap().country().unwrap().id(), norway);
    assert!(matches!(db.delete(norway), Err(Error::RestrictViolation { sources: 2, .. })));
}

#[test]
fn a_key_change_can_bring_the_missing_target() {
    let (mut db, ids) = flawed();
    let other = db.insert(Country { code: "xx".into() }).unwrap();
    db.update(other, |country| country.code = "no".into()).unwrap();
    assert_eq!(db.row(ids[1]).unwrap().country().unwrap().id(), other);
    db.delete(ids[2]).unwrap();
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn an_id_that_is_filled_later_is_waited_for() {
    let mut db = Database::builder().model::<Country>().model::<City>().build().unwrap();
    db.insert(Country { code: "is".into() }).unwrap();
    let later = db.reserve::<City>().unwrap();
    let early = db.insert_many_unchecked([City { twin_id: Some(later), ..city("a", "is") }]).unwrap()[0];
    assert!(matches!(db.row(early).unwrap().twin(), Err(Error::Unresolved { relation: "twin", .. })));
    db.insert_at(later, city("b", "is")).unwrap();
    assert_eq!(db.row(early).unwrap().twin().unwrap().unwrap().id(), later);
    assert_eq!(db.check(), Ok(()));
    // A row that waits can leave.
    let gone = db.insert_many_unchecked([city("c", "??")]).unwrap()[0];
    db.delete(gone).unwrap();
    assert_eq!(db.check(), Ok(()));
}

/// behaviour R16: Listing returns only the owner's rows, in the order in which they joined this owner
///
/// All join at once when the owner comes, and then it is in slot order, as many as there may be.
#[test]
fn those_that_wait_for_one_row_join_it_in_slot_order() {
    let mut db = Database::builder().model::<Country>().model::<City>().build().unwrap();
    let rows: Vec<City> = (0..200).map(|n| city(&n.to_string(), "no")).collect();
    let ids = db.insert_many_unchecked(rows).unwrap();
    db.delete(ids[7]).unwrap();
    let norway = db.insert(Country { code: "no".into() }).unwrap();
    let waiting: Vec<Id<City>> = ids.into_iter().filter(|id| db.contains(*id)).collect();
    let joined = db.children(norway, Country::CITIES).unwrap();
    assert!(joined.map(|(id, _)| id).eq(waiting));
    assert_eq!(db.check(), Ok(()));
}

/// What is found under a key that is there twice does not depend on how a hash table lies in memory.
#[test]
fn of_two_rows_with_one_key_the_lower_slot_is_found() {
    for _ in 0..20 {
        let mut db = Database::builder().model::<Country>().model::<City>().build().unwrap();
        db.insert(Country { code: "is".into() }).unwrap();
        let ids = db.insert_many_unchecked(vec![city("a", "is"); 10]).unwrap();
        assert_eq!(db.find(City::BY_NAME, "a").unwrap().0, ids[0]);
        db.delete(ids[0]).unwrap();
        assert_eq!(db.find(City::BY_NAME, "a").unwrap().0, ids[1]);
    }
}

/// behaviour I5: a key that is there twice already is no reason to refuse a change of other fields, in a batch either
#[test]
fn standing_repeats_do_not_stop_a_batch() {
    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    #[model(has_many(pets: Pet))]
    struct Owner {}
    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    struct Pet {
        #[model(belongs_to)]
        owner_id: Id<Owner>,
        #[model(unique)]
        name: String,
        age: u32,
    }
    let mut db = Database::builder().model::<Owner>().model::<Pet>().build().unwrap();
    let owner_id = db.insert(Owner {}).unwrap();
    let pet = |name: &str| Pet { owner_id, name: name.into(), age: 1 };
    db.insert_many_unchecked([pet("a"), pet("a"), pet("b")]).unwrap();
    assert_eq!(db.update_all(owner_id, Owner::PETS, |pet| pet.age += 1), Ok(3));
    // A repeat that would be new is refused, whichever of the two comes first.
    let mut names = ["a", "a", "a"].into_iter();
    assert!(db.update_all(owner_id, Owner::PETS, |pet| pet.name = names.next().unwrap().into()).is_err());
    let mut names = ["b", "c", "b"].into_iter();
    assert!(db.update_all(owner_id, Owner::PETS, |pet| pet.name = names.next().unwrap().into()).is_err());
    assert!(db.iter::<Pet>().all(|(_, pet)| pet.age == 2));
}
