//! The same six questions as loops over plain arrays, as one would write them by hand: rows lie in `Vec`s, foreign keys
//! are columns of `u32` indices beside them, and what belongs to a row is found by compressed sparse rows. What Q1 and Q6
//! read of line items lies in a `Vec` for each field. Of the
//! database only the row types are used, so that what both sides answer proves both.

use std::collections::BTreeMap;

use relata::{Database, Id, Model};
use slotmap::SecondaryMap;

use super::queries::{
    FORECAST_PERCENT, FORECAST_QUANTITY, FORECAST_YEAR, LateLines, LocalSupplierVolume, ORDER_YEAR, PricingSummaries,
    REGION, RETURN_QUARTER, Returned, SEGMENT, SHIPPING_DAY, SUMMARY_DAY, ShippingPriority, by_revenue, count_late,
    first_priorities, was_late,
};
use super::tpch::{Customer, Date, LineItem, LineStatus, Nation, Order, Region, ReturnFlag, Supplier};

/// The rows, and for each foreign key the place of the row that it names.
pub(crate) struct Arrays {
    nations: Vec<Nation>,
    customers: Vec<Customer>,
    orders: Vec<Order>,
    lines: Vec<LineItem>,
    is_nation_of_region: Vec<bool>,
    customer_nation: Vec<u32>,
    order_customer: Vec<u32>,
    line_order: Vec<u32>,
    line_supplier: Vec<u32>,
    supplier_nation: Vec<u32>,
    orders_of_customer: Members,
    lines_of_order: Members,
    fields: LineFields,
}

/// Fields of the line items.
struct LineFields {
    quantity: Vec<u32>,
    price_cents: Vec<i64>,
    discount_percent: Vec<u8>,
    tax_percent: Vec<u8>,
    shipped: Vec<Date>,
    return_flag: Vec<ReturnFlag>,
    status: Vec<LineStatus>,
}

impl LineFields {
    fn new(lines: &[LineItem]) -> Self {
        LineFields {
            quantity: lines.iter().map(|line| line.quantity).collect(),
            price_cents: lines.iter().map(|line| line.price_cents).collect(),
            discount_percent: lines.iter().map(|line| line.discount_percent).collect(),
            tax_percent: lines.iter().map(|line| line.tax_percent).collect(),
            shipped: lines.iter().map(|line| line.shipped).collect(),
            return_flag: lines.iter().map(|line| line.return_flag).collect(),
            status: lines.iter().map(|line| line.status).collect(),
        }
    }
}

impl Arrays {
    /// Copies the rows out of a database.
    pub(crate) fn new(db: &Database) -> Self {
        let regions: Vec<Region> = rows(db);
        let nations: Vec<Nation> = rows(db);
        let customers: Vec<Customer> = rows(db);
        let orders: Vec<Order> = rows(db);
        let lines: Vec<LineItem> = rows(db);
        let suppliers: Vec<Supplier> = rows(db);
        let nation_places = places(nations.iter().map(|nation| nation.key));
        let supplier_places = places(suppliers.iter().map(|supplier| supplier.key));
        let order_customer = by_id(db, orders.iter().map(|order| order.customer_id));
        let line_order = by_id(db, lines.iter().map(|line| line.order_id));
        let region = regions.iter().find(|region| region.name == REGION).map(|region| region.key);
        Arrays {
            is_nation_of_region: nations.iter().map(|nation| Some(nation.region_key) == region).collect(),
            customer_nation: customers.iter().map(|customer| nation_places[&customer.nation_key]).collect(),
            line_supplier: lines.iter().map(|line| supplier_places[&line.supplier_key]).collect(),
            supplier_nation: suppliers.iter().map(|supplier| nation_places[&supplier.nation_key]).collect(),
            orders_of_customer: Members::new(&order_customer, customers.len()),
            lines_of_order: Members::new(&line_order, orders.len()),
            fields: LineFields::new(&lines),
            order_customer,
            line_order,
            nations,
            customers,
            orders,
            lines,
        }
    }

    /// The revenue of the lines of an order that pass a test.
    fn revenue(&self, order: u32, passes: impl Fn(u32, &LineItem) -> bool) -> i64 {
        let mut sum = 0;
        for place in self.lines_of_order.of(order) {
            let line = &self.lines[*place as usize];
            if passes(*place, line) {
                sum += line.revenue_cents_e2();
            }
        }
        sum
    }

    pub(crate) fn q1(&self) -> PricingSummaries {
        let LineFields { quantity, price_cents, discount_percent, tax_percent, shipped, return_flag, status } =
            &self.fields;
        let groups = return_flag.iter().zip(status);
        let values = quantity.iter().zip(price_cents).zip(discount_percent).zip(tax_percent);
        let mut summaries = PricingSummaries::default();
        for ((day, (flag, status)), (((quantity, price), discount), tax)) in shipped.iter().zip(groups).zip(values) {
            if *day <= SUMMARY_DAY {
                summaries.add((*flag, *status), *quantity, *price, *discount, *tax);
            }
        }
        summaries
    }

    pub(crate) fn q3(&self) -> Vec<ShippingPriority> {
        let mut found = Vec::new();
        for (customer, row) in (0..).zip(&self.customers) {
            if row.segment != SEGMENT {
                continue;
            }
            for place in self.orders_of_customer.of(customer) {
                let order = &self.orders[*place as usize];
                if order.date >= SHIPPING_DAY {
                    continue;
                }
                let revenue_cents_e2 = self.revenue(*place, |_, line| line.shipped > SHIPPING_DAY);
                if revenue_cents_e2 > 0 {
                    let (order, date, ship_priority) = (order.number, order.date, order.ship_priority);
                    found.push(ShippingPriority { order, revenue_cents_e2, date, ship_priority });
                }
            }
        }
        first_priorities(found)
    }

    pub(crate) fn q5(&self) -> Vec<LocalSupplierVolume> {
        let mut revenue = vec![0; self.nations.len()];
        for (customer, nation) in (0..).zip(&self.customer_nation) {
            if !self.is_nation_of_region[*nation as usize] {
                continue;
            }
            for order in self.orders_of_customer.of(customer) {
                if ORDER_YEAR.contains(&self.orders[*order as usize].date) {
                    let is_local = |place: u32, _: &LineItem| {
                        self.supplier_nation[self.line_supplier[place as usize] as usize] == *nation
                    };
                    revenue[*nation as usize] += self.revenue(*order, is_local);
                }
            }
        }
        let nations = self.nations.iter().zip(revenue).filter(|(_, revenue)| *revenue > 0);
        by_revenue(nations.map(|(nation, revenue)| (nation.name.clone(), revenue)).collect())
    }

    pub(crate) fn q6(&self) -> i64 {
        let LineFields { quantity, price_cents, discount_percent, shipped, .. } = &self.fields;
        let lines = shipped.iter().zip(discount_percent).zip(quantity).zip(price_cents);
        #[expect(clippy::needless_bitwise_bool, reason = "without a branch, several lines are taken at once")]
        let earned = lines.map(|(((day, discount), quantity), price)| {
            let wanted = (*day >= FORECAST_YEAR.start)
                & (*day < FORECAST_YEAR.end)
                & (*discount >= *FORECAST_PERCENT.start())
                & (*discount <= *FORECAST_PERCENT.end())
                & (*quantity < FORECAST_QUANTITY);
            i64::from(wanted) * price * i64::from(*discount)
        });
        earned.sum()
    }

    pub(crate) fn q10(&self) -> Vec<Returned> {
        let mut revenue = vec![0; self.customers.len()];
        for (place, order) in (0..).zip(&self.orders) {
            if RETURN_QUARTER.contains(&order.date) {
                let customer = self.order_customer[place as usize];
                revenue[customer as usize] += self.revenue(place, |_, line| line.return_flag == ReturnFlag::Returned);
            }
        }
        let mut customers: Vec<(u32, i64)> = (0..).zip(revenue).filter(|(_, revenue)| *revenue > 0).collect();
        customers.sort_unstable_by_key(|(customer, revenue)| (-revenue, *customer));
        let returned = customers.into_iter().take(20).map(|(customer, revenue_cents_e2)| {
            let nation = self.customer_nation[customer as usize];
            let customer = self.customers[customer as usize].clone();
            Returned { customer, revenue_cents_e2, nation: self.nations[nation as usize].name.clone() }
        });
        returned.collect()
    }

    pub(crate) fn q12(&self) -> LateLines {
        let mut late = LateLines::new();
        for (line, order) in self.lines.iter().zip(&self.line_order) {
            if was_late(line) {
                count_late(&mut late, line, &self.orders[*order as usize]);
            }
        }
        late
    }
}

fn rows<M: Model>(db: &Database) -> Vec<M> {
    db.iter::<M>().map(|(_, row)| row.clone()).collect()
}

/// The places of keys.
fn places(keys: impl Iterator<Item = u32>) -> BTreeMap<u32, u32> {
    keys.zip(0..).collect()
}

/// The places of the rows that ids name.
fn by_id<M: Model>(db: &Database, ids: impl Iterator<Item = Id<M>>) -> Vec<u32> {
    let places: SecondaryMap<_, u32> = db.iter::<M>().zip(0..).map(|((id, _), place)| (id.key(), place)).collect();
    ids.map(|id| places[id.key()]).collect()
}

/// Compressed sparse rows: what belongs to owner `i` is `members[bounds[i]..bounds[i + 1]]`.
struct Members {
    bounds: Vec<u32>,
    members: Vec<u32>,
}

impl Members {
    fn new(owner_of: &[u32], owners: usize) -> Self {
        let mut bounds = vec![0; owners + 2];
        for owner in owner_of {
            bounds[*owner as usize + 2] += 1;
        }
        for i in 1..bounds.len() {
            bounds[i] += bounds[i - 1];
        }
        // Each start moves to its end as members come in, which leaves the starts of the owners after.
        let mut members = vec![0; owner_of.len()];
        for (place, owner) in (0..).zip(owner_of) {
            let end = &mut bounds[*owner as usize + 1];
            members[*end as usize] = place;
            *end += 1;
        }
        bounds.pop();
        Members { bounds, members }
    }

    fn of(&self, owner: u32) -> &[u32] {
        &self.members[self.bounds[owner as usize] as usize..self.bounds[owner as usize + 1] as usize]
    }
}
