// Written by `relata models` from customer.json, order.json, address.json.
// Primary keys are values here: whoever inserts a row gives its key, also where the source numbers
// its rows by itself.

use relata::{Database, DatabaseBuilder, Model};
use serde::{Deserialize, Serialize};

/// Who buys.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(orders: Order))]
#[model(has_one(address: Address))]
pub struct Customer {
    #[model(primary_key)]
    pub id: i64,
    pub name: String,
    #[model(unique)]
    pub email: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    #[model(primary_key)]
    pub id: i64,
    pub description: Option<String>,
    pub total: f64,
    pub ordered_at: Option<String>,
    #[model(belongs_to(Customer))]
    pub customer_id: Option<i64>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    #[model(primary_key)]
    pub id: i64,
    pub street: String,
    #[model(ordered)]
    pub city: Option<String>,
    #[model(unique, belongs_to(Customer))]
    pub customer_id: i64,
}

/// A builder with every model above.
pub fn builder() -> DatabaseBuilder {
    Database::builder()
        .model::<Customer>()
        .model::<Order>()
        .model::<Address>()
}
