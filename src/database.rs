//! The database: its tables, and reading them. Writing is in `write`, following relations in `include`.

use std::fmt;

use crate::error::Error;
use crate::id::{Id, RowId};
use crate::key::Lookup;
use crate::model::{Model, Unique};
use crate::relation::By;
use crate::schema::Schema;
use crate::table::{Store, Table};

/// Typed tables with enforced relations between them.
///
/// Reads take `&self`, writes `&mut self`: exclusive use has no locks. Made by [`Database::builder`].
#[derive(Default)]
pub struct Database {
    pub(crate) store: Store,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.store.tables.iter().map(|table| (table.name, table.rows.len()))).finish()
    }
}

impl Database {
    /// The handle on a model's table. O(1); the only error is [`Error::UnknownModel`].
    #[inline]
    pub fn table<M: Model>(&self) -> Result<Table<'_, M>, Error> {
        self.store.table()
    }

    /// Refuses what cannot be taken back while a transaction is open.
    pub(crate) fn expect_no_transaction(&self) -> Result<(), Error> {
        if self.store.log.is_some() { Err(Error::TransactionOpen) } else { Ok(()) }
    }

    /// What the models declare.
    pub fn schema(&self) -> &Schema {
        &self.store.schema
    }

    /// The row with this id, or an error that says what became of it. O(1).
    #[inline]
    pub fn get<M: Model>(&self, id: Id<M>) -> Result<&M, Error> {
        match self.store.guess::<M>().and_then(|(_, table)| table.get(id)) {
            Some(row) => Ok(row),
            None => self.search(id),
        }
    }

    /// A call of its own, for all that is not the rule: so the short way has no result to be made.
    #[cold]
    #[inline(never)]
    fn search<M: Model>(&self, id: Id<M>) -> Result<&M, Error> {
        self.table::<M>()?.row(id)
    }

    /// Whether a row has this id. O(1).
    pub fn contains<M: Model>(&self, id: Id<M>) -> bool {
        self.table::<M>().is_ok_and(|table| table.contains(id))
    }

    /// How many rows of this model are stored; 0 for a model that is not registered. O(1).
    pub fn len<M: Model>(&self) -> usize {
        self.table::<M>().map_or(0, |table| table.len())
    }

    /// Whether no row of this model is stored. O(1).
    pub fn is_empty<M: Model>(&self) -> bool {
        self.len::<M>() == 0
    }

    /// All rows of a model in slot order. O(slots ever used). Empty for a model that is not registered.
    pub fn iter<M: Model>(&self) -> impl Iterator<Item = (Id<M>, &M)> {
        self.table::<M>().into_iter().flat_map(|table| table.iter())
    }

    /// The row with this unique key, and its id. O(1) expected, one hash.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Debug, Serialize, Deserialize)] struct Planet { #[model(unique)] name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// assert_eq!(db.find(Planet::BY_NAME, "Mars")?.0, mars);
    /// assert_eq!(db.find(Planet::BY_NAME, "Pluto").unwrap_err().to_string(), r#"no `Planet` has name = "Pluto""#);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn find<U: Unique>(&self, by: By<U>, key: impl Lookup<U::Key>) -> Result<(Id<U::Model>, &U::Model), Error> {
        self.table::<U::Model>()?.find(by, key).ok_or_else(|| Error::KeyNotFound {
            model: U::Model::NAME,
            fields: U::FIELDS,
            key: key.describe(),
        })
    }

    /// A row as people know it: with its primary key, or else the first of its unique keys that is present.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Debug, Serialize, Deserialize)] struct Planet { #[model(unique)] name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// assert_eq!(db.describe(mars.erase()), r#"Planet 1v1 (name = "Mars")"#);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn describe(&self, row: RowId) -> String {
        let table = self.store.tables.iter().find(|table| table.name == row.table);
        let key = table.and_then(|table| table.rows.natural_key(row.key));
        key.map_or_else(|| row.to_string(), |key| format!("{row} ({key})"))
    }

    /// An error in words, with the rows that it names [as people know them](Database::describe).
    ///
    /// An error by itself names rows by their ids: it has no database to look into.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Debug, Serialize, Deserialize)] struct Planet { #[model(unique)] name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Moon { #[model(primary_key)] name: String, #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.insert(Moon { name: "Phobos".into(), planet_id: mars })?;
    /// let refused = db.delete(mars).unwrap_err();
    /// assert_eq!(
    ///     db.explain(&refused),
    ///     "Planet 1v1 (name = \"Mars\") is referred to by 1 row(s) over `Moon`.planet, \
    ///      the first is Moon 1v1 (name = \"Phobos\"): deleting it is restricted"
    /// );
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn explain(&self, error: &Error) -> String {
        let mut rows = error.rows();
        rows.sort_unstable();
        rows.dedup();
        let text = error.to_string();
        let mut inserts: Vec<(usize, String)> = Vec::new();
        for row in rows {
            let (name, described) = (row.to_string(), self.describe(row));
            for (start, _) in text.match_indices(&name) {
                let end = start + name.len();
                let is_part_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
                let is_whole =
                    !text[end..].starts_with(is_part_of_a_word) && !text[..start].ends_with(is_part_of_a_word);
                if is_whole {
                    inserts.push((end, described[name.len()..].to_owned()));
                }
            }
        }
        inserts.sort_unstable();
        inserts.into_iter().rev().fold(text, |mut text, (at, key)| {
            text.insert_str(at, &key);
            text
        })
    }
}
