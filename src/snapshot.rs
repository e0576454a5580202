//! Snapshots: a whole database as one file, and back.
//!
//! After a load everything goes on as if nothing had been saved: the same ids resolve, the next insertions get the ids
//! that they would have got, children keep the order in which they had joined (behaviour R16). Rows are stored, indexes
//! are not: building them again is what proves every unique and every foreign key of the file.
//!
//! Rows are stored with the names of their fields and variants, so that a later program reads them as serde's
//! attributes say. The bytes are described in `docs/format.md`, from which a stranger can write a reader;
//! `docs/files.md` tells what a program can change.
//!
//! # Invariants
//! 1. The same state gives the same bytes.
//! 2. What cannot be loaded again, or would be another state, is not saved: every row is read back and compared.
//! 3. A damaged, foreign or hostile file is an error value, in memory bounded by limits (`memory_limit` tells what they
//!    count). No part of it reaches a database that the caller sees.
//!
//! Not responsible for undo history, which is not saved, and for what a serde form has no place for and `PartialEq` does not
//! see: fields that serde skips come back as their defaults.

pub(crate) mod rebuild;

mod background;
mod blocks;
mod error;
mod file;
mod first;
mod hash;
mod inspect;
#[cfg(feature = "json")]
mod json;
mod load;
mod matching;
mod recover;
mod report;
#[cfg(feature = "rayon")]
mod rounds;
mod save;
mod saver;
mod sections;
mod source;
#[cfg(test)]
mod tests;
mod turn;
mod whole;

use std::io::{Read, Write};
use std::path::Path;

pub use background::BackgroundSave;
pub use error::{SnapshotError, UnsavableRow};
pub use inspect::{Contents, Reader, Rows, SavedRow, TableContents};
#[cfg(feature = "json")]
pub use json::{ImportedRows, RefusedLine};
pub use recover::{RecoveredTable, Recovery, recover};
pub use report::{Dropped, Ignored, LoadReport, Migrated, Renamed, SaveReport};
pub use saver::{Saver, check_row};

use crate::builder::{DatabaseBuilder, LoadChoices};
pub use crate::codec::Value;
use crate::codec::positional;
use crate::database::Database;
use crate::migration::{Migration, MigrationContext, MigrationError};
pub use crate::proof::{Refusal, RefusalCause};
use crate::schema::Schema;
#[cfg(feature = "rayon")]
use crate::table::Threads;

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
/// let schema = relata::snapshot::read_schema_from(&bytes[..])?;
/// assert_eq!(schema.tables[0].fields[0].type_name, "String");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_schema_from(mut source: impl Read) -> Result<Schema, SnapshotError> {
    load::schema(&mut source)
}

/// As [`read_schema_from`], of the file at a path.
pub fn read_schema(path: impl AsRef<Path>) -> Result<Schema, SnapshotError> {
    let path = path.as_ref();
    let (mut file, _) = file::open(path)?;
    load::schema(&mut file).map_err(|error| error.at(path))
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
    /// Each row is read back from its bytes and compared, so that what has been saved without an error can be loaded and
    /// is equal. [`Database::saver`] gives choices.
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
        self.saver().save(path).map(drop)
    }

    /// Saves the database to a stream, as [`Database::save`] does to a file. The stream is not flushed.
    ///
    /// A save that is refused half-way has written a beginning, which no load takes for a snapshot.
    pub fn save_to(&self, sink: impl Write) -> Result<(), SnapshotError> {
        self.saver().save_to(sink).map(drop)
    }
}

impl DatabaseBuilder {
    /// How much memory a load may take, in bytes, before it is refused with [`SnapshotError::OverBudget`].
    ///
    /// Counted are slots, indexes, the encoded length of rows, and each value inside of a row that may lie apart from
    /// it (elements of lists and maps, options, newtypes, structs) by the size of its type. The names of fields and
    /// variants have a limit of their own, 16 MiB of text. While a list grows, its old and its new place count once but
    /// are there together. The default is 64 times the file, at least 256 MiB.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.load.memory_limit = Some(bytes);
        self
    }

    /// How deep lists, maps, structs and variants inside of a row may be nested in a file that is loaded; 128 if nothing is
    /// said. Each level takes room on the stack.
    #[must_use]
    pub fn nesting_limit(mut self, levels: u32) -> Self {
        self.load.nesting = Some(levels);
        self
    }

    /// Leaves out the rows of tables that no model claims; [`LoadReport::dropped`] counts them. Without this a file
    /// that has such a table is refused.
    #[must_use]
    pub fn drop_removed_models(mut self) -> Self {
        self.load.drops_removed = true;
        self
    }

    /// Stores rows that break rules as unchecked ones, as [`Database::insert_many_unchecked`] does;
    /// [`LoadReport::violations`] lists what they break. Without this they are [`SnapshotError::Violations`],
    /// also where they were saved so on demand.
    #[must_use]
    pub fn accept_violations(mut self) -> Self {
        self.load.accepts_violations = true;
        self
    }

    /// Decodes rows on the threads of rayon when a file is loaded. Needs the feature `rayon`.
    ///
    /// The database, the errors and the report are those of a load on one thread; rows of files of format 1, and those
    /// that are migrated, are read on one. In memory are up to 12 blocks of rows for each thread, about 2 MiB. It pays
    /// from some megabytes on.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// # db.insert_many(vec![Planet { name: "Mars".into() }; 10_000])?;
    /// # let mut file = Vec::new();
    /// # db.save_to(&mut file)?;
    /// let db = Database::builder().model::<Planet>().parallel().load_from(&file[..])?;
    /// assert_eq!(db.len::<Planet>(), 10_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "rayon")]
    #[must_use]
    pub fn parallel(mut self) -> Self {
        self.load.threads = Threads::Many;
        self
    }

    /// Registers a function that makes a row of a later struct out of one of an older, whose table has this version in the
    /// file.
    ///
    /// The functions of several versions form a chain by their types: rows of version 0 go from `OrderV0` to `OrderV1`
    /// and from there to `Order`. The old structs need no more than `Deserialize`. A row keeps its id, and so do the
    /// rows that refer to it. A function is called where the version of the table in the file is not that of the model.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] #[model(table = "Planet")]
    /// # struct Old { name: String, radius_miles: u32 }
    /// # let mut before = Database::builder().model::<Old>().build()?;
    /// # before.insert(Old { name: "Mars".into(), radius_miles: 2106 })?;
    /// # let mut file = Vec::new();
    /// # before.save_to(&mut file)?;
    /// #[derive(Deserialize)]
    /// struct PlanetV0 { name: String, radius_miles: u32 }
    ///
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// #[model(version = 1)]
    /// struct Planet { name: String, radius_km: u32 }
    ///
    /// let db = Database::builder()
    ///     .model::<Planet>()
    ///     .migrate::<PlanetV0, Planet>(0, |old, _| Ok(Planet { name: old.name, radius_km: old.radius_miles * 1609 / 1000 }))
    ///     .load_from(&file[..])?;
    /// assert_eq!(db.iter::<Planet>().next().unwrap().1.radius_km, 3388);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn migrate<Old, New>(
        mut self,
        from_version: u32,
        migrate: impl Fn(Old, MigrationContext<'_>) -> Result<New, MigrationError> + Send + Sync + 'static,
    ) -> Self
    where
        Old: serde::de::DeserializeOwned + 'static,
        New: 'static,
    {
        self.load.migrations.push(Migration::new(from_version, migrate));
        self
    }

    /// Loads a database that [`Database::save`] has saved. O(slots ever used), each key hashed once.
    ///
    /// Rows are read as serde's attributes say, tables are found by their names; `docs/files.md` tells what may have
    /// changed since the file was saved. Every unique and every foreign key is proved; where some do not hold the error
    /// lists each of them with its row.
    pub fn load(self, path: impl AsRef<Path>) -> Result<Database, SnapshotError> {
        self.load_with_report(path).map(|(database, _)| database)
    }

    /// As [`DatabaseBuilder::load`], and tells what was met: tables that came, went or were renamed, rows that were migrated,
    /// rules that do not hold.
    pub fn load_with_report(mut self, path: impl AsRef<Path>) -> Result<(Database, LoadReport), SnapshotError> {
        let choices = std::mem::take(&mut self.load);
        self.load_file(path.as_ref(), &choices)
    }

    fn load_file(self, path: &Path, choices: &LoadChoices) -> Result<(Database, LoadReport), SnapshotError> {
        let (mut file, length) = file::open(path)?;
        let empty = self.build().map_err(SnapshotError::Models)?;
        load::database(empty, choices, &mut file, Some(length)).map_err(|error| error.at(path))
    }

    /// Loads the newest whole one of the two files that [`Saver::keep_previous`] keeps: the one at the path or,
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
    /// db.saver().keep_previous().save(&path)?;
    /// db.saver().keep_previous().save(&path)?;
    /// std::fs::write(&path, b"")?;
    ///
    /// let (db, wrong) = Database::builder().model::<Planet>().load_newest(&path)?;
    /// assert_eq!(db.get(mars)?.name, "Mars");
    /// assert!(wrong.is_some(), "the newer file was damaged");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load_newest(mut self, path: impl AsRef<Path>) -> Result<(Database, Option<SnapshotError>), SnapshotError> {
        let path = path.as_ref();
        let choices = std::mem::take(&mut self.load);
        let again = self.again();
        let newest = match self.load_file(path, &choices) {
            Ok((database, _)) => return Ok((database, None)),
            Err(error) if error.is_of_a_file_not_whole() => error,
            Err(error) => return Err(error),
        };
        match file::previous(path).and_then(|previous| again.load_file(&previous, &choices)) {
            Ok((database, _)) => Ok((database, Some(newest))),
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
    /// The stream is read block by block, and so nothing that a file says of its length is believed.
    pub fn load_from(self, source: impl Read) -> Result<Database, SnapshotError> {
        self.load_from_with_report(source).map(|(database, _)| database)
    }

    /// As [`DatabaseBuilder::load_from`], with the report.
    pub fn load_from_with_report(mut self, mut source: impl Read) -> Result<(Database, LoadReport), SnapshotError> {
        let choices = std::mem::take(&mut self.load);
        let empty = self.build().map_err(SnapshotError::Models)?;
        load::database(empty, &choices, &mut source, None)
    }
}
