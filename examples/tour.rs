//! A tour of relata on the data of the TPC-H benchmark: loading it with every key checked, what is refused, walking it,
//! joining it, changing it, deleting with what hangs on it, saving it and loading it again.
//!
//! ```text
//! cargo run --release --example tour [-- --scale 0.1]
//! ```
//!
//! The models are in `support/tpch.rs`; read those first. What is claimed on the way is asserted.
#![allow(clippy::print_stdout, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;
#[path = "support/tpch.rs"]
#[allow(dead_code, reason = "another example asks for more of it")]
mod tpch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use relata::{Database, HasMany, Id, Model, Relation};
use show::{Outcome, heading, thousands};
use tpch::{Customer, LineItem, Nation, Order, Part, PartSupplier, Region, Supplier};

fn main() -> ExitCode {
    show::end(run())
}

fn run() -> Outcome {
    let (scale, keep) = options()?;
    let mut db = load(scale)?;
    let customer = busiest_customer(&db)?;
    refuse(&mut db, customer)?;
    navigate(&db, customer)?;
    list_children(&db, customer)?;
    sum_revenue(&db)?;
    move_order(&mut db, customer)?;
    delete(&mut db)?;
    save_and_load(db, keep)
}

/// `--scale <factor>`, and `--keep <file>` for where to leave the snapshot.
fn options() -> Outcome<(f64, Option<PathBuf>)> {
    let (mut scale, mut keep) = (0.01, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--scale" => scale = value.parse()?,
            "--keep" => keep = Some(value.into()),
            _ => return Err("the options are `--scale <factor>`, such as `--scale 0.1`, and `--keep <file>`".into()),
        }
    }
    Ok((scale, keep))
}

/// One table after the other, each as one batch: all rows are stored, or none and the error lists what is wrong.
fn load(scale: f64) -> Outcome<Database> {
    heading(&format!("Load: TPC-H at scale {scale}, every foreign key and unique key checked"));
    let (mut rows, mut time) = (0, Duration::ZERO);
    let db = tpch::load(scale, tpch::TEXT_BYTES, |table, count, took| {
        print_step(table, count, took);
        rows += count;
        time += took;
    })?;
    print_step("in all", rows, time);

    let started = Instant::now();
    assert_eq!(db.check(), Ok(()));
    print_step("check() finds no fault in", rows, started.elapsed());

    // The models are also there as data, for tools.
    let relations: usize = db.schema().tables.iter().map(|table| table.relations.len()).sum();
    println!("the schema: {} tables, {relations} relations; to_mermaid() draws it", db.schema().tables.len());
    Ok(db)
}

/// The customer with the most orders.
fn busiest_customer(db: &Database) -> Outcome<Id<Customer>> {
    let mut busiest = (0, Id::null());
    for (id, _) in db.iter::<Customer>() {
        busiest = busiest.max((db.count(id, Customer::ORDERS)?, id));
    }
    Ok(busiest.1)
}

/// A refused call has changed nothing, and its error says which row, which relation and why.
fn refuse(db: &mut Database, customer: Id<Customer>) -> Outcome {
    heading("Refused");
    let lines = db.len::<LineItem>();
    let (_, line) = db.iter::<LineItem>().next().ok_or("no line items")?;
    let line = line.clone();

    let nobody_offers_it = LineItem { supplier_key: 7_777_777, ..line.clone() };
    print_refusal("a line item of an offer that is not there", &db.insert(nobody_offers_it.clone()));

    let of_no_order = LineItem { order_id: Id::null(), ..line.clone() };
    print_refusal("a batch of three, two of them bad", &db.insert_many(vec![line, nobody_offers_it, of_no_order]));

    let twin = db.get(customer)?.clone();
    print_refusal("a customer with another's number", &db.insert(twin));

    let (order, _) = db.children(customer, Customer::ORDERS)?.next().ok_or("the busiest customer has no orders")?;
    print_refusal("an order given to nobody", &db.update(order, |order| order.customer_id = Id::null()));
    print_refusal("the delete of a customer with orders", &db.delete(customer));

    assert_eq!(db.len::<LineItem>(), lines);
    assert_eq!(db.get(order)?.customer_id, customer);
    Ok(())
}

/// `row` lends a view of a row, with a method for each of its relations.
fn navigate(db: &Database, customer: Id<Customer>) -> Outcome {
    heading("Navigate");
    let (order, _) = db.children(customer, Customer::ORDERS)?.next().ok_or("the busiest customer has no orders")?;
    let order = db.row(order)?;
    let nation = order.customer()?.nation()?;
    println!("order {} of {}", order.number, order.date);
    println!("  .customer()?                        {}", order.customer()?.name);
    println!("  .customer()?.nation()?              {}", nation.name);
    println!("  .customer()?.nation()?.region()?    {}", nation.region()?.name);
    for line in order.lines() {
        let offer = line.part_supplier()?;
        println!("  {:>2} x {:<40} from {}", line.quantity, offer.part()?.name, offer.supplier()?.name);
    }
    Ok(())
}

/// `children` lists one owner's rows; `include` does that for many owners at once, with a filter, an order and a limit
/// that hold for each.
fn list_children(db: &Database, customer: Id<Customer>) -> Outcome {
    heading("Children");
    println!("{} has {} orders", db.get(customer)?.name, db.count(customer, Customer::ORDERS)?);

    let (germany, nation) = db.find(Nation::BY_NAME, "GERMANY")?;
    let customers: Vec<Id<Customer>> = db.children(germany, Nation::CUSTOMERS)?.map(|(id, _)| id).collect();
    let started = Instant::now();
    let dearest_first = |a: &Order, b: &Order| b.total_cents.cmp(&a.total_cents);
    let dearest_two = Customer::ORDERS.order_by(dearest_first).limit(2);
    let included = db.include(&customers, dearest_two).to_vec()?;
    print_step(
        &format!("the two dearest orders of each customer of {}", nation.name),
        included.len(),
        started.elapsed(),
    );
    for (customer, orders) in included.into_iter().filter(|(_, orders)| orders.len() > 0).take(3) {
        let orders: Vec<String> = orders.map(|(_, order)| format!("{:>12}", dollars(order.total_cents))).collect();
        println!("  {}  {}", db.get(customer)?.name, orders.join(" "));
    }
    Ok(())
}

/// A path of three hops. It is resolved for all line items in blocks, through columns of links: no row of an order or a
/// customer is read on the way, and nothing is hashed.
fn revenue_by_region(db: &Database) -> Outcome<BTreeMap<u32, i64>> {
    let lines = db.table::<LineItem>()?;
    let ids: Vec<Id<LineItem>> = lines.ids().collect();
    let mut revenue = BTreeMap::new();
    for pair in db.include(&ids, LineItem::ORDER.then(Order::CUSTOMER).then(Customer::NATION)) {
        let (line, nation) = pair?;
        *revenue.entry(nation.region_key).or_default() += lines.row(line)?.revenue_cents_e2();
    }
    Ok(revenue)
}

fn sum_revenue(db: &Database) -> Outcome {
    heading("Include: line item -> order -> customer -> nation, revenue summed by region");
    let started = Instant::now();
    let revenue = revenue_by_region(db)?;
    print_step("line items, each over three hops", db.len::<LineItem>(), started.elapsed());
    for (region_key, cents_e2) in &revenue {
        let (_, region) = db.find(Region::BY_KEY, region_key)?;
        println!("  {:<12} {:>20}", region.name, dollars(cents_e2 / 100));
    }

    // The same sum by walking from row to row, for who would not believe a join.
    let mut walked = BTreeMap::new();
    for (id, line) in db.iter::<LineItem>() {
        let region_key = db.row(id)?.order()?.customer()?.nation()?.region_key;
        *walked.entry(region_key).or_default() += line.revenue_cents_e2();
    }
    assert_eq!(walked, revenue);
    Ok(())
}

/// An update edits a copy of the row; where a key has changed it is checked, and the row changes owners.
fn move_order(db: &mut Database, from: Id<Customer>) -> Outcome {
    heading("Update: a foreign key is changed, and the row moves between owners");
    let (order, _) = db.children(from, Customer::ORDERS)?.next().ok_or("the busiest customer has no orders")?;
    let to = db.iter::<Customer>().map(|(id, _)| id).find(|id| *id != from).ok_or("there is one customer only")?;
    let counts = |db: &Database| [from, to].map(|id| db.count(id, Customer::ORDERS));

    let before = counts(db);
    db.update(order, |order| order.customer_id = to)?;
    for ((id, before), after) in [from, to].into_iter().zip(before).zip(counts(db)) {
        println!("  {} had {:>2} orders, now {:>2}", db.get(id)?.name, before?, after?);
    }
    println!("  order {}: .customer()? is now {}", db.get(order)?.number, db.row(order)?.customer()?.name);
    assert_eq!(db.children(to, Customer::ORDERS)?.next_back().map(|(id, _)| id), Some(order), "it joined last");
    Ok(())
}

/// What a delete would take along is decided over the whole set of rows before anything goes, and can be asked for.
fn delete(db: &mut Database) -> Outcome {
    heading("Delete: planned, then carried out");
    let (supplier, row) = db.find(Supplier::BY_KEY, &1)?;
    let plan = db.plan_delete(supplier)?;
    println!("{}: would remove {} rows (its offers, by cascade), but:", row.name, 1 + plan.removed.len());
    println!("  {} of them are restricted, the first:", plan.blocked.len());
    println!("  {}", plan.blocked.first().ok_or("a supplier whose parts were ordered can go")?);

    let (order, row) = db.iter::<Order>().last().ok_or("no orders")?;
    let plan = db.plan_delete(order)?;
    println!("order {}: {plan}", row.number);
    assert!(!plan.is_blocked());

    let started = Instant::now();
    let deleted = db.delete(order)?;
    print_step("the order and its lines, by cascade", 1 + deleted.removed.len(), started.elapsed());
    assert_eq!(deleted.removed, plan.removed, "what was planned");
    println!("  its id now: {}", db.get(order).err().ok_or("a deleted row is still there")?);
    Ok(())
}

/// A snapshot holds the rows under their ids, and what the ids of rows to come will be.
fn save_and_load(mut saved: Database, keep: Option<PathBuf>) -> Outcome {
    heading("Save and load");
    let folder = tempfile::tempdir()?;
    let path = keep.unwrap_or_else(|| folder.path().join("tpch.relata"));
    let rows = all_rows(&saved);

    let started = Instant::now();
    saved.save(&path)?;
    print_step("saved", rows, started.elapsed());
    println!("  the file: {} bytes", thousands(&std::fs::metadata(&path)?.len()));

    let started = Instant::now();
    let mut loaded = tpch::builder().load(&path)?;
    print_step("loaded, every key checked again", rows, started.elapsed());

    assert_same_rows::<Region>(&saved, &loaded);
    assert_same_rows::<Nation>(&saved, &loaded);
    assert_same_rows::<Customer>(&saved, &loaded);
    assert_same_rows::<Order>(&saved, &loaded);
    assert_same_rows::<LineItem>(&saved, &loaded);
    assert_same_rows::<Part>(&saved, &loaded);
    assert_same_rows::<Supplier>(&saved, &loaded);
    assert_same_rows::<PartSupplier>(&saved, &loaded);
    println!("  equal: rows and their ids, in all eight tables");

    assert_same_children(&saved, &loaded, Region::NATIONS)?;
    assert_same_children(&saved, &loaded, Nation::CUSTOMERS)?;
    assert_same_children(&saved, &loaded, Nation::SUPPLIERS)?;
    assert_same_children(&saved, &loaded, Customer::ORDERS)?;
    assert_same_children(&saved, &loaded, Order::LINES)?;
    assert_same_children(&saved, &loaded, Part::OFFERS)?;
    assert_same_children(&saved, &loaded, Supplier::OFFERS)?;
    assert_same_children(&saved, &loaded, PartSupplier::LINES)?;
    println!("  equal: the order of the children of every row, that of the order that has moved too");

    assert_eq!(revenue_by_region(&saved)?, revenue_by_region(&loaded)?);
    let (mut bytes, mut bytes_again) = (Vec::new(), Vec::new());
    saved.save_to(&mut bytes)?;
    loaded.save_to(&mut bytes_again)?;
    assert_eq!(bytes, bytes_again);
    println!("  equal: revenue by region, and the bytes when the loaded one is saved");

    // The slots of the deleted order and of its lines are used again, in the same order, with the same generations.
    let lines: Vec<LineItem> = saved.iter::<LineItem>().take(10).map(|(_, line)| line.clone()).collect();
    assert_eq!(saved.insert_many(lines.clone())?, loaded.insert_many(lines)?);
    println!("  equal: the ids of the rows that are stored next");
    Ok(())
}

fn all_rows(db: &Database) -> usize {
    let sums = [db.len::<Region>(), db.len::<Nation>(), db.len::<Customer>(), db.len::<Order>()];
    let more = [db.len::<LineItem>(), db.len::<Part>(), db.len::<Supplier>(), db.len::<PartSupplier>()];
    sums.iter().chain(&more).sum()
}

fn assert_same_rows<M: Model + PartialEq>(saved: &Database, loaded: &Database) {
    assert!(saved.iter::<M>().eq(loaded.iter::<M>()), "{} differs", M::NAME);
}

fn assert_same_children<R: Relation>(saved: &Database, loaded: &Database, relation: HasMany<R>) -> Outcome
where
    R::Source: PartialEq,
{
    for (owner, _) in saved.iter::<R::Target>() {
        let same = saved.children(owner, relation)?.eq(loaded.children(owner, relation)?);
        assert!(same, "the {} of {} differ", R::Source::NAME, owner.erase());
    }
    Ok(())
}

fn print_step(what: &str, rows: usize, took: Duration) {
    println!("{what:<58} {:>9} rows {:>9.2} ms", thousands(&rows), took.as_secs_f64() * 1e3);
}

fn print_refusal<T>(what: &str, outcome: &Result<T, relata::Error>) {
    match outcome {
        Err(relata::Error::BatchRefused { rows, violations, .. }) => {
            println!("{what}:\n  {} of {rows} rows refused, nothing stored:", violations.len());
            for violation in violations {
                println!("  - {violation}");
            }
        }
        Err(error) => println!("{what}:\n  {error}"),
        Ok(_) => panic!("{what} was not refused"),
    }
}

/// An amount in cents as one in dollars: `1,234.56`.
fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", thousands(&(cents / 100)), cents % 100)
}
