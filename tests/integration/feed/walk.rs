//! A random walk, each step compared with what a naive look at the whole database before and after it shows.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

type Children = BTreeMap<(RowId, &'static str), Vec<RowId>>;

/// Everything that a feed tells about.
#[derive(Debug, Default, PartialEq)]
struct Image {
    rows: BTreeMap<RowId, String>,
    targets: BTreeMap<(RowId, &'static str), RowId>,
    children: Children,
}

impl Image {
    fn of(db: &Database) -> Self {
        let mut image = Image::default();
        for (id, row) in db.iter::<Person>() {
            image.rows.insert(id.erase(), format!("{row:?}"));
            let boss = db.related(id, Person::BOSS).unwrap().map(|boss| boss.name.as_str());
            image.join(db, id, "boss", boss);
        }
        for (id, row) in db.iter::<Item>() {
            image.rows.insert(id.erase(), format!("{row:?}"));
            image.join(db, id, "owner", Some(&db.related(id, Item::OWNER).unwrap().name));
            let maker = db.related(id, Item::MAKER).unwrap().map(|maker| maker.name.as_str());
            image.join(db, id, "maker", maker);
        }
        for (id, _) in db.iter::<Person>() {
            let key = |relation| (id.erase(), relation);
            let reports = db.children(id, Person::REPORTS).unwrap().map(|(id, _)| id.erase());
            image.children.insert(key("boss"), reports.collect());
            let items = db.children(id, Person::ITEMS).unwrap().map(|(id, _)| id.erase());
            image.children.insert(key("owner"), items.collect());
            let made = db.children(id, Person::MADE).unwrap().map(|(id, _)| id.erase());
            image.children.insert(key("maker"), made.collect());
        }
        image
    }

    fn join<M: Model>(&mut self, db: &Database, id: Id<M>, relation: &'static str, target: Option<&str>) {
        if let Some(name) = target {
            let target = db.find(Person::BY_NAME, name).unwrap().0;
            self.targets.insert((id.erase(), relation), target.erase());
        }
    }

    /// What has changed from this to another, in the order of `Changed`'s text.
    fn diff(&self, after: &Image) -> Vec<String> {
        let mut changed = Vec::new();
        let rows: BTreeSet<RowId> = self.rows.keys().chain(after.rows.keys()).copied().collect();
        for row in rows {
            changed.extend(match (self.rows.get(&row), after.rows.get(&row)) {
                (None, Some(_)) => Some(Changed::Inserted(row)),
                (Some(_), None) => Some(Changed::Removed(row)),
                (old, new) => (old != new).then_some(Changed::Updated(row)),
            });
        }
        let links: BTreeSet<_> = self.targets.keys().chain(after.targets.keys()).copied().collect();
        for (row, relation) in links {
            let (from, to) = (self.targets.get(&(row, relation)), after.targets.get(&(row, relation)));
            if from != to {
                changed.push(Changed::Related { row, relation, from: from.copied(), to: to.copied() });
            }
        }
        sorted(&changed)
    }
}

fn sorted(changes: &[Changed]) -> Vec<String> {
    let mut texts: Vec<String> = changes.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}

/// Those who have left and joined the same target again.
fn rejoined(changes: &[Changed]) -> (Vec<Changed>, Vec<Changed>) {
    changes.iter().partition(|changed| matches!(changed, Changed::Related { from, to, .. } if from == to))
}

/// The children that no message has told about.
fn untold(children: &Children, changes: &[Changed]) -> Children {
    let told: BTreeSet<(RowId, &str)> = changes
        .iter()
        .filter_map(|changed| match changed {
            Changed::Related { row, relation, .. } => Some((*row, *relation)),
            _ => None,
        })
        .collect();
    let keep =
        |relation, list: &[RowId]| list.iter().copied().filter(|row| !told.contains(&(*row, relation))).collect();
    let lists = children.iter().map(|(&(target, relation), list)| ((target, relation), keep(relation, list)));
    lists.filter(|(_, list): &(_, Vec<_>)| !list.is_empty()).collect()
}

/// A small generator with a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len())])
    }
}

/// A statement of one of so many kinds; the last is two statements, for transactions only.
macro_rules! statement {
    ($on:expr, $random:expr, $stamp:expr, $kinds:expr) => {{
        let people: Vec<Id<Person>> = $on.table::<Person>().unwrap().ids().collect();
        let items: Vec<Id<Item>> = $on.table::<Item>().unwrap().ids().collect();
        *$stamp += 1;
        let stamp = *$stamp;
        // Names come back, so that makers are waited for and found.
        let name = format!("p{}", $random.below(12));
        let maker = ($random.below(2) == 0).then(|| format!("p{}", $random.below(12)));
        let (some, other, any) = ($random.pick(&people), $random.pick(&people), $random.pick(&items));
        match ($random.below($kinds), some, any) {
            (0..=2, _, _) => drop($on.insert(Person { name, boss_id: other, stamp })),
            (3..=4, Some(owner_id), _) => {
                drop($on.insert(Item { label: Some(stamp.to_string()), owner_id, maker_name: maker, stamp }));
            }
            (5, Some(owner_id), Some(id)) => {
                drop($on.update(id, |row| (row.owner_id, row.stamp) = (owner_id, stamp)));
            }
            (6, _, Some(id)) => drop($on.update(id, |row| (row.maker_name, row.stamp) = (maker, stamp))),
            (7, Some(id), _) => drop($on.update(id, |row| (row.boss_id, row.stamp) = (other, stamp))),
            (8, _, Some(id)) => drop($on.delete(id)),
            (9, Some(id), _) => drop($on.delete(id)),
            (10, Some(owner_id), _) => {
                let row = |n: u32| Item { label: Some(format!("{stamp}.{n}")), ..item(owner_id) };
                drop($on.insert_many([row(0), row(1)]));
            }
            (12, Some(owner_id), Some(id)) => {
                // There and back again.
                let before = $on.get(id).unwrap().owner_id;
                for (owner_id, stamp) in [(owner_id, stamp), (before, stamp + 1)] {
                    *$stamp += 1;
                    drop($on.update(id, |row| (row.owner_id, row.stamp) = (owner_id, stamp)));
                }
            }
            (_, Some(id), _) => drop($on.delete_all(id, Person::ITEMS)),
            _ => {}
        }
    }};
}

/// A transaction of a few statements, some of them in a savepoint that may be taken back.
fn transaction(db: &mut Database, random: &mut Random, stamp: &mut u32) {
    let mut tx = if random.below(2) == 0 { db.begin() } else { db.begin_deferred() }.unwrap();
    for _ in 0..random.below(8) {
        let people: Vec<Id<Person>> = tx.table::<Person>().unwrap().ids().collect();
        if random.below(6) == 0
            && let Some(id) = random.pick(&people)
        {
            *stamp += 1;
            *tx.get_mut(id).unwrap().stamp = *stamp;
        } else if random.below(4) > 0 {
            statement!(tx, random, stamp, 13);
            continue;
        }
        let mut savepoint = tx.begin();
        for _ in 0..random.below(4) {
            statement!(savepoint, random, stamp, 13);
        }
        if random.below(2) == 0 {
            savepoint.rollback();
        } else {
            savepoint.commit().unwrap();
        }
    }
    if random.below(6) == 0 {
        tx.rollback();
    } else {
        // A refused commit is rolled back with its error.
        drop(tx.commit());
    }
}

/// behaviour F9: The rows of a commit are those of before it and of after it.
fn expect_rows<M: Model + std::fmt::Debug>(commit: &Commit, before: &Image, after: &Image) -> usize {
    let text = |row: Option<&M>| row.map(|row| format!("{row:?}"));
    let mut rows = Vec::new();
    for (id, old, new) in commit.rows::<M>() {
        let id = id.erase();
        assert_eq!((text(old).as_ref(), text(new).as_ref()), (before.rows.get(&id), after.rows.get(&id)), "{id}");
        rows.push(id);
    }
    let changed = commit.changes.iter().filter_map(|changed| match changed {
        Changed::Inserted(row) | Changed::Updated(row) | Changed::Removed(row) if row.table == M::NAME => Some(*row),
        _ => None,
    });
    assert_eq!(rows, changed.collect::<Vec<_>>());
    rows.len()
}

/// behaviours F1 and F2, and F7: Being watched changes nothing: the same rows, the same ids to come, the same lists.
#[test]
fn every_message_is_what_a_naive_look_shows() {
    let (mut db, mut unwatched) = (empty(), empty());
    for database in [&mut db, &mut unwatched] {
        database.keep_history(20).unwrap();
    }
    let everything = db.subscribe(Watch::everything().with_rows(), usize::MAX, Overflow::Close).unwrap();
    let items = db.subscribe(Watch::table::<Item>(), usize::MAX, Overflow::Close).unwrap();
    let owners = db.subscribe(Watch::relation(Item::OWNER), usize::MAX, Overflow::Close).unwrap();
    let (mut random, mut stamp) = (Random(11), 0);
    let (mut tally, mut rows) = (BTreeMap::new(), 0);
    for step in 0..1_000 {
        if random.below(4) == 0
            && let Some(id) = random.pick(&db.table::<Item>().unwrap().ids().collect::<Vec<_>>())
        {
            stamp += 1;
            for database in [&mut db, &mut unwatched] {
                *database.get_mut(id).unwrap().stamp = stamp;
            }
            assert_eq!((received(&everything).len(), received(&items).len()), (1, 1));
        }
        let before = Image::of(&db);
        let start = (random.0, stamp);
        let mut act = |db: &mut Database| {
            (random.0, stamp) = start;
            match random.below(10) {
                0 | 1 => drop(db.undo().unwrap()),
                2 => drop(db.redo().unwrap()),
                3..=5 => statement!(db, &mut random, &mut stamp, 12),
                _ => transaction(db, &mut random, &mut stamp),
            }
        };
        act(&mut db);
        act(&mut unwatched);
        if step % 97 == 0 {
            // Without a history statements are logged for the feed alone.
            for database in [&mut db, &mut unwatched] {
                database.keep_history(if step % 194 == 0 { 0 } else { 20 }).unwrap();
            }
        }

        let after = Image::of(&db);
        let commits: Vec<Commit> = everything.try_iter().collect();
        assert!(commits.len() <= 1, "step {step}: {commits:?}");
        for commit in &commits {
            rows += expect_rows::<Person>(commit, &before, &after) + expect_rows::<Item>(commit, &before, &after);
        }
        let changes = commits.into_iter().next().map_or(Vec::new(), |commit| commit.changes);
        let (again, others) = rejoined(&changes);
        assert_eq!(sorted(&others), before.diff(&after), "step {step}");
        assert_eq!(untold(&before.children, &changes), untold(&after.children, &changes), "step {step}");
        for changed in &again {
            let Changed::Related { row, relation, to, .. } = changed else { unreachable!() };
            assert_eq!(after.targets.get(&(*row, *relation)), to.as_ref());
        }

        let of_items = |changed: &Changed| matches!(changed, Changed::Inserted(row) | Changed::Updated(row) | Changed::Removed(row) if row.table == "Item");
        let of_owners = |changed: &Changed| matches!(changed, Changed::Related { relation: "owner", .. });
        let watched = |wanted: &dyn Fn(&Changed) -> bool| changes.iter().copied().filter(wanted).collect::<Vec<_>>();
        assert_eq!(received(&items).concat(), watched(&of_items), "step {step}");
        assert_eq!(received(&owners).concat(), watched(&of_owners), "step {step}");
        for changed in &changes {
            let kind = match changed {
                Changed::Related { from, to, .. } if from == to => "rejoined",
                Changed::Related { from: Some(_), to: Some(_), .. } => "moved",
                Changed::Related { .. } => "related",
                Changed::Inserted(_) => "inserted",
                Changed::Updated(_) => "updated",
                _ => "removed",
            };
            *tally.entry(kind).or_insert(0) += 1;
        }
        assert_eq!(db.check(), Ok(()));
    }
    assert!(tally.len() == 6 && tally.values().all(|times| *times > 10), "{tally:?}");
    assert!(rows > 1_000, "{rows}");
    // To be watched changes nothing of what is stored, nor of the ids to come.
    assert!(crate::support::state(&db) == crate::support::state(&unwatched));
}
