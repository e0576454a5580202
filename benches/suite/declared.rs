//! Questions to fields that are declared as columns and indexes, beside the same over rows without declarations and over
//! plain arrays.
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "counts and the numbers of TPC-H are small, and none of them is negative"
)]

use std::collections::BTreeSet;
use std::ops::Bound;

use relata::{Database, Error, Id, Model, Predicate};
use serde::{Deserialize, Serialize};

use super::data::{Customer, Data, Flat, FlatLine, LineItem, Nation, Order, Random, store_orders};
use super::workload::Workload;

/// A line item whose fields are its own, and some of them columns.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ColumnLine {
    #[model(belongs_to)]
    order_id: Id<Order>,
    part: u32,
    supplier: u32,
    #[model(column)]
    quantity: u32,
    #[model(column)]
    price_cents: i64,
    #[model(column)]
    discount_percent: u8,
    #[model(column)]
    tax_percent: u8,
    #[model(column)]
    ship_day: i32,
    commit_day: i32,
    receipt_day: i32,
    #[model(column)]
    was_returned: bool,
    #[model(column)]
    is_open: bool,
}

fn column_line(line: &FlatLine, orders: &[Id<Order>]) -> ColumnLine {
    let FlatLine { order, part, supplier, details } = *line;
    let small = |number: i64| u8::try_from(number).expect("percents are small");
    ColumnLine {
        order_id: orders[order as usize],
        part,
        supplier,
        quantity: u32::try_from(details.quantity).expect("quantities are small"),
        price_cents: details.extended_price_cents,
        discount_percent: small(details.discount_percent),
        tax_percent: small(details.tax_percent),
        ship_day: details.ship_day,
        commit_day: details.commit_day,
        receipt_day: details.receipt_day,
        was_returned: details.was_returned,
        is_open: details.is_open,
    }
}

/// The database of the same rows with columns.
pub(crate) struct Columns {
    db: Database,
    orders: Vec<Id<Order>>,
}

impl Columns {
    pub(crate) fn new(flat: &Flat) -> Self {
        let builder = Database::builder().model::<Nation>().model::<Customer>().model::<Order>().model::<LineItem>();
        let mut db = builder.model::<ColumnLine>().build().expect("the models fit together");
        let orders = store_orders(&mut db, flat);
        let lines: Vec<ColumnLine> = flat.lines.iter().map(|line| column_line(line, &orders)).collect();
        db.insert_many(lines).expect("TPC-H data are whole");
        Columns { db, orders }
    }
}

#[cfg(feature = "json")]
impl Columns {
    pub(crate) fn database(&self) -> &Database {
        &self.db
    }
}

#[cfg(feature = "json")]
impl ColumnLine {
    /// Lines of so many pieces, shipped before a day.
    pub(crate) fn wanted(quantity: u32, day: i32) -> Predicate<ColumnLine, impl relata::Condition<ColumnLine>> {
        Self::FIELDS.quantity.ge(quantity).and(Self::FIELDS.ship_day.lt(day))
    }
}

pub(crate) fn workloads<'a>(data: &'a Data, columns: &'a Columns) -> Vec<Workload<'a>> {
    vec![
        column_sum(data, columns),
        q6(data, columns),
        q1(data, columns),
        three_hops(data, columns),
        children(data, columns),
        insert_column(&data.flat),
    ]
}

fn sum_of_rows(db: &Database) -> Result<i64, Error> {
    Ok(db.rows::<LineItem>().iter()?.map(|line| line.details.extended_price_cents).sum())
}

fn column_sum<'a>(data: &'a Data, columns: &'a Columns) -> Workload<'a> {
    let prices: Vec<i64> = data.flat.lines.iter().map(|line| line.details.extended_price_cents).collect();
    Workload::new(data.name("column_sum"), prices.len())
        .reads("relata", || columns.db.query().sum(ColumnLine::FIELDS.price_cents).expect("it is there") as i64)
        .reads("Vec of the field", move || prices.iter().sum())
        .reads("rows", || sum_of_rows(&data.db).expect("it is there"))
}

/// Q6 asks for the lines that were shipped in this year, in days as TPC-H counts them,
const SHIPPED: (i32, i32) = (8766, 9130);
/// with such a discount,
const DISCOUNT: (u8, u8) = (5, 7);
/// and of fewer pieces than this.
const QUANTITY: u32 = 24;

/// Q6 as a query: what could have been earned without the discounts of a year.
pub(crate) fn forecast(db: &Database) -> Result<i64, Error> {
    let line = ColumnLine::FIELDS;
    let wanted = line.ship_day.between(SHIPPED.0, SHIPPED.1).and(line.discount_percent.between(DISCOUNT.0, DISCOUNT.1));
    let lines = db.query().filter(wanted.and(line.quantity.lt(QUANTITY)));
    let values = lines.values((line.price_cents, line.discount_percent))?;
    Ok(values.map(|(price, discount)| price * i64::from(*discount)).sum())
}

fn q6<'a>(data: &'a Data, columns: &'a Columns) -> Workload<'a> {
    let of = |line: &super::data::LineDetails| {
        let wanted = (SHIPPED.0..=SHIPPED.1).contains(&line.ship_day)
            && (i64::from(DISCOUNT.0)..=i64::from(DISCOUNT.1)).contains(&line.discount_percent)
            && line.quantity < i64::from(QUANTITY);
        if wanted { line.extended_price_cents * line.discount_percent } else { 0 }
    };
    let rows = move || data.db.rows::<LineItem>().iter().expect("it is there").map(|line| of(&line.details)).sum();
    let days: Vec<i32> = data.flat.lines.iter().map(|line| line.details.ship_day).collect();
    let discounts: Vec<u8> = data.flat.lines.iter().map(|line| line.details.discount_percent as u8).collect();
    let quantities: Vec<u32> = data.flat.lines.iter().map(|line| line.details.quantity as u32).collect();
    let prices: Vec<i64> = data.flat.lines.iter().map(|line| line.details.extended_price_cents).collect();
    let arrays = move || {
        let conditions = days.iter().zip(&discounts).zip(&quantities).zip(&prices);
        #[expect(clippy::needless_bitwise_bool, reason = "without a branch, several lines are taken at once")]
        let earned = conditions.map(|(((day, discount), quantity), price)| {
            let wanted = (*day >= SHIPPED.0)
                & (*day <= SHIPPED.1)
                & (*discount >= DISCOUNT.0)
                & (*discount <= DISCOUNT.1)
                & (*quantity < QUANTITY);
            i64::from(wanted) * price * i64::from(*discount)
        });
        earned.sum()
    };
    Workload::new(data.name("q6"), data.flat.lines.len())
        .reads("relata", || forecast(&columns.db).expect("the columns are there"))
        .reads("rows", rows)
        .reads("Vec of rows", move || data.flat.lines.iter().map(|line| of(&line.details)).sum())
        .reads("Vecs of fields", arrays)
}

/// What Q1 adds up: pieces, prices, discounted prices, with taxes, discounts, and how many lines there are. Its means are
/// quotients of these.
type Summary = [i64; 6];

fn add(sums: &mut Summary, quantity: i64, price: i64, discount: i64, tax: i64) {
    let discounted = price * (100 - discount);
    let parts = [quantity, price, discounted, discounted / 100 * (100 + tax), discount, 1];
    sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
}

fn weighed(groups: &[Summary; 4]) -> i64 {
    groups
        .as_flattened()
        .iter()
        .zip(1..)
        .fold(0, |sum: i64, (part, weight)| sum.wrapping_add(part.wrapping_mul(weight)))
}

/// Q1 asks for what was shipped by this day.
const SHIPPED_BY: i32 = 10_471;

/// Q1 as a query: all lines but those of the last days, by two flags.
pub(crate) fn summary(db: &Database) -> Result<[Summary; 4], Error> {
    let line = ColumnLine::FIELDS;
    let lines = db.query().filter(line.ship_day.le(SHIPPED_BY));
    let fields =
        (line.was_returned, line.is_open, line.quantity, line.price_cents, line.discount_percent, line.tax_percent);
    let mut groups = [Summary::default(); 4];
    lines.values(fields)?.for_each(|(returned, open, quantity, price, discount, tax)| {
        let group = &mut groups[usize::from(*returned) * 2 + usize::from(*open)];
        add(group, i64::from(*quantity), *price, i64::from(*discount), i64::from(*tax));
    });
    Ok(groups)
}

fn q1<'a>(data: &'a Data, columns: &'a Columns) -> Workload<'a> {
    let rows = move || {
        let mut groups = [Summary::default(); 4];
        data.db.rows::<LineItem>().iter().expect("it is there").for_each(|line| {
            let line = &line.details;
            if line.ship_day <= SHIPPED_BY {
                let group = &mut groups[usize::from(line.was_returned) * 2 + usize::from(line.is_open)];
                add(group, line.quantity, line.extended_price_cents, line.discount_percent, line.tax_percent);
            }
        });
        weighed(&groups)
    };
    Workload::new(data.name("q1"), data.flat.lines.len())
        .reads("relata", || weighed(&summary(&columns.db).expect("the columns are there")))
        .reads("rows", rows)
}

fn three_hops<'a>(data: &'a Data, columns: &'a Columns) -> Workload<'a> {
    let revenue = || -> Result<i64, Error> {
        let mut revenue = vec![0; data.flat.nations];
        let price = columns.db.column(ColumnLine::FIELDS.price_cents)?;
        let path = ColumnLine::ORDER.then(Order::CUSTOMER).then(Customer::NATION);
        columns.db.join(path).iter()?.for_each(|(line, nation)| {
            revenue[nation.number as usize] += price.get(line.id()).unwrap_or_default();
        });
        Ok(revenue.iter().zip(1..).map(|(cents, weight)| cents * weight).sum())
    };
    let of_rows = || -> Result<i64, Error> {
        let mut revenue = vec![0; data.flat.nations];
        let path = LineItem::ORDER.then(Order::CUSTOMER).then(Customer::NATION);
        data.db.join(path).iter()?.for_each(|(line, nation)| {
            revenue[nation.number as usize] += line.details.extended_price_cents;
        });
        Ok(revenue.iter().zip(1..).map(|(cents, weight)| cents * weight).sum())
    };
    let by_hand = |flat: &Flat| {
        let revenue = super::baseline::revenue_by_nation_in_blocks(flat);
        revenue.iter().zip(1..).map(|(cents, weight)| cents * weight).sum()
    };
    Workload::new(data.name("three_hops_column"), data.flat.lines.len())
        .reads("relata", move || revenue().expect("every line has a nation"))
        .reads("Vec in blocks", move || by_hand(&data.flat))
        .reads("rows", move || of_rows().expect("every line has a nation"))
}

fn children<'a>(data: &'a Data, columns: &'a Columns) -> Workload<'a> {
    let sum = || -> Result<i64, Error> {
        let price = columns.db.column(ColumnLine::FIELDS.price_cents)?;
        let lines = ColumnLine::ORDER.inverse();
        Ok(columns.orders.iter().map(|order| price.children(*order, lines).sum::<i64>()).sum())
    };
    let of_rows = || -> Result<i64, Error> {
        let mut sum = 0;
        for order in &data.ids.orders {
            sum +=
                data.db.children(*order, Order::LINES)?.map(|(_, line)| line.details.extended_price_cents).sum::<i64>();
        }
        Ok(sum)
    };
    let lines_of_orders = super::baseline::LinesOfOrders::new(&data.flat);
    let prices: Vec<i64> = data.flat.lines.iter().map(|line| line.details.extended_price_cents).collect();
    Workload::new(data.name("children_column"), data.flat.lines.len())
        .reads("relata", move || sum().expect("every order is stored"))
        .reads("CSR of the field", move || lines_of_orders.prices_of(&prices))
        .reads("rows", move || of_rows().expect("every order is stored"))
}

/// A score of a leaderboard.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Score {
    #[model(ordered)]
    points: u64,
    player: u64,
}
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct BareScore {
    points: u64,
    player: u64,
}

/// The workloads over so many scores.
pub(crate) fn workloads_of_scores(scores: usize) -> Vec<Workload<'static>> {
    let mut points: Vec<u64> = (0..scores as u64).collect();
    Random::new().shuffle(&mut points);
    let rows = || points.iter().zip(0..).map(|(points, player)| Score { points: *points, player }).collect::<Vec<_>>();
    let stored = || {
        let mut db = Database::builder().model::<Score>().build().expect("the model fits");
        db.insert_many(rows()).expect("nothing stands against it");
        let set: BTreeSet<(u64, u64)> = points.iter().copied().zip(0..).collect();
        (db, set)
    };
    vec![
        top_10(stored()),
        range_1_percent(scores, stored()),
        insert_ordered(&points),
        update_where(scores),
        star_count(scores / 100),
    ]
}

type Stored = (Database, BTreeSet<(u64, u64)>);

fn top_10((db, set): Stored) -> Workload<'static> {
    let best = move || {
        let best = db.query::<Score>().order_by(Score::FIELDS.points.desc()).limit(10);
        best.iter().expect("it is there").map(|(_, score)| score.points as i64).sum()
    };
    Workload::new("top_10", 10)
        .reads("relata", best)
        .reads("BTreeSet", move || set.iter().rev().take(10).map(|(points, _)| *points as i64).sum())
}

fn range_1_percent(scores: usize, (db, set): Stored) -> Workload<'static> {
    let (from, to) = (scores as u64 / 2, scores as u64 / 2 + scores as u64 / 100);
    let wanted = Score::FIELDS.points.between(from, to - 1);
    let count = move || {
        let walk = db.query().filter(wanted.clone()).order_by(Score::FIELDS.points.asc());
        walk.ids().expect("it is there").count() as i64
    };
    let beside = move || {
        let range = set.range((Bound::Included((from, 0)), Bound::Excluded((to, 0))));
        range.fold(0, |count, (_, player)| {
            std::hint::black_box(player);
            count + 1
        })
    };
    Workload::new("range_1_percent", scores / 100).reads("relata", count).reads("BTreeSet", beside)
}

fn bare(points: &[u64]) -> Vec<BareScore> {
    points.iter().zip(0..).map(|(points, player)| BareScore { points: *points, player }).collect()
}

fn insert_ordered(points: &[u64]) -> Workload<'static> {
    let own = points.to_vec();
    let len = own.len();
    let rows = move || {
        let db = Database::builder().model::<Score>().build().expect("the model fits");
        (db, own.iter().zip(0..).map(|(points, player)| Score { points: *points, player }).collect::<Vec<_>>())
    };
    let insert = |(mut db, rows): (Database, Vec<Score>)| {
        for row in rows {
            db.insert(row).expect("nothing stands against it");
        }
        db
    };
    let points = points.to_vec();
    let beside = move || {
        let db = Database::builder().model::<BareScore>().build().expect("the model fits");
        (db, bare(&points))
    };
    let insert_beside = |(mut db, rows): (Database, Vec<BareScore>)| {
        let mut set = BTreeSet::new();
        for row in rows {
            let points = row.points;
            set.insert((points, db.insert(row).expect("nothing stands against it")));
        }
        (db, set)
    };
    Workload::new("insert_ordered", len).writes("relata", rows, insert, |db| db.len::<Score>() as i64).writes(
        "BTreeSet beside",
        beside,
        insert_beside,
        |(_, set)| set.len() as i64,
    )
}

/// A line item without a column, and with one.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct WithoutColumn {
    #[model(belongs_to)]
    order_id: Id<Order>,
    price_cents: i64,
    details: [u64; 6],
}
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct WithColumn {
    #[model(belongs_to)]
    order_id: Id<Order>,
    #[model(column)]
    price_cents: i64,
    details: [u64; 6],
}

/// Rows one by one, with one column more.
pub(crate) fn insert_column(flat: &Flat) -> Workload<'_> {
    fn stored<M: Model>(flat: &Flat, row: impl Fn(Id<Order>, i64) -> M) -> (Database, Vec<M>) {
        let builder = Database::builder().model::<Nation>().model::<Customer>().model::<Order>().model::<LineItem>();
        let mut db = builder.model::<M>().build().expect("the models fit together");
        let orders = store_orders(&mut db, flat);
        let of_line = |line: &FlatLine| row(orders[line.order as usize], line.details.extended_price_cents);
        let rows = flat.lines.iter().map(of_line).collect();
        (db, rows)
    }
    fn insert<M: Model>((mut db, rows): (Database, Vec<M>)) -> Database {
        for row in rows {
            db.insert(row).expect("the order is stored");
        }
        db
    }
    let with = |order_id, price_cents| WithColumn { order_id, price_cents, details: [0; 6] };
    let without = |order_id, price_cents| WithoutColumn { order_id, price_cents, details: [0; 6] };
    Workload::new("insert_column", flat.lines.len())
        .writes("relata", move || stored(flat, with), insert, |db| db.len::<WithColumn>() as i64)
        .writes("without the column", move || stored(flat, without), insert, |db| db.len::<WithoutColumn>() as i64)
}

/// Deleting the children of one target as one statement, beside one by one.
pub(crate) fn delete_set(children: usize) -> Workload<'static> {
    let stored = move || {
        let builder = Database::builder().model::<Owner>().model::<Owned>().model::<OtherOwned>();
        let mut db = builder.build().expect("the models fit together");
        let owner_id = db.insert(Owner { number: 1 }).expect("nothing stands against it");
        let ids = db.insert_many(vec![Owned { owner_id, details: [0; 6] }; children]).expect("the owner is stored");
        (db, ids)
    };
    let set = |(mut db, ids): (Database, Vec<Id<Owned>>)| {
        let count = db.delete_many(ids).expect("nothing refers to them").rows.len();
        (db, count)
    };
    let each = |(mut db, ids): (Database, Vec<Id<Owned>>)| {
        let count = ids.into_iter().map(|id| db.delete(id).expect("nothing refers to it")).count();
        (db, count)
    };
    Workload::new("delete_set", children).writes("relata", stored, set, |(_, count)| *count as i64).writes(
        "one by one",
        stored,
        each,
        |(_, count)| *count as i64,
    )
}

/// Who owns rows of two kinds.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(owned: Owned), has_many(others: OtherOwned))]
struct Owner {
    number: u32,
}
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Owned {
    #[model(belongs_to)]
    owner_id: Id<Owner>,
    details: [u64; 6],
}
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct OtherOwned {
    #[model(belongs_to)]
    owner_id: Id<Owner>,
}

/// Counting the pairs of rows of two kinds that belong to one owner, a hundred of each.
pub(crate) fn star_count(owners: usize) -> Workload<'static> {
    let mut db = Database::builder().model::<Owner>().model::<Owned>().model::<OtherOwned>().build().expect("they fit");
    let owners: Vec<Owner> = (0..owners as u32).map(|number| Owner { number }).collect();
    let count = owners.len();
    let owners = db.insert_many(owners).expect("nothing stands against it");
    let all = || owners.iter().flat_map(|owner_id| std::iter::repeat_n(*owner_id, 100));
    db.insert_many(all().map(|owner_id| Owned { owner_id, details: [0; 6] }).collect::<Vec<_>>())
        .expect("they are stored");
    db.insert_many(all().map(|owner_id| OtherOwned { owner_id }).collect::<Vec<_>>()).expect("they are stored");
    let pairs = db.clone();
    let star = move || db.query::<Owner>().count_joined((Owner::OWNED, Owner::OTHERS)).expect("it is there") as i64;
    let join = move || -> Result<i64, Error> {
        Ok(pairs.join(Owner::OWNED).join_from(|(owner, _)| owner, Owner::OTHERS).iter()?.count() as i64)
    };
    Workload::new("star_count", count)
        .reads("relata", star)
        .reads("the product, joined", move || join().expect("it is there"))
}

/// Editing a tenth of the rows, in no key: as one statement, and in place.
pub(crate) fn update_where(rows: usize) -> Workload<'static> {
    let stored = move || {
        let mut db = Database::builder().model::<BareScore>().build().expect("the model fits");
        db.insert_many(bare(&(0..rows as u64).collect::<Vec<_>>())).expect("nothing stands against it");
        db
    };
    let tenth = Predicate::by(|score: &BareScore| score.points.is_multiple_of(10));
    let statement = move |mut db: Database| {
        db.update_where(tenth.clone(), |_, score| score.player += 1).expect("no key changes");
        db
    };
    let in_place = |mut db: Database| {
        for (_, score) in db.iter_mut::<BareScore>().expect("it is there") {
            if *score.points % 10 == 0 {
                *score.player += 1;
            }
        }
        db
    };
    let sum = |db: &Database| db.query::<BareScore>().sum(BareScore::FIELDS.player).expect("it is there") as i64;
    Workload::new("update_where", rows / 10)
        .writes("relata", stored, statement, sum)
        .writes("iter_mut", stored, in_place, sum)
}
