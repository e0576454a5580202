// Relations become methods of a row, which has an `id` and a `get` already.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to(Customer), unique)]
    id: u32,
    #[model(belongs_to, name = get)]
    got_from: Id<Customer>,
    #[model(belongs_to)]
    self_id: Id<Customer>,
}

fn main() {}
