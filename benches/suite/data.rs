//! The rows: TPC-H line items, orders, customers and nations, as `tpchgen` makes them.
//!
//! They exist three times over, in the same order: in plain `Vec`s whose keys are `u32` indices ([`Flat`]), in a
//! database, and in bare slot maps. A line item has 72 bytes in each. What the rows hold beside their keys is the same
//! struct everywhere (`..Details`).

use relata::{Database, Id, Lossless, Model};
use serde::{Deserialize, Serialize};
use slotmap::{DefaultKey, SlotMap};
use tpchgen::distribution::Distributions;
use tpchgen::generators::{CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, OrderStatus};
use tpchgen::text::TextPool;

/// The seed of every shuffle.
const SEED: u64 = 0x7265_6C61_7461;
/// Comments are left out of the rows, so that their source can be short; it does not show in anything else.
const TEXT_POOL_BYTES: i32 = 1 << 20;

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Nation {
    /// From 0 to 24, as TPC-H numbers them.
    pub(crate) number: u32,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Customer {
    #[model(belongs_to)]
    pub(crate) nation_id: Id<Nation>,
    pub(crate) details: CustomerDetails,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(lines: LineItem))]
pub(crate) struct Order {
    #[model(belongs_to)]
    pub(crate) customer_id: Id<Customer>,
    pub(crate) details: OrderDetails,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LineItem {
    #[model(belongs_to)]
    pub(crate) order_id: Id<Order>,
    pub(crate) part: u32,
    pub(crate) supplier: u32,
    pub(crate) details: LineDetails,
}

#[derive(Lossless, Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct CustomerDetails {
    pub(crate) account_balance_cents: i64,
    pub(crate) number: u32,
}

#[derive(Lossless, Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct OrderDetails {
    pub(crate) total_price_cents: i64,
    pub(crate) number: u32,
    pub(crate) day: i32,
    pub(crate) ship_priority: i32,
    pub(crate) is_fulfilled: bool,
}

#[derive(Lossless, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LineDetails {
    pub(crate) quantity: i64,
    pub(crate) extended_price_cents: i64,
    pub(crate) discount_percent: i64,
    pub(crate) tax_percent: i64,
    pub(crate) number: i32,
    pub(crate) ship_day: i32,
    pub(crate) commit_day: i32,
    pub(crate) receipt_day: i32,
    pub(crate) comment_bytes: u32,
    pub(crate) was_returned: bool,
    pub(crate) is_open: bool,
}

/// A line item as one would keep it in a plain array: keys are indices into the other arrays. Also the model of rows
/// that have no relation at all.
#[derive(Model, Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct FlatLine {
    pub(crate) order: u32,
    pub(crate) part: u32,
    pub(crate) supplier: u32,
    pub(crate) details: LineDetails,
}

/// The same as a model that is not lossless, for the field that serde skips: each row is proved when it is saved.
#[derive(Model, Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ProvedLine {
    pub(crate) order: u32,
    pub(crate) part: u32,
    pub(crate) supplier: u32,
    pub(crate) details: LineDetails,
    #[serde(skip)]
    pub(crate) unsaved: (),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct FlatOrder {
    pub(crate) customer: u32,
    pub(crate) details: OrderDetails,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct FlatCustomer {
    pub(crate) nation: u32,
    pub(crate) details: CustomerDetails,
}

// Neither side has the smaller rows.
const _: () = assert!(size_of::<LineItem>() == 72 && size_of::<FlatLine>() == 72);

/// In what order rows are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowOrder {
    /// By key, as TPC-H makes them: the lines of an order lie together, orders do not lie by customer.
    Sequential,
    /// At random, orders and customers too: each hop is a cache miss.
    Shuffled,
}

/// The plain arrays.
#[derive(Debug)]
pub(crate) struct Flat {
    pub(crate) nations: usize,
    pub(crate) customers: Vec<FlatCustomer>,
    pub(crate) orders: Vec<FlatOrder>,
    pub(crate) lines: Vec<FlatLine>,
}

impl Flat {
    pub(crate) fn generate(scale: f64, order: RowOrder) -> Self {
        let words = Distributions::static_default();
        let text = TextPool::new(TEXT_POOL_BYTES, words);
        let nations = NationGenerator::new_with_distributions_and_text_pool(words, &text).iter().count();
        let customers = CustomerGenerator::new_with_distributions_and_text_pool(scale, 1, 1, words, &text);
        let orders = OrderGenerator::new_with_distributions_and_text_pool(scale, 1, 1, words, &text);
        let lines = LineItemGenerator::new_with_distributions_and_text_pool(scale, 1, 1, words, &text);
        // Order keys have gaps and line items come in their order, so that a step at a time finds each one's order.
        let order_keys: Vec<i64> = orders.iter().map(|order| order.o_orderkey).collect();
        let mut order_index = 0;
        let mut flat = Flat {
            nations,
            customers: customers.iter().map(|row| flat_customer(&row)).collect(),
            orders: orders.iter().map(|row| flat_order(&row)).collect(),
            lines: Vec::with_capacity(order_keys.len() * 4),
        };
        for row in lines.iter() {
            while order_keys[order_index] != row.l_orderkey {
                order_index += 1;
            }
            flat.lines.push(flat_line(&row, order_index as u32));
        }
        if order == RowOrder::Shuffled {
            flat.shuffle();
        }
        flat
    }

    fn shuffle(&mut self) {
        let mut random = Random::new();
        let customer_places = random.shuffle_rows(&mut self.customers);
        for order in &mut self.orders {
            order.customer = customer_places[order.customer as usize];
        }
        let order_places = random.shuffle_rows(&mut self.orders);
        for line in &mut self.lines {
            line.order = order_places[line.order as usize];
        }
        random.shuffle(&mut self.lines);
    }
}

fn flat_customer(row: &tpchgen::generators::Customer<'_>) -> FlatCustomer {
    let number = index(row.c_custkey);
    let details = CustomerDetails { account_balance_cents: row.c_acctbal.0, number };
    FlatCustomer { nation: index(row.c_nationkey), details }
}

fn flat_order(row: &tpchgen::generators::Order<'_>) -> FlatOrder {
    let details = OrderDetails {
        total_price_cents: row.o_totalprice.0,
        number: index(row.o_orderkey),
        day: row.o_orderdate.into_inner(),
        ship_priority: row.o_shippriority,
        is_fulfilled: matches!(row.o_orderstatus, OrderStatus::Fulfilled),
    };
    FlatOrder { customer: index(row.o_custkey - 1), details }
}

fn flat_line(row: &tpchgen::generators::LineItem<'_>, order: u32) -> FlatLine {
    let details = LineDetails {
        quantity: row.l_quantity,
        extended_price_cents: row.l_extendedprice.0,
        discount_percent: row.l_discount.0,
        tax_percent: row.l_tax.0,
        number: row.l_linenumber,
        ship_day: row.l_shipdate.into_inner(),
        commit_day: row.l_commitdate.into_inner(),
        receipt_day: row.l_receiptdate.into_inner(),
        comment_bytes: row.l_comment.len() as u32,
        was_returned: row.l_returnflag == "R",
        is_open: row.l_linestatus == "O",
    };
    FlatLine { order, part: index(row.l_partkey - 1), supplier: index(row.l_suppkey - 1), details }
}

fn index(number: i64) -> u32 {
    u32::try_from(number).expect("TPC-H numbers fit 32 bits up to scale 600")
}

/// The ids of the rows, in the order of the plain arrays.
#[derive(Debug)]
pub(crate) struct Ids {
    pub(crate) orders: Vec<Id<Order>>,
    pub(crate) lines: Vec<Id<LineItem>>,
}

/// The same rows in all three forms.
#[derive(Debug)]
pub(crate) struct Data {
    order: RowOrder,
    pub(crate) flat: Flat,
    pub(crate) db: Database,
    pub(crate) ids: Ids,
    /// The same rows under the same keys as in the database.
    pub(crate) order_slots: SlotMap<DefaultKey, Order>,
    pub(crate) line_slots: SlotMap<DefaultKey, LineItem>,
}

impl Data {
    pub(crate) fn new(flat: Flat, order: RowOrder) -> Self {
        let (mut db, orders) = database_of_orders(&flat);
        let lines: Vec<LineItem> = flat.lines.iter().map(|line| line_item(line, &orders)).collect();
        let line_ids = db.insert_many(lines).expect("TPC-H data are whole");
        let order_slots = slots(&db, &orders);
        let line_slots = slots(&db, &line_ids);
        Data { order, flat, db, ids: Ids { orders, lines: line_ids }, order_slots, line_slots }
    }

    /// The name of a workload over these rows.
    pub(crate) fn name(&self, work: &str) -> String {
        match self.order {
            RowOrder::Sequential => format!("{work}_seq"),
            RowOrder::Shuffled => format!("{work}_shuf"),
        }
    }

    /// The line items, to be stored anew in a database of the same orders.
    pub(crate) fn line_items(&self) -> Vec<LineItem> {
        self.flat.lines.iter().map(|line| line_item(line, &self.ids.orders)).collect()
    }
}

/// A database of everything but line items, and the ids of the orders: the same each time for the same rows.
pub(crate) fn database_of_orders(flat: &Flat) -> (Database, Vec<Id<Order>>) {
    let builder = Database::builder().model::<Nation>().model::<Customer>().model::<Order>().model::<LineItem>();
    let mut db = builder.build().expect("the models fit together");
    let orders = store_orders(&mut db, flat);
    (db, orders)
}

/// Stores everything but line items, and gives the ids of the orders.
pub(crate) fn store_orders(db: &mut Database, flat: &Flat) -> Vec<Id<Order>> {
    let nations: Vec<Nation> = (0..flat.nations as u32).map(|number| Nation { number }).collect();
    let nations = db.insert_many(nations).expect("TPC-H data are whole");
    let customer = |row: &FlatCustomer| Customer { nation_id: nations[row.nation as usize], details: row.details };
    let customers: Vec<Customer> = flat.customers.iter().map(customer).collect();
    let customers = db.insert_many(customers).expect("TPC-H data are whole");
    let order = |row: &FlatOrder| Order { customer_id: customers[row.customer as usize], details: row.details };
    let orders: Vec<Order> = flat.orders.iter().map(order).collect();
    db.insert_many(orders).expect("TPC-H data are whole")
}

/// A line item as the database has it.
pub(crate) fn line_item(line: &FlatLine, orders: &[Id<Order>]) -> LineItem {
    let FlatLine { order, part, supplier, details } = *line;
    LineItem { order_id: orders[order as usize], part, supplier, details }
}

fn slots<M: Model>(db: &Database, ids: &[Id<M>]) -> SlotMap<DefaultKey, M> {
    let mut slots = SlotMap::new();
    for id in ids {
        let key = slots.insert(db.get(*id).expect("the row was just stored").clone());
        assert_eq!(key, id.key(), "a fresh slot map hands out the keys that a fresh table does");
    }
    slots
}

/// `SplitMix64`, from the one seed: the same shuffles in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Random(SEED)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// Fisher and Yates's shuffle.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Shuffles rows and gives the new place of each.
    fn shuffle_rows<T: Copy>(&mut self, rows: &mut [T]) -> Vec<u32> {
        let mut origins: Vec<u32> = (0..rows.len() as u32).collect();
        self.shuffle(&mut origins);
        let before = rows.to_vec();
        let mut places = vec![0; rows.len()];
        for (place, (row, origin)) in rows.iter_mut().zip(&origins).enumerate() {
            *row = before[*origin as usize];
            places[*origin as usize] = place as u32;
        }
        places
    }
}
