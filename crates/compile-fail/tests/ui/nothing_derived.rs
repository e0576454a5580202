// fault C5: what is missing from the derives is one error for each, at the struct.

use relata::{Id, Model};

#[derive(Model)]
struct Customer {
    name: String,
}

#[derive(Model, Clone)]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
    total: u32,
}

fn main() {}
