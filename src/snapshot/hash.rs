//! The hash of the whole state: what two machines compare to know that they are in step.
//!
//! It is taken over the sections of a snapshot in their order, so that whatever becomes part of the state by being saved
//! is part of the hash. `docs/format.md` defines it.

use xxhash_rust::xxh3::Xxh3;

use super::format::Kind;
use super::save::{Care, Items, Saving};
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
    /// It is as exact as the bytes of the rows: `-0.0` and `0.0` differ, and a hash map inside a row has an order of its own.
    ///
    /// O(slots ever used): each row is encoded once, where a save does it twice. The errors are [`Error::TransactionOpen`] and
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
    let contents = Saving::contents(store);
    let mut hashing = Hashing { hasher: Xxh3::new(), length: 0 };
    for (kind, table) in Kind::all(store.tables.len()) {
        if kind != Kind::Schema {
            contents.items(kind, table, Care::Quick, &mut hashing)?;
            hashing.end_section();
        }
    }
    Ok(hashing.hasher.digest())
}

/// Takes items in as they come, and after each section its length, so that no two contents run together.
struct Hashing {
    hasher: Xxh3,
    /// Of the section so far, in bytes.
    length: u64,
}

impl Items for Hashing {
    type Error = Error;

    fn item(&mut self, item: &[u8]) -> Result<(), Error> {
        self.hasher.update(item);
        self.length += item.len() as u64;
        Ok(())
    }
}

impl Hashing {
    fn end_section(&mut self) {
        self.hasher.update(&self.length.to_le_bytes());
        self.length = 0;
    }
}
