//! A database shared between threads. The orders in which threads can meet are explored in crates/schedules; here are
//! the promises one by one, on the real lock.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use relata::{Database, Error, Id, LockMode, Model, SharedDatabase};
use serde::{Deserialize, Serialize};

use crate::support::state;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Account {
    #[model(unique)]
    owner: String,
    cents: i64,
    #[model(belongs_to(Account), name = heir, key_to = owner)]
    heir_owner: Option<String>,
}

fn account(owner: &str, cents: i64) -> Account {
    Account { owner: owner.into(), cents, heir_owner: None }
}

fn bank() -> (SharedDatabase, [Id<Account>; 2]) {
    let mut db = Database::builder().model::<Account>().build().unwrap();
    let ids = ["Thor", "Loki"].map(|owner| db.insert(account(owner, 500)).unwrap());
    (SharedDatabase::new(db), ids)
}

fn shared_state(shared: &SharedDatabase) -> Vec<u8> {
    let db = shared.read().unwrap();
    assert_eq!(db.check(), Ok(()));
    state(&db)
}

/// Waits until a writer waits for its turn: only then is a reader beside readers refused.
fn wait_for_a_writer_to_wait(shared: &SharedDatabase) {
    thread::scope(|scope| {
        scope.spawn(|| while shared.try_read_for(Duration::ZERO).is_ok() {});
    });
}

#[test]
fn it_goes_from_thread_to_thread() {
    fn assert_shareable<T: Clone + Send + Sync + 'static>() {}
    assert_shareable::<SharedDatabase>();
}

/// HOSTILE 14: A storm of readers: a writer still gets its turn within a bound.
///
/// The bound is none: of the readers that come after the writer, no single one is served before it.
#[test]
fn a_writer_is_served_before_every_reader_that_comes_after_it() {
    let (shared, [thor, _]) = bank();
    let served = AtomicUsize::new(0);
    let written = AtomicBool::new(false);
    let coming = Barrier::new(9);
    thread::scope(|scope| {
        let first = shared.read().unwrap();
        let writer = scope.spawn(|| {
            let mut tx = shared.write().unwrap();
            tx.update(thor, |account| account.cents = 0).unwrap();
            let overtaken_by = served.load(Ordering::SeqCst);
            tx.commit().unwrap();
            written.store(true, Ordering::SeqCst);
            overtaken_by
        });
        wait_for_a_writer_to_wait(&shared);
        for _ in 0..8 {
            scope.spawn(|| {
                coming.wait();
                // Each reader overlaps with others, so that the database is never free of readers by chance.
                while !written.load(Ordering::SeqCst) {
                    let db = shared.read().unwrap();
                    served.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(db.get(thor).unwrap().cents, 0, "a reader has overtaken the writer");
                    thread::yield_now();
                }
            });
        }
        coming.wait();
        for _ in 0..1_000 {
            thread::yield_now();
        }
        drop(first);
        assert_eq!(writer.join().unwrap(), 0);
    });
}

/// HOSTILE 14: under a storm that does not end by itself, every one of many writers gets its turn.
#[test]
fn writers_get_their_turns_while_readers_never_leave() {
    let (shared, [thor, _]) = bank();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let db = shared.read().unwrap();
                    assert_eq!(db.len::<Account>(), 2);
                }
            });
        }
        let writers = [(); 2].map(|()| {
            scope.spawn(|| {
                for _ in 0..200 {
                    shared.transaction(|tx| tx.update(thor, |account| account.cents += 1)).unwrap();
                }
            })
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(shared.read().unwrap().get(thor).unwrap().cents, 900);
}

/// HOSTILE 15: A reader panics: writers go on.
#[test]
fn a_reader_that_panics_holds_nobody_up() {
    let (shared, [thor, _]) = bank();
    let panicked = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let _db = shared.read().unwrap();
            panic!("on purpose");
        });
        reader.join()
    });
    assert!(panicked.is_err());
    shared.transaction(|tx| tx.update(thor, |account| account.cents += 1)).unwrap();
    // On the same thread too: it no longer counts as holding it.
    assert!(catch_unwind(AssertUnwindSafe(|| shared.read_with(|_| panic!("on purpose")))).is_err());
    shared.transaction(|tx| tx.update(thor, |account| account.cents += 1)).unwrap();
    assert_eq!(shared.read().unwrap().get(thor).unwrap().cents, 502);
}

/// HOSTILE 16: Reading inside a read with a writer waiting, writing inside a read: an error or a documented impossibility
/// by type, not a deadlock.
#[test]
fn asking_again_while_holding_is_refused() {
    let (shared, [thor, _]) = bank();
    let refused = |held, wanted| Error::HeldByThisThread { held, wanted };
    thread::scope(|scope| {
        let held = shared.read().unwrap();
        let read_read = refused(LockMode::Read, LockMode::Read);
        assert_eq!(shared.read().unwrap_err(), read_read, "whether or not a writer waits");
        scope.spawn(|| shared.transaction(|tx| tx.update(thor, |account| account.cents = 1)).unwrap());
        wait_for_a_writer_to_wait(&shared);
        assert_eq!(shared.clone().read().unwrap_err(), read_read);
        assert_eq!(shared.try_read_for(Duration::ZERO).unwrap_err(), read_read);
        let read_write = refused(LockMode::Read, LockMode::Write);
        assert_eq!(shared.write().unwrap_err(), read_write);
        assert_eq!(shared.try_write_for(Duration::ZERO).unwrap_err(), read_write);
        assert_eq!(shared.exclusive().unwrap_err(), read_write);
        assert_eq!(held.get(thor).unwrap().cents, 500);
    });

    let tx = shared.write().unwrap();
    assert_eq!(shared.read().unwrap_err(), refused(LockMode::Write, LockMode::Read));
    let inside = shared.transaction(|_| Ok(())).unwrap_err();
    assert_eq!(inside, refused(LockMode::Write, LockMode::Write));
    assert_eq!(
        inside.to_string(),
        "this thread holds the shared database to write: asking for it to write would wait for ever"
    );
    let (another, _) = bank();
    another.read().expect("another database is another matter");
    drop(tx);
    shared.write().unwrap();
}

/// HOSTILE 17: Readers never see part of a commit.
#[test]
fn readers_see_whole_transactions_only() {
    let (shared, ids) = bank();
    thread::scope(|scope| {
        for giver in 0..2 {
            let shared = &shared;
            scope.spawn(move || {
                for round in 0..100 {
                    let result = shared.transaction(|tx| {
                        tx.update(ids[giver], |account| account.cents -= 7)?;
                        let passing = tx.insert(account(&format!("passing {giver}"), 7))?;
                        tx.update(ids[1 - giver], |account| account.cents += 7)?;
                        // Every third one fails at its end.
                        if round % 3 == 0 {
                            tx.insert(account("Thor", 0)).map(drop)
                        } else {
                            tx.delete(passing).map(drop)
                        }
                    });
                    assert_eq!(result.is_err(), round % 3 == 0);
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let db = shared.read().unwrap();
                    assert_eq!(db.iter::<Account>().map(|(_, account)| account.cents).sum::<i64>(), 1000);
                    assert_eq!(db.len::<Account>(), 2);
                }
            });
        }
    });
    assert_eq!(shared.read().unwrap().get(ids[0]).unwrap().cents, 500, "as many one way as the other");
}

/// HOSTILE 9: Panic in the closure -> rolled back, lock released, database usable.
#[test]
fn a_writer_that_panics_leaves_the_last_committed_state() {
    let (shared, [thor, loki]) = bank();
    let rows = || -> Vec<_> { shared.read().unwrap().iter::<Account>().map(|(id, row)| (id, row.clone())).collect() };
    let before = rows();
    for end in ["panic", "drop", "error"] {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = shared.write()?;
            tx.insert(account("Odin", 1))?;
            tx.delete(thor)?;
            tx.update(loki, |account| account.cents = 0)?;
            match end {
                "panic" => panic!("on purpose"),
                "error" => tx.delete(thor).map(drop),
                _ => Ok(()),
            }
        }));
        assert_eq!(matches!(ended, Ok(Ok(()))), end == "drop");
        assert_eq!(rows(), before, "{end}");
        assert_eq!(shared.read().unwrap().check(), Ok(()));
    }
    shared.transaction(|tx| tx.update(thor, |account| account.cents = 1)).unwrap();
    assert_eq!(shared.read().unwrap().get(thor).unwrap().cents, 1);
}

/// behaviour I10: commit then fails, names them all, and gives the transaction back for repair
#[test]
fn a_refused_commit_keeps_its_turn_until_it_is_repaired() {
    let (shared, [thor, _]) = bank();
    let heir = |owner: &str| Account { heir_owner: Some(owner.into()), ..account("Frigg", 0) };
    let refused = shared.transaction_deferred(|tx| tx.insert(heir("Baldur"))).unwrap_err();
    assert!(matches!(&refused, Error::Violations(violations) if violations.len() == 1), "{refused}");

    let mut tx = shared.write_deferred().unwrap();
    let frigg = tx.insert(heir("Baldur")).unwrap();
    let mut tx = tx.commit().unwrap_err().into_transaction();
    thread::scope(|scope| {
        let others = scope.spawn(|| {
            let busy = shared.try_write_for(Duration::ZERO).unwrap_err();
            assert_eq!(busy.to_string(), "the shared database is busy: no turn to write came in time");
            shared.try_read_for(Duration::from_millis(1)).unwrap_err()
        });
        assert_eq!(others.join().unwrap(), Error::Busy { wanted: LockMode::Read });
    });
    tx.insert(account("Baldur", 3)).unwrap();
    tx.savepoint(|inner| inner.update(thor, |account| account.cents += 1)).unwrap();
    tx.commit().unwrap();

    let db = shared.read().unwrap();
    assert_eq!(db.related(frigg, Account::HEIR).unwrap().unwrap().cents, 3);
    assert_eq!(db.get(thor).unwrap().cents, 501);
}

/// HOSTILE 12: Forgetting the guard of `begin()` (`mem::forget`) -> documented, later use errs, nothing corrupt.
#[test]
fn a_forgotten_transaction_never_reaches_readers() {
    let (shared, [thor, _]) = bank();
    let before = shared_state(&shared);
    let write_and_forget = |db: &mut Database| {
        let mut tx = db.begin().unwrap();
        tx.update(thor, |account| account.cents = 0).unwrap();
        mem::forget(tx);
    };
    write_and_forget(&mut shared.exclusive().unwrap());
    assert!(shared_state(&shared) == before);

    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut db = shared.exclusive().unwrap();
        write_and_forget(&mut db);
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert!(shared_state(&shared) == before);

    let mut db = shared.into_inner().unwrap();
    write_and_forget(&mut db);
    assert!(shared_state(&SharedDatabase::new(db)) == before);
}

/// A transaction of a shared database is a step of its history, as any other.
#[test]
fn a_shared_transaction_can_be_undone() {
    let (shared, [thor, _]) = bank();
    shared.exclusive().unwrap().keep_history(10).unwrap();
    let odin = shared
        .transaction(|tx| {
            tx.update(thor, |account| account.cents = 0)?;
            tx.insert(account("Odin", 500))
        })
        .unwrap();
    assert_eq!(shared.exclusive().unwrap().undo(), Ok(true));
    let db = shared.read().unwrap();
    assert_eq!((db.get(thor).unwrap().cents, db.contains(odin)), (500, false));
    drop(db);
    assert_eq!(shared.exclusive().unwrap().redo(), Ok(true));
    assert_eq!(shared.read().unwrap().get(odin).unwrap().cents, 500);
}

/// A guard that is forgotten keeps its lock, and the thread that has forgotten it is told so.
#[test]
fn a_forgotten_guard_keeps_its_lock() {
    let (shared, _) = bank();
    mem::forget(shared.read().unwrap());
    let held = Error::HeldByThisThread { held: LockMode::Read, wanted: LockMode::Write };
    assert_eq!(shared.write().unwrap_err(), held);
    thread::scope(|scope| {
        scope.spawn(|| {
            shared.read().unwrap();
            assert_eq!(shared.try_write_for(Duration::ZERO).unwrap_err(), Error::Busy { wanted: LockMode::Write });
        });
    });
    assert!(shared.into_inner().is_err());
}

/// Guards borrow nothing: they are returned from functions and kept, and outlive the handle they came from.
#[test]
fn guards_are_owned() {
    let (shared, [thor, loki]) = bank();
    let handle = shared.clone();
    let mut tx = shared.write().unwrap();
    drop(shared);
    tx.update(thor, |account| account.cents = 1).unwrap();
    tx.commit().unwrap();
    let db = handle.clone().read().unwrap();
    let handle = handle.into_inner().unwrap_err();
    assert_eq!((db.get(thor).unwrap().cents, db.get(loki).unwrap().cents), (1, 500));
    drop(db);
    assert_eq!(handle.into_inner().unwrap().get(thor).unwrap().cents, 1);
}

/// A guard that a thread keeps until it ends is let go of then, in whatever order the thread takes itself apart.
#[test]
fn a_guard_may_be_kept_until_the_thread_ends() {
    thread_local! {
        static KEPT: RefCell<Option<relata::ReadGuard>> = const { RefCell::new(None) };
    }
    let (shared, _) = bank();
    for kept_first in [true, false] {
        thread::scope(|scope| {
            let keeper = scope.spawn(|| {
                if kept_first {
                    KEPT.with(|kept| assert!(kept.borrow().is_none()));
                }
                let guard = shared.read().unwrap();
                KEPT.with(|kept| *kept.borrow_mut() = Some(guard));
            });
            keeper.join().unwrap();
        });
        shared.write().unwrap();
    }
}

/// A part of a row that reads the shared database when it is dropped.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Watch;

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Watched {
    watch: Watch,
    round: usize,
}

thread_local! {
    static WATCHED: RefCell<Option<SharedDatabase>> = const { RefCell::new(None) };
    static SEEN: RefCell<Vec<Result<usize, Error>>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Watch {
    fn drop(&mut self) {
        let shared = WATCHED.try_with(|watched| watched.borrow().clone());
        if let Ok(Some(shared)) = shared {
            let round = shared.read_with(|db| db.iter::<Watched>().map(|(_, row)| row.round).sum());
            SEEN.with(|seen| seen.borrow_mut().push(round));
        }
    }
}

/// HOSTILE 7: A user's Drop that asks for the database is never waited for: after a commit it reads what was committed,
/// in a rollback it is refused.
#[test]
fn rows_are_dropped_when_the_lock_is_free() {
    let mut db = Database::builder().model::<Watched>().build().unwrap();
    let id = db.insert(Watched { watch: Watch, round: 1 }).unwrap();
    let shared = SharedDatabase::new(db);
    WATCHED.with(|watched| *watched.borrow_mut() = Some(shared.clone()));
    let seen = || SEEN.with(|seen| mem::take(&mut *seen.borrow_mut()));

    let mut tx = shared.write().unwrap();
    tx.update(id, |row| row.round = 2).unwrap();
    seen();
    tx.commit().unwrap();
    assert_eq!(seen(), [Ok(2)]);

    let mut tx = shared.write().unwrap();
    tx.update(id, |row| row.round = 3).unwrap();
    seen();
    drop(tx);
    assert_eq!(seen(), [Err(Error::HeldByThisThread { held: LockMode::Write, wanted: LockMode::Read })]);
    assert_eq!(shared.read().unwrap().get(id).unwrap().round, 2);
    WATCHED.with(|watched| watched.borrow_mut().take());
}
