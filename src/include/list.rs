//! Paths over lists of ids: references_many.
//!
//! The list is read where it is, in the source's row: its order and its repeats are those of the field.

use std::iter::FusedIterator;

use slotmap::DefaultKey;

use super::many::{ToMany, Whole};
use super::{Path, Sealed, is_broken, show_length};
use crate::database::Database;
use crate::error::Error;
use crate::id::{Id, RowId};
use crate::index::links::no_target;
use crate::integrity::lists::describe_element;
use crate::model::{Ids, ListRelation, Model, Presence};
use crate::relation::ReferencesMany;
use crate::table::Table;

/// The rows that a row lists with their ids, in the order of the list, each as often as it is there (behaviour R53).
///
/// Reads the row's own list: nothing is copied, and the length is known at once.
pub struct Listed<'a, M> {
    ids: Ids<'a, M>,
    table: Table<'a, M>,
}

impl<M> Clone for Listed<'_, M> {
    fn clone(&self) -> Self {
        Listed { ids: self.ids.clone(), table: self.table }
    }
}

impl<'a, M: Model> Iterator for Listed<'a, M> {
    type Item = (Id<M>, &'a M);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let id = self.ids.next()?;
        Some((id, self.table.get(id)?))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ids.size_hint()
    }
}
impl<M: Model> DoubleEndedIterator for Listed<'_, M> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let id = self.ids.next_back()?;
        Some((id, self.table.get(id)?))
    }
}
impl<M: Model> ExactSizeIterator for Listed<'_, M> {}
impl<M: Model> FusedIterator for Listed<'_, M> {}
show_length!([M: Model] Listed<'_, M>, "Listed");

/// Both ends of a references_many relation.
#[derive(Clone, Copy)]
pub struct ListEnds<'a, L: ListRelation> {
    sources: Table<'a, L::Source>,
    targets: Table<'a, L::Target>,
    /// Whether some id may name no row: a row with such an id in its list has no list, but an error.
    may_dangle: bool,
}

impl<'a, L: ListRelation> ListEnds<'a, L> {
    /// The list of a row; empty for a key of no target.
    fn ids(&self, source: DefaultKey) -> Ids<'a, L::Target> {
        self.sources.rows.get(source).map(L::ids).unwrap_or_default()
    }

    /// The first id in the list that names no row, with its place.
    fn dangling(&self, source: DefaultKey) -> Option<(usize, Id<L::Target>)> {
        self.ids(source).with_places().find(|(_, id)| !self.targets.contains(*id))
    }

    /// Makes the keys of sources that are not stored *stale*, and of those with an id that names no row *unresolved*.
    fn expect_lists(&self, keys: &mut [DefaultKey]) {
        for key in keys.iter_mut().filter(|key| !no_target::is(**key)) {
            if !self.sources.rows.contains(*key) {
                *key = no_target::stale();
            } else if self.may_dangle && self.dangling(*key).is_some() {
                *key = no_target::unresolved();
            }
        }
    }
}

impl<L> Sealed for ReferencesMany<L> {}
impl<L: ListRelation> Path for ReferencesMany<L> {
    type From = L::Source;
    type Item<'a, Before: Presence> = Listed<'a, L::Target>;
    type Opened<'a> = ListEnds<'a, L>;
    type Block = ();

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        let sources = database.table::<L::Source>()?;
        // Inside a transaction a list may also name an id that is reserved and has no row yet.
        let may_dangle = sources.index.list(L::INDEX).unresolved() > 0 || database.store.log.is_some();
        Ok(ListEnds { sources, targets: database.table::<L::Target>()?, may_dangle })
    }
    #[inline]
    fn resolve(&self, opened: &ListEnds<'_, L>, keys: &mut [DefaultKey], (): &mut ()) {
        opened.expect_lists(keys);
    }
    /// An absent row lists nothing.
    #[inline]
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        (): &(),
        _: usize,
        key: DefaultKey,
    ) -> Option<Listed<'a, L::Target>> {
        (!is_broken(key)).then(|| Listed { ids: opened.ids(key), table: opened.targets })
    }
    fn explain(opened: &ListEnds<'_, L>, source: DefaultKey) -> Result<(), Error> {
        opened.sources.row(Id::from_key(source))?;
        opened.dangling(source).map_or(Ok(()), |(element, id)| {
            Err(Error::Unresolved {
                row: RowId { table: L::Source::NAME, key: source },
                relation: L::NAME,
                key: describe_element::<L>(element, id),
            })
        })
    }
}
impl<L: ListRelation> ToMany for ReferencesMany<L> {
    type To = L::Target;

    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, L::Target> {
        opened.targets
    }
    fn check(opened: &ListEnds<'_, L>, keys: &mut [DefaultKey]) {
        opened.expect_lists(keys);
    }
    fn gather(&self, opened: &ListEnds<'_, L>, source: DefaultKey, keys: &mut Vec<DefaultKey>) {
        keys.extend(Self::keys(opened, source));
    }
}
impl<L: ListRelation> Whole for ReferencesMany<L> {
    fn keys<'k, 'a: 'k>(opened: &'k ListEnds<'a, L>, source: DefaultKey) -> impl Iterator<Item = DefaultKey> {
        opened.ids(source).map(Id::key)
    }
}
