//! That the database is what the naive store says: every id, every row, every link, every list, every index.

use relata::{Database, HasMany, Inverse, Model};
use slotmap::DefaultKey;

use super::command::NUMBERS;
use super::naive::{Fault, Naive, Slot, Target, key};
use super::run::sorted;
use super::schema::{Sample, TABLES, find, on_relation, on_table};
use super::spec::{Ids, Spec};

/// Compares everything that can be read.
pub(crate) fn verify(db: &Database, store: &Naive, ids: &Ids) {
    for table in 0..TABLES {
        on_table!(table, M => verify_rows::<M>(db, store, ids));
        verify_uniques(db, store, table, ids);
    }
    for (table, relation, _) in Spec::get().relations() {
        verify_targets(db, store, table, relation, ids);
        verify_sources(db, store, table, relation, ids);
    }
    super::through::verify(db, store, ids);
    assert_eq!(db.history(), store.steps(), "what can be undone and redone");
    let mut expected = store.dangling();
    expected.extend(store.reserved().map(|row| Fault::Unfilled { row }));
    expected.sort();
    assert_eq!(sorted(&db.check().err().unwrap_or_default(), ids), expected, "what `check` finds");
}

/// Every live id resolves to its row, every other to nothing; rows come in slot order.
fn verify_rows<M: Sample>(db: &Database, store: &Naive, ids: &Ids) {
    let slots = &store.tables[M::TABLE];
    assert_eq!(slots.len(), ids.count(M::TABLE), "every id of `{}` was noted", M::NAME);
    for (row, slot) in (0..).zip(slots) {
        let expected = match slot {
            Slot::Stored(row) => Some(M::make(&row.cells, ids)),
            Slot::Reserved | Slot::Gone => None,
        };
        assert_eq!(db.get(ids.id::<M>(row)).ok(), expected.as_ref(), "`{}` {row}", M::NAME);
        assert_eq!(db.contains(ids.id::<M>(row)), expected.is_some());
    }
    let listed: Vec<DefaultKey> = db.iter::<M>().map(|(id, _)| id.key()).collect();
    assert!(listed.is_sorted(), "slot order");
    assert_eq!((listed.len(), db.len::<M>()), (store.rows(M::TABLE).count(), store.rows(M::TABLE).count()));
}

/// Every key that there could be is found where a row has it, and nowhere else.
fn verify_uniques(db: &Database, store: &Naive, table: usize, ids: &Ids) {
    let spec = &Spec::get().tables[table];
    for (unique, fields) in spec.uniques.iter().enumerate() {
        let mut keys: Vec<Vec<u32>> = vec![Vec::new()];
        for field in fields {
            let values = spec.fields[*field].ids_of.map_or(NUMBERS, |target| store.tables[target].len() as u32);
            let longer = |key: Vec<u32>| (0..values).map(move |value| [&key[..], &[value]].concat());
            keys = keys.into_iter().flat_map(longer).collect();
        }
        for wanted in keys {
            let mut rows = store.rows(table);
            let expected = rows.find(|(_, row)| key(fields, &row.cells).as_ref() == Some(&wanted)).map(|(row, _)| row);
            assert_eq!(find(db, table, unique, &wanted, ids), expected, "`{}` {wanted:?}", spec.name);
        }
    }
}

/// A relation followed from a source: some items are rows, some options of rows.
trait Found<'a, M> {
    fn found(self) -> Option<&'a M>;
}
impl<'a, M: Model> Found<'a, M> for &'a M {
    fn found(self) -> Option<&'a M> {
        Some(self)
    }
}
impl<'a, M: Model> Found<'a, M> for Option<&'a M> {
    fn found(self) -> Option<&'a M> {
        self
    }
}

/// Every source leads to its target, to none, or to an error where its key names none.
fn verify_targets(db: &Database, store: &Naive, table: usize, relation: usize, ids: &Ids) {
    let spec = &Spec::get().tables[table].relations[relation];
    for (row, stored) in store.rows(table) {
        let target = match stored.links[relation].target {
            Target::Absent => Ok(None),
            Target::Row(target) if store.row(spec.target, target).is_some() => Ok(Some(target)),
            Target::Row(_) | Target::Missing => Err(()),
        };
        on_relation!((table, relation), by, _inverse => {
            let found = db.related(ids.id(row), by).map(Found::found);
            let expected = target.map(|target| target.map(|target| db.get(ids.id(target)).unwrap()));
            let same = match (&found, &expected) {
                (Ok(Some(found)), Ok(Some(expected))) => std::ptr::eq(*found, *expected),
                (Ok(None), Ok(None)) => true,
                (Err(error), Err(())) => matches!(error, relata::Error::Unresolved { .. }),
                _ => false,
            };
            assert!(same, "`{}` of {row}: {found:?} instead of {target:?}", spec.name);
        });
    }
}

/// Every stored target has its sources, in the order in which they joined; those who joined at one time in slot order.
fn verify_sources(db: &Database, store: &Naive, table: usize, relation: usize, ids: &Ids) {
    let spec = &Spec::get().tables[table].relations[relation];
    for owner in 0..store.tables[spec.target].len() as u32 {
        let listed = on_relation!((table, relation), _by, owns => children(db, spec.target, owner, owns, ids));
        let sources = store.sources(table, relation, owner).into_iter();
        let mut sources: Vec<_> = sources.map(|(joined, source)| (joined, ids.key(table, source))).collect();
        sources.sort_unstable();
        let joined = |key: &DefaultKey| sources.iter().find(|(_, source)| source == key).map(|(joined, _)| *joined);
        let listed = listed.map(|listed| store.comparable(listed, joined));
        let expected = store.row(spec.target, owner).map(|_| sources.iter().map(|(_, source)| *source).collect());
        assert_eq!(
            listed,
            expected,
            "the sources of {owner} over `{}` of {}",
            spec.name,
            Spec::get().tables[table].name
        );
    }
}

fn children<I: Inverse>(db: &Database, target: usize, owner: u32, _: I, ids: &Ids) -> Option<Vec<DefaultKey>> {
    let owner = relata::Id::from_key(ids.key(target, owner));
    let children = db.children(owner, HasMany::<I::Relation>::new()).ok()?;
    Some(children.map(|(id, _)| id.key()).collect())
}
