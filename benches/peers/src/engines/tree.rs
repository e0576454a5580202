//! redb: an embedded store of B-trees, here in memory. A table by number for each model, rows as fixed bytes of which a
//! read decodes only what it wants, and a table of (order, line) for the lines of an order. All is written in one
//! transaction; each insert looks its target up first.

use redb::backends::InMemoryBackend;
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};

use crate::suite::data::{Flat, FlatCustomer, FlatLine, FlatOrder};
use crate::workload::{Engine, is_discounted, weight};

/// Enough that everything stays in redb's cache.
const CACHE_BYTES: usize = 8 << 30;

const NATIONS: TableDefinition<'_, u32, u32> = TableDefinition::new("nations");
const CUSTOMERS: TableDefinition<'_, u32, &[u8; 16]> = TableDefinition::new("customers");
const ORDERS: TableDefinition<'_, u32, &[u8; 25]> = TableDefinition::new("orders");
const LINES: TableDefinition<'_, u32, &[u8; 66]> = TableDefinition::new("lines");
const LINES_BY_ORDER: TableDefinition<'_, (u32, u32), ()> = TableDefinition::new("lines by order");

/// Puts fields side by side.
fn pack<const N: usize>(fields: &[&[u8]]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut end = 0;
    for field in fields {
        bytes[end..end + field.len()].copy_from_slice(field);
        end += field.len();
    }
    assert_eq!(end, N, "the fields fill the row");
    bytes
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn pack_customer(row: &FlatCustomer) -> [u8; 16] {
    let details = &row.details;
    pack(&[&row.nation.to_le_bytes(), &details.account_balance_cents.to_le_bytes(), &details.number.to_le_bytes()])
}

fn pack_order(row: &FlatOrder) -> [u8; 25] {
    let details = &row.details;
    pack(&[
        &row.customer.to_le_bytes(),
        &details.total_price_cents.to_le_bytes(),
        &details.number.to_le_bytes(),
        &details.day.to_le_bytes(),
        &details.ship_priority.to_le_bytes(),
        &[u8::from(details.is_fulfilled)],
    ])
}

/// Where [`pack_line`] puts what is read again.
mod at {
    pub(super) const ORDER: usize = 0;
    pub(super) const QUANTITY: usize = 12;
    pub(super) const PRICE: usize = 20;
    pub(super) const DISCOUNT: usize = 28;
    pub(super) const SHIP_DAY: usize = 48;
    /// In an order.
    pub(super) const TOTAL: usize = 4;
}

fn pack_line(row: &FlatLine) -> [u8; 66] {
    let details = &row.details;
    pack(&[
        &row.order.to_le_bytes(),
        &row.part.to_le_bytes(),
        &row.supplier.to_le_bytes(),
        &details.quantity.to_le_bytes(),
        &details.extended_price_cents.to_le_bytes(),
        &details.discount_percent.to_le_bytes(),
        &details.tax_percent.to_le_bytes(),
        &details.number.to_le_bytes(),
        &details.ship_day.to_le_bytes(),
        &details.commit_day.to_le_bytes(),
        &details.receipt_day.to_le_bytes(),
        &details.comment_bytes.to_le_bytes(),
        &[u8::from(details.was_returned), u8::from(details.is_open)],
    ])
}

pub(crate) struct Tree {
    db: Database,
    orders: u32,
}

fn done<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("redb: {error}"))
}

impl Tree {
    fn open<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> ReadOnlyTable<K, V> {
        done(done(self.db.begin_read()).open_table(table))
    }
}

/// A field of the row with this number.
fn field<const N: usize, T>(
    table: &ReadOnlyTable<u32, &'static [u8; N]>,
    number: u32,
    decode: impl Fn(&[u8]) -> T,
) -> T {
    decode(done(table.get(number)).expect("the row is stored").value())
}

impl Engine for Tree {
    type Key = u32;

    fn load(flat: &Flat) -> Self {
        let mut builder = Database::builder();
        let db = done(builder.set_cache_size(CACHE_BYTES).create_with_backend(InMemoryBackend::new()));
        let mut transaction = done(db.begin_write());
        done(transaction.set_durability(Durability::None));
        {
            let mut nations = done(transaction.open_table(NATIONS));
            let mut customers = done(transaction.open_table(CUSTOMERS));
            let mut orders = done(transaction.open_table(ORDERS));
            let mut lines = done(transaction.open_table(LINES));
            let mut lines_by_order = done(transaction.open_table(LINES_BY_ORDER));
            for number in 0..flat.nations as u32 {
                done(nations.insert(number, number));
            }
            for (row, number) in flat.customers.iter().zip(0..) {
                assert!(done(nations.get(row.nation)).is_some(), "a customer without a nation");
                assert!(
                    done(customers.insert(number, &pack_customer(row))).is_none(),
                    "a customer that is there twice"
                );
            }
            for (row, number) in flat.orders.iter().zip(0..) {
                assert!(done(customers.get(row.customer)).is_some(), "an order without a customer");
                assert!(done(orders.insert(number, &pack_order(row))).is_none(), "an order that is there twice");
            }
            for (row, number) in flat.lines.iter().zip(0..) {
                assert!(done(orders.get(row.order)).is_some(), "a line without an order");
                assert!(done(lines.insert(number, &pack_line(row))).is_none(), "a line that is there twice");
                done(lines_by_order.insert((row.order, number), ()));
            }
        }
        done(transaction.commit());
        Tree { db, orders: flat.orders.len() as u32 }
    }

    fn keys(&self, places: &[u32]) -> Vec<u32> {
        places.to_vec()
    }

    fn order_totals_by_key(&self, keys: &[u32]) -> i64 {
        let (lines, orders) = (self.open(LINES), self.open(ORDERS));
        let order = |line: &u32| field(&lines, *line, |bytes| u32_at(bytes, at::ORDER));
        keys.iter().map(|line| field(&orders, order(line), |bytes| i64_at(bytes, at::TOTAL))).sum()
    }

    fn order_totals(&self) -> i64 {
        let (lines, orders) = (self.open(LINES), self.open(ORDERS));
        let mut sum = 0;
        for line in done(lines.iter()) {
            let order = u32_at(done(line).1.value(), at::ORDER);
            sum += field(&orders, order, |bytes| i64_at(bytes, at::TOTAL));
        }
        sum
    }

    fn revenue_by_nation(&self, nations: usize) -> Vec<i64> {
        let (lines, orders) = (self.open(LINES), self.open(ORDERS));
        let (customers, nation_rows) = (self.open(CUSTOMERS), self.open(NATIONS));
        let mut revenue = vec![0; nations];
        for line in done(lines.iter()) {
            let line = done(line).1;
            let order = u32_at(line.value(), at::ORDER);
            // The foreign keys are the first fields of their rows.
            let customer = field(&orders, order, |bytes| u32_at(bytes, 0));
            let nation = field(&customers, customer, |bytes| u32_at(bytes, 0));
            let nation = done(nation_rows.get(nation)).expect("the row is stored").value();
            revenue[nation as usize] += i64_at(line.value(), at::PRICE);
        }
        revenue
    }

    fn prices_of_orders(&self) -> i64 {
        let (lines, lines_by_order) = (self.open(LINES), self.open(LINES_BY_ORDER));
        let mut sum = 0;
        for order in 0..self.orders {
            let mut prices = 0;
            for entry in done(lines_by_order.range((order, 0)..=(order, u32::MAX))) {
                let (_, line) = done(entry).0.value();
                prices += field(&lines, line, |bytes| i64_at(bytes, at::PRICE));
            }
            sum += weight(order) * prices;
        }
        sum
    }

    /// In one transaction.
    fn delete_each(&mut self, keys: &[u32]) -> Option<()> {
        let mut transaction = done(self.db.begin_write());
        done(transaction.set_durability(Durability::None));
        {
            let mut lines = done(transaction.open_table(LINES));
            let mut lines_by_order = done(transaction.open_table(LINES_BY_ORDER));
            for number in keys {
                let order = {
                    let line = done(lines.remove(number)).expect("the line is stored");
                    u32_at(line.value(), at::ORDER)
                };
                done(lines_by_order.remove((order, *number))).expect("the line is listed");
            }
        }
        done(transaction.commit());
        Some(())
    }

    fn prices(&self) -> i64 {
        done(self.open(LINES).iter()).map(|line| i64_at(done(line).1.value(), at::PRICE)).sum()
    }

    fn discounts(&self) -> i64 {
        let mut sum = 0;
        for line in done(self.open(LINES).iter()) {
            let line = done(line).1;
            let line = line.value();
            let ship_day = u32_at(line, at::SHIP_DAY).cast_signed();
            let discount = i64_at(line, at::DISCOUNT);
            if is_discounted(ship_day, discount, i64_at(line, at::QUANTITY)) {
                sum += i64_at(line, at::PRICE) * discount;
            }
        }
        sum
    }
}
