//! The document that describes the routes, by OpenAPI 3.1.

use relata::Database;
use relata::data::{Kind, Property};
use serde_json::{Map, Value as Json, json};

use crate::Api;
use crate::route::Along;

/// The whole document. Names of schemas are those of models, which are unique.
pub(crate) fn document(api: &Api, database: &Database) -> Json {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert("Count".into(), object(&[("count", json!({ "type": "integer", "minimum": 0 }))], &["count"]));
    schemas.insert("Error".into(), error());
    for (model, path) in api.models.iter().zip(&api.paths) {
        let Ok(table) = database.data(&model.name).map(|table| table.with(&api.exposure)) else { continue };
        if !api.exposure.is_open(&model.name) {
            continue;
        }
        let name = &model.name;
        let properties = table.properties();
        let relations = table.relations();
        let mut row: Vec<(&str, Json)> =
            properties.iter().map(|property| (property.name, schema_of(property))).collect();
        row.extend(relations.iter().map(|relation| {
            let target = reference(relation.target);
            let target = if relation.is_many { json!({ "type": "array", "items": target }) } else { target };
            (relation.name, target)
        }));
        let has_own_id = database
            .schema()
            .table(name)
            .is_some_and(|table| table.fields.iter().any(|field| field.external_name == "id"));
        let own = |property: &&Property| has_own_id || property.name != "id";
        let data: Vec<(&str, Json)> =
            properties.iter().filter(own).map(|property| (property.name, schema_of(property))).collect();
        let required: Vec<&str> = properties
            .iter()
            .filter(own)
            .filter(|property| !property.has_default)
            .map(|property| property.name)
            .collect();
        schemas.insert(name.clone(), object(&row, &[]));
        let closed = |mut schema: Json| {
            schema["additionalProperties"] = false.into();
            schema
        };
        schemas.insert(format!("New{name}"), closed(object(&data, &required)));
        schemas.insert(format!("{name}Patch"), closed(object(&data, &[])));
        let is_read_only = api.is_read_only || api.read_only.contains(name);
        let mut add = |path: String, operations: Vec<(&str, Json)>| {
            let operations: Map<String, Json> =
                operations.into_iter().map(|(verb, operation)| (verb.to_owned(), operation)).collect();
            if !operations.is_empty() {
                paths.insert(path, Json::Object(operations));
            }
        };
        let writes = |operations: Vec<(&'static str, Json)>| if is_read_only { Vec::new() } else { operations };
        let body = |schema: &str| json!({ "required": true, "content": content(reference(schema)) });
        let mut all = vec![("get", operation(&format!("{name}.find"), &[filter(), explain()], None, list(name)))];
        all.extend(writes(vec![
            ("post", operation(&format!("{name}.create"), &[], Some(body(&format!("New{name}"))), one(name))),
            ("put", operation(&format!("{name}.replaceOrCreate"), &[], Some(body(&format!("New{name}"))), one(name))),
            (
                "patch",
                operation(&format!("{name}.updateAll"), &[condition()], Some(body(&format!("{name}Patch"))), count()),
            ),
            ("delete", operation(&format!("{name}.deleteAll"), &[condition()], None, count())),
        ]));
        add(format!("/{path}"), all);
        add(
            format!("/{path}/count"),
            vec![("get", operation(&format!("{name}.count"), &[condition()], None, count()))],
        );
        let mut of_row = vec![("get", operation(&format!("{name}.findById"), &[id(), filter()], None, one(name)))];
        of_row.extend(writes(vec![
            ("put", operation(&format!("{name}.replaceById"), &[id()], Some(body(&format!("New{name}"))), nothing())),
            (
                "patch",
                operation(&format!("{name}.updateById"), &[id()], Some(body(&format!("{name}Patch"))), nothing()),
            ),
            ("delete", operation(&format!("{name}.deleteById"), &[id()], None, nothing())),
        ]));
        add(format!("/{path}/{{id}}"), of_row);
        let any = json!({ "200": { "description": "OK", "content": content(json!({ "type": "object" })) } });
        add(
            format!("/{path}/{{id}}/exists"),
            vec![("get", operation(&format!("{name}.exists"), &[id()], None, any.clone()))],
        );
        add(
            format!("/{path}/{{id}}/delete-plan"),
            vec![("get", operation(&format!("{name}.deletePlan"), &[id()], None, any))],
        );
        for relation in relations {
            let Some((_, along, _)) = model.relations.iter().find(|(known, ..)| known == relation.name) else {
                continue;
            };
            let (target, member) = (relation.target, relation.name);
            let of = |verb: &str| format!("{name}.{member}.{verb}");
            let found = if relation.is_many { list(target) } else { one_or_none(target) };
            let mut operations = vec![("get", operation(&of("find"), &[id(), filter()], None, found))];
            let is_written = !api.is_read_only && !api.read_only.contains(target);
            if matches!(along, Along::HasMany | Along::HasOne | Along::Through) && is_written {
                let created = if *along == Along::Through { format!("New{target}") } else { format!("{target}Patch") };
                operations.push(("post", operation(&of("create"), &[id()], Some(body(&created)), one(target))));
            }
            if matches!(along, Along::HasMany | Along::HasOne) && is_written {
                operations.extend([
                    (
                        "patch",
                        operation(&of("patch"), &[id(), condition()], Some(body(&format!("{target}Patch"))), count()),
                    ),
                    ("delete", operation(&of("delete"), &[id(), condition()], None, count())),
                ]);
            }
            add(format!("/{path}/{{id}}/{member}"), operations);
            add(
                format!("/{path}/{{id}}/{member}/count"),
                vec![("get", operation(&of("count"), &[id(), condition()], None, count()))],
            );
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "relata", "version": "1.0.0",
            "description": "Every model and relation of a relata database. Filters are LoopBack's, as JSON or in brackets." },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn object(properties: &[(&str, Json)], required: &[&str]) -> Json {
    let properties: Map<String, Json> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let mut object = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The largest integer of so many bits.
fn largest(bits: u32) -> Option<u64> {
    (bits <= 64).then(|| u64::MAX >> (64 - bits))
}

fn schema_of(property: &Property) -> Json {
    let mut schema = match &property.kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Integer { is_signed: false, bits } => match largest(*bits) {
            Some(most) => json!({ "type": "integer", "minimum": 0, "maximum": most }),
            None => json!({ "type": "integer", "minimum": 0 }),
        },
        Kind::Integer { is_signed: true, bits } => match largest(*bits) {
            Some(most) => {
                let most = (most >> 1) as i64;
                json!({ "type": "integer", "minimum": -most - 1, "maximum": most })
            }
            None => json!({ "type": "integer" }),
        },
        Kind::Float => json!({ "type": "number" }),
        Kind::Text => json!({ "type": "string" }),
        Kind::Id => json!({ "type": "string", "pattern": "^([0-9]+v[0-9]+|null)$" }),
        Kind::List => json!({ "type": "array" }),
        Kind::Object => json!({ "type": "object" }),
        // A variant that holds something is an object.
        _ => json!({}),
    };
    if property.is_optional
        && let Some(kind) = schema.get("type").cloned()
    {
        schema["type"] = json!([kind, "null"]);
    }
    schema
}

fn content(schema: Json) -> Json {
    json!({ "application/json": { "schema": schema } })
}

fn answer(description: &str, schema: Json) -> Json {
    json!({ "200": { "description": description, "content": content(schema) } })
}

fn one(model: &str) -> Json {
    answer("A row, with what was included in it.", reference(model))
}

fn one_or_none(model: &str) -> Json {
    let mut answers = one(model);
    answers["204"] = json!({ "description": "There is none." });
    answers
}

fn list(model: &str) -> Json {
    answer("Rows, each with what was included in it.", json!({ "type": "array", "items": reference(model) }))
}

fn count() -> Json {
    answer("How many rows.", reference("Count"))
}

fn nothing() -> Json {
    json!({ "204": { "description": "Done." } })
}

fn operation(id: &str, parameters: &[Json], body: Option<Json>, mut answers: Json) -> Json {
    let tag = id.split('.').next().unwrap_or(id);
    answers["default"] = json!({ "description": "Refused.", "content": content(reference("Error")) });
    let mut operation = json!({ "operationId": id, "tags": [tag], "responses": answers });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = body {
        operation["requestBody"] = body;
    }
    operation
}

fn id() -> Json {
    json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" },
        "description": "The primary key of one field, or else the id of the row, as `3v1`." })
}

fn query(name: &str, description: &str) -> Json {
    json!({ "name": name, "in": "query", "required": false, "description": description,
        "content": content(json!({ "type": "object" })) })
}

fn filter() -> Json {
    let mut filter = query("filter", "Which rows, in what order, how many, with which fields and related rows.");
    filter["content"] = content(json!({ "type": "object", "additionalProperties": false, "properties": {
        "where": { "type": "object" },
        "order": { "type": ["string", "array"], "items": { "type": "string" } },
        "limit": { "type": "integer", "minimum": 0 }, "skip": { "type": "integer", "minimum": 0 },
        "offset": { "type": "integer", "minimum": 0 },
        "fields": { "type": ["array", "object"], "items": { "type": "string" } },
        "include": { "type": ["array", "string", "object"] },
    } }));
    filter
}

fn condition() -> Json {
    query("where", "Conditions on rows, by property.")
}

fn explain() -> Json {
    json!({ "name": "explain", "in": "query", "required": false, "schema": { "type": "string" },
        "description": "The plan of the query in the place of its rows." })
}

/// LoopBack's body of errors.
fn error() -> Json {
    let detail = object(
        &[
            ("path", json!({ "type": "string" })),
            ("code", json!({ "type": "string" })),
            ("message", json!({ "type": "string" })),
            ("info", json!({ "type": "object" })),
        ],
        &[],
    );
    let inside = object(
        &[
            ("statusCode", json!({ "type": "integer" })),
            ("name", json!({ "type": "string" })),
            ("message", json!({ "type": "string" })),
            ("code", json!({ "type": "string" })),
            ("operation", json!({ "type": "integer" })),
            ("details", json!({ "type": ["array", "object"], "items": detail })),
        ],
        &["statusCode", "message"],
    );
    object(&[("error", inside)], &["error"])
}
