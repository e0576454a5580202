//! The kinds of properties, once it is known which of them are in keys.

use crate::models::definition::{Action, Definition, ForeignKey, Kind, listed};

/// Gives keys the kinds of what they refer to, and leaves out those of a kind that no key can have.
pub(super) fn settle(definitions: &mut [Definition]) {
    settle_own(definitions);
    settle_rows_within(definitions);
    let kinds: Vec<Vec<Kind>> = definitions
        .iter()
        .map(|one| one.properties.iter().map(|property| of(definitions, &one.name, &property.name, 0)).collect())
        .collect();
    for (definition, kinds) in definitions.iter_mut().zip(kinds) {
        let Definition { properties, keys, .. } = definition;
        for (property, kind) in properties.iter_mut().zip(kinds) {
            if property.kind != kind {
                if property.kind != Kind::Undeclared && !(property.kind == Kind::Number && kind == Kind::Integer) {
                    let declared = name(&property.kind);
                    property.notes.push(format!("Declared as {declared}: a key has the type of what it refers to."));
                    // The default of the column is of the type that it was declared as.
                    for key in keys.iter_mut().filter(|key| key.fields.contains(&property.name)) {
                        for action in [&mut key.on_delete, &mut key.on_update] {
                            if matches!(action, Action::SetDefault(_)) {
                                *action = Action::Unsaid;
                                property.notes.push("SET DEFAULT: the default is of another type.".to_owned());
                            }
                        }
                    }
                }
                property.kind = kind;
            }
        }
    }
    definitions.iter_mut().for_each(drop_keys_of_no_value);
}

/// Numbers in unique keys are whole ones; a column of any type that no key gives one is JSON.
fn settle_own(definitions: &mut [Definition]) {
    for definition in definitions {
        let in_key: Vec<String> =
            std::iter::once(&definition.primary_key).chain(&definition.uniques).flatten().cloned().collect();
        let in_foreign_key: Vec<String> = definition.keys.iter().flat_map(|key| &key.fields).cloned().collect();
        for property in &mut definition.properties {
            match property.kind {
                Kind::Number if in_key.contains(&property.name) => property.kind = Kind::Integer,
                Kind::Undeclared if !in_foreign_key.contains(&property.name) => {
                    property.kind = Kind::Json;
                    property.notes.push("No type is declared, so it is any JSON (crate `serde_json`).".to_owned());
                }
                _ => {}
            }
        }
    }
}

/// Rows within rows are values. One within a row of its own model, at whatever depth, would have no size: it is JSON. In a
/// list it has one.
fn settle_rows_within(definitions: &mut [Definition]) {
    for place in 0..definitions.len() {
        for property in 0..definitions[place].properties.len() {
            let (model, is_endless) = match &definitions[place].properties[property].kind {
                Kind::Embedded(model) => (model, holds(definitions, model, &definitions[place].name, 0)),
                Kind::List(item) => match &**item {
                    Kind::Embedded(model) => (model, false),
                    _ => continue,
                },
                _ => continue,
            };
            let note = if is_endless {
                format!("A `{model}` within itself would have no end, so it is any JSON (crate `serde_json`).")
            } else {
                format!("A `{model}` within the row is a value: it has no id, and its keys are not enforced.")
            };
            let property = &mut definitions[place].properties[property];
            property.notes.push(note);
            if is_endless {
                property.kind = Kind::Json;
            }
        }
    }
}

/// Whether rows of a model are rows of another or hold one.
fn holds(definitions: &[Definition], model: &str, wanted: &str, depth: usize) -> bool {
    let found = definitions.iter().find(|definition| definition.name == model);
    let mut held = found.into_iter().flat_map(|definition| &definition.properties);
    model == wanted
        || depth <= definitions.len()
            && held.any(|property| match &property.kind {
                Kind::Embedded(next) => holds(definitions, next, wanted, depth + 1),
                _ => false,
            })
}

/// The kind of a property: of what its foreign key refers to, and so on.
fn of(definitions: &[Definition], model: &str, name: &str, depth: usize) -> Kind {
    let Some(definition) = definitions.iter().find(|definition| definition.name == model) else { return Kind::Json };
    let Some(property) = definition.property(name) else { return Kind::Json };
    let found = definition.keys.iter().find_map(|key| {
        let place = key.fields.iter().position(|field| field == name).filter(|_| !key.is_list)?;
        Some((key, place))
    });
    // Keys that lead in a circle have the kind that one of them declares.
    let Some((key, place)) = found.filter(|_| depth <= definitions.len()) else { return property.kind.clone() };
    match target_field(definitions, key, place) {
        Some(field) => of(definitions, &key.target, field, depth + 1),
        None => Kind::Id(key.target.clone()),
    }
}

/// The field of the target that a part of a key refers to; `None` where it is relata's id.
fn target_field<'a>(definitions: &'a [Definition], key: &'a ForeignKey, place: usize) -> Option<&'a str> {
    if let Some(field) = key.target_fields.get(place) {
        return Some(field);
    }
    let target = definitions.iter().find(|definition| definition.name == key.target)?;
    target.primary_key.get(place).map(String::as_str)
}

/// A key needs values that can be told apart for sure; one that is left out takes those with it that refer to it.
fn drop_keys_of_no_value(definition: &mut Definition) {
    let mut notes = Vec::new();
    let Definition { properties, primary_key, uniques, indexes, keys, .. } = definition;
    let kind = |field: &String| properties.iter().find(|property| property.name == *field).map(|one| &one.kind);
    let unfit = |what: &str, fields: &[String]| {
        let kind = fields.iter().filter_map(kind).find(|kind| !kind.is_key())?;
        let kind = name(kind);
        Some(format!("{what} {}: {kind} can be in no key, as it has no total equality.", listed(fields)))
    };
    // Keys have indexes of their own.
    let mut seen: Vec<Vec<String>> = vec![primary_key.clone()];
    seen.extend(uniques.iter().chain(keys.iter().map(|key| &key.fields)).cloned());
    indexes.retain(|fields| {
        let is_new = !seen.contains(fields);
        let is_fit = fields.iter().all(|field| kind(field).is_some_and(is_ordered));
        if is_new && !is_fit {
            notes.push(format!("Index {}: relata has none over values of such a type.", listed(fields)));
        }
        seen.push(fields.clone());
        is_new && is_fit
    });
    if let Some(note) = unfit("Primary key", primary_key) {
        notes.push(note);
        primary_key.clear();
    }
    let mut is_fit = |what: &str, fields: &[String]| {
        let note = unfit(what, fields);
        let is_fit = note.is_none();
        notes.extend(note);
        is_fit
    };
    uniques.retain(|fields| is_fit("Unique key", fields));
    keys.retain(|key| key.is_list || is_fit("Foreign key", &key.fields));
    definition.notes.extend(notes);
}

fn is_ordered(kind: &Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Number | Kind::Float | Kind::Text | Kind::Boolean)
}

/// What a kind is called in a note.
fn name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Integer => "an integer",
        Kind::Number | Kind::Float => "a number with a fraction",
        Kind::Text => "a text",
        Kind::Boolean => "a truth value",
        Kind::Bytes => "bytes",
        Kind::Json | Kind::Undeclared => "any JSON",
        Kind::GeoPoint => "a place on the earth",
        Kind::List(_) => "a list",
        Kind::Embedded(_) => "a row",
        Kind::Id(_) => "an id of relata",
    }
}
