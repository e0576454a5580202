//! The rows of a statement in one table, before they are stored.

use std::any::Any;
use std::borrow::Cow;
use std::cell::OnceCell;

use hashbrown::{HashMap, HashTable};
use slotmap::DefaultKey;

use super::row_id;
use crate::error::Holder;
use crate::index::unique::spread;
use crate::model::{Model, Reference, Relation, WithRelation, with_relation};
use crate::table::{AnyPending, Store};

/// Which of the keys are those of stored rows.
enum Stored {
    None,
    All,
    These(Vec<bool>),
}

/// Rows and the keys under which they will be.
pub(crate) struct Pending<'a, M: Model> {
    pub(super) rows: Cow<'a, [M]>,
    pub(super) keys: Cow<'a, [DefaultKey]>,
    stored: Stored,
    /// How many of the rows, the first ones, are the caller's own; the others have followed them.
    pub(super) own: usize,
    places: OnceCell<HashMap<DefaultKey, usize>>,
    /// For each unique key, where among the rows a hash is; empty for a single row, which is compared directly.
    pub(super) uniques: Vec<HashTable<(u32, u32)>>,
}

impl<'a, M: Model> Pending<'a, M> {
    /// Rows that will be inserted under these keys.
    pub(crate) fn new_rows(rows: &'a [M], keys: &'a [DefaultKey]) -> Self {
        Self::of(Cow::Borrowed(rows), Cow::Borrowed(keys), Stored::None)
    }

    /// Rows that will take the place of the stored rows of these keys.
    pub(crate) fn updates(rows: impl Into<Cow<'a, [M]>>, keys: impl Into<Cow<'a, [DefaultKey]>>) -> Self {
        Self::of(rows.into(), keys.into(), Stored::All)
    }

    /// Rows of which some, as `new` says, will be inserted, and the others take the place of stored ones.
    pub(crate) fn upserts(rows: impl Into<Cow<'a, [M]>>, keys: impl Into<Cow<'a, [DefaultKey]>>, new: &[bool]) -> Self {
        Self::of(rows.into(), keys.into(), Stored::These(new.iter().map(|is_new| !is_new).collect()))
    }

    /// New rows of its own.
    pub(super) fn of_new(rows: Vec<M>, keys: Vec<DefaultKey>) -> Self {
        Self::of(rows.into(), keys.into(), Stored::None)
    }

    fn of(rows: Cow<'a, [M]>, keys: Cow<'a, [DefaultKey]>, stored: Stored) -> Self {
        debug_assert_eq!(rows.len(), keys.len());
        let own = rows.len();
        Pending { rows, keys, stored, own, places: OnceCell::new(), uniques: Vec::new() }
    }

    /// Adds a row that follows.
    pub(super) fn push(&mut self, key: DefaultKey, row: M) -> usize {
        let place = self.rows.len();
        self.rows.to_mut().push(row);
        self.keys.to_mut().push(key);
        if let Stored::These(stored) = &mut self.stored {
            stored.push(true);
        }
        if let Some(places) = self.places.get_mut() {
            places.insert(key, place);
        }
        place
    }

    /// The place of a key among the rows.
    pub(super) fn place(&self, key: DefaultKey) -> Option<usize> {
        match &*self.keys {
            [only] => (*only == key).then_some(0),
            keys => {
                let places = self.places.get_or_init(|| keys.iter().enumerate().map(|(i, key)| (*key, i)).collect());
                places.get(&key).copied()
            }
        }
    }

    /// Whether the row at a place takes the place of a stored one.
    #[inline]
    pub(super) fn is_stored(&self, place: usize) -> bool {
        match &self.stored {
            Stored::None => false,
            Stored::All => true,
            Stored::These(stored) => stored[place],
        }
    }

    /// Whether all rows take the place of stored ones.
    pub(super) fn are_all_stored(&self) -> bool {
        matches!(self.stored, Stored::All)
    }

    /// A row as errors name it: by its id, or by its place where the caller knows it by that.
    pub(super) fn holder(&self, place: usize) -> Holder {
        match self.stored {
            Stored::All => Holder::Row(row_id::<M>(self.keys[place])),
            _ if place < self.own => Holder::Batch(place),
            _ => Holder::Row(row_id::<M>(self.keys[place])),
        }
    }

    /// Whether the row that is stored under this key will be another.
    pub(super) fn replaces(&self, key: DefaultKey) -> bool {
        !matches!(self.stored, Stored::None) && self.place(key).is_some_and(|place| self.is_stored(place))
    }

    /// The place of a row with a unique key, by its hash.
    #[inline]
    pub(super) fn find_unique(&self, unique: usize, hash: u32, equals: impl Fn(&M) -> bool) -> Option<usize> {
        if let [only] = &*self.rows {
            return equals(only).then_some(0);
        }
        let table = self.uniques.get(unique)?;
        let found = table.find(spread(hash), |(known, i)| *known == hash && equals(&self.rows[*i as usize]))?;
        Some(found.1 as usize)
    }
}

impl<M: Model> AnyPending for Pending<'_, M> {
    fn holds(&self, key: DefaultKey) -> bool {
        self.place(key).is_some()
    }

    fn replaces(&self, key: DefaultKey) -> bool {
        Pending::replaces(self, key)
    }

    fn find(&self, unique: usize, hash: u32, names: &dyn Fn(&dyn Any) -> bool) -> Option<DefaultKey> {
        self.find_unique(unique, hash, |row| names(row)).map(|place| self.keys[place])
    }

    fn speaks(&self, store: &Store, table: u32, key: DefaultKey, relation: usize) -> bool {
        let place = if matches!(self.stored, Stored::None) { None } else { self.place(key) };
        place.filter(|place| self.is_stored(*place)).is_some_and(|place| {
            let stored = || store.table_at::<M>(table).rows.get(key);
            place < self.own || stored().is_some_and(|stored| differs(relation, stored, &self.rows[place]))
        })
    }
}

/// Whether two rows have different foreign keys over the relation at a place.
pub(super) fn differs<M: Model>(relation: usize, left: &M, right: &M) -> bool {
    struct Differ<'a, M>(&'a M, &'a M);
    impl<M: Model> WithRelation<M> for Differ<'_, M> {
        type Out = bool;
        fn with<R: Relation<Source = M>>(self) -> bool {
            !same_key::<R>(self.0, self.1)
        }
    }
    with_relation(relation, Differ(left, right)).unwrap_or(false)
}

/// Whether two rows have the same foreign key.
#[inline]
pub(super) fn same_key<R: Relation>(left: &R::Source, right: &R::Source) -> bool {
    match (R::key(left), R::key(right)) {
        (Some(left), Some(right)) => <R::Reference as Reference<R::Target>>::same(left, right),
        (left, right) => left.is_none() && right.is_none(),
    }
}
