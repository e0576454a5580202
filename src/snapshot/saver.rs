//! A save with choices.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use super::error::{SnapshotError, UnsavableRow};
use super::report::SaveReport;
use super::save::{Choices, Saving, unsavable};
use super::turn::Turn;
use super::{file, save, whole};
use crate::codec::NESTING;
use crate::database::Database;
use crate::model::Model;
use crate::proof::{Proof, Refusal, RowWriter};
#[cfg(feature = "rayon")]
use crate::table::Threads;

/// A save that is about to be made: what it may leave out, let pass or keep. [`Database::saver`] begins one.
#[derive(Debug, Clone, Copy)]
#[must_use = "nothing is saved before `save` or `save_to`"]
pub struct Saver<'a> {
    pub(super) database: &'a Database,
    pub(super) choices: Choices,
}

impl<'a> Saver<'a> {
    pub(super) fn new(database: &'a Database) -> Self {
        Saver::with(database, Choices::default())
    }

    pub(super) fn with(database: &'a Database, choices: Choices) -> Self {
        Saver { database, choices }
    }

    pub(super) fn parts(self) -> (&'a Database, Choices) {
        (self.database, self.choices)
    }

    /// Saves rows that break rules as they are: those stored unchecked whose key names no row, or is there twice.
    ///
    /// A load with [`DatabaseBuilder::accept_violations`](crate::DatabaseBuilder::accept_violations) stores them unchecked
    /// again; `check` then lists the same violations. Without this such a database is not saved.
    pub fn with_violations(mut self) -> Self {
        self.choices.with_violations = true;
        self
    }

    /// Leaves out the rows that cannot be saved, and lists them in the report. Their ids are not given out again after a
    /// load.
    ///
    /// A row that refers to one of these would be left without its target, which is a violation. All rows are encoded
    /// once more beforehand.
    pub fn leave_out_unsavable(mut self) -> Self {
        self.choices.leave_out = true;
        self
    }

    /// Keeps the file before as `<name>.1`, from where
    /// [`DatabaseBuilder::load_newest`](crate::DatabaseBuilder::load_newest) takes it if the newer one is damaged or lost.
    ///
    /// A file that is not whole is not kept: it is replaced, and the `.1` of before stays. That is found out by reading
    /// it, so the cost is one reading of the old file more. At every moment both names name a whole file, if they did
    /// before: the old file gets its second name by a link, or by a copy where there are no links, then the new file
    /// takes the first. A save that fails or is killed in between leaves the old file under both names. Nothing is kept
    /// of a stream.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("planets.relata");
    /// let mut db = Database::builder().model::<Planet>().build()?;
    /// db.saver().keep_previous().save(&path)?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.saver().keep_previous().save(&path)?;
    ///
    /// let before = Database::builder().model::<Planet>().load(folder.path().join("planets.relata.1"))?;
    /// assert!(before.get(mars).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_previous(mut self) -> Self {
        self.choices.keep_previous = true;
        self
    }

    /// How deep lists, maps, structs and variants inside of a row may be nested; 128 if nothing is said. A load of the
    /// file needs [`DatabaseBuilder::nesting_limit`](crate::DatabaseBuilder::nesting_limit) as high.
    pub fn nesting_limit(mut self, levels: u32) -> Self {
        self.choices.nesting = levels;
        self
    }

    /// Encodes and proves rows on the threads of rayon. Needs the feature `rayon`.
    ///
    /// The bytes, the errors and the report are those of a save on one thread. The calling thread writes; in memory are
    /// up to 16 blocks of rows for each thread, 1 MiB or two. It pays from some megabytes on.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// # db.insert_many(vec![Planet { name: "Mars".into() }; 10_000])?;
    /// let mut file = Vec::new();
    /// db.saver().parallel().save_to(&mut file)?;
    /// # let mut on_one = Vec::new();
    /// # db.save_to(&mut on_one)?;
    /// # assert!(file == on_one);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "rayon")]
    pub fn parallel(mut self) -> Self {
        self.choices.threads = Threads::Many;
        self
    }

    /// Saves to a file, as [`Database::save`] does.
    pub fn save(self, path: impl AsRef<Path>) -> Result<SaveReport, SnapshotError> {
        let path = path.as_ref();
        self.save_at(path, &Turn::take(path), &AtomicU64::default())
    }

    /// The same when its turn has come, counting the rows that it has written.
    pub(super) fn save_at(self, path: &Path, turn: &Turn, written: &AtomicU64) -> Result<SaveReport, SnapshotError> {
        turn.wait();
        let saving = Saving::prepare(&self.database.store, self.choices)?;
        let is_whole = |mut old, length| whole::check(&mut old, length).is_ok();
        file::replace(path, self.choices.keep_previous, is_whole, |file| saving.write(file, written))?;
        Ok(SaveReport { left_out: saving.refused })
    }

    /// Saves to a stream, as [`Database::save_to`] does.
    pub fn save_to(self, mut sink: impl Write) -> Result<SaveReport, SnapshotError> {
        let saving = Saving::prepare(&self.database.store, self.choices)?;
        saving.write(&mut sink, &AtomicU64::default())?;
        Ok(SaveReport { left_out: saving.refused })
    }
}

impl Database {
    /// Begins a save with choices.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// # db.insert(Planet { name: "Mars".into() })?;
    /// let mut file = Vec::new();
    /// let report = db.saver().leave_out_unsavable().save_to(&mut file)?;
    /// assert!(report.left_out.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn saver(&self) -> Saver<'_> {
        Saver::new(self)
    }

    /// The stored rows that cannot be saved, in the order of tables and slots, each with its field, the cause and the
    /// remedy. One encoding and one decoding for each row.
    pub fn unsavable(&self) -> Vec<UnsavableRow> {
        unsavable(&self.store, Choices::default())
    }

    /// Proves that a snapshot of this database can be loaded: that every rule holds, and that each row comes back from
    /// its own bytes as an equal one. O(slots ever used).
    ///
    /// A save proves each row itself; this does so without writing anything, and lists every violation as well.
    pub fn check_snapshot(&self) -> Result<(), SnapshotError> {
        let violations = save::faults(&self.store);
        if !violations.is_empty() {
            return Err(SnapshotError::Violations { violations });
        }
        Saving::prepare(&self.store, Choices::default())?.write(&mut std::io::sink(), &AtomicU64::default())
    }
}

/// Proves that a row can be saved, before it is inserted: that it comes back from its own bytes as an equal one.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// use std::time::{Duration, SystemTime};
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Event { at: SystemTime }
///
/// assert!(relata::snapshot::check_row(&Event { at: SystemTime::UNIX_EPOCH }).is_ok());
/// let moon_landing = Event { at: SystemTime::UNIX_EPOCH - Duration::from_secs(14_182_940) };
/// let refusal = relata::snapshot::check_row(&moon_landing).unwrap_err();
/// assert_eq!(refusal.field, "at");
/// ```
pub fn check_row<M: Model>(row: &M) -> Result<(), Refusal> {
    RowWriter::new(NESTING, Proof::Bytes).row(row)
}
