//! Updating: keys are checked and re-indexed, other fields touch nothing, owners change hands at once.

use relata::{Database, Error, Id, Missing, Model};
use serde::{Deserialize, Serialize};

use crate::support::refused;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(cities: City), has_many(twins: Country, via = twin))]
struct Country {
    #[model(primary_key)]
    code: String,
    name: String,
    #[model(belongs_to(Country), name = twin)]
    twin_code: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(country_code, name))]
struct City {
    #[model(belongs_to(Country), name = country)]
    country_code: String,
    name: String,
    inhabitants: u32,
    #[model(belongs_to)]
    twin_id: Option<Id<City>>,
}

fn world() -> (Database, Vec<Id<Country>>, Vec<Id<City>>) {
    let mut db = Database::builder().model::<Country>().model::<City>().build().unwrap();
    let countries = db.insert_many(["is", "no", "se"].map(country)).unwrap();
    let cities = db.insert_many([city("is", "a"), city("is", "b"), city("no", "a")]).unwrap();
    (db, countries, cities)
}

fn country(code: &str) -> Country {
    Country { code: code.into(), name: code.to_uppercase(), twin_code: None }
}

fn city(country: &str, name: &str) -> City {
    City { country_code: country.into(), name: name.into(), inhabitants: 1, twin_id: None }
}

fn names(db: &Database, country: Id<Country>) -> Vec<String> {
    db.row(country).unwrap().cities().map(|city| city.name.clone()).collect()
}

/// behaviour R21: Changing a source's foreign key moves it between owners, in both directions' views at once
/// behaviour R9: Nothing is cached: after any write the accessor shows the new truth
#[test]
fn a_changed_key_moves_the_row() {
    let (mut db, countries, cities) = world();
    db.update(cities[0], |city| city.country_code = "se".into()).unwrap();
    assert_eq!(names(&db, countries[0]), ["b"]);
    assert_eq!(names(&db, countries[2]), ["a"]);
    assert_eq!(db.row(cities[0]).unwrap().country().unwrap().name, "SE");
    // Back: it joins at the end.
    db.update(cities[0], |city| city.country_code = "is".into()).unwrap();
    assert_eq!(names(&db, countries[0]), ["b", "a"]);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I1: update of a source whose key names no target is refused
/// behaviour I20: on update too
#[test]
fn refused_updates_change_nothing() {
    let (mut db, _, cities) = world();
    let error = refused(&mut db, |db| db.update(cities[0], |city| city.country_code = "dk".into()));
    assert_eq!(
        error,
        Error::ForeignKeyViolation {
            model: "City",
            relation: "country",
            row: Some(cities[0].erase()),
            target: "Country",
            key: "code = \"dk\"".into(),
            why: Missing::NoSuchKey,
        }
    );
    let error = refused(&mut db, |db| db.update(cities[0], |city| city.name = "b".into()));
    assert_eq!(error.to_string(), "`City`: country_code, name = (\"is\", \"b\") is taken by City 2v1");
    let error = refused(&mut db, |db| db.replace(cities[2], city("is", "a")));
    assert!(matches!(error, Error::UniqueViolation { .. }));
    let error = refused(&mut db, |db| {
        db.set(cities[2], City::FIELDS.name, "a".into())
            .and_then(|_| db.set(cities[2], City::FIELDS.country_code, "is".into()))
    });
    assert!(matches!(error, Error::UniqueViolation { .. }));
}

/// behaviour I4: Changing a natural key that sources refer to is restricted; an equal value is no change
/// behaviour R7: a target's key that sources refer to by natural key follows its on_update action
#[test]
fn a_key_that_is_referred_to_stays() {
    let (mut db, countries, _) = world();
    let error = refused(&mut db, |db| db.update(countries[0], |country| country.code = "xx".into()));
    assert_eq!(
        error.to_string(),
        "Country 1v1 is referred to by 2 row(s) over `City`.country, the first is City 1v1: changing its key is restricted"
    );
    db.update(countries[0], |country| country.code = "is".into()).unwrap();
    db.update(countries[0], |country| country.name = "Ísland".into()).unwrap();
    // Nothing refers to Sweden.
    db.update(countries[2], |country| country.code = "sv".into()).unwrap();
    assert!(db.find(Country::BY_CODE, "se").is_err());
    assert_eq!(db.find(Country::BY_CODE, "sv").unwrap().0, countries[2]);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I15: A row may refer to itself
/// behaviour R23: A relation to the model itself works in both directions
#[test]
fn a_row_that_refers_to_itself_by_its_key_keeps_pace_with_it() {
    let (mut db, countries, _) = world();
    let sweden = countries[2];
    db.update(sweden, |country| country.twin_code = Some("se".into())).unwrap();
    assert_eq!(db.row(sweden).unwrap().twin().unwrap().unwrap().id(), sweden);
    let error = refused(&mut db, |db| db.update(sweden, |country| country.code = "sv".into()));
    assert!(matches!(error, Error::ForeignKeyViolation { relation: "twin", .. }), "{error}");
    db.update(sweden, |country| {
        country.code = "sv".into();
        country.twin_code = Some("sv".into());
    })
    .unwrap();
    assert_eq!(db.row(sweden).unwrap().twins().map(|twin| twin.id()).collect::<Vec<_>>(), [sweden]);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I5: Updating fields that are no key runs no check of other tables
/// behaviour R16: in the order in which they joined this owner
#[test]
fn other_fields_leave_the_order_of_children() {
    let (mut db, countries, cities) = world();
    db.update(cities[0], |city| city.inhabitants = 5).unwrap();
    db.set(cities[0], City::FIELDS.inhabitants, 6).unwrap();
    assert_eq!(names(&db, countries[0]), ["a", "b"]);
    assert_eq!(db.update(cities[0], |city| city.inhabitants), Ok(6));
}

/// behaviour R5: Setting a relation on a stored row changes its foreign key through the same checks as an update. Setting
/// it to an unstored or deleted target is refused
#[test]
fn a_relation_can_be_set_and_cleared() {
    let (mut db, countries, cities) = world();
    db.relate(cities[0], City::COUNTRY, countries[2]).unwrap();
    assert_eq!(db.get(cities[0]).unwrap().country_code, "se");
    db.relate(cities[0], City::TWIN, cities[1]).unwrap();
    assert_eq!(db.get(cities[0]).unwrap().twin_id, Some(cities[1]));
    db.unrelate(cities[0], City::TWIN).unwrap();
    assert_eq!(db.get(cities[0]).unwrap().twin_id, None);
    db.delete(countries[1]).unwrap_err();
    let gone = db.insert(country("xx")).unwrap();
    db.delete(gone).unwrap();
    let error = refused(&mut db, |db| db.relate(cities[0], City::COUNTRY, gone));
    assert!(matches!(error, Error::NotFound { why: Missing::Removed, .. }), "{error}");
    let promised = db.reserve::<Country>().unwrap();
    let error = db.relate(cities[0], City::COUNTRY, promised).unwrap_err();
    assert!(matches!(error, Error::NotFound { why: Missing::Reserved, .. }), "{error}");
    db.cancel(promised).unwrap();
    assert_eq!((db.get(cities[0]).unwrap().country_code.as_str(), db.check()), ("se", Ok(())));
}

/// behaviour I14: upsert by a unique key and replace of a whole row never bypass a check
#[test]
fn upsert_inserts_or_replaces_through_all_checks() {
    let (mut db, countries, _) = world();
    let (id, old) = db.upsert(Country::BY_CODE, Country { name: "Iceland".into(), ..country("is") }).unwrap();
    assert_eq!((id, old.unwrap().name), (countries[0], "IS".into()));
    let (new, old) = db.upsert(Country::BY_CODE, country("dk")).unwrap();
    assert_eq!((old, db.get(new).unwrap().code.as_str()), (None, "dk"));
    let error = refused(&mut db, |db| {
        db.upsert(City::BY_COUNTRY_CODE_NAME, City { twin_id: Some(Id::null()), ..city("is", "a") })
    });
    assert!(matches!(error, Error::ForeignKeyViolation { relation: "twin", why: Missing::Null, .. }), "{error}");
}

/// A stale id is an error for every call that takes one.
#[test]
fn stale_ids_reach_nothing() {
    let (mut db, countries, cities) = world();
    db.delete(cities[0]).unwrap();
    let reused = db.insert(city("is", "z")).unwrap();
    assert_eq!(reused.key().max(cities[0].key()), reused.key(), "the slot is used again");
    let stale = cities[0];
    assert!(
        refused(&mut db, |db| db.update(stale, |city| city.inhabitants = 9)).to_string().contains("the slot is now v3")
    );
    refused(&mut db, |db| db.replace(stale, city("is", "q")));
    refused(&mut db, |db| db.delete(stale));
    refused(&mut db, |db| db.plan_delete(stale));
    refused(&mut db, |db| db.get_mut(stale).map(|_| ()));
    refused(&mut db, |db| db.relate(stale, City::COUNTRY, countries[1]));
    assert!(db.get(stale).is_err() && db.row(stale).is_err() && !db.contains(stale));
}

/// Fields that no index covers are changed in place, several tables at once.
#[test]
fn tables_can_be_split() {
    let (mut db, countries, cities) = world();
    let (mut cities_mut, countries_read) = db.split::<(&mut City, &Country)>().unwrap();
    for (_, city) in cities_mut.iter_mut() {
        let country = countries_read.find(Country::BY_CODE, city.country_code.as_str()).unwrap();
        *city.inhabitants = if country.0 == countries[0] { 7 } else { 8 };
    }
    *cities_mut.get_mut(cities[2]).unwrap().inhabitants += 1;
    let counts: Vec<u32> = db.iter::<City>().map(|(_, city)| city.inhabitants).collect();
    assert_eq!(counts, [7, 7, 9]);
    let error = db.split::<(&mut City, &City)>().err().unwrap();
    assert_eq!(error.to_string(), "`City` is borrowed twice in one split");
    assert_eq!(db.check(), Ok(()));
}
