//! What clones take, counted by the allocator: no more than is said, and all of it is given back.
//!
//! The count is that of a process, so each test runs in one of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use relata::{Database, Id, Model, SharedDatabase, TableMemory};
use serde::{Deserialize, Serialize};

use crate::memory::{MEMORY, is_alone};

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(units: Unit))]
struct Side {
    #[model(unique)]
    name: String,
}

/// Whether the next clone of an order panics.
static PANICS: AtomicBool = AtomicBool::new(false);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Orders(Vec<u8>);

impl Clone for Orders {
    fn clone(&self) -> Self {
        assert!(!PANICS.swap(false, Ordering::Relaxed), "on purpose");
        Orders(self.0.clone())
    }
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(squads: Squad))]
struct Unit {
    #[model(unique)]
    label: u32,
    #[model(belongs_to, on_delete = cascade)]
    side_id: Id<Side>,
    orders: Orders,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Squad {
    #[model(references_many, on_delete = set_null)]
    unit_ids: Vec<Id<Unit>>,
}

fn world(units: u32) -> Database {
    let mut db = Database::builder().model::<Side>().model::<Unit>().model::<Squad>().build().unwrap();
    let sides = db.insert_many(["red", "blue"].map(|name| Side { name: name.to_owned() })).unwrap();
    let unit = |label| Unit { label, side_id: sides[label as usize % 2], orders: Orders(vec![1, 2, 3]) };
    let ids = db.insert_many((0..units).map(unit).collect::<Vec<_>>()).unwrap();
    db.insert_many(ids.chunks(8).map(|ids| Squad { unit_ids: ids.to_vec() }).collect::<Vec<_>>()).unwrap();
    db
}

/// One round of what clones are for, which leaves the database as it was but for what its history forgets.
fn round(db: &mut Database, shared: &SharedDatabase, spare: &mut Option<Database>, n: usize) {
    let unit: Id<Unit> = db.table::<Unit>().unwrap().ids().nth(n % 7).unwrap();
    let side: Id<Side> = db.table::<Side>().unwrap().ids().next().unwrap();
    let mut clone = db.clone();
    let twin = clone.clone();
    match n % 8 {
        // A clone is written, the original is written, either goes first.
        0 => {
            clone.delete(side).unwrap();
            drop(twin);
        }
        1 => drop(db.update(unit, |unit| unit.orders.0.reverse())),
        2 => *spare = Some(clone),
        3 => *db = clone,
        4 => {
            assert!(clone.undo().unwrap());
            drop(clone.redo());
            *spare = None;
        }
        5 => {
            let mut tx = db.begin().unwrap();
            tx.delete(side).unwrap();
            assert!(tx.clone().contains(side));
        }
        6 => {
            PANICS.store(true, Ordering::Relaxed);
            let write = || drop(clone.update(unit, |unit| unit.orders.0.reverse()));
            assert!(catch_unwind(AssertUnwindSafe(write)).is_err());
        }
        _ => {
            let reader = shared.to_database().unwrap();
            shared.transaction(|tx| tx.update(unit, |unit| unit.orders.0.reverse())).unwrap();
            assert_eq!(reader.len::<Unit>(), db.len::<Unit>());
        }
    }
}

/// behaviour C11: what a clone takes is given back with it
#[test]
fn ten_thousand_clones_leave_nothing_behind() {
    if !is_alone("clones::ten_thousand_clones_leave_nothing_behind") {
        return;
    }
    // The message of each panic would be kept for the report of the test.
    std::panic::set_hook(Box::new(|_| {}));
    let before = MEMORY.current_usage();
    {
        let mut db = world(24);
        db.keep_history(3).unwrap();
        let shared = SharedDatabase::new(db.clone());
        let mut spare = None;
        let mut rounds = |rounds: usize| {
            (0..rounds).for_each(|n| round(&mut db, &shared, &mut spare, n));
            spare = None;
            MEMORY.current_usage()
        };
        // Until vectors have found their sizes.
        let first = rounds(80);
        assert_eq!(rounds(5_040), first, "two clones a round");
        let clone = db.clone();
        let saved = std::thread::spawn(move || crate::saved(&clone).len());
        drop((shared, db));
        assert!(saved.join().unwrap() > 0);
    }
    let left = MEMORY.current_usage().saturating_sub(before);
    assert!(left < 2_000, "{left} bytes are left, more than threads and what is made once take");
}

/// behaviour C11: `memory` tells what a table takes, within a few per cent
#[test]
fn what_is_said_is_what_is_taken() {
    if !is_alone("clones::what_is_said_is_what_is_taken") {
        return;
    }
    for units in [20_000, 70_000] {
        // What is made once, and what a builder keeps.
        drop(world(1));
        let before = MEMORY.current_usage();
        let mut db = world(units);
        let few: Vec<Id<Unit>> = db.table::<Unit>().unwrap().ids().step_by(50).collect();
        for unit in &few {
            db.delete(*unit).unwrap();
        }
        drop(few);
        let taken = MEMORY.current_usage() - before;
        let said: u64 = db.memory().iter().map(TableMemory::total_bytes).sum();
        // What the rows own: names, orders, lists.
        let units = db.iter::<Unit>().map(|(_, unit)| unit.orders.0.len());
        let squads = db.iter::<Squad>().map(|(_, squad)| squad.unit_ids.capacity() * 8);
        let owned: usize = units.chain(squads).sum();
        #[expect(clippy::cast_precision_loss, reason = "bytes are far below 2^52")]
        let ratio = said as f64 / (taken - owned) as f64;
        assert!((0.97..1.03).contains(&ratio), "{said} said, {} taken: {ratio:.3}", taken - owned);
    }
    let [sides, units, squads] = &world(1_000).memory()[..] else { unreachable!("there are three tables") };
    assert_eq!([sides.links_bytes, sides.lists_bytes, units.lists_bytes, squads.unique_keys_bytes], [0; 4]);
    assert!([sides, units, squads].iter().all(|table| table.rows_bytes > 0));
    assert!(units.links_bytes > 0 && squads.lists_bytes > 0 && units.unique_keys_bytes > 0);
    assert!(units.to_string().starts_with("Unit: "), "{units}");
}

/// behaviour C12: a clone takes a share of every block and copies none; a write beside it copies the blocks that it
/// touches, and no more, however many rows refer to the same one
#[test]
fn a_clone_copies_nothing_and_a_write_beside_it_a_bounded_number_of_bytes() {
    // What the rows of a block own is copied with it: of a unit three bytes, of a squad eight ids.
    const ROWS_OWN: usize = 512 * (3 + 64);
    if !is_alone("clones::a_clone_copies_nothing_and_a_write_beside_it_a_bounded_number_of_bytes") {
        return;
    }
    let db = world(1_000_000);
    let taken = |before: usize| MEMORY.current_usage() - before;
    let before = MEMORY.current_usage();
    let clone = db.clone();
    assert!(taken(before) < 512 * 1024, "{} bytes for a clone", taken(before));
    let total: u64 = db.memory().iter().map(TableMemory::total_bytes).sum();
    let shared: u64 = db.memory().iter().map(|table| table.shared_bytes).sum();
    assert!(total - shared < total / 100, "{shared} of {total} bytes are shared");

    let side = db.iter::<Side>().next().unwrap().0;
    let units: Vec<Id<Unit>> = db.iter::<Unit>().map(|(id, _)| id).collect();
    let new = |label| Unit { label, side_id: side, orders: Orders(Vec::new()) };
    let write = |what: &str, write: &dyn Fn(&mut Database)| {
        let mut db = clone.clone();
        let before = MEMORY.current_usage();
        write(&mut db);
        // Blocks of rows of two tables, of the arrays of both relations, and a shard.
        assert!(taken(before) < 256 * 1024 + ROWS_OWN, "{} bytes for {what}", taken(before));
    };
    write("an insert among half a million", &|db| assert!(db.insert(new(u32::MAX)).is_ok()));
    write("a delete among half a million", &|db| drop(db.delete(units[1000]).unwrap()));
    write("an edit in place", &|db| db.get_mut(units[500_000]).unwrap().orders.0.clear());
    write("a move to the other side", &|db| {
        let other = db.iter::<Side>().nth(1).unwrap().0;
        db.update(units[0], |unit| unit.side_id = other).unwrap();
    });
}

/// behaviour C13: `shrink` gives the memory of emptied blocks back, and changes nothing else
#[test]
fn an_emptied_table_gives_its_memory_back() {
    if !is_alone("clones::an_emptied_table_gives_its_memory_back") {
        return;
    }
    let mut db = world(100_000);
    let before = MEMORY.current_usage();
    let squads: Vec<Id<Squad>> = db.table::<Squad>().unwrap().ids().collect();
    for squad in squads {
        db.delete(squad).unwrap();
    }
    let units: Vec<Id<Unit>> = db.table::<Unit>().unwrap().ids().skip(1_000).collect();
    for unit in &units {
        db.delete(*unit).unwrap();
    }
    let clone = db.clone();
    db.shrink();
    assert_eq!((db.check(), db.state_hash().unwrap()), (Ok(()), clone.state_hash().unwrap()));
    drop(clone);
    // What is left is the list of free slots, eight bytes each, and what a thousand units take.
    let left = MEMORY.current_usage();
    drop(units);
    assert!(left < before / 4, "{left} of {before} bytes are left");
    // All is as it was: the slots are used again, with what they need.
    let side = db.iter::<Side>().next().unwrap().0;
    let new = |label| Unit { label, side_id: side, orders: Orders(Vec::new()) };
    let ids = db.insert_many((200_000..300_000).map(new).collect::<Vec<_>>()).unwrap();
    db.insert(Squad { unit_ids: ids[..10].to_vec() }).unwrap();
    assert_eq!((db.check(), db.len::<Unit>()), (Ok(()), 101_000));
}
