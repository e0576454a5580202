// Nothing is said twice.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(table = "orders", table = "Order")]
struct Order {
    #[model(belongs_to(on_delete = cascade), on_delete = restrict)]
    customer_id: Id<Customer>,
    #[model(unique, unique)]
    number: u32,
}

fn main() {}
