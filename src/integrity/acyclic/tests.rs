//! What proving that a hierarchy has no cycle costs in probes of the links.

use serde::{Deserialize, Serialize};

use crate::index::probes;
use crate::{Database, Id, Model};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Folder {
    #[model(belongs_to, acyclic)]
    parent_id: Option<Id<Folder>>,
}

/// A chain of folders, the root first.
fn chain(length: usize) -> (Database, Vec<Id<Folder>>) {
    let mut db = Database::builder().model::<Folder>().build().unwrap();
    let ids = db
        .insert_many_with(length, |ids| {
            let parents = std::iter::once(None).chain(ids.iter().copied().map(Some));
            parents.take(length).map(|parent_id| Folder { parent_id }).collect()
        })
        .unwrap();
    (db, ids)
}

fn probes(work: impl FnOnce()) -> usize {
    probes::during(work).0
}

#[test]
fn a_statement_walks_each_way_once() {
    let (mut db, ids) = chain(1000);
    let last = Some(ids[999]);
    // No row refers to a new one: nothing is walked, however deep it stands.
    let new = probes(|| assert!(db.insert(Folder { parent_id: last }).is_ok()));
    assert_eq!(new, 0);
    // A row with others below it: from its new target up.
    let below = db.insert(Folder { parent_id: None }).unwrap();
    let branch = db.insert(Folder { parent_id: None }).unwrap();
    db.insert(Folder { parent_id: Some(branch) }).unwrap();
    let moved = probes(|| db.relate(branch, Folder::PARENT, ids[499]).unwrap());
    assert!((500..510).contains(&moved), "{moved} probes for a depth of 500");
    let leaf = probes(|| db.relate(below, Folder::PARENT, ids[499]).unwrap());
    assert!(leaf < 10, "{leaf} probes for a row that no other refers to");
    // Nor is it for many new ones, as long as none refers to another.
    let batch = probes(|| drop(db.insert_many(vec![Folder { parent_id: last }; 1000]).unwrap()));
    assert_eq!(batch, 0);
    // Many rows one above the other, in the order that would be the worst: the way is walked once, not once for each.
    let upwards = probes(|| {
        let rows = |ids: &[Id<Folder>]| {
            let parents = ids[1..].iter().copied().map(Some).chain([last]);
            parents.map(|parent_id| Folder { parent_id }).collect()
        };
        db.insert_many_with(1000, rows).unwrap();
    });
    assert!((1000..1010).contains(&upwards), "{upwards} probes for a chain of 1000 over one of 1000");
    // Other fields, or none: no link changes.
    assert!(probes(|| db.update(ids[0], |_| ()).unwrap()) < 10);
}
