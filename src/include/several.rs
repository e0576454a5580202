//! Several paths from one model at once: tuples of paths (behaviour R32).

use slotmap::DefaultKey;
use smallvec::SmallVec;

use super::one::WithBlock;
use super::{Path, Sealed, is_broken};
use crate::database::Database;
use crate::error::Error;
use crate::index::links::no_target;
use crate::model::Presence;

/// The keys of a path that needs a copy of its own: a block of them, or a single one without an allocation.
pub(super) type Keys = SmallVec<[DefaultKey; 2]>;

macro_rules! several {
    ($($path:ident $index:tt),+) => {
        impl<$($path),+> Sealed for ($($path,)+) {}
        impl<Source: crate::model::Model, $($path: Path<From = Source>),+> Path for ($($path,)+) {
            type From = Source;
            type Item<'a, Before: Presence> = Before::Out<($(super::Item<'a, $path>,)+)>;
            type Opened<'a> = ($($path::Opened<'a>,)+);
            type Block = ($(WithBlock<$path::Block>,)+);

            fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
                Ok(($(self.$index.open(database)?,)+))
            }
            fn resolve(&self, opened: &Self::Opened<'_>, keys: &mut [DefaultKey], block: &mut Self::Block) {
                $(
                    block.$index.keys.clear();
                    block.$index.keys.extend_from_slice(keys);
                    self.$index.resolve(&opened.$index, &mut block.$index.keys, &mut block.$index.inner);
                )+
            }
            fn item<'a, Before: Presence>(
                opened: &Self::Opened<'a>,
                block: &Self::Block,
                i: usize,
                key: DefaultKey,
            ) -> Option<Self::Item<'a, Before>> {
                if is_broken(key) {
                    return None;
                }
                if key == no_target::absent() {
                    return Before::out(None);
                }
                Before::out(Some((
                    $($path::item(&opened.$index, &block.$index.inner, i, block.$index.keys[i])?,)+
                )))
            }
            fn explain(opened: &Self::Opened<'_>, source: DefaultKey) -> Result<(), Error> {
                $($path::explain(&opened.$index, source)?;)+
                Ok(())
            }
        }
    };
}
several!(A 0, B 1);
several!(A 0, B 1, C 2);
several!(A 0, B 1, C 2, D 3);
