// behaviour R42: a relation to a struct that is no model.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

struct Customer;

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
}

fn main() {}
