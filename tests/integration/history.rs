//! Undo and redo of whole transactions.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(things: Thing))]
struct Player {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(contents: Thing, via = container))]
struct Thing {
    #[model(unique)]
    label: Option<String>,
    #[model(belongs_to, on_delete = cascade)]
    owner_id: Id<Player>,
    #[model(belongs_to, on_delete = set_null)]
    container_id: Option<Id<Thing>>,
}

fn thing(label: u32, owner_id: Id<Player>, container_id: Option<Id<Thing>>) -> Thing {
    Thing { label: Some(label.to_string()), owner_id, container_id }
}

fn world() -> (Database, Vec<Id<Player>>) {
    let mut db = Database::builder().model::<Player>().model::<Thing>().build().unwrap();
    let players = db.insert_many(["a", "b", "c"].map(|name| Player { name: name.into() })).unwrap();
    db.keep_history(1_000).unwrap();
    (db, players)
}

/// Everything that can be seen: rows with their ids, children in their order.
fn seen(db: &Database) -> String {
    use std::fmt::Write;
    assert_eq!(db.check(), Ok(()));
    let mut text = String::new();
    for (id, row) in db.iter::<Player>() {
        let things: Vec<_> = db.row(id).unwrap().things().map(|thing| thing.id()).collect();
        writeln!(text, "{id} {row:?} {things:?}").unwrap();
    }
    for (id, row) in db.iter::<Thing>() {
        let contents: Vec<_> = db.row(id).unwrap().contents().map(|thing| thing.id()).collect();
        writeln!(text, "{id} {row:?} {contents:?}").unwrap();
    }
    text
}

/// Batches with unique keys, into an empty table and beside other rows, are what their rows are in a transaction.
///
/// behaviour S1: the hash is the same after the same operations, after an undo
#[test]
fn a_batch_is_undone_and_redone_as_its_rows_one_by_one_are() {
    let (mut db, players) = world();
    let (mut twin, _) = world();
    let both = |db: &Database, twin: &Database| {
        assert_eq!(db.state_hash(), twin.state_hash());
        assert!(seen(db) == seen(twin));
        db.state_hash().unwrap()
    };
    let mut last = 0;
    for from in [0, 300, 600] {
        let batch: Vec<Thing> = (from..from + 300).map(|n| thing(n, players[n as usize % 3], None)).collect();
        db.insert_many(batch.clone()).unwrap();
        twin.transaction(|tx| batch.into_iter().try_for_each(|row| tx.insert(row).map(drop))).unwrap();
        last = both(&db, &twin);
    }
    for left in [600, 300, 0] {
        assert!(db.undo().unwrap() && twin.undo().unwrap());
        both(&db, &twin);
        assert_eq!(db.len::<Thing>(), left);
    }
    for _ in 0..3 {
        assert!(db.redo().unwrap() && twin.redo().unwrap());
        both(&db, &twin);
    }
    assert_eq!(both(&db, &twin), last);
}

/// A small generator with a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len())])
    }
}

/// A few statements at random; which of them are refused does not matter.
fn change(db: &mut Database, random: &mut Random, label: &mut u32) {
    let statements = random.below(6);
    let mut tx = db.begin().unwrap();
    for _ in 0..statements {
        let players: Vec<Id<Player>> = tx.table::<Player>().unwrap().ids().collect();
        let things: Vec<Id<Thing>> = tx.table::<Thing>().unwrap().ids().collect();
        let (player, other) = (random.pick(&players), random.pick(&things));
        *label += 1;
        match (random.below(10), player, random.pick(&things)) {
            (0..=3, Some(owner), _) => drop(tx.insert(thing(*label, owner, other))),
            (4, Some(owner), Some(id)) => drop(tx.update(id, |row| row.owner_id = owner)),
            (5, _, Some(id)) => drop(tx.update(id, |row| row.container_id = other)),
            (6, _, Some(id)) => drop(tx.update(id, |row| row.label = None)),
            (7, _, Some(id)) => drop(tx.delete(id)),
            (8, Some(id), _) if players.len() > 1 => drop(tx.delete(id)),
            _ => drop(tx.insert(Player { name: label.to_string() })),
        }
    }
    if random.below(8) == 0 { tx.rollback() } else { tx.commit().unwrap() }
}

/// behaviour I19: a rolled-back delete's id resolves again, the same id
#[test]
fn any_walk_through_the_history_shows_what_was() {
    let (mut db, players) = world();
    let mut random = Random(3);
    let mut label = 0;
    // One owner with many things, so that lists are closed up on the way.
    db.insert_many((0..60).map(|n| thing(1_000_000 + n, players[0], None)).collect::<Vec<_>>()).unwrap();
    let mut past = vec![seen(&db)];
    let mut at = 0;
    for _ in 0..1_500 {
        match random.below(4) {
            0 if at > 0 => {
                assert!(db.undo().unwrap());
                at -= 1;
            }
            1 if at + 1 < past.len() => {
                assert!(db.redo().unwrap());
                at += 1;
            }
            _ => {
                let undoable = db.history().0;
                change(&mut db, &mut random, &mut label);
                if db.history().0 > undoable {
                    past.truncate(at + 1);
                    past.push(seen(&db));
                    at += 1;
                }
            }
        }
        assert_eq!(seen(&db), past[at]);
    }
    while at > 0 {
        assert!(db.undo().unwrap());
        at -= 1;
        assert_eq!(seen(&db), past[at]);
    }
    while at + 1 < past.len() {
        assert!(db.redo().unwrap());
        at += 1;
        assert_eq!(seen(&db), past[at]);
    }
    assert!(!db.redo().unwrap());
    db.keep_history(0).unwrap();
    assert_eq!((seen(&db), db.history()), (past[at].clone(), (0, 0)));
}

#[test]
fn single_statements_are_steps_and_a_new_one_forgets_what_can_be_redone() {
    let (mut db, players) = world();
    let chest = db.insert(thing(1, players[0], None)).unwrap();
    let coin = db.insert(thing(2, players[0], Some(chest))).unwrap();
    assert_eq!(db.replace(coin, thing(3, players[1], None)).unwrap().label, Some("2".into()));
    let deleted = db.delete(players[0]).unwrap();
    assert_eq!((deleted.row.name.as_str(), deleted.removed), ("a", vec![chest.erase()]));
    assert_eq!(db.history(), (4, 0));
    db.undo().unwrap();
    db.undo().unwrap();
    assert_eq!(db.get(coin).unwrap().container_id, Some(chest));
    assert_eq!(db.history(), (2, 2));
    // A refused statement is no step.
    db.insert(thing(2, players[0], None)).unwrap_err();
    assert_eq!(db.history(), (2, 2));
    let other = db.insert(thing(9, players[0], None)).unwrap();
    assert_eq!((db.history(), db.redo()), ((3, 0), Ok(false)));
    assert!(db.contains(other));
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn the_history_is_bounded_and_what_it_forgets_is_gone() {
    let (mut db, players) = world();
    db.keep_history(2).unwrap();
    let ids: Vec<_> = (0..5).map(|n| db.insert(thing(n, players[0], None)).unwrap()).collect();
    for id in &ids {
        db.delete(*id).unwrap();
    }
    assert_eq!(db.history(), (2, 0));
    assert!(db.undo().unwrap() && db.undo().unwrap() && !db.undo().unwrap());
    let there: Vec<bool> = ids.iter().map(|id| db.contains(*id)).collect();
    assert_eq!(there, [false, false, false, true, true]);
    // The forgotten ones have given their slots back, to other ids.
    let new: Vec<_> = (10..13).map(|n| db.insert(thing(n, players[0], None)).unwrap()).collect();
    assert!(new.iter().all(|id| id.to_string().ends_with("v3")), "{new:?}");
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn what_can_be_redone_is_bounded_too() {
    let (mut db, players) = world();
    let ids = [0, 1, 2, 3].map(|n| db.insert(thing(n, players[0], None)).unwrap());
    (0..3).for_each(|_| assert!(db.undo().unwrap()));
    // One that can be undone, and of those that can be redone the next.
    db.keep_history(2).unwrap();
    assert_eq!(db.history(), (1, 1));
    assert!(db.redo().unwrap() && !db.redo().unwrap());
    assert_eq!((db.history(), ids.map(|id| db.contains(id))), ((2, 0), [true, true, false, false]));
    assert!(db.undo().unwrap() && db.undo().unwrap() && !db.undo().unwrap());
    db.keep_history(0).unwrap();
    assert_eq!((db.history(), db.check()), ((0, 0), Ok(())));
}

/// Undo history is not saved: a slot that it could bring a row back to is never used again by the loaded database.
#[test]
fn a_database_with_a_history_can_be_saved() {
    let (mut db, players) = world();
    let gone = db.insert(thing(1, players[0], None)).unwrap();
    db.delete(gone).unwrap();
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).unwrap();
    let builder = Database::builder().model::<Player>().model::<Thing>();
    let mut loaded = builder.load_from(&bytes[..]).unwrap();
    assert_eq!(seen(&loaded), seen(&db));
    let new = loaded.insert(thing(2, players[0], None)).unwrap();
    assert!(new != gone && !loaded.contains(gone));
    assert!(!loaded.undo().unwrap());
}

#[test]
fn steps_are_refused_while_a_transaction_is_open() {
    let (mut db, _) = world();
    std::mem::forget(db.begin().unwrap());
    assert_eq!((db.undo(), db.redo()), (Err(Error::TransactionOpen), Err(Error::TransactionOpen)));
    assert_eq!(db.keep_history(1), Err(Error::TransactionOpen));
}
