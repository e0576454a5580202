//! Saving and loading: what comes back, what is refused, and what hostile bytes can do.

pub(crate) mod bytes;
mod evolve;
mod files;
mod first_bytes;
mod first_hostile;
mod fuzzed;
mod generations;
mod hostile;
mod proof;
mod round_trip;
mod state_hash;

use relata::{Database, DatabaseBuilder, Id, Model, SnapshotError};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    name: String,
    version: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package_name, package_version)))]
struct Dependency {
    package_name: String,
    package_version: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(parts: Part))]
struct Part {
    #[model(unique)]
    label: Option<String>,
    #[model(belongs_to, name = whole)]
    whole_id: Option<Id<Part>>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Package>().model::<Dependency>().model::<Part>()
}

fn saved(db: &Database) -> Vec<u8> {
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).unwrap();
    bytes
}

fn load(bytes: &[u8]) -> Result<Database, SnapshotError> {
    models().load_from(bytes)
}

fn part(label: &str, whole_id: Option<Id<Part>>) -> Part {
    Part { label: (!label.is_empty()).then(|| label.to_owned()), whole_id }
}

/// A database in which every part of the format has something to hold: composite keys, absent keys, a row that refers
/// to itself, children out of slot order, free slots, a slot that has been used twice, a default target.
fn sample() -> Database {
    let mut db = models().build().unwrap();
    for version in 1..=3 {
        db.insert(Package { name: "serde".into(), version }).unwrap();
    }
    for package_version in [3, 1, 3] {
        db.insert(Dependency { package_name: "serde".into(), package_version }).unwrap();
    }
    let car = db.insert_with(|id| part("car", Some(id))).unwrap();
    let [door, bolt, wheel, nut] =
        ["door", "bolt", "wheel", ""].map(|label| db.insert(part(label, Some(car))).unwrap());
    db.delete(bolt).unwrap();
    db.insert(part("lock", Some(door))).unwrap();
    db.delete(nut).unwrap();
    db.delete(wheel).unwrap();
    db.update(car, |car| car.whole_id = None).unwrap();
    db.update(car, |own| own.whole_id = Some(car)).unwrap();
    db.set_default_target(Part::WHOLE, Some(door)).unwrap();
    db
}
