//! A game's world: 64 of the 174 tables, closed over everything that they refer to.

mod items;
mod moves;
mod places;
mod pokemon;
mod species;
mod types;
mod world;

pub use items::*;
pub use moves::*;
pub use places::*;
pub use pokemon::*;
pub use species::*;
pub use types::*;
pub use world::*;

data_set!(PokeApi in "pokeapi": [
    Language, LanguageName, Region, Generation, VersionGroup, VersionGroupRegion, Version, Pokedex,
    MoveDamageClass, Type, TypeEfficacy, Stat, ContestType, Nature, ContestEffect, SuperContestEffect,
    MoveTarget, MoveEffect, Move, ContestCombo, SuperContestCombo, MoveMetaCategory, MoveMetaAilment, MoveMeta,
    MoveFlag, MoveFlagMap, ItemPocket, ItemCategory, ItemFlingEffect, Item, Machine, ItemGameIndex, ItemFlag,
    ItemFlagMap, ItemName, BerryFirmness, Berry, BerryFlavor, EvolutionChain, GrowthRate, PokemonColor,
    PokemonShape, PokemonHabitat, PokemonSpecies, EggGroup, PokemonEggGroup, PokemonDexNumber, Gender,
    EvolutionTrigger, Ability, Pokemon, PokemonAbility, PokemonType, PokemonStat, PokemonForm,
    PokemonFormTrigger, PokemonFormCondition, Location, PokemonEvolution, LocationArea, EncounterMethod,
    LocationAreaEncounterRate, EncounterSlot, Encounter,
]);
