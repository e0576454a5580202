//! A game that keeps its world in relata: zones, guilds, players, inventories, and items in containers in containers.
//!
//! ```text
//! cargo run --release --example save_game
//! cargo run --release --example save_game -- --keep world.relata   # leaves the file, to be looked into
//! ```
//!
//! Rows are edited in place at the speed of the array; what a row belongs to is checked, so that nothing is ever held by
//! nobody; and after a load everything goes on as if the game had not been saved, down to the ids of rows to come.
#![allow(clippy::print_stdout, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};
use show::{Outcome, heading, thousands};

/// A part of the world. No player is ever without one: it cannot go while someone is in it.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(players: Player))]
struct Zone {
    #[model(unique)]
    name: String,
    wind: f32,
    damage: f32,
}

/// Players who stand together. They go on without it when it is dissolved.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(members: Player))]
struct Guild {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_one(inventory: Inventory))]
struct Player {
    #[model(unique)]
    name: String,
    #[model(belongs_to, on_delete = restrict)]
    zone_id: Id<Zone>,
    #[model(belongs_to, on_delete = set_null)]
    guild_id: Option<Id<Guild>>,
    x: f32,
    speed: f32,
    health: f32,
}

/// What a player carries. A unique key makes the relation one to one; it goes when the player goes.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(items: Item))]
struct Inventory {
    #[model(unique, belongs_to, on_delete = cascade)]
    player_id: Id<Player>,
    coins: u32,
}

/// A thing: in an inventory, in another thing, or lying about. What holds it takes it along.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(contents: Item))]
struct Item {
    name: String,
    #[model(belongs_to, on_delete = cascade)]
    inventory_id: Option<Id<Inventory>>,
    #[model(belongs_to, on_delete = cascade)]
    container_id: Option<Id<Item>>,
    wear: f32,
}

impl Item {
    fn lying_about(name: &str) -> Self {
        Item { name: name.to_owned(), inventory_id: None, container_id: None, wear: 0.0 }
    }

    fn in_inventory(name: &str, inventory: Id<Inventory>) -> Self {
        Item { inventory_id: Some(inventory), ..Item::lying_about(name) }
    }

    fn in_container(name: &str, container: Id<Item>) -> Self {
        Item { container_id: Some(container), ..Item::lying_about(name) }
    }
}

fn main() -> ExitCode {
    show::end(run())
}

fn run() -> Outcome {
    let keep = show::kept_file(std::env::args().skip(1))?;
    let mut world = new_world()?;
    heading("The world");
    print_world(&world)?;

    run_frames(&mut world, 600)?;
    hand_over(&mut world)?;
    destroy_chest(&mut world)?;
    dissolve_guild(&mut world)?;
    refuse(&mut world)?;
    autosave_beside_ticks()?;
    save_load_and_go_on(world, keep)
}

fn builder() -> DatabaseBuilder {
    Database::builder().model::<Zone>().model::<Guild>().model::<Player>().model::<Inventory>().model::<Item>()
}

fn new_world() -> Outcome<Database> {
    let mut world = builder().build()?;
    let meadow = world.insert(Zone { name: "Meadow".into(), wind: 0.5, damage: 0.0 })?;
    let swamp = world.insert(Zone { name: "Swamp".into(), wind: -0.2, damage: 3.0 })?;
    let foxes = world.insert(Guild { name: "Foxes".into() })?;

    let mut inventories = Vec::new();
    for (name, zone_id, guild_id) in [("Ada", meadow, Some(foxes)), ("Brom", swamp, Some(foxes)), ("Cass", swamp, None)]
    {
        let player = Player { name: name.into(), zone_id, guild_id, x: 0.0, speed: 1.0, health: 100.0 };
        let player = world.insert(player)?;
        // Made through its owner: the key is handed in, and a row that comes back with another one is refused.
        let inventory = world.create(player, Player::INVENTORY, |player_id| Inventory { player_id, coins: 10 })?;
        inventories.push(inventory);
    }

    // Six rows that name each other, all or none: the ids are known before the rows are there.
    world.insert_many_with(6, |ids| {
        vec![
            Item::in_inventory("chest", inventories[0]),
            Item::in_container("leather bag", ids[0]),
            Item::in_container("ruby", ids[1]),
            Item::in_container("silver key", ids[1]),
            Item::in_container("rope", ids[0]),
            Item::in_inventory("sword", inventories[1]),
        ]
    })?;
    Ok(world)
}

/// Every player with what they carry, containers opened.
fn print_world(world: &Database) -> Outcome {
    for (id, _) in world.iter::<Player>() {
        let player = world.row(id)?;
        let guild = player.guild()?.map_or("no guild".to_owned(), |guild| guild.name.clone());
        println!("{}, {guild}, {}: {:.0} m, health {:.0}", player.name, player.zone()?.name, player.x, player.health);
        let Some(inventory) = player.inventory() else { continue };
        println!("  {} coins", inventory.coins);
        for item in inventory.items() {
            println!("  {}", item.name);
            print_contents(world, item.id())?;
        }
    }
    Ok(())
}

/// Depth first, on a stack of what is still to be printed.
fn print_contents(world: &Database, container: Id<Item>) -> Outcome {
    let mut stack: Vec<(usize, Id<Item>)> =
        world.children(container, Item::CONTENTS)?.rev().map(|(id, _)| (2, id)).collect();
    while let Some((depth, id)) = stack.pop() {
        println!("{}{}", "  ".repeat(depth), world.get(id)?.name);
        stack.extend(world.children(id, Item::CONTENTS)?.rev().map(|(id, _)| (depth + 1, id)));
    }
    Ok(())
}

/// What runs every frame. Fields that are in no key are lent to be changed in place: no copy, no check, no look-up. Names
/// and foreign keys are lent to be read only, so that no frame can break an index.
fn run_frames(world: &mut Database, frames: u32) -> Outcome {
    heading("Frames: fields edited in place");
    let started = Instant::now();
    for _ in 0..frames {
        step(world, 1.0 / 60.0)?;
    }
    println!("{} frames in {:.2} ms", thousands(&frames), started.elapsed().as_secs_f64() * 1e3);
    for (_, player) in world.iter::<Player>() {
        println!("  {:<5} at {:>5.1} m, health {:>5.1}", player.name, player.x, player.health);
    }
    Ok(())
}

fn step(world: &mut Database, seconds: f32) -> Outcome {
    // One table is changed while another is read.
    let (mut players, zones) = world.split::<(&mut Player, &Zone)>()?;
    for (_, player) in players.iter_mut() {
        let zone = zones.row(*player.zone_id)?;
        *player.x += (*player.speed + zone.wind) * seconds;
        *player.health -= zone.damage * seconds;
    }
    for (_, item) in world.iter_mut::<Item>()? {
        *item.wear += 0.01 * seconds;
    }
    Ok(())
}

/// Changing a key goes through `update`: it is checked, and both owners see it at once.
fn hand_over(world: &mut Database) -> Outcome {
    heading("Brom hides the sword in Ada's leather bag");
    let sword = item_named(world, "sword")?;
    let bag = item_named(world, "leather bag")?;
    world.update(sword, |sword| {
        sword.inventory_id = None;
        sword.container_id = Some(bag);
    })?;
    print_world(world)?;

    let holders = world.related(sword, Item::CONTAINER.recursive())?;
    let holders: Vec<&str> = holders.map(|(_, _, item)| item.name.as_str()).collect();
    println!("the sword is in the {}", holders.join(", in the "));
    assert_eq!(holders, ["leather bag", "chest"]);
    Ok(())
}

/// Deleting a container takes its contents along, however deep. What goes can be asked for before.
fn destroy_chest(world: &mut Database) -> Outcome {
    heading("The chest burns, with all that is in it");
    let chest = item_named(world, "chest")?;
    let plan = world.plan_delete(chest)?;
    println!("the plan: {plan}");
    // Plans and reports span tables: they name rows by table and key, and `id` gives the type back.
    for item in plan.removed.iter().filter_map(|row| row.id::<Item>()) {
        println!("  Item {item}: {}", world.get(item)?.name);
    }
    let deleted = world.delete(chest)?;
    assert_eq!(deleted.removed, plan.removed);
    assert_eq!(world.len::<Item>(), 0);
    println!("{}", world.get(chest).err().ok_or("the chest did not burn")?);
    Ok(())
}

fn dissolve_guild(world: &mut Database) -> Outcome {
    heading("The Foxes are dissolved: their members stay, without a guild");
    let (foxes, _) = world.find(Guild::BY_NAME, "Foxes")?;
    let deleted = world.delete(foxes)?;
    for cleared in &deleted.changed {
        let player = cleared.row.id::<Player>().ok_or("only players have a guild")?;
        println!("  {}.{} is now none: {}", cleared.row, cleared.relation, world.get(player)?.name);
    }
    assert_eq!(deleted.changed.len(), 2);
    assert!(world.iter::<Player>().all(|(_, player)| player.guild_id.is_none()));
    Ok(())
}

fn refuse(world: &mut Database) -> Outcome {
    heading("Refused");
    let (swamp, _) = world.find(Zone::BY_NAME, "Swamp")?;
    let (ada, _) = world.find(Player::BY_NAME, "Ada")?;
    let second = world.create(ada, Player::INVENTORY, |player_id| Inventory { player_id, coins: 0 });
    let refusals = [
        ("to drain the swamp with players in it", world.delete(swamp).err()),
        ("a second inventory for Ada", second.err()),
        ("to send Ada nowhere", world.set(ada, Player::FIELDS.zone_id, Id::null()).err()),
    ];
    for (what, error) in refusals {
        println!("{what}:\n  {}", error.ok_or("it was not refused")?);
    }
    assert_eq!(world.check(), Ok(()));
    Ok(())
}

/// A world is saved while it ticks. The frame that begins the save sets the state aside, a thread does the rest, and the file
/// is of that frame, whatever has changed since.
fn autosave_beside_ticks() -> Outcome {
    heading("An autosave beside the ticks");
    let mut world = new_world()?;
    world.insert_many(vec![Item::lying_about("leaf"); 200_000])?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("autosave.relata");

    let frame = |world: &mut Database| -> Outcome<f64> {
        let started = Instant::now();
        step(world, 1.0 / 60.0)?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    };
    let alone = (0..60).map(|_| frame(&mut world)).collect::<Outcome<Vec<f64>>>()?;
    let as_saved = world.clone();
    let started = Instant::now();
    let save = world.save_in_background(&path)?;
    let begun = started.elapsed().as_secs_f64() * 1e3;
    let mut beside = Vec::new();
    while beside.len() < 60 || !save.is_finished() {
        beside.push(frame(&mut world)?);
        if beside.len() == 20 {
            let (written, rows) = save.progress();
            println!("20 frames on, {} of {} rows are written", thousands(&written), thousands(&rows));
        }
    }
    save.wait()?;
    for (what, mut times) in [("alone", alone), ("beside the save", beside)] {
        times.sort_unstable_by(f64::total_cmp);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{} frames {what}: {median:.2} ms, the longest {longest:.2} ms", times.len());
    }
    println!("beginning the save: {begun:.2} ms");
    assert_same(&as_saved, &builder().load(&path)?);
    println!("the file is the world as it was in that frame");
    Ok(())
}

/// The loaded world is the saved one: the same rows under the same ids, and the same ids for what is yet to come. So a
/// replay, or another player's machine, can go on from the file in lockstep.
fn save_load_and_go_on(mut played_on: Database, keep: Option<PathBuf>) -> Outcome {
    heading("Save, load, and play both on");
    // Boxes come on the first day and go on the second: the slots that are free then are part of what is saved.
    play_a_day(&mut played_on)?;
    play_a_day(&mut played_on)?;
    let folder = tempfile::tempdir()?;
    let path = keep.unwrap_or_else(|| folder.path().join("world.relata"));
    played_on.save(&path)?;
    println!("saved: {} bytes", thousands(&std::fs::metadata(&path)?.len()));

    let mut loaded = builder().load(&path)?;
    assert_same(&played_on, &loaded);
    println!("loaded: the same rows under the same ids");

    for day in 1..=3 {
        let (made, made_too) = (play_a_day(&mut played_on)?, play_a_day(&mut loaded)?);
        assert_eq!(made, made_too);
        assert_same(&played_on, &loaded);
        let ids: Vec<String> = made.iter().map(ToString::to_string).collect();
        println!("day {day}: {} items made, in both with the ids {}", made.len(), ids.join(" "));
    }
    println!("both worlds are still the same, and {} items strong", loaded.len::<Item>());
    Ok(())
}

/// A day: everyone finds two boxes with an arrow in each, and keeps the two boxes that came last. Gives what was made.
/// Which boxes are the oldest is told by the order in which they joined the inventory: that is saved too.
fn play_a_day(world: &mut Database) -> Outcome<Vec<Id<Item>>> {
    step(world, 1.0)?;
    let inventories: Vec<Id<Inventory>> = world.iter::<Inventory>().map(|(id, _)| id).collect();
    let mut made = Vec::new();
    for inventory in inventories {
        for _ in 0..2 {
            let found = world.insert(Item::in_inventory("box", inventory))?;
            made.push(found);
            made.push(world.insert(Item::in_container("arrow", found))?);
        }
        while world.count(inventory, Inventory::ITEMS)? > 2 {
            let oldest = world.children(inventory, Inventory::ITEMS)?.next().ok_or("the inventory is empty")?.0;
            world.delete(oldest)?;
        }
    }
    Ok(made)
}

fn assert_same(left: &Database, right: &Database) {
    fn same_rows<M: Model + PartialEq>(left: &Database, right: &Database) {
        assert!(left.iter::<M>().eq(right.iter::<M>()), "{} differs", M::NAME);
    }
    same_rows::<Zone>(left, right);
    same_rows::<Guild>(left, right);
    same_rows::<Player>(left, right);
    same_rows::<Inventory>(left, right);
    same_rows::<Item>(left, right);
}

/// The first item of this name. Names of items are not unique, so that there is no index to ask.
fn item_named(world: &Database, name: &str) -> Outcome<Id<Item>> {
    let found = world.iter::<Item>().find(|(_, item)| item.name == name);
    Ok(found.ok_or_else(|| format!("there is no {name}"))?.0)
}
