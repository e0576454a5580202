//! The queue between a database and the receiver of a subscription.
//!
//! # Invariants
//! 1. Both ends hold the lock for a few instructions, and run no user code under it: a commit may carry rows, and
//!    whoever drops the last of them does so without the lock.
//! 2. Any number of threads may receive; each commit goes to one of them.

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Commit, Overflow};

/// The receiving end of a subscription. Dropping it unsubscribes.
///
/// Made by [`Database::subscribe`](crate::Database::subscribe); it can go to another thread, and several threads can
/// share it: each commit goes to one of them. The methods are those of [`std::sync::mpsc::Receiver`]. It ends
/// (`Disconnected`) when the database is dropped, or replaced by another, and, by [`Overflow::Close`], when its
/// receiver has fallen behind; [`Subscription::missed`] tells which.
#[derive(Debug)]
pub struct Subscription {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct State {
    commits: VecDeque<Commit>,
    /// How many the receiver has taken.
    received: u64,
    /// How many found no room.
    missed: u64,
    /// Whether no more will come.
    is_closed: bool,
    /// Whether nobody will take any more.
    is_left: bool,
}

impl State {
    fn take(&mut self) -> Option<Commit> {
        let commit = self.commits.pop_front()?;
        self.received += 1;
        Some(commit)
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// Waits for the next commit. Who holds the database while waiting, by a guard, waits for ever.
    pub fn recv(&self) -> Result<Commit, RecvError> {
        let nothing = |state: &mut State| state.commits.is_empty() && !state.is_closed;
        let state = self.queue.ready.wait_while(self.queue.lock(), nothing);
        state.unwrap_or_else(PoisonError::into_inner).take().ok_or(RecvError)
    }

    /// The next commit, if one is there.
    pub fn try_recv(&self) -> Result<Commit, TryRecvError> {
        let mut state = self.queue.lock();
        let nothing = if state.is_closed { TryRecvError::Disconnected } else { TryRecvError::Empty };
        state.take().ok_or(nothing)
    }

    /// Waits for the next commit no longer than this.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Commit, RecvTimeoutError> {
        let nothing = |state: &mut State| state.commits.is_empty() && !state.is_closed;
        let state = self.queue.ready.wait_timeout_while(self.queue.lock(), timeout, nothing);
        let (mut state, _) = state.unwrap_or_else(PoisonError::into_inner);
        let nothing = if state.is_closed { RecvTimeoutError::Disconnected } else { RecvTimeoutError::Timeout };
        state.take().ok_or(nothing)
    }

    /// The commits that come, waiting for each, until the subscription ends.
    pub fn iter(&self) -> impl Iterator<Item = Commit> {
        std::iter::from_fn(|| self.recv().ok())
    }

    /// The commits that are there.
    pub fn try_iter(&self) -> impl Iterator<Item = Commit> {
        std::iter::from_fn(|| self.try_recv().ok())
    }

    /// How many commits have found no room since it began; with [`Overflow::Close`] not 0 means that it was closed.
    pub fn missed(&self) -> u64 {
        self.queue.lock().missed
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.is_left = true;
        let commits = mem::take(&mut state.commits);
        drop(state);
        drop(commits);
    }
}

/// The sending end.
#[derive(Debug)]
pub(super) struct Sender {
    queue: Arc<Queue>,
    capacity: usize,
    overflow: Overflow,
    sent: u64,
    /// How many commits were dropped since the last that was sent.
    missed: u64,
}

/// A queue with room for one commit at least.
pub(super) fn queue(capacity: usize, overflow: Overflow) -> (Sender, Subscription) {
    let queue = Arc::<Queue>::default();
    let sender = Sender { queue: Arc::clone(&queue), capacity: capacity.max(1), overflow, sent: 0, missed: 0 };
    (sender, Subscription { queue })
}

impl Sender {
    /// Whether somebody will receive.
    pub(super) fn is_there(&self) -> bool {
        !self.queue.lock().is_left
    }

    /// How many commits the receiver has taken.
    pub(super) fn received(&self) -> u64 {
        self.queue.lock().received
    }

    /// How many commits were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Sends a commit, and says whether the subscription goes on.
    pub(super) fn send(&mut self, mut commit: Commit) -> bool {
        let mut state = self.queue.lock();
        if state.is_left {
            return false;
        }
        if state.commits.len() >= self.capacity {
            state.missed += 1;
            self.missed += 1;
            return self.overflow == Overflow::Drop;
        }
        commit.missed = mem::take(&mut self.missed);
        state.commits.push_back(commit);
        self.sent += 1;
        drop(state);
        self.queue.ready.notify_one();
        true
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.ready.notify_all();
    }
}
