//! Recursion over a relation of a model to itself: all ancestors of a row, or all that is below it (behaviour R33).
//!
//! Breadth first, without recursion on the stack. Each row comes once for a source, and the source itself never: a
//! cycle ends where it closes. What has been seen is marked in a dense column by slot, which serves every source of an
//! inclusion: a source's own number is the mark, so that nothing is cleared in between.

use std::iter::FusedIterator;
use std::ops::Range;
use std::sync::Arc;

use slotmap::DefaultKey;

use super::many::ToMany;
use super::scope::refill;
use super::{Ends, Path, Sealed, is_broken, show_length};
use crate::database::Database;
use crate::error::Error;
use crate::id::{Id, slot_of};
use crate::index::links::no_target;
use crate::model::{AnyRelation, ListRelation, Model, Presence, Relation};
use crate::relation::{BelongsTo, HasMany, ReferencesMany};
use crate::table::Table;

/// A relation that leads back to its own model.
pub trait Reach: Path {
    /// The table.
    fn rows<'a>(opened: &Self::Opened<'a>) -> Table<'a, Self::From>;
    /// Adds what is one step from a row, in order; a key of no target says that there is nothing, or why the row breaks.
    fn reach(&self, opened: &Self::Opened<'_>, from: DefaultKey, found: &mut Vec<DefaultKey>);
}

impl<M: Model, R: Relation<Source = M, Target = M>> Reach for BelongsTo<R> {
    fn rows<'a>(opened: &Self::Opened<'a>) -> Table<'a, M> {
        opened.sources
    }
    fn reach(&self, opened: &Ends<'_, R>, from: DefaultKey, found: &mut Vec<DefaultKey>) {
        found.push(opened.link.target(from));
    }
}

/// One step over a relation to many rows.
fn reach_many<C: ToMany>(path: &C, opened: &C::Opened<'_>, from: DefaultKey, found: &mut Vec<DefaultKey>) {
    let mut owner = [from];
    C::check(opened, &mut owner);
    match owner {
        [stale] if no_target::is(stale) => found.push(stale),
        [owner] => path.gather(opened, owner, found),
    }
}

impl<M: Model, R: AnyRelation<Source = M, Target = M>> Reach for HasMany<R> {
    fn rows<'a>(opened: &Self::Opened<'a>) -> Table<'a, M> {
        <Self as ToMany>::table(opened)
    }
    fn reach(&self, opened: &Self::Opened<'_>, from: DefaultKey, found: &mut Vec<DefaultKey>) {
        reach_many(self, opened, from, found);
    }
}

impl<M: Model, L: ListRelation<Source = M, Target = M>> Reach for ReferencesMany<L> {
    fn rows<'a>(opened: &Self::Opened<'a>) -> Table<'a, M> {
        <Self as ToMany>::table(opened)
    }
    fn reach(&self, opened: &Self::Opened<'_>, from: DefaultKey, found: &mut Vec<DefaultKey>) {
        reach_many(self, opened, from, found);
    }
}

/// A relation followed again and again; made by `recursive` and `recursive_to`.
#[derive(Debug, Clone, Copy)]
pub struct Recursive<D> {
    direction: D,
    depth_max: usize,
}

macro_rules! recursive {
    ($($relation:ident $of:ident: $what:literal),+) => {$(
        impl<M: Model, R: $of<Source = M, Target = M>> $relation<R> {
            #[doc = concat!("All ", $what, " of a row, nearest first, each once: cycles end.")]
            pub const fn recursive(self) -> Recursive<Self> {
                self.recursive_to(usize::MAX)
            }

            #[doc = concat!("The ", $what, " of a row that are at most `depth_max` steps away, nearest first.")]
            pub const fn recursive_to(self, depth_max: usize) -> Recursive<Self> {
                Recursive { direction: self, depth_max }
            }
        }
    )+};
}
recursive!(
    BelongsTo Relation: "ancestors",
    HasMany AnyRelation: "descendants",
    ReferencesMany ListRelation: "rows listed, and listed by those,"
);

/// The rows that a recursive path reaches from one row: `(depth, id, row)`, nearest first; the first step has depth 1.
pub struct Reached<'a, M> {
    found: Arc<Found>,
    range: Range<usize>,
    table: Table<'a, M>,
}

impl<M> Clone for Reached<'_, M> {
    fn clone(&self) -> Self {
        Reached { found: Arc::clone(&self.found), range: self.range.clone(), table: self.table }
    }
}

impl<'a, M: Model> Iterator for Reached<'a, M> {
    type Item = (usize, Id<M>, &'a M);

    fn next(&mut self) -> Option<Self::Item> {
        let (depth, key) = self.found.rows[self.range.next()?];
        Some((depth, Id::from_key(key), self.table.get(Id::from_key(key))?))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}
impl<M: Model> ExactSizeIterator for Reached<'_, M> {}
impl<M: Model> FusedIterator for Reached<'_, M> {}
show_length!([M: Model] Reached<'_, M>, "Reached");

/// What has been found for a block of sources, one behind the other, with depths.
#[derive(Debug, Default)]
pub(super) struct Found {
    rows: Vec<(usize, DefaultKey)>,
    /// Where what was found for each source ends.
    ends: Vec<usize>,
}

/// What walking leaves, and what it is done with.
#[derive(Debug, Default)]
pub struct Walk {
    found: Arc<Found>,
    seen: Seen,
    step: Vec<DefaultKey>,
}

/// Which slots the walk from the present source has seen.
#[derive(Debug, Default)]
struct Seen {
    marks: Vec<u32>,
    mark: u32,
}

impl Seen {
    fn start(&mut self) {
        if self.mark == u32::MAX {
            *self = Seen::default();
        }
        self.mark += 1;
    }

    /// Marks a row, and says whether it is seen for the first time.
    fn is_new(&mut self, key: DefaultKey) -> bool {
        let slot = slot_of(key) as usize;
        if slot >= self.marks.len() {
            self.marks.resize(slot + 1, 0);
        }
        std::mem::replace(&mut self.marks[slot], self.mark) != self.mark
    }
}

impl<D: Reach> Recursive<D> {
    /// Adds to `rows` all that is reached from a source. `Err`: the row whose step breaks.
    fn walk(
        &self,
        opened: &D::Opened<'_>,
        source: DefaultKey,
        rows: &mut Vec<(usize, DefaultKey)>,
        seen: &mut Seen,
        step: &mut Vec<DefaultKey>,
    ) -> Result<(), DefaultKey> {
        if no_target::is(source) {
            return if is_broken(source) { Err(source) } else { Ok(()) };
        }
        seen.start();
        let mut next = rows.len();
        let (mut depth, mut from) = (0, source);
        loop {
            // At the deepest level one step more would only be thrown away, but for a source that is stale.
            if depth < self.depth_max || depth == 0 {
                step.clear();
                self.direction.reach(opened, from, step);
                if step.iter().any(|key| is_broken(*key)) {
                    return Err(from);
                }
                if depth == 0 {
                    // Only now is the source known to be a row: marks reach up to its slot, whose number a caller may have made up.
                    seen.is_new(source);
                }
                for key in step.drain(..) {
                    if !no_target::is(key) && depth < self.depth_max && seen.is_new(key) {
                        rows.push((depth + 1, key));
                    }
                }
            }
            let Some(row) = rows.get(next) else { return Ok(()) };
            (depth, from) = *row;
            next += 1;
        }
    }
}

impl<D> Sealed for Recursive<D> {}
impl<D: Reach + Clone> Path for Recursive<D> {
    type From = D::From;
    type Item<'a, Before: Presence> = Reached<'a, D::From>;
    type Opened<'a> = (D::Opened<'a>, Self);
    type Block = Walk;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok((self.direction.open(database)?, self.clone()))
    }
    fn resolve(&self, (opened, _): &Self::Opened<'_>, keys: &mut [DefaultKey], walk: &mut Walk) {
        let found = refill(&mut walk.found);
        found.rows.clear();
        found.ends.clear();
        for key in keys {
            if self.walk(opened, *key, &mut found.rows, &mut walk.seen, &mut walk.step).is_err() {
                *key = no_target::unresolved();
            }
            found.ends.push(found.rows.len());
        }
    }
    fn item<'a, Before: Presence>(
        (opened, _): &Self::Opened<'a>,
        walk: &Walk,
        i: usize,
        key: DefaultKey,
    ) -> Option<Reached<'a, D::From>> {
        if is_broken(key) {
            return None;
        }
        let found = Arc::clone(&walk.found);
        let start = i.checked_sub(1).map_or(0, |before| found.ends[before]);
        Some(Reached { range: start..found.ends[i], found, table: D::rows(opened) })
    }
    fn explain((opened, path): &Self::Opened<'_>, source: DefaultKey) -> Result<(), Error> {
        let walk = path.walk(opened, source, &mut Vec::new(), &mut Seen::default(), &mut Vec::new());
        walk.or_else(|row| D::explain(opened, row))
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use slotmap::DefaultKey;

    use super::{Path, Seen};
    use crate::id::key_from_parts;
    use crate::{Database, Id, Model};

    #[derive(Model, Clone, Serialize, Deserialize)]
    #[model(has_many(parts: Part))]
    struct Part {
        #[model(belongs_to)]
        whole_id: Option<Id<Part>>,
    }

    /// behaviour I19: an id that somebody has made up costs nothing, however high its slot number.
    #[test]
    fn marks_reach_up_to_slots_of_rows_only() {
        let mut db = Database::builder().model::<Part>().build().unwrap();
        let whole = db.insert(Part { whole_id: None }).unwrap();
        let part = db.insert(Part { whole_id: Some(whole) }).unwrap();
        let made_up = key_from_parts(1_000_000, 1).unwrap();
        let (mut seen, mut rows, mut step) = (Seen::default(), Vec::new(), Vec::new());
        let (up, down) = (Part::WHOLE.recursive(), Part::PARTS.recursive());
        let (upward, downward) = (up.open(&db).unwrap().0, down.open(&db).unwrap().0);
        assert_eq!(up.walk(&upward, made_up, &mut rows, &mut seen, &mut step), Err(made_up));
        assert_eq!(down.walk(&downward, made_up, &mut rows, &mut seen, &mut step), Err(made_up));
        assert_eq!((seen.marks.len(), rows.len()), (0, 0));
        assert_eq!(up.walk(&upward, part.key(), &mut rows, &mut seen, &mut step), Ok::<(), DefaultKey>(()));
        assert_eq!((seen.marks.len(), rows), (3, vec![(1, whole.key())]));
    }
}
