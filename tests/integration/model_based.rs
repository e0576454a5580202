//! The whole store against a naive one that is nothing but rows in vectors, over random histories.
//!
//! A history is a sequence of steps: statements, transactions of steps, nested, steps back and forth in what was done, and
//! steps between several databases that are clones of one. The naive store takes each step and notes what must come of it; the database takes the same step, must accept or refuse it for the same reason, and
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
mod worlds;

use command::Entry;
use naive::Naive;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use spec::Ids;
use step::Step;
use worlds::{Saving, World, WorldStep};

/// How deep transactions nest.
const DEPTH: u32 = 3;
/// How many steps a history has.
const STEPS: std::ops::Range<usize> = 1..80;

/// The naive store and those of the other worlds, and what it has noted of the last step.
#[derive(Debug, Clone, Default)]
struct Reference {
    store: Naive,
    others: Vec<Naive>,
    trace: Vec<Entry>,
}

#[derive(Debug, Clone)]
enum Transition {
    Step(Step),
    World(WorldStep),
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Self> {
        let mut state = Self::default();
        state.store.take(&step::founding(0, 0, false), &mut state.trace);
        state.store.take(&step::founding(1, 1, true), &mut state.trace);
        state.store.take(&step::history(4), &mut state.trace);
        Just(state).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Transition> {
        let step = step::step(DEPTH).prop_map(Transition::Step);
        prop_oneof![7 => step, 1 => worlds::world_step().prop_map(Transition::World)].boxed()
    }

    fn apply(mut state: Self, transition: &Transition) -> Self {
        state.trace.clear();
        match transition {
            Transition::Step(step) => state.store.take(step, &mut state.trace),
            Transition::World(step) => worlds::take(*step, &mut state.store, &mut state.others, Naive::clone),
        }
        state
    }
}

/// The databases.
struct Tested {
    present: World,
    others: Vec<World>,
    /// What the present one was after the last step.
    store: Naive,
    saving: Option<Saving>,
}

impl Tested {
    fn replay(&mut self, reference: &Reference) {
        let World { db, ids } = &mut self.present;
        run::replay(db, ids, &self.store, &mut reference.trace.iter());
        self.store = reference.store.clone();
    }

    fn take(&mut self, step: WorldStep, reference: &Reference) {
        if let WorldStep::Save(n) = step {
            self.end_save();
            let saved = self.others.iter().chain([&self.present]).nth(usize::from(n) % (self.others.len() + 1));
            self.saving = saved.map(|world| Saving::begin(&world.db));
        }
        worlds::take(step, &mut self.present, &mut self.others, World::try_clone);
        self.store = reference.store.clone();
        self.verify(reference);
    }

    fn end_save(&mut self) {
        if let Some(saving) = self.saving.take() {
            saving.end();
        }
    }

    fn verify(&self, reference: &Reference) {
        self.present.verify(&reference.store);
        assert_eq!(self.others.len(), reference.others.len());
        self.others.iter().zip(&reference.others).for_each(|(world, store)| world.verify(store));
    }
}

impl StateMachineTest for Tested {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(reference: &Reference) -> Self {
        let present = World { db: schema::builder().build().unwrap(), ids: Ids::default() };
        let mut tested = Tested { present, others: Vec::new(), store: Naive::default(), saving: None };
        tested.replay(reference);
        tested
    }

    fn apply(mut tested: Self, reference: &Reference, transition: Transition) -> Self {
        match transition {
            Transition::Step(_) => tested.replay(reference),
            Transition::World(step) => tested.take(step, reference),
        }
        tested
    }

    fn teardown(mut tested: Self, reference: Reference) {
        tested.verify(&reference);
        tested.end_save();
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
