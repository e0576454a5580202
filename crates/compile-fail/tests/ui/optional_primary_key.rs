// behaviour R41, fault B3: no part of a primary key is optional.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    name: String,
    version: Option<u32>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Tag {
    #[model(primary_key)]
    name: Option<String>,
}

fn main() {}
