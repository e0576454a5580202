//! Deleting, with what it takes along.

use hashbrown::HashMap;
use slotmap::DefaultKey;

use super::apply::{self, Departed, TableRemoval};
use crate::database::Database;
use crate::error::Error;
use crate::id::{Id, RowId};
use crate::integrity::Faults;
use crate::integrity::removal::{DeletePlan, Removal, UniqueHashes, are_alone, is_referred_to, plan_leaving};
use crate::integrity::statement::{ChangedKey, Planned, plan_removal};
use crate::model::Model;
use crate::table::{RowAt, Store};

/// What a delete has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted<M> {
    /// The row that was asked for.
    pub row: M,
    /// The other rows that went, by cascade, each after the row that took it along (behaviour I18).
    pub removed: Vec<RowId>,
    /// The keys of other rows that have changed: by `set_null`, `set_default`, and what followed from that.
    pub changed: Vec<ChangedKey>,
}

impl Database {
    /// Removes a row, and does to the rows that refer to it what their relations say (behaviours I3, I6, I7).
    ///
    /// Everything is decided before anything changes: if a `restrict` anywhere stands against it, the error names it
    /// and nothing is removed. O(rows that go and rows that refer to them), O(1) for each link that is undone.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Moon { #[model(belongs_to, on_delete = cascade)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// # let mars = db.insert(Planet { name: "Mars".into() })?;
    /// # let phobos = db.insert(Moon { planet_id: mars })?;
    /// let gone = db.delete(mars)?;
    /// assert_eq!(gone.row.name, "Mars");
    /// assert_eq!(gone.removed, [phobos.erase()]);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn delete<M: Model>(&mut self, id: Id<M>) -> Result<Deleted<M>, Error> {
        let guess = self.store.guess_position::<M>();
        let may_go_alone = |slot| !self.store.keeps_rows() && !is_referred_to(&self.store, slot, id.key());
        if self.store.tables.get(guess).is_some_and(may_go_alone)
            && let Some((rows, index)) = self.store.guessed_writer::<M>(guess)
            && index.lists.is_empty()
            && rows.contains(id.key())
        {
            let mut hashes = UniqueHashes::default();
            plan_leaving(rows, index, id.key(), &mut hashes)?;
            let row = apply::remove_one(rows, index, id.key(), &hashes);
            return Ok(Deleted { row, removed: Vec::new(), changed: Vec::new() });
        }
        self.delete_planned(id)
    }

    // A call of its own, so that the way of a row that goes alone stays short.
    #[cold]
    #[inline(never)]
    fn delete_planned<M: Model>(&mut self, id: Id<M>) -> Result<Deleted<M>, Error> {
        let (slot, table) = self.store.slot::<M>()?;
        let position = slot.position;
        table.row(id)?;
        if is_referred_to(&self.store, slot, id.key()) {
            return self.delete_roots(id, &[(position, id.key())]);
        }
        let row = self.delete_alone(position, id)?;
        Ok(Deleted { row, removed: Vec::new(), changed: Vec::new() })
    }

    /// Removes rows as one statement, with what they take along. The first is the one of `id`, no two are the same.
    pub(crate) fn delete_roots<M: Model>(&mut self, id: Id<M>, roots: &[RowAt]) -> Result<Deleted<M>, Error> {
        let kept = self.copy_if_kept(id)?;
        let mut removal = Removal::of(&self.store, roots);
        let removed = removal.removed(&self.store, 1);
        let (mut departed, changed) = carry_out(&mut self.store, &mut removal, false).map_err(first)?;
        // The first table's rows are those of the row that was asked for, which is the first among them.
        let first = departed.removed.swap_remove(0).downcast::<Vec<M>>().expect("the first table is the one asked for");
        let row = first.into_iter().next().or(kept).expect("the row was seen to be stored");
        Ok(Deleted { row, removed, changed })
    }

    /// Removes any number of rows of a model as one statement, with what they take along.
    pub(crate) fn delete_together<M: Model>(&mut self, keys: Vec<DefaultKey>) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let position = self.store.position::<M>()?;
        let (slot, table) = self.store.slot::<M>()?;
        if are_alone(&self.store, slot, &keys) {
            let hashes = slot.rows.plan_removal(table.index, &keys)?;
            drop(apply::remove_all::<M>(&mut self.store, position, &keys, &hashes));
            return Ok(());
        }
        let roots: Vec<RowAt> = keys.into_iter().map(|key| (position, key)).collect();
        let mut removal = Removal::of(&self.store, &roots);
        carry_out(&mut self.store, &mut removal, false).map(drop).map_err(first)
    }

    /// Removes a row that nothing refers to, with no list made: where a transaction keeps it, or something about it is out
    /// of the ordinary.
    fn delete_alone<M: Model>(&mut self, position: u32, id: Id<M>) -> Result<M, Error> {
        let mut hashes = UniqueHashes::default();
        let table = self.store.table_at::<M>(position);
        plan_leaving(table.rows, table.index, id.key(), &mut hashes)?;
        let kept = self.copy_if_kept(id)?;
        let row = apply::remove_alone(&mut self.store, position, id.key(), &hashes);
        Ok(row.or(kept).expect("the row was seen to be stored"))
    }

    /// What [`Database::delete`] would do, and everything that stands against it.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// # let mars = db.insert(Planet { name: "Mars".into() })?;
    /// # db.insert(Moon { planet_id: mars })?;
    /// let plan = db.plan_delete(mars)?;
    /// assert!(plan.is_blocked());
    /// assert_eq!(
    ///     plan.blocked[0].to_string(),
    ///     "Planet 1v1 is referred to by 1 row(s) over `Moon`.planet, the first is Moon 1v1: deleting it is restricted"
    /// );
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn plan_delete<M: Model>(&self, id: Id<M>) -> Result<DeletePlan, Error> {
        let position = self.store.position::<M>()?;
        self.store.table_at::<M>(position).row(id)?;
        let mut removal = Removal::of(&self.store, &[(position, id.key())]);
        let blocked = std::mem::take(&mut removal.blocked);
        let (_, planned, faults) = prepare(&self.store, &mut removal);
        let mut blocked: Vec<Error> = blocked.into_iter().map(|(_, error)| error).collect();
        if blocked.is_empty() {
            blocked.extend(faults.into_iter().next().map(|(_, error)| error));
        }
        let (removed, changed) = (removal.removed(&self.store, 1), planned.changed(&self.store));
        Ok(DeletePlan { row: id.erase(), removed, changed, blocked })
    }
}

/// Does what a removal says, unless something stands against it, by the places of the rows that go: all of it, or what is
/// found first. Gives the rows that left, and which keys of others have changed.
pub(super) fn carry_out(
    store: &mut Store,
    removal: &mut Removal,
    lists_all: bool,
) -> Result<(Departed, Vec<ChangedKey>), Faults> {
    let mut faults = std::mem::take(&mut removal.blocked);
    if !faults.is_empty() && !lists_all {
        return Err(faults.into());
    }
    let (removals, planned, found) = prepare(store, removal);
    faults.extend(found);
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let changed = planned.changed(store);
    Ok((apply::carry_out(store, planned, &removals), changed))
}

/// Plans what a removal does to each table, and what becomes of the rows that refer to those which go.
fn prepare(store: &Store, removal: &mut Removal) -> (Vec<TableRemoval>, Planned, Vec<(usize, Error)>) {
    let mut broken = Vec::new();
    let plan = |(position, keys): (u32, Vec<DefaultKey>)| {
        let slot = &store.tables[position as usize];
        let hashes = slot.rows.plan_removal(&slot.index, &keys).unwrap_or_else(|error| {
            broken.push((0, error));
            Vec::new()
        });
        TableRemoval { position, keys, hashes }
    };
    let removals: Vec<TableRemoval> = by_table(&removal.rows, |at| *at).into_iter().map(plan).collect();
    if !broken.is_empty() {
        return (removals, Planned::default(), broken);
    }
    // Who waits for another row with the key of one that goes is found by its hash.
    let mut hashes: HashMap<RowAt, &[Option<u32>]> = HashMap::new();
    for planned in removals.iter().filter(|_| !removal.orphaned.is_empty()) {
        let uniques = store.tables[planned.position as usize].index.uniques.len();
        let of_rows = planned.hashes.chunks(uniques.max(1)).chain(std::iter::repeat(&[][..]));
        hashes.extend(planned.keys.iter().map(|key| (planned.position, *key)).zip(of_rows));
    }
    let (planned, faults) = plan_removal(store, removal, |at| hashes[&at]);
    drop(hashes);
    (removals, planned, faults)
}

/// The first of what stands against a statement.
fn first(mut faults: Faults) -> Error {
    faults.kept.swap_remove(0).1
}

/// Groups by table, tables in the order of their first appearance.
fn by_table<T, V>(items: &[T], split: impl Fn(&T) -> (u32, V)) -> Vec<(u32, Vec<V>)> {
    let mut places: HashMap<u32, usize> = HashMap::new();
    let mut groups: Vec<(u32, Vec<V>)> = Vec::new();
    for item in items {
        let (table, value) = split(item);
        let place = *places.entry(table).or_insert_with(|| {
            groups.push((table, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(value);
    }
    groups
}
