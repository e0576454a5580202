//! The whole store against a naive one that is nothing but rows in vectors, over random histories.
//!
//! A history is a sequence of steps: statements, transactions of steps, nested, and steps back and forth in what was
//! done. The naive store takes each step
//! and notes what must come of it; the database takes the same step, must accept or refuse it for the same reason, and
//! afterwards everything that can be read of it is compared (behaviours I1 to I20 at once).
//!
//! The ordinary run is always the same one. `RELATA_MODEL_SEED` asks for another, `RELATA_MODEL_CASES` for more:
//!
//! ```text
//! RELATA_MODEL_CASES=100000 RELATA_MODEL_SEED=7 cargo test --release --test integration model_based
//! ```

mod choose;
mod command;
mod history;
mod naive;
mod run;
mod schema;
mod spec;
mod statement;
mod step;
mod through;
mod verify;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use relata::Database;

use command::Entry;
use naive::Naive;
use spec::Ids;
use step::Step;

/// How deep transactions nest.
const DEPTH: u32 = 3;
/// How many steps a history has.
const STEPS: std::ops::Range<usize> = 1..80;

/// The naive store, and what it has noted of the last step.
#[derive(Debug, Clone, Default)]
struct Reference {
    store: Naive,
    trace: Vec<Entry>,
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let mut state = Self::default();
        state.store.take(&step::founding(0, 0, false), &mut state.trace);
        state.store.take(&step::founding(1, 1, true), &mut state.trace);
        state.store.take(&step::history(4), &mut state.trace);
        Just(state).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        step::step(DEPTH)
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.trace.clear();
        state.store.take(step, &mut state.trace);
        state
    }
}

/// The database, and the ids that it has given out.
struct Tested {
    db: Database,
    ids: Ids,
}

impl StateMachineTest for Tested {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(reference: &Reference) -> Self {
        let mut tested = Tested { db: schema::builder().build().unwrap(), ids: Ids::default() };
        run::replay(&mut tested.db, &mut tested.ids, &mut reference.trace.iter());
        tested
    }

    fn apply(mut tested: Self, reference: &Reference, _: Step) -> Self {
        run::replay(&mut tested.db, &mut tested.ids, &mut reference.trace.iter());
        tested
    }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |value| value.parse().expect("a number"))
}

/// Every line of the behaviours that a naive store can show, over random histories.
#[test]
fn the_store_does_what_a_naive_one_does() {
    let (seed, cases) = (number("RELATA_MODEL_SEED", 1), number("RELATA_MODEL_CASES", 150));
    let config = Config {
        cases: cases as u32,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let histories = Reference::sequential_strategy(STEPS);
    let result = TestRunner::new(config.clone()).run(&histories, |(state, steps, seen)| {
        Tested::test_sequential(config.clone(), state, steps, seen);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("RELATA_MODEL_SEED={seed} RELATA_MODEL_CASES={cases}: {failure}");
    }
}
