//! The queue of a subscription: full, left, on another thread, with a `Drop` that panics beside it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use relata::SharedDatabase;

use super::*;

/// behaviour F4: What finds no room is dropped and counted.
#[test]
fn a_full_queue_drops_commits_and_says_how_many() {
    let mut db = empty();
    let ada = db.insert(person("ada")).unwrap();
    let feed = db.subscribe(Watch::everything(), 2, Overflow::Drop).unwrap();
    let roomy = db.subscribe(Watch::everything(), usize::MAX, Overflow::Drop).unwrap();
    for stamp in 0..5 {
        db.update(ada, |person| person.stamp = stamp).unwrap();
    }
    assert_eq!(feed.missed(), 3);
    let missed = |feed: &Subscription| feed.try_iter().map(|commit: Commit| commit.missed).collect::<Vec<_>>();
    assert_eq!(missed(&feed), [0, 0]);
    db.update(ada, |person| person.stamp = 5).unwrap();
    db.update(ada, |person| person.stamp = 6).unwrap();
    assert_eq!((missed(&feed), feed.missed()), (vec![3, 0], 3));
    // A touch that finds no room is not told, so that the next one is.
    db.update(ada, |person| person.stamp = 7).unwrap();
    db.update(ada, |person| person.stamp = 8).unwrap();
    *db.get_mut(ada).unwrap().stamp += 1;
    assert_eq!(missed(&feed), [0, 0]);
    *db.get_mut(ada).unwrap().stamp += 1;
    assert_eq!((missed(&feed), feed.missed()), (vec![1], 4));
    assert_eq!((missed(&roomy), roomy.missed()), (vec![0; 10], 0));
}

/// behaviour F4: or ends the subscription, as was asked for when it began
#[test]
fn a_full_queue_closes_if_it_was_to() {
    let mut db = empty();
    let ada = db.insert(person("ada")).unwrap();
    // Even a queue of none has room for one.
    let feed = db.subscribe(Watch::everything(), 0, Overflow::Close).unwrap();
    db.update(ada, |person| person.stamp = 1).unwrap();
    assert_eq!(feed.try_recv().unwrap().changes, [updated(ada)]);
    db.update(ada, |person| person.stamp = 2).unwrap();
    assert_eq!(feed.missed(), 0);
    db.update(ada, |person| person.stamp = 3).unwrap();
    assert_eq!(feed.missed(), 1);
    assert_eq!(feed.try_iter().count(), 1, "what was in the queue, and then the end");
    assert_eq!(feed.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(feed.recv_timeout(Duration::MAX), Err(RecvTimeoutError::Disconnected));
    assert_eq!((feed.recv().is_err(), feed.iter().next()), (true, None));
    db.update(ada, |person| person.stamp = 4).unwrap();
}

/// behaviour F5: Dropping the subscription unsubscribes. Where nobody is subscribed nothing is recorded.
#[test]
fn two_subscribers_get_the_same_and_one_that_leaves_is_not_waited_for() {
    let mut db = empty();
    let first = db.subscribe(Watch::everything(), 10, Overflow::Drop).unwrap();
    let second = db.subscribe(Watch::table::<Person>(), 10, Overflow::Drop).unwrap();
    let ada = db.insert(person("ada")).unwrap();
    assert_eq!((received(&first), received(&second)), (vec![vec![inserted(ada)]], vec![vec![inserted(ada)]]));
    drop(first);
    let coin = db.insert(item(ada)).unwrap();
    db.delete(ada).unwrap();
    assert_eq!(received(&second), [vec![removed(ada)]]);
    drop(second);
    // Struck off by the next commit; statements then give rows out without copying them, as ever.
    assert!(!db.contains(coin));
    db.insert(person("bo")).unwrap();
    COPIES.set(0);
    let mut counted = Database::builder().model::<Counted>().build().unwrap();
    // Nothing is ever sent to it: that it has gone is noticed all the same.
    let feed = counted.subscribe(Watch::row(Id::<Counted>::null()), 10, Overflow::Drop).unwrap();
    let [one, two, three] = [(); 3].map(|()| counted.insert(Counted { tally: Tally }).unwrap());
    counted.delete(one).unwrap();
    assert_eq!(COPIES.get(), 1);
    drop(feed);
    counted.delete(two).unwrap();
    counted.delete(three).unwrap();
    assert_eq!(COPIES.get(), 2, "the first delete after it has gone is the commit at which it is struck off");
}

thread_local! {
    static COPIES: Cell<usize> = const { Cell::new(0) };
    static REFUSES: Cell<bool> = const { Cell::new(false) };
    static EXPLODES: Cell<bool> = const { Cell::new(false) };
}

/// Counts how often it is cloned, and panics when dropped if told to.
#[derive(Debug, Serialize, Deserialize)]
struct Tally;

impl Clone for Tally {
    fn clone(&self) -> Self {
        COPIES.set(COPIES.get() + 1);
        assert!(!REFUSES.replace(false), "told to");
        Tally
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        assert!(!EXPLODES.replace(false), "told to");
    }
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Counted {
    tally: Tally,
}

/// HOSTILE 7, behaviour F8: A `Drop` that panics loses no message.
#[test]
fn a_drop_that_panics_loses_no_delivery() {
    for history in [0, 1] {
        for in_transaction in [false, true] {
            let mut db = Database::builder().model::<Counted>().build().unwrap();
            let id = db.insert(Counted { tally: Tally }).unwrap();
            db.keep_history(history).unwrap();
            let feed = db.subscribe(Watch::everything(), 10, Overflow::Close).unwrap();
            db.update(id, |_| ()).unwrap();
            let result = catch_unwind(AssertUnwindSafe(|| {
                if in_transaction {
                    let mut tx = db.begin().unwrap();
                    tx.update(id, |_| EXPLODES.set(true)).unwrap();
                    tx.commit().unwrap();
                } else {
                    db.update(id, |_| EXPLODES.set(true)).unwrap();
                }
            }));
            assert!(result.is_err(), "history {history}, in a transaction {in_transaction}");
            assert_eq!(received(&feed), [vec![updated(id)], vec![updated(id)]]);
            db.update(id, |_| ()).unwrap();
            assert_eq!((received(&feed).len(), db.check()), (1, Ok(())));
        }
    }
}

/// fault C7, behaviour F9: "Rows come with a message where they are asked for": else nothing is cloned
#[test]
fn rows_are_cloned_where_they_are_asked_for() {
    let mut db = Database::builder().model::<Counted>().build().unwrap();
    let watch = Watch::table::<Counted>();
    let feed = db.subscribe(watch, 10, Overflow::Close).unwrap();
    let [one, two] = [(); 2].map(|()| db.insert(Counted { tally: Tally }).unwrap());
    COPIES.set(0);
    db.update(one, |_| ()).unwrap();
    assert_eq!((COPIES.get(), feed.try_iter().count()), (1, 3));
    let rows = db.subscribe(watch.with_rows(), 10, Overflow::Close).unwrap();
    let of_one = db.subscribe(Watch::row(one).with_rows(), 10, Overflow::Close).unwrap();
    db.update(one, |_| ()).unwrap();
    assert_eq!(COPIES.get(), 4, "the update's own, and one of each state for both");
    db.update(two, |_| ()).unwrap();
    let counts =
        |feed: &Subscription| feed.try_iter().map(|commit| commit.rows::<Counted>().count()).collect::<Vec<_>>();
    assert_eq!((counts(&feed), counts(&rows), counts(&of_one)), (vec![0, 0], vec![1, 1], vec![1]));
    // A panic in a copy for a message leaves the row out of it, and nothing else undone.
    let mut tx = db.begin().unwrap();
    tx.update(one, |_| ()).unwrap();
    REFUSES.set(true);
    tx.commit().unwrap();
    assert_eq!((counts(&feed), counts(&rows), counts(&of_one)), (vec![0], vec![0], vec![0]));
    // A row that panics when it is dropped does so where it is received, or left.
    let full = db.subscribe(watch.with_rows(), 1, Overflow::Drop).unwrap();
    for _ in 0..2 {
        db.update(one, |_| ()).unwrap();
    }
    drop((rows, of_one));
    EXPLODES.set(true);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(full))).is_err());
    // Of a commit for which nobody has room the rows are dropped by the writer, when all is done.
    let full = db.subscribe(watch.with_rows(), 1, Overflow::Close).unwrap();
    db.update(one, |_| ()).unwrap();
    let mut tx = db.begin().unwrap();
    tx.replace(one, Counted { tally: Tally }).unwrap();
    EXPLODES.set(true);
    assert!(catch_unwind(AssertUnwindSafe(|| tx.commit().map_err(|_| ()))).is_ok());
    assert!(!EXPLODES.get());
    assert_eq!((counts(&feed).len(), full.missed(), db.check()), (4, 1, Ok(())));
}

/// fault C6: threads can share a subscription, and each commit goes to one of them
#[test]
fn threads_share_a_subscription() {
    const COMMITS: usize = 200;
    let mut db = empty();
    let feed = db.subscribe(Watch::everything(), COMMITS, Overflow::Close).unwrap();
    let stamps = thread::scope(|scope| {
        let received =
            [(); 3].map(|()| scope.spawn(|| feed.iter().map(|commit| commit.changes[0]).collect::<Vec<_>>()));
        let ids: Vec<Changed> = (0..COMMITS).map(|n| inserted(db.insert(person(&n.to_string())).unwrap())).collect();
        drop(db);
        let mut all: Vec<Changed> = received.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        all.sort_by_key(|changed| ids.iter().position(|id| id == changed));
        (all, ids)
    });
    assert_eq!(stamps.0, stamps.1);
    assert!(feed.recv_timeout(Duration::from_millis(1)).is_err());
}

/// HOSTILE 17, behaviour F8: Who receives a message reads the state that it tells of, or a later one.
#[test]
fn who_receives_a_commit_reads_it_or_a_later_state() {
    const ROUNDS: u32 = 300;
    let mut db = empty();
    let [ada, bo] = ["ada", "bo"].map(|name| db.insert(person(name)).unwrap());
    let shared = SharedDatabase::new(db);
    let feed = shared.subscribe(Watch::row(bo), ROUNDS as usize, Overflow::Close).unwrap();
    let reader = shared.clone();
    let reader = thread::spawn(move || {
        let mut commits = 0;
        while let Ok(commit) = feed.recv_timeout(Duration::from_secs(60)) {
            assert_eq!(commit.changes, [updated(bo)]);
            commits += 1;
            let db = reader.read().unwrap();
            let stamps = [ada, bo].map(|id| db.get(id).unwrap().stamp);
            assert!(stamps[0] == stamps[1] && stamps[0] >= commits, "{stamps:?} at commit {commits}");
            if commits == ROUNDS {
                break;
            }
        }
        commits
    });
    for round in 1..=ROUNDS {
        let mut tx = shared.write().unwrap();
        tx.update(ada, |person| person.stamp = round).unwrap();
        tx.update(bo, |person| person.stamp = round).unwrap();
        tx.commit().unwrap();
    }
    assert_eq!(reader.join().unwrap(), ROUNDS);
    // The queue ends with the database, and with one that takes its place.
    let feed = shared.subscribe(Watch::everything(), 1, Overflow::Close).unwrap();
    let guard = shared.read().unwrap();
    assert!(matches!(shared.subscribe(Watch::everything(), 1, Overflow::Close), Err(Error::HeldByThisThread { .. })));
    drop(guard);
    *shared.exclusive().unwrap() = empty();
    assert_eq!(feed.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(feed.missed(), 0);
}
