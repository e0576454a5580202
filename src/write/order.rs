//! The order in which a target's sources stand: that in which they have joined it, unless it is said otherwise.

use slotmap::DefaultKey;

use super::apply;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::Relation;

impl Database {
    /// Gives the sources of a target, all of which these are, this order. O(sources).
    pub(crate) fn order<R: Relation>(&mut self, target: Id<R::Target>, sources: &[DefaultKey]) -> Result<(), Error> {
        let position = self.store.position::<R::Source>()?;
        let link = &self.store.tables[position as usize].index.links[R::INDEX];
        let stay = link.sources(target.key()).zip(sources).take_while(|(old, new)| old == *new).count();
        apply::rejoin(&mut self.store, position, R::INDEX, &sources[stay..]);
        Ok(())
    }
}
