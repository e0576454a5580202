//! The rows that `set_default` falls back to, where the key is an id (behaviour I13).

use super::apply;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::{ById, Relation};
use crate::relation::BelongsTo;

impl Database {
    /// Sets the row that `set_default` points sources at, or none, and gives the one of before.
    ///
    /// The row must be stored, and stays: to delete it is [`Error::IsDefault`]. Without one `set_default` is refused
    /// ([`Error::NoDefault`]). It is saved with the database and taken back with its transaction. Relations that refer by a
    /// natural key declare their default instead (`default = ..`). O(1).
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Guild { name: String }
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Player {
    ///     #[model(belongs_to, on_delete = set_default)]
    ///     guild_id: Id<Guild>,
    /// }
    ///
    /// # let mut db = Database::builder().model::<Guild>().model::<Player>().build()?;
    /// let [none, red] = ["no guild", "red"].map(|name| Guild { name: name.into() });
    /// let (none, red) = (db.insert(none)?, db.insert(red)?);
    /// db.set_default_target(Player::GUILD, Some(none))?;
    /// let thor = db.insert(Player { guild_id: red })?;
    /// db.delete(red)?;
    /// assert_eq!(db.get(thor)?.guild_id, none);
    /// assert!(db.delete(none).is_err());
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn set_default_target<R: Relation<Reference = ById<<R as Relation>::Target>>>(
        &mut self,
        relation: BelongsTo<R>,
        target: Option<Id<R::Target>>,
    ) -> Result<Option<Id<R::Target>>, Error> {
        let before = self.default_target(relation)?;
        if let Some(target) = target {
            self.get(target)?;
        }
        let position = self.store.position::<R::Source>()?;
        apply::set_default_target(&mut self.store, position, R::INDEX, target.map(Id::key));
        Ok(before)
    }

    /// The row that `set_default` points sources at, if one is set. O(1).
    pub fn default_target<R: Relation<Reference = ById<<R as Relation>::Target>>>(
        &self,
        relation: BelongsTo<R>,
    ) -> Result<Option<Id<R::Target>>, Error> {
        let _ = relation;
        let link = &self.table::<R::Source>()?.index.links[R::INDEX];
        Ok(link.default_target().map(Id::from_key))
    }
}
