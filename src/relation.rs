//! Relations as values: `Order::CUSTOMER`, `Customer::ORDERS`. Zero-sized; each is its own type, so that two relations
//! to one model, relations to the model itself and misspelt names are settled by the compiler (behaviour R8).

use std::fmt;
use std::marker::PhantomData;

use crate::model::Relation;

/// A belongs_to relation, followed from the source to its target. Also the first step of a path.
pub struct BelongsTo<R>(PhantomData<fn() -> R>);
/// A has_many relation: from a target to all of its sources.
pub struct HasMany<R>(PhantomData<fn() -> R>);
/// A has_one relation: from a target to its only source.
pub struct HasOne<R>(PhantomData<fn() -> R>);

/// A unique key as a value: `Customer::BY_EMAIL`.
pub struct By<U>(PhantomData<fn() -> U>);

/// A has_many or has_one relation: what rows can be created, counted or deleted through.
pub trait Inverse: Copy {
    /// The belongs_to relation that this is the inverse of.
    type Relation: Relation;
}
impl<R: Relation> Inverse for HasMany<R> {
    type Relation = R;
}
impl<R: Relation> Inverse for HasOne<R> {
    type Relation = R;
}

macro_rules! zero_sized {
    ($($name:ident: $text:literal),*) => {$(
        impl<R> $name<R> {
            #[doc = $text]
            #[allow(clippy::new_without_default, reason = "a constant of the derive; nothing else makes one")]
            pub const fn new() -> Self {
                $name(PhantomData)
            }
        }
        impl<R> Clone for $name<R> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<R> Copy for $name<R> {}
        impl<R> fmt::Debug for $name<R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
zero_sized!(
    BelongsTo: "The value of a belongs_to relation: a model keeps it as a constant.",
    HasMany: "The value of a has_many relation: a model keeps it as a constant.",
    HasOne: "The value of a has_one relation: a model keeps it as a constant.",
    By: "The value of a unique key: a model keeps it as a constant."
);
