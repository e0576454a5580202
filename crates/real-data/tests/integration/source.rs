//! What the folder of a set says of its tables: `schema.json` and `fk.json`, held against what the models declare.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;

use relata::{Database, Model};
use relata_real_data::{DataSet, LoadError, ModelVisitor, data_folder};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One table in `schema.json`.
#[derive(Deserialize)]
pub(crate) struct SourceTable {
    pub(crate) primary_key: Vec<String>,
    pub(crate) rows: usize,
    pub(crate) columns: Vec<SourceColumn>,
}

#[derive(Deserialize)]
pub(crate) struct SourceColumn {
    pub(crate) name: String,
}

/// One foreign key in `fk.json`.
#[derive(Deserialize, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceKey {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    pub(crate) ref_table: String,
    pub(crate) ref_columns: Vec<String>,
    pub(crate) nullable: bool,
}

fn read<S: DataSet, T: DeserializeOwned>(file: &str) -> T {
    let folder = data_folder().unwrap_or_else(|error| panic!("{error}"));
    let text = fs::read_to_string(folder.join(S::FOLDER).join(file)).expect("every set has it");
    serde_json::from_str(&text).expect("it has this form")
}

pub(crate) fn tables<S: DataSet>() -> BTreeMap<String, SourceTable> {
    read::<S, _>("schema.json")
}

/// Every foreign key of a loaded table is declared, no other is, and each with the columns, the target and the
/// presence that the source gives it.
pub(crate) fn assert_same_foreign_keys<S: DataSet>(db: &Database) {
    let schema = db.schema();
    let outside = |table: &str, fields: &[String]| -> Vec<String> {
        let table = schema.table(table).expect("it is declared");
        let name = |field: &String| table.fields.iter().find(|known| known.name == *field);
        fields.iter().map(|field| name(field).expect("it is declared").external_name.clone()).collect()
    };
    let mut declared: Vec<SourceKey> = (schema.tables.iter())
        .flat_map(|table| {
            table.relations.iter().map(|relation| SourceKey {
                table: table.name.clone(),
                columns: outside(&table.name, &relation.fields),
                ref_table: relation.target.clone(),
                ref_columns: outside(&relation.target, &relation.target_fields),
                nullable: !relation.required,
            })
        })
        .collect();
    let mut expected: Vec<SourceKey> = read::<S, _>("fk.json");
    expected.retain(|key| schema.table(&key.table).is_some());
    assert!(!expected.is_empty());
    declared.sort();
    expected.sort();
    assert_eq!(declared, expected);
}

/// Every column of a loaded table is declared, in its order, and the primary key is that of the source. Gives the
/// tables whose primary key is another.
pub(crate) fn assert_same_columns<S: DataSet>(db: &Database) -> Vec<String> {
    let source = tables::<S>();
    let mut other_keys = Vec::new();
    for table in &db.schema().tables {
        let expected = &source[&table.name];
        let columns: Vec<&str> = table.fields.iter().map(|field| field.external_name.as_str()).collect();
        assert_eq!(columns, expected.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>());
        let key = table.primary_key.map_or(&[][..], |place| &table.uniques[place].fields);
        let outside = |name: &String| table.fields.iter().find(|field| field.name == *name);
        if !key
            .iter()
            .map(|name| outside(name).map(|field| &field.external_name))
            .eq(expected.primary_key.iter().map(Some))
        {
            other_keys.push(table.name.clone());
        }
    }
    other_keys
}

/// Every loaded table has the rows that the source counts, each under a new slot in the order of the file.
pub(crate) fn assert_row_counts<S: DataSet>(db: &Database) {
    struct Count<'a>(&'a Database, BTreeMap<String, SourceTable>);

    impl ModelVisitor for Count<'_> {
        fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
            assert_eq!(self.0.len::<M>(), self.1[M::NAME].rows, "{}", M::NAME);
            let ids = self.0.iter::<M>().map(|(id, _)| id.to_string());
            assert!(ids.eq((1..=self.0.len::<M>()).map(|slot| format!("{slot}v1"))), "{}", M::NAME);
            Ok(())
        }
    }

    S::each_model(&mut Count(db, tables::<S>())).expect("counting does not fail");
}
