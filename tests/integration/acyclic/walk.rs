//! A long random history of one hierarchy beside a naive model of it.

use std::collections::BTreeMap;

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(nodes: Node))]
struct Group {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    #[model(belongs_to)]
    group_id: Id<Group>,
    #[model(belongs_to, acyclic, on_delete = set_null)]
    parent_id: Option<Id<Node>>,
}

/// The parent of each node, and nothing else.
type Naive = BTreeMap<Id<Node>, Option<Id<Node>>>;

/// Whether following the parents comes to an end from everywhere.
fn is_acyclic(nodes: &Naive) -> bool {
    nodes.keys().all(|node| {
        let mut at = Some(*node);
        for _ in 0..=nodes.len() {
            at = at.and_then(|node| nodes[&node]);
        }
        at.is_none()
    })
}

fn seen(db: &Database) -> Naive {
    db.iter::<Node>().map(|(id, node)| (id, node.parent_id)).collect()
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

/// Makes one statement, and proves that it is refused if and only if it would close a cycle. Gives whether it was.
fn step(db: &mut Database, groups: &[Id<Group>], random: &mut Random) -> bool {
    let before = seen(db);
    let mut after = before.clone();
    let ids: Vec<Id<Node>> = before.keys().copied().collect();
    let group = random.pick(groups).unwrap();
    let outcome: Result<(), Error> = match (random.below(8), random.pick(&ids)) {
        (0..=3, Some(node)) => {
            let parent = random.pick(&ids);
            after.insert(node, parent);
            db.update(node, |row| row.parent_id = parent)
        }
        (4, Some(_)) => {
            // All of a group, at once.
            let nodes: Vec<Id<Node>> = db.children(group, Group::NODES).unwrap().map(|(id, _)| id).collect();
            let parents: Vec<_> = nodes.iter().map(|_| random.pick(&ids).filter(|_| random.below(2) == 0)).collect();
            after.extend(nodes.iter().copied().zip(parents.iter().copied()));
            let mut parents = parents.into_iter();
            db.update_all(group, Group::NODES, |row| row.parent_id = parents.next().unwrap()).map(|_| ())
        }
        (5, Some(node)) if ids.len() > 12 => {
            after.remove(&node);
            after.values_mut().filter(|parent| **parent == Some(node)).for_each(|parent| *parent = None);
            db.delete(node).map(|_| ())
        }
        (6.., Some(_)) if ids.len() > 40 => Ok(()),
        _ => {
            // New ones, under old ones and under each other.
            let outcome = db.insert_many_with(1 + random.below(4), |new| {
                let all: Vec<Id<Node>> = ids.iter().chain(new).copied().collect();
                let parent = |_| {
                    let parent = if random.below(3) == 0 { random.pick(&all) } else { random.pick(new) };
                    parent.filter(|_| random.below(3) > 0)
                };
                let parents: Vec<_> = new.iter().map(parent).collect();
                after.extend(new.iter().copied().zip(parents.iter().copied()));
                parents.into_iter().map(|parent_id| Node { group_id: group, parent_id }).collect()
            });
            outcome.map(|_| ())
        }
    };
    let refused = match outcome {
        Ok(()) => false,
        Err(Error::Cycle { .. }) => true,
        Err(Error::BatchRefused { violations, .. }) => {
            assert!(violations.iter().all(|violation| matches!(violation.error, Error::Cycle { .. })));
            true
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(refused, !is_acyclic(&after));
    assert_eq!(seen(db), if refused { before } else { after });
    assert_eq!(db.check(), Ok(()));
    refused
}

/// behaviour I21: An acyclic relation of a model to itself leads no row back to itself, on whatever path it is written.
#[test]
fn refuses_what_a_naive_model_refuses_and_nothing_else() {
    let mut db = Database::builder().model::<Group>().model::<Node>().build().unwrap();
    let groups = db.insert_many(["a", "b", "c", "d"].map(|name| Group { name: name.into() })).unwrap();
    db.keep_history(20).unwrap();
    let mut random = Random(21);
    let (mut refused, mut accepted) = (0, 0);
    for n in 0..3_000 {
        if step(&mut db, &groups, &mut random) {
            refused += 1;
        } else {
            accepted += 1;
        }
        match random.below(12) {
            0 => drop(db.undo().unwrap()),
            1 => drop(db.redo().unwrap()),
            2 => {
                // In a transaction that is taken back.
                let before = seen(&db);
                let mut tx = db.begin().unwrap();
                let ids: Vec<Id<Node>> = tx.table::<Node>().unwrap().ids().collect();
                for _ in 0..4 {
                    if let (Some(node), parent) = (random.pick(&ids), random.pick(&ids)) {
                        let _ = tx.update(node, |row| row.parent_id = parent);
                    }
                }
                tx.rollback();
                assert_eq!(seen(&db), before);
            }
            3 if n % 10 == 0 => {
                let mut bytes = Vec::new();
                db.save_to(&mut bytes).unwrap();
                db = Database::builder().model::<Group>().model::<Node>().load_from(&bytes[..]).unwrap();
                db.keep_history(20).unwrap();
            }
            _ => {}
        }
        assert!(is_acyclic(&seen(&db)));
    }
    assert!(refused > 300 && accepted > 1_000, "{refused} refused, {accepted} accepted");
}
