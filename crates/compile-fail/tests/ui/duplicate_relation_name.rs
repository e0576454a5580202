// behaviour R42: two relations of one name, belongs_to or has_many.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(customer: Order, via = customer))]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Order>,
    #[model(belongs_to, name = customer)]
    payer_id: Id<Order>,
}

fn main() {}
