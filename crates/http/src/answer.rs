//! A request from its first byte to its answer.
//!
//! What asks the database runs on a thread that may wait, and holds the lock until its answer is made, not until it is
//! sent: a slow client holds nothing.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use relata::data::{DataError, DataTable, DataTableMut, Filter, Found, Gone, Value, Where};
use relata::{Database, Id, InverseKind, RowId, Transaction};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::error::{Asked, Refusal};
use crate::route::{self, Along, OfModel, OfRelated, OfRow, Route};
use crate::{Action, Api, Attempt, Denied, Served, openapi, schema};

type Answer = Result<Answered, Refusal>;

/// The page. Its policy names the hashes of its style and script: browser/seal.mjs writes them.
const EXPLORER: &str = concat!(
    include_str!("explorer/head.html"),
    include_str!("explorer/explorer.css"),
    include_str!("explorer/body.html"),
    include_str!("explorer/base.js"),
    include_str!("explorer/condition.js"),
    include_str!("explorer/place.js"),
    include_str!("explorer/diagram.js"),
    include_str!("explorer/question.js"),
    include_str!("explorer/grid.js"),
    include_str!("explorer/editor.js"),
    include_str!("explorer/row.js"),
    include_str!("explorer/main.js"),
    include_str!("explorer/foot.html"),
);

/// What is answered, before it is sent.
struct Answered {
    status: StatusCode,
    /// `None` without a body.
    kind: Option<&'static str>,
    body: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answered {
    fn empty(status: StatusCode) -> Self {
        Answered { status, kind: None, body: Bytes::new(), headers: Vec::new() }
    }

    fn content(kind: &'static str, body: impl Into<Bytes>) -> Self {
        Answered { status: StatusCode::OK, kind: Some(kind), body: body.into(), headers: Vec::new() }
    }

    fn json(body: impl Into<Bytes>) -> Self {
        Self::content("application/json", body)
    }

    fn count(count: usize) -> Self {
        Self::json(json!({ "count": count }).to_string())
    }

    fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let kind = self.kind.map(|kind| (header::CONTENT_TYPE, HeaderValue::from_static(kind)));
        response.headers_mut().extend(kind.into_iter().chain(self.headers));
        response
    }
}

/// What a request asks, without its body.
struct Asking {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
    /// When the client is told that it took too long: nothing begins after that.
    deadline: Instant,
}

impl Asking {
    /// How long the database may be waited for.
    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Refuses a header that a route does not look at, where who sends it would rely on that.
    fn expect_no_condition(&self) -> Result<(), Refusal> {
        if !self.headers.contains_key(header::IF_MATCH) {
            return Ok(());
        }
        let message = "If-Match is for writes of one row that the path names.";
        Err(Refusal::new(StatusCode::BAD_REQUEST, "BadRequestError", message))
    }
}

pub(crate) async fn answer(served: Arc<Served>, request: Request) -> Result<Response<Body>, Refusal> {
    let deadline = Instant::now() + served.api.limits.time;
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let route = find(&served.api, &path).ok_or_else(|| Refusal::no_endpoint(parts.method.as_str(), &path))?;
    let along = along(&served.api, &route);
    let verbs = route::verbs(&route, along);
    let allow = || verbs.iter().map(Method::as_str).chain(["OPTIONS"]).collect::<Vec<_>>().join(", ");
    if parts.method == Method::OPTIONS && !verbs.is_empty() {
        return Ok(Answered::empty(StatusCode::NO_CONTENT).with_header(header::ALLOW, &allow()).into_response());
    }
    if !verbs.contains(&parts.method) {
        let refusal = Refusal::no_endpoint(parts.method.as_str(), &path);
        return Err(refusal.allowing((!verbs.is_empty()).then(allow)));
    }
    let has_body = matches!(parts.method, Method::POST | Method::PUT | Method::PATCH);
    let body =
        if has_body { read_body(body, &parts.headers, served.api.limits.body_bytes).await? } else { Bytes::new() };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let asking = Asking { method: parts.method, path, query, headers: parts.headers, body, deadline };
    let done = tokio::task::spawn_blocking(move || respond(&served, &route, along, &asking)).await;
    done.unwrap_or_else(|_| Err(Refusal::internal()))
}

fn find(api: &Api, path: &str) -> Option<Route> {
    route::parse(path, &api.paths, |model, relation| {
        api.models[model].relations.iter().any(|(name, ..)| name == relation)
    })
}

/// The relation that a route goes along.
fn along(api: &Api, route: &Route) -> Option<Along> {
    let Route::Model { model, of: OfModel::Row { of: OfRow::Related { relation, .. }, .. } } = route else {
        return None;
    };
    api.models[*model].relations.iter().find(|(name, ..)| name == relation).map(|(_, along, _)| *along)
}

async fn read_body(body: Body, headers: &HeaderMap, most: usize) -> Result<Bytes, Refusal> {
    let bytes = Limited::new(body, most).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let message = format!("The body is longer than {most} bytes.");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeError", message)
        } else {
            Refusal::new(StatusCode::BAD_REQUEST, "BadRequestError", "The body did not come to its end.")
        }
    })?;
    let bytes = bytes.to_bytes();
    let given = headers.get(header::CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or("");
    let kind = given.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") || (bytes.is_empty() && kind.is_empty()) {
        return Ok(bytes);
    }
    let message = format!("Content-type {kind} does not match [application/json].");
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaTypeError", message)
        .with_code("UNSUPPORTED_MEDIA_TYPE"))
}

fn respond(served: &Served, route: &Route, along: Option<Along>, asking: &Asking) -> Result<Response<Body>, Refusal> {
    if *route == Route::Changes {
        expect_parameters(asking, &["after"])?;
        let after = asking.headers.get("last-event-id").and_then(|after| after.to_str().ok());
        let is_open = |model: &str| served.api.may(model, Action::Read, None, None, &asking.headers).is_ok();
        let models = served.api.models.iter().map(|model| model.name.clone()).filter(|model| is_open(model)).collect();
        return served.changes.follow(after.or_else(|| parameter(asking, "after")), models, &served.api.exposure);
    }
    respond_at_once(&served.api, route, along, asking).map(Answered::into_response)
}

fn respond_at_once(api: &Api, route: &Route, along: Option<Along>, asking: &Asking) -> Answer {
    match route {
        Route::Explorer | Route::Changes => Ok(Answered::content("text/html; charset=utf-8", EXPLORER)),
        Route::OpenApi { is_yaml } => {
            let document = api.database.read_with(|database| openapi::document(api, database)).map_err(|_| busy())?;
            // JSON is YAML.
            Ok(Answered::content(if *is_yaml { "application/yaml" } else { "application/json" }, document.to_string()))
        }
        Route::Schema => {
            let is_open = |model: &str| api.may(model, Action::Read, None, None, &asking.headers).is_ok();
            let document = api.database.read_with(|database| schema::describe(api, database, is_open));
            let document = document.map_err(|_| busy())?;
            Ok(Answered::json(document.to_string()))
        }
        Route::Batch => batch(api, asking),
        Route::Model { model, of } => {
            let model = &*api.models[*model].name;
            if matches!(asking.method, Method::GET | Method::HEAD) {
                let database = api.database.try_read_for(asking.time_left()).map_err(|_| busy())?;
                return read(&Reading { api, database: &database, asking, model, along }, of);
            }
            let mut database = api.database.try_write_for(asking.time_left()).map_err(|_| busy())?;
            if asking.time_left().is_zero() {
                return Err(busy());
            }
            match write(&mut Writing { api, database: &mut database, asking, model }, of) {
                Ok(answer) => match database.commit() {
                    Ok(()) => Ok(answer),
                    Err(error) => Err(refused_commit(api, &error.into())),
                },
                Err(refusal) => {
                    database.rollback();
                    Err(refusal)
                }
            }
        }
    }
}

fn refused_commit(api: &Api, error: &relata::Error) -> Refusal {
    let of = |database: &Database| Refusal::of_store(database, &api.exposure, error);
    api.database.read_with(of).unwrap_or_else(|_| Refusal::internal())
}

fn busy() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableError", "The database is busy.")
}

/// The parameter of this name, as it stands in the query.
fn parameter<'a>(asking: &'a Asking, name: &str) -> Option<&'a str> {
    asking.query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}

/// Refuses parameters that nobody would look at: a misspelt filter is no filter.
fn expect_parameters(asking: &Asking, known: &[&str]) -> Result<(), Refusal> {
    for pair in asking.query.split('&').filter(|pair| !pair.is_empty()) {
        let key = pair.split_once('=').map_or(pair, |(key, _)| key);
        let name = key.split(['[']).next().unwrap_or(key);
        let name = name.split("%5B").next().unwrap_or(name).split("%5b").next().unwrap_or(name);
        if !known.contains(&name) {
            return Err(Refusal::unknown_parameter(name, known));
        }
    }
    Ok(())
}

/// A name for what bytes are.
fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("\"{:016x}\"", hasher.finish())
}

/// Whether a header of tags has this one, or all.
fn matches(header: &HeaderValue, tag: &str) -> bool {
    let Ok(tags) = header.to_str() else { return false };
    tags.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == "*" || one == tag)
}

impl Api {
    /// Asks whether something may be done.
    fn may(
        &self,
        model: &str,
        action: Action,
        row: Option<RowId>,
        relation: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        if action != Action::Read && (self.is_read_only || self.read_only.contains(model)) {
            let message = format!("`{model}` can only be read.");
            return Err(Refusal::new(StatusCode::FORBIDDEN, "ForbiddenError", message).with_code("READ_ONLY"));
        }
        let Some(guard) = &self.guard else { return Ok(()) };
        guard(&Attempt { model, action, row, relation, headers }).map_err(|denied| match denied {
            Denied::Unauthorized => {
                Refusal::new(StatusCode::UNAUTHORIZED, "UnauthorizedError", "Who asks is not known.")
                    .with_code("AUTHENTICATION_REQUIRED")
            }
            Denied::Forbidden => {
                Refusal::new(StatusCode::FORBIDDEN, "ForbiddenError", "Access denied.").with_code("ACCESS_DENIED")
            }
            Denied::Hidden => match row {
                Some(row) => Refusal::not_found(model, &Id::<()>::from_key(row.key).to_string()),
                None => Refusal::new(StatusCode::NOT_FOUND, "NotFoundError", "Not found."),
            },
        })
    }

    /// Whether every model that a filter leads to may be read.
    fn may_follow(&self, table: &DataTable<'_>, filter: &Filter, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.guard.is_none() {
            return Ok(());
        }
        table.models_of(filter).into_iter().try_for_each(|model| self.may(model, Action::Read, None, None, headers))
    }
}

/// What a read is answered from.
struct Reading<'r> {
    api: &'r Api,
    database: &'r Database,
    asking: &'r Asking,
    model: &'r str,
    along: Option<Along>,
}

impl<'r> Reading<'r> {
    fn refusal(&self, error: &DataError, asked: Asked<'_>) -> Refusal {
        Refusal::of(self.database, &self.api.exposure, error, asked)
    }

    fn table(&self, model: &str) -> Result<DataTable<'r>, Refusal> {
        let table = self.database.data(model).map_err(|error| self.refusal(&error, Asked::Body))?;
        Ok(table.with(&self.api.exposure))
    }

    /// The filter of the request, cut to what one answer may have; whether it was.
    fn filter(&self) -> Result<(Filter, bool), Refusal> {
        let text = parameter(self.asking, "filter").unwrap_or(&self.asking.query);
        let filter = Filter::from_query(&self.asking.query)
            .map_err(|error| self.refusal(&error, Asked::Parameter("filter", &decoded(text))))?;
        let most = self.api.limits.rows;
        let is_cut = filter.limit().is_none_or(|limit| limit > most);
        Ok((if is_cut { filter.with_limit(most) } else { filter }, is_cut))
    }

    /// The filter for a row that the path names. Conditions would be on nothing: they are refused.
    fn filter_of_row(&self, table: &DataTable<'_>) -> Result<Filter, Refusal> {
        let (filter, _) = self.filter()?;
        if filter.has_where() {
            let text = parameter(self.asking, "filter").unwrap_or(&self.asking.query);
            return Err(Refusal::unwanted_where(&decoded(text)));
        }
        self.api.may_follow(table, &filter, &self.asking.headers)?;
        Ok(filter)
    }

    fn condition(&self, table: &DataTable<'_>) -> Result<Where, Refusal> {
        let condition = Where::from_query(&self.asking.query).map_err(|error| self.refuse_where(&error))?;
        self.api.may_follow(table, &Filter::new().with_where(condition.clone()), &self.asking.headers)?;
        Ok(condition)
    }

    fn refuse_filter(&self, error: &DataError) -> Refusal {
        let text = parameter(self.asking, "filter").unwrap_or(&self.asking.query);
        self.refusal(error, Asked::Parameter("filter", &decoded(text)))
    }

    fn refuse_where(&self, error: &DataError) -> Refusal {
        let text = parameter(self.asking, "where").unwrap_or(&self.asking.query);
        self.refusal(error, Asked::Parameter("where", &decoded(text)))
    }

    fn row_id(&self, table: &DataTable<'_>, id: &str) -> Result<RowId, Refusal> {
        table.row_id(id).map_err(|error| self.refusal(&error, Asked::Path(id)))
    }

    fn list(&self, found: &Found<'_>, is_cut: bool) -> Answer {
        let mut bytes = Vec::with_capacity(found.len() * 160 + 2);
        found.write_json(&mut bytes).map_err(|_| Refusal::internal())?;
        let answered = Answered::json(bytes);
        let most = self.api.limits.rows;
        if is_cut && found.len() == most {
            return Ok(answered.with_header(HeaderName::from_static("x-rows-limit"), &most.to_string()));
        }
        Ok(answered)
    }

    /// One row, or that it is known to who asks.
    fn row(&self, found: &Found<'_>) -> Answer {
        let Some(row) = found.first() else { return Ok(Answered::empty(StatusCode::NO_CONTENT)) };
        let mut bytes = Vec::with_capacity(256);
        row.write_json(&mut bytes).map_err(|_| Refusal::internal())?;
        // The tag is that of the row as it is, whatever of it is asked for.
        let tag = if self.asking.query.is_empty() {
            etag(&bytes)
        } else {
            let whole = self.table(row.id().table)?.find_by_id(row.id(), &Filter::new());
            let whole = whole.map_err(|error| self.refusal(&error, Asked::Body))?;
            etag(
                whole
                    .first()
                    .map(|row| row.to_json())
                    .transpose()
                    .map_err(|_| Refusal::internal())?
                    .unwrap_or_default()
                    .as_bytes(),
            )
        };
        let is_known = self.asking.headers.get(header::IF_NONE_MATCH).is_some_and(|known| matches(known, &tag));
        let answered = if is_known { Answered::empty(StatusCode::NOT_MODIFIED) } else { Answered::json(bytes) };
        Ok(answered.with_header(header::ETAG, &tag))
    }
}

/// The text of a parameter without its percent signs, for messages.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| char::from(digit.unwrap_or(b'?')).to_digit(16));
                let [Some(high), Some(low)] = digits else { continue };
                bytes.push((high * 16 + low) as u8);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn read(reading: &Reading<'_>, of: &OfModel) -> Answer {
    let Reading { api, asking, model, .. } = *reading;
    let table = reading.table(model)?;
    let headers = &asking.headers;
    match of {
        OfModel::All => {
            expect_parameters(asking, &["filter", "explain"])?;
            api.may(model, Action::Read, None, None, headers)?;
            let (filter, is_cut) = reading.filter()?;
            api.may_follow(&table, &filter, headers)?;
            if parameter(asking, "explain").is_some() {
                let plan = table.explain(&filter).map_err(|error| reading.refuse_filter(&error))?;
                let considered: Vec<Json> = plan
                    .considered
                    .iter()
                    .map(|(access, rows)| json!({ "access": access.to_string(), "rows": rows }))
                    .collect();
                return Ok(Answered::json(
                    json!({ "model": plan.model, "tableRows": plan.table_rows, "access": plan.access.to_string(),
                        "rows": plan.rows, "tests": plan.tests, "orders": plan.orders, "sorts": plan.sorts,
                        "considered": considered, "text": plan.to_string() })
                    .to_string(),
                ));
            }
            let found = table.find(&filter).map_err(|error| reading.refuse_filter(&error))?;
            reading.list(&found, is_cut)
        }
        OfModel::Count => {
            expect_parameters(asking, &["where"])?;
            api.may(model, Action::Read, None, None, headers)?;
            let count = table.count(&reading.condition(&table)?).map_err(|error| reading.refuse_where(&error))?;
            Ok(Answered::count(count))
        }
        OfModel::Row { id, of } => {
            let relation = if let OfRow::Related { relation, .. } = of { Some(&**relation) } else { None };
            let row = reading.row_id(&table, id);
            // Who may not read is told the same of a row that is not there.
            api.may(model, Action::Read, row.as_ref().ok().copied(), relation, headers)?;
            let row = match (row, of) {
                (Err(refusal), OfRow::Exists) if refusal.status == StatusCode::NOT_FOUND => None,
                (row, _) => Some(row?),
            };
            let Some(row) = row else { return Ok(Answered::json(json!({ "exists": false }).to_string())) };
            read_row(reading, &table, row, of)
        }
    }
}

fn read_row(reading: &Reading<'_>, table: &DataTable<'_>, row: RowId, of: &OfRow) -> Answer {
    let Reading { api, asking, .. } = *reading;
    match of {
        OfRow::Itself => {
            expect_parameters(asking, &["filter"])?;
            let filter = reading.filter_of_row(table)?;
            let found = table.find_by_id(row, &filter).map_err(|error| reading.refuse_filter(&error))?;
            reading.row(&found)
        }
        OfRow::Exists => {
            expect_parameters(asking, &[])?;
            Ok(Answered::json(json!({ "exists": true }).to_string()))
        }
        OfRow::DeletePlan => {
            expect_parameters(asking, &[])?;
            let plan = table.plan_delete(row).map_err(|error| reading.refusal(&error, Asked::Path("")))?;
            let rows: Vec<Json> =
                plan.removed.iter().filter(|row| api.exposure.is_open(row.table)).map(row_json).collect();
            let changed: Vec<Json> = plan
                .changed
                .iter()
                .filter(|changed| api.exposure.is_open(changed.row.table))
                .map(|changed| {
                    let mut json = row_json(&changed.row);
                    json["relation"] = changed.relation.into();
                    json
                })
                .collect();
            let explain = |error| crate::error::explain(reading.database, &api.exposure, error);
            let blocked: Vec<String> = plan.blocked.iter().map(explain).collect();
            let (removed, moved) = (rows.len(), changed.len());
            Ok(Answered::json(
                json!({ "row": row_json(&plan.row), "removed": rows, "changed": changed, "blocked": blocked,
                    "removedCount": removed, "changedCount": moved })
                .to_string(),
            ))
        }
        OfRow::Related { relation, of } => read_related(reading, table, row, relation, of),
    }
}

fn row_json(row: &RowId) -> Json {
    json!({ "model": row.table, "id": Id::<()>::from_key(row.key).to_string() })
}

fn read_related(reading: &Reading<'_>, table: &DataTable<'_>, row: RowId, relation: &str, of: &OfRelated) -> Answer {
    let Reading { api, asking, .. } = *reading;
    let target = table.relations().into_iter().find(|known| known.name == relation);
    let Some(target) = target else { return Err(Refusal::no_endpoint(asking.method.as_str(), &asking.path)) };
    api.may(target.target, Action::Read, None, None, &asking.headers)?;
    let targets = reading.table(target.target)?;
    match of {
        OfRelated::All => {
            expect_parameters(asking, &["filter"])?;
            let (filter, is_cut) = reading.filter()?;
            api.may_follow(&targets, &filter, &asking.headers)?;
            let found = table.related(row, relation, &filter).map_err(|error| reading.refuse_filter(&error))?;
            if target.is_many {
                return reading.list(&found, is_cut);
            }
            if found.is_empty() && reading.along == Some(Along::HasOne) {
                let id = format!("constraint of {} {}", row.table, Id::<()>::from_key(row.key));
                return Err(Refusal::not_found(target.target, &id));
            }
            reading.row(&found)
        }
        OfRelated::Count => {
            expect_parameters(asking, &["where"])?;
            let condition = reading.condition(&targets)?;
            let count = table.count_related(row, relation, &condition);
            count.map(Answered::count).map_err(|error| reading.refuse_where(&error))
        }
        OfRelated::Row { id } | OfRelated::Link { id } => {
            expect_parameters(asking, &["filter"])?;
            let other = reading.row_id(&targets, id)?;
            api.may(target.target, Action::Read, Some(other), None, &asking.headers)?;
            let is_related = table.is_related(row, relation, other);
            // Another owner's row is as if it were not there.
            if !is_related.map_err(|error| reading.refusal(&error, Asked::Path(id)))? {
                return Err(Refusal::not_found(target.target, id));
            }
            if matches!(of, OfRelated::Link { .. }) {
                return Ok(Answered::empty(StatusCode::NO_CONTENT));
            }
            let filter = reading.filter_of_row(&targets)?;
            let found = targets.find_by_id(other, &filter).map_err(|error| reading.refuse_filter(&error))?;
            reading.row(&found)
        }
    }
}

/// What a write is done with.
struct Writing<'w> {
    api: &'w Api,
    database: &'w mut Transaction<'static>,
    asking: &'w Asking,
    model: &'w str,
}

impl Writing<'_> {
    fn refusal(&self, error: &DataError, asked: Asked<'_>) -> Refusal {
        Refusal::of(self.database, &self.api.exposure, error, asked)
    }

    fn table(&mut self) -> Result<DataTableMut<'_>, Refusal> {
        match self.database.data_mut(self.model) {
            Ok(table) => Ok(table.with(&self.api.exposure)),
            Err(error) => Err(Refusal::new(StatusCode::NOT_FOUND, "NotFoundError", error.to_string())),
        }
    }

    fn body(&self) -> Result<Value<'static>, Refusal> {
        let text = std::str::from_utf8(&self.asking.body)
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "SyntaxError", "The body is no UTF-8."))?;
        Value::from_json(text).map_err(|error| self.refusal(&error, Asked::Body))
    }

    /// The body of a patch, which names something.
    fn patch(&self) -> Result<Value<'static>, Refusal> {
        let body = self.body()?;
        if body == Value::Map(Vec::new()) {
            let message = "Data is required for the patch request";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "Error", message).with_code("INVALID_BODY_DEFINITION"));
        }
        Ok(body)
    }

    /// The conditions on rows of a model, if who asks may read what they go along.
    fn condition(&self, model: &str) -> Result<Where, Refusal> {
        let condition = Where::from_query(&self.asking.query).map_err(|error| self.refuse_where(&error))?;
        let table = self.database.data(model).map(|table| table.with(&self.api.exposure));
        let table = table.map_err(|error| self.refusal(&error, Asked::Body))?;
        self.api.may_follow(&table, &Filter::new().with_where(condition.clone()), &self.asking.headers)?;
        Ok(condition)
    }

    fn refuse_where(&self, error: &DataError) -> Refusal {
        let text = parameter(self.asking, "where").unwrap_or_default();
        self.refusal(error, Asked::Parameter("where", &decoded(text)))
    }

    fn row_id(&self, model: &str, id: &str) -> Result<RowId, Refusal> {
        let table = self.database.data(model).map(|table| table.with(&self.api.exposure));
        let row = table.and_then(|table| table.row_id(id));
        row.map_err(|error| self.refusal(&error, Asked::Path(id)))
    }

    fn may(&self, model: &str, action: Action, row: Option<RowId>, relation: Option<&str>) -> Result<(), Refusal> {
        self.api.may(model, action, row, relation, &self.asking.headers)
    }

    /// The stored row, as it is given to who stores it.
    fn stored(&self, model: &str, row: RowId) -> Answer {
        let table = self.database.data(model).map(|table| table.with(&self.api.exposure));
        let found = table.and_then(|table| table.find_by_id(row, &Filter::new()));
        let found = found.map_err(|error| self.refusal(&error, Asked::Body))?;
        let json = found.first().map(|row| row.to_json()).transpose().map_err(|_| Refusal::internal())?;
        let json = json.unwrap_or_default();
        let tag = etag(json.as_bytes());
        Ok(Answered::json(json).with_header(header::ETAG, &tag))
    }

    /// Refuses a write of a row that is another by now than who writes believes.
    fn expect_match(&self, row: RowId) -> Result<(), Refusal> {
        let Some(known) = self.asking.headers.get(header::IF_MATCH) else { return Ok(()) };
        let table = self.database.data(row.table).map(|table| table.with(&self.api.exposure));
        let found = table.and_then(|table| table.find_by_id(row, &Filter::new()));
        let found = found.map_err(|error| self.refusal(&error, Asked::Body))?;
        let json = found.first().map(|row| row.to_json()).transpose().map_err(|_| Refusal::internal())?;
        if matches(known, &etag(json.unwrap_or_default().as_bytes())) {
            return Ok(());
        }
        let message = "The row has changed since it was read.";
        Err(Refusal::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailedError", message)
            .with_code("PRECONDITION_FAILED"))
    }
}

fn write(writing: &mut Writing<'_>, of: &OfModel) -> Answer {
    let (method, model) = (writing.asking.method.clone(), writing.model);
    match (of, method.as_str()) {
        (OfModel::All, "POST") => {
            expect_parameters(writing.asking, &[])?;
            writing.may(model, Action::Create, None, None)?;
            let body = writing.body()?;
            // A list is stored as one, all or none.
            if let Value::List(values) = &body {
                expect_count(writing.api, values.len())?;
                let rows = writing.table()?.create_many(values);
                let rows = rows.map_err(|error| writing.refusal(&error, Asked::Body))?;
                let table = writing.database.data(model).map(|table| table.with(&writing.api.exposure));
                let found = table.and_then(|table| table.find_by_ids(&rows, &Filter::new()));
                let json = found.and_then(|found| found.to_json());
                return json.map(Answered::json).map_err(|error| writing.refusal(&error, Asked::Body));
            }
            let row = writing.table()?.create(&body);
            let row = row.map_err(|error| writing.refusal(&error, Asked::Body))?;
            writing.stored(model, row)
        }
        (OfModel::All, "PUT") => {
            expect_parameters(writing.asking, &[])?;
            writing.may(model, Action::Update, None, None)?;
            writing.may(model, Action::Create, None, None)?;
            writing.asking.expect_no_condition()?;
            let body = writing.body()?;
            let row = writing.table()?.replace_or_create(&body);
            let row = row.map_err(|error| writing.refusal(&error, Asked::Body))?;
            writing.stored(model, row)
        }
        (OfModel::All, "PATCH") => {
            expect_parameters(writing.asking, &["where"])?;
            writing.may(model, Action::Update, None, None)?;
            writing.asking.expect_no_condition()?;
            let (body, condition) = (writing.patch()?, writing.condition(model)?);
            let count = writing.table()?.patch_all(&condition, &body);
            count.map(Answered::count).map_err(|error| match &error {
                DataError::Filter(_) => writing.refuse_where(&error),
                error => writing.refusal(error, Asked::Body),
            })
        }
        (OfModel::All, _) => {
            expect_parameters(writing.asking, &["where"])?;
            writing.may(model, Action::Delete, None, None)?;
            writing.asking.expect_no_condition()?;
            let condition = writing.condition(model)?;
            let gone = writing.table()?.delete_all(&condition);
            gone.map(|gone| Answered::count(gone.rows)).map_err(|error| writing.refuse_where(&error))
        }
        (OfModel::Count, _) => Err(Refusal::internal()),
        (OfModel::Row { id, of }, _) => {
            expect_parameters(writing.asking, if matches!(of, OfRow::Related { .. }) { &["where"] } else { &[] })?;
            let row = writing.row_id(model, id);
            if row.is_err() {
                // Who may not write is told the same of a row that is not there.
                let action = if method == Method::DELETE { Action::Delete } else { Action::Update };
                writing.may(model, action, None, None)?;
            }
            let row = row?;
            match of {
                OfRow::Related { relation, of } => write_related(writing, row, relation, of),
                _ => write_row(writing, row, None),
            }
        }
    }
}

fn expect_count(api: &Api, count: usize) -> Result<(), Refusal> {
    if count <= api.limits.rows {
        return Ok(());
    }
    let message = format!("More than {} rows at once.", api.limits.rows);
    Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeError", message).with_code("TOO_MANY_ROWS"))
}

/// A write of one row, through an owner if there is one.
fn write_row(writing: &mut Writing<'_>, row: RowId, owner: Option<(RowId, &str)>) -> Answer {
    let action = if writing.asking.method == Method::DELETE { Action::Delete } else { Action::Update };
    writing.may(row.table, action, Some(row), None)?;
    writing.expect_match(row)?;
    let body = match writing.asking.method {
        Method::PATCH => Some(writing.patch()?),
        Method::PUT => Some(writing.body()?),
        _ => None,
    };
    let is_patch = writing.asking.method == Method::PATCH;
    let mut write = || -> Result<(), DataError> {
        let model = owner.map_or(row.table, |(owner, _)| owner.table);
        let mut table = writing.database.data_mut(model)?.with(&writing.api.exposure);
        if let Some((owner, relation)) = owner {
            table = table.of(owner, relation)?;
        }
        match &body {
            Some(body) if is_patch => table.patch(row, body),
            Some(body) => table.replace(row, body),
            None => table.delete(row).map(drop),
        }
    };
    let done = write();
    done.map_err(|error| writing.refusal(&error, Asked::Body))?;
    Ok(Answered::empty(StatusCode::NO_CONTENT))
}

fn write_related(writing: &mut Writing<'_>, owner: RowId, relation: &str, of: &OfRelated) -> Answer {
    let known = writing.database.data(writing.model).map(|table| table.with(&writing.api.exposure).relations());
    let known = known.unwrap_or_default().into_iter().find(|known| known.name == relation);
    let Some(known) = known else {
        return Err(Refusal::no_endpoint(writing.asking.method.as_str(), &writing.asking.path));
    };
    let target = known.target;
    writing.may(writing.model, Action::Read, Some(owner), Some(relation))?;
    match of {
        OfRelated::Row { id } => {
            let row = writing.row_id(target, id)?;
            write_row(writing, row, Some((owner, relation)))
        }
        OfRelated::Link { id } => {
            let row = writing.row_id(target, id)?;
            writing.may(target, Action::Read, Some(row), None)?;
            writing.asking.expect_no_condition()?;
            let links = links_of(writing.database, owner.table, relation);
            let is_link = writing.asking.method == Method::PUT;
            if let Some(links) = &links {
                writing.may(links, if is_link { Action::Create } else { Action::Delete }, None, None)?;
            }
            let link = if writing.asking.body.is_empty() { Value::Map(Vec::new()) } else { writing.body()? };
            let table = writing.table()?.of(owner, relation);
            let linked = table.and_then(|mut table| {
                if is_link { table.link(row, &link).map(Some) } else { table.unlink(row).map(|()| None) }
            });
            let linked = linked.map_err(|error| writing.refusal(&error, Asked::Body))?;
            match linked {
                Some(link) => writing.stored(link.table, link),
                None => Ok(Answered::empty(StatusCode::NO_CONTENT)),
            }
        }
        OfRelated::All | OfRelated::Count => {
            let method = writing.asking.method.clone();
            let action = match method.as_str() {
                "POST" => Action::Create,
                "PATCH" => Action::Update,
                _ => Action::Delete,
            };
            writing.may(target, action, None, None)?;
            let body = match action {
                Action::Create => Some(writing.body()?),
                Action::Update => Some(writing.patch()?),
                _ => None,
            };
            writing.asking.expect_no_condition()?;
            // Of an owner's rows all are meant where nothing is said.
            let condition = writing.condition(target)?;
            let condition = if writing.asking.query.is_empty() { Where::all() } else { condition };
            let links = links_of(writing.database, owner.table, relation);
            if let Some(links) = &links {
                writing.may(links, Action::Create, None, None)?;
            }
            let mut write = || -> Result<(Option<RowId>, usize), DataError> {
                // What is created over links is linked too; where that is refused, nothing is stored.
                if let (Some(body), Some(_)) = (&body, &links) {
                    let row = writing.database.data_mut(target)?.with(&writing.api.exposure).create(body)?;
                    let table = writing.database.data_mut(writing.model)?.with(&writing.api.exposure);
                    table.of(owner, relation)?.link(row, &Value::Map(Vec::new()))?;
                    return Ok((Some(row), 1));
                }
                let table = writing.database.data_mut(writing.model)?.with(&writing.api.exposure);
                let mut table = table.of(owner, relation)?;
                Ok(match (&body, action) {
                    (Some(body), Action::Create) => (Some(table.create(body)?), 1),
                    (Some(body), _) => (None, table.patch_all(&condition, body)?),
                    (None, _) => {
                        let Gone { rows, .. } = table.delete_all(&condition)?;
                        (None, rows)
                    }
                })
            };
            let done = write();
            let (row, count) = done.map_err(|error| match &error {
                DataError::Filter(_) => writing.refuse_where(&error),
                error => writing.refusal(error, Asked::Body),
            })?;
            match row {
                Some(row) => writing.stored(target, row),
                None => Ok(Answered::count(count)),
            }
        }
    }
}

/// The model of the links, if a relation leads through such.
fn links_of(database: &Database, model: &str, relation: &str) -> Option<String> {
    let table = database.schema().table(model)?;
    let inverse = table.inverses.iter().find(|inverse| inverse.name == relation)?;
    matches!(inverse.kind, InverseKind::HasManyThrough { .. }).then(|| inverse.source.clone())
}

/// Writes that are made as one: a list of `{"method", "path", "body"}`, each a write that there is a route for. All are made,
/// or none.
fn batch(api: &Api, asking: &Asking) -> Answer {
    expect_parameters(asking, &[])?;
    asking.expect_no_condition()?;
    let operations: Vec<Operation<'_>> = serde_json::from_slice(&asking.body).map_err(|error| {
        let name = if error.is_data() { "BadRequestError" } else { "SyntaxError" };
        Refusal::new(StatusCode::BAD_REQUEST, name, error.to_string())
    })?;
    expect_count(api, operations.len())?;
    let mut database = api.database.try_write_for(asking.time_left()).map_err(|_| busy())?;
    if asking.time_left().is_zero() {
        return Err(busy());
    }
    let mut answers = Vec::with_capacity(operations.len());
    for (place, operation) in operations.into_iter().enumerate() {
        match one_of_batch(api, &mut database, asking, &operation) {
            Ok(answer) => answers.push(answer),
            Err(refusal) => {
                database.rollback();
                return Err(refusal.of_operation(place));
            }
        }
    }
    match database.commit() {
        Ok(()) => Ok(Answered::json(Json::Array(answers).to_string())),
        Err(error) => Err(refused_commit(api, &error.into())),
    }
}

/// One write of several. Its body is read as any other body is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation<'b> {
    method: String,
    path: String,
    #[serde(borrow)]
    body: Option<&'b RawValue>,
}

/// The longest query of an operation, as of a request: hyper's limit.
const QUERY_MAX: usize = 1 << 16;

fn one_of_batch(
    api: &Api,
    database: &mut Transaction<'static>,
    asking: &Asking,
    operation: &Operation<'_>,
) -> Result<Json, Refusal> {
    let bad = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, "BadRequestError", message);
    let method: Method = operation.method.parse().map_err(|_| bad("An operation has a method."))?;
    let path = &*operation.path;
    if path.len() > QUERY_MAX {
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "URITooLongError", "The path of an operation is too long."));
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let route = find(api, &path).ok_or_else(|| Refusal::no_endpoint(method.as_str(), &path))?;
    let verbs = route::verbs(&route, along(api, &route));
    let Route::Model { model, of } = &route else { return Err(bad("An operation is a write of rows.")) };
    if !verbs.contains(&method) || matches!(method, Method::GET | Method::HEAD) {
        return Err(Refusal::no_endpoint(method.as_str(), &path));
    }
    let body = operation.body.map_or_else(Bytes::new, |body| Bytes::copy_from_slice(body.get().as_bytes()));
    let headers = asking.headers.clone();
    let asking = Asking { method, path, query, headers, body, deadline: asking.deadline };
    let model = &*api.models[*model].name;
    let answer = write(&mut Writing { api, database, asking: &asking, model }, of)?;
    let body = match answer.kind {
        Some(_) => serde_json::from_slice(&answer.body).map_err(|_| Refusal::internal())?,
        None => Json::Null,
    };
    Ok(json!({ "status": answer.status.as_u16(), "body": body }))
}
