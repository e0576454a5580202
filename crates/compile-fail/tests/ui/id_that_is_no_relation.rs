// behaviour R43: a field of type `Id<T>` that is no relation is refused unless marked as plain.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    customer_id: Id<Customer>,
    payer_id: Option<Id<Customer>>,
    #[model(plain)]
    seen_by: Id<Customer>,
}

fn main() {}
