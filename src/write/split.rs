//! Several tables at once, some of them to be changed in place: what a game's systems do each frame.

use std::fmt;

use crate::arena::Arena;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::index::Indexes;
use crate::model::{Editable, Model, Relation};
use crate::relation::BelongsTo;
use crate::table::{Store, Table, TableSlot, rows_of, rows_of_mut, sources_of};
use crate::undo;

/// A handle that lends the fields of a table's rows that are in no key and no index.
pub struct TableMut<'a, M> {
    rows: &'a mut Arena<M>,
    index: &'a Indexes,
}

impl<M: Model> fmt::Debug for TableMut<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TableMut({}, {} rows)", M::NAME, self.rows.len())
    }
}

impl<M: Model + Editable> TableMut<'_, M> {
    /// The row with this id. O(1).
    pub fn get(&self, id: Id<M>) -> Option<&M> {
        self.rows.get(id.key())
    }

    /// The row with this id, its keyless fields to be changed. O(1), runs no check.
    pub fn get_mut(&mut self, id: Id<M>) -> Option<M::Mut<'_>> {
        self.rows.get_mut(id.key()).map(M::lend)
    }

    /// The ids of the rows that refer to a target, see [`Table::sources`].
    pub fn sources<R: Relation<Source = M>>(
        &self,
        relation: BelongsTo<R>,
        target: Id<R::Target>,
    ) -> impl ExactSizeIterator<Item = Id<M>> + use<'_, M, R> {
        let _ = relation;
        sources_of(&self.index.links[R::INDEX], target.key()).map(Id::from_key)
    }

    /// Every row in slot order, its keyless fields to be changed. Runs no check.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Id<M>, M::Mut<'_>)> {
        self.rows.iter_mut().map(|(key, row)| (Id::from_key(key), row.lend()))
    }
}

/// How a split borrows one table: `&M` to read ([`Table`]), `&mut M` to change in place ([`TableMut`]).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how to borrow a table",
    note = "write `&M` to read the table of the model `M`, `&mut M` to change its rows in place"
)]
pub trait Access: sealed::Sealed {
    /// The handle.
    type Handle<'a>;
    /// Whether rows may be changed through it.
    #[doc(hidden)]
    const EDITS: bool;
    #[doc(hidden)]
    fn position(store: &Store) -> Result<(u32, &'static str), Error>;
    #[doc(hidden)]
    fn handle(slot: &mut TableSlot) -> Self::Handle<'_>;
}

mod sealed {
    pub trait Sealed {}
    impl<M> Sealed for &M {}
    impl<M> Sealed for &mut M {}
}

impl<M: Model> Access for &M {
    type Handle<'a> = Table<'a, M>;
    const EDITS: bool = false;

    fn position(store: &Store) -> Result<(u32, &'static str), Error> {
        Ok((store.position::<M>()?, M::NAME))
    }
    fn handle(slot: &mut TableSlot) -> Table<'_, M> {
        Table { rows: rows_of(&*slot.rows), index: &slot.index }
    }
}

impl<M: Model + Editable> Access for &mut M {
    type Handle<'a> = TableMut<'a, M>;
    const EDITS: bool = true;

    fn position(store: &Store) -> Result<(u32, &'static str), Error> {
        Ok((store.position::<M>()?, M::NAME))
    }
    fn handle(slot: &mut TableSlot) -> TableMut<'_, M> {
        TableMut { rows: rows_of_mut(&mut *slot.rows), index: &slot.index }
    }
}

/// A tuple of two to six [`Access`]es, no table twice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which tables to borrow",
    note = "write a tuple of two to six tables: `db.split::<(&mut Ship, &Wind)>()`"
)]
pub trait Split {
    /// The handles.
    type Handles<'a>;
    #[doc(hidden)]
    fn split(store: &mut Store) -> Result<Self::Handles<'_>, Error>;
}

macro_rules! split {
    ($($access:ident $slot:ident),+) => {
        impl<$($access: Access),+> Split for ($($access,)+) {
            type Handles<'a> = ($($access::Handle<'a>,)+);

            fn split(store: &mut Store) -> Result<Self::Handles<'_>, Error> {
                let tables = [$($access::position(store)?),+];
                for (nth, (position, model)) in tables.iter().enumerate() {
                    if tables[..nth].iter().any(|(earlier, _)| earlier == position) {
                        return Err(Error::BorrowedTwice { model });
                    }
                }
                if [$($access::EDITS),+].contains(&true) {
                    undo::settle(store);
                }
                if !store.feed.is_empty() {
                    let edited = tables.iter().zip([$($access::EDITS),+]).filter(|(_, edits)| *edits);
                    let edited: Vec<&str> = edited.map(|((_, model), _)| *model).collect();
                    store.feed.touch(&edited);
                }
                let positions = tables.map(|(position, _)| position as usize);
                let [$($slot),+] = store.tables.get_disjoint_mut(positions).expect("positions of tables, no two alike");
                Ok(($($access::handle($slot),)+))
            }
        }
    };
}
split!(A a, B b);
split!(A a, B b, C c);
split!(A a, B b, C c, D d);
split!(A a, B b, C c, D d, E e);
split!(A a, B b, C c, D d, E e, F f);

impl Database {
    /// Borrows several tables at once, `&mut` ones to be changed in place while others are read.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Wind { speed: f32 }
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { #[model(belongs_to)] wind_id: Id<Wind>, x: f32 }
    /// # let mut db = Database::builder().model::<Wind>().model::<Ship>().build()?;
    /// # let wind_id = db.insert(Wind { speed: 2.0 })?;
    /// # let ship = db.insert(Ship { wind_id, x: 0.0 })?;
    /// let (mut ships, winds) = db.split::<(&mut Ship, &Wind)>()?;
    /// for (_, ship) in ships.iter_mut() {
    ///     *ship.x += winds.get(*ship.wind_id).map_or(0.0, |wind| wind.speed);
    /// }
    /// # assert_eq!(db.get(ship)?.x, 2.0);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn split<S: Split>(&mut self) -> Result<S::Handles<'_>, Error> {
        self.expect_no_transaction()?;
        S::split(&mut self.store)
    }
}
