//! Keys that are ids, with each action once.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

use super::{DeleteAll, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Region {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(purchases: Purchase, via = customer))]
struct Customer {
    name: String,
    #[model(belongs_to, on_delete = set_null)]
    region_id: Option<Id<Region>>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(items: Item))]
struct Purchase {
    #[model(belongs_to, on_delete = restrict)]
    customer_id: Id<Customer>,
    #[model(belongs_to, on_delete = no_action)]
    referrer_id: Option<Id<Customer>>,
    note: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(unique(purchase_id, product))]
struct Item {
    #[model(belongs_to, on_delete = cascade)]
    purchase_id: Id<Purchase>,
    product: String,
}

record!(Region { name });
record!(Customer { name, region_id });
record!(Purchase { customer_id, referrer_id, note });
record!(Item { purchase_id, product });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "ids",
    deferral: Deferral::ByTransaction,
    tables: &[
        &TableOf::<Region>::new(),
        &TableOf::<Customer>::new(),
        &TableOf::<Purchase>::new(),
        &TableOf::<Item>::new(),
    ],
    delete_all: &[
        DeleteAll {
            source: 2,
            relation: "customer",
            owner: 1,
            run: |w, owner| delete_all(w, Customer::PURCHASES, owner),
        },
        DeleteAll { source: 3, relation: "purchase", owner: 2, run: |w, owner| delete_all(w, Purchase::ITEMS, owner) },
    ],
    defaults: &[],
};
