//! Moves, and the contests that they are shown in.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{Generation, Item, MoveDamageClass, Nature, Type, VersionGroup};

/// A kind of contest.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    table = "contest_types",
    has_many(liked_by: Nature, via = likes_flavor),
    has_many(hated_by: Nature, via = hates_flavor),
)]
pub struct ContestType {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// What a move does in a contest.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "contest_effects")]
pub struct ContestEffect {
    #[model(primary_key)]
    pub id: u32,
    pub appeal: u32,
    pub jam: u32,
}

/// What a move does in a super contest.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "super_contest_effects")]
pub struct SuperContestEffect {
    #[model(primary_key)]
    pub id: u32,
    pub appeal: u32,
}

/// What a move is aimed at.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "move_targets")]
pub struct MoveTarget {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// What a move does; the table has a key and nothing else.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "move_effects", has_many(moves: Move))]
pub struct MoveEffect {
    #[model(primary_key)]
    pub id: u32,
}

/// A move.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    table = "moves",
    has_many(combos_begun: ContestCombo, via = first_move),
    has_many(combos_ended: ContestCombo, via = second_move),
    has_many(followed_by: Move, through = ContestCombo, via(first_move, second_move)),
    has_many(follows: Move, through = ContestCombo, via(second_move, first_move)),
    has_one(meta: MoveMeta),
    has_many(flags: MoveFlagMap),
)]
pub struct Move {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    #[model(belongs_to(Generation))]
    pub generation_id: u32,
    #[model(belongs_to(Type))]
    pub type_id: u32,
    pub power: Option<u32>,
    pub pp: Option<u32>,
    pub accuracy: Option<u32>,
    pub priority: i32,
    #[model(belongs_to(MoveTarget))]
    pub target_id: u32,
    #[model(belongs_to(MoveDamageClass))]
    pub damage_class_id: u32,
    #[model(belongs_to(MoveEffect))]
    pub effect_id: Option<u32>,
    pub effect_chance: Option<u32>,
    #[model(belongs_to(ContestType))]
    pub contest_type_id: Option<u32>,
    #[model(belongs_to(ContestEffect))]
    pub contest_effect_id: Option<u32>,
    #[model(belongs_to(SuperContestEffect))]
    pub super_contest_effect_id: Option<u32>,
}

/// A move that does well after another: many moves to many moves.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "contest_combos", primary_key(first_move_id, second_move_id))]
pub struct ContestCombo {
    #[model(belongs_to(Move))]
    pub first_move_id: u32,
    #[model(belongs_to(Move))]
    pub second_move_id: u32,
}

/// The same for super contests.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "super_contest_combos", primary_key(first_move_id, second_move_id))]
pub struct SuperContestCombo {
    #[model(belongs_to(Move))]
    pub first_move_id: u32,
    #[model(belongs_to(Move))]
    pub second_move_id: u32,
}

/// A rough kind of move.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "move_meta_categories")]
pub struct MoveMetaCategory {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// What a move inflicts. Its first key is negative.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "move_meta_ailments")]
pub struct MoveMetaAilment {
    #[model(primary_key)]
    pub id: i32,
    pub identifier: String,
}

/// What else is known of a move: its foreign key is its primary key.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "move_meta")]
pub struct MoveMeta {
    #[model(primary_key, belongs_to(Move))]
    pub move_id: u32,
    #[model(belongs_to(MoveMetaCategory))]
    pub meta_category_id: u32,
    #[model(belongs_to(MoveMetaAilment))]
    pub meta_ailment_id: i32,
    pub min_hits: Option<u32>,
    pub max_hits: Option<u32>,
    pub min_turns: Option<u32>,
    pub max_turns: Option<u32>,
    pub drain: i32,
    pub healing: i32,
    pub crit_rate: u32,
    pub ailment_chance: u32,
    pub flinch_chance: u32,
    pub stat_chance: u32,
}

/// A property that a move has or not.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "move_flags", has_many(moves: MoveFlagMap))]
pub struct MoveFlag {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// A move has a property.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "move_flag_map", primary_key(move_id, move_flag_id))]
pub struct MoveFlagMap {
    #[model(belongs_to(Move))]
    pub move_id: u32,
    #[model(belongs_to(MoveFlag))]
    pub move_flag_id: u32,
}

/// An item that teaches a move, in one version group.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "machines", primary_key(machine_number, version_group_id))]
pub struct Machine {
    pub machine_number: u32,
    #[model(belongs_to(VersionGroup))]
    pub version_group_id: u32,
    #[model(belongs_to(Item))]
    pub item_id: u32,
    #[model(belongs_to(Move))]
    pub move_id: u32,
}
