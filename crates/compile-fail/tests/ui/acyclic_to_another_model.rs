use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(acyclic)]
struct Order {
    #[model(belongs_to, acyclic)]
    customer_id: Id<Customer>,
    #[model(acyclic)]
    total_cents: u64,
}

fn main() {}
