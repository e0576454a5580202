//! Plans of statements in which nothing is out of the ordinary: a row that comes alone, in one pass and on the stack; and
//! many new rows, block by block.
//!
//! "Ordinary" is: there are no lists of ids, all keys name stored rows, unique keys are free, nobody waits for what comes.
//! Else there is no plan here, and the planner of statements decides, which also makes the errors. So these are no second
//! set of rules: what is planned here, that planner would plan alike.

use std::ops::Range;

use slotmap::DefaultKey;
use smallvec::SmallVec;

use super::pending::same_key as same_foreign_key;
use super::removal::UniqueHashes;
use super::uniques::same_key;
use crate::id::slot_of;
use crate::index::Indexes;
use crate::index::links::no_target;
use crate::index::unique::NewEntries;
use crate::key::hash_of;
use crate::model::{BLOCK, Index, ListRelation, Model, Reference, Relation, Unique, Visitor, has_key, hash_block};
use crate::order::IndexKey;
use crate::table::{Store, Table, TableSlot};

/// What storing a new row does to the indexes of its table, in the order of its relations and unique keys.
#[derive(Default)]
pub(crate) struct Single {
    /// The target of each relation, or `absent`.
    pub(crate) targets: SmallVec<[DefaultKey; 4]>,
    /// The hash of each unique key that is present.
    pub(crate) hashes: UniqueHashes,
    /// The key in each index that is no unique key.
    pub(crate) entries: SmallVec<[IndexKey; 2]>,
}

/// Plans the storing of a new row, in `single`, which is empty as yet; says whether that is ordinary.
#[inline]
pub(crate) fn plan_single<M: Model>(
    store: &Store,
    slot: &TableSlot,
    own: Table<'_, M>,
    row: &M,
    single: &mut Single,
) -> bool {
    if !slot.index.lists.is_empty() || may_be_waited_for(store, slot) {
        return false;
    }
    let mut planner = Planner { store, slot, own, row, single, is_ordinary: true };
    M::declare(&mut planner);
    planner.is_ordinary
}

/// Whether rows keep every key of the stored rows that they take the place of, so that no index changes and nothing is
/// judged: a key that is the same is in nobody's way (behaviour I5). O(rows) for each key, up to the first that differs.
pub(crate) fn keeps_keys<M: Model>(own: Table<'_, M>, rows: &[M], keys: &[DefaultKey]) -> bool {
    let mut visitor = Keeping { own, rows: &[], keys: &[], outcome: true };
    for (rows, keys) in rows.chunks(BLOCK).zip(keys.chunks(BLOCK)) {
        (visitor.rows, visitor.keys) = (rows, keys);
        M::declare(&mut visitor);
        if !visitor.outcome {
            return false;
        }
    }
    true
}

struct Keeping<'a, M> {
    own: Table<'a, M>,
    /// The rows that are looked at now.
    rows: &'a [M],
    keys: &'a [DefaultKey],
    outcome: bool,
}

impl<M> Keeping<'_, M> {
    fn expect(&mut self, is_same: impl Fn(&M, &M) -> bool) {
        let stored = self.keys.iter().map(|key| self.own.rows.get(*key));
        let mut both = stored.zip(self.rows);
        self.outcome = self.outcome && both.all(|(stored, row)| stored.is_some_and(|stored| is_same(stored, row)));
    }
}

impl<M: Model> Visitor<M> for Keeping<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        self.expect(|stored, row| same_key::<U>(Some(stored), row));
    }
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        self.expect(same_foreign_key::<R>);
    }
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        self.expect(|stored, row| L::ids(stored) == L::ids(row));
    }
    fn index<I: Index<Model = M>>(&mut self) {
        let index = &self.own.index.secondary[I::INDEX];
        let is_held = |(key, row): (&DefaultKey, &M)| index.key(*key) == Some(I::key(row));
        self.outcome = self.outcome && self.keys.iter().zip(self.rows).all(is_held);
    }
}

/// What storing new rows does to the indexes of their table.
pub(crate) struct Batch {
    /// Of each relation the targets, in the order of the rows.
    pub(crate) targets: Vec<Vec<DefaultKey>>,
    pub(crate) uniques: Vec<NewEntries>,
    /// Of each index that is no unique key the keys of the rows, sorted.
    pub(crate) entries: Vec<Vec<(IndexKey, DefaultKey)>>,
}

/// Plans the storing of new rows under these keys; `None` where that is not ordinary. A row that names another of the
/// batch, by its id or by a key, names none that is stored yet.
pub(crate) fn plan_batch<M: Model>(store: &Store, position: u32, rows: &[M], keys: &[DefaultKey]) -> Option<Batch> {
    let slot = &store.tables[position as usize];
    let Indexes { links, lists, uniques, secondary } = &slot.index;
    if !lists.is_empty() || may_be_waited_for(store, slot) {
        return None;
    }
    let batch = Batch {
        targets: links.iter().map(|_| Vec::with_capacity(rows.len())).collect(),
        uniques: uniques.iter().map(|_| NewEntries::with_capacity(rows.len())).collect(),
        entries: secondary.iter().map(|_| Vec::with_capacity(rows.len())).collect(),
    };
    let own = store.table_at::<M>(position);
    let mut planner = BatchPlanner { store, slot, own, rows, keys, block: 0..0, batch, is_ordinary: true };
    // All keys of a block are planned before the next, so that its rows come from memory once.
    while planner.is_ordinary && planner.block.end < rows.len() {
        planner.block = planner.block.end..rows.len().min(planner.block.end + BLOCK);
        M::declare(&mut planner);
    }
    if !planner.is_ordinary {
        return None;
    }
    for entries in &mut planner.batch.entries {
        entries.sort_unstable();
    }
    Some(planner.batch)
}

/// Whether rows may wait for a row of this table: some were stored unchecked, or a transaction is open that may have let
/// them.
#[inline]
fn may_be_waited_for(store: &Store, slot: &TableSlot) -> bool {
    (store.stored_unchecked || store.log.is_some())
        && slot
            .incoming
            .iter()
            .any(|incoming| store.tables[incoming.table as usize].index.unresolved(incoming.relation) > 0)
}

struct Planner<'a, M: Model> {
    store: &'a Store,
    slot: &'a TableSlot,
    own: Table<'a, M>,
    row: &'a M,
    single: &'a mut Single,
    is_ordinary: bool,
}

impl<M: Model> Visitor<M> for Planner<'_, M> {
    #[inline]
    fn unique<U: Unique<Model = M>>(&mut self) {
        let hash = U::key(self.row).filter(|_| self.is_ordinary).map(|key| {
            let unique = &self.own.index.uniques[U::INDEX];
            let hash = hash_of(unique.hasher(), key);
            self.is_ordinary = unique.find(hash, |other| has_key::<U>(self.own.rows, other, key)).is_none();
            hash
        });
        self.single.hashes.push(hash);
    }

    #[inline]
    fn index<I: Index<Model = M>>(&mut self) {
        self.single.entries.push(I::key(self.row));
    }

    #[inline]
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let target = match R::key(self.row).filter(|_| self.is_ordinary) {
            None => Some(no_target::absent()),
            Some(key) => {
                let target = self.store.table_at::<R::Target>(self.slot.targets[R::INDEX]);
                R::Reference::find(target.rows, target.index, key)
            }
        };
        match target {
            Some(target) => self.single.targets.push(target),
            None => self.is_ordinary = false,
        }
    }
}

struct BatchPlanner<'a, M> {
    store: &'a Store,
    slot: &'a TableSlot,
    own: Table<'a, M>,
    rows: &'a [M],
    keys: &'a [DefaultKey],
    /// The places of the rows that are planned now.
    block: Range<usize>,
    batch: Batch,
    is_ordinary: bool,
}

impl<M: Model> Visitor<M> for BatchPlanner<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        if self.is_ordinary {
            // All hashes come first, so that the probes of the tables do not wait for one another.
            let unique = &self.own.index.uniques[U::INDEX];
            let hash = |row: &M| U::key(row).map(|key| hash_of(unique.hasher(), key));
            let hashes = hash_block(&self.rows[self.block.clone()], hash);
            self.is_ordinary = self.are_free::<U>(&hashes) && self.claim::<U>(&hashes);
        }
    }

    fn index<I: Index<Model = M>>(&mut self) {
        let block = self.block.clone();
        let keys = self.rows[block.clone()].iter().map(I::key);
        self.batch.entries[I::INDEX].extend(keys.zip(self.keys[block].iter().copied()));
    }

    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if !self.is_ordinary {
            return;
        }
        let target = self.store.table_at::<R::Target>(self.slot.targets[R::INDEX]);
        let targets = &mut self.batch.targets[R::INDEX];
        let rows = &self.rows[self.block.clone()];
        self.is_ordinary = R::Reference::find_block(target.rows, target.index, rows, R::key, targets);
    }
}

impl<M: Model> BatchPlanner<'_, M> {
    /// Whether no stored row has one of the block's keys.
    fn are_free<U: Unique<Model = M>>(&self, hashes: &[Option<u32>]) -> bool {
        let unique = &self.own.index.uniques[U::INDEX];
        let is_free = |(row, hash): (&M, &Option<u32>)| {
            let (Some(key), Some(hash)) = (U::key(row), *hash) else { return true };
            unique.find(hash, |other| has_key::<U>(self.own.rows, other, key)).is_none()
        };
        unique.len() == 0 || self.rows[self.block.clone()].iter().zip(hashes).all(is_free)
    }

    /// Collects the block's keys; says whether no row of the batch has the key of another.
    fn claim<U: Unique<Model = M>>(&mut self, hashes: &[Option<u32>]) -> bool {
        let (rows, keys) = (self.rows, self.keys);
        let new = &mut self.batch.uniques[U::INDEX];
        self.block.clone().zip(hashes).all(|(place, hash)| {
            // Where it is not known whose hash is the same, the rows count as not ordinary.
            let is_same =
                |other| row_under(rows, keys, other).is_none_or(|other| same_key::<U>(Some(other), &rows[place]));
            hash.is_none_or(|hash| new.add(hash, keys[place], is_same))
        })
    }
}

/// The row of a batch that will be under a key; `None` where the key's slot was used before.
fn row_under<'a, M>(rows: &'a [M], keys: &[DefaultKey], key: DefaultKey) -> Option<&'a M> {
    // Slots that are new come last, one after the other.
    let behind = slot_of(*keys.last()?).checked_sub(slot_of(key))? as usize;
    let place = (keys.len() - 1).checked_sub(behind)?;
    (keys[place] == key).then(|| &rows[place])
}

#[cfg(test)]
mod tests;
