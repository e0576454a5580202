//! multi_index_map: a map for each table with a hashed unique index on the number, and a hashed one on the order of a
//! line. It knows no relations, so each insert looks its target up first.

#![allow(clippy::disallowed_types, reason = "the derive writes std's maps, whose order does not show in sums")]

use multi_index_map::MultiIndexMap;

use crate::suite::data::{CustomerDetails, Flat, LineDetails, OrderDetails};
use crate::workload::{Engine, is_discounted, weight};

#[derive(MultiIndexMap)]
struct Nation {
    #[multi_index(hashed_unique)]
    number: u32,
}

#[derive(MultiIndexMap)]
struct Customer {
    #[multi_index(hashed_unique)]
    number: u32,
    nation: u32,
    #[expect(dead_code, reason = "part of the row")]
    details: CustomerDetails,
}

#[derive(MultiIndexMap)]
struct Order {
    #[multi_index(hashed_unique)]
    number: u32,
    customer: u32,
    details: OrderDetails,
}

#[derive(MultiIndexMap)]
struct Line {
    #[multi_index(hashed_unique)]
    number: u32,
    #[multi_index(hashed_non_unique)]
    order: u32,
    #[expect(dead_code, reason = "part of the row")]
    part: u32,
    #[expect(dead_code, reason = "part of the row")]
    supplier: u32,
    details: LineDetails,
}

pub(crate) struct MultiIndex {
    nations: MultiIndexNationMap,
    customers: MultiIndexCustomerMap,
    orders: MultiIndexOrderMap,
    lines: MultiIndexLineMap,
}

impl MultiIndex {
    fn order(&self, number: u32) -> &Order {
        self.orders.get_by_number(&number).expect("every order is stored")
    }
}

impl Engine for MultiIndex {
    type Key = u32;

    fn load(flat: &Flat) -> Self {
        let mut nations = MultiIndexNationMap::with_capacity(flat.nations);
        for number in 0..flat.nations as u32 {
            nations.insert(Nation { number });
        }
        let mut customers = MultiIndexCustomerMap::with_capacity(flat.customers.len());
        for (row, number) in flat.customers.iter().zip(0..) {
            assert!(nations.get_by_number(&row.nation).is_some(), "a customer without a nation");
            customers.insert(Customer { number, nation: row.nation, details: row.details });
        }
        let mut orders = MultiIndexOrderMap::with_capacity(flat.orders.len());
        for (row, number) in flat.orders.iter().zip(0..) {
            assert!(customers.get_by_number(&row.customer).is_some(), "an order without a customer");
            orders.insert(Order { number, customer: row.customer, details: row.details });
        }
        let mut lines = MultiIndexLineMap::with_capacity(flat.lines.len());
        for (row, number) in flat.lines.iter().zip(0..) {
            assert!(orders.get_by_number(&row.order).is_some(), "a line without an order");
            let (order, part, supplier) = (row.order, row.part, row.supplier);
            lines.insert(Line { number, order, part, supplier, details: row.details });
        }
        MultiIndex { nations, customers, orders, lines }
    }

    fn keys(&self, places: &[u32]) -> Vec<u32> {
        places.to_vec()
    }

    fn order_totals_by_key(&self, keys: &[u32]) -> i64 {
        let line = |number| self.lines.get_by_number(number).expect("every line is stored");
        keys.iter().map(|number| self.order(line(number).order).details.total_price_cents).sum()
    }

    fn order_totals(&self) -> i64 {
        self.lines.iter().map(|(_, line)| self.order(line.order).details.total_price_cents).sum()
    }

    fn revenue_by_nation(&self, nations: usize) -> Vec<i64> {
        let mut revenue = vec![0; nations];
        for (_, line) in self.lines.iter() {
            let customer = self.customers.get_by_number(&self.order(line.order).customer).expect("it is stored");
            let nation = self.nations.get_by_number(&customer.nation).expect("every nation is stored");
            revenue[nation.number as usize] += line.details.extended_price_cents;
        }
        revenue
    }

    fn prices_of_orders(&self) -> i64 {
        let mut sum = 0;
        for order in 0..self.orders.len() as u32 {
            let lines = self.lines.get_by_order(&order);
            sum += weight(order) * lines.iter().map(|line| line.details.extended_price_cents).sum::<i64>();
        }
        sum
    }

    fn delete_each(&mut self, keys: &[u32]) -> Option<()> {
        for number in keys {
            self.lines.remove_by_number(number).expect("the line is stored");
        }
        Some(())
    }

    fn prices(&self) -> i64 {
        self.lines.iter().map(|(_, line)| line.details.extended_price_cents).sum()
    }

    fn discounts(&self) -> i64 {
        let details = self.lines.iter().map(|(_, line)| &line.details);
        let discounted = details.filter(|line| is_discounted(line.ship_day, line.discount_percent, line.quantity));
        discounted.map(|line| line.extended_price_cents * line.discount_percent).sum()
    }
}
