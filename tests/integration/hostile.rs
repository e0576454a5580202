//! Types of the user's that panic or lie, and keys that are changed behind the store's back (HOSTILE 7 and 8 of docs/hostile.md).

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use crate::fuse::{FUSE, burn};
use crate::support::state;

mod steps;

thread_local! {
    /// Whether `Hash` gives another value than before.
    static LIES: Cell<bool> = const { Cell::new(false) };
}

/// A key whose every trait can panic, and whose hash can lie.
#[derive(Debug, Serialize, Deserialize)]
struct Name(String);

impl Clone for Name {
    fn clone(&self) -> Self {
        burn("Clone");
        Name(self.0.clone())
    }
}
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        burn("Eq");
        self.0 == other.0
    }
}
impl Eq for Name {}
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn("Hash");
        self.0.hash(state);
        LIES.with(Cell::get).hash(state);
    }
}
impl Drop for Name {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            burn("Drop");
        }
    }
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(children: Node, via = parent))]
struct Node {
    #[model(primary_key)]
    name: Name,
    #[model(belongs_to(Node), name = parent, on_delete = cascade)]
    parent_name: Option<Name>,
    #[model(belongs_to(Node), name = friend, on_delete = set_null)]
    friend_name: Option<Name>,
}

fn name(text: &str) -> Name {
    Name(text.to_owned())
}

fn node(own: &str, parent: Option<&str>, friend: Option<&str>) -> Node {
    Node { name: name(own), parent_name: parent.map(name), friend_name: friend.map(name) }
}

fn forest() -> (Database, Vec<Id<Node>>) {
    let mut db = Database::builder().model::<Node>().build().unwrap();
    let ids = db
        .insert_many([
            node("root", None, None),
            node("left", Some("root"), None),
            node("right", Some("root"), Some("left")),
            node("leaf", Some("left"), Some("root")),
            node("far", None, Some("left")),
            node("farther", None, Some("leaf")),
        ])
        .unwrap();
    (db, ids)
}

/// Fails `call` at each of its calls of user code in turn. Before its first change it must leave no trace; a panic of
/// `Drop` comes after its last one, and finds everything done.
fn fails_at_each_step<T>(call: impl Fn(&mut Database, &[Id<Node>]) -> Result<T, Error>) -> usize {
    let done = {
        let (mut db, ids) = forest();
        call(&mut db, &ids).map(|_| ()).unwrap();
        state(&db)
    };
    for step in 0.. {
        let (mut db, ids) = forest();
        let before = state(&db);
        FUSE.with(|fuse| fuse.set(Some(step)));
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut db, &ids).map(|_| ())));
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
        fails_at_each_step(|db, _| db.insert(node("new", Some("leaf"), Some("root")))),
        fails_at_each_step(|db, _| {
            db.insert_many([node("new", Some("newer"), None), node("newer", Some("leaf"), Some("new"))])
        }),
        fails_at_each_step(|db, ids| db.update(ids[5], |row| row.friend_name = Some(name("root")))),
        fails_at_each_step(|db, ids| db.update(ids[5], |row| row.name = name("farthest"))),
        fails_at_each_step(|db, _| db.upsert(Node::BY_NAME, node("far", Some("root"), None))),
        fails_at_each_step(|db, ids| db.relate(ids[4], Node::PARENT, ids[0])),
        fails_at_each_step(|db, ids| {
            db.create(ids[0], Node::CHILDREN, |key| Node { parent_name: Some(key), ..node("new", None, None) })
        }),
        fails_at_each_step(|db, ids| db.update_all(ids[0], Node::CHILDREN, |row| row.friend_name = None)),
        fails_at_each_step(|db, ids| db.delete_all(ids[0], Node::CHILDREN)),
        fails_at_each_step(|db, ids| db.delete_many([ids[5], ids[0], ids[4]])),
        fails_at_each_step(|db, ids| db.update_many([ids[5], ids[4]], |_, row| row.friend_name = Some(name("root")))),
        fails_at_each_step(|db, _| {
            db.upsert_many(Node::BY_NAME, [node("new", Some("far"), None), node("far", None, None)])
        }),
        // A cascade of four rows that clears two keys.
        fails_at_each_step(|db, ids| db.delete(ids[0])),
    ];
    assert!(steps.iter().all(|steps| *steps >= 4), "user code was called: {steps:?}");
}

/// HOSTILE 7: A hash that is not what it was: the statement is refused, nothing is lost, and `check` finds it.
#[test]
fn a_hash_that_lies_is_found() {
    let (mut db, ids) = forest();
    let before = state(&db);
    LIES.with(|lies| lies.set(true));
    let deleted = db.delete(ids[5]).map(|_| ());
    let updated = db.update(ids[5], |row| row.name = name("farthest"));
    let checked = db.check();
    LIES.with(|lies| lies.set(false));
    assert_eq!(
        deleted.unwrap_err().to_string(),
        "`Node`: index `name` disagrees with the rows: Node 6v1 is not entered under its key"
    );
    assert!(matches!(updated, Err(Error::IndexBroken { .. })));
    assert!(checked.is_err());
    assert_eq!(db.check(), Ok(()));
    assert!(state(&db) == before);
}

/// HOSTILE 8: A key with interior mutability, changed while it is stored: a logic error, which `check` finds.
#[test]
fn a_key_changed_behind_the_stores_back_is_found() {
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Debug, Serialize, Deserialize)]
    struct Sly(AtomicU32);
    impl Sly {
        fn get(&self) -> u32 {
            self.0.load(Ordering::Relaxed)
        }
    }
    impl Clone for Sly {
        fn clone(&self) -> Self {
            Sly(AtomicU32::new(self.get()))
        }
    }
    impl PartialEq for Sly {
        fn eq(&self, other: &Self) -> bool {
            self.get() == other.get()
        }
    }
    impl Eq for Sly {}
    impl Hash for Sly {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.get().hash(state);
        }
    }
    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    struct Thing {
        #[model(primary_key)]
        number: Sly,
    }

    let mut db = Database::builder().model::<Thing>().build().unwrap();
    let id = db.insert(Thing { number: Sly(AtomicU32::new(1)) }).unwrap();
    db.get(id).unwrap().number.0.store(2, Ordering::Relaxed);
    assert!(matches!(db.check().unwrap_err()[..], [Error::IndexBroken { .. }]));
    assert!(matches!(db.delete(id), Err(Error::IndexBroken { .. })));
    db.get(id).unwrap().number.0.store(1, Ordering::Relaxed);
    assert_eq!(db.check(), Ok(()));
}
