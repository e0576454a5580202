//! Undo beside edits in place: a step takes back its own fields, and an edit in place is no step.

use std::collections::BTreeMap;

use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Ship {
    #[model(unique)]
    name: String,
    x: f64,
    hull: u32,
    #[model(belongs_to)]
    flag_id: Option<Id<Ship>>,
    /// Of a type that cannot be compared.
    cargo: Cargo,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wind {
    speed: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Cargo(u32);

fn ship(name: &str) -> Ship {
    Ship { name: name.into(), x: 0.0, hull: 10, flag_id: None, cargo: Cargo(0) }
}

fn fleet() -> (Database, [Id<Ship>; 2]) {
    let mut db = Database::builder().model::<Ship>().model::<Wind>().build().unwrap();
    let ids = [db.insert(ship("Argo")).unwrap(), db.insert(ship("Dove")).unwrap()];
    db.keep_history(100).unwrap();
    (db, ids)
}

/// What a ship says of itself.
fn of(db: &Database, id: Id<Ship>) -> (&str, f64, u32) {
    let row = db.get(id).unwrap();
    (&row.name, row.x, row.hull)
}

// fault B1, behaviour I23: "An undo takes back what its transaction has changed, of a row the fields that it has changed,
// and nothing else: edits in place are no step, and stay."
#[test]
fn an_undo_leaves_edits_in_place_as_they_are() {
    let (mut db, [argo, dove]) = fleet();
    db.set(argo, Ship::FIELDS.name, "Argo II".into()).unwrap();
    for (_, row) in db.iter_mut::<Ship>().unwrap() {
        *row.x += 1.0;
    }
    db.set(argo, Ship::FIELDS.hull, 9).unwrap();
    *db.get_mut(argo).unwrap().x += 1.0;
    assert!(db.undo().unwrap());
    assert_eq!((of(&db, argo), of(&db, dove)), (("Argo II", 2.0, 10), ("Dove", 1.0, 10)));
    *db.get_mut(argo).unwrap().x += 1.0;
    assert!(db.undo().unwrap());
    assert_eq!((of(&db, argo), db.find(Ship::BY_NAME, "Argo").unwrap().0), (("Argo", 3.0, 10), argo));
    let (mut ships, _) = db.split::<(&mut Ship, &Wind)>().unwrap();
    ships.iter_mut().for_each(|(_, row)| *row.x += 1.0);
    assert!(db.redo().unwrap() && db.redo().unwrap() && !db.redo().unwrap());
    assert_eq!((of(&db, argo), of(&db, dove)), (("Argo II", 4.0, 9), ("Dove", 2.0, 10)));
    assert_eq!(db.check(), Ok(()));
}

// fault B1: where both have changed a field, the step has it, with what it was in the end
#[test]
fn a_field_that_a_step_has_changed_is_the_steps_own() {
    let (mut db, [argo, _]) = fleet();
    db.update(argo, |row| row.hull = 5).unwrap();
    *db.get_mut(argo).unwrap().hull = 4;
    db.undo().unwrap();
    assert_eq!(of(&db, argo), ("Argo", 0.0, 10));
    *db.get_mut(argo).unwrap().x = 1.0;
    db.redo().unwrap();
    assert_eq!(of(&db, argo), ("Argo", 1.0, 4));
    // What cannot be compared counts as changed.
    *db.get_mut(argo).unwrap().cargo = Cargo(7);
    db.undo().unwrap();
    assert_eq!(db.get(argo).unwrap().cargo.0, 0);
}

/// One row, with more fields than a word has bits.
macro_rules! wide {
    ($($field:ident)*) => {
        #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct Wide { $($field: u8),* }
        const WIDE: Wide = Wide { $($field: 0),* };
    };
}
wide! {
    a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 d0 d1 d2 d3 d4
    d5 d6 d7 d8 d9 e0 e1 e2 e3 e4 e5 e6 e7 e8 e9 f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 g0 g1 g2 g3 g4 g5 g6 g7 g8 g9
}

// fault B1
#[test]
fn a_row_may_have_any_number_of_fields() {
    let mut db = Database::builder().model::<Wide>().build().unwrap();
    let id = db.insert(WIDE).unwrap();
    db.keep_history(9).unwrap();
    db.update(id, |row| (row.a5, row.g6) = (1, 1)).unwrap();
    let row = db.get_mut(id).unwrap();
    (*row.a0, *row.a6, *row.g5, *row.g9) = (2, 2, 2, 2);
    db.undo().unwrap();
    assert_eq!(*db.get(id).unwrap(), Wide { a0: 2, a6: 2, g5: 2, g9: 2, ..WIDE });
    db.redo().unwrap();
    assert_eq!(*db.get(id).unwrap(), Wide { a0: 2, a5: 1, a6: 2, g5: 2, g6: 1, g9: 2, ..WIDE });
}

/// A row of the walk.
#[derive(Model, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Cell {
    #[model(unique)]
    key: u32,
    a: u32,
    b: u32,
}

/// A step as the walk understands it: of each row what was there before, or is there no more.
type Step = Vec<(Id<Cell>, Before)>;
#[derive(Clone, Debug)]
enum Before {
    /// The fields that the step has changed.
    Fields([Option<u32>; 3]),
    /// There was no row, or this one.
    Row(Option<Cell>),
}

/// The rows by hand.
#[derive(Default)]
struct Plain {
    rows: BTreeMap<Id<Cell>, Cell>,
    undo: Vec<Step>,
    redo: Vec<Step>,
}

impl Plain {
    /// Notes a step that has led from `before` to the present rows of a database.
    fn step(&mut self, db: &Database) {
        let after: BTreeMap<Id<Cell>, Cell> = db.iter::<Cell>().map(|(id, row)| (id, *row)).collect();
        let mut step = Step::new();
        for (id, old) in &self.rows {
            let fields = |row: &Cell| [row.key, row.a, row.b];
            match after.get(id) {
                None => step.push((*id, Before::Row(Some(*old)))),
                Some(new) => {
                    let changed = [0, 1, 2].map(|n| (fields(old)[n] != fields(new)[n]).then(|| fields(old)[n]));
                    step.push((*id, Before::Fields(changed)));
                }
            }
        }
        step.extend(after.keys().filter(|id| !self.rows.contains_key(id)).map(|id| (*id, Before::Row(None))));
        self.rows = after;
        self.undo.push(step);
        self.redo.clear();
    }

    /// Exchanges what a step has before with what is there.
    fn take_back(&mut self, step: &mut Step) {
        for (id, before) in step {
            match before {
                Before::Row(row) => {
                    let there = self.rows.remove(id);
                    self.rows.extend(row.map(|row| (*id, row)));
                    *row = there;
                }
                Before::Fields(fields) => {
                    let row = self.rows.get_mut(id).unwrap();
                    for (there, before) in [&mut row.key, &mut row.a, &mut row.b].into_iter().zip(fields) {
                        if let Some(before) = before {
                            std::mem::swap(there, before);
                        }
                    }
                }
            }
        }
    }
}

// fault B1: any steps, of several changes of a row too, undone and redone between any edits in place
#[test]
fn any_walk_leaves_edits_in_place_as_they_are() {
    let mut db = Database::builder().model::<Cell>().build().unwrap();
    db.keep_history(1_000).unwrap();
    let (mut plain, mut seed, mut key) = (Plain::default(), 1_u64, 0);
    let mut below = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let mut undone = 0;
    for _ in 0..4_000 {
        match below(5) {
            0 | 1 => {
                let mut tx = db.begin().unwrap();
                let changes = below(4) + 1;
                for _ in 0..changes {
                    let ids: Vec<Id<Cell>> = tx.table::<Cell>().unwrap().ids().collect();
                    key += 1;
                    let picked = (!ids.is_empty()).then(|| ids[below(ids.len() as u64) as usize]);
                    match (below(6), picked) {
                        (0, Some(id)) => drop(tx.delete(id).unwrap()),
                        (1, Some(id)) => drop(tx.set(id, Cell::FIELDS.a, below(3) as u32).unwrap()),
                        (2, Some(id)) => drop(tx.set(id, Cell::FIELDS.b, below(3) as u32).unwrap()),
                        (3, Some(id)) => drop(tx.set(id, Cell::FIELDS.key, key).unwrap()),
                        _ if ids.len() < 6 => drop(tx.insert(Cell { key, a: 0, b: 0 }).unwrap()),
                        _ => {}
                    }
                }
                let steps = tx.history().0;
                tx.commit().unwrap();
                if db.history().0 > steps {
                    plain.step(&db);
                }
            }
            2 => {
                if let Some(mut step) = plain.undo.pop() {
                    assert!(db.undo().unwrap());
                    plain.take_back(&mut step);
                    plain.redo.push(step);
                    undone += 1;
                }
            }
            3 => {
                if let Some(mut step) = plain.redo.pop() {
                    assert!(db.redo().unwrap());
                    plain.take_back(&mut step);
                    plain.undo.push(step);
                }
            }
            _ => {
                for (id, row) in db.iter_mut::<Cell>().unwrap() {
                    let there = plain.rows.get_mut(&id).unwrap();
                    (there.a, there.b) = (there.a + below(2) as u32, there.b + below(2) as u32);
                    (*row.a, *row.b) = (there.a, there.b);
                }
            }
        }
        assert!(db.iter::<Cell>().map(|(id, row)| (id, *row)).eq(plain.rows.iter().map(|(id, row)| (*id, *row))));
        assert_eq!(db.check(), Ok(()));
    }
    assert!(undone > 500, "{undone} steps were undone");
}

// fault B9, behaviour S1: after an undo the hash is what it was before, unless rows came since: their ids are used up
#[test]
fn an_undo_brings_the_hash_back_unless_ids_are_used_up() {
    let (mut db, [argo, _]) = fleet();
    let hash = db.state_hash().unwrap();
    db.set(argo, Ship::FIELDS.name, "Argo II".into()).unwrap();
    assert_ne!(db.state_hash().unwrap(), hash);
    db.delete(argo).unwrap();
    assert!(db.undo().unwrap() && db.undo().unwrap());
    assert_eq!(db.state_hash().unwrap(), hash);
    db.insert(ship("Swan")).unwrap();
    let with_swan = db.state_hash().unwrap();
    db.undo().unwrap();
    assert_ne!(db.state_hash().unwrap(), hash);
    db.redo().unwrap();
    assert_eq!(db.state_hash().unwrap(), with_swan);
}
