//! Species, and how one evolves from another.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{Generation, Item, Location, Move, Pokedex, Pokemon, Region, Type, VersionGroup};

/// Species that evolve from one another.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "evolution_chains", has_many(species: PokemonSpecies))]
pub struct EvolutionChain {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(Item))]
    pub baby_trigger_item_id: Option<u32>,
}

/// How fast a species gains levels.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "growth_rates")]
pub struct GrowthRate {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    pub formula: String,
}

/// The colour of a species.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_colors")]
pub struct PokemonColor {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// The shape of a species.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_shapes")]
pub struct PokemonShape {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// Where a species lives.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_habitats")]
pub struct PokemonHabitat {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// A species. Seventeen of them evolve from a row that comes later.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    table = "pokemon_species",
    has_many(evolves_into: PokemonSpecies),
    has_many(varieties: Pokemon),
    has_many(egg_groups: EggGroup, through = PokemonEggGroup),
)]
pub struct PokemonSpecies {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    #[model(belongs_to(Generation))]
    pub generation_id: Option<u32>,
    #[model(belongs_to(PokemonSpecies))]
    pub evolves_from_species_id: Option<u32>,
    #[model(belongs_to(EvolutionChain))]
    pub evolution_chain_id: Option<u32>,
    #[model(belongs_to(PokemonColor))]
    pub color_id: u32,
    #[model(belongs_to(PokemonShape))]
    pub shape_id: Option<u32>,
    #[model(belongs_to(PokemonHabitat))]
    pub habitat_id: Option<u32>,
    pub gender_rate: i32,
    pub capture_rate: u32,
    pub base_happiness: u32,
    pub is_baby: u32,
    pub hatch_counter: u32,
    pub has_gender_differences: u32,
    #[model(belongs_to(GrowthRate))]
    pub growth_rate_id: u32,
    pub forms_switchable: u32,
    pub is_legendary: u32,
    pub is_mythical: u32,
    pub order: u32,
    pub conquest_order: Option<u32>,
}

/// Species that can breed with each other.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "egg_groups", has_many(species: PokemonSpecies, through = PokemonEggGroup))]
pub struct EggGroup {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// A species is in an egg group.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_egg_groups", primary_key(species_id, egg_group_id))]
pub struct PokemonEggGroup {
    #[model(belongs_to(PokemonSpecies))]
    pub species_id: u32,
    #[model(belongs_to(EggGroup))]
    pub egg_group_id: u32,
}

/// The number of a species in a pokedex.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_dex_numbers", primary_key(species_id, pokedex_id))]
pub struct PokemonDexNumber {
    #[model(belongs_to(PokemonSpecies))]
    pub species_id: u32,
    #[model(belongs_to(Pokedex))]
    pub pokedex_id: u32,
    pub pokedex_number: u32,
}

/// A gender.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "genders")]
pub struct Gender {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// What makes a pokemon evolve.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "evolution_triggers")]
pub struct EvolutionTrigger {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// The conditions under which a species comes about: sixteen relations, three to species, two each to items, moves, types and pokemon.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokemon_evolution")]
pub struct PokemonEvolution {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(PokemonSpecies))]
    pub evolved_species_id: u32,
    #[model(belongs_to(EvolutionTrigger))]
    pub evolution_trigger_id: u32,
    #[model(belongs_to(VersionGroup))]
    pub version_group_id: Option<u32>,
    pub is_default: u32,
    #[model(belongs_to(Item))]
    pub trigger_item_id: Option<u32>,
    pub minimum_level: Option<u32>,
    #[model(belongs_to(Gender))]
    pub gender_id: Option<u32>,
    #[model(belongs_to(Location))]
    pub location_id: Option<u32>,
    #[model(belongs_to(Item))]
    pub held_item_id: Option<u32>,
    pub time_of_day: Option<String>,
    #[model(belongs_to(Move))]
    pub known_move_id: Option<u32>,
    #[model(belongs_to(Type))]
    pub known_move_type_id: Option<u32>,
    pub minimum_happiness: Option<u32>,
    pub minimum_beauty: Option<u32>,
    pub minimum_affection: Option<u32>,
    pub relative_physical_stats: Option<i32>,
    #[model(belongs_to(PokemonSpecies))]
    pub party_species_id: Option<u32>,
    #[model(belongs_to(Type))]
    pub party_type_id: Option<u32>,
    #[model(belongs_to(PokemonSpecies))]
    pub trade_species_id: Option<u32>,
    pub needs_overworld_rain: u32,
    pub turn_upside_down: u32,
    pub needs_multiplayer: u32,
    pub near_special_rock: u32,
    #[model(belongs_to(Region))]
    pub region_id: Option<u32>,
    #[model(belongs_to(Pokemon))]
    pub base_form_id: Option<u32>,
    #[model(belongs_to(Pokemon))]
    pub evolved_form_id: Option<u32>,
    #[model(belongs_to(Move))]
    pub used_move_id: Option<u32>,
    pub minimum_move_count: Option<u32>,
    pub minimum_steps: Option<u32>,
    pub minimum_damage_taken: Option<u32>,
}
