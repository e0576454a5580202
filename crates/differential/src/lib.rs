//! The same random operations on relata and on SQLite, compared after each.
//!
//! Statements of one row and of many, cascades, transactions with savepoints, refused commits and stale ids, on small
//! tables of several schemas ([`scenarios`]). SQLite's tables are written from relata's own schema ([`sqlite`]), where
//! the two mean different things the mapping says so. Everything follows from one seed: a divergence is reported with
//! the operations that lead to it, from an empty database on.
//!
//! Not responsible for what SQLite does not have: the order of children, ids that never come back, snapshots.

pub mod random;
mod rows;
pub mod scenarios;
pub mod sqlite;
pub mod store;
pub mod value;
mod walk;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use random::Random;
use scenarios::{SCENARIOS, Scenario};
use walk::{Counts, Walk};

/// How many operations are taken before both stores start empty again: few enough to be read through.
const WALK_OPERATIONS: usize = 400;

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

/// What a run has found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Where the stores disagree, at most once a walk, in the order of the walks.
    pub divergences: Vec<Divergence>,
    /// Of each kind of operation that can be refused, how many were accepted and how many refused, by both.
    pub counts: BTreeMap<&'static str, (usize, usize)>,
}

/// Takes `operations` operations that follow from `seed`, the scenarios in turn, on as many threads as there are
/// processors.
pub fn run(operations: usize, seed: u64) -> Outcome {
    let walks = operations.div_ceil(WALK_OPERATIONS);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut done: Vec<(usize, Counts, Option<Divergence>)> = std::thread::scope(|scope| {
        let share = |first: usize| {
            move || -> Vec<_> {
                let length = |walk| WALK_OPERATIONS.min(operations - walk * WALK_OPERATIONS);
                (first..walks).step_by(threads).map(|walk| run_walk(walk, length(walk), seed)).collect()
            }
        };
        let threads: Vec<_> = (0..threads).map(|first| scope.spawn(share(first))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("panics of a walk are caught")).collect()
    });
    done.sort_by_key(|(walk, ..)| *walk);
    let mut outcome = Outcome::default();
    for (_, counts, divergence) in done {
        for (kind, (accepted, refused)) in counts {
            let all = outcome.counts.entry(kind).or_default();
            *all = (all.0 + accepted, all.1 + refused);
        }
        outcome.divergences.extend(divergence);
    }
    outcome
}

fn run_walk(number: usize, operations: usize, seed: u64) -> (usize, Counts, Option<Divergence>) {
    let scenario: &Scenario = &SCENARIOS[number % SCENARIOS.len()];
    let mut walk = Walk::new(scenario, Random::new(seed.wrapping_add(number as u64)).next_u64());
    let outcome = catch_unwind(AssertUnwindSafe(|| walk.run(operations)));
    let outcome = outcome.unwrap_or_else(|_| Err("a panic, as written above".to_owned()));
    let diverged = |what| Divergence { scenario: scenario.name, what, trace: walk.trace };
    (number, walk.counts, outcome.err().map(diverged))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store that has lost its rows is found out.
    #[test]
    fn a_difference_is_seen() {
        let scenario = &SCENARIOS[0];
        let mut walk = Walk::new(scenario, 1);
        assert_eq!(walk.run(200), Ok(()));
        let what = walk.compare(&scenario.database()).expect_err("the stores differ");
        assert!(what.contains(" holds\n"), "{what}");
    }

    /// One seed, one run: what is reported can be seen again.
    #[test]
    fn a_run_can_be_repeated() {
        let traces = [7, 7, 8].map(|seed| {
            let mut walk = Walk::new(&SCENARIOS[5], seed);
            walk.run(300).expect("the stores agree");
            walk.trace
        });
        assert_eq!(traces[0], traces[1]);
        assert_ne!(traces[0], traces[2]);
    }
}
