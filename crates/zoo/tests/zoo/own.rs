//! Attributes on the fields of a model itself, and keys that lose on one side.

use chrono::{DateTime, Utc};
use relata::{Database, Model};
use serde::{Deserialize, Serialize};

use crate::harness::{Line, Named, Place, by, run};

type Instant = DateTime<Utc>;

fn instants(milliseconds: &[i64]) -> Vec<Instant> {
    milliseconds.iter().map(|at| DateTime::from_timestamp_millis(*at).expect("in range")).collect()
}

/// fault A3: the parent's key is whole, the child's has lost its sub-seconds once it is in a file, and names no row.
fn foreign_key_that_loses() -> Line {
    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    struct Hour {
        #[model(unique)]
        value: Instant,
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    struct Shift {
        #[serde(with = "chrono::serde::ts_seconds")]
        #[model(belongs_to(Hour), key_to = value, name = hour)]
        value_of_hour: Instant,
    }

    let place = Place::<Instant> {
        name: "as a foreign key",
        builder: &|| Database::builder().model::<Hour>().model::<Shift>(),
        fill: &|db, value| {
            db.insert(Hour { value: *value })?;
            db.insert(Shift { value_of_hour: *value }).map(drop)
        },
        differs: &|saved, loaded, same| {
            let mut pairs = saved.iter::<Shift>().zip(loaded.iter::<Shift>());
            let lost = pairs.find(|((_, a), (id, b))| {
                let hour = loaded.related(*id, Shift::HOUR);
                !same(&a.value_of_hour, &b.value_of_hour) || !hour.is_ok_and(|hour| same(&hour.value, &a.value_of_hour))
            });
            lost.map(|(_, (_, shift))| format!("{shift:?}"))
        },
    };
    let case = by(|a: &Instant, b| a == b, instants(&[0, 1_000])).refused(instants(&[1, 1_001]));
    run("foreign_key_that_loses", "Instant with ts_seconds, in the child", &case, &[place])
}

/// fault A3: the other side.
fn key_that_loses() -> Line {
    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    struct Hour {
        #[serde(with = "chrono::serde::ts_seconds")]
        #[model(primary_key)]
        value: Instant,
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    struct Shift {
        #[model(belongs_to(Hour), name = hour)]
        value_of_hour: Instant,
    }

    let place = Place::<Instant> {
        name: "as a primary key",
        builder: &|| Database::builder().model::<Hour>().model::<Shift>(),
        fill: &|db, value| {
            db.insert(Hour { value: *value })?;
            db.insert(Shift { value_of_hour: *value }).map(drop)
        },
        differs: &|saved, loaded, same| {
            let mut pairs = saved.iter::<Hour>().zip(loaded.iter::<Hour>());
            pairs.find(|((_, a), (_, b))| !same(&a.value, &b.value)).map(|(_, (_, hour))| format!("{hour:?}"))
        },
    };
    let case = by(|a: &Instant, b| a == b, instants(&[0, 1_000])).refused(instants(&[1, 1_001]));
    run("key_that_loses", "Instant with ts_seconds, in the parent", &case, &[place])
}

/// A field that serde renames and reads by an alias, and one with a default.
fn renamed_fields() -> Line {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Renamed {
        #[serde(rename = "type", alias = "kind")]
        value_of_type: u8,
        #[serde(default)]
        value_by_default: Option<u8>,
        #[model(unique)]
        value: u8,
    }

    let place = Place::<u8> {
        name: "renamed",
        builder: &|| Database::builder().model::<Renamed>(),
        fill: &|db, value| {
            db.insert(Renamed { value_of_type: *value, value_by_default: None, value: *value }).map(drop)
        },
        differs: &|saved, loaded, _| {
            let mut pairs = saved.iter::<Renamed>().zip(loaded.iter::<Renamed>());
            pairs.find(|((_, a), (_, b))| a != b).map(|(_, (_, row))| format!("{row:?}"))
        },
    };
    let case = by(|a: &u8, b| a == b, [0, 255]);
    run("renamed_fields", "u8 under other names", &case, &[place])
}

pub(crate) const ALL: &[Named] = &[
    ("foreign_key_that_loses", foreign_key_that_loses),
    ("key_that_loses", key_that_loses),
    ("renamed_fields", renamed_fields),
];
