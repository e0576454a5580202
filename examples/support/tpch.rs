//! The eight tables of the [TPC-H](https://www.tpc.org/tpch/) benchmark as models, and a loader.
//!
//! ```text
//! Region <- Nation <- Customer <- Order <- LineItem -> PartSupplier -> Part
//!                  <- Supplier <------------------------------'
//! ```
//!
//! Rows refer to each other in both of the ways there are. Regions, nations, parts and suppliers have the keys that
//! TPC-H gives them, and rows name those keys, so that they can be stored as they come. Customers and orders are named
//! by `Id`, as in a program that makes its own rows; the loader finds the ids by the numbers that TPC-H knows them by.
//! Every key here could be an `Id`, and every `Id` a key: following a relation costs the same either way.
//!
//! Columns that no question asks for (most comments, the addresses of suppliers, clerks) are left out.

use std::time::{Duration, Instant};

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};
use tpchgen::dates::TPCHDate;
use tpchgen::decimal::TPCHDecimal;
use tpchgen::distribution::Distributions;
use tpchgen::generators::{
    self, CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator,
    RegionGenerator, SupplierGenerator,
};
use tpchgen::text::TextPool;

/// One of five parts of the world.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(nations: Nation))]
pub(crate) struct Region {
    #[model(primary_key)]
    pub(crate) key: u32,
    #[model(unique)]
    pub(crate) name: String,
}

/// One of twenty-five nations.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(customers: Customer), has_many(suppliers: Supplier))]
pub(crate) struct Nation {
    #[model(primary_key)]
    pub(crate) key: u32,
    #[model(unique)]
    pub(crate) name: String,
    #[model(belongs_to(Region), name = region)]
    pub(crate) region_key: u32,
}

/// Who orders.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(orders: Order))]
pub(crate) struct Customer {
    #[model(unique)]
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) address: String,
    #[model(belongs_to(Nation), name = nation)]
    pub(crate) nation_key: u32,
    pub(crate) phone: String,
    pub(crate) segment: String,
    pub(crate) balance_cents: i64,
    pub(crate) comment: String,
}

/// An order: some line items. They go when it goes.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(lines: LineItem))]
pub(crate) struct Order {
    #[model(unique)]
    pub(crate) number: u32,
    #[model(belongs_to, on_delete = restrict)]
    pub(crate) customer_id: Id<Customer>,
    pub(crate) date: Date,
    pub(crate) priority: String,
    pub(crate) ship_priority: u32,
    pub(crate) total_cents: i64,
}

/// One line of an order: so much of a part, from a supplier who has it.
///
/// Two of the questions read a few fields of all lines: those are columns.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(PartSupplier, key_from(part_key, supplier_key)))]
pub(crate) struct LineItem {
    #[model(belongs_to, on_delete = cascade)]
    pub(crate) order_id: Id<Order>,
    pub(crate) part_key: u32,
    pub(crate) supplier_key: u32,
    #[model(column)]
    pub(crate) quantity: u32,
    #[model(column)]
    pub(crate) price_cents: i64,
    #[model(column)]
    pub(crate) discount_percent: u8,
    #[model(column)]
    pub(crate) tax_percent: u8,
    #[model(column)]
    pub(crate) shipped: Date,
    pub(crate) committed: Date,
    pub(crate) received: Date,
    pub(crate) ship_mode: ShipMode,
    #[model(column)]
    pub(crate) return_flag: ReturnFlag,
    #[model(column)]
    pub(crate) status: LineStatus,
}

impl LineItem {
    /// What TPC-H calls revenue: the price less the discount, in hundredths of a cent, so that it stays exact.
    pub(crate) fn revenue_cents_e2(&self) -> i64 {
        self.price_cents * i64::from(100 - self.discount_percent)
    }
}

/// Something that can be ordered.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(offers: PartSupplier))]
pub(crate) struct Part {
    #[model(primary_key)]
    pub(crate) key: u32,
    pub(crate) name: String,
    pub(crate) retail_cents: i64,
}

/// Who delivers.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(offers: PartSupplier))]
pub(crate) struct Supplier {
    #[model(primary_key)]
    pub(crate) key: u32,
    pub(crate) name: String,
    #[model(belongs_to(Nation), name = nation)]
    pub(crate) nation_key: u32,
    pub(crate) balance_cents: i64,
}

/// That a supplier has a part: many to many, with data of its own. Its key is both of theirs.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(part_key, supplier_key), has_many(lines: LineItem))]
pub(crate) struct PartSupplier {
    #[model(belongs_to(Part), name = part, on_delete = cascade)]
    pub(crate) part_key: u32,
    #[model(belongs_to(Supplier), name = supplier, on_delete = cascade)]
    pub(crate) supplier_key: u32,
    pub(crate) available: u32,
    pub(crate) cost_cents: i64,
}

/// A day: its digits as one number, 19950315.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Date(u32);

impl Date {
    pub(crate) const fn new(year: u32, month: u32, day: u32) -> Self {
        Date(year * 10_000 + month * 100 + day)
    }
}

impl From<TPCHDate> for Date {
    fn from(date: TPCHDate) -> Self {
        let (year_of_century, month, day) = date.to_ymd();
        Date::new(1900 + number::<u32>(year_of_century), number(month), number(day))
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:02}-{:02}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

/// How goods travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ShipMode {
    Air,
    FreeOnBoard,
    Mail,
    Rail,
    RegularAir,
    Ship,
    Truck,
}

impl ShipMode {
    /// In the order of their names, which is that of the enum.
    const ALL: [(Self, &'static str); 7] = [
        (ShipMode::Air, "AIR"),
        (ShipMode::FreeOnBoard, "FOB"),
        (ShipMode::Mail, "MAIL"),
        (ShipMode::Rail, "RAIL"),
        (ShipMode::RegularAir, "REG AIR"),
        (ShipMode::Ship, "SHIP"),
        (ShipMode::Truck, "TRUCK"),
    ];

    fn named(name: &str) -> Self {
        ShipMode::ALL.into_iter().find(|(_, known)| *known == name).expect("TPC-H has seven ship modes").0
    }

    pub(crate) fn name(self) -> &'static str {
        ShipMode::ALL[self as usize].1
    }
}

/// Whether a line was accepted or sent back, once it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ReturnFlag {
    Accepted,
    Neither,
    Returned,
}

impl ReturnFlag {
    /// In the order of their names, which is that of the enum.
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(ReturnFlag::Accepted, "A"), (ReturnFlag::Neither, "N"), (ReturnFlag::Returned, "R")];

    fn named(name: &str) -> Self {
        ReturnFlag::ALL.into_iter().find(|(_, known)| *known == name).expect("TPC-H has three return flags").0
    }

    pub(crate) fn name(self) -> &'static str {
        ReturnFlag::ALL[self as usize].1
    }
}

/// Whether a line was shipped by the day on which TPC-H's data end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum LineStatus {
    Fulfilled,
    Open,
}

impl LineStatus {
    /// In the order of their names, which is that of the enum.
    pub(crate) const ALL: [(Self, &'static str); 2] = [(LineStatus::Fulfilled, "F"), (LineStatus::Open, "O")];

    fn named(name: &str) -> Self {
        LineStatus::ALL.into_iter().find(|(_, known)| *known == name).expect("TPC-H has two line statuses").0
    }

    pub(crate) fn name(self) -> &'static str {
        LineStatus::ALL[self as usize].1
    }
}

/// How many bytes of text comments are cut from where they matter to nobody. The 300 MiB that TPC-H prescribes take longer
/// to write than a small database.
pub(crate) const TEXT_BYTES: i32 = 1 << 16;
/// How many they are cut from where they must be those of TPC-H.
pub(crate) const TEXT_BYTES_OF_TPCH: i32 = 300 << 20;

/// An empty database of the eight models: what [`load`] fills, and what a saved one is loaded with.
pub(crate) fn builder() -> relata::DatabaseBuilder {
    Database::builder()
        .model::<Region>()
        .model::<Nation>()
        .model::<Customer>()
        .model::<Order>()
        .model::<LineItem>()
        .model::<Part>()
        .model::<Supplier>()
        .model::<PartSupplier>()
}

/// A database with the rows of a scale factor: at 1, six million line items; at 0.01, sixty thousand. With fewer, TPC-H
/// would give a part the same supplier twice, which the key of `PartSupplier` refuses.
///
/// `loaded` is told of each table: its name, its rows, and the time that storing them took with every key checked (the
/// time of making them up is not in it).
pub(crate) fn load(
    scale: f64,
    text_bytes: i32,
    mut loaded: impl FnMut(&str, usize, Duration),
) -> Result<Database, Error> {
    let generator = Generator::new(scale, text_bytes);
    let mut db = builder().build()?;
    // A key must name a row that is stored, or that comes in the same batch: so tables come after those they refer to.
    store(&mut db, generator.regions(), &mut loaded)?;
    store(&mut db, generator.nations(), &mut loaded)?;
    store(&mut db, generator.parts(), &mut loaded)?;
    store(&mut db, generator.suppliers(), &mut loaded)?;
    store(&mut db, generator.part_suppliers(), &mut loaded)?;
    store(&mut db, generator.customers(), &mut loaded)?;
    let orders = generator.orders(&db)?;
    store(&mut db, orders, &mut loaded)?;
    let line_items = generator.line_items(&db)?;
    store(&mut db, line_items, &mut loaded)?;
    Ok(db)
}

fn store<M: Model>(
    db: &mut Database,
    rows: Vec<M>,
    loaded: &mut impl FnMut(&str, usize, Duration),
) -> Result<(), Error> {
    let started = Instant::now();
    let ids = db.insert_many(rows)?;
    loaded(M::NAME, ids.len(), started.elapsed());
    Ok(())
}

/// Makes up the rows of a scale factor: the same as `dbgen` does.
struct Generator {
    scale: f64,
    words: &'static Distributions,
    text: TextPool,
}

impl Generator {
    fn new(scale: f64, text_bytes: i32) -> Self {
        let words = Distributions::static_default();
        Generator { scale, words, text: TextPool::new(text_bytes, words) }
    }

    fn regions(&self) -> Vec<Region> {
        let rows = RegionGenerator::new_with_distributions_and_text_pool(self.words, &self.text);
        rows.iter().map(|row| Region { key: number(row.r_regionkey), name: row.r_name.to_owned() }).collect()
    }

    fn nations(&self) -> Vec<Nation> {
        let rows = NationGenerator::new_with_distributions_and_text_pool(self.words, &self.text);
        let nation = |row: generators::Nation<'_>| Nation {
            key: number(row.n_nationkey),
            name: row.n_name.to_owned(),
            region_key: number(row.n_regionkey),
        };
        rows.iter().map(nation).collect()
    }

    fn customers(&self) -> Vec<Customer> {
        let rows = CustomerGenerator::new_with_distributions_and_text_pool(self.scale, 1, 1, self.words, &self.text);
        let customer = |row: generators::Customer<'_>| Customer {
            number: number(row.c_custkey),
            name: row.c_name.to_string(),
            address: row.c_address.to_string(),
            nation_key: number(row.c_nationkey),
            phone: row.c_phone.to_string(),
            segment: row.c_mktsegment.to_owned(),
            balance_cents: cents(row.c_acctbal),
            comment: row.c_comment.to_owned(),
        };
        rows.iter().map(customer).collect()
    }

    fn orders(&self, db: &Database) -> Result<Vec<Order>, Error> {
        let rows = OrderGenerator::new_with_distributions_and_text_pool(self.scale, 1, 1, self.words, &self.text);
        let order = |row: generators::Order<'_>| {
            let (customer_id, _) = db.find(Customer::BY_NUMBER, &number(row.o_custkey))?;
            Ok(Order {
                number: number(row.o_orderkey),
                customer_id,
                date: row.o_orderdate.into(),
                priority: row.o_orderpriority.to_owned(),
                ship_priority: number(row.o_shippriority),
                total_cents: cents(row.o_totalprice),
            })
        };
        rows.iter().map(order).collect()
    }

    fn line_items(&self, db: &Database) -> Result<Vec<LineItem>, Error> {
        let rows = LineItemGenerator::new_with_distributions_and_text_pool(self.scale, 1, 1, self.words, &self.text);
        let line_item = |row: generators::LineItem<'_>| {
            let (order_id, _) = db.find(Order::BY_NUMBER, &number(row.l_orderkey))?;
            Ok(LineItem {
                order_id,
                part_key: number(row.l_partkey),
                supplier_key: number(row.l_suppkey),
                quantity: number(row.l_quantity),
                price_cents: cents(row.l_extendedprice),
                // A decimal of two places: 0.07 is seven percent.
                discount_percent: number(row.l_discount.into_inner()),
                tax_percent: number(row.l_tax.into_inner()),
                shipped: row.l_shipdate.into(),
                committed: row.l_commitdate.into(),
                received: row.l_receiptdate.into(),
                ship_mode: ShipMode::named(row.l_shipmode),
                return_flag: ReturnFlag::named(row.l_returnflag),
                status: LineStatus::named(row.l_linestatus),
            })
        };
        rows.iter().map(line_item).collect()
    }

    fn parts(&self) -> Vec<Part> {
        let rows = PartGenerator::new_with_distributions_and_text_pool(self.scale, 1, 1, self.words, &self.text);
        let part = |row: generators::Part<'_>| Part {
            key: number(row.p_partkey),
            name: row.p_name.to_string(),
            retail_cents: cents(row.p_retailprice),
        };
        rows.iter().map(part).collect()
    }

    fn suppliers(&self) -> Vec<Supplier> {
        let rows = SupplierGenerator::new_with_distributions_and_text_pool(self.scale, 1, 1, self.words, &self.text);
        let supplier = |row: generators::Supplier| Supplier {
            key: number(row.s_suppkey),
            name: row.s_name.to_string(),
            nation_key: number(row.s_nationkey),
            balance_cents: cents(row.s_acctbal),
        };
        rows.iter().map(supplier).collect()
    }

    fn part_suppliers(&self) -> Vec<PartSupplier> {
        let rows = PartSuppGenerator::new_with_text_pool(self.scale, 1, 1, &self.text);
        let part_supplier = |row: generators::PartSupp<'_>| PartSupplier {
            part_key: number(row.ps_partkey),
            supplier_key: number(row.ps_suppkey),
            available: number(row.ps_availqty),
            cost_cents: cents(row.ps_supplycost),
        };
        rows.iter().map(part_supplier).collect()
    }
}

fn cents(amount: TPCHDecimal) -> i64 {
    amount.into_inner()
}

/// A number of the generator as an unsigned one. All fit: 32 bits are enough for the keys up to scale factor 700.
fn number<T>(value: impl TryInto<T>) -> T {
    value.try_into().ok().expect("a number of TPC-H that fits its column")
}
