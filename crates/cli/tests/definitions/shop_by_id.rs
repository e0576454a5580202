// Written by `relata models` from models.json.

use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(orders: Order))]
pub struct Customer {
    pub name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub description: Option<String>,
    #[model(belongs_to, name = customer)]
    #[serde(rename = "cust_Id")]
    pub cust_id: Option<Id<Customer>>,
}

/// A builder with every model above.
pub fn builder() -> DatabaseBuilder {
    Database::builder().model::<Customer>().model::<Order>()
}
