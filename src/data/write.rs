//! Rows made from values, for writes by name.

use std::borrow::Cow;
use std::marker::PhantomData;

use slotmap::DefaultKey;

use super::condition::Members;
use super::error::{DataError, Fault, FaultCode, Pointer};
use super::exposure::Exposure;
use super::field::keep_skipped;
use super::read::{Reader, Reading};
use super::told::value_of;
use super::value::Value;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::model::{ByKey, Model, Reference, Unique, Visitor};

/// No more faults than this are listed of one write, as of a batch.
const FAULTS_MAX: usize = 10_000;

/// A write by name: where, by whose rules, with which values that the caller does not choose.
pub(crate) struct Write<'w> {
    pub(crate) database: &'w mut Database,
    pub(crate) exposure: Option<&'w Exposure>,
    pub(crate) given: Vec<Given>,
}

/// A value that a row gets whatever its data say, and that they may not contradict: a foreign key to an owner.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) field: String,
    pub(crate) value: Value<'static>,
}

/// What makes rows of a model.
pub(crate) struct Made<'w, M> {
    members: Members<M>,
    given: &'w [Given],
}

type Entries<'v> = Vec<(Cow<'v, str>, Value<'v>)>;

impl<'w, M: Model> Made<'w, M> {
    pub(crate) fn new(exposure: Option<&Exposure>, given: &'w [Given]) -> Self {
        Made { members: Members::of(exposure), given }
    }

    /// New rows, or every fault of each.
    pub(crate) fn rows(&self, values: &[Value<'_>]) -> Result<Vec<M>, DataError> {
        let (mut rows, mut faults) = (Vec::with_capacity(values.len()), Vec::new());
        let root = Pointer::root();
        for (place, value) in values.iter().enumerate() {
            // Of one row the path begins in it.
            let at = if values.len() == 1 { root } else { root.place(place) };
            match self.row(value, &at, None) {
                Ok(row) => rows.push(row),
                Err(found) => faults.extend(found),
            }
            if faults.len() > FAULTS_MAX {
                break;
            }
        }
        faults.truncate(FAULTS_MAX);
        if faults.is_empty() { Ok(rows) } else { Err(DataError::Invalid(faults)) }
    }

    /// A row in the place of a stored one. What serde leaves out, and what is closed, stays.
    pub(crate) fn replacing(&self, mut stored: M, key: DefaultKey, value: &Value<'_>) -> Result<M, DataError> {
        let kept = if self.members.hidden.is_empty() { None } else { value_of(&stored).ok() };
        let mut row = self.row(value, &Pointer::root(), Some((key, kept.as_ref()))).map_err(DataError::Invalid)?;
        self.keep(&mut stored, &mut row);
        Ok(row)
    }

    /// Puts what serde leaves out, and what is closed, from a stored row into a new one.
    pub(crate) fn keep(&self, stored: &mut M, row: &mut M) {
        keep_skipped(stored, row);
        let all = Members::<M>::of(None);
        for field in all.fields.iter().filter(|field| self.members.hidden.contains(&field.name())) {
            field.exchange(stored, row);
        }
    }

    /// A row of these values, or everything that is wrong with them. `stored` is the row that it takes the place of, with
    /// its values where some are closed.
    pub(crate) fn row(
        &self,
        value: &Value<'_>,
        at: &Pointer<'_>,
        stored: Option<(DefaultKey, Option<&Value<'static>>)>,
    ) -> Result<M, Vec<Fault>> {
        let Some(entries) = value.map() else {
            return Err(vec![at.fault(FaultCode::Type, format!("an object is wanted, not {value}"))]);
        };
        let mut faults = self.unknown(entries, at, stored.map(|(key, _)| key));
        let kept = stored.and_then(|(_, kept)| kept).and_then(Value::map).unwrap_or_default();
        let kept = kept.iter().filter(|(name, _)| self.members.hidden.contains(&&**name)).cloned();
        let own = entries.iter().filter(|(name, _)| name != "id" || self.members.has_id);
        let mut all: Entries<'_> = own.cloned().chain(kept).collect();
        for given in self.given {
            all.retain(|(name, _)| *name != *given.field);
            all.push((Cow::Borrowed(&given.field), given.value.clone()));
        }
        if !faults.is_empty() {
            faults.extend(self.wrong(&all, at));
            return Err(faults);
        }
        if self.lacks_hidden(&all) {
            let message = format!("no row of `{}` can be made: a field that it needs is closed", M::NAME);
            return Err(vec![at.fault(FaultCode::Closed, message)]);
        }
        let all = Value::Map(all);
        let row = M::deserialize(Reader::new(&all, Reading::Exact)).map_err(|error| {
            let faults = self.wrong(all.map().unwrap_or_default(), at);
            if faults.is_empty() { vec![at.fault(FaultCode::Type, error.0)] } else { faults }
        })?;
        let lost = self.lost(&row, entries, at);
        if lost.is_empty() { Ok(row) } else { Err(lost) }
    }

    /// What a row has not taken of its data: entries of no field, which a flattened one could have taken.
    fn lost(&self, row: &M, entries: &[(Cow<'_, str>, Value<'_>)], at: &Pointer<'_>) -> Vec<Fault> {
        if !self.members.flattens {
            return Vec::new();
        }
        let told = value_of(row).unwrap_or(Value::Null);
        let is_lost = |name: &str| {
            self.field(name).is_none() && told.get(name).is_none() && (name != "id" || self.members.has_id)
        };
        let lost = entries.iter().filter(|(name, _)| is_lost(name));
        lost.map(|(name, _)| self.members.no_property(name, &at.key(name))).collect()
    }

    /// Whether a closed field has neither a value nor a default. Serde would say its name.
    fn lacks_hidden(&self, entries: &[(Cow<'_, str>, Value<'_>)]) -> bool {
        let is_there = |name: &str| entries.iter().any(|(known, _)| known == name);
        !self.members.hidden.is_empty()
            && Members::<M>::of(None).fields.iter().any(|field| {
                self.members.hidden.contains(&field.name()) && !field.has_default() && !is_there(field.name())
            })
    }

    /// A stored row with these values in it.
    pub(crate) fn patched(&self, mut row: M, key: DefaultKey, value: &Value<'_>) -> Result<M, DataError> {
        let root = Pointer::root();
        let Some(entries) = value.map() else {
            let fault = root.fault(FaultCode::Type, format!("an object is wanted, not {value}"));
            return Err(DataError::Invalid(vec![fault]));
        };
        let mut faults = self.unknown(entries, &root, Some(key));
        let mut by_row: Vec<usize> = Vec::new();
        for (place, (name, value)) in entries.iter().enumerate() {
            match self.field(name).map(|field| field.set(&mut row, value)) {
                Some(Some(Err(error))) => faults.push(root.key(name).fault(FaultCode::Type, error.0)),
                // Its form outside is not that of its type: the row reads it.
                Some(None) => by_row.push(place),
                None if self.members.others.contains(&&**name) || (self.members.flattens && name != "id") => {
                    by_row.push(place);
                }
                Some(Some(Ok(()))) | None => {}
            }
        }
        if faults.is_empty() && !by_row.is_empty() {
            row = self.patched_by_row(row, entries, &by_row)?;
        }
        if faults.is_empty() { Ok(row) } else { Err(DataError::Invalid(faults)) }
    }

    /// The same for values that only a whole row reads: what it told with these in it, read again.
    fn patched_by_row(
        &self,
        mut row: M,
        entries: &[(Cow<'_, str>, Value<'_>)],
        places: &[usize],
    ) -> Result<M, DataError> {
        let invalid =
            |error: super::told::Untold| DataError::Invalid(vec![Pointer::root().fault(FaultCode::Type, error.0)]);
        let Value::Map(mut told) = value_of(&row).map_err(invalid)? else {
            return Err(invalid(super::told::Untold(format!("a row of `{}` is no object", M::NAME))));
        };
        for place in places {
            let (name, value) = &entries[*place];
            let value = value.clone().into_owned();
            match told.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => *old = value,
                None => told.push((name.clone().into_owned().into(), value)),
            }
        }
        let told = Value::Map(told);
        let mut read = M::deserialize(Reader::new(&told, Reading::Exact)).map_err(invalid)?;
        let is_shown = |place: &usize| self.field(&entries[*place].0).is_some();
        if !places.iter().all(is_shown) {
            keep_skipped(&mut row, &mut read);
            let lost = self.lost(&read, entries, &Pointer::root());
            return if lost.is_empty() { Ok(read) } else { Err(DataError::Invalid(lost)) };
        }
        for field in places.iter().filter_map(|place| self.field(&entries[*place].0)) {
            field.exchange(&mut row, &mut read);
        }
        Ok(row)
    }

    /// The field of a name outside, or of another under which it is read.
    fn field(&self, name: &str) -> Option<&dyn super::field::DataField<M>> {
        let inside = M::ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, field)| *field);
        let by_alias = |inside| self.members.fields.iter().find(move |field| field.name_inside() == inside);
        self.members.field(name).or_else(|| by_alias(inside?).map(|field| &**field))
    }

    /// What names there are that cannot be written, and what the owner has said otherwise.
    fn unknown(&self, entries: &[(Cow<'_, str>, Value<'_>)], at: &Pointer<'_>, key: Option<DefaultKey>) -> Vec<Fault> {
        /// More than these are not told of one row.
        const TOLD_MAX: usize = 100;
        let mut faults = Vec::new();
        for (name, value) in entries {
            if faults.len() == TOLD_MAX {
                break;
            }
            let at = at.key(name);
            let is_it = |given: &&Given| {
                given.field == **name || self.field(name).is_some_and(|field| field.name() == given.field)
            };
            if let Some(given) = self.given.iter().find(is_it) {
                if !given.value.is(value) {
                    let message = format!("cannot override the foreign key: it must stay {}", given.value);
                    faults.push(at.fault(FaultCode::Closed, message));
                }
            } else if self.members.has_field(name) || self.field(name).is_some() {
                // It is read when the others are.
            } else if name == "id" {
                let own = key.map(Id::<()>::from_key);
                let message = match own {
                    None => "the store gives the ids of new rows".to_owned(),
                    Some(own) if Value::Id(own).is(value) => continue,
                    Some(own) => format!("the id cannot be changed: it is {own}"),
                };
                faults.push(at.fault(FaultCode::IdChanged, message));
            } else if self.members.relation(name).is_some() {
                let message = format!(
                    "Navigational properties are not allowed in model data (model \"{}\" property \"{name}\"), please \
                     remove it.",
                    M::NAME
                );
                faults.push(at.fault(FaultCode::Navigational, message));
            } else if !self.members.flattens || self.members.hidden.contains(&&**name) {
                faults.push(self.members.no_property(name, &at));
            }
        }
        faults
    }

    /// What values there are that their fields do not read, and what is missing.
    fn wrong(&self, entries: &[(Cow<'_, str>, Value<'_>)], at: &Pointer<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        for field in &self.members.fields {
            let is_it = |name: &str| {
                name == field.name()
                    || M::ALIASES.iter().any(|(alias, inside)| *alias == name && *inside == field.name_inside())
            };
            match entries.iter().find(|(name, _)| is_it(name)) {
                Some((name, value)) => {
                    if let Some(Err(error)) = field.check(value) {
                        faults.push(at.key(name).fault(FaultCode::Type, error.0));
                    }
                }
                None if !field.has_default() => {
                    let message = format!("must have required property '{}'", field.name());
                    faults.push(at.key(field.name()).fault(FaultCode::Required, message));
                }
                None => {}
            }
        }
        faults
    }
}

/// The stored row with the primary key of a row.
pub(crate) fn stored<M: Model>(database: &Database, row: &M) -> Result<Option<DefaultKey>, DataError> {
    struct Find<'r, M> {
        database: &'r Database,
        row: &'r M,
        found: Option<Result<Option<DefaultKey>, Error>>,
        place: usize,
        model: PhantomData<fn() -> M>,
    }
    impl<M: Model> Visitor<M> for Find<'_, M> {
        fn unique<U: Unique<Model = M>>(&mut self) {
            if M::PRIMARY_KEY == Some(self.place) {
                let find = |table: crate::table::Table<'_, M>| {
                    let key = U::key(self.row)?;
                    <ByKey<U> as Reference<M>>::find(table.rows, table.index, key)
                };
                self.found = Some(self.database.table::<M>().map(find));
            }
            self.place += 1;
        }
    }
    let mut find = Find { database, row, found: None, place: 0, model: PhantomData };
    M::declare(&mut find);
    let found = find.found.ok_or_else(|| {
        let message = format!("`{}` has no primary key by which a row could be replaced", M::NAME);
        Pointer::root().fault(FaultCode::Closed, message)
    })?;
    Ok(found?)
}
