//! How long the slowest of many single inserts takes while a table grows: what a game would drop a frame for.
//!
//! A table that outgrows its room is moved to a larger one within one insert, as a `Vec` is. Room that was made before
//! ([`Database::reserve_rows`]) keeps that from happening.

use std::hint::black_box;
use std::time::{Duration, Instant};

use relata::{Database, Id};
use slotmap::SlotMap;

use super::data::{Flat, LineItem, Order, RowOrder, database_of_orders, line_item};

/// The slowest single insert of the line items of a scale, as a table for people.
pub(crate) fn report() -> String {
    let flat = Flat::generate(super::scale(), RowOrder::Sequential);
    let (mut growing, orders) = database_of_orders(&flat);
    let (mut roomy, _) = database_of_orders(&flat);
    let lines = || flat.lines.iter().map(|line| line_item(line, &orders));
    let insert = |db: &mut Database, line| -> Id<LineItem> { db.insert(line).expect("the rows are whole") };
    roomy.reserve_rows::<LineItem>(flat.lines.len()).expect("the model is registered");
    let mut slots: SlotMap<_, LineItem> = SlotMap::new();
    let mut plain: Vec<LineItem> = Vec::new();
    let subjects = [
        ("relata", slowest(lines(), |line| _ = insert(&mut growing, line))),
        ("relata, room reserved", slowest(lines(), |line| _ = insert(&mut roomy, line))),
        ("SlotMap", slowest(lines(), |line| _ = slots.insert(line))),
        ("Vec", slowest(lines(), |line| plain.push(line))),
    ];
    black_box((growing.len::<Order>(), roomy.len::<Order>(), slots.len(), plain.len()));
    let head = format!(
        "the slowest of {} single inserts into an empty table, one relation checked and indexed\n\n| into | ms |\n|---|---|\n",
        flat.lines.len()
    );
    let lines = subjects.map(|(name, slowest)| format!("| {name} | {:.3} |\n", slowest.as_secs_f64() * 1e3));
    head + &lines.concat()
}

/// The longest time that one of the rows takes.
fn slowest(rows: impl Iterator<Item = LineItem>, mut insert: impl FnMut(LineItem)) -> Duration {
    let times = rows.map(|row| {
        let start = Instant::now();
        insert(row);
        start.elapsed()
    });
    times.max().unwrap_or_default()
}
