// The fields of a model have names.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Point(f32, f32);

fn main() {}
