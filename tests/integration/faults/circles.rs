//! Hierarchies whose rows change places.

use relata::{Database, Error, Holder, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(parts: Folder, via = parent))]
struct Folder {
    #[model(belongs_to, acyclic)]
    parent_id: Option<Id<Folder>>,
    #[model(belongs_to, acyclic, deferred)]
    origin_id: Option<Id<Folder>>,
}

fn folders() -> (Database, [Id<Folder>; 3]) {
    let mut db = Database::builder().model::<Folder>().build().unwrap();
    let mut last = None;
    let ids = [0; 3].map(|_| {
        let row = Folder { parent_id: last, origin_id: last };
        *last.insert(db.insert(row).unwrap())
    });
    (db, ids)
}

// fault B11, behaviour I21: "where checks are deferred, the commit is, so that two rows can change places in any order"
#[test]
fn two_rows_change_places_in_either_order() {
    for lower_first in [false, true] {
        let (mut db, [top, upper, lower]) = folders();
        let mut tx = db.begin_deferred().unwrap();
        let moves = [(lower, top), (upper, lower)];
        for (row, to) in if lower_first { moves } else { [moves[1], moves[0]] } {
            tx.relate(row, Folder::PARENT, to).unwrap();
            tx.relate(row, Folder::ORIGIN, to).unwrap();
        }
        assert_eq!(tx.violations(), []);
        tx.commit().unwrap();
        assert_eq!((db.get(upper).unwrap().parent_id, db.check()), (Some(lower), Ok(())));
    }
}

// fault B11: a cycle that is left is a violation of the commit, which names it once
#[test]
fn a_cycle_that_is_left_is_found_by_the_commit() {
    let (mut db, [top, upper, lower]) = folders();
    let cycle = |relation, way: &[Id<Folder>]| Error::Cycle {
        model: "Folder",
        relation,
        way: way.iter().map(|id| Holder::Row(id.erase())).collect(),
    };
    let mut tx = db.begin_deferred().unwrap();
    tx.relate(top, Folder::PARENT, lower).unwrap();
    tx.relate(lower, Folder::PARENT, upper).unwrap();
    let refused = tx.commit().unwrap_err();
    assert_eq!(refused.violations, [cycle("parent", &[top, lower, upper])]);
    let mut tx = refused.into_transaction();
    tx.unrelate(upper, Folder::PARENT).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.check(), Ok(()));

    // In any transaction, of the relation that waits; the other is judged at once, as both are outside.
    let (mut db, [top, _, lower]) = folders();
    let mut tx = db.begin().unwrap();
    assert!(matches!(tx.relate(top, Folder::PARENT, lower), Err(Error::Cycle { relation: "parent", .. })));
    tx.relate(top, Folder::ORIGIN, lower).unwrap();
    assert!(matches!(tx.violations()[..], [Error::Cycle { relation: "origin", .. }]));
    tx.delete(top).unwrap_err();
    drop(tx);
    assert!(matches!(db.relate(top, Folder::ORIGIN, lower), Err(Error::Cycle { relation: "origin", .. })));
    // A cycle that stands already is no violation of a commit that has not closed it.
    let ids: [Id<Folder>; 2] = ["5v1", "4v1"].map(|id| id.parse().unwrap());
    let circle = ids.map(|id| Folder { parent_id: Some(id), origin_id: None });
    let circle = db.insert_many_unchecked(circle).unwrap();
    assert!(matches!(db.check().unwrap_err()[..], [Error::Cycle { .. }]));
    let mut tx = db.begin_deferred().unwrap();
    tx.relate(top, Folder::PARENT, circle[0]).unwrap();
    tx.commit().unwrap();
}
