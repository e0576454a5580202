//! Languages, regions, and the versions of the game.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{Location, PokemonSpecies};

/// A language that names are given in.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "languages", has_many(names: LanguageName, via = language))]
pub struct Language {
    #[model(primary_key)]
    pub id: u32,
    pub iso639: String,
    pub iso3166: String,
    pub identifier: String,
    pub official: u32,
    pub order: u32,
}

/// The name of one language in another: two relations to one model.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "language_names", primary_key(language_id, local_language_id))]
pub struct LanguageName {
    #[model(belongs_to(Language))]
    pub language_id: u32,
    #[model(belongs_to(Language))]
    pub local_language_id: u32,
    pub name: String,
}

/// A part of the world.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "regions", has_many(locations: Location))]
pub struct Region {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
}

/// A generation of games.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "generations", has_many(version_groups: VersionGroup), has_many(species: PokemonSpecies))]
pub struct Generation {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(Region))]
    pub main_region_id: u32,
    pub identifier: String,
}

/// Versions that share their data.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "version_groups", has_many(versions: Version))]
pub struct VersionGroup {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    #[model(belongs_to(Generation))]
    pub generation_id: u32,
    pub order: u32,
}

/// A region appears in a version group.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "version_group_regions", primary_key(version_group_id, region_id))]
pub struct VersionGroupRegion {
    #[model(belongs_to(VersionGroup))]
    pub version_group_id: u32,
    #[model(belongs_to(Region))]
    pub region_id: u32,
}

/// One game that was sold.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "versions")]
pub struct Version {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(VersionGroup))]
    pub version_group_id: u32,
    pub identifier: String,
}

/// A numbered list of species.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "pokedexes")]
pub struct Pokedex {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(Region))]
    pub region_id: Option<u32>,
    pub identifier: String,
    pub is_main_series: u32,
}
