// behaviour R8: relations are told apart by type; a misspelt name is no name.

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

fn main() {
    let _ = Order::CUSTOMR;
}
