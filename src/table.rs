//! The tables side by side, and the handle on one of them.
//!
//! A table is an arena of rows, known by its type, and indexes that know no types. Whoever knows the model goes to the
//! rows statically; what spans tables (a cascade, a check, a snapshot) goes through [`AnyRows`].

mod positions;
mod statement;

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use hashbrown::HashSet;
use slotmap::DefaultKey;
pub(crate) use statement::{AnyEdits, AnyPending, EditFault, Relink, Statement};

use positions::Positions;

use crate::arena::{Arena, RowChange, Slots};
use crate::blocks::Bytes;
use crate::codec::{CodecError, Decoder};
use crate::error::{Error, Missing};
use crate::feed::{Feed, RowStates};
use crate::fields::FieldSet;
use crate::id::{Id, RowId};
use crate::index::Indexes;
use crate::index::links::Link;
use crate::index::lists::Lists;
use crate::index::referrers::Sources;
use crate::key::Lookup;
use crate::log::{History, IndexWriter, Log, Record, Rows};
use crate::model::{Model, Relation, Unique, find_by};
use crate::proof::{Refusal, RowWriter};
use crate::relation::{BelongsTo, By};
use crate::schema::{Action, Schema, UniqueSchema};

/// Why a row could not be read, and under which key it would have been stored: `None` where there are more rows than
/// slots for them.
pub(crate) type RowFault = (Option<DefaultKey>, CodecError);

/// On how many threads something is done that can be on several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Threads {
    #[default]
    One,
    /// Those of rayon.
    #[cfg(feature = "rayon")]
    Many,
}

/// Reads so many rows at most, until the bytes end or define names: a list that [`AnyRows::store_read`] takes. `None`
/// where one cannot be read, or the list takes more than the decoder's room.
#[cfg(feature = "rayon")]
pub(crate) type RowReader = fn(decoder: &mut Decoder<'_, '_>, most: usize) -> Option<Box<dyn Any + Send>>;

/// A row of any table: the table's position, the row's key.
pub(crate) type RowAt = (u32, DefaultKey);
/// Rows of any tables.
pub(crate) type RowSet = HashSet<RowAt>;

/// All tables of a database.
#[derive(Default)]
pub struct Store {
    pub(crate) tables: Vec<TableSlot>,
    pub(crate) schema: Arc<Schema>,
    /// The log of the open transaction.
    pub(crate) log: Option<Log>,
    /// The transactions that can be undone, where they are kept.
    pub(crate) history: Option<History>,
    /// Who is told of changes.
    pub(crate) feed: Feed,
    /// Whether rows have ever been stored unchecked, so that a rule may not hold.
    pub(crate) stored_unchecked: bool,
    positions: Arc<Positions>,
}

/// One table.
#[derive(Clone)]
pub struct TableSlot {
    pub(crate) position: u32,
    pub(crate) model: TypeId,
    pub(crate) name: &'static str,
    /// Names that the table had before, under which a snapshot may know it.
    pub(crate) former_names: &'static [&'static str],
    /// Other names outside of fields, each with the name of its field.
    pub(crate) aliases: &'static [(&'static str, &'static str)],
    pub(crate) rows: Box<dyn AnyRows>,
    pub(crate) index: Indexes,
    /// The position of each relation's target table.
    pub(crate) targets: Vec<u32>,
    /// The relations of which this table is the target.
    pub(crate) incoming: Vec<Incoming>,
    /// Whether sources follow a unique key of this table by an action of `on_update`.
    pub(crate) is_followed: bool,
    /// For each relation the unique keys that have a field in common with its foreign key, and that are followed.
    pub(crate) carried: Vec<Vec<usize>>,
}

/// A relation seen from its target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming {
    /// The position of the source table.
    pub(crate) table: u32,
    /// The relation's place among those of the source; lists come after the belongs_to relations.
    pub(crate) relation: usize,
    /// Its name.
    pub(crate) name: &'static str,
    /// Which unique key of the target it refers to; `None` for the id.
    pub(crate) unique: Option<usize>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
    /// Whether it is judged at the commit in every transaction.
    pub(crate) deferred: bool,
}

impl Incoming {
    /// Whether sources are rewritten when the target's key changes.
    #[inline]
    pub(crate) fn follows(self) -> bool {
        self.unique.is_some() && matches!(self.on_update, Action::Cascade | Action::SetNull | Action::SetDefault)
    }

    /// Whether sources may lose their target until the commit, by an action that is one of its own.
    #[inline]
    pub(crate) fn waits(self, store: &Store, action: Action) -> bool {
        action == Action::NoAction && store.defers(self.deferred)
    }
}

/// The rows of a table whose model is not known here. Implemented in `erased`, once for all models.
pub(crate) trait AnyRows: Any + Send + Sync {
    /// The same rows once more, each by its `Clone`.
    fn clone_rows(&self) -> Box<dyn AnyRows>;
    /// How many rows are stored.
    fn len(&self) -> usize;
    /// Whether the foreign key of the row under `source` names `target`, a row of the relation's target model.
    fn names(&self, relation: usize, source: DefaultKey, target: DefaultKey, row: &dyn Any) -> bool;
    /// Plans the removal of rows: the hashes of their unique keys, all of the first row, then all of the next.
    fn plan_removal(&self, index: &Indexes, keys: &[DefaultKey]) -> Result<Vec<Option<u32>>, Error>;
    /// Removes rows as planned and gives them out, unless a transaction keeps them: to be dropped when the whole
    /// statement is done.
    fn remove(&mut self, index: IndexWriter<'_>, keys: &[DefaultKey], hashes: &[Option<u32>]) -> Box<dyn Any>;
    /// Makes sure that no clone shares the blocks of these rows, so that changing them calls no user code.
    fn own(&mut self, keys: &[DefaultKey]);
    /// Edits of rows of this table, none as yet.
    fn edits(&self) -> Box<dyn AnyEdits>;
    /// Stores rows over others as planned and gives those of before out, unless a transaction keeps them.
    fn replace(&mut self, index: IndexWriter<'_>, edits: Box<dyn AnyEdits>) -> Box<dyn Any>;
    /// The foreign key, a `KeyOf` of the relation, that names a row of its target model; `None` where that has no such
    /// key.
    fn key_of(&self, relation: usize, target: DefaultKey, row: &dyn Any) -> Option<Box<dyn Any>>;
    /// The foreign key that `set_default` gives: the declared one, or that of the default target.
    fn default_key(&self, relation: usize, target: Option<DefaultKey>) -> Option<Box<dyn Any>>;
    /// The primary key of the row that is stored under the key, or the first unique key that it has, as a message shows it.
    fn natural_key(&self, key: DefaultKey) -> Option<String>;
    /// The row that is stored under the key.
    fn row(&self, key: DefaultKey) -> Option<&dyn Any>;
    /// Whether a row is stored under the key.
    fn contains(&self, key: DefaultKey) -> bool;
    /// Takes a change of a row back, and says what takes that back again. `fields` are the sets of the change's log.
    fn revert(&mut self, change: RowChange, key: DefaultKey, fields: &[FieldSet]) -> RowChange;
    /// For each row of this table, in the position `table`, that these records have replaced, the fields in which the two
    /// differ. The records are in the order of taking back, and so is what is given of each.
    fn changed_fields(&self, table: u32, records: &[&Record]) -> Vec<Vec<FieldSet>>;
    /// What the type of the model's ids is called where one is serialised.
    fn id_type(&self) -> &'static str;
    /// Why no row is stored under the key.
    fn why_missing(&self, key: DefaultKey) -> Missing;
    /// The rows of before and after of those that a log has changed and that are `wanted`, in any order. `record` has
    /// those of before the log.
    fn states(&self, table: u32, record: &Record, wanted: &dyn Fn(DefaultKey) -> bool) -> Vec<RowStates>;
    /// Whether the key is reserved and not filled.
    fn is_reserved(&self, key: DefaultKey) -> bool;
    /// Frees a withheld slot.
    fn release(&mut self, key: DefaultKey);
    /// The rows of before that the open log has kept.
    fn take_before(&mut self) -> Rows;
    /// Makes rows of before this table's own, where they are those of a clone of it too: copies them, by their `Clone`.
    fn unshare(&self, rows: &mut Rows);
    /// Puts them back for a log that is opened again.
    fn put_before(&mut self, rows: Rows);
    /// The rows that taking changes back has replaced.
    fn take_after(&mut self) -> Rows;
    /// The error for a link that names no target, if it is such.
    fn dangling(&self, index: &Indexes, store: &Store, relation: usize, source: DefaultKey) -> Option<Error>;
    /// The errors for the cycles that links of an acyclic relation which were changed, in this order, have closed.
    fn cycles(&self, index: &Indexes, relation: usize, changed: &[DefaultKey]) -> Vec<Error>;
    /// The errors for a row that lists this id, if the id names no row.
    fn dangling_elements(
        &self,
        index: &Indexes,
        store: &Store,
        relation: usize,
        source: DefaultKey,
        target: DefaultKey,
    ) -> Vec<Error>;
    /// How much memory each slot of the arena takes, in bytes, beside what its row owns elsewhere.
    fn slot_size(&self) -> usize;
    /// Gives the memory of emptied blocks back.
    fn shrink(&mut self);
    /// What the slots of the arena take, and the list of those that are free.
    fn bytes(&self) -> (Bytes, Bytes);
    /// What the columns take.
    fn column_bytes(&self) -> Bytes;
    /// The slots of the arena, for a snapshot.
    fn slots(&self) -> Slots;
    /// The first id that is reserved and not filled.
    fn unfilled(&self) -> Option<DefaultKey>;
    /// Appends the rows under the next keys, until `full` bytes are reached or a row is refused. In the place of a row that
    /// is reserved stands a mark.
    fn encode_rows(
        &self,
        keys: &mut dyn Iterator<Item = DefaultKey>,
        full: usize,
        rows: &mut RowWriter,
    ) -> Result<(), (DefaultKey, Refusal)>;
    /// Turns the arena into one of these slots, the stored ones reserved for their rows.
    fn restore(&mut self, slots: &Slots) -> Result<(), String>;
    /// Stores rows under their reserved keys, until the bytes end or define names, and says how many; the error is of
    /// the row under a key, or of one for which there is none.
    fn decode_rows(
        &mut self,
        keys: &mut dyn Iterator<Item = DefaultKey>,
        decoder: &mut Decoder<'_, '_>,
    ) -> Result<u64, RowFault>;
    /// What reads rows of this table apart from it.
    #[cfg(feature = "rayon")]
    fn row_reader(&self) -> RowReader;
    /// Stores rows that the reader has read under their reserved keys. As [`AnyRows::decode_rows`].
    #[cfg(feature = "rayon")]
    fn store_read(&mut self, keys: &mut dyn Iterator<Item = DefaultKey>, rows: Box<dyn Any>) -> Result<u64, RowFault>;
    /// Stores a row of format 1 under its reserved key.
    fn decode_row_by_position(&mut self, key: DefaultKey, bytes: &[u8]) -> Result<(), String>;
    /// Stores a row, which is one of the model, under its reserved key.
    fn fill_any(&mut self, key: DefaultKey, row: Box<dyn Any>) -> Result<(), String>;
    /// Builds the unique indexes of stored rows, and says whether each key is there once.
    fn build_uniques(&self, index: &mut Indexes) -> bool;
    /// Builds the links of stored rows in slot order, and says whether each key names a row and no hierarchy has a cycle.
    fn build_links(&self, store: &Store, links: &mut [Link], lists: &mut [Lists], threads: Threads) -> bool;
    /// What is asked of the model by name, as `data` knows it.
    #[cfg(feature = "json")]
    fn door(&self) -> &'static (dyn Any + Send + Sync);
    /// How many ids the lists of all rows hold.
    fn listed(&self) -> usize;
    /// Collects what does not hold for the rows and the indexes of this table.
    fn check(&self, store: &Store, table: &TableSlot, faults: &mut Vec<Error>);
}

impl Clone for Box<dyn AnyRows> {
    fn clone(&self) -> Self {
        (**self).clone_rows()
    }
}

/// The same tables, log and history, and nobody who is subscribed.
impl Clone for Store {
    fn clone(&self) -> Self {
        Store { history: self.history.clone(), ..self.clone_without_history() }
    }
}

impl Store {
    /// The same without what can be undone: what a file keeps of it. The slots that the history holds stay withheld.
    pub(crate) fn clone_without_history(&self) -> Self {
        Store {
            tables: self.tables.clone(),
            schema: self.schema.clone(),
            log: self.log.clone(),
            history: None,
            feed: Feed::default(),
            stored_unchecked: self.stored_unchecked,
            positions: self.positions.clone(),
        }
    }

    /// Adds a table; its targets and incoming relations are filled in when all are there.
    pub(crate) fn add<M: Model>(&mut self, rows: Box<dyn AnyRows>, index: Indexes) {
        Arc::make_mut(&mut self.positions).push(TypeId::of::<M>());
        self.tables.push(TableSlot {
            position: self.tables.len() as u32,
            model: TypeId::of::<M>(),
            name: M::NAME,
            former_names: M::FORMER_NAMES,
            aliases: M::ALIASES,
            rows,
            index,
            targets: Vec::new(),
            incoming: Vec::new(),
            is_followed: false,
            carried: Vec::new(),
        });
    }

    /// The position of a model's table. O(1), no hashing worth the name: a type id is its own hash.
    #[inline]
    #[expect(
        clippy::unnecessary_lazy_evaluations,
        reason = "an `Error` has a destructor: made eagerly it is dropped on every look-up"
    )]
    pub(crate) fn position<M: Model>(&self) -> Result<u32, Error> {
        self.positions.get(TypeId::of::<M>()).ok_or_else(|| Error::UnknownModel { model: M::NAME })
    }

    /// The position of the table of the model with this type id.
    pub(crate) fn position_of(&self, model: TypeId) -> Option<u32> {
        self.positions.get(model)
    }

    /// The handle on the table at a position that `position` has given for `M`.
    #[inline]
    pub(crate) fn table_at<M: Model>(&self, position: u32) -> Table<'_, M> {
        let slot = &self.tables[position as usize];
        Table { rows: rows_of(&*slot.rows), index: &slot.index }
    }

    /// The handle on a model's table.
    #[inline]
    pub(crate) fn table<M: Model>(&self) -> Result<Table<'_, M>, Error> {
        Ok(self.slot::<M>()?.1)
    }

    /// The same beside what is known of the table without its type.
    #[inline]
    pub(crate) fn slot<M: Model>(&self) -> Result<(&TableSlot, Table<'_, M>), Error> {
        match self.guess() {
            Some(found) => Ok(found),
            None => self.search_slot(),
        }
    }

    /// The same without a search: of most models, and of no other. The type of the rows proves that the guess is right.
    #[inline]
    pub(crate) fn guess<M: Model>(&self) -> Option<(&TableSlot, Table<'_, M>)> {
        let slot = self.tables.get(self.guess_position::<M>())?;
        let rows = (&*slot.rows as &dyn Any).downcast_ref::<Arena<M>>()?;
        Some((slot, Table { rows, index: &slot.index }))
    }

    #[cold]
    #[inline(never)]
    fn search_slot<M: Model>(&self) -> Result<(&TableSlot, Table<'_, M>), Error> {
        let position = self.position::<M>()?;
        Ok((&self.tables[position as usize], self.table_at(position)))
    }

    /// The position of most models' tables; of others that of another, or none. [`Store::guessed_writer`] proves it.
    #[inline]
    pub(crate) fn guess_position<M: Model>(&self) -> usize {
        self.positions.guess(TypeId::of::<M>()) as usize
    }

    /// The rows and the indexes at a guessed position, to be changed with no log open; `None` if the guess was wrong.
    #[inline]
    pub(crate) fn guessed_writer<M: Model>(&mut self, position: usize) -> Option<(&mut Arena<M>, &mut Indexes)> {
        debug_assert!(!self.keeps_rows(), "what is recorded goes through `IndexWriter`");
        let slot = self.tables.get_mut(position)?;
        let rows = (&mut *slot.rows as &mut dyn Any).downcast_mut::<Arena<M>>()?;
        Some((rows, &mut slot.index))
    }

    /// The rows and the indexes of the table at a position, to be changed.
    #[inline]
    pub(crate) fn writer<M: Model>(&mut self, position: u32) -> (&mut Arena<M>, IndexWriter<'_>) {
        let (rows, index) = self.erased_writer(position);
        (rows_of_mut(rows), index)
    }

    /// The same, where the model is not known.
    #[inline]
    pub(crate) fn erased_writer(&mut self, position: u32) -> (&mut dyn AnyRows, IndexWriter<'_>) {
        let slot = &mut self.tables[position as usize];
        let index = IndexWriter { table: position, index: &mut slot.index, log: self.log.as_mut() };
        (&mut *slot.rows, index)
    }

    /// Whether rows that leave are kept, so that they cannot be given out.
    pub(crate) fn keeps_rows(&self) -> bool {
        self.log.is_some() || self.logs_statements()
    }

    /// Whether a statement outside of a transaction is to be recorded too: for the history, or for a subscription.
    #[inline]
    pub(crate) fn logs_statements(&self) -> bool {
        self.history.is_some() || !self.feed.is_empty()
    }

    /// Whether a transaction is open, as the caller sees it: a foreign key may name an id that is reserved.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.log.as_ref().is_some_and(|log| !log.of_parts)
    }

    /// Whether a foreign key is judged at the end of the transaction: all are in a deferred one, and those whose relation
    /// is `deferred` in any.
    #[inline]
    pub(crate) fn defers(&self, deferred: bool) -> bool {
        self.log.as_ref().is_some_and(|log| (log.deferred || deferred) && !log.of_parts)
    }

    /// Works out which unique keys change with which foreign keys, when all relations are there.
    pub(crate) fn find_carried(&mut self) {
        for (table, schema) in self.tables.iter_mut().zip(&self.schema.tables) {
            let followed: Vec<usize> = table
                .incoming
                .iter()
                .filter(|incoming| incoming.follows())
                .filter_map(|incoming| incoming.unique)
                .collect();
            let carried = schema.relations.iter().map(|relation| {
                let shares = |unique: &UniqueSchema| unique.fields.iter().any(|field| relation.fields.contains(field));
                let uniques = schema.uniques.iter().enumerate();
                uniques
                    .filter(|(place, unique)| followed.contains(place) && shares(unique))
                    .map(|(place, _)| place)
                    .collect()
            });
            table.carried = carried.collect();
        }
    }

    /// The followed unique keys of the source that change with its foreign key.
    pub(crate) fn carried(&self, incoming: Incoming) -> &[usize] {
        &self.tables[incoming.table as usize].carried[incoming.relation]
    }

    /// The id of a row for reports.
    pub(crate) fn row_id(&self, (table, key): RowAt) -> RowId {
        RowId { table: self.tables[table as usize].name, key }
    }
}

/// The rows with their type. A table's position is only ever had through its model, so the types agree.
#[inline]
pub(crate) fn rows_of<M: Model>(rows: &dyn AnyRows) -> &Arena<M> {
    let rows: &dyn Any = rows;
    rows.downcast_ref().expect("a table is asked for by the model it was made for")
}

#[inline]
pub(crate) fn rows_of_mut<M: Model>(rows: &mut dyn AnyRows) -> &mut Arena<M> {
    let rows: &mut dyn Any = rows;
    rows.downcast_mut().expect("a table is asked for by the model it was made for")
}

/// A read handle on one table. Hot loops use it: `db.get` adds the look-up of the table to each call.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
/// # let mut db = Database::builder().model::<Planet>().build()?;
/// let mars = db.insert(Planet { name: "Mars".into() })?;
/// let planets = db.table::<Planet>()?;
/// assert_eq!(planets.len(), 1);
/// assert_eq!(planets.get(mars).unwrap().name, "Mars");
/// # Ok::<(), relata::Error>(())
/// ```
pub struct Table<'a, M> {
    pub(crate) rows: &'a Arena<M>,
    pub(crate) index: &'a Indexes,
}

impl<M> Clone for Table<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Table<'_, M> {}
impl<M: Model> fmt::Debug for Table<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({}, {} rows)", M::NAME, self.len())
    }
}

impl<'a, M: Model> Table<'a, M> {
    /// The row with this id; `None` for a stale, null or foreign one. O(1).
    #[inline]
    pub fn get(&self, id: Id<M>) -> Option<&'a M> {
        self.rows.get(id.key())
    }

    /// The row with this id, or an error that says what became of it. O(1).
    #[inline]
    pub fn row(&self, id: Id<M>) -> Result<&'a M, Error> {
        match self.get(id) {
            Some(row) => Ok(row),
            None => Err(self.not_found(id.key())),
        }
    }

    /// Whether a row has this id. O(1).
    pub fn contains(&self, id: Id<M>) -> bool {
        self.rows.contains(id.key())
    }

    /// How many rows the table has. O(1).
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows in slot order: that of insertion, but that the slots of removed rows are used again.
    /// O(slots ever used).
    pub fn iter(&self) -> impl Iterator<Item = (Id<M>, &'a M)> + use<'a, M> {
        self.rows.iter().map(|(key, row)| (Id::from_key(key), row))
    }

    /// All ids in slot order.
    pub fn ids(&self) -> impl Iterator<Item = Id<M>> + use<'a, M> {
        self.iter().map(|(id, _)| id)
    }

    /// The ids of the rows that refer to a target, in the order in which they joined it; of none for a stale target. O(1),
    /// then O(1) for each. What [`Database::children`](crate::Database::children) gives, where the tables are
    /// [split](crate::Database::split).
    pub fn sources<R: Relation<Source = M>>(
        &self,
        relation: BelongsTo<R>,
        target: Id<R::Target>,
    ) -> impl ExactSizeIterator<Item = Id<M>> + use<'a, M, R> {
        let _ = relation;
        sources_of(&self.index.links[R::INDEX], target.key()).map(Id::from_key)
    }

    /// The row with this unique key, and its id. O(1) expected, one hash.
    ///
    /// The key is given by reference: `"text"` or `&5` for a key of one part, `("text", &5)` for a composite one.
    pub fn find<U: Unique<Model = M>>(&self, by: By<U>, key: impl Lookup<U::Key>) -> Option<(Id<M>, &'a M)> {
        let _ = by;
        let found = find_by::<U>(self.rows, self.index, key)?;
        Some((Id::from_key(found), self.rows.get(found)?))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn not_found(self, key: DefaultKey) -> Error {
        Error::NotFound { row: RowId { table: M::NAME, key }, why: self.rows.why_missing(key) }
    }
}

/// The sources of a target; none where another row has its slot by now.
pub(crate) fn sources_of(link: &Link, target: DefaultKey) -> Sources<'_> {
    let sources = link.sources(target);
    // All sources of a slot refer to one row.
    let is_another = sources.clone().next().is_some_and(|first| link.target(first) != target);
    if is_another { sources.none() } else { sources }
}
