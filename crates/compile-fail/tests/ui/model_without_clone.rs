// A model can be cloned: an update edits a copy.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Serialize, Deserialize)]
struct Customer {
    name: String,
}

fn main() {}
