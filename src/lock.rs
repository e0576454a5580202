//! The lock around a shared database, and what it means to have a database to oneself.
//!
//! A thread that waits for a lock which it holds itself waits for ever. So each thread knows which locks it holds, and is
//! refused instead. That does not depend on whether somebody else waits in between: a program that would hang now and
//! then is refused in its first test.
//!
//! # Invariants
//! 1. Many readers or one writer. A reader that comes while a writer waits is served after it (parking_lot's promise).
//! 2. A thread's list holds exactly the locks for which it has a guard. Guards do not leave their thread: they are
//!    not `Send`.
//!
//! Not responsible for what is done under the lock: that is `transaction` and `shared`.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

#[cfg(not(relata_schedules))]
use parking_lot::{ArcRwLockReadGuard, ArcRwLockWriteGuard, RawRwLock, RwLock};
#[cfg(relata_schedules)]
use {
    shuttle::thread_local,
    shuttle_parking_lot::{ArcRwLockReadGuard, ArcRwLockWriteGuard, RawRwLock, RwLock},
};

use crate::database::Database;
use crate::error::{Error, LockMode};

thread_local! {
    /// The locks for which this thread has a guard: their addresses.
    static HELD: RefCell<Vec<(usize, LockMode)>> = const { RefCell::new(Vec::new()) };
}

/// A database behind a lock that several owners share.
#[derive(Clone)]
pub(crate) struct Lock(Arc<RwLock<Database>>);

impl Lock {
    pub(crate) fn new(database: Database) -> Self {
        Lock(Arc::new(RwLock::new(database)))
    }

    /// Waits for its turn to read, for ever if `timeout` is `None`.
    pub(crate) fn read(&self, timeout: Option<Duration>) -> Result<ReadGuard, Error> {
        let address = self.expect_not_held(LockMode::Read)?;
        let guard = match timeout {
            None => Some(self.0.read_arc()),
            Some(timeout) => self.try_read_for(timeout),
        };
        let guard = guard.ok_or(Error::Busy { wanted: LockMode::Read })?;
        Ok(ReadGuard { guard, _held: Held::enter(address, LockMode::Read) })
    }

    /// Waits for its turn to write, for ever if `timeout` is `None`.
    pub(crate) fn write(&self, timeout: Option<Duration>) -> Result<WriteLock, Error> {
        let address = self.expect_not_held(LockMode::Write)?;
        let guard = match timeout {
            None => Some(self.0.write_arc()),
            Some(timeout) => self.try_write_for(timeout),
        };
        let guard = guard.ok_or(Error::Busy { wanted: LockMode::Write })?;
        Ok(WriteLock { guard, _held: Held::enter(address, LockMode::Write) })
    }

    /// The database, if nobody else owns the lock or holds it.
    pub(crate) fn into_inner(self) -> Result<Database, Self> {
        Arc::try_unwrap(self.0).map(RwLock::into_inner).map_err(Lock)
    }

    fn expect_not_held(&self, wanted: LockMode) -> Result<usize, Error> {
        let address = Arc::as_ptr(&self.0).addr();
        let held = HELD.try_with(|held| held.borrow().iter().find(|held| held.0 == address).map(|held| held.1));
        // A thread that is ending has lost its list, and its guards with it, unless a destructor keeps one.
        match held.unwrap_or(None) {
            Some(held) => Err(Error::HeldByThisThread { held, wanted }),
            None => Ok(address),
        }
    }
}

#[cfg(not(relata_schedules))]
impl Lock {
    fn try_read_for(&self, timeout: Duration) -> Option<ArcRwLockReadGuard<RawRwLock, Database>> {
        self.0.try_read_arc_for(timeout)
    }

    fn try_write_for(&self, timeout: Duration) -> Option<ArcRwLockWriteGuard<RawRwLock, Database>> {
        self.0.try_write_arc_for(timeout)
    }
}

/// Explored schedules have no clock: what does not come at once does not come in time.
#[cfg(relata_schedules)]
impl Lock {
    fn try_read_for(&self, _: Duration) -> Option<ArcRwLockReadGuard<RawRwLock, Database>> {
        self.0.try_read_arc()
    }

    fn try_write_for(&self, _: Duration) -> Option<ArcRwLockWriteGuard<RawRwLock, Database>> {
        self.0.try_write_arc()
    }
}

/// A place in this thread's list.
struct Held(usize);

impl Held {
    fn enter(address: usize, mode: LockMode) -> Self {
        // On failure see `expect_not_held`.
        let _ = HELD.try_with(|held| held.borrow_mut().push((address, mode)));
        Held(address)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = HELD.try_with(|held| held.borrow_mut().retain(|held| held.0 != self.0));
    }
}

/// A shared database, held to be read: it does not change until this is dropped. It stays on its thread.
///
/// Owned: it borrows nothing, and may be stored and returned. Made by [`SharedDatabase::read`](crate::SharedDatabase::read).
pub struct ReadGuard {
    guard: ArcRwLockReadGuard<RawRwLock, Database>,
    _held: Held,
}

impl Deref for ReadGuard {
    type Target = Database;

    #[inline]
    fn deref(&self) -> &Database {
        &self.guard
    }
}

impl fmt::Debug for ReadGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadGuard").field(&**self).finish()
    }
}

/// A shared database, held to be written.
pub(crate) struct WriteLock {
    guard: ArcRwLockWriteGuard<RawRwLock, Database>,
    _held: Held,
}

/// A database that nobody else can reach.
pub(crate) enum Exclusive<'a> {
    /// By its borrow.
    Borrowed(&'a mut Database),
    /// By its lock, which is let go of when this is dropped.
    Locked(WriteLock),
}

impl<'a> From<&'a mut Database> for Exclusive<'a> {
    #[inline]
    fn from(database: &'a mut Database) -> Self {
        Exclusive::Borrowed(database)
    }
}

impl Deref for Exclusive<'_> {
    type Target = Database;

    #[inline]
    fn deref(&self) -> &Database {
        match self {
            Exclusive::Borrowed(database) => database,
            Exclusive::Locked(lock) => &lock.guard,
        }
    }
}

impl DerefMut for Exclusive<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Database {
        match self {
            Exclusive::Borrowed(database) => database,
            Exclusive::Locked(lock) => &mut lock.guard,
        }
    }
}
