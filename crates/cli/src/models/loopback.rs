//! LoopBack's model definitions: the JSON files of LoopBack 2 and 3, and what their discovery and LoopBack 4's metadata
//! look like as JSON.
//!
//! Here are the models and their properties; `relations` adds what they say of each other.

mod relations;

use serde_json::{Map, Value};

use super::definition::{Definition, Kind, Property};

type Object = Map<String, Value>;

/// What models are based on that says nothing of their properties.
const BASES: [&str; 5] = ["", "Entity", "KeyValueModel", "Model", "PersistedModel"];
/// Column types, by what they begin with, of which every value is a whole number.
const WHOLE: [&str; 8] = ["int", "bigint", "smallint", "tinyint", "mediumint", "serial", "bigserial", "smallserial"];

/// A model as its file has it.
pub(crate) struct Source {
    pub(crate) name: String,
    object: Object,
}

/// The models of a file: one, a list of them, or what a discovery gives, models under the names of their tables.
pub(crate) fn read(text: &str) -> Result<Vec<Source>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}"))?;
    let is_model = |object: &Object| ["properties", "relations", "base"].iter().any(|key| object.contains_key(*key));
    let values: Vec<(Option<String>, Value)> = match value {
        Value::Array(values) => values.into_iter().map(|value| (None, value)).collect(),
        Value::Object(object) if !is_model(&object) && object.values().any(Value::is_object) => {
            object.into_iter().map(|(name, value)| (Some(name), value)).collect()
        }
        other => vec![(None, other)],
    };
    values
        .into_iter()
        .map(|(key, value)| match value {
            Value::Object(object) if is_model(&object) => match text_of(&object, "name") {
                Some(name) => Ok(Source { name: name.to_owned(), object }),
                None => Err(format!("a model has no `name`{}", key.map_or(String::new(), |key| format!(": {key}")))),
            },
            _ => Err("this is no model definition: a JSON object with `name`, `properties` and `relations`".to_owned()),
        })
        .collect()
}

/// The models of all files, with what they say of each other.
pub(crate) fn definitions(sources: &[Source]) -> Vec<Definition> {
    let mut definitions: Vec<Definition> = sources.iter().map(|source| definition(source, sources)).collect();
    relations::add(sources, &mut definitions);
    definitions
}

fn definition(source: &Source, sources: &[Source]) -> Definition {
    let mut definition = Definition {
        name: source.name.clone(),
        description: text_of(&source.object, "description").map(str::to_owned),
        ..Definition::default()
    };
    // A base comes before what is based on it, so that its properties come first.
    let line = bases(source, sources, &mut definition.notes);
    let mut is_numbered = true;
    let mut ids: Vec<(u64, String)> = Vec::new();
    for source in line.iter().rev() {
        let is_off = |key| setting(&source.object, key) == Some(&Value::Bool(false));
        is_numbered = is_numbered && !is_off("idInjection");
        for (name, value) in object_of(&source.object, "properties").into_iter().flatten() {
            definition.properties.retain(|property| property.name != *name);
            ids.retain(|(_, id)| id != name);
            if matches!(value, Value::Null | Value::Bool(false)) {
                continue;
            }
            let property = property(name, value, sources);
            ids.extend(place_of_id(value).map(|place| (place, name.clone())));
            add_index(&mut definition, name, value);
            definition.properties.push(property);
        }
        for index in object_of(&source.object, "indexes").into_iter().chain(object_in_settings(source, "indexes")) {
            index.iter().for_each(|(name, value)| add_indexes(&mut definition, name, value));
        }
        if setting(&source.object, "validations")
            .is_some_and(|list| list.as_array().is_some_and(|list| !list.is_empty()))
        {
            definition
                .notes
                .push("`validations`: relata enforces keys and types, no other rule of a value.".to_owned());
        }
    }
    if ids.is_empty() && is_numbered && definition.property("id").is_some() {
        ids.push((0, "id".to_owned()));
    }
    ids.sort();
    definition.primary_key = ids.into_iter().map(|(_, name)| name).collect();
    for id in definition.primary_key.clone() {
        if let Some(property) = definition.property_mut(&id) {
            property.is_optional = false;
        }
    }
    let primary = definition.primary_key.clone();
    let is_primary = |key: &Vec<String>| key.len() == primary.len() && key.iter().all(|field| primary.contains(field));
    definition.uniques.retain(|unique| !is_primary(unique));
    definition
}

/// A model and the models that it is based on, itself first.
fn bases<'a>(source: &'a Source, sources: &'a [Source], notes: &mut Vec<String>) -> Vec<&'a Source> {
    let mut line = vec![source];
    while let Some(last) = line.last() {
        let base = text_of(&last.object, "base").or_else(|| setting(&last.object, "base")?.as_str()).unwrap_or("");
        if BASES.contains(&base) {
            break;
        }
        match sources.iter().find(|source| source.name == base) {
            Some(base) if line.iter().all(|other| other.name != base.name) => line.push(base),
            Some(_) => {
                notes.push(format!("base `{base}`: the bases lead in a circle."));
                break;
            }
            None => {
                notes.push(format!("base `{base}`: no file that was given defines it, so its properties are missing."));
                break;
            }
        }
    }
    line
}

/// The place of a property in the primary key; `None` where it is no part of it.
fn place_of_id(value: &Value) -> Option<u64> {
    match value.get("id")? {
        Value::Bool(is_id) => is_id.then_some(0),
        Value::Number(place) => place.as_u64().filter(|place| *place > 0),
        _ => None,
    }
}

fn property(name: &str, value: &Value, sources: &[Source]) -> Property {
    let is_required = value.get("required").is_some_and(is_true);
    let mut property = Property::new(name, Kind::Json, !is_required);
    property.kind = kind(value, sources, &mut property.notes);
    property.description = ["description", "doc"].iter().find_map(|key| value.get(*key)?.as_str()).map(str::to_owned);
    for key in ["default", "defaultFn"] {
        if let Some(default) = value.get(key) {
            property
                .notes
                .push(format!("`{key}: {default}`: a row is a struct, and whoever makes one gives every field."));
        }
    }
    property
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != 0
}

/// The kind of a property, from its `type` or from the whole of what is said of it.
fn kind(value: &Value, sources: &[Source], notes: &mut Vec<String>) -> Kind {
    let word = match value {
        Value::String(word) => word.as_str(),
        Value::Array(items) => {
            let item = items.first().map_or(Kind::Json, |item| kind(item, sources, notes));
            return Kind::List(Box::new(item));
        }
        Value::Object(object) => match object.get("type") {
            Some(Value::String(word)) if word.eq_ignore_ascii_case("array") => {
                let item = object.get("itemType").map_or(Kind::Json, |item| kind(item, sources, notes));
                if item == Kind::Json {
                    notes.push(
                        "array: nothing says of what, so its elements are any JSON (crate `serde_json`).".to_owned(),
                    );
                }
                return Kind::List(Box::new(item));
            }
            Some(Value::String(word)) if word.eq_ignore_ascii_case("number") && is_whole(object) => {
                return Kind::Integer;
            }
            Some(value @ (Value::String(_) | Value::Array(_))) => return kind(value, sources, notes),
            _ => "object",
        },
        _ => "any",
    };
    match word.to_lowercase().as_str() {
        "string" | "text" | "date" | "datetime" | "timestamp" | "objectid" | "uuid" => Kind::Text,
        "number" => Kind::Number,
        "integer" | "int" | "long" => Kind::Integer,
        "boolean" | "bool" => Kind::Boolean,
        "geopoint" => Kind::GeoPoint,
        _ if sources.iter().any(|source| source.name == word) => Kind::Embedded(word.to_owned()),
        _ => {
            notes.push(format!(
                "`{word}`: no type of Rust says what this holds, so it is any JSON (crate `serde_json`)."
            ));
            Kind::Json
        }
    }
}

/// Whether a number is said to be whole: by the column of a connector, or by a JSON schema.
fn is_whole(property: &Object) -> bool {
    let is_whole_column = |column: &Value| {
        let ty = column.get("dataType").and_then(Value::as_str).unwrap_or("").to_lowercase();
        let has_no_fraction = column.get("dataScale").and_then(Value::as_u64) == Some(0);
        WHOLE.iter().any(|whole| ty.starts_with(whole)) || ty == "number" && has_no_fraction
    };
    let is_integer = |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("integer");
    property.values().any(is_whole_column)
        || is_whole_column(&Value::Object(property.clone()))
        || property.get("jsonSchema").is_some_and(is_integer)
}

/// `index` and `unique` of a property.
fn add_index(definition: &mut Definition, name: &str, value: &Value) {
    let index = value.get("index");
    let is_unique = value.get("unique").is_some_and(is_true)
        || index.is_some_and(|index| index.get("unique").is_some_and(is_true) || is_kind_unique(index));
    if is_unique {
        definition.add_unique(vec![name.to_owned()]);
    } else if index.is_some_and(is_true) {
        definition.indexes.push(vec![name.to_owned()]);
    }
}

fn is_kind_unique(index: &Value) -> bool {
    index.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("unique"))
}

/// An entry of `indexes`: `{"keys": {"a": 1}, "options": {"unique": true}}`, `{"columns": "a, b"}` or `{"a": 1}`.
fn add_indexes(definition: &mut Definition, name: &str, value: &Value) {
    let keys = value.get("keys").unwrap_or(value);
    let fields: Vec<String> = match (value.get("columns").and_then(Value::as_str), keys) {
        (Some(columns), _) => columns.split(',').map(|column| column.trim().to_owned()).collect(),
        (None, Value::Object(keys)) => keys.keys().cloned().collect(),
        (None, Value::Array(keys)) => keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    if fields.is_empty() || fields.iter().any(|field| definition.property(field).is_none()) {
        definition.notes.push(format!("Index `{name}`: it is not over properties of the model."));
        return;
    }
    let options = value.get("options").unwrap_or(value);
    if options.get("unique").is_some_and(is_true) || is_kind_unique(value) {
        definition.add_unique(fields);
    } else {
        definition.indexes.push(fields);
    }
}

fn text_of<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn object_of<'a>(object: &'a Object, key: &str) -> Option<&'a Object> {
    object.get(key).and_then(Value::as_object)
}

/// What is said of the model itself: at the top in LoopBack 2 and 3, in `options` by a discovery, in `settings` in 4.
fn setting<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    let within = |place| object_of(object, place).and_then(|settings| settings.get(key));
    object.get(key).or_else(|| within("options")).or_else(|| within("settings"))
}

fn object_in_settings<'a>(source: &'a Source, key: &str) -> Option<&'a Object> {
    let within = |place| object_of(&source.object, place).and_then(|settings| object_of(settings, key));
    within("options").or_else(|| within("settings"))
}
