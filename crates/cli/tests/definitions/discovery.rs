// Written by `relata models` from discovery.json.
// Primary keys are values here: whoever inserts a row gives its key, also where the source numbers
// its rows by itself.

use relata::{Database, DatabaseBuilder, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stores {
    #[model(primary_key)]
    pub store_no: i64,
    pub name: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(store_no, product))]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    #[model(primary_key)]
    pub inventory_id: i64,
    #[model(belongs_to(Stores), name = stores)]
    pub store_no: i64,
    pub product: String,
    pub available: Option<f64>,
}

/// A builder with every model above.
pub fn builder() -> DatabaseBuilder {
    Database::builder().model::<Stores>().model::<Inventory>()
}
