//! relata's side: the statements on tables whose models are known by position only.

use std::marker::PhantomData;

use relata::{Database, DatabaseBuilder, Error, Id, Model, Transaction};
use slotmap::DefaultKey;

use crate::value::{Ids, Value};

/// A model whose rows can be made of values and shown as such, in the order of its fields.
pub trait Record: Model {
    /// The row with these values.
    fn read(values: &[Value], ids: &Ids) -> Self;
    /// The values of the row.
    fn show(&self, ids: &Ids) -> Vec<Value>;
    /// Stores the row in the place of the one with its primary key, or inserts it; `None` where it has no such key.
    fn upsert(self, _: &mut Writer<'_, '_>) -> Option<Result<Id<Self>, Error>> {
        None
    }
}

/// Implements [`Record`] for a model: its name, its fields in the order of the struct, and its primary key if it has one.
macro_rules! record {
    ($model:ident { $($field:ident),* } $(by $key:ident)?) => {
        impl $crate::store::Record for $model {
            fn read(values: &[$crate::value::Value], ids: &$crate::value::Ids) -> Self {
                let [$($field),*] = values else { panic!("{} values", values.len()) };
                $model { $($field: $crate::value::Cell::read($field, ids)),* }
            }

            fn show(&self, ids: &$crate::value::Ids) -> Vec<$crate::value::Value> {
                vec![$($crate::value::Cell::show(&self.$field, ids)),*]
            }

            $(fn upsert(
                self,
                writer: &mut $crate::store::Writer<'_, '_>,
            ) -> Option<Result<relata::Id<Self>, relata::Error>> {
                Some($crate::store::write!(writer, upsert($model::$key, self)).map(|(id, _)| id))
            })?
        }
    };
}
pub(crate) use record;

/// Whoever takes statements: the database itself, or a transaction or savepoint of it.
pub enum Writer<'a, 'db> {
    /// Each statement by itself.
    Alone(&'a mut Database),
    /// Statements of a transaction.
    Inside(&'a mut Transaction<'db>),
}

/// Makes a call on whoever takes statements.
macro_rules! write {
    ($writer:expr, $name:ident $(::<$model:ty>)? ($($argument:expr),*)) => {
        match $writer {
            $crate::store::Writer::Alone(database) => database.$name$(::<$model>)?($($argument),*),
            $crate::store::Writer::Inside(transaction) => transaction.$name$(::<$model>)?($($argument),*),
        }
    };
}
pub(crate) use write;

impl Writer<'_, '_> {
    /// The database, to be read.
    pub fn database(&self) -> &Database {
        match self {
            Writer::Alone(database) => database,
            Writer::Inside(transaction) => transaction,
        }
    }
}

/// The statements on one table.
pub trait Table: Sync {
    /// The table's name.
    fn name(&self) -> &'static str;
    /// Registers the model.
    fn register(&self, builder: DatabaseBuilder) -> DatabaseBuilder;
    /// All rows by their integers, in the order of these.
    fn rows(&self, database: &Database, ids: &Ids) -> Vec<(u32, Vec<Value>)>;
    /// Inserts one row or more under the next integers, as one statement.
    fn insert(&self, writer: &mut Writer<'_, '_>, rows: &[Vec<Value>], ids: &mut Ids) -> Result<(), Error>;
    /// Stores a row in the place of the one with its primary key, or inserts it under the next integer; `None` where the
    /// table has no such key.
    fn upsert(&self, writer: &mut Writer<'_, '_>, row: &[Value], ids: &mut Ids) -> Option<Result<(), Error>>;
    /// Replaces a row.
    fn update(&self, writer: &mut Writer<'_, '_>, key: DefaultKey, row: &[Value], ids: &Ids) -> Result<(), Error>;
    /// Deletes a row; gives how many went in all, as the report has it.
    fn delete(&self, writer: &mut Writer<'_, '_>, key: DefaultKey) -> Result<usize, Error>;
    /// Whether the plan of deleting a row says that it is blocked.
    fn is_delete_blocked(&self, database: &Database, key: DefaultKey) -> bool;
    /// Reserves an id, which gets the next integer.
    fn reserve(&self, writer: &mut Writer<'_, '_>, ids: &mut Ids) -> Result<(), Error>;
    /// Stores a row under a reserved id.
    fn fill(&self, writer: &mut Writer<'_, '_>, key: DefaultKey, row: &[Value], ids: &Ids) -> Result<(), Error>;
    /// Gives a reserved id back.
    fn cancel(&self, writer: &mut Writer<'_, '_>, key: DefaultKey) -> Result<(), Error>;
}

/// The table of a model.
pub struct TableOf<M>(PhantomData<fn() -> M>);

impl<M> TableOf<M> {
    /// The table of `M`.
    pub const fn new() -> Self {
        TableOf(PhantomData)
    }
}

impl<M> Default for TableOf<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Record> Table for TableOf<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn register(&self, builder: DatabaseBuilder) -> DatabaseBuilder {
        builder.model::<M>()
    }

    fn rows(&self, database: &Database, ids: &Ids) -> Vec<(u32, Vec<Value>)> {
        let mut rows: Vec<_> =
            database.iter::<M>().map(|(id, row)| (ids.number(M::NAME, id.key()), row.show(ids))).collect();
        rows.sort_unstable_by_key(|(number, _)| *number);
        rows
    }

    fn insert(&self, writer: &mut Writer<'_, '_>, rows: &[Vec<Value>], ids: &mut Ids) -> Result<(), Error> {
        let refused = if let [row] = rows {
            let make = |id: Id<M>| {
                ids.bind(M::NAME, id.key());
                M::read(row, ids)
            };
            write!(writer, insert_with(make)).err()
        } else {
            let make = |new: &[Id<M>]| {
                for id in new {
                    ids.bind(M::NAME, id.key());
                }
                rows.iter().map(|row| M::read(row, ids)).collect()
            };
            write!(writer, insert_many_with(rows.len(), make)).err()
        };
        match refused {
            None => Ok(()),
            Some(error) => {
                ids.unbind(M::NAME, rows.len());
                Err(error)
            }
        }
    }

    fn upsert(&self, writer: &mut Writer<'_, '_>, row: &[Value], ids: &mut Ids) -> Option<Result<(), Error>> {
        let result = M::read(row, ids).upsert(writer)?;
        Some(result.map(|id| {
            if ids.number(M::NAME, id.key()) == 0 {
                ids.bind(M::NAME, id.key());
            }
        }))
    }

    fn update(&self, writer: &mut Writer<'_, '_>, key: DefaultKey, row: &[Value], ids: &Ids) -> Result<(), Error> {
        let row = M::read(row, ids);
        write!(writer, update(Id::<M>::from_key(key), |stored| *stored = row))
    }

    fn delete(&self, writer: &mut Writer<'_, '_>, key: DefaultKey) -> Result<usize, Error> {
        write!(writer, delete(Id::<M>::from_key(key))).map(|deleted| 1 + deleted.removed.len())
    }

    fn is_delete_blocked(&self, database: &Database, key: DefaultKey) -> bool {
        database.plan_delete(Id::<M>::from_key(key)).is_ok_and(|plan| plan.is_blocked())
    }

    fn reserve(&self, writer: &mut Writer<'_, '_>, ids: &mut Ids) -> Result<(), Error> {
        let id = write!(writer, reserve::<M>())?;
        ids.bind(M::NAME, id.key());
        Ok(())
    }

    fn fill(&self, writer: &mut Writer<'_, '_>, key: DefaultKey, row: &[Value], ids: &Ids) -> Result<(), Error> {
        write!(writer, insert_at(Id::<M>::from_key(key), M::read(row, ids)))
    }

    fn cancel(&self, writer: &mut Writer<'_, '_>, key: DefaultKey) -> Result<(), Error> {
        write!(writer, cancel(Id::<M>::from_key(key)))
    }
}
