//! Taking over data with flaws, and how much of what is wrong is kept.

use std::collections::BTreeSet;

use relata::{Dangling, Database, Error, Holder, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tag {
    #[model(primary_key)]
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    #[model(primary_key)]
    code: u32,
    #[model(unique)]
    label: Option<u32>,
    #[model(belongs_to(Part), name = parent, acyclic)]
    parent_code: Option<u32>,
    #[model(belongs_to(Part), name = twin)]
    twin_code: u32,
    #[model(belongs_to(Tag), name = tag)]
    tag_name: Option<String>,
    #[model(references_many)]
    tag_ids: Vec<Id<Tag>>,
}

fn part(code: u32) -> Part {
    Part { code, label: None, parent_code: None, twin_code: code, tag_name: None, tag_ids: Vec::new() }
}

fn parts() -> (Database, Id<Tag>) {
    let mut db = Database::builder().model::<Tag>().model::<Part>().build().unwrap();
    let tag = db.insert(Tag { name: "new".into() }).unwrap();
    db.insert(part(100)).unwrap();
    (db, tag)
}

fn places<T>(of: &[T], place: impl Fn(&T) -> usize) -> Vec<usize> {
    of.iter().map(place).collect()
}

// fault C8, behaviour I25: "An import stores the rows that break no rule, and lists the others with all reasons"
#[test]
fn an_import_stores_what_is_good() {
    let (mut db, tag) = parts();
    let rows = vec![
        part(1),
        Part { twin_code: 9, ..part(2) },                 // dangles
        Part { twin_code: 2, label: Some(7), ..part(3) }, // refers to a refused row, in the next round
        Part { label: Some(7), ..part(4) },               // had the label after the one before
        part(1),                                          // is there twice
        Part { twin_code: 100, parent_code: Some(4), ..part(6) },
        Part { parent_code: Some(8), ..part(7) }, // a circle
        Part { parent_code: Some(7), ..part(8) },
        Part { tag_name: Some("old".into()), twin_code: 77, ..part(100) },
        Part { tag_name: Some("new".into()), tag_ids: vec![tag], ..part(10) },
    ];
    let imported = db.import(rows.clone(), Dangling::Refuse).unwrap();
    assert_eq!(places(&imported.stored, |(place, _)| *place), [0, 3, 5, 9]);
    assert_eq!(places(&imported.refused, |refused| refused.index), [1, 2, 4, 6, 7, 8]);
    for (place, id) in &imported.stored {
        assert_eq!(db.get(*id).unwrap(), &rows[*place]);
    }
    for refused in &imported.refused {
        assert_eq!(refused.row, rows[refused.index]);
    }
    let errors = |place: usize| &imported.refused[place].errors;
    assert_eq!(errors(0)[0].to_string(), "`Part`.twin: no `Part` with code = 9: no row has this key");
    assert_eq!(errors(1)[0].to_string(), "`Part`.twin: no `Part` with code = 2: no row has this key");
    let [Error::UniqueViolation { existing: Holder::Batch(0), .. }] = errors(2)[..] else { panic!("{:?}", errors(2)) };
    let Error::Cycle { way, .. } = &errors(3)[0] else { panic!("{:?}", errors(3)) };
    assert_eq!(*way, [Holder::Batch(6), Holder::Batch(7)]);
    assert_eq!(errors(5).len(), 3, "all that is wrong with it: {:?}", errors(5));
    assert_eq!((imported.cleared, db.check()), (vec![], Ok(())));
}

// fault C8, behaviour I25: "Where that is asked for, keys that name no row and can be absent are cleared and listed
// instead"
#[test]
fn an_import_clears_what_may_be_absent() {
    let (mut db, tag) = parts();
    let stale: Id<Tag> = "9v1".parse().unwrap();
    let rows = vec![
        Part { twin_code: 9, tag_name: Some("old".into()), ..part(1) },
        Part { parent_code: Some(1), tag_name: Some("old".into()), ..part(2) },
        Part { parent_code: Some(2), tag_ids: vec![stale, tag, stale], ..part(3) },
    ];
    let mut tx = db.begin().unwrap();
    let imported = tx.import(rows.clone(), Dangling::Clear).unwrap();
    tx.commit().unwrap();
    assert_eq!(places(&imported.refused, |refused| refused.index), [0]);
    assert_eq!(imported.refused[0].row, rows[0]);
    let cleared: Vec<String> = imported.cleared.iter().map(ToString::to_string).collect();
    assert_eq!(
        cleared,
        [
            "batch[1]: `Part`.parent: no `Part` with code = 1: no row has this key",
            "batch[1]: `Part`.tag: no `Tag` with name = \"old\": no row has this key",
            "batch[2]: `Part`.tags: no `Tag` with id 9v1 (`tag_ids[0]`): never existed",
            "batch[2]: `Part`.tags: no `Tag` with id 9v1 (`tag_ids[2]`): never existed",
        ]
    );
    let stored: Vec<&Part> = imported.stored.iter().map(|(_, id)| db.get(*id).unwrap()).collect();
    assert_eq!(stored, [&part(2), &Part { parent_code: Some(2), tag_ids: vec![tag], ..part(3) }]);
    assert_eq!(db.check(), Ok(()));
    assert_eq!(db.import(Vec::<Part>::new(), Dangling::Clear).unwrap().stored, []);
}

/// A small generator with a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32 % bound
    }
}

// fault C8: each row is stored or refused, what is stored breaks no rule, and what is refused does
#[test]
fn an_import_sorts_the_good_from_the_bad() {
    let mut random = Random(5);
    let (mut refusals, mut clearings) = (0, 0);
    for round in 0..600 {
        let (mut db, _) = parts();
        let dangling = if round % 2 == 0 { Dangling::Refuse } else { Dangling::Clear };
        let mut some = |chance: u32, bound: u32| (random.below(chance) == 0).then(|| random.below(bound));
        let rows: Vec<Part> = (0..12)
            .map(|code| Part {
                code: some(8, 12).unwrap_or(code),
                label: some(3, 6),
                parent_code: some(2, 14),
                twin_code: some(3, 14).unwrap_or(100),
                tag_name: some(4, 2).map(|old| if old == 0 { "new".into() } else { "old".into() }),
                tag_ids: Vec::new(),
            })
            .collect();
        let imported = db.import(rows.clone(), dangling).unwrap();
        assert_eq!(db.check(), Ok(()));
        let all: BTreeSet<usize> = imported.stored.iter().map(|(place, _)| *place).collect();
        let refused = places(&imported.refused, |refused| refused.index);
        assert!(refused.iter().all(|place| !all.contains(place)) && refused.len() + all.len() == rows.len());
        let altered: BTreeSet<usize> = imported.cleared.iter().map(|cleared| cleared.index).collect();
        for (place, id) in &imported.stored {
            assert_eq!(db.get(*id).unwrap() == &rows[*place], !altered.contains(place));
        }
        for refused in &imported.refused {
            assert!(!refused.errors.is_empty());
            // Who has taken its key, or was in a circle with it, may have been refused or cleared after it.
            let lost = |error: &Error| match error {
                Error::UniqueViolation { existing: Holder::Batch(other), .. } => !all.contains(other),
                error => matches!(error, Error::Cycle { .. }) && dangling == Dangling::Clear,
            };
            assert!(refused.errors.iter().any(lost) || db.insert(refused.row.clone()).is_err(), "{refused:?}");
            assert_eq!(refused.row, rows[refused.index]);
        }
        refusals += imported.refused.len();
        clearings += imported.cleared.len();
    }
    assert!(refusals > 1_000 && clearings > 300, "{refusals} {clearings}");
}

// fault E10, behaviour I9: "Every violation is counted, and up to 10,000 are listed"
#[test]
fn violations_of_a_batch_are_counted_and_not_all_kept() {
    let (mut db, _) = parts();
    let rows: Vec<Part> = (0..12_000).map(|code| Part { twin_code: 999_999, ..part(code) }).collect();
    let Err(Error::BatchRefused { rows, count, violations }) = db.insert_many(rows) else { panic!() };
    // And one for the part that is there already.
    assert_eq!((rows, count, violations.len()), (12_000, 12_001, 10_000));
    assert!(violations.is_sorted_by_key(|violation| violation.index));
    assert_eq!(db.len::<Part>(), 1);
}
