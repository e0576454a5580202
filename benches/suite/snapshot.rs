//! Saving and loading a database, beside bincode of plain `Vec`s of the same rows: no checksums, no indexes, no checks.
//!
//! Both sides write into memory and read from it, with the same encoding of rows, so that neither waits for a disk.

use bincode::config;
use bincode::serde::{decode_from_slice, encode_into_std_write};
use relata::{Database, Model};

use super::data::{Customer, Data, LineItem, Nation, Order};
use super::workload::Workload;

/// The rows of all tables.
type Rows = (Vec<Nation>, Vec<Customer>, Vec<Order>, Vec<LineItem>);

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    vec![save(data), load(data)]
}

/// Named and measured alike: the bytes are those of the rows in memory, on both sides.
fn workload<'a>(data: &Data, work: &str) -> Workload<'a> {
    let db = &data.db;
    let rows = [db.len::<Nation>(), db.len::<Customer>(), db.len::<Order>(), db.len::<LineItem>()];
    let sizes = [size_of::<Nation>(), size_of::<Customer>(), size_of::<Order>(), size_of::<LineItem>()];
    let bytes = rows.iter().zip(sizes).map(|(rows, size)| rows * size).sum();
    Workload::new(data.name(work), rows.iter().sum()).of_bytes(bytes)
}

fn save(data: &Data) -> Workload<'_> {
    let rows = rows(&data.db);
    workload(data, "snapshot_save").writes("relata", Vec::new, |file| saved(&data.db, file), |_| 0).writes(
        "bincode",
        Vec::new,
        move |file| encoded(&rows, file),
        |_| 0,
    )
}

fn load(data: &Data) -> Workload<'_> {
    let file = saved(&data.db, Vec::new());
    let encoded = encoded(&rows(&data.db), Vec::new());
    let load = move || {
        let builder = Database::builder().model::<Nation>().model::<Customer>().model::<Order>().model::<LineItem>();
        builder.load_from(file.as_slice()).expect("what was saved can be loaded")
    };
    let decode =
        move || -> Rows { decode_from_slice(&encoded, encoding()).expect("what was encoded can be decoded").0 };
    workload(data, "snapshot_load")
        .writes("relata", || (), move |()| load(), |db| sum(db.iter().map(|(_, line)| line)))
        .writes("bincode", || (), move |()| decode(), |rows| sum(rows.3.iter()))
}

fn rows(db: &Database) -> Rows {
    fn all<M: Model>(db: &Database) -> Vec<M> {
        db.iter::<M>().map(|(_, row)| row.clone()).collect()
    }
    (all(db), all(db), all(db), all(db))
}

/// The encoding of rows in a snapshot file.
fn encoding() -> impl config::Config {
    config::standard().with_fixed_int_encoding()
}

fn saved(db: &Database, mut file: Vec<u8>) -> Vec<u8> {
    db.save_to(&mut file).expect("memory can be written to");
    file
}

fn encoded(rows: &Rows, mut file: Vec<u8>) -> Vec<u8> {
    encode_into_std_write(rows, &mut file, encoding()).expect("memory can be written to");
    file
}

fn sum<'a>(lines: impl Iterator<Item = &'a LineItem>) -> i64 {
    lines.map(|line| line.details.extended_price_cents).sum()
}
