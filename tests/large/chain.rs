//! A chain of a million rows, each of which takes the next along.

use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};

use crate::rows;

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(contents: Thing))]
struct Thing {
    #[model(belongs_to, on_delete = cascade)]
    thing_id: Option<Id<Thing>>,
}

/// One for each thing: what loses its key on the way, or stands in the way.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Label {
    #[model(belongs_to, on_delete = set_null)]
    thing_id: Option<Id<Thing>>,
    #[model(belongs_to(Thing), name = bound_to)]
    bound_to_id: Option<Id<Thing>>,
}

fn chain(count: usize) -> (Database, Vec<Id<Thing>>) {
    let mut db = Database::builder().model::<Thing>().model::<Label>().build().unwrap();
    let link = |ids: &[Id<Thing>]| {
        let outer = |n: usize| n.checked_sub(1).map(|outer| ids[outer]);
        (0..count).map(|n| Thing { thing_id: outer(n) }).collect()
    };
    let ids = db.insert_many_with(count, link).unwrap();
    let labels: Vec<Label> = ids.iter().map(|id| Label { thing_id: Some(*id), bound_to_id: None }).collect();
    db.insert_many(labels).unwrap();
    (db, ids)
}

/// behaviour I7: a chain of a million rows is fine
///
/// HOSTILE 34: A chain of a million cascades on a 64 KiB stack (plans and reports are flat, so that dropping them does not
/// recurse).
#[test]
fn a_long_chain_needs_no_stack() {
    let work = || {
        let count = rows(1_000_000);
        let (mut db, ids) = chain(count);
        let mut seen = 0;
        for (depth, id, _) in db.related(ids[0], Thing::CONTENTS.recursive()).unwrap() {
            seen += 1;
            assert_eq!((depth, id), (seen, ids[seen]));
        }
        assert_eq!(seen, count - 1);

        let plan = db.plan_delete(ids[0]).unwrap();
        assert_eq!((plan.removed.len(), plan.changed.len(), plan.blocked.len()), (count - 1, count, 0));
        drop(plan.clone());
        // A row at the very end of the chain forbids all of it.
        let last = db.insert(Label { thing_id: None, bound_to_id: Some(ids[count - 1]) }).unwrap();
        assert_eq!(db.plan_delete(ids[0]).unwrap().blocked.len(), 1);
        assert!(db.delete(ids[0]).is_err());
        db.delete(last).unwrap();

        db.keep_history(1).unwrap();
        let deleted = db.delete(ids[0]).unwrap();
        assert_eq!((&deleted.removed, &deleted.changed), (&plan.removed, &plan.changed));
        drop((plan, deleted));
        assert_eq!((db.len::<Thing>(), db.len::<Label>(), db.check()), (0, count, Ok(())));
        assert!(db.undo().unwrap());
        assert_eq!((db.len::<Thing>(), db.check()), (count, Ok(())));

        let mut bytes = Vec::new();
        db.save_to(&mut bytes).unwrap();
        drop(db);
        let builder = Database::builder().model::<Thing>().model::<Label>();
        let mut db = builder.load_from(&bytes[..]).unwrap();
        let mut tx = db.begin().unwrap();
        tx.delete(ids[0]).unwrap();
        tx.rollback();
        assert_eq!((db.len::<Thing>(), db.check()), (count, Ok(())));
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
}

/// HOSTILE 34: a chain that closes into a ring.
#[test]
fn a_long_ring_ends() {
    let work = || {
        let count = rows(1_000_000);
        let (mut db, ids) = chain(count);
        db.relate(ids[0], Thing::THING, ids[count - 1]).unwrap();
        assert_eq!(db.delete(ids[count / 2]).unwrap().removed.len(), count - 1);
        assert_eq!((db.len::<Thing>(), db.check()), (0, Ok(())));
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
}
