//! Transactions: many statements that become true together, or not at all.
//!
//! While one is open every change is recorded ([`crate::log`]); rolling back takes the changes back, from the last to
//! the first. So a transaction costs as much as what it changes, whatever the size of the database, and reading inside
//! one sees its own writes because they are made in place.
//!
//! # Invariants
//! 1. At most one log is open. A transaction inside a transaction is a savepoint: a place in that log.
//! 2. When the outermost transaction has ended, no slot is withheld for it and no row kept.
//!
//! Not responsible for sharing between threads: a transaction has the database to itself, by its borrow or by its lock.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use hashbrown::HashSet;
use slotmap::DefaultKey;

use crate::arena::RowChange;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::lock::Exclusive;
use crate::log::{Change, Log, What};
use crate::model::{ById, Editable, Field, FieldOf, KeyOf, Model, Optional, Presence, Relation, Unique};
use crate::relation::{BelongsTo, By, Inverse, Through};
use crate::table::{RowAt, Store};
use crate::undo;
use crate::write::{Dangling, Deleted, DeletedMany, Imported, Owner, Source, Updated, UpdatedMany};

/// An open transaction. Dropped, it is rolled back.
///
/// It reads as the [`Database`] does, and sees what it has written. Its writes are those of the database; edits in place
/// are recorded.
/// [`Transaction::begin`] and [`Transaction::savepoint`] open one inside it. `tx.clone()` is not one more of them: it is a
/// [clone](Database#impl-Clone-for-Database) of the database as it was before (behaviour C4). It stays on its thread,
/// because that of a [`SharedDatabase`](crate::SharedDatabase) holds a lock.
pub struct Transaction<'a> {
    pub(crate) database: Exclusive<'a>,
    /// Where in the log it began; the outermost began at its start.
    begin: usize,
    outermost: bool,
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = self.changes().len();
        f.debug_struct("Transaction").field("changes", &changes).field("outermost", &self.outermost).finish()
    }
}

impl Deref for Transaction<'_> {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        undo::roll_back(&mut self.database.store, self.begin, self.outermost);
    }
}

/// A commit that was refused: violations stand. The transaction is still open, to be repaired or rolled back.
#[derive(Debug)]
pub struct CommitError<'a> {
    transaction: Transaction<'a>,
    /// What stands against it, in the order in which it was written.
    pub violations: Vec<Error>,
}

impl<'a> CommitError<'a> {
    /// Gives the transaction back, to be repaired.
    pub fn into_transaction(self) -> Transaction<'a> {
        self.transaction
    }
}

impl fmt::Display for CommitError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.violations.first();
        write!(f, "{} violation(s) stand", self.violations.len())?;
        first.map_or(Ok(()), |first| write!(f, "; first: {first}"))
    }
}

impl std::error::Error for CommitError<'_> {}

/// Gives the transaction up: it is rolled back, and what stood against it is [`Error::Violations`].
impl From<CommitError<'_>> for Error {
    fn from(refused: CommitError<'_>) -> Self {
        Error::Violations(refused.violations)
    }
}

impl Database {
    /// Opens a transaction. [`Transaction::commit`] makes it last; dropped, it is rolled back.
    ///
    /// Where a [history](Database::keep_history) is kept, a committed transaction is one step of it.
    ///
    /// A guard that is forgotten (`mem::forget`) leaves the transaction open: later writes belong to it, and until
    /// [`Database::abandon`] ends it, beginning another and saving are [`Error::TransactionOpen`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// let mut tx = db.begin()?;
    /// let mars = tx.insert(Planet { name: "Mars".into() })?;
    /// assert_eq!(tx.get(mars)?.name, "Mars");
    /// drop(tx);
    /// assert!(!db.contains(mars));
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn begin(&mut self) -> Result<Transaction<'_>, Error> {
        Transaction::open(self.into(), false)
    }

    /// Opens a transaction in which a foreign key may name no row until it is committed (behaviour I10): so rows can
    /// come in any order, and in cycles of required keys.
    ///
    /// So are hierarchies: what leads in a circle now may be taken apart before the commit (behaviour I21). Unique keys and
    /// `restrict` are checked at once all the same (behaviour I12). Following a key that names no row
    /// is [`Error::Unresolved`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Planet {
    ///     #[model(primary_key)]
    ///     name: String,
    ///     #[model(belongs_to(Planet))]
    ///     next_one: String,
    /// }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// let mut tx = db.begin_deferred()?;
    /// let mars = tx.insert(Planet { name: "Mars".into(), next_one: "Earth".into() })?;
    /// let refused = tx.commit().unwrap_err();
    /// assert_eq!(
    ///     refused.violations[0].to_string(),
    ///     r#"Planet 1v1: `Planet`.next_one: no `Planet` with name = "Earth": no row has this key"#
    /// );
    /// let mut tx = refused.into_transaction();
    /// tx.insert(Planet { name: "Earth".into(), next_one: "Mars".into() })?;
    /// tx.commit().unwrap();
    /// assert_eq!(db.related(mars, Planet::NEXT_ONE)?.next_one, "Mars");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn begin_deferred(&mut self) -> Result<Transaction<'_>, Error> {
        Transaction::open(self.into(), true)
    }

    /// Runs `work` in a transaction: `Ok` commits it, `Err` or a panic rolls it back. Where `work` has an error type of its
    /// own, see [`Transaction::run`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Debug, Serialize, Deserialize)] struct Planet { #[model(unique)] name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// let refused = db.transaction(|tx| {
    ///     tx.insert(Planet { name: "Mars".into() })?;
    ///     tx.insert(Planet { name: "Mars".into() })
    /// });
    /// assert!(refused.is_err());
    /// assert_eq!(db.len::<Planet>(), 0);
    /// db.transaction(|tx| {
    ///     tx.insert(Planet { name: "Mars".into() })?;
    ///     Ok(())
    /// })?;
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        finish(self.begin()?, work)
    }

    /// [`Database::transaction`] with deferred checks, see [`Database::begin_deferred`]. Where violations stand at its
    /// end it is rolled back, and the error is [`Error::Violations`]; `work` can look at
    /// [`violations`](Transaction::violations) before.
    pub fn transaction_deferred<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        finish(self.begin_deferred()?, work)
    }

    /// Runs a statement that is made of several: all of them or none, in whatever transaction is open. A refusal leaves no
    /// trace where only the last of them stores new rows: an id that is taken back is used up.
    pub(crate) fn in_one<T>(&mut self, work: impl FnOnce(&mut Database) -> Result<T, Error>) -> Result<T, Error> {
        let work = |tx: &mut Transaction<'_>| work(&mut tx.database);
        let outermost = self.store.log.is_none();
        let log = self.store.log.get_or_insert_with(|| Log { of_parts: true, ..Log::default() });
        let begin = log.changes.len();
        finish(Transaction { database: self.into(), begin, outermost }, work)
    }

    /// Rolls back a transaction whose guard was forgotten. Does nothing where none is open.
    pub fn abandon(&mut self) {
        if self.store.log.is_some() {
            drop(Transaction { database: self.into(), begin: 0, outermost: true });
        }
    }
}

/// Runs `work`, then commits or rolls back.
pub(crate) fn finish<T, E: From<Error>>(
    mut transaction: Transaction<'_>,
    work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let result = work(&mut transaction)?;
    transaction.commit().map_err(Error::from)?;
    Ok(result)
}

impl<'a> Transaction<'a> {
    pub(crate) fn open(mut database: Exclusive<'a>, deferred: bool) -> Result<Self, Error> {
        database.expect_no_transaction()?;
        database.store.log = Some(Log { deferred, ..Log::default() });
        Ok(Transaction { database, begin: 0, outermost: true })
    }

    /// Opens a transaction inside this one: a savepoint. Dropped, it takes back what was written since;
    /// [`commit`](Transaction::commit) leaves that to this one, violations included (behaviour I11).
    pub fn begin(&mut self) -> Transaction<'_> {
        let begin = self.database.store.log.as_ref().map_or(0, |log| log.changes.len());
        Transaction { database: (&mut *self.database).into(), begin, outermost: false }
    }

    /// Runs `work` in a savepoint: `Err` or a panic takes back what it has written, and nothing else.
    pub fn savepoint<T>(&mut self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        finish(self.begin(), work)
    }

    /// Makes the changes last. Costs O(changes).
    ///
    /// Where [`violations`](Transaction::violations) stand, the error lists them all and gives the transaction back
    /// (behaviour I10). A savepoint is never refused.
    pub fn commit(mut self) -> Result<(), CommitError<'a>> {
        if !self.outermost {
            std::mem::forget(self);
            return Ok(());
        }
        let violations = self.violations();
        if !violations.is_empty() {
            return Err(CommitError { transaction: self, violations });
        }
        let spent = undo::commit(&mut self.database.store);
        // Without its log the transaction takes nothing back: it lets a shared database go. Dropping rows runs user code:
        // everything else is done by then.
        drop(self);
        drop(spent);
        Ok(())
    }

    /// Runs `work`, then commits; `Err` or a panic takes the changes back. For errors of the caller's own type, which take
    /// in those of the database.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// # fn read() -> Result<String, std::io::Error> { Err(std::io::Error::other("no planets")) }
    /// let read = db.begin()?.run(|tx| -> Result<_, Box<dyn std::error::Error>> {
    ///     tx.insert(Planet { name: "Mars".into() })?;
    ///     Ok(tx.insert(Planet { name: read()? })?)
    /// });
    /// assert_eq!(read.unwrap_err().to_string(), "no planets");
    /// assert!(db.is_empty::<Planet>());
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn run<T, E: From<Error>>(self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>) -> Result<T, E> {
        finish(self, work)
    }

    /// Takes the changes back; the same as dropping it.
    pub fn rollback(self) {
        drop(self);
    }

    /// What stands against a commit: the foreign keys, written in the whole transaction, that name no row, and the ids,
    /// reserved or named in it, that have none, in the order in which they were written; then the cycles that it has closed
    /// over acyclic relations, where these are judged at the commit. Costs O(changes), and for such relations O(rows above
    /// those that were changed).
    pub fn violations(&self) -> Vec<Error> {
        violations(&self.database.store)
    }

    /// Whether anything has been changed in it: a row, a link, an id that was handed out. A commit of one that has changed
    /// nothing is no step of a history, and is told to nobody. O(1).
    pub fn has_changes(&self) -> bool {
        !self.changes().is_empty()
    }

    /// Lends the fields of a row that are in no key and no index, to be changed in place, as [`Database::get_mut`] does. O(1),
    /// runs no check.
    ///
    /// Unlike outside of a transaction the edit is a change like others: it is taken back with the transaction, it is in the
    /// history, and subscriptions are told that the row was updated. A copy of the row is made for that.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { fuel: u32 }
    /// # let mut db = Database::builder().model::<Ship>().build()?;
    /// let ship = db.insert(Ship { fuel: 3 })?;
    /// let mut tx = db.begin()?;
    /// *tx.get_mut(ship)?.fuel -= 1;
    /// assert_eq!(tx.get(ship)?.fuel, 2);
    /// drop(tx);
    /// assert_eq!(db.get(ship)?.fuel, 3);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn get_mut<M: Model + Editable>(&mut self, id: Id<M>) -> Result<M::Mut<'_>, Error> {
        self.database.get_mut_recorded(id)
    }

    /// Lends those fields of every row in slot order, as [`Database::iter_mut`] does. As with [`Transaction::get_mut`] each row
    /// is copied, before the first is lent. O(rows).
    #[expect(clippy::iter_not_returning_iterator, reason = "it does, unless the model is not registered")]
    pub fn iter_mut<M: Model + Editable>(&mut self) -> Result<impl Iterator<Item = (Id<M>, M::Mut<'_>)>, Error> {
        self.database.iter_mut_recorded()
    }

    fn changes(&self) -> &[Change] {
        self.database.store.log.as_ref().map_or(&[], |log| &log.changes[self.begin..])
    }
}

fn violations(store: &Store) -> Vec<Error> {
    let Some(log) = store.log.as_ref().filter(|log| !log.of_parts) else { return Vec::new() };
    let mut seen: HashSet<(u32, u32, DefaultKey)> = HashSet::new();
    let mut listed: HashSet<(u32, u32, DefaultKey, DefaultKey)> = HashSet::new();
    let mut promised: HashSet<RowAt> = HashSet::new();
    let mut violations = Vec::new();
    let mut hierarchies: BTreeMap<(u32, usize), Vec<DefaultKey>> = BTreeMap::new();
    let mut expect_filled = |at: RowAt| {
        let unfilled = store.tables[at.0 as usize].rows.is_reserved(at.1) && promised.insert(at);
        unfilled.then(|| Error::Unfilled { row: store.row_id(at) })
    };
    for change in &log.changes {
        let slot = &store.tables[change.table as usize];
        match change.what {
            What::Joined { relation } if seen.insert((change.table, relation, change.key)) => {
                let place = relation as usize;
                let relation = &store.schema.tables[change.table as usize].relations[place];
                if log.deferred || relation.deferred {
                    violations.extend(slot.rows.dangling(&slot.index, store, place, change.key));
                }
                if relation.acyclic && (log.deferred || relation.deferred) {
                    hierarchies.entry((change.table, place)).or_default().push(change.key);
                }
                // The id may have been reserved before the transaction.
                violations.extend(expect_filled((slot.targets[place], slot.index.links[place].target(change.key))));
            }
            What::Listed { relation, target } if listed.insert((change.table, relation, change.key, target)) => {
                let place = relation as usize;
                let Some(listing) = slot.index.list(place).get(change.key, target) else { continue };
                if !listing.waits() {
                    violations.extend(expect_filled((slot.targets[place], target)));
                } else if log.deferred {
                    violations.extend(slot.rows.dangling_elements(&slot.index, store, place, change.key, target));
                }
            }
            What::Row(RowChange::Reserved) => violations.extend(expect_filled((change.table, change.key))),
            _ => {}
        }
    }
    for ((table, relation), changed) in hierarchies {
        let slot = &store.tables[table as usize];
        violations.extend(slot.rows.cycles(&slot.index, relation, &changed));
    }
    violations
}

/// The writes of a database, for a transaction.
macro_rules! writes {
    ($($(#[$attribute:meta])* $name:ident [$($generics:tt)*] ($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl Transaction<'_> {
            $(
                #[doc = concat!("As [`Database::", stringify!($name), "`], to be taken back with the transaction.")]
                $(#[$attribute])*
                pub fn $name<$($generics)*>(&mut self, $($argument: $type),*) -> Result<$result, Error> {
                    self.database.$name($($argument),*)
                }
            )*
        }
    };
}

writes! {
    insert[M: Model](row: M) -> Id<M>;
    insert_with[M: Model](make: impl FnOnce(Id<M>) -> M) -> Id<M>;
    insert_many[M: Model](rows: impl Into<Vec<M>>) -> Vec<Id<M>>;
    insert_many_with[M: Model](count: usize, make: impl FnOnce(&[Id<M>]) -> Vec<M>) -> Vec<Id<M>>;
    import[M: Model](rows: impl Into<Vec<M>>, dangling: Dangling) -> Imported<M>;
    insert_many_unchecked[M: Model](rows: impl Into<Vec<M>>) -> Vec<Id<M>>;
    reserve[M: Model]() -> Id<M>;
    insert_at[M: Model](id: Id<M>, row: M) -> ();
    cancel[M: Model](id: Id<M>) -> ();
    update[M: Model, T](id: Id<M>, edit: impl FnOnce(&mut M) -> T) -> T;
    update_reporting[M: Model, T](id: Id<M>, edit: impl FnOnce(&mut M) -> T) -> Updated<T>;
    update_many[M: Model](ids: impl IntoIterator<Item = Id<M>>, edit: impl FnMut(Id<M>, &mut M)) -> UpdatedMany;
    replace[M: Model](id: Id<M>, row: M) -> M;
    set[M: Model, V, P: Presence, F: FieldOf<M, V, P>](id: Id<M>, field: Field<M, V, P, F>, value: P::Out<V>) -> P::Out<V>;
    upsert[U: Unique](by: By<U>, row: U::Model) -> (Id<U::Model>, Option<U::Model>);
    upsert_many[U: Unique](by: By<U>, rows: impl Into<Vec<U::Model>>) -> Vec<(Id<U::Model>, Option<U::Model>)>;
    relate[R: Relation](source: Id<R::Source>, relation: BelongsTo<R>, target: Id<R::Target>) -> ();
    place_before[R: Relation](source: Id<R::Source>, relation: BelongsTo<R>, other: Id<R::Source>) -> ();
    place_last[R: Relation](source: Id<R::Source>, relation: BelongsTo<R>) -> ();
    unrelate[R: Relation<Presence = Optional>](source: Id<R::Source>, relation: BelongsTo<R>) -> ();
    delete[M: Model](id: Id<M>) -> Deleted<M>;
    delete_many[M: Model](ids: impl IntoIterator<Item = Id<M>>) -> DeletedMany<M>;
    set_default_target[R: Relation<Reference = ById<<R as Relation>::Target>>](relation: BelongsTo<R>, target: Option<Id<R::Target>>) -> Option<Id<R::Target>>;
    create[I: Inverse](owner: Id<Owner<I>>, relation: I, make: impl FnOnce(KeyOf<I::Relation>) -> Source<I>) -> Id<Source<I>>;
    create_many[I: Inverse](owner: Id<Owner<I>>, relation: I, make: impl FnOnce(KeyOf<I::Relation>) -> Vec<Source<I>>) -> Vec<Id<Source<I>>>;
    update_in[I: Inverse, T](owner: Id<Owner<I>>, relation: I, id: Id<Source<I>>, edit: impl FnOnce(&mut Source<I>) -> T) -> T;
    delete_in[I: Inverse](owner: Id<Owner<I>>, relation: I, id: Id<Source<I>>) -> Deleted<Source<I>>;
    update_all[I: Inverse](owner: Id<Owner<I>>, relation: I, edit: impl FnMut(&mut Source<I>)) -> usize;
    delete_all[I: Inverse](owner: Id<Owner<I>>, relation: I) -> usize;
    link[A: Relation, B: Relation<Source = A::Source>](owner: Id<A::Target>, relation: Through<A, B>, target: Id<B::Target>, make: impl FnOnce(KeyOf<A>, KeyOf<B>) -> A::Source) -> Id<A::Source>;
    unlink[A: Relation, B: Relation<Source = A::Source>](owner: Id<A::Target>, relation: Through<A, B>, target: Id<B::Target>) -> Deleted<A::Source>;
    set_linked[A: Relation, B: Relation<Source = A::Source>](owner: Id<A::Target>, relation: Through<A, B>, targets: &[Id<B::Target>], make: impl FnMut(KeyOf<A>, KeyOf<B>) -> A::Source) -> ();
    create_linked[A: Relation, B: Relation<Source = A::Source>](owner: Id<A::Target>, relation: Through<A, B>, target: B::Target, make: impl FnOnce(KeyOf<A>, KeyOf<B>) -> A::Source) -> (Id<B::Target>, Id<A::Source>);
    delete_linked[A: Relation, B: Relation<Source = A::Source>](owner: Id<A::Target>, relation: Through<A, B>, target: Id<B::Target>) -> Deleted<B::Target>;
}
