//! The same random operations on relata and on SQLite, compared after each.
//!
//! Statements of one row and of many, cascades, transactions with savepoints, refused commits and stale ids, on small
//! tables of several schemas ([`scenarios`]). SQLite's tables are written from relata's own schema ([`sqlite`]), where
//! the two mean different things the mapping says so. Everything follows from one seed: a divergence is reported with
//! the operations that lead to it, from an empty database on.
//!
//! Not responsible for what SQLite does not have: the order of children, ids that never come back, snapshots.

pub mod random;
pub mod scenarios;
pub mod sqlite;
pub mod store;
pub mod value;
mod walk;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use random::Random;
use scenarios::{SCENARIOS, Scenario};
use walk::Walk;

/// How many operations are taken before both stores start empty again: few enough to be read through.
const WALK_OPERATIONS: usize = 40;

/// An operation on which the stores disagree.
#[derive(Debug)]
pub struct Divergence {
    /// The scenario's name.
    pub scenario: &'static str,
    /// What differs.
    pub what: String,
    /// Everything that was done since both stores were empty.
    pub trace: Vec<String>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:", self.scenario)?;
        self.trace.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
        f.write_str(&self.what)
    }
}

/// Takes `operations` operations that follow from `seed`, the scenarios in turn, on as many threads as there are
/// processors. Gives the divergences, at most one a walk, in the order of the walks.
pub fn run(operations: usize, seed: u64) -> Vec<Divergence> {
    let walks = operations.div_ceil(WALK_OPERATIONS);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(walks.max(1));
    let mut found: Vec<(usize, Divergence)> = std::thread::scope(|scope| {
        let share = |first: usize| {
            move || -> Vec<(usize, Divergence)> {
                let own = (first..walks).step_by(threads);
                let length = |walk| WALK_OPERATIONS.min(operations - walk * WALK_OPERATIONS);
                own.filter_map(|walk| Some((walk, run_walk(walk, length(walk), seed).err()?))).collect()
            }
        };
        let threads: Vec<_> = (0..threads).map(|first| scope.spawn(share(first))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a walk does not panic")).collect()
    });
    found.sort_by_key(|(walk, _)| *walk);
    found.into_iter().map(|(_, divergence)| divergence).collect()
}

fn run_walk(number: usize, operations: usize, seed: u64) -> Result<(), Divergence> {
    let scenario: &Scenario = &SCENARIOS[number % SCENARIOS.len()];
    let mut walk = Walk::new(scenario, Random::new(seed.wrapping_add(number as u64)).next_u64());
    let outcome = catch_unwind(AssertUnwindSafe(|| walk.run(operations)));
    let outcome = outcome.unwrap_or_else(|_| Err("a panic, as written above".to_owned()));
    outcome.map_err(|what| Divergence { scenario: scenario.name, what, trace: walk.trace })
}
