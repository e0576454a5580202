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
//! 4. Rows are cloned where somebody has asked for them, and dropped by whoever receives them.
//!
//! Not responsible for what a log has done to each row: that is `publish`.

mod queue;

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;
use queue::Sender;
pub use queue::Subscription;

use crate::id::{Id, RowId};
use crate::model::{ListRelation, Model, Relation};
use crate::relation::{BelongsTo, ReferencesMany};

/// What a subscription asks for: rows, and rows that change their target. Several are given as a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    of: Watched,
    with_rows: bool,
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
        Watch { of: Watched::Everything, with_rows: false, model: None }
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

    /// Asks for the rows too, as they were before a commit and are after it, see [`Commit::rows`]. Each row that has
    /// changed is cloned twice.
    #[must_use]
    pub const fn with_rows(self) -> Self {
        Watch { with_rows: true, ..self }
    }

    fn of_model<M: Model>(of: Watched) -> Self {
        Watch { of, with_rows: false, model: Some((TypeId::of::<M>(), M::NAME)) }
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
///
/// Commits are compared without their rows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Commit {
    /// Each row and each relation of a row once (of a list of ids each row that it names), in the order in which they were first changed. Never empty.
    pub changes: Vec<Changed>,
    /// How many commits were dropped before this one, since the last that was delivered.
    pub missed: u64,
    /// Of the changes of rows that are watched with them, in their order.
    rows: Vec<Arc<RowStates>>,
}

impl PartialEq for Commit {
    fn eq(&self, other: &Self) -> bool {
        (&self.changes, self.missed) == (&other.changes, other.missed)
    }
}
impl Eq for Commit {}

impl Commit {
    /// The rows of a model that have changed, as they were before the commit and are after it, in the order of
    /// [`Commit::changes`]. Those that are watched [`with_rows`](Watch::with_rows); a row that was inserted has nothing
    /// before, one that was removed has nothing after.
    ///
    /// A row whose `Clone` panics is not there.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// let planets = db.subscribe(Watch::table::<Planet>().with_rows(), 100, Overflow::Drop)?;
    /// db.delete(mars)?;
    /// let commit = planets.try_recv().unwrap();
    /// let (id, before, after) = commit.rows::<Planet>().next().unwrap();
    /// assert_eq!((id, before.unwrap().name.as_str()), (mars, "Mars"));
    /// assert!(after.is_none());
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn rows<M: Model>(&self) -> impl Iterator<Item = (Id<M>, Option<&M>, Option<&M>)> {
        let states = self.rows.iter().filter(|states| states.model == TypeId::of::<M>());
        states.map(|states| {
            let [before, after] = [&states.before, &states.after].map(|row| row.as_ref()?.downcast_ref());
            (Id::from_key(states.row.key), before, after)
        })
    }
}

/// A row before and after a commit.
pub(crate) struct RowStates {
    pub(crate) row: RowId,
    pub(crate) model: TypeId,
    pub(crate) before: Option<AnyRow>,
    pub(crate) after: Option<AnyRow>,
}

/// A row of a model that is not known here.
pub(crate) type AnyRow = Box<dyn Any + Send + Sync>;

impl fmt::Debug for RowStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowStates({})", self.row)
    }
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

impl Changed {
    /// The row that has come, gone or got another value.
    pub(crate) fn row(&self) -> Option<RowId> {
        match *self {
            Changed::Inserted(row) | Changed::Updated(row) | Changed::Removed(row) => Some(row),
            Changed::Related { .. } | Changed::Touched { .. } => None,
        }
    }
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

/// The subscriptions of a database.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    subscribers: Vec<Subscriber>,
}

/// Who is subscribed.
#[derive(Debug)]
struct Subscriber {
    watches: Vec<Watch>,
    sender: Sender,
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
        let (sender, receiver) = queue::queue(capacity, overflow);
        self.subscribers.push(Subscriber { watches, sender, touched: Vec::new() });
        receiver
    }

    /// Whether somebody has asked for the rows of a change.
    pub(crate) fn wants_rows(&self, changed: &Changed) -> bool {
        let mut watches = self.subscribers.iter().flat_map(|subscriber| &subscriber.watches);
        watches.any(|watch| watch.with_rows && watch.covers(changed))
    }

    /// Sends everyone what they watch of a commit, with the rows that they ask for.
    pub(crate) fn deliver(&mut self, changes: &[Changed], rows: &HashMap<RowId, Arc<RowStates>>) {
        self.subscribers.retain_mut(|subscriber| {
            let commit = subscriber.watched(changes, rows);
            subscriber.sender.is_there() && (commit.changes.is_empty() || subscriber.sender.send(commit))
        });
    }

    /// Tells everyone who watches them that these tables are lent to be edited in place.
    #[cold]
    pub(crate) fn touch(&mut self, tables: &[&'static str]) {
        let changes: Vec<Changed> = tables.iter().map(|table| Changed::Touched { table }).collect();
        self.subscribers.retain_mut(|subscriber| subscriber.sender.is_there() && subscriber.touch(&changes));
    }
}

impl Subscriber {
    /// What is watched of these changes.
    fn watched(&self, changes: &[Changed], rows: &HashMap<RowId, Arc<RowStates>>) -> Commit {
        let mut commit = Commit { changes: Vec::new(), missed: 0, rows: Vec::new() };
        for changed in changes {
            let covering = self.watches.iter().filter(|watch| watch.covers(changed));
            let Some(with_rows) = covering.map(|watch| watch.with_rows).max() else { continue };
            commit.changes.push(*changed);
            if let Some(states) = changed.row().filter(|_| with_rows).and_then(|row| rows.get(&row)) {
                commit.rows.push(Arc::clone(states));
            }
        }
        commit
    }

    /// Says of the tables that the receiver does not know it of yet that they were touched, and whether the subscription
    /// goes on.
    fn touch(&mut self, changes: &[Changed]) -> bool {
        let received = self.sender.received();
        self.touched.retain(|(_, message)| *message >= received);
        let mut news = self.watched(changes, &HashMap::new()).changes;
        news.retain(|changed| !self.touched.iter().any(|(told, _)| told == changed));
        if news.is_empty() {
            return true;
        }
        let number = self.sender.sent();
        let goes_on = self.sender.send(Commit { changes: news.clone(), missed: 0, rows: Vec::new() });
        if self.sender.sent() > number {
            self.touched.extend(news.into_iter().map(|changed| (changed, number)));
        }
        goes_on
    }
}
