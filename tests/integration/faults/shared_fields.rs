//! Keys of one row that have a field in common.

use relata::{Action, ChangedKey, Database, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(tenant, code))]
struct Desk {
    tenant: String,
    code: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(tenant, code))]
struct Lamp {
    tenant: String,
    code: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(Desk, key_from(tenant, desk_code), on_delete = set_null, on_update = cascade))]
#[model(belongs_to(Lamp, key_from(tenant, lamp_code), on_update = set_null))]
struct Seat {
    tenant: Option<String>,
    desk_code: Option<u32>,
    lamp_code: Option<u32>,
}

fn office() -> (Database, Id<Desk>, Id<Lamp>, Id<Seat>) {
    let mut db = Database::builder().model::<Desk>().model::<Lamp>().model::<Seat>().build().unwrap();
    let desk = db.insert(Desk { tenant: "a".into(), code: 1 }).unwrap();
    let lamp = db.insert(Lamp { tenant: "a".into(), code: 1 }).unwrap();
    let seat = Seat { tenant: Some("a".into()), desk_code: Some(1), lamp_code: Some(1) };
    let seat = db.insert(seat).unwrap();
    (db, desk, lamp, seat)
}

// fault B4, behaviour I18: "Rows removed or changed by actions are reported": each key that has changed, also that which
// has lost a field with another
#[test]
fn every_key_that_loses_a_shared_field_is_reported() {
    let (mut db, desk, _, seat) = office();
    let changed = |relation, action| ChangedKey { row: seat.erase(), relation, action };
    let both = [changed("desk", Action::SetNull), changed("lamp", Action::SetNull)];
    assert_eq!(db.plan_delete(desk).unwrap().changed, both);
    assert_eq!(db.delete(desk).unwrap().changed, both);
    assert_eq!(db.row(seat).unwrap().lamp().unwrap().map(|lamp| lamp.id()), None);

    let (mut db, desk, lamp, _) = office();
    let both = [changed("lamp", Action::SetNull), changed("desk", Action::SetNull)];
    assert_eq!(db.plan_update(lamp, |lamp| lamp.code = 2).unwrap().changed, both);
    assert_eq!(db.update_reporting(lamp, |lamp| lamp.code = 2).unwrap().changed, both);
    // A key that keeps what it says is not.
    let (mut db, ..) = office();
    let updated = db.update_reporting(desk, |desk| desk.code = 2).unwrap();
    assert_eq!(updated.changed, [changed("desk", Action::Cascade)]);
    assert_eq!(db.check(), Ok(()));
}

/// A seat that stays with its tenant, whatever becomes of the desk and the lamp.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(Desk, key_from(tenant, desk_code), on_delete = set_null, on_update = set_null))]
#[model(belongs_to(Lamp, key_from(branch, lamp_code), on_delete = set_null(lamp_code)))]
struct Stool {
    tenant: String,
    desk_code: Option<u32>,
    branch: Option<String>,
    lamp_code: Option<u32>,
}

// fault B5, behaviour R43: "of a composite key it clears the parts that are optional, or those that are named
// (`set_null(part)`), as `unrelate` does"
#[test]
fn set_null_clears_the_parts_that_it_is_said_of() {
    let mut db = Database::builder().model::<Desk>().model::<Lamp>().model::<Stool>().build().unwrap();
    let desk = db.insert(Desk { tenant: "a".into(), code: 1 }).unwrap();
    let lamp = db.insert(Lamp { tenant: "a".into(), code: 1 }).unwrap();
    let whole = Stool { tenant: "a".into(), desk_code: Some(1), branch: Some("a".into()), lamp_code: Some(1) };
    let [stool, other] = [(); 2].map(|()| db.insert(whole.clone()).unwrap());
    db.update(desk, |desk| desk.code = 2).unwrap();
    assert_eq!(*db.get(stool).unwrap(), Stool { desk_code: None, ..whole.clone() });
    for id in [stool, other] {
        db.relate(id, Stool::DESK, desk).unwrap();
    }
    db.unrelate(other, Stool::LAMP).unwrap();
    assert_eq!(*db.get(other).unwrap(), Stool { desk_code: Some(2), lamp_code: None, ..whole.clone() });
    db.delete(desk).unwrap();
    db.delete(lamp).unwrap();
    assert_eq!(*db.get(stool).unwrap(), Stool { desk_code: None, lamp_code: None, ..whole });
    assert_eq!((db.get(stool), db.check()), (db.get(other), Ok(())));
}
