//! How long the slowest of many single inserts takes while a table grows: what a game would drop a frame for.
//!
//! A table that outgrows its room is moved to a larger one within one insert, as a `Vec` is. Room that was made before
//! (`reserve_rows`) keeps that from happening.

use std::hint::black_box;
use std::time::{Duration, Instant};

use slotmap::SlotMap;

use super::data::{Flat, LineItem, RowOrder, database_of_orders, line_item};

/// How often each table is filled: a pause that the machine makes of itself does not come at all times.
const TURNS: usize = 3;

/// The slowest single insert of the line items of a scale, as a table for people.
pub(crate) fn report() -> String {
    let flat = Flat::generate(super::scale(), RowOrder::Sequential);
    let into_relata = |room: usize| {
        let (mut db, orders) = database_of_orders(&flat);
        db.reserve_rows::<LineItem>(room).expect("the model is registered");
        let lines = flat.lines.iter().map(|line| line_item(line, &orders));
        slowest(lines, |line| _ = black_box(db.insert(line).expect("the rows are whole")))
    };
    let (_, orders) = database_of_orders(&flat);
    let lines = || flat.lines.iter().map(|line| line_item(line, &orders));
    let into_slots = || {
        let mut slots: SlotMap<_, LineItem> = SlotMap::new();
        slowest(lines(), |line| _ = black_box(slots.insert(line)))
    };
    let into_vec = || {
        let mut rows = Vec::new();
        slowest(lines(), |line| rows.push(black_box(line)))
    };
    let subjects = [
        ("relata", least(|| into_relata(0))),
        ("relata, room reserved", least(|| into_relata(flat.lines.len()))),
        ("SlotMap", least(into_slots)),
        ("Vec", least(into_vec)),
    ];
    let head = format!(
        "the slowest of {} single inserts into an empty table, one relation checked and indexed, the least of {TURNS} turns\n\n\
         | into | ms |\n|---|---|\n",
        flat.lines.len()
    );
    let lines = subjects.map(|(name, slowest)| format!("| {name} | {:.3} |\n", slowest.as_secs_f64() * 1e3));
    head + &lines.concat()
}

fn least(turn: impl FnMut() -> Duration) -> Duration {
    std::iter::repeat_with(turn).take(TURNS).min().unwrap_or_default()
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
