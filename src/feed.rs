//! The change feed: who is subscribed to what, and what they are sent.
//!
//! A message is sent when a transaction has become true, and says what it has done to each row, not by which steps. It
//! goes into a queue, so that nothing of the receiver's runs while the database is held.
//!
//! # Invariants
//! 1. Sending never waits, never fails and runs no user code. A queue that is full misses the commit or is closed, as
//!    its subscriber has asked for.
//! 2. A subscription whose receiver is gone is struck off at the next message, whoever that is for.
//! 3. That a table was touched is in a queue once: until the receiver has taken it, touching the table again says
//!    nothing new, for whoever takes it cannot read the table before the edit has ended.
//!
//! Not responsible for what a log has done to each row: that is `publish`.

use std::any::TypeId;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvError, RecvTimeoutError, Sender, TryRecvError};
use std::time::Duration;

use crate::id::{Id, RowId};
use crate::model::{ListRelation, Model, Relation};
use crate::relation::{BelongsTo, ReferencesMany};

/// What a subscription asks for: rows, and rows that change their target. Several are given as a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    of: Watched,
    /// The model that must be registered, and its name.
    pub(crate) model: Option<(TypeId, &'static str)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    Everything,
    Table(&'static str),
    Row(RowId),
    Relation { table: &'static str, relation: &'static str },
}

impl Watch {
    /// All rows of all tables, and all relations.
    pub const fn everything() -> Self {
        Watch { of: Watched::Everything, model: None }
    }

    /// The rows of one table.
    pub fn table<M: Model>() -> Self {
        Watch::of_model::<M>(Watched::Table(M::NAME))
    }

    /// One row, which need not be stored yet, or any more: undoing its removal inserts it.
    pub fn row<M: Model>(id: Id<M>) -> Self {
        Watch::of_model::<M>(Watched::Row(id.erase()))
    }

    /// One list of ids: rows coming into it and leaving it.
    pub fn list<L: ListRelation>(relation: ReferencesMany<L>) -> Self {
        let _ = relation;
        Watch::of_model::<L::Source>(Watched::Relation { table: L::Source::NAME, relation: L::NAME })
    }

    /// One relation: its sources joining and leaving their targets.
    pub fn relation<R: Relation>(relation: BelongsTo<R>) -> Self {
        let _ = relation;
        Watch::of_model::<R::Source>(Watched::Relation { table: R::Source::NAME, relation: R::NAME })
    }

    fn of_model<M: Model>(of: Watched) -> Self {
        Watch { of, model: Some((TypeId::of::<M>(), M::NAME)) }
    }

    fn covers(&self, changed: &Changed) -> bool {
        match (self.of, *changed) {
            (Watched::Everything, _) => true,
            (Watched::Table(table), Changed::Inserted(row) | Changed::Updated(row) | Changed::Removed(row)) => {
                row.table == table
            }
            (Watched::Row(watched), Changed::Inserted(row) | Changed::Updated(row) | Changed::Removed(row)) => {
                row == watched
            }
            (Watched::Table(watched) | Watched::Row(RowId { table: watched, .. }), Changed::Touched { table }) => {
                watched == table
            }
            (Watched::Relation { table, relation: watched }, Changed::Related { row, relation, .. }) => {
                row.table == table && relation == watched
            }
            (Watched::Table(_) | Watched::Row(_), Changed::Related { .. }) | (Watched::Relation { .. }, _) => false,
        }
    }
}

impl From<Watch> for Vec<Watch> {
    fn from(watch: Watch) -> Self {
        vec![watch]
    }
}

/// What becomes of a commit for which a subscription has no room, because its receiver has fallen behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// It is dropped; the next one that is delivered says how many were.
    Drop,
    /// The subscription ends: what is in the queue can still be received, and nothing comes after it.
    Close,
}

/// What one transaction, or one statement outside of transactions, has changed of what is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// Each row and each relation of a row once (of a list of ids each row that it names), in the order in which they were first changed. Never empty.
    pub changes: Vec<Changed>,
    /// How many commits were dropped before this one, since the last that was delivered.
    pub missed: u64,
}

/// What has become of a row, from before a transaction to after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Changed {
    /// It is there and was not.
    Inserted(RowId),
    /// Another value was stored in its place, perhaps an equal one.
    Updated(RowId),
    /// It was there and is not.
    Removed(RowId),
    /// Its target over a relation is another. Where both are the same it has left and joined again, and stands at
    /// another place among the children. Of a list of ids one for each row that it names now and did not (`to`), or no
    /// more (`from`); a list in another order is [`Changed::Updated`] alone.
    Related {
        /// The source.
        row: RowId,
        /// The relation.
        relation: &'static str,
        /// The target that it has left; `None` where it had none or was not there.
        from: Option<RowId>,
        /// The target that it has joined; `None` where it has none or is not there.
        to: Option<RowId>,
    },
    /// Rows of a table were lent to be edited in place, by [`get_mut`](crate::Database::get_mut),
    /// [`iter_mut`](crate::Database::iter_mut) or [`split`](crate::Database::split), and any of them may have other values
    /// in fields that are in no key.
    Touched {
        /// The table.
        table: &'static str,
    },
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none_or = |row: &Option<RowId>| row.map_or("none".to_owned(), |row| row.to_string());
        match self {
            Changed::Inserted(row) => write!(f, "{row} inserted"),
            Changed::Updated(row) => write!(f, "{row} updated"),
            Changed::Removed(row) => write!(f, "{row} removed"),
            Changed::Related { row, relation, from, to } => {
                write!(f, "{row}.{relation}: {} -> {}", none_or(from), none_or(to))
            }
            Changed::Touched { table } => write!(f, "{table} edited in place"),
        }
    }
}

/// The receiving end of a subscription. Dropping it unsubscribes.
///
/// Made by [`Database::subscribe`](crate::Database::subscribe); it can go to another thread. The methods are those of
/// [`std::sync::mpsc::Receiver`]. It ends (`Disconnected`) when the database is dropped, or replaced by another, and, by
/// [`Overflow::Close`], when its receiver has fallen behind; [`Subscription::missed`] tells which.
#[derive(Debug)]
pub struct Subscription {
    receiver: Receiver<Commit>,
    counts: Arc<Counts>,
}

/// What both ends of a queue count. Counts only grow; what they are compared for is settled by who has the database, so
/// that no order of memory has to be asked for.
#[derive(Debug, Default)]
struct Counts {
    /// How many messages the receiver has taken.
    received: AtomicU64,
    /// How many commits found no room.
    missed: AtomicU64,
}

impl Subscription {
    /// Waits for the next commit. Who holds the database while waiting, by a guard, waits for ever.
    pub fn recv(&self) -> Result<Commit, RecvError> {
        self.receiver.recv().inspect(|_| self.count())
    }

    /// The next commit, if one is there.
    pub fn try_recv(&self) -> Result<Commit, TryRecvError> {
        self.receiver.try_recv().inspect(|_| self.count())
    }

    /// Waits for the next commit no longer than this.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Commit, RecvTimeoutError> {
        self.receiver.recv_timeout(timeout).inspect(|_| self.count())
    }

    /// The commits that come, waiting for each, until the subscription ends.
    pub fn iter(&self) -> impl Iterator<Item = Commit> {
        std::iter::from_fn(|| self.recv().ok())
    }

    /// The commits that are there.
    pub fn try_iter(&self) -> impl Iterator<Item = Commit> {
        std::iter::from_fn(|| self.try_recv().ok())
    }

    /// How many commits have found no room since it began; with [`Overflow::Close`] not 0 means that it was closed.
    pub fn missed(&self) -> u64 {
        self.counts.missed.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.counts.received.fetch_add(1, Ordering::Relaxed);
    }
}

/// The subscriptions of a database.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    subscribers: Vec<Subscriber>,
}

/// The sending end of a subscription.
#[derive(Debug)]
struct Subscriber {
    watches: Vec<Watch>,
    capacity: u64,
    overflow: Overflow,
    sender: Sender<Commit>,
    counts: Arc<Counts>,
    sent: u64,
    /// How many commits were dropped since the last that was sent.
    missed: u64,
    /// What the receiver was told of touched tables, each with the number of the message.
    touched: Vec<(Changed, u64)>,
}

impl Feed {
    /// Whether nobody is subscribed: then no log need be opened for a statement.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// Subscribes somebody. A queue has room for one commit at least.
    pub(crate) fn subscribe(&mut self, watches: Vec<Watch>, capacity: usize, overflow: Overflow) -> Subscription {
        let (sender, receiver) = mpsc::channel();
        let counts = Arc::<Counts>::default();
        self.subscribers.push(Subscriber {
            watches,
            capacity: capacity.max(1) as u64,
            overflow,
            sender,
            counts: Arc::clone(&counts),
            sent: 0,
            missed: 0,
            touched: Vec::new(),
        });
        Subscription { receiver, counts }
    }

    /// Sends everyone what they watch of a commit.
    pub(crate) fn deliver(&mut self, changes: &[Changed]) {
        self.subscribers.retain_mut(|subscriber| {
            let watched = subscriber.watched(changes);
            subscriber.is_there() && (watched.is_empty() || subscriber.send(watched))
        });
    }

    /// Tells everyone who watches them that these tables are lent to be edited in place.
    #[cold]
    pub(crate) fn touch(&mut self, tables: &[&'static str]) {
        let changes: Vec<Changed> = tables.iter().map(|table| Changed::Touched { table }).collect();
        self.subscribers.retain_mut(|subscriber| subscriber.is_there() && subscriber.touch(&changes));
    }
}

impl Subscriber {
    fn is_there(&self) -> bool {
        Arc::strong_count(&self.counts) > 1
    }

    fn received(&self) -> u64 {
        self.counts.received.load(Ordering::Relaxed)
    }

    fn watched(&self, changes: &[Changed]) -> Vec<Changed> {
        let covered = |changed: &&Changed| self.watches.iter().any(|watch| watch.covers(changed));
        changes.iter().filter(covered).copied().collect()
    }

    /// Sends a message, and says whether the subscription goes on.
    fn send(&mut self, changes: Vec<Changed>) -> bool {
        if self.sent - self.received() >= self.capacity {
            self.missed += 1;
            self.counts.missed.fetch_add(1, Ordering::Relaxed);
            return self.overflow == Overflow::Drop;
        }
        self.sent += 1;
        self.sender.send(Commit { changes, missed: mem::take(&mut self.missed) }).is_ok()
    }

    /// Says of the tables that the receiver does not know it of yet that they were touched, and whether the subscription
    /// goes on.
    fn touch(&mut self, changes: &[Changed]) -> bool {
        let received = self.received();
        self.touched.retain(|(_, message)| *message >= received);
        let mut news = self.watched(changes);
        news.retain(|changed| !self.touched.iter().any(|(told, _)| told == changed));
        if news.is_empty() {
            return true;
        }
        let number = self.sent;
        let goes_on = self.send(news.clone());
        if self.sent > number {
            self.touched.extend(news.into_iter().map(|changed| (changed, number)));
        }
        goes_on
    }
}
