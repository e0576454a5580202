//! The hash of the whole state: what two machines compare to know that they are in step.
//!
//! It is taken over the sections of a snapshot in their order, so that whatever becomes part of the state by being saved
//! is part of the hash. `docs/format.md` defines it.

use xxhash_rust::xxh3::Xxh3;

use super::blocks::Sections;
use super::save::contents;
use super::sections::Kind;
use crate::database::Database;
use crate::error::Error;
use crate::table::Store;

impl Database {
    /// A number that two databases of the same schema have in common if they are in the same state, on every machine and in
    /// every build, and practically never if not: to find out that a replay or a peer in lockstep has gone astray.
    ///
    /// Of the state are the rows as they are saved, their ids, the ids that come next, reserved ids, the order of
    /// children. So two databases that have run the same operations agree, as do one and its copy that was saved and
    /// loaded; a statement that is refused leaves the hash as it is, one that is rolled back may not: the ids that it gave
    /// out never come back. Not of it are the declarations (the schema has a fingerprint of its own in a file),
    /// subscriptions, and what a history holds; but slots that a history keeps for its rows are out of use, and that is.
    ///
    /// It is as exact as the bytes of the rows: `-0.0` and `0.0` differ. The order of a hash map or set of std or hashbrown
    /// is no state.
    ///
    /// O(slots ever used): each row is encoded once. The errors are [`Error::TransactionOpen`] and
    /// [`Error::NotEncodable`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let empty = || Database::builder().model::<Planet>().build();
    /// let (mut ours, mut theirs) = (empty()?, empty()?);
    /// for db in [&mut ours, &mut theirs] {
    ///     db.insert(Planet { name: "Mars".into() })?;
    /// }
    /// assert_eq!(ours.state_hash()?, theirs.state_hash()?);
    /// theirs.insert(Planet { name: "Venus".into() })?;
    /// assert_ne!(ours.state_hash()?, theirs.state_hash()?);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn state_hash(&self) -> Result<u64, Error> {
        self.expect_no_transaction()?;
        of(&self.store)
    }
}

fn of(store: &Store) -> Result<u64, Error> {
    let mut hashing = Hashing { hasher: Xxh3::new(), length: None };
    contents(store, &mut hashing)?;
    hashing.end_section();
    Ok(hashing.hasher.digest())
}

/// Takes items in as they come, and after each section its length, so that no two contents run together.
struct Hashing {
    hasher: Xxh3,
    /// Of the section so far, in bytes; `None` before the first.
    length: Option<u64>,
}

impl Sections for Hashing {
    type Error = Error;

    fn begin(&mut self, _: Kind, _: usize) -> Result<(), Error> {
        self.end_section();
        self.length = Some(0);
        Ok(())
    }

    fn block(&mut self, _: u32, content: &[u8]) -> Result<(), Error> {
        self.hasher.update(content);
        self.length = self.length.map(|length| length + content.len() as u64);
        Ok(())
    }
}

impl Hashing {
    fn end_section(&mut self) {
        if let Some(length) = self.length {
            self.hasher.update(&length.to_le_bytes());
        }
    }
}
