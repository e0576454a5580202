//! What is answered where something is refused: LoopBack's body, `{"error": {..}}`, and its codes.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use relata::data::{DataError, Exposure, Fault, FaultCode, Value};
use relata::{BatchViolation, Database, Error};
use serde_json::{Value as Json, json};

/// A refusal, as it is answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// In a box, as results are mostly others.
    told: Box<Told>,
}

#[derive(Debug, Default)]
struct Told {
    name: &'static str,
    message: String,
    code: Option<&'static str>,
    details: Option<Json>,
    /// The verbs that a path has, where another was used.
    allow: Option<String>,
    /// Which operation of a batch it is about.
    operation: Option<usize>,
}

/// What was being read when something was wrong with it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'q> {
    /// A parameter of the query, with its text.
    Parameter(&'static str, &'q str),
    /// A part of the path.
    Path(&'q str),
    /// The body.
    Body,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Refusal { status, told: Box::new(Told { name, message: message.into(), ..Told::default() }) }
    }

    pub(crate) fn with_code(mut self, code: &'static str) -> Self {
        self.told.code = Some(code);
        self
    }

    pub(crate) fn allowing(mut self, allow: Option<String>) -> Self {
        self.told.allow = allow;
        self
    }

    pub(crate) fn of_operation(mut self, place: usize) -> Self {
        self.told.operation = Some(place);
        self
    }

    fn with_details(mut self, details: Json) -> Self {
        self.told.details = Some(details);
        self
    }

    pub(crate) fn no_endpoint(verb: &str, path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFoundError", format!("Endpoint \"{verb} {path}\" not found."))
    }

    pub(crate) fn not_found(model: &str, id: &str) -> Self {
        // LoopBack shows a text as JSON.
        let id = if id.parse::<f64>().is_ok() { id.to_owned() } else { Json::from(id).to_string() };
        Self::new(StatusCode::NOT_FOUND, "Error", format!("Entity not found: {model} with id {id}"))
            .with_code("ENTITY_NOT_FOUND")
    }

    pub(crate) fn bad_parameter(name: &str, text: &str) -> Self {
        // LoopBack shows an object as it is, and all else as a text.
        let object = Value::from_json(text).ok().filter(|value| matches!(value, Value::Map(_)));
        let shown = object.unwrap_or_else(|| text.into());
        let message = format!("Invalid data {shown} for parameter \"{name}\".");
        Self::new(StatusCode::BAD_REQUEST, "BadRequestError", message).with_code("INVALID_PARAMETER_VALUE")
    }

    /// A filter has conditions where there is one row.
    pub(crate) fn unwanted_where(text: &str) -> Self {
        let message = "the path names the row: there is no `where`";
        Self::bad_parameter("filter", text).with_details(json!([{ "path": "", "code": "additionalProperties",
            "message": message, "info": { "additionalProperty": "where" } }]))
    }

    pub(crate) fn unknown_parameter(name: &str, known: &[&str]) -> Self {
        let message = format!("There is no parameter \"{name}\" here.");
        Self::new(StatusCode::BAD_REQUEST, "BadRequestError", message)
            .with_code("INVALID_PARAMETER_VALUE")
            .with_details(json!([{ "path": format!("/{name}"), "code": "additionalProperties",
                "message": "must NOT have additional properties", "info": { "allowedValues": known } }]))
    }

    /// What the library refused of something that was asked.
    pub(crate) fn of(database: &Database, exposure: &Exposure, error: &DataError, asked: Asked<'_>) -> Self {
        match error {
            DataError::UnknownModel { .. } => Self::new(StatusCode::NOT_FOUND, "NotFoundError", error.to_string()),
            DataError::NotFound { model, id } => Self::not_found(model, id),
            DataError::NotJson { why, .. } => match asked {
                Asked::Parameter(name, text) => {
                    Self::bad_parameter(name, text).with_details(json!({ "syntaxError": why }))
                }
                _ => Self::new(StatusCode::BAD_REQUEST, "SyntaxError", why.clone()),
            },
            DataError::Filter(fault) => Self::of_fault(fault, asked),
            DataError::Invalid(faults) => Self::invalid(faults.iter().map(detail).collect()),
            DataError::TooManyRows { .. } => {
                Self::new(StatusCode::BAD_REQUEST, "BadRequestError", error.to_string()).with_code("TOO_MANY_ROWS")
            }
            DataError::Store(error) => Self::of_store(database, exposure, error),
            _ => Self::internal(),
        }
    }

    fn of_fault(fault: &Fault, asked: Asked<'_>) -> Self {
        match fault.code {
            FaultCode::TooDeep => {
                return Self::new(StatusCode::BAD_REQUEST, "Error", fault.message.clone())
                    .with_code("QUERY_OBJECT_TOO_DEEP");
            }
            FaultCode::UnknownRelation => {
                let message = format!("Invalid \"filter.include\" entries: {}", fault.message);
                return Self::new(StatusCode::BAD_REQUEST, "Error", message)
                    .with_code("INVALID_INCLUSION_FILTER")
                    .with_details(json!([detail(fault)]));
            }
            _ => {}
        }
        let refusal = match asked {
            Asked::Parameter(name, text) => Self::bad_parameter(name, text),
            Asked::Path(text) => return Self::bad_parameter("id", text).with_details(json!([detail(fault)])),
            Asked::Body => return Self::invalid(vec![detail(fault)]),
        };
        refusal.with_details(json!([detail(fault)]))
    }

    fn invalid(details: Vec<Json>) -> Self {
        let message = "The request body is invalid. See error object `details` property for more info.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "UnprocessableEntityError", message)
            .with_code("VALIDATION_FAILED")
            .with_details(Json::Array(details))
    }

    /// What the store refused.
    pub(crate) fn of_store(database: &Database, exposure: &Exposure, error: &Error) -> Self {
        let message = explain(database, exposure, error);
        match error {
            Error::NotFound { row, .. } => Self::not_found(row.table, &relata::Id::<()>::from_key(row.key).to_string()),
            Error::UniqueViolation { .. } => Self::new(StatusCode::CONFLICT, "Error", message)
                .with_code("DUPLICATE_ENTRY")
                .with_details(json!([store_detail(database, exposure, error, "")])),
            Error::RestrictViolation { .. } | Error::IsDefault { .. } => {
                Self::new(StatusCode::CONFLICT, "Error", message).with_code("RESTRICTED")
            }
            Error::ForeignKeyViolation { .. } | Error::ForeignKeyOverridden { .. } | Error::Cycle { .. } => {
                Self::invalid(vec![store_detail(database, exposure, error, "")])
            }
            Error::BatchRefused { rows, violations, .. } => {
                let one = |violation: &BatchViolation| {
                    // Of one row the path begins in it.
                    let place = if *rows == 1 { String::new() } else { format!("/{}", violation.index) };
                    store_detail(database, exposure, &violation.error, &place)
                };
                let refusal = match violations.first() {
                    Some(first) => Self::of_store(database, exposure, &first.error),
                    None => Self::internal(),
                };
                refusal.with_details(violations.iter().map(one).collect())
            }
            Error::Violations(errors) => {
                Self::invalid(errors.iter().map(|error| store_detail(database, exposure, error, "")).collect())
            }
            Error::Busy { .. } => Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableError", message),
            Error::Full { .. } => Self::new(StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorageError", message),
            Error::IndexBroken { .. } | Error::Unresolved { .. } | Error::NotEncodable { .. } => Self::internal(),
            _ => Self::new(StatusCode::CONFLICT, "Error", message),
        }
    }

    /// Something that is nobody's mistake: nothing is said of it to the outside.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "", "Internal Server Error")
    }

    /// The body, in LoopBack's order of keys.
    pub(crate) fn to_json(&self) -> String {
        let mut entries = vec![format!("\"statusCode\":{}", self.status.as_u16())];
        let mut add = |key: &str, value: Option<Json>| {
            entries.extend(value.map(|value| format!("{}:{value}", Json::from(key))));
        };
        add("name", (!self.told.name.is_empty()).then(|| self.told.name.into()));
        add("message", Some(self.told.message.as_str().into()));
        add("code", self.told.code.map(Json::from));
        add("operation", self.told.operation.map(Json::from));
        add("details", self.told.details.clone());
        format!("{{\"error\":{{{}}}}}", entries.join(","))
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.to_json()));
        *response.status_mut() = self.status;
        let json = header::HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if let Some(allow) = self.told.allow.and_then(|allow| allow.parse().ok()) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }
}

/// An error in words, with the keys of the rows that it names; where any of what it names is closed, in words that name
/// nothing.
pub(crate) fn explain(database: &Database, exposure: &Exposure, error: &Error) -> String {
    let relation = match error {
        Error::ForeignKeyViolation { model, relation, .. }
        | Error::RestrictViolation { model, relation, .. }
        | Error::ForeignKeyOverridden { model, relation, .. }
        | Error::Cycle { model, relation, .. }
        | Error::IsDefault { model, relation, .. } => Some((*model, *relation)),
        Error::NoDefault { row, relation } | Error::Unresolved { row, relation, .. } => Some((row.table, *relation)),
        _ => None,
    };
    let is_field_open = |model: &str, name: &&str| {
        let table = database.schema().table(model);
        let field = table.and_then(|table| table.fields.iter().find(|field| field.name == *name));
        field.is_none_or(|field| exposure.is_field_open(model, &field.external_name))
    };
    let is_open = relation.is_none_or(|(model, relation)| exposure.is_open(model) && exposure.shows(model, relation))
        && error.rows().iter().all(|row| exposure.is_open(row.table))
        && match error {
            Error::UniqueViolation { model, fields, .. } => fields.iter().all(|field| is_field_open(model, field)),
            _ => true,
        };
    if !is_open {
        return "The store refuses it, for what is closed here.".to_owned();
    }
    // Keys are fields, and a row is known by one that may be closed.
    if exposure.hides_fields() { error.to_string() } else { database.explain(error) }
}

/// One fault as an entry of `details`, as LoopBack's validator words it.
fn detail(fault: &Fault) -> Json {
    let (parent, last) = fault.path.rsplit_once('/').unwrap_or(("", ""));
    let mut info = serde_json::Map::new();
    if !fault.known.is_empty() {
        info.insert("allowedValues".into(), fault.known.clone().into());
    }
    let (path, code) = match fault.code {
        FaultCode::Required if !last.is_empty() => {
            info.insert("missingProperty".into(), last.into());
            (parent, "required")
        }
        // An order is a text that names something, and no key.
        FaultCode::UnknownProperty | FaultCode::UnknownWord if is_order(&fault.path) => (&*fault.path, "enum"),
        FaultCode::UnknownProperty | FaultCode::UnknownWord | FaultCode::Navigational if !last.is_empty() => {
            info.insert("additionalProperty".into(), last.into());
            (parent, "additionalProperties")
        }
        FaultCode::UnknownRelation => (&*fault.path, "enum"),
        FaultCode::IdChanged | FaultCode::Closed => (&*fault.path, "const"),
        _ => (&*fault.path, "type"),
    };
    json!({ "path": path, "code": code, "message": fault.message, "info": info })
}

/// Whether a path is that of an order, of a filter or a scope, or of one of several.
fn is_order(path: &str) -> bool {
    let path = path.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('/');
    path.strip_suffix("/order").is_some_and(|before| before.is_empty() || before.ends_with("/scope"))
}

/// What the store refused as an entry of `details`, at the field that it is about.
fn store_detail(database: &Database, exposure: &Exposure, error: &Error, place: &str) -> Json {
    let schema = database.schema();
    let outside = |model: &str, field: Option<&str>| {
        let table = schema.table(model)?;
        let field = field?;
        Some(table.fields.iter().find(|known| known.name == field)?.external_name.clone())
    };
    let key_of = |model: &str, relation: &str| {
        let table = schema.table(model)?;
        let relation = table.relations.iter().find(|known| known.name == relation)?;
        outside(model, relation.fields.first().map(String::as_str))
    };
    let (field, code) = match error {
        Error::ForeignKeyViolation { model, relation, .. } => (key_of(model, relation), "foreignKey"),
        Error::ForeignKeyOverridden { model, relation, .. } => (key_of(model, relation), "const"),
        Error::Cycle { model, relation, .. } => (key_of(model, relation), "cycle"),
        Error::UniqueViolation { model, fields, .. } => (outside(model, fields.first().copied()), "unique"),
        _ => (None, "refused"),
    };
    let path = field.map_or_else(|| place.to_owned(), |field| format!("{place}/{field}"));
    json!({ "path": path, "code": code, "message": explain(database, exposure, error), "info": {} })
}
