//! Storing rows: with an id key, with natural keys, with none; one by one and many at once. The baseline stores the
//! same rows in a bare slot map, one by one, and checks nothing.

use relata::{Database, Model};
use serde::{Deserialize, Serialize};
use slotmap::{DefaultKey, SlotMap};

use super::baseline;
use super::data::{Data, FlatLine, LineDetails, LineItem, database_of_orders};
use super::workload::Workload;

/// An order as the target of a natural key.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct NumberedOrder {
    #[model(primary_key)]
    number: u32,
}

/// A line item whose order is named by its number, and whose own key is composite.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(primary_key(order_number, line_number))]
struct NumberedLine {
    #[model(belongs_to(NumberedOrder, name = order))]
    order_number: u32,
    line_number: i32,
    details: LineDetails,
}

/// A row that carries a price: what the sums are made of.
trait Priced: Model {
    fn price(&self) -> i64;
}
impl Priced for LineItem {
    fn price(&self) -> i64 {
        self.details.extended_price_cents
    }
}
impl Priced for NumberedLine {
    fn price(&self) -> i64 {
        self.details.extended_price_cents
    }
}
impl Priced for FlatLine {
    fn price(&self) -> i64 {
        self.details.extended_price_cents
    }
}

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    let line_items = || (database_of_orders(&data.flat).0, data.line_items());
    let numbered = || (database_of_numbered_orders(data), numbered_lines(data));
    let unrelated = || (database_of_unrelated(), data.flat.lines.clone());
    vec![
        inserting(data, "insert", line_items, insert_each),
        inserting(data, "insert_many", line_items, insert_many),
        inserting(data, "insert_natural_keys", numbered, insert_each),
        inserting(data, "insert_many_natural_keys", numbered, insert_many),
        inserting(data, "insert_no_relation", unrelated, insert_each),
        inserting(data, "insert_many_no_relation", unrelated, insert_many),
    ]
}

/// The workload of storing rows in a database that `prepare` makes afresh for each run.
fn inserting<'a, M: Priced>(
    data: &'a Data,
    name: &str,
    prepare: impl Fn() -> (Database, Vec<M>) + Copy + 'a,
    insert: impl Fn((Database, Vec<M>)) -> Database + 'a,
) -> Workload<'a> {
    let stored = |db: &Database| db.iter::<M>().map(|(_, row)| row.price()).sum();
    let slotted = |slots: &SlotMap<DefaultKey, M>| slots.values().map(Priced::price).sum();
    Workload::new(data.name(name), data.flat.lines.len()).writes("relata", prepare, insert, stored).writes(
        "SlotMap",
        move || prepare().1,
        baseline::insert_all,
        slotted,
    )
}

fn insert_each<M: Priced>((mut db, rows): (Database, Vec<M>)) -> Database {
    for row in rows {
        db.insert(row).expect("the rows are whole");
    }
    db
}

fn insert_many<M: Priced>((mut db, rows): (Database, Vec<M>)) -> Database {
    db.insert_many(rows).expect("the rows are whole");
    db
}

fn database_of_unrelated() -> Database {
    Database::builder().model::<FlatLine>().build().expect("the model stands alone")
}

fn database_of_numbered_orders(data: &Data) -> Database {
    let builder = Database::builder().model::<NumberedOrder>().model::<NumberedLine>();
    let mut db = builder.build().expect("the models fit together");
    let numbers = data.flat.orders.iter().map(|order| order.details.number);
    let orders: Vec<NumberedOrder> = numbers.map(|number| NumberedOrder { number }).collect();
    db.insert_many(orders).expect("order numbers are unique");
    db
}

fn numbered_lines(data: &Data) -> Vec<NumberedLine> {
    let lines = data.flat.lines.iter().map(|line| NumberedLine {
        order_number: data.flat.orders[line.order as usize].details.number,
        line_number: line.details.number,
        details: line.details,
    });
    lines.collect()
}
