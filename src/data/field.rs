//! The fields of a model by name: asked, ordered by and written through their own types, so far as these can do it.

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::sync::Arc;

use super::ask::{Ask, Compared, TextTest};
use super::kind::{Kind, kind_at};
use super::read::{Reader, Reading};
use super::told::{Untold, field_of};
use super::value::Value;
use crate::model::{Field, FieldOf, FieldVisitor, Model, Presence};
use crate::order::IndexKey;
use crate::predicate::{Boxed, Comparison, Predicate, Truth, Wanted, value_of};
use crate::query::Order;

/// A field of a model whose type is not known here.
pub(crate) trait DataField<M: Model> {
    /// Its name outside.
    fn name(&self) -> &'static str;
    /// Its name in the struct.
    fn name_inside(&self) -> &'static str;
    fn is_optional(&self) -> bool;
    fn has_default(&self) -> bool;
    fn kind(&self) -> Kind {
        self.kind_at("").unwrap_or(Kind::Any)
    }
    /// What kind of value there is at a path within the field; an error has the part that is not there, and those that are.
    fn kind_at(&self, path: &str) -> Result<Kind, (String, &'static [&'static str])>;
    /// The typed predicate of what is asked; `None` where the value has to be looked at as JSON.
    fn predicate(&self, ask: &Ask) -> Option<Result<Predicate<M, Boxed<M>>, Untold>>;
    fn sorting(&self) -> Sorting<M>;
    /// Reads a value into the field of a row; `None` where its type does not read it by itself.
    fn set(&self, row: &mut M, value: &Value<'_>) -> Option<Result<(), Untold>>;
    /// Whether its type reads a value; `None` where it does not by itself.
    fn check(&self, value: &Value<'_>) -> Option<Result<(), Untold>>;
    /// Exchanges the field of two rows.
    fn exchange(&self, left: &mut M, right: &mut M);
}

/// How rows are ordered by a field.
pub(crate) struct Sorting<M> {
    /// Where an index may have the order.
    pub(crate) order: Option<Order<M>>,
    /// Whether the order descends; absent values come last either way.
    pub(crate) compare: fn(&M, &M, bool) -> Ordering,
}

/// The fields of a model that have names outside, and how many are shown, with those that serde skips.
pub(crate) fn fields_of<M: Model>() -> (Vec<Box<dyn DataField<M>>>, usize) {
    /// Those that are shown.
    struct All<M>(Vec<Box<dyn DataField<M>>>, usize);
    impl<M: Model> FieldVisitor<M> for All<M> {
        fn field<V, P, F>(&mut self, _: Field<M, V, P, F>)
        where
            V: Send + Sync + 'static,
            P: Presence<Out<V>: 'static>,
            F: FieldOf<M, V, P>,
        {
            self.1 += 1;
            if !F::IS_SKIPPED {
                self.0.push(Box::new(Typed::<M, V, P, F>(PhantomData)));
            }
        }
    }
    let mut all = All(Vec::new(), 0);
    M::visit_fields(&mut all);
    (all.0, all.1)
}

/// Puts the fields that serde leaves out of rows from one row into another.
pub(crate) fn keep_skipped<M: Model>(from: &mut M, to: &mut M) {
    struct Keep<'r, M>(&'r mut M, &'r mut M);
    impl<M: Model> FieldVisitor<M> for Keep<'_, M> {
        fn field<V, P, F>(&mut self, _: Field<M, V, P, F>)
        where
            V: Send + Sync + 'static,
            P: Presence<Out<V>: 'static>,
            F: FieldOf<M, V, P>,
        {
            if F::IS_SKIPPED {
                std::mem::swap(F::get_mut(self.0), F::get_mut(self.1));
            }
        }
    }
    M::visit_fields(&mut Keep(from, to));
}

/// The text in the field of this name of a row, if it is one.
pub(crate) fn text_of<'r, M: Model>(row: &'r M, name: &str) -> Option<&'r str> {
    struct Find<'r, 'n, M> {
        row: &'r M,
        name: &'n str,
        found: Option<&'r str>,
    }
    impl<M: Model> FieldVisitor<M> for Find<'_, '_, M> {
        fn field<V, P, F>(&mut self, _: Field<M, V, P, F>)
        where
            V: Send + Sync + 'static,
            P: Presence<Out<V>: 'static>,
            F: FieldOf<M, V, P>,
        {
            if let Some(text) = F::TEXT
                && !F::IS_SKIPPED
                && F::EXTERNAL_NAME == self.name
            {
                self.found = P::value(F::get(self.row)).map(text);
            }
        }
    }
    let mut find = Find { row, name, found: None };
    M::visit_fields(&mut find);
    find.found
}

#[expect(clippy::type_complexity, reason = "no value is held of any of them")]
struct Typed<M, V, P, F>(PhantomData<fn() -> (M, V, P, F)>);

impl<M, V, P, F> Typed<M, V, P, F>
where
    M: Model,
    V: Send + Sync + 'static,
    P: Presence<Out<V>: 'static>,
    F: FieldOf<M, V, P>,
{
    fn predicate_of<C: Comparison<V> + 'static>(comparison: C) -> Predicate<M, Boxed<M>> {
        Field::<M, V, P, F>::compare(comparison).boxed()
    }

    /// The values of its type that are asked for.
    fn read_all(values: &[Value<'_>]) -> Option<Result<Arc<[V]>, Untold>> {
        values.iter().map(|value| F::read(Reader::new(value, Reading::Coercing))).collect()
    }

    /// What the field of a row holds by a value, read exactly.
    fn read(value: &Value<'_>) -> Option<Result<P::Out<V>, Untold>> {
        let absent = if value.is_null() && !P::REQUIRED { P::out(None) } else { None };
        Some(match absent {
            Some(absent) => Ok(absent),
            None => F::read(Reader::new(value, Reading::Exact))?
                .and_then(|value| P::out(Some(value)).ok_or_else(|| Untold("a value is wanted".to_owned()))),
        })
    }

    fn asked(test: Asking, values: Arc<[V]>) -> Predicate<M, Boxed<M>> {
        Self::predicate_of(Asked::<M, V, P, F> { test, values, hashes: Arc::new([]), field: PhantomData })
    }

    fn one_of(values: Arc<[V]>, is_negated: bool, has_null: bool) -> Predicate<M, Boxed<M>> {
        let mut hashes: Vec<(u64, u32)> = Vec::new();
        if let Some(hash) = F::HASH.filter(|_| values.len() > FEW) {
            hashes = values.iter().zip(0..).map(|(value, place)| (hash(value), place)).collect();
            hashes.sort_unstable();
        }
        let test = Asking::In { is_negated, has_null };
        Self::predicate_of(Asked::<M, V, P, F> { test, values, hashes: hashes.into(), field: PhantomData })
    }
}

/// So many values are compared one by one.
const FEW: usize = 8;

impl<M, V, P, F> DataField<M> for Typed<M, V, P, F>
where
    M: Model,
    V: Send + Sync + 'static,
    P: Presence<Out<V>: 'static>,
    F: FieldOf<M, V, P>,
{
    fn name(&self) -> &'static str {
        F::EXTERNAL_NAME
    }
    fn name_inside(&self) -> &'static str {
        F::NAME
    }
    fn is_optional(&self) -> bool {
        !P::REQUIRED
    }
    fn has_default(&self) -> bool {
        F::HAS_DEFAULT
    }
    fn kind_at(&self, path: &str) -> Result<Kind, (String, &'static [&'static str])> {
        kind_at(path, |probe| F::read(probe))
    }

    fn predicate(&self, ask: &Ask) -> Option<Result<Predicate<M, Boxed<M>>, Untold>> {
        let (ask, is_negated) = match ask {
            Ask::Not(ask) => (&**ask, true),
            ask => (ask, false),
        };
        let read = match ask {
            Ask::Absent(is_absent) => {
                return Some(Ok(Self::asked(Asking::Absent(*is_absent != is_negated), Arc::new([]))));
            }
            Ask::Text(test) => {
                F::TEXT?;
                return Some(Ok(Self::asked(Asking::Text { test: test.clone(), is_negated }, Arc::new([]))));
            }
            Ask::In(values, has_null) => {
                F::EQUAL?;
                Self::read_all(values)?.map(|values| Self::one_of(values, is_negated, *has_null))
            }
            Ask::Compare(Compared::Equal, values) => {
                F::EQUAL?;
                let test = if is_negated { Asking::Differs } else { Asking::Compare(Compared::Equal) };
                Self::read_all(values)?.map(|values| Self::asked(test, values))
            }
            Ask::Compare(test, values) if !is_negated => {
                F::COMPARE?;
                Self::read_all(values)?.map(|values| Self::asked(Asking::Compare(*test), values))
            }
            Ask::Compare(..) | Ask::Not(_) => return None,
        };
        Some(read)
    }

    fn sorting(&self) -> Sorting<M> {
        Sorting {
            order: F::ORDER.map(|_| Order::by(F::INDEX, F::NAME, key_of::<M, V, P, F>)),
            compare: compare::<M, V, P, F>,
        }
    }

    fn set(&self, row: &mut M, value: &Value<'_>) -> Option<Result<(), Untold>> {
        Some(Self::read(value)?.map(|value| *F::get_mut(row) = value))
    }

    fn check(&self, value: &Value<'_>) -> Option<Result<(), Untold>> {
        Some(Self::read(value)?.map(drop))
    }

    fn exchange(&self, left: &mut M, right: &mut M) {
        std::mem::swap(F::get_mut(left), F::get_mut(right));
    }
}

fn key_of<M, V, P: Presence, F: FieldOf<M, V, P>>(row: &M) -> IndexKey {
    match (P::value(F::get(row)), F::ORDER) {
        (Some(value), Some(order)) => order(value),
        _ => IndexKey::Absent,
    }
}

/// By the keys of an index, which has absent values last in both directions.
fn by_keys(left: IndexKey, right: IndexKey, descends: bool) -> Ordering {
    if descends { left.reversed().cmp(&right.reversed()) } else { left.cmp(&right) }
}

/// Where a value that is not there, or has no place in the order, stands behind those that have one.
fn placed<T>(
    left: Option<T>,
    right: Option<T>,
    descends: bool,
    compare: impl Fn(&T, &T) -> Option<Ordering>,
) -> Ordering {
    let rank = |value: &Option<T>| match value {
        None => 2,
        Some(value) => u8::from(compare(value, value).is_none()),
    };
    let by_rank = rank(&left).cmp(&rank(&right));
    by_rank.then_with(|| {
        let order = left.zip(right).and_then(|(left, right)| compare(&left, &right)).unwrap_or(Ordering::Equal);
        if descends { order.reverse() } else { order }
    })
}

/// By the keys of the type's order, or by the type's own comparison, or else as JSON.
fn compare<M: Model, V, P: Presence, F: FieldOf<M, V, P>>(left: &M, right: &M, descends: bool) -> Ordering {
    if F::ORDER.is_some() {
        by_keys(key_of::<M, V, P, F>(left), key_of::<M, V, P, F>(right), descends)
    } else if let Some(compare) = F::COMPARE {
        let (left, right) = (P::value(F::get(left)), P::value(F::get(right)));
        placed(left, right, descends, |left, right| compare(left, right))
    } else {
        let value = |row| field_of(row, F::EXTERNAL_NAME).ok().flatten().filter(|value| !value.is_null());
        placed(value(left), value(right), descends, |left, right| left.compare(right))
    }
}

/// What is asked of a typed value. It is known at once whether it holds for an absent one, so that nothing is unknown.
#[derive(Debug, Clone)]
enum Asking {
    Absent(bool),
    Differs,
    Compare(Compared),
    In { is_negated: bool, has_null: bool },
    Text { test: TextTest, is_negated: bool },
}

/// What is asked of a field by name: the comparisons of a typed predicate in one type, so that a model has not one for each
/// operator of each field.
#[expect(clippy::type_complexity, reason = "no value is held of any of them")]
struct Asked<M, V, P, F> {
    test: Asking,
    values: Arc<[V]>,
    /// Of many values their hashes with their places, in order.
    hashes: Arc<[(u64, u32)]>,
    field: PhantomData<fn() -> (M, V, P, F)>,
}

impl<M, V, P, F> Clone for Asked<M, V, P, F> {
    fn clone(&self) -> Self {
        Asked { test: self.test.clone(), values: self.values.clone(), hashes: self.hashes.clone(), field: PhantomData }
    }
}

impl<M, V: Send + Sync, P: Presence, F: FieldOf<M, V, P>> Asked<M, V, P, F> {
    #[inline]
    fn is(value: &V, asked: &V) -> bool {
        F::EQUAL.is_some_and(|equal| equal(value, asked))
    }

    fn has(&self, value: &V) -> bool {
        let Some(hash) = F::HASH.filter(|_| !self.hashes.is_empty()) else {
            return self.values.iter().any(|asked| Self::is(value, asked));
        };
        let hash = hash(value);
        let first = self.hashes.partition_point(|(other, _)| *other < hash);
        let same = self.hashes[first..].iter().take_while(|(other, _)| *other == hash);
        same.into_iter().any(|(_, place)| Self::is(value, &self.values[*place as usize]))
    }
}

impl<M, V: Send + Sync, P: Presence, F: FieldOf<M, V, P>> Comparison<V> for Asked<M, V, P, F> {
    #[inline]
    fn holds(&self, value: &V) -> bool {
        match &self.test {
            Asking::Absent(is_absent) => !is_absent,
            Asking::Compare(Compared::Equal) => self.values.first().is_some_and(|asked| Self::is(value, asked)),
            Asking::Differs => !self.values.first().is_some_and(|asked| Self::is(value, asked)),
            Asking::Compare(test) => F::COMPARE.is_some_and(|compare| test.holds(value, &self.values, compare)),
            Asking::In { is_negated, .. } => self.has(value) != *is_negated,
            Asking::Text { test, is_negated } => F::TEXT.is_some_and(|text| test.holds(text(value))) != *is_negated,
        }
    }

    #[inline]
    fn absent(&self) -> Truth {
        let holds = match &self.test {
            Asking::Absent(is_absent) => *is_absent,
            Asking::Differs => true,
            Asking::Compare(_) => false,
            Asking::In { is_negated, has_null } => has_null != is_negated,
            Asking::Text { is_negated, .. } => *is_negated,
        };
        holds.into()
    }

    fn wanted<N, Q: Presence, G: FieldOf<N, V, Q>>(&self) -> Option<Wanted<'_>> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let values = || Wanted::Values(self.values.iter().map(value_of::<N, V, Q, G>).collect());
        let key = |place: usize| self.values.get(place).and_then(G::order);
        Some(match &self.test {
            Asking::Absent(true) if !Q::REQUIRED => Wanted::Absent,
            Asking::In { is_negated: false, has_null: false } | Asking::Compare(Compared::Equal) => values(),
            Asking::Compare(Compared::Less) => Wanted::Range(Unbounded, Excluded(key(0)?)),
            Asking::Compare(Compared::AtMost) => Wanted::Range(Unbounded, Included(key(0)?)),
            Asking::Compare(Compared::Greater) => Wanted::Range(Excluded(key(0)?), Unbounded),
            Asking::Compare(Compared::AtLeast) => Wanted::Range(Included(key(0)?), Unbounded),
            Asking::Compare(Compared::Between) => Wanted::Range(Included(key(0)?), Included(key(1)?)),
            Asking::Text { test: TextTest::Like(pattern), is_negated: false } => {
                Wanted::Prefix(pattern.prefix().as_bytes())
            }
            Asking::Absent(_) | Asking::Differs | Asking::In { .. } | Asking::Text { .. } => return None,
        })
    }

    fn is_whole(&self) -> bool {
        !matches!(self.test, Asking::Text { .. })
    }
}
