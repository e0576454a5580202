//! Random histories of an arena against a map of what must be stored, and through [`Slots`] and back.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::{Deserialize, Serialize};
use slotmap::{DefaultKey, Key};

use super::{Arena, RowChange, Run, Slots};
use crate::id::{SLOTS_END, key_from_parts, slot_of, version_of};
use crate::{Database, Error, Id, Model};

#[derive(Debug, Clone, Copy)]
enum Step {
    Insert(u32),
    Remove(usize),
    ReserveAndFill(u32),
    ReserveAndCancel,
    WithholdAndRevert(usize),
    WithholdAndRelease(usize),
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any::<u32>().prop_map(Step::Insert),
        4 => any::<usize>().prop_map(Step::Remove),
        1 => any::<u32>().prop_map(Step::ReserveAndFill),
        1 => Just(Step::ReserveAndCancel),
        1 => any::<usize>().prop_map(Step::WithholdAndRevert),
        1 => any::<usize>().prop_map(Step::WithholdAndRelease),
        1 => Just(Step::Restore),
    ]
}

fn nth(model: &BTreeMap<DefaultKey, u32>, n: usize) -> Option<DefaultKey> {
    model.keys().nth(n % model.len().max(1)).copied()
}

fn apply(arena: &mut Arena<u32>, model: &mut BTreeMap<DefaultKey, u32>, step: Step) {
    match step {
        Step::Insert(row) => {
            let upcoming = arena.upcoming(0);
            let key = arena.insert(row);
            assert_eq!(Some(key), upcoming, "an insertion gets the id that was told");
            assert_eq!(model.insert(key, row), None);
        }
        Step::ReserveAndFill(row) => {
            let key = arena.reserve_id();
            assert_eq!(arena.fill(key, row), Ok(()));
            assert_eq!(arena.fill(key, row), Err(row), "a filled id cannot be filled again");
            model.insert(key, row);
        }
        Step::ReserveAndCancel => {
            let key = arena.reserve_id();
            arena.cancel(key);
            assert!(!arena.is_reserved(key));
        }
        Step::Remove(n) => {
            if let Some(key) = nth(model, n) {
                assert_eq!(arena.remove(key), model.remove(&key));
            }
        }
        Step::WithholdAndRevert(n) => {
            if let Some(key) = nth(model, n) {
                arena.remove_keeping(key);
                assert_eq!(arena.get(key), None);
                assert_eq!(arena.revert(RowChange::Removed, key, |_, _, _| {}), RowChange::Stored);
            }
        }
        Step::WithholdAndRelease(n) => {
            if let Some(key) = nth(model, n) {
                assert_eq!(arena.withhold(key), model.remove(&key));
                arena.release(key);
            }
        }
        Step::Restore => *arena = restored(arena),
    }
}

/// The arena after its slots and rows have gone out and come back.
fn restored(arena: &Arena<u32>) -> Arena<u32> {
    let slots = arena.slots();
    let mut restored = Arena::default().restore(&slots).expect("the slots of an arena are those of one");
    assert!(arena.iter().map(|(key, _)| key).eq(slots.stored()));
    for (key, row) in arena.iter() {
        assert_eq!(restored.restore_row(key, *row), Ok(()));
        assert_eq!(restored.restore_row(key, *row), Err(*row), "each waits for one row");
    }
    assert_eq!(restored.slots(), slots);
    restored
}

fn same_rows_and_future(left: &mut Arena<u32>, right: &mut Arena<u32>) {
    assert!(left.iter().eq(right.iter()), "the same rows under the same keys");
    assert_eq!(left.len(), right.len());
    let mut retired = (left.retired.clone(), right.retired.clone());
    retired.0.sort();
    retired.1.sort();
    assert_eq!(retired.0, retired.1);
    // More than both have free, so that the first fresh slots are compared too.
    for n in 0..left.free.len() + 8 {
        let row = n as u32;
        assert_eq!(left.insert(row), right.insert(row), "the same future ids");
    }
}

/// A fixed seed: the same histories on every run.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

#[test]
fn random_histories_keep_the_invariants_and_come_back_with_the_same_future_ids() {
    let outcome = runner(3000).run(&prop::collection::vec(step(), 0..80), |steps| {
        let (mut arena, mut model) = (Arena::default(), BTreeMap::new());
        for step in steps {
            apply(&mut arena, &mut model, step);
            prop_assert_eq!(arena.faults(), Vec::<String>::new());
        }
        prop_assert!(arena.iter().map(|(key, row)| (key, *row)).collect::<BTreeMap<_, _>>() == model);
        let mut back = restored(&arena);
        prop_assert_eq!(back.faults(), Vec::<String>::new());
        same_rows_and_future(&mut arena, &mut back);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// An arena whose slot 1 holds a row of the last generation there is, and whose slot 2 is one reuse before it.
fn worn() -> Arena<u32> {
    let slots = slots_of(&[u32::MAX, u32::MAX - 1, 5], &[2]);
    let mut arena = Arena::default().restore(&slots).expect("the slots are well formed");
    for key in slots.stored() {
        assert_eq!(arena.restore_row(key, slot_of(key)), Ok(()));
    }
    arena
}

#[test]
fn a_slot_whose_generation_would_wrap_is_retired_and_stays_so() {
    let mut arena = worn();
    let last = key_from_parts(1, u32::MAX).expect("odd");
    assert_eq!(arena.remove(last), Some(1));
    assert_eq!(arena.retired, [last]);
    let reused = arena.insert(20);
    assert_eq!((slot_of(reused), version_of(reused)), (2, u32::MAX), "its last generation is used");
    assert_eq!(arena.remove(reused), Some(20));
    assert_eq!(arena.retired, [last, reused]);
    assert_eq!(slot_of(arena.upcoming(0).expect("there is room")), 4, "neither slot is used again");

    let mut back = restored(&arena);
    assert_eq!(back.retired, [last, reused]);
    assert_eq!(back.get(last), None);
    assert_eq!(back.faults(), Vec::<String>::new());
    same_rows_and_future(&mut arena, &mut back);

    // So are those of rows that go together.
    let (mut together, mut alone) = (worn(), worn());
    let next = [together.insert(5), alone.insert(5)][0];
    assert_eq!(together.remove_all(&[next, last]), [5, 1]);
    assert_eq!([next, last].map(|key| alone.remove(key)), [Some(5), Some(1)]);
    assert_eq!((&together.retired, together.faults()), (&alone.retired, Vec::new()));
    same_rows_and_future(&mut together, &mut alone);
}

#[test]
fn slots_that_no_arena_can_have_are_refused() {
    let refused = |generations: &[u32], free: &[u32]| {
        let slots = slots_of(generations, free);
        Arena::<u32>::default().restore(&slots).expect_err("these slots cannot be")
    };
    assert_eq!(refused(&[1, 3], &[2]), "slot 2 is in the free list and not vacant", "stored");
    assert_eq!(refused(&[1, 0], &[2]), "slot 2 is in the free list and not vacant", "retired");
    assert_eq!(refused(&[2, 2], &[2, 2]), "slot 2 is in the free list twice");
    assert_eq!(refused(&[2], &[1, 2]), "slot 2 is in the free list and was never used");
    assert_eq!(refused(&[2], &[0, 1]), "slot 0 is in the free list and was never used", "slotmap's own");
    assert_eq!(refused(&[1, 2, 4], &[3]), "slot 2 is vacant and not in the free list");
}

#[test]
fn an_empty_arena_comes_back_empty() {
    let arena = Arena::<u32>::default().restore(&Slots::default()).expect("no slots are fine");
    assert_eq!((arena.len(), arena.next_slot()), (0, 1));
    assert!(!arena.upcoming(0).expect("there is room").is_null());
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(moons: Moon), has_many(seen_by: Observer, through = Sighting))]
struct Planet {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Moon {
    #[model(belongs_to)]
    planet_id: Id<Planet>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Observer {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(unique(planet_id, observer_id))]
struct Sighting {
    #[model(belongs_to)]
    planet_id: Id<Planet>,
    #[model(belongs_to)]
    observer_id: Id<Observer>,
}

/// A planet with a moon, an observer, and no more than so many slots left in one of the tables.
fn nearly_full<M: Model>(left: u32) -> (Database, Id<Planet>, Id<Observer>) {
    let builder = Database::builder().model::<Planet>().model::<Moon>().model::<Observer>().model::<Sighting>();
    let mut db = builder.build().unwrap();
    let planet = db.insert(Planet { name: "Mars".into() }).unwrap();
    db.insert(Moon { planet_id: planet }).unwrap();
    let observer = db.insert(Observer { name: "Hall".into() }).unwrap();
    let position = db.store.position::<M>().unwrap();
    db.store.writer::<M>(position).0.next_slot = SLOTS_END - left;
    (db, planet, observer)
}

/// HOSTILE 35: Slot numbers used up -> Full before any panic, wherever ids are handed out.
#[test]
fn a_table_whose_slot_numbers_are_used_up_is_full() {
    let full = |refused: Option<Error>, model| assert_eq!(refused, Some(Error::Full { model }));
    let new = || Observer { name: "Galle".into() };
    for left in 0..3 {
        let (mut db, ..) = nearly_full::<Observer>(left);
        let more = left as usize + 1;
        full(db.insert_many(vec![new(); more]).err(), "Observer");
        full(db.insert_many_unchecked(vec![new(); more]).err(), "Observer");
        let none = |_: &[Id<Observer>]| panic!("there are no ids to be handed out");
        full(db.insert_many_with(more, none).err(), "Observer");
        full(db.insert_many_with(usize::MAX, none).err(), "Observer");
        assert_eq!(db.len::<Observer>(), 1);
    }
    let (mut db, planet, observer) = nearly_full::<Observer>(0);
    let mut tx = db.begin().unwrap();
    full(tx.insert(new()).err(), "Observer");
    full(tx.insert_with(|_| panic!("there is no id to be handed out")).map(|_: Id<Observer>| ()).err(), "Observer");
    full(tx.reserve::<Observer>().err(), "Observer");
    full(tx.upsert(Observer::BY_NAME, new()).err(), "Observer");
    let sighting = |planet_id, observer_id| Sighting { planet_id, observer_id };
    full(tx.create_linked(planet, Planet::SEEN_BY, new(), sighting).err(), "Observer");
    // What needs no new slot goes on, and a slot that is given back is used again.
    tx.upsert(Observer::BY_NAME, Observer { name: "Hall".into() }).unwrap();
    tx.update(observer, |observer| observer.name = "Asaph Hall".into()).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.delete(observer).unwrap().row.name, "Asaph Hall");
    assert_eq!(db.insert(new()).map(|id| id.to_string()), Ok("1v3".to_owned()));
    full(db.insert(new()).err(), "Observer");

    let (mut db, planet, _) = nearly_full::<Moon>(0);
    let moon = |planet_id| Moon { planet_id };
    full(db.create(planet, Planet::MOONS, moon).err(), "Moon");
    full(db.create_many(planet, Planet::MOONS, |planet_id| vec![moon(planet_id)]).err(), "Moon");
    assert_eq!(db.len::<Moon>(), 1);

    let (mut db, planet, observer) = nearly_full::<Sighting>(0);
    full(db.link(planet, Planet::SEEN_BY, observer, sighting).err(), "Sighting");
    full(db.set_linked(planet, Planet::SEEN_BY, &[observer], sighting).err(), "Sighting");
    full(db.create_linked(planet, Planet::SEEN_BY, new(), sighting).err(), "Sighting");
    assert_eq!((db.len::<Observer>(), db.len::<Sighting>()), (1, 0));
}

/// HOSTILE 35: in a file.
#[test]
fn a_file_cannot_have_more_slots_than_there_are_numbers() {
    assert_eq!(Slots::check_count(u64::from(SLOTS_END) - 1), Ok(()));
    let refused = "4294967293 slots are more than there can be".to_owned();
    assert_eq!(Slots::check_count(u64::from(SLOTS_END)), Err(refused));
}

/// Slots of these generations.
fn slots_of(generations: &[u32], free: &[u32]) -> Slots {
    let mut slots = Slots::default();
    for &generation in generations {
        slots.push(Run { count: 1, generation });
    }
    slots.free = free.to_vec();
    slots
}
