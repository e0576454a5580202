//! placeholder
use crate::error::Error;
use crate::id::RowId;
use crate::model::{Model, Reference, Relation};
use slotmap::DefaultKey;

/// The error for a row whose link names no target.
pub(crate) fn unresolved<R: Relation>(key: DefaultKey, row: &R::Source) -> Error {
    Error::Unresolved {
        row: RowId { table: R::Source::NAME, key },
        relation: R::NAME,
        key: R::key(row).map_or_else(|| "an absent key".to_owned(), <R::Reference as Reference<R::Target>>::describe),
    }
}
