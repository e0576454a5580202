// Options of a relation that do not exist, inside the parentheses and beside them.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to(on_remove = cascade))]
    customer_id: Id<Customer>,
    #[model(belongs_to, on_dellete = cascade)]
    payer_id: Id<Customer>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(children: Tree, by = parent))]
struct Tree {
    #[model(belongs_to)]
    parent_id: Option<Id<Self>>,
}

fn main() {}
