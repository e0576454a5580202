// An option needs the relation that it is about.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(plain, on_delete = cascade)]
    customer_id: Id<Customer>,
}

fn main() {}
