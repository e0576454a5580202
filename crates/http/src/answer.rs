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
use relata::data::{DataTable, Filter};
use relata::{Database, Id, RowId};
use serde_json::json;

use crate::batch::batch;
use crate::error::Refusal;
use crate::read::{Reading, read};
use crate::route::{self, Along, OfModel, OfRow, Route};
use crate::write::{Writing, write};
use crate::{Action, Api, Attempt, Denied, Served, openapi, schema};

pub(crate) type Answer = Result<Answered, Refusal>;

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
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    /// `None` without a body.
    pub(crate) kind: Option<&'static str>,
    pub(crate) body: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answered {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Answered { status, kind: None, body: Bytes::new(), headers: Vec::new() }
    }

    fn content(kind: &'static str, body: impl Into<Bytes>) -> Self {
        Answered { status: StatusCode::OK, kind: Some(kind), body: body.into(), headers: Vec::new() }
    }

    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self::content("application/json", body)
    }

    pub(crate) fn count(count: usize) -> Self {
        Self::json(json!({ "count": count }).to_string())
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
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
pub(crate) struct Asking {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When the client is told that it took too long: nothing begins after that.
    pub(crate) deadline: Instant,
}

impl Asking {
    /// How long the database may be waited for.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Refuses a header that a route does not look at, where who sends it would rely on that.
    pub(crate) fn expect_no_condition(&self) -> Result<(), Refusal> {
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

pub(crate) fn find(api: &Api, path: &str) -> Option<Route> {
    route::parse(path, &api.paths, |model, relation| {
        api.models[model].relations.iter().any(|(name, ..)| name == relation)
    })
}

/// The relation that a route goes along.
pub(crate) fn along(api: &Api, route: &Route) -> Option<Along> {
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

pub(crate) fn refused_commit(api: &Api, error: &relata::Error) -> Refusal {
    let of = |database: &Database| Refusal::of_store(database, &api.exposure, error);
    api.database.read_with(of).unwrap_or_else(|_| Refusal::internal())
}

pub(crate) fn busy() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableError", "The database is busy.")
}

/// The parameter of this name, as it stands in the query.
pub(crate) fn parameter<'a>(asking: &'a Asking, name: &str) -> Option<&'a str> {
    asking.query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}

/// Refuses parameters that nobody would look at: a misspelt filter is no filter.
pub(crate) fn expect_parameters(asking: &Asking, known: &[&str]) -> Result<(), Refusal> {
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
pub(crate) fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("\"{:016x}\"", hasher.finish())
}

/// Whether a header of tags has this one, or all.
pub(crate) fn matches(header: &HeaderValue, tag: &str) -> bool {
    let Ok(tags) = header.to_str() else { return false };
    tags.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == "*" || one == tag)
}

impl Api {
    /// Asks whether something may be done.
    pub(crate) fn may(
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
    pub(crate) fn may_follow(
        &self,
        table: &DataTable<'_>,
        filter: &Filter,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        if self.guard.is_none() {
            return Ok(());
        }
        table.models_of(filter).into_iter().try_for_each(|model| self.may(model, Action::Read, None, None, headers))
    }
}

/// The text of a parameter without its percent signs, for messages.
pub(crate) fn decoded(text: &str) -> String {
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
