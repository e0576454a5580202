//! The steps of a join. Each works on blocks of 256 results, which are columns of keys, one column for each table.
//!
//! # Invariants
//! 1. A stage fills the `WIDTH` columns of the buffer before `END`, one for each table so far, all to the same length. The
//!    columns below those are of stages before it whose block is not used up; nothing writes them until it is.
//! 2. `fill` gives 0 only where there is nothing more.
//! 3. Every key in a column is that of a stored row; in the column of a left join it may be `no_target::absent`.

use std::marker::PhantomData;

use slotmap::DefaultKey;

use super::hop::{Hop, HopToMany, HopToOne, List};
use super::row::{Append, Joined};
use super::{BLOCK, Sealed};
use crate::arena::Arena;
use crate::id::Id;
use crate::index::links::no_target;
use crate::model::{Model, Presence, Required};
use crate::predicate::{At, Condition, Test, Truth};

/// One column of a block. An index of 8 bits needs no check of bounds.
pub(super) type Column = [DefaultKey; BLOCK];

/// What a join begins with: keys of rows of its first table.
#[doc(hidden)]
pub trait Source {
    /// Fills the column from its start and says how far.
    fn fill(&mut self, keys: &mut Column) -> usize;
}
impl<I: Iterator<Item = DefaultKey>> Source for I {
    fn fill(&mut self, keys: &mut Column) -> usize {
        let mut filled = 0;
        // The column first: no key is taken that has no room.
        for (key, next) in keys.iter_mut().zip(self) {
            *key = next;
            filled += 1;
        }
        filled
    }
}

/// A join up to one of its steps.
pub trait Stage<'a>: Sealed {
    /// The model of the first table.
    type First: Model;
    /// The model of the last table.
    type Last: Model;
    /// One result: a row, or a tuple of rows.
    type Item: Copy;
    /// How far an iteration has come.
    #[doc(hidden)]
    type Progress: Default;
    #[doc(hidden)]
    const WIDTH: usize;
    #[doc(hidden)]
    const END: usize;
    /// Whether nothing has been done with the rows of the first table.
    #[doc(hidden)]
    const IS_START: bool = false;

    /// Fills the columns with the next results, and says how many there are.
    #[doc(hidden)]
    fn fill(&self, source: &mut impl Source, progress: &mut Self::Progress, buffer: &mut [Column]) -> usize;
    /// The result at a place of the columns, of which the first is that of the first table.
    #[doc(hidden)]
    fn item(&self, columns: &[Column], place: u8) -> Self::Item;
}

/// A join whose results all have a row of the last table: any but one that ends with a left join.
#[diagnostic::on_unimplemented(
    message = "the last row of this join may be absent, because a left join has joined it",
    label = "cannot go on from a row that may be absent",
    note = "go on with `left_join`, or from an earlier row with `join_from(|(first, ..)| first, hop)`",
    note = "the last row as an `Option` is tested by `filter(|(.., last)| last.is_none_or(..))`"
)]
pub trait EndsInRow: Sealed {}

/// The columns of a stage.
#[inline]
pub(super) fn columns<'a, S: Stage<'a>>(buffer: &mut [Column]) -> &mut [Column] {
    &mut buffer[S::END - S::WIDTH..S::END]
}

/// Where a hop goes from: a row of the results so far.
#[doc(hidden)]
pub trait Origin<'a, S: Stage<'a>, M> {
    /// Its key, of the result at a place.
    fn key(&self, stage: &S, columns: &[Column], place: u8) -> DefaultKey;
}

/// From the row of the table that was joined last.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct FromLast;
impl<'a, S: Stage<'a>> Origin<'a, S, S::Last> for FromLast {
    #[inline]
    fn key(&self, _: &S, columns: &[Column], place: u8) -> DefaultKey {
        columns[S::WIDTH - 1][place as usize]
    }
}

/// From a row that a closure picks.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Picked<P>(pub(super) P);
impl<'a, S, M, J, P> Origin<'a, S, M> for Picked<P>
where
    S: Stage<'a>,
    M: Model,
    J: Into<Option<Joined<'a, M>>>,
    P: Fn(S::Item) -> J,
{
    #[inline]
    fn key(&self, stage: &S, columns: &[Column], place: u8) -> DefaultKey {
        (self.0)(stage.item(columns, place)).into().map_or_else(no_target::absent, |row| row.id().key())
    }
}

/// The places of a block's first `len` results.
#[inline]
pub(super) fn places(len: usize) -> impl Iterator<Item = u8> {
    (0..len).map(|place| place as u8)
}

/// Keeps the results at the places for which `keep` holds, in order, and says how many.
#[inline]
fn retain(columns: &mut [Column], len: usize, keep: impl Fn(&[Column], u8) -> bool) -> usize {
    let mut kept_places = [0; BLOCK];
    let mut kept = 0_usize;
    for place in places(len) {
        // Written whether it is kept or not, so that nothing has to be foretold: `kept` is not above `place`.
        kept_places[kept as u8 as usize] = place;
        kept += usize::from(keep(columns, place));
    }
    if kept < len {
        for column in columns {
            for (to, from) in places(kept).zip(&kept_places) {
                column[to as usize] = column[*from as usize];
            }
        }
    }
    kept
}

/// The rows of one table.
#[doc(hidden)]
pub struct Start<'a, M> {
    pub(super) rows: &'a Arena<M>,
}
impl<M> Sealed for Start<'_, M> {}
impl<M> EndsInRow for Start<'_, M> {}
impl<'a, M: Model> Stage<'a> for Start<'a, M> {
    type First = M;
    type Last = M;
    type Item = Joined<'a, M>;
    type Progress = ();
    const WIDTH: usize = 1;
    const END: usize = 1;
    const IS_START: bool = true;

    #[inline]
    fn fill(&self, source: &mut impl Source, (): &mut (), buffer: &mut [Column]) -> usize {
        source.fill(&mut buffer[0])
    }
    #[inline]
    fn item(&self, columns: &[Column], place: u8) -> Self::Item {
        Joined { id: Id::from_key(columns[0][place as usize]), rows: self.rows }
    }
}

/// Only the results that pass a test.
#[doc(hidden)]
pub struct Filtered<S, F> {
    pub(super) before: S,
    pub(super) passes: F,
}
impl<S, F> Sealed for Filtered<S, F> {}
impl<S: EndsInRow, F> EndsInRow for Filtered<S, F> {}
impl<'a, S: Stage<'a>, F: Fn(S::Item) -> bool> Stage<'a> for Filtered<S, F> {
    type First = S::First;
    type Last = S::Last;
    type Item = S::Item;
    type Progress = S::Progress;
    const WIDTH: usize = S::WIDTH;
    const END: usize = S::END;

    fn fill(&self, source: &mut impl Source, progress: &mut S::Progress, buffer: &mut [Column]) -> usize {
        loop {
            let len = self.before.fill(source, progress, buffer);
            let passes = |columns: &[Column], place| (self.passes)(self.before.item(columns, place));
            let kept = retain(columns::<S>(buffer), len, passes);
            if kept > 0 || len == 0 {
                return kept;
            }
        }
    }
    #[inline]
    fn item(&self, columns: &[Column], place: u8) -> S::Item {
        self.before.item(columns, place)
    }
}

/// Only the results whose last row meets a condition.
#[doc(hidden)]
pub struct Met<'a, S: Stage<'a>, C: Condition<S::Last>> {
    pub(super) before: S,
    pub(super) rows: &'a Arena<S::Last>,
    pub(super) test: C::Opened<'a>,
}
impl<'a, S: Stage<'a>, C: Condition<S::Last>> Sealed for Met<'a, S, C> {}
impl<'a, S: Stage<'a> + EndsInRow, C: Condition<S::Last>> EndsInRow for Met<'a, S, C> {}
impl<'a, S: Stage<'a>, C: Condition<S::Last>> Stage<'a> for Met<'a, S, C> {
    type First = S::First;
    type Last = S::Last;
    type Item = S::Item;
    type Progress = S::Progress;
    const WIDTH: usize = S::WIDTH;
    const END: usize = S::END;

    fn fill(&self, source: &mut impl Source, progress: &mut S::Progress, buffer: &mut [Column]) -> usize {
        loop {
            let len = self.before.fill(source, progress, buffer);
            let meets = |columns: &[Column], place: u8| {
                let at = At::of_key(self.rows, columns[S::WIDTH - 1][place as usize]);
                self.test.test(&at) == Truth::True
            };
            let kept = retain(columns::<S>(buffer), len, meets);
            if kept > 0 || len == 0 {
                return kept;
            }
        }
    }
    #[inline]
    fn item(&self, columns: &[Column], place: u8) -> S::Item {
        self.before.item(columns, place)
    }
}

/// The row of a key, or none, which a left join may have.
#[inline]
fn joined<M, P: Presence>(rows: &Arena<M>, key: DefaultKey) -> P::Out<Joined<'_, M>> {
    let row = (P::REQUIRED || !no_target::is(key)).then(|| Joined { id: Id::from_key(key), rows });
    P::out(row).expect("where a row is required there is one")
}

/// Each result with the row that a hop leads to. In place: one column more. With `P` [`Optional`](crate::model::Optional)
/// it is a left join.
#[doc(hidden)]
pub struct Step<'a, S, O, H: Hop, P> {
    pub(super) before: S,
    pub(super) origin: O,
    pub(super) links: H::Links<'a>,
    pub(super) rows: &'a Arena<H::To>,
    pub(super) presence: PhantomData<P>,
}
impl<S, O, H: Hop, P> Sealed for Step<'_, S, O, H, P> {}
impl<S, O, H: Hop> EndsInRow for Step<'_, S, O, H, Required> {}
impl<'a, S, O, H: HopToOne, P: Presence> Stage<'a> for Step<'a, S, O, H, P>
where
    S: Stage<'a, Item: Append<P::Out<Joined<'a, H::To>>>>,
    O: Origin<'a, S, H::From>,
{
    type First = S::First;
    type Last = H::To;
    type Item = <S::Item as Append<P::Out<Joined<'a, H::To>>>>::Out;
    type Progress = S::Progress;
    const WIDTH: usize = S::WIDTH + 1;
    const END: usize = S::END + 1;

    fn fill(&self, source: &mut impl Source, progress: &mut S::Progress, buffer: &mut [Column]) -> usize {
        loop {
            let len = self.before.fill(source, progress, buffer);
            let (before, keys) = columns::<Self>(buffer).split_at_mut(S::WIDTH);
            let keys = &mut keys[0][..len];
            for (key, place) in keys.iter_mut().zip(places(len)) {
                *key = self.origin.key(&self.before, before, place);
            }
            H::step(self.links, keys);
            if !P::REQUIRED || !H::OPTIONAL || len == 0 {
                return len;
            }
            let is_there = |columns: &[Column], place: u8| !no_target::is(columns[S::WIDTH][place as usize]);
            let kept = retain(columns::<Self>(buffer), len, is_there);
            if kept > 0 {
                return kept;
            }
        }
    }
    #[inline]
    fn item(&self, columns: &[Column], place: u8) -> Self::Item {
        self.before.item(columns, place).append(joined::<H::To, P>(self.rows, columns[S::WIDTH][place as usize]))
    }
}

/// Each result with each of the rows that a hop leads to. Its block is one of its own, since there may be more of them
/// than there were results: the columns of before are copied. `P` as in [`Step`].
#[doc(hidden)]
pub struct Expand<'a, S, O, H: Hop, P> {
    pub(super) before: S,
    pub(super) origin: O,
    pub(super) links: H::Links<'a>,
    pub(super) rows: &'a Arena<H::To>,
    pub(super) presence: PhantomData<P>,
}

/// How far [`Expand`] has come.
#[doc(hidden)]
#[derive(Default)]
pub struct Expanded<'a, P> {
    before: P,
    /// How many results the block of before has, which of them is being expanded, and what is left of its list.
    len: usize,
    place: usize,
    list: Option<List<'a>>,
}

impl<S, O, H: Hop, P> Sealed for Expand<'_, S, O, H, P> {}
impl<S, O, H: Hop> EndsInRow for Expand<'_, S, O, H, Required> {}
impl<'a, S, O, H: HopToMany, P: Presence> Stage<'a> for Expand<'a, S, O, H, P>
where
    S: Stage<'a, Item: Append<P::Out<Joined<'a, H::To>>>>,
    O: Origin<'a, S, H::From>,
{
    type First = S::First;
    type Last = H::To;
    type Item = <S::Item as Append<P::Out<Joined<'a, H::To>>>>::Out;
    type Progress = Expanded<'a, S::Progress>;
    const WIDTH: usize = S::WIDTH + 1;
    const END: usize = S::END + Self::WIDTH;

    fn fill(&self, source: &mut impl Source, progress: &mut Self::Progress, buffer: &mut [Column]) -> usize {
        let Expanded { before, len, place, list } = progress;
        let mut filled = 0;
        while filled < BLOCK {
            if *place == *len {
                (*len, *place) = (self.before.fill(source, before, buffer), 0);
                if *len == 0 {
                    break;
                }
            }
            let (parents, own) = buffer.split_at_mut(S::END);
            let parents = columns::<S>(parents);
            let is_begun = list.is_some();
            let keys_of = || H::list(self.links, self.origin.key(&self.before, parents, *place as u8));
            let entries = list.get_or_insert_with(keys_of);
            let (start, keys) = (filled, &mut own[S::WIDTH]);
            while filled < BLOCK
                && let Some(key) = entries.next()
            {
                keys[filled] = key;
                filled += 1;
            }
            if !P::REQUIRED && !is_begun && filled == start {
                keys[filled] = no_target::absent();
                filled += 1;
            }
            for (column, parents) in own.iter_mut().zip(parents) {
                column[start..filled].fill(parents[*place]);
            }
            // A list that has just filled the block may have more for the next.
            if filled < BLOCK {
                *list = None;
                *place += 1;
            }
        }
        filled
    }
    #[inline]
    fn item(&self, columns: &[Column], place: u8) -> Self::Item {
        self.before.item(columns, place).append(joined::<H::To, P>(self.rows, columns[S::WIDTH][place as usize]))
    }
}
