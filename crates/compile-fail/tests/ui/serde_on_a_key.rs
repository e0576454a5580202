// A key is saved as it is: what would leave it out, or let it come back as another, is refused. So is `remote`, which
// serialises something else.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    #[model(unique)]
    #[serde(skip)]
    email: String,
    #[model(unique, lossy)]
    number: u32,
    /// No key: it comes back as its default.
    #[serde(skip)]
    cached: u32,
    /// No key: it may lose something.
    #[model(lossy)]
    seen: u64,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to)]
    #[serde(default = "nobody", skip_deserializing)]
    customer_id: Id<Customer>,
    #[model(references_many)]
    #[serde(skip_serializing, default)]
    others: Vec<Id<Customer>>,
}

struct Elsewhere {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(remote = "Elsewhere")]
struct Other {
    name: String,
}

fn nobody() -> Id<Customer> {
    Id::null()
}

fn main() {}
