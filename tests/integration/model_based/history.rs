//! Undo and redo in the naive store: copies of all that there was.

use super::naive::Naive;

/// The states to go back to and on to; the last of each is the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    limit: usize,
    undo: Vec<Naive>,
    redo: Vec<Naive>,
}

impl Naive {
    /// Notes a statement or a transaction that has ended, from the state before it.
    pub(crate) fn remember(&mut self, before: &Naive) {
        if self.open.is_some() || self.changes == before.changes || self.history.limit == 0 {
            return;
        }
        self.history.undo.push(before.without_history());
        self.history.redo.clear();
        self.shorten();
    }

    pub(crate) fn keep_history(&mut self, limit: usize) {
        self.history.limit = limit;
        self.shorten();
        // What is ahead of the present counts too, the nearest first.
        let kept = limit - self.history.undo.len();
        let over = self.history.redo.len().saturating_sub(kept);
        self.history.redo.drain(..over);
    }

    fn shorten(&mut self) {
        let over = self.history.undo.len().saturating_sub(self.history.limit);
        self.history.undo.drain(..over);
    }

    /// Goes back to before the latest step. Whether there was one.
    pub(crate) fn undo(&mut self) -> bool {
        let Some(to) = self.history.undo.pop() else { return false };
        let from = self.step_to(to);
        self.history.redo.push(from);
        true
    }

    /// Goes on to after the step that was undone last. Whether there was one.
    pub(crate) fn redo(&mut self) -> bool {
        let Some(to) = self.history.redo.pop() else { return false };
        let from = self.step_to(to);
        self.history.undo.push(from);
        true
    }

    /// Goes to another state; gives the present one. It is no change: the history does not remember it.
    fn step_to(&mut self, to: Naive) -> Naive {
        let from = self.without_history();
        let history = std::mem::take(&mut self.history);
        self.roll_back(to);
        (self.history, self.changes) = (history, from.changes);
        from
    }

    /// A history is not saved.
    pub(crate) fn forget_history(&mut self) {
        self.history = History { limit: self.history.limit, ..History::default() };
    }

    /// How many steps can be undone, and how many redone.
    pub(crate) fn steps(&self) -> (usize, usize) {
        (self.history.undo.len(), self.history.redo.len())
    }

    pub(crate) fn history_limit(&self) -> usize {
        self.history.limit
    }

    fn without_history(&self) -> Naive {
        let mut copy = self.clone();
        copy.history = History::default();
        copy
    }
}
