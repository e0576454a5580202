//! A shop, laid out   as somebody likes it.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

/// Who buys.
#[derive(Model, Clone, Serialize, Deserialize)]
#[model(version = 1)]
#[serde(rename_all = "camelCase")] // as the web has it
pub struct Customer {
    pub name:   String,   // as on the card
}

#[derive(Model, Clone, Serialize, Deserialize)]
pub struct Order {
    // In cents.
    pub(crate) total: u64 // no comma
    // the end
}

/* nothing to see */
#[derive(Model, Clone, Serialize, Deserialize)] pub struct Tag { label: String }
#[derive(Model, Clone, Serialize, Deserialize)]
pub struct Post {}

#[derive(Model, Clone, Serialize, Deserialize)]
pub struct Address {
    pub street: String,
    pub owner: Id<Customer>,
    pub country: String,
}

pub mod links {
    use super::{Post, Tag};

    #[derive(relata::Model, Clone, serde::Serialize, serde::Deserialize)]
    #[model(unique(post_id, tag_id))]
    pub struct PostTag {
        #[model(belongs_to)]
        pub post_id: relata::Id<Post>,
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
