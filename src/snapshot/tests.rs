//! A thousand tables of one model. Only in here can a model have several, and a thousand models compile for minutes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde::{Deserialize, Serialize};

use super::load;
use super::save::{Choices, Saving};
use crate::arena::Arena;
use crate::builder::LoadChoices;
use crate::database::Database;
use crate::index::Indexes;
use crate::model::{Column, Model, Visitor};
use crate::schema::TableSchema;
use crate::table::{rows_of, rows_of_mut};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Number(u32);

impl Model for Number {
    const NAME: &'static str = "Number";
    const COLUMNS: &'static [Column] = &[];

    fn declare<V: Visitor<Self>>(_: &mut V) {}
}

const TABLES: u32 = 1000;

fn thousand_tables() -> Database {
    let mut db = Database::default();
    for number in 0..TABLES {
        db.store.add::<Number>(Box::new(Arena::<Number>::default()), Indexes::default());
        Arc::make_mut(&mut db.store.schema).tables.push(TableSchema {
            name: format!("Number {number}"),
            version: 0,
            fields: Vec::new(),
            primary_key: None,
            uniques: Vec::new(),
            relations: Vec::new(),
            inverses: Vec::new(),
        });
    }
    db
}

/// HOSTILE 37: 1,000 tables
#[test]
fn a_thousand_tables_are_saved_and_loaded() {
    let mut db = thousand_tables();
    for (number, table) in (0..).zip(&mut db.store.tables) {
        rows_of_mut::<Number>(&mut *table.rows).insert(Number(number));
    }
    let saved = |db: &Database| {
        let mut bytes = Vec::new();
        let saving = Saving::prepare(&db.store, Choices::default()).expect("the database is consistent");
        saving.write(&mut bytes, &AtomicU64::new(0)).expect("a list of bytes takes everything");
        bytes
    };
    let bytes = saved(&db);
    let loaded = load::database(thousand_tables(), &LoadChoices::default(), &mut &bytes[..], None);
    let (back, _) = loaded.expect("what was saved loads");
    let numbers = back.store.tables.iter().flat_map(|table| rows_of::<Number>(&*table.rows).iter());
    assert!(numbers.map(|(_, number)| number.0).eq(0..TABLES));
    assert!(saved(&back) == bytes);
}
