//! What a join is made of: rows that are touched when they are read, and tuples of them that grow by one with each table.

use std::fmt;
use std::ops::Deref;

use crate::arena::Arena;
use crate::id::Id;
use crate::model::Model;

/// A row of a join. It is touched when it is read: through `*row` and its fields, or [`Joined::get`]. Its
/// [id](Joined::id) is there without that.
pub struct Joined<'a, M> {
    pub(super) id: Id<M>,
    pub(super) rows: &'a Arena<M>,
}

impl<'a, M: Model> Joined<'a, M> {
    /// The row's id. Touches nothing.
    #[inline]
    pub fn id(self) -> Id<M> {
        self.id
    }

    /// The row, for as long as the database is borrowed. O(1).
    #[inline]
    pub fn get(self) -> &'a M {
        #[cfg(test)]
        super::tests::count_touch();
        self.rows.get(self.id.key()).expect("a join leads to stored rows only: that was proved when it was opened")
    }
}

impl<M> Clone for Joined<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Joined<'_, M> {}
impl<M: Model> Deref for Joined<'_, M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        self.get()
    }
}
impl<M: Model + fmt::Debug> fmt::Debug for Joined<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").field("id", &self.id).field("row", self.get()).finish()
    }
}

/// What a join gives, with one row more: a row and a row make a pair, a pair and a row a triple, up to eight.
#[diagnostic::on_unimplemented(
    message = "a join has eight tables at most",
    note = "tables of which neither row nor id is asked for can be passed over: `join(LineItem::ORDER.then(Order::CUSTOMER))`"
)]
pub trait Append<Row>: Copy {
    /// The longer tuple.
    type Out: Copy;

    /// Adds the row at the end.
    #[doc(hidden)]
    fn append(self, row: Row) -> Self::Out;
}

impl<M, Row: Copy> Append<Row> for Joined<'_, M> {
    type Out = (Self, Row);

    #[inline]
    fn append(self, row: Row) -> Self::Out {
        (self, row)
    }
}

macro_rules! tuples_grow {
    ($(($($row:ident)+)),+ $(,)?) => {$(
        impl<$($row: Copy,)+ Row: Copy> Append<Row> for ($($row,)+) {
            type Out = ($($row,)+ Row);

            #[inline]
            fn append(self, row: Row) -> Self::Out {
                #[allow(non_snake_case, reason = "a variable for each type, under its name")]
                let ($($row,)+) = self;
                ($($row,)+ row)
            }
        }
    )+};
}
tuples_grow!((A B), (A B C), (A B C D), (A B C D E), (A B C D E F), (A B C D E F G));
