//! The game's world: evolution, duplicates in the data, two relations to one model, and the largest table.

use std::collections::BTreeMap;

use relata::{Error, Id, Model};
use relata_real_data::pokeapi::{
    ContestCombo, Encounter, Generation, Item, ItemCategory, ItemFlingEffect, ItemPocket, Language, LanguageName,
    Location, LocationArea, Move, PokeApi, Pokemon, PokemonSpecies, Region, Type,
};
use relata_real_data::{DataSet, LoadError, load};
use serde::{Deserialize, Serialize};

use crate::every_set::pokeapi::db;

/// The row that has this identifier, which is unique in the data but not declared so.
fn named<M: Model>(identifier: impl Fn(&M) -> &str, name: &str) -> Id<M> {
    db().iter::<M>().find(|(_, row)| identifier(row) == name).expect("there is one of this name").0
}

// behaviour R26: "Links may carry their own data; the view can return target with link."
#[test]
fn the_link_says_which_ability_is_hidden() -> Result<(), Error> {
    let pikachu = named(|row: &Pokemon| &row.identifier, "pikachu");
    let abilities: Vec<_> = (db().linked(pikachu, Pokemon::ABILITIES)?.with_links())
        .map(|((_, link), (_, ability))| (ability.identifier.as_str(), link.is_hidden == 1))
        .collect();
    assert_eq!(abilities, [("static", false), ("lightning-rod", true)]);
    Ok(())
}

fn species(name: &str) -> Id<PokemonSpecies> {
    named(|row: &PokemonSpecies| &row.identifier, name)
}

#[test]
fn species_evolve_from_earlier_and_from_later_rows() -> Result<(), Error> {
    let ancestors = db().related(species("raichu"), PokemonSpecies::EVOLVES_FROM_SPECIES.recursive())?;
    assert_eq!(ancestors.map(|(_, _, row)| row.identifier.as_str()).collect::<Vec<_>>(), ["pikachu", "pichu"]);
    let eevee = db().row(species("eevee"))?;
    let expected = ["vaporeon", "jolteon", "flareon", "espeon", "umbreon", "leafeon", "glaceon", "sylveon"];
    assert_eq!(eevee.evolves_into().map(|row| row.get().identifier.as_str()).collect::<Vec<_>>(), expected);

    let all: Vec<Id<PokemonSpecies>> = db().iter::<PokemonSpecies>().map(|(id, _)| id).collect();
    let place = |id: &Id<PokemonSpecies>| all.iter().position(|other| other == id);
    let mut from_later_rows = 0;
    let mut by_depth = [0; 3];
    for pair in db().include(&all, PokemonSpecies::EVOLVES_FROM_SPECIES.recursive()) {
        let (id, mut ancestors) = pair?;
        by_depth[ancestors.len()] += 1;
        from_later_rows += usize::from(ancestors.next().is_some_and(|(_, parent, _)| place(&parent) > place(&id)));
    }
    assert_eq!((by_depth, from_later_rows), ([541, 363, 121], 17));
    Ok(())
}

/// The table of `ItemGameIndex`, as its source declares it.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(primary_key(item_id, generation_id))]
struct UniqueItemGameIndex {
    #[model(belongs_to(Item))]
    item_id: u32,
    #[model(belongs_to(Generation))]
    generation_id: u32,
    game_index: u32,
}

// behaviour I20: "Uniqueness: a duplicate is refused with the existing row's id; within one batch too"
#[test]
fn five_duplicates_are_reported_and_nothing_is_stored() -> Result<(), LoadError> {
    let mut db = PokeApi::builder().model::<UniqueItemGameIndex>().build()?;
    let set = PokeApi::FOLDER;
    load::<Region>(&mut db, set, "regions")?;
    load::<Generation>(&mut db, set, "generations")?;
    load::<ItemPocket>(&mut db, set, "item_pockets")?;
    load::<ItemCategory>(&mut db, set, "item_categories")?;
    load::<ItemFlingEffect>(&mut db, set, "item_fling_effects")?;
    load::<Item>(&mut db, set, "items")?;

    let error = load::<UniqueItemGameIndex>(&mut db, set, "item_game_indices").expect_err("it has duplicates");
    let LoadError::Refused { rows: 7296, violations, .. } = error else { panic!("{error}") };
    let message = |line, key, row| {
        format!("line {line}: `UniqueItemGameIndex`: item_id, generation_id = {key} is taken by batch[{row}]")
    };
    let expected = [
        message(323, "(40, 2)", 320),
        message(1398, "(198, 2)", 1395),
        message(1440, "(203, 5)", 1437),
        message(4847, "(844, 7)", 4844),
        message(5038, "(930, 8)", 5035),
    ];
    assert!(violations.iter().map(ToString::to_string).eq(expected), "{violations:?}");
    assert_eq!((db.len::<UniqueItemGameIndex>(), db.check()), (0, Ok(())));
    Ok(())
}

// behaviour R8: "Two relations from one model to the same target ... are distinct relations (by type, not by name)."
#[test]
fn a_language_has_names_and_gives_names() -> Result<(), Error> {
    let german = named(|row: &Language| &row.identifier, "de");
    let names: Vec<(&str, &LanguageName)> = (db().children(german, Language::NAMES)?)
        .map(|(id, name)| Ok((db().related(id, LanguageName::LOCAL_LANGUAGE)?.identifier.as_str(), name)))
        .collect::<Result<_, Error>>()?;
    assert_eq!(names.len(), 9);
    assert!(names.iter().any(|(language, name)| *language == "fr" && name.name == "Allemand"));

    let given: Vec<_> = db().iter::<LanguageName>().filter(|(_, row)| row.local_language_id == 6).collect();
    let ids: Vec<Id<LanguageName>> = given.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), 12);
    for pair in db().include(&ids, (LanguageName::LANGUAGE, LanguageName::LOCAL_LANGUAGE)) {
        let (id, (language, local)) = pair?;
        assert_eq!(local.identifier, "de");
        assert_eq!(language.id, db().get(id)?.language_id);
    }
    Ok(())
}

#[test]
fn combos_keep_their_two_ends_apart() -> Result<(), Error> {
    let combo = |name| named(|row: &Move| &row.identifier, name);
    let after_rain = db().related(combo("rain-dance"), Move::COMBOS_BEGUN.then(ContestCombo::SECOND_MOVE))?;
    let after_rain: Vec<&str> =
        after_rain.map(|next| next.map(|row| row.identifier.as_str())).collect::<Result<_, _>>()?;
    assert_eq!(after_rain.len(), 19);
    assert!(after_rain.contains(&"thunder"));
    assert_eq!(db().count(combo("rain-dance"), Move::COMBOS_ENDED)?, 0);
    assert_eq!(db().count(combo("teleport"), Move::COMBOS_ENDED)?, 4);
    let both = |id: &Id<Move>| {
        db().exists(*id, Move::COMBOS_BEGUN) == Ok(true) && db().exists(*id, Move::COMBOS_ENDED) == Ok(true)
    };
    assert_eq!(db().iter::<Move>().filter(|(id, _)| both(id)).count(), 27);
    // behaviour R27: "A self-through (follower, followee) keeps its two ends apart."
    let followed_by = db().linked(combo("rain-dance"), Move::FOLLOWED_BY)?;
    assert!(followed_by.map(|(_, row)| row.identifier.as_str()).eq(after_rain));
    assert_eq!(db().linked(combo("rain-dance"), Move::FOLLOWS)?.len(), 0);
    let (rain, thunder) = (combo("rain-dance"), combo("thunder"));
    assert!(db().find_link(rain, Move::FOLLOWED_BY, thunder)?.is_some());
    assert!(db().find_link(rain, Move::FOLLOWS, thunder)?.is_none());
    Ok(())
}

// behaviour R12: "Reading when there is none gives `None`."
#[test]
fn a_move_has_one_description_or_none() -> Result<(), Error> {
    let thunderbolt = db().row(named(|row: &Move| &row.identifier, "thunderbolt"))?;
    let meta = thunderbolt.meta().expect("the file describes it");
    assert_eq!((meta.ailment_chance, meta.meta_ailment()?.identifier.as_str()), (10, "paralysis"));
    let dire_claw = db().row(named(|row: &Move| &row.identifier, "dire-claw"))?;
    assert!(dire_claw.meta().is_none());
    Ok(())
}

#[test]
fn types_attack_and_defend() -> Result<(), Error> {
    let named = |name| named(|row: &Type| &row.identifier, name);
    let mut strong = Vec::new();
    for (id, pair) in db().children(named("water"), Type::ATTACKS)? {
        if pair.damage_factor == 200 {
            strong.push(db().row(id)?.target_type()?.identifier.as_str().to_owned());
        }
    }
    assert_eq!(strong, ["ground", "rock", "fire"]);
    let immune = db().row(named("ground"))?.defences().find(|pair| pair.damage_factor == 0).expect("there is one");
    assert_eq!(immune.damage_type()?.identifier, "electric");
    Ok(())
}

// behaviour R31: "Sources that share a target each get it"
#[test]
fn every_encounter_is_in_a_region() -> Result<(), Error> {
    let encounters: Vec<Id<Encounter>> = db().iter::<Encounter>().map(|(id, _)| id).collect();
    let mut regions: BTreeMap<&str, usize> = BTreeMap::new();
    let path = Encounter::LOCATION_AREA.then(LocationArea::LOCATION).then(Location::REGION);
    for pair in db().include(&encounters, path) {
        let (_, region) = pair?;
        *regions.entry(region.map_or("none", |region| &region.identifier)).or_default() += 1;
    }
    let expected = [
        ("alola", 4204),
        ("galar", 47080),
        ("hoenn", 5310),
        ("johto", 14044),
        ("kalos", 2942),
        ("kanto", 17241),
        ("orre", 187),
        ("sinnoh", 13007),
        ("unova", 13080),
    ];
    assert!(regions.into_iter().eq(expected));
    let magikarp = named(|row: &Pokemon| &row.identifier, "magikarp");
    assert_eq!(db().count(magikarp, Pokemon::ENCOUNTERS)?, 4313);
    Ok(())
}
