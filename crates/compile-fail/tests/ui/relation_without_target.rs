// Only an `Id<..>` says by itself what it refers to.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(key_from(name, version)))]
#[model(belongs_to(Package))]
struct Dependency {
    #[model(belongs_to)]
    package: String,
    name: String,
    version: String,
}

fn main() {}
