//! What a database takes in memory, table by table.
//!
//! Counted is what blocks and hash tables take as they are allocated, room for more included.

use std::fmt;

use crate::blocks::Bytes;
use crate::database::Database;
use crate::index::Indexes;
use crate::index::links::Link;
use crate::index::lists::Lists;
use crate::index::secondary::SecondaryIndex;
use crate::index::unique::UniqueIndex;
use crate::table::TableSlot;

/// What one table takes, in bytes. Made by [`Database::memory`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableMemory {
    /// The table.
    pub table: &'static str,
    /// Its slots, with the rows in them; what rows own elsewhere, as texts and lists, is not counted.
    pub rows_bytes: u64,
    /// The links of its belongs_to relations: the target of each row, and the rows of each target.
    pub links_bytes: u64,
    /// The same for its lists of ids.
    pub lists_bytes: u64,
    /// The entries of its unique keys. The keys themselves are in the rows.
    pub unique_keys_bytes: u64,
    /// Its indexes that are no unique keys, and its columns.
    pub indexes_bytes: u64,
    /// The list of the slots that are free to be used again.
    pub free_list_bytes: u64,
    /// What of all these a clone has a share in, so that it goes when both have gone or written it.
    pub shared_bytes: u64,
}

impl TableMemory {
    /// All of it.
    pub fn total_bytes(&self) -> u64 {
        self.rows_bytes
            + self.links_bytes
            + self.lists_bytes
            + self.unique_keys_bytes
            + self.indexes_bytes
            + self.free_list_bytes
    }
}

impl fmt::Display for TableMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} bytes (rows {}, links {}, lists {}, unique keys {}, indexes and columns {}, free list {}; shared {})",
            self.table,
            self.total_bytes(),
            self.rows_bytes,
            self.links_bytes,
            self.lists_bytes,
            self.unique_keys_bytes,
            self.indexes_bytes,
            self.free_list_bytes,
            self.shared_bytes
        )
    }
}

impl Database {
    /// What each table takes in memory, in the order of the tables, and what of it clones have a share in. O(slots ever
    /// used).
    ///
    /// Not counted are what rows own elsewhere and the rows that a history holds.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { #[model(unique)] name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.insert_many(vec![Moon { planet_id: mars }; 1_000])?;
    /// let [planets, moons] = &db.memory()[..] else { unreachable!("there are two tables") };
    /// assert_eq!((planets.table, planets.links_bytes), ("Planet", 0));
    /// assert!(moons.links_bytes >= 12 * 1_000 && moons.unique_keys_bytes == 0);
    /// assert_eq!(moons.shared_bytes, 0);
    /// let clone = db.clone();
    /// assert!(db.memory()[1].shared_bytes > moons.rows_bytes);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn memory(&self) -> Vec<TableMemory> {
        self.store.tables.iter().map(of_table).collect()
    }
}

impl Database {
    /// Gives memory back where tables have emptied: the blocks in which no row is left, the rooms of unique keys. O(slots
    /// ever used).
    ///
    /// A block whose slots were used equally often goes, but for one of its kind, and comes back when a row is stored in
    /// it; ids stay as they are, and so does the state. A table never moves its rows to fewer blocks.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { radius_m: f64 }
    /// # let mut db = Database::builder().model::<Moon>().build()?;
    /// let moons = db.insert_many(vec![Moon { radius_m: 11_267.0 }; 100_000])?;
    /// let before = db.memory()[0].rows_bytes;
    /// for moon in moons {
    ///     db.delete(moon)?;
    /// }
    /// db.shrink();
    /// assert!(db.memory()[0].rows_bytes < before / 10);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn shrink(&mut self) {
        for TableSlot { rows, index, .. } in &mut self.store.tables {
            rows.shrink();
            index.links.iter_mut().for_each(Link::shrink);
            index.lists.iter_mut().for_each(Lists::shrink);
            index.uniques.iter_mut().for_each(UniqueIndex::shrink);
        }
    }
}

fn of_table(table: &TableSlot) -> TableMemory {
    let (rows, free_list) = table.rows.bytes();
    let Indexes { links, lists, uniques, secondary } = &table.index;
    let links: Bytes = links.iter().map(Link::bytes).sum();
    let lists: Bytes = lists.iter().map(Lists::bytes).sum();
    let unique_keys: Bytes = uniques.iter().map(UniqueIndex::bytes).sum();
    let indexes = secondary.iter().map(SecondaryIndex::bytes).sum::<Bytes>() + table.rows.column_bytes();
    let shared = [rows, links, lists, unique_keys, indexes, free_list].into_iter().sum::<Bytes>().shared;
    let bytes = |bytes: Bytes| bytes.all as u64;
    TableMemory {
        table: table.name,
        rows_bytes: bytes(rows),
        links_bytes: bytes(links),
        lists_bytes: bytes(lists),
        unique_keys_bytes: bytes(unique_keys),
        indexes_bytes: bytes(indexes),
        free_list_bytes: bytes(free_list),
        shared_bytes: shared as u64,
    }
}
