//! The loops written by hand: what a good engineer would write over plain arrays with `u32` indices, with no trick that
//! the next reader would have to have explained. Kept apart for a reader to judge whether they are fair.

use relata::Id;
use slotmap::{DefaultKey, SlotMap};

use super::data::{Flat, LineItem, Order};

/// How many rows the blocked loop resolves at once.
const BLOCK: usize = 256;

/// The prices of rows at given places of an array.
pub(crate) fn prices_at(flat: &Flat, places: &[u32]) -> i64 {
    places.iter().map(|place| flat.lines[*place as usize].details.extended_price_cents).sum()
}

/// The same from a bare slot map.
pub(crate) fn prices_of_keys(lines: &SlotMap<DefaultKey, LineItem>, ids: &[Id<LineItem>]) -> i64 {
    ids.iter().filter_map(|id| lines.get(id.key())).map(|line| line.details.extended_price_cents).sum()
}

/// The total of the order of each line at given places.
pub(crate) fn order_totals_at(flat: &Flat, places: &[u32]) -> i64 {
    let order = |place: &u32| &flat.orders[flat.lines[*place as usize].order as usize];
    places.iter().map(|place| order(place).details.total_price_cents).sum()
}

/// The total of each line's order, all lines, one row at a time.
pub(crate) fn order_totals(flat: &Flat) -> i64 {
    flat.lines.iter().map(|line| flat.orders[line.order as usize].details.total_price_cents).sum()
}

/// The same over bare slot maps, for lines given by their ids.
pub(crate) fn order_totals_of_keys(
    lines: &SlotMap<DefaultKey, LineItem>,
    orders: &SlotMap<DefaultKey, Order>,
    ids: &[Id<LineItem>],
) -> i64 {
    let order = |id: &Id<LineItem>| orders.get(lines.get(id.key())?.order_id.key());
    ids.iter().filter_map(order).map(|order| order.details.total_price_cents).sum()
}

/// The price of every line summed by the nation of its order's customer, one row at a time. The key of the nation is
/// its number: the nation's own row need not be read.
pub(crate) fn revenue_by_nation(flat: &Flat) -> Vec<i64> {
    let mut revenue = vec![0; flat.nations];
    for line in &flat.lines {
        let order = &flat.orders[line.order as usize];
        let customer = &flat.customers[order.customer as usize];
        revenue[customer.nation as usize] += line.details.extended_price_cents;
    }
    revenue
}

/// The same hop by hop for blocks of lines, so that the reads of a hop do not wait for one another.
pub(crate) fn revenue_by_nation_in_blocks(flat: &Flat) -> Vec<i64> {
    let mut revenue = vec![0; flat.nations];
    let mut keys = [0; BLOCK];
    for lines in flat.lines.chunks(BLOCK) {
        let keys = &mut keys[..lines.len()];
        for (key, line) in keys.iter_mut().zip(lines) {
            *key = line.order;
        }
        for key in &mut *keys {
            *key = flat.orders[*key as usize].customer;
        }
        for key in &mut *keys {
            *key = flat.customers[*key as usize].nation;
        }
        for (key, line) in keys.iter().zip(lines) {
            revenue[*key as usize] += line.details.extended_price_cents;
        }
    }
    revenue
}

/// The lines of each order as compressed sparse rows: those of order `i` are `members[bounds[i]..bounds[i + 1]]`.
pub(crate) struct LinesOfOrders {
    bounds: Vec<u32>,
    members: Vec<u32>,
}

impl LinesOfOrders {
    pub(crate) fn new(flat: &Flat) -> Self {
        let mut bounds = vec![0; flat.orders.len() + 2];
        for line in &flat.lines {
            bounds[line.order as usize + 2] += 1;
        }
        for i in 1..bounds.len() {
            bounds[i] += bounds[i - 1];
        }
        // Each start moves to its end as members come in, which leaves the starts of the orders after.
        let mut members = vec![0; flat.lines.len()];
        for (place, line) in flat.lines.iter().enumerate() {
            let end = &mut bounds[line.order as usize + 1];
            members[*end as usize] = place as u32;
            *end += 1;
        }
        bounds.pop();
        LinesOfOrders { bounds, members }
    }

    /// The prices of the lines of every order.
    pub(crate) fn prices(&self, flat: &Flat) -> i64 {
        let mut sum = 0;
        for pair in self.bounds.windows(2) {
            for place in &self.members[pair[0] as usize..pair[1] as usize] {
                sum += flat.lines[*place as usize].details.extended_price_cents;
            }
        }
        sum
    }

    /// The same where prices lie side by side.
    pub(crate) fn prices_of(&self, prices: &[i64]) -> i64 {
        let mut sum = 0;
        for pair in self.bounds.windows(2) {
            for place in &self.members[pair[0] as usize..pair[1] as usize] {
                sum += prices[*place as usize];
            }
        }
        sum
    }
}

/// Stores rows in a bare slot map, one by one.
pub(crate) fn insert_all<M>(rows: Vec<M>) -> SlotMap<DefaultKey, M> {
    let mut slots = SlotMap::new();
    for row in rows {
        slots.insert(row);
    }
    slots
}
