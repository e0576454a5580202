//! Relations that are lists of ids, and what all relations have in common.

use super::{IdList, Ids, Model, Relation};
use slotmap::DefaultKey;

use crate::index::Indexes;
use crate::index::links::no_target;
use crate::index::referrers::Referrers;
use crate::schema::Action;

/// A references_many relation: a zero-sized type that says which field lists the ids of which model (behaviours R51 to
/// R57).
///
/// The list and its order are the field's own, repeats included; every id in it names a stored row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a references_many relation",
    note = "relations are given as constants of their model: `Playlist::SONGS`"
)]
pub trait ListRelation: Copy + Send + Sync + 'static {
    /// The model that holds the list.
    type Source: Model;
    /// The model whose rows it names.
    type Target: Model;
    /// The type of the field that holds the list.
    type List: IdList<Self::Target>;
    /// The relation's name.
    const NAME: &'static str;
    /// The name of the field that holds the list.
    const FIELD: &'static str;
    /// Its place among the source's relations: lists come after the belongs_to relations.
    const INDEX: usize;
    /// What deleting a row does to the rows that list it: refuse (`Restrict`), delete them too (`Cascade`), or take its
    /// id out of their lists (`SetNull`).
    const ON_DELETE: Action = Action::Restrict;

    /// The list of a row.
    fn list(row: &Self::Source) -> &Self::List;
    /// The list of a row, to be changed.
    fn list_mut(row: &mut Self::Source) -> &mut Self::List;

    /// The ids in the list of a row.
    #[inline]
    fn ids(row: &Self::Source) -> Ids<'_, Self::Target> {
        Self::list(row).ids()
    }
}

/// A relation of either kind, belongs_to or references_many: what a has_many relation is the inverse of.
///
/// Sealed: it is implemented for every [`Relation`], and for [`ReferencesMany`](crate::ReferencesMany) of every
/// [`ListRelation`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation",
    note = "a has_many relation is the inverse of a belongs_to or a references_many relation of the other model"
)]
pub trait AnyRelation: Copy + Send + Sync + 'static {
    /// The model whose rows refer.
    type Source: Model;
    /// The model that they refer to.
    type Target: Model;
    /// The relation's name.
    const NAME: &'static str;

    /// The lists of those who refer to each target, out of the indexes of the source's table.
    #[doc(hidden)]
    fn referrers(index: &Indexes) -> Referrers<'_>;
    /// Adds the rows that a row refers to, out of the indexes of its table.
    #[doc(hidden)]
    fn targets(index: &Indexes, source: DefaultKey, targets: &mut Vec<DefaultKey>);
}

#[diagnostic::do_not_recommend]
impl<R: Relation> AnyRelation for R {
    type Source = R::Source;
    type Target = R::Target;
    const NAME: &'static str = R::NAME;

    #[inline]
    fn referrers(index: &Indexes) -> Referrers<'_> {
        index.links[R::INDEX].referrers()
    }
    fn targets(index: &Indexes, source: DefaultKey, targets: &mut Vec<DefaultKey>) {
        targets.extend(Some(index.links[R::INDEX].target(source)).filter(|target| !no_target::is(*target)));
    }
}
