//! The children of every target, reading one field of each.

use relata::Error;

use super::baseline::LinesOfOrders;
use super::data::{Data, Order};
use super::workload::Workload;

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    vec![children(data), children_included(data)]
}

fn beside<'a>(workload: Workload<'a>, data: &'a Data) -> Workload<'a> {
    let lines_of_orders = LinesOfOrders::new(&data.flat);
    workload.reads("CSR", move || lines_of_orders.prices(&data.flat))
}

/// Owner by owner, each by its id.
fn children(data: &Data) -> Workload<'_> {
    let sum = || -> Result<i64, Error> {
        let mut sum = 0;
        for order in &data.ids.orders {
            for (_, line) in data.db.children(*order, Order::LINES)? {
                sum += line.details.extended_price_cents;
            }
        }
        Ok(sum)
    };
    let workload = Workload::new(data.name("children"), data.ids.lines.len());
    beside(workload.reads("relata", move || sum().expect("every order is stored")), data)
}

/// All owners at once.
fn children_included(data: &Data) -> Workload<'_> {
    let sum = || -> Result<i64, Error> {
        let mut sum = 0;
        for pair in data.db.include(&data.ids.orders, Order::LINES) {
            let (_, lines) = pair?;
            for (_, line) in lines {
                sum += line.details.extended_price_cents;
            }
        }
        Ok(sum)
    };
    let workload = Workload::new(data.name("children_included"), data.ids.lines.len());
    beside(workload.reads("relata", move || sum().expect("every order is stored")), data)
}
