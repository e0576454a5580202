//! Several writes as one.

use axum::body::Bytes;
use axum::http::{Method, StatusCode};
use relata::Transaction;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::Api;
use crate::answer::{Answer, Answered, Asking, along, busy, expect_parameters, find, refused_commit};
use crate::error::Refusal;
use crate::route::{self, Route};
use crate::write::{Writing, expect_count, write};

/// Writes that are made as one: a list of `{"method", "path", "body"}`, each a write that there is a route for. All are made,
/// or none.
pub(crate) fn batch(api: &Api, asking: &Asking) -> Answer {
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
