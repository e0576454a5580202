//! What a database takes in memory, table by table.
//!
//! Counted is what the rows and indexes that are there need by their layout, from what the arenas and the indexes tell of
//! themselves. What vectors and hash tables have as room for more is not.

use std::fmt;

use slotmap::DefaultKey;

use crate::database::Database;
use crate::index::Indexes;
use crate::index::referrers::Referrers;
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
    /// The list of the slots that are free to be used again.
    pub free_list_bytes: u64,
}

impl TableMemory {
    /// All of it.
    pub fn total_bytes(&self) -> u64 {
        self.rows_bytes + self.links_bytes + self.lists_bytes + self.unique_keys_bytes + self.free_list_bytes
    }
}

impl fmt::Display for TableMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} bytes (rows {}, links {}, lists {}, unique keys {}, free list {})",
            self.table,
            self.total_bytes(),
            self.rows_bytes,
            self.links_bytes,
            self.lists_bytes,
            self.unique_keys_bytes,
            self.free_list_bytes
        )
    }
}

impl Database {
    /// What each table takes in memory, in the order of the tables. O(slots ever used).
    ///
    /// Not counted are what rows own elsewhere, room that was made for rows to come, the rows that a history holds, and a
    /// few bytes for each target slot that was used before.
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
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn memory(&self) -> Vec<TableMemory> {
        self.store.tables.iter().map(of_table).collect()
    }
}

fn of_table(table: &TableSlot) -> TableMemory {
    let slots = table.rows.slots();
    // Slot 0 is slotmap's own, and there in every array by slots.
    let used = if slots.len() == 0 { 0 } else { slots.len() as usize + 1 };
    let Indexes { links, lists, uniques } = &table.index;
    let links = links.iter().map(|link| used * SOURCE + waiting(link.unresolved()) + backward(link.referrers()));
    let lists = lists.iter().map(|list| {
        let targets: usize = slots.stored().map(|source| list.of(source).len()).sum();
        let forward = if targets == 0 { 0 } else { used * LISTS_OF_SOURCE + targets * LISTING };
        forward + waiting(list.unresolved()) + backward(list.referrers())
    });
    let bytes = |bytes: usize| bytes as u64;
    TableMemory {
        table: table.name,
        rows_bytes: bytes(used * table.rows.slot_size()),
        links_bytes: bytes(links.sum()),
        lists_bytes: bytes(lists.sum()),
        unique_keys_bytes: bytes(uniques.iter().map(|unique| hash_table(unique.len())).sum()),
        free_list_bytes: bytes(slots.free.len() * size_of::<DefaultKey>()),
    }
}

// What the indexes keep, in bytes. `tests/format/clones.rs` compares the sums with what is allocated.

/// The target of a source and the generation beside it, and its position.
const SOURCE: usize = 12;
/// The list of a source in the map that finds it, and its generation in the array beside that.
const LISTS_OF_SOURCE: usize = 32 + 8;
/// A target in the list of a source.
const LISTING: usize = 12;
/// The head of a target's list of sources, with room for so many of them.
const POSTING_LIST: usize = 40;
const IN_PLACE: usize = 6;
/// The slot number of a source in such a list.
const POSTING: usize = 4;

fn backward(referrers: Referrers<'_>) -> usize {
    let list = |sources: usize| POSTING_LIST + if sources > IN_PLACE { sources * POSTING } else { 0 };
    referrers.lists().map(|(_, sources)| list(sources.len())).sum()
}

/// A B-tree of keys that name no row: its nodes are two thirds full, as a rule.
fn waiting(unresolved: usize) -> usize {
    unresolved * 24
}

/// A hash table: a power of two of entries, of which seven in eight are used at most, with a byte for each.
fn hash_table(entries: usize) -> usize {
    const ENTRY: usize = 12 + 1;
    const GROUP: usize = 16;
    match entries {
        0 => 0,
        1..8 => (entries + 1).next_power_of_two().max(4) * ENTRY + GROUP,
        _ => (entries * 8 / 7).next_power_of_two() * ENTRY + GROUP,
    }
}
