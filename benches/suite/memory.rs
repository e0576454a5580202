//! Resident bytes for each line item: its row, and all that the store keeps beside it.
//!
//! What a process has freed it may still hold, so that the second thing measured in a process looks smaller than it is.
//! Each subject is therefore measured in a process of its own: this program again, told by an environment variable what
//! to measure. The figure is the growth of the resident set while the rows are stored, read from `/proc`, so that it
//! counts pages and includes what an allocator wastes; the rows are made on the fly, or from arrays that stay.

use std::hint::black_box;
use std::process::Command;

use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};
use slotmap::{DefaultKey, SlotMap};

use super::data::{
    Customer, Flat, FlatLine, LineDetails, LineItem, Nation, Order, RowOrder, database_of_orders, line_item,
    store_orders,
};

/// Names the subject to a process that is to measure it.
const SUBJECT: &str = "RELATA_BENCH_MEMORY";

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Part {
    number: u32,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Supplier {
    number: u32,
}

/// A line item with all three of its relations.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct SuppliedLine {
    #[model(belongs_to)]
    order_id: Id<Order>,
    #[model(belongs_to)]
    part_id: Id<Part>,
    #[model(belongs_to)]
    supplier_id: Id<Supplier>,
    details: LineDetails,
}

/// Something that holds the line items, and how to store them in it; gives the bytes by which the process grew.
type Subject = (&'static str, fn(&Flat) -> u64);

/// The first is what the others are compared with.
const SUBJECTS: [Subject; 6] = [
    ("Vec", |flat| growth(|| flat.lines.clone())),
    ("SlotMap", |flat| growth(|| slots(flat))),
    ("relata, no relation", unrelated),
    ("relata, 1 relation", one_relation),
    ("relata, 1 relation, stored at once", one_relation_at_once),
    ("relata, 3 relations", three_relations),
];

/// Measures one subject and prints its bytes, if this process was started for that. Else gives `false`.
#[expect(clippy::print_stdout, reason = "the process that has started this one reads it there")]
pub(crate) fn is_measuring() -> bool {
    let Ok(name) = std::env::var(SUBJECT) else { return false };
    let (_, measure) = SUBJECTS.iter().find(|(known, _)| *known == name).expect("the subject is one of the table");
    println!("{}", measure(&Flat::generate(super::scale(), RowOrder::Sequential)));
    true
}

/// The bytes for each line item by subject. It needs `/proc`: `None` elsewhere.
#[expect(clippy::cast_precision_loss, reason = "bytes and rows are far below 2^52")]
pub(crate) fn bytes_per_row(scale: f64) -> Option<[(&'static str, f64); 6]> {
    resident_bytes()?;
    let rows = Flat::generate(scale, RowOrder::Sequential).lines.len() as f64;
    Some(SUBJECTS.map(|(name, _)| (name, measure_apart(name, scale) as f64 / rows)))
}

/// A table of all subjects for people.
pub(crate) fn report() -> String {
    let Some(held) = bytes_per_row(super::scale()) else {
        return "resident bytes are read from /proc/self/status, which is not here\n".to_owned();
    };
    let line = |(name, bytes): &(&str, f64)| format!("| {name} | {bytes:.1} | {:.2} |\n", bytes / held[0].1);
    let title = "resident bytes for each line item\n\n| held by | bytes/row | ratio |\n|---|---|---|\n";
    title.to_owned() + &held.iter().map(line).collect::<String>()
}

/// Starts this program again for one subject and reads what it prints.
fn measure_apart(name: &str, scale: f64) -> u64 {
    let program = std::env::current_exe().expect("a running program has a file");
    let output = Command::new(program)
        .env(SUBJECT, name)
        .env("RELATA_BENCH_SCALE", scale.to_string())
        .output()
        .expect("a program that runs can be run again");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("measuring {name}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// By how many bytes the process grows while `store` runs, with what it gives still there.
fn growth<T>(store: impl FnOnce() -> T) -> u64 {
    let before = resident_bytes().expect("the parent process has found it");
    let stored = black_box(store());
    let after = resident_bytes().expect("the parent process has found it");
    drop(stored);
    after.saturating_sub(before)
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn slots(flat: &Flat) -> SlotMap<DefaultKey, FlatLine> {
    let mut slots = SlotMap::new();
    for line in &flat.lines {
        slots.insert(*line);
    }
    slots
}

fn unrelated(flat: &Flat) -> u64 {
    let mut db = Database::builder().model::<FlatLine>().build().expect("the model stands alone");
    growth(|| store_each(&mut db, flat.lines.iter().copied()))
}

fn one_relation(flat: &Flat) -> u64 {
    let (mut db, orders) = database_of_orders(flat);
    growth(|| store_each(&mut db, flat.lines.iter().map(|line| line_item(line, &orders))))
}

fn one_relation_at_once(flat: &Flat) -> u64 {
    let (mut db, orders) = database_of_orders(flat);
    growth(|| {
        let lines: Vec<LineItem> = flat.lines.iter().map(|line| line_item(line, &orders)).collect();
        db.insert_many(lines).expect("the rows are whole");
    })
}

fn three_relations(flat: &Flat) -> u64 {
    let builder = Database::builder().model::<Nation>().model::<Customer>().model::<Order>().model::<LineItem>();
    let builder = builder.model::<Part>().model::<Supplier>().model::<SuppliedLine>();
    let mut db = builder.build().expect("the models fit together");
    let orders = store_orders(&mut db, flat);
    let parts = flat.lines.iter().map(|line| line.part + 1).max().unwrap_or(0);
    let parts: Vec<Part> = (0..parts).map(|number| Part { number }).collect();
    let parts = db.insert_many(parts).expect("the rows are whole");
    let suppliers = flat.lines.iter().map(|line| line.supplier + 1).max().unwrap_or(0);
    let suppliers: Vec<Supplier> = (0..suppliers).map(|number| Supplier { number }).collect();
    let suppliers = db.insert_many(suppliers).expect("the rows are whole");
    let line = |line: &FlatLine| SuppliedLine {
        order_id: orders[line.order as usize],
        part_id: parts[line.part as usize],
        supplier_id: suppliers[line.supplier as usize],
        details: line.details,
    };
    growth(|| store_each(&mut db, flat.lines.iter().map(line)))
}

fn store_each<M: Model>(db: &mut Database, rows: impl Iterator<Item = M>) {
    for row in rows {
        db.insert(row).expect("the rows are whole");
    }
}
