//! Breaking each foreign key on purpose: by a row that names nothing, by removing a row that is named.

use std::fmt::Debug;

use relata::{Act, Database, Error, HasMany, Id, Missing, Model, Relation, Visitor};
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
        let before = format!("{:?}", self.db);
        M::declare(&mut BreakEach { db: &mut self.db, rows: table.rows::<M>()?, table: &table });
        assert_eq!(format!("{:?}", self.db), before, "the number of rows in each table");
        assert_eq!(self.db.check(), Ok(()));
        load::<M>(&mut self.db, self.set).map(|_| ())
    }
}

struct BreakEach<'a, M> {
    db: &'a mut Database,
    table: &'a CsvTable,
    rows: Vec<M>,
}

impl<M: Model> Visitor<M> for BreakEach<'_, M> {
    // behaviour I1: "Insert or update of a source whose key names no target is refused; nothing is stored, every
    // index is as before."
    // behaviour I9: "Many-row statements are all or nothing"
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let place = self.rows.len() / 2;
        let mut rows = self.rows.clone();
        let broken = broken_row::<R>(self.table, place);
        let key = R::key(&broken).map(<R::Reference as relata::Reference<R::Target>>::describe);
        match rows.get_mut(place) {
            Some(row) => *row = broken,
            None => rows.push(broken),
        }
        let Err(Error::BatchRefused { violations, .. }) = self.db.insert_many(rows) else {
            panic!("`{}`.{} took a key that names nothing", M::NAME, R::NAME);
        };
        let expected = Error::ForeignKeyViolation {
            model: M::NAME,
            relation: R::NAME,
            row: None,
            target: R::Target::NAME,
            key: key.expect("the row was given a key"),
            why: Missing::NoSuchKey,
        };
        assert_eq!(violations.iter().filter(|violation| violation.error == expected).count(), 1);
        assert!(violations.iter().all(|violation| violation.index == place));
        assert_eq!(self.db.len::<M>(), 0);
    }
}

/// The row of a record, but for its key over the relation. A table with no records gets a row that is all keys.
fn broken_row<R: Relation>(table: &CsvTable, place: usize) -> R::Source {
    let key = columns::<R::Source>(table, R::FIELDS);
    let mut record = table.records.get(place).cloned().unwrap_or_else(|| vec![NOBODY; table.header.len()].into());
    record = record.iter().enumerate().map(|(i, text)| if key.contains(&i) { NOBODY } else { text }).collect();
    record.deserialize(Some(&table.header)).expect("a key is as good a value as another")
}

/// For every relation that any row uses, removing a row that others refer to is refused, and the error names them.
pub(crate) fn assert_targets_stay<S: DataSet>(db: &mut Database) {
    struct EachModel<'a>(&'a mut Database);

    impl ModelVisitor for EachModel<'_> {
        fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
            M::declare(&mut RemoveTargets(self.0));
            Ok(())
        }
    }

    let before = format!("{db:?}");
    S::each_model(&mut EachModel(db)).expect("visiting does not fail");
    assert_eq!(format!("{db:?}"), before, "the number of rows in each table");
    assert_eq!(db.check(), Ok(()));
}

struct RemoveTargets<'a>(&'a mut Database);

impl<M: Model> Visitor<M> for RemoveTargets<'_> {
    // behaviour I3: "Deleting a target that sources refer to follows `on_delete`: restrict (default), ..."
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let sources: HasMany<R> = HasMany::new();
        let ids = self.0.iter::<R::Target>().map(|(id, _)| id);
        let Some(target) = ids.max_by_key(|id| self.0.count(*id, sources).ok()) else { return };
        let children: Vec<Id<M>> = self.0.children(target, sources).expect("it is stored").map(|(id, _)| id).collect();
        let Some(first) = children.first() else { return };
        let expected = Error::RestrictViolation {
            row: target.erase(),
            model: M::NAME,
            relation: R::NAME,
            sources: children.len(),
            first: first.erase(),
            act: Act::Delete,
        };
        let plan = self.0.plan_delete(target).expect("it is stored");
        assert!(plan.blocked.contains(&expected), "{expected}\n{plan}");
        let refusal = self.0.delete(target).map(|_| ()).expect_err("others refer to it");
        assert_eq!(refusal, plan.blocked[0]);
        assert!(self.0.contains(target));
    }
}
