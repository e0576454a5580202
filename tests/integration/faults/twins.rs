//! A key that stands twice, stored unchecked: the rows that name it find the twin when their target goes.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Room {
    #[model(unique)]
    no: u32,
    floor: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seat {
    #[model(belongs_to(Room), key_to = no, name = room, deferred, on_delete = no_action, on_update = no_action)]
    no: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Lamp {
    #[model(belongs_to(Room), key_to = no, name = room, on_delete = set_default, on_update = set_default, default = 1)]
    no: u32,
}

const fn room(no: u32) -> Room {
    Room { no, floor: 0 }
}

/// A room, and another that has its number.
fn twins() -> (Database, Id<Room>, Id<Room>) {
    let mut db = Database::builder().model::<Room>().model::<Seat>().model::<Lamp>().build().unwrap();
    let first = db.insert(room(1)).unwrap();
    let twin = db.insert_many_unchecked([room(1)]).unwrap()[0];
    (db, first, twin)
}

/// What stands of one number twice, and nothing else.
fn is_only_doubled(db: &Database) -> bool {
    matches!(db.check().unwrap_err()[..], [Error::UniqueViolation { model: "Room", .. }])
}

// fault D1
#[test]
fn a_row_whose_target_goes_is_linked_to_the_twin() {
    let (mut db, first, twin) = twins();
    let seat = db.insert(Seat { no: 1 }).unwrap();
    assert_eq!(db.row(seat).unwrap().room().unwrap().id(), first);
    let mut tx = db.begin().unwrap();
    tx.delete(first).unwrap();
    assert_eq!((tx.violations(), tx.check()), (vec![], Ok(())));
    assert_eq!(tx.row(seat).unwrap().room().unwrap().id(), twin);
    tx.rollback();
    assert!(is_only_doubled(&db));
    assert_eq!(db.row(seat).unwrap().room().unwrap().id(), first);
    let mut tx = db.begin().unwrap();
    tx.delete(first).unwrap();
    tx.commit().unwrap();
    assert_eq!((db.row(seat).unwrap().room().unwrap().id(), db.check()), (twin, Ok(())));
}

// fault D1
#[test]
fn a_row_whose_target_takes_another_key_is_linked_to_the_twin() {
    let (mut db, first, twin) = twins();
    let third = db.insert_many_unchecked([room(1)]).unwrap()[0];
    let seats = db.insert_many(vec![Seat { no: 1 }; 2]).unwrap();
    let mut tx = db.begin().unwrap();
    tx.set(first, Room::FIELDS.no, 2).unwrap();
    assert_eq!(tx.violations(), []);
    assert!(is_only_doubled(&tx));
    assert_eq!(tx.row(seats[1]).unwrap().room().unwrap().id(), twin);
    tx.delete(twin).unwrap();
    assert_eq!((tx.violations(), tx.check()), (vec![], Ok(())));
    assert_eq!(tx.row(seats[0]).unwrap().room().unwrap().id(), third);
    // The last of them leaves none behind.
    tx.delete(third).unwrap();
    assert_eq!(tx.violations().len(), 2);
    tx.insert(room(1)).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.check(), Ok(()));
}

// fault D1
#[test]
fn a_default_that_stands_twice_is_found_when_one_goes() {
    let (mut db, first, twin) = twins();
    let other = db.insert(room(2)).unwrap();
    let lamps = db.insert_many([1, 2].map(|no| Lamp { no })).unwrap();
    db.delete(first).unwrap();
    assert_eq!((db.row(lamps[0]).unwrap().room().unwrap().id(), db.check()), (twin, Ok(())));
    db.delete(other).unwrap();
    assert_eq!(db.children_of(twin), 2);
    // The last one is what a delete has always been refused for.
    assert!(matches!(db.delete(twin), Err(Error::ForeignKeyViolation { relation: "room", .. })));

    let (mut db, first, twin) = twins();
    let lamp = db.insert(Lamp { no: 1 }).unwrap();
    db.set(first, Room::FIELDS.no, 2).unwrap();
    assert_eq!((db.row(lamp).unwrap().room().unwrap().id(), db.check()), (twin, Ok(())));
}

trait Count {
    fn children_of(&self, room: Id<Room>) -> usize;
}

impl Count for Database {
    fn children_of(&self, room: Id<Room>) -> usize {
        self.iter::<Lamp>().filter(|(id, _)| self.row(*id).unwrap().room().unwrap().id() == room).count()
    }
}

/// A hierarchy by names.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(parts: Folder))]
struct Folder {
    #[model(unique)]
    name: String,
    #[model(belongs_to(Folder), key_to = name, name = parent, acyclic, deferred, on_delete = no_action, on_update = no_action)]
    parent_name: Option<String>,
}

fn folder(name: &str, parent: Option<&str>) -> Folder {
    Folder { name: name.into(), parent_name: parent.map(str::to_owned) }
}

// fault D1, behaviour I21: a twin that is below the row is no new parent for it
#[test]
fn a_twin_that_would_close_a_cycle_is_refused() {
    let mut db = Database::builder().model::<Folder>().build().unwrap();
    let top = db.insert(folder("a", None)).unwrap();
    let below = db.insert(folder("b", Some("a"))).unwrap();
    let twin = db.insert_many_unchecked([folder("a", Some("b"))]).unwrap()[0];
    let mut tx = db.begin().unwrap();
    tx.delete(top).unwrap();
    assert!(matches!(tx.violations()[..], [Error::Cycle { relation: "parent", .. }]));
    tx.unrelate(twin, Folder::PARENT).unwrap();
    assert_eq!((tx.violations(), tx.check()), (vec![], Ok(())));
    assert_eq!(tx.row(below).unwrap().parent().unwrap().unwrap().id(), twin);
}

// fault D1: a row that keeps its key stays with the target that it has, whatever else the statement does
#[test]
fn a_row_stays_with_the_twin_that_it_has() {
    let mut db = Database::builder().model::<Folder>().build().unwrap();
    let vacant = db.insert(folder("x", None)).unwrap();
    let first = db.insert(folder("a", None)).unwrap();
    let below = db.insert(folder("b", Some("a"))).unwrap();
    db.delete(vacant).unwrap();
    let lower = db.insert_many_unchecked([folder("a", None)]).unwrap()[0];
    assert_eq!(db.find(Folder::BY_NAME, "a").unwrap().0, lower);
    db.set(below, Folder::FIELDS.name, "c".into()).unwrap();
    assert_eq!(db.row(below).unwrap().parent().unwrap().unwrap().id(), first);
}
