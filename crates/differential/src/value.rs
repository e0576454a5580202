//! What both stores hold, in one form: values of fields, and integers for ids.

use std::collections::BTreeMap;
use std::fmt;

use relata::{Id, Model};
use slotmap::{DefaultKey, Key as _};

/// The value of a field, as it is in both stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Absent.
    Null,
    /// An id: the integer that stands for it.
    Id(u32),
    /// A text.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Id(number) => number.fmt(f),
            Value::Text(text) => f.write_str(text),
        }
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Value::Null => rusqlite::types::Null.to_sql().map(|_| rusqlite::types::Null.into()),
            Value::Id(number) => number.to_sql(),
            Value::Text(text) => text.to_sql(),
        }
    }
}

/// Which integer, in SQLite, stands for which id.
///
/// Integers are given out once: an id that has died keeps its own, so that stale ids can be used in both stores alike.
/// 0 stands for the null id and is no row's.
#[derive(Debug, Default)]
pub struct Ids {
    tables: BTreeMap<&'static str, TableIds>,
}

#[derive(Debug, Default)]
struct TableIds {
    numbers: BTreeMap<DefaultKey, u32>,
    keys: Vec<DefaultKey>,
}

impl Ids {
    /// The integer that the next id of a table gets.
    pub fn next(&self, table: &str) -> u32 {
        1 + self.tables.get(table).map_or(0, |ids| ids.keys.len() as u32)
    }

    /// Gives an id the next integer.
    ///
    /// # Panics
    /// Where it has one: then an id has been handed out twice (behaviour I19).
    pub fn bind(&mut self, table: &'static str, key: DefaultKey) {
        let ids = self.tables.entry(table).or_default();
        ids.keys.push(key);
        let known = ids.numbers.insert(key, ids.keys.len() as u32);
        assert_eq!(known, None, "{table}: the id {:?} was handed out before", key.data());
    }

    /// Takes the last `count` integers back: their rows were refused, and their ids will be another row's.
    pub fn unbind(&mut self, table: &'static str, count: usize) {
        let ids = self.tables.entry(table).or_default();
        for key in ids.keys.split_off(ids.keys.len() - count) {
            ids.numbers.remove(&key);
        }
    }

    /// The id that an integer stands for.
    pub fn key(&self, table: &str, number: u32) -> DefaultKey {
        let place = (number as usize).checked_sub(1);
        let known = place.and_then(|place| self.tables.get(table)?.keys.get(place));
        known.copied().unwrap_or_default()
    }

    /// The integer that stands for an id.
    pub fn number(&self, table: &str, key: DefaultKey) -> u32 {
        self.tables.get(table).and_then(|ids| ids.numbers.get(&key)).copied().unwrap_or(0)
    }
}

/// The type of a field.
pub trait Cell: Sized {
    /// The field with a value.
    fn read(value: &Value, ids: &Ids) -> Self;
    /// The value of the field.
    fn show(&self, ids: &Ids) -> Value;
}

impl Cell for String {
    fn read(value: &Value, _: &Ids) -> Self {
        match value {
            Value::Text(text) => text.clone(),
            other => panic!("a text was expected, not {other}"),
        }
    }

    fn show(&self, _: &Ids) -> Value {
        Value::Text(self.clone())
    }
}

impl<M: Model> Cell for Id<M> {
    fn read(value: &Value, ids: &Ids) -> Self {
        match value {
            Value::Id(number) => Id::from_key(ids.key(M::NAME, *number)),
            other => panic!("an id was expected, not {other}"),
        }
    }

    fn show(&self, ids: &Ids) -> Value {
        Value::Id(ids.number(M::NAME, self.key()))
    }
}

impl<T: Cell> Cell for Option<T> {
    fn read(value: &Value, ids: &Ids) -> Self {
        (*value != Value::Null).then(|| T::read(value, ids))
    }

    fn show(&self, ids: &Ids) -> Value {
        self.as_ref().map_or(Value::Null, |cell| cell.show(ids))
    }
}
