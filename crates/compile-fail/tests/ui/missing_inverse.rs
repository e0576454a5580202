// The inverse of a relation that the source does not have.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(orders: Order))]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    number: u32,
}

fn main() {}
