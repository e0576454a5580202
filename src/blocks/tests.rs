//! Blocks against a plain list, with clones that go their own ways.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Blocks, Stack};

/// An entry so large that a block holds eight.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Big([u64; 1024]);

impl Default for Big {
    fn default() -> Self {
        big(0)
    }
}

fn big(number: u64) -> Big {
    Big([number; 1024])
}

#[derive(Debug, Clone)]
enum Step {
    Write(usize, u64),
    Reserve(usize),
    WriteAll(u64),
    ChangeAll(Vec<usize>, u64),
    Clone,
    DropOldest,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..60_usize, any::<u64>()).prop_map(|(place, value)| Step::Write(place, value)),
        1 => (0..80_usize).prop_map(Step::Reserve),
        1 => any::<u64>().prop_map(Step::WriteAll),
        2 => (prop::collection::vec(0..60_usize, 0..30), any::<u64>())
            .prop_map(|(places, value)| Step::ChangeAll(places, value)),
        2 => Just(Step::Clone),
        1 => Just(Step::DropOldest),
    ]
}

fn same(blocks: &Blocks<Big>, list: &[u64]) {
    let read: Vec<u64> = blocks.iter().map(|entry| entry.0[0]).collect();
    assert_eq!(read.len(), blocks.capacity());
    assert!(read.iter().zip(list).all(|(read, stands)| read == stands));
    assert!(read.iter().skip(list.len()).all(|read| *read == 0), "what was never written is the default");
    assert!(list.iter().skip(read.len()).all(|stands| *stands == 0));
    let by_place = (0..read.len()).map(|place| blocks.get(place).map_or(0, |entry| entry.0[0]));
    assert!(by_place.eq(read.iter().copied()));
    assert!(blocks.get(read.len()).is_none());
    assert_eq!(
        blocks.iter().fold(0_u64, |sum, entry| sum.wrapping_add(entry.0[0])),
        read.iter().fold(0, |sum, n| n.wrapping_add(sum))
    );
}

#[test]
fn clones_go_their_own_ways() {
    let config = Config { cases: 500, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let outcome = runner.run(&prop::collection::vec(step(), 0..60), |steps| {
        let mut all = vec![(Blocks::<Big>::default(), vec![0_u64; 80])];
        for step in steps {
            let (blocks, list) = all.last_mut().expect("there is one");
            match step {
                Step::Write(place, value) => {
                    *blocks.at(place) = big(value);
                    list[place] = value;
                }
                Step::Reserve(places) => {
                    blocks.reserve(places);
                    prop_assert!(blocks.capacity() >= places);
                }
                Step::WriteAll(value) => {
                    let capacity = blocks.capacity();
                    blocks.iter_mut().for_each(|entry| *entry = big(value));
                    list.iter_mut().take(capacity).for_each(|entry| *entry = value);
                    list.resize(list.len().max(capacity), value);
                }
                Step::ChangeAll(mut places, value) => {
                    places.retain(|place| *place < blocks.capacity());
                    let mut changed = Vec::new();
                    blocks.change_all(places.iter().copied(), |place, entry| {
                        changed.push(place);
                        *entry = big(value.wrapping_add(place as u64));
                    });
                    prop_assert_eq!(&changed, &places);
                    for place in places {
                        list[place] = value.wrapping_add(place as u64);
                    }
                }
                Step::Clone => {
                    let clone = (blocks.clone(), list.clone());
                    all.insert(0, clone);
                }
                Step::DropOldest => drop((all.len() > 1).then(|| all.remove(0))),
            }
            for (blocks, list) in &all {
                same(blocks, list);
            }
            all.rotate_left(1);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn a_write_copies_the_block_that_it_touches_and_no_other() {
    let mut blocks = Blocks::<Big>::default();
    (0..64).for_each(|place| *blocks.at(place) = big(place as u64));
    let clone = blocks.clone();
    let shared = |blocks: &Blocks<Big>| {
        let pairs = blocks.blocks().iter().zip(clone.blocks());
        pairs.filter(|(left, right)| Arc::ptr_eq(left, right)).count()
    };
    assert_eq!((blocks.blocks().len(), shared(&blocks)), (8, 8), "a clone copies nothing");
    *blocks.at(20) = big(1000);
    assert_eq!(shared(&blocks), 7);
    *blocks.at(21) = big(1001);
    blocks.own(22);
    assert_eq!(shared(&blocks), 7, "once");
    assert_eq!((clone.get(20), blocks.get(20)), (Some(&big(20)), Some(&big(1000))));
    blocks.own(63);
    assert_eq!(shared(&blocks), 6);
    // In runs, and here and there.
    blocks.change_all([24, 25].into_iter(), |_, entry| *entry = big(1));
    assert_eq!(shared(&blocks), 5);
    blocks.change_all((0..20).map(|n| [0, 20, 40][n % 3]), |_, entry| *entry = big(1));
    assert_eq!(shared(&blocks), 3);
}

#[test]
fn growing_moves_no_full_block() {
    let mut blocks = Blocks::<Big>::default();
    (0..8).for_each(|place| *blocks.at(place) = big(1));
    let first = blocks.get(0).map(std::ptr::from_ref);
    (8..1000).for_each(|place| *blocks.at(place) = big(1));
    assert_eq!(blocks.get(0).map(std::ptr::from_ref), first);
}

thread_local! {
    static CLONES_LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

#[derive(Debug, Default, PartialEq)]
struct Fragile(Box<u64>);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        CLONES_LEFT.set(CLONES_LEFT.get().checked_sub(1).expect("a clone too many"));
        Fragile(self.0.clone())
    }
}

#[test]
fn a_copy_that_panics_leaves_the_block_as_it_was() {
    for growing in [false, true] {
        let mut blocks = Blocks::<Fragile>::default();
        (0..4).for_each(|place| *blocks.at(place) = Fragile(Box::new(place as u64)));
        let clone = blocks.clone();
        for allowed in 0..4 {
            CLONES_LEFT.set(allowed);
            let write = || if growing { blocks.reserve(100) } else { blocks.own(2) };
            assert!(catch_unwind(AssertUnwindSafe(write)).is_err());
            CLONES_LEFT.set(usize::MAX);
            assert!(blocks.iter().eq(clone.iter()));
        }
    }
}

#[test]
fn a_stack_gives_the_last_first() {
    let mut stack = Stack::default();
    (0..10_000_u32).for_each(|entry| stack.push(entry));
    let mut at_once = Stack::default();
    at_once.push_all(0..100_u32);
    at_once.push_all([].into_iter());
    at_once.push_all(100..10_000);
    assert!(at_once.iter().eq(stack.iter()) && at_once.len() == 10_000);
    let clone = stack.clone();
    assert_eq!(
        (stack.nth_from_top(0), stack.nth_from_top(9_999), stack.nth_from_top(10_000)),
        (Some(9_999), Some(0), None)
    );
    assert!((0..10_000).rev().all(|entry| stack.pop() == Some(entry)));
    assert_eq!((stack.pop(), stack.len(), clone.len()), (None, 0, 10_000));
    assert!(clone.iter().eq(0..10_000));
}
