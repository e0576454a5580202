//! Relations that are judged at the commit, and actions in deferred transactions.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use super::{Country, carried_out, country, person, world};
use crate::support::refused;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(horses: Horse, via = stable))]
struct Stable {
    #[model(primary_key)]
    name: String,
}

/// One relation that waits for the commit, one that does not.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Horse {
    #[model(belongs_to(Stable), name = stable, on_update = no_action, on_delete = no_action, deferred)]
    stable_name: String,
    #[model(belongs_to(Stable, name = birthplace, on_update = no_action, on_delete = no_action))]
    birthplace_name: Option<String>,
    #[model(belongs_to, on_delete = restrict, deferred)]
    rival_id: Option<Id<Horse>>,
}

fn stables() -> (Database, Id<Stable>, Id<Horse>) {
    let mut db = Database::builder().model::<Horse>().model::<Stable>().build().unwrap();
    let stable = db.insert(Stable { name: "north".into() }).unwrap();
    let horse = db.insert(horse("north", None)).unwrap();
    (db, stable, horse)
}

fn horse(stable: &str, birthplace: Option<&str>) -> Horse {
    Horse { stable_name: stable.into(), birthplace_name: birthplace.map(str::to_owned), rival_id: None }
}

/// behaviour I10: Deferred: inside a transaction, violations may stand until commit. Outside a transaction deferred means
/// immediate
#[test]
fn a_deferred_relation_waits_in_any_transaction_and_the_others_do_not() {
    let (mut db, _, _) = stables();
    assert!(db.schema().table("Horse").unwrap().relations[0].deferred);
    assert!(!db.schema().table("Horse").unwrap().relations[1].deferred);
    let error = refused(&mut db, |db| db.insert(horse("south", None)));
    assert!(matches!(error, Error::ForeignKeyViolation { relation: "stable", .. }));
    let mut tx = db.begin().unwrap();
    let error = tx.insert(horse("south", Some("south"))).unwrap_err();
    assert!(matches!(error, Error::ForeignKeyViolation { relation: "birthplace", .. }), "{error}");
    let foal = tx.insert(horse("south", None)).unwrap();
    assert!(matches!(tx.related(foal, Horse::STABLE), Err(Error::Unresolved { .. })));
    let refused = tx.commit().unwrap_err();
    assert!(matches!(refused.violations[..], [Error::ForeignKeyViolation { relation: "stable", .. }]));
    let mut tx = refused.into_transaction();
    let south = tx.insert(Stable { name: "south".into() }).unwrap();
    tx.commit().unwrap();
    assert_eq!((db.row(foal).unwrap().stable().unwrap().id(), db.check()), (south, Ok(())));
    // Rolled back with violations it is as it was.
    let mut tx = db.begin().unwrap();
    tx.update(foal, |horse| horse.stable_name = "east".into()).unwrap();
    assert_eq!(tx.violations().len(), 1);
    drop(tx);
    assert_eq!((db.row(foal).unwrap().stable().unwrap().id(), db.check()), (south, Ok(())));
}

/// behaviour I12: Restrict is immediate even when deferred; the deferred kind is no_action
#[test]
fn no_action_of_a_deferred_relation_waits_and_restrict_does_not() {
    let (mut db, north, first) = stables();
    let rename = |stable: &mut Stable| stable.name = "arctic".into();
    for outside in
        [refused(&mut db, |db| db.delete(north).map(|_| ())), refused(&mut db, |db| db.update(north, rename))]
    {
        assert!(matches!(outside, Error::RestrictViolation { relation: "stable", .. }), "{outside}");
    }
    let mut tx = db.begin().unwrap();
    tx.update(north, rename).unwrap();
    assert_eq!((tx.violations().len(), tx.row(first).unwrap().stable().is_err()), (1, true));
    tx.delete(north).unwrap();
    let new = tx.insert(Stable { name: "north".into() }).unwrap();
    tx.commit().unwrap();
    assert_eq!((db.row(first).unwrap().stable().unwrap().id(), db.check()), (new, Ok(())));
    // The relation that is not deferred restricts.
    db.update(first, |horse| horse.birthplace_name = Some("north".into())).unwrap();
    let mut tx = db.begin().unwrap();
    assert!(matches!(tx.update(new, rename), Err(Error::RestrictViolation { relation: "birthplace", .. })));
    let rival = tx.insert(Horse { rival_id: Some(first), ..horse("north", None) }).unwrap();
    assert!(matches!(tx.delete(first), Err(Error::RestrictViolation { relation: "rival", .. })));
    tx.delete(rival).unwrap();
    tx.commit().unwrap();
    // In a deferred transaction both wait.
    let mut tx = db.begin_deferred().unwrap();
    tx.update(new, rename).unwrap();
    assert_eq!(tx.violations().len(), 2);
    tx.update(new, |stable| stable.name = "north".into()).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I10: a key that is given up and taken in one statement takes its sources along
#[test]
fn a_removed_rows_key_may_be_taken_by_a_row_that_follows() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Land {
        #[model(primary_key)]
        code: String,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Capital {
        #[model(primary_key, belongs_to(Land), name = land, on_delete = set_default, default = "x".to_owned())]
        land_code: String,
        #[model(belongs_to(Land), name = part_of, on_delete = cascade)]
        part_of_code: Option<String>,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Visit {
        #[model(belongs_to(Capital), name = capital, on_delete = no_action, deferred)]
        capital_code: String,
    }
    let mut db = Database::builder().model::<Visit>().model::<Capital>().model::<Land>().build().unwrap();
    let lands = db.insert_many(["x", "y"].map(|code| Land { code: code.into() })).unwrap();
    let capital =
        |code: &str, part: Option<&str>| Capital { land_code: code.into(), part_of_code: part.map(str::to_owned) };
    let capitals = db.insert_many(vec![capital("x", Some("y")), capital("y", None)]).unwrap();
    let visit = db.insert(Visit { capital_code: "x".into() }).unwrap();
    let mut tx = db.begin().unwrap();
    // The capital of x goes along with y; that of y becomes the capital of x, and is what the visit refers to now.
    let deleted = tx.delete(lands[1]).unwrap();
    assert_eq!((deleted.removed, deleted.changed.len()), (vec![capitals[0].erase()], 1));
    assert_eq!((tx.violations(), tx.check()), (vec![], Ok(())));
    tx.commit().unwrap();
    assert_eq!(db.row(visit).unwrap().capital().unwrap().id(), capitals[1]);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I4, I10: actions act at once in a deferred transaction; what they leave behind may wait
#[test]
fn actions_are_immediate_in_deferred_transactions() {
    let (mut db, [burma, _, nowhere], thuza) = world();
    db.update(nowhere, |country| country.code = "!!".into()).unwrap();
    let mut tx = db.begin_deferred().unwrap();
    tx.update(burma, |country| country.code = "mm".into()).unwrap();
    assert_eq!(tx.get(thuza).unwrap().home_code, "mm");
    // The default names no row yet.
    assert!(matches!(tx.violations()[..], [Error::ForeignKeyViolation { relation: "passport", .. }]));
    let late = tx.insert(country("??")).unwrap();
    assert_eq!((tx.violations(), tx.check()), (vec![], Ok(())));
    tx.commit().unwrap();
    assert_eq!(db.row(thuza).unwrap().passport().unwrap().unwrap().id(), late);

    // A row that waits for a key is linked to the row that takes it by following.
    let mut tx = db.begin_deferred().unwrap();
    let early = tx.insert(person("zz")).unwrap();
    tx.update(burma, |country| country.code = "zz".into()).unwrap();
    tx.commit().unwrap();
    assert_eq!((db.row(early).unwrap().home().unwrap().id(), db.check()), (burma, Ok(())));
    assert_eq!(db.children(burma, Country::PEOPLE).unwrap().count(), 2);
}

/// behaviour I4: a required key cannot follow one that is absent; at once, or at the commit
#[test]
fn an_absent_key_is_followed_by_what_can_be_absent() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Port {
        #[model(unique)]
        number: Option<u32>,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Ship {
        #[model(belongs_to(Port), key_to = number, name = port, on_update = cascade)]
        port_number: u32,
    }
    let make = || {
        let mut db = Database::builder().model::<Ship>().model::<Port>().build().unwrap();
        db.insert(Port { number: Some(1) }).unwrap();
        db.insert(Ship { port_number: 1 }).unwrap();
        db
    };
    let mut db = make();
    let (port, ship) = (db.iter::<Port>().next().unwrap().0, db.iter::<Ship>().next().unwrap().0);
    let error = refused(&mut db, |db| db.update(port, |port| port.number = None));
    assert_eq!(error.to_string(), "Ship 1v1: `Ship`.port: no `Port` with number = 1: no row has this key");
    let mut tx = db.begin_deferred().unwrap();
    tx.update(port, |port| port.number = None).unwrap();
    assert_eq!(tx.violations(), [error]);
    tx.update(port, |port| port.number = Some(1)).unwrap();
    tx.commit().unwrap();
    assert_eq!((db.row(ship).unwrap().port().unwrap().id(), db.check()), (port, Ok(())));
    let (db, ()) = carried_out!(make, |db| db.update(port, |port| port.number = Some(2)));
    assert_eq!(db.get(ship).unwrap().port_number, 2);
}

/// The same row may be edited by two relations, and is stored once.
#[test]
fn relations_over_one_field_agree_on_it() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(belongs_to(Stable, key_from(stable_name), name = shown_in, on_update = cascade, on_delete = set_null))]
    struct Map {
        #[model(belongs_to(Stable), name = drawn_in, on_update = cascade, on_delete = set_null)]
        stable_name: Option<String>,
    }
    let make = || {
        let mut db = Database::builder().model::<Map>().model::<Stable>().model::<Horse>().build().unwrap();
        db.insert(Stable { name: "north".into() }).unwrap();
        db.insert(Map { stable_name: Some("north".into()) }).unwrap();
        db
    };
    let (stable, map) = (make().iter::<Stable>().next().unwrap().0, make().iter::<Map>().next().unwrap().0);
    let (db, updated) = carried_out!(make, |db| db.update_reporting(stable, |stable| stable.name = "arctic".into()));
    assert_eq!((db.get(map).unwrap().stable_name.as_deref(), updated.changed.len()), (Some("arctic"), 2));
    let (db, _) = carried_out!(make, |db| db.delete(stable));
    assert_eq!(db.get(map).unwrap().stable_name, None);
}
