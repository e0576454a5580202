// A public model refers to public models.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
pub struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
}

fn main() {}
