//! A clone of the whole database, and what it costs who writes beside it.
//!
//! Beside the clone stands that of plain `Vec`s of the same rows; beside a write or a sweep the same one with no clone
//! alive, so that the ratio is what the clone costs. What is written has been written before, so that nothing of it is
//! shared with the data of other workloads.

use relata::{Database, Model};

use super::data::{Customer, Data, LineItem, Nation, Order};
use super::workload::Workload;

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    vec![whole(data), first_write(data), sweep(data, "clone_first_sweep", 1), sweep(data, "clone_next_sweep", 2)]
}

fn whole(data: &Data) -> Workload<'_> {
    fn all<M: Model>(db: &Database) -> Vec<M> {
        db.iter::<M>().map(|(_, row)| row.clone()).collect()
    }
    let db = &data.db;
    let rows = db.len::<Nation>() + db.len::<Customer>() + db.len::<Order>() + db.len::<LineItem>();
    let flat = (all::<Nation>(db), all::<Customer>(db), all::<Order>(db), all::<LineItem>(db));
    let sum = |lines: usize| i64::try_from(lines).unwrap_or(i64::MAX);
    Workload::new(data.name("clone_whole"), rows)
        .writes("relata", || (), |()| db.clone(), move |db| sum(db.len::<LineItem>()))
        .writes("Vec", || (), move |()| flat.clone(), move |(.., lines)| sum(lines.len()))
}

/// A database to be written and, where one is to be alive beside it, its clone.
type Cloned = (Database, Option<Database>);

/// A database of which nothing is shared that `write` writes, with a clone beside it unless it `is_alone`.
fn cloned(data: &Data, is_alone: bool, write: impl FnOnce(&mut Database)) -> Cloned {
    let mut db = data.db.clone();
    write(&mut db);
    let clone = (!is_alone).then(|| db.clone());
    (db, clone)
}

/// A row in the middle is given another key: one write of one row.
fn first_write(data: &Data) -> Workload<'_> {
    let line = data.ids.lines[data.ids.lines.len() / 2];
    let relate = move |db: &mut Database, order: usize| {
        db.relate(line, LineItem::ORDER, data.ids.orders[order]).expect("both are stored");
    };
    let write = move |(mut db, clone): Cloned| {
        relate(&mut db, 0);
        (db, clone)
    };
    let sum = move |(db, _): &Cloned| db.get(line).map_or(0, |line| line.details.extended_price_cents);
    let begin = move |is_alone| cloned(data, is_alone, |db| (0..2).for_each(|order| relate(db, order)));
    let work = Workload::new(data.name("clone_first_write"), 1);
    work.writes("relata", move || begin(false), write, sum).writes("no clone", move || begin(true), write, sum)
}

fn sweep_all(db: &mut Database) {
    for (_, line) in db.iter_mut::<LineItem>().expect("the model is registered") {
        line.details.quantity += 1;
    }
}

/// The `nth` sweep over all line items beside a clone.
fn sweep<'a>(data: &'a Data, work: &str, nth: usize) -> Workload<'a> {
    let sweep = |(mut db, clone): Cloned| {
        sweep_all(&mut db);
        (db, clone)
    };
    let begin = move |is_alone| (1..nth).fold(cloned(data, is_alone, sweep_all), |cloned, _| sweep(cloned));
    let sum = |(db, _): &Cloned| db.iter::<LineItem>().map(|(_, line)| line.details.quantity).sum();
    let work = Workload::new(data.name(work), data.ids.lines.len());
    work.writes("relata", move || begin(false), sweep, sum).writes("no clone", move || begin(true), sweep, sum)
}
