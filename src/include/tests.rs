//! What following relations costs in probes of the indexes.

use serde::{Deserialize, Serialize};

use crate::index::probes;
use crate::{Database, Id, Model};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(cities: City))]
struct Country {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(streets: Street), belongs_to(Country, key_from(country_code), name = country))]
struct City {
    country_code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Street {
    #[model(belongs_to)]
    city_id: Id<City>,
    #[model(column)]
    number: usize,
}

/// One country, `cities` cities in it, `streets` streets in each of them.
fn map(cities: usize, streets: usize) -> (Database, Vec<Id<City>>, Vec<Id<Street>>) {
    let mut db = Database::builder().model::<Country>().model::<City>().model::<Street>().build().unwrap();
    db.insert(Country { code: "fr".into() }).unwrap();
    let city = City { country_code: "fr".into() };
    let cities = db.insert_many(vec![city; cities]).unwrap();
    let street = |city_id| (0..streets).map(move |number| Street { city_id, number });
    let in_each = cities.iter().copied().flat_map(street).collect::<Vec<_>>();
    let streets = db.insert_many(in_each).unwrap();
    (db, cities, streets)
}

#[test]
fn one_probe_for_each_source_and_hop_and_no_hashing() {
    let (db, cities, streets) = map(300, 3);
    // behaviour R31: "Sources that share a target each get it; resolving costs at most one index probe per source row
    // (a test counts probes, as LoopBack's tests count queries). No hashing where the key is an id."
    // Here it holds for natural keys as well: writing has found the target, reading follows the link.
    let hop = probes::during(|| {
        for pair in db.include(&cities, City::COUNTRY) {
            assert_eq!(pair.unwrap().1.code, "fr");
        }
    });
    assert_eq!(hop, (300, 0));
    let hops = probes::during(|| {
        let pairs = db.include(&streets, Street::CITY.then(City::COUNTRY)).to_vec().unwrap();
        assert!(pairs.iter().all(|(_, country)| country.code == "fr"));
    });
    assert_eq!(hops, (2 * 900, 0));
    let both = probes::during(|| drop(db.include(&cities, (City::COUNTRY, City::STREETS)).to_vec().unwrap()));
    assert_eq!(both, (2 * 300, 0));
    let tree = probes::during(|| {
        let pairs = db.include(&cities, City::STREETS.with(Street::CITY)).to_vec().unwrap();
        assert_eq!(pairs.into_iter().flat_map(|(_, streets)| streets).flatten().count(), 900);
    });
    assert_eq!(tree, (300 + 900, 0), "a list for each city, a link for each street");
    // The counter does count hashing.
    let found = probes::during(|| assert!(db.find(Country::BY_CODE, "fr").is_ok()));
    assert_eq!(found, (0, 1));
}

#[test]
fn only_the_blocks_that_are_asked_for_are_resolved() {
    let (db, cities, _) = map(1000, 0);
    // behaviour R40: "An empty input gives an empty result and touches nothing."
    assert_eq!(probes::during(|| assert!(db.include(&[], City::COUNTRY).next().is_none())), (0, 0));
    assert_eq!(probes::during(|| drop(db.include(&cities, City::COUNTRY))), (0, 0));
    assert_eq!(probes::during(|| assert!(db.include(&cities, City::COUNTRY).next().is_some())), (256, 0));
    let last = probes::during(|| {
        let mut view = db.include(&cities, City::COUNTRY);
        view.by_ref().take(600).for_each(|pair| assert!(pair.is_ok()));
        assert_eq!(view.len(), 400);
        assert_eq!(view.flatten().count(), 400);
    });
    assert_eq!(last, (1000, 0), "resuming in the middle of a block resolves it once");
}

#[test]
fn a_scope_by_a_predicate_on_a_column_touches_no_row() {
    let (db, cities, _) = map(300, 4);
    let touched = |read: &dyn Fn()| {
        let before = probes::touched();
        (probes::during(read), probes::touched() - before)
    };
    let by_column = touched(&|| {
        let odd = City::STREETS.filter_by(Street::FIELDS.number.is_in([1, 3]));
        assert_eq!(db.include(&cities, odd).map(|pair| pair.unwrap().1.len()).sum::<usize>(), 600);
    });
    assert_eq!(by_column, ((300, 0), 0));
    // The counter does count.
    let by_row = touched(&|| {
        let of_first = City::STREETS.filter_by(Street::FIELDS.city_id.eq(cities[0]));
        assert_eq!(db.include(&cities, of_first).map(|pair| pair.unwrap().1.len()).sum::<usize>(), 4);
    });
    assert_eq!(by_row, ((300, 0), 1200));
}
