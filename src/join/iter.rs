//! Iterating a join, and grouping what it gives.

use std::fmt;
use std::iter::FusedIterator;
use std::slice;

use slotmap::{DefaultKey, Key};

use super::BLOCK;
use super::row::Joined;
use super::stage::{Column, Source, Stage, columns, places};
use crate::arena::Keys;
use crate::id::{Id, slot_of};
use crate::index::links::LinkedKeys;
use crate::model::Model;
use crate::table::Table;

/// The rows that a join begins with.
pub(super) enum Sources<'a, M> {
    /// All of a table, as its rows say.
    Table(Keys<'a, M>),
    /// All of a table, as a link of theirs says: that is shorter to read than rows are.
    Linked(LinkedKeys<'a>),
    /// Those of a slice, which are stored.
    Ids(slice::Iter<'a, Id<M>>),
    /// These, which are stored.
    Keys(std::vec::IntoIter<DefaultKey>),
}

impl<'a, M> Sources<'a, M> {
    /// The same rows, found without touching them where all of a table are meant.
    pub(super) fn by_links(self, table: Table<'a, M>) -> Self {
        match (self, table.index.links.first()) {
            (Sources::Table(_), Some(link)) => Sources::Linked(link.sources_of_all()),
            (sources, _) => sources,
        }
    }
}

impl<M> Source for Sources<'_, M> {
    fn fill(&mut self, keys: &mut Column) -> usize {
        match self {
            Sources::Table(rows) => rows.fill(keys),
            Sources::Linked(rows) => rows.fill(keys),
            Sources::Ids(ids) => ids.map(|id| id.key()).fill(keys),
            Sources::Keys(rows) => rows.fill(keys),
        }
    }
}

/// The results of a join, see [`Join::iter`](super::Join::iter): a row, or a tuple of rows.
///
/// Hot loops use `for_each`, `fold`, `sum` and the like, which go through a block at a time.
#[must_use = "a join does nothing until it is iterated"]
pub struct JoinIter<'a, S: Stage<'a>> {
    pub(super) sources: Sources<'a, S::First>,
    pub(super) block: Block<'a, S>,
}

/// A block of results and what it was filled with.
pub(super) struct Block<'a, S: Stage<'a>> {
    pub(super) stages: S,
    progress: S::Progress,
    /// The columns of the stages, made for the first result.
    buffer: Vec<Column>,
    /// How many results there are, and how many of them have been given.
    len: usize,
    given: usize,
}

impl<'a, S: Stage<'a>> Block<'a, S> {
    pub(super) fn new(stages: S) -> Self {
        Block { stages, progress: S::Progress::default(), buffer: Vec::new(), len: 0, given: 0 }
    }

    /// Fills the block anew, and says whether there was anything to fill it with.
    #[inline(never)]
    fn refill(&mut self, sources: &mut impl Source) -> bool {
        self.buffer.resize(S::END, [DefaultKey::null(); BLOCK]);
        self.len = self.stages.fill(sources, &mut self.progress, &mut self.buffer);
        self.given = 0;
        self.len > 0
    }

    #[inline]
    pub(super) fn next(&mut self, sources: &mut impl Source) -> Option<S::Item> {
        if self.given == self.len && !self.refill(sources) {
            return None;
        }
        let item = self.stages.item(columns::<S>(&mut self.buffer), self.given as u8);
        self.given += 1;
        Some(item)
    }

    /// A plain loop over each block.
    pub(super) fn fold<B>(mut self, sources: &mut impl Source, init: B, mut f: impl FnMut(B, S::Item) -> B) -> B {
        let mut folded = init;
        while self.given < self.len || self.refill(sources) {
            let columns = &*columns::<S>(&mut self.buffer);
            for place in places(self.len).skip(self.given) {
                folded = f(folded, self.stages.item(columns, place));
            }
            self.given = self.len;
        }
        folded
    }
}

impl<'a, S: Stage<'a>> Iterator for JoinIter<'a, S> {
    type Item = S::Item;

    #[inline]
    fn next(&mut self) -> Option<S::Item> {
        self.block.next(&mut self.sources)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.block.len - self.block.given, None)
    }
    #[inline]
    fn fold<B, F: FnMut(B, S::Item) -> B>(mut self, init: B, f: F) -> B {
        self.block.fold(&mut self.sources, init, f)
    }
}
impl<'a, S: Stage<'a>> FusedIterator for JoinIter<'a, S> {}
impl<'a, S: Stage<'a>> fmt::Debug for JoinIter<'a, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinIter").field("tables", &S::WIDTH).finish_non_exhaustive()
    }
}

impl<'a, S: Stage<'a>> JoinIter<'a, S> {
    /// Groups the results by one of their rows: a value for each row that comes up, into which `add` puts each result.
    ///
    /// The groups come in the order in which their rows came up first. No hashing: a row's group is found by its slot,
    /// at 4 bytes for each slot of the table. To group by a value rather than by a row, put it into a map of your own.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Author { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Book { pages: u32, #[model(belongs_to)] author_id: Id<Author> }
    /// # let mut db = Database::builder().model::<Author>().model::<Book>().build()?;
    /// # let author_id = db.insert(Author { name: "Verne".into() })?;
    /// # for pages in [300, 400] { db.insert(Book { pages, author_id })?; }
    /// let pages = db.join(Book::AUTHOR).iter()?.group_by(|(_, author)| author, |sum: &mut u32, (book, _)| *sum += book.pages);
    /// for (author, pages) in pages {
    ///     assert_eq!((&*author.name, pages), ("Verne", 700));
    /// }
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn group_by<M: Model, T: Default>(
        self,
        row: impl Fn(S::Item) -> Joined<'a, M>,
        mut add: impl FnMut(&mut T, S::Item),
    ) -> Vec<(Joined<'a, M>, T)> {
        // Where a slot's group is in the list, from 1; all rows of a join are stored, so that a slot names one of them.
        let mut places: Vec<u32> = Vec::new();
        let mut groups = Vec::new();
        self.for_each(|item| {
            let row = row(item);
            let slot = slot_of(row.id.key()) as usize;
            if slot >= places.len() {
                places.resize(row.rows.next_slot() as usize, 0);
            }
            if places[slot] == 0 {
                groups.push((row, T::default()));
                places[slot] = groups.len() as u32;
            }
            add(&mut groups[places[slot] as usize - 1].1, item);
        });
        groups
    }
}
