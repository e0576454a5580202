//! Keys that name no row for a while, and what becomes of them: the short cases of what random histories have found.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(regions: Region))]
struct World {
    name: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(towns: Town))]
struct Region {
    #[model(primary_key)]
    name: String,
    #[model(belongs_to, on_delete = cascade)]
    world_id: Id<World>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Town {
    #[model(belongs_to(Region), name = region, on_delete = no_action, on_update = no_action)]
    region_name: String,
}

/// Both of its relations are over one field.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(Region, key_from(region_name), name = shown_in, on_delete = set_null))]
struct Map {
    #[model(belongs_to(Region), name = drawn_in, on_delete = no_action)]
    region_name: Option<String>,
}

/// A world of two regions.
fn world() -> (Database, Id<World>, [Id<Region>; 2]) {
    let builder = Database::builder().model::<World>().model::<Region>().model::<Town>().model::<Map>();
    let mut db = builder.build().unwrap();
    let world_id = db.insert(World { name: "Midgard".into() }).unwrap();
    let region = |name: &str| Region { name: name.into(), world_id };
    let regions = [db.insert(region("north")).unwrap(), db.insert(region("south")).unwrap()];
    (db, world_id, regions)
}

fn town(region: &str) -> Town {
    Town { region_name: region.into() }
}

/// behaviour I10: inside a transaction, violations may stand until commit
#[test]
fn a_key_can_change_from_one_missing_row_to_another() {
    let (mut db, world_id, _) = world();
    let mut tx = db.begin_deferred().unwrap();
    let id = tx.insert(town("west")).unwrap();
    tx.update(id, |town| town.region_name = "east".into()).unwrap();
    assert_eq!(tx.check().unwrap_err().len(), 1, "the key dangles, and no index disagrees");
    tx.insert(Region { name: "west".into(), world_id }).unwrap();
    assert_eq!(tx.violations().len(), 1);
    let east = tx.insert(Region { name: "east".into(), world_id }).unwrap();
    tx.commit().unwrap();
    assert_eq!((db.row(id).unwrap().region().unwrap().id(), db.check()), (east, Ok(())));
}

/// behaviour R6: an id left unfilled at the end of the statement or transaction is a violation
#[test]
fn an_id_that_was_reserved_before_is_promised_by_who_names_it() {
    let (mut db, ..) = world();
    let world_id = db.reserve::<World>().unwrap();
    let mut tx = db.begin().unwrap();
    tx.insert(Region { name: "west".into(), world_id }).unwrap();
    let refused = tx.commit().unwrap_err();
    assert_eq!(refused.violations, [Error::Unfilled { row: world_id.erase() }]);
    let mut tx = refused.into_transaction();
    tx.insert_at(world_id, World { name: "Utgard".into() }).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.check(), Ok(()));
    // What is promised and not named is not this transaction's affair.
    let unnamed = db.reserve::<World>().unwrap();
    db.begin().unwrap().commit().unwrap();
    db.cancel(unnamed).unwrap();
}

/// behaviour R16: Listing returns only the owner's rows, in the order in which they joined this owner. Those who join it
/// at one moment, by its arrival, stand in slot order.
#[test]
fn those_who_have_waited_join_in_slot_order() {
    let (mut db, world_id, [north, _]) = world();
    let towns = db.insert_many(vec![town("north"); 20]).unwrap();
    let mut tx = db.begin_deferred().unwrap();
    tx.delete(north).unwrap();
    let north = tx.insert(Region { name: "north".into(), world_id }).unwrap();
    tx.commit().unwrap();
    let listed: Vec<_> = db.children(north, Region::TOWNS).unwrap().map(|(id, _)| id).collect();
    assert_eq!((listed, db.check()), (towns, Ok(())));
}

/// behaviour I4: Changing a natural key that sources refer to follows on_update
/// behaviour I9: within one statement, rows may refer to rows that come later in it
#[test]
fn keys_that_change_hands_take_their_sources_along() {
    let (mut db, world_id, [north, south]) = world();
    let [cold, warm] = [db.insert(town("north")).unwrap(), db.insert(town("south")).unwrap()];
    let mut tx = db.begin_deferred().unwrap();
    let swap = |region: &mut Region| region.name = if region.name == "north" { "south" } else { "north" }.into();
    tx.update_all(world_id, World::REGIONS, swap).unwrap();
    assert_eq!(tx.violations(), []);
    tx.commit().unwrap();
    assert_eq!((db.get(north).unwrap().name.as_str(), db.get(south).unwrap().name.as_str()), ("south", "north"));
    assert_eq!(db.row(cold).unwrap().region().unwrap().id(), south);
    assert_eq!(db.row(warm).unwrap().region().unwrap().id(), north);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I13: set_null clears that key's fields only, on all matching rows
#[test]
fn a_key_that_is_cleared_over_one_relation_is_absent_over_the_other() {
    let (mut db, _, [north, _]) = world();
    let map = db.insert(Map { region_name: Some("north".into()) }).unwrap();
    let mut tx = db.begin_deferred().unwrap();
    let deleted = tx.delete(north).unwrap();
    let changed: Vec<&str> = deleted.changed.iter().map(|changed| changed.relation).collect();
    assert_eq!(changed, ["shown_in", "drawn_in"]);
    assert_eq!(tx.violations(), []);
    tx.commit().unwrap();
    assert_eq!(db.get(map), Ok(&Map { region_name: None }));
    assert!(db.row(map).unwrap().drawn_in().unwrap().is_none() && db.row(map).unwrap().shown_in().unwrap().is_none());
    assert_eq!(db.check(), Ok(()));
}
