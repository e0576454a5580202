// What is said of a field is not said of the struct, nor the other way round.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(plain)]
struct Customer {
    #[model(table = "names")]
    name: String,
    #[model]
    email: String,
    #[model(unique email)]
    other: String,
}

fn main() {}
