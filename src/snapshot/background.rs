//! Saving on a thread of its own, while the database goes on.
//!
//! # Invariants
//! 1. What is saved is the state of the call: a clone, which nobody else has.
//! 2. The file is written by the code of every other save ([`Saver::save`]), and is as atomic.
//! 3. Whatever ends the thread, who waits is told.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};

use super::error::SnapshotError;
use super::report::SaveReport;
use super::saver::Saver;
use super::turn::Turn;
use crate::database::Database;
use crate::shared::SharedDatabase;

/// As much as main threads have: rows may be nested deeply.
const STACK: usize = 8 << 20;

/// A save that is made on a thread of its own. Dropped, it goes on all the same, and nobody hears of its result.
///
/// A process that ends meanwhile leaves the old file as it was; [`wait`](BackgroundSave::wait) before the end. Made by
/// [`Database::save_in_background`], [`SharedDatabase::save_in_background`] and [`Saver::save_in_background`].
#[derive(Debug)]
#[must_use = "only who waits for a save hears of its errors"]
pub struct BackgroundSave {
    thread: JoinHandle<Result<SaveReport, SnapshotError>>,
    written: Arc<AtomicU64>,
    rows: u64,
}

impl BackgroundSave {
    /// How many rows have been written, and of how many. Where the first number has reached the second, the file may still
    /// have to be finished and brought to the disk. O(1).
    pub fn progress(&self) -> (u64, u64) {
        (self.written.load(Ordering::Relaxed), self.rows)
    }

    /// Whether it has ended, well or not, so that [`wait`](BackgroundSave::wait) does not wait. O(1).
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end, and gives what [`Saver::save`] would have given.
    ///
    /// Beside the errors of a save there is [`SnapshotError::Panicked`]: code of a row has panicked, and the old file is as
    /// it was. The state that was saved has been given up by then.
    pub fn wait(self) -> Result<SaveReport, SnapshotError> {
        self.thread.join().unwrap_or_else(|panic| Err(panicked(&*panic)))
    }
}

impl Saver<'_> {
    /// Saves to a file, as [`Database::save_in_background`] does.
    pub fn save_in_background(self, path: impl AsRef<Path>) -> Result<BackgroundSave, SnapshotError> {
        let (database, choices) = self.parts();
        database.expect_no_transaction().map_err(SnapshotError::Unsavable)?;
        let path = path.as_ref().to_owned();
        let turn = Turn::take(&path);
        let database = Database { store: database.store.clone_without_history() };
        let rows = database.store.tables.iter().map(|table| table.rows.len() as u64).sum();
        let written = Arc::<AtomicU64>::default();
        let work = {
            let written = Arc::clone(&written);
            move || {
                let save = || Saver::with(&database, choices).save_at(&path, &turn, &written);
                let saved = catch_unwind(AssertUnwindSafe(save)).unwrap_or_else(|panic| Err(panicked(&*panic)));
                // Who waits is told of the file, whatever a `Drop` of a row does.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
                saved
            }
        };
        let thread = Builder::new().name("relata save".to_owned()).stack_size(STACK).spawn(work);
        let thread = thread.map_err(SnapshotError::io("start the thread of a save"))?;
        Ok(BackgroundSave { thread, written, rows })
    }
}

impl Database {
    /// Saves the database as a file while it goes on: what is saved is its state at this call. Returns when that state has
    /// been set aside, and the rest is done by a thread of its own.
    ///
    /// - The new file is as atomic as that of [`save`](Database::save), and the same bytes; [`Database::saver`] gives
    ///   the same choices.
    /// - Saves to one path, in the background or not, are made in the order in which they were begun, one after the other,
    ///   so that an older state never replaces a newer one. That holds for the saves of this process, and for a path that is
    ///   written in one way.
    /// - The handle may be dropped: the save goes on.
    /// - A row whose code panics while it is saved is an error of [`wait`](BackgroundSave::wait), and the old file stays.
    ///
    /// Refused at once are a database with an open transaction, and by the system a thread; all else is told by
    /// [`wait`](BackgroundSave::wait). The state is set aside by a [clone](Database#impl-Clone-for-Database), which copies
    /// no row; what is written while the save runs copies the blocks that it touches, once.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("planets.relata");
    /// let mut db = Database::builder().model::<Planet>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// let save = db.save_in_background(&path)?;
    /// db.delete(mars)?;                           // the game goes on
    /// save.wait()?;
    ///
    /// let saved = Database::builder().model::<Planet>().load(&path)?;
    /// assert_eq!(saved.get(mars)?.name, "Mars");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save_in_background(&self, path: impl AsRef<Path>) -> Result<BackgroundSave, SnapshotError> {
        self.saver().save_in_background(path)
    }
}

impl SharedDatabase {
    /// Saves the last committed state as a file while others go on reading and writing, as
    /// [`Database::save_in_background`] does. With choices: `shared.read()?.saver()`.
    ///
    /// It is held to be read only until that state has been set aside. [`Error::HeldByThisThread`](crate::Error) comes as
    /// [`SnapshotError::Unsavable`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("planets.relata");
    /// # let shared = SharedDatabase::new(Database::builder().model::<Planet>().build()?);
    /// let save = shared.save_in_background(&path)?;
    /// shared.transaction(|tx| tx.insert(Planet { name: "Mars".into() }))?;
    /// save.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save_in_background(&self, path: impl AsRef<Path>) -> Result<BackgroundSave, SnapshotError> {
        self.read().map_err(SnapshotError::Unsavable)?.save_in_background(path)
    }
}

fn panicked(panic: &(dyn Any + Send)) -> SnapshotError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    SnapshotError::Panicked { message: text.unwrap_or("with a value that is no text").to_owned() }
}
