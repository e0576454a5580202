// Every error of a struct is reported, each where it is.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(tabel = "orders", primary_key(nr), version = -1, belongs_to(Customer))]
struct Order {
    #[model(belongs_to, on_delete = drop)]
    customer_id: Id<Customer>,
    payer_id: Id<Customer>,
    #[model(belongs_to)]
    #[serde(flatten)]
    country: String,
}

fn main() {}
