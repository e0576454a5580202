// With two relations to one target the inverse says which.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(sales: Sale))]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Sale {
    #[model(belongs_to)]
    buyer_id: Id<Customer>,
    #[model(belongs_to)]
    seller_id: Id<Customer>,
}

fn main() {}
