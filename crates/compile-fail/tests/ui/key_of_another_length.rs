// behaviour R42: a key of another length than the one that it refers to.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    name: String,
    version: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package), key_to(name, version)))]
struct Dependency {
    package: String,
    #[model(belongs_to(Package))]
    other: String,
}

fn main() {}
