// A float has no total equality and cannot be part of a key.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Body {
    #[model(unique)]
    mass: f64,
}

fn main() {}
