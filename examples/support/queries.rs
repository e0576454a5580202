//! Six questions of TPC-H, with the parameters for which its answers are published: two of line items alone as queries over
//! columns, four as joins.
//!
//! The order of the tables in a join is chosen by hand, as one writes loops: each starts where few rows pass, and filters stand
//! before the hops that they spare. `loops.rs` has the same over plain arrays.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use relata::{Database, Error};

use super::tpch::{
    Customer, Date, LineItem, LineStatus, Nation, Order, PartSupplier, Region, ReturnFlag, ShipMode, Supplier,
};

/// Q1 asks for what was shipped by this day.
pub(crate) const SUMMARY_DAY: Date = Date::new(1998, 9, 2);

/// What Q1 adds up of a group of lines. Its means are quotients of these.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PricingSummary {
    pub(crate) quantity: i64,
    pub(crate) price_cents: i64,
    pub(crate) discounted_cents_e2: i64,
    pub(crate) charged_cents_e4: i64,
    pub(crate) discount_percent: i64,
    pub(crate) lines: i64,
}

/// The groups of Q1 by return flag and status.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PricingSummaries([[PricingSummary; LineStatus::ALL.len()]; ReturnFlag::ALL.len()]);

impl PricingSummaries {
    /// Adds a line.
    #[inline]
    pub(crate) fn add(&mut self, group: (ReturnFlag, LineStatus), quantity: u32, price: i64, discount: u8, tax: u8) {
        let sums = &mut self.0[group.0 as usize][group.1 as usize];
        let discounted = price * i64::from(100 - discount);
        sums.quantity += i64::from(quantity);
        sums.price_cents += price;
        sums.discounted_cents_e2 += discounted;
        sums.charged_cents_e4 += discounted * i64::from(100 + tax);
        sums.discount_percent += i64::from(discount);
        sums.lines += 1;
    }

    /// The groups that have lines, in the order of the answer.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (ReturnFlag, LineStatus, &PricingSummary)> {
        let of_flag = |((flag, _), sums)| {
            let sums: &[PricingSummary; LineStatus::ALL.len()] = sums;
            LineStatus::ALL.iter().zip(sums).map(move |((status, _), sums)| (flag, *status, sums))
        };
        let all = ReturnFlag::ALL.into_iter().zip(&self.0).flat_map(of_flag);
        all.filter(|(.., sums)| sums.lines > 0)
    }
}

/// Q1: all lines but those of the last days, summed up by return flag and status.
pub(crate) fn q1(db: &Database) -> Result<PricingSummaries, Error> {
    let line = LineItem::FIELDS;
    let lines = db.query().filter(line.shipped.le(SUMMARY_DAY));
    let fields =
        (line.return_flag, line.status, line.quantity, line.price_cents, line.discount_percent, line.tax_percent);
    let mut summaries = PricingSummaries::default();
    lines.values(fields)?.for_each(|(flag, status, quantity, price, discount, tax)| {
        summaries.add((*flag, *status), *quantity, *price, *discount, *tax);
    });
    Ok(summaries)
}

/// Q3 asks for the customers of this segment,
pub(crate) const SEGMENT: &str = "BUILDING";
/// for what they had ordered by this day and not been sent.
pub(crate) const SHIPPING_DAY: Date = Date::new(1995, 3, 15);

/// One line of the answer to Q3.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShippingPriority {
    pub(crate) order: u32,
    pub(crate) revenue_cents_e2: i64,
    pub(crate) date: Date,
    pub(crate) ship_priority: u32,
}

/// Q3: the ten unshipped orders with the highest revenue.
pub(crate) fn q3(db: &Database) -> Result<Vec<ShippingPriority>, Error> {
    let lines = db
        .rows::<Customer>()
        .filter(|customer| customer.segment == SEGMENT)
        .join(Customer::ORDERS)
        .filter(|(_, order)| order.date < SHIPPING_DAY)
        .join(Order::LINES)
        .filter(|(.., line)| line.shipped > SHIPPING_DAY)
        .iter()?;
    let orders = lines.group_by(|(_, order, _)| order, |sum, (.., line)| *sum += line.revenue_cents_e2());
    let answer = orders.into_iter().map(|(order, revenue_cents_e2)| ShippingPriority {
        order: order.number,
        revenue_cents_e2,
        date: order.date,
        ship_priority: order.ship_priority,
    });
    Ok(first_priorities(answer.collect()))
}

/// The ten lines of the answer to Q3 that come first.
pub(crate) fn first_priorities(mut orders: Vec<ShippingPriority>) -> Vec<ShippingPriority> {
    orders.sort_unstable_by_key(|order| (-order.revenue_cents_e2, order.date, order.order));
    orders.truncate(10);
    orders
}

/// Q5 asks for the nations of this region,
pub(crate) const REGION: &str = "ASIA";
/// for what was ordered in this year.
pub(crate) const ORDER_YEAR: Range<Date> = Date::new(1994, 1, 1)..Date::new(1995, 1, 1);

/// A nation, and its revenue in hundredths of a cent.
pub(crate) type LocalSupplierVolume = (String, i64);

/// Q5: the revenue of a region's nations from what their customers ordered of suppliers of the same nation in a year.
pub(crate) fn q5(db: &Database) -> Result<Vec<LocalSupplierVolume>, Error> {
    let (region, _) = db.find(Region::BY_NAME, REGION)?;
    let region = [region];
    let lines = db
        .rows_at(&region)
        .join(Region::NATIONS)
        .join(Nation::CUSTOMERS)
        .join(Customer::ORDERS)
        .filter(|(.., order)| ORDER_YEAR.contains(&order.date))
        .join(Order::LINES)
        .join(LineItem::PART_SUPPLIER.then(PartSupplier::SUPPLIER).then(Supplier::NATION))
        .filter(|(_, nation, .., of_supplier)| nation.id() == of_supplier.id())
        .iter()?;
    let nations =
        lines.group_by(|(_, nation, ..)| nation, |sum, (_, _, _, _, line, _)| *sum += line.revenue_cents_e2());
    Ok(by_revenue(nations.into_iter().map(|(nation, revenue)| (nation.name.clone(), revenue)).collect()))
}

/// The lines of the answer to Q5 in its order.
pub(crate) fn by_revenue(mut nations: Vec<LocalSupplierVolume>) -> Vec<LocalSupplierVolume> {
    nations.sort_by_key(|(_, revenue)| -revenue);
    nations
}

/// Q6 asks for what was shipped in this year,
pub(crate) const FORECAST_YEAR: Range<Date> = Date::new(1994, 1, 1)..Date::new(1995, 1, 1);
/// with such a discount,
pub(crate) const FORECAST_PERCENT: RangeInclusive<u8> = 5..=7;
/// and of fewer pieces than this.
pub(crate) const FORECAST_QUANTITY: u32 = 24;

/// Q6: what a year would have earned more without some discounts, in hundredths of a cent.
pub(crate) fn q6(db: &Database) -> Result<i64, Error> {
    let line = LineItem::FIELDS;
    let shipped = line.shipped.ge(FORECAST_YEAR.start).and(line.shipped.lt(FORECAST_YEAR.end));
    let discount = line.discount_percent.between(*FORECAST_PERCENT.start(), *FORECAST_PERCENT.end());
    let lines = db.query().filter(shipped.and(discount).and(line.quantity.lt(FORECAST_QUANTITY)));
    let values = lines.values((line.price_cents, line.discount_percent))?;
    Ok(values.map(|(price, discount)| price * i64::from(*discount)).sum())
}

/// Q10 asks for what was ordered in this quarter.
pub(crate) const RETURN_QUARTER: Range<Date> = Date::new(1993, 10, 1)..Date::new(1994, 1, 1);

/// One line of the answer to Q10.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Returned {
    pub(crate) customer: Customer,
    pub(crate) revenue_cents_e2: i64,
    pub(crate) nation: String,
}

/// Q10: the twenty customers who sent back the most of what they ordered in a quarter.
pub(crate) fn q10(db: &Database) -> Result<Vec<Returned>, Error> {
    let lines = db
        .rows::<Order>()
        .filter(|order| RETURN_QUARTER.contains(&order.date))
        .join(Order::LINES)
        .filter(|(_, line)| line.return_flag == ReturnFlag::Returned)
        .join_from(|(order, _)| order, Order::CUSTOMER)
        .iter()?;
    let mut customers =
        lines.group_by(|(.., customer)| customer, |sum: &mut i64, (_, line, _)| *sum += line.revenue_cents_e2());
    customers.sort_unstable_by_key(|(customer, revenue)| (-revenue, customer.id()));
    let returned = customers.into_iter().take(20).map(|(customer, revenue_cents_e2)| {
        let nation = db.related(customer.id(), Customer::NATION)?.name.clone();
        Ok(Returned { customer: customer.get().clone(), revenue_cents_e2, nation })
    });
    returned.collect()
}

/// Q12 asks for what travelled in these ways,
pub(crate) const SHIP_MODES: [ShipMode; 2] = [ShipMode::Mail, ShipMode::Ship];
/// and was received in this year.
pub(crate) const RECEIPT_YEAR: Range<Date> = Date::new(1994, 1, 1)..Date::new(1995, 1, 1);

/// By ship mode: how many lines were of orders of high priority, and how many of others.
pub(crate) type LateLines = BTreeMap<ShipMode, (u32, u32)>;

/// Q12: the lines of two ship modes that were received late in a year, by the priority of their orders.
pub(crate) fn q12(db: &Database) -> Result<LateLines, Error> {
    let lines = db.rows::<LineItem>().filter(|line| was_late(&line)).join(LineItem::ORDER).iter()?;
    let mut late = LateLines::new();
    lines.for_each(|(line, order)| count_late(&mut late, &line, &order));
    Ok(late)
}

/// Whether Q12 asks for a line.
pub(crate) fn was_late(line: &LineItem) -> bool {
    SHIP_MODES.contains(&line.ship_mode)
        && RECEIPT_YEAR.contains(&line.received)
        && line.committed < line.received
        && line.shipped < line.committed
}

/// Counts a line that Q12 asks for.
pub(crate) fn count_late(late: &mut LateLines, line: &LineItem, order: &Order) {
    let (high, low) = late.entry(line.ship_mode).or_default();
    let is_high = order.priority == "1-URGENT" || order.priority == "2-HIGH";
    *[low, high][usize::from(is_high)] += 1;
}
