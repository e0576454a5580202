//! Inclusion: the targets of a slice of rows, over one hop and over three.

use relata::Error;

use super::baseline;
use super::data::{Customer, Data, LineItem, Order};
use super::workload::Workload;

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    vec![one_hop(data), one_hop_fold(data), three_hops(data), three_hops_fold(data)]
}

fn beside_one_hop<'a>(workload: Workload<'a>, data: &'a Data) -> Workload<'a> {
    workload
        .reads("Vec", || baseline::order_totals(&data.flat))
        .reads("SlotMap", || baseline::order_totals_of_keys(&data.line_slots, &data.order_slots, &data.ids.lines))
}

/// As the documentation writes it: a `for` loop with `?`.
fn one_hop(data: &Data) -> Workload<'_> {
    let sum = || -> Result<i64, Error> {
        let mut sum = 0;
        for pair in data.db.include(&data.ids.lines, LineItem::ORDER) {
            let (_, order) = pair?;
            sum += order.details.total_price_cents;
        }
        Ok(sum)
    };
    let workload = Workload::new(data.name("one_hop"), data.ids.lines.len());
    beside_one_hop(workload.reads("relata", move || sum().expect("every line has an order")), data)
}

/// The same through an adaptor, which can drive the inclusion block by block.
fn one_hop_fold(data: &Data) -> Workload<'_> {
    let sum = || {
        let pairs = data.db.include(&data.ids.lines, LineItem::ORDER);
        pairs.map(|pair| pair.expect("every line has an order").1.details.total_price_cents).sum()
    };
    beside_one_hop(Workload::new(data.name("one_hop_fold"), data.ids.lines.len()).reads("relata", sum), data)
}

/// Weighs each nation's revenue, so that the sum shows a line that went to another nation.
fn weighed(revenue: &[i64]) -> i64 {
    revenue.iter().zip(1..).map(|(cents, weight)| cents * weight).sum()
}

fn beside_three_hops<'a>(workload: Workload<'a>, data: &'a Data) -> Workload<'a> {
    workload
        .reads("Vec in blocks", || weighed(&baseline::revenue_by_nation_in_blocks(&data.flat)))
        .reads("Vec", || weighed(&baseline::revenue_by_nation(&data.flat)))
}

fn three_hops(data: &Data) -> Workload<'_> {
    let revenue = || -> Result<Vec<i64>, Error> {
        let mut revenue = vec![0; data.flat.nations];
        let lines = data.db.table::<LineItem>()?;
        let path = LineItem::ORDER.then(Order::CUSTOMER).then(Customer::NATION);
        for pair in data.db.include(&data.ids.lines, path) {
            let (line, nation) = pair?;
            revenue[nation.number as usize] += lines.row(line)?.details.extended_price_cents;
        }
        Ok(revenue)
    };
    let workload = Workload::new(data.name("three_hops"), data.ids.lines.len());
    beside_three_hops(workload.reads("relata", move || weighed(&revenue().expect("every line has a nation"))), data)
}

/// The same through an adaptor, which can drive the inclusion block by block.
fn three_hops_fold(data: &Data) -> Workload<'_> {
    let revenue = || {
        let mut revenue = vec![0; data.flat.nations];
        let lines = data.db.table::<LineItem>().expect("the model is registered");
        let path = LineItem::ORDER.then(Order::CUSTOMER).then(Customer::NATION);
        data.db.include(&data.ids.lines, path).for_each(|pair| {
            let (line, nation) = pair.expect("every line has a nation");
            let line = lines.get(line).expect("every line is stored");
            revenue[nation.number as usize] += line.details.extended_price_cents;
        });
        revenue
    };
    let workload = Workload::new(data.name("three_hops_fold"), data.ids.lines.len());
    beside_three_hops(workload.reads("relata", move || weighed(&revenue())), data)
}
