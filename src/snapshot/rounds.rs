//! Work on the threads of rayon, in rounds whose outcomes are taken in order.
//!
//! While one round is worked on, the thread that asks for it takes the outcomes of the round before. So memory is that of
//! two rounds, and what comes of it does not depend on which thread was first.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

/// A piece of work of a round.
pub(super) struct Piece<I, O> {
    input: I,
    /// Set when the round is done; the payload where the work has panicked.
    outcome: Option<thread::Result<O>>,
}

impl<I, O> Piece<I, O> {
    pub(super) fn new(input: I) -> Self {
        Piece { input, outcome: None }
    }

    pub(super) fn input(&self) -> &I {
        &self.input
    }

    /// The outcome, if the work was done and has one.
    pub(super) fn outcome(&self) -> Option<&O> {
        self.outcome.as_ref()?.as_ref().ok()
    }

    /// Takes the outcome, if the work was done. A panic goes on here, in its turn.
    pub(super) fn take(self) -> (I, Option<O>) {
        let outcome = self.outcome.map(|outcome| outcome.unwrap_or_else(|payload| resume_unwind(payload)));
        (self.input, outcome)
    }
}

/// Does the work of a round, and on this thread something else meanwhile.
pub(super) fn run<I: Send, O: Send, T>(
    round: &mut [Piece<I, O>],
    work: impl Fn(&mut I) -> O + Sync,
    meanwhile: impl FnOnce() -> T,
) -> T {
    let work = &work;
    rayon::in_place_scope(|scope| {
        for piece in round {
            // An input in which something has panicked is not looked at again.
            scope.spawn(move |_| piece.outcome = Some(catch_unwind(AssertUnwindSafe(|| work(&mut piece.input)))));
        }
        meanwhile()
    })
}
