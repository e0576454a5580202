//! From the place of a relation back to its type: for what knows a relation as data only.

use super::{Model, Relation, Visitor};

/// What is to be done with a relation once its type is known.
pub(crate) trait WithRelation<M: Model> {
    /// What comes of it.
    type Out;
    /// Does it.
    fn with<R: Relation<Source = M>>(self) -> Self::Out;
}

/// Does `work` with the relation at a place among those of a model; `None` where there is no such place.
pub(crate) fn with_relation<M: Model, W: WithRelation<M>>(place: usize, work: W) -> Option<W::Out> {
    let mut at = At { place, work: Some(work), out: None };
    M::declare(&mut at);
    at.out
}

struct At<W, O> {
    place: usize,
    work: Option<W>,
    out: Option<O>,
}

impl<M: Model, W: WithRelation<M>> Visitor<M> for At<W, W::Out> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if R::INDEX == self.place
            && let Some(work) = self.work.take()
        {
            self.out = Some(work.with::<R>());
        }
    }
}
