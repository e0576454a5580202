// `plain` stands on an id that is no relation, and nowhere else.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(plain, belongs_to)]
    customer_id: Id<Customer>,
    #[model(plain)]
    number: u32,
}

fn main() {}
