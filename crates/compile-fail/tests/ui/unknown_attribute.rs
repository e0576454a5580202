// Unknown attributes are refused and the known ones listed, on the struct and on a field.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(tabel = "customers")]
struct Customer {
    #[model(uniqe)]
    email: String,
}

fn main() {}
