//! Small things that were missing.

use relata::{Database, Id, Model};
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
