//! The values of fields of a query's rows, read from columns where there are such.

use std::fmt;
use std::ops::ControlFlow;

use super::Query;
use super::run::Rows;
use crate::database::Database;
use crate::error::Error;
use crate::model::{Field, FieldOf, Model, Presence};
use crate::predicate::{At, Condition, Reader, Test};

/// Fields of a model to be read together: one field, or a tuple of up to eight.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no field of `{M}`, nor a tuple of its fields",
    note = "write a field (`Line::FIELDS.price`) or a tuple of fields (`(Line::FIELDS.price, Line::FIELDS.discount)`)"
)]
pub trait Select<M: Model>: Copy {
    /// What of a row they are: a reference, or a tuple of references.
    type Item<'a>;
    /// What they are read from.
    #[doc(hidden)]
    type Opened<'a>: Copy;

    #[doc(hidden)]
    fn open(database: &Database) -> Result<Self::Opened<'_>, Error>;
    #[doc(hidden)]
    fn read<'a>(opened: Self::Opened<'a>, at: &At<'a, M>) -> Self::Item<'a>;
}

impl<M: Model, V: 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>> Select<M> for Field<M, V, P, F> {
    type Item<'a> = &'a P::Out<V>;
    type Opened<'a> = Reader<'a, M, V, P, F>;

    fn open(database: &Database) -> Result<Self::Opened<'_>, Error> {
        Ok(Reader::open(database.table::<M>()?.rows))
    }
    #[inline]
    fn read<'a>(opened: Self::Opened<'a>, at: &At<'a, M>) -> Self::Item<'a> {
        opened.get(at)
    }
}

macro_rules! tuples {
    ($(($($field:ident $place:tt),+))+) => {$(
        impl<M: Model, $($field: Select<M>),+> Select<M> for ($($field,)+) {
            type Item<'a> = ($($field::Item<'a>,)+);
            type Opened<'a> = ($($field::Opened<'a>,)+);

            fn open(database: &Database) -> Result<Self::Opened<'_>, Error> {
                Ok(($($field::open(database)?,)+))
            }
            #[inline]
            fn read<'a>(opened: Self::Opened<'a>, at: &At<'a, M>) -> Self::Item<'a> {
                ($($field::read(opened.$place, at),)+)
            }
        }
    )+};
}
tuples! {
    (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) (A 0, B 1, C 2, D 3, E 4) (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6) (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

/// The values of fields, see [`Query::values`].
///
/// Hot loops use `for_each`, `fold`, `sum` and the like, which go through a chunk at a time.
pub struct Values<'a, M: Model, T, S: Select<M>> {
    rows: Rows<'a, M, T>,
    opened: S::Opened<'a>,
}

impl<'a, M: Model, T: Test<M>, S: Select<M>> Iterator for Values<'a, M, T, S> {
    type Item = S::Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<S::Item<'a>> {
        let at = self.rows.next_row()?;
        Some(S::read(self.opened, &at))
    }

    #[inline]
    fn fold<B, F: FnMut(B, S::Item<'a>) -> B>(self, init: B, mut f: F) -> B {
        let (mut folded, opened) = (Some(init), self.opened);
        self.rows.drive(|at| {
            let before = folded.take();
            folded = before.map(|before| f(before, S::read(opened, &at)));
            ControlFlow::<()>::Continue(())
        });
        folded.expect("it is put back after each row")
    }
}
impl<M: Model, T, S: Select<M>> fmt::Debug for Values<'_, M, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("model", &M::NAME).finish_non_exhaustive()
    }
}

impl<'a, M: Model, C: Condition<M>> Query<'a, M, C> {
    /// The values of a field, or of a tuple of fields, by reference: for sums of expressions, groups, whatever a fold can do.
    /// Fields that are columns are read without their rows.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// struct Line { #[model(column)] cents: u64, #[model(column)] discount_percent: u64 }
    ///
    /// # let mut db = Database::builder().model::<Line>().build()?;
    /// db.insert_many([(1000, 5), (500, 0)].map(|(cents, discount_percent)| Line { cents, discount_percent }))?;
    /// let line = Line::FIELDS;
    /// let discounted = db.query::<Line>().filter(line.discount_percent.gt(0));
    /// let lost: u64 = discounted.values((line.cents, line.discount_percent))?.map(|(cents, percent)| cents * percent / 100).sum();
    /// assert_eq!(lost, 50);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn values<S: Select<M>>(self, fields: S) -> Result<Values<'a, M, C::Opened<'a>, S>, Error> {
        let _ = fields;
        let opened = S::open(self.database)?;
        Ok(Values { rows: self.run()?, opened })
    }
}
