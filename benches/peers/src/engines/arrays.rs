//! Plain arrays, by hand: not a peer, but what all are measured against, and the first to give each answer. Keys are
//! `u32` places, the lines of an order are compressed sparse rows. Nothing is kept up to date when a row changes, so
//! there is nothing to delete with.

use crate::suite::data::Flat;
use crate::workload::{Engine, is_discounted, weight};

pub(crate) struct Arrays {
    flat: Flat,
    /// The lines of order `i` are `members[bounds[i]..bounds[i + 1]]`.
    bounds: Vec<u32>,
    members: Vec<u32>,
}

impl Arrays {
    fn order_total(&self, order: u32) -> i64 {
        self.flat.orders[order as usize].details.total_price_cents
    }
}

/// Compressed sparse rows by counting sort.
fn lines_by_order(flat: &Flat) -> (Vec<u32>, Vec<u32>) {
    let mut bounds = vec![0; flat.orders.len() + 2];
    for line in &flat.lines {
        bounds[line.order as usize + 2] += 1;
    }
    for i in 1..bounds.len() {
        bounds[i] += bounds[i - 1];
    }
    // Each start moves to its end as members come in, which leaves the starts of the orders after.
    let mut members = vec![0; flat.lines.len()];
    for (line, place) in flat.lines.iter().zip(0..) {
        let end = &mut bounds[line.order as usize + 1];
        members[*end as usize] = place;
        *end += 1;
    }
    bounds.pop();
    (bounds, members)
}

impl Engine for Arrays {
    type Key = u32;

    fn load(flat: &Flat) -> Self {
        let Flat { nations, customers, orders, lines } = flat;
        assert!(customers.iter().all(|row| (row.nation as usize) < *nations), "a customer without a nation");
        assert!(orders.iter().all(|row| (row.customer as usize) < customers.len()), "an order without a customer");
        assert!(lines.iter().all(|row| (row.order as usize) < orders.len()), "a line without an order");
        let (customers, orders, lines) = (customers.clone(), orders.clone(), lines.clone());
        let flat = Flat { nations: *nations, customers, orders, lines };
        let (bounds, members) = lines_by_order(&flat);
        Arrays { flat, bounds, members }
    }

    fn keys(&self, places: &[u32]) -> Vec<u32> {
        places.to_vec()
    }

    fn order_totals_by_key(&self, keys: &[u32]) -> i64 {
        keys.iter().map(|place| self.order_total(self.flat.lines[*place as usize].order)).sum()
    }

    fn order_totals(&self) -> i64 {
        self.flat.lines.iter().map(|line| self.order_total(line.order)).sum()
    }

    /// In blocks of 256 lines, hop by hop, so that the reads of a hop do not wait for one another.
    fn revenue_by_nation(&self, nations: usize) -> Vec<i64> {
        const BLOCK: usize = 256;
        let mut revenue = vec![0; nations];
        let mut keys = [0; BLOCK];
        for lines in self.flat.lines.chunks(BLOCK) {
            let keys = &mut keys[..lines.len()];
            for (key, line) in keys.iter_mut().zip(lines) {
                *key = line.order;
            }
            for key in &mut *keys {
                *key = self.flat.orders[*key as usize].customer;
            }
            for key in &mut *keys {
                *key = self.flat.customers[*key as usize].nation;
            }
            for (key, line) in keys.iter().zip(lines) {
                revenue[*key as usize] += line.details.extended_price_cents;
            }
        }
        revenue
    }

    fn prices_of_orders(&self) -> i64 {
        let mut sum = 0;
        for (bounds, order) in self.bounds.windows(2).zip(0..) {
            let members = &self.members[bounds[0] as usize..bounds[1] as usize];
            let prices = members.iter().map(|place| self.flat.lines[*place as usize].details.extended_price_cents);
            sum += weight(order) * prices.sum::<i64>();
        }
        sum
    }

    fn delete_each(&mut self, _keys: &[u32]) -> Option<()> {
        None
    }

    fn prices(&self) -> i64 {
        self.flat.lines.iter().map(|line| line.details.extended_price_cents).sum()
    }

    fn discounts(&self) -> i64 {
        let details = self.flat.lines.iter().map(|line| &line.details);
        let discounted = details.filter(|line| is_discounted(line.ship_day, line.discount_percent, line.quantity));
        discounted.map(|line| line.extended_price_cents * line.discount_percent).sum()
    }
}
