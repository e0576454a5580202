//! Writing: the statements, and the primitive changes that all of them come down to.
//!
//! Every statement plans (`integrity`), makes room, and applies its plan through the functions of `apply`: nothing else
//! changes a table. From the first change on nothing may fail and no user code runs, so that no path (a refusal, a
//! panic in a closure, in `Clone`, `Hash` or `Eq`) can leave a part of a statement behind. Rows that are replaced or
//! removed are dropped, or handed out, when everything is in its new state: a `Drop` that panics finds it whole.

pub(crate) mod apply;
mod default_target;
mod delete;
mod import;
mod in_place;
mod many;
mod order;
mod owner;
mod parts;
mod sets;
mod split;
mod update;

pub use delete::Deleted;
pub use import::{Dangling, Imported, Refused};
pub(crate) use owner::expect_key;
pub use owner::{Owner, Source};
pub use sets::{DeletedMany, UpdatedMany};
pub use split::{Access, Split, TableMut};
pub use update::{UpdatePlan, Updated};

use slotmap::DefaultKey;

use crate::database::Database;
use crate::error::{Act, Error, Missing};
use crate::id::Id;
use crate::integrity::ordinary::{Single, plan_single};
use crate::integrity::{Mode, Pending, Plan, plan_rows, restriction};
use crate::model::{KeyOf, Model, Reference, Relation};
use crate::table::Incoming;

impl Database {
    /// Stores a row and gives its id.
    ///
    /// Every foreign key must name a stored row (the row itself counts; where checks are deferred, by the commit), every
    /// unique key must be free; else the error
    /// says which one and why, and nothing is stored. O(1) expected for each relation and unique key.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// db.insert(Moon { planet_id: mars })?;
    /// let refused = db.insert(Moon { planet_id: Id::null() }).unwrap_err();
    /// assert_eq!(refused.to_string(), "`Moon`.planet: no `Planet` with id null: the null id");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn insert<M: Model>(&mut self, row: M) -> Result<Id<M>, Error> {
        self.insert_with(|_| row)
    }

    /// Stores the row that `make` gives for the id that it will have, so that it can refer to itself.
    ///
    /// If the row is refused, a later row may get that id.
    pub fn insert_with<M: Model>(&mut self, make: impl FnOnce(Id<M>) -> M) -> Result<Id<M>, Error> {
        let (slot, table) = self.store.slot::<M>()?;
        let position = slot.position;
        let Some(key) = table.rows.upcoming(0) else { return Err(Error::Full { model: M::NAME }) };
        let row = make(Id::from_key(key));
        let mut single = Single::default();
        if plan_single(&self.store, slot, table, &row, &mut single) {
            apply::insert_one(&mut self.store, position, row, key, &single);
        } else {
            self.insert_planned(position, key, row)?;
        }
        Ok(Id::from_key(key))
    }

    #[cold]
    #[inline(never)]
    fn insert_planned<M: Model>(&mut self, position: u32, key: DefaultKey, row: M) -> Result<(), Error> {
        let plan = self.plan_one(position, Pending::new_rows(std::slice::from_ref(&row), &[key]))?;
        apply::insert(&mut self.store, position, [row], &[key], &plan);
        Ok(())
    }

    /// Makes room for as many more rows of a model, so that storing them one by one allocates nothing for the rows and
    /// moves none. O(rows).
    ///
    /// It is hardly needed: a table grows by blocks, so that no insert moves more than one.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { name: String }
    /// # let mut db = Database::builder().model::<Moon>().build()?;
    /// db.reserve_rows::<Moon>(10_000)?;
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn reserve_rows<M: Model>(&mut self, additional: usize) -> Result<(), Error> {
        let position = self.store.position::<M>()?;
        let last = additional.checked_sub(1);
        if last.is_some_and(|last| self.store.table_at::<M>(position).rows.upcoming(last).is_none()) {
            return Err(Error::Full { model: M::NAME });
        }
        apply::reserve_rows::<M>(&mut self.store, position, additional);
        Ok(())
    }

    /// Hands out an id before its row exists; [`Database::insert_at`] fills it (behaviour R6).
    ///
    /// Until then it resolves to nothing, outside of a transaction no row may refer to it, and the database cannot be
    /// saved.
    /// [`Database::insert_with`] and [`Database::insert_many_with`] need no reserved ids.
    pub fn reserve<M: Model>(&mut self) -> Result<Id<M>, Error> {
        let position = self.store.position::<M>()?;
        self.store.table_at::<M>(position).rows.upcoming(0).ok_or(Error::Full { model: M::NAME })?;
        Ok(Id::from_key(apply::reserve_id::<M>(&mut self.store, position)))
    }

    /// Stores a row under a reserved id, through the same checks as [`Database::insert`].
    pub fn insert_at<M: Model>(&mut self, id: Id<M>, row: M) -> Result<(), Error> {
        let position = self.store.position::<M>()?;
        self.expect_reserved(position, id)?;
        let keys = [id.key()];
        let plan = self.plan_one(position, Pending::new_rows(std::slice::from_ref(&row), &keys))?;
        apply::fill(&mut self.store, position, row, id.key(), &plan);
        Ok(())
    }

    /// Gives a reserved id back, unfilled. It will never resolve. Refused where a row refers to it.
    ///
    /// A key that was written before the id was reserved (where checks are deferred) waits for the row and does not refer to
    /// the id: it stands in nobody's way, and is a violation until a row comes or the key changes.
    pub fn cancel<M: Model>(&mut self, id: Id<M>) -> Result<(), Error> {
        let position = self.store.position::<M>()?;
        self.expect_reserved(position, id)?;
        let incoming = &self.store.tables[position as usize].incoming;
        let named =
            |incoming: &Incoming| restriction(&self.store, (position, id.key()), *incoming, |_| true, Act::Delete);
        if let Some(error) = incoming.iter().find_map(named) {
            return Err(error);
        }
        apply::cancel::<M>(&mut self.store, position, id.key());
        Ok(())
    }

    fn expect_reserved<M: Model>(&self, position: u32, id: Id<M>) -> Result<(), Error> {
        match self.store.table_at::<M>(position).rows.why_missing(id.key()) {
            Missing::Reserved => Ok(()),
            why => Err(Error::NotReserved { row: id.erase(), why }),
        }
    }

    /// The foreign key that names a stored row.
    pub(crate) fn key_of<R: Relation>(&self, target: Id<R::Target>) -> Result<KeyOf<R>, Error> {
        key_of_row::<R>(target, self.get(target)?)
    }

    /// Plans a statement of one row: the first violation, in the order of declaration, is its error.
    fn plan_one<M: Model>(&self, position: u32, pending: Pending<'_, M>) -> Result<Plan, Error> {
        let (plan, faults) = plan_rows(&self.store, position, pending, Mode::Checked, usize::MAX);
        match faults.kept.into_iter().next() {
            None => Ok(plan),
            Some((_, error)) => Err(error),
        }
    }
}

/// The foreign key that names a row.
pub(crate) fn key_of_row<R: Relation>(target: Id<R::Target>, row: &R::Target) -> Result<KeyOf<R>, Error> {
    R::Reference::of(target.key(), row).ok_or_else(|| Error::ForeignKeyViolation {
        model: R::Source::NAME,
        relation: R::NAME,
        row: None,
        target: R::Target::NAME,
        key: format!("a key of {}, which has none", target.erase()),
        why: Missing::NoSuchKey,
    })
}
