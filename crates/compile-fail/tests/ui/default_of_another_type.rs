// The default of a relation is a key of the type that the relation has.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Country {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct City {
    #[model(belongs_to(Country), name = country, on_delete = set_default, default = 7)]
    country_code: String,
}

fn main() {}
