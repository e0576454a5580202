//! A model whose type is not known here: what is asked of one by name, in one place.

use std::any::Any;
use std::fmt::Debug;
use std::marker::PhantomData;

use slotmap::DefaultKey;

use super::ask::Ask;
use super::condition::{Members, predicate};
use super::error::{DataError, FaultCode, Pointer};
use super::exposure::Exposure;
use super::field::text_of;
use super::filter::{Filter, Where};
use super::found::{Rows, Selection, write_row};
use super::kind::Kind;
use super::relation::{Asking, SortBy, expect_inclusions, include_all, sort, sort_by};
use super::told::{Untold, field_of};
use super::value::Value;
use super::write::{Given, Made, Write, stored};
use crate::database::Database;
use crate::error::Error;
use crate::id::{Id, RowId};
use crate::integrity::removal::DeletePlan;
use crate::integrity::statement::ChangedKey;
use crate::model::Model;
use crate::predicate::{Boxed, Condition, Predicate};
use crate::query::{Explained, Query};
use crate::write::Deleted;

/// A property of a model, see [`DataTable::properties`](super::DataTable::properties).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Property {
    /// Its name outside.
    pub name: &'static str,
    /// What kind of value it has.
    pub kind: Kind,
    /// Whether it can be absent.
    pub is_optional: bool,
    /// Whether a new row can do without it.
    pub has_default: bool,
}

/// A relation of a model, see [`DataTable::relations`](super::DataTable::relations).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelationName {
    /// Its name.
    pub name: &'static str,
    /// The model that it leads to.
    pub target: &'static str,
    /// Whether it leads to any number of rows.
    pub is_many: bool,
}

/// What a delete has taken along: the other rows that went, and the keys that changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gone {
    /// How many of the rows that were asked for went.
    pub rows: usize,
    /// The other rows that went, by cascade.
    pub removed: Vec<RowId>,
    /// The keys of other rows that have changed.
    pub changed: Vec<ChangedKey>,
}

/// What can be asked of a model by name. Implemented once, for all models.
pub(crate) trait AnyModel: Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn properties(&self, exposure: Option<&Exposure>) -> Vec<Property>;
    fn relations(&self, exposure: Option<&Exposure>) -> Vec<RelationName>;
    /// Refuses a filter that names what is not there, at any depth.
    fn expect_filter(&self, filter: &Filter, asking: &Asking<'_>) -> Result<(), DataError>;
    /// Adds the models to which a filter leads.
    fn collect_models(&self, filter: &Filter, exposure: Option<&Exposure>, models: &mut Vec<&'static str>);
    /// Adds those to which conditions lead.
    fn collect_models_of(&self, condition: &Value<'_>, exposure: Option<&Exposure>, models: &mut Vec<&'static str>);
    fn find(&self, database: &Database, filter: &Filter, asking: &Asking<'_>) -> Result<Rows, DataError>;
    /// The rows under these keys, as a filter gives them.
    fn give(
        &self,
        database: &Database,
        keys: Vec<DefaultKey>,
        filter: &Filter,
        asking: &Asking<'_>,
    ) -> Result<Rows, DataError>;
    /// The rows to which a relation leads from a row, as a filter gives them.
    fn related(
        &self,
        database: &Database,
        row: DefaultKey,
        relation: &str,
        filter: &Filter,
        asking: &Asking<'_>,
    ) -> Result<Rows, DataError>;
    /// The keys of the rows that meet conditions, of those if some are given.
    fn keys(
        &self,
        database: &Database,
        among: Option<Vec<DefaultKey>>,
        condition: &Where,
        exposure: Option<&Exposure>,
    ) -> Result<Vec<DefaultKey>, DataError>;
    fn count(&self, database: &Database, condition: &Where, exposure: Option<&Exposure>) -> Result<usize, DataError>;
    fn explain(&self, database: &Database, filter: &Filter, asking: &Asking<'_>) -> Result<Explained, DataError>;
    fn contains(&self, database: &Database, key: DefaultKey) -> bool;
    /// The key of the row that a text names, stored or not. A primary key that is closed finds none.
    fn key_of_text(
        &self,
        database: &Database,
        text: &str,
        exposure: Option<&Exposure>,
    ) -> Result<DefaultKey, DataError>;
    /// The related rows' keys, all of them.
    fn related_keys(
        &self,
        database: &Database,
        row: DefaultKey,
        relation: &str,
        exposure: Option<&Exposure>,
    ) -> Result<(Vec<DefaultKey>, &'static dyn AnyModel), DataError>;
    fn value<'a>(&self, database: &'a Database, key: DefaultKey, field: &str) -> Option<Value<'a>>;
    fn write_row(&self, database: &Database, rows: &Rows, place: usize, out: &mut Vec<u8>) -> Result<(), Untold>;
    fn plan_delete(&self, database: &Database, key: DefaultKey) -> Result<DeletePlan, DataError>;
    fn insert(&self, write: Write<'_>, values: &[Value<'_>]) -> Result<Vec<DefaultKey>, DataError>;
    fn patch(&self, write: Write<'_>, keys: &[DefaultKey], value: &Value<'_>) -> Result<(), DataError>;
    fn replace(&self, write: Write<'_>, key: DefaultKey, value: &Value<'_>) -> Result<(), DataError>;
    /// `own`: the rows that may be replaced, where not all may.
    fn replace_or_create(
        &self,
        write: Write<'_>,
        own: Option<&[DefaultKey]>,
        value: &Value<'_>,
    ) -> Result<DefaultKey, DataError>;
    fn delete(&self, database: &mut Database, keys: &[DefaultKey]) -> Result<Gone, DataError>;
    /// Takes the link between two rows of a has_many through away.
    fn unlink(
        &self,
        database: &mut Database,
        owner: DefaultKey,
        relation: &str,
        target: DefaultKey,
    ) -> Result<(), DataError>;
}

/// What the erased rows of a model hold of this.
pub(crate) struct Door(pub(crate) &'static dyn AnyModel);

/// The model as one whose type is not known.
pub(crate) fn door_of<M: Model>() -> &'static dyn AnyModel {
    const { &Of::<M>(PhantomData) }
}

/// The same, for the rows that hold it.
pub(crate) fn held_door_of<M: Model>() -> &'static (dyn Any + Send + Sync) {
    const { &Door(&Of::<M>(PhantomData)) }
}

struct Of<M>(PhantomData<fn() -> M>);

impl<M: Model> Debug for Of<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(M::NAME)
    }
}

fn id<M>(key: DefaultKey) -> Id<M> {
    Id::from_key(key)
}

/// The query of a filter, without orders.
fn query<'a, M: Model>(
    database: &'a Database,
    filter: &Filter,
    exposure: Option<&Exposure>,
) -> Result<Query<'a, M, impl Condition<M> + use<M>>, DataError> {
    Ok(database.query::<M>().filter(predicate::<M>(&filter.condition, exposure)?))
}

/// The orders of a filter as those of a query, if all can be such.
fn orders<M: Model>(sort_by: &[SortBy<M>]) -> Option<Vec<crate::query::Order<M>>> {
    let one = |by: &SortBy<M>| match by {
        SortBy::Field { order: Some(order), descends, .. } => Some(order.descending(*descends)),
        _ => None,
    };
    sort_by.iter().map(one).collect()
}

impl<M: Model> AnyModel for Of<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn properties(&self, exposure: Option<&Exposure>) -> Vec<Property> {
        let members = Members::<M>::of(exposure);
        let id = Property { name: "id", kind: Kind::Id, is_optional: false, has_default: true };
        let fields = members.fields.iter().map(|field| Property {
            name: field.name(),
            kind: field.kind(),
            is_optional: field.is_optional(),
            has_default: field.has_default(),
        });
        let others =
            members.others.iter().map(|name| Property { name, kind: Kind::Any, is_optional: true, has_default: false });
        (!members.has_id).then_some(id).into_iter().chain(fields).chain(others).collect()
    }

    fn relations(&self, exposure: Option<&Exposure>) -> Vec<RelationName> {
        let relations = Members::<M>::of(exposure).relations;
        let one = |relation: &dyn super::relation::DataRelation<M>| RelationName {
            name: relation.name(),
            target: relation.target_name(),
            is_many: relation.is_many(),
        };
        relations.iter().map(|relation| one(&**relation)).collect()
    }

    fn expect_filter(&self, filter: &Filter, asking: &Asking<'_>) -> Result<(), DataError> {
        let members = Members::<M>::of(asking.exposure);
        let _ = predicate::<M>(&filter.condition, asking.exposure)?;
        sort_by(&filter.order, &members)?;
        Selection::of(filter, &members)?;
        expect_inclusions(&filter.include, &members, asking)
    }

    fn collect_models(&self, filter: &Filter, exposure: Option<&Exposure>, models: &mut Vec<&'static str>) {
        self.collect_models_of(&filter.condition.value, exposure, models);
        let members = Members::<M>::of(exposure);
        for inclusion in &filter.include {
            if let Some(relation) = members.relation(&inclusion.relation) {
                models.push(relation.target_name());
                relation.target().collect_models(&inclusion.scope, exposure, models);
            }
        }
    }

    fn collect_models_of(&self, condition: &Value<'_>, exposure: Option<&Exposure>, models: &mut Vec<&'static str>) {
        let members = Members::<M>::of(exposure);
        for (key, value) in condition.map().unwrap_or_default() {
            match &**key {
                "and" | "or" => {
                    for clause in value.list().unwrap_or_default() {
                        self.collect_models_of(clause, exposure, models);
                    }
                }
                "not" => self.collect_models_of(value, exposure, models),
                name => {
                    let Some(relation) = members.relation(name) else { continue };
                    models.push(relation.target_name());
                    relation.target().collect_models_of(value, exposure, models);
                    for (word, inside) in value.map().unwrap_or_default() {
                        if matches!(&**word, "some" | "none" | "every") {
                            relation.target().collect_models_of(inside, exposure, models);
                        }
                    }
                }
            }
        }
    }

    fn find(&self, database: &Database, filter: &Filter, asking: &Asking<'_>) -> Result<Rows, DataError> {
        let members = Members::<M>::of(asking.exposure);
        let query = query::<M>(database, filter, asking.exposure)?;
        let sort_by = sort_by(&filter.order, &members)?;
        let selection = Selection::of(filter, &members)?;
        expect_inclusions(&filter.include, &members, asking)?;
        let limit = filter.limit.unwrap_or(usize::MAX);
        let keys: Vec<DefaultKey> = if let Some(orders) = orders(&sort_by) {
            let query = orders.into_iter().fold(query, Query::order_by);
            query.skip(filter.skip).limit(limit).ids()?.map(Id::key).collect()
        } else {
            let mut keys: Vec<DefaultKey> = query.ids()?.map(Id::key).collect();
            sort(database.table::<M>()?.rows, &sort_by, &mut keys);
            keys.into_iter().skip(filter.skip).take(limit).collect()
        };
        let included = include_all::<M>(database, &keys, &filter.include, asking)?;
        Ok(Rows { model: door_of::<M>(), keys, selection, included })
    }

    fn give(
        &self,
        database: &Database,
        keys: Vec<DefaultKey>,
        filter: &Filter,
        asking: &Asking<'_>,
    ) -> Result<Rows, DataError> {
        self.expect_filter(filter, asking)?;
        let selection = Selection::of(filter, &Members::<M>::of(asking.exposure))?;
        let included = include_all::<M>(database, &keys, &filter.include, asking)?;
        Ok(Rows { model: door_of::<M>(), keys, selection, included })
    }

    fn related(
        &self,
        database: &Database,
        row: DefaultKey,
        relation: &str,
        filter: &Filter,
        asking: &Asking<'_>,
    ) -> Result<Rows, DataError> {
        let members = Members::<M>::of(asking.exposure);
        let relation = members.relation(relation).ok_or_else(|| members.no_relation(relation, &Pointer::root()))?;
        relation.target().expect_filter(filter, asking)?;
        if !database.contains(id::<M>(row)) {
            return Err(DataError::no_row(id::<M>(row).erase()));
        }
        Ok(relation.include(database, &[row], filter, asking)?.rows)
    }

    fn keys(
        &self,
        database: &Database,
        among: Option<Vec<DefaultKey>>,
        condition: &Where,
        exposure: Option<&Exposure>,
    ) -> Result<Vec<DefaultKey>, DataError> {
        let asked: Predicate<M, Boxed<M>> = predicate(condition, exposure)?;
        let query = match among {
            Some(keys) => database.query().filter(Predicate::id_in(keys.into_iter().map(id)).and(asked).boxed()),
            None => database.query().filter(asked),
        };
        Ok(query.ids()?.map(Id::key).collect())
    }

    fn count(&self, database: &Database, condition: &Where, exposure: Option<&Exposure>) -> Result<usize, DataError> {
        Ok(database.query::<M>().filter(predicate::<M>(condition, exposure)?).count()?)
    }

    fn explain(&self, database: &Database, filter: &Filter, asking: &Asking<'_>) -> Result<Explained, DataError> {
        let members = Members::<M>::of(asking.exposure);
        let query = query::<M>(database, filter, asking.exposure)?;
        let sort_by = sort_by(&filter.order, &members)?;
        let limit = filter.limit.unwrap_or(usize::MAX);
        Ok(if let Some(orders) = orders(&sort_by) {
            orders.into_iter().fold(query, Query::order_by).skip(filter.skip).limit(limit).explain()?
        } else {
            let names =
                filter.order.iter().map(|by| format!("{} {}", by.name, if by.descends { "desc" } else { "asc" }));
            Explained { orders: names.collect(), sorts: true, ..query.explain()? }
        })
    }

    fn contains(&self, database: &Database, key: DefaultKey) -> bool {
        database.contains(id::<M>(key))
    }

    fn key_of_text(
        &self,
        database: &Database,
        text: &str,
        exposure: Option<&Exposure>,
    ) -> Result<DefaultKey, DataError> {
        let schema = database.schema().table(M::NAME);
        let key = schema.and_then(|table| Some(&table.uniques.get(table.primary_key?)?.fields));
        if let Some([field]) = key.map(Vec::as_slice) {
            let members = Members::<M>::of(exposure);
            let field = members.fields.iter().find(|known| known.name_inside() == *field);
            let asked = field.and_then(|field| field.predicate(&Ask::equal(Value::from(text.to_owned()))));
            if let Some(asked) = asked {
                let at = Pointer::root().fault(FaultCode::Type, String::new());
                let asked = asked.map_err(|error| {
                    DataError::Filter(super::Fault {
                        message: format!("`{text}` is no key of `{}`: {error}", M::NAME),
                        ..at
                    })
                })?;
                let found = database.query().filter(asked).first()?;
                return found.map(|(id, _)| id.key()).ok_or_else(|| DataError::not_found(M::NAME, text));
            }
        }
        let id: Id<M> = text
            .parse()
            .map_err(|error| DataError::Filter(Pointer::root().fault(FaultCode::Type, format!("{error}"))))?;
        Ok(id.key())
    }

    fn related_keys(
        &self,
        database: &Database,
        row: DefaultKey,
        relation: &str,
        exposure: Option<&Exposure>,
    ) -> Result<(Vec<DefaultKey>, &'static dyn AnyModel), DataError> {
        let members = Members::<M>::of(exposure);
        let relation = members.relation(relation).ok_or_else(|| members.no_relation(relation, &Pointer::root()))?;
        if !database.contains(id::<M>(row)) {
            return Err(DataError::no_row(id::<M>(row).erase()));
        }
        Ok((relation.keys(database, row)?, relation.target()))
    }

    fn value<'a>(&self, database: &'a Database, key: DefaultKey, field: &str) -> Option<Value<'a>> {
        let row = database.get(id::<M>(key)).ok()?;
        match text_of(row, field) {
            Some(text) => Some(Value::Text(text.into())),
            None => field_of(row, field).ok()?,
        }
    }

    fn write_row(&self, database: &Database, rows: &Rows, place: usize, out: &mut Vec<u8>) -> Result<(), Untold> {
        let row = database.get(id::<M>(rows.keys[place])).map_err(|error| Untold(error.to_string()))?;
        write_row(database, row, rows, place, out)
    }

    fn plan_delete(&self, database: &Database, key: DefaultKey) -> Result<DeletePlan, DataError> {
        database.plan_delete(id::<M>(key)).map_err(missing)
    }

    fn insert(&self, write: Write<'_>, values: &[Value<'_>]) -> Result<Vec<DefaultKey>, DataError> {
        let made = Made::<M>::new(write.exposure, &write.given);
        let mut rows = made.rows(values)?;
        // What is wrong with one row is said without its place.
        if let Some(row) = rows.pop_if(|_| values.len() == 1) {
            return Ok(vec![write.database.insert(row)?.key()]);
        }
        Ok(write.database.insert_many(rows)?.into_iter().map(Id::key).collect())
    }

    fn patch(&self, write: Write<'_>, keys: &[DefaultKey], value: &Value<'_>) -> Result<(), DataError> {
        let made = Made::<M>::new(write.exposure, &write.given);
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let row = write.database.get(id::<M>(*key)).map_err(missing)?;
            rows.push(made.patched(row.clone(), *key, value)?);
        }
        if let [key] = keys {
            let row = rows.pop();
            write.database.update(id::<M>(*key), |stored| row.map(|row| *stored = row))?;
            return Ok(());
        }
        let mut rows = keys.iter().copied().zip(rows).collect::<hashbrown::HashMap<_, _>>();
        write.database.update_many(keys.iter().map(|key| id::<M>(*key)), |id, stored| {
            if let Some(row) = rows.remove(&id.key()) {
                *stored = row;
            }
        })?;
        Ok(())
    }

    fn replace(&self, write: Write<'_>, key: DefaultKey, value: &Value<'_>) -> Result<(), DataError> {
        let stored = write.database.get(id::<M>(key)).map_err(missing)?.clone();
        let row = Made::<M>::new(write.exposure, &write.given).replacing(stored, key, value)?;
        write.database.replace(id::<M>(key), row)?;
        Ok(())
    }

    fn replace_or_create(
        &self,
        write: Write<'_>,
        own: Option<&[DefaultKey]>,
        value: &Value<'_>,
    ) -> Result<DefaultKey, DataError> {
        let made = Made::<M>::new(write.exposure, &write.given);
        let mut row = made.row(value, &Pointer::root(), None).map_err(DataError::Invalid)?;
        match stored(write.database, &row)? {
            Some(key) if own.is_some_and(|own| !own.contains(&key)) => Err(DataError::no_row(id::<M>(key).erase())),
            Some(key) => {
                let mut before = write.database.get(id::<M>(key))?.clone();
                made.keep(&mut before, &mut row);
                write.database.replace(id::<M>(key), row)?;
                Ok(key)
            }
            None => Ok(write.database.insert(row)?.key()),
        }
    }

    fn delete(&self, database: &mut Database, keys: &[DefaultKey]) -> Result<Gone, DataError> {
        if let [key] = keys {
            let Deleted { removed, changed, .. } = database.delete(id::<M>(*key)).map_err(missing)?;
            return Ok(Gone { rows: 1, removed, changed });
        }
        let gone = database.delete_many(keys.iter().map(|key| id::<M>(*key)))?;
        Ok(Gone { rows: keys.len(), removed: gone.removed, changed: gone.changed })
    }

    fn unlink(
        &self,
        database: &mut Database,
        owner: DefaultKey,
        relation: &str,
        target: DefaultKey,
    ) -> Result<(), DataError> {
        let members = Members::<M>::of(None);
        let relation = members.relation(relation).ok_or_else(|| members.no_relation(relation, &Pointer::root()))?;
        relation.unlink(database, owner, target)
    }
}

/// A row that is not there, as LoopBack says it.
fn missing(error: Error) -> DataError {
    match error {
        Error::NotFound { row, .. } => DataError::no_row(row),
        error => DataError::Store(error),
    }
}

/// The foreign keys that rows get from an owner, by the names of their fields outside.
pub(crate) fn given_by_owner(
    database: &Database,
    owner: RowId,
    owner_model: &'static dyn AnyModel,
    source: &str,
    relation: &str,
) -> Result<Vec<Given>, DataError> {
    let schema = database.schema();
    let table = schema.table(source);
    let found = table.and_then(|table| Some((table, table.relations.iter().find(|known| known.name == relation)?)));
    let Some((table, relation)) = found.filter(|(_, relation)| !relation.many) else {
        let message = format!("rows of `{source}` list their owners: write the list");
        return Err(Pointer::root().fault(FaultCode::Closed, message).into());
    };
    let owner_table = schema.table(owner.table);
    let outside = |table: Option<&crate::schema::TableSchema>, name: &str| {
        let field = table.and_then(|table| table.fields.iter().find(|field| field.name == name));
        field.map_or_else(|| name.to_owned(), |field| field.external_name.clone())
    };
    let given = relation.fields.iter().enumerate().map(|(place, field)| {
        let value = match relation.target_fields.get(place) {
            Some(name) => owner_model
                .value(database, owner.key, &outside(owner_table, name))
                .map_or(Value::Null, Value::into_owned),
            None => Value::Id(Id::from_key(owner.key)),
        };
        Given { field: outside(Some(table), field), value }
    });
    Ok(given.collect())
}
