//! Lists against a naive store of the same, taking changes back, and the cost of leaving, counted.

use serde::{Deserialize, Serialize};
use slotmap::{DefaultKey, SlotMap};

use super::super::{Backward, probes};
use super::{Listed, Lists, Relisted, by_id};
use crate::id::slot_of;
use crate::{Database, Id, Model};

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

fn sorted(mut targets: Vec<DefaultKey>, waits: bool) -> Vec<Listed> {
    targets.sort_unstable_by_key(|target| by_id(*target));
    targets.dedup();
    targets.into_iter().map(|target| Listed { target, waits }).collect()
}

fn listers(lists: &Lists, target: DefaultKey) -> Vec<DefaultKey> {
    lists.referrers().sources(target).collect()
}

/// The posting list as it is, holes and all.
fn entries_of(lists: &Lists, target: DefaultKey) -> Vec<u32> {
    lists.postings.entries(slot_of(target))
}

fn targets(lists: &Lists, source: DefaultKey) -> Vec<DefaultKey> {
    lists.of(source).iter().map(|listing| listing.target).collect()
}

/// behaviour R54: those who list a row are given once each, in the order in which they came to list it
#[test]
fn lists_agree_with_a_naive_store_after_every_change() {
    let (targets, members) = (keys(12), keys(40));
    let mut random = Random(17);
    let mut lists = Lists::default();
    let mut naive: Vec<Vec<DefaultKey>> = vec![Vec::new(); targets.len()];
    for step in 0..5_000 {
        let member = members[random.below(members.len())];
        let wanted: Vec<DefaultKey> = (0..random.below(6)).map(|_| targets[random.below(targets.len())]).collect();
        lists.relist(member, &sorted(wanted.clone(), false), |_| ());
        for (target, listers) in targets.iter().zip(&mut naive) {
            match (wanted.contains(target), listers.contains(&member)) {
                (true, false) => listers.push(member),
                (false, true) => listers.retain(|lister| *lister != member),
                _ => {}
            }
        }
        if random.below(3) == 0 {
            lists.close_up();
        }
        if step % 50 == 0 {
            assert_eq!(lists.faults(|_| true), Vec::<String>::new());
            for (target, expected) in targets.iter().zip(&naive) {
                assert_eq!(listers(&lists, *target), *expected);
                assert_eq!(lists.referrers().count(*target), expected.len());
            }
        }
    }
}

/// Changes are taken back one by one, from the last to the first: everything is as it was, and back again.
#[test]
fn changes_can_be_taken_back_and_made_again() {
    let (rows, members) = (keys(8), keys(10));
    let mut random = Random(23);
    for _ in 0..200 {
        let mut lists = Lists::default();
        let state = |lists: &Lists| {
            let listed: Vec<Vec<DefaultKey>> = rows.iter().map(|target| listers(lists, *target)).collect();
            let named: Vec<Vec<DefaultKey>> = members.iter().map(|source| targets(lists, *source)).collect();
            (listed, named)
        };
        for member in &members {
            let wanted = (0..random.below(6)).map(|_| rows[random.below(rows.len())]).collect();
            lists.relist(*member, &sorted(wanted, random.below(4) == 0), |_| ());
        }
        lists.close_up();
        let before = state(&lists);
        let mut log = Vec::new();
        for _ in 0..20 {
            let member = members[random.below(members.len())];
            let wanted = (0..random.below(6)).map(|_| rows[random.below(rows.len())]).collect();
            let waits = random.below(4) == 0;
            lists.relist(member, &sorted(wanted, waits), |change| log.push((member, change)));
        }
        let after = state(&lists);
        for expected in [&before, &after, &before] {
            log.reverse();
            for (source, change) in &mut log {
                *change = match *change {
                    Relisted::Come(target) => Relisted::Gone(lists.take_out(*source, target).unwrap()),
                    Relisted::Gone(listing) => {
                        lists.put_back(*source, listing);
                        Relisted::Come(listing.target)
                    }
                };
            }
            assert_eq!(lists.faults(|_| true), Vec::<String>::new());
            assert_eq!(state(&lists), *expected);
        }
    }
}

#[test]
fn closing_a_list_up_can_be_taken_back() {
    let (rows, members) = (keys(2), keys(20));
    let mut lists = Lists::default();
    for member in &members {
        lists.relist(*member, &sorted(rows.clone(), false), |_| ());
    }
    for member in &members[..12] {
        lists.relist(*member, &sorted(vec![rows[1]], false), |_| ());
    }
    let slots = lists.take_sparse();
    assert_eq!(slots, [slot_of(rows[0])], "one of the two lists has been thinned out");
    let entries = entries_of(&lists, rows[0]);
    let holes = lists.holes(slots[0]);
    lists.close_up_list(slots[0]);
    assert_eq!(entries_of(&lists, rows[0]), members[12..].iter().map(|member| slot_of(*member)).collect::<Vec<_>>());
    assert_eq!(lists.faults(|_| true), Vec::<String>::new());
    lists.open_list(slots[0], &holes);
    assert_eq!(entries_of(&lists, rows[0]), entries);
    assert_eq!(lists.faults(|_| true), Vec::<String>::new());
}

/// HOSTILE 33: Leaving costs O(1) whatever the fan-out: over any number of leaves, each entry is moved about once.
#[test]
fn closing_up_moves_about_one_entry_for_each_that_leaves() {
    let (rows, members) = (keys(2), keys(50_000));
    let both = sorted(rows.clone(), false);
    let mut lists = Lists::default();
    for member in &members {
        lists.relist(*member, &both, |_| ());
    }
    let mut order: Vec<usize> = (0..members.len()).collect();
    let mut random = Random(11);
    for i in (1..order.len()).rev() {
        order.swap(i, random.below(i + 1));
    }
    let before = probes::moved();
    let mut changes = 0;
    for member in order {
        lists.relist(members[member], &both[1..], |_| changes += 1);
        lists.close_up();
    }
    let moves = probes::moved() - before;
    assert_eq!(changes, members.len(), "only the one that has gone is a change");
    assert!(moves > 1000 && moves <= members.len(), "{moves} moves for {} leaves", members.len());
    assert_eq!((lists.referrers().count(rows[0]), lists.referrers().count(rows[1])), (0, members.len()));
    assert_eq!(listers(&lists, rows[1]), members, "those who stay keep their places");
}

#[test]
fn a_row_that_is_not_there_is_waited_for_and_can_come() {
    let (rows, members) = (keys(2), keys(3));
    let mut lists = Lists::default();
    for member in [2, 0] {
        lists.relist(members[member], &sorted(vec![rows[0]], true), |_| ());
    }
    assert_eq!(lists.waiting(rows[0]).collect::<Vec<_>>(), [members[0], members[2]], "in slot order");
    assert_eq!(lists.waiting(rows[1]).count(), 0);
    assert_eq!(lists.unresolved(), 2);
    assert_eq!(listers(&lists, rows[0]), []);
    // Listed again as a row that is there, it is linked.
    lists.relist(members[0], &sorted(vec![rows[0]], false), |_| ());
    assert_eq!(lists.unresolved(), 1);
    assert!(lists.take_out(members[2], rows[0]).unwrap().waits());
    lists.add(members[2], rows[0]);
    assert_eq!(lists.unresolved(), 0);
    assert_eq!(listers(&lists, rows[0]), [members[0], members[2]]);
    assert!(lists.rejoin(members[0], crate::id::slot_of(rows[0])));
    assert!(!lists.rejoin(members[1], crate::id::slot_of(rows[0])));
    assert_eq!(listers(&lists, rows[0]), [members[2], members[0]]);
    assert_eq!(lists.faults(|_| true), Vec::<String>::new());
    assert_eq!(lists.faults(|source| source != members[2]).len(), 1, "a source that is no row is found");
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(notes: Note))]
struct Tag {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Note {
    #[model(references_many)]
    tag_ids: Vec<Id<Tag>>,
}

/// Where a history is kept, closing up is a change of it: the holes are gone, and come back when it is undone.
#[test]
fn lists_are_closed_up_with_their_transaction() {
    let mut db = Database::builder().model::<Tag>().model::<Note>().build().unwrap();
    let tag = db.insert(Tag { name: "tag".into() }).unwrap();
    let notes = db.insert_many(vec![Note { tag_ids: vec![tag, tag] }; 40]).unwrap();
    let entries = |db: &Database| entries_of(db.table::<Note>().unwrap().index.list(0), tag.key()).len();
    let listers = |db: &Database| db.children(tag, Tag::NOTES).unwrap().map(|(id, _)| id).collect::<Vec<_>>();
    db.keep_history(3).unwrap();
    db.transaction(|tx| {
        notes[..30].iter().try_for_each(|note| tx.delete(*note).map(drop))?;
        assert_eq!(entries(tx), 40, "inside the transaction positions stand");
        Ok(())
    })
    .unwrap();
    for _ in 0..2 {
        assert_eq!(entries(&db), 10);
        assert_eq!(listers(&db), notes[30..]);
        assert!(db.undo().unwrap());
        assert_eq!(listers(&db), notes);
        assert_eq!(db.check(), Ok(()));
        assert!(db.redo().unwrap());
        assert_eq!(db.check(), Ok(()));
    }
}
