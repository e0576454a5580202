//! Statements over sets of rows: each judged and carried out as one, whatever its rows do to each other (behaviours I26 to
//! I28).

use hashbrown::{HashMap, HashSet, HashTable};
use slotmap::DefaultKey;

use super::apply;
use super::delete::carry_out;
use super::update::{VIOLATIONS_KEPT_MAX, refuse_batch};
use crate::database::Database;
use crate::error::{Error, Holder};
use crate::id::{Id, RowId, slot_of};
use crate::index::unique::spread;
use crate::integrity::Faults;
use crate::integrity::ordinary::{keeps_keys, plan_batch};
use crate::integrity::removal::{Removal, are_alone};
use crate::integrity::statement::ChangedKey;
use crate::key::{Key, hash_of};
use crate::model::{ByKey, Model, Reference, Unique, is_key_of};
use crate::relation::By;
use crate::table::{RowAt, Table};

/// What a delete of many rows has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedMany<M> {
    /// The rows that were asked for, each once, in the order in which they were.
    pub rows: Vec<M>,
    /// The other rows that went, by cascade, each after the row that took it along (behaviour I18).
    pub removed: Vec<RowId>,
    /// The keys of other rows that have changed: by `set_null`, `set_default`, and what followed from that.
    pub changed: Vec<ChangedKey>,
}

/// What an update of many rows has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedMany {
    /// How many rows were edited.
    pub rows: usize,
    /// The foreign keys of other rows that have followed by `on_update`, in the order in which they did (behaviour I18).
    pub changed: Vec<ChangedKey>,
}

impl Database {
    /// Removes rows as one statement, all or none, and does to the rows that refer to them what their relations say.
    ///
    /// What the rows do to each other is in nobody's way: a `restrict` stands against it only where a row refers to one of
    /// them that stays (behaviour I26). An id that is there twice counts once. The error is [`Error::BatchRefused`], with
    /// everything that stands against it, each with the place of the id that leads there; ids of no row are found first,
    /// and listed alone.
    ///
    /// O(rows that go and rows that refer to them). Rows to which none refers are removed together, for a fraction of what
    /// it costs to [delete](Database::delete) them one by one.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Station { name: String, #[model(belongs_to)] next_id: Option<Id<Station>> }
    /// # let mut db = Database::builder().model::<Station>().build()?;
    /// let station = |name: &str, next_id| Station { name: name.into(), next_id };
    /// let north = db.insert(station("North", None))?;
    /// let south = db.insert(station("South", Some(north)))?;
    /// db.update(north, |north| north.next_id = Some(south))?;
    ///
    /// // One by one each is in the way of the other.
    /// assert!(db.delete(north).is_err() && db.delete(south).is_err());
    /// let gone = db.delete_many([south, north])?;
    /// assert_eq!(gone.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["South", "North"]);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn delete_many<M: Model>(&mut self, ids: impl IntoIterator<Item = Id<M>>) -> Result<DeletedMany<M>, Error> {
        let asked = Asked::of(self.table::<M>()?, ids)?;
        let keeps_rows = self.store.keeps_rows();
        let (slot, table) = self.store.slot::<M>()?;
        let position = slot.position;
        let stored = |key: &DefaultKey| table.rows.get(*key).cloned();
        let kept: Vec<M> = asked.keys.iter().filter(|_| keeps_rows).filter_map(stored).collect();
        if are_alone(&self.store, slot, &asked.keys) {
            let hashes = slot.rows.plan_removal(table.index, &asked.keys)?;
            let rows = apply::remove_all::<M>(&mut self.store, position, &asked.keys, &hashes);
            let rows = if keeps_rows { kept } else { rows };
            return Ok(DeletedMany { rows, removed: Vec::new(), changed: Vec::new() });
        }
        let roots: Vec<RowAt> = asked.keys.iter().map(|key| (position, *key)).collect();
        let mut removal = Removal::of(&self.store, &roots);
        let (mut departed, changed) = carry_out(&mut self.store, &mut removal, true).map_err(|faults| {
            let origins = removal.origins(&self.store);
            asked.refuse(faults, &origins)
        })?;
        // The first table's rows are those of the model, of which those that were asked for come first.
        let first = departed.removed.swap_remove(0).downcast::<Vec<M>>().expect("the first table is the one asked for");
        let mut rows = if keeps_rows { kept } else { *first };
        rows.truncate(roots.len());
        Ok(DeletedMany { rows, removed: removal.removed(&self.store, roots.len()), changed })
    }

    /// Edits copies of rows and stores them in the rows' places as one statement, all or none.
    ///
    /// Only what the statement leaves behind is judged, so that rows may take unique keys from each other (behaviour I27);
    /// otherwise it checks and follows as [`Database::update`] does. An id that is there twice counts once. The error is
    /// [`Error::BatchRefused`], with every violation of every row by the place of its id; ids of no row are found first,
    /// and listed alone: nothing is edited then.
    ///
    /// O(rows), and for each key that has changed as an update. Where no key has, no index is looked at.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Runner { name: String, #[model(unique)] place: u32 }
    /// # let mut db = Database::builder().model::<Runner>().build()?;
    /// # let [ann, bob] = [("Ann", 1), ("Bob", 2)].map(|(name, place)| Runner { name: name.into(), place });
    /// # let (ann, bob) = (db.insert(ann)?, db.insert(bob)?);
    /// db.update_many([ann, bob], |_, runner| runner.place = 3 - runner.place)?;
    /// assert_eq!((db.get(ann)?.place, db.get(bob)?.place), (2, 1));
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn update_many<M: Model>(
        &mut self,
        ids: impl IntoIterator<Item = Id<M>>,
        mut edit: impl FnMut(Id<M>, &mut M),
    ) -> Result<UpdatedMany, Error> {
        let table = self.table::<M>()?;
        let mut asked = Asked::of(table, ids)?;
        let mut rows: Vec<M> = Vec::with_capacity(asked.keys.len());
        for key in &asked.keys {
            if let Some(row) = table.rows.get(*key) {
                let mut row = row.clone();
                edit(Id::from_key(*key), &mut row);
                rows.push(row);
            }
        }
        let count = rows.len();
        match self.store_all_over(rows, std::mem::take(&mut asked.keys), None) {
            Ok((_, changed)) => Ok(UpdatedMany { rows: count, changed }),
            Err(error) => Err(asked.place_again(error)),
        }
    }

    /// Stores each row in the place of the one that has the same unique key, or inserts it where there is none, as one
    /// statement, all or none. Gives for each its id, and the row that was replaced.
    ///
    /// The rows may refer to each other, and take other unique keys from each other, as in a batch of either kind; a key
    /// that two of them have is an error that names both (behaviour I28), found before all others. Otherwise it checks and
    /// follows as [`Database::upsert`] does. The error is [`Error::BatchRefused`], with every violation of every row. O(rows),
    /// one hash more for each than [`Database::insert_many`] and [`Database::update_many`] have.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Price { #[model(primary_key)] article: String, cents: u32 }
    /// # let mut db = Database::builder().model::<Price>().build()?;
    /// let price = |article: &str, cents| Price { article: article.into(), cents };
    /// let tea = db.insert(price("tea", 300))?;
    /// let stored = db.upsert_many(Price::BY_ARTICLE, [price("coffee", 400), price("tea", 350)])?;
    /// assert!(stored[0].1.is_none());
    /// assert_eq!((stored[1].0, stored[1].1.as_ref().unwrap().cents), (tea, 300));
    ///
    /// let refused = db.upsert_many(Price::BY_ARTICLE, [price("milk", 100), price("milk", 120)]).err().unwrap();
    /// assert!(refused.to_string().ends_with(r#"batch[1]: `Price`: article = "milk" is taken by batch[0]"#));
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[expect(clippy::type_complexity, reason = "an id and perhaps a row is no new concept")]
    pub fn upsert_many<U: Unique>(
        &mut self,
        by: By<U>,
        rows: impl Into<Vec<U::Model>>,
    ) -> Result<Vec<(Id<U::Model>, Option<U::Model>)>, Error> {
        let (_, rows) = (by, rows.into());
        let table = self.table::<U::Model>()?;
        refuse_batch(rows.len(), repeated_keys::<U>(table, &rows))?;
        let find = |row| U::key(row).and_then(|key| <ByKey<U> as Reference<_>>::find(table.rows, table.index, key));
        let found: Vec<Option<DefaultKey>> = rows.iter().map(find).collect();
        let new: Vec<bool> = found.iter().map(Option::is_none).collect();
        let inserted = new.iter().filter(|is_new| **is_new).count();
        if inserted == rows.len() {
            return Ok(self.insert_many(rows)?.into_iter().map(|id| (id, None)).collect());
        }
        let mut upcoming = self.upcoming_keys::<U::Model>(inserted)?.into_iter();
        let keys: Vec<DefaultKey> = found.iter().filter_map(|found| found.or_else(|| upcoming.next())).collect();
        let keeps_rows = self.store.keeps_rows();
        let stored = |key: &DefaultKey| table.rows.get(*key).cloned();
        let kept: Vec<U::Model> = found.iter().flatten().filter(|_| keeps_rows).filter_map(stored).collect();
        let old = if inserted == 0 {
            self.store_all_over(rows, keys.clone(), None)?.0
        } else {
            self.store_mixed(rows, &keys, &new)?
        };
        let mut old = if keeps_rows { kept } else { old }.into_iter();
        let stored = keys.into_iter().zip(new);
        Ok(stored.map(|(key, is_new)| (Id::from_key(key), if is_new { None } else { old.next() })).collect())
    }
}

impl Database {
    /// Stores rows in the places of others and, where they are `new`, under the next ids. Gives the rows of before, unless a
    /// transaction keeps them.
    fn store_mixed<M: Model>(&mut self, rows: Vec<M>, keys: &[DefaultKey], new: &[bool]) -> Result<Vec<M>, Error> {
        let position = self.store.position::<M>()?;
        let mut over = (Vec::new(), Vec::new());
        let mut inserted = (Vec::new(), Vec::new());
        for ((row, key), is_new) in rows.into_iter().zip(keys).zip(new) {
            let part = if *is_new { &mut inserted } else { &mut over };
            part.0.push(row);
            part.1.push(*key);
        }
        // Where the one keep their keys they are in nobody's way, and the others are a batch of new rows.
        if keeps_keys(self.store.table_at::<M>(position), &over.0, &over.1)
            && let Some(batch) = plan_batch(&self.store, position, &inserted.0, &inserted.1)
        {
            let store = &mut self.store;
            return Ok(apply::upsert_batch(store, position, over, inserted, batch));
        }
        let (mut over, mut inserted) = (over.0.into_iter(), inserted.0.into_iter());
        let rows = new.iter().filter_map(|is_new| if *is_new { inserted.next() } else { over.next() });
        Ok(self.store_all_over(rows.collect(), keys.to_vec(), Some(new))?.0)
    }
}

/// The rows that a statement is asked to change, each of which is stored.
struct Asked {
    /// Each once, in the order in which they were asked for.
    keys: Vec<DefaultKey>,
    /// How many ids were given.
    count: usize,
    /// The place of each row among those; empty where that is its place here.
    places: Vec<usize>,
}

impl Asked {
    fn of<M: Model>(table: Table<'_, M>, ids: impl IntoIterator<Item = Id<M>>) -> Result<Self, Error> {
        let mut keys: Vec<DefaultKey> = ids.into_iter().map(Id::key).collect();
        let count = keys.len();
        if !keys.iter().all(|key| table.rows.contains(*key)) {
            let missing = keys.iter().enumerate().filter(|(_, key)| !table.rows.contains(**key));
            let mut faults = Faults { count: missing.clone().count(), kept: Vec::new() };
            faults.kept.extend(missing.map(|(place, key)| (place, table.not_found(*key))).take(VIOLATIONS_KEPT_MAX));
            refuse_batch(count, faults)?;
        }
        let mut places = Vec::new();
        if has_repeats(&keys) {
            let mut first: HashMap<DefaultKey, usize> = HashMap::with_capacity(count);
            places.extend((0..count).filter(|place| first.insert(keys[*place], *place).is_none()));
            keys = places.iter().map(|place| keys[*place]).collect();
        }
        Ok(Asked { keys, count, places })
    }

    /// The place of a row among the ids that were given.
    fn place(&self, place: usize) -> usize {
        self.places.get(place).copied().unwrap_or(place)
    }

    /// The error for faults of rows that go, which these rows take along.
    fn refuse(&self, mut faults: Faults, origins: &[usize]) -> Error {
        for (place, _) in &mut faults.kept {
            *place = self.place(origins[*place]);
        }
        refuse_batch(self.count, faults).expect_err("there are faults")
    }

    /// An error over the rows as one over the ids that were given.
    fn place_again(&self, mut error: Error) -> Error {
        if let Error::BatchRefused { rows, violations, .. } = &mut error {
            *rows = self.count;
            for violation in violations {
                violation.index = self.place(violation.index);
            }
        }
        error
    }
}

/// Whether a row is there twice. O(rows).
fn has_repeats(keys: &[DefaultKey]) -> bool {
    if keys.is_sorted_by(|left, right| slot_of(*left) < slot_of(*right)) {
        return false;
    }
    let slots = keys.iter().map(|key| slot_of(*key) as usize);
    let (first, last) = slots.clone().fold((usize::MAX, 0), |(first, last), slot| (first.min(slot), last.max(slot)));
    let words = last.saturating_sub(first) / 64 + 1;
    if words > keys.len() {
        let mut met: HashSet<usize> = HashSet::with_capacity(keys.len());
        return !slots.into_iter().all(|slot| met.insert(slot));
    }
    // Rows that lie close together, as most do, are marked by a bit each.
    let mut met = vec![0_u64; words];
    !slots.into_iter().all(|slot| {
        let (word, bit) = ((slot - first) / 64, 1 << ((slot - first) % 64));
        let is_new = met[word] & bit == 0;
        met[word] |= bit;
        is_new
    })
}

/// The unique keys that rows have from others of the same batch.
fn repeated_keys<U: Unique>(table: Table<'_, U::Model>, rows: &[U::Model]) -> Faults {
    let hasher = table.index.uniques[U::INDEX].hasher();
    let mut places: HashTable<(u32, u32)> = HashTable::with_capacity(rows.len());
    let mut faults = Faults::default();
    for (place, row) in rows.iter().enumerate() {
        let Some(key) = U::key(row) else { continue };
        let hash = hash_of(hasher, key);
        let is_same = |&(known, first): &(u32, u32)| known == hash && is_key_of::<U>(&rows[first as usize], key);
        if let Some((_, first)) = places.find(spread(hash), is_same) {
            faults.count += 1;
            if faults.kept.len() < VIOLATIONS_KEPT_MAX {
                let existing = Holder::Batch(*first as usize);
                let (fields, key) = (U::FIELDS, <U::Key as Key>::describe(key));
                faults.kept.push((place, Error::UniqueViolation { model: U::Model::NAME, fields, key, existing }));
            }
        } else {
            places.insert_unique(spread(hash), (hash, place as u32), |(hash, _)| spread(*hash));
        }
    }
    faults
}
