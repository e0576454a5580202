// An id says its table by its type.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
}

fn order_of(order: Id<Order>) -> Order {
    Order { customer_id: order }
}

fn main() {}
