//! What queries cost: how many rows they touch.

use serde::{Deserialize, Serialize};

use crate::index::probes;
use crate::{Database, Id, Model, Predicate};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(scores: Score))]
struct Player {
    #[model(unique)]
    name: String,
    #[model(index)]
    country: Option<u8>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(ordered(level, points))]
struct Score {
    #[model(belongs_to)]
    player_id: Id<Player>,
    #[model(ordered)]
    points: u32,
    #[model(ordered)]
    level: u8,
    #[model(column)]
    seconds: u32,
    other: u32,
}

/// A hundred players, ten of a country; a hundred scores of each, whose points all differ.
fn scores() -> (Database, Vec<Id<Player>>) {
    let mut db = Database::builder().model::<Player>().model::<Score>().build().unwrap();
    let player = |n: u8| Player { name: format!("p{n}"), country: (n < 90).then_some(n / 10) };
    let players = db.insert_many((0..100).map(player).collect::<Vec<_>>()).unwrap();
    let score = |n: u32| Score {
        player_id: players[n as usize % 100],
        points: n.wrapping_mul(7_919) % 10_007,
        level: (n % 4) as u8,
        seconds: n,
        other: n,
    };
    db.insert_many((0..10_000).map(score).collect::<Vec<_>>()).unwrap();
    (db, players)
}

/// How many rows are touched while `read` runs.
fn touched(read: impl FnOnce()) -> usize {
    let before = probes::touched();
    read();
    probes::touched() - before
}

#[test]
fn the_first_of_an_order_touch_no_other_rows() {
    let (db, _) = scores();
    let score = Score::FIELDS;
    // behaviour Q16: "top 10 touches 10 rows"
    let best = || db.query::<Score>().order_by(score.points.desc());
    assert_eq!(touched(|| assert_eq!(best().limit(10).iter().unwrap().count(), 10)), 10);
    assert_eq!(touched(|| assert!(best().first().unwrap().is_some())), 1);
    assert_eq!(touched(|| assert_eq!(best().skip(9_000).limit(10).iter().unwrap().count(), 10)), 10);
    // Ties: 2,500 rows of each level, in slot order though it descends.
    let levels = || db.query::<Score>().order_by(score.level.desc()).skip(2_500).limit(10);
    let read = || assert!(levels().iter().unwrap().all(|(_, score)| score.level == 2));
    assert_eq!(touched(read), 10);
    // Within a level by points, from the index of both.
    let within = || db.query::<Score>().filter(score.level.eq(1)).order_by(score.points.asc()).limit(5);
    assert_eq!(touched(|| assert_eq!(within().iter().unwrap().count(), 5)), 5);
    let pages = touched(|| {
        let (mut after, mut seen) = (None, 0);
        loop {
            let page = best().page(after.as_ref(), 100).unwrap();
            seen += page.rows.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, 10_000);
    });
    // Each page asks for one row more than it gives.
    assert_eq!(pages, 10_000 + 99);
}

#[test]
fn an_index_touches_the_rows_that_it_leads_to() {
    let (db, players) = scores();
    let (score, player) = (Score::FIELDS, Player::FIELDS);
    // behaviour Q17
    let range = || db.query::<Score>().filter(score.points.between(5_000, 5_099));
    let rows = range().ids().unwrap().count();
    assert!((90..=100).contains(&rows));
    assert_eq!(touched(|| assert_eq!(range().iter().unwrap().count(), rows)), rows);
    assert_eq!(touched(|| assert_eq!(range().ids().unwrap().count(), rows)), 0);
    assert_eq!(touched(|| assert_eq!(range().count().unwrap(), rows)), 0);
    let tested = || range().filter(score.other.ge(0));
    assert_eq!(touched(|| assert_eq!(tested().count().unwrap(), rows)), rows);
    let of_country = || db.query::<Player>().filter(player.country.eq(3));
    assert_eq!(touched(|| assert_eq!(of_country().count().unwrap(), 10)), 10);
    let stateless = || db.query::<Player>().filter(player.country.is_null());
    assert_eq!(touched(|| assert_eq!(stateless().count().unwrap(), 10)), 10);
    let named = || db.query::<Player>().filter(player.name.eq("p7"));
    assert_eq!(touched(|| assert!(named().one().unwrap().is_some())), 1);
    let of_player = || db.query::<Score>().filter(score.player_id.eq(players[5]).and(score.other.lt(1_000)));
    assert_eq!(touched(|| assert_eq!(of_player().count().unwrap(), 10)), 100);
    // From the other end: one player by name, then a hundred scores, whose links are asked and not their rows.
    let through = || db.query::<Score>().filter(Score::PLAYER.has(player.name.eq("p5")));
    let rows = touched(|| assert_eq!(through().count().unwrap(), 100));
    assert!(rows <= 100 + 2, "each score asks for its player: {rows}");
}

#[test]
fn columns_are_read_without_their_rows() {
    let (db, _) = scores();
    let score = Score::FIELDS;
    // behaviour Q18
    let fast = || db.query::<Score>().filter(score.seconds.lt(100));
    assert_eq!(touched(|| assert_eq!(fast().count().unwrap(), 100)), 0);
    assert_eq!(touched(|| assert_eq!(fast().sum(score.seconds).unwrap(), 4_950)), 0);
    assert_eq!(touched(|| assert_eq!(db.query::<Score>().sum(score.seconds).unwrap(), 49_995_000)), 0);
    assert_eq!(touched(|| assert_eq!(fast().values(score.seconds).unwrap().count(), 100)), 0);
    let both =
        || db.query::<Score>().filter(Predicate::by(|score: &Score| score.other > 49)).filter(score.seconds.lt(100));
    assert_eq!(touched(|| assert_eq!(both().count().unwrap(), 50)), 100, "the column first, wherever it stands");
    assert_eq!(touched(|| assert_eq!(fast().values(score.other).unwrap().count(), 100)), 100);
}
