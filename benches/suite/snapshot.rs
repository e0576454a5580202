//! Saving and loading a database, beside bincode of plain `Vec`s of the same rows: no checksums, no indexes, no checks.
//!
//! Both sides write into memory and read from it, so that neither waits for a disk. bincode writes integers of fixed size.
//!
//! The rows of the database are lossless. What a save costs where each row must be proved is a workload of its own. With
//! the feature `rayon` each is done on two threads too, beside one.

use bincode::config;
use bincode::serde::{decode_from_slice, encode_into_std_write};
use relata::{Database, DatabaseBuilder, Model};

use super::data::{Customer, Data, LineItem, Nation, Order, ProvedLine};
use super::workload::Workload;

/// The rows of all tables.
type Rows = (Vec<Nation>, Vec<Customer>, Vec<Order>, Vec<LineItem>);

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    #[cfg_attr(not(feature = "rayon"), expect(unused_mut, reason = "with rayon there are more"))]
    let mut workloads = vec![save(data), save_proved(data), load(data)];
    #[cfg(feature = "rayon")]
    workloads.extend(two_threads::workloads(data));
    workloads
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
fn proved(data: &Data) -> (Database, Vec<ProvedLine>) {
    let proved = |line: &super::data::FlatLine| {
        let super::data::FlatLine { order, part, supplier, details } = *line;
        ProvedLine { order, part, supplier, details, unsaved: () }
    };
    let rows: Vec<ProvedLine> = data.flat.lines.iter().map(proved).collect();
    let mut db = Database::builder().model::<ProvedLine>().build().expect("one model fits");
    db.insert_many(rows.clone()).expect("there are no keys");
    (db, rows)
}

fn save_proved(data: &Data) -> Workload<'_> {
    let (db, rows) = proved(data);
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
    let load = move || models().load_from(file.as_slice()).expect("what was saved can be loaded");
    let decode =
        move || -> Rows { decode_from_slice(&encoded, encoding()).expect("what was encoded can be decoded").0 };
    workload(data, "snapshot_load")
        .writes("relata", || (), move |()| load(), |db| sum(db.iter().map(|(_, line)| line)))
        .writes("bincode", || (), move |()| decode(), |rows| sum(rows.3.iter()))
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Nation>().model::<Customer>().model::<Order>().model::<LineItem>()
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

#[cfg(feature = "rayon")]
mod two_threads {
    use std::ops::Deref;
    use std::rc::Rc;

    use rayon::ThreadPool;

    use super::{Data, Database, DatabaseBuilder, ProvedLine, Workload, models, proved, saved, sum, workload};

    pub(super) fn workloads(data: &Data) -> [Workload<'_>; 3] {
        let (proved, rows) = proved(data);
        let of_proved = Workload::new(data.name("snapshot_save_proved_2_threads"), rows.len())
            .of_bytes(rows.len() * size_of::<ProvedLine>());
        let of_all = workload(data, "snapshot_save_2_threads");
        [save(of_all, &data.db), save(of_proved, Rc::new(proved)), load(data)]
    }

    fn pool() -> ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads can be had")
    }

    fn save<'a>(workload: Workload<'a>, db: impl Deref<Target = Database> + Clone + 'a) -> Workload<'a> {
        let (on_one, pool) = (db.clone(), pool());
        let parallel = move |mut file: Vec<u8>| {
            let db: &Database = &db;
            pool.install(|| db.saver().parallel().save_to(&mut file)).expect("memory can be written to");
            file
        };
        let length = |file: &Vec<u8>| i64::try_from(file.len()).expect("a file in memory is short");
        workload.writes("relata", Vec::new, parallel, length).writes(
            "one thread",
            Vec::new,
            move |file| saved(&on_one, file),
            length,
        )
    }

    fn load(data: &Data) -> Workload<'_> {
        let (file, pool) = (saved(&data.db, Vec::new()), pool());
        let on_one = file.clone();
        let load = |models: DatabaseBuilder, file: &[u8]| models.load_from(file).expect("what was saved can be loaded");
        let lines = |db: &Database| sum(db.iter().map(|(_, line)| line));
        workload(data, "snapshot_load_2_threads")
            .writes("relata", || (), move |()| pool.install(|| load(models().parallel(), &file)), lines)
            .writes("one thread", || (), move |()| load(models(), &on_one), lines)
    }
}
