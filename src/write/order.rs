//! The order in which a target's sources stand: that in which they have joined it, unless they are placed otherwise.

use slotmap::DefaultKey;

use super::apply;
use crate::database::Database;
use crate::error::Error;
use crate::id::{Id, RowId};
use crate::index::links::{Link, no_target};
use crate::model::{Model, Relation};
use crate::relation::BelongsTo;

impl Database {
    /// Places a row before another that refers to the same target: among the target's children it stands there from now
    /// on (behaviour R76). No key changes, so nothing is checked. O(rows that refer to the target).
    ///
    /// [`Error::NotOwned`] where the two refer to different rows, [`Error::NoTarget`] where the other refers to none.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # #[model(has_many(tracks: Track))]
    /// # struct Album { title: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Track { #[model(belongs_to)] album_id: Id<Album> }
    /// # let mut db = Database::builder().model::<Album>().model::<Track>().build()?;
    /// # let album_id = db.insert(Album { title: "Low".into() })?;
    /// let [first, second, third] = [0; 3].map(|_| db.insert(Track { album_id }).unwrap());
    /// db.place_before(third, Track::ALBUM, first)?;
    /// db.place_last(first, Track::ALBUM)?;
    /// assert!(db.children(album_id, Album::TRACKS)?.map(|(id, _)| id).eq([third, second, first]));
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn place_before<R: Relation>(
        &mut self,
        source: Id<R::Source>,
        relation: BelongsTo<R>,
        other: Id<R::Source>,
    ) -> Result<(), Error> {
        let _ = relation;
        let target = self.expect_target::<R>(other)?;
        let links = self.links_of::<R>(source)?;
        if links.target(source.key()) != target {
            let owner = RowId { table: R::Target::NAME, key: target };
            return Err(Error::NotOwned { row: source.erase(), owner, relation: R::NAME });
        }
        let mut sources: Vec<DefaultKey> = links.sources(target).filter(|key| *key != source.key()).collect();
        let place = sources.iter().position(|key| *key == other.key()).unwrap_or(sources.len());
        sources.insert(place, source.key());
        self.order::<R>(Id::from_key(target), &sources)
    }

    /// Places a row behind all others that refer to the same target, as if it had joined it just now. O(1).
    /// [`Error::NoTarget`] where it refers to none.
    pub fn place_last<R: Relation>(&mut self, source: Id<R::Source>, relation: BelongsTo<R>) -> Result<(), Error> {
        let _ = relation;
        let target = self.expect_target::<R>(source)?;
        if self.links_of::<R>(source)?.sources(target).next_back() != Some(source.key()) {
            let position = self.store.position::<R::Source>()?;
            apply::rejoin(&mut self.store, position, R::INDEX, &[source.key()]);
        }
        Ok(())
    }

    /// Gives the sources of a target, all of which these are, this order. O(sources).
    pub(crate) fn order<R: Relation>(&mut self, target: Id<R::Target>, sources: &[DefaultKey]) -> Result<(), Error> {
        let position = self.store.position::<R::Source>()?;
        let link = &self.store.tables[position as usize].index.links[R::INDEX];
        let stay = link.sources(target.key()).zip(sources).take_while(|(old, new)| old == *new).count();
        apply::rejoin(&mut self.store, position, R::INDEX, &sources[stay..]);
        Ok(())
    }

    /// The links of a stored row's relation.
    fn links_of<R: Relation>(&self, source: Id<R::Source>) -> Result<&Link, Error> {
        let table = self.table::<R::Source>()?;
        table.row(source)?;
        Ok(&table.index.links[R::INDEX])
    }

    fn expect_target<R: Relation>(&self, source: Id<R::Source>) -> Result<DefaultKey, Error> {
        let target = self.links_of::<R>(source)?.target(source.key());
        let no_target = Error::NoTarget { row: source.erase(), relation: R::NAME };
        if no_target::is(target) { Err(no_target) } else { Ok(target) }
    }
}
