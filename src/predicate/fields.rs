//! Conditions on the value of one field.

use std::borrow::Cow;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::Bound;
use std::sync::Arc;

use super::pattern::Pattern;
use super::test::Reader;
use super::{At, CHUNK, Condition, Conjunct, Predicate, Reads, Test, Truth, Truths, Value, Wanted, sealed::Sealed};
use crate::database::Database;
use crate::error::Error;
use crate::model::{Field, FieldOf, Model, Optional, Presence};
use crate::order::{IndexKey, hash_value};

/// A value to compare a field of type `V` with: a `V`, a `&V`, for texts a `&str`.
#[diagnostic::on_unimplemented(
    message = "a field of type `{V}` cannot be compared with `{Self}`",
    note = "give a value of the field's own type, or a text for a field that is one"
)]
pub trait Operand<V> {
    /// The value itself.
    fn into_value(self) -> V;
}
#[diagnostic::do_not_recommend]
impl<V> Operand<V> for V {
    #[inline]
    fn into_value(self) -> V {
        self
    }
}
#[diagnostic::do_not_recommend]
impl<V: Clone> Operand<V> for &V {
    #[inline]
    fn into_value(self) -> V {
        self.clone()
    }
}
impl Operand<String> for &str {
    fn into_value(self) -> String {
        self.to_owned()
    }
}

/// A text, with the order of its bytes.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` is no text",
    note = "of a type of your own write `.matches(|value| ..)`"
)]
pub trait Text: AsRef<str> + Sealed {}
macro_rules! texts {
    ($($text:ty),+) => {$(
        impl Sealed for $text {}
        impl Text for $text {}
    )+};
}
texts!(String, &'static str, Box<str>, Arc<str>, Cow<'static, str>);
macro_rules! text_operands {
    ($($text:ty),+) => {$(
        impl Operand<$text> for &str {
            fn into_value(self) -> $text {
                self.to_owned().into()
            }
        }
    )+};
}
text_operands!(Box<str>, Arc<str>, Cow<'static, str>);

/// A comparison of a field with something.
pub struct Compare<M, V, P, F, O> {
    comparison: O,
    #[expect(clippy::type_complexity, reason = "no value is held of any of them")]
    field: PhantomData<fn() -> (M, V, P, F)>,
}

impl<M, V, P, F, O: Clone> Clone for Compare<M, V, P, F, O> {
    fn clone(&self) -> Self {
        Compare { comparison: self.comparison.clone(), field: PhantomData }
    }
}

/// What a value is compared with, and how.
pub trait Comparison<V>: Clone + Send + Sync {
    /// Whether it holds for a value.
    fn holds(&self, value: &V) -> bool;
    /// What it is for an absent value.
    #[inline]
    fn absent(&self) -> Truth {
        Truth::Unknown
    }
    /// Whether [`Comparison::wanted`] says all.
    fn is_whole(&self) -> bool {
        true
    }
    /// The same as a range of an index, or values to be looked up.
    fn wanted<M, P: Presence, F: FieldOf<M, V, P>>(&self) -> Option<Wanted<'_>> {
        None
    }
}

impl<M, V, P, F, O> Sealed for Compare<M, V, P, F, O> {}
impl<M, V, P, F, O> Condition<M> for Compare<M, V, P, F, O>
where
    M: Model,
    V: 'static,
    P: Presence<Out<V>: 'static>,
    F: FieldOf<M, V, P>,
    O: Comparison<V>,
{
    type Opened<'a> = OpenedCompare<'a, M, V, P, F, O>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        let reader = Reader::open(database.table::<M>()?.rows);
        Ok(OpenedCompare { comparison: self.comparison.clone(), reader })
    }
    fn conjuncts<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool {
        let wanted = self.comparison.wanted::<M, P, F>();
        let is_all = wanted.is_some() && self.comparison.is_whole();
        found.extend(wanted.map(|wanted| Conjunct::Field { place: F::INDEX, wanted }));
        is_all
    }
}

/// [`Compare`] on a database.
pub struct OpenedCompare<'a, M, V, P: Presence, F, O> {
    comparison: O,
    reader: Reader<'a, M, V, P, F>,
}

impl<M, V, P, F, O> Test<M> for OpenedCompare<'_, M, V, P, F, O>
where
    M: Model,
    V: 'static,
    P: Presence<Out<V>: 'static>,
    F: FieldOf<M, V, P>,
    O: Comparison<V>,
{
    fn reads(&self) -> Reads {
        if self.reader.column.is_some_and(|column| column.chunk(0, CHUNK).is_some()) {
            Reads::Columns
        } else {
            Reads::Rows
        }
    }

    fn bound(&self, first: usize, truths: &mut Truths) {
        let Some(values) = self.reader.column.and_then(|column| column.chunk(first, CHUNK)) else {
            truths.fill(Truth::True as u8);
            return;
        };
        let absent = self.comparison.absent() as u8;
        for (truth, value) in truths.iter_mut().zip(values) {
            *truth = match P::value(value) {
                Some(value) => 2 * u8::from(self.comparison.holds(value)),
                None => absent,
            };
        }
    }

    #[inline]
    fn test(&self, at: &At<'_, M>) -> Truth {
        self.reader.value(at).map_or(self.comparison.absent(), |value| self.comparison.holds(value).into())
    }
}

/// A value as indexes know it.
pub(crate) fn value_of<M, V, P: Presence, F: FieldOf<M, V, P>>(value: &V) -> Value<'_> {
    Value {
        hash: F::hash(value),
        order: F::order(value),
        target: F::target(value),
        feed: Box::new(move |hasher| F::feed(value, hasher)),
    }
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident[$bound:ident], $method:ident, |$value:ident, $own:ident| $holds:expr, $range:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<V>(V);

        impl<V: $bound + Clone + Send + Sync> Comparison<V> for $name<V> {
            #[inline]
            fn holds(&self, $value: &V) -> bool {
                let $own = &self.0;
                $holds
            }
            fn wanted<M, P: Presence, F: FieldOf<M, V, P>>(&self) -> Option<Wanted<'_>> {
                let range: fn(IndexKey) -> (Bound<IndexKey>, Bound<IndexKey>) = $range;
                let (from, to) = range(F::order(&self.0)?);
                Some(Wanted::Range(from, to))
            }
        }

        impl<M: Model, V, P: Presence, F: FieldOf<M, V, P>> Field<M, V, P, F>
        where
            V: $bound + Clone + Send + Sync + 'static,
            P::Out<V>: 'static,
        {
            $(#[$doc])*
            pub fn $method(self, value: impl Operand<V>) -> Predicate<M, Compare<M, V, P, F, $name<V>>> {
                Predicate::of(Compare { comparison: $name(value.into_value()), field: PhantomData })
            }
        }
    )+};
}
comparisons! {
    /// Holds where the value is less. Unknown where it is absent.
    Less[PartialOrd], lt, |value, own| value < own, |key| (Bound::Unbounded, Bound::Excluded(key));
    /// Holds where the value is less or equal. Unknown where it is absent.
    LessOrEqual[PartialOrd], le, |value, own| value <= own, |key| (Bound::Unbounded, Bound::Included(key));
    /// Holds where the value is greater. Unknown where it is absent.
    Greater[PartialOrd], gt, |value, own| value > own, |key| (Bound::Excluded(key), Bound::Unbounded);
    /// Holds where the value is greater or equal. Unknown where it is absent.
    GreaterOrEqual[PartialOrd], ge, |value, own| value >= own, |key| (Bound::Included(key), Bound::Unbounded);
}

/// Holds for one value.
#[derive(Debug, Clone, Copy)]
pub struct Equal<V>(V);
impl<V: PartialEq + Clone + Send + Sync> Comparison<V> for Equal<V> {
    #[inline]
    fn holds(&self, value: &V) -> bool {
        *value == self.0
    }
    fn wanted<M, P: Presence, F: FieldOf<M, V, P>>(&self) -> Option<Wanted<'_>> {
        Some(Wanted::Values(vec![value_of::<M, V, P, F>(&self.0)]))
    }
}

/// Holds for all values but one.
#[derive(Debug, Clone, Copy)]
pub struct NotEqual<V>(V);
impl<V: PartialEq + Clone + Send + Sync> Comparison<V> for NotEqual<V> {
    #[inline]
    fn holds(&self, value: &V) -> bool {
        *value != self.0
    }
}

/// Holds for all values but one, and for absent ones.
#[derive(Debug, Clone, Copy)]
pub struct Differs<V>(V);
impl<V: PartialEq + Clone + Send + Sync> Comparison<V> for Differs<V> {
    #[inline]
    fn absent(&self) -> Truth {
        Truth::True
    }
    #[inline]
    fn holds(&self, value: &V) -> bool {
        *value != self.0
    }
}

/// Holds between two values, these included.
#[derive(Debug, Clone, Copy)]
pub struct Between<V>(V, V);
impl<V: PartialOrd + Clone + Send + Sync> Comparison<V> for Between<V> {
    #[inline]
    #[allow(clippy::needless_bitwise_bool, reason = "a branch could not be foretold")]
    fn holds(&self, value: &V) -> bool {
        // Both are computed, so that there is no branch to be foretold.
        (*value >= self.0) & (*value <= self.1)
    }
    fn wanted<M, P: Presence, F: FieldOf<M, V, P>>(&self) -> Option<Wanted<'_>> {
        Some(Wanted::Range(Bound::Included(F::order(&self.0)?), Bound::Included(F::order(&self.1)?)))
    }
}

/// Holds for some values.
#[derive(Debug, Clone)]
pub struct IsIn<V> {
    /// With their hashes, sorted by these.
    values: Arc<[(u64, V)]>,
}
impl<V: Eq + Hash + Clone + Send + Sync> Comparison<V> for IsIn<V> {
    // Nothing is in an empty list, whatever it is.
    #[inline]
    fn absent(&self) -> Truth {
        if self.values.is_empty() { Truth::False } else { Truth::Unknown }
    }
    #[inline]
    fn holds(&self, value: &V) -> bool {
        if let [(_, only)] = &*self.values {
            return only == value;
        }
        let hash = hash_value(value);
        let first = self.values.partition_point(|(other, _)| *other < hash);
        self.values[first..].iter().take_while(|(other, _)| *other == hash).any(|(_, other)| other == value)
    }
    fn wanted<M, P: Presence, F: FieldOf<M, V, P>>(&self) -> Option<Wanted<'_>> {
        Some(Wanted::Values(self.values.iter().map(|(_, value)| value_of::<M, V, P, F>(value)).collect()))
    }
}

/// Holds for texts that begin with a text.
#[derive(Debug, Clone)]
pub struct StartsWith(Arc<str>);
impl<V: Text> Comparison<V> for StartsWith {
    #[inline]
    fn holds(&self, value: &V) -> bool {
        value.as_ref().starts_with(&*self.0)
    }
    fn wanted<M, P: Presence, F: FieldOf<M, V, P>>(&self) -> Option<Wanted<'_>> {
        Some(Wanted::Prefix(self.0.as_bytes()))
    }
}

/// Holds for texts that a pattern describes.
#[derive(Debug, Clone)]
pub struct Like(Arc<Pattern>);
impl<V: Text> Comparison<V> for Like {
    fn is_whole(&self) -> bool {
        false
    }
    #[inline]
    fn holds(&self, value: &V) -> bool {
        self.0.matches(value.as_ref())
    }
    fn wanted<M, P: Presence, F: FieldOf<M, V, P>>(&self) -> Option<Wanted<'_>> {
        Some(Wanted::Prefix(self.0.prefix().as_bytes()))
    }
}

/// Holds for values for which a closure says yes.
pub struct Matches<C>(Arc<C>);
impl<C> Clone for Matches<C> {
    fn clone(&self) -> Self {
        Matches(Arc::clone(&self.0))
    }
}
impl<V, C: Fn(&V) -> bool + Send + Sync> Comparison<V> for Matches<C> {
    #[inline]
    fn holds(&self, value: &V) -> bool {
        (self.0)(value)
    }
}

/// Holds for absent values, or for those that are there.
#[derive(Debug, Clone, Copy)]
pub struct IsAbsent<const ABSENT: bool>;
impl<V> Comparison<V> for IsAbsent<true> {
    #[inline]
    fn absent(&self) -> Truth {
        Truth::True
    }
    #[inline]
    fn holds(&self, _: &V) -> bool {
        false
    }
    fn wanted<M, P: Presence, F: FieldOf<M, V, P>>(&self) -> Option<Wanted<'_>> {
        Some(Wanted::Absent)
    }
}
impl<V> Comparison<V> for IsAbsent<false> {
    #[inline]
    fn absent(&self) -> Truth {
        Truth::False
    }
    #[inline]
    fn holds(&self, _: &V) -> bool {
        true
    }
}

impl<M: Model, V: 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>> Field<M, V, P, F> {
    pub(crate) fn compare<O>(comparison: O) -> Predicate<M, Compare<M, V, P, F, O>> {
        Predicate::of(Compare { comparison, field: PhantomData })
    }

    /// Holds for values for which a closure says yes. Unknown where there is none. See [`Predicate::by`] for one that sees
    /// the row.
    pub fn matches<C: Fn(&V) -> bool + Send + Sync>(self, passes: C) -> Predicate<M, Compare<M, V, P, F, Matches<C>>> {
        Self::compare(Matches(Arc::new(passes)))
    }

    /// Holds between two values, these included. Unknown where the value is absent.
    pub fn between(
        self,
        least: impl Operand<V>,
        greatest: impl Operand<V>,
    ) -> Predicate<M, Compare<M, V, P, F, Between<V>>>
    where
        V: PartialOrd + Clone + Send + Sync,
    {
        Self::compare(Between(least.into_value(), greatest.into_value()))
    }

    /// Holds where the value is this one. Unknown where it is absent.
    pub fn eq(self, value: impl Operand<V>) -> Predicate<M, Compare<M, V, P, F, Equal<V>>>
    where
        V: PartialEq + Clone + Send + Sync,
    {
        Self::compare(Equal(value.into_value()))
    }

    /// Holds where the value is another one. Unknown where it is absent; [`Field::differs`] holds there.
    pub fn ne(self, value: impl Operand<V>) -> Predicate<M, Compare<M, V, P, F, NotEqual<V>>>
    where
        V: PartialEq + Clone + Send + Sync,
    {
        Self::compare(NotEqual(value.into_value()))
    }

    /// Holds where the value is another one, or absent: SQL's `IS DISTINCT FROM`. Never unknown.
    pub fn differs(self, value: impl Operand<V>) -> Predicate<M, Compare<M, V, P, F, Differs<V>>>
    where
        V: PartialEq + Clone + Send + Sync,
    {
        Self::compare(Differs(value.into_value()))
    }

    /// Holds where the value is one of these. Unknown where it is absent; of none of them it is false.
    pub fn is_in<I>(self, values: I) -> Predicate<M, Compare<M, V, P, F, IsIn<V>>>
    where
        I: IntoIterator<Item: Operand<V>>,
        V: Eq + Hash + Clone + Send + Sync,
    {
        let values = values.into_iter().map(Operand::into_value);
        let mut values: Vec<(u64, V)> = values.map(|value| (hash_value(&value), value)).collect();
        values.sort_by_key(|(hash, _)| *hash);
        Self::compare(IsIn { values: values.into() })
    }

    /// Holds for texts that begin with this one. Unknown where there is none.
    pub fn starts_with(self, text: impl Into<Arc<str>>) -> Predicate<M, Compare<M, V, P, F, StartsWith>>
    where
        V: Text,
    {
        Self::compare(StartsWith(text.into()))
    }

    /// Holds for texts that a pattern describes as a whole: `%` stands for any number of characters, `_` for one, `\` makes
    /// the next character stand for itself. Unknown where there is no text. O(text x pattern) at worst.
    pub fn like(self, pattern: &str) -> Predicate<M, Compare<M, V, P, F, Like>>
    where
        V: Text,
    {
        Self::compare(Like(Arc::new(Pattern::new(pattern))))
    }
}

impl<M: Model, V: 'static, F: FieldOf<M, V, Optional>> Field<M, V, Optional, F> {
    /// Holds where the value is absent. Never unknown.
    pub fn is_null(self) -> Predicate<M, Compare<M, V, Optional, F, IsAbsent<true>>> {
        Self::compare(IsAbsent)
    }

    /// Holds where there is a value. Never unknown.
    pub fn is_some(self) -> Predicate<M, Compare<M, V, Optional, F, IsAbsent<false>>> {
        Self::compare(IsAbsent)
    }
}
