//! Trees against the standard library's set of the same entries, and what they cost, counted.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::sync::Arc;

use slotmap::DefaultKey;
use smallvec::SmallVec;

use super::node::{INNER, LEAF, Node};
use super::{Entry, Tree};
use crate::id::key_from_parts;

thread_local! {
    static COPIED: Cell<usize> = const { Cell::new(0) };
    static VISITED: Cell<usize> = const { Cell::new(0) };
}

/// Counts the bytes of a node that is copied.
pub(super) fn count_copied(bytes: usize) {
    COPIED.set(COPIED.get() + bytes);
}

/// Counts a node that is read to find a place, or the entries behind or before one.
pub(super) fn count_visit() {
    VISITED.set(VISITED.get() + 1);
}

/// The bytes of nodes copied meanwhile.
fn copied_during<T>(write: impl FnOnce() -> T) -> (T, usize) {
    let before = COPIED.get();
    (write(), COPIED.get() - before)
}

/// The nodes visited meanwhile.
fn visited_during<T>(read: impl FnOnce() -> T) -> (T, usize) {
    let before = VISITED.get();
    (read(), VISITED.get() - before)
}

/// A small generator with a fixed seed: the tests are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn row(&mut self) -> DefaultKey {
        key_from_parts(self.below(5_000) as u32, 1 + 2 * self.below(2) as u32).unwrap()
    }
}

fn row(slot: usize) -> DefaultKey {
    key_from_parts(slot as u32, 1).unwrap()
}

/// The tree of the keys from 0 on, one row each, as it comes from entering them in this order.
fn ascending(entries: usize) -> Tree<u64> {
    let mut tree = Tree::default();
    (0..entries).for_each(|n| assert!(tree.insert(n as u64, row(n))));
    tree
}

fn entries<'a, K: Clone + 'a>(iter: impl Iterator<Item = (&'a K, DefaultKey)>) -> Vec<Entry<K>> {
    iter.map(|(key, row)| (key.clone(), row)).collect()
}

/// Every node with how deep it is.
fn nodes<K>(tree: &Tree<K>) -> Vec<(usize, Arc<Node<K>>)> {
    let mut nodes: Vec<_> = tree.root.iter().map(|root| (0, Arc::clone(root))).collect();
    let mut next = 0;
    while let Some((depth, node)) = nodes.get(next).cloned() {
        if let Node::Inner(inner) = &*node {
            nodes.extend(inner.children.iter().map(|child| (depth + 1, Arc::clone(&child.node))));
        }
        next += 1;
    }
    nodes
}

fn depth<K>(tree: &Tree<K>) -> usize {
    nodes(tree).last().map_or(0, |(depth, _)| depth + 1)
}

fn leaves<K>(tree: &Tree<K>) -> usize {
    nodes(tree).iter().filter(|(_, node)| matches!(**node, Node::Leaf(_))).count()
}

/// How many nodes of one tree another has not.
fn apart<K>(tree: &Tree<K>, other: &Tree<K>) -> usize {
    let others: BTreeSet<_> = nodes(other).iter().map(|(_, node)| Arc::as_ptr(node)).collect();
    nodes(tree).iter().filter(|(_, node)| !others.contains(&Arc::as_ptr(node))).count()
}

fn check<K: Ord + Clone + Debug>(tree: &Tree<K>, model: &BTreeSet<Entry<K>>) {
    assert_eq!(tree.faults(), Vec::<String>::new());
    assert_eq!(tree.len(), model.len());
    assert_eq!(tree.root.is_none(), model.is_empty());
    assert!(entries(tree.iter()).iter().eq(model));
}

/// All that can be read between two bounds.
fn check_range<K: Ord + Clone + Debug>(
    tree: &Tree<K>,
    model: &BTreeSet<Entry<K>>,
    (from, to): (Bound<&K>, Bound<&K>),
    random: &mut Random,
) {
    let is_in = |key: &K| {
        let is_behind = match from {
            Included(from) => key >= from,
            Excluded(from) => key > from,
            Unbounded => true,
        };
        is_behind
            && match to {
                Included(to) => key <= to,
                Excluded(to) => key < to,
                Unbounded => true,
            }
    };
    let expected: Vec<Entry<K>> = model.iter().filter(|(key, _)| is_in(key)).cloned().collect();
    assert_eq!(tree.count(from, to), expected.len());
    let range = tree.range(from, to);
    assert_eq!(range.len(), expected.len());
    assert_eq!(entries(range.clone()), expected);
    let mut folded = Vec::new();
    range.clone().for_each(|(key, row)| folded.push((key.clone(), row)));
    assert_eq!(folded, expected);
    assert!(entries(range.clone().rev()).iter().eq(expected.iter().rev()));

    // From both sides in turn, with skips.
    let (mut both, mut left) = (range.clone(), expected.iter());
    while left.len() > 0 {
        let n = if random.below(4) == 0 { random.below(3 * LEAF) } else { 0 };
        let (found, wanted) = match random.below(2) {
            0 => (both.nth(n), left.nth(n)),
            _ => (both.nth_back(n), left.nth_back(n)),
        };
        assert_eq!(found, wanted.map(|(key, row)| (key, *row)));
        assert_eq!(both.len(), left.len());
    }
    assert_eq!((both.next(), both.next_back()), (None, None));

    let mut down = expected.clone();
    down.sort_by(|left, right| right.0.cmp(&left.0));
    let descending = tree.descending(from, to);
    assert_eq!(descending.len(), down.len());
    assert_eq!(entries(descending.clone()), down);
    let (mut skipping, mut left) = (descending, down.iter());
    while left.len() > 0 {
        let n = if random.below(3) == 0 { random.below(2 * LEAF) } else { 0 };
        assert_eq!(skipping.nth(n), left.nth(n).map(|(key, row)| (key, *row)));
        assert_eq!(skipping.len(), left.len());
    }
    assert_eq!(skipping.next(), None);

    // Behind and before an entry that is there, or is no longer, and may be out of the bounds.
    let Some((key, _)) = model.iter().nth(random.below(model.len().max(1))) else { return };
    let at = (key.clone(), random.row());
    let above = expected.iter().filter(|entry| **entry > at);
    assert!(entries(range.clone().after(key, at.1)).iter().eq(above));
    let below = expected.iter().filter(|entry| **entry < at);
    assert!(entries(range.clone().before(key, at.1)).iter().eq(below.clone()));
    assert!(entries(range.clone().before(key, at.1).rev()).iter().eq(below.rev()));
    let later = down.iter().filter(|(other, row)| other < key || (other == key && *row > at.1));
    assert!(entries(range.descending_after(key, at.1)).iter().eq(later));
}

/// A random history that grows to some size, shrinks to nothing and grows again, with clones that stay as they were.
fn history<K: Ord + Clone + Debug>(seed: u64, size: usize, key: impl Fn(&mut Random) -> K) {
    let mut random = Random(seed);
    let (mut tree, mut model) = (Tree::default(), BTreeSet::new());
    let mut kept: Vec<(Tree<K>, BTreeSet<Entry<K>>)> = Vec::new();
    for (grows, until) in [(true, size), (false, 0), (true, size / 4)] {
        let mut step = 0;
        while if grows { model.len() < until } else { model.len() > until } {
            step += 1;
            if grows == (random.below(8) > 0) {
                let entry = (key(&mut random), random.row());
                assert_eq!(tree.insert(entry.0.clone(), entry.1), model.insert(entry.clone()));
                assert!(tree.contains(&entry.0, entry.1));
            } else {
                let mut entry = (key(&mut random), random.row());
                if random.below(8) > 0 {
                    // One that is there, or that of the same slot in another generation.
                    let next = model.range(&entry..).next().or(model.first());
                    entry = next.cloned().unwrap_or(entry);
                }
                assert_eq!(tree.contains(&entry.0, entry.1), model.contains(&entry));
                assert_eq!(tree.remove(&entry.0, entry.1), model.remove(&entry));
                assert!(!tree.contains(&entry.0, entry.1));
            }
            if step % (size / 8) == 1 {
                check(&tree, &model);
                let (low, high) = (key(&mut random), key(&mut random));
                let bound = |key, kind| [Included(key), Excluded(key), Unbounded][kind];
                let bounds = (bound(&low, random.below(3)), bound(&high, random.below(3)));
                check_range(&tree, &model, bounds, &mut random);
                check_range(&tree, &model, (Included(&low), Included(&low)), &mut random);
                kept.push((tree.clone(), model.clone()));
            }
        }
        check(&tree, &model);
    }
    assert!(kept.len() > 16);
    for (tree, model) in &kept {
        check(tree, model);
    }
}

#[test]
fn random_histories_of_keys_of_few_rows() {
    history(7, 20_000, |random| random.below(60_000) as u64);
}

#[test]
fn random_histories_of_keys_of_many_rows() {
    history(11, 12_000, |random| random.below(9) as u64);
}

#[test]
fn random_histories_of_keys_of_some_rows() {
    history(13, 12_000, |random| random.below(300) as u64 * 3);
}

#[test]
fn random_histories_of_bytes() {
    history(17, 6_000, |random| -> SmallVec<[u8; 24]> {
        let text = random.below(2_000).to_string();
        text.bytes().cycle().take(random.below(40)).collect()
    });
    history(19, 3_000, |random| random.below(500).to_string().into_bytes().into_boxed_slice());
}

#[test]
fn random_histories_without_keys() {
    history(23, 6_000, |_| ());
}

/// Slot first, then generation.
#[test]
fn rows_of_a_key_are_in_the_order_of_their_slots() {
    let mut tree = Tree::default();
    let parts = [(3, 1), (1, 9), (2, 5), (1, 7), (300, 1)];
    for (slot, version) in parts {
        assert!(tree.insert((), key_from_parts(slot, version).unwrap()));
    }
    let expected = [(1, 7), (1, 9), (2, 5), (3, 1), (300, 1)];
    let expected = expected.map(|(slot, version)| key_from_parts(slot, version).unwrap());
    assert!(tree.iter().map(|((), row)| row).eq(expected));
    assert!(tree.descending(Unbounded, Unbounded).map(|((), row)| row).eq(expected));
}

#[test]
fn a_tree_of_sorted_entries_is_as_one_of_insertions() {
    let mut random = Random(5);
    for size in [0, 1, 2, 111, 112, 113, 128, 129, 112 * 56, 112 * 56 + 1, 20_000, 112 * 56 * 4 + 113] {
        let model: BTreeSet<_> = (0..size).map(|n| ((n / 3) as u64, row(n))).collect();
        let mut tree = Tree::from_sorted(model.iter().copied());
        check(&tree, &model);
        let low = (size / 5) as u64;
        check_range(&tree, &model, (Included(&low), Unbounded), &mut random);
        assert!(leaves(&tree) <= size / (LEAF * 4 / 5) + 1, "leaves are well filled");
        // It goes on as any other.
        let mut model = model;
        for _ in 0..2_000 {
            let entry = (random.below(7_000) as u64, random.row());
            assert_eq!(tree.insert(entry.0, entry.1), model.insert(entry));
        }
        check(&tree, &model);
        while let Some((key, row)) = model.pop_last() {
            assert!(tree.remove(&key, row));
            if model.len().is_multiple_of(5_000) {
                check(&tree, &model);
            }
        }
        assert_eq!(tree.bytes().all, 0);
    }
}

#[test]
fn entries_are_added_to_those_that_are_there() {
    let mut tree = Tree::default();
    tree.extend_sorted((0..3_000).map(|n| (n as u64 * 2, row(n))));
    tree.extend_sorted((0..3_000).map(|n| (n as u64 * 3, row(n))));
    let entries = |by: u64| (0..3_000).map(move |n| (n as u64 * by, row(n)));
    check(&tree, &entries(2).chain(entries(3)).collect());
}

/// What ascends fills its leaves and inner nodes, and can be taken away from either end.
#[test]
fn ascending_keys_leave_full_nodes_behind() {
    let size = LEAF * INNER * 3 + 5;
    let tree = ascending(size);
    assert_eq!(tree.faults(), Vec::<String>::new());
    assert_eq!(leaves(&tree), size.div_ceil(LEAF));
    assert_eq!(nodes(&tree).len(), size.div_ceil(LEAF) + size.div_ceil(LEAF * INNER) + 1);
    let numbers: [&dyn Fn(usize) -> usize; 2] = [&|n| n, &|n| size - 1 - n];
    for number in numbers {
        let mut tree = tree.clone();
        for n in 0..size {
            assert!(tree.remove(&(number(n) as u64), row(number(n))));
            if n % 4_001 == 0 {
                assert_eq!(tree.faults(), Vec::<String>::new());
            }
        }
        assert!(tree.root.is_none());
    }
    assert_eq!(tree.len(), size);
}

#[test]
fn nodes_that_are_thinned_out_are_merged() {
    let size = 60_000;
    let mut tree = ascending(size);
    let before = tree.bytes().all;
    (0..size).filter(|n| n % 20 > 0).for_each(|n| assert!(tree.remove(&(n as u64), row(n))));
    assert_eq!(tree.faults(), Vec::<String>::new());
    assert!(leaves(&tree) <= 4 * (size / 20) / LEAF + 1);
    assert!(tree.bytes().all < before / 4, "{} of {before}", tree.bytes().all);
}

#[test]
fn a_write_copies_one_path_of_what_a_clone_shares() {
    let mut tree = Tree::default();
    let mut random = Random(3);
    (0..60_000).for_each(|n| assert!(tree.insert(random.below(1 << 30) as u64, row(n))));
    assert_eq!(depth(&tree), 3);
    for _ in 0..500 {
        let clone = tree.clone();
        assert_eq!(apart(&tree, &clone), 0);
        assert_eq!(tree.bytes().shared, tree.bytes().all);
        let key = random.below(1 << 30) as u64;
        let (_, copied) = copied_during(|| tree.insert(key, row(70_000)));
        assert!(copied > 0 && copied <= 16 * 1024, "{copied} bytes are copied");
        // Each node on the path may have been split.
        assert!(apart(&tree, &clone) <= 2 * depth(&tree));
        let Some((&key, last)) = tree.range(Included(&key), Unbounded).nth(1) else { continue };
        let clone = tree.clone();
        let (_, copied) = copied_during(|| tree.remove(&key, last));
        assert!(copied > 0 && copied <= 32 * 1024, "{copied} bytes are copied");
        assert!(apart(&tree, &clone) <= 2 * depth(&tree));
        let (_, copied) = copied_during(|| tree.insert(key, last));
        assert_eq!(copied, 0, "the path is its own by now");
    }
    assert_eq!(tree.faults(), Vec::<String>::new());
}

/// Removing all of a tree from a new clone each time merges nodes of all depths.
#[test]
fn no_removal_copies_more_than_its_path_and_the_neighbours() {
    let mut tree = Tree::default();
    let key = |n: usize| -> SmallVec<[u8; 24]> { format!("{n:020}").bytes().collect() };
    (0..30_000).for_each(|n| assert!(tree.insert(key(n * 7_919 % 30_000), row(n))));
    let mut most = 0;
    for n in 0..30_000 {
        let clone = tree.clone();
        let number = n * 7_919 % 30_000;
        let (removed, copied) = copied_during(|| tree.remove(&key(number), row(n)));
        assert!(removed);
        most = most.max(copied);
        assert_eq!(clone.len(), tree.len() + 1);
    }
    assert!(most > 0 && most <= 64 * 1024, "{most} bytes are copied");
    assert!(tree.root.is_none());
}

#[test]
fn bytes_tell_what_is_shared_and_what_keys_own() {
    let mut tree = Tree::default();
    (0..10_000).for_each(|n| assert!(tree.insert(vec![7; n % 50].into_boxed_slice(), row(n))));
    let alone = tree.bytes();
    let kept: usize = (0..10_000).map(|n| n % 50).sum();
    let owned = tree.bytes_with(|key| key.len()).all - alone.all;
    assert!(owned >= kept && owned <= kept + kept / 20, "{owned} of {kept}: separators own some too");
    assert!(alone.all >= 10_000 * size_of::<Entry<Box<[u8]>>>());
    assert_eq!(alone.shared, 0);
    let clone = tree.clone();
    assert_eq!((tree.bytes().all, tree.bytes().shared), (alone.all, alone.all));
    assert!(tree.insert(Box::default(), row(20_000)));
    let own = tree.bytes().all - tree.bytes().shared;
    assert!(own > 0 && own <= 2 * 64 * 1024 && own < alone.all / 10, "{own} of {}", alone.all);
    drop(clone);
    assert_eq!(tree.bytes().shared, 0);
}

#[test]
fn a_key_of_a_hundred_thousand_rows_is_as_any_other() {
    let mut tree = Tree::default();
    (0..100_000).for_each(|n| assert!(tree.insert(5_u64, row(n))));
    (0..1_000).for_each(|n| assert!(tree.insert(n % 5 * 2, row(n as usize))));
    let depth = depth(&tree);
    assert!(depth <= 3);
    let (count, visited) = visited_during(|| tree.count(Included(&5), Included(&5)));
    assert_eq!(count, 100_000);
    assert!(visited <= 2 * depth);
    // In the order of slots, though keys descend, without having read them all.
    let (rows, visited) = visited_during(|| {
        let rows = tree.descending(Unbounded, Excluded(&6)).map(|(_, row)| row);
        rows.take(1_000).collect::<Vec<_>>()
    });
    assert!(rows.into_iter().eq((0..1_000).map(row)));
    assert!(visited <= 5 * depth + 1_000 / (LEAF / 2), "{visited} nodes are visited");
    let (after, visited) = visited_during(|| {
        tree.range(Unbounded, Unbounded).descending_after(&5, row(70_000)).nth(29_999).map(|(key, row)| (*key, row))
    });
    assert_eq!(after, Some((4, row(2))));
    assert!(visited <= 8 * depth, "{visited} nodes are visited");
    assert!(tree.remove(&5, row(50_000)) && !tree.contains(&5, row(50_000)));
    assert_eq!(tree.faults(), Vec::<String>::new());
}

/// A leaf is visited once as the entries go by, the way down again only when a whole inner node has gone by.
#[test]
fn steps_are_amortised_and_skips_logarithmic() {
    let size = 100_000;
    let tree = ascending(size);
    let (leaves, depth) = (leaves(&tree), depth(&tree));
    let all = || tree.range(Unbounded, Unbounded);
    let most = leaves + 2 * depth * leaves.div_ceil(INNER / 2);
    let (count, visited) = visited_during(|| all().map(|_| 1).sum::<usize>());
    assert!(count == size && visited <= most, "{visited} visits");
    let (count, visited) = visited_during(|| all().rev().map(|_| 1).sum::<usize>());
    assert!(count == size && visited <= most, "{visited} visits");
    // One row each, so that there is nothing to be sought; the leaf before is looked at beforehand.
    let (count, visited) = visited_during(|| all().descending().map(|_| 1).sum::<usize>());
    assert!(count == size && visited <= 2 * most, "{visited} visits");
    for n in [0, 1, 777, 50_000, 99_999] {
        let (found, visited) = visited_during(|| all().nth(n).map(|(key, _)| *key));
        assert!(found == Some(n as u64) && visited <= depth, "{visited} visits");
        let (found, visited) = visited_during(|| all().nth_back(n).map(|(key, _)| *key));
        assert!(found == Some((size - 1 - n) as u64) && visited <= depth, "{visited} visits");
        let (found, visited) = visited_during(|| all().descending().nth(n).map(|(key, _)| *key));
        assert!(found == Some((size - 1 - n) as u64) && visited <= 4 * depth, "{visited} visits");
        let key = n as u64;
        let (found, visited) = visited_during(|| all().after(&key, row(n)).next().map(|(key, _)| *key));
        assert!(found == Some(key + 1).filter(|key| *key < size as u64) && visited <= 2 * depth, "{visited} visits");
    }
}

/// The proof says so where a tree is not as it should be.
#[test]
fn faults_are_found() {
    fn spoilt(spoil: impl FnOnce(&mut Tree<u64>)) -> String {
        let mut tree = ascending(LEAF * INNER * 2);
        spoil(&mut tree);
        tree.faults().join("; ")
    }
    fn inner(node: &mut Arc<Node<u64>>) -> &mut super::node::Inner<u64> {
        match Arc::make_mut(node) {
            Node::Inner(inner) => inner,
            Node::Leaf(_) => panic!("it is a leaf"),
        }
    }
    fn leaf(node: &mut Arc<Node<u64>>) -> &mut Vec<Entry<u64>> {
        match Arc::make_mut(node) {
            Node::Leaf(entries) => entries,
            Node::Inner(_) => panic!("it is no leaf"),
        }
    }
    fn first_leaf(tree: &mut Tree<u64>) -> &mut Vec<Entry<u64>> {
        leaf(&mut inner(&mut inner(tree.root.as_mut().unwrap()).children[0].node).children[0].node)
    }
    assert_eq!(spoilt(|_| {}), "");
    assert!(spoilt(|tree| tree.len += 1).contains("the tree has"));
    assert!(spoilt(|tree| first_leaf(tree).swap(3, 4)).contains("out of order"));
    assert!(spoilt(|tree| first_leaf(tree)[3] = (2, row(2))).contains("out of order"));
    assert!(spoilt(|tree| first_leaf(tree)[LEAF - 1] = (LEAF as u64, row(LEAF))).contains("out of order"));
    assert!(spoilt(|tree| first_leaf(tree).truncate(LEAF - 1)).contains("a child of 127 entries is said to have 128"));
    assert!(spoilt(|tree| first_leaf(tree).truncate(9)).contains("has 9 of 128 items"));
    assert!(spoilt(|tree| first_leaf(tree).insert(0, (0, row(0)))).contains("has 129 of 128 items"));
    let separators = spoilt(|tree| inner(tree.root.as_mut().unwrap()).separators.clear());
    assert!(separators.contains("2 children have 0 separators"));
    let depths = spoilt(|tree| {
        let root = inner(tree.root.as_mut().unwrap());
        root.children[1] = inner(&mut root.children[1].node).children[0].clone();
    });
    assert!(depths.contains("a leaf is at depth 1"));
    let only = spoilt(|tree| {
        let root = inner(tree.root.as_mut().unwrap());
        root.children.truncate(1);
        root.separators.clear();
        tree.len = LEAF * INNER;
    });
    assert_eq!(only, "the root has one child only");
}
