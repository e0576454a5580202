//! Counts, sums and groups.

use std::ops::{ControlFlow, Range};

use slotmap::DefaultKey;

use super::Query;
use super::order::Order;
use crate::blocks::Blocks;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::referrers::Referrers;
use crate::model::{AnyRelation, Field, FieldOf, Model, Presence};
use crate::order::{IndexKey, Ordered};
use crate::predicate::{Condition, Reader};
use crate::relation::HasMany;

/// A number that can be summed, and how: integers of up to 32 bits in 64, longer ones in 128, so that no sum of a table
/// overflows; floats in 64 bits.
///
/// Floats are added by slot, in eight sums of the slots with the same remainder by eight, which are added in the end. So a sum
/// is the same bits whatever the plan, with columns and without.
pub trait Summed: Copy {
    /// The type of a sum.
    type Sum: Copy + Default;
    /// Sums that are being made.
    #[doc(hidden)]
    type Parts: Copy + Default;

    #[doc(hidden)]
    fn add(parts: &mut Self::Parts, slot: usize, value: Self);
    /// Adds values of slots one after the other, of which the first is a multiple of 64.
    #[doc(hidden)]
    fn add_all(parts: &mut Self::Parts, values: &[Self]) {
        for (slot, value) in values.iter().enumerate() {
            Self::add(parts, slot, *value);
        }
    }
    #[doc(hidden)]
    fn sum(parts: Self::Parts) -> Self::Sum;
    #[doc(hidden)]
    fn mean(sum: Self::Sum, count: usize) -> f64;
}

macro_rules! integers {
    ($($number:ty: $sum:ty),+) => {$(
        impl Summed for $number {
            type Sum = $sum;
            type Parts = $sum;

            #[inline]
            fn add(parts: &mut $sum, _: usize, value: $number) {
                *parts += <$sum>::from(value);
            }
            #[inline]
            fn add_all(parts: &mut $sum, values: &[$number]) {
                *parts += values.iter().map(|value| <$sum>::from(*value)).sum::<$sum>();
            }
            fn sum(parts: $sum) -> $sum {
                parts
            }
            #[expect(clippy::cast_precision_loss, reason = "a mean is as exact as its type")]
            fn mean(sum: $sum, count: usize) -> f64 {
                sum as f64 / count as f64
            }
        }
    )+};
}
integers!(u8: u64, u16: u64, u32: u64, i8: i64, i16: i64, i32: i64);

macro_rules! long_integers {
    ($($number:ident: $sum:ident, $lift:expr, $lifted_by:expr;)+) => {$(
        /// Lifted above zero and by halves of 32 bits, so that many are added without a carry.
        impl Summed for $number {
            type Sum = $sum;
            type Parts = $sum;

            #[inline]
            fn add(parts: &mut $sum, _: usize, value: $number) {
                *parts += $sum::from(value);
            }
            #[inline]
            fn add_all(parts: &mut $sum, values: &[$number]) {
                for values in values.chunks(1 << 16) {
                    let (mut low, mut high) = (0_u64, 0_u64);
                    for value in values {
                        let value: u64 = $lift(*value);
                        low += value & 0xFFFF_FFFF;
                        high += value >> 32;
                    }
                    *parts += $sum::from(low) + ($sum::from(high) << 32) - $lifted_by * values.len() as $sum;
                }
            }
            fn sum(parts: $sum) -> $sum {
                parts
            }
            #[expect(clippy::cast_precision_loss, reason = "a mean is as exact as its type")]
            fn mean(sum: $sum, count: usize) -> f64 {
                sum as f64 / count as f64
            }
        }
    )+};
}
long_integers! {
    u64: u128, |value: u64| value, 0;
    i64: i128, |value: i64| value.cast_unsigned() ^ (1 << 63), 1 << 63;
}

macro_rules! floats {
    ($($number:ty),+) => {$(
        impl Summed for $number {
            type Sum = f64;
            type Parts = [f64; 8];

            #[inline]
            fn add(parts: &mut [f64; 8], slot: usize, value: $number) {
                parts[slot % 8] += f64::from(value);
            }
            #[inline]
            fn add_all(parts: &mut [f64; 8], values: &[$number]) {
                let (chunks, rest) = values.as_chunks::<8>();
                for chunk in chunks {
                    parts.iter_mut().zip(chunk).for_each(|(part, value)| *part += f64::from(*value));
                }
                parts.iter_mut().zip(rest).for_each(|(part, value)| *part += f64::from(*value));
            }
            fn sum([a, b, c, d, e, f, g, h]: [f64; 8]) -> f64 {
                ((a + b) + (c + d)) + ((e + f) + (g + h))
            }
            #[expect(clippy::cast_precision_loss, reason = "a mean is as exact as its type")]
            fn mean(sum: f64, count: usize) -> f64 {
                sum / count as f64
            }
        }
    )+};
}
floats!(f32, f64);

impl<M: Model, C: Condition<M>> Query<'_, M, C> {
    /// How many rows there are. Where an index answers the whole predicate, O(log n) and no row is touched.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Score { #[model(ordered)] points: u32 }
    /// # let mut db = Database::builder().model::<Score>().build()?;
    /// # db.insert_many([40, 70, 90].map(|points| Score { points }))?;
    /// assert_eq!(db.query().filter(Score::FIELDS.points.ge(50)).count()?, 2);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn count(self) -> Result<usize, Error> {
        let (skip, limit) = (self.skip, self.limit);
        let within = |all: usize| all.saturating_sub(skip).min(limit);
        if C::IS_ALL {
            return Ok(within(self.database.table::<M>()?.len()));
        }
        if let Some(rows) = self.count_of_way()? {
            return Ok(within(rows));
        }
        let rows = Query { orders: smallvec::SmallVec::new(), ..self }.run()?;
        if let Some(len) = rows.known_len() {
            return Ok(len);
        }
        let mut count = 0;
        rows.drive(|_| {
            count += 1;
            ControlFlow::<()>::Continue(())
        });
        Ok(count)
    }

    /// How many results a join would have that goes from each row along each of these has_many relations: the sum of the
    /// products of how many rows there are at their ends. None of them is touched, and no product is gone through.
    /// O(1) for each row and relation.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # #[model(has_many(posts: Post), has_many(likes: Like))] struct Person { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Post { #[model(belongs_to)] person_id: Id<Person> }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Like { #[model(belongs_to)] person_id: Id<Person> }
    /// # let mut db = Database::builder().model::<Person>().model::<Post>().model::<Like>().build()?;
    /// # let person_id = db.insert(Person { name: "Jane".into() })?;
    /// db.insert_many(vec![Post { person_id }; 100])?;
    /// db.insert_many(vec![Like { person_id }; 50])?;
    /// assert_eq!(db.query::<Person>().count_joined((Person::POSTS, Person::LIKES))?, 100 * 50);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn count_joined<B: Branches<M>>(self, branches: B) -> Result<u64, Error> {
        let _ = branches;
        let opened = B::open(self.database)?;
        let mut count = 0;
        self.run()?.drive(|at| {
            count += B::product(opened, at.key());
            ControlFlow::<()>::Continue(())
        });
        Ok(count)
    }

    /// The sum of a field's values; absent ones are passed over. See [`Summed`].
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Line { #[model(column)] cents: u32 }
    /// # let mut db = Database::builder().model::<Line>().build()?;
    /// # db.insert_many([40, 70, 90].map(|cents| Line { cents }))?;
    /// let cents = Line::FIELDS.cents;
    /// assert_eq!(db.query().filter(cents.gt(50)).sum(cents)?, 160);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn sum<V: Summed + 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>>(
        self,
        field: Field<M, V, P, F>,
    ) -> Result<V::Sum, Error> {
        let _ = field;
        Ok(V::sum(self.parts::<V, P, F>()?.0))
    }

    /// The mean of a field's values; `None` where there are none.
    pub fn avg<V: Summed + 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>>(
        self,
        field: Field<M, V, P, F>,
    ) -> Result<Option<f64>, Error> {
        let _ = field;
        let (parts, count) = self.parts::<V, P, F>()?;
        Ok((count > 0).then(|| V::mean(V::sum(parts), count)))
    }

    /// The sums by which a field's values are added up, and how many there are.
    fn parts<V: Summed + 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>>(
        self,
    ) -> Result<(V::Parts, usize), Error> {
        let (mut parts, mut count) = (V::Parts::default(), 0);
        let rows = self.arena()?;
        let reader = Reader::<M, V, P, F>::open(rows);
        if let Some(column) = reader.column
            && C::IS_ALL
            && column.chunk(0, 64).is_some()
            && self.skip == 0
            && self.limit == usize::MAX
        {
            count = sum_of_column::<V, P>(column, rows.stored_words(), &mut parts);
            return Ok((parts, count));
        }
        let add = |slot: u32, value: Option<&V>, parts: &mut V::Parts, count: &mut usize| {
            if let Some(value) = value {
                V::add(parts, slot as usize, *value);
                *count += 1;
            }
        };
        if self.orders.is_empty() || (self.skip == 0 && self.limit == usize::MAX) {
            // Which rows come first does not matter, so that they can come by slot.
            Query { orders: smallvec::SmallVec::new(), ..self }.run()?.drive(|at| {
                add(at.slot, P::value(reader.get(&at)), &mut parts, &mut count);
                ControlFlow::<()>::Continue(())
            });
        } else {
            let mut slots = Vec::new();
            self.run()?.drive(|at| {
                slots.push(at);
                ControlFlow::<()>::Continue(())
            });
            slots.sort_unstable_by_key(|at| at.slot);
            for at in slots {
                add(at.slot, P::value(reader.get(&at)), &mut parts, &mut count);
            }
        }
        Ok((parts, count))
    }

    /// The least value of a field; `None` where there is none. Absent values and floats that are no number are passed over.
    pub fn min<V: Ordered + Clone + 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>>(
        self,
        field: Field<M, V, P, F>,
    ) -> Result<Option<V>, Error> {
        self.extreme::<V, P, F>(field.asc())
    }

    /// The greatest value of a field; `None` where there is none. Absent values and floats that are no number are passed over.
    pub fn max<V: Ordered + Clone + 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>>(
        self,
        field: Field<M, V, P, F>,
    ) -> Result<Option<V>, Error> {
        self.extreme::<V, P, F>(field.desc())
    }

    /// The value of the row that comes first in an order.
    fn extreme<V: Ordered + Clone + 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>>(
        self,
        order: Order<M>,
    ) -> Result<Option<V>, Error> {
        let reader = Reader::<M, V, P, F>::open(self.arena()?);
        let first = if self.skip == 0 && self.limit == usize::MAX {
            Query { orders: smallvec::smallvec![order], limit: 1, ..self }.run()?.next_row()
        } else {
            let mut rows = Vec::new();
            self.run()?.drive(|at| {
                rows.push((order.ascending(order.key(at.row())), at));
                ControlFlow::<()>::Continue(())
            });
            rows.into_iter().min_by(|left, right| left.0.cmp(&right.0)).map(|(_, at)| at)
        };
        let value = first.and_then(|at| P::value(reader.get(&at)));
        Ok(value.filter(|value| value.index_key() < IndexKey::Unordered).cloned())
    }

    /// The values of a field in order, each with the ids of its rows in slot order; absent values come last.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { port: Option<String> }
    /// # let mut db = Database::builder().model::<Ship>().build()?;
    /// # db.insert_many([None, Some("Oslo"), Some("Cork"), Some("Oslo")].map(|port| Ship { port: port.map(Into::into) }))?;
    /// let groups = db.query::<Ship>().group_by(Ship::FIELDS.port)?;
    /// let sizes: Vec<_> = groups.iter().map(|(port, ships)| (port.as_deref(), ships.len())).collect();
    /// assert_eq!(sizes, [(Some("Cork"), 1), (Some("Oslo"), 2), (None, 1)]);
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[expect(clippy::type_complexity, reason = "values and ids are no new concept")]
    pub fn group_by<V: Ordered + 'static, P: Presence<Out<V>: Clone + 'static>, F: FieldOf<M, V, P>>(
        self,
        field: Field<M, V, P, F>,
    ) -> Result<Vec<(P::Out<V>, Vec<Id<M>>)>, Error> {
        let _ = field;
        let reader = Reader::<M, V, P, F>::open(self.arena()?);
        let mut found = Vec::new();
        self.run()?.drive(|at| {
            let value = reader.get(&at);
            let key = P::value(value).map_or(IndexKey::Absent, Ordered::index_key);
            found.push((key, at.key(), value));
            ControlFlow::<()>::Continue(())
        });
        found.sort_unstable_by(|left, right| (&left.0, left.1).cmp(&(&right.0, right.1)));
        let groups = found.chunk_by(|left, right| left.0 == right.0);
        Ok(groups
            .map(|group| (group[0].2.clone(), group.iter().map(|(_, key, _)| Id::from_key(*key)).collect()))
            .collect())
    }
}

/// Several has_many relations of one model: a tuple of two to four.
pub trait Branches<M: Model>: Copy {
    #[doc(hidden)]
    type Opened<'a>: Copy;
    #[doc(hidden)]
    fn open(database: &Database) -> Result<Self::Opened<'_>, Error>;
    #[doc(hidden)]
    fn product(opened: Self::Opened<'_>, owner: DefaultKey) -> u64;
}

macro_rules! branches {
    ($(($($relation:ident $place:tt),+))+) => {$(
        impl<M: Model, $($relation: AnyRelation<Target = M>),+> Branches<M> for ($(HasMany<$relation>,)+) {
            type Opened<'a> = [Referrers<'a>; [$($place),+].len()];

            fn open(database: &Database) -> Result<Self::Opened<'_>, Error> {
                Ok([$($relation::referrers(database.table::<$relation::Source>()?.index)),+])
            }
            #[inline]
            fn product(opened: Self::Opened<'_>, owner: DefaultKey) -> u64 {
                opened.iter().map(|referrers| referrers.count(owner) as u64).product()
            }
        }
    )+};
}
branches! { (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) }

/// Adds up a column over the slots that hold rows, and says how many values there were.
fn sum_of_column<V: Summed, P: Presence>(
    column: &Blocks<P::Out<V>>,
    stored: impl Iterator<Item = u64>,
    parts: &mut V::Parts,
) -> usize {
    let words_of_block = Blocks::<P::Out<V>>::FULL / 64;
    let (mut count, mut run) = (0, 0..0);
    // Words of 64 slots that all hold rows are added up together, block by block.
    let mut end_run = |run: Range<usize>, parts: &mut V::Parts| {
        let values = column.chunk(run.start * 64, run.len() * 64).unwrap_or_default();
        match P::values(values) {
            Some(values) => {
                V::add_all(parts, values);
                count += values.len();
            }
            None => {
                for (slot, value) in values.iter().enumerate() {
                    if let Some(value) = P::value(value) {
                        V::add(parts, slot, *value);
                        count += 1;
                    }
                }
            }
        }
    };
    let mut alone = 0;
    for (word, stored) in stored.enumerate() {
        if stored == u64::MAX && word % words_of_block != 0 && run.end == word {
            run.end += 1;
            continue;
        }
        end_run(std::mem::replace(&mut run, word..word), parts);
        if stored == u64::MAX {
            run.end += 1;
            continue;
        }
        run = word + 1..word + 1;
        let values = column.chunk(word * 64, 64).unwrap_or_default();
        for (slot, value) in values.iter().enumerate().filter(|(slot, _)| stored >> slot & 1 == 1) {
            if let Some(value) = P::value(value) {
                V::add(parts, slot, *value);
                alone += 1;
            }
        }
    }
    end_run(run, parts);
    count + alone
}
