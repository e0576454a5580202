//! Writing through an owner: rows of a has_many or has_one that can only be that owner's (behaviours R10 to R22).

use slotmap::DefaultKey;

use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::{KeyOf, Model, Reference, Relation};
use crate::relation::Inverse;

/// The source model of an inverse relation.
pub type Source<I> = <<I as Inverse>::Relation as Relation>::Source;
/// The model of its owners.
pub type Owner<I> = <<I as Inverse>::Relation as Relation>::Target;

impl Database {
    /// Stores a row that belongs to `owner`: `make` gets the foreign key, and must put it in.
    ///
    /// A row that comes back with another key is refused, as is an owner that is not stored, and a second row for the
    /// owner of a has_one.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # #[model(has_many(moons: Moon))] struct Planet { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// # let mars = db.insert(Planet { name: "Mars".into() })?;
    /// let phobos = db.create(mars, Planet::MOONS, |planet_id| Moon { planet_id })?;
    /// assert_eq!(db.row(phobos)?.planet()?.name, "Mars");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn create<I: Inverse>(
        &mut self,
        owner: Id<Owner<I>>,
        relation: I,
        make: impl FnOnce(KeyOf<I::Relation>) -> Source<I>,
    ) -> Result<Id<Source<I>>, Error> {
        let _ = relation;
        let key = self.key_of::<I::Relation>(owner)?;
        let row = make(key.clone());
        expect_key::<I::Relation>(&row, &key)?;
        self.insert(row)
    }

    /// Stores many rows that belong to `owner`, all or none.
    pub fn create_many<I: Inverse>(
        &mut self,
        owner: Id<Owner<I>>,
        relation: I,
        make: impl FnOnce(KeyOf<I::Relation>) -> Vec<Source<I>>,
    ) -> Result<Vec<Id<Source<I>>>, Error> {
        let _ = relation;
        let key = self.key_of::<I::Relation>(owner)?;
        let rows = make(key.clone());
        rows.iter().try_for_each(|row| expect_key::<I::Relation>(row, &key))?;
        self.insert_many(rows)
    }

    /// A row of `owner`; another owner's is [`Error::NotOwned`] (behaviour R17).
    pub fn get_in<I: Inverse>(&self, owner: Id<Owner<I>>, relation: I, id: Id<Source<I>>) -> Result<&Source<I>, Error> {
        let _ = relation;
        self.get(owner)?;
        let table = self.table::<Source<I>>()?;
        let row = table.row(id)?;
        if table.index.links[I::Relation::INDEX].target(id.key()) == owner.key() {
            Ok(row)
        } else {
            Err(Error::NotOwned { row: id.erase(), owner: owner.erase(), relation: I::Relation::NAME })
        }
    }

    /// Edits a row of `owner`, which it must stay (behaviours R13, R17).
    pub fn update_in<I: Inverse, T>(
        &mut self,
        owner: Id<Owner<I>>,
        relation: I,
        id: Id<Source<I>>,
        edit: impl FnOnce(&mut Source<I>) -> T,
    ) -> Result<T, Error> {
        let mut row = self.get_in(owner, relation, id)?.clone();
        let key = self.key_of::<I::Relation>(owner)?;
        let result = edit(&mut row);
        expect_key::<I::Relation>(&row, &key)?;
        self.store_over(id, row, &mut Vec::new())?;
        Ok(result)
    }

    /// Deletes a row of `owner`, with what that takes along (behaviours R13, R17).
    pub fn delete_in<I: Inverse>(
        &mut self,
        owner: Id<Owner<I>>,
        relation: I,
        id: Id<Source<I>>,
    ) -> Result<super::Deleted<Source<I>>, Error> {
        self.get_in(owner, relation, id)?;
        self.delete(id)
    }

    /// Edits every row of `owner`, all or none, and gives their number (behaviour R19).
    pub fn update_all<I: Inverse>(
        &mut self,
        owner: Id<Owner<I>>,
        relation: I,
        mut edit: impl FnMut(&mut Source<I>),
    ) -> Result<usize, Error> {
        let keys = self.keys_in(owner, relation)?;
        let key = self.key_of::<I::Relation>(owner)?;
        let table = self.table::<Source<I>>()?;
        let count = keys.len();
        let mut rows: Vec<Source<I>> = keys.iter().filter_map(|key| table.rows.get(*key).cloned()).collect();
        rows.iter_mut().for_each(&mut edit);
        rows.iter().try_for_each(|row| expect_key::<I::Relation>(row, &key))?;
        self.store_all_over(rows, keys, None)?;
        Ok(count)
    }

    /// Deletes every row of `owner`, all or none, with what that takes along, and gives their number (behaviour R19).
    pub fn delete_all<I: Inverse>(&mut self, owner: Id<Owner<I>>, relation: I) -> Result<usize, Error> {
        let keys = self.keys_in(owner, relation)?;
        let count = keys.len();
        self.delete_together::<Source<I>>(keys)?;
        Ok(count)
    }

    fn keys_in<I: Inverse>(&self, owner: Id<Owner<I>>, relation: I) -> Result<Vec<DefaultKey>, Error> {
        let _ = relation;
        self.get(owner)?;
        let link = &self.table::<Source<I>>()?.index.links[I::Relation::INDEX];
        Ok(link.sources(owner.key()).collect())
    }
}

/// Refuses a row whose foreign key is not the owner's.
pub(crate) fn expect_key<R: Relation>(row: &R::Source, owner: &KeyOf<R>) -> Result<(), Error> {
    let expected = R::Reference::lend(owner);
    if R::key(row).is_some_and(|key| R::Reference::same(key, expected)) {
        return Ok(());
    }
    Err(Error::ForeignKeyOverridden {
        model: R::Source::NAME,
        relation: R::NAME,
        expected: R::Reference::describe(expected),
    })
}
