//! What a join costs: probes of the indexes, and rows that are touched.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use crate::index::probes;
use crate::{Database, Id, Model};

thread_local! {
    static TOUCHES: Cell<usize> = const { Cell::new(0) };
}

/// Counts that a join has touched a row, on this thread.
pub(super) fn count_touch() {
    TOUCHES.set(TOUCHES.get() + 1);
}

/// The probes of links, of hash tables, and the touches of rows while `read` runs.
fn during(read: impl FnOnce()) -> (usize, usize, usize) {
    let before = TOUCHES.get();
    let (links, hashed) = probes::during(read);
    (links, hashed, TOUCHES.get() - before)
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(cities: City))]
struct Country {
    #[model(primary_key)]
    code: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(streets: Street))]
struct City {
    #[model(belongs_to(Country), name = country)]
    country_code: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Street {
    number: usize,
    #[model(belongs_to)]
    city_id: Id<City>,
}

/// Three countries, 300 cities in each, three streets in each of them.
fn map() -> Database {
    let mut db = Database::builder().model::<Country>().model::<City>().model::<Street>().build().unwrap();
    db.insert_many([0, 1, 2].map(|code| Country { code })).unwrap();
    let cities = db.insert_many((0..900).map(|n| City { country_code: n / 300 }).collect::<Vec<_>>()).unwrap();
    let streets = cities.iter().flat_map(|city| vec![*city; 3]).zip(0..);
    db.insert_many(streets.map(|(city_id, number)| Street { number, city_id }).collect::<Vec<_>>()).unwrap();
    db
}

#[test]
fn one_probe_for_each_row_and_hop_and_no_hashing() {
    let db = map();
    // behaviour R72: "a hop costs at most one probe for each result, and no hashing"
    let hops = during(|| assert_eq!(db.join(Street::CITY).join(City::COUNTRY).iter().unwrap().count(), 2700));
    assert_eq!(hops, (2 * 2700, 0, 0), "no row is touched for a count");
    let chain = during(|| assert_eq!(db.join(Street::CITY.then(City::COUNTRY)).iter().unwrap().count(), 2700));
    assert_eq!(chain, (2 * 2700, 0, 0));
    let lists = during(|| assert_eq!(db.join(Country::CITIES).join(City::STREETS).iter().unwrap().count(), 2700));
    // A list that goes over the end of a block is looked up again for the next: once in 256 results at most.
    let (links, ..) = lists;
    assert!((903..=903 + 900_usize.div_ceil(256) + 2700_usize.div_ceil(256)).contains(&links), "{links}");
    assert_eq!((lists.1, lists.2), (0, 0));
}

#[test]
fn what_a_filter_drops_is_not_followed_and_only_rows_that_are_read_are_touched() {
    let db = map();
    let first = db.find(Country::BY_CODE, &0).unwrap().0;
    // behaviour R72: "A row is touched only where it is read"
    let by_id = during(|| {
        let join = db
            .rows::<City>()
            .join(City::COUNTRY)
            .filter(|(_, country)| country.id() == first)
            .join_from(|(city, _)| city, City::STREETS);
        assert_eq!(join.iter().unwrap().count(), 900);
    });
    assert_eq!((by_id.1, by_id.2), (0, 0), "a filter that asks for ids touches no row");
    assert!((1200..1210).contains(&by_id.0), "900 links, the lists of 300: {}", by_id.0);
    let by_row = during(|| {
        let join = db.rows::<Street>().filter(|street| street.number < 27).join(Street::CITY).join(City::COUNTRY);
        assert_eq!(join.iter().unwrap().map(|(.., country)| country.code).max(), Some(0));
    });
    assert_eq!(by_row, (2 * 27, 0, 2700 + 27));
}

#[test]
fn only_the_blocks_that_are_asked_for_are_filled() {
    let db = map();
    assert_eq!(during(|| drop(db.join(Street::CITY).iter().unwrap())), (0, 0, 0));
    assert_eq!(during(|| assert!(db.join(Street::CITY).iter().unwrap().next().is_some())), (256, 0, 0));
    let last = during(|| {
        // behaviour R40: "touches nothing"; here, nothing that is not asked for.
        let mut iter = db.join(Street::CITY).iter().unwrap();
        assert_eq!(iter.by_ref().take(600).count(), 600);
        assert_eq!(iter.count(), 2100);
    });
    assert_eq!(last, (2700, 0, 0), "going on in the middle of a block fills it once");
}

#[test]
fn a_left_join_costs_what_a_join_does() {
    let mut db = map();
    // behaviour R72: "a hop costs at most one probe for each result, and no hashing"
    let ids = db.insert_many([3, 4].map(|code| Country { code })).unwrap();
    let hops = during(|| assert_eq!(db.rows::<Street>().left_join(Street::CITY).iter().unwrap().count(), 2700));
    assert_eq!(hops, (2700, 0, 0), "no row is touched for a count");
    let empty = during(|| {
        let join = db.rows_at(&ids).left_join(Country::CITIES).left_join(City::STREETS);
        assert_eq!(join.filter(|(_, city, street)| city.is_none() && street.is_none()).iter().unwrap().count(), 2);
    });
    assert_eq!(empty, (4, 0, 0), "nor to see that there is none");
    let lists = during(|| {
        let join = db.rows::<Country>().left_join(Country::CITIES).left_join(City::STREETS);
        assert_eq!(join.iter().unwrap().count(), 2702);
    });
    // As for a join: a list that goes over the end of a block is looked up again.
    let few = 5 + 902..=5 + 902 + 902_usize.div_ceil(256) + 2702_usize.div_ceil(256);
    assert!(few.contains(&lists.0) && (lists.1, lists.2) == (0, 0), "{lists:?}");
}
