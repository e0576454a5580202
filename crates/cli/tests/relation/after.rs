//! A shop, laid out   as somebody likes it.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

/// Who buys.
#[derive(Model, Clone, Serialize, Deserialize)]
#[model(version = 1)]
#[model(has_many(orders: Order, via = customer))]
#[model(has_one(address: Address))]
#[serde(rename_all = "camelCase")] // as the web has it
pub struct Customer {
    pub name:   String,   // as on the card
    #[model(belongs_to(Country))]
    pub country_id: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
pub struct Order {
    // In cents.
    pub(crate) total: u64, // no comma
    // the end
    #[model(belongs_to)]
    pub(crate) customer_id: Id<Customer>,
    #[model(belongs_to)]
    pub(crate) payer_id: Option<Id<Customer>>,
}

/* nothing to see */
#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(children: Tag, via = parent))] pub struct Tag { label: String, #[model(references_many, name = synonyms)] tag_ids: Vec<Id<Tag>>, #[model(belongs_to)] parent_id: Option<Id<Tag>> }
#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(tags: Tag, through = PostTag))]
pub struct Post { #[model(belongs_to)] pub type_id: Option<Id<Post>> }

#[derive(Model, Clone, Serialize, Deserialize)]
pub struct Address {
    pub street: String,
    #[model(unique, belongs_to)]
    pub owner: Id<Customer>,
    #[model(belongs_to(Country), name = land)]
    pub country: String,
}

pub mod links {
    use super::{Post, Tag};

    #[derive(relata::Model, Clone, serde::Serialize, serde::Deserialize)]
    #[model(unique(post_id, tag_id))]
    pub struct PostTag {
        #[model(belongs_to)]
        pub post_id: relata::Id<Post>,
        #[model(belongs_to)]
        pub tag_id: relata::Id<Tag>,
    }
}
use links::PostTag;

#[derive(Model, Clone, Serialize, Deserialize)]
pub struct Country {
    #[model(primary_key)]
    pub code: String,
}

pub struct NoModel;

fn untouched( ) { let _text = "struct Order { }"; }
