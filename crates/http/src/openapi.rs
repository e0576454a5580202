//! The document that describes the routes, by OpenAPI 3.1.

use relata::Database;
use relata::data::{DataTable, Kind, Property};
use serde_json::{Map, Value as Json, json};

use crate::route::Along;
use crate::{Api, Exposed};

/// The whole document. Names of schemas are those of models, which are unique.
pub(crate) fn document(api: &Api, database: &Database) -> Json {
    let mut document = Document { paths: Map::new(), schemas: Map::new() };
    document
        .schemas
        .insert("Count".into(), object(&[("count", json!({ "type": "integer", "minimum": 0 }))], &["count"]));
    document.schemas.insert("Error".into(), error());
    for (exposed, path) in api.models.iter().zip(&api.paths) {
        let Ok(table) = database.data(&exposed.name).map(|table| table.with(&api.exposure)) else { continue };
        if api.exposure.is_open(&exposed.name) {
            let has_own_id = database
                .schema()
                .table(&exposed.name)
                .is_some_and(|table| table.fields.iter().any(|field| field.external_name == "id"));
            let id = id_of(database, &table, &exposed.name);
            let model = OfModel { api, database, exposed, path, table, has_own_id, id };
            model.add_schemas(&mut document);
            model.add_paths(&mut document);
            model.add_relations(&mut document);
        }
    }
    document.add_others(api.is_read_only);
    json!({
        "openapi": "3.1.0",
        "info": { "title": "relata", "version": "1.0.0",
            "description": "Every model and relation of a relata database. Filters are LoopBack's, as JSON or in brackets." },
        "paths": document.paths,
        "components": { "schemas": document.schemas },
    })
}

struct Document {
    paths: Map<String, Json>,
    schemas: Map<String, Json>,
}

impl Document {
    /// Adds a path, if it has operations.
    fn path(&mut self, path: String, operations: Vec<(&str, Json)>) {
        let operations: Map<String, Json> =
            operations.into_iter().map(|(verb, operation)| (verb.to_owned(), operation)).collect();
        if !operations.is_empty() {
            self.paths.insert(path, Json::Object(operations));
        }
    }

    /// What belongs to no model.
    fn add_others(&mut self, is_read_only: bool) {
        let operations = json!({ "type": "array", "items": object(
            &[
                ("method", json!({ "type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"] })),
                ("path", json!({ "type": "string" })),
                ("body", json!({})),
            ],
            &["method", "path"],
        ) });
        let done =
            answer("What each operation has answered.", &json!({ "type": "array", "items": { "type": "object" } }));
        if !is_read_only {
            let body = json!({ "required": true, "content": content(&operations) });
            self.path("/batch".to_owned(), vec![("post", operation("batch", &[], Some(body), done))]);
        }
        let events = json!({ "200": { "description": "Server-sent events: hello, commit, reset.",
            "content": { "text/event-stream": {} } } });
        let after = json!({ "name": "after", "in": "query", "required": false, "schema": { "type": "string" },
            "description": "The last event that was seen; the header Last-Event-ID says it too." });
        self.path("/changes".to_owned(), vec![("get", operation("changes", &[after], None, events))]);
    }
}

/// A model that is described.
struct OfModel<'a> {
    api: &'a Api,
    database: &'a Database,
    exposed: &'a Exposed,
    path: &'a str,
    table: DataTable<'a>,
    /// Whether a field is named `id`, so that the row's own is not told.
    has_own_id: bool,
    /// What names a row in a path.
    id: Json,
}

impl OfModel<'_> {
    fn is_read_only(&self, model: &str) -> bool {
        self.api.is_read_only || self.api.read_only.contains(model)
    }

    fn add_schemas(&self, document: &mut Document) {
        let name = &self.exposed.name;
        let properties = self.table.properties();
        let mut row: Vec<(&str, Json)> =
            properties.iter().map(|property| (property.name, schema_of(property))).collect();
        let relations = self.table.relations();
        row.extend(relations.iter().map(|relation| {
            let target = reference(relation.target);
            (relation.name, if relation.is_many { json!({ "type": "array", "items": target }) } else { target })
        }));
        let own = |property: &&Property| self.has_own_id || property.name != "id";
        let data: Vec<(&str, Json)> =
            properties.iter().filter(own).map(|property| (property.name, schema_of(property))).collect();
        let needed = properties.iter().filter(own).filter(|property| !property.has_default);
        let required: Vec<&str> = needed.map(|property| property.name).collect();
        let closed = |mut schema: Json| {
            schema["additionalProperties"] = false.into();
            schema
        };
        document.schemas.insert(name.clone(), object(&row, &[]));
        document.schemas.insert(format!("New{name}"), closed(object(&data, &required)));
        document.schemas.insert(format!("{name}Patch"), closed(object(&data, &[])));
    }

    fn add_paths(&self, document: &mut Document) {
        let (name, path) = (&self.exposed.name, self.path);
        let of = |verb: &str| format!("{name}.{verb}");
        let (new, changed) = (body(&format!("New{name}")), body(&format!("{name}Patch")));
        let rows = json!({ "oneOf": [{ "type": "array", "items": reference(name) }, { "type": "object" }] });
        let rows = answer("Rows, each with what was included in it; with `explain` the plan.", &rows);
        let mut all = vec![("get", operation(&of("find"), &[filter(), explain()], None, rows))];
        let mut one_row = vec![("get", operation(&of("findById"), &[id("id", &self.id), filter()], None, one(name)))];
        if !self.is_read_only(name) {
            let several = json!({ "oneOf": [reference(&format!("New{name}")),
                { "type": "array", "items": reference(&format!("New{name}")) }] });
            let several = json!({ "required": true, "content": content(&several) });
            let stored = json!({ "oneOf": [reference(name), { "type": "array", "items": reference(name) }] });
            let stored = answer("What was stored.", &stored);
            all.extend([
                ("post", operation(&of("create"), &[], Some(several), stored)),
                ("put", operation(&of("replaceOrCreate"), &[], Some(new.clone()), one(name))),
                ("patch", operation(&of("updateAll"), &[condition()], Some(changed.clone()), count())),
                ("delete", operation(&of("deleteAll"), &[condition()], None, count())),
            ]);
            one_row.extend([
                ("put", operation(&of("replaceById"), &[id("id", &self.id)], Some(new), nothing())),
                ("patch", operation(&of("updateById"), &[id("id", &self.id)], Some(changed), nothing())),
                ("delete", operation(&of("deleteById"), &[id("id", &self.id)], None, nothing())),
            ]);
        }
        document.path(format!("/{path}"), all);
        document.path(format!("/{path}/{{id}}"), one_row);
        let counts = operation(&of("count"), &[condition()], None, count());
        document.path(format!("/{path}/count"), vec![("get", counts)]);
        let exists = answer("Whether it is there.", &object(&[("exists", json!({ "type": "boolean" }))], &["exists"]));
        let exists = operation(&of("exists"), &[id("id", &self.id)], None, exists);
        document.path(format!("/{path}/{{id}}/exists"), vec![("get", exists)]);
        let plan =
            answer("What would go and change with it, and what stands against that.", &json!({ "type": "object" }));
        let plan = operation(&of("deletePlan"), &[id("id", &self.id)], None, plan);
        document.path(format!("/{path}/{{id}}/delete-plan"), vec![("get", plan)]);
    }

    fn add_relations(&self, document: &mut Document) {
        let (name, path) = (&self.exposed.name, self.path);
        for relation in self.table.relations() {
            let known = self.exposed.relations.iter().find(|(known, ..)| known == relation.name);
            let Some((_, along, _)) = known else { continue };
            let (target, member) = (relation.target, relation.name);
            let Ok(targets) = self.database.data(target) else { continue };
            let fk = id_of(self.database, &targets, target);
            let of = |verb: &str| format!("{name}.{member}.{verb}");
            let changed = body(&format!("{target}Patch"));
            let may_write = !self.is_read_only(target);
            let found = if relation.is_many { list(target) } else { one_or_none(target) };
            let mut all = vec![("get", operation(&of("find"), &[id("id", &self.id), filter()], None, found))];
            let mut one_row = vec![(
                "get",
                operation(&of("findById"), &[id("id", &self.id), id("fk", &fk), filter()], None, one(target)),
            )];
            if matches!(along, Along::HasMany | Along::HasOne) && may_write {
                all.extend([
                    ("post", operation(&of("create"), &[id("id", &self.id)], Some(changed.clone()), one(target))),
                    (
                        "patch",
                        operation(&of("patch"), &[id("id", &self.id), condition()], Some(changed.clone()), count()),
                    ),
                    ("delete", operation(&of("delete"), &[id("id", &self.id), condition()], None, count())),
                ]);
                one_row.extend([
                    (
                        "put",
                        operation(
                            &of("replaceById"),
                            &[id("id", &self.id), id("fk", &fk)],
                            Some(changed.clone()),
                            nothing(),
                        ),
                    ),
                    (
                        "patch",
                        operation(&of("updateById"), &[id("id", &self.id), id("fk", &fk)], Some(changed), nothing()),
                    ),
                    ("delete", operation(&of("deleteById"), &[id("id", &self.id), id("fk", &fk)], None, nothing())),
                ]);
            }
            let at = format!("/{path}/{{id}}/{member}");
            document.path(at.clone(), all);
            let counts = operation(&of("count"), &[id("id", &self.id), condition()], None, count());
            document.path(format!("{at}/count"), vec![("get", counts)]);
            if relation.is_many {
                document.path(format!("{at}/{{fk}}"), one_row);
            }
            if *along == Along::Through && !self.api.is_read_only {
                let link = answer("The link.", &json!({ "type": "object" }));
                let inside = json!({ "required": false, "content": content(&json!({ "type": "object" })) });
                document.path(
                    format!("{at}/rel/{{fk}}"),
                    vec![
                        ("put", operation(&of("link"), &[id("id", &self.id), id("fk", &fk)], Some(inside), link)),
                        ("delete", operation(&of("unlink"), &[id("id", &self.id), id("fk", &fk)], None, nothing())),
                    ],
                );
            }
        }
    }
}

/// What names a row of a model in a path: its primary key, if that is one field, or else its id.
fn id_of(database: &Database, table: &DataTable<'_>, model: &str) -> Json {
    let schema = database.schema().table(model);
    let key = schema.and_then(|schema| Some((schema, &schema.uniques.get(schema.primary_key?)?.fields)));
    let Some((schema, [field])) = key.map(|(schema, fields)| (schema, &fields[..])) else {
        return id_schema();
    };
    let outside = schema.fields.iter().find(|known| known.name == *field).map(|known| &*known.external_name);
    let properties = table.properties();
    let property = properties.iter().find(|property| Some(property.name) == outside);
    property.map_or_else(|| json!({ "type": "string" }), schema_of)
}

fn id_schema() -> Json {
    json!({ "type": "string", "pattern": "^([0-9]+v[0-9]+|null)$" })
}

fn body(schema: &str) -> Json {
    json!({ "required": true, "content": content(&reference(schema)) })
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
                let most = (most >> 1).cast_signed();
                json!({ "type": "integer", "minimum": -most - 1, "maximum": most })
            }
            None => json!({ "type": "integer" }),
        },
        Kind::Float => json!({ "type": "number" }),
        Kind::Text => json!({ "type": "string" }),
        Kind::Id => id_schema(),
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

fn content(schema: &Json) -> Json {
    json!({ "application/json": { "schema": schema } })
}

fn answer(description: &str, schema: &Json) -> Json {
    json!({ "200": { "description": description, "content": content(schema) } })
}

fn one(model: &str) -> Json {
    answer("A row, with what was included in it.", &reference(model))
}

fn one_or_none(model: &str) -> Json {
    let mut answers = one(model);
    answers["204"] = json!({ "description": "There is none." });
    answers
}

fn list(model: &str) -> Json {
    answer("Rows, each with what was included in it.", &json!({ "type": "array", "items": reference(model) }))
}

fn count() -> Json {
    answer("How many rows.", &reference("Count"))
}

fn nothing() -> Json {
    json!({ "204": { "description": "Done." } })
}

fn operation(id: &str, parameters: &[Json], body: Option<Json>, mut answers: Json) -> Json {
    let tag = id.split('.').next().unwrap_or(id);
    answers["default"] = json!({ "description": "Refused.", "content": content(&reference("Error")) });
    let mut operation = json!({ "operationId": id, "tags": [tag], "responses": answers });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = body {
        operation["requestBody"] = body;
    }
    operation
}

fn id(name: &str, schema: &Json) -> Json {
    json!({ "name": name, "in": "path", "required": true, "schema": schema,
        "description": "The primary key of one field, or else the id of the row, as `3v1`." })
}

fn query(name: &str, description: &str) -> Json {
    json!({ "name": name, "in": "query", "required": false, "description": description,
        "content": content(&json!({ "type": "object" })) })
}

fn filter() -> Json {
    let mut filter = query("filter", "Which rows, in what order, how many, with which fields and related rows.");
    filter["content"] = content(&json!({ "type": "object", "additionalProperties": false, "properties": {
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
