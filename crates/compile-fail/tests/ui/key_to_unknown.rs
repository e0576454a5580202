// behaviour R42: the fields after `key_to` are those of a unique key of the target.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to(Customer), key_to = name)]
    customer_name: String,
}

fn main() {}
