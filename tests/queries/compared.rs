//! Comparisons as predicates of a field of either schema: by what the type of the field allows.

use std::fmt::Debug;
use std::hash::Hash;

use relata::{Boxed, Field, FieldOf, Model, Optional, Predicate, Presence};

use super::expression::{Compare, is_even};

/// A predicate of any field, but for those of texts, those that need a hash and those of absent values.
pub(super) fn compared<M, V, P, F>(field: Field<M, V, P, F>, compare: &Compare<V>) -> Option<Predicate<M, Boxed<M>>>
where
    M: Model,
    V: PartialOrd + Debug + Clone + Send + Sync + 'static,
    P: Presence<Out<V>: 'static>,
    F: FieldOf<M, V, P>,
{
    Some(match compare.clone() {
        Compare::Eq(value) => field.eq(value).boxed(),
        Compare::Ne(value) => field.ne(value).boxed(),
        Compare::Differs(value) => field.differs(value).boxed(),
        Compare::Lt(value) => field.lt(value).boxed(),
        Compare::Le(value) => field.le(value).boxed(),
        Compare::Gt(value) => field.gt(value).boxed(),
        Compare::Ge(value) => field.ge(value).boxed(),
        Compare::Between(least, greatest) => field.between(least, greatest).boxed(),
        Compare::Matches => field.matches(|value: &V| is_even(value)).boxed(),
        _ => return None,
    })
}

/// [`Compare::IsIn`].
pub(super) fn listed<M, V, P, F>(field: Field<M, V, P, F>, compare: &Compare<V>) -> Option<Predicate<M, Boxed<M>>>
where
    M: Model,
    V: Eq + Hash + Clone + Send + Sync + 'static,
    P: Presence<Out<V>: 'static>,
    F: FieldOf<M, V, P>,
{
    if let Compare::IsIn(values) = compare { Some(field.is_in(values.clone()).boxed()) } else { None }
}

/// Those of texts.
pub(super) fn written<M, P, F>(
    field: Field<M, String, P, F>,
    compare: &Compare<String>,
) -> Option<Predicate<M, Boxed<M>>>
where
    M: Model,
    P: Presence<Out<String>: 'static>,
    F: FieldOf<M, String, P>,
{
    Some(match compare {
        Compare::StartsWith(text) => field.starts_with(text.as_str()).boxed(),
        Compare::Like(pattern) => field.like(pattern).boxed(),
        _ => return None,
    })
}

/// Those of absent values.
pub(super) fn absent<M, V, F>(field: Field<M, V, Optional, F>, compare: &Compare<V>) -> Option<Predicate<M, Boxed<M>>>
where
    M: Model,
    V: 'static,
    F: FieldOf<M, V, Optional>,
{
    Some(match compare {
        Compare::IsNull => field.is_null().boxed(),
        Compare::IsSome => field.is_some().boxed(),
        _ => return None,
    })
}
