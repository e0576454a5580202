//! hashbrown maps, by hand: a map by number for each table, and one from each order to the numbers of its lines. What
//! one writes without a store; each insert looks its target up first.

use hashbrown::HashMap;

use crate::suite::data::{Flat, FlatCustomer, FlatLine, FlatOrder};
use crate::workload::{Engine, is_discounted, weight};

#[derive(Default)]
pub(crate) struct Maps {
    nations: HashMap<u32, u32>,
    customers: HashMap<u32, FlatCustomer>,
    orders: HashMap<u32, FlatOrder>,
    lines: HashMap<u32, FlatLine>,
    lines_by_order: HashMap<u32, Vec<u32>>,
}

impl Maps {
    fn order_total(&self, order: u32) -> i64 {
        self.orders[&order].details.total_price_cents
    }
}

impl Engine for Maps {
    type Key = u32;

    fn load(flat: &Flat) -> Self {
        let mut maps = Maps::default();
        maps.nations.extend((0..flat.nations as u32).map(|number| (number, number)));
        maps.customers.reserve(flat.customers.len());
        for (row, number) in flat.customers.iter().zip(0..) {
            assert!(maps.nations.contains_key(&row.nation), "a customer without a nation");
            assert!(maps.customers.insert(number, *row).is_none(), "a customer that is there twice");
        }
        maps.orders.reserve(flat.orders.len());
        for (row, number) in flat.orders.iter().zip(0..) {
            assert!(maps.customers.contains_key(&row.customer), "an order without a customer");
            assert!(maps.orders.insert(number, *row).is_none(), "an order that is there twice");
        }
        maps.lines.reserve(flat.lines.len());
        maps.lines_by_order.reserve(flat.orders.len());
        for (row, number) in flat.lines.iter().zip(0..) {
            assert!(maps.orders.contains_key(&row.order), "a line without an order");
            assert!(maps.lines.insert(number, *row).is_none(), "a line that is there twice");
            maps.lines_by_order.entry(row.order).or_default().push(number);
        }
        maps
    }

    fn keys(&self, places: &[u32]) -> Vec<u32> {
        places.to_vec()
    }

    fn order_totals_by_key(&self, keys: &[u32]) -> i64 {
        keys.iter().map(|number| self.order_total(self.lines[number].order)).sum()
    }

    fn order_totals(&self) -> i64 {
        self.lines.values().map(|line| self.order_total(line.order)).sum()
    }

    fn revenue_by_nation(&self, nations: usize) -> Vec<i64> {
        let mut revenue = vec![0; nations];
        for line in self.lines.values() {
            let customer = &self.customers[&self.orders[&line.order].customer];
            revenue[self.nations[&customer.nation] as usize] += line.details.extended_price_cents;
        }
        revenue
    }

    fn prices_of_orders(&self) -> i64 {
        let mut sum = 0;
        for order in 0..self.orders.len() as u32 {
            let lines = self.lines_by_order.get(&order).into_iter().flatten();
            sum += weight(order) * lines.map(|line| self.lines[line].details.extended_price_cents).sum::<i64>();
        }
        sum
    }

    /// The number is searched for among its siblings, as it mostly is where the lists are short.
    fn delete_each(&mut self, keys: &[u32]) -> Option<()> {
        for number in keys {
            let line = self.lines.remove(number).expect("the line is stored");
            let siblings = self.lines_by_order.get_mut(&line.order).expect("its order has lines");
            let place = siblings.iter().position(|sibling| sibling == number).expect("it is one of them");
            siblings.swap_remove(place);
        }
        Some(())
    }

    fn prices(&self) -> i64 {
        self.lines.values().map(|line| line.details.extended_price_cents).sum()
    }

    fn discounts(&self) -> i64 {
        let details = self.lines.values().map(|line| &line.details);
        let discounted = details.filter(|line| is_discounted(line.ship_day, line.discount_percent, line.quantity));
        discounted.map(|line| line.extended_price_cents * line.discount_percent).sum()
    }
}
