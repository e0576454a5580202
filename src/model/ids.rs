//! Collections of ids: what a list relation's field may be.
//!
//! A relation is over what the collection holds now, in an order that is the collection's own and says nothing of
//! hashes: hence no hash set. Whoever enforces ids must be able to read all of them, and to take one out where
//! `set_null` says so.

use std::collections::{BTreeSet, VecDeque, btree_set, vec_deque};
use std::fmt;
use std::iter::FusedIterator;
use std::slice;

use smallvec::SmallVec;

use crate::id::Id;

/// A collection of ids of `M` that a field of a references_many relation can be (behaviour R51).
///
/// | type | its order | what `set_null` does |
/// |---|---|---|
/// | `Vec<Id<M>>`, `VecDeque<Id<M>>`, [`SmallVec<[Id<M>; N]>`](SmallVec), `Box<[Id<M>]>` | that of the collection | takes the id out, every time that it is there |
/// | `BTreeSet<Id<M>>` | that of the ids: by slot, then by generation | takes it out |
/// | `Vec<Option<Id<M>>>`, `[Option<Id<M>>; N]` | that of the places, without those that are empty | empties its places; the others stay where they are |
/// | `[Id<M>; N]` | that of the places | nothing: refused by the compiler, as for a required key |
/// | `Option<C>` | that of `C`; absent is empty | as in `C` |
/// | `Box<C>` | that of `C` | as in `C` |
///
/// A collection of one's own, or of another crate, implements it by handing on what it is made of:
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Song { title: String }
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Chart { name: String, songs: Vec<Id<Song>> }
///
/// impl IdList<Song> for Chart {
///     fn ids(&self) -> Ids<'_, Song> {
///         self.songs.ids()
///     }
///     fn rewrite(&mut self, now: &dyn Fn(Id<Song>) -> Option<Id<Song>>) -> bool {
///         self.songs.rewrite(now)
///     }
/// }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Week {
///     #[model(references_many(Song), name = songs)] // the type shows no `Id`: so the model is named
///     chart: Chart,
/// }
/// # let mut db = Database::builder().model::<Song>().model::<Week>().build()?;
/// # let hit = db.insert(Song { title: "Hit".into() })?;
/// # let week = db.insert(Week { chart: Chart { name: "Top".into(), songs: vec![hit] } })?;
/// assert!(db.delete(hit).is_err());
/// assert_eq!(db.related(week, Week::SONGS)?.len(), 1);
/// # Ok::<(), relata::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no collection of `Id<{M}>` that can be enforced",
    label = "not a list of ids",
    note = "a list of ids is a `Vec`, `VecDeque`, `SmallVec`, `BTreeSet`, an array, an `Option` of one of these, or any \
            type that implements `relata::IdList<{M}>`",
    note = "a hash set has no order to rely on, and a map or a tuple holds more than ids: use a `BTreeSet<Id<{M}>>`, or a \
            model of its own for what goes with each id"
)]
pub trait IdList<M> {
    /// Whether ids can be taken out; where not, `on_delete = set_null` does not compile.
    const CAN_LOSE: bool = true;

    /// The ids in their order. The same for equal collections, and for one that has been saved and loaded.
    fn ids(&self) -> Ids<'_, M>;

    /// Puts what `now` gives for an id in its place, or takes it out where that is `None`, and says whether anything has
    /// changed. The others keep their order.
    fn rewrite(&mut self, now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool;
}

/// That ids can be taken out of a list, where deleting what it lists is to do that.
#[doc(hidden)]
pub const fn expect_list_that_can_lose<M, C: IdList<M>>() {
    assert!(
        C::CAN_LOSE,
        "`on_delete = set_null` takes ids out of a list, and out of this one none can be taken: make it an array of \
         options, `[Option<Id<..>>; N]`, or a `Vec`"
    );
}

/// The ids of an [`IdList`].
pub struct Ids<'a, M>(Of<'a, M>);

enum Of<'a, M> {
    Slice(slice::Iter<'a, Id<M>>),
    /// With how many of them are there.
    Places(slice::Iter<'a, Option<Id<M>>>, usize),
    Deque(vec_deque::Iter<'a, Id<M>>),
    Set(btree_set::Iter<'a, Id<M>>),
}

impl<'a, M> Ids<'a, M> {
    /// Each with its place in the collection, from 0.
    pub(crate) fn with_places(self) -> impl Iterator<Item = (usize, Id<M>)> + use<'a, M> {
        let (places, others) = match self.0 {
            Of::Places(places, _) => (Some(places), None),
            other => (None, Some(Ids(other))),
        };
        let places = places.into_iter().flatten().enumerate().filter_map(|(place, id)| Some((place, (*id)?)));
        places.chain(others.into_iter().flatten().enumerate())
    }
}

impl<M> Default for Ids<'_, M> {
    /// None.
    fn default() -> Self {
        Ids(Of::Slice([].iter()))
    }
}

impl<M> Clone for Ids<'_, M> {
    fn clone(&self) -> Self {
        Ids(match &self.0 {
            Of::Slice(ids) => Of::Slice(ids.clone()),
            Of::Places(places, len) => Of::Places(places.clone(), *len),
            Of::Deque(ids) => Of::Deque(ids.clone()),
            Of::Set(ids) => Of::Set(ids.clone()),
        })
    }
}

/// Whether the same ids are to come, in the same order.
impl<M> PartialEq for Ids<'_, M> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Of::Slice(left), Of::Slice(right)) => left.as_slice() == right.as_slice(),
            _ => self.clone().eq(other.clone()),
        }
    }
}
impl<M> Eq for Ids<'_, M> {}

impl<M> Iterator for Ids<'_, M> {
    type Item = Id<M>;

    #[inline]
    fn next(&mut self) -> Option<Id<M>> {
        match &mut self.0 {
            Of::Slice(ids) => ids.next().copied(),
            Of::Places(places, len) => {
                let id = places.find_map(|id| *id)?;
                *len -= 1;
                Some(id)
            }
            Of::Deque(ids) => ids.next().copied(),
            Of::Set(ids) => ids.next().copied(),
        }
    }
    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match &self.0 {
            Of::Slice(ids) => ids.len(),
            Of::Places(_, len) => *len,
            Of::Deque(ids) => ids.len(),
            Of::Set(ids) => ids.len(),
        };
        (len, Some(len))
    }
}
impl<M> DoubleEndedIterator for Ids<'_, M> {
    fn next_back(&mut self) -> Option<Id<M>> {
        match &mut self.0 {
            Of::Slice(ids) => ids.next_back().copied(),
            Of::Places(places, len) => {
                let id = places.by_ref().rev().find_map(|id| *id)?;
                *len -= 1;
                Some(id)
            }
            Of::Deque(ids) => ids.next_back().copied(),
            Of::Set(ids) => ids.next_back().copied(),
        }
    }
}
impl<M> ExactSizeIterator for Ids<'_, M> {}
impl<M> FusedIterator for Ids<'_, M> {}
impl<M> fmt::Debug for Ids<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a, M> From<&'a [Id<M>]> for Ids<'a, M> {
    fn from(ids: &'a [Id<M>]) -> Self {
        Ids(Of::Slice(ids.iter()))
    }
}
/// Of places that may be empty.
impl<'a, M> From<&'a [Option<Id<M>>]> for Ids<'a, M> {
    fn from(places: &'a [Option<Id<M>>]) -> Self {
        Ids(Of::Places(places.iter(), places.iter().flatten().count()))
    }
}
impl<'a, M> From<&'a VecDeque<Id<M>>> for Ids<'a, M> {
    fn from(ids: &'a VecDeque<Id<M>>) -> Self {
        Ids(Of::Deque(ids.iter()))
    }
}
impl<'a, M> From<&'a BTreeSet<Id<M>>> for Ids<'a, M> {
    fn from(ids: &'a BTreeSet<Id<M>>) -> Self {
        Ids(Of::Set(ids.iter()))
    }
}

/// Rewrites an id where it is. Whether it stays, and whether anything has changed.
fn rewrite_id<M>(id: &mut Id<M>, now: &dyn Fn(Id<M>) -> Option<Id<M>>, changed: &mut bool) -> bool {
    let new = now(*id);
    *changed |= new != Some(*id);
    *id = new.unwrap_or(*id);
    new.is_some()
}

/// Collections that give their ids one by one, and shrink where they are.
macro_rules! shrinking {
    ($([$($generics:tt)*] $list:ty, $ids:ident => $of:expr, $retain:ident;)+) => {$(
        impl<$($generics)*> IdList<M> for $list {
            fn ids(&self) -> Ids<'_, M> {
                let $ids = self;
                Ids::from($of)
            }
            fn rewrite(&mut self, now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool {
                let mut changed = false;
                self.$retain(|id| rewrite_id(id, now, &mut changed));
                changed
            }
        }
    )+};
}
shrinking! {
    [M] Vec<Id<M>>, ids => ids.as_slice(), retain_mut;
    [M] VecDeque<Id<M>>, ids => ids, retain_mut;
    [M, const N: usize] SmallVec<[Id<M>; N]>, ids => ids.as_slice(), retain;
}

/// Collections that are made anew where anything changes.
macro_rules! made_anew {
    ($($list:ty, $ids:ident => $of:expr;)+) => {$(
        impl<M> IdList<M> for $list {
            fn ids(&self) -> Ids<'_, M> {
                let $ids = self;
                Ids::from($of)
            }
            fn rewrite(&mut self, now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool {
                let changed = self.iter().any(|id| now(*id) != Some(*id));
                if changed {
                    *self = self.iter().filter_map(|id| now(*id)).collect();
                }
                changed
            }
        }
    )+};
}
made_anew! {
    BTreeSet<Id<M>>, ids => ids;
    Box<[Id<M>]>, ids => &**ids;
}

impl<M, const N: usize> IdList<M> for [Id<M>; N] {
    const CAN_LOSE: bool = false;

    fn ids(&self) -> Ids<'_, M> {
        Ids::from(self.as_slice())
    }
    fn rewrite(&mut self, now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool {
        let mut changed = false;
        for id in self.iter_mut().filter(|id| now(**id).is_some()) {
            rewrite_id(id, now, &mut changed);
        }
        changed
    }
}

/// Empties the places of ids that go.
fn rewrite_places<M>(places: &mut [Option<Id<M>>], now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool {
    let mut changed = false;
    for place in places {
        if place.as_mut().is_some_and(|id| !rewrite_id(id, now, &mut changed)) {
            *place = None;
        }
    }
    changed
}

impl<M> IdList<M> for Vec<Option<Id<M>>> {
    fn ids(&self) -> Ids<'_, M> {
        Ids::from(self.as_slice())
    }
    fn rewrite(&mut self, now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool {
        rewrite_places(self, now)
    }
}

impl<M, const N: usize> IdList<M> for [Option<Id<M>>; N] {
    fn ids(&self) -> Ids<'_, M> {
        Ids::from(self.as_slice())
    }
    fn rewrite(&mut self, now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool {
        rewrite_places(self, now)
    }
}

impl<M, C: IdList<M>> IdList<M> for Option<C> {
    const CAN_LOSE: bool = C::CAN_LOSE;

    fn ids(&self) -> Ids<'_, M> {
        self.as_ref().map(C::ids).unwrap_or_default()
    }
    fn rewrite(&mut self, now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool {
        self.as_mut().is_some_and(|ids| ids.rewrite(now))
    }
}

impl<M, C: IdList<M>> IdList<M> for Box<C> {
    const CAN_LOSE: bool = C::CAN_LOSE;

    fn ids(&self) -> Ids<'_, M> {
        (**self).ids()
    }
    fn rewrite(&mut self, now: &dyn Fn(Id<M>) -> Option<Id<M>>) -> bool {
        (**self).rewrite(now)
    }
}
