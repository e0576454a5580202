//! Indexes of fields that are not there, that are there already, that are called otherwise.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(ordered(name, missing), index(name), index(name), column(name))]
struct Item {
    name: String,
    #[model(index, ordered)]
    level: u8,
    #[model(indexed)]
    slot: u8,
}

fn main() {}
