//! Storing rows over others, with what follows them.

use std::mem;

use slotmap::DefaultKey;

use super::apply;
use crate::database::Database;
use crate::error::{BatchViolation, Error};
use crate::id::{Id, RowId};
use crate::integrity::ordinary::keeps_keys;
use crate::integrity::statement::{ChangedKey, followed_keys, plan_update};
use crate::integrity::{Faults, Mode, Pending, plan_rows};
use crate::model::{ByKey, Field, FieldOf, Model, Optional, Presence, Reference, Relation, Unique};
use crate::relation::{BelongsTo, By};

/// What an update has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated<T> {
    /// What the edit has given.
    pub value: T,
    /// The foreign keys that have followed by `on_update`, in the order in which they did (behaviour I18).
    pub changed: Vec<ChangedKey>,
}

/// What [`Database::update`] would do beside the edit itself, and what stands against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatePlan {
    /// The row that was asked about.
    pub row: RowId,
    /// The foreign keys that would follow by `on_update`, in the order in which they would.
    pub changed: Vec<ChangedKey>,
    /// What forbids it; empty if the update would be carried out.
    pub blocked: Vec<Error>,
}

impl UpdatePlan {
    /// Whether something forbids the update.
    pub fn is_blocked(&self) -> bool {
        !self.blocked.is_empty()
    }
}

impl Database {
    /// Edits a copy of a row and stores it in the row's place, with every changed key checked and re-indexed.
    ///
    /// Gives what `edit` gives. A panic or a refusal leaves the row as it was. Where the edit changes a unique key that
    /// rows refer to, they follow as `on_update` of their relation says (behaviour I4); but a foreign key that the edit
    /// itself changes is what it says. O(1) expected for each key that changed and each row that follows; fields that are
    /// no key run no check of other tables (behaviour I5).
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Country { #[model(primary_key)] code: String }
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct City { #[model(belongs_to(Country), name = country, on_update = cascade)] country_code: String }
    ///
    /// # let mut db = Database::builder().model::<Country>().model::<City>().build()?;
    /// let burma = db.insert(Country { code: "bu".into() })?;
    /// let city = db.insert(City { country_code: "bu".into() })?;
    /// db.update(burma, |country| country.code = "mm".into())?;
    /// assert_eq!(db.get(city)?.country_code, "mm");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn update<M: Model, T>(&mut self, id: Id<M>, edit: impl FnOnce(&mut M) -> T) -> Result<T, Error> {
        let mut row = self.get(id)?.clone();
        let value = edit(&mut row);
        self.store_over(id, row, &mut Vec::new())?;
        Ok(value)
    }

    /// As [`Database::update`], and tells which rows have followed (behaviour I18).
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Country { #[model(primary_key)] code: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct City { #[model(belongs_to(Country), name = country, on_update = cascade)] country_code: String }
    /// # let mut db = Database::builder().model::<Country>().model::<City>().build()?;
    /// # let burma = db.insert(Country { code: "bu".into() })?;
    /// # let city = db.insert(City { country_code: "bu".into() })?;
    /// let updated = db.update_reporting(burma, |country| country.code = "mm".into())?;
    /// assert_eq!(updated.changed, [ChangedKey { row: city.erase(), relation: "country", action: Action::Cascade }]);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn update_reporting<M: Model, T>(
        &mut self,
        id: Id<M>,
        edit: impl FnOnce(&mut M) -> T,
    ) -> Result<Updated<T>, Error> {
        let mut row = self.get(id)?.clone();
        let value = edit(&mut row);
        let mut changed = Vec::new();
        self.store_over(id, row, &mut changed)?;
        Ok(Updated { value, changed })
    }

    /// What [`Database::update`] would do to other rows, and everything that stands against it. The edit is made on a
    /// copy of the row.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Country { #[model(primary_key)] code: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct City { #[model(belongs_to(Country), name = country)] country_code: String }
    /// # let mut db = Database::builder().model::<Country>().model::<City>().build()?;
    /// # let burma = db.insert(Country { code: "bu".into() })?;
    /// # db.insert(City { country_code: "bu".into() })?;
    /// let plan = db.plan_update(burma, |country| country.code = "mm".into())?;
    /// assert_eq!(
    ///     plan.blocked[0].to_string(),
    ///     "Country 1v1 is referred to by 1 row(s) over `City`.country, the first is City 1v1: changing its key is restricted"
    /// );
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn plan_update<M: Model>(&self, id: Id<M>, edit: impl FnOnce(&mut M)) -> Result<UpdatePlan, Error> {
        let position = self.store.position::<M>()?;
        let mut row = self.get(id)?.clone();
        edit(&mut row);
        let (rows, keys) = (vec![row], vec![id.key()]);
        let followed = followed_keys(&self.store, position, &rows, &keys);
        let (planned, faults) = plan_update(&self.store, position, Pending::updates(rows, keys), followed);
        let blocked = faults.into_iter().map(|(_, error)| error).collect();
        Ok(UpdatePlan { row: id.erase(), changed: planned.changed(&self.store), blocked })
    }

    /// Stores a row in the place of another, under its id, and gives the old one back. Checks and follows as
    /// [`Database::update`] does.
    pub fn replace<M: Model>(&mut self, id: Id<M>, row: M) -> Result<M, Error> {
        let kept = self.copy_if_kept(id)?;
        let old = self.store_over(id, row, &mut Vec::new())?;
        Ok(old.or(kept).expect("the row was seen to be stored"))
    }

    /// Stores a row in the place of another; gives the old one, unless a transaction keeps it. `changed` gets the keys of
    /// other rows that have followed.
    #[inline]
    pub(super) fn store_over<M: Model>(
        &mut self,
        id: Id<M>,
        row: M,
        changed: &mut Vec<ChangedKey>,
    ) -> Result<Option<M>, Error> {
        let position = self.store.position::<M>()?;
        self.store.table_at::<M>(position).row(id)?;
        let keys = [id.key()];
        let followed = followed_keys(&self.store, position, std::slice::from_ref(&row), &keys);
        if followed.is_empty() {
            let plan = self.plan_one(position, Pending::updates(std::slice::from_ref(&row), &keys[..]))?;
            return Ok(apply::replace_one(&mut self.store, position, row, id.key(), &plan));
        }
        let pending = Pending::updates(vec![row], keys.to_vec());
        let (planned, faults) = plan_update(&self.store, position, pending, followed);
        if let Some((_, error)) = faults.into_iter().next() {
            return Err(error);
        }
        changed.extend(planned.changed(&self.store));
        let departed = apply::carry_out(&mut self.store, planned, &[]);
        let of_table = departed.replaced.into_iter().find(|(table, _)| *table == position);
        // The caller's row is the first of its table.
        Ok(of_table.and_then(|(_, rows)| rows.downcast::<Vec<M>>().ok()?.into_iter().next()))
    }

    /// Stores many rows in the places of others, all or none. Of `new` rows those that it says are stored under the next
    /// ids. Gives the rows of before in the same order, then perhaps others, unless a transaction keeps them, and the keys of
    /// other rows that have followed.
    pub(super) fn store_all_over<M: Model>(
        &mut self,
        rows: Vec<M>,
        keys: Vec<DefaultKey>,
        new: Option<&[bool]>,
    ) -> Result<(Vec<M>, Vec<ChangedKey>), Error> {
        let (slot, table) = self.store.slot::<M>()?;
        let position = slot.position;
        if new.is_none() && keeps_keys(table, &rows, &keys) {
            return Ok((apply::swap_all(&mut self.store, position, rows, &keys), Vec::new()));
        }
        let followed = followed_keys(&self.store, position, &rows, &keys);
        let count = rows.len();
        let inserted = new.map_or(0, |new| new.iter().filter(|is_new| **is_new).count());
        if followed.is_empty() {
            let pending = match new {
                None => Pending::updates(&rows[..], &keys[..]),
                Some(new) => Pending::upserts(&rows[..], &keys[..], new),
            };
            let (plan, faults) = plan_rows(&self.store, position, pending, Mode::Checked, VIOLATIONS_KEPT_MAX);
            refuse_batch(count, faults)?;
            apply::make_room::<M>(&mut self.store, position, inserted);
            return Ok((apply::replace(&mut self.store, position, rows, &keys, &plan), Vec::new()));
        }
        let pending = match new {
            None => Pending::updates(rows, keys),
            Some(new) => Pending::upserts(rows, keys, new),
        };
        let (planned, faults) = plan_update(&self.store, position, pending, followed);
        refuse_batch(count, faults.into())?;
        let changed = planned.changed(&self.store);
        apply::make_room::<M>(&mut self.store, position, inserted);
        let departed = apply::carry_out(&mut self.store, planned, &[]);
        let of_table = departed.replaced.into_iter().find(|(table, _)| *table == position);
        // The caller's rows are the first of their table.
        let old = of_table.and_then(|(_, rows)| rows.downcast::<Vec<M>>().ok()).map_or_else(Vec::new, |rows| *rows);
        Ok((old, changed))
    }

    /// A copy of a row that a statement is going to give out, where a transaction keeps the row itself.
    pub(super) fn copy_if_kept<M: Model>(&self, id: Id<M>) -> Result<Option<M>, Error> {
        Ok(if self.store.keeps_rows() { Some(self.get(id)?.clone()) } else { None })
    }

    /// Sets one field and gives its old value, through the same checks as [`Database::update`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// # let mars = db.insert(Planet { name: "Mars".into() })?;
    /// assert_eq!(db.set(mars, Planet::FIELDS.name, "Ares".into())?, "Mars");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn set<M: Model, V, P: Presence, F: FieldOf<M, V, P>>(
        &mut self,
        id: Id<M>,
        field: Field<M, V, P, F>,
        value: P::Out<V>,
    ) -> Result<P::Out<V>, Error> {
        self.update(id, |row| mem::replace(field.get_mut(row), value))
    }

    /// Stores a row in the place of the one that has the same unique key, or inserts it where there is none.
    /// Gives its id, and the row that was replaced. No check is bypassed (behaviour I14).
    #[expect(clippy::type_complexity, reason = "an id and perhaps a row is no new concept")]
    pub fn upsert<U: Unique>(&mut self, by: By<U>, row: U::Model) -> Result<(Id<U::Model>, Option<U::Model>), Error> {
        let _ = by;
        let table = self.table::<U::Model>()?;
        let stored = U::key(&row).and_then(|key| <ByKey<U> as Reference<_>>::find(table.rows, table.index, key));
        match stored {
            Some(key) => {
                let id = Id::from_key(key);
                Ok((id, Some(self.replace(id, row)?)))
            }
            None => Ok((self.insert(row)?, None)),
        }
    }

    /// Points a row's relation at another target (behaviour R5): sets the foreign key, through the same checks as
    /// [`Database::update`]. The row comes last among those that refer to the target; one that refers to it already keeps
    /// its place: see [`Database::place_before`].
    pub fn relate<R: Relation>(
        &mut self,
        source: Id<R::Source>,
        relation: BelongsTo<R>,
        target: Id<R::Target>,
    ) -> Result<(), Error> {
        let _ = relation;
        let key = self.key_of::<R>(target)?;
        self.update(source, |row| R::assign(row, Some(key)))
    }

    /// Clears a row's relation, where it is optional.
    pub fn unrelate<R: Relation<Presence = Optional>>(
        &mut self,
        source: Id<R::Source>,
        relation: BelongsTo<R>,
    ) -> Result<(), Error> {
        let _ = relation;
        self.update(source, |row| R::assign(row, None))
    }
}

/// How many violations of a batch are kept: each takes some 200 bytes, and a batch may have millions.
pub(super) const VIOLATIONS_KEPT_MAX: usize = 10_000;

/// The violations of a statement of many rows, in row order, as its error.
pub(super) fn refuse_batch(rows: usize, Faults { mut kept, count }: Faults) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    kept.sort_by_key(|(index, _)| *index);
    kept.truncate(VIOLATIONS_KEPT_MAX);
    let violations = kept.into_iter().map(|(index, error)| BatchViolation { index, error }).collect();
    Err(Error::BatchRefused { rows, count, violations })
}
