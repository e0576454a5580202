//! The indexes of loaded rows, built again: which is what proves every unique and every foreign key of a snapshot. Where
//! one does not hold the indexes are those of rows stored unchecked, and `check` says what is wrong.
//!
//! Unique indexes and other ones come first, for all tables; links look their targets up in them. Lists of ids come with the links. On
//! several threads targets are looked up apart, and sources join them in order.

use slotmap::DefaultKey;

use crate::arena::Arena;
use crate::index::Indexes;
use crate::index::links::{Link, LinkChange, no_target, waiting_hash};
use crate::index::lists::{Listed, Lists, by_id};
use crate::integrity::acyclic;
use crate::key::hash_of;
use crate::model::{BLOCK, Index, KeyRef, ListRelation, Model, Probe, Reference, Relation, Unique, Visitor, has_key};
#[cfg(feature = "rayon")]
use crate::snapshot::rounds::{self, Piece};
use crate::table::{Store, Table, Threads};

/// Enters every row into every index of its fields; says whether each key is there once. O(rows x keys).
pub(crate) fn uniques<M: Model>(rows: &Arena<M>, index: &mut Indexes) -> bool {
    let mut visitor = Uniques { rows, index, hold: true };
    M::declare(&mut visitor);
    visitor.hold
}

struct Uniques<'a, M> {
    rows: &'a Arena<M>,
    index: &'a mut Indexes,
    hold: bool,
}

impl<M: Model> Visitor<M> for Uniques<'_, M> {
    fn index<I: Index<Model = M>>(&mut self) {
        let mut entries: Vec<_> = self.rows.iter().map(|(key, row)| (I::key(row), key)).collect();
        entries.sort_unstable();
        self.index.secondary[I::INDEX].insert_all(&entries);
    }

    fn unique<U: Unique<Model = M>>(&mut self) {
        let unique = &mut self.index.uniques[U::INDEX];
        unique.reserve(self.rows.len());
        for (key, row) in self.rows.iter() {
            let Some(value) = U::key(row) else { continue };
            let hash = hash_of(unique.hasher(), value);
            if unique.find(hash, |candidate| has_key::<U>(self.rows, candidate, value)).is_some() {
                unique.allow_repeats();
                self.hold = false;
            }
            unique.insert(hash, key);
        }
    }
}

/// Links every row to its targets, in slot order; a row whose key names none waits for it. Says whether none does, and no
/// hierarchy has a cycle. O(rows x relations).
pub(crate) fn links<M: Model>(
    rows: &Arena<M>,
    store: &Store,
    links: &mut [Link],
    lists: &mut [Lists],
    threads: Threads,
) -> bool {
    let mut visitor = Linking { rows, store, links, lists, threads, hold: true };
    M::declare(&mut visitor);
    visitor.hold
}

struct Linking<'a, M> {
    rows: &'a Arena<M>,
    store: &'a Store,
    links: &'a mut [Link],
    lists: &'a mut [Lists],
    threads: Threads,
    hold: bool,
}

impl<M: Model> Visitor<M> for Linking<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let link = &mut self.links[R::INDEX];
        let targets = self.store.table::<R::Target>().expect("the builder has seen every target");
        link.reserve(self.rows.next_slot() as usize);
        link.reserve_targets(targets.rows.next_slot() as usize);
        let mut rows = self.rows.iter();
        match self.threads {
            Threads::One => {
                let mut batch = Batch::default();
                while batch.fill(&mut rows, BLOCK) {
                    batch.find::<R>(targets);
                    self.hold &= batch.join(link);
                }
            }
            #[cfg(feature = "rayon")]
            Threads::Many => self.hold &= join_all::<R>(link, targets, &mut rows),
        }
        self.hold &= !R::ACYCLIC || acyclic::standing(link, self.rows.iter().map(|(key, _)| key)).is_empty();
    }

    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        let list = &mut self.lists[L::INDEX - self.links.len()];
        let targets = self.store.table::<L::Target>().expect("the builder has seen every target");
        list.reserve_targets(targets.rows.next_slot() as usize);
        let mut listed = Vec::new();
        for (source, row) in self.rows.iter() {
            listed.clear();
            for id in L::ids(row) {
                let waits = !targets.rows.contains(id.key());
                self.hold &= !waits;
                listed.push(Listed { target: id.key(), waits });
            }
            listed.sort_unstable_by_key(|listed| by_id(listed.target));
            listed.dedup();
            list.relist(source, &listed, |_| ());
        }
    }
}

/// Some sources, and what becomes of the link of each.
struct Batch<'a, M> {
    sources: Vec<(DefaultKey, &'a M)>,
    found: Vec<LinkChange>,
    /// The targets of a block of them.
    block: Vec<DefaultKey>,
}

impl<M> Default for Batch<'_, M> {
    fn default() -> Self {
        Batch { sources: Vec::new(), found: Vec::new(), block: Vec::with_capacity(BLOCK) }
    }
}

impl<'a, M: Model> Batch<'a, M> {
    /// Takes the next sources; `false` where there are no more.
    fn fill(&mut self, rows: &mut impl Iterator<Item = (DefaultKey, &'a M)>, count: usize) -> bool {
        self.sources.clear();
        self.sources.extend(rows.take(count));
        !self.sources.is_empty()
    }

    /// Looks the targets up.
    fn find<R: Relation<Source = M>>(&mut self, targets: Table<'_, R::Target>) {
        self.found.clear();
        for block in self.sources.chunks(BLOCK) {
            self.block.clear();
            // Most often all keys of a block name rows, and are looked up together.
            if R::Reference::find_block(targets.rows, targets.index, block, key_of::<R>, &mut self.block) {
                self.found.extend(self.block.iter().copied().map(LinkChange::To));
            } else {
                self.found.extend(block.iter().map(|(_, row)| find_one::<R>(targets, row)));
            }
        }
    }

    /// Links the sources in their order; says whether none waits for a target.
    fn join(&self, link: &mut Link) -> bool {
        let mut hold = true;
        for ((source, _), found) in self.sources.iter().zip(&self.found) {
            match *found {
                LinkChange::To(target) => link.join(*source, target),
                LinkChange::Waits(hash) => {
                    link.wait(*source, hash);
                    hold = false;
                }
                LinkChange::Stays => unreachable!("it has no link yet"),
            }
        }
        hold
    }
}

/// Links all sources: their targets are looked up on the threads of rayon.
#[cfg(feature = "rayon")]
fn join_all<'a, R: Relation>(
    link: &mut Link,
    targets: Table<'_, R::Target>,
    rows: &mut impl Iterator<Item = (DefaultKey, &'a R::Source)>,
) -> bool {
    /// How many batches of a round there are for each thread, and how many sources a batch has.
    const BATCHES_OF_THREAD: usize = 4;
    const SOURCES: usize = 16 * BLOCK;
    let mut hold = true;
    let mut found: Vec<Piece<Batch<'_, R::Source>, ()>> = Vec::new();
    let mut idle = Vec::new();
    loop {
        let batch = || {
            let mut batch: Batch<'_, R::Source> = idle.pop().unwrap_or_default();
            batch.fill(rows, SOURCES).then(|| Piece::new(batch))
        };
        let round = BATCHES_OF_THREAD * rayon::current_num_threads();
        let mut finding: Vec<_> = std::iter::repeat_with(batch).take(round).map_while(|batch| batch).collect();
        rounds::run(
            &mut finding,
            |batch| batch.find::<R>(targets),
            || {
                for batch in found.drain(..) {
                    let (batch, _) = batch.take();
                    hold &= batch.join(link);
                    idle.push(batch);
                }
            },
        );
        found = finding;
        if found.is_empty() {
            return hold;
        }
    }
}

fn key_of<'a, R: Relation>(source: &'a (DefaultKey, &R::Source)) -> Option<KeyRef<'a, R>> {
    R::key(source.1)
}

/// The target of a row, or where it waits for one.
fn find_one<R: Relation>(targets: Table<'_, R::Target>, row: &R::Source) -> LinkChange {
    let Some(key) = R::key(row) else { return LinkChange::To(no_target::absent()) };
    if let Some(target) = R::Reference::find(targets.rows, targets.index, key) {
        return LinkChange::To(target);
    }
    LinkChange::Waits(match R::Reference::probe(targets.index, key) {
        Probe::Id(id) => waiting_hash(id),
        Probe::Hash(hash) => hash,
    })
}
