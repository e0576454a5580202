//! A random walk against vectors of vectors: insert, update, reorder, delete with every action, savepoints, rollback,
//! undo and redo, save and load. After each step everything is compared, and `check` is asked.

use relata::{Database, DatabaseBuilder, Id, Model, Transaction};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(soft: Holder, via = soft), has_many(hard: Holder, via = hard), has_many(held: Holder, via = kept))]
struct Thing {
    n: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(users: Holder, via = friends))]
struct Holder {
    #[model(references_many, on_delete = set_null)]
    soft: Vec<Id<Thing>>,
    #[model(references_many, on_delete = cascade)]
    hard: Vec<Id<Thing>>,
    #[model(references_many)]
    kept: Vec<Id<Thing>>,
    #[model(references_many, on_delete = set_null)]
    friends: Vec<Id<Holder>>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Holder>().model::<Thing>()
}

/// Rows by id, in no particular order, and for each relation and target those who list it in the order of their coming.
#[derive(Clone, Default, PartialEq, Debug)]
struct Naive {
    things: Vec<Id<Thing>>,
    holders: Vec<(Id<Holder>, Holder)>,
    listers: [Vec<(Id<Thing>, Id<Holder>)>; 3],
    users: Vec<(Id<Holder>, Id<Holder>)>,
}

fn lists(row: &Holder) -> [&Vec<Id<Thing>>; 3] {
    [&row.soft, &row.hard, &row.kept]
}

/// Brings the pairs of one source up to what it lists now; new ones come last.
fn pairs<T: Copy + PartialEq>(all: &mut Vec<(T, Id<Holder>)>, source: Id<Holder>, now: &[T]) {
    all.retain(|(target, lister)| *lister != source || now.contains(target));
    for target in now {
        if !all.contains(&(*target, source)) {
            all.push((*target, source));
        }
    }
}

impl Naive {
    fn place(&self, id: Id<Holder>) -> Option<usize> {
        self.holders.iter().position(|(other, _)| *other == id)
    }

    fn is_sound(&self, row: &Holder, own: Option<Id<Holder>>) -> bool {
        let things = lists(row).into_iter().flatten().all(|id| self.things.contains(id));
        things && row.friends.iter().all(|id| self.place(*id).is_some() || Some(*id) == own)
    }

    fn store(&mut self, id: Id<Holder>, row: Holder) {
        for (listers, ids) in self.listers.iter_mut().zip(lists(&row)) {
            pairs(listers, id, ids);
        }
        pairs(&mut self.users, id, &row.friends);
        match self.place(id) {
            Some(place) => self.holders[place].1 = row,
            None => self.holders.push((id, row)),
        }
    }

    fn remove_holders(&mut self, gone: &[Id<Holder>]) {
        self.holders.retain(|(id, _)| !gone.contains(id));
        self.listers.iter_mut().for_each(|listers| listers.retain(|(_, lister)| !gone.contains(lister)));
        self.users.retain(|(target, lister)| !gone.contains(lister) && !gone.contains(target));
        for (_, row) in &mut self.holders {
            row.friends.retain(|id| !gone.contains(id));
        }
    }

    /// Whether the thing may go.
    fn remove_thing(&mut self, thing: Id<Thing>) -> bool {
        let gone: Vec<Id<Holder>> =
            self.holders.iter().filter(|(_, row)| row.hard.contains(&thing)).map(|(id, _)| *id).collect();
        if self.holders.iter().any(|(id, row)| row.kept.contains(&thing) && !gone.contains(id)) {
            return false;
        }
        self.remove_holders(&gone);
        self.things.retain(|id| *id != thing);
        self.listers.iter_mut().for_each(|listers| listers.retain(|(target, _)| *target != thing));
        for (_, row) in &mut self.holders {
            row.soft.retain(|id| *id != thing);
        }
        true
    }

    fn compare(&self, db: &Database) {
        assert_eq!(db.check(), Ok(()));
        assert_eq!((db.len::<Thing>(), db.len::<Holder>()), (self.things.len(), self.holders.len()));
        for (id, row) in &self.holders {
            assert_eq!(db.get(*id).unwrap(), row);
            assert_eq!(db.related(*id, Holder::SOFT).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), row.soft);
            assert_eq!(db.related(*id, Holder::HARD).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), row.hard);
            assert_eq!(db.related(*id, Holder::FRIENDS).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), row.friends);
            let users = self.users.iter().filter(|(target, _)| target == id).map(|(_, lister)| *lister);
            assert_eq!(
                db.children(*id, Holder::USERS).unwrap().map(|(id, _)| id).collect::<Vec<_>>(),
                users.collect::<Vec<_>>()
            );
        }
        for thing in &self.things {
            let listers = |place: usize| {
                let of = self.listers[place].iter().filter(|(target, _)| target == thing);
                of.map(|(_, lister)| *lister).collect::<Vec<_>>()
            };
            assert_eq!(db.children(*thing, Thing::SOFT).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), listers(0));
            assert_eq!(db.children(*thing, Thing::HARD).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), listers(1));
            assert_eq!(db.children(*thing, Thing::HELD).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), listers(2));
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn some<T: Copy>(&mut self, from: &[T], most: usize) -> Vec<T> {
        if from.is_empty() {
            return Vec::new();
        }
        (0..self.below(most + 1)).map(|_| from[self.below(from.len())]).collect()
    }
}

/// One statement on both. Counts what is accepted and what is refused.
fn statement(tx: &mut Transaction<'_>, naive: &mut Naive, random: &mut Random, seen: &mut [usize; 2]) {
    let holders: Vec<Id<Holder>> = naive.holders.iter().map(|(id, _)| *id).collect();
    let row = |random: &mut Random| Holder {
        soft: random.some(&naive.things, 4),
        hard: if random.below(3) == 0 { random.some(&naive.things, 2) } else { Vec::new() },
        kept: if random.below(4) == 0 { random.some(&naive.things, 2) } else { Vec::new() },
        friends: if random.below(2) == 0 { random.some(&holders, 3) } else { Vec::new() },
    };
    let accepted = match random.below(14) {
        0..2 => {
            let id = tx.insert(Thing { n: random.below(100) as u32 }).unwrap();
            naive.things.push(id);
            true
        }
        2..5 => {
            let mut row = row(random);
            let mut own = None;
            let bad: Option<Id<Thing>> = (random.below(6) == 0).then(|| "77v1".parse().unwrap());
            row.soft.extend(bad);
            let itself = random.below(4) == 0;
            let stored = tx.insert_with(|id| {
                own = Some(id);
                row.friends.extend(itself.then_some(id));
                row.clone()
            });
            let sound = naive.is_sound(&row, own);
            assert_eq!(stored.is_ok(), sound);
            if let Ok(id) = stored {
                naive.store(id, row);
            }
            sound
        }
        5..9 if !holders.is_empty() => {
            let id = holders[random.below(holders.len())];
            let mut new = naive.holders[naive.place(id).unwrap()].1.clone();
            match random.below(4) {
                0 => new = row(random),
                1 => new.soft.reverse(),
                2 => new.soft.extend(random.some(&naive.things, 2)),
                _ => new.friends = random.some(&holders, 3),
            }
            if random.below(8) == 0 {
                new.hard.push("78v1".parse().unwrap());
            }
            let sound = naive.is_sound(&new, None);
            assert_eq!(tx.replace(id, new.clone()).is_ok(), sound);
            if sound {
                naive.store(id, new);
            }
            sound
        }
        9..11 if !naive.things.is_empty() => {
            let thing = naive.things[random.below(naive.things.len())];
            let may = naive.remove_thing(thing);
            assert_eq!(tx.delete(thing).is_ok(), may);
            may
        }
        _ if !holders.is_empty() => {
            let id = holders[random.below(holders.len())];
            tx.delete(id).unwrap();
            naive.remove_holders(&[id]);
            true
        }
        _ => return,
    };
    seen[usize::from(accepted)] += 1;
}

#[test]
fn a_random_walk_against_vectors_of_vectors() {
    let mut random = Random(2024);
    let mut db = models().build().unwrap();
    let mut naive = Naive::default();
    let (mut seen, mut undone, mut loaded) = ([0; 2], 0, 0);
    // What each step of the history was before it.
    let mut history: Vec<Naive> = Vec::new();
    db.keep_history(5).unwrap();
    for _ in 0..1_500 {
        match random.below(16) {
            0 if !history.is_empty() => {
                let after = std::mem::replace(&mut naive, history.pop().unwrap());
                assert!(db.undo().unwrap());
                naive.compare(&db);
                undone += 1;
                if random.below(2) == 0 {
                    assert!(db.redo().unwrap());
                    history.push(std::mem::replace(&mut naive, after));
                }
            }
            1 => {
                let mut bytes = Vec::new();
                db.save_to(&mut bytes).unwrap();
                db = models().load_from(&bytes[..]).unwrap();
                history.clear();
                let kept = random.below(2) * 5;
                db.keep_history(kept).unwrap();
                loaded += 1;
            }
            _ => {
                let mut after = naive.clone();
                let mut tx = db.begin().unwrap();
                for _ in 0..=random.below(3) {
                    if random.below(5) == 0 {
                        let mut other = after.clone();
                        let mut inner = tx.begin();
                        statement(&mut inner, &mut other, &mut random, &mut seen);
                        drop(inner);
                    } else {
                        statement(&mut tx, &mut after, &mut random, &mut seen);
                    }
                    after.compare(&tx);
                }
                if random.below(4) > 0 {
                    // A transaction that has changed nothing is no step of the history.
                    let is_step = !format!("{tx:?}").contains("changes: 0,");
                    tx.commit().unwrap();
                    let before = std::mem::replace(&mut naive, after);
                    history.extend(is_step.then_some(before));
                    history.drain(..history.len().saturating_sub(db.history().0));
                }
            }
        }
        naive.compare(&db);
    }
    assert!(seen[0] > 100 && seen[1] > 1_000 && undone > 20 && loaded > 50, "{seen:?} {undone} {loaded}");
}
