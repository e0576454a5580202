// A key that is not saved, or that may come back as another, would let a file break the rules.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    #[model(unique)]
    #[serde(skip)]
    email: String,
    #[model(unique, lossy)]
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to)]
    #[serde(skip_deserializing)]
    customer_id: Id<Customer>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(remote = "Other")]
struct Elsewhere {
    field: u8,
}

fn main() {}
