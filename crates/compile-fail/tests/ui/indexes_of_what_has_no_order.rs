//! An ordered index needs an order of its own, an index for equality a hash.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
enum Rarity {
    Common,
    Rare,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(ordered(level, rarity))]
struct Item {
    level: u8,
    rarity: Rarity,
    #[model(index)]
    weight: f32,
}

fn main() {}
