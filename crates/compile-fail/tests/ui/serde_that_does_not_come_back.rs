// Serde attributes that a codec without field names cannot carry.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(tag = "kind")]
struct Order {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<String>,
    #[serde(flatten)]
    address: Address,
    #[serde(skip)]
    cached: u32,
    #[serde(default, skip_deserializing)]
    total: u32,
    #[serde(skip_serializing, default)]
    secret: u32,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Address {
    street: String,
}

fn main() {}
