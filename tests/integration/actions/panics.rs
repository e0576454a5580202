//! User code that panics while rows follow (HOSTILE 7 and 10 of docs/hostile.md).

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use crate::fuse::{FUSE, burn};
use crate::support::state;

/// A key whose every trait can panic.
#[derive(Debug, Serialize, Deserialize)]
struct Name(String);

impl Clone for Name {
    fn clone(&self) -> Self {
        burn("Clone");
        Name(self.0.clone())
    }
}
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        burn("Eq");
        self.0 == other.0
    }
}
impl Eq for Name {}
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn("Hash");
        self.0.hash(state);
    }
}

fn name(text: &str) -> Name {
    burn("the default");
    Name(text.to_owned())
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Land {
    #[model(primary_key)]
    name: Name,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(unique(land, name))]
#[model(has_many(guides: Guide, via = of_town))]
struct Town {
    #[model(belongs_to(Land), name = in_land, on_update = cascade, on_delete = set_default, default = name("sea"))]
    land: Name,
    name: Name,
    #[model(belongs_to(Land), name = twin, on_update = set_null, on_delete = set_null)]
    twin_land: Option<Name>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(belongs_to(Town, key_from(land, town), key_to(land, name), name = of_town, on_update = cascade))]
struct Guide {
    land: Name,
    town: Name,
    #[model(belongs_to(Guide), key_to = number, name = before, on_update = cascade, on_delete = set_null)]
    before_number: Option<u32>,
    #[model(unique)]
    number: u32,
    #[model(belongs_to(Land), name = printed, on_update = set_default, on_delete = cascade, default = name("sea"))]
    printed: Name,
}

fn atlas() -> (Database, Vec<Id<Land>>) {
    let mut db = Database::builder().model::<Guide>().model::<Town>().model::<Land>().build().unwrap();
    let lands = db.insert_many(["sea", "north", "south"].map(|land| Land { name: name(land) })).unwrap();
    let town = |land: &str, town: &str, twin: Option<&str>| Town {
        land: name(land),
        name: name(town),
        twin_land: twin.map(name),
    };
    db.insert_many(vec![
        town("north", "a", Some("south")),
        town("north", "b", Some("north")),
        town("south", "c", None),
    ])
    .unwrap();
    let guide = |town: &str, number, printed: &str| Guide {
        land: name("north"),
        town: name(town),
        before_number: Some(1),
        number,
        printed: name(printed),
    };
    db.insert_many(vec![guide("a", 1, "north"), guide("a", 2, "south"), guide("b", 3, "south")]).unwrap();
    (db, lands)
}

/// Fails `call` at each of its calls of user code in turn: nothing is left of it.
fn fails_at_each_step<T>(open: bool, call: impl Fn(&mut Database, &[Id<Land>]) -> Result<T, Error>) -> usize {
    let (mut db, lands) = atlas();
    call(&mut db, &lands).map(drop).unwrap();
    let done = state(&db);
    for step in 0.. {
        let (mut db, lands) = atlas();
        if open {
            db.keep_history(3).unwrap();
        }
        let before = state(&db);
        FUSE.set(Some(step));
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut db, &lands).map(drop)));
        let burnt = FUSE.replace(None).is_none();
        assert_eq!(db.check(), Ok(()), "after a panic at step {step}");
        if burnt {
            assert!(result.is_err() && state(&db) == before, "something is left after a panic at step {step}");
        } else {
            // The slots of rows that went are given up with the history.
            db.keep_history(0).unwrap();
            assert!(matches!(result, Ok(Ok(()))) && state(&db) == done);
            return step;
        }
    }
    unreachable!("every call comes to an end");
}

/// behaviour I8: A refused statement leaves nothing behind
///
/// HOSTILE 7 and 10: A failure at the k-th of n steps of a cascade, for every k -> unchanged
#[test]
fn a_panic_at_any_step_leaves_nothing() {
    for open in [false, true] {
        let steps = [
            fails_at_each_step(open, |db, lands| db.update(lands[1], |land| land.name = Name("arctic".into()))),
            fails_at_each_step(open, |db, lands| db.replace(lands[1], Land { name: Name("arctic".into()) }).map(drop)),
            fails_at_each_step(open, |db, lands| db.delete(lands[1]).map(drop)),
            fails_at_each_step(open, |db, lands| db.plan_delete(lands[1]).map(drop).and(db.delete(lands[2]).map(drop))),
            fails_at_each_step(open, |db, _| {
                let guide = db.find(Guide::BY_NUMBER, &1)?.0;
                db.update(guide, |guide| guide.number = 7)
            }),
            fails_at_each_step(open, |db, _| {
                let town = db.iter::<Town>().next().unwrap().0;
                db.update_all(town, Town::GUIDES, |guide| guide.number += 10).map(drop)
            }),
        ];
        assert!(steps.iter().all(|steps| *steps >= 10), "user code was called: {steps:?}");
    }
}
