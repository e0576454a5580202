//! A fuse in the user's code of a test: after so many calls that go well, one panics.

use std::cell::Cell;

thread_local! {
    /// How many more calls of user code go well before one panics; `None` where none does.
    pub(crate) static FUSE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A call of user code.
pub(crate) fn burn(what: &str) {
    match FUSE.get() {
        Some(0) => {
            FUSE.set(None);
            panic!("{what} panics");
        }
        Some(left) => FUSE.set(Some(left - 1)),
        None => {}
    }
}
