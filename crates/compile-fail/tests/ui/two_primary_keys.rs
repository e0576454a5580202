// A model has one primary key at most.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    #[model(primary_key)]
    number: u32,
    name: String,
    version: String,
}

fn main() {}
