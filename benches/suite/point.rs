//! One row at a time, by an id that the caller has.

use relata::Id;

use super::baseline;
use super::data::{Data, LineItem, Random};
use super::workload::Workload;

/// So few rows that they stay in the nearest caches.
const HOT_ROWS: usize = 128;
/// How many of them one run gets.
const GETS: usize = 1 << 20;

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    vec![get_table(data), get_database(data), belongs_to(data)]
}

/// Rows by place and by id, both in the same random order.
fn drawn(data: &Data, rows: usize) -> (Vec<u32>, Vec<Id<LineItem>>) {
    let mut places: Vec<u32> = (0..data.ids.lines.len() as u32).collect();
    Random::new().shuffle(&mut places);
    places.truncate(rows);
    let ids = places.iter().map(|place| data.ids.lines[*place as usize]).collect();
    (places, ids)
}

/// Adds the sides that both hot gets are compared with.
fn beside_hot<'a>(workload: Workload<'a>, data: &'a Data) -> Workload<'a> {
    let (places, ids) = hot(data);
    workload
        .reads("SlotMap", move || baseline::prices_of_keys(&data.line_slots, &ids))
        .reads("Vec", move || baseline::prices_at(&data.flat, &places))
}

fn hot(data: &Data) -> (Vec<u32>, Vec<Id<LineItem>>) {
    let (places, ids) = drawn(data, HOT_ROWS);
    let often = |i: usize| i % places.len();
    ((0..GETS).map(|i| places[often(i)]).collect(), (0..GETS).map(|i| ids[often(i)]).collect())
}

fn get_table(data: &Data) -> Workload<'_> {
    let (_, ids) = hot(data);
    let relata = move || {
        let table = data.db.table::<LineItem>().expect("the model is registered");
        ids.iter().filter_map(|id| table.get(*id)).map(|line| line.details.extended_price_cents).sum()
    };
    beside_hot(Workload::new(data.name("get_table"), GETS).reads("relata", relata), data)
}

fn get_database(data: &Data) -> Workload<'_> {
    let (_, ids) = hot(data);
    let relata = move || {
        let price = |id: &Id<LineItem>| Ok::<_, relata::Error>(data.db.get(*id)?.details.extended_price_cents);
        ids.iter().map(price).sum::<Result<i64, _>>().expect("every row is stored")
    };
    beside_hot(Workload::new(data.name("get_database"), GETS).reads("relata", relata), data)
}

fn belongs_to(data: &Data) -> Workload<'_> {
    let (places, ids) = drawn(data, data.ids.lines.len());
    let relata = move || {
        let orders = data.db.path(LineItem::ORDER).expect("the models are registered");
        let total = |id: &Id<LineItem>| Ok::<_, relata::Error>(orders.get(*id)?.details.total_price_cents);
        ids.iter().map(total).sum::<Result<i64, _>>().expect("every line has an order")
    };
    Workload::new(data.name("belongs_to_random"), places.len())
        .reads("relata", relata)
        .reads("Vec", move || baseline::order_totals_at(&data.flat, &places))
}
