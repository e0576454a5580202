// The five actions are those of SQL.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to, on_delete = delete)]
    customer_id: Id<Customer>,
}

fn main() {}
