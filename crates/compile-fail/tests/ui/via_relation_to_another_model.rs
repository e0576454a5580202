// The relation after `via` refers to this model.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(bought: Sale, via = product))]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Product {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Sale {
    #[model(belongs_to)]
    product_id: Id<Product>,
}

fn main() {}
