//! Entries of a tree in order, from both sides and from high keys to low ones.

use std::iter::FusedIterator;

use slotmap::DefaultKey;

use super::node::{Child, Node};
use super::{Entry, Tree, compare, count_before};

/// A place between two entries. It has no leaf where the tree is empty or nobody has gone there yet.
#[derive(Debug)]
pub(super) struct Place<'a, K> {
    /// How many entries are before it.
    pub(super) position: usize,
    /// The entries of its leaf, and where among them it is.
    entries: &'a [Entry<K>],
    at: usize,
    /// The leaf and those beside it below the same node, and which of them it is.
    leaves: &'a [Child<K>],
    leaf: usize,
}

/// What is near a place, on one side of it: entries of one leaf, then leaves or none.
#[derive(Debug)]
struct Run<'a, K> {
    entries: &'a [Entry<K>],
    leaves: &'a [Child<K>],
}

impl<K> Default for Run<'_, K> {
    fn default() -> Self {
        Run { entries: &[], leaves: &[] }
    }
}

impl<K> Clone for Run<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Run<'_, K> {}

impl<'a, K> Place<'a, K> {
    /// A place to which nobody has gone.
    pub(super) fn far(position: usize) -> Self {
        Place { position, entries: &[], at: 0, leaves: &[], leaf: 0 }
    }

    fn before(&self) -> Run<'a, K> {
        Run { entries: &self.entries[..self.at], leaves: &self.leaves[..self.leaf] }
    }

    fn behind(&self) -> Run<'a, K> {
        Run { entries: &self.entries[self.at..], leaves: self.leaves.get(self.leaf + 1..).unwrap_or_default() }
    }
}

fn entries_of<K>(leaf: &Child<K>) -> &[Entry<K>] {
    #[cfg(test)]
    super::tests::count_visit();
    match &*leaf.node {
        Node::Leaf(entries) => entries,
        Node::Inner(_) => &[],
    }
}

impl<K> Tree<K> {
    /// The place behind the last entry for which this is so, as it is for all before that. O(log n).
    pub(super) fn seek(&self, is_before: impl Fn(&Entry<K>) -> bool) -> Place<'_, K> {
        let mut position = 0;
        let place = self.descend(|node| match node {
            Node::Leaf(entries) => count_before(entries, &is_before),
            Node::Inner(inner) => {
                let at = count_before(&inner.separators, &is_before);
                position += inner.count_before(at);
                at
            }
        });
        Place { position: position + place.at, ..place }
    }

    /// The place before the entry that so many others are before. O(log n).
    fn at(&self, position: usize) -> Place<'_, K> {
        let mut left = position;
        let place = self.descend(|node| match node {
            Node::Leaf(entries) => left.min(entries.len()),
            Node::Inner(inner) => {
                let mut at = 0;
                while left >= inner.children[at].count && at + 1 < inner.children.len() {
                    left -= inner.children[at].count;
                    at += 1;
                }
                at
            }
        });
        Place { position, ..place }
    }

    /// Goes down to a place in a leaf, by the place in each node.
    fn descend(&self, mut choose: impl FnMut(&Node<K>) -> usize) -> Place<'_, K> {
        let Some(mut node) = self.root.as_ref() else { return Place::far(0) };
        let (mut leaves, mut leaf) = ([].as_slice(), 0);
        loop {
            #[cfg(test)]
            super::tests::count_visit();
            let at = choose(node);
            match &**node {
                Node::Leaf(entries) => return Place { position: 0, entries, at, leaves, leaf },
                Node::Inner(inner) => {
                    (leaves, leaf) = (&inner.children, at);
                    node = &inner.children[at].node;
                }
            }
        }
    }
}

/// See [`Tree::range`].
#[derive(Debug)]
pub(crate) struct Range<'a, K> {
    tree: &'a Tree<K>,
    start: usize,
    end: usize,
    /// What is behind the start, not only as far as the end.
    front: Run<'a, K>,
    /// What is before the end, not only as far as the start.
    back: Run<'a, K>,
}

impl<K> Clone for Range<'_, K> {
    fn clone(&self) -> Self {
        Range { ..*self }
    }
}

impl<'a, K> Range<'a, K> {
    pub(super) fn all(tree: &'a Tree<K>) -> Self {
        Range { tree, start: 0, end: tree.len, front: Run::default(), back: Run::default() }
    }

    pub(super) fn between(tree: &'a Tree<K>, start: &Place<'a, K>, end: &Place<'a, K>) -> Self {
        let end_position = end.position.max(start.position);
        Range { tree, start: start.position, end: end_position, front: start.behind(), back: end.before() }
    }

    fn start_at(&mut self, place: &Place<'a, K>) {
        if place.position > self.start {
            (self.start, self.front) = (place.position.min(self.end), place.behind());
        }
    }

    fn end_at(&mut self, place: &Place<'a, K>) {
        if place.position < self.end {
            (self.end, self.back) = (place.position.max(self.start), place.before());
        }
    }

    /// Has the front begin with the next entry, which there is.
    #[cold]
    #[inline(never)]
    fn fill_front(&mut self) {
        self.front = match self.front.leaves.split_first() {
            Some((leaf, leaves)) => Run { entries: entries_of(leaf), leaves },
            None => self.tree.at(self.start).behind(),
        }
    }

    /// Has the back end with the last entry, which there is.
    #[cold]
    #[inline(never)]
    fn fill_back(&mut self) {
        self.back = if let Some((leaf, leaves)) = self.back.leaves.split_last() {
            Run { entries: entries_of(leaf), leaves }
        } else {
            let last = self.tree.at(self.end - 1);
            Place { at: last.at + 1, ..last }.before()
        };
    }

    /// The last entries, of one leaf: at least one, if there is any.
    #[inline]
    fn last_entries(&mut self) -> &'a [Entry<K>] {
        if self.back.entries.is_empty() && self.start < self.end {
            self.fill_back();
        }
        let entries = self.back.entries;
        &entries[entries.len().saturating_sub(self.end - self.start)..]
    }

    /// Gives up the last entries, as many as there are at the least.
    #[inline]
    fn drop_last(&mut self, entries: usize) {
        self.end -= entries;
        self.back = match self.back.entries.len().checked_sub(entries) {
            Some(left) => Run { entries: &self.back.entries[..left], ..self.back },
            None => Run::default(),
        };
    }
}

impl<'a, K: Ord> Range<'a, K> {
    /// Those that come after an entry, whether this is there or not. O(log n).
    #[must_use]
    pub(crate) fn after(mut self, key: &K, row: DefaultKey) -> Self {
        self.start_at(&self.tree.seek(|entry| compare(entry, key, row).is_le()));
        self
    }

    #[cfg(test)]
    /// Those that come before an entry, whether this is there or not. O(log n).
    #[must_use]
    pub(crate) fn before(mut self, key: &K, row: DefaultKey) -> Self {
        self.end_at(&self.tree.seek(|entry| compare(entry, key, row).is_lt()));
        self
    }

    /// The same entries from high keys to low ones, the rows of one key in the order of their slots.
    pub(crate) fn descending(self) -> Descending<'a, K> {
        let none = Range { end: self.start, ..self };
        Descending { group: none, rest: self }
    }

    /// What of [`Range::descending`] comes after an entry, whether this is there or not. O(log n).
    pub(crate) fn descending_after(self, key: &K, row: DefaultKey) -> Descending<'a, K> {
        let (mut group, mut rest) = (self.clone().after(key, row), self);
        group.end_at(&group.tree.seek(|entry| entry.0 <= *key));
        rest.end_at(&rest.tree.seek(|entry| entry.0 < *key));
        Descending { group, rest }
    }
}

impl<'a, K> Iterator for Range<'a, K> {
    type Item = (&'a K, DefaultKey);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.start == self.end {
            return None;
        }
        if self.front.entries.is_empty() {
            self.fill_front();
        }
        let ((key, row), entries) = self.front.entries.split_first()?;
        self.front.entries = entries;
        self.start += 1;
        Some((key, *row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.start;
        (left, Some(left))
    }

    /// O(log n).
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        let skipped = n.min(self.len());
        self.start += skipped;
        self.front = match self.front.entries.get(skipped..) {
            Some(entries) => Run { entries, ..self.front },
            None => Run::default(),
        };
        self.next()
    }

    /// O(1).
    fn count(self) -> usize {
        self.len()
    }

    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, init: B, mut f: F) -> B {
        let mut folded = init;
        // Each time the first entry of a leaf, then the others of it.
        while let Some(entry) = self.next() {
            let here = self.front.entries.len().min(self.end - self.start);
            let (entries, rest) = self.front.entries.split_at(here);
            folded = entries.iter().fold(f(folded, entry), |folded, (key, row)| f(folded, (key, *row)));
            self.front.entries = rest;
            self.start += here;
        }
        folded
    }
}

impl<K> DoubleEndedIterator for Range<'_, K> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let (key, row) = self.last_entries().last()?;
        self.drop_last(1);
        Some((key, *row))
    }

    /// O(log n).
    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        self.drop_last(n.min(self.len()));
        self.next_back()
    }
}

impl<K> ExactSizeIterator for Range<'_, K> {}
impl<K> FusedIterator for Range<'_, K> {}

/// See [`Tree::descending`].
#[derive(Debug)]
pub(crate) struct Descending<'a, K> {
    /// The rows of a key that has several, as far as they have not been given.
    group: Range<'a, K>,
    /// What has lower keys.
    rest: Range<'a, K>,
}

impl<K> Clone for Descending<'_, K> {
    fn clone(&self) -> Self {
        Descending { group: self.group.clone(), rest: self.rest.clone() }
    }
}

impl<K: Ord> Descending<'_, K> {
    /// Moves the rows of the highest key, which has several, from the rest to the group.
    #[cold]
    #[inline(never)]
    fn take_group(&mut self) {
        let rest = &mut self.rest;
        let entries = rest.last_entries();
        let [(first, _), .., (key, _)] = entries else {
            return self.seek_group();
        };
        if first == key && entries.len() < rest.len() {
            return self.seek_group();
        }
        // They are in one leaf.
        let (_, group) = entries.split_at(entries.partition_point(|entry| entry.0 < *key));
        self.group = Range { start: rest.end - group.len(), front: Run { entries: group, leaves: &[] }, ..*rest };
        rest.drop_last(group.len());
    }

    fn seek_group(&mut self) {
        let Some((key, _)) = self.rest.last_entries().last() else { return };
        let first = self.rest.tree.seek(|entry| entry.0 < *key);
        self.group = self.rest.clone();
        self.group.start_at(&first);
        self.rest.end_at(&first);
    }
}

impl<'a, K: Ord> Iterator for Descending<'a, K> {
    type Item = (&'a K, DefaultKey);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.group.next() {
            return Some(entry);
        }
        let key = match self.rest.last_entries() {
            [.., (previous, _), (key, _)] if previous != key => return self.rest.next_back(),
            [.., (key, _)] => key,
            [] => return None,
        };
        // The entry before it is in another leaf, or of the same key.
        if self.rest.clone().nth_back(1).is_none_or(|(previous, _)| previous != key) {
            return self.rest.next_back();
        }
        self.take_group();
        self.group.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.group.len() + self.rest.len();
        (left, Some(left))
    }

    /// O(log n).
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        let Some(skipped) = n.checked_sub(self.group.len()) else { return self.group.nth(n) };
        self.group.start = self.group.end;
        let Some((key, _)) = self.rest.clone().nth_back(skipped) else {
            self.rest.start = self.rest.end;
            return None;
        };
        // Its key may have rows on either side of it.
        let all = self.rest.len();
        self.rest.end_at(&self.rest.tree.seek(|entry| entry.0 <= *key));
        let of_higher_keys = all - self.rest.len();
        self.seek_group();
        self.group.nth(skipped - of_higher_keys)
    }

    /// O(1).
    fn count(self) -> usize {
        self.len()
    }
}

impl<K: Ord> ExactSizeIterator for Descending<'_, K> {}
impl<K: Ord> FusedIterator for Descending<'_, K> {}
