// behaviour I13: natural keys name their default by an expression, id keys by a target set on the database.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Country {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct City {
    #[model(belongs_to(Country), name = country, on_delete = set_default)]
    country_code: String,
    #[model(belongs_to(Country), name = twin, on_update = cascade, default = "??".to_owned())]
    twin_code: String,
    #[model(belongs_to, on_delete = set_default, default = Id::null())]
    capital_id: Id<Self>,
    #[model(belongs_to(Country, default = "a".to_owned()), name = first, on_delete = set_default, default = "b".to_owned())]
    first_code: String,
    #[model(default = 1, deferred)]
    inhabitants: u32,
}

fn main() {}
