// behaviour R42: a key of another type than the one that it refers to.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    #[model(primary_key)]
    number: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to(Customer))]
    customer_number: u64,
}

fn main() {}
