//! A row's `Clone` that panics while a database is cloned, or while a clone takes back what it shares.

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

fn notes() -> Database {
    let mut db = Database::builder().model::<Note>().build().unwrap();
    let note = |answer_to| Note { text: Text("text".to_owned()), answer_to };
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

/// behaviour C5: A `Clone` that panics leaves the original as it was
///
/// HOSTILE 7
#[test]
fn a_clone_that_panics_leaves_the_original() {
    assert_eq!(fails_at_each_step(notes(), |db| db.clone()), 4);
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
