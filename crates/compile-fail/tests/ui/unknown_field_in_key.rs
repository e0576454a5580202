// A key list names fields of the struct.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, versoin))]
#[model(unique(name, name), unique())]
#[model(belongs_to(Customer, key_from(custmer_id)))]
struct Package {
    name: String,
    version: String,
}

fn main() {}
