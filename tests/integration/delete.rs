//! Deleting: restrict, cascade and set_null, decided over the whole set before anything goes.

use relata::{Act, Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use crate::support::{refused, state};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(members: Player))]
struct Guild {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(things: Thing))]
struct Player {
    #[model(unique)]
    name: String,
    #[model(belongs_to, on_delete = set_null)]
    guild_id: Option<Id<Guild>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(contents: Thing, via = container))]
struct Thing {
    label: String,
    #[model(belongs_to, on_delete = cascade)]
    owner_id: Id<Player>,
    #[model(belongs_to, on_delete = cascade)]
    container_id: Option<Id<Thing>>,
}

/// A receipt keeps its thing from going.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Receipt {
    #[model(belongs_to, on_delete = restrict)]
    thing_id: Id<Thing>,
    #[model(belongs_to, on_delete = cascade)]
    player_id: Option<Id<Player>>,
}

fn world() -> Database {
    Database::builder().model::<Guild>().model::<Player>().model::<Thing>().model::<Receipt>().build().unwrap()
}

fn player(db: &mut Database, name: &str, guild_id: Option<Id<Guild>>) -> Id<Player> {
    db.insert(Player { name: name.into(), guild_id }).unwrap()
}

fn thing(db: &mut Database, label: &str, owner_id: Id<Player>, container_id: Option<Id<Thing>>) -> Id<Thing> {
    db.insert(Thing { label: label.into(), owner_id, container_id }).unwrap()
}

/// behaviour I3: Deleting a target that sources refer to follows on_delete
/// behaviour I13: set_null clears that key's fields only, on all matching rows
/// behaviour I18: Rows removed or changed by actions are reported apart from the direct ones
#[test]
fn set_null_clears_the_keys_of_all_sources() {
    let mut db = world();
    let guild = db.insert(Guild { name: "Aesir".into() }).unwrap();
    let thor = player(&mut db, "Thor", Some(guild));
    let loki = player(&mut db, "Loki", Some(guild));
    let plan = db.plan_delete(guild).unwrap();
    let deleted = db.delete(guild).unwrap();
    assert_eq!((deleted.row.name.as_str(), deleted.removed.len()), ("Aesir", 0));
    assert_eq!(deleted.changed, plan.changed);
    let cleared: Vec<_> = deleted.changed.iter().map(|cleared| (cleared.row, cleared.relation)).collect();
    assert_eq!(cleared, [(thor.erase(), "guild"), (loki.erase(), "guild")]);
    assert_eq!(db.get(thor).unwrap(), &Player { name: "Thor".into(), guild_id: None });
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I7: A cascade visits each row once, on cycles too
#[test]
fn a_cascade_takes_each_row_once_even_round_a_cycle() {
    let mut db = world();
    let thor = player(&mut db, "Thor", None);
    let chest = thing(&mut db, "chest", thor, None);
    let bag = thing(&mut db, "bag", thor, Some(chest));
    let coin = thing(&mut db, "coin", thor, Some(bag));
    // The chest is in the bag that is in the chest.
    db.update(chest, |thing| thing.container_id = Some(bag)).unwrap();
    let plan = db.plan_delete(chest).unwrap();
    assert_eq!(plan.to_string(), "removes Thing 1v1 and 2 other row(s), changes 0 key(s)");
    let deleted = db.delete(chest).unwrap();
    assert_eq!(deleted.row.label, "chest");
    assert_eq!(deleted.removed, [bag.erase(), coin.erase()]);
    assert_eq!((plan.row, &plan.removed), (chest.erase(), &deleted.removed));
    assert_eq!((db.len::<Thing>(), db.len::<Player>(), db.check()), (0, 1, Ok(())));
}

/// behaviour I6: Restrict is order-independent; a restrict anywhere in the set's reach outside of it refuses all
/// behaviour I8: A refused statement leaves nothing behind
#[test]
fn a_restrict_far_away_refuses_everything() {
    let mut db = world();
    let thor = player(&mut db, "Thor", None);
    let chest = thing(&mut db, "chest", thor, None);
    let coin = thing(&mut db, "coin", thor, Some(chest));
    let receipt = db.insert(Receipt { thing_id: coin, player_id: None }).unwrap();
    let error = refused(&mut db, |db| db.delete(thor));
    assert_eq!(
        error,
        Error::RestrictViolation {
            row: coin.erase(),
            model: "Receipt",
            relation: "thing",
            sources: 1,
            first: receipt.erase(),
            act: Act::Delete
        }
    );
    assert_eq!(
        error.to_string(),
        "Thing 2v1 is referred to by 1 row(s) over `Receipt`.thing, the first is Receipt 1v1: deleting it is restricted"
    );
    assert_eq!(db.plan_delete(thor).unwrap().blocked, [error]);
    // The receipt goes by another way into the set: now nothing outside of it is in the way.
    db.update(receipt, |receipt| receipt.player_id = Some(thor)).unwrap();
    let deleted = db.delete(thor).unwrap();
    assert_eq!((deleted.removed.len(), db.check()), (3, Ok(())));
    assert_eq!(db.len::<Thing>() + db.len::<Receipt>() + db.len::<Player>(), 0);
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    #[model(unique)]
    code: Option<String>,
    #[model(belongs_to(Place), key_to = code, name = within, on_delete = set_null)]
    within_code: Option<String>,
}

/// A key that set_null clears can itself be one that others refer to: that is a change of it.
#[test]
fn clearing_a_key_that_is_referred_to_is_refused() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Club {
        #[model(primary_key)]
        name: String,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Seat {
        #[model(belongs_to(Club), on_delete = set_null, unique)]
        club_name: Option<String>,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Vote {
        #[model(belongs_to(Seat), key_to = club_name)]
        seat: String,
    }
    let mut db = Database::builder().model::<Club>().model::<Seat>().model::<Vote>().build().unwrap();
    let club = db.insert(Club { name: "Aesir".into() }).unwrap();
    db.insert(Seat { club_name: Some("Aesir".into()) }).unwrap();
    let vote = db.insert(Vote { seat: "Aesir".into() }).unwrap();
    let error = refused(&mut db, |db| db.delete(club));
    assert!(matches!(error, Error::RestrictViolation { act: Act::KeyChange, relation: "seat", .. }), "{error}");
    db.delete(vote).unwrap();
    db.delete(club).unwrap();
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn set_null_over_a_relation_of_a_model_to_itself() {
    let mut db = Database::builder().model::<Place>().build().unwrap();
    let place =
        |code: &str, within: Option<&str>| Place { code: Some(code.into()), within_code: within.map(str::to_owned) };
    let ids =
        db.insert_many([place("room", Some("house")), place("house", None), place("hall", Some("house"))]).unwrap();
    db.delete(ids[1]).unwrap();
    assert!(db.iter::<Place>().all(|(_, place)| place.within_code.is_none()));
    assert_eq!(db.check(), Ok(()));
}

/// A removed target's slot starts with no children when it is used again.
#[test]
fn a_reused_slot_has_no_children() {
    let mut db = world();
    let thor = player(&mut db, "Thor", None);
    let before = state(&db);
    thing(&mut db, "hammer", thor, None);
    db.delete(thor).unwrap();
    assert!(state(&db) != before);
    let loki = player(&mut db, "Loki", None);
    assert_eq!(loki.to_string(), "1v3");
    assert_eq!(db.row(loki).unwrap().things().count(), 0);
    assert_eq!(db.check(), Ok(()));
}
