//! The lazy view of an inclusion.
//!
//! One block of ids is resolved at a time; `next` makes an item of each, and leaves the block only when it is used up.

use std::iter::FusedIterator;

use slotmap::DefaultKey;

use super::{BLOCK, Pair, Path, broken, show_length, source};
use crate::error::Error;
use crate::id::Id;

/// The lazy view of an inclusion, see [`Database::include`](crate::Database::include): one `(id, item)` for each id of the slice, in its order.
#[must_use = "an inclusion resolves nothing until it is iterated"]
pub struct Include<'a, 'i, P: Path> {
    path: P,
    opened: Result<P::Opened<'a>, Error>,
    /// The ids of the block that is resolved, and which of them comes next.
    ids: &'i [Id<P::From>],
    at: usize,
    /// What resolving has left for them.
    keys: Vec<DefaultKey>,
    block: P::Block,
    /// The ids after that block.
    rest: &'i [Id<P::From>],
}

impl<'a, 'i, P: Path> Include<'a, 'i, P> {
    pub(super) fn new(ids: &'i [Id<P::From>], path: P, opened: Result<P::Opened<'a>, Error>) -> Self {
        Include { path, opened, ids: &[], at: 0, keys: Vec::new(), block: P::Block::default(), rest: ids }
    }

    /// The path, and the ids whose turn has not come.
    #[cfg(feature = "rayon")]
    #[expect(clippy::type_complexity, reason = "three of its fields are no new concept")]
    pub(super) fn left(self) -> (P, Result<P::Opened<'a>, Error>, [&'i [Id<P::From>]; 2]) {
        (self.path, self.opened, [&self.ids[self.at..], self.rest])
    }

    /// Every pair, or the first error.
    pub fn to_vec(self) -> Result<Vec<Pair<'a, P>>, Error> {
        let mut pairs = Vec::with_capacity(self.len());
        for pair in self {
            pairs.push(pair?);
        }
        Ok(pairs)
    }

    /// Resolves the next block; `false` where no id is left, or the path has not opened.
    ///
    /// A call of its own, so that `next` stays small enough to be inlined.
    #[inline(never)]
    fn advance(&mut self) -> bool {
        let Ok(opened) = &self.opened else { return false };
        (self.ids, self.rest) = self.rest.split_at(self.rest.len().min(BLOCK));
        self.at = 0;
        self.keys.clear();
        self.keys.extend(self.ids.iter().map(|id| id.key()));
        // Nulls are looked for in a pass of its own, which is cheap, for there are hardly ever any.
        if self.ids.iter().fold(false, |any, id| any | id.is_null()) {
            self.keys.iter_mut().zip(self.ids).for_each(|(key, id)| *key = source(*id));
        }
        self.path.resolve(opened, &mut self.keys, &mut self.block);
        !self.ids.is_empty()
    }

    /// What comes when no block does: nothing, or, for each id, why the path has not opened.
    #[cold]
    fn unopened(&mut self) -> Option<Error> {
        let Err(error) = &self.opened else { return None };
        self.rest = self.rest.split_first()?.1;
        Some(error.clone())
    }
}

/// The pair of the source at place `i` of the block, where resolving has left `key`.
#[inline]
fn pair<'a, P: Path>(
    opened: &P::Opened<'a>,
    block: &P::Block,
    i: usize,
    id: Id<P::From>,
    key: DefaultKey,
) -> Result<Pair<'a, P>, Error> {
    match P::item(opened, block, i, key) {
        Some(item) => Ok((id, item)),
        None => Err(broken::<P>(opened, id.key())),
    }
}

/// What comes for a source whose path breaks. It is the whole result of `next`, so that no error is moved through there,
/// which would cost a row that has its item too.
#[cold]
#[inline(never)]
#[expect(clippy::unnecessary_wraps, reason = "it is what `next` returns as it is")]
fn no_pair<'a, P: Path>(opened: &P::Opened<'a>, id: Id<P::From>) -> Option<Result<Pair<'a, P>, Error>> {
    Some(Err(broken::<P>(opened, id.key())))
}

impl<'a, P: Path> Iterator for Include<'a, '_, P> {
    type Item = Result<Pair<'a, P>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let i = self.at;
            if let (Some(id), Some(key), Ok(opened)) = (self.ids.get(i), self.keys.get(i), &self.opened) {
                self.at = i + 1;
                return match P::item(opened, &self.block, i, *key) {
                    Some(item) => Some(Ok((*id, item))),
                    None => no_pair::<P>(opened, *id),
                };
            }
            if !self.advance() {
                return self.unopened().map(Err);
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.ids.len() - self.at + self.rest.len();
        (left, Some(left))
    }

    /// What `for_each`, `map(..).sum()` and their like go through: a plain loop over each block.
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, init: B, mut f: F) -> B {
        let mut folded = init;
        loop {
            if let Ok(opened) = &self.opened {
                let left = self.ids[self.at..].iter().zip(&self.keys[self.at..]);
                for (i, (id, key)) in (self.at..).zip(left) {
                    folded = f(folded, pair::<P>(opened, &self.block, i, *id, *key));
                }
            }
            if !self.advance() {
                break;
            }
        }
        while let Some(error) = self.unopened() {
            folded = f(folded, Err(error));
        }
        folded
    }
}

impl<P: Path> ExactSizeIterator for Include<'_, '_, P> {}
impl<P: Path> FusedIterator for Include<'_, '_, P> {}
show_length!([P: Path] Include<'_, '_, P>, "Include");
