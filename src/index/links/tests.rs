//! Links against a naive store of the same, and the cost of closing lists up, counted.

use slotmap::{DefaultKey, SlotMap};

use super::super::{Backward, probes};
use super::{Link, no_target, waiting_hash};
use crate::id::{key_from_parts, slot_of};

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
    link.sources(target).collect()
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
    let slots: Vec<u32> = members.iter().map(|key| slot_of(*key)).collect();
    let mut positions: Vec<u32> = slots.iter().map(|source| postings.push(*target, *source)).collect();
    let target = slot_of(*target);
    let mut order: Vec<usize> = (0..members.len()).collect();
    let mut random = Random(11);
    for i in (1..order.len()).rev() {
        order.swap(i, random.below(i + 1));
    }
    let mut moves = 0;
    let first = slots[0];
    for member in order {
        if postings.punch(target, positions[member]) {
            for (source, position) in postings.close_up(target).into_iter().zip(0..) {
                positions[(source - first) as usize] = position;
                moves += 1;
            }
        }
    }
    assert_eq!(postings.count(target), 0);
    assert!(moves <= members.len(), "{moves} moves for {} leaves", members.len());
}

/// behaviour I26: many that leave at once leave what is left as those that leave one by one; a list that they leave in
/// sequence is gone to once
#[test]
fn many_leave_as_one_by_one() {
    let (targets, members) = (keys(4), keys(20_000));
    let mut random = Random(5);
    for (share, shuffled) in [(1, false), (50, false), (50, true), (100, false), (100, true)] {
        let mut link = Link::default();
        for (place, member) in members.iter().enumerate() {
            match place % 1_000 {
                0 => link.join(*member, no_target::absent()),
                1 => link.wait(*member, random.below(3) as u32),
                _ => link.join(*member, targets[place * targets.len() / members.len()]),
            }
        }
        let mut leaving: Vec<DefaultKey> = members.iter().filter(|_| random.below(100) < share).copied().collect();
        if shuffled {
            (1..leaving.len()).for_each(|last| leaving.swap(last, random.below(last + 1)));
        }
        let mut alone = link.clone();
        for member in &leaving {
            assert!(alone.leave(*member).is_some());
        }
        alone.close_up();
        let before = probes::lists_left();
        link.leave_all(&leaving);
        if !shuffled {
            assert_eq!(probes::lists_left() - before, targets.len());
        }
        link.close_up();
        assert_eq!(link.faults(), Vec::<String>::new());
        assert_eq!((link.len(), link.unresolved()), (alone.len(), alone.unresolved()));
        assert_eq!(link.waiting, alone.waiting);
        for target in &targets {
            assert_eq!(sources(&link, *target), sources(&alone, *target));
        }
        for member in &members {
            assert_eq!(link.target(*member), alone.target(*member));
        }
    }
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

/// behaviour I19: a key that a link has given and that has no link of its own (a reserved id) leads to no row
#[test]
fn a_step_along_keys_that_links_have_given_compares_no_generations() {
    let (targets, members) = (keys(1), keys(5));
    let mut link = Link::default();
    link.join(members[0], targets[0]);
    link.join(members[1], no_target::absent());
    link.wait(members[2], 5);
    link.join(members[3], targets[0]);
    link.leave(members[3]);
    let mut path = members.clone();
    path.extend([no_target::absent(), no_target::unresolved(), no_target::stale()]);
    let mut compared = path.clone();
    link.step_linked(&mut path);
    link.step(&mut compared);
    assert_eq!(path, compared);
    assert_eq!(path[3..5], [no_target::stale(); 2], "that of a source that has left, and that of none");
}

/// behaviour I19: the generation of a target is that of the row which is linked now, also where an older one comes back.
#[test]
fn a_target_is_given_with_its_own_generation() {
    let members = keys(3);
    let target = |slot, version| key_from_parts(slot, version).expect("it is odd");
    let mut link = Link::default();
    link.join(members[0], target(5, 1));
    // A later row of another slot, one of a slot after all others, and the first row of the slot again.
    for (slot, version) in [(3, 7), (9, 3), (3, 9), (3, 1)] {
        link.join(members[1], target(slot, version));
        assert_eq!(link.target(members[1]), target(slot, version));
        let entry = link.leave(members[1]).expect("it has just joined");
        assert_eq!(entry.target(), target(slot, version));
        assert_eq!(link.target(members[0]), target(5, 1), "others keep theirs");
        link.put_back(members[1], entry);
        let mut path = [members[1]];
        link.step_linked(&mut path);
        assert_eq!(path, [target(slot, version)]);
        link.leave(members[1]);
    }
    assert_eq!(link.faults(), Vec::<String>::new());
}

/// What leaves in a statement of its own leaves a list that needs no closing up later.
#[test]
fn leaving_for_good_closes_the_list_up_at_once() {
    let (targets, members) = (keys(1), keys(100));
    let mut link = Link::default();
    for source in &members {
        link.join(*source, targets[0]);
    }
    for source in &members[..90] {
        link.leave_for_good(*source);
        assert_eq!(link.faults(), Vec::<String>::new());
    }
    assert_eq!(sources(&link, targets[0]), members[90..]);
    assert_eq!(link.take_sparse(), [0; 0]);
    let entries = link.postings.entries(slot_of(targets[0]));
    let holes = link.postings.holes(slot_of(targets[0])).len();
    assert!(entries.len() <= 2 * 10 + 4 && holes <= 10 + 4, "{} entries with {holes} holes", entries.len());
    link.wait(members[0], 7);
    link.leave_for_good(members[0]);
    assert_eq!(link.unresolved(), 0);
}
