// One key is declared once.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(unique(name, version), unique(version, name))]
struct Package {
    #[model(primary_key, unique)]
    number: u32,
    name: String,
    version: String,
}

fn main() {}
