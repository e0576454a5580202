//! Statements that fail at each of their steps (HOSTILE 10 of docs/hostile.md): alone, with a history, in a transaction,
//! in a savepoint, with deferred checks. What came before them stays, and nothing of them does.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use relata::{Database, Error, Id, Model, Transaction};
use serde::{Deserialize, Serialize};

use super::{Name, name};
use crate::fuse::{FUSE, burn};

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(children: Node, via = parent), has_many(friends: Node, via = friend))]
#[model(has_many(tags: Tag, through = NodeTag, via(node, tag)))]
struct Node {
    #[model(primary_key)]
    name: Name,
    #[model(belongs_to(Node), name = parent, on_delete = cascade)]
    parent_name: Option<Name>,
    #[model(belongs_to(Node), name = friend, on_delete = set_null)]
    friend_name: Option<Name>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Tag {
    #[model(unique)]
    label: Name,
}

/// Where `seal` is there, the tag of the node keeps what it names from going.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(unique(node_name, tag_id))]
struct NodeTag {
    #[model(belongs_to(Node), name = node, on_delete = cascade)]
    node_name: Name,
    #[model(belongs_to)]
    tag_id: Id<Tag>,
    #[model(belongs_to(Node), name = seal)]
    seal_name: Option<Name>,
}

fn node(own: &str, parent: Option<&str>, friend: Option<&str>) -> Node {
    Node { name: name(own), parent_name: parent.map(name), friend_name: friend.map(name) }
}

fn tagged(node_name: Name, tag_id: Id<Tag>) -> NodeTag {
    burn("make");
    NodeTag { node_name, tag_id, seal_name: None }
}

/// What the statements are about: a tree of six, each child tagged, and rows outside of it with friends in it.
struct Ids {
    nodes: Vec<Id<Node>>,
    tags: Vec<Id<Tag>>,
}

const ROOT: usize = 0;
const LEFT: usize = 1;
const FAR: usize = 6;
const FARTHER: usize = 7;
const GONE: usize = 8;

/// `sealed` is the node that may not go; nothing is sealed by 0, the root.
fn world(sealed: usize) -> (Database, Ids) {
    let mut db = Database::builder().model::<Node>().model::<Tag>().model::<NodeTag>().build().unwrap();
    let nodes = db
        .insert_many([
            node("root", None, None),
            node("left", Some("root"), None),
            node("middle", Some("root"), Some("left")),
            node("right", Some("root"), Some("left")),
            node("leaf", Some("left"), Some("root")),
            node("last", Some("leaf"), None),
            node("far", None, Some("left")),
            node("farther", None, Some("leaf")),
            node("gone", None, Some("root")),
        ])
        .unwrap();
    let tags = db.insert_many(["a", "b", "c", "d"].map(|label| Tag { label: name(label) })).unwrap();
    for (place, node) in nodes[..6].iter().enumerate() {
        db.link(*node, Node::TAGS, tags[place % 2], tagged).unwrap();
    }
    db.link(nodes[LEFT], Node::TAGS, tags[2], tagged).unwrap();
    if sealed > 0 {
        let seal_name = Some(Name(db.get(nodes[sealed]).unwrap().name.0.clone()));
        db.insert(NodeTag { node_name: name("farther"), tag_id: tags[0], seal_name }).unwrap();
    }
    (db, Ids { nodes, tags })
}

/// Everything that can be read: rows with their ids, and every list in its order.
fn view(db: &Database) -> String {
    let mut text = String::new();
    for (id, row) in db.iter::<Node>() {
        let children: Vec<_> = db.children(id, Node::CHILDREN).unwrap().map(|(id, _)| id).collect();
        let friends: Vec<_> = db.children(id, Node::FRIENDS).unwrap().map(|(id, _)| id).collect();
        let tags: Vec<_> = db.linked(id, Node::TAGS).unwrap().with_links().map(|(link, tag)| (link.0, tag.0)).collect();
        writeln!(text, "{id} {row:?} {children:?} {friends:?} {tags:?}").unwrap();
    }
    db.iter::<Tag>().for_each(|(id, row)| writeln!(text, "{id} {row:?}").unwrap());
    db.iter::<NodeTag>().for_each(|(id, row)| writeln!(text, "{id} {row:?}").unwrap());
    text
}

/// A statement on a database, and the same on a transaction. It may be told at which of its rows to go wrong.
struct Statement {
    what: &'static str,
    alone: fn(&mut Database, &Ids, usize) -> Result<(), Error>,
    inside: fn(&mut Transaction<'_>, &Ids, usize) -> Result<(), Error>,
}

macro_rules! statements {
    ($($what:literal: |$db:ident, $ids:ident, $nth:ident| $call:expr;)+) => {
        [$(Statement {
            what: $what,
            alone: |$db, $ids, $nth| { let _ = ($ids, $nth); $call.map(|_| ()) },
            inside: |$db, $ids, $nth| { let _ = ($ids, $nth); $call.map(|_| ()) },
        }),+]
    };
}

/// In what a statement is run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Frame {
    Alone,
    History,
    Transaction,
    Savepoint,
    Deferred,
}

const FRAMES: [Frame; 5] = [Frame::Alone, Frame::History, Frame::Transaction, Frame::Savepoint, Frame::Deferred];

/// Work that a transaction has done before the statement.
fn earlier(tx: &mut Transaction<'_>, ids: &Ids) {
    let id = tx.insert(node("earlier", Some("far"), None)).unwrap();
    tx.update(ids.nodes[FAR], |row| row.friend_name = Some(name("earlier"))).unwrap();
    tx.delete(ids.nodes[GONE]).unwrap();
    tx.link(id, Node::TAGS, ids.tags[3], tagged).unwrap();
}

/// What a statement has done, to what was there.
struct Outcome {
    /// `None` where it panicked.
    result: Option<Result<(), Error>>,
    /// Whether the fuse has burnt.
    burnt: bool,
    before: String,
    after: String,
}

/// Runs a statement in a frame, with a fuse of so many calls of user code, and ends the frame: all that came before the
/// statement is as it was, whatever came of it.
fn run(statement: &Statement, frame: Frame, nth: usize, fuse: Option<usize>, commits: bool) -> Outcome {
    let what = statement.what;
    // Only what goes wrong at one of its rows minds the seal.
    let sealed = if what.contains("sealed") { nth + 1 } else { 0 };
    let (mut db, ids) = world(sealed);
    let whole = view(&db);
    let outcome = match frame {
        Frame::Alone => observe(&mut db, |db| db, fuse, |db| (statement.alone)(db, &ids, nth)),
        Frame::History => {
            db.keep_history(10).unwrap();
            let outcome = observe(&mut db, |db| db, fuse, |db| (statement.alone)(db, &ids, nth));
            let steps = usize::from(outcome.after != whole);
            assert_eq!(db.history(), (steps, 0), "{what}: a step of the history, or none");
            assert_eq!(db.undo(), Ok(steps == 1));
            assert_eq!(view(&db), whole, "{what}: undone");
            outcome
        }
        Frame::Transaction | Frame::Savepoint | Frame::Deferred => {
            let mut tx = if frame == Frame::Deferred { db.begin_deferred() } else { db.begin() }.unwrap();
            earlier(&mut tx, &ids);
            let before = view(&tx);
            assert!(before != whole);
            let outcome = if frame == Frame::Savepoint {
                let mut savepoint = tx.begin();
                savepoint.insert(Tag { label: name("in the savepoint") }).unwrap();
                let outcome = observe(&mut savepoint, |tx| tx, fuse, |tx| (statement.inside)(tx, &ids, nth));
                savepoint.rollback();
                assert_eq!(view(&tx), before, "{what}: the savepoint is rolled back");
                outcome
            } else {
                observe(&mut tx, |tx| tx, fuse, |tx| (statement.inside)(tx, &ids, nth))
            };
            let at_end = view(&tx);
            if commits {
                tx.commit().unwrap();
                assert_eq!(view(&db), at_end, "{what}: committed");
            } else {
                tx.rollback();
                assert_eq!(view(&db), whole, "{what}: rolled back");
            }
            outcome
        }
    };
    assert_eq!(db.check(), Ok(()), "{what} in {frame:?}, fuse {fuse:?}");
    outcome
}

/// Runs a call with a fuse, and looks at the database before and after.
fn observe<H>(
    handle: &mut H,
    database: impl Fn(&H) -> &Database,
    fuse: Option<usize>,
    call: impl FnOnce(&mut H) -> Result<(), Error>,
) -> Outcome {
    let before = view(database(handle));
    FUSE.with(|place| place.set(fuse));
    let result = catch_unwind(AssertUnwindSafe(|| call(handle))).ok();
    let burnt = FUSE.with(|place| place.replace(None)).is_none() && fuse.is_some();
    assert_eq!(database(handle).check(), Ok(()), "fuse {fuse:?}");
    Outcome { result, burnt, before, after: view(database(handle)) }
}

/// behaviour I8: A refused statement leaves nothing behind, earlier work in the same transaction survives it
///
/// HOSTILE 10: A failure at the k-th of n steps of a cascade, for every k -> unchanged. Here the k-th call of user code
/// panics: `Clone`, `Eq`, `Hash`, a closure; or `Drop`, which comes after the last change and finds everything done.
#[test]
fn a_panic_at_any_step_leaves_what_came_before() {
    let statements = statements! {
        "insert": |db, ids, _nth| db.insert(node("new", Some("leaf"), Some("root")));
        "insert_many": |db, ids, _nth| {
            db.insert_many([node("new", Some("newer"), None), node("newer", Some("leaf"), Some("new"))])
        };
        "create_many": |db, ids, _nth| db.create_many(ids.nodes[LEFT], Node::CHILDREN, |key| {
            burn("make");
            ["new", "newer", "newest"].map(|own| Node { parent_name: Some(key.clone()), ..node(own, None, None) }).into()
        });
        "update": |db, ids, _nth| db.update(ids.nodes[FARTHER], |row| {
            burn("edit");
            (row.name, row.friend_name) = (name("farthest"), Some(name("last")));
        });
        "update_all": |db, ids, _nth| db.update_all(ids.nodes[ROOT], Node::CHILDREN, |row| {
            burn("edit");
            row.friend_name = Some(name("last"));
        });
        "a delete with a cascade of nodes and links that clears two keys": |db, ids, _nth| db.delete(ids.nodes[ROOT]);
        "delete_all": |db, ids, _nth| db.delete_all(ids.nodes[ROOT], Node::CHILDREN);
        "delete_many": |db, ids, _nth| db.delete_many([ids.nodes[LEFT], ids.nodes[ROOT]]);
        "delete_many of rows that nothing refers to": |db, ids, _nth| {
            let links: Vec<Id<NodeTag>> = db.iter::<NodeTag>().map(|(id, _)| id).collect();
            db.delete_many(links)
        };
        "update_many": |db, ids, _nth| db.update_many([ids.nodes[FARTHER], ids.nodes[LEFT]], |id, row| {
            burn("edit");
            row.friend_name = Some(name("last"));
            if id == ids.nodes[FARTHER] {
                row.name = name("farthest");
            }
        });
        "upsert_many": |db, ids, _nth| {
            db.upsert_many(Node::BY_NAME, [node("new", Some("far"), None), node("far", Some("last"), Some("new"))])
        };
        "link": |db, ids, _nth| db.link(ids.nodes[ROOT], Node::TAGS, ids.tags[3], tagged);
        "unlink": |db, ids, _nth| db.unlink(ids.nodes[LEFT], Node::TAGS, ids.tags[1]);
        "set_linked": |db, ids, _nth| db.set_linked(ids.nodes[LEFT], Node::TAGS, &ids.tags[2..], tagged);
        "create_linked": |db, ids, _nth| {
            db.create_linked(ids.nodes[LEFT], Node::TAGS, Tag { label: name("new") }, tagged)
        };
        "delete_linked": |db, ids, _nth| db.delete_linked(ids.nodes[LEFT], Node::TAGS, ids.tags[2]);
    };
    for statement in &statements {
        for frame in FRAMES {
            let done = run(statement, frame, 0, None, true);
            assert!(matches!(done.result, Some(Ok(()))), "{}: {:?}", statement.what, done.result);
            assert!(done.after != done.before, "{} does something", statement.what);
            for step in 0.. {
                let outcome = run(statement, frame, 0, Some(step), step % 2 == 0);
                if !outcome.burnt {
                    assert!(step >= 2, "{} has called user code {step} times", statement.what);
                    break;
                }
                let all_or_nothing = outcome.after == outcome.before || outcome.after == done.after;
                assert!(all_or_nothing, "{} in {frame:?}: a part is left of step {step}", statement.what);
            }
        }
    }
}

/// Five rows, the nth of which has a name that is taken.
fn five<T>(nth: usize, make: impl Fn(&'static str) -> T) -> Vec<T> {
    const NAMES: [&str; 5] = ["1", "2", "3", "4", "5"];
    (0..5).map(|n| make(if n == nth { "far" } else { NAMES[n] })).collect()
}

/// behaviour I9: Many-row statements are all or nothing
///
/// HOSTILE 10: here the k-th row is refused, or stands against the others, for every k.
#[test]
fn a_refusal_at_any_row_leaves_what_came_before() {
    let statements = statements! {
        "insert_many": |db, ids, nth| db.insert_many(five(nth, |own| node(own, Some("last"), None)));
        "insert_many_with": |db, ids, nth| db.insert_many_with(5, |_| five(nth, |own| node(own, Some("last"), None)));
        "create_many": |db, ids, nth| {
            db.create_many(ids.nodes[FAR], Node::CHILDREN, |_| five(nth, |own| node(own, Some("far"), None)))
        };
        "create_many, with a row of another owner": |db, ids, nth| {
            db.create_many(ids.nodes[LEFT], Node::CHILDREN, |key| {
                let mut rows = five(9, |own| node(own, Some("left"), None));
                rows[nth].parent_name = Some(name("far"));
                assert!(rows.iter().filter(|row| row.parent_name.as_ref() == Some(&key)).count() == 4);
                rows
            })
        };
        "update_all": |db, ids, nth| {
            let mut friends = five(nth % 3, |own| if own == "far" { "nobody" } else { "last" }).into_iter();
            db.update_all(ids.nodes[ROOT], Node::CHILDREN, |row| row.friend_name = friends.next().map(name))
        };
        "a cascade, with a sealed row in it": |db, ids, nth| db.delete(ids.nodes[ROOT]);
        "delete_all, with a sealed row below": |db, ids, nth| db.delete_all(ids.nodes[ROOT], Node::CHILDREN);
        "delete_many, one of them nowhere": |db, ids, nth| {
            let mut nodes: Vec<Id<Node>> = db.iter::<Node>().map(|(id, _)| id).collect();
            nodes.insert(nth, Id::null());
            db.delete_many(nodes)
        };
        "update_many": |db, ids, nth| {
            let mut friends = five(nth, |own| if own == "far" { "nobody" } else { "last" }).into_iter();
            let nodes: Vec<Id<Node>> = db.iter::<Node>().map(|(id, _)| id).take(5).collect();
            db.update_many(nodes, |_, row| row.friend_name = friends.next().map(name))
        };
        "upsert_many": |db, ids, nth| {
            db.upsert_many(Node::BY_NAME, five(nth, |own| node(own, Some(if own == "far" { "nobody" } else { "last" }), None)))
        };
        "set_linked, one of them nowhere": |db, ids, nth| {
            let mut targets = ids.tags.clone();
            targets.insert(nth, Id::null());
            db.set_linked(ids.nodes[LEFT], Node::TAGS, &targets, tagged)
        };
        "set_linked, with a link of another owner": |db, ids, nth| {
            let mut made = 0;
            db.set_linked(ids.nodes[FAR], Node::TAGS, &ids.tags, |own, tag| {
                made += 1;
                tagged(if made > nth % 4 { name("left") } else { own }, tag)
            })
        };
    };
    for statement in &statements {
        for frame in &FRAMES[..4] {
            for nth in 0..5 {
                let outcome = run(statement, *frame, nth, None, nth % 2 == 0);
                assert!(matches!(outcome.result, Some(Err(_))), "{} in {frame:?}, row {nth}", statement.what);
                assert_eq!(outcome.after, outcome.before, "{} in {frame:?}, row {nth}", statement.what);
            }
        }
    }
}
