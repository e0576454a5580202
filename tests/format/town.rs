//! What the golden files hold: natural keys, keys of several kinds, lists of ids, default targets, each with an order that is not
//! that of the slots.

use std::collections::BTreeMap;

use relata::{Database, DatabaseBuilder, Id, Model, PolymorphicId};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(cities: City))]
pub(crate) struct Country {
    #[model(primary_key)]
    pub(crate) code: String,
    pub(crate) name: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(twins: City), has_many(notes: Note))]
pub(crate) struct City {
    pub(crate) name: String,
    #[model(belongs_to(Country), name = country)]
    pub(crate) country_code: String,
    #[model(belongs_to, name = twin, on_delete = set_default)]
    pub(crate) twin_id: Option<Id<City>>,
    pub(crate) place: (f64, f64),
}

#[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Subject {
    City(Id<City>),
    Person(Id<Person>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Mark {
    Plain,
    Stars(u8),
    Between { least: i16, most: Option<i64> },
    Pair(char, bool),
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(notes: Note))]
pub(crate) struct Person {
    pub(crate) name: String,
    #[model(references_many, on_delete = set_null)]
    pub(crate) city_ids: Vec<Id<City>>,
    #[model(references_many(name = friends), on_delete = set_null)]
    pub(crate) friend_ids: Vec<Id<Person>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    #[model(belongs_to(City, Person), name = subject, on_delete = cascade)]
    pub(crate) subject: Subject,
    pub(crate) mark: Mark,
    pub(crate) words: BTreeMap<String, Vec<u32>>,
    pub(crate) weight: f32,
    pub(crate) total: i128,
}

pub(crate) fn models() -> DatabaseBuilder {
    Database::builder().model::<Country>().model::<City>().model::<Person>().model::<Note>()
}

pub(crate) fn town() -> Database {
    let mut db = models().build().unwrap();
    for (code, name) in [("is", Some("Iceland")), ("no", None), ("fo", Some("Føroyar"))] {
        db.insert(Country { code: code.into(), name: name.map(str::to_owned) }).unwrap();
    }
    let city = |name: &str, code: &str, twin_id| City {
        name: name.into(),
        country_code: code.into(),
        twin_id,
        place: (64.1, -21.9),
    };
    let first = db.insert(city("Reykjavík", "is", None)).unwrap();
    let [oslo, gone, torshavn] = [("Oslo", "no"), ("Atlantis", "fo"), ("Tórshavn", "fo")]
        .map(|(name, code)| db.insert(city(name, code, Some(first))).unwrap());
    db.update(oslo, |row| row.twin_id = None).unwrap();
    db.update(oslo, |row| row.twin_id = Some(first)).unwrap();
    db.set_default_target(City::TWIN, Some(first)).unwrap();
    let person = |name: &str, city_ids: Vec<_>, friend_ids| Person { name: name.into(), city_ids, friend_ids };
    let ann = db.insert(person("Ann", vec![first, gone, first], vec![])).unwrap();
    let ben = db.insert(person("Ben", vec![first], vec![ann])).unwrap();
    db.update(ann, |row| row.city_ids = vec![]).unwrap();
    db.update(ann, |row| {
        row.city_ids = vec![torshavn, first, torshavn];
        row.friend_ids = vec![ben, ann];
    })
    .unwrap();
    db.delete(gone).unwrap();
    let marks = [Mark::Plain, Mark::Stars(200), Mark::Between { least: -300, most: None }, Mark::Pair('é', true)];
    for (nth, mark) in marks.into_iter().enumerate() {
        let subject = if nth % 2 == 0 { Subject::Person(ben) } else { Subject::City(oslo) };
        let words = (0..nth).map(|word| (format!("word {word}"), vec![word as u32; word])).collect();
        db.insert(Note { subject, mark, words, weight: -0.5, total: -(1 << 100) }).unwrap();
    }
    db
}
