//! Running a query: from the plan to the rows.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::ControlFlow;

use slotmap::DefaultKey;

use super::Query;
use super::order::{Order, SortKeys, sort_keys};
use crate::arena::Arena;
use crate::error::Error;
use crate::id::{Id, slot_of};
use crate::index::secondary;
use crate::model::Model;
use crate::order::IndexKey;
use crate::predicate::plan::{self, Walk, WalkRange, Way};
use crate::predicate::{At, CHUNK, Condition, Conjuncts, Reads, Test, Truth, Truths};
use crate::table::Table;

/// The rows of a [`Query`] with their ids.
///
/// Hot loops use `for_each`, `fold`, `sum` and the like, which go through a chunk at a time.
pub struct Rows<'a, M, T> {
    pub(super) table: Table<'a, M>,
    source: Source<'a>,
    test: T,
    skip: usize,
    limit: usize,
}

/// Where rows come from.
#[expect(clippy::large_enum_variant, reason = "there is one for each query, and a box would be one more for each")]
enum Source<'a> {
    /// All slots, from one on.
    Scan(Chunks),
    /// Keys that have to be tested, in the order of the query.
    Keys(std::vec::IntoIter<DefaultKey>),
    /// Keys that pass, in the order of the query.
    Exact(std::vec::IntoIter<DefaultKey>),
    /// An index in the order of the query; whether its rows pass.
    Walk(secondary::Walk<'a>, bool),
}

/// The slots of a scan that pass, chunk by chunk.
struct Chunks {
    /// Where the next chunk begins, and which slots before this are passed over.
    next: usize,
    from: usize,
    passing: Vec<u32>,
    given: usize,
}

/// How a query gets at its rows.
pub(super) enum Plan {
    Scan,
    Way(Way),
    Walk(Walk),
}

impl<'a, M: Model, C: Condition<M>> Query<'a, M, C> {
    /// The plan, with the other ways that there are.
    pub(super) fn plan(&self, conjuncts: &Conjuncts<'_>) -> Result<(Plan, Vec<Way>), Error> {
        let table = self.database.table::<M>()?;
        let ways = if conjuncts.is_empty() { Vec::new() } else { plan::ways(self.database, table, conjuncts) };
        let shortest = ways.iter().min_by_key(|way| way.rows).filter(|way| is_worth_it(way, table.len()));
        let rows = shortest.map_or(table.len(), |way| way.rows);
        if let Some(walk) = plan::walk(table, conjuncts, &self.orders.iter().map(|order| (order.field, order.descends)))
        {
            let wanted = self.skip.saturating_add(self.limit);
            // What is left to be tested is taken to hold as often as the shortest way leads to a row, where that is known.
            let is_exact = walk.is_exact(conjuncts);
            let share = walk.rows.max(1).div_ceil(rows.max(1));
            let passed = if is_exact { walk.rows.min(wanted) } else { wanted.saturating_mul(share).min(walk.rows) };
            // To sort costs more than to pass by.
            if is_exact || passed < rows / 2 {
                return Ok((Plan::Walk(walk), ways));
            }
        }
        Ok((shortest.cloned().map_or(Plan::Scan, Plan::Way), ways))
    }

    /// How many rows there are, where an index says it.
    pub(super) fn count_of_way(&self) -> Result<Option<usize>, Error> {
        let table = self.database.table::<M>()?;
        let conjuncts = Conjuncts::of::<M, C>(&self.condition);
        if conjuncts.is_empty() {
            return Ok(None);
        }
        let mut ways = plan::ways_by_index(table, &conjuncts);
        Ok(ways.find(|way| way.is_exact(&conjuncts) && !way.may_repeat()).map(|way| way.rows))
    }

    pub(super) fn run(self) -> Result<Rows<'a, M, C::Opened<'a>>, Error> {
        self.run_after(None)
    }

    /// The rows behind a place: the keys of a row by its orders, and the row.
    pub(super) fn run_after(
        self,
        after: Option<(&[IndexKey], DefaultKey)>,
    ) -> Result<Rows<'a, M, C::Opened<'a>>, Error> {
        let table = self.database.table::<M>()?;
        let test = self.condition.open(self.database)?;
        let conjuncts = Conjuncts::of::<M, C>(&self.condition);
        let (plan, _) = self.plan(&conjuncts)?;
        let (mut skip, limit) = (self.skip, self.limit);
        let source = match plan {
            Plan::Walk(walk) => {
                let is_exact = walk.is_exact(&conjuncts);
                let range = if let WalkRange::Range(range) = &walk.range { Some(range) } else { None };
                let index = &table.index.secondary[walk.index];
                let descends = self.orders[0].descends;
                let place = after.map(|(keys, row)| (walk.place(keys), row));
                let passed = if is_exact { std::mem::take(&mut skip) } else { 0 };
                let place = place.as_ref().map(|(key, row)| (key, *row));
                Source::Walk(index.walk(range, descends, place, passed), is_exact)
            }
            plan => {
                let way = if let Plan::Way(way) = &plan { Some(way) } else { None };
                let is_exact = way.is_some_and(|way| way.is_exact(&conjuncts));
                if self.orders.is_empty() {
                    let from = after.map_or(0, |(_, row)| slot_of(row) as usize + 1);
                    match way {
                        None => Source::Scan(Chunks::from(from)),
                        Some(way) => {
                            let mut keys = way.keys(table);
                            keys.retain(|key| slot_of(*key) as usize >= from);
                            keys.sort_unstable();
                            keys.dedup();
                            let keys = keys.into_iter();
                            if is_exact { Source::Exact(keys) } else { Source::Keys(keys) }
                        }
                    }
                } else {
                    let most = skip.saturating_add(limit);
                    let keys = self.sorted(table, &test, way, after, most);
                    Source::Exact(keys.into_iter())
                }
            }
        };
        Ok(Rows { table, source, test, skip, limit })
    }

    /// The first `most` keys in the order of the query, which pass.
    fn sorted(
        &self,
        table: Table<'a, M>,
        test: &C::Opened<'a>,
        way: Option<&Way>,
        after: Option<(&[IndexKey], DefaultKey)>,
        most: usize,
    ) -> Vec<DefaultKey> {
        let orders: &[Order<M>] = &self.orders;
        let place = after.map(|(keys, row)| {
            let keys: SortKeys = orders.iter().zip(keys).map(|(order, key)| order.ascending(key.clone())).collect();
            (keys, row)
        });
        let mut found: Vec<(SortKeys, DefaultKey)> = Vec::new();
        let mut add = |at: At<'a, M>| {
            let entry = (sort_keys(orders, at.row()), at.key());
            if place.as_ref().is_none_or(|place| entry > *place) {
                found.push(entry);
            }
            // What can no more be among the first is dropped now and then.
            if most < usize::MAX / 2 && found.len() >= 2 * most + 1024 {
                found.select_nth_unstable(most);
                found.truncate(most);
            }
            ControlFlow::<()>::Continue(())
        };
        let source = match way {
            None => Source::Scan(Chunks::from(0)),
            Some(way) => {
                let mut keys = way.keys(table);
                if way.may_repeat() {
                    keys.sort_unstable();
                    keys.dedup();
                }
                Source::Keys(keys.into_iter())
            }
        };
        let _ = drive(table.rows, source, test, &mut add);
        found.sort_unstable();
        found.truncate(most);
        found.into_iter().map(|(_, key)| key).collect()
    }
}

/// Whether a way is shorter than a scan: rows that are touched here and there cost more than those that lie side by side.
fn is_worth_it(way: &Way, len: usize) -> bool {
    way.rows <= len / 4 || way.rows <= 16
}

impl Chunks {
    fn from(from: usize) -> Self {
        Chunks { next: from / CHUNK * CHUNK, from, passing: Vec::new(), given: 0 }
    }

    /// Finds the slots of the next chunk that pass; `false` where there is none.
    fn fill<M: Model, T: Test<M>>(&mut self, rows: &Arena<M>, test: &T) -> bool {
        self.passing.clear();
        self.given = 0;
        let reads = reads(rows, test);
        let mut truths: Truths = [Truth::True as u8; CHUNK];
        while self.next < rows.next_slot() as usize {
            let first = self.next;
            self.next += CHUNK;
            if reads == Reads::Rows {
                for slot in first..(first + CHUNK).min(rows.next_slot() as usize) {
                    if let Some((key, row)) = rows.in_slot(slot as u32)
                        && test.test(&At::of_row(rows, key, row)) == Truth::True
                    {
                        self.passing.push(slot as u32);
                    }
                }
            } else {
                test.bound(first, &mut truths);
                self.passing.resize(CHUNK, 0);
                let mut passing = 0;
                for (word, truths) in truths.chunks_exact(64).enumerate() {
                    let stored = rows.stored_word(first / 64 + word);
                    for (bit, truth) in truths.iter().enumerate() {
                        // Written whether it passes or not, so that nothing has to be foretold.
                        self.passing[passing] = (first + word * 64 + bit) as u32;
                        passing += usize::from(*truth == Truth::True as u8) & (stored >> bit & 1) as usize;
                        if passing == CHUNK {
                            break;
                        }
                    }
                }
                self.passing.truncate(passing);
                if reads != Reads::Columns {
                    self.passing.retain(|slot| test.test(&At::of_slot(rows, *slot)) == Truth::True);
                }
            }
            if self.from > first {
                let from = self.from as u32;
                self.passing.retain(|slot| *slot >= from);
            }
            if !self.passing.is_empty() {
                return true;
            }
        }
        false
    }
}

/// What of a condition is in columns: nothing where there are none, not even of one that holds for every row.
fn reads<M: Model>(rows: &Arena<M>, test: &impl Test<M>) -> Reads {
    if rows.has_columns() { test.reads() } else { Reads::Rows }
}

/// Shows all rows that pass, until `show` breaks.
fn drive<'a, M: Model, T: Test<M>, B>(
    rows: &'a Arena<M>,
    source: Source<'a>,
    test: &T,
    show: &mut impl FnMut(At<'a, M>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    match source {
        Source::Scan(chunks) if reads(rows, test) == Reads::Rows && chunks.given == chunks.passing.len() => {
            for (key, row) in rows.iter() {
                if (slot_of(key) as usize) < chunks.next.max(chunks.from) {
                    continue;
                }
                let at = At::of_row(rows, key, row);
                if test.test(&at) == Truth::True {
                    show(at)?;
                }
            }
        }
        Source::Scan(mut chunks) => loop {
            for slot in &chunks.passing[chunks.given..] {
                show(At::of_slot(rows, *slot))?;
            }
            if !chunks.fill(rows, test) {
                break;
            }
        },
        Source::Keys(keys) => {
            for key in keys {
                let at = At::of_key(rows, key);
                if test.test(&at) == Truth::True {
                    show(at)?;
                }
            }
        }
        Source::Exact(mut keys) => keys.try_for_each(|key| show(At::of_key(rows, key)))?,
        Source::Walk(walk, true) => walk.show_all(|key| show(At::of_key(rows, key)))?,
        Source::Walk(walk, false) => walk.show_all(|key| {
            let at = At::of_key(rows, key);
            if test.test(&at) == Truth::True { show(at) } else { ControlFlow::Continue(()) }
        })?,
    }
    ControlFlow::Continue(())
}

impl<'a, M: Model, T: Test<M>> Rows<'a, M, T> {
    /// The next row that passes, without `skip` and `limit`.
    #[inline]
    fn next_at(&mut self) -> Option<At<'a, M>> {
        let rows = self.table.rows;
        loop {
            let (key, is_exact) = match &mut self.source {
                Source::Scan(chunks) => {
                    if chunks.given == chunks.passing.len() && !chunks.fill(rows, &self.test) {
                        return None;
                    }
                    chunks.given += 1;
                    return Some(At::of_slot(rows, chunks.passing[chunks.given - 1]));
                }
                Source::Keys(keys) => (keys.next()?, false),
                Source::Exact(keys) => (keys.next()?, true),
                Source::Walk(walk, is_exact) => (walk.next()?, *is_exact),
            };
            let at = At::of_key(rows, key);
            if is_exact || self.test.test(&at) == Truth::True {
                return Some(at);
            }
        }
    }

    /// Shows the rows until `show` breaks.
    pub(super) fn drive<B>(self, mut show: impl FnMut(At<'a, M>) -> ControlFlow<B>) -> Option<B> {
        let Rows { table, source, test, mut skip, mut limit } = self;
        if limit == 0 {
            return None;
        }
        let outcome = if skip == 0 && limit == usize::MAX {
            drive(table.rows, source, &test, &mut |at| show(at).map_break(Some))
        } else {
            drive(table.rows, source, &test, &mut |at| {
                if skip > 0 {
                    skip -= 1;
                    return ControlFlow::Continue(());
                }
                limit -= 1;
                show(at).map_break(Some)?;
                if limit == 0 { ControlFlow::Break(None) } else { ControlFlow::Continue(()) }
            })
        };
        outcome.break_value().flatten()
    }

    pub(super) fn next_row(&mut self) -> Option<At<'a, M>> {
        if self.limit == 0 {
            return None;
        }
        while self.skip > 0 {
            self.skip -= 1;
            self.next_at()?;
        }
        self.limit -= 1;
        self.next_at()
    }

    /// How many there are, where that is known without testing any.
    pub(super) fn known_len(&self) -> Option<usize> {
        let all = match &self.source {
            Source::Exact(keys) => keys.len(),
            Source::Walk(walk, true) => walk.len(),
            _ => return None,
        };
        Some(all.saturating_sub(self.skip).min(self.limit))
    }
}

impl<'a, M: Model, T: Test<M>> Iterator for Rows<'a, M, T> {
    type Item = (Id<M>, &'a M);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next_row()?;
        Some((Id::from_key(at.key()), at.row()))
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut f: F) -> B {
        let mut folded = Some(init);
        self.drive(|at| {
            let before = folded.take();
            folded = before.map(|before| f(before, (Id::from_key(at.key()), at.row())));
            ControlFlow::<()>::Continue(())
        });
        folded.expect("it is put back after each row")
    }
}
impl<M: Model, T: Test<M>> FusedIterator for Rows<'_, M, T> {}

/// The ids of a [`Query`]'s rows.
///
/// Hot loops use `for_each`, `fold`, `count` and the like, which go through a chunk at a time.
pub struct RowIds<'a, M, T>(pub(super) Rows<'a, M, T>);

impl<M: Model, T: Test<M>> Iterator for RowIds<'_, M, T> {
    type Item = Id<M>;

    #[inline]
    fn next(&mut self) -> Option<Id<M>> {
        self.0.next_row().map(|at| Id::from_key(at.key()))
    }

    #[inline]
    fn fold<B, F: FnMut(B, Id<M>) -> B>(self, init: B, mut f: F) -> B {
        let mut folded = Some(init);
        self.0.drive(|at| {
            let before = folded.take();
            folded = before.map(|before| f(before, Id::from_key(at.key())));
            ControlFlow::<()>::Continue(())
        });
        folded.expect("it is put back after each row")
    }
}
impl<M: Model, T: Test<M>> FusedIterator for RowIds<'_, M, T> {}
impl<M: Model, T> fmt::Debug for RowIds<'_, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowIds").field("model", &M::NAME).finish_non_exhaustive()
    }
}
impl<M: Model, T> fmt::Debug for Rows<'_, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("model", &M::NAME).finish_non_exhaustive()
    }
}
