//! The same questions asked by name: filters from JSON beside typed predicates, rows as JSON beside serde_json.
#![allow(clippy::cast_possible_wrap, reason = "counts of TPC-H are small")]

use relata::data::{Filter, Where};
use relata::{Id, Model as _};

use super::data::{Data, LineItem, Order};
use super::declared::{ColumnLine, Columns};
use super::workload::Workload;

pub(crate) fn workloads<'a>(data: &'a Data, columns: &'a Columns) -> Vec<Workload<'a>> {
    vec![conditions(data), conditions_of_columns(data, columns), include(data), to_json(data)]
}

fn conditions(data: &Data) -> Workload<'_> {
    const WHERE: &str = r#"{"part": {"gte": 500}, "supplier": {"lt": 700}}"#;
    let db = &data.db;
    let by_name = || -> Option<usize> { db.data(LineItem::NAME).ok()?.count(&Where::from_json(WHERE).ok()?).ok() };
    let line = LineItem::FIELDS;
    Workload::new(data.name("named_where"), data.flat.lines.len())
        .reads("relata", move || by_name().expect("it is there") as i64)
        .reads("typed predicate", move || {
            db.query().filter(line.part.ge(500).and(line.supplier.lt(700))).count().expect("it is there") as i64
        })
        .reads("closure", move || {
            db.iter::<LineItem>().filter(|(_, line)| line.part >= 500 && line.supplier < 700).count() as i64
        })
}

fn conditions_of_columns<'a>(data: &'a Data, columns: &'a Columns) -> Workload<'a> {
    const WHERE: &str = r#"{"quantity": {"gte": 10}, "ship_day": {"lt": 9130}}"#;
    let db = columns.database();
    let by_name = || -> Option<usize> { db.data(ColumnLine::NAME).ok()?.count(&Where::from_json(WHERE).ok()?).ok() };
    Workload::new(data.name("named_where_column"), data.flat.lines.len())
        .reads("relata", move || by_name().expect("it is there") as i64)
        .reads("typed predicate", move || {
            db.query().filter(ColumnLine::wanted(10, 9130)).count().expect("it is there") as i64
        })
}

/// The first rows of a table, as a page of a report has them.
const ROWS: usize = 10_000;

fn include(data: &Data) -> Workload<'_> {
    let db = &data.db;
    let filter = format!(r#"{{"include": ["customer"], "limit": {ROWS}}}"#);
    let rows = ROWS.min(db.len::<Order>());
    let by_name = move || -> Option<i64> {
        let found = db.data(Order::NAME).ok()?.find(&Filter::from_json(&filter).ok()?).ok()?;
        Some(found.len() as i64)
    };
    let typed = move || -> Result<i64, relata::Error> {
        let orders: Vec<Id<Order>> = db.query().limit(ROWS).ids()?.collect();
        let customers = db.include(&orders, Order::CUSTOMER).collect::<Result<Vec<_>, _>>()?;
        Ok(customers.len() as i64)
    };
    Workload::new(data.name("named_include"), rows)
        .reads("relata", move || by_name().expect("it is there"))
        .reads("typed inclusion", move || typed().expect("it is there"))
}

fn to_json(data: &Data) -> Workload<'_> {
    let db = &data.db;
    let found = db.data(Order::NAME).and_then(|orders| orders.find(&Filter::new().with_limit(ROWS)));
    let found = found.expect("it is there");
    let rows: Vec<&Order> = db.iter::<Order>().map(|(_, order)| order).take(ROWS).collect();
    Workload::new(data.name("named_json"), rows.len())
        .reads("relata", move || i64::from(found.to_json().expect("it is JSON").starts_with('[')))
        .reads("serde_json", move || i64::from(serde_json::to_string(&rows).expect("it is JSON").starts_with('[')))
}
