//! The relations of a model by name: conditions along them, and the rows that they lead to.

use std::cell::Cell;
use std::cmp::Ordering;
use std::marker::PhantomData;

use slotmap::DefaultKey;

use super::condition::{Asker, Members, compile, predicate};
use super::error::{DataError, FaultCode, Pointer};
use super::exposure::{Exposure, INCLUDED_ROWS_MAX};
use super::filter::{By, Filter, Inclusion};
use super::found::{Included, Rows, Selection};
use super::model::{AnyModel, door_of};
use super::value::Value;
use crate::arena::Arena;
use crate::database::Database;
use crate::error::Error;
use crate::id::{Id, RowId};
use crate::model::{AnyRelation, ListRelation, Model, Relation, Visitor};
use crate::predicate::{At, Boxed, Condition, Every, Has, Predicate, Reaches, Test, Truth};
use crate::query::Order;
use crate::relation::{BelongsTo, HasMany, HasOne, ReferencesMany, Through};

/// A relation from `M` whose type is not known here.
pub(crate) trait DataRelation<M: Model> {
    fn name(&self) -> &'static str;
    /// Whether it leads to any number of rows.
    fn is_many(&self) -> bool;
    fn target_name(&self) -> &'static str;
    fn target(&self) -> &'static dyn AnyModel;
    /// That at least one related row meets conditions.
    fn some(&self, value: &Value<'_>, at: &Pointer<'_>, asker: Asker<'_>) -> Result<Predicate<M, Boxed<M>>, DataError>;
    /// That every related row meets them.
    fn every(&self, value: &Value<'_>, at: &Pointer<'_>, asker: Asker<'_>)
    -> Result<Predicate<M, Boxed<M>>, DataError>;
    /// The related rows of each source that pass a scope, with what it includes.
    fn include(
        &self,
        database: &Database,
        sources: &[DefaultKey],
        scope: &Filter,
        asking: &Asking<'_>,
    ) -> Result<Included, DataError>;
    /// The related rows of one source, in the order of the relation.
    fn keys(&self, database: &Database, source: DefaultKey) -> Result<Vec<DefaultKey>, DataError>;
    /// Takes the link between two rows away, where the relation leads through links.
    fn unlink(&self, database: &mut Database, source: DefaultKey, target: DefaultKey) -> Result<(), DataError>;
}

/// What holds for the whole of a call.
pub(crate) struct Asking<'x> {
    pub(crate) exposure: Option<&'x Exposure>,
    /// How many rows may still be included.
    left: Cell<usize>,
    most: usize,
}

impl<'x> Asking<'x> {
    pub(crate) fn new(exposure: Option<&'x Exposure>) -> Self {
        let most = exposure.map_or(INCLUDED_ROWS_MAX, Exposure::included_rows_max);
        Asking { exposure, left: Cell::new(most), most }
    }

    fn take(&self, rows: usize) -> Result<(), DataError> {
        let left = self.left.get().checked_sub(rows).ok_or(DataError::TooManyRows { most: self.most })?;
        self.left.set(left);
        Ok(())
    }
}

/// The relations of a model, in the order of their declaration.
pub(crate) fn relations_of<M: Model>() -> Vec<Box<dyn DataRelation<M>>> {
    /// Those that are shown.
    struct All<M>(Vec<Box<dyn DataRelation<M>>>);
    impl<M: Model> All<M> {
        fn add<R: Leads<From = M>>(&mut self, name: &'static str, is_many: bool) {
            self.0.push(Box::new(Along::<R> { name, is_many, relation: PhantomData }));
        }
    }
    impl<M: Model> Visitor<M> for All<M> {
        fn belongs_to<R: Relation<Source = M>>(&mut self) {
            self.add::<BelongsTo<R>>(R::NAME, false);
        }
        fn references_many<L: ListRelation<Source = M>>(&mut self) {
            self.add::<ReferencesMany<L>>(L::NAME, true);
        }
        fn has_many<R: AnyRelation<Target = M>>(&mut self, name: &'static str) {
            self.add::<HasMany<R>>(name, true);
        }
        fn has_one<R: Relation<Target = M>>(&mut self, name: &'static str) {
            self.add::<HasOne<R>>(name, false);
        }
        fn has_many_through<A: Relation<Target = M>, B: Relation<Source = A::Source>>(&mut self, name: &'static str) {
            self.add::<Through<A, B>>(name, true);
        }
    }
    let mut all = All(Vec::new());
    M::declare(&mut all);
    all.0
}

/// A relation that rows are read along. Where one leads to a row that is missing, that is an error and no end.
pub(crate) trait Leads: Reaches {
    fn expect_whole(database: &Database, source: DefaultKey) -> Result<(), Error>;
    /// Appends the related rows of a source, in the order of the relation.
    fn follow(opened: Self::Opened<'_>, source: &At<'_, Self::From>, related: &mut Vec<DefaultKey>) {
        Self::any(opened, source, |key| {
            related.push(key);
            false
        });
    }
    /// Takes a link away; `None` where there are none.
    fn unlink(database: &mut Database, source: DefaultKey, target: DefaultKey) -> Option<Result<(), Error>> {
        let _ = (database, source, target);
        None
    }
}
impl<R: Relation> Leads for BelongsTo<R> {
    fn expect_whole(database: &Database, source: DefaultKey) -> Result<(), Error> {
        database.related(Id::from_key(source), BelongsTo::<R>::new()).map(drop)
    }
}
impl<L: ListRelation> Leads for ReferencesMany<L> {
    fn expect_whole(database: &Database, source: DefaultKey) -> Result<(), Error> {
        database.related(Id::from_key(source), ReferencesMany::<L>::new()).map(drop)
    }
    /// By the list itself: the index has its targets by their ids, each once (behaviour R53).
    fn follow((sources, targets): Self::Opened<'_>, source: &At<'_, L::Source>, related: &mut Vec<DefaultKey>) {
        let listed = sources.rows.get(source.key()).into_iter().flat_map(|row| L::ids(row));
        related.extend(listed.map(Id::key).filter(|key| targets.rows.contains(*key)));
    }
}
impl<A: Relation, B: Relation<Source = A::Source>> Leads for Through<A, B> {
    fn expect_whole(database: &Database, source: DefaultKey) -> Result<(), Error> {
        database.related(Id::from_key(source), Through::<A, B>::new()).map(drop)
    }
    fn unlink(database: &mut Database, source: DefaultKey, target: DefaultKey) -> Option<Result<(), Error>> {
        let unlinked = database.unlink(Id::from_key(source), Through::<A, B>::new(), Id::from_key(target));
        Some(match unlinked {
            // What is not linked is not an error, as in LoopBack.
            Err(Error::NotLinked { .. }) => Ok(()),
            unlinked => unlinked.map(drop),
        })
    }
}
impl<R: AnyRelation> Leads for HasMany<R> {
    fn expect_whole(_: &Database, _: DefaultKey) -> Result<(), Error> {
        Ok(())
    }
}
impl<R: Relation> Leads for HasOne<R> {
    fn expect_whole(_: &Database, _: DefaultKey) -> Result<(), Error> {
        Ok(())
    }
}

/// A relation under its name.
struct Along<R> {
    name: &'static str,
    is_many: bool,
    relation: PhantomData<fn() -> R>,
}

impl<R: Leads> DataRelation<R::From> for Along<R> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn is_many(&self) -> bool {
        self.is_many
    }
    fn target_name(&self) -> &'static str {
        R::To::NAME
    }
    fn target(&self) -> &'static dyn AnyModel {
        door_of::<R::To>()
    }

    fn some(
        &self,
        value: &Value<'_>,
        at: &Pointer<'_>,
        asker: Asker<'_>,
    ) -> Result<Predicate<R::From, Boxed<R::From>>, DataError> {
        let inside = compile::<R::To>(value, at, asker)?;
        Ok(Predicate::of(Has::<R, _>::of(inside.condition)).boxed())
    }

    fn every(
        &self,
        value: &Value<'_>,
        at: &Pointer<'_>,
        asker: Asker<'_>,
    ) -> Result<Predicate<R::From, Boxed<R::From>>, DataError> {
        let inside = compile::<R::To>(value, at, asker)?;
        Ok(Predicate::of(Every::<R, _>::of(inside.condition)).boxed())
    }

    fn include(
        &self,
        database: &Database,
        sources: &[DefaultKey],
        scope: &Filter,
        asking: &Asking<'_>,
    ) -> Result<Included, DataError> {
        let resolver = asking.exposure.and_then(|exposure| exposure.resolver(R::From::NAME, self.name));
        let scope = Scope::<R::To>::of(database, scope, asking)?;
        let mut starts = Vec::with_capacity(sources.len() + 1);
        let mut keys: Vec<DefaultKey> = Vec::new();
        let mut add = |related: &mut Vec<DefaultKey>| {
            starts.push(keys.len());
            scope.apply(related);
            asking.take(related.len())?;
            keys.append(related);
            Ok::<(), DataError>(())
        };
        if let Some(resolver) = resolver {
            let rows: Vec<RowId> = sources.iter().map(|key| RowId { table: R::From::NAME, key: *key }).collect();
            let found = resolver(database, &rows)?;
            let mut found = self.checked(database, &rows, found)?;
            found.iter_mut().try_for_each(add)?;
        } else {
            let may_lack = database.store.stored_unchecked || database.store.log.is_some();
            let opened = R::open(database)?;
            let rows = database.table::<R::From>()?.rows;
            let mut related = Vec::new();
            for source in sources {
                if may_lack {
                    R::expect_whole(database, *source)?;
                }
                R::follow(opened, &At::of_key(rows, *source), &mut related);
                add(&mut related)?;
            }
        }
        starts.push(keys.len());
        let rows = scope.finish(database, keys, asking)?;
        Ok(Included { name: self.name, is_many: self.is_many, starts, rows })
    }

    fn unlink(&self, database: &mut Database, source: DefaultKey, target: DefaultKey) -> Result<(), DataError> {
        let done = R::unlink(database, source, target).ok_or_else(|| {
            Pointer::root().fault(FaultCode::Closed, format!("`{}` leads through no links", self.name))
        })?;
        Ok(done?)
    }

    fn keys(&self, database: &Database, source: DefaultKey) -> Result<Vec<DefaultKey>, DataError> {
        R::expect_whole(database, source)?;
        let mut related = Vec::new();
        let rows = database.table::<R::From>()?.rows;
        R::follow(R::open(database)?, &At::of_key(rows, source), &mut related);
        Ok(related)
    }
}

impl<R: Leads> Along<R> {
    /// What a function has given for the rows of the relation, if it can be that.
    fn checked(
        &self,
        database: &Database,
        rows: &[RowId],
        found: Vec<Vec<RowId>>,
    ) -> Result<Vec<Vec<DefaultKey>>, DataError> {
        let targets = database.table::<R::To>()?;
        let broken = |detail: String| Error::IndexBroken {
            model: R::From::NAME,
            index: format!("{} (a function)", self.name),
            detail,
        };
        if found.len() != rows.len() {
            let detail = format!("it gave {} answers for {} rows", found.len(), rows.len());
            return Err(broken(detail).into());
        }
        let check = |(row, related): (&RowId, Vec<RowId>)| {
            if !self.is_many && related.len() > 1 {
                return Err(broken(format!("it gave {} rows for {row}, which has one at most", related.len())).into());
            }
            let key = |related: RowId| {
                if related.table == R::To::NAME && targets.rows.contains(related.key) {
                    Ok(related.key)
                } else {
                    Err(broken(format!("it gave {related} for {row}, which is no row of `{}`", R::To::NAME)).into())
                }
            };
            related.into_iter().map(key).collect()
        };
        rows.iter().zip(found).map(check).collect()
    }
}

/// How rows are ordered by a name.
pub(crate) enum SortBy<M> {
    Id { descends: bool },
    Field { order: Option<Order<M>>, compare: fn(&M, &M, bool) -> Ordering, descends: bool },
}

/// The orders of a filter, looked up.
pub(crate) fn sort_by<M: Model>(order: &[By], members: &Members<M>) -> Result<Vec<SortBy<M>>, DataError> {
    let one = |by: &By| {
        let at = Pointer::based(&by.path);
        let descends = by.descends;
        if by.name == "id" && !members.has_id {
            return Ok(SortBy::Id { descends });
        }
        let Some(field) = members.field(&by.name) else {
            if members.has_field(&by.name) {
                let message = format!("`{}`: a model that does not show its fields is not ordered by them", M::NAME);
                return Err(at.fault(FaultCode::Type, message).into());
            }
            return Err(members.no_property(&by.name, &at).into());
        };
        let kind = field.kind();
        if matches!(kind, super::kind::Kind::List | super::kind::Kind::Object) {
            let message = format!("`{}` is {}, which has no order", by.name, kind.in_words());
            return Err(at.fault(FaultCode::Type, message).into());
        }
        let sorting = field.sorting();
        Ok(SortBy::Field { order: sorting.order, compare: sorting.compare, descends })
    };
    order.iter().map(one).collect()
}

/// Sorts keys by orders; those that are equal stay as they are.
pub(crate) fn sort<M: Model>(rows: &Arena<M>, sort_by: &[SortBy<M>], keys: &mut [DefaultKey]) {
    if sort_by.is_empty() {
        return;
    }
    let compare = |left: &DefaultKey, right: &DefaultKey| {
        sort_by.iter().fold(Ordering::Equal, |order, by| {
            order.then_with(|| match by {
                SortBy::Id { descends } => {
                    let order = left.cmp(right);
                    if *descends { order.reverse() } else { order }
                }
                SortBy::Field { compare, descends, .. } => match (rows.get(*left), rows.get(*right)) {
                    (Some(left), Some(right)) => compare(left, right, *descends),
                    _ => Ordering::Equal,
                },
            })
        })
    };
    keys.sort_by(compare);
}

/// What of the related rows of each source is given.
struct Scope<'a, M: Model> {
    rows: &'a Arena<M>,
    test: Option<<Boxed<M> as Condition<M>>::Opened<'a>>,
    sort_by: Vec<SortBy<M>>,
    skip: usize,
    limit: usize,
    selection: Selection,
    include: &'a [Inclusion],
}

impl<'a, M: Model> Scope<'a, M> {
    fn of(database: &'a Database, scope: &'a Filter, asking: &Asking<'_>) -> Result<Self, DataError> {
        let members = Members::<M>::of(asking.exposure);
        let compiled = predicate::<M>(&scope.condition, asking.exposure)?;
        let has_conditions = scope.condition.value.map().is_some_and(|conditions| !conditions.is_empty());
        let test = has_conditions.then(|| compiled.condition.open(database)).transpose()?;
        expect_inclusions(&scope.include, &members, asking)?;
        Ok(Scope {
            rows: database.table::<M>()?.rows,
            test,
            sort_by: sort_by(&scope.order, &members)?,
            skip: scope.skip,
            limit: scope.limit.unwrap_or(usize::MAX),
            selection: Selection::of(scope, &members)?,
            include: &scope.include,
        })
    }

    fn apply(&self, keys: &mut Vec<DefaultKey>) {
        if let Some(test) = &self.test {
            keys.retain(|key| test.test(&At::of_key(self.rows, *key)) == Truth::True);
        }
        sort(self.rows, &self.sort_by, keys);
        keys.drain(..self.skip.min(keys.len()));
        keys.truncate(self.limit);
    }

    fn finish(self, database: &Database, keys: Vec<DefaultKey>, asking: &Asking<'_>) -> Result<Rows, DataError> {
        let included = include_all::<M>(database, &keys, self.include, asking)?;
        Ok(Rows { model: door_of::<M>(), keys, selection: self.selection, included })
    }
}

/// Refuses inclusions of relations that are not there, at every depth: before any row is read.
pub(crate) fn expect_inclusions<M: Model>(
    include: &[Inclusion],
    members: &Members<M>,
    asking: &Asking<'_>,
) -> Result<(), DataError> {
    for inclusion in include {
        let at = Pointer::based(&inclusion.path);
        let relation =
            members.relation(&inclusion.relation).ok_or_else(|| members.no_relation(&inclusion.relation, &at))?;
        relation.target().expect_filter(&inclusion.scope, asking)?;
    }
    Ok(())
}

/// The related rows that a filter includes.
pub(crate) fn include_all<M: Model>(
    database: &Database,
    keys: &[DefaultKey],
    include: &[Inclusion],
    asking: &Asking<'_>,
) -> Result<Vec<Included>, DataError> {
    if include.is_empty() {
        return Ok(Vec::new());
    }
    let members = Members::<M>::of(asking.exposure);
    let one = |inclusion: &Inclusion| {
        let at = Pointer::based(&inclusion.path);
        let relation = members.relation(&inclusion.relation);
        let relation = relation.ok_or_else(|| members.no_relation(&inclusion.relation, &at))?;
        relation.include(database, keys, &inclusion.scope, asking)
    };
    include.iter().map(one).collect()
}
