//! Pokemon, their abilities and forms.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{Encounter, Generation, Item, Move, PokemonSpecies, Stat, Type, VersionGroup};

/// Something a pokemon can do without being told.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "abilities", has_many(pokemon: Pokemon, through = PokemonAbility))]
pub struct Ability {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    #[model(belongs_to(Generation))]
    pub generation_id: u32,
    pub is_main_series: u32,
}

/// A variety of a species.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    table = "pokemon",
    has_many(abilities: Ability, through = PokemonAbility),
    has_many(types: PokemonType),
    has_many(forms: PokemonForm),
    has_many(encounters: Encounter),
)]
pub struct Pokemon {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    #[model(belongs_to(PokemonSpecies))]
    pub species_id: Option<u32>,
    pub height: u32,
    pub weight: u32,
    pub base_experience: Option<u32>,
    pub order: Option<u32>,
    pub is_default: u32,
}

/// A pokemon has an ability.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_abilities", primary_key(pokemon_id, slot), unique(pokemon_id, ability_id))]
pub struct PokemonAbility {
    #[model(belongs_to(Pokemon))]
    pub pokemon_id: u32,
    #[model(belongs_to(Ability))]
    pub ability_id: u32,
    pub is_hidden: u32,
    pub slot: u32,
}

/// A pokemon is of a type.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_types", primary_key(pokemon_id, slot))]
pub struct PokemonType {
    #[model(belongs_to(Pokemon))]
    pub pokemon_id: u32,
    #[model(belongs_to(Type))]
    pub type_id: u32,
    pub slot: u32,
}

/// How strong a pokemon is.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_stats", primary_key(pokemon_id, stat_id))]
pub struct PokemonStat {
    #[model(belongs_to(Pokemon))]
    pub pokemon_id: u32,
    #[model(belongs_to(Stat))]
    pub stat_id: u32,
    pub base_stat: u32,
    pub effort: u32,
}

/// How a pokemon can look.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_forms", has_many(conditions: PokemonFormCondition, via = pokemon_form))]
pub struct PokemonForm {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    pub form_identifier: Option<String>,
    #[model(belongs_to(Pokemon))]
    pub pokemon_id: u32,
    #[model(belongs_to(VersionGroup))]
    pub introduced_in_version_group_id: Option<u32>,
    pub is_default: u32,
    pub is_battle_only: u32,
    pub is_mega: u32,
    pub form_order: u32,
    pub order: u32,
}

/// What makes a pokemon change its form.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_form_triggers")]
pub struct PokemonFormTrigger {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// When a pokemon takes a form. The table has no key of its own.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_form_conditions")]
pub struct PokemonFormCondition {
    #[model(belongs_to(PokemonForm))]
    pub pokemon_form_id: u32,
    #[model(belongs_to(PokemonFormTrigger))]
    pub form_trigger_id: u32,
    #[model(belongs_to(Item))]
    pub trigger_item_id: Option<u32>,
    #[model(belongs_to(Ability))]
    pub trigger_ability_id: Option<u32>,
    #[model(belongs_to(Move))]
    pub trigger_move_id: Option<u32>,
    #[model(belongs_to(PokemonForm))]
    pub base_form_id: Option<u32>,
}
