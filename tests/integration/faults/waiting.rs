//! Rows that wait for others to come: what is promised of them.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(parts: Node, via = parent))]
struct Node {
    #[model(primary_key)]
    name: String,
    #[model(belongs_to(Node), name = parent)]
    parent_name: Option<String>,
    #[model(belongs_to)]
    twin_id: Option<Id<Node>>,
    #[model(references_many)]
    friend_ids: Vec<Id<Node>>,
}

fn node(name: &str, parent: Option<&str>) -> Node {
    Node { name: name.into(), parent_name: parent.map(str::to_owned), twin_id: None, friend_ids: Vec::new() }
}

fn nodes() -> Database {
    Database::builder().model::<Node>().build().unwrap()
}

// fault D3, behaviour I10: "When the row comes that keys wait for, those of its own statement join it first, then the others
// in slot order."
#[test]
fn those_of_the_statement_join_before_those_that_waited() {
    let mut db = nodes();
    let waited = db.insert_many_unchecked([node("a", Some("top")), node("b", Some("top"))]).unwrap();
    let came = db.insert_many([node("c", Some("top")), node("top", None)]).unwrap();
    let parts = db.children(came[1], Node::PARTS).unwrap().map(|(id, _)| id);
    assert!(parts.eq([came[0], waited[0], waited[1]]));
    assert_eq!(db.check(), Ok(()));
}

// fault D3, behaviour R57: "Such a list may be changed and keep the id (as I5 has it); another id that names no row is
// refused."
#[test]
fn a_list_may_keep_an_id_that_names_no_row() {
    let mut db = nodes();
    let [gone, other] = ["x", "y"].map(|name| db.insert(node(name, None)).unwrap());
    db.delete(gone).unwrap();
    let row = Node { friend_ids: vec![gone], ..node("a", None) };
    let id = db.insert_many_unchecked([row]).unwrap()[0];
    db.update(id, |row| row.friend_ids.push(other)).unwrap();
    assert_eq!(db.get(id).unwrap().friend_ids, [gone, other]);
    assert!(matches!(db.check().unwrap_err()[..], [Error::ForeignKeyViolation { relation: "friends", .. }]));
    assert!(db.update(id, |row| row.friend_ids.push(Id::null())).is_err());
    db.update(id, |row| row.friend_ids.retain(|id| *id != gone)).unwrap();
    assert!(db.update(id, |row| row.friend_ids.push(gone)).is_err());
    assert_eq!(db.check(), Ok(()));
}

// fault D3, behaviour R6: "A key that was written before its id was reserved, where checks are deferred, waits for the row
// and does not hold the id: `cancel` is accepted, and the key is the violation."
#[test]
fn a_key_that_was_there_before_its_id_was_reserved_waits() {
    let mut db = nodes();
    let next: Id<Node> = "2v1".parse().unwrap();
    let mut tx = db.begin_deferred().unwrap();
    let early = tx.insert(Node { twin_id: Some(next), ..node("a", None) }).unwrap();
    assert_eq!(tx.reserve::<Node>().unwrap(), next);
    tx.cancel(next).unwrap();
    assert!(matches!(tx.violations()[..], [Error::ForeignKeyViolation { relation: "twin", .. }]));
    drop(tx);
    assert!(!db.contains(early));
    // The row that comes under the id is linked all the same; a key that is written later holds the id.
    let mut db = nodes();
    let mut tx = db.begin_deferred().unwrap();
    let early = tx.insert(Node { twin_id: Some(next), ..node("a", None) }).unwrap();
    assert_eq!(tx.reserve::<Node>().unwrap(), next);
    tx.insert_at(next, node("b", None)).unwrap();
    let reserved = tx.reserve::<Node>().unwrap();
    let late = tx.insert(Node { twin_id: Some(reserved), ..node("c", None) }).unwrap();
    assert!(matches!(tx.cancel(reserved), Err(Error::RestrictViolation { sources: 1, .. })));
    tx.delete(late).unwrap();
    tx.cancel(reserved).unwrap();
    tx.commit().unwrap();
    assert_eq!((db.row(early).unwrap().twin().unwrap().unwrap().id(), db.check()), (next, Ok(())));
}
