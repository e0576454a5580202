//! Keys that name no row for the time being, and what happens to them before the commit.

use relata::{Database, Error, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Region {
    #[model(primary_key)]
    code: String,
}

/// Part of its key is a foreign key.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(region_code, name))]
struct Zone {
    #[model(belongs_to(Region), name = region, on_delete = set_null)]
    region_code: Option<String>,
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(Zone, key_from(region_code, zone_name), key_to(region_code, name), name = zone, on_update = no_action))]
struct Survey {
    region_code: Option<String>,
    zone_name: String,
}

fn database() -> Database {
    Database::builder().model::<Region>().model::<Zone>().model::<Survey>().build().unwrap()
}

fn region(code: &str) -> Region {
    Region { code: code.into() }
}

fn zone(region: &str, name: &str) -> Zone {
    Zone { region_code: Some(region.into()), name: name.into() }
}

fn survey(region: &str, zone: &str) -> Survey {
    Survey { region_code: Some(region.into()), zone_name: zone.into() }
}

/// behaviour I10: violations may stand until commit; natural keys resolve when their target arrives
#[test]
fn a_dangling_key_may_give_way_to_another() {
    let mut db = database();
    let north = db.insert(region("north")).unwrap();
    let mut tx = db.begin_deferred().unwrap();
    let lost = tx.insert(survey("north", "fjord")).unwrap();
    tx.update(lost, |survey| survey.zone_name = "glacier".into()).unwrap();
    assert_eq!(tx.violations().len(), 1);
    // Nobody waits for the first any more.
    tx.insert(zone("north", "fjord")).unwrap();
    assert_eq!(tx.violations().len(), 1);
    let glacier = tx.insert(zone("north", "glacier")).unwrap();
    assert_eq!((tx.violations(), tx.check()), (vec![], Ok(())));
    assert_eq!(tx.related(lost, Survey::ZONE).unwrap(), tx.get(glacier).ok());
    tx.rollback();
    assert_eq!((db.check(), db.contains(north)), (Ok(()), true));
    assert_eq!(db.len::<Survey>(), 0);
}

/// behaviour I12: Restrict is immediate even when deferred; the deferred kind is no_action
/// behaviour I13: set_null clears that key's fields only
#[test]
fn clearing_a_part_of_a_key_may_wait_as_changing_it_may() {
    let mut db = database();
    let north = db.insert(region("north")).unwrap();
    let fjord = db.insert(zone("north", "fjord")).unwrap();
    let measured = db.insert(survey("north", "fjord")).unwrap();
    let refused = db.delete(north).unwrap_err();
    assert!(matches!(refused, Error::RestrictViolation { relation: "zone", .. }), "{refused}");
    let mut tx = db.begin_deferred().unwrap();
    assert_eq!(tx.delete(north).unwrap().changed.len(), 1);
    assert_eq!(tx.get(fjord).unwrap().region_code, None);
    assert!(matches!(tx.violations()[..], [Error::ForeignKeyViolation { relation: "zone", .. }]));
    assert!(matches!(tx.related(measured, Survey::ZONE), Err(Error::Unresolved { .. })));
    tx.insert(region("north")).unwrap();
    tx.update(fjord, |zone| zone.region_code = Some("north".into())).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.related(measured, Survey::ZONE).unwrap(), db.get(fjord).ok());
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I6: Actions are decided over the whole set of rows: the plan is computed first, then applied
#[test]
fn a_plan_tells_of_the_keys_that_clearing_would_change() {
    let mut db = database();
    let north = db.insert(region("north")).unwrap();
    db.insert(zone("north", "fjord")).unwrap();
    assert!(!db.plan_delete(north).unwrap().is_blocked());
    db.insert(survey("north", "fjord")).unwrap();
    let plan = db.plan_delete(north).unwrap();
    assert_eq!(
        plan.blocked[0].to_string(),
        "Zone 1v1 is referred to by 1 row(s) over `Survey`.zone, the first is Survey 1v1: changing its key is restricted"
    );
    assert_eq!(db.delete(north).unwrap_err(), plan.blocked[0]);
}
