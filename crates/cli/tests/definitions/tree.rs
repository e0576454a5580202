// Written by `relata models` from category.json.
// Primary keys are values here: whoever inserts a row gives its key, also where the source numbers
// its rows by itself.

use relata::{Database, DatabaseBuilder, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(categories: Category))]
#[serde(rename_all = "camelCase")]
pub struct Category {
    #[model(primary_key)]
    pub id: i64,
    pub title: String,
    #[model(belongs_to(Category))]
    pub parent_id: Option<i64>,
}

/// A builder with every model above.
pub fn builder() -> DatabaseBuilder {
    Database::builder().model::<Category>()
}
