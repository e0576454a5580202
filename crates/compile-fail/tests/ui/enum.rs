// A model is a struct.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
enum Shape {
    Circle,
    Square,
}

fn main() {}
