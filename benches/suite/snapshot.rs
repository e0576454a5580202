//! Saving and loading a database, beside bincode of plain `Vec`s of the same rows: no checksums, no indexes, no checks.
//!
//! Both sides write into memory and read from it, so that neither waits for a disk. bincode writes integers of fixed size.
//!
//! The rows of the database are lossless. What a save costs where each row must be proved is a workload of its own.

use bincode::config;
use bincode::serde::{decode_from_slice, encode_into_std_write};
use relata::{Database, Model};

use super::data::{Customer, Data, LineItem, Nation, Order, ProvedLine};
use super::workload::Workload;

/// The rows of all tables.
type Rows = (Vec<Nation>, Vec<Customer>, Vec<Order>, Vec<LineItem>);

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    vec![save(data), save_proved(data), load(data)]
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

/// The line items alone, as rows that are not lossless.
fn save_proved(data: &Data) -> Workload<'_> {
    let proved = |line: &super::data::FlatLine| {
        let super::data::FlatLine { order, part, supplier, details } = *line;
        ProvedLine { order, part, supplier, details, unsaved: () }
    };
    let rows: Vec<ProvedLine> = data.flat.lines.iter().map(proved).collect();
    let mut db = Database::builder().model::<ProvedLine>().build().expect("one model fits");
    db.insert_many(rows.clone()).expect("there are no keys");
    Workload::new(data.name("snapshot_save_proved"), rows.len())
        .of_bytes(rows.len() * size_of::<ProvedLine>())
        .writes("relata", Vec::new, move |file| saved(&db, file), |_| 0)
        .writes(
            "bincode",
            Vec::new,
            move |mut file: Vec<u8>| {
                encode_into_std_write(&rows, &mut file, encoding()).expect("memory can be written to");
                file
            },
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
