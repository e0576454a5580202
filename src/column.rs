//! The columns that models declare, with the types of their fields.

use std::any::Any;
use std::marker::PhantomData;

use crate::arena::{AnyColumn, Arena};
use crate::blocks::{Blocks, Bytes};
use crate::model::{ColumnValue, Field, FieldOf, Model, Presence, Visitor};

/// The values of one field, by slot.
pub(crate) struct Values<T, F> {
    values: Blocks<T>,
    field: PhantomData<fn() -> F>,
}

impl<T, F> Values<T, F> {
    #[inline]
    pub(crate) fn blocks(&self) -> &Blocks<T> {
        &self.values
    }
}

/// Presence and type of a field beside its type, which says where it is.
#[allow(clippy::type_complexity, reason = "no value is held of any of them")]
pub(crate) struct Of<V, P, F>(PhantomData<fn() -> (V, P, F)>);

impl<M: Model, V: 'static, P: Presence<Out<V>: ColumnValue>, F: FieldOf<M, V, P>> AnyColumn<M>
    for Values<P::Out<V>, Of<V, P, F>>
{
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn clone_column(&self) -> Box<dyn AnyColumn<M>> {
        Box::new(Values::<P::Out<V>, Of<V, P, F>> { values: self.values.clone(), field: PhantomData })
    }
    fn emptied(&self) -> Box<dyn AnyColumn<M>> {
        Box::new(Values::<P::Out<V>, Of<V, P, F>> { values: Blocks::default(), field: PhantomData })
    }
    fn set(&mut self, slot: usize, row: &M) {
        self.values.put(slot, *F::get(row));
    }
    fn set_run(&mut self, first: usize, rows: &[M]) {
        self.values.put_run(first, rows.iter().map(|row| *F::get(row)));
    }
    fn agrees(&self, slot: usize, row: &M) -> bool {
        let (value, own) = (self.values.get(slot), F::get(row));
        // A float that is no number differs from itself, and is kept as it is.
        let is_itself = |value: &P::Out<V>| value.eq(value);
        value.is_some_and(|value| value == own || !is_itself(value) && !is_itself(own))
    }
    fn name(&self) -> &'static str {
        F::NAME
    }
    fn bytes(&self) -> Bytes {
        self.values.bytes()
    }
}

/// The columns of a model, empty.
pub(crate) fn columns_of<M: Model>() -> Vec<Box<dyn AnyColumn<M>>> {
    struct Collected<M>(Vec<Box<dyn AnyColumn<M>>>);
    impl<M: Model> Visitor<M> for Collected<M> {
        fn column<V: 'static, P: Presence<Out<V>: ColumnValue>, F: FieldOf<M, V, P>>(&mut self, _: Field<M, V, P, F>) {
            self.0.push(Box::new(Values::<P::Out<V>, Of<V, P, F>> { values: Blocks::default(), field: PhantomData }));
        }
    }
    let mut collected = Collected(Vec::new());
    M::declare(&mut collected);
    collected.0
}

/// The column of a field, if it is one.
pub(crate) fn column_of<M: Model, V: 'static, P: Presence<Out<V>: 'static>, F: FieldOf<M, V, P>>(
    rows: &Arena<M>,
) -> Option<&Blocks<P::Out<V>>> {
    let column = rows.column(F::COLUMN?)?.as_any();
    Some(column.downcast_ref::<Values<P::Out<V>, Of<V, P, F>>>()?.blocks())
}
