//! A join on several threads.

use std::fmt;
use std::iter::Copied;
use std::slice;

use rayon::iter::ParallelIterator;
use rayon::iter::plumbing::UnindexedConsumer;
use rayon::slice::ParallelSlice;
use slotmap::DefaultKey;

use super::iter::{Block, Sources};
use super::stage::{Column, Source, Stage};
use super::{BLOCK, Join, Sealed};
use crate::error::Error;

/// How many rows of the first table a thread takes at once: whole blocks, and so many that taking them costs nothing
/// beside.
const CHUNK: usize = 16 * BLOCK;

/// The results of a join on the threads of rayon, see [`Join::par_iter`].
#[must_use = "a parallel iterator does nothing until it is driven"]
pub struct ParJoin<'a, S: Stage<'a>> {
    sources: Sources<'a, S::First>,
    stages: S,
}

impl<'a, S: Stage<'a>> Join<'a, S> {
    /// Opens the join, to be iterated on the threads of rayon: the same results, in the same order where rayon keeps one
    /// (`collect`). Needs the feature `rayon`.
    ///
    /// The rows of the first table are divided among the threads; their keys are listed first, 8 bytes each. It pays from
    /// some ten thousand rows on, and where hops go out of the caches: threads wait for the memory side by side. A filter
    /// that counts its calls, or groups of all results, belong to [`Join::iter`]. Errors as there.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { mass: u64 }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
    /// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
    /// # let planet_id = db.insert(Planet { mass: 3 })?;
    /// # db.insert_many(vec![Moon { planet_id }; 10_000])?;
    /// use rayon::prelude::*;
    ///
    /// let mass: u64 = db.join(Moon::PLANET).par_iter()?.map(|(_, planet)| planet.mass).sum();
    /// assert_eq!(mass, 30_000);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn par_iter(self) -> Result<ParJoin<'a, S>, Error> {
        let (sources, stages) = self.opened?;
        Ok(ParJoin { sources, stages })
    }
}

impl<'a, S: Stage<'a, Item: Send> + Send + Sync> ParallelIterator for ParJoin<'a, S> {
    type Item = S::Item;

    fn drive_unindexed<C: UnindexedConsumer<S::Item>>(self, consumer: C) -> C::Result {
        let ParJoin { sources, stages } = self;
        let keys: Vec<DefaultKey> = match sources {
            Sources::Table(keys) => keys.collect(),
            Sources::Linked(keys) => keys.collect(),
            Sources::Keys(keys) => keys.collect(),
            Sources::Ids(ids) => ids.map(|id| id.key()).collect(),
        };
        let stages = &stages;
        let parts = keys.par_chunks(CHUNK);
        parts
            .flat_map_iter(|keys| Part { keys: keys.iter().copied(), block: Block::new(stages) })
            .drive_unindexed(consumer)
    }
}

impl<'a, S: Stage<'a>> fmt::Debug for ParJoin<'a, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParJoin").field("tables", &S::WIDTH).finish_non_exhaustive()
    }
}

/// The results of some rows of the first table.
struct Part<'k, 'a, S: Stage<'a>> {
    keys: Copied<slice::Iter<'k, DefaultKey>>,
    block: Block<'a, &'k S>,
}

impl<'a, S: Stage<'a>> Iterator for Part<'_, 'a, S> {
    type Item = S::Item;

    #[inline]
    fn next(&mut self) -> Option<S::Item> {
        self.block.next(&mut self.keys)
    }
    #[inline]
    fn fold<B, F: FnMut(B, S::Item) -> B>(mut self, init: B, f: F) -> B {
        self.block.fold(&mut self.keys, init, f)
    }
}

/// The threads share the stages of a join.
impl<S> Sealed for &S {}
impl<'a, S: Stage<'a>> Stage<'a> for &S {
    type First = S::First;
    type Last = S::Last;
    type Item = S::Item;
    type Progress = S::Progress;
    const WIDTH: usize = S::WIDTH;
    const END: usize = S::END;

    fn fill(&self, source: &mut impl Source, progress: &mut S::Progress, buffer: &mut [Column]) -> usize {
        (**self).fill(source, progress, buffer)
    }
    #[inline]
    fn item(&self, columns: &[Column], place: u8) -> S::Item {
        (**self).item(columns, place)
    }
}
