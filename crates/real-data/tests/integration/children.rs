//! Both directions of every relation against the files, where all keys are text and nothing is shared with the store.

use std::collections::BTreeMap;
use std::fmt::Debug;

use relata::{Database, HasMany, Id, Model, Reference, Relation, Visitor};
use relata_real_data::{CsvTable, DataSet, LoadError, ModelVisitor};

/// For every relation of every model: no key in the file names a row that its target's file does not have, and each
/// target has exactly those children whose text names it, in the order of the file.
pub(crate) fn assert_as_in_files<S: DataSet>(db: &Database) {
    S::each_model(&mut EachModel { db, set: S::FOLDER }).unwrap_or_else(|error| panic!("{error}"));
}

struct EachModel<'a> {
    db: &'a Database,
    set: &'static str,
}

impl ModelVisitor for EachModel<'_> {
    fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
        let sources = CsvTable::read(self.set, M::NAME)?;
        M::declare(&mut EachRelation { db: self.db, set: self.set, sources });
        Ok(())
    }
}

struct EachRelation<'a> {
    db: &'a Database,
    set: &'static str,
    sources: CsvTable,
}

impl<M: Model> Visitor<M> for EachRelation<'_> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let targets = CsvTable::read(self.set, R::Target::NAME).unwrap_or_else(|error| panic!("{error}"));
        let (_, target_fields) = <R::Reference as Reference<R::Target>>::UNIQUE.expect("these keys are natural");
        let expected = children_of(
            &targets,
            &columns::<R::Target>(&targets, target_fields),
            &self.sources,
            &columns::<M>(&self.sources, R::FIELDS),
        );
        assert_eq!(expected.dangling, 0, "{}.{}", M::NAME, R::NAME);

        // Rows were stored in the order of the file, so that the place in the one is the place in the other.
        let source_ids: Vec<Id<M>> = self.db.iter::<M>().map(|(id, _)| id).collect();
        for ((target, _), expected) in self.db.iter::<R::Target>().zip(&expected.children) {
            let children = self.db.children(target, HasMany::<R>::new()).expect("the target is stored");
            let stored: Vec<Id<M>> = children.map(|(id, _)| id).collect();
            let expected: Vec<Id<M>> = expected.iter().map(|record| source_ids[*record]).collect();
            assert_eq!(stored, expected, "{}.{} of {target}", M::NAME, R::NAME);
            assert_eq!(self.db.count(target, HasMany::<R>::new()), Ok(expected.len()));
        }
    }
}

/// The places in a file of the columns that hold these fields.
pub(crate) fn columns<M: Model>(table: &CsvTable, fields: &[&str]) -> Vec<usize> {
    let outside =
        |field: &&str| M::COLUMNS.iter().find(|column| column.name == *field).map(|column| column.external_name);
    fields.iter().map(|field| outside(field).and_then(|name| table.column(name)).expect("the file has it")).collect()
}

struct Expected {
    /// For each record of the target, the records that name it.
    children: Vec<Vec<usize>>,
    /// Records that name nothing.
    dangling: usize,
}

fn children_of(targets: &CsvTable, target_key: &[usize], sources: &CsvTable, source_key: &[usize]) -> Expected {
    let mut places = BTreeMap::new();
    for (place, target) in targets.records.iter().enumerate() {
        places.insert(target_key.iter().map(|column| &target[*column]).collect::<Vec<_>>(), place);
    }
    let mut expected = Expected { children: vec![Vec::new(); targets.records.len()], dangling: 0 };
    for (record, source) in sources.records.iter().enumerate() {
        let key: Vec<&str> = source_key.iter().map(|column| &source[*column]).collect();
        if key.contains(&"") {
            continue;
        }
        match places.get(&key) {
            Some(place) => expected.children[*place].push(record),
            None => expected.dangling += 1,
        }
    }
    expected
}
