//! Keys that follow keys: through composite keys that hold foreign keys, over several tables, on two ways, in circles.

use relata::{Action, Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use super::{carried_out, changed};
use crate::support::{refused, state};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Room {
    #[model(primary_key)]
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(room, number))]
struct Shelf {
    #[model(belongs_to(Room), name = in_room, on_update = cascade, on_delete = set_default, default = "cellar".to_owned())]
    room: String,
    number: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(room, shelf, place))]
#[model(belongs_to(Shelf, key_from(room, shelf), name = on, on_update = cascade, on_delete = cascade))]
struct Book {
    room: String,
    shelf: u32,
    place: u32,
}

/// Refers to a book and, by the same room, to where its desk is.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(Book, key_from(room, shelf, place), name = book, on_update = cascade))]
#[model(belongs_to(Room, key_from(desk), name = at, on_update = cascade, on_delete = cascade))]
struct Loan {
    room: String,
    shelf: u32,
    place: u32,
    desk: String,
}

/// A label keeps the place of its book from changing.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(Book, key_from(room, shelf, place), name = book, on_update = restrict))]
struct Label {
    room: String,
    shelf: u32,
    place: u32,
}

fn library() -> (Database, [Id<Room>; 3], Id<Book>, Id<Loan>) {
    let builder = Database::builder().model::<Loan>().model::<Label>().model::<Book>();
    let mut db = builder.model::<Shelf>().model::<Room>().build().unwrap();
    let rooms = db.insert_many(["east", "west", "cellar"].map(|name| Room { name: name.into() })).unwrap();
    db.insert_many([1, 2].map(|number| Shelf { room: "east".into(), number })).unwrap();
    let book = db.insert(Book { room: "east".into(), shelf: 1, place: 7 }).unwrap();
    let loan = db.insert(Loan { room: "east".into(), shelf: 1, place: 7, desk: "east".into() }).unwrap();
    (db, rooms.try_into().unwrap(), book, loan)
}

/// behaviour I4: cascade, three tables deep, through composite primary keys that hold foreign keys
#[test]
fn a_key_is_followed_through_the_keys_that_hold_it() {
    let (_, [east, ..], book, loan) = library();
    let make = || library().0;
    let (db, updated) = carried_out!(make, |db| db.update_reporting(east, |room| room.name = "orient".into()));
    assert_eq!(db.get(book), Ok(&Book { room: "orient".into(), shelf: 1, place: 7 }));
    assert_eq!(db.get(loan), Ok(&Loan { room: "orient".into(), shelf: 1, place: 7, desk: "orient".into() }));
    assert_eq!(db.row(loan).unwrap().book().unwrap().on().unwrap().in_room().unwrap().id(), east);
    let by_relation = |relation| updated.changed.iter().filter(|changed| changed.relation == relation).count();
    assert_eq!(["at", "in_room", "on", "book"].map(by_relation), [1, 2, 1, 1]);
    assert!(updated.changed.contains(&changed(loan, "book", Action::Cascade)));
}

/// behaviour I3, I4: a key that a delete points at its default is followed too
#[test]
fn a_delete_is_followed_as_an_update_is() {
    let (_, [east, ..], book, loan) = library();
    let make = || {
        let (mut db, [_, west, _], _, loan) = library();
        db.relate(loan, Loan::AT, west).unwrap();
        db
    };
    let (db, deleted) = carried_out!(make, |db| db.delete(east));
    assert_eq!(db.get(book).unwrap().room, "cellar");
    assert_eq!(db.get(loan).unwrap(), &Loan { room: "cellar".into(), shelf: 1, place: 7, desk: "west".into() });
    let told: Vec<_> = deleted.changed.iter().map(|changed| (changed.relation, changed.action)).collect();
    assert_eq!(
        told,
        [
            ("in_room", Action::SetDefault),
            ("in_room", Action::SetDefault),
            ("on", Action::Cascade),
            ("book", Action::Cascade)
        ]
    );
    // What goes along need not follow: the loan's desk is in the room that goes.
    let make = || library().0;
    assert_eq!(make().plan_delete(east).unwrap().changed.len(), 3);
    let (db, deleted) = carried_out!(make, |db| db.delete(east));
    assert_eq!((deleted.removed, deleted.changed.len(), db.len::<Loan>()), (vec![loan.erase()], 3, 0));
}

/// behaviour I6: a restrict anywhere in the set's reach outside of it refuses all
/// behaviour I20: a duplicate is refused, on update too
#[test]
fn what_stands_against_it_further_down_refuses_all() {
    let (mut db, [east, west, cellar], book, _) = library();
    let label = db.insert(Label { room: "east".into(), shelf: 1, place: 7 }).unwrap();
    let error = refused(&mut db, |db| db.update(east, |room| room.name = "orient".into()));
    assert_eq!(
        error.to_string(),
        "Book 1v1 is referred to by 1 row(s) over `Label`.book, the first is Label 1v1: changing its key is restricted"
    );
    assert_eq!(
        db.plan_update(east, |room| room.name = "orient".into()).unwrap().blocked[..],
        *std::slice::from_ref(&error)
    );
    assert_eq!(refused(&mut db, |db| db.delete(east)), error);
    // Restrict is immediate even when deferred (behaviour I12).
    assert_eq!(db.transaction_deferred(|tx| tx.update(east, |room| room.name = "orient".into())), Err(error));
    db.delete(label).unwrap();
    // Two shelves of one number would be in the cellar.
    let cold = db.insert(Shelf { room: "cellar".into(), number: 2 }).unwrap();
    let error = refused(&mut db, |db| db.delete(east));
    assert_eq!(error.to_string(), "`Shelf`: room, number = (\"cellar\", 2) is taken by Shelf 3v1");
    // The cellar itself cannot go while its shelves would fall back to it.
    let error = refused(&mut db, |db| db.delete(cellar));
    assert_eq!(
        error.to_string(),
        "Shelf 3v1: `Shelf`.in_room: no `Room` with name = \"cellar\": the same statement removes it"
    );
    db.delete(cold).unwrap();
    db.delete(west).unwrap();
    db.delete(east).unwrap();
    assert_eq!((db.get(book).unwrap().room.as_str(), db.check()), ("cellar", Ok(())));
}

/// Two ways of different lengths from a tenant to an order: over the desk, and over the region and the district.
mod diamond {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Tenant {
        #[model(primary_key)]
        name: String,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Desk {
        #[model(primary_key, belongs_to(Tenant), name = tenant, on_update = cascade)]
        tenant_name: String,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Region {
        #[model(primary_key, belongs_to(Tenant), name = tenant, on_update = cascade)]
        tenant_name: String,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct District {
        #[model(primary_key, belongs_to(Region), name = region, on_update = cascade)]
        region_name: String,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(primary_key(desk_name, district_name))]
    struct Order {
        #[model(belongs_to(Desk), name = desk, on_update = cascade)]
        desk_name: String,
        #[model(belongs_to(District), name = district, on_update = cascade)]
        district_name: String,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(belongs_to(Order, key_from(desk, district), name = order, on_update = cascade))]
    struct Line {
        desk: String,
        district: String,
    }

    fn shop() -> Database {
        let builder = Database::builder().model::<Line>().model::<Order>().model::<Desk>();
        let mut db = builder.model::<District>().model::<Region>().model::<Tenant>().build().unwrap();
        db.transaction_deferred(|tx| {
            let name = || "a".to_owned();
            tx.insert(Line { desk: name(), district: name() })?;
            tx.insert(Order { desk_name: name(), district_name: name() })?;
            tx.insert(Desk { tenant_name: name() })?;
            tx.insert(District { region_name: name() })?;
            tx.insert(Region { tenant_name: name() })?;
            tx.insert(Tenant { name: name() })
        })
        .unwrap();
        db
    }

    /// behaviour I6: Actions are decided over the whole set of rows
    #[test]
    fn a_row_that_is_reached_on_two_ways_is_followed_with_its_final_key() {
        let tenant = shop().iter::<Tenant>().next().unwrap().0;
        let (db, updated) = carried_out!(shop, |db| db.update_reporting(tenant, |tenant| tenant.name = "b".into()));
        let order = Order { desk_name: "b".into(), district_name: "b".into() };
        let line = Line { desk: "b".into(), district: "b".into() };
        assert_eq!((db.iter().next().unwrap().1, db.iter().next().unwrap().1), (&order, &line));
        assert_eq!(updated.changed.len(), 6, "each key once: {:?}", updated.changed);
    }
}

/// Rows in circles, their foreign keys within their unique keys.
mod circles {
    use super::*;

    /// The key of a member is its group and its name; its friend is of the same group.
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(primary_key(group, name))]
    #[model(belongs_to(Member, key_from(group, friend), name = befriended, on_update = cascade))]
    struct Member {
        group: u32,
        name: String,
        friend: Option<String>,
    }

    fn member(name: &str, friend: &str) -> Member {
        Member { group: 1, name: name.into(), friend: Some(friend.into()) }
    }

    fn circle() -> Database {
        let mut db = Database::builder().model::<Member>().build().unwrap();
        db.insert_many(vec![member("a", "b"), member("b", "c"), member("c", "a"), member("d", "c")]).unwrap();
        db
    }

    /// behaviour I7: visits each row once, on cycles too, by a worklist
    #[test]
    fn a_circle_follows_round_to_where_it_began() {
        let first = circle().iter::<Member>().next().unwrap().0;
        let (db, updated) = carried_out!(circle, |db| db.update_reporting(first, |member| member.group = 2));
        let groups: Vec<_> = db.iter::<Member>().map(|(_, member)| member.group).collect();
        assert_eq!((groups, updated.changed.len()), (vec![2, 2, 2, 2], 3), "the first says its group itself");
        let (db, updated) = carried_out!(circle, |db| db.update_reporting(first, |member| member.name = "z".into()));
        let friends: Vec<_> = db.iter::<Member>().map(|(_, member)| member.friend.clone().unwrap()).collect();
        assert_eq!((friends, updated.changed.len()), (["b", "c", "z", "c"].map(str::to_owned).to_vec(), 1));
    }

    /// Its key is handed on in a circle, one place further with each row.
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(unique(left, middle))]
    #[model(belongs_to(Wheel, key_from(middle, right), key_to(left, middle), name = next, on_update = cascade))]
    struct Wheel {
        left: u32,
        middle: u32,
        right: u32,
    }

    /// behaviour I4, I8: each key is rewritten once; what does not fit in the end is refused
    #[test]
    fn a_circle_of_keys_within_keys_fits_or_is_refused() {
        let wheel = |left, middle, right| Wheel { left, middle, right };
        let make = || {
            let mut db = Database::builder().model::<Wheel>().build().unwrap();
            db.insert_many(vec![wheel(1, 2, 3), wheel(2, 3, 1), wheel(3, 1, 2)]).unwrap();
            db
        };
        let first = make().iter::<Wheel>().next().unwrap().0;
        let (mut db, updated) = carried_out!(make, |db| db.update_reporting(first, |wheel| wheel.left = 9));
        let rows: Vec<_> = db.iter::<Wheel>().map(|(_, row)| row.clone()).collect();
        assert_eq!((rows, updated.changed.len()), (vec![wheel(9, 2, 3), wheel(2, 3, 9), wheel(3, 9, 2)], 2));
        // What the caller says of its own foreign key would have to be rewritten when the circle comes round to it.
        let error = refused(&mut db, |db| {
            db.update(first, |wheel| {
                wheel.left = 5;
                wheel.middle = 6;
            })
        });
        assert!(
            matches!(error, Error::ForeignKeyViolation { relation: "next", row, .. } if row == Some(first.erase()))
        );
    }

    /// Both of its relations are over one field.
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(belongs_to(Left, key_from(code), name = left, on_update = cascade))]
    #[model(belongs_to(Right, key_from(code), name = right, on_update = cascade))]
    struct Hinge {
        #[model(unique)]
        code: u32,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Left {
        #[model(primary_key, belongs_to(Hinge), key_to = code, name = hinge, on_update = cascade)]
        code: u32,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Right {
        #[model(primary_key)]
        code: u32,
    }

    /// behaviour I4, I8: the two would give each other the new key for ever, were it not for the third that stays
    #[test]
    fn a_circle_with_one_that_cannot_follow_is_refused() {
        let mut db = Database::builder().model::<Hinge>().model::<Left>().model::<Right>().build().unwrap();
        db.transaction_deferred(|tx| {
            tx.insert(Hinge { code: 1 })?;
            tx.insert(Left { code: 1 })?;
            tx.insert(Right { code: 1 })
        })
        .unwrap();
        let (left, right) = (db.iter::<Left>().next().unwrap().0, db.iter::<Right>().next().unwrap().0);
        let error = refused(&mut db, |db| db.update(left, |left| left.code = 2));
        assert_eq!(error.to_string(), "Hinge 1v1: `Hinge`.right: no `Right` with code = 2: no row has this key");
        // From the other side all of them follow.
        let updated = db.update_reporting(right, |right| right.code = 2).unwrap();
        assert_eq!((updated.changed.len(), db.get(left), db.check()), (3, Ok(&Left { code: 2 }), Ok(())));
    }

    /// What comes behind a circle is reached before the circle is: it still follows after it.
    mod behind {
        use super::*;

        #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct Owner {
            #[model(primary_key)]
            name: String,
        }
        /// Two of them refer to each other, within an owner's name.
        #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[model(primary_key(owner, side))]
        #[model(belongs_to(Twin, key_from(owner, other), name = other_twin, on_update = cascade))]
        struct Twin {
            #[model(belongs_to(Owner), name = of, on_update = cascade)]
            owner: String,
            side: u32,
            other: u32,
        }
        /// Refers to its owner, and to a twin by another field.
        #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[model(primary_key(label, twin_owner))]
        #[model(belongs_to(Twin, key_from(twin_owner, twin_side), name = twin, on_update = cascade))]
        struct Tag {
            #[model(belongs_to(Owner), name = of, on_update = cascade)]
            label: String,
            twin_owner: String,
            twin_side: u32,
        }
        #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[model(belongs_to(Tag, key_from(label, twin_owner), name = tag, on_update = cascade))]
        struct Note {
            label: String,
            twin_owner: String,
        }

        fn family() -> Database {
            let builder = Database::builder().model::<Note>().model::<Tag>().model::<Twin>();
            let mut db = builder.model::<Owner>().build().unwrap();
            db.transaction_deferred(|tx| {
                let name = || "a".to_owned();
                tx.insert(Note { label: name(), twin_owner: name() })?;
                tx.insert(Tag { label: name(), twin_owner: name(), twin_side: 2 })?;
                tx.insert(Twin { owner: name(), side: 1, other: 2 })?;
                tx.insert(Twin { owner: name(), side: 2, other: 1 })?;
                tx.insert(Owner { name: name() })
            })
            .unwrap();
            db
        }

        #[test]
        fn what_is_behind_a_circle_follows_after_it() {
            let owner = family().iter::<Owner>().next().unwrap().0;
            let (db, ()) = carried_out!(family, |db| db.update(owner, |owner| owner.name = "b".into()));
            assert!(db.iter::<Twin>().all(|(_, twin)| twin.owner == "b"));
            assert_eq!(db.iter::<Note>().next().unwrap().1, &Note { label: "b".into(), twin_owner: "b".into() });
        }
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(primary_key(branch, name))]
    #[model(belongs_to(Node, key_from(branch, parent), name = above, on_update = cascade))]
    struct Node {
        branch: u32,
        name: u32,
        parent: Option<u32>,
    }

    /// behaviour I7: no recursion, a chain of a million rows is fine (HOSTILE 34)
    #[test]
    fn a_long_chain_follows_on_a_small_stack() {
        let work = || {
            let rows = 20_000;
            let mut db = Database::builder().model::<Node>().build().unwrap();
            let node = |name: u32| Node { branch: 1, name, parent: name.checked_sub(1) };
            let ids = db.insert_many((0..rows).map(node).collect::<Vec<_>>()).unwrap();
            let updated = db.update_reporting(ids[0], |node| node.branch = 2).unwrap();
            assert_eq!(updated.changed.len(), rows as usize - 1);
            assert!(db.iter::<Node>().all(|(_, node)| node.branch == 2));
        };
        std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
    }
}

/// behaviour I8: earlier work in the same transaction survives a statement that is refused
#[test]
fn a_refused_statement_in_a_transaction_takes_nothing_with_it() {
    let (mut db, [east, west, _], book, _) = library();
    db.insert(Label { room: "east".into(), shelf: 1, place: 7 }).unwrap();
    let before = state(&db);
    let mut tx = db.begin().unwrap();
    tx.update(west, |room| room.name = "occident".into()).unwrap();
    tx.update(east, |room| room.name = "orient".into()).unwrap_err();
    assert_eq!((tx.get(book).unwrap().room.as_str(), tx.check()), ("east", Ok(())));
    tx.commit().unwrap();
    assert_eq!(db.get(west).unwrap().name, "occident");
    db.update(west, |room| room.name = "west".into()).unwrap();
    assert!(state(&db) == before);
}
