//! From a log that lasts to the subscriptions: what it has done to each row, whatever the steps.
//!
//! A log says of each row and each link what was there before, by its first change; what is there after is read from
//! the tables. So a message costs O(changes), and nothing is kept for it while a transaction is open.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use slotmap::DefaultKey;

use crate::arena::RowChange;
use crate::database::Database;
use crate::error::Error;
use crate::feed::{Changed, Overflow, RowStates, Subscription, Watch};
use crate::id::RowId;
use crate::index::links::no_target;
use crate::log::{Change, Record, What};
use crate::table::Store;

impl Database {
    /// Subscribes to what is committed: one message for each transaction, or statement outside of one, that has changed
    /// something watched, into a queue with room for `capacity` of them (at least one).
    ///
    /// A message says what has become of each row from before the transaction to after it, in the order in which rows were
    /// first changed: a row that came and went again does not show. [`undo`](Database::undo) and
    /// [`redo`](Database::redo) are commits like any other; what is rolled back, a savepoint too, is no change.
    /// Edits in place say that their table was touched, and say it once until that is received.
    ///
    /// The writer never waits: where there is no room, `overflow` says what becomes of the commit. Messages carry ids:
    /// read the rows from the database, which may have gone on by then, or ask for them by [`Watch::with_rows`].
    ///
    /// Where nobody is subscribed this costs nothing. Else each commit costs O(its changes) more for each subscription,
    /// and statements that give rows out ([`delete`](Database::delete), [`replace`](Database::replace)) copy them. The errors are
    /// [`Error::UnknownModel`] and [`Error::TransactionOpen`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Moon { #[model(belongs_to, on_delete = cascade)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// let planets = db.subscribe(Watch::table::<Planet>(), 100, Overflow::Drop)?;
    /// let moons = db.subscribe([Watch::table::<Moon>(), Watch::relation(Moon::PLANET)], 100, Overflow::Close)?;
    ///
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// let moon = db.insert(Moon { planet_id: mars })?;
    /// assert_eq!(planets.try_recv().unwrap().changes, [Changed::Inserted(mars.erase())]);
    /// let seen: Vec<String> = moons.try_recv().unwrap().changes.iter().map(|changed| changed.to_string()).collect();
    /// assert_eq!(seen, ["Moon 1v1 inserted", "Moon 1v1.planet: none -> Planet 1v1"]);
    ///
    /// db.delete(mars)?;
    /// assert_eq!(planets.try_recv().unwrap().changes, [Changed::Removed(mars.erase())]);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn subscribe(
        &mut self,
        watches: impl Into<Vec<Watch>>,
        capacity: usize,
        overflow: Overflow,
    ) -> Result<Subscription, Error> {
        self.expect_no_transaction()?;
        let watches = watches.into();
        let unknown = |(model, _)| self.store.position_of(model).is_none();
        if let Some((_, model)) = watches.iter().filter_map(|watch| watch.model).find(|model| unknown(*model)) {
            return Err(Error::UnknownModel { model });
        }
        Ok(self.store.feed.subscribe(watches, capacity, overflow))
    }
}

/// Sends the subscriptions what a log, which has become true, has done. Runs no user code, but where rows were asked
/// for: then a panic of theirs ends here.
pub(crate) fn publish(store: &mut Store, record: &Record) {
    if !store.feed.is_empty() {
        let outcome = outcome(store, &record.log.changes);
        let rows = contained(|| rows_of(store, record, &outcome));
        store.feed.deliver(&outcome, &rows);
        contained(|| drop(rows));
    }
}

/// The rows of before and after that were asked for.
fn rows_of(store: &Store, record: &Record, outcome: &[Changed]) -> HashMap<RowId, Arc<RowStates>> {
    let wanted: HashSet<RowId> =
        outcome.iter().filter(|changed| store.feed.wants_rows(changed)).filter_map(Changed::row).collect();
    let mut rows = HashMap::new();
    for (table, _) in record.before.iter().filter(|_| !wanted.is_empty()) {
        let slot = &store.tables[*table as usize];
        let states = slot.rows.states(*table, record, &|key| wanted.contains(&RowId { table: slot.name, key }));
        rows.extend(states.into_iter().map(|states| (states.row, Arc::new(states))));
    }
    rows
}

/// Runs user code after a change has been made, when a panic must not keep anything else from being done.
fn contained<T: Default>(work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_default()
}

/// What changes have done to each row and each link, in the order of their first ones.
fn outcome(store: &Store, changes: &[Change]) -> Vec<Changed> {
    // By table, row and, for a link, the relation.
    let mut seen: HashSet<(u32, DefaultKey, Option<u32>)> = HashSet::new();
    // Of lists, by the target too.
    let mut listed: HashSet<(u32, DefaultKey, u32, DefaultKey)> = HashSet::new();
    let mut outcome = Vec::new();
    for &Change { table, key, what } in changes {
        let row = store.row_id((table, key));
        let slot = &store.tables[table as usize];
        match what {
            What::Row(first) if seen.insert((table, key, None)) => {
                outcome.extend(match (was_stored(first), slot.rows.contains(key)) {
                    (false, true) => Some(Changed::Inserted(row)),
                    (true, true) => Some(Changed::Updated(row)),
                    (true, false) => Some(Changed::Removed(row)),
                    (false, false) => None,
                });
            }
            What::Joined { relation } if seen.insert((table, key, Some(relation))) => {
                outcome.extend(related(store, row, table, relation, no_target::absent()));
            }
            What::Left { relation, entry } if seen.insert((table, key, Some(relation))) => {
                outcome.extend(related(store, row, table, relation, entry.target()));
            }
            What::Listed { relation, target } if listed.insert((table, key, relation, target)) => {
                outcome.extend(relisted(store, row, table, relation, (false, target)));
            }
            What::Unlisted { relation, listing } if listed.insert((table, key, relation, listing.target)) => {
                outcome.extend(relisted(store, row, table, relation, (!listing.waits(), listing.target)));
            }
            _ => {}
        }
    }
    outcome
}

/// What has become of a row's place in a list, where it `was` there or not.
fn relisted(
    store: &Store,
    row: RowId,
    table: u32,
    relation: u32,
    (was, target): (bool, DefaultKey),
) -> Option<Changed> {
    let slot = &store.tables[table as usize];
    let is = slot.index.list(relation as usize).get(row.key, target).is_some_and(|listing| !listing.waits());
    let target_table = slot.targets[relation as usize];
    let mut incoming = store.tables[target_table as usize].incoming.iter();
    let named = incoming.find(|incoming| (incoming.table, incoming.relation) == (table, relation as usize))?;
    let target = |there: bool| there.then(|| store.row_id((target_table, target)));
    (was || is).then_some(Changed::Related { row, relation: named.name, from: target(was), to: target(is) })
}

/// Whether there was a row before the first change of it.
fn was_stored(first: RowChange) -> bool {
    matches!(first, RowChange::Removed | RowChange::Replaced | RowChange::Edited { .. } | RowChange::Emptied)
}

/// What has become of a link from `before`, a key of no target where there was none; `None` where there is none now either.
fn related(store: &Store, row: RowId, table: u32, relation: u32, before: DefaultKey) -> Option<Changed> {
    let slot = &store.tables[table as usize];
    let after = slot.index.links[relation as usize].target(row.key);
    let target = slot.targets[relation as usize];
    let stored = |key: DefaultKey| (!no_target::is(key)).then(|| store.row_id((target, key)));
    let (from, to) = (stored(before), stored(after));
    let mut incoming = store.tables[target as usize].incoming.iter();
    let named = incoming.find(|incoming| (incoming.table, incoming.relation) == (table, relation as usize))?;
    (from.is_some() || to.is_some()).then_some(Changed::Related { row, relation: named.name, from, to })
}
