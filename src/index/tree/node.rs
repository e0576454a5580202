//! The nodes of a tree, and what writes do to them.

use std::mem;
use std::sync::Arc;

use slotmap::DefaultKey;

use super::{Entry, compare, count_before, search};
use crate::blocks::Bytes;

/// How many entries a full leaf has.
pub(super) const LEAF: usize = 128;
/// How many children a full inner node has.
pub(super) const INNER: usize = 64;

#[derive(Debug)]
pub(super) enum Node<K> {
    Leaf(Vec<Entry<K>>),
    Inner(Inner<K>),
}

#[derive(Debug)]
pub(super) struct Inner<K> {
    /// What lies between the children, one less than there are of them.
    pub(super) separators: Vec<Entry<K>>,
    pub(super) children: Vec<Child<K>>,
}

#[derive(Debug)]
pub(super) struct Child<K> {
    /// How many entries lie below it.
    pub(super) count: usize,
    pub(super) node: Arc<Node<K>>,
}

impl<K> Clone for Child<K> {
    fn clone(&self) -> Self {
        Child { count: self.count, node: Arc::clone(&self.node) }
    }
}

// A node is copied to be written, mostly to get an entry more: with room for it, so that it is not moved at once.
impl<K: Clone> Clone for Node<K> {
    fn clone(&self) -> Self {
        #[cfg(test)]
        super::tests::count_copied(self.bytes());
        match self {
            Node::Leaf(entries) => Node::Leaf(copy(entries, LEAF)),
            Node::Inner(Inner { separators, children }) => {
                Node::Inner(Inner { separators: copy(separators, INNER), children: copy(children, INNER) })
            }
        }
    }
}

fn copy<T: Clone>(items: &[T], full: usize) -> Vec<T> {
    let mut copy = Vec::with_capacity(room(items.len() + 1, full));
    copy.extend_from_slice(items);
    copy
}

/// For how many items a node that has so many gets room.
fn room(items: usize, full: usize) -> usize {
    items.next_power_of_two().clamp(4, full)
}

fn put<T>(items: &mut Vec<T>, at: usize, item: T, full: usize) {
    if items.len() == items.capacity() {
        items.reserve_exact(room(items.len() + 1, full) - items.len());
    }
    items.insert(at, item);
}

/// Takes the upper half of the items of a full node, or of more.
fn upper<T>(items: &mut Vec<T>, from: usize, full: usize) -> Vec<T> {
    let mut upper = Vec::with_capacity(full);
    upper.extend(items.drain(from..));
    items.shrink_to(full);
    upper
}

pub(super) enum Inserted<K> {
    /// It was there.
    Present,
    Stored,
    /// It is stored, and the node has a new neighbour behind it.
    Split(Entry<K>, Child<K>),
}

impl<K> Node<K> {
    /// How many entries or children it has.
    fn len(&self) -> usize {
        match self {
            Node::Leaf(entries) => entries.len(),
            Node::Inner(inner) => inner.children.len(),
        }
    }

    fn full(&self) -> usize {
        match self {
            Node::Leaf(_) => LEAF,
            Node::Inner(_) => INNER,
        }
    }

    fn is_sparse(&self) -> bool {
        self.len() < self.full() / 4
    }

    /// How many entries lie below it.
    fn count(&self) -> usize {
        match self {
            Node::Leaf(entries) => entries.len(),
            Node::Inner(inner) => inner.count_before(inner.children.len()),
        }
    }

    /// What it takes, without what is below it.
    fn bytes(&self) -> usize {
        let vectors = match self {
            Node::Leaf(entries) => entries.capacity() * size_of::<Entry<K>>(),
            Node::Inner(Inner { separators, children }) => {
                separators.capacity() * size_of::<Entry<K>>() + children.capacity() * size_of::<Child<K>>()
            }
        };
        size_of::<Node<K>>() + vectors
    }

    /// A node above two.
    pub(super) fn above(left: Child<K>, separator: Entry<K>, right: Child<K>) -> Self {
        Node::Inner(Inner { separators: vec![separator], children: vec![left, right] })
    }
}

impl<K> From<Node<K>> for Child<K> {
    fn from(node: Node<K>) -> Self {
        Child { count: node.count(), node: Arc::new(node) }
    }
}

impl<K> Inner<K> {
    /// How many entries lie below the children before a place.
    #[inline]
    pub(super) fn count_before(&self, place: usize) -> usize {
        self.children[..place].iter().map(|child| child.count).sum()
    }

    /// Puts a child behind the one at a place.
    fn put_behind(&mut self, place: usize, separator: Entry<K>, child: Child<K>) {
        put(&mut self.separators, place, separator, INNER);
        put(&mut self.children, place + 1, child, INNER);
    }

    /// Takes the children from a place on.
    fn split_at(&mut self, place: usize) -> (Entry<K>, Self) {
        let children = upper(&mut self.children, place, INNER);
        let mut separators = upper(&mut self.separators, place - 1, INNER);
        (separators.remove(0), Inner { separators, children })
    }
}

impl<K: Ord> Inner<K> {
    /// The child in which an entry is, if it is anywhere.
    #[inline]
    pub(super) fn place_of(&self, key: &K, row: DefaultKey) -> usize {
        count_before(&self.separators, |separator| compare(separator, key, row).is_le())
    }
}

/// Puts an entry below a node, which may be the last one at its depth.
pub(super) fn insert<K: Ord + Clone>(node: &mut Arc<Node<K>>, entry: Entry<K>, is_last: bool) -> Inserted<K> {
    match Arc::make_mut(node) {
        Node::Leaf(entries) => {
            let Err(at) = search(entries, &entry.0, entry.1) else {
                return Inserted::Present;
            };
            if entries.len() < LEAF {
                put(entries, at, entry, LEAF);
                return Inserted::Stored;
            }
            // What ascends leaves full leaves behind.
            let mut right = upper(entries, if is_last && at == LEAF { LEAF } else { LEAF / 2 }, LEAF);
            match at.checked_sub(entries.len()) {
                Some(at) if at > 0 || right.is_empty() => right.insert(at, entry),
                _ => entries.insert(at, entry),
            }
            Inserted::Split(right[0].clone(), Node::Leaf(right).into())
        }
        Node::Inner(inner) => {
            let at = inner.place_of(&entry.0, entry.1);
            let is_last = is_last && at + 1 == inner.children.len();
            let child = &mut inner.children[at];
            match insert(&mut child.node, entry, is_last) {
                Inserted::Present => Inserted::Present,
                Inserted::Stored => {
                    child.count += 1;
                    Inserted::Stored
                }
                Inserted::Split(separator, new) => {
                    child.count = child.count + 1 - new.count;
                    if inner.children.len() < INNER {
                        inner.put_behind(at, separator, new);
                        return Inserted::Stored;
                    }
                    if is_last {
                        let right = Inner { separators: Vec::new(), children: vec![new] };
                        return Inserted::Split(separator, Node::Inner(right).into());
                    }
                    let (middle, mut right) = inner.split_at(INNER / 2);
                    match at.checked_sub(INNER / 2) {
                        Some(at) => right.put_behind(at, separator, new),
                        None => inner.put_behind(at, separator, new),
                    }
                    Inserted::Split(middle, Node::Inner(right).into())
                }
            }
        }
    }
}

/// Takes an entry out from below a node, which may be sparse or empty after that.
pub(super) fn remove<K: Ord + Clone>(node: &mut Arc<Node<K>>, key: &K, row: DefaultKey) -> bool {
    match Arc::make_mut(node) {
        Node::Leaf(entries) => search(entries, key, row).map(|at| entries.remove(at)).is_ok(),
        Node::Inner(inner) => {
            let at = inner.place_of(key, row);
            let child = &mut inner.children[at];
            if !remove(&mut child.node, key, row) {
                return false;
            }
            child.count -= 1;
            if child.node.is_sparse() {
                inner.fill(at);
            }
            true
        }
    }
}

impl<K: Clone> Inner<K> {
    /// Merges a sparse child with a neighbour, or has it take a part of what that has.
    #[cold]
    #[inline(never)]
    fn fill(&mut self, at: usize) {
        if self.children.len() == 1 {
            // An only child is the last of all nodes at its depth.
            self.children.retain(|child| child.count > 0);
            return;
        }
        let left = at.saturating_sub(1);
        let right = self.children.remove(left + 1);
        let separator = self.separators.remove(left);
        if let Some((separator, right)) = self.children[left].append(separator, right) {
            self.put_behind(left, separator, right);
        }
    }
}

impl<K: Clone> Child<K> {
    /// Takes what the node behind it has. What is too much for one node is given back, as a node that has one half.
    fn append(&mut self, separator: Entry<K>, right: Child<K>) -> Option<(Entry<K>, Child<K>)> {
        self.count += right.count;
        let rest = match (Arc::make_mut(&mut self.node), Arc::unwrap_or_clone(right.node)) {
            (Node::Leaf(left), Node::Leaf(mut right)) => {
                left.reserve_exact(right.len());
                left.append(&mut right);
                let rest = (left.len() > LEAF).then(|| upper(left, left.len() / 2, LEAF));
                rest.map(|right| (right[0].clone(), Node::Leaf(right)))
            }
            (Node::Inner(left), Node::Inner(mut right)) => {
                left.children.reserve_exact(right.children.len());
                left.children.append(&mut right.children);
                left.separators.reserve_exact(right.separators.len() + 1);
                left.separators.push(separator);
                left.separators.append(&mut right.separators);
                let rest = (left.children.len() > INNER).then(|| left.split_at(left.children.len() / 2));
                rest.map(|(separator, right)| (separator, Node::Inner(right)))
            }
            _ => unreachable!("neighbours are at the same depth"),
        };
        let (separator, right) = rest?;
        let right = Child::from(right);
        self.count -= right.count;
        Some((separator, right))
    }
}

/// Nodes over entries that ascend, and how many those are.
pub(super) fn build<K: Ord + Clone>(mut entries: impl Iterator<Item = Entry<K>>) -> (Option<Arc<Node<K>>>, usize) {
    // Each child with the separator before it.
    let mut level: Vec<(Entry<K>, Child<K>)> = Vec::new();
    loop {
        let leaf: Vec<_> = entries.by_ref().take(LEAF / 8 * 7).collect();
        let Some(first) = leaf.first() else { break };
        debug_assert!(leaf.is_sorted_by(|left, right| compare(left, &right.0, right.1).is_lt()), "entries ascend");
        level.push((first.clone(), Node::Leaf(leaf).into()));
    }
    while level.len() > 1 {
        let mut below = mem::take(&mut level).into_iter();
        while let Some((first, child)) = below.next() {
            let (separators, mut children): (Vec<_>, Vec<_>) = below.by_ref().take(INNER / 8 * 7 - 1).unzip();
            children.insert(0, child);
            level.push((first, Node::Inner(Inner { separators, children }).into()));
        }
    }
    let root = level.pop().map(|(_, child)| child);
    let len = root.as_ref().map_or(0, |root| root.count);
    (root.map(|root| root.node), len)
}

/// What a node and those below it take. What a shared node leads to is shared with it.
pub(super) fn bytes<K>(node: &Arc<Node<K>>, is_shared: bool, of_key: &impl Fn(&K) -> usize) -> Bytes {
    let is_shared = is_shared || Arc::strong_count(node) > 1;
    let (entries, children) = match &**node {
        Node::Leaf(entries) => (entries, [].as_slice()),
        Node::Inner(inner) => (&inner.separators, inner.children.as_slice()),
    };
    let owned = if mem::needs_drop::<K>() { entries.iter().map(|(key, _)| of_key(key)).sum() } else { 0 };
    let Bytes { all, .. } = Bytes::behind(node, node.bytes() + owned);
    let here = Bytes { all, shared: if is_shared { all } else { 0 } };
    here + children.iter().map(|child| bytes(&child.node, is_shared, of_key)).sum()
}

/// What contradicts the invariants in a tree that is said to have so many entries.
pub(super) fn faults<K: Ord>(root: Option<&Arc<Node<K>>>, len: usize) -> Vec<String> {
    let mut proof = Proof { faults: Vec::new(), last: None, depth: None };
    if let Some(Node::Inner(inner)) = root.map(|root| &**root)
        && inner.children.len() < 2
    {
        proof.faults.push("the root has one child only".to_owned());
    }
    let counted = root.map_or(0, |root| proof.node(root, 0, true));
    if counted != len {
        proof.faults.push(format!("the tree has {counted} entries and is said to have {len}"));
    }
    proof.faults
}

/// What is known of the nodes that have been seen, in order.
struct Proof<'a, K> {
    faults: Vec<String>,
    /// The entry or separator that was seen last.
    last: Option<(&'a Entry<K>, bool)>,
    /// That of the first leaf.
    depth: Option<usize>,
}

impl<'a, K: Ord> Proof<'a, K> {
    /// Checks a node that may be last at its depth, and gives the number of its entries.
    fn node(&mut self, node: &'a Node<K>, depth: usize, is_last: bool) -> usize {
        let (len, full) = (node.len(), node.full());
        if len == 0 || len > full || (node.is_sparse() && !is_last) {
            self.faults.push(format!("a node at depth {depth} has {len} of {full} items"));
        }
        match node {
            Node::Leaf(entries) => {
                for entry in entries {
                    self.follows(entry, false);
                }
                if *self.depth.get_or_insert(depth) != depth {
                    self.faults.push(format!("a leaf is at depth {depth}"));
                }
                len
            }
            Node::Inner(Inner { separators, children }) => {
                if separators.len() + 1 != len {
                    self.faults.push(format!("{len} children have {} separators", separators.len()));
                }
                let mut counted = 0;
                for (place, child) in children.iter().enumerate() {
                    if let Some(separator) = place.checked_sub(1).and_then(|before| separators.get(before)) {
                        self.follows(separator, true);
                    }
                    let count = self.node(&child.node, depth + 1, is_last && place + 1 == len);
                    if count != child.count {
                        self.faults.push(format!("a child of {count} entries is said to have {}", child.count));
                    }
                    counted += count;
                }
                counted
            }
        }
    }

    fn follows(&mut self, entry: &'a Entry<K>, is_separator: bool) {
        if let Some((last, was_separator)) = self.last {
            let order = compare(last, &entry.0, entry.1);
            // The entry behind a separator may be the same.
            if order.is_gt() || (order.is_eq() && !was_separator) {
                self.faults.push(format!("row {:?} is out of order", entry.1));
            }
        }
        self.last = Some((entry, is_separator));
    }
}
