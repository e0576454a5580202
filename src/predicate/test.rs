//! A predicate that has been opened: testing rows one by one, and the columns of a chunk of slots at once.

use std::cell::Cell;

use slotmap::DefaultKey;

use crate::arena::Arena;
use crate::id::slot_of;
use crate::model::{FieldOf, Model, Presence};

/// How many slots are tested at once.
pub(crate) const CHUNK: usize = 256;

/// What is known of a condition and a row. In this order `and` is the least, `or` the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Truth {
    /// It does not hold.
    False = 0,
    /// A value that it asks for is absent.
    Unknown = 1,
    /// It holds.
    True = 2,
}

impl From<bool> for Truth {
    #[inline]
    fn from(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

impl Truth {
    #[inline]
    pub(super) fn not(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
            Truth::True => Truth::False,
        }
    }
}

/// The truths of a chunk's slots, as numbers, so that loops over them are simple.
pub(crate) type Truths = [u8; CHUNK];

/// What of a condition is in columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// Nothing.
    Rows,
    /// A part of an `and`.
    Some,
    /// All of it.
    Columns,
}

/// A row to be tested. It is touched, once, when a field is read that is no column.
pub struct At<'r, M> {
    pub(crate) slot: u32,
    rows: &'r Arena<M>,
    key: Cell<Option<DefaultKey>>,
    row: Cell<Option<&'r M>>,
}

impl<'r, M: Model> At<'r, M> {
    /// A row that is at hand.
    #[inline]
    pub(crate) fn of_row(rows: &'r Arena<M>, key: DefaultKey, row: &'r M) -> Self {
        #[cfg(test)]
        crate::index::probes::count_touched();
        At { slot: slot_of(key), rows, key: Cell::new(Some(key)), row: Cell::new(Some(row)) }
    }

    /// A row that is stored.
    #[inline]
    pub(crate) fn of_key(rows: &'r Arena<M>, key: DefaultKey) -> Self {
        At { slot: slot_of(key), rows, key: Cell::new(Some(key)), row: Cell::new(None) }
    }

    /// The row in a slot, which has one.
    #[inline]
    pub(crate) fn of_slot(rows: &'r Arena<M>, slot: u32) -> Self {
        At { slot, rows, key: Cell::new(None), row: Cell::new(None) }
    }

    #[inline]
    fn find(&self) -> (DefaultKey, &'r M) {
        #[cfg(test)]
        crate::index::probes::count_touched();
        let (key, row) = self.rows.in_slot(self.slot).expect("only stored rows are tested");
        self.key.set(Some(key));
        self.row.set(Some(row));
        (key, row)
    }

    #[inline]
    pub(crate) fn key(&self) -> DefaultKey {
        self.key.get().unwrap_or_else(|| self.find().0)
    }

    #[inline]
    pub(crate) fn row(&self) -> &'r M {
        self.row.get().unwrap_or_else(|| self.find().1)
    }
}

/// A condition whose columns and links have been looked up.
pub trait Test<M: Model> {
    /// What of it is in columns.
    #[doc(hidden)]
    fn reads(&self) -> Reads {
        Reads::Rows
    }

    /// Whether it holds for every row, so that it reads nothing.
    #[doc(hidden)]
    fn is_all(&self) -> bool {
        false
    }

    /// The most that can be true of the rows in the slots from `first` on, as far as columns tell: exact where all is in
    /// columns. Of slots without a row it says anything.
    #[doc(hidden)]
    fn bound(&self, first: usize, truths: &mut [u8; 256]) {
        let _ = first;
        truths.fill(Truth::True as u8);
    }

    /// Tests a row.
    #[doc(hidden)]
    fn test(&self, at: &At<'_, M>) -> Truth;
}

impl<M: Model, T: Test<M> + ?Sized> Test<M> for Box<T> {
    fn reads(&self) -> Reads {
        (**self).reads()
    }
    fn is_all(&self) -> bool {
        (**self).is_all()
    }
    fn bound(&self, first: usize, truths: &mut Truths) {
        (**self).bound(first, truths);
    }
    fn test(&self, at: &At<'_, M>) -> Truth {
        (**self).test(at)
    }
}

/// Reads a field of rows, from its column where it has one.
pub struct Reader<'a, M, V, P: Presence, F> {
    pub(crate) column: Option<&'a crate::blocks::Blocks<P::Out<V>>>,
    pub(super) field: std::marker::PhantomData<fn() -> (M, F)>,
}

impl<M, V, P: Presence, F> Clone for Reader<'_, M, V, P, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M, V, P: Presence, F> Copy for Reader<'_, M, V, P, F> {}

impl<'a, M: Model, V: 'static, P: Presence, F: FieldOf<M, V, P>> Reader<'a, M, V, P, F> {
    pub(crate) fn open(rows: &'a Arena<M>) -> Self
    where
        P::Out<V>: 'static,
    {
        Reader { column: crate::column::column_of::<M, V, P, F>(rows), field: std::marker::PhantomData }
    }

    /// What the field of a row holds.
    #[inline]
    pub(crate) fn get(self, at: &At<'a, M>) -> &'a P::Out<V> {
        match self.column.and_then(|column| column.get(at.slot as usize)) {
            Some(value) => value,
            None => F::get(at.row()),
        }
    }

    #[inline]
    pub(super) fn value<'v>(&'v self, at: &'v At<'_, M>) -> Option<&'v V> {
        match self.column.and_then(|column| column.get(at.slot as usize)) {
            Some(value) => P::value(value),
            None => P::value(F::get(at.row())),
        }
    }
}
