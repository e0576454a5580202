//! Snapshots: a whole database as one file, and back.
//!
//! After a load everything goes on as if nothing had been saved: the same ids resolve, the next insertions get the ids
//! that they would have got, children keep the order in which they had joined (behaviour R16). Rows are stored, indexes
//! are not: building them again is what proves every unique and every foreign key of the file.
//!
//! The bytes are described in `docs/format.md`, from which a stranger can write a reader.
//!
//! # Invariants
//! 1. The same state gives the same bytes, so far as the rows do: a hash map inside a row has an order of its own.
//! 2. What cannot be loaded again is not saved, so far as the indexes know; debug builds and
//!    [`Database::check_snapshot`] prove it of every rule and every row.
//! 3. A damaged, foreign or hostile file is an error value, in memory bounded by its length. No part of it reaches a
//!    database that the caller sees.
//!
//! Not responsible for undo history, which is not saved, and for what a `Deserialize` of a user's type lets in: fields
//! that serde skips come back as their defaults, types that nest without bound can be nested deeper than the stack is.

pub(crate) mod codec;
pub(crate) mod rebuild;

mod block;
mod compare;
mod error;
mod file;
mod format;
mod hash;
mod load;
mod save;
#[cfg(test)]
mod tests;
mod whole;

use std::io::{Read, Write};
use std::path::Path;

pub use error::SnapshotError;

use crate::builder::DatabaseBuilder;
use crate::database::Database;
use crate::schema::Schema;
use save::{Care, Saving};

/// What a save proves unasked.
const USUAL_CARE: Care = if cfg!(debug_assertions) { Care::Thorough } else { Care::Quick };

/// Reads what the models of a saved database declared, without having them. O(tables).
///
/// Only the beginning of the source is read; what follows the schema is not looked at.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
/// let mut bytes = Vec::new();
/// Database::builder().model::<Planet>().build()?.save_to(&mut bytes)?;
///
/// let schema = relata::snapshot::read_schema(&bytes[..])?;
/// assert_eq!(schema.tables[0].fields[0].type_name, "String");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_schema(mut source: impl Read) -> Result<Schema, SnapshotError> {
    load::schema(&mut source)
}

impl Database {
    /// Saves the database as a file, in the place of the one that may be there: at every moment the path names the old
    /// file or the new one, whole. O(slots ever used).
    ///
    /// The new file is written beside the old one as `.relata-<number>-<number>.tmp`, brought to the disk and renamed; then
    /// the folder is brought to the disk. Whatever is refused leaves the old file as it was: an id that is reserved and
    /// unfilled, a row that cannot be encoded, a path that names no file, a disk that is full, a sync that fails (which is
    /// not tried again). The one error after which the new file is in place is [`SnapshotError::SavedNotSynced`].
    ///
    /// - Permissions are those of the old file, and until they are set only the owner may read the new one; where there
    ///   was none, those that the process gives its files.
    /// - Owner and group are those of any file that the process makes in that folder, not those of the old file. Access
    ///   lists and other attributes are not carried over.
    /// - A symbolic link stays and the file that it leads to is replaced. Other hard links to the old file keep the old
    ///   content.
    /// - The folder must be readable as well as writable, so that it can be synced: it is opened first, and a save that could
    ///   not be made durable is refused before anything is written. Systems on which folders cannot be synced (Windows)
    ///   do without.
    /// - What a killed save has left of this path is removed by the next one, whose look through the folder is O(names in
    ///   it). A lock on the temporary file tells that its saver lives; on a file system without locks such files stay.
    ///
    /// Debug builds prove what [`Database::check_snapshot`] does.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("planets.relata");
    /// let mut db = Database::builder().model::<Planet>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.save(&path)?;
    ///
    /// let db = Database::builder().model::<Planet>().load(&path)?;
    /// assert_eq!(db.get(mars)?.name, "Mars");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SnapshotError> {
        self.replace_file(path.as_ref(), false)
    }

    /// Saves as [`Database::save`] does, and keeps the file before as `<name>.1`, from where
    /// [`DatabaseBuilder::load_newest`] takes it if the newer one is damaged or lost.
    ///
    /// A file that is not whole is not kept: it is replaced, and the `.1` of before stays. That is found out by reading it, so
    /// the cost is that of [`Database::save`] and one reading of the old file. At every moment both names name a whole
    /// file, if they did before: the old file gets its second name by a link, then the new file takes the first. Where
    /// there are no links the old file is copied. A save that fails or is killed in between leaves the old file under
    /// both names.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("planets.relata");
    /// let mut db = Database::builder().model::<Planet>().build()?;
    /// db.save_keeping_previous(&path)?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.save_keeping_previous(&path)?;
    ///
    /// let before = Database::builder().model::<Planet>().load(folder.path().join("planets.relata.1"))?;
    /// assert!(before.get(mars).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save_keeping_previous(&self, path: impl AsRef<Path>) -> Result<(), SnapshotError> {
        self.replace_file(path.as_ref(), true)
    }

    fn replace_file(&self, path: &Path, keep_previous: bool) -> Result<(), SnapshotError> {
        let saving = Saving::prepare(&self.store, USUAL_CARE)?;
        let is_whole = |mut old, length| whole::check(&mut old, length).is_ok();
        file::replace(path, keep_previous, is_whole, |file| saving.write(file))
    }

    /// Saves the database to a stream, as [`Database::save`] does to a file. The stream is not flushed.
    ///
    /// What cannot be saved is refused before the first byte is written.
    pub fn save_to(&self, mut sink: impl Write) -> Result<(), SnapshotError> {
        Saving::prepare(&self.store, USUAL_CARE)?.write(&mut sink)
    }

    /// Proves that a snapshot of this database can be loaded: that every rule holds, and that each row comes back from
    /// its own bytes. O(slots ever used), some three times the cost of a save.
    ///
    /// A row does not come back where serde attributes make its bytes depend on its values (`skip_serializing_if`,
    /// `flatten`, `untagged`, `tag`): the derive refuses them on a model, but cannot see those of the types inside. Call
    /// this where such rows may come about; debug builds do at every save.
    pub fn check_snapshot(&self) -> Result<(), SnapshotError> {
        Saving::prepare(&self.store, Care::Thorough).map(drop)
    }
}

impl DatabaseBuilder {
    /// How much memory a load may take, in bytes, before it is refused with [`SnapshotError::OverBudget`].
    ///
    /// Counted are slots, indexes and the encoded length of rows. The default is the smaller of 8 times the file and
    /// 4 GiB over it, but at least 64 MiB. Raise it for a table of large rows of which most have been removed, whose
    /// slots take more memory than their part of the file.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Loads a database that [`Database::save`] has saved. O(slots ever used), each key hashed once.
    ///
    /// The models must be those that were saved, in their order; a difference is [`SnapshotError::SchemaMismatch`] with
    /// the table and the field. Actions, inverses and the names that fields have outside are free to differ. Every
    /// unique and every foreign key is proved; one that does not hold is [`SnapshotError::Corrupt`] with the row.
    pub fn load(self, path: impl AsRef<Path>) -> Result<Database, SnapshotError> {
        let path = path.as_ref();
        let (mut file, length) = file::open(path)?;
        self.load_known(&mut file, length).map_err(|error| error.at(path))
    }

    /// Loads the newest whole one of the two files that [`Database::save_keeping_previous`] keeps: the one at the path or,
    /// if that is missing or damaged, `<name>.1`. What was wrong with the first comes with the database of the second.
    ///
    /// Damaged is what cannot be read to its end or contradicts itself: [`SnapshotError::NotASnapshot`],
    /// [`SnapshotError::Truncated`], [`SnapshotError::TrailingBytes`], [`SnapshotError::Checksum`],
    /// [`SnapshotError::Corrupt`], and a failed read. Any other error is that of [`DatabaseBuilder::load`], for it
    /// says something about the program and not about the file: models that do not fit, a later format, a limit, a file
    /// that may not be opened. If the second file gives no database either, [`SnapshotError::NoWholeFile`] tells of both;
    /// if neither is there, the error is that of a missing file.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("planets.relata");
    /// let mut db = Database::builder().model::<Planet>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.save_keeping_previous(&path)?;
    /// db.save_keeping_previous(&path)?;
    /// std::fs::write(&path, b"")?;
    ///
    /// let (db, wrong) = Database::builder().model::<Planet>().load_newest(&path)?;
    /// assert_eq!(db.get(mars)?.name, "Mars");
    /// assert!(wrong.is_some(), "the newer file was damaged");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load_newest(self, path: impl AsRef<Path>) -> Result<(Database, Option<SnapshotError>), SnapshotError> {
        let path = path.as_ref();
        let again = self.again();
        let newest = match self.load(path) {
            Ok(database) => return Ok((database, None)),
            Err(error) if error.is_of_a_file_not_whole() => error,
            Err(error) => return Err(error),
        };
        match file::previous(path).and_then(|previous| again.load(previous)) {
            Ok(database) => Ok((database, Some(newest))),
            Err(previous) if newest.is_missing() && previous.is_missing() => Err(newest),
            Err(previous) => Err(SnapshotError::NoWholeFile {
                path: path.to_owned(),
                newest: Box::new(newest),
                previous: Box::new(previous),
            }),
        }
    }

    /// Loads a database from a stream, which must end with it.
    ///
    /// A stream does not say how long it is, and nothing that a file says of itself is believed: so its bytes are read
    /// whole before they are looked at, up to [`DatabaseBuilder::memory_limit`] if that is set.
    /// [`DatabaseBuilder::load`] holds one block at a time.
    pub fn load_from(self, mut source: impl Read) -> Result<Database, SnapshotError> {
        let mut bytes = Vec::new();
        let limit = self.memory_limit.unwrap_or(u64::MAX);
        if format::read_exactly(&mut source, limit.saturating_add(1), &mut bytes)? > limit {
            return Err(SnapshotError::OverBudget { part: "the stream".to_owned(), limit });
        }
        self.load_known(&mut &bytes[..], bytes.len() as u64)
    }

    fn load_known(self, source: &mut impl Read, length: u64) -> Result<Database, SnapshotError> {
        let memory_limit = self.memory_limit;
        let empty = self.build().map_err(SnapshotError::Models)?;
        load::database(empty, memory_limit, source, length)
    }
}
