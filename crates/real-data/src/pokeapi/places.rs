//! Places, and what is met there.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{Pokemon, Region, Version, VersionGroup};

/// A place.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "locations", has_many(areas: LocationArea))]
pub struct Location {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(Region))]
    pub region_id: Option<u32>,
    pub identifier: String,
}

/// A part of a place.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "location_areas", has_many(encounters: Encounter))]
pub struct LocationArea {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(Location))]
    pub location_id: u32,
    pub game_index: u32,
    pub identifier: Option<String>,
}

/// How one comes to meet a pokemon.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "encounter_methods")]
pub struct EncounterMethod {
    #[model(primary_key)]
    pub id: u32,
    pub identifier: String,
    pub order: String,
}

/// How often one meets anything.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "location_area_encounter_rates", primary_key(location_area_id, encounter_method_id, version_id))]
pub struct LocationAreaEncounterRate {
    #[model(belongs_to(LocationArea))]
    pub location_area_id: u32,
    #[model(belongs_to(EncounterMethod))]
    pub encounter_method_id: u32,
    #[model(belongs_to(Version))]
    pub version_id: u32,
    pub rate: u32,
}

/// How rare an encounter is, in one version group.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "encounter_slots")]
pub struct EncounterSlot {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(VersionGroup))]
    pub version_group_id: u32,
    #[model(belongs_to(EncounterMethod))]
    pub encounter_method_id: u32,
    pub slot: Option<u32>,
    pub rarity: u32,
}

/// What can be met where, in which version: the largest table.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "encounters")]
pub struct Encounter {
    #[model(primary_key)]
    pub id: u32,
    #[model(belongs_to(Version))]
    pub version_id: u32,
    #[model(belongs_to(LocationArea))]
    pub location_area_id: u32,
    #[model(belongs_to(EncounterSlot))]
    pub encounter_slot_id: u32,
    #[model(belongs_to(Pokemon))]
    pub pokemon_id: u32,
    pub min_level: u32,
    pub max_level: u32,
}
