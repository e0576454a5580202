//! Statements over sets of rows: judged as one, whatever the rows do to each other; and the same as one by one where that is
//! accepted.

use relata::{
    Action, AnyRelation, BatchViolation, Changed, ChangedKey, Database, DeletedMany, Error, HasMany, Holder, Id,
    Missing, Model, Overflow, UpdatedMany, Watch,
};
use serde::{Deserialize, Serialize};

use crate::support::{refused, state};

/// Followed by its code; `none` is the default of what it loses.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(members: Person, via = club), has_many(guests: Person, via = visits))]
struct Club {
    #[model(primary_key)]
    code: String,
    rank: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(reports: Person, via = boss), has_many(friends: Person, via = friend), has_many(things: Thing))]
#[model(has_many(receipts: Receipt), has_many(teams: Team, via = people))]
struct Person {
    #[model(primary_key)]
    email: String,
    #[model(unique)]
    badge: Option<u32>,
    #[model(belongs_to(Club), name = club, on_delete = set_null, on_update = cascade)]
    club_code: Option<String>,
    #[model(belongs_to(Club), name = visits, on_delete = set_default, on_update = restrict, default = "none".into())]
    visits_code: Option<String>,
    #[model(belongs_to, on_delete = restrict)]
    boss_id: Option<Id<Person>>,
    #[model(belongs_to(Person), name = friend, on_delete = set_null, on_update = cascade)]
    friend_email: Option<String>,
    note: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    label: u32,
    #[model(belongs_to, on_delete = cascade)]
    person_id: Id<Person>,
}

/// It keeps its person from going.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Receipt {
    #[model(belongs_to)]
    person_id: Id<Person>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Team {
    #[model(references_many, name = people, on_delete = set_null)]
    people_ids: Vec<Id<Person>>,
}

fn world() -> Database {
    let builder = Database::builder().model::<Club>().model::<Person>().model::<Thing>();
    builder.model::<Receipt>().model::<Team>().build().unwrap()
}

fn person(email: &str) -> Person {
    Person {
        email: email.into(),
        badge: None,
        club_code: None,
        visits_code: None,
        boss_id: None,
        friend_email: None,
        note: 0,
    }
}

fn people<const N: usize>(db: &mut Database, emails: [&str; N]) -> [Id<Person>; N] {
    emails.map(|email| db.insert(person(email)).unwrap())
}

fn club(code: &str) -> Club {
    Club { code: code.into(), rank: 0 }
}

/// What stands against a statement, with its places.
fn violations(error: Error) -> Vec<(usize, String)> {
    let Error::BatchRefused { count, violations, .. } = error else { panic!("{error}") };
    assert_eq!(count, violations.len());
    violations.into_iter().map(|BatchViolation { index, error }| (index, error.to_string())).collect()
}

/// behaviour I26: Deleting many rows is one statement: what they do to each other is in nobody's way
///
/// fault B6: Deleting several rows that refer to each other has no statement without an owner.
#[test]
fn rows_that_keep_each_other_go_together() {
    let mut db = world();
    let [thor, loki, odin] = people(&mut db, ["thor", "loki", "odin"]);
    db.update(thor, |row| row.boss_id = Some(loki)).unwrap();
    db.update(loki, |row| row.boss_id = Some(odin)).unwrap();
    db.update(odin, |row| (row.boss_id, row.friend_email) = (Some(thor), Some("odin".into()))).unwrap();
    for id in [thor, loki, odin] {
        assert!(matches!(refused(&mut db, |db| db.delete(id)), Error::RestrictViolation { .. }));
    }
    let rows: Vec<Person> = [odin, thor, loki].map(|id| db.get(id).unwrap().clone()).into();
    // An id that is there twice counts once.
    let gone = db.delete_many([odin, thor, odin, loki, thor]).unwrap();
    assert_eq!(gone, DeletedMany { rows, removed: Vec::new(), changed: Vec::new() });
    assert_eq!((db.len::<Person>(), db.check()), (0, Ok(())));
}

/// behaviour I26: all or nothing, with everything that stands against it
#[test]
fn everything_that_stands_against_a_delete_is_listed() {
    let mut db = world();
    let [thor, loki, odin, frey] = people(&mut db, ["thor", "loki", "odin", "frey"]);
    db.insert(Receipt { person_id: loki }).unwrap();
    db.update(frey, |row| row.boss_id = Some(odin)).unwrap();
    // The place is that of the id, whether or not ids before it are repeated.
    let error = refused(&mut db, |db| db.delete_many([thor, thor, odin, loki]));
    assert_eq!(
        violations(error),
        [
            (2, "Person 3v1 is referred to by 1 row(s) over `Person`.boss, the first is Person 4v1: deleting it is restricted".into()),
            (3, "Person 2v1 is referred to by 1 row(s) over `Receipt`.person, the first is Receipt 1v1: deleting it is restricted".into()),
        ]
    );
    db.update(frey, |row| row.boss_id = None).unwrap();
    let error = refused(&mut db, |db| db.delete_many([thor, odin, loki]));
    assert_eq!(violations(error).len(), 1);
    // Sources outside of the set lose their key.
    db.update(frey, |row| row.friend_email = Some("odin".into())).unwrap();
    let gone = db.delete_many([odin, thor]).unwrap();
    assert_eq!(gone.changed, [ChangedKey { row: frey.erase(), relation: "friend", action: Action::SetNull }]);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I26: Everything that stands against it is listed: what is found first hides nothing else
#[test]
fn a_restrict_hides_no_other_violation() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Port {
        name: String,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Ship {
        #[model(belongs_to, name = home, on_delete = restrict)]
        home_id: Option<Id<Port>>,
        #[model(belongs_to, name = berth, on_delete = set_default)]
        berth_id: Option<Id<Port>>,
    }
    let mut db = Database::builder().model::<Port>().model::<Ship>().build().unwrap();
    let [left, right] = ["left", "right"].map(|name| db.insert(Port { name: name.into() }).unwrap());
    let ship = db.insert(Ship { home_id: Some(right), berth_id: Some(left) }).unwrap();
    let error = refused(&mut db, |db| db.delete_many([left, right]));
    let Error::BatchRefused { count: 2, violations, .. } = &error else { panic!("{error}") };
    let no_default = Error::NoDefault { row: ship.erase(), relation: "berth" };
    assert_eq!(violations[0], BatchViolation { index: 0, error: no_default });
    assert!(matches!(violations[1], BatchViolation { index: 1, error: Error::RestrictViolation { .. } }));
}

/// behaviour I26: what goes along is told apart, with the place of the id that takes it along
#[test]
fn cascades_are_planned_once_and_blamed_on_what_was_asked_for() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Folder {
        #[model(belongs_to, on_delete = cascade)]
        parent_id: Option<Id<Folder>>,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Lock {
        #[model(belongs_to)]
        folder_id: Id<Folder>,
    }
    let mut db = Database::builder().model::<Folder>().model::<Lock>().build().unwrap();
    let mut folder = |parent_id| db.insert(Folder { parent_id }).unwrap();
    let [left, right] = [folder(None), folder(None)];
    let (below, beside) = (folder(Some(right)), folder(Some(left)));
    let deepest = folder(Some(below));
    let lock = db.insert(Lock { folder_id: deepest }).unwrap();
    let error = refused(&mut db, |db| db.delete_many([left, right]));
    let Error::BatchRefused { rows: 2, count: 1, violations } = error else { panic!("{error}") };
    // It stands against the second, though the row that stays is three below it.
    assert_eq!(violations[0].index, 1);
    assert!(matches!(violations[0].error, Error::RestrictViolation { row, .. } if row == deepest.erase()));
    assert_eq!(db.delete(lock).unwrap().removed, []);
    let gone = db.delete_many([left, below, right]).unwrap();
    assert_eq!(gone.rows.iter().map(|row| row.parent_id).collect::<Vec<_>>(), [None, Some(right), None]);
    assert_eq!(gone.removed, [beside, deepest].map(Id::erase));
    assert_eq!((db.len::<Folder>(), db.check()), (0, Ok(())));
}

/// behaviour I26: ids of no row are listed, each with its place, and nothing is done
#[test]
fn every_id_of_no_row_is_listed() {
    let mut db = world();
    let [thor, loki, odin] = people(&mut db, ["thor", "loki", "odin"]);
    db.delete(loki).unwrap();
    let not_found = |row: Id<Person>, why| Error::NotFound { row: row.erase(), why };
    let expected = vec![
        BatchViolation { index: 1, error: not_found(loki, Missing::Removed) },
        BatchViolation { index: 3, error: not_found(Id::null(), Missing::Null) },
    ];
    let expected = Error::BatchRefused { rows: 4, count: 2, violations: expected };
    let ids = [thor, loki, odin, Id::null()];
    assert_eq!(refused(&mut db, |db| db.delete_many(ids)), expected);
    assert_eq!(refused(&mut db, |db| db.update_many(ids, |_, _| panic!("nothing is edited"))), expected);
    assert_eq!(db.delete_many(Vec::<Id<Person>>::new()).unwrap().rows, []);
    assert_eq!(db.update_many(Vec::<Id<Person>>::new(), |_, _| ()).unwrap().rows, 0);
    assert_eq!(db.upsert_many(Person::BY_EMAIL, []).unwrap(), []);
    let Error::BatchRefused { count, violations, .. } =
        refused(&mut db, |db| db.delete_many(vec![Id::<Person>::null(); 10_001]))
    else {
        panic!()
    };
    assert_eq!((count, violations.len()), (10_001, 10_000));
}

/// behaviour I26: `set_default` whose default goes along, or is missing, stands against it
#[test]
fn a_default_that_goes_along_is_no_default() {
    let mut db = world();
    let [none, red, blue] = ["none", "red", "blue"].map(|code| db.insert(club(code)).unwrap());
    let [thor, loki] = people(&mut db, ["thor", "loki"]);
    db.update(thor, |row| row.visits_code = Some("red".into())).unwrap();
    db.update(loki, |row| row.visits_code = Some("blue".into())).unwrap();
    let listed = violations(refused(&mut db, |db| db.delete_many([blue, none, red])));
    let text = "`Person`.visits: no `Club` with code = \"none\": the same statement removes it";
    assert_eq!(listed, [(0, format!("Person 2v1: {text}")), (2, format!("Person 1v1: {text}"))]);
    let gone = db.delete_many([blue, red]).unwrap();
    assert_eq!(gone.changed.iter().map(|changed| changed.row).collect::<Vec<_>>(), [loki, thor].map(Id::erase));
    assert!(db.children(none, Club::GUESTS).unwrap().map(|(id, _)| id).eq([loki, thor]));
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I26, I27, I28: one step of a history and one message, and taken back with its transaction
#[test]
fn a_statement_over_a_set_is_one_step_and_one_message() {
    let mut db = world();
    let ids = people(&mut db, ["a", "b", "c", "d"]);
    let thing = db.insert(Thing { label: 1, person_id: ids[3] }).unwrap();
    db.keep_history(10).unwrap();
    let feed = db.subscribe(Watch::everything(), 100, Overflow::Close).unwrap();
    let rows: Vec<Person> = ids.map(|id| db.get(id).unwrap().clone()).into();
    let before = state(&db);

    // Alone, and with what goes along.
    assert_eq!(db.delete_many([ids[1], ids[0]]).unwrap().rows, [rows[1].clone(), rows[0].clone()]);
    assert_eq!(db.delete_many([ids[3], ids[2]]).unwrap().rows, [rows[3].clone(), rows[2].clone()]);
    assert_eq!((db.len::<Person>(), db.history()), (0, (2, 0)));
    let removed = |ids: &[Id<Person>]| ids.iter().map(|id| Changed::Removed(id.erase())).collect::<Vec<_>>();
    let told = |changes: &[Changed]| {
        changes.iter().filter(|it| matches!(it, Changed::Removed(_))).copied().collect::<Vec<_>>()
    };
    assert_eq!(told(&feed.try_recv().unwrap().changes), removed(&[ids[1], ids[0]]));
    let told = told(&feed.try_recv().unwrap().changes);
    assert_eq!(told, [removed(&[ids[3], ids[2]]), vec![Changed::Removed(thing.erase())]].concat());
    assert!(db.undo().unwrap() && db.undo().unwrap());
    assert!(state(&db) == before && db.check().is_ok());
    while feed.try_recv().is_ok() {}

    let edit =
        |_: Id<Person>, row: &mut Person| row.badge = Some(row.email.len() as u32 + u32::from(row.email.as_bytes()[0]));
    assert_eq!(db.update_many(ids, edit).unwrap(), UpdatedMany { rows: 4, changed: Vec::new() });
    db.update_many(ids, |_, _| ()).unwrap();
    assert_eq!(db.history().0, 2);
    assert_eq!(feed.try_recv().unwrap().changes, ids.map(|id| Changed::Updated(id.erase())));
    let stored = db.upsert_many(Person::BY_EMAIL, [person("a"), person("z")]).unwrap();
    assert_eq!((stored[0].0, stored[0].1.as_ref().unwrap().badge), (ids[0], Some(98)));
    assert!(stored[1].1.is_none());
    // Rows that keep their keys beside new ones with nothing out of the ordinary.
    while feed.try_recv().is_ok() {}
    let stored = db.upsert_many(Person::BY_EMAIL, [person("y"), Person { note: 5, ..person("z") }]).unwrap();
    let told = [Changed::Inserted(stored[0].0.erase()), Changed::Updated(stored[1].0.erase())];
    let changes = feed.try_recv().unwrap().changes;
    assert!(told.iter().all(|told| changes.contains(told)) && feed.try_recv().is_err(), "{changes:?}");
    assert_eq!((stored[1].1.clone(), db.history().0), (Some(person("z")), 4));
    assert!(db.undo().unwrap());
    assert!(db.undo().unwrap() && db.undo().unwrap() && db.undo().unwrap());
    assert!(ids.iter().zip(&rows).all(|(id, row)| db.get(*id).unwrap() == row));
    assert_eq!((db.len::<Person>(), db.check()), (4, Ok(())));

    drop(feed);
    db.keep_history(0).unwrap();
    let before = state(&db);
    let mut tx = db.begin().unwrap();
    assert_eq!(tx.update_many([ids[0]], edit).unwrap().rows, 1);
    let old = tx.upsert_many(Person::BY_EMAIL, [person("a"), person("b")]).unwrap();
    assert_eq!(old.into_iter().map(|(_, old)| old.unwrap().badge).collect::<Vec<_>>(), [Some(98), None]);
    assert_eq!(tx.delete_many(ids).unwrap().rows, rows);
    assert!(tx.is_empty::<Person>());
    drop(tx);
    assert!(state(&db) == before && db.check().is_ok());
}

/// behaviour I27: Updating many rows is one statement: keys may change hands among them
///
/// fault B6: swapping unique values of two rows has no statement without an owner.
#[test]
fn rows_take_keys_from_each_other() {
    let mut db = world();
    let [red, blue] = ["red", "blue"].map(|code| db.insert(club(code)).unwrap());
    let [thor, loki] = people(&mut db, ["thor", "loki"]);
    db.update(thor, |row| row.club_code = Some("red".into())).unwrap();
    db.update(loki, |row| row.club_code = Some("blue".into())).unwrap();
    let swap = |_, row: &mut Club| row.code = if row.code == "red" { "blue" } else { "red" }.into();
    assert!(refused(&mut db, |db| db.update(red, |row| swap(red, row))).to_string().contains("is taken by Club 2v1"));
    let done = db.update_many([red, blue, red], swap).unwrap();
    let followed = |row: Id<Person>| ChangedKey { row: row.erase(), relation: "club", action: Action::Cascade };
    assert_eq!(done, UpdatedMany { rows: 2, changed: vec![followed(thor), followed(loki)] });
    assert_eq!(db.get(thor).unwrap().club_code.as_deref(), Some("blue"));
    assert_eq!(db.related(thor, Person::CLUB).unwrap().unwrap().code, "blue");
    assert_eq!(db.find(Club::BY_CODE, "blue").unwrap().0, red);
    // Every violation, by the place of the id.
    let error = refused(&mut db, |db| {
        db.update_many([thor, thor, loki], |id, row| {
            row.email = "odin".into();
            row.boss_id = Some(if id == thor { Id::null() } else { thor });
        })
    });
    assert_eq!(
        violations(error),
        [
            (0, "Person 1v1: `Person`.boss: no `Person` with id null: the null id".into()),
            (2, "`Person`: email = \"odin\" is taken by Person 1v1".into())
        ]
    );
    db.update(thor, |row| row.visits_code = Some("blue".into())).unwrap();
    let restricted = violations(refused(&mut db, |db| db.update_many([blue, red], swap)));
    assert_eq!((restricted.len(), restricted[0].0), (1, 1));
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I27: Where no key has changed the rows are swapped in, and nothing else
#[test]
fn rows_that_keep_their_keys_stay_where_they_are() {
    let mut db = world();
    let [red, blue] = ["red", "blue"].map(|code| db.insert(club(code)).unwrap());
    let members = people(&mut db, ["a", "b", "c"]);
    for id in members {
        db.update(id, |row| row.club_code = Some("red".into())).unwrap();
    }
    // A row of the same batch that does change a key, and one that waits.
    db.insert_many_unchecked(vec![Person { boss_id: Some(Id::null()), ..person("waits") }]).unwrap();
    let waits = db.find(Person::BY_EMAIL, "waits").unwrap().0;
    let children = |db: &Database| db.children(red, Club::MEMBERS).unwrap().map(|(id, _)| id).collect::<Vec<_>>();
    let before = children(&db);
    db.update_many([red, blue], |_, row| row.rank += 1).unwrap();
    db.update_many([blue], |_, row| row.rank += 1).unwrap();
    db.update_many([members[2], waits, members[0]], |_, row| {
        row.badge = Some(row.badge.map_or(0, |badge| badge) + u32::from(row.email.as_bytes()[0]));
    })
    .unwrap();
    assert_eq!([red, blue].map(|id| db.get(id).unwrap().rank), [1, 2]);
    assert_eq!(children(&db), before);
    assert_eq!(db.get(waits).unwrap().badge, Some(u32::from(b'w')));
    assert_eq!(db.find(Person::BY_BADGE, &u32::from(b'c')).unwrap().0, members[2]);
    assert_eq!(db.check().unwrap_err().len(), 1);
}

/// behaviour I28: Upserting many rows is one statement: those with a stored key replace, the others are inserted
#[test]
fn upserts_are_planned_as_one() {
    let mut db = world();
    let red = db.insert(club("red")).unwrap();
    let [thor, loki] = people(&mut db, ["thor", "loki"]);
    db.update_many([thor, loki], |id, row| row.badge = Some(if id == thor { 1 } else { 2 })).unwrap();
    db.insert(Person { friend_email: Some("loki".into()), ..person("fan") }).unwrap();
    // A new row takes a key that a stored one gives up, that one the key of a third; they name each other before they are
    // there.
    let rows = [
        Person { badge: Some(1), friend_email: Some("thor".into()), ..person("new") },
        Person { badge: Some(2), friend_email: Some("new".into()), ..person("thor") },
        Person { friend_email: Some("newer".into()), club_code: Some("red".into()), ..person("loki") },
        Person { friend_email: Some("newer".into()), club_code: Some("red".into()), ..person("newer") },
    ];
    let upcoming = db.clone().insert_many([person("x"), person("y")]).unwrap();
    let stored = db.upsert_many(Person::BY_EMAIL, rows.clone()).unwrap();
    assert_eq!(stored.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [upcoming[0], thor, loki, upcoming[1]]);
    assert_eq!(
        stored.iter().map(|(_, old)| old.as_ref().and_then(|old| old.badge)).collect::<Vec<_>>(),
        [None, Some(1), Some(2), None]
    );
    assert_eq!(stored.iter().filter(|(_, old)| old.is_none()).count(), 2);
    assert!(stored.iter().zip(&rows).all(|((id, _), row)| db.get(*id).unwrap() == row));
    assert!(db.children(red, Club::MEMBERS).unwrap().map(|(id, _)| id).eq([loki, upcoming[1]]));
    assert!(db.children(upcoming[1], Person::FRIENDS).unwrap().map(|(id, _)| id).eq([loki, upcoming[1]]));
    assert_eq!(db.check(), Ok(()));

    // By another key: what refers to the row by the first follows.
    let fan = db.find(Person::BY_EMAIL, "fan").unwrap().0;
    let stored = db.upsert_many(
        Person::BY_BADGE,
        [Person { badge: Some(9), ..person("none") }, Person { badge: Some(2), ..person("THOR") }],
    );
    assert_eq!(stored.unwrap()[1].0, thor);
    assert_eq!(db.get(upcoming[0]).unwrap().friend_email.as_deref(), Some("THOR"));
    assert_eq!(db.get(fan).unwrap().friend_email.as_deref(), Some("loki"));
    // An absent key names no row.
    assert!(
        db.upsert_many(Person::BY_BADGE, [person("one"), person("two")]).unwrap().iter().all(|(_, old)| old.is_none())
    );
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I28: a key that two rows of the batch have is an error that names both; else every violation is listed
#[test]
fn every_violation_of_upserts_is_listed() {
    let mut db = world();
    let [thor, loki] = people(&mut db, ["thor", "loki"]);
    db.update(loki, |row| row.badge = Some(5)).unwrap();
    let rows = [person("new"), person("thor"), person("new"), person("thor"), person("thor")];
    let error = refused(&mut db, |db| db.upsert_many(Person::BY_EMAIL, rows));
    let Error::BatchRefused { violations: listed, .. } = &error else { panic!("{error}") };
    let both = |violation: &BatchViolation| match &violation.error {
        Error::UniqueViolation { existing: Holder::Batch(first), .. } => (*first, violation.index),
        error => panic!("{error}"),
    };
    assert_eq!(listed.iter().map(both).collect::<Vec<_>>(), [(0, 2), (1, 3), (1, 4)]);
    let rows = [
        Person { badge: Some(5), ..person("new") },
        Person { badge: Some(7), boss_id: Some(Id::null()), ..person("thor") },
        Person { badge: Some(7), friend_email: Some("nobody".into()), ..person("newer") },
    ];
    assert_eq!(
        violations(refused(&mut db, |db| db.upsert_many(Person::BY_EMAIL, rows))),
        [
            (0, "`Person`: badge = 5 is taken by Person 2v1".into()),
            (1, "Person 1v1: `Person`.boss: no `Person` with id null: the null id".into()),
            (2, "`Person`: badge = 7 is taken by batch[1]".into()),
            (2, "`Person`.friend: no `Person` with email = \"nobody\": no row has this key".into()),
        ]
    );
    // A key that others keep by `restrict`, given up by a row that is replaced.
    let red = db.insert(club("red")).unwrap();
    db.update(thor, |row| row.visits_code = Some("red".into())).unwrap();
    assert_eq!(db.upsert_many(Club::BY_CODE, [club("blue"), Club { rank: 3, ..club("red") }]).unwrap()[1].0, red);
}

/// What can be asked of the rows of a world, and the order of all children.
fn view(db: &Database) -> String {
    fn rows<M: Model + std::fmt::Debug>(db: &Database) -> String {
        format!("{:?}\n", db.iter::<M>().collect::<Vec<_>>())
    }
    fn children<R: AnyRelation>(db: &Database, relation: HasMany<R>) -> String {
        let of = |(id, _): (Id<R::Target>, &R::Target)| children_of(db, id, relation);
        format!("{:?}\n", db.iter::<R::Target>().map(of).collect::<Vec<_>>())
    }
    // Rows that fall back to a default together join it in the order in which the statement has come upon them.
    let of_default = db.find(Club::BY_CODE, "none").map(|(id, _)| id);
    let mut guests: Vec<_> = db.iter::<Club>().map(|(id, _)| (id, children_of(db, id, Club::GUESTS))).collect();
    guests.iter_mut().filter(|(id, _)| of_default == Ok(*id)).for_each(|(_, ids)| ids.sort());
    let rows = rows::<Club>(db) + &rows::<Person>(db) + &rows::<Thing>(db) + &rows::<Receipt>(db) + &rows::<Team>(db);
    rows + &children(db, Club::MEMBERS)
        + &format!("{guests:?}\n")
        + &children(db, Person::REPORTS)
        + &children(db, Person::FRIENDS)
        + &children(db, Person::THINGS)
        + &children(db, Person::TEAMS)
}

fn children_of<R: AnyRelation>(db: &Database, id: Id<R::Target>, relation: HasMany<R>) -> Vec<Id<R::Source>> {
    db.children(id, relation).unwrap().map(|(id, _)| id).collect()
}

/// A small generator with a fixed seed: the tests are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| items[self.below(items.len())])
    }

    fn some<T>(&mut self, value: Option<T>) -> Option<T> {
        value.filter(|_| self.below(3) > 0)
    }

    fn code(&mut self) -> String {
        ["none", "red", "blue", "green"][self.below(4)].into()
    }

    fn ids<M: Model>(&mut self, db: &Database, most: usize) -> Vec<Id<M>> {
        let all: Vec<Id<M>> = db.iter::<M>().map(|(id, _)| id).collect();
        let mut ids: Vec<Id<M>> = Vec::new();
        for _ in 0..self.below(most + 1) {
            ids.extend(self.of(&all).filter(|id| !ids.contains(id)));
        }
        ids
    }

    fn person(&mut self, db: &Database, email: usize) -> Person {
        let all: Vec<Id<Person>> = db.iter::<Person>().map(|(id, _)| id).collect();
        let friend = self.of(&all).map(|id| db.get(id).unwrap().email.clone());
        let (boss, codes, badge) = (self.of(&all), [self.code(), self.code()], self.below(30) as u32);
        let [club, visits] = codes;
        Person {
            email: format!("p{email}"),
            badge: self.some(Some(badge)),
            club_code: self.some(Some(club)),
            visits_code: self.some(Some(visits)),
            boss_id: self.some(boss).filter(|_| self.below(2) == 0),
            friend_email: self.some(friend),
            note: self.below(1000) as u32,
        }
    }
}

fn random_world(random: &mut Random) -> Database {
    let mut db = world();
    db.insert_many(["none", "red", "blue", "green"].map(club)).unwrap();
    for email in 0..12 {
        let row = random.person(&db, email);
        let _ = db.insert(row);
        if let Some(person_id) = random.ids::<Person>(&db, 2).pop() {
            match random.below(4) {
                0 => drop(db.insert(Receipt { person_id }).unwrap()),
                1 => drop(db.insert(Team { people_ids: random.ids(&db, 4) }).unwrap()),
                _ => drop(db.insert(Thing { label: email as u32, person_id }).unwrap()),
            }
        }
    }
    db
}

/// How often a statement over a set, and the same one by one, were accepted.
#[derive(Debug, Default)]
struct Outcomes {
    both: usize,
    together_only: usize,
    neither: usize,
}

impl Outcomes {
    /// Carries a statement out on `db`, and the same one by one in a transaction on a clone.
    fn compare<T: std::fmt::Debug>(
        &mut self,
        db: &mut Database,
        together: impl FnOnce(&mut Database) -> Result<T, Error>,
        one_by_one: impl FnOnce(&mut relata::Transaction<'_>) -> Result<T, Error>,
        same: impl FnOnce(&T, &T) -> bool,
    ) {
        let mut clone = db.clone();
        let before = (db.state_hash().unwrap(), view(db));
        let alone = clone.transaction(one_by_one);
        match (together(db), alone) {
            (Ok(together), Ok(alone)) => {
                assert!(same(&together, &alone), "{together:?}\n{alone:?}");
                // The ids to come may be others: one by one the slots of what a row takes along are free before the next.
                assert_eq!(view(db), view(&clone));
                self.both += 1;
            }
            (Ok(_), Err(_)) => self.together_only += 1,
            (Err(error), Err(_)) => {
                assert!(matches!(error, Error::BatchRefused { .. }), "{error}");
                assert!((db.state_hash().unwrap(), view(db)) == before, "a refused call has changed the database");
                self.neither += 1;
            }
            (Err(error), Ok(_)) => panic!("accepted one by one: {error}"),
        }
        assert_eq!(db.check(), Ok(()));
        assert_eq!(clone.check(), Ok(()));
    }

    fn expect_all(&self) {
        assert!(self.both > 50 && self.together_only > 10 && self.neither > 50, "{self:?}");
    }
}

/// behaviour I26: what is accepted one by one is accepted together, and leaves the same
#[test]
fn deletes_together_are_those_one_by_one() {
    let (mut random, mut outcomes) = (Random(1), Outcomes::default());
    for round in 0..1_200 {
        let mut db = random_world(&mut random);
        if round % 2 == 0 {
            let ids = random.ids::<Person>(&db, 6);
            let same = |together: &Vec<Person>, alone: &Vec<Person>| together.len() >= alone.len();
            outcomes.compare(
                &mut db,
                |db| db.delete_many(ids.clone()).map(|gone| gone.rows),
                |tx| ids.iter().map(|id| tx.delete(*id).map(|gone| gone.row)).collect(),
                same,
            );
        } else {
            let ids = random.ids::<Club>(&db, 3);
            outcomes.compare(
                &mut db,
                |db| db.delete_many(ids.clone()).map(|gone| gone.rows),
                |tx| ids.iter().map(|id| tx.delete(*id).map(|gone| gone.row)).collect(),
                |together, alone| together == alone,
            );
        }
    }
    outcomes.expect_all();
}

/// behaviour I27: what is accepted one by one is accepted together, and leaves the same
#[test]
fn updates_together_are_those_one_by_one() {
    let (mut random, mut outcomes) = (Random(2), Outcomes::default());
    for round in 0..1_500 {
        let mut db = random_world(&mut random);
        if round % 2 == 0 {
            let ids = random.ids::<Person>(&db, 6);
            let mut new: Vec<Person> = Vec::new();
            for (nth, _) in ids.iter().enumerate() {
                let email = random.below(15);
                let mut row = random.person(&db, email);
                if round % 3 == 0 {
                    // The keys go round.
                    let next = db.get(ids[(nth + 1) % ids.len()]).unwrap();
                    (row.email, row.badge) = (next.email.clone(), next.badge);
                }
                new.push(row);
            }
            // What names a person by a key is left alone: one by one it would be judged before the key changes hands.
            let fields = random.below(16);
            let edit = |id: Id<Person>, row: &mut Person| {
                let from = &new[ids.iter().position(|other| *other == id).unwrap()];
                if fields & 1 > 0 {
                    row.email.clone_from(&from.email);
                }
                if fields & 8 > 0 {
                    row.note = from.note;
                }
                if fields & 2 > 0 {
                    row.badge = from.badge;
                }
                if fields & 4 > 0 {
                    row.club_code.clone_from(&from.club_code);
                    row.boss_id = from.boss_id;
                }
            };
            outcomes.compare(
                &mut db,
                |db| db.update_many(ids.clone(), edit).map(|done| done.rows),
                |tx| {
                    ids.iter()
                        .map(|id| tx.update(*id, |row| edit(*id, row)))
                        .collect::<Result<Vec<()>, _>>()
                        .map(|done| done.len())
                },
                |together, alone| together == alone,
            );
        } else {
            let ids = random.ids::<Club>(&db, 3);
            let turn = 1 + random.below(3);
            let edit = |row: &mut Club| {
                const CODES: [&str; 4] = ["red", "blue", "green", "white"];
                let place = CODES.iter().position(|code| *code == row.code).unwrap_or(0);
                (row.code, row.rank) = (CODES[(place + turn) % 4].into(), row.rank + 1);
            };
            outcomes.compare(
                &mut db,
                |db| db.update_many(ids.clone(), |_, row| edit(row)).map(|done| done.rows),
                |tx| ids.iter().map(|id| tx.update(*id, edit)).collect::<Result<Vec<()>, _>>().map(|done| done.len()),
                |together, alone| together == alone,
            );
        }
    }
    outcomes.expect_all();
}

/// behaviour I28: what is accepted one by one is accepted together, and leaves the same, the new ids too
#[test]
fn upserts_together_are_those_one_by_one() {
    let (mut random, mut outcomes) = (Random(3), Outcomes::default());
    for round in 0..1_500 {
        let mut db = random_world(&mut random);
        let mut emails: Vec<usize> = (0..20).collect();
        let mut rows = Vec::new();
        for _ in 0..random.below(6) {
            let email = emails.swap_remove(random.below(emails.len()));
            let mut row = random.person(&db, email);
            // Some rows keep all keys that they have.
            if let Ok((_, stored)) = db.find(Person::BY_EMAIL, row.email.as_str())
                && round % 3 == 0
            {
                row = Person { note: row.note, ..stored.clone() };
            }
            // Rows of the batch, before and behind it, are named too.
            if random.below(4) == 0 {
                row.friend_email = Some(format!("p{}", emails[random.below(emails.len())]));
            }
            rows.push(row);
        }
        outcomes.compare(
            &mut db,
            |db| db.upsert_many(Person::BY_EMAIL, rows.clone()),
            |tx| rows.iter().map(|row| tx.upsert(Person::BY_EMAIL, row.clone())).collect(),
            |together, alone| {
                together
                    .iter()
                    .zip(alone)
                    .all(|(together, alone)| together.0 == alone.0 && together.1.is_some() == alone.1.is_some())
            },
        );
    }
    outcomes.expect_all();
}

/// behaviour I26: rows that go together leave the lists as those that go one by one: many of one, of several in turn, all
#[test]
fn what_goes_together_leaves_the_lists_in_order() {
    let mut random = Random(4);
    let mut base = world();
    let owners = people(&mut base, ["a", "b", "c"]);
    let things: Vec<Thing> = (0..9_000).map(|label| Thing { label, person_id: owners[random.below(3)] }).collect();
    let all = base.insert_many(things).unwrap();
    for share in [1, 2, 10, 100] {
        for shuffled in [false, true] {
            let mut ids: Vec<Id<Thing>> = all.iter().filter(|_| random.below(100) < share * share).copied().collect();
            if shuffled {
                (1..ids.len()).for_each(|last| ids.swap(last, random.below(last + 1)));
            }
            let (mut db, mut alone) = (base.clone(), base.clone());
            let gone = db.delete_many(ids.iter().copied()).unwrap();
            let rows: Vec<Thing> = ids.iter().map(|id| alone.delete(*id).unwrap().row).collect();
            assert_eq!(gone.rows, rows);
            assert_eq!(db.check(), Ok(()));
            // Here even the ids to come are the same.
            assert_eq!(db.state_hash().unwrap(), alone.state_hash().unwrap());
            assert_eq!(base.check(), Ok(()), "a clone knows nothing of it");
        }
    }
}
