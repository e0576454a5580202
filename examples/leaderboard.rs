//! A game's leaderboard: 100,000 results of 5,000 players, the best of them, of a country, anybody's rank, page by page
//! while results come and go, and the ten best kept live.
//!
//! ```text
//! cargo run --release --example leaderboard
//! ```
//!
//! Each question is printed with its plan: all go along an index, and nothing is tested row by row or sorted. Each answer is
//! compared with that of a loop over all results, so that running this tests it.
#![allow(clippy::print_stdout, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::process::ExitCode;

use relata::{Commit, Database, Explained, Id, Model, Overflow, QueryAccess, Subscription, Watch};
use serde::{Deserialize, Serialize};
use show::{Outcome, heading, thousands};

const PLAYERS: usize = 5_000;
const RESULTS: usize = 100_000;
const COUNTRIES: [&str; 6] = ["BR", "DE", "JP", "KE", "NO", "US"];

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(results: GameResult))]
struct Player {
    #[model(unique)]
    name: String,
}

/// What a player got in one game, for the country that they played for.
///
/// Two indexes: the results by points, and those of each country by points.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(ordered(country, points))]
struct GameResult {
    #[model(belongs_to, on_delete = cascade)]
    player_id: Id<Player>,
    country: String,
    #[model(ordered)]
    points: u32,
}

fn main() -> ExitCode {
    show::end(run())
}

fn run() -> Outcome {
    let mut random = Random(7);
    let mut db = Database::builder().model::<Player>().model::<GameResult>().build()?;
    let players = db.insert_many((0..PLAYERS).map(|n| Player { name: format!("Player {n}") }).collect::<Vec<_>>())?;
    db.insert_many(results(&mut random, &players, RESULTS))?;

    best(&db)?;
    rank(&db)?;
    range(&db)?;
    pages(&mut db, &players)?;
    live(&mut db, &players, &mut random)
}

/// Numbers that are the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % bound
    }
}

/// Results of players at random. High points are rare, and ties are not.
fn results(random: &mut Random, players: &[Id<Player>], count: usize) -> Vec<GameResult> {
    let result = |_| GameResult {
        player_id: players[random.below(players.len())],
        country: COUNTRIES[random.below(COUNTRIES.len())].into(),
        points: (random.below(1_000) * random.below(1_000) / 10) as u32,
    };
    (0..count).map(result).collect()
}

/// The ids of the results that pass, the best first, found by looking at all of them. Of equal ones, the first comes first.
fn naive(db: &Database, passes: impl Fn(&GameResult) -> bool) -> Vec<Id<GameResult>> {
    let mut passing: Vec<_> = db.iter::<GameResult>().filter(|(_, result)| passes(result)).collect();
    // The sort is stable, and rows come in the order of their slots.
    passing.sort_by_key(|(_, result)| Reverse(result.points));
    passing.into_iter().map(|(id, _)| id).collect()
}

/// Prints a plan, which is to go along this index and to test and sort nothing.
fn print_plan(plan: &Explained, fields: &[&'static str]) {
    println!("  plan: {plan}");
    assert_eq!(plan.access, QueryAccess::Range(fields.to_vec()));
    assert!(!plan.tests && !plan.sorts);
}

fn print_results(db: &Database, ids: &[Id<GameResult>]) -> Outcome {
    for (place, id) in (1..).zip(ids) {
        let result = db.row(*id)?;
        println!("  {place:>2}. {} {} {}", thousands(&result.points), result.country, result.player()?.name);
    }
    Ok(())
}

fn best(db: &Database) -> Outcome {
    let result = GameResult::FIELDS;

    heading("The ten best");
    let best = db.query::<GameResult>().order_by(result.points.desc()).limit(10);
    print_plan(&best.explain()?, &["points"]);
    let ids: Vec<_> = best.ids()?.collect();
    print_results(db, &ids)?;
    assert_eq!(ids, naive(db, |_| true)[..10]);

    heading("The ten best of Norway");
    // The index that begins with the country has its results together, by points.
    let best = db.query().filter(result.country.eq("NO")).order_by(result.points.desc()).limit(10);
    print_plan(&best.explain()?, &["country", "points"]);
    let ids: Vec<_> = best.ids()?.collect();
    print_results(db, &ids)?;
    assert_eq!(ids, naive(db, |result| result.country == "NO")[..10]);
    Ok(())
}

fn rank(db: &Database) -> Outcome {
    let result = GameResult::FIELDS;
    heading("The rank of player 1234");
    let (player, _) = db.find(Player::BY_NAME, "Player 1234")?;
    let (_, own) = db.children(player, Player::RESULTS)?.max_by_key(|(_, own)| own.points).ok_or("never played")?;

    // How many are above is a difference of two places in an index: no row is touched.
    let above = db.query().filter(result.points.gt(own.points));
    print_plan(&above.explain()?, &["points"]);
    let rank = above.count()? + 1;
    assert_eq!(rank, naive(db, |other| other.points > own.points).len() + 1);

    let of_country = result.country.eq(own.country.as_str()).and(result.points.gt(own.points));
    let above = db.query().filter(of_country);
    print_plan(&above.explain()?, &["country", "points"]);
    let rank_of_country = above.count()? + 1;
    let is_above = |other: &GameResult| other.country == own.country && other.points > own.points;
    assert_eq!(rank_of_country, naive(db, is_above).len() + 1);

    let (points, country) = (thousands(&own.points), &own.country);
    println!("  {points} points: rank {} of all, {} of {country}", thousands(&rank), thousands(&rank_of_country));
    Ok(())
}

fn range(db: &Database) -> Outcome {
    let result = GameResult::FIELDS;
    heading("From 50,000 to 51,000 points");
    let between = db.query().filter(result.points.between(50_000, 51_000)).order_by(result.points.desc());
    print_plan(&between.explain()?, &["points"]);
    let (count, mean) = (between.clone().count()?, between.clone().avg(result.points)?.ok_or("nobody")?);
    println!("  {} results, {mean:.1} points in the mean", thousands(&count));

    let ids: Vec<_> = between.ids()?.collect();
    let expected = naive(db, |result| (50_000..=51_000).contains(&result.points));
    let sum = expected.iter().map(|id| Ok(u64::from(db.get(*id)?.points))).sum::<Outcome<u64>>()?;
    assert_eq!((count, &ids), (expected.len(), &expected));
    #[expect(clippy::cast_precision_loss, reason = "the sum is far below 2^52")]
    let expected_mean = sum as f64 / expected.len() as f64;
    assert_eq!(mean.to_bits(), expected_mean.to_bits());
    Ok(())
}

/// Somebody reads the board of Kenya page by page. After each page a result comes in at the top; after every other page two
/// are taken back, the last that was read and one that was still to come.
fn pages(db: &mut Database, players: &[Id<Player>]) -> Outcome {
    const SIZE: usize = 500;
    let result = GameResult::FIELDS;
    heading("The board of Kenya, page by page, with writes in between");
    let plan = db.query().filter(result.country.eq("KE")).order_by(result.points.desc()).explain()?;
    print_plan(&plan, &["country", "points"]);

    let at_first = naive(db, |result| result.country == "KE");
    let (mut read, mut after, mut gone) = (Vec::new(), None, BTreeSet::new());
    let mut pages = 0;
    loop {
        let kenya = db.query().filter(result.country.eq("KE")).order_by(result.points.desc());
        let page = kenya.page(after.as_ref(), SIZE)?;
        read.extend(page.rows.iter().map(|(id, _)| *id));
        after = page.next;
        pages += 1;
        if after.is_none() {
            break;
        }
        // In front of the reader. Read by offset, the next page would begin with a result of this one.
        db.insert(GameResult { player_id: players[pages], country: "KE".into(), points: 100_000 })?;
        if pages.is_multiple_of(2) {
            // The place behind the last row stays when the row goes.
            let [last, to_come] = [read[read.len() - 1], at_first[read.len() + gone.len() / 2 + 10]];
            db.delete_many([last, to_come])?;
            gone.extend([last, to_come]);
        }
    }
    let expected: Vec<_> = at_first.iter().copied().filter(|id| !gone.contains(id) || read.contains(id)).collect();
    println!("  {} results in {pages} pages, {} taken back meanwhile", thousands(&read.len()), gone.len());
    assert_eq!(read, expected);
    assert_eq!((pages, gone.len()), (at_first.len().div_ceil(SIZE), (pages - 1) / 2 * 2));
    assert_eq!(naive(db, |result| result.country == "KE").len(), at_first.len() + pages - 1 - gone.len());
    Ok(())
}

/// A board as it is shown: the ten best, kept by what the feed tells.
struct Board {
    feed: Subscription,
    /// The best first; of equal ones, the one that comes first in the database.
    best: BTreeSet<(Reverse<u32>, Id<GameResult>)>,
    /// How often the database was asked.
    asked: usize,
}

impl Board {
    const SIZE: usize = 10;

    fn open(db: &mut Database) -> Outcome<Self> {
        let feed = db.subscribe(Watch::table::<GameResult>().with_rows(), 100, Overflow::Close)?;
        let mut board = Board { feed, best: BTreeSet::new(), asked: 0 };
        board.ask(db)?;
        Ok(board)
    }

    fn ask(&mut self, db: &Database) -> Outcome {
        let best = db.query::<GameResult>().order_by(GameResult::FIELDS.points.desc()).limit(Board::SIZE);
        self.best = best.iter()?.map(|(id, result)| (Reverse(result.points), id)).collect();
        self.asked += 1;
        Ok(())
    }

    /// Takes what has happened since. Only where one of the ten has gone, those that come after it are not known.
    fn follow(&mut self, db: &Database) -> Outcome {
        while let Ok(commit) = self.feed.try_recv() {
            if !self.take(&commit) {
                self.ask(db)?;
            }
        }
        Ok(())
    }

    /// Takes one message; `false` where it leaves fewer than ten.
    fn take(&mut self, commit: &Commit) -> bool {
        for (id, before, after) in commit.rows::<GameResult>() {
            let was_shown = before.is_some_and(|before| self.best.remove(&(Reverse(before.points), id)));
            let last = self.best.last().copied();
            if let Some(after) = after {
                // Behind the last of the ten nothing is known.
                let entry = (Reverse(after.points), id);
                if last.is_some_and(|last| entry < last) {
                    self.best.insert(entry);
                }
            }
            if was_shown && self.best.len() < Board::SIZE {
                return false;
            }
            if self.best.len() > Board::SIZE {
                self.best.pop_last();
            }
        }
        true
    }

    fn ids(&self) -> Vec<Id<GameResult>> {
        self.best.iter().map(|(_, id)| *id).collect()
    }
}

fn live(db: &mut Database, players: &[Id<Player>], random: &mut Random) -> Outcome {
    let result = GameResult::FIELDS;
    heading("The ten best, live");
    let mut board = Board::open(db)?;
    let shown = |board: &mut Board, db: &Database, what: &str| -> Outcome {
        let before = board.ids();
        board.follow(db)?;
        let ids = board.ids();
        let changed = ids.iter().filter(|id| !before.contains(id)).count();
        println!("  {what}: {changed} of the ten are new; asked {} times", board.asked);
        assert_eq!(ids, naive(db, |_| true)[..Board::SIZE]);
        Ok(())
    };

    for batch in 1..=3 {
        // A weekend with double points.
        let mut results = results(random, players, 1_000);
        for result in &mut results {
            result.points *= 2;
        }
        db.insert_many(results)?;
        shown(&mut board, db, &format!("batch {batch} of 1,000"))?;
    }
    assert_eq!(board.asked, 1, "what comes in needs no question");

    // The leader has cheated, and goes with all results.
    let (leader, _) = db.query::<GameResult>().order_by(result.points.desc()).first()?.ok_or("nobody")?;
    let cheat = db.related(leader, GameResult::PLAYER)?;
    let name = cheat.name.clone();
    let gone = db.delete_where(Player::FIELDS.name.eq(name.as_str()))?;
    shown(&mut board, db, &format!("{name} goes with {} results", gone.removed.len()))?;
    assert_eq!(board.asked, 2);

    // A referee takes points from all that have more than the highest score.
    let limit = 120_000;
    let fined = db.update_where(result.points.gt(limit), |_, result| result.points = limit)?;
    shown(&mut board, db, &format!("{} results cut to {}", fined.rows, thousands(&limit)))?;
    print_results(db, &board.ids())?;
    assert_eq!(db.check(), Ok(()));
    Ok(())
}
