//! An inclusion on several threads.

use rayon::iter::plumbing::UnindexedConsumer;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::{BLOCK, Include, Pair, Path};
use crate::error::Error;
use crate::id::Id;

/// How many ids a thread takes at once: whole blocks, and so many that taking them costs nothing beside.
const CHUNK: usize = 16 * BLOCK;

/// An inclusion on the threads of rayon, see [`Include::into_par_iter`]: the same results in the same order.
#[must_use = "a parallel iterator does nothing until it is driven"]
pub struct ParInclude<'a, 'i, P: Path> {
    path: P,
    opened: Result<P::Opened<'a>, Error>,
    /// What is left of a block that was begun, and all after it.
    ids: [&'i [Id<P::From>]; 2],
}

/// Needs the feature `rayon`. It pays from some ten thousand rows on, where hops go out of the caches: then threads wait
/// for the memory side by side.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { mass: u64 }
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
/// # let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
/// # let planet_id = db.insert(Planet { mass: 3 })?;
/// use rayon::prelude::*;
///
/// let moons = db.insert_many(vec![Moon { planet_id }; 10_000])?;
/// let pairs = db.include(&moons, Moon::PLANET).into_par_iter();
/// let mass: u64 = pairs.map(|pair| Ok(pair?.1.mass)).sum::<Result<_, Error>>()?;
/// assert_eq!(mass, 30_000);
/// # Ok::<(), relata::Error>(())
/// ```
impl<'a, 'i, P> IntoParallelIterator for Include<'a, 'i, P>
where
    P: Path + Clone + Send + Sync,
    P::Opened<'a>: Send + Sync,
    Pair<'a, P>: Send,
{
    type Iter = ParInclude<'a, 'i, P>;
    type Item = Result<Pair<'a, P>, Error>;

    fn into_par_iter(self) -> Self::Iter {
        let (path, opened, ids) = self.left();
        ParInclude { path, opened, ids }
    }
}

impl<'a, P> ParallelIterator for ParInclude<'a, '_, P>
where
    P: Path + Clone + Send + Sync,
    P::Opened<'a>: Send + Sync,
    Pair<'a, P>: Send,
{
    type Item = Result<Pair<'a, P>, Error>;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        let ParInclude { path, opened, ids } = self;
        let [begun, after] = ids;
        let chunks = begun.par_chunks(CHUNK).chain(after.par_chunks(CHUNK));
        chunks.flat_map_iter(|ids| Include::new(ids, path.clone(), opened.clone())).drive_unindexed(consumer)
    }
}

impl<P: Path> std::fmt::Debug for ParInclude<'_, '_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParInclude")
            .field("len", &self.ids.iter().map(|ids| ids.len()).sum::<usize>())
            .finish_non_exhaustive()
    }
}
