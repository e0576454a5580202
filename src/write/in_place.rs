//! Editing rows in place: their fields are lent, and nothing is checked; outside of transactions nothing is recorded or
//! copied either.

use crate::arena::RowChange;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::{Editable, Model};
use crate::undo;

impl Database {
    /// Lends the fields of a row that are in no key and no index, to be changed in place. O(1), runs no check.
    ///
    /// An edit in place is no step of a history: [`Database::undo`] leaves it as it is, unless it takes back a change of
    /// that field.
    pub fn get_mut<M: Model + Editable>(&mut self, id: Id<M>) -> Result<M::Mut<'_>, Error> {
        self.expect_no_transaction()?;
        let position = self.store.position::<M>()?;
        undo::settle(&mut self.store);
        if !self.store.feed.is_empty() && self.contains(id) {
            self.store.feed.touch(&[M::NAME]);
        }
        let (rows, _) = self.store.writer::<M>(position);
        let why = rows.why_missing(id.key());
        rows.get_mut(id.key()).map(M::lend).ok_or_else(|| Error::NotFound { row: id.erase(), why })
    }

    /// Lends those fields of every row in slot order, at the speed of the array. Runs no check. As with
    /// [`Database::get_mut`], this is no step of a history.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Body { #[model(unique)] name: String, x: f32, dx: f32 }
    ///
    /// # let mut db = Database::builder().model::<Body>().build()?;
    /// let comet = db.insert(Body { name: "Halley".into(), x: 0.0, dx: 0.5 })?;
    /// for (_, body) in db.iter_mut::<Body>()? {
    ///     *body.x += *body.dx; // `body.name` is a key: it can be read here, not changed
    /// }
    /// assert_eq!(db.get(comet)?.x, 0.5);
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[expect(clippy::iter_not_returning_iterator, reason = "it does, unless the model is not registered")]
    pub fn iter_mut<M: Model + Editable>(&mut self) -> Result<impl Iterator<Item = (Id<M>, M::Mut<'_>)>, Error> {
        self.expect_no_transaction()?;
        let position = self.store.position::<M>()?;
        undo::settle(&mut self.store);
        if !self.store.feed.is_empty() {
            self.store.feed.touch(&[M::NAME]);
        }
        let (rows, _) = self.store.writer::<M>(position);
        Ok(rows.iter_mut().map(|(key, row)| (Id::from_key(key), row.lend())))
    }

    /// [`Database::get_mut`] in a transaction: a copy of the row is kept, to be put back.
    pub(crate) fn get_mut_recorded<M: Model + Editable>(&mut self, id: Id<M>) -> Result<M::Mut<'_>, Error> {
        let position = self.store.position::<M>()?;
        let (rows, mut index) = self.store.writer::<M>(position);
        let Some(row) = rows.get(id.key()).cloned() else {
            return Err(Error::NotFound { row: id.erase(), why: rows.why_missing(id.key()) });
        };
        rows.replace_keeping(id.key(), row);
        index.record_row(id.key(), RowChange::Replaced);
        Ok(rows.get_mut(id.key()).expect("it has been found").lend())
    }

    /// [`Database::iter_mut`] in a transaction: a copy of each row is kept.
    pub(crate) fn iter_mut_recorded<M: Model + Editable>(
        &mut self,
    ) -> Result<impl Iterator<Item = (Id<M>, M::Mut<'_>)>, Error> {
        let position = self.store.position::<M>()?;
        let (rows, mut index) = self.store.writer::<M>(position);
        let copies: Vec<_> = rows.iter().map(|(key, row)| (key, row.clone())).collect();
        for (key, row) in copies {
            rows.replace_keeping(key, row);
            index.record_row(key, RowChange::Replaced);
        }
        Ok(rows.iter_mut().map(|(key, row)| (Id::from_key(key), row.lend())))
    }
}
