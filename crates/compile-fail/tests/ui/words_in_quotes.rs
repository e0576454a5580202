// fault C5: words are written without quotation marks.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to, on_delete = "cascade", name = "buyer")]
    customer_id: Id<Customer>,
    total: u32,
}

fn main() {}
