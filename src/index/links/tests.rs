//! Links against a naive store of the same, and the cost of closing lists up, counted.

use slotmap::{DefaultKey, Key, SlotMap};

use super::{Link, no_target, waiting_hash};

/// A small generator with a fixed seed: the tests are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}

fn keys(count: usize) -> Vec<DefaultKey> {
    let mut map = SlotMap::new();
    (0..count).map(|n| map.insert(n)).collect()
}

fn sources(link: &Link, target: DefaultKey) -> Vec<DefaultKey> {
    link.sources(target).iter().copied().filter(|source| !source.is_null()).collect()
}

/// behaviour R16: listing returns only the owner's rows, in the order in which they joined this owner
/// behaviour R21: changing a source's foreign key moves it between owners, in both directions' views at once
#[test]
fn lists_agree_with_a_naive_store_after_every_move() {
    let (targets, members) = (keys(20), keys(300));
    let mut random = Random(7);
    let mut link = Link::default();
    let mut naive: Vec<Vec<DefaultKey>> = vec![Vec::new(); targets.len()];
    let mut joined: Vec<Option<usize>> = vec![None; members.len()];
    for step in 0..20_000 {
        let member = random.below(members.len());
        if let Some(old) = joined[member].take() {
            link.leave(members[member]);
            naive[old].retain(|source| *source != members[member]);
        }
        if random.below(4) > 0 {
            let target = random.below(targets.len());
            link.join(members[member], targets[target]);
            naive[target].push(members[member]);
            joined[member] = Some(target);
        }
        // Positions may only move when a statement has ended; here a statement is of up to three changes.
        if random.below(3) == 0 {
            link.close_up();
        }
        if step % 100 == 0 {
            assert_eq!(link.faults(), Vec::<String>::new());
            for (target, expected) in targets.iter().zip(&naive) {
                assert_eq!(sources(&link, *target), *expected);
                assert_eq!(link.count(*target), expected.len());
            }
        }
    }
}

/// HOSTILE 33: Leaving costs O(1) whatever the fan-out: over any number of leaves, each entry is moved about once.
#[test]
fn closing_up_moves_about_one_entry_for_each_that_leaves() {
    let members = keys(100_001);
    let (target, members) = members.split_first().expect("there are keys");
    let mut postings = super::Postings::default();
    let mut positions: Vec<u32> = members.iter().map(|source| postings.push(*target, *source)).collect();
    let mut order: Vec<usize> = (0..members.len()).collect();
    let mut random = Random(11);
    for i in (1..order.len()).rev() {
        order.swap(i, random.below(i + 1));
    }
    let mut moves = 0;
    let slots: Vec<u32> = members.iter().map(|key| crate::id::slot_of(*key)).collect();
    let first = slots[0];
    for member in order {
        if postings.punch(*target, positions[member]) {
            postings.close_up(crate::id::slot_of(*target), |source, position| {
                positions[(crate::id::slot_of(source) - first) as usize] = position;
                moves += 1;
            });
        }
    }
    assert_eq!(postings.count(*target), 0);
    assert!(moves <= members.len(), "{moves} moves for {} leaves", members.len());
}

#[test]
fn a_missing_target_is_waited_for_and_can_arrive() {
    let (targets, members) = (keys(2), keys(3));
    let mut link = Link::default();
    let hash = waiting_hash(targets[1]);
    link.wait(members[0], hash);
    link.wait(members[1], hash);
    link.join(members[2], no_target::absent());
    assert_eq!(link.unresolved(), 2);
    assert_eq!(link.target(members[0]), no_target::unresolved());
    assert_eq!(link.target(members[2]), no_target::absent());
    assert_eq!(link.faults(), Vec::<String>::new());
    let mut waiting: Vec<DefaultKey> = link.waiting(hash).collect();
    waiting.sort();
    assert_eq!(waiting, members[..2]);
    link.leave(members[0]);
    link.join(members[0], targets[1]);
    assert_eq!(link.unresolved(), 1);
    assert_eq!(sources(&link, targets[1]), [members[0]]);
    assert_eq!(link.faults(), Vec::<String>::new());
}

/// behaviour I19: stale and null ids never reach a row
#[test]
fn a_step_tells_absent_unresolved_and_stale_apart() {
    let (targets, members) = (keys(1), keys(4));
    let mut link = Link::default();
    link.join(members[0], targets[0]);
    link.join(members[1], no_target::absent());
    link.wait(members[2], 5);
    let mut path = members.clone();
    path.push(no_target::unresolved());
    link.step(&mut path);
    let expected =
        [targets[0], no_target::absent(), no_target::unresolved(), no_target::stale(), no_target::unresolved()];
    assert_eq!(path, expected);
}
