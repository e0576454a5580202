//! Items and berries.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{ContestType, Generation, Language, Type};

/// Where in the bag an item is kept.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "item_pockets", has_many(categories: ItemCategory))]
pub struct ItemPocket {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// A kind of item.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "item_categories", has_many(items: Item))]
pub struct ItemCategory {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(ItemPocket))]
    pub pocket_id: u32,
    pub identifier: String,
}

/// What throwing an item does.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "item_fling_effects")]
pub struct ItemFlingEffect {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// An item.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "items", has_many(game_indices: ItemGameIndex), has_one(berry: Berry))]
pub struct Item {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    #[model(belongs_to(ItemCategory))]
    pub category_id: u32,
    pub cost: u32,
    pub fling_power: Option<u32>,
    #[model(belongs_to(ItemFlingEffect))]
    pub fling_effect_id: Option<u32>,
}

/// The number of an item in a generation. Five pairs are there twice, so that nothing is declared unique.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "item_game_indices")]
pub struct ItemGameIndex {
    #[model(belongs_to(Item))]
    pub item_id: u32,
    #[model(belongs_to(Generation))]
    pub generation_id: u32,
    pub game_index: u32,
}

/// A property that an item has or not.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "item_flags", has_many(items: ItemFlagMap))]
pub struct ItemFlag {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// An item has a property.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "item_flag_map", primary_key(item_id, item_flag_id))]
pub struct ItemFlagMap {
    #[model(belongs_to(Item))]
    pub item_id: u32,
    #[model(belongs_to(ItemFlag))]
    pub item_flag_id: u32,
}

/// The name of an item in a language.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "item_names", primary_key(item_id, local_language_id))]
pub struct ItemName {
    #[model(belongs_to(Item))]
    pub item_id: u32,
    #[model(belongs_to(Language))]
    pub local_language_id: u32,
    pub name: String,
}

/// How hard a berry is.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "berry_firmness")]
pub struct BerryFirmness {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// An item that grows.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "berries")]
pub struct Berry {
    #[model(primary_key)]
    pub id: u32,
    #[model(unique, belongs_to(Item))]
    pub item_id: u32,
    #[model(belongs_to(BerryFirmness))]
    pub firmness_id: Option<u32>,
    pub natural_gift_power: Option<u32>,
    #[model(belongs_to(Type))]
    pub natural_gift_type_id: Option<u32>,
    pub size: Option<u32>,
    pub max_harvest: Option<u32>,
    pub growth_time: Option<u32>,
    pub soil_dryness: Option<u32>,
    pub smoothness: Option<u32>,
}

/// How strongly a berry tastes.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "berry_flavors", primary_key(berry_id, contest_type_id))]
pub struct BerryFlavor {
    #[model(belongs_to(Berry))]
    pub berry_id: u32,
    #[model(belongs_to(ContestType))]
    pub contest_type_id: u32,
    pub flavor: u32,
}
