//! A `where` made into a predicate: names looked up, values read by the types of their fields.

use super::ask::{Ask, Compared};
use super::error::{DataError, Fault, FaultCode, Pointer};
use super::exposure::Exposure;
use super::field::{DataField, fields_of};
use super::filter::Where;
use super::kind::Kind;
use super::read::number_of;
use super::relation::{DataRelation, relations_of};
use super::told::field_of;
use super::value::Value;
use crate::id::Id;
use crate::model::Model;
use crate::predicate::{Boxed, Predicate};

/// What is asked by, beside the words themselves.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'x> {
    pub(crate) exposure: Option<&'x Exposure>,
    pub(crate) is_from_url: bool,
}

/// What a model has, as far as it is open.
pub(crate) struct Members<M> {
    pub(crate) fields: Vec<Box<dyn DataField<M>>>,
    /// The fields that only their rows know, of a model that shows none.
    pub(crate) others: Vec<&'static str>,
    pub(crate) relations: Vec<Box<dyn DataRelation<M>>>,
    /// The fields that are closed, by their names outside.
    pub(crate) hidden: Vec<&'static str>,
    /// Whether a field is named `id`, so that the row's own is not.
    pub(crate) has_id: bool,
    /// Whether rows have entries that are of no field: serde flattens one.
    pub(crate) flattens: bool,
}

impl<M: Model> Members<M> {
    pub(crate) fn of(exposure: Option<&Exposure>) -> Self {
        let is_open = |name: &str| exposure.is_none_or(|exposure| exposure.is_field_open(M::NAME, name));
        let (mut fields, shown) = fields_of::<M>();
        // Where a flattened field is closed nobody can tell what is its own.
        let is_shown = |name: &str| fields.iter().any(|field| field.name() == name);
        let are_closed_shown =
            M::COLUMNS.iter().all(|column| is_open(column.external_name) || is_shown(column.external_name));
        let flattens = shown > 0 && shown < M::COLUMNS.len() && are_closed_shown;
        let others: Vec<&'static str> =
            if fields.is_empty() { M::COLUMNS.iter().map(|column| column.external_name).collect() } else { Vec::new() };
        let has_id = fields.iter().any(|field| field.name() == "id") || others.contains(&"id");
        fields.retain(|field| is_open(field.name()));
        let mut relations = relations_of::<M>();
        relations.retain(|relation| {
            exposure.is_none_or(|exposure| exposure.is_relation_open(M::NAME, relation.name(), relation.target_name()))
        });
        let hidden = M::COLUMNS.iter().map(|column| column.external_name).filter(|name| !is_open(name)).collect();
        let others = others.into_iter().filter(|name| is_open(name)).collect();
        Members { fields, others, relations, hidden, has_id, flattens }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&dyn DataField<M>> {
        self.fields.iter().find(|field| field.name() == name).map(|field| &**field)
    }

    pub(crate) fn relation(&self, name: &str) -> Option<&dyn DataRelation<M>> {
        self.relations.iter().find(|relation| relation.name() == name).map(|relation| &**relation)
    }

    /// Whether there is a field of this name.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.field(name).is_some() || self.others.contains(&name)
    }

    /// The names of the fields, the row's id before them.
    pub(crate) fn field_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        let id = (!self.has_id).then_some("id");
        id.into_iter().chain(self.fields.iter().map(|field| field.name())).chain(self.others.iter().copied())
    }

    /// The error for a name that is none of a field.
    #[cold]
    pub(crate) fn no_property(&self, name: &str, at: &Pointer<'_>) -> Fault {
        let message = format!("`{}` has no property `{name}`", M::NAME);
        at.unknown(FaultCode::UnknownProperty, message, self.field_names())
    }

    /// The error for a name that is none of a relation.
    #[cold]
    pub(crate) fn no_relation(&self, name: &str, at: &Pointer<'_>) -> Fault {
        let mut known: Vec<&str> = self.relations.iter().map(|relation| relation.name()).collect();
        if known.is_empty() {
            known.push("none");
        }
        at.unknown(FaultCode::UnknownRelation, format!("`{}` has no relation `{name}`", M::NAME), known)
    }
}

type Compiled<M> = Result<Predicate<M, Boxed<M>>, DataError>;

/// The predicate of a `where`.
pub(crate) fn predicate<M: Model>(condition: &Where, exposure: Option<&Exposure>) -> Compiled<M> {
    let asker = Asker { exposure, is_from_url: condition.is_from_url };
    let at = Pointer::based(&condition.path);
    if regular_expressions(&condition.value) > REGULAR_EXPRESSIONS_MAX {
        let message = format!("more than {REGULAR_EXPRESSIONS_MAX} regular expressions");
        return Err(at.fault(FaultCode::Type, message).into());
    }
    compile(&condition.value, &at, asker)
}

/// How many regular expressions one `where` has at most: each may take a mebibyte when it is compiled.
const REGULAR_EXPRESSIONS_MAX: usize = 32;

fn regular_expressions(conditions: &Value<'_>) -> usize {
    match conditions {
        Value::Map(entries) => {
            let of_entry = |(word, inside): &(_, Value<'_>)| {
                let word: &std::borrow::Cow<'_, str> = word;
                usize::from(word == "regexp") + regular_expressions(inside)
            };
            entries.iter().map(of_entry).sum()
        }
        Value::List(elements) => elements.iter().map(regular_expressions).sum(),
        _ => 0,
    }
}

/// The predicate of an object of conditions.
pub(crate) fn compile<M: Model>(value: &Value<'_>, at: &Pointer<'_>, asker: Asker<'_>) -> Compiled<M> {
    let Some(entries) = value.map() else {
        return Err(at.fault(FaultCode::Type, format!("The where clause {value} is not an object")).into());
    };
    let members = Members::<M>::of(asker.exposure);
    let conditions = entries.iter().map(|(key, value)| {
        let at = at.key(key);
        match &**key {
            word @ ("and" | "or") => {
                let Some(clauses) = value.list() else {
                    let message = format!("The {word} operator has invalid clauses {value}: a list is wanted");
                    return Err(at.fault(FaultCode::Type, message).into());
                };
                let all = clauses.iter().enumerate().map(|(place, clause)| compile(clause, &at.place(place), asker));
                let all = all.collect::<Result<Vec<_>, _>>()?;
                Ok(if word == "and" { Predicate::all_of(all) } else { Predicate::any_of(all) })
            }
            "not" => Ok(compile::<M>(value, &at, asker)?.not().boxed()),
            name => property(&members, name, value, &at, asker),
        }
    });
    Ok(Predicate::all_of(conditions.collect::<Result<Vec<_>, _>>()?))
}

/// The condition on one property.
fn property<M: Model>(
    members: &Members<M>,
    name: &str,
    value: &Value<'_>,
    at: &Pointer<'_>,
    asker: Asker<'_>,
) -> Compiled<M> {
    let relation = members.relation(name);
    let is_quantified = value.map().is_some_and(|entries| {
        !entries.is_empty() && entries.iter().all(|(word, _)| matches!(&**word, "some" | "none" | "every"))
    });
    if let Some(relation) = relation
        && (is_quantified || !members.has_field(name))
    {
        let is_replaced = asker.exposure.is_some_and(|exposure| exposure.resolver(M::NAME, name).is_some());
        if is_replaced {
            let message = format!("a function finds the rows of `{name}`: no condition goes along it");
            return Err(at.fault(FaultCode::Closed, message).into());
        }
        return related(relation, is_quantified, value, at, asker);
    }
    let (root, path) = match name.split_once('.') {
        Some((root, path)) if !members.has_field(name) => (root, Some(path)),
        _ => (name, None),
    };
    if root == "id" && path.is_none() && !members.has_id {
        return id(value, at, asker);
    }
    if !members.has_field(root) {
        if path.is_some() && members.relation(root).is_some() {
            let message = format!("`{root}` is a relation: ask by {{\"{root}\": {{..}}}}");
            return Err(at.fault(FaultCode::UnknownProperty, message).into());
        }
        let mut fault = members.no_property(name, at);
        fault.known.extend(members.relations.iter().map(|relation| relation.name().to_owned()));
        return Err(fault.into());
    }
    let field = members.field(root);
    each_ask(value, at, asker, |ask, at| match (field, path) {
        (Some(field), None) => typed(field, ask, at),
        (field, _) => {
            if let (Some(field), Some(path)) = (field, path) {
                let kind = field.kind_at(path).map_err(|(part, known)| {
                    let message = format!("`{root}` of `{}` has no part `{part}`", M::NAME);
                    at.unknown(FaultCode::UnknownProperty, message, known.iter().copied())
                })?;
                ask.expect_meaning(&kind, at)?;
            }
            Ok(by_value(root.to_owned(), path.map(str::to_owned), ask))
        }
    })
}

/// The conditions of all operators of a property.
fn each_ask<M: Model>(
    value: &Value<'_>,
    at: &Pointer<'_>,
    asker: Asker<'_>,
    mut condition: impl FnMut(Ask, &Pointer<'_>) -> Result<Predicate<M, Boxed<M>>, Fault>,
) -> Compiled<M> {
    let Some(operators) = value.map() else {
        return Ok(condition(Ask::equal(value.clone().into_owned()), at)?);
    };
    if operators.is_empty() {
        let message = "an object of operators is wanted, and this one has none";
        return Err(at.unknown(FaultCode::UnknownWord, message, super::ask::OPERATORS).into());
    }
    let conditions = operators.iter().map(|(word, operand)| {
        let at = at.key(word);
        condition(Ask::read(word, operand, &at, asker.is_from_url)?, &at)
    });
    Ok(Predicate::all_of(conditions.collect::<Result<Vec<_>, _>>()?))
}

/// By the field's type where that can do it, else as JSON.
fn typed<M: Model>(field: &dyn DataField<M>, ask: Ask, at: &Pointer<'_>) -> Result<Predicate<M, Boxed<M>>, Fault> {
    let kind = field.kind();
    ask.expect_meaning(&kind, at)?;
    let refused = match field.predicate(&ask) {
        Some(Ok(predicate)) => return Ok(predicate),
        Some(Err(error)) => error.0,
        None => {
            let is_ordering = matches!(&ask, Ask::Compare(test, _) if *test != Compared::Equal);
            let has_own_order = matches!(kind, Kind::Any | Kind::List);
            if is_ordering && !has_own_order {
                return Err(at.fault(FaultCode::Type, "values of this type have no order"));
            }
            if kind != Kind::List {
                return Ok(by_value(field.name().to_owned(), None, ask));
            }
            "it is no element of this list".to_owned()
        }
    };
    // A list is asked for an element, a number for one that its type cannot hold.
    let has_meaning = |value: &Value<'static>| match kind {
        Kind::List => is_of_list(field, value),
        Kind::Integer { .. } | Kind::Float => is_number(value),
        _ => false,
    };
    let Some(wrong) = ask.values().iter().find(|value| !has_meaning(value)) else {
        return Ok(by_value(field.name().to_owned(), None, ask));
    };
    // What is no list is read as an element.
    let is_element = kind == Kind::List && wrong.list().is_none();
    let read = is_element.then(|| field.predicate(&Ask::equal(Value::List(vec![wrong.clone()])))).flatten();
    let why = if let Some(Err(error)) = read { error.0 } else { refused };
    Err(at.fault(FaultCode::Type, why))
}

/// Whether a value is a number, or a text that stands for one.
fn is_number(value: &Value<'_>) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_)) || value.text().is_some_and(|text| number_of(text).is_some())
}

/// Whether a list can be asked for a value: for it as a whole, or for an element.
fn is_of_list<M: Model>(field: &dyn DataField<M>, value: &Value<'static>) -> bool {
    let can_be = |list: Value<'static>| field.predicate(&Ask::equal(list)).is_none_or(|read| read.is_ok());
    if value.list().is_some() {
        return can_be(value.clone());
    }
    // A number that the type cannot hold is a number all the same.
    can_be(Value::List(vec![value.clone()])) || (is_number(value) && can_be(Value::List(vec![Value::Integer(0)])))
}

fn positive(ask: &Ask) -> &Ask {
    if let Ask::Not(ask) = ask { ask } else { ask }
}

/// A condition on a field as JSON tells it, or on what is within it.
fn by_value<M: Model>(name: String, path: Option<String>, ask: Ask) -> Predicate<M, Boxed<M>> {
    let holds = move |row: &M| {
        let value = field_of(row, &name).ok().flatten();
        let Some(path) = &path else { return ask.holds(value.as_ref()) };
        match (&ask, value) {
            (_, None) => ask.holds(None),
            // Of many values one has to meet it; the opposite is met where none does.
            (Ask::Not(inner), Some(value)) => !any_within(&value, path, inner),
            (ask, Some(value)) => any_within(&value, path, ask),
        }
    };
    Predicate::by(holds).boxed()
}

/// Whether a condition holds for what is at a path within a value: in lists, for one of what their elements have there.
fn any_within(value: &Value<'_>, path: &str, ask: &Ask) -> bool {
    match value {
        Value::List(elements) if !elements.is_empty() => elements.iter().any(|element| any_within(element, path, ask)),
        value => {
            if let Some(found) = value.get(path) {
                return ask.holds(Some(found));
            }
            match path.split_once('.').and_then(|(key, rest)| Some((value.get(key)?, rest))) {
                Some((inside, rest)) => any_within(inside, rest, ask),
                None => ask.holds(None),
            }
        }
    }
}

/// A condition on the row's id.
fn id<M: Model>(value: &Value<'_>, at: &Pointer<'_>, asker: Asker<'_>) -> Compiled<M> {
    each_ask(value, at, asker, |ask, at| {
        let read = |value: &Value<'_>| match value {
            Value::Id(id) => Ok(Id::<M>::from_key(id.key())),
            Value::Text(text) => text.parse().map_err(|error| at.fault(FaultCode::Type, format!("{error}"))),
            other => Err(at.fault(FaultCode::Type, format!("`{other}` is not an id: expected text such as `3v1`"))),
        };
        let ids = match positive(&ask) {
            Ask::Compare(Compared::Equal, values) | Ask::In(values, _) => {
                values.iter().map(read).collect::<Result<Vec<_>, _>>()?
            }
            // Every row has one.
            Ask::Absent(false) => return Ok(negated_if(matches!(ask, Ask::Not(_)), Predicate::always().boxed())),
            Ask::Absent(true) => Vec::new(),
            _ => {
                let known = ["eq", "neq", "inq", "nin", "exists"];
                return Err(at.unknown(FaultCode::Type, "ids are asked for by themselves", known));
            }
        };
        Ok(negated_if(matches!(ask, Ask::Not(_)), Predicate::id_in(ids).boxed()))
    })
}

fn negated_if<M: Model>(is_negated: bool, predicate: Predicate<M, Boxed<M>>) -> Predicate<M, Boxed<M>> {
    if is_negated { predicate.not().boxed() } else { predicate }
}

/// A condition on related rows.
fn related<M: Model>(
    relation: &dyn DataRelation<M>,
    is_quantified: bool,
    value: &Value<'_>,
    at: &Pointer<'_>,
    asker: Asker<'_>,
) -> Compiled<M> {
    if !is_quantified {
        if relation.is_many() {
            let message = format!("`{}` leads to many rows: say which of them are meant", relation.name());
            return Err(at.unknown(FaultCode::UnknownWord, message, ["some", "none", "every"]).into());
        }
        if value.is_null() {
            let any = Value::Map(Vec::new());
            return Ok(relation.some(&any, at, asker)?.not().boxed());
        }
        return relation.some(value, at, asker);
    }
    let conditions = value.map().unwrap_or_default().iter().map(|(word, value)| {
        let at = at.key(word);
        match &**word {
            "some" => relation.some(value, &at, asker),
            "none" => Ok(relation.some(value, &at, asker)?.not().boxed()),
            _ => relation.every(value, &at, asker),
        }
    });
    Ok(Predicate::all_of(conditions.collect::<Result<Vec<_>, _>>()?))
}
