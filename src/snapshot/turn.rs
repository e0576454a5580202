//! Whose turn it is to save to a path.
//!
//! # Invariants
//! 1. Saves of this process to one path are made one after the other, in the order in which their turns were taken. So an
//!    older state never replaces a newer one, whichever of the two is written faster.
//!
//! Not responsible for other processes, nor for other spellings of a path than those that differ in the current folder:
//! `file` keeps the file whole in any case.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The numbers of the saves that are being made or wait, by path.
struct Turns {
    next: u64,
    queues: BTreeMap<PathBuf, VecDeque<u64>>,
}

static TURNS: Mutex<Turns> = Mutex::new(Turns { next: 0, queues: BTreeMap::new() });
static ENDED: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, Turns> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place in the queue of a path, given up when it is dropped.
pub(super) struct Turn {
    path: PathBuf,
    number: u64,
}

impl Turn {
    /// The place behind all that were taken before.
    pub(super) fn take(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut turns = lock();
        let number = turns.next;
        turns.next += 1;
        turns.queues.entry(path.clone()).or_default().push_back(number);
        Turn { path, number }
    }

    /// Waits until those before have ended.
    pub(super) fn wait(&self) {
        let is_first = |turns: &Turns| turns.queues.get(&self.path).is_none_or(|queue| queue[0] == self.number);
        let turns = ENDED.wait_while(lock(), |turns| !is_first(turns));
        drop(turns.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = lock();
        if let Some(queue) = turns.queues.get_mut(&self.path) {
            queue.retain(|number| *number != self.number);
            if queue.is_empty() {
                turns.queues.remove(&self.path);
            }
        }
        ENDED.notify_all();
    }
}
