// Relations become constants: they cannot take the name of another one.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(unique)]
    number: u32,
    #[model(belongs_to)]
    fields_id: Id<Customer>,
    #[model(belongs_to, name = by_number)]
    customer_id: Id<Customer>,
}

fn main() {}
