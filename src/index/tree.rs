//! An ordered index: entries of a key and a row in a B+tree whose nodes clones share until one of them writes.
//!
//! Entries are ordered by key, then by the slot of the row, then by its generation. A key may have many rows, and they
//! need no list of their own: a key with a hundred thousand rows is a thousand leaves like any others.
//!
//! A clone takes a share of the root. A write copies the nodes on the way to its entry that are shared, and a removal
//! that merges nodes also their neighbours: a few KiB each. Inner nodes know how many entries lie below each child. So
//! a place in the order is a number, ranges are counted and skipped without reading them, and an iterator that has come
//! to the end of a node finds the next one by number: nodes have no links to each other, which a copy would have to
//! change.
//!
//! # Invariants
//! 1. Entries ascend, without repetition.
//! 2. A separator is above every entry of the child before it, and not above any entry of the child behind it. It need
//!    not be an entry.
//! 3. Each child is counted right, and the whole tree.
//! 4. All leaves are at the same depth.
//! 5. No node is empty or over-full, and a root that is no leaf has two children. All nodes are at least a quarter full
//!    but those that come last at their depth: rows are often entered in ascending order, and then a node is left full
//!    when the next one is begun.
//!
//! Not responsible for what keys mean: it calls `Ord` and `Clone` of the key, which for the keys of indexes is no user
//! code.

mod node;
mod range;

use std::cmp::Ordering;
use std::mem;
use std::ops::Bound;
use std::sync::Arc;

use slotmap::{DefaultKey, Key};

use crate::blocks::Bytes;
use node::{Child, Inserted, Node};
use range::Place;
pub(crate) use range::{Descending, Range};

type Entry<K> = (K, DefaultKey);

/// The order of entries. Both parts are compared in any case: a search would be held up by guessing whether keys are equal.
#[inline]
fn compare<K: Ord>(entry: &Entry<K>, key: &K, row: DefaultKey) -> Ordering {
    entry.0.cmp(key).then(by_slot(entry.1).cmp(&by_slot(row)))
}

/// A number by which rows are in the order of their slots, then of their generations.
#[inline]
fn by_slot(row: DefaultKey) -> u64 {
    row.data().as_ffi().rotate_left(32)
}

/// How many entries a search of a node steps over at once.
const STEP: usize = 16;

/// How many of the entries, which are those of one node, come before a place.
#[inline]
fn count_before<K>(entries: &[Entry<K>], is_before: impl Fn(&Entry<K>) -> bool) -> usize {
    // Keys that own something are far away, so that as few as can be are compared.
    if mem::needs_drop::<K>() {
        return entries.partition_point(is_before);
    }
    // All of the steps, then all that is within one: the memory for a comparison is not waited for before the next one
    // is begun, as it is where each comparison decides which entry is the next one.
    let steps: usize = entries.chunks_exact(STEP).map(|step| usize::from(is_before(&step[STEP - 1]))).sum();
    let within = entries[steps * STEP..].iter().take(STEP);
    steps * STEP + within.map(|entry| usize::from(is_before(entry))).sum::<usize>()
}

/// Where an entry is in a leaf, or else where it belongs.
#[inline]
fn search<K: Ord>(entries: &[Entry<K>], key: &K, row: DefaultKey) -> Result<usize, usize> {
    let at = count_before(entries, |entry| compare(entry, key, row).is_lt());
    let is_there = entries.get(at).is_some_and(|entry| compare(entry, key, row).is_eq());
    if is_there { Ok(at) } else { Err(at) }
}

#[derive(Debug, Clone)]
pub(crate) struct Tree<K> {
    root: Option<Arc<Node<K>>>,
    len: usize,
}

impl<K> Default for Tree<K> {
    fn default() -> Self {
        Tree { root: None, len: 0 }
    }
}

impl<K> Tree<K> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What the nodes take, with what keys own elsewhere. Where keys own nothing they are not asked, and this is O(nodes).
    pub(crate) fn bytes_with(&self, of_key: impl Fn(&K) -> usize) -> Bytes {
        self.root.as_ref().map_or_else(Bytes::default, |root| node::bytes(root, false, &of_key))
    }

    /// What the nodes take, without what keys own elsewhere.
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes_with(|_| 0)
    }
}

impl<K: Ord> Tree<K> {
    /// Whether the entry is there. O(log n).
    pub(crate) fn contains(&self, key: &K, row: DefaultKey) -> bool {
        let mut node = self.root.as_ref();
        while let Some(here) = node {
            match &**here {
                Node::Leaf(entries) => return search(entries, key, row).is_ok(),
                Node::Inner(inner) => node = inner.children.get(inner.place_of(key, row)).map(|child| &child.node),
            }
        }
        false
    }

    /// All entries in order.
    pub(crate) fn iter(&self) -> Range<'_, K> {
        Range::all(self)
    }

    /// The entries of keys between two bounds, in order. O(log n), and O(1) amortised for each entry. Bounds the wrong
    /// way round have nothing between them.
    pub(crate) fn range(&self, from: Bound<&K>, to: Bound<&K>) -> Range<'_, K> {
        Range::between(self, &self.start(from), &self.end(to))
    }

    #[cfg(test)]
    /// The entries of keys between two bounds, from high keys to low ones, the rows of one key in the order of their
    /// slots. O(log n), and O(1) amortised for each key of one row, O(log n) for one of several.
    pub(crate) fn descending(&self, from: Bound<&K>, to: Bound<&K>) -> Descending<'_, K> {
        self.range(from, to).descending()
    }

    #[cfg(test)]
    /// How many entries have keys between two bounds. O(log n).
    pub(crate) fn count(&self, from: Bound<&K>, to: Bound<&K>) -> usize {
        self.end(to).position.saturating_sub(self.start(from).position)
    }

    fn start(&self, from: Bound<&K>) -> Place<'_, K> {
        match from {
            Bound::Included(key) => self.seek(|entry| entry.0 < *key),
            Bound::Excluded(key) => self.seek(|entry| entry.0 <= *key),
            Bound::Unbounded => Place::far(0),
        }
    }

    fn end(&self, to: Bound<&K>) -> Place<'_, K> {
        match to {
            Bound::Included(key) => self.seek(|entry| entry.0 <= *key),
            Bound::Excluded(key) => self.seek(|entry| entry.0 < *key),
            Bound::Unbounded => Place::far(self.len),
        }
    }
}

impl<K: Ord + Clone> Tree<K> {
    /// Enters a row under a key. Whether it was not there yet. O(log n).
    pub(crate) fn insert(&mut self, key: K, row: DefaultKey) -> bool {
        let Some(root) = &mut self.root else {
            *self = Tree::from_sorted(std::iter::once((key, row)));
            return true;
        };
        match node::insert(root, (key, row), true) {
            Inserted::Present => return false,
            Inserted::Stored => {}
            Inserted::Split(separator, right) => {
                let left = Child { count: self.len + 1 - right.count, node: Arc::clone(root) };
                *root = Arc::new(Node::above(left, separator, right));
            }
        }
        self.len += 1;
        true
    }

    /// Takes the entry of a row out. Whether it was there. O(log n).
    pub(crate) fn remove(&mut self, key: &K, row: DefaultKey) -> bool {
        let Some(root) = &mut self.root else { return false };
        if !node::remove(root, key, row) {
            return false;
        }
        self.len -= 1;
        while let Node::Inner(inner) = &**root
            && let [only] = inner.children.as_slice()
        {
            *root = Arc::clone(&only.node);
        }
        if self.len == 0 {
            self.root = None;
        }
        true
    }

    /// A tree of entries that ascend, in O(n). Its nodes are filled with some room left.
    pub(crate) fn from_sorted(entries: impl IntoIterator<Item = Entry<K>>) -> Self {
        let (root, len) = node::build(entries.into_iter());
        Tree { root, len }
    }

    /// Enters many rows, in the order of entries. O(n) into an empty tree, O(log n) for each into another.
    pub(crate) fn extend_sorted(&mut self, entries: impl IntoIterator<Item = Entry<K>>) {
        if self.root.is_none() {
            *self = Tree::from_sorted(entries);
            return;
        }
        for (key, row) in entries {
            self.insert(key, row);
        }
    }

    /// What contradicts the invariants.
    pub(crate) fn faults(&self) -> Vec<String> {
        node::faults(self.root.as_ref(), self.len)
    }
}

#[cfg(test)]
mod tests;
