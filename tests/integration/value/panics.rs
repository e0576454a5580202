//! A row's `Clone` that panics while a write copies what a clone shares, or takes back what it shares.

use std::panic::{AssertUnwindSafe, catch_unwind};

use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};

use crate::fuse::{FUSE, burn};
use crate::support::state;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Text(String);

impl Clone for Text {
    fn clone(&self) -> Self {
        burn("Clone");
        Text(self.0.clone())
    }
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: Text,
    #[model(belongs_to(Note), on_delete = cascade)]
    answer_to: Option<Id<Note>>,
}

fn note(answer_to: Option<Id<Note>>) -> Note {
    Note { text: Text("text".to_owned()), answer_to }
}

fn notes() -> Database {
    let mut db = Database::builder().model::<Note>().build().unwrap();
    let first = db.insert(note(None)).unwrap();
    let second = db.insert(note(Some(first))).unwrap();
    db.insert_many([note(Some(second)), note(Some(first))]).unwrap();
    db
}

/// Fails `call` at each of its calls of `Clone` in turn: the database stays as it was.
fn fails_at_each_step<T>(mut db: Database, call: impl Fn(&mut Database) -> T) -> usize {
    let (before, history) = (state(&db), db.history());
    for step in 0.. {
        FUSE.set(Some(step));
        let result = catch_unwind(AssertUnwindSafe(|| drop(call(&mut db))));
        let burnt = FUSE.replace(None).is_none();
        assert_eq!(result.is_err(), burnt);
        assert_eq!(db.check(), Ok(()), "after a panic at step {step}");
        if !burnt {
            return step;
        }
        assert!(state(&db) == before && db.history() == history, "after a panic at step {step}");
    }
    unreachable!("every call comes to an end");
}

type Statement = fn(&mut Database, &[Id<Note>]);

/// Every kind of write, each of which begins with a block that is shared.
const STATEMENTS: [(&str, Statement); 13] = [
    ("insert", |db, _| drop(db.insert(note(None)).map(|id| id.to_string()))),
    ("insert of one more than fit", |db, ids| drop(db.insert_many(vec![note(Some(ids[0])); 1]).unwrap())),
    ("insert_many", |db, ids| drop(db.insert_many([note(Some(ids[1])), note(None)]).unwrap())),
    ("insert_many_unchecked", |db, ids| drop(db.insert_many_unchecked([note(Some(ids[1])), note(None)]).unwrap())),
    ("update", |db, ids| db.update(ids[3], |note| note.answer_to = None).unwrap()),
    ("set", |db, ids| drop(db.replace(ids[2], note(None)).unwrap())),
    ("relate", |db, ids| db.relate(ids[3], Note::ANSWER_TO, ids[1]).unwrap()),
    ("edit in place", |db, ids| db.get_mut(ids[0]).unwrap().text.0.push('!')),
    ("delete of a leaf", |db, ids| drop(db.delete(ids[3]).unwrap())),
    ("delete that cascades", |db, ids| drop(db.delete(ids[0]).unwrap())),
    ("reserve", |db, _| {
        db.transaction(|tx| {
            let id = tx.reserve::<Note>()?;
            tx.insert_at(id, note(None))
        })
        .unwrap();
    }),
    ("cancel", |db, _| {
        db.transaction(|tx| {
            let id = tx.reserve::<Note>()?;
            tx.cancel(id)
        })
        .unwrap();
    }),
    ("edit in a transaction", |db, ids| {
        db.transaction(|tx| {
            tx.get_mut(ids[1])?.text.0.push('!');
            tx.delete(ids[3]).map(drop)
        })
        .unwrap();
    }),
];

/// behaviours C5 and C12: A `Clone` that panics ends the write that needed the copy, before it has changed anything
///
/// HOSTILE 7
#[test]
fn a_write_whose_copy_panics_has_changed_nothing() {
    for (what, statement) in STATEMENTS {
        for history in [0, 10] {
            let mut db = notes();
            db.keep_history(history).unwrap();
            let ids: Vec<Id<Note>> = db.iter::<Note>().map(|(id, _)| id).collect();
            let clone = db.clone();
            let before = state(&clone);
            let copied = fails_at_each_step(db, |db| statement(db, &ids));
            assert!(copied >= 4, "{what} copies the block, not {copied} rows");
            assert!(state(&clone) == before && clone.check() == Ok(()), "{what} beside a clone");
        }
    }
}

/// behaviour C5: while the whole is cloned, no row is
#[test]
fn a_clone_clones_no_row_but_those_that_an_open_transaction_has_put_aside() {
    assert_eq!(fails_at_each_step(notes(), |db| db.clone()), 0);
    let mut open = notes();
    std::mem::forget(open.begin().unwrap());
    let first = open.iter::<Note>().next().unwrap().0;
    open.delete(first).unwrap();
    FUSE.set(Some(2));
    assert!(catch_unwind(AssertUnwindSafe(|| open.clone())).is_err());
    assert!(!open.contains(first) && open.is_empty::<Note>());
    assert_eq!(open.clone().len::<Note>(), 4);
    open.abandon();
    assert_eq!((open.len::<Note>(), open.check()), (4, Ok(())));
}

/// behaviours C3 and C5: the rows of a history are shared until one takes its step back, and are copied before anything
/// changes
#[test]
fn an_undo_whose_copy_panics_is_not_done() {
    let mut db = notes();
    db.keep_history(10).unwrap();
    let first = db.iter::<Note>().next().unwrap().0;
    db.delete(first).unwrap();
    let clone = db.clone();
    assert_eq!(fails_at_each_step(db, |db| db.undo().unwrap()), 4);
    assert_eq!((clone.len::<Note>(), clone.history()), (0, (1, 0)));
    assert_eq!(fails_at_each_step(clone, |db| db.undo().unwrap()), 0, "nobody shares them any more");
}
