//! Following relations, compared with nested loops over the rows. Here are the models and a generated shop.

mod many;
mod missing;
mod one;
mod recursive;

use std::collections::BTreeSet;

use relata::{Database, Error, Id, Missing, Model, RowId};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nation {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(orders: Order, via = customer), has_one(card: Card))]
struct Customer {
    name: String,
    #[model(belongs_to)]
    nation_id: Option<Id<Nation>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Card {
    #[model(belongs_to, unique)]
    customer_id: Id<Customer>,
    #[model(belongs_to)]
    bank_id: Id<Nation>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(lines: Line))]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
    #[model(belongs_to)]
    payer_id: Option<Id<Customer>>,
    total_cents: u64,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    #[model(belongs_to)]
    order_id: Id<Order>,
    price_cents: u64,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(evolves_into: Species, via = evolves_from))]
struct Species {
    name: String,
    #[model(belongs_to)]
    evolves_from_id: Option<Id<Species>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Language {
    #[model(primary_key)]
    code: String,
    #[model(unique)]
    number: u32,
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Word {
    #[model(belongs_to(Language), name = language)]
    language_code: Option<String>,
    #[model(belongs_to(Language, key_to = number), name = other)]
    other_number: Option<u32>,
}

/// Not registered with any database here.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stray {
    #[model(belongs_to)]
    nation_id: Id<Nation>,
}

fn empty() -> Database {
    Database::builder()
        .model::<Nation>()
        .model::<Customer>()
        .model::<Card>()
        .model::<Order>()
        .model::<Line>()
        .model::<Species>()
        .model::<Language>()
        .model::<Word>()
        .build()
        .unwrap()
}

/// A fixed sequence of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end as u64) as usize
    }
}

/// A shop of several blocks of rows, in which slots have been used again and rows have moved between owners.
struct Shop {
    db: Database,
    customers: Vec<Id<Customer>>,
    orders: Vec<Id<Order>>,
    /// Ids of orders that were removed; most of their slots hold other orders now.
    removed: Vec<Id<Order>>,
}

fn shop() -> Shop {
    let mut db = empty();
    let mut numbers = Numbers(7);
    let nations: Vec<_> = (0..25).map(|n| db.insert(Nation { name: format!("nation {n}") }).unwrap()).collect();
    let mut customers = Vec::new();
    for n in 0..400 {
        let nation_id = (n % 7 != 0).then(|| nations[numbers.below(nations.len())]);
        let customer = db.insert(Customer { name: format!("customer {n}"), nation_id }).unwrap();
        if n % 3 == 0 {
            db.insert(Card { customer_id: customer, bank_id: nations[n % nations.len()] }).unwrap();
        }
        customers.push(customer);
    }
    let (mut orders, mut removed) = (Vec::new(), Vec::new());
    for n in 0..1500 {
        // The last 50 customers stay without orders.
        let customer_id = customers[numbers.below(350)];
        let payer_id = (n % 4 == 0).then(|| customers[numbers.below(400)]);
        let order = db.insert(Order { customer_id, payer_id, total_cents: numbers.below(50) as u64 }).unwrap();
        orders.push(order);
        if n % 3 == 0 {
            let gone = orders.swap_remove(numbers.below(orders.len()));
            db.delete(gone).unwrap();
            removed.push(gone);
        }
        if n % 5 == 0 && !orders.is_empty() {
            let (moved, to) = (orders[numbers.below(orders.len())], customers[numbers.below(350)]);
            db.update(moved, |order| order.customer_id = to).unwrap();
        }
    }
    for n in 0..3000 {
        let order_id = orders[numbers.below(orders.len())];
        db.insert(Line { order_id, price_cents: n }).unwrap();
    }
    assert_eq!(db.check(), Ok(()));
    assert!(orders.len() > 600, "several blocks of 256");
    Shop { db, customers, orders, removed }
}

impl Shop {
    fn order(&self, id: Id<Order>) -> &Order {
        self.db.get(id).unwrap()
    }
    fn customer(&self, id: Id<Customer>) -> &Customer {
        self.db.get(id).unwrap()
    }
    fn nation_of(&self, id: Id<Customer>) -> Option<&Nation> {
        self.customer(id).nation_id.map(|nation| self.db.get(nation).unwrap())
    }
    /// The orders of a customer by a loop over all orders, in slot order.
    fn orders_of(&self, customer: Id<Customer>) -> BTreeSet<Id<Order>> {
        self.db.iter::<Order>().filter(|(_, order)| order.customer_id == customer).map(|(id, _)| id).collect()
    }
}

fn not_found<M: Model>(id: Id<M>, why: Missing) -> Error {
    Error::NotFound { row: RowId { table: M::NAME, key: id.key() }, why }
}
