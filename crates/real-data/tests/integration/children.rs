//! Both directions of every relation against the files, where all keys are text and nothing is shared with the store.

use std::collections::BTreeMap;
use std::fmt::Debug;

use relata::{Database, HasMany, Id, Model, Reference, Relation, Through, Visitor};
use relata_real_data::{CsvTable, DataSet, LoadError, ModelVisitor};

/// For every relation of every model: no key in the file names a row that its target's file does not have, and each
/// target has exactly those children whose text names it, in the order of the file. Each row is linked to exactly those
/// rows that the file of the links names beside it.
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
        let expected = expected::<R>(&self.file(R::Target::NAME), &self.sources);
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

    fn has_many_through<A: Relation<Target = M>, B: Relation<Source = A::Source>>(&mut self, name: &'static str) {
        let links = self.file(A::Source::NAME);
        let mut ends = vec![None; links.records.len()];
        for (place, links) in expected::<B>(&self.file(B::Target::NAME), &links).children.iter().enumerate() {
            for link in links {
                ends[*link] = Some(place);
            }
        }
        let target_ids: Vec<Id<B::Target>> = self.db.iter::<B::Target>().map(|(id, _)| id).collect();
        let owners = self.db.iter::<M>().zip(expected::<A>(&self.sources, &links).children);
        let mut count = 0;
        for ((owner, _), links) in owners {
            let linked = self.db.linked(owner, Through::<A, B>::new()).expect("the owner is stored");
            assert_eq!(linked.len(), links.len());
            let linked: Vec<Id<B::Target>> = linked.map(|(id, _)| id).collect();
            let expected: Vec<Id<B::Target>> =
                links.iter().map(|link| target_ids[ends[*link].expect("every link has both ends")]).collect();
            assert_eq!(linked, expected, "{}.{name} of {owner}", M::NAME);
            count += linked.len();
        }
        assert_eq!(count, ends.len(), "{}.{name}", M::NAME);
    }
}

impl EachRelation<'_> {
    fn file(&self, table: &str) -> CsvTable {
        CsvTable::read(self.set, table).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Who names whom by a relation, as the files of its two models have it.
fn expected<R: Relation>(targets: &CsvTable, sources: &CsvTable) -> Expected {
    let (_, target_fields) = <R::Reference as Reference<R::Target>>::UNIQUE.expect("these keys are natural");
    let (target_key, source_key) =
        (columns::<R::Target>(targets, target_fields), columns::<R::Source>(sources, R::FIELDS));
    children_of(targets, &target_key, sources, &source_key)
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
