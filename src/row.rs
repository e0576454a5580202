//! Walking from row to row: `db.row(order)?.customer()?.name`.

use std::fmt;
use std::ops::Deref;

use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::links::no_target;
use crate::model::{AnyRelation, ListRelation, Model, Presence, Relation};
use crate::relation::{BelongsTo, HasMany, HasOne, ReferencesMany, Through};

/// A model whose rows can be walked from: the derive gives each a view with a method for each relation.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` cannot be walked from",
    note = "the derive writes the view; by hand, `type Row<'a> = RowRef<'a, Self>;` is enough"
)]
pub trait Navigate: Sized + 'static {
    /// The view of a row.
    type Row<'a>: From<RowRef<'a, Self>>;
}

/// The view of a row of `M` from which its relations are followed by name.
pub type Row<'a, M> = <M as Navigate>::Row<'a>;

/// A stored row, its id and its database: what every [`Row`] view is made around.
pub struct RowRef<'a, M> {
    database: &'a Database,
    id: Id<M>,
    row: &'a M,
}

impl<M> Clone for RowRef<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for RowRef<'_, M> {}
impl<M: fmt::Debug> fmt::Debug for RowRef<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowRef").field("id", &self.id).field("row", self.row).finish_non_exhaustive()
    }
}
impl<M> Deref for RowRef<'_, M> {
    type Target = M;

    fn deref(&self) -> &M {
        self.row
    }
}

impl Database {
    /// The view of a row from which its relations are followed by name. O(1).
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// # let planet_id = db.insert(Planet { name: "Mars".into() })?;
    /// # let phobos = db.insert(Moon { planet_id })?;
    /// assert_eq!(db.row(phobos)?.planet()?.name, "Mars");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn row<M: Model + Navigate>(&self, id: Id<M>) -> Result<Row<'_, M>, Error> {
        Ok(RowRef { database: self, id, row: self.get(id)? }.into())
    }
}

impl<'a, M: Model> RowRef<'a, M> {
    /// The row's id.
    pub fn id(&self) -> Id<M> {
        self.id
    }

    /// The row, for as long as the database is borrowed.
    pub fn get(&self) -> &'a M {
        self.row
    }

    /// The database that the row is in.
    pub fn database(&self) -> &'a Database {
        self.database
    }

    /// The row at the other end of a belongs_to relation. O(1).
    pub fn target<R>(&self, relation: BelongsTo<R>) -> Result<<R::Presence as Presence>::Out<Row<'a, R::Target>>, Error>
    where
        R: Relation<Source = M>,
        R::Target: Navigate,
    {
        let _ = relation;
        let source = self.database.table::<M>()?;
        let key = source.index.links[R::INDEX].target(self.id.key());
        let row = self.database.table::<R::Target>()?.rows.get(key);
        let row = row.map(|row| RowRef { database: self.database, id: Id::from_key(key), row }.into());
        if row.is_none() && key != no_target::absent() {
            return Err(crate::include::unresolved::<R>(self.id.key(), self.row));
        }
        <R::Presence as Presence>::out(row).ok_or_else(|| crate::include::unresolved::<R>(self.id.key(), self.row))
    }

    /// The rows that belong to this one, in the order in which they joined it.
    pub fn sources<R>(&self, relation: HasMany<R>) -> impl Iterator<Item = Row<'a, R::Source>> + use<'a, M, R>
    where
        R: AnyRelation<Target = M>,
        R::Source: Navigate,
    {
        let _ = relation;
        let database = self.database;
        let source = database.table::<R::Source>().ok();
        let keys = source.map(|table| R::referrers(table.index).sources(self.id.key()));
        keys.into_iter().flatten().filter_map(move |key| {
            let row = source?.rows.get(key)?;
            Some(RowRef { database, id: Id::from_key(key), row }.into())
        })
    }

    /// The rows that this one lists, in the order of the list. An error where an id in it names no row.
    pub fn listed<L>(
        &self,
        relation: ReferencesMany<L>,
    ) -> Result<impl Iterator<Item = Row<'a, L::Target>> + use<'a, M, L>, Error>
    where
        L: ListRelation<Source = M>,
        L::Target: Navigate,
    {
        let database = self.database;
        let rows = database.related(self.id, relation)?;
        Ok(rows.map(move |(id, row)| RowRef { database, id, row }.into()))
    }

    /// The rows that are linked to this one, in the order of linking. An error where a link names no row.
    pub fn linked<A, B>(
        &self,
        relation: Through<A, B>,
    ) -> Result<impl Iterator<Item = Row<'a, B::Target>> + use<'a, M, A, B>, Error>
    where
        A: Relation<Target = M>,
        B: Relation<Source = A::Source>,
        B::Target: Navigate,
    {
        let database = self.database;
        let rows = database.related(self.id, relation)?;
        Ok(rows.map(move |(id, row)| RowRef { database, id, row }.into()))
    }

    /// The row that belongs to this one, if there is one. O(1).
    pub fn source<R>(&self, relation: HasOne<R>) -> Option<Row<'a, R::Source>>
    where
        R: Relation<Target = M>,
        R::Source: Navigate,
    {
        let _ = relation;
        self.sources(HasMany::<R>::new()).next()
    }
}
