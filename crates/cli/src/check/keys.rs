//! Keys as values: the fields of a key found by the names that they have outside.

use relata::snapshot::Value;
use relata::{Id, RelationSchema, TableSchema};

use crate::rows::json;

/// A key as a row has it.
pub(super) enum Key {
    /// A part of it is absent, and so there is no key.
    Absent,
    /// As a text that only equal keys have.
    Is(String),
    /// Its fields are not to be found.
    Unclear,
}

/// The key that these fields make.
pub(super) fn key(table: &TableSchema, fields: &[String], row: &Value) -> Key {
    let mut parts = Vec::new();
    let mut is_absent = false;
    for field in fields {
        match part(table, field, row) {
            Some(Value::None) => is_absent = true,
            Some(value) => parts.push(value),
            None => return Key::Unclear,
        }
    }
    match parts.as_slice() {
        _ if is_absent => Key::Absent,
        [one] => Key::Is(json(one)),
        parts => Key::Is(format!("({})", parts.iter().map(|part| json(part)).collect::<Vec<_>>().join(", "))),
    }
}

/// The ids that a relation by id has in a row; `None` where it cannot be seen.
pub(super) fn reference(table: &TableSchema, relation: &RelationSchema, row: &Value) -> Option<Vec<Id<()>>> {
    let value = part(table, relation.fields.first()?, row)?;
    match value {
        Value::None => Some(Vec::new()),
        Value::List(elements) if relation.many => elements.iter().map(id).collect(),
        Value::Variant(name, Some(held)) => {
            if variant(table, relation, name)? {
                id(held).map(|id| vec![id])
            } else {
                Some(Vec::new())
            }
        }
        // Of a key that may refer to several tables an id alone does not say which.
        value if several(table, relation).count() == 1 => id(value).map(|id| vec![id]),
        _ => None,
    }
}

fn id(value: &Value) -> Option<Id<()>> {
    if let Value::Reference(id) = value { Some(*id) } else { None }
}

/// The relations of the same field, which are those of the variants of its type.
fn several<'a>(table: &'a TableSchema, relation: &'a RelationSchema) -> impl Iterator<Item = &'a RelationSchema> {
    table.relations.iter().filter(|other| other.fields == relation.fields && other.many == relation.many)
}

/// Whether the variant of this name is the relation's; `None` where that cannot be told. The schema has no names of
/// variants: they are those of the models or, as a rule, the end of the relations' names.
fn variant(table: &TableSchema, relation: &RelationSchema, name: &str) -> Option<bool> {
    let plain =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let wanted = plain(name);
    let is_model = |other: &&RelationSchema| plain(&other.target) == wanted;
    let is_end = |other: &&RelationSchema| plain(&other.name).ends_with(&wanted);
    let by_model: Vec<_> = several(table, relation).filter(is_model).collect();
    let found = if by_model.is_empty() { several(table, relation).filter(is_end).collect() } else { by_model };
    if let [only] = found.as_slice() { Some(only.name == relation.name) } else { None }
}

/// The value of a field, by its name in the struct. One that is left out of the row is absent, if its type has a
/// place for that.
fn part<'a>(table: &TableSchema, field: &str, row: &'a Value) -> Option<&'a Value> {
    let field = table.fields.iter().find(|known| known.name == field)?;
    let is_optional = field.type_name.split('<').next().is_some_and(|name| name.trim().ends_with("Option"));
    let is_row = matches!(row, Value::Struct(_) | Value::Map(_));
    row.get(&field.external_name).or((is_row && is_optional).then_some(&Value::None))
}
