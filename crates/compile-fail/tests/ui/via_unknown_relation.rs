// The name after `via` is that of a relation of the source.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(bought: Sale, via = buyr))]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Sale {
    #[model(belongs_to)]
    buyer_id: Id<Customer>,
}

fn main() {}
