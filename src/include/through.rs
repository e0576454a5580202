//! Paths that lead to many rows over links: has_many through.
//!
//! The links are the rows of a has_many relation, the rows at their other ends their targets by a belongs_to relation:
//! what is walked are the posting list of the one and the column of the other. A link is touched only where it is asked
//! for.

use std::iter::FusedIterator;

use slotmap::DefaultKey;

use super::many::{Children, ToMany, Whole};
use super::{Ends, Path, Sealed, is_broken, show_length, unresolved};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::links::no_target;
use crate::model::{Presence, Relation};
use crate::relation::Through;
use crate::table::Table;

/// The rows at the other ends of an owner's links with their ids, in the order of linking. `B` is the relation of the
/// links to them.
pub struct Linked<'a, B: Relation> {
    links: Children<'a, B::Source>,
    far: Ends<'a, B>,
}

impl<B: Relation> Clone for Linked<'_, B> {
    fn clone(&self) -> Self {
        Linked { links: self.links.clone(), far: self.far.clone() }
    }
}

impl<'a, B: Relation> Linked<'a, B> {
    /// Each link with the row at its other end: `((Id<PostTag>, &PostTag), (Id<Tag>, &Tag))`.
    #[expect(clippy::type_complexity, reason = "two rows with their ids are no new concept")]
    pub fn with_links(
        self,
    ) -> impl Iterator<Item = ((Id<B::Source>, &'a B::Source), (Id<B::Target>, &'a B::Target))> + use<'a, B> {
        let far = self.far;
        self.links.filter_map(move |link| Some((link, far.target_of(link.0.key())?)))
    }
}

impl<'a, B: Relation> Ends<'a, B> {
    #[inline]
    fn target_of(&self, source: DefaultKey) -> Option<(Id<B::Target>, &'a B::Target)> {
        let id = Id::from_key(self.link.target(source));
        Some((id, self.targets.get(id)?))
    }
}

impl<'a, B: Relation> Iterator for Linked<'a, B> {
    type Item = (Id<B::Target>, &'a B::Target);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let link = self.links.next_key()?;
        self.far.target_of(link)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.links.size_hint()
    }
}
impl<B: Relation> ExactSizeIterator for Linked<'_, B> {}
impl<B: Relation> FusedIterator for Linked<'_, B> {}
show_length!([B: Relation] Linked<'_, B>, "Linked");

/// Both relations of a link model.
#[derive(Clone)]
pub struct BothEnds<'a, A: Relation, B: Relation> {
    near: Ends<'a, A>,
    far: Ends<'a, B>,
    /// Whether some link may name no row: an owner that has such a link has no list.
    may_dangle: bool,
}

impl<A: Relation, B: Relation<Source = A::Source>> BothEnds<'_, A, B> {
    /// The owner's first link that names no row.
    fn dangling(&self, owner: DefaultKey) -> Option<DefaultKey> {
        self.near.link.sources(owner).find(|link| self.far.target_of(*link).is_none())
    }

    /// Makes the keys of owners that are not stored *stale*, and of those with a link that names no row *unresolved*.
    fn expect_owners(&self, keys: &mut [DefaultKey]) {
        self.near.expect_owners(keys);
        if self.may_dangle {
            for key in keys.iter_mut().filter(|key| !no_target::is(**key)) {
                if self.dangling(*key).is_some() {
                    *key = no_target::unresolved();
                }
            }
        }
    }
}

impl<A, B> Sealed for Through<A, B> {}
impl<A: Relation, B: Relation<Source = A::Source>> Path for Through<A, B> {
    type From = A::Target;
    type Item<'a, Before: Presence> = Linked<'a, B>;
    type Opened<'a> = BothEnds<'a, A, B>;
    type Block = ();

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        let far = Ends::<B>::open(database)?;
        // Inside a transaction a link may also name an id that is reserved and has no row yet.
        let may_dangle = far.link.unresolved() > 0 || database.store.log.is_some();
        Ok(BothEnds { near: Ends::open(database)?, far, may_dangle })
    }
    #[inline]
    fn resolve(&self, opened: &BothEnds<'_, A, B>, keys: &mut [DefaultKey], (): &mut ()) {
        opened.expect_owners(keys);
    }
    /// An absent owner has no links, which reads as an empty list.
    #[inline]
    fn item<'a, Before: Presence>(
        opened: &Self::Opened<'a>,
        (): &(),
        _: usize,
        key: DefaultKey,
    ) -> Option<Linked<'a, B>> {
        let links = || Children::of(opened.near.link.referrers(), opened.near.sources, key);
        (!is_broken(key)).then(|| Linked { links: links(), far: opened.far.clone() })
    }
    fn explain(opened: &BothEnds<'_, A, B>, source: DefaultKey) -> Result<(), Error> {
        opened.near.owner(source)?;
        opened
            .dangling(source)
            .map_or(Ok(()), |link| Err(unresolved::<B>(link, opened.far.sources.row(Id::from_key(link))?)))
    }
}
impl<A: Relation, B: Relation<Source = A::Source>> ToMany for Through<A, B> {
    type To = B::Target;

    fn table<'a>(opened: &Self::Opened<'a>) -> Table<'a, B::Target> {
        opened.far.targets
    }
    fn check(opened: &BothEnds<'_, A, B>, keys: &mut [DefaultKey]) {
        opened.expect_owners(keys);
    }
    fn gather(&self, opened: &BothEnds<'_, A, B>, source: DefaultKey, keys: &mut Vec<DefaultKey>) {
        let start = keys.len();
        keys.extend(opened.near.link.sources(source));
        opened.far.link.step_linked(&mut keys[start..]);
    }
}
impl<A: Relation, B: Relation<Source = A::Source>> Whole for Through<A, B> {
    fn keys<'k, 'a: 'k>(opened: &'k BothEnds<'a, A, B>, source: DefaultKey) -> impl Iterator<Item = DefaultKey> {
        opened.near.link.sources(source).map(|link| opened.far.link.target(link))
    }
}
