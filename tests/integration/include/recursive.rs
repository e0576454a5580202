//! Relations of a model to itself, followed to the end.

use relata::{Database, Id, Missing};

use super::{Numbers, Species, empty, not_found};

/// Three roots; each other species evolves from an earlier one.
fn forest(db: &mut Database, size: usize) -> Vec<Id<Species>> {
    let mut numbers = Numbers(3);
    db.insert_many_with(size, |ids| {
        let parent = |n: usize, numbers: &mut Numbers| (n >= 3).then(|| ids[numbers.below(n)]);
        (0..size).map(|n| Species { name: format!("{n}"), evolves_from_id: parent(n, &mut numbers) }).collect()
    })
    .unwrap()
}

#[test]
fn a_relation_of_a_model_to_itself_works_both_ways() {
    let mut db = empty();
    let species = forest(&mut db, 300);
    // behaviour R23: "A relation to the model itself works in both directions (parent and children)."
    for pair in db.include(&species, (Species::EVOLVES_FROM, Species::EVOLVES_INTO)) {
        let (id, (parent, children)) = pair.unwrap();
        let parent_id = db.get(id).unwrap().evolves_from_id;
        assert_eq!(parent, parent_id.map(|parent| db.get(parent).unwrap()));
        assert!(children.eq(db.iter::<Species>().filter(|(_, other)| other.evolves_from_id == Some(id))));
    }
}

/// What is below a row, by loops: level after level.
fn descendants(db: &Database, root: Id<Species>, depth_max: usize) -> Vec<(usize, Id<Species>)> {
    let mut found = vec![(0, root)];
    let mut next = 0;
    while let Some((depth, id)) = found.get(next).copied() {
        next += 1;
        for (child, row) in db.iter::<Species>() {
            let is_new = found.iter().all(|(_, seen)| *seen != child);
            if depth < depth_max && row.evolves_from_id == Some(id) && is_new {
                found.push((depth + 1, child));
            }
        }
    }
    found.remove(0);
    found
}

#[test]
fn recursion_goes_to_a_depth_or_to_the_end() {
    let mut db = empty();
    let species = forest(&mut db, 300);
    // behaviour R33: "A recursive relation can be included to depth N or to the end, safe on cycles"
    for depth_max in [0, 1, 2, usize::MAX] {
        for pair in db.include(&species, Species::EVOLVES_FROM.recursive_to(depth_max)) {
            let (id, ancestors) = pair.unwrap();
            let chain = std::iter::successors(Some(id), |id| db.get(*id).unwrap().evolves_from_id).skip(1);
            let expected: Vec<_> = (1..).zip(chain).take(depth_max).collect();
            assert_eq!(ancestors.len(), expected.len());
            assert_eq!(ancestors.map(|(depth, id, _)| (depth, id)).collect::<Vec<_>>(), expected);
        }
        for pair in db.include(&species, Species::EVOLVES_INTO.recursive_to(depth_max)) {
            let (id, below) = pair.unwrap();
            let found: Vec<_> = below.map(|(depth, id, _)| (depth, id)).collect();
            assert_eq!(found, descendants(&db, id, depth_max));
        }
    }
}

#[test]
fn recursion_ends_where_a_cycle_closes() {
    let mut db = empty();
    // 0 -> 1 -> 2 -> 3 -> 1, and 4 -> 4.
    let species = db
        .insert_many_with(5, |ids| {
            let parents = [ids[1], ids[2], ids[3], ids[1], ids[4]];
            parents.map(|parent| Species { name: String::new(), evolves_from_id: Some(parent) }).to_vec()
        })
        .unwrap();
    let place = |id: Id<Species>| species.iter().position(|known| *known == id).unwrap();
    let reached = |from: usize, up: bool| -> Vec<(usize, usize)> {
        let found = if up {
            db.related(species[from], Species::EVOLVES_FROM.recursive()).unwrap()
        } else {
            db.related(species[from], Species::EVOLVES_INTO.recursive()).unwrap()
        };
        found.map(|(depth, id, _)| (depth, place(id))).collect()
    };
    // behaviour R33: "safe on cycles"
    assert_eq!(reached(0, true), [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(reached(2, true), [(1, 3), (2, 1)]);
    assert_eq!(reached(4, true), []);
    assert_eq!(reached(1, false), [(1, 0), (1, 3), (2, 2)]);
    assert_eq!(reached(4, false), []);
    // A tuple looks at every path again to explain an error: a cycle must not hold it up.
    let stale = Id::<Species>::null();
    let refused = db.related(stale, (Species::EVOLVES_FROM.recursive(), Species::EVOLVES_FROM));
    assert_eq!(refused.err(), Some(not_found(stale, Missing::Null)));
}

#[test]
fn recursion_from_a_stale_row_is_an_error() {
    let mut db = empty();
    let gone = db.insert(Species { name: "gone".into(), evolves_from_id: None }).unwrap();
    db.delete(gone).unwrap();
    let heir = db.insert(Species { name: "its heir".into(), evolves_from_id: None }).unwrap();
    db.insert(Species { name: String::new(), evolves_from_id: Some(heir) }).unwrap();
    let refused = Some(not_found(gone, Missing::Replaced { version: 3 }));
    for depth_max in [0, 1, usize::MAX] {
        assert_eq!(db.related(gone, Species::EVOLVES_INTO.recursive_to(depth_max)).err(), refused);
        assert_eq!(db.related(gone, Species::EVOLVES_FROM.recursive_to(depth_max)).err(), refused);
    }
    assert_eq!(db.related(heir, Species::EVOLVES_INTO.recursive()).unwrap().len(), 1);
}

#[test]
fn a_long_chain_needs_no_stack() {
    let mut db = empty();
    let chain = db
        .insert_many_with(100_000, |ids| {
            (0..ids.len())
                .map(|n| Species { name: String::new(), evolves_from_id: n.checked_sub(1).map(|n| ids[n]) })
                .collect()
        })
        .unwrap();
    let below = db.related(chain[0], Species::EVOLVES_INTO.recursive()).unwrap();
    assert_eq!(below.last().map(|(depth, id, _)| (depth, id)), Some((99_999, chain[99_999])));
    assert_eq!(db.related(chain[99_999], Species::EVOLVES_FROM.recursive()).unwrap().len(), 99_999);
}
