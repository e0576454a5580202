// A relation to one model is not held by an id of another.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Product {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to(Customer))]
    product_id: Id<Product>,
}

fn main() {}
