// A left join may have left no row, from which no join can go on.

use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(orders: Order))]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(lines: Line))]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
    cents: u64,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Line {
    #[model(belongs_to)]
    order_id: Id<Order>,
}

fn joined(db: &Database) {
    let _ = db.rows::<Customer>().left_join(Customer::ORDERS).join(Order::LINES);
}

fn tested(db: &Database) {
    let _ = db.rows::<Customer>().left_join(Customer::ORDERS).filter_by(Order::FIELDS.cents.gt(5));
}

fn main() {}
