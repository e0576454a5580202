//! The inclusion over three hops on two threads, beside the same on one. With the feature `rayon` it is divided by that, in
//! a pool of two; without it the threads get a half each.

use relata::{Error, Id};

use super::data::{Customer, Data, LineItem, Nation, Order};
use super::workload::Workload;

pub(crate) fn workloads(data: &Data) -> Vec<Workload<'_>> {
    #[cfg(feature = "rayon")]
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads can be had");
    #[cfg(feature = "rayon")]
    let two = move || weighed(&pool.install(|| divided(data)));
    #[cfg(not(feature = "rayon"))]
    let two = || weighed(&halved(data));
    let workload = Workload::new(data.name("three_hops_2_threads"), data.ids.lines.len());
    vec![workload.reads("relata", two).reads("one thread", || weighed(&revenue(data, &data.ids.lines)))]
}

/// Weighs each nation's revenue, so that the sum shows a line that went to another nation.
fn weighed(revenue: &[i64]) -> i64 {
    revenue.iter().zip(1..).map(|(cents, weight)| cents * weight).sum()
}

/// A line and its nation.
type Pair<'a> = Result<(Id<LineItem>, &'a Nation), Error>;

/// What adds the price of a line to its nation's revenue.
fn adder<'a>(data: &'a Data) -> impl Fn(Vec<i64>, Pair<'a>) -> Vec<i64> + Sync {
    let lines = data.db.table::<LineItem>().expect("the model is registered");
    move |mut revenue, pair| {
        let (line, nation) = pair.expect("every line has a nation");
        let line = lines.get(line).expect("every line is stored");
        revenue[nation.number as usize] += line.details.extended_price_cents;
        revenue
    }
}

/// The price of some lines summed by the nation of their orders' customers.
fn revenue(data: &Data, lines: &[Id<LineItem>]) -> Vec<i64> {
    let path = LineItem::ORDER.then(Order::CUSTOMER).then(Customer::NATION);
    data.db.include(lines, path).fold(vec![0; data.flat.nations], adder(data))
}

fn both(left: Vec<i64>, right: Vec<i64>) -> Vec<i64> {
    left.into_iter().zip(right).map(|(left, right)| left + right).collect()
}

#[cfg(feature = "rayon")]
fn divided(data: &Data) -> Vec<i64> {
    use rayon::prelude::*;
    let path = LineItem::ORDER.then(Order::CUSTOMER).then(Customer::NATION);
    let none = || vec![0; data.flat.nations];
    let pairs = data.db.include(&data.ids.lines, path).into_par_iter();
    pairs.fold(none, adder(data)).reduce(none, both)
}

#[cfg(not(feature = "rayon"))]
fn halved(data: &Data) -> Vec<i64> {
    let (left, right) = data.ids.lines.split_at(data.ids.lines.len() / 2);
    std::thread::scope(|scope| {
        let right = scope.spawn(|| revenue(data, right));
        both(revenue(data, left), right.join().expect("the other half is summed too"))
    })
}
