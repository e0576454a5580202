//! Polymorphic foreign keys: an enum of ids, `enum Owner { Person(Id<Person>), Company(Id<Company>) }`.
//!
//! Each variant is a belongs_to relation of its own over the same field: it has a key where the field holds its variant,
//! and none where it holds another. So integrity, actions, inverses, paths and snapshots know nothing of polymorphism;
//! what is here ties the enum to the models that name it as the type of a field. Its presence is
//! [`OneOf`](crate::OneOf).

use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::{Model, Relation};
use crate::row::RowRef;

/// An enum of ids, each of another model: the type of a foreign key that refers to a row of one model out of several.
///
/// Derive it with `#[derive(PolymorphicId)]`. To declare the relations over such a field by hand this trait is not needed:
/// each is a [`Relation`] with its own variant as the key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a polymorphic id",
    note = "a relation to several models has an enum of their ids as its key: \
            `#[derive(relata::PolymorphicId, Clone, Copy)] enum Owner {{ Person(Id<Person>), Company(Id<Company>) }}`"
)]
pub trait PolymorphicId: Copy + Send + Sync + 'static {
    /// How many variants it has.
    const VARIANTS: usize;
    /// How a relation declares its targets, as the compiler tells those who have declared others.
    const DECLARATION: &'static str;
    /// The view of a row of whichever model: an enum of [`Row`](crate::Row)s with the same variants.
    type Row<'a>;

    /// The row that it names, to be walked from. O(1).
    fn row(self, database: &Database) -> Result<Self::Row<'_>, Error>;
}

/// A variant of a polymorphic id that holds ids of `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no variant for `{T}`",
    note = "the targets of a relation are the models of the enum's variants, in their order"
)]
pub trait HasVariant<T: Model>: PolymorphicId {
    /// Its place among the variants.
    const PLACE: usize;

    /// The variant with this id.
    fn of(id: Id<T>) -> Self;
    /// The id, where it is of this variant.
    fn id(self) -> Option<Id<T>>;
}

/// Refuses, at compile time, a list of targets that is not that of the variants. The order is part of it because rows are
/// saved by the places of the variants, and the schema in the file shows that of the relations.
#[doc(hidden)]
#[track_caller]
pub const fn expect_variants<P: PolymorphicId>(places: &[usize]) {
    let mut fits = places.len() == P::VARIANTS;
    let mut place = 0;
    while place < places.len() {
        fits = fits && places[place] == place;
        place += 1;
    }
    assert!(fits, "{}", P::DECLARATION);
}

/// The id that the key of a [`OneOf`](crate::OneOf) relation is set to; it cannot be cleared.
#[doc(hidden)]
pub fn expect_id<R: Relation>(key: Option<Id<R::Target>>) -> Id<R::Target> {
    key.unwrap_or_else(|| panic!("`{}`.{} is required: its key cannot be cleared", R::Source::NAME, R::NAME))
}

impl<'a, M: Model> RowRef<'a, M> {
    /// The row that a polymorphic key of this one names. O(1).
    pub fn polymorphic_target<P: PolymorphicId>(&self, name: &'static str, id: P) -> Result<P::Row<'a>, Error> {
        id.row(self.database()).map_err(|error| match error {
            Error::NotFound { row, .. } => {
                Error::Unresolved { row: self.id().erase(), relation: name, key: row.to_string() }
            }
            error => error,
        })
    }
}
