//! Random walks over two databases with the same rows, one without an index, one with all of them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use relata::Database;

use super::answers::{Cursors, Spec};
use super::rows::{Random, World};
use super::schema::{declared, plain};
use super::writes::Write;

/// Both databases, what has been asked last, and how often things have happened.
struct Walk {
    random: Random,
    unchecked: bool,
    plain: Database,
    declared: Database,
    last: String,
    seen: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    asked: usize,
    found: usize,
    accepted: usize,
    refused: usize,
    undone: usize,
    loaded: usize,
    pages: usize,
    /// With indexes.
    plans: BTreeMap<String, usize>,
}

/// Both databases have the same rows and the same faults.
fn compare(plain: &Database, declared: &Database, unchecked: bool) -> World {
    let world = plain::world(plain);
    assert_eq!(format!("{world:?}"), format!("{:?}", declared::world(declared)));
    let faults = |db: &Database| {
        format!("{:?}", db.check().map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>()))
    };
    assert_eq!(faults(plain), faults(declared));
    assert!(unchecked || plain.check().is_ok(), "{}", faults(plain));
    world
}

fn ask(plain: &Database, declared: &Database, world: &World, random: &mut Random, last: &mut String, seen: &mut Seen) {
    let spec = Spec::any(random, world);
    *last = format!("{spec:?}");
    let expected = spec.answers(world);
    seen.asked += 1;
    for plan in [plain::plan(plain, &spec), declared::plan(declared, &spec)] {
        *seen.plans.entry(plan).or_default() += 1;
    }
    seen.found += usize::from(expected.exists);
    assert_eq!(plain::answers(plain, &spec), expected, "without indexes");
    assert_eq!(declared::answers(declared, &spec), expected, "with indexes");

    let condition = random.of_member(world, 2);
    *last = format!("{condition:?}");
    let known = world.of_members(&condition);
    let counted = |wanted: Option<bool>| known.iter().filter(|known| **known == wanted).count();
    let (members, not) = (declared::of_members(&condition), declared::of_members(&condition).not());
    let both = [declared.query().filter(members).count().unwrap(), declared.query().filter(not).count().unwrap()];
    // behaviour Q2: The rows for which it is unknown are those that are in neither.
    assert_eq!(both, [counted(Some(true)), counted(Some(false))]);
    assert_eq!(both[0] + both[1] + counted(None), world.members.len());

    let clubs = random.of_club(world, 2);
    *last = format!("{clubs:?}\n{condition:?}");
    let expected = world.of_club_answers(&clubs, &condition);
    assert_eq!(plain::of_club_answers(plain, &clubs, &condition), expected, "without indexes");
    assert_eq!(declared::of_club_answers(declared, &clubs, &condition), expected, "with indexes");
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.below(2);
        let unchecked = random.once_in(3);
        let (mut plain, mut declared) = (plain::models().build().unwrap(), declared::models().build().unwrap());
        // What is not to be undone takes other ways.
        let history = if random.once_in(2) { 6 } else { 0 };
        for db in [&mut plain, &mut declared] {
            db.keep_history(history).unwrap();
        }
        Walk { random, unchecked, plain, declared, last: String::new(), seen: Seen::default() }
    }

    /// A write on both databases, which end the same way.
    fn write(&mut self, write: &Write) {
        self.last = format!("{write:?}");
        let before = plain::world(&self.plain);
        let outcome = plain::write(&mut self.plain, write);
        if let (Write::DeleteWhere(condition), Ok(_)) = (write, &outcome) {
            let known = before.of_members(condition);
            let left = before.members.iter().zip(known).filter(|(_, known)| *known != Some(true));
            let left: Vec<_> = left.map(|((id, _), _)| *id).collect();
            assert_eq!(left, plain::world(&self.plain).members.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        }
        assert_eq!(declared::write(&mut self.declared, write), outcome);
        match outcome {
            Ok(_) => self.seen.accepted += 1,
            Err(_) => self.seen.refused += 1,
        }
    }

    fn any_write(&mut self) {
        let world = plain::world(&self.plain);
        let write = self.random.write(&world, self.unchecked);
        self.write(&write);
    }

    fn found(&mut self) {
        for _ in 0..self.random.below(8) {
            self.any_club();
        }
        let rows = match self.random.below(8) {
            0 => 0,
            1..4 => 12,
            4..7 => 60,
            _ => 600,
        };
        let world = plain::world(&self.plain);
        let flawed = if self.unchecked { self.random.flawed(&world, rows / 2 + 2) } else { Vec::new() };
        let many = (0..rows).map(|_| self.random.member(&world, usize::MAX / 4)).collect();
        self.write(&Write::InsertMany(many));
        // Codes come twice in a batch now and then.
        for _ in 0..rows.min(60) {
            let row = self.random.member(&world, usize::MAX / 4);
            self.write(&Write::Insert(row));
        }
        if self.unchecked {
            self.write(&Write::Unchecked(flawed));
        }
        for _ in 0..self.random.below(30) {
            let world = plain::world(&self.plain);
            let (club, member) = (self.random.row(&world.clubs, 99), self.random.row(&world.members, 99));
            let write = if self.random.once_in(3) {
                Write::Card(member, self.random.below(4) as i16)
            } else {
                Write::Link(club, member)
            };
            self.write(&write);
        }
    }

    fn any_club(&mut self) {
        let club = self.random.club();
        self.write(&Write::InsertClub(club));
    }

    fn transaction(&mut self) {
        let Walk { random, unchecked, plain, declared, last, seen } = self;
        let deferred = random.once_in(3);
        let mut of_plain = if deferred { plain.begin_deferred() } else { plain.begin() }.unwrap();
        let mut of_declared = if deferred { declared.begin_deferred() } else { declared.begin() }.unwrap();
        for _ in 0..random.below(6) {
            let mut write =
                |plain: &mut relata::Transaction<'_>, declared: &mut relata::Transaction<'_>, random: &mut Random| {
                    let world = plain::world(plain);
                    let write = if random.once_in(12) { Write::Reserve } else { random.write(&world, *unchecked) };
                    *last = format!("{write:?}");
                    let outcome = plain::write_in(plain, &write);
                    assert_eq!(declared::write_in(declared, &write), outcome);
                    seen.accepted += usize::from(outcome.is_ok());
                };
            if random.once_in(4) {
                let (mut one, mut other) = (of_plain.begin(), of_declared.begin());
                for _ in 0..random.below(4) {
                    write(&mut one, &mut other, random);
                }
                if random.once_in(2) {
                    one.rollback();
                    other.rollback();
                } else {
                    let text =
                        |outcome: Result<(), relata::CommitError<'_>>| outcome.map_err(|error| error.to_string());
                    assert_eq!(text(one.commit()), text(other.commit()));
                }
            } else {
                write(&mut of_plain, &mut of_declared, random);
            }
            if random.once_in(3) {
                let world = compare(&of_plain, &of_declared, true);
                ask(&of_plain, &of_declared, &world, random, last, seen);
            }
        }
        if random.once_in(3) {
            of_plain.rollback();
            of_declared.rollback();
        } else {
            let text = |outcome: Result<(), relata::CommitError<'_>>| outcome.map_err(|error| error.to_string());
            assert_eq!(text(of_plain.commit()), text(of_declared.commit()));
        }
    }

    /// Pages, and a write between any two.
    fn pages(&mut self) {
        let world = plain::world(&self.plain);
        let spec = Spec::any(&mut self.random, &world);
        let (mut of_plain, mut of_declared, mut place) = (Cursors(None), Cursors(None), None);
        loop {
            let world = compare(&self.plain, &self.declared, self.unchecked);
            let size = self.random.below(if world.members.len() > 100 { 80 } else { 8 }) + 1;
            self.last = format!("a page of {size} behind {place:?} of {spec:?}");
            let expected = spec.page(&world, &mut place, size);
            assert_eq!(plain::page(&self.plain, &spec, &mut of_plain, size), expected, "without indexes");
            assert_eq!(declared::page(&self.declared, &spec, &mut of_declared, size), expected, "with indexes");
            self.seen.pages += 1;
            if !expected.1 {
                break;
            }
            if self.random.once_in(2) {
                self.any_write();
            }
        }
    }

    fn step(&mut self) {
        match self.random.below(15) {
            0..2 => self.transaction(),
            2 => {
                let outcome = self.plain.undo();
                self.last = format!("undo: {outcome:?}");
                self.seen.undone += usize::from(outcome == Ok(true));
                assert_eq!(self.declared.undo(), outcome);
            }
            3 => {
                let outcome = self.plain.redo();
                self.last = format!("redo: {outcome:?}");
                assert_eq!(self.declared.redo(), outcome);
            }
            4 => {
                self.last = "a clone, and writes on one side".into();
                let (plain, declared) = (self.plain.clone(), self.declared.clone());
                let before = format!("{:?}", plain::world(&plain));
                (0..4).for_each(|_| self.any_write());
                let world = compare(&plain, &declared, self.unchecked);
                assert_eq!(format!("{world:?}"), before);
                ask(&plain, &declared, &world, &mut self.random, &mut self.last, &mut self.seen);
                if self.random.once_in(2) {
                    (self.plain, self.declared) = (plain, declared);
                }
            }
            5 => {
                self.last = "save and load".into();
                let (mut plain, mut declared) = (Vec::new(), Vec::new());
                let outcome = self.plain.save_to(&mut plain).map_err(|error| error.to_string());
                assert_eq!(self.declared.save_to(&mut declared).map_err(|error| error.to_string()), outcome);
                if outcome.is_ok() {
                    // They are no part of the file.
                    self.plain = plain::models().load_from(&declared[..]).unwrap();
                    self.declared = declared::models().load_from(&plain[..]).unwrap();
                    self.seen.loaded += 1;
                }
            }
            6 => self.pages(),
            7 => {
                self.last = "shrink".into();
                self.plain.shrink();
                self.declared.shrink();
            }
            _ => self.any_write(),
        }
        let world = compare(&self.plain, &self.declared, self.unchecked);
        for _ in 0..3 {
            ask(&self.plain, &self.declared, &world, &mut self.random, &mut self.last, &mut self.seen);
        }
    }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |value| value.parse().expect("a number"))
}

/// The ordinary run is always the same one. `RELATA_QUERIES_SEED` asks for another, `RELATA_QUERIES_CASES` for more.
// behaviours Q1, Q2, Q3, Q4, Q5, Q6, Q7, Q8, Q9, Q11, Q12, Q13, Q14, R48 and R50
#[test]
fn queries_give_what_a_naive_look_at_all_rows_gives() {
    let (seed, cases) = (number("RELATA_QUERIES_SEED", 1), number("RELATA_QUERIES_CASES", 80));
    let mut total = Seen::default();
    for seed in seed..seed + cases {
        let mut walk = Walk::new(seed);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            walk.found();
            (0..12).for_each(|_| walk.step());
        }));
        if outcome.is_err() {
            let rows = catch_unwind(AssertUnwindSafe(|| plain::world(&walk.plain)));
            panic!("RELATA_QUERIES_SEED={seed} RELATA_QUERIES_CASES=1\n{}\n{rows:?}", walk.last);
        }
        let Seen { asked, found, accepted, refused, undone, loaded, pages, plans } = walk.seen;
        total.asked += asked;
        total.found += found;
        total.accepted += accepted;
        total.refused += refused;
        total.undone += undone;
        total.loaded += loaded;
        total.pages += pages;
        for (plan, times) in plans {
            *total.plans.entry(plan).or_default() += times;
        }
    }
    let Seen { asked, found, accepted, refused, undone, loaded, pages, ref plans } = total;
    let has = |begin: &str, end: &str| plans.keys().any(|plan| plan.starts_with(begin) && plan.ends_with(end));
    let ways = ["ids", "unique key", "index", "range", "related", "relation", "scan", "scan of columns"];
    let are_all = ways.iter().all(|way| has(way, "tested") && has(way, "sorted")) && has("range", "tested, walked");
    assert!(are_all || cases < 20, "{total:#?}");
    let rare = [refused, undone, loaded, pages].into_iter().min().unwrap_or_default();
    let is_varied = found > asked / 4 && found < asked && accepted > refused && rare as u64 >= cases / 4;
    assert!(is_varied || cases < 20, "{total:?}");
}
