//! Types, stats and natures: what a fight is reckoned with.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{ContestType, Generation, Move};

/// Whether a move is physical, special or neither.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "move_damage_classes")]
pub struct MoveDamageClass {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// The type of a move or of a pokemon.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    table = "types",
    has_many(attacks: TypeEfficacy, via = damage_type),
    has_many(defences: TypeEfficacy, via = target_type),
    has_many(moves: Move),
)]
pub struct Type {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    #[model(belongs_to(Generation))]
    pub generation_id: u32,
    #[model(belongs_to(MoveDamageClass))]
    pub damage_class_id: Option<u32>,
}

/// How a type does against another, in per cent.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "type_efficacy", primary_key(damage_type_id, target_type_id))]
pub struct TypeEfficacy {
    #[model(belongs_to(Type))]
    pub damage_type_id: u32,
    #[model(belongs_to(Type))]
    pub target_type_id: u32,
    pub damage_factor: u32,
}

/// A number that a pokemon fights with.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "stats")]
pub struct Stat {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(MoveDamageClass))]
    pub damage_class_id: Option<u32>,
    pub identifier: String,
    pub is_battle_only: u32,
    pub game_index: Option<u32>,
}

/// What a pokemon is like: two relations to stats, two to contest types.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "natures")]
pub struct Nature {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    #[model(belongs_to(Stat))]
    pub decreased_stat_id: u32,
    #[model(belongs_to(Stat))]
    pub increased_stat_id: u32,
    #[model(belongs_to(ContestType))]
    pub hates_flavor_id: u32,
    #[model(belongs_to(ContestType))]
    pub likes_flavor_id: u32,
    pub game_index: u32,
}
