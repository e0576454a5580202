// behaviour R43, fault B5: `set_null` clears parts of the key that can be absent, the same in both actions.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(tenant, code))]
struct Desk {
    tenant: String,
    code: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Desk, key_from(tenant, code), on_delete = set_null(tenant)))]
#[model(belongs_to(Desk, key_from(tenant, other), name = other, on_delete = set_null(code, nothing)))]
#[model(belongs_to(Desk, key_from(branch, code), name = third, on_delete = set_null(code), on_update = set_null(branch)))]
#[model(belongs_to(Desk, key_from(tenant, number), name = fourth, on_delete = set_null))]
struct Seat {
    tenant: String,
    branch: Option<String>,
    code: Option<u32>,
    other: Option<u32>,
    number: u32,
    #[model(references_many, on_delete = set_null(seat_ids))]
    seat_ids: Vec<Id<Seat>>,
}

fn main() {}
