//! The rows of a table seen without their model: [`AnyRows`] for the arena of every model, in one place.
use std::any::Any;
use slotmap::DefaultKey;

use crate::arena::Arena;
use crate::error::{Error, Missing};
use crate::index::Indexes;
use crate::model::Model;
use crate::table::{AnyRows, RowSet, Store, TableSlot};

impl<M: Model> AnyRows for Arena<M> {
    fn contains(&self, key: DefaultKey) -> bool {
        Arena::contains(self, key)
    }
    fn len(&self) -> usize {
        Arena::len(self)
    }
    fn why_missing(&self, key: DefaultKey) -> Missing {
        Arena::why_missing(self, key)
    }
    fn plan_removals(&self, _: &Indexes, _: &[DefaultKey]) -> Result<Vec<Option<u32>>, Error> {
        Ok(Vec::new())
    }
    fn remove_all(&mut self, _: &mut Indexes, _: &[DefaultKey], _: &[Option<u32>]) {}
    fn plan_clearing(&self, _: &Store, _: &[(DefaultKey, usize)], _: &RowSet) -> Result<Box<dyn Any>, Error> {
        Ok(Box::new(()))
    }
    fn clear_all(&mut self, _: &mut Indexes, _: Box<dyn Any>) {}
    fn check(&self, _: &Store, _: &TableSlot, _: &mut Vec<Error>) {}
}
