//! Sharing a database between threads: many readers, or one writer.
//!
//! There is no second set of methods here. A reader gets a guard that reads as the database does, a writer gets a
//! [`Transaction`] that holds the lock; what needs more than a transaction gets the database itself.
//!
//! # Invariants
//! 1. Between two holders of the lock no transaction is open: whoever writes has committed or rolled back, by returning,
//!    failing or panicking. So a reader sees whole transactions only, and there is nothing like a poisoned lock.
//!
//! Not responsible for waiting and for refusing to wait for oneself: that is `lock`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::database::Database;
use crate::error::Error;
use crate::feed::{Overflow, Subscription, Watch};
use crate::lock::{Exclusive, Lock, ReadGuard};
use crate::transaction::{Transaction, finish};

/// A [`Database`] shared between threads: many readers, or one writer. Cloning it gives another handle on the same one.
///
/// Readers see whole transactions only. A writer that returns early, fails or panics is rolled back before anybody else
/// gets in. A writer waits for the readers that were there before it, and is served before those that come after it.
///
/// A thread that holds it and asks for it again is refused with [`Error::HeldByThisThread`], always, and so never waits
/// for itself: pass the guard on to what is called, by `&Database` or `&mut Transaction<'_>`. Guards stay on their
/// thread. Two threads that each hold one shared database and wait for the other's wait for ever, as with any lock.
/// Reading is no exception: a reader waits behind a writer that waits. So two threads that read two shared databases,
/// one in one order and the other in the other, wait for ever if at each a writer waits in between. Take several in one
/// order, or with a time-out ([`try_read_for`](SharedDatabase::try_read_for)).
///
/// A guard that is forgotten (`mem::forget`) keeps its lock.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Debug, Serialize, Deserialize)] struct Account { #[model(unique)] owner: String, cents: u64 }
/// # let mut db = Database::builder().model::<Account>().build()?;
/// let [thor, loki] = ["Thor", "Loki"].map(|owner| db.insert(Account { owner: owner.into(), cents: 500 }).unwrap());
/// let shared = SharedDatabase::new(db);
///
/// std::thread::scope(|scope| {
///     scope.spawn(|| shared.transaction(|tx| {
///         tx.update(thor, |account| account.cents -= 200)?;
///         tx.update(loki, |account| account.cents += 200)
///     }));
///     scope.spawn(|| {
///         let db = shared.read().unwrap();
///         assert_eq!(db.iter::<Account>().map(|(_, account)| account.cents).sum::<u64>(), 1000);
///     });
/// });
/// assert_eq!(shared.read()?.get(loki)?.cents, 700);
/// # Ok::<(), relata::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedDatabase {
    lock: Lock,
}

impl fmt::Debug for SharedDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedDatabase").finish_non_exhaustive()
    }
}

impl From<Database> for SharedDatabase {
    fn from(database: Database) -> Self {
        SharedDatabase::new(database)
    }
}

impl SharedDatabase {
    /// Shares a database. A transaction in it whose guard was forgotten is rolled back.
    pub fn new(mut database: Database) -> Self {
        database.abandon();
        SharedDatabase { lock: Lock::new(database) }
    }

    /// The database, if this is the last handle on it and no guard is alive; otherwise the handle back.
    ///
    /// ```
    /// # use relata::*;
    /// let shared = SharedDatabase::new(Database::builder().build()?);
    /// let guard = shared.read()?;
    /// let shared = shared.into_inner().unwrap_err();
    /// drop(guard);
    /// assert!(shared.into_inner().is_ok());
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn into_inner(self) -> Result<Database, SharedDatabase> {
        self.lock.into_inner().map_err(|lock| SharedDatabase { lock })
    }

    /// Waits until it can be read: for a writer that is at it, and for those that wait already.
    ///
    /// Reading and [saving](Database::save) go on beside other readers. The only error is [`Error::HeldByThisThread`].
    ///
    /// ```
    /// # use relata::*;
    /// # let shared = SharedDatabase::new(Database::builder().build()?);
    /// let db = shared.read()?;
    /// assert_eq!(
    ///     shared.write().unwrap_err().to_string(),
    ///     "this thread holds the shared database to read: asking for it to write would wait for ever"
    /// );
    /// drop(db);
    /// shared.write()?;
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn read(&self) -> Result<ReadGuard, Error> {
        self.lock.read(None)
    }

    /// [`read`](SharedDatabase::read) that waits no longer than this, with a timeout of zero not at all; then it is
    /// [`Error::Busy`].
    pub fn try_read_for(&self, timeout: Duration) -> Result<ReadGuard, Error> {
        self.lock.read(Some(timeout))
    }

    /// Runs `work` on the database, held to be read.
    pub fn read_with<T>(&self, work: impl FnOnce(&Database) -> T) -> Result<T, Error> {
        Ok(work(&*self.read()?))
    }

    /// The last committed state, as a [`Database`] of one's own: a [clone](Database#impl-Clone-for-Database), to be read as
    /// long as one likes while others write, or to be written by itself. No clone shows a part of a commit (behaviour C7).
    ///
    /// Waits as [`read`](SharedDatabase::read) does, whose error it has, and lets go of the lock before it returns. A clone
    /// copies no row, so that writers hardly wait for it.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let shared = SharedDatabase::new(Database::builder().model::<Planet>().build()?);
    /// let before = shared.to_database()?;
    /// let mars = shared.transaction(|tx| tx.insert(Planet { name: "Mars".into() }))?;
    /// assert!(before.is_empty::<Planet>());
    /// assert_eq!(shared.to_database()?.get(mars)?.name, "Mars");
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[doc(alias = "snapshot")]
    pub fn to_database(&self) -> Result<Database, Error> {
        self.read_with(Database::clone)
    }

    /// Waits until it can be written, and opens a transaction that holds it: it reads its own writes, nobody else reads
    /// any of them before [`commit`](Transaction::commit). Dropped, it is rolled back. The errors are
    /// [`Error::HeldByThisThread`] and, where violations stand, that of the commit.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let shared = SharedDatabase::new(Database::builder().model::<Planet>().build()?);
    /// let mut tx = shared.write()?;
    /// let mars = tx.insert(Planet { name: "Mars".into() })?;
    /// tx.commit()?;
    /// assert_eq!(shared.read()?.get(mars)?.name, "Mars");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn write(&self) -> Result<Transaction<'static>, Error> {
        self.open(None, false)
    }

    /// [`write`](SharedDatabase::write) with deferred checks, see [`Database::begin_deferred`].
    pub fn write_deferred(&self) -> Result<Transaction<'static>, Error> {
        self.open(None, true)
    }

    /// [`write`](SharedDatabase::write) that waits no longer than this, with a timeout of zero not at all; then it is
    /// [`Error::Busy`].
    pub fn try_write_for(&self, timeout: Duration) -> Result<Transaction<'static>, Error> {
        self.open(Some(timeout), false)
    }

    /// Runs `work` in a transaction: `Ok` commits it, `Err` or a panic rolls it back, as [`Database::transaction`].
    pub fn transaction<T>(&self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        finish(self.write()?, work)
    }

    /// [`transaction`](SharedDatabase::transaction) with deferred checks, see [`Database::transaction_deferred`].
    pub fn transaction_deferred<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        finish(self.write_deferred()?, work)
    }

    /// Waits until it can be written, and lends the database itself: for what a transaction does not do, such as
    /// [sweeping in place](Database::iter_mut), [undoing](Database::undo), or putting a loaded database in the place of
    /// this one.
    ///
    /// Every statement made through it is final, as on a database of one's own. The only error is
    /// [`Error::HeldByThisThread`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Body { x: f32, dx: f32 }
    /// # let empty = || Database::builder().model::<Body>().build();
    /// # let shared = SharedDatabase::new(empty()?);
    /// let comet = shared.transaction(|tx| tx.insert(Body { x: 0.0, dx: 0.5 }))?;
    /// for (_, body) in shared.exclusive()?.iter_mut::<Body>()? {
    ///     *body.x += *body.dx;
    /// }
    /// assert_eq!(shared.read()?.get(comet)?.x, 0.5);
    /// *shared.exclusive()? = empty()?;
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn exclusive(&self) -> Result<ExclusiveGuard, Error> {
        Ok(ExclusiveGuard { database: Exclusive::Locked(self.lock.write(None)?) })
    }

    /// Waits until it can be written, and subscribes to what is committed from then on, see [`Database::subscribe`].
    ///
    /// A commit is sent before its lock is let go of: who receives it reads that state or a later one. Who waits for one
    /// with a guard in hand waits for ever. [`Error::HeldByThisThread`] is an error too.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let shared = SharedDatabase::new(Database::builder().model::<Planet>().build()?);
    /// let changes = shared.subscribe(Watch::everything(), 100, Overflow::Close)?;
    /// let watcher = std::thread::spawn({
    ///     let shared = shared.clone();
    ///     move || -> Result<usize, Error> {
    ///         changes.recv().expect("the database is there");
    ///         Ok(shared.read()?.len::<Planet>())
    ///     }
    /// });
    /// shared.transaction(|tx| tx.insert(Planet { name: "Mars".into() }))?;
    /// assert_eq!(watcher.join().unwrap()?, 1);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn subscribe(
        &self,
        watches: impl Into<Vec<Watch>>,
        capacity: usize,
        overflow: Overflow,
    ) -> Result<Subscription, Error> {
        self.exclusive()?.subscribe(watches, capacity, overflow)
    }

    fn open(&self, timeout: Option<Duration>, deferred: bool) -> Result<Transaction<'static>, Error> {
        Transaction::open(Exclusive::Locked(self.lock.write(timeout)?), deferred)
    }
}

/// A shared database, held to be written without a transaction. It stays on its thread.
///
/// Dropped, it rolls back a transaction whose guard was forgotten. Made by [`SharedDatabase::exclusive`].
pub struct ExclusiveGuard {
    database: Exclusive<'static>,
}

impl Deref for ExclusiveGuard {
    type Target = Database;

    #[inline]
    fn deref(&self) -> &Database {
        &self.database
    }
}

impl DerefMut for ExclusiveGuard {
    #[inline]
    fn deref_mut(&mut self) -> &mut Database {
        &mut self.database
    }
}

impl Drop for ExclusiveGuard {
    fn drop(&mut self) {
        self.database.abandon();
    }
}

impl fmt::Debug for ExclusiveGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExclusiveGuard").field(&**self).finish()
    }
}
