// behaviour R43: `set_null` on a required key does not compile; of a composite key a part must be optional.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    name: String,
    version: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(name, version), on_delete = set_null))]
struct Order {
    #[model(belongs_to, on_delete = set_null)]
    customer_id: Id<Customer>,
    name: String,
    version: String,
}

fn main() {}
