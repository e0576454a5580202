//! The log of an open transaction: what each primitive change has done, so that it can be taken back.
//!
//! A change is taken back by another of the same kinds, which is recorded in turn: taking back a whole log gives a log
//! that, taken back, is the first again. So rolling back, undoing and redoing are one piece of code.
//!
//! # Invariants
//! 1. While a log is open, every change of a table goes through [`IndexWriter`] and is recorded, and no posting list is
//!    closed up: the positions in the log stay true.
//! 2. Rows of before are in the arenas, in the order of the log, not in here.
//! 3. Where a history is kept, closing up is a change like the others, recorded when the log is ended.
//!
//! Not responsible for when a log is opened and what becomes of it: that is `transaction`.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use slotmap::DefaultKey;

use crate::arena::RowChange;
use crate::fields::FieldSet;
use crate::index::Indexes;
use crate::index::links::{Entry, LinkChange};
use crate::index::lists::{Listed, Listing, Relisted};
use crate::index::unique::NewEntries;
use crate::order::IndexKey;

/// The changes of an open transaction, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) changes: Vec<Change>,
    /// For each closing up among the changes, the positions of the holes that it closed.
    pub(crate) holes: Vec<Box<[u32]>>,
    /// For each row among the changes of which some fields were changed, which; see [`Record::is_settled`].
    pub(crate) fields: Vec<FieldSet>,
    /// The keys of indexes that changes have entered rows under, or taken them out of.
    pub(crate) keys: Vec<IndexKey>,
    /// Whether a foreign key may name no row until the transaction is committed.
    pub(crate) deferred: bool,
    /// Whether it was opened for a statement that is made of several: to them it is no transaction, so that nothing waits
    /// for its end.
    pub(crate) of_parts: bool,
    /// Whether it was opened for a single statement, to end with it.
    pub(crate) of_one_statement: bool,
}

/// Rows that left a table, of a model that is not known here. The histories of a database and of its clones share them
/// until one takes its step back.
pub(crate) type Rows = Arc<dyn Any + Send + Sync>;

/// A log that has ended, with the rows that taking it back needs.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) log: Log,
    /// The rows of before, by table.
    pub(crate) before: Vec<(u32, Rows)>,
    /// Whether its changes of rows name the fields that they have changed, so that taking it back leaves the others as
    /// they are. Until rows are edited in place the whole row is exchanged, which comes to the same.
    pub(crate) is_settled: bool,
}

/// What can be undone and redone.
#[derive(Clone, Default)]
pub(crate) struct History {
    /// How many transactions are kept.
    pub(crate) limit: usize,
    /// Those that can be undone; the last was the latest.
    pub(crate) undo: VecDeque<Record>,
    /// Those that have been undone and can be redone; the last was undone last.
    pub(crate) redo: Vec<Record>,
}

impl History {
    /// Takes the oldest transactions out that are over the limit.
    pub(crate) fn shorten(&mut self) -> impl Iterator<Item = Record> {
        let over = self.undo.len().saturating_sub(self.limit);
        self.undo.drain(..over)
    }
}

/// One primitive change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// The position of the table.
    pub(crate) table: u32,
    /// The row.
    pub(crate) key: DefaultKey,
    pub(crate) what: What,
}

/// What a primitive change has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Something to the row itself.
    Row(RowChange),
    /// Linked it.
    Joined { relation: u32 },
    /// Unlinked it.
    Left { relation: u32, entry: Entry },
    /// Linked it to a row that it lists.
    Listed { relation: u32, target: DefaultKey },
    /// Unlinked it from one.
    Unlisted { relation: u32, listing: Listing },
    /// Entered it into a unique index.
    Entered { unique: u32, hash: u32 },
    /// Took it out of one.
    Withdrawn { unique: u32, hash: u32 },
    /// Entered it into an index that is no unique key; the key is in the log.
    Indexed { index: u32, key: u32 },
    /// Took it out of one.
    Unindexed { index: u32, key: u32 },
    /// Set the default target of a relation, in the place of this one.
    DefaultSet { relation: u32, before: Option<DefaultKey> },
    /// Closed up the list of a target slot; which holes, is in the log.
    ClosedUp { relation: u32, slot: u32, holes: u32 },
    /// Opened it again.
    Opened { relation: u32, slot: u32, holes: u32 },
}

/// The indexes of one table, to be changed: each change is recorded where a transaction is open.
pub(crate) struct IndexWriter<'a> {
    pub(crate) table: u32,
    pub(crate) index: &'a mut Indexes,
    pub(crate) log: Option<&'a mut Log>,
}

impl IndexWriter<'_> {
    /// Whether a transaction is open.
    #[inline]
    pub(crate) fn is_logged(&self) -> bool {
        self.log.is_some()
    }

    #[inline]
    fn record(&mut self, key: DefaultKey, what: What) {
        if let Some(log) = &mut self.log {
            log.changes.push(Change { table: self.table, key, what });
        }
    }

    /// Records a change of the row itself, which the caller makes.
    #[inline]
    pub(crate) fn record_row(&mut self, key: DefaultKey, change: RowChange) {
        self.record(key, What::Row(change));
    }

    /// Records that a new row was stored, linked over every relation and entered into the unique indexes by its hashes.
    #[cold]
    pub(crate) fn record_new(&mut self, key: DefaultKey, hashes: &[Option<u32>]) {
        self.record_row(key, RowChange::Stored);
        for relation in 0..self.index.links.len() as u32 {
            self.record(key, What::Joined { relation });
        }
        for (unique, hash) in (0..).zip(hashes) {
            if let Some(hash) = *hash {
                self.record(key, What::Entered { unique, hash });
            }
        }
    }

    #[inline]
    pub(crate) fn join(&mut self, relation: usize, source: DefaultKey, target: DefaultKey) {
        self.index.links[relation].join(source, target);
        self.record(source, What::Joined { relation: relation as u32 });
    }

    /// [`IndexWriter::join`] for many sources that have no link yet, each with its target.
    pub(crate) fn join_all(&mut self, relation: usize, sources: &[DefaultKey], targets: &[DefaultKey]) {
        self.index.links[relation].join_all(sources, targets);
        if let Some(log) = &mut self.log {
            let what = What::Joined { relation: relation as u32 };
            log.changes.extend(sources.iter().map(|key| Change { table: self.table, key: *key, what }));
        }
    }

    pub(crate) fn wait(&mut self, relation: usize, source: DefaultKey, hash: u32) {
        self.index.links[relation].wait(source, hash);
        self.record(source, What::Joined { relation: relation as u32 });
    }

    #[inline]
    pub(crate) fn leave(&mut self, relation: usize, source: DefaultKey) {
        if let Some(entry) = self.index.links[relation].leave(source) {
            self.record(source, What::Left { relation: relation as u32, entry });
        }
    }

    /// Links a source that has no link yet.
    #[inline]
    pub(crate) fn link(&mut self, relation: usize, source: DefaultKey, change: LinkChange) {
        match change {
            LinkChange::Stays => {}
            LinkChange::To(target) => self.join(relation, source, target),
            LinkChange::Waits(hash) => self.wait(relation, source, hash),
        }
    }

    /// Links a source in another way than before.
    #[inline]
    pub(crate) fn relink(&mut self, relation: usize, source: DefaultKey, change: LinkChange) {
        if !matches!(change, LinkChange::Stays) {
            self.leave(relation, source);
            self.link(relation, source, change);
        }
    }

    pub(crate) fn set_default_target(&mut self, relation: usize, target: Option<DefaultKey>) {
        let before = self.index.links[relation].set_default_target(target);
        self.record(DefaultKey::default(), What::DefaultSet { relation: relation as u32, before });
    }

    /// Makes these the targets of a source that lists them.
    pub(crate) fn relist(&mut self, relation: usize, source: DefaultKey, targets: &[Listed]) {
        let (table, log) = (self.table, &mut self.log);
        self.index.list_mut(relation).relist(source, targets, |change| {
            if let Some(log) = log {
                let relation = relation as u32;
                let what = match change {
                    Relisted::Gone(listing) => What::Unlisted { relation, listing },
                    Relisted::Come(target) => What::Listed { relation, target },
                };
                log.changes.push(Change { table, key: source, what });
            }
        });
    }

    /// Links a source to a row that it lists and that it has waited for.
    pub(crate) fn arrive(&mut self, relation: usize, source: DefaultKey, target: DefaultKey) {
        let list = self.index.list_mut(relation);
        if let Some(listing) = list.take_out(source, target) {
            list.add(source, target);
            self.record(source, What::Unlisted { relation: relation as u32, listing });
            self.record(source, What::Listed { relation: relation as u32, target });
        }
    }

    #[inline]
    pub(crate) fn enter(&mut self, unique: usize, hash: u32, key: DefaultKey) {
        self.index.uniques[unique].insert(hash, key);
        self.record(key, What::Entered { unique: unique as u32, hash });
    }

    /// [`IndexWriter::enter`] for many rows.
    pub(crate) fn enter_all(&mut self, unique: usize, new: NewEntries) {
        if let Some(log) = &mut self.log {
            let (table, unique) = (self.table, unique as u32);
            log.changes.extend(new.iter().map(|(hash, key)| Change {
                table,
                key,
                what: What::Entered { unique, hash },
            }));
        }
        self.index.uniques[unique].enter_all(new);
    }

    #[inline]
    pub(crate) fn withdraw(&mut self, unique: usize, hash: u32, key: DefaultKey) {
        self.index.uniques[unique].remove(hash, key);
        self.record(key, What::Withdrawn { unique: unique as u32, hash });
    }

    /// Enters a row into an index that is no unique key.
    #[inline]
    pub(crate) fn index_row(&mut self, index: usize, key: &IndexKey, row: DefaultKey) {
        if let Some(log) = &mut self.log {
            let what = What::Indexed { index: index as u32, key: log.keys.len() as u32 };
            log.keys.push(key.clone());
            log.changes.push(Change { table: self.table, key: row, what });
        }
        self.index.secondary[index].insert(key, row);
    }

    /// [`IndexWriter::index_row`] for many rows, sorted by key and slot.
    pub(crate) fn index_rows(&mut self, index: usize, entries: &[(IndexKey, DefaultKey)]) {
        if let Some(log) = &mut self.log {
            for (key, row) in entries {
                let what = What::Indexed { index: index as u32, key: log.keys.len() as u32 };
                log.keys.push(key.clone());
                log.changes.push(Change { table: self.table, key: *row, what });
            }
        }
        self.index.secondary[index].insert_all(entries);
    }

    /// Takes a row out of an index that is no unique key.
    #[inline]
    pub(crate) fn unindex_row(&mut self, index: usize, row: DefaultKey) {
        let key = self.index.secondary[index].remove(row);
        if let (Some(key), Some(log)) = (key, &mut self.log) {
            let what = What::Unindexed { index: index as u32, key: log.keys.len() as u32 };
            log.keys.push(key);
            log.changes.push(Change { table: self.table, key: row, what });
        }
    }

    /// Closes thinned lists up, unless their positions are in a log.
    #[inline]
    pub(crate) fn close_up(&mut self) {
        if self.log.is_none() {
            self.index.close_up();
        }
    }
}

/// Takes a change of the indexes back, and says what takes that back again.
pub(crate) fn revert(
    index: &mut Indexes,
    key: DefaultKey,
    what: What,
    holes: &[Box<[u32]>],
    keys: &[IndexKey],
) -> What {
    match what {
        What::Row(change) => What::Row(change),
        What::Joined { relation } => {
            let entry = index.links[relation as usize].leave(key);
            What::Left { relation, entry: entry.expect("a source that has joined is linked") }
        }
        What::Left { relation, entry } => {
            index.links[relation as usize].put_back(key, entry);
            What::Joined { relation }
        }
        What::Listed { relation, target } => {
            let listing = index.list_mut(relation as usize).take_out(key, target);
            What::Unlisted { relation, listing: listing.expect("a row that has come into a list is in it") }
        }
        What::Unlisted { relation, listing } => {
            index.list_mut(relation as usize).put_back(key, listing);
            What::Listed { relation, target: listing.target }
        }
        What::ClosedUp { relation, slot, holes: at } => {
            index.backward(relation as usize).open_list(slot, &holes[at as usize]);
            What::Opened { relation, slot, holes: at }
        }
        What::Opened { relation, slot, holes: at } => {
            index.backward(relation as usize).close_up_list(slot);
            What::ClosedUp { relation, slot, holes: at }
        }
        What::Entered { unique, hash } => {
            index.uniques[unique as usize].remove(hash, key);
            What::Withdrawn { unique, hash }
        }
        What::Withdrawn { unique, hash } => {
            index.uniques[unique as usize].insert(hash, key);
            What::Entered { unique, hash }
        }
        What::Indexed { index: place, key: at } => {
            index.secondary[place as usize].remove(key);
            What::Unindexed { index: place, key: at }
        }
        What::Unindexed { index: place, key: at } => {
            index.secondary[place as usize].insert(&keys[at as usize], key);
            What::Indexed { index: place, key: at }
        }
        What::DefaultSet { relation, before } => {
            let before = index.links[relation as usize].set_default_target(before);
            What::DefaultSet { relation, before }
        }
    }
}
#[cfg(test)]
mod tests {
    // fault E10: memory, to be stated
    #[test]
    fn what_a_change_takes_is_what_the_readme_says() {
        let readme = include_str!("../README.md");
        let stated = format!("{} bytes for each row, link and unique key that is changed", size_of::<super::Change>());
        assert!(readme.contains(&stated), "{stated}");
    }
}
