//! A game of islands and bridges, whose second player looks ahead: it tries each move, and each answer to it, on clones of
//! the world, and puts the best one in place.
//!
//! ```text
//! cargo run --release --example lookahead
//! ```
//!
//! Two clans start from a home island each. A turn is one move: build a hut, build a bridge (to a free island, which is the
//! clan's from then on), raid a near island (from one with more huts, whose last hut moves over; a bridge is left behind), or
//! cut a bridge. Islands that are cut off from their home are lost. A world in which only the moves that were made are made, and nothing is tried, is the same in
//! the end, down to the ids of rows to come.
#![allow(clippy::print_stdout, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};
use show::{Outcome, heading, thousands};

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(islands: Island))]
struct Clan {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(huts: Hut), has_many(bridges_from: Bridge, via = from), has_many(bridges_to: Bridge, via = to))]
struct Island {
    #[model(unique)]
    name: String,
    x: i32,
    y: i32,
    is_home: bool,
    #[model(belongs_to, on_delete = set_null)]
    clan_id: Option<Id<Clan>>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Hut {
    #[model(belongs_to, on_delete = cascade)]
    island_id: Id<Island>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(unique(from_id, to_id))]
struct Bridge {
    #[model(belongs_to, on_delete = cascade)]
    from_id: Id<Island>,
    #[model(belongs_to, on_delete = cascade)]
    to_id: Id<Island>,
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Settle(Id<Island>),
    Build(Id<Island>, Id<Island>),
    Raid(Id<Island>, Id<Island>),
    Cut(Id<Bridge>),
}

const ISLANDS: [(&str, i32, i32); 14] = [
    ("Alder", 0, 2),
    ("Birk", 2, 0),
    ("Carr", 2, 2),
    ("Dunes", 2, 4),
    ("Eyot", 4, 1),
    ("Firth", 4, 3),
    ("Gull", 6, 0),
    ("Holm", 6, 2),
    ("Inch", 6, 4),
    ("Jetty", 8, 1),
    ("Kelp", 8, 3),
    ("Lea", 10, 0),
    ("Marram", 10, 4),
    ("Ness", 11, 2),
];
/// How far a bridge can reach, squared.
const REACH: i32 = 8;
const HUTS_MAX: usize = 3;
const TURNS: usize = 12;
/// How many moves ahead each clan looks: the first only at its own.
const DEPTHS: [usize; 2] = [1, 3];

fn main() -> ExitCode {
    show::end(run())
}

fn run() -> Outcome {
    let (mut world, clans) = new_world()?;
    let mut untried = world.clone();
    let started = Instant::now();
    let mut tried = [0; 2];
    heading("The game");
    for turn in 0..TURNS * 2 {
        let me = turn % 2;
        let before = tried[me];
        let Some((_, best, after)) = best(&world, clans, me, DEPTHS[me], &mut tried[me])? else { break };
        let told = tell(&world, best)?;
        let lost = play(&mut untried, clans, me, best)?;
        // The best of the trials is the world from now on.
        world = after;
        let name = &world.get(clans[me])?.name;
        print!("{:>2}. {name} ({} tried): {told}", turn / 2 + 1, thousands(&(tried[me] - before)));
        println!("{}", if lost.is_empty() { String::new() } else { format!("; cut off: {}", lost.join(", ")) });
    }
    heading("The end");
    print_end(&world, clans)?;
    let total = tried[0] + tried[1];
    println!("{} moves were tried on clones, in {:.2} s", thousands(&total), started.elapsed().as_secs_f64());

    // Nothing of what was tried is left: not a row, and not an id.
    assert_eq!(world.state_hash()?, untried.state_hash()?);
    assert_eq!(world.check(), Ok(()));
    let next = untried.insert(Hut { island_id: home(&untried, clans[0])? })?;
    assert_eq!(world.insert(Hut { island_id: home(&world, clans[0])? })?, next);
    println!("a world in which nothing was tried is the same, and its next hut is {next} in both");
    Ok(())
}

fn new_world() -> Outcome<(Database, [Id<Clan>; 2])> {
    let mut world = Database::builder().model::<Clan>().model::<Island>().model::<Hut>().model::<Bridge>().build()?;
    let reeds = world.insert(Clan { name: "Reeds".into() })?;
    let herons = world.insert(Clan { name: "Herons".into() })?;
    for (name, x, y) in ISLANDS {
        let clan_id = [("Alder", reeds), ("Ness", herons)].into_iter().find(|home| home.0 == name).map(|home| home.1);
        let island = world.insert(Island { name: name.into(), x, y, is_home: clan_id.is_some(), clan_id })?;
        if clan_id.is_some() {
            world.insert(Hut { island_id: island })?;
        }
    }
    Ok((world, [reeds, herons]))
}

/// The best move of a clan: what it is worth, and the world after it. The other clan answers by its own best.
fn best(
    world: &Database,
    clans: [Id<Clan>; 2],
    me: usize,
    depth: usize,
    tried: &mut usize,
) -> Outcome<Option<(i64, Move, Database)>> {
    let mut best: Option<(i64, Move, Database)> = None;
    for move_ in moves(world, clans[me])? {
        let mut trial = world.clone();
        play(&mut trial, clans, me, move_)?;
        *tried += 1;
        let answer = if depth > 1 { self::best(&trial, clans, 1 - me, depth - 1, tried)? } else { None };
        let worth = match answer {
            Some((worth, ..)) => -worth,
            None => score(&trial, clans[me])? - score(&trial, clans[1 - me])?,
        };
        if best.as_ref().is_none_or(|(most, ..)| worth > *most) {
            best = Some((worth, move_, trial));
        }
    }
    Ok(best)
}

/// Islands count twice, huts once.
fn score(world: &Database, clan: Id<Clan>) -> Outcome<i64> {
    let mut score = 0;
    for (island, _) in world.children(clan, Clan::ISLANDS)? {
        score += 2 + i64::try_from(world.count(island, Island::HUTS)?)?;
    }
    Ok(score)
}

fn home(world: &Database, clan: Id<Clan>) -> Outcome<Id<Island>> {
    let mut islands = world.children(clan, Clan::ISLANDS)?;
    Ok(islands.find(|(_, island)| island.is_home).ok_or("no clan loses its home")?.0)
}

/// Where the bridges of an island lead.
fn neighbours(world: &Database, island: Id<Island>) -> Outcome<Vec<(Id<Bridge>, Id<Island>)>> {
    let from = world.children(island, Island::BRIDGES_FROM)?.map(|(id, bridge)| (id, bridge.to_id));
    let to = world.children(island, Island::BRIDGES_TO)?.map(|(id, bridge)| (id, bridge.from_id));
    Ok(from.chain(to).collect())
}

/// Every move that a clan can make, in an order that does not depend on how it came about.
fn moves(world: &Database, clan: Id<Clan>) -> Outcome<Vec<Move>> {
    let mut moves = Vec::new();
    for (id, island) in world.iter::<Island>().filter(|(_, island)| island.clan_id == Some(clan)) {
        let huts = world.count(id, Island::HUTS)?;
        if huts < HUTS_MAX {
            moves.push(Move::Settle(id));
        }
        let bridges = neighbours(world, id)?;
        for (other, there) in world.iter::<Island>() {
            let is_linked = bridges.iter().any(|(_, end)| *end == other);
            let is_near = (island.x - there.x).pow(2) + (island.y - there.y).pow(2) <= REACH;
            if !is_near || other == id {
                continue;
            }
            let is_own = there.clan_id == Some(clan);
            if !is_linked && (there.clan_id.is_none() || is_own && other > id) {
                moves.push(Move::Build(id, other));
            }
            if there.clan_id.is_some() && !is_own && !there.is_home && huts > world.count(other, Island::HUTS)? {
                moves.push(Move::Raid(id, other));
            }
        }
        for (bridge, other) in bridges {
            if world.get(other)?.clan_id != Some(clan) {
                moves.push(Move::Cut(bridge));
            }
        }
    }
    Ok(moves)
}

/// Makes a move. Gives the names of the islands that were cut off by it.
fn play(world: &mut Database, clans: [Id<Clan>; 2], me: usize, move_: Move) -> Outcome<Vec<String>> {
    match move_ {
        Move::Settle(island) => drop(world.create(island, Island::HUTS, |island_id| Hut { island_id })?),
        Move::Build(from_id, to_id) => {
            world.insert(Bridge { from_id, to_id })?;
            if world.get(to_id)?.clan_id.is_none() {
                world.relate(to_id, Island::CLAN, clans[me])?;
            }
        }
        Move::Raid(from_id, to_id) => {
            world.delete_all(to_id, Island::HUTS)?;
            world.relate(to_id, Island::CLAN, clans[me])?;
            let last = world.children(from_id, Island::HUTS)?.next_back().ok_or("who raids has more huts than none")?.0;
            world.relate(last, Hut::ISLAND, to_id)?;
            if neighbours(world, to_id)?.iter().all(|(_, other)| *other != from_id) {
                world.insert(Bridge { from_id, to_id })?;
            }
        }
        Move::Cut(bridge) => drop(world.delete(bridge)?),
    }
    let mut lost = Vec::new();
    for clan in clans {
        let mut reached = BTreeSet::from([home(world, clan)?]);
        let mut to_visit: Vec<Id<Island>> = reached.iter().copied().collect();
        while let Some(island) = to_visit.pop() {
            for (_, other) in neighbours(world, island)? {
                if world.get(other)?.clan_id == Some(clan) && reached.insert(other) {
                    to_visit.push(other);
                }
            }
        }
        let islands: Vec<Id<Island>> = world.children(clan, Clan::ISLANDS)?.map(|(id, _)| id).collect();
        for island in islands.into_iter().filter(|island| !reached.contains(island)) {
            world.delete_all(island, Island::HUTS)?;
            world.unrelate(island, Island::CLAN)?;
            lost.push(world.get(island)?.name.clone());
        }
    }
    Ok(lost)
}

/// A move in words, before it is made.
fn tell(world: &Database, move_: Move) -> Outcome<String> {
    let name = |island: Id<Island>| world.get(island).map(|island| &island.name);
    let whose = |island: Id<Island>| world.related(island, Island::CLAN).map(|clan| clan.map(|clan| &clan.name));
    Ok(match move_ {
        Move::Settle(island) => format!("a hut on {}", name(island)?),
        Move::Build(from, to) => {
            let what = whose(to)?.map_or("free until now".to_owned(), |clan| format!("of the {clan}"));
            format!("a bridge from {} to {}, {what}", name(from)?, name(to)?)
        }
        Move::Raid(from, to) => {
            let whose = whose(to)?.map_or("free".to_owned(), |clan| format!("of the {clan}"));
            format!("a raid from {} on {}, {whose}", name(from)?, name(to)?)
        }
        Move::Cut(bridge) => {
            let bridge = world.row(bridge)?;
            format!("the bridge from {} to {} is cut", bridge.from()?.name, bridge.to()?.name)
        }
    })
}

fn print_end(world: &Database, clans: [Id<Clan>; 2]) -> Outcome {
    for clan in clans {
        let islands: Vec<String> = world
            .children(clan, Clan::ISLANDS)?
            .map(|(id, island)| {
                let huts = "^".repeat(world.count(id, Island::HUTS)?);
                Ok(format!("{} {huts}", island.name).trim_end().to_owned())
            })
            .collect::<Outcome<_>>()?;
        println!("{}, {} points: {}", world.get(clan)?.name, score(world, clan)?, islands.join(", "));
    }
    Ok(())
}
