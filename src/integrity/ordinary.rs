//! Plans of statements in which nothing is out of the ordinary: a row that comes alone, in one pass and on the stack; and
//! many new rows of a model without unique keys.
//!
//! "Ordinary" is: there are no lists of ids, all keys name stored rows, unique keys are free, nobody waits for what comes.
//! Else there is no plan here, and the planner of statements decides, which also makes the errors. So these are no second
//! set of rules: what is planned here, that planner would plan alike.

use slotmap::DefaultKey;
use smallvec::SmallVec;

use super::removal::UniqueHashes;
use crate::index::Indexes;
use crate::index::links::no_target;
use crate::key::hash_of;
use crate::model::{Model, Reference, Relation, Unique, Visitor, has_key};
use crate::table::{Store, Table, TableSlot};

/// What storing a new row does to the indexes of its table, in the order of its relations and unique keys.
#[derive(Default)]
pub(crate) struct Single {
    /// The target of each relation, or `absent`.
    pub(crate) targets: SmallVec<[DefaultKey; 4]>,
    /// The hash of each unique key that is present.
    pub(crate) hashes: UniqueHashes,
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

/// Plans the storing of new rows: their targets, relation by relation. `None` where that is not ordinary, which it is
/// not where rows could exclude one another: the model has unique keys. A row that names another of the batch by its id
/// names none that is stored yet.
pub(crate) fn plan_batch<M: Model>(store: &Store, position: u32, rows: &[M]) -> Option<Vec<Vec<DefaultKey>>> {
    let slot = &store.tables[position as usize];
    let Indexes { links: _, lists, uniques } = &slot.index;
    if !uniques.is_empty() || !lists.is_empty() || may_be_waited_for(store, slot) {
        return None;
    }
    let mut planner = BatchPlanner { store, slot, rows, targets: Vec::new(), is_ordinary: true };
    M::declare(&mut planner);
    planner.is_ordinary.then_some(planner.targets)
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
    rows: &'a [M],
    targets: Vec<Vec<DefaultKey>>,
    is_ordinary: bool,
}

impl<M: Model> Visitor<M> for BatchPlanner<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if !self.is_ordinary {
            return;
        }
        let target = self.store.table_at::<R::Target>(self.slot.targets[R::INDEX]);
        let mut targets = Vec::with_capacity(self.rows.len());
        targets.extend(self.rows.iter().map_while(|row| match R::key(row) {
            None => Some(no_target::absent()),
            Some(key) => R::Reference::find(target.rows, target.index, key),
        }));
        self.is_ordinary = targets.len() == self.rows.len();
        self.targets.push(targets);
    }
}
