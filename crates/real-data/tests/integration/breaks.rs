//! Breaking each foreign key on purpose, from both of its ends and by each statement that could.

use std::fmt::Debug;

use relata::{Act, BelongsTo, Database, Error, HasMany, Id, Missing, Model, Reference, Relation, Visitor};
use relata_real_data::{CsvTable, DataSet, LoadError, ModelVisitor, load};

use crate::children::columns;

/// Names no row of any table: too large a number, not a word, and no version.
const NOBODY: &str = "2000000000";

/// Loads a set, but tries each table first with one row that names nothing, once for each of its relations.
///
/// Each time the whole batch is refused, the error names the row and the relation, and nothing is stored.
pub(crate) fn load_with_refusals<S: DataSet>() -> Database {
    let mut loader = BreakThenLoad { db: S::builder().build().expect("the models fit together"), set: S::FOLDER };
    S::each_model(&mut loader).unwrap_or_else(|error| panic!("{error}"));
    loader.db
}

struct BreakThenLoad {
    db: Database,
    set: &'static str,
}

impl ModelVisitor for BreakThenLoad {
    fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
        let table = CsvTable::read(self.set, M::NAME)?;
        let before = state(&self.db);
        M::declare(&mut InsertBroken { db: &mut self.db, rows: table.rows::<M>()?, table: &table });
        assert!(state(&self.db) == before, "a refused batch of `{}` has changed the database", M::NAME);
        load::<M>(&mut self.db, self.set, M::NAME).map(|_| ())
    }
}

struct InsertBroken<'a, M> {
    db: &'a mut Database,
    table: &'a CsvTable,
    rows: Vec<M>,
}

impl<M: Model> Visitor<M> for InsertBroken<'_, M> {
    // behaviour I1: "Insert or update of a source whose key names no target is refused; nothing is stored, every
    // index is as before."
    // behaviour I9: "Many-row statements are all or nothing"
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let place = self.rows.len() / 2;
        let mut rows = self.rows.clone();
        let broken = broken_row::<M>(self.table, place, R::FIELDS);
        let expected = names_nobody::<R>(&broken, None);
        match rows.get_mut(place) {
            Some(row) => *row = broken,
            None => rows.push(broken),
        }
        let Err(Error::BatchRefused { violations, .. }) = self.db.insert_many(rows) else {
            panic!("`{}`.{} took a key that names nothing", M::NAME, R::NAME);
        };
        assert_eq!(violations.iter().filter(|violation| violation.error == expected).count(), 1);
        assert!(violations.iter().all(|violation| violation.index == place));
    }
}

/// Tries every relation of a loaded set: a stored row cannot be made to name nothing, a row that others refer to can
/// neither go nor take another key, and a row that is moved to another target and back is last among the children.
pub(crate) fn assert_references_hold<S: DataSet>(db: &mut Database) {
    let before = state(db);
    S::each_model(&mut TryEach { db, set: S::FOLDER }).unwrap_or_else(|error| panic!("{error}"));
    assert!(state(db) == before, "a refused statement has changed the database");
    S::each_model(&mut MoveEach(db)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(db.check(), Ok(()));
}

struct TryEach<'a> {
    db: &'a mut Database,
    set: &'static str,
}

impl ModelVisitor for TryEach<'_> {
    fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
        let sources = CsvTable::read(self.set, M::NAME)?;
        M::declare(&mut TryRelation { db: self.db, set: self.set, sources });
        Ok(())
    }
}

struct TryRelation<'a> {
    db: &'a mut Database,
    set: &'static str,
    sources: CsvTable,
}

impl<M: Model> Visitor<M> for TryRelation<'_> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let Some(target) = most_referred_to::<R>(self.db) else { return };
        let sources = sources_of::<R>(self.db, target);
        let first = sources[0];

        // behaviour I1: "Insert or update of a source whose key names no target is refused"
        let place = place_of(self.db, first);
        let broken = broken_row::<M>(&self.sources, place, R::FIELDS);
        let expected = names_nobody::<R>(&broken, Some(first));
        assert_eq!(self.db.replace(first, broken).map(drop), Err(expected));

        // behaviour I3: "Deleting a target that sources refer to follows `on_delete`: restrict (default), ..."
        let restricted = |act| Error::RestrictViolation {
            row: target.erase(),
            model: M::NAME,
            relation: R::NAME,
            sources: sources.len(),
            first: first.erase(),
            act,
        };
        let plan = self.db.plan_delete(target).expect("the target is stored");
        assert!(plan.blocked.contains(&restricted(Act::Delete)), "{}.{}: {plan}", M::NAME, R::NAME);
        assert_eq!(self.db.delete(target).map(drop), Err(plan.blocked[0].clone()));

        // behaviour I4: "Changing a natural key that sources refer to follows `on_update`: restrict (default), ..."
        let targets = CsvTable::read(self.set, R::Target::NAME).unwrap_or_else(|error| panic!("{error}"));
        let (_, key) = <R::Reference as Reference<R::Target>>::UNIQUE.expect("these keys are natural");
        let renamed = broken_row::<R::Target>(&targets, place_of(self.db, target), key);
        let refusal = self.db.replace(target, renamed).map(drop).expect_err("others refer to it by this key");
        let Error::RestrictViolation { row, act: Act::KeyChange, .. } = refusal else { panic!("{refusal}") };
        assert_eq!(row, target.erase());
    }
}

struct MoveEach<'a>(&'a mut Database);

impl ModelVisitor for MoveEach<'_> {
    fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
        M::declare(&mut MoveSource(self.0));
        Ok(())
    }
}

struct MoveSource<'a>(&'a mut Database);

impl<M: Model> Visitor<M> for MoveSource<'_> {
    // behaviour R21: "Changing a source's foreign key moves it between owners, in both directions' views at once."
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let db = &mut *self.0;
        let Some(from) = most_referred_to::<R>(db) else { return };
        let Some(to) = db.iter::<R::Target>().map(|(id, _)| id).find(|id| *id != from) else { return };
        let (left, joined) = (sources_of::<R>(db, from), sources_of::<R>(db, to));
        // Where the foreign key is a part of a unique key, the first row that can be moved.
        let relation: BelongsTo<R> = BelongsTo::new();
        let Some(moved) = left.iter().copied().find(|source| db.relate(*source, relation, to).is_ok()) else { return };

        assert!(sources_of::<R>(db, from).iter().eq(left.iter().filter(|source| **source != moved)));
        assert!(sources_of::<R>(db, to).iter().eq(joined.iter().chain([&moved])));
        db.relate(moved, relation, from).expect("it was there before");
        assert!(sources_of::<R>(db, from).iter().eq(left.iter().filter(|source| **source != moved).chain([&moved])));
        assert_eq!(sources_of::<R>(db, to), joined);
    }
}

/// The whole of a database: rows, ids, free slots, the order of children.
fn state(db: &Database) -> Vec<u8> {
    assert_eq!(db.check(), Ok(()));
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).expect("a database that keeps every rule can be saved");
    bytes
}

/// The row of a record, but that these fields name nobody. A table with no records gets a row of nobodies.
fn broken_row<M: Model>(table: &CsvTable, place: usize, fields: &[&str]) -> M {
    let broken = columns::<M>(table, fields);
    let record = table.records.get(place).cloned().unwrap_or_else(|| vec![NOBODY; table.header.len()].into());
    let texts = record.iter().enumerate().map(|(column, text)| if broken.contains(&column) { NOBODY } else { text });
    let record: csv::StringRecord = texts.collect();
    record.deserialize(Some(&table.header)).expect("a key is as good a value as another")
}

/// The error for a row whose key over a relation names no row.
fn names_nobody<R: Relation>(row: &R::Source, id: Option<Id<R::Source>>) -> Error {
    Error::ForeignKeyViolation {
        model: R::Source::NAME,
        relation: R::NAME,
        row: id.map(Id::erase),
        target: R::Target::NAME,
        key: R::key(row).map(<R::Reference as Reference<R::Target>>::describe).expect("the row was given a key"),
        why: Missing::NoSuchKey,
    }
}

/// Rows were stored in the order of the file.
fn place_of<M: Model>(db: &Database, id: Id<M>) -> usize {
    db.iter::<M>().position(|(other, _)| other == id).expect("it is stored")
}

fn sources_of<R: Relation>(db: &Database, target: Id<R::Target>) -> Vec<Id<R::Source>> {
    let sources = db.children(target, HasMany::<R>::new()).expect("the target is stored");
    sources.map(|(id, _)| id).collect()
}

/// The target that most rows refer to over a relation, if any is referred to.
fn most_referred_to<R: Relation>(db: &Database) -> Option<Id<R::Target>> {
    let count = |id: &Id<R::Target>| db.count(*id, HasMany::<R>::new()).unwrap_or(0);
    db.iter::<R::Target>().map(|(id, _)| id).max_by_key(count).filter(|id| count(id) > 0)
}
