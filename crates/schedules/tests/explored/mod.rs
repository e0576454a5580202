//! The schedules: each test gives shuttle a few threads, and says what must hold in every order of them.
//!
//! The threads give way between any two statements, so that an order may change there too, and not only at the lock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use relata::{Database, Error, Id, LockMode, Model, SharedDatabase, Transaction};
use serde::{Deserialize, Serialize};
use shuttle::scheduler::{DfsScheduler, RandomScheduler};
use shuttle::thread::{self, yield_now};
use shuttle::{Config, Runner};

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(entries: Entry))]
struct Account {
    #[model(unique)]
    owner: String,
    cents: i64,
}

/// What was paid into an account.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Entry {
    #[model(belongs_to, on_delete = restrict)]
    account_id: Id<Account>,
    cents: i64,
}

#[derive(Clone)]
struct Bank {
    shared: SharedDatabase,
    accounts: [Id<Account>; 2],
}

impl Bank {
    fn open() -> Self {
        let mut db = Database::builder().model::<Account>().model::<Entry>().build().unwrap();
        let accounts = ["Thor", "Loki"].map(|owner| db.insert(Account { owner: owner.into(), cents: 0 }).unwrap());
        Bank { shared: SharedDatabase::new(db), accounts }
    }

    /// Pays out of one account into the other, in six steps that must be seen all or not at all.
    fn pay(&self, tx: &mut Transaction<'_>, cents: i64) -> Result<(), Error> {
        for (account_id, cents) in [(self.accounts[0], -cents), (self.accounts[1], cents)] {
            let entry = tx.insert(Entry { account_id, cents: 0 })?;
            yield_now();
            tx.update(entry, |entry| entry.cents = cents)?;
            yield_now();
            tx.update(account_id, |account| account.cents += cents)?;
            yield_now();
        }
        Ok(())
    }

    /// Everything that holds between transactions, and not within them; and how many were made.
    fn balance(&self, db: &Database) -> usize {
        assert_eq!(db.iter::<Account>().map(|(_, account)| account.cents).sum::<i64>(), 0);
        let entries = self.accounts.map(|account| {
            let entries = db.children(account, Account::ENTRIES).unwrap();
            let cents: Vec<i64> = entries.map(|(_, entry)| entry.cents).collect();
            assert_eq!(cents.iter().sum::<i64>(), db.get(account).unwrap().cents);
            cents.len()
        });
        assert_eq!(entries[0], entries[1]);
        entries[0]
    }

    fn spawn(&self, work: impl FnOnce(&Bank) + Send + 'static) -> thread::JoinHandle<()> {
        let bank = self.clone();
        thread::spawn(move || work(&bank))
    }

    /// When all threads have ended: nobody holds the database, and it is whole.
    fn close(self, threads: Vec<thread::JoinHandle<()>>, payments: usize) {
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(self.balance(&self.shared.read().unwrap()), payments);
        let db = self.shared.into_inner().unwrap();
        assert_eq!(db.check(), Ok(()));
    }
}

/// Runs every schedule there is.
fn every_schedule(work: impl Fn() + Send + Sync + 'static) {
    let run = Runner::new(DfsScheduler::new(None, false), Config::new()).run(work);
    assert!(run > 100, "the threads have hardly met: {run} schedules");
}

/// Runs as many schedules, each step chosen at random.
fn random_schedules(count: usize, work: impl Fn() + Send + Sync + 'static) {
    let run = Runner::new(RandomScheduler::new_from_seed(17, count), Config::new()).run(work);
    assert_eq!(run, count);
}

fn read_twice(bank: &Bank) {
    let db = bank.shared.read().unwrap();
    let before = bank.balance(&db);
    yield_now();
    assert_eq!(bank.balance(&db), before, "what is held to be read does not change");
}

/// HOSTILE 17: Readers never see part of a commit.
#[test]
fn readers_never_see_a_part_of_a_transaction() {
    every_schedule(|| {
        let bank = Bank::open();
        let writer = bank.spawn(|bank| bank.shared.transaction(|tx| bank.pay(tx, 5)).unwrap());
        let reader = bank.spawn(read_twice);
        bank.close(vec![writer, reader], 1);
    });
}

#[test]
fn many_writers_and_readers() {
    random_schedules(3_000, || {
        let bank = Bank::open();
        let writers = [3, 4].map(|cents| {
            bank.spawn(move |bank| {
                for _ in 0..2 {
                    let mut tx = bank.shared.write().unwrap();
                    let before = bank.balance(&tx);
                    bank.pay(&mut tx, cents).unwrap();
                    assert_eq!(bank.balance(&tx), before + 1, "a writer sees its own writes and no others");
                    tx.commit().unwrap();
                }
            })
        });
        let readers = [(); 3].map(|()| {
            bank.spawn(|bank| {
                read_twice(bank);
                read_twice(bank);
            })
        });
        bank.close(writers.into_iter().chain(readers).collect(), 4);
    });
}

/// HOSTILE 9: Panic in the closure -> rolled back, lock released, database usable.
#[test]
fn a_writer_that_panics_fails_or_returns_leaves_the_last_committed_state() {
    for panics in [true, false] {
        random_schedules(1_000, move || {
            let bank = Bank::open();
            let failing = bank.spawn(move |bank| {
                let ended = catch_unwind(AssertUnwindSafe(|| {
                    bank.shared.transaction(|tx| {
                        bank.pay(tx, 5)?;
                        assert!(!panics, "on purpose");
                        tx.delete(bank.accounts[0])
                    })
                }));
                assert_eq!(ended.map(|result| result.is_err()).ok(), (!panics).then_some(true));
            });
            let forgetful = bank.spawn(|bank| {
                let mut tx = bank.shared.write().unwrap();
                bank.pay(&mut tx, 6).unwrap();
            });
            let writer = bank.spawn(|bank| bank.shared.transaction(|tx| bank.pay(tx, 7)).unwrap());
            let reader = bank.spawn(read_twice);
            bank.close(vec![failing, forgetful, writer, reader], 1);
        });
    }
}

/// HOSTILE 15: A reader panics: writers go on.
#[test]
fn a_reader_that_panics_holds_nobody_up() {
    every_schedule(|| {
        let bank = Bank::open();
        let reader = bank.spawn(|bank| {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _db = bank.shared.read().unwrap();
                yield_now();
                panic!("on purpose");
            }));
            assert!(panicked.is_err());
        });
        let writer = bank.spawn(|bank| bank.shared.transaction(|tx| bank.pay(tx, 5)).unwrap());
        bank.close(vec![reader, writer], 1);
    });
}

/// HOSTILE 16: Reading inside a read with a writer waiting, writing inside a read: an error or a documented impossibility
/// by type, not a deadlock.
#[test]
fn asking_again_is_refused_whoever_waits() {
    every_schedule(|| {
        let bank = Bank::open();
        let reader = bank.spawn(|bank| {
            let held = bank.shared.read().unwrap();
            yield_now();
            let refused = |wanted| Error::HeldByThisThread { held: LockMode::Read, wanted };
            assert_eq!(bank.shared.read().unwrap_err(), refused(LockMode::Read));
            assert_eq!(bank.shared.write().unwrap_err(), refused(LockMode::Write));
            drop(held);
            bank.shared.read().unwrap();
        });
        let writer = bank.spawn(|bank| {
            bank.shared.transaction(|tx| tx.update(bank.accounts[0], |_| ())).unwrap();
            let held = bank.shared.write().unwrap();
            let refused = Error::HeldByThisThread { held: LockMode::Write, wanted: LockMode::Read };
            assert_eq!(bank.shared.read().unwrap_err(), refused);
            drop(held);
        });
        bank.close(vec![reader, writer], 0);
    });
}

#[test]
fn who_does_not_wait_is_told_that_it_is_busy() {
    let seen = Arc::new(std::sync::Mutex::new((0, 0)));
    let counted = Arc::clone(&seen);
    every_schedule(move || {
        let bank = Bank::open();
        let writer = bank.spawn(|bank| bank.shared.transaction(|tx| bank.pay(tx, 5)).unwrap());
        let seen = Arc::clone(&counted);
        let reader = bank.spawn(move |bank| {
            let result = bank.shared.try_read_for(Duration::ZERO).map(|db| bank.balance(&db));
            let mut seen = seen.lock().unwrap();
            match result {
                Ok(_) => seen.0 += 1,
                Err(error) => {
                    assert_eq!(error, Error::Busy { wanted: LockMode::Read });
                    seen.1 += 1;
                }
            }
        });
        bank.close(vec![writer, reader], 1);
    });
    let seen = seen.lock().unwrap();
    assert!(seen.0 > 0 && seen.1 > 0, "{seen:?}");
}

/// behaviour C7: No clone of a shared database shows a part of a commit, and none changes when others write.
#[test]
fn clones_never_show_a_part_of_a_transaction() {
    let seen = Arc::new(std::sync::Mutex::new((0, 0)));
    let counted = Arc::clone(&seen);
    every_schedule(move || {
        let bank = Bank::open();
        let writer = bank.spawn(|bank| bank.shared.transaction(|tx| bank.pay(tx, 5)).unwrap());
        let seen = Arc::clone(&counted);
        let reader = bank.spawn(move |bank| {
            let db = bank.shared.to_database().unwrap();
            let payments = bank.balance(&db);
            yield_now();
            assert_eq!(bank.balance(&db), payments);
            let mut seen = seen.lock().unwrap();
            if payments == 0 { seen.0 += 1 } else { seen.1 += 1 }
        });
        bank.close(vec![writer, reader], 1);
    });
    let seen = seen.lock().unwrap();
    assert!(seen.0 > 0 && seen.1 > 0, "before the payment and after it: {seen:?}");
}

/// behaviours C1 and C7: clones are written beside the writer, read by others, and dropped in any order.
#[test]
fn clones_are_written_and_dropped_beside_writers() {
    random_schedules(2_000, || {
        let bank = Bank::open();
        let writers = [3, 4].map(|cents| {
            bank.spawn(move |bank| {
                let mut tx = bank.shared.write().unwrap();
                let before = bank.balance(&tx);
                bank.pay(&mut tx, cents).unwrap();
                assert_eq!(bank.balance(&tx.clone()), before, "what a rollback would leave");
                if cents == 3 { tx.commit().unwrap() } else { tx.rollback() }
            })
        });
        let readers = [(); 2].map(|()| {
            bank.spawn(|bank| {
                let mut db = bank.shared.to_database().unwrap();
                let twin = db.clone();
                let payments = bank.balance(&db);
                db.transaction(|tx| bank.pay(tx, 7)).unwrap();
                assert_eq!((bank.balance(&db), bank.balance(&twin)), (payments + 1, payments));
                drop(db);
                yield_now();
                assert_eq!((bank.balance(&twin), twin.check()), (payments, Ok(())));
            })
        });
        bank.close(writers.into_iter().chain(readers).collect(), 1);
    });
}
