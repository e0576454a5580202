//! User code that panics at any step of a statement over lists.

use std::panic::{AssertUnwindSafe, catch_unwind};

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use crate::fuse::{FUSE, burn};
use crate::support::state;

/// A field whose `Clone` and `Drop` can panic.
#[derive(Debug, Serialize, Deserialize)]
struct Text(String);

impl Clone for Text {
    fn clone(&self) -> Self {
        burn("Clone");
        Text(self.0.clone())
    }
}
impl Drop for Text {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            burn("Drop");
        }
    }
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Tag {
    text: Text,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Note {
    text: Text,
    #[model(references_many, on_delete = set_null)]
    tag_ids: Vec<Id<Tag>>,
    #[model(references_many, on_delete = cascade)]
    related: Vec<Id<Note>>,
}

fn text() -> Text {
    Text("text".into())
}

/// Three tags; the first note lists them all, the second it too, the third is taken along by the second.
fn notes() -> (Database, Vec<Id<Tag>>, Vec<Id<Note>>) {
    let mut db = Database::builder().model::<Tag>().model::<Note>().build().unwrap();
    let tags = db.insert_many([(); 3].map(|()| Tag { text: text() })).unwrap();
    let notes = db
        .insert_many_with(3, |ids| {
            vec![
                Note { text: text(), tag_ids: vec![tags[0], tags[1], tags[0], tags[2]], related: vec![] },
                Note { text: text(), tag_ids: vec![tags[0]], related: vec![] },
                Note { text: text(), tag_ids: vec![tags[1]], related: vec![ids[1], ids[2]] },
            ]
        })
        .unwrap();
    (db, tags, notes)
}

/// Fails `call` at each of its calls of user code in turn: all of it is done or nothing.
fn fails_at_each_step<T>(call: impl Fn(&mut Database, &[Id<Tag>], &[Id<Note>]) -> Result<T, Error>) -> usize {
    let done = {
        let (mut db, tags, ids) = notes();
        call(&mut db, &tags, &ids).map(|_| ()).unwrap();
        state(&db)
    };
    for step in 0.. {
        let (mut db, tags, ids) = notes();
        let before = state(&db);
        FUSE.with(|fuse| fuse.set(Some(step)));
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut db, &tags, &ids).map(|_| ())));
        let burnt = FUSE.with(|fuse| fuse.replace(None)).is_none();
        assert_eq!(db.check(), Ok(()), "after a panic at step {step}");
        let after = state(&db);
        if !burnt {
            assert!(result.is_ok() && after == done);
            return step;
        }
        assert!(after == before || after == done, "a part of the statement is left after a panic at step {step}");
    }
    unreachable!("every call comes to an end");
}

/// behaviour I8: A refused statement leaves nothing behind
///
/// HOSTILE 7 and 10
#[test]
fn a_panic_at_any_step_leaves_all_or_nothing() {
    let steps = [
        fails_at_each_step(|db, tags, ids| db.update(ids[0], |row| row.tag_ids = vec![tags[2], tags[2]])),
        fails_at_each_step(|db, tags, ids| {
            db.replace(ids[1], Note { text: text(), tag_ids: tags.to_vec(), related: ids.to_vec() })
        }),
        // Two rows are cleared, one of them of two of its four elements.
        fails_at_each_step(|db, tags, _| db.delete(tags[0])),
        // One row goes along.
        fails_at_each_step(|db, _, ids| db.delete(ids[1])),
        fails_at_each_step(|db, tags, ids| {
            db.transaction(|tx| {
                tx.update(ids[2], |row| row.tag_ids = tags.to_vec())?;
                tx.delete(tags[1])
            })
        }),
    ];
    assert!(
        steps.iter().all(|steps| *steps > 0) && steps.iter().sum::<usize>() > 12,
        "user code was called: {steps:?}"
    );
}
