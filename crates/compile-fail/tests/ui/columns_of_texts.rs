//! A column copies its values, and a text is none to be copied.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Ship {
    #[model(column)]
    name: String,
}

fn main() {}
