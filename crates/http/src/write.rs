//! Writes: of one row, of many, through an owner, over links.

use axum::http::{Method, StatusCode, header};
use relata::data::{DataError, DataTableMut, Filter, Gone, Value, Where};
use relata::{Database, InverseKind, RowId, Transaction};

use crate::answer::{Answer, Answered, Asking, decoded, etag, expect_parameters, matches, parameter};
use crate::error::{Asked, Refusal};
use crate::route::{OfModel, OfRelated, OfRow};
use crate::{Action, Api};

/// What a write is done with.
pub(crate) struct Writing<'w> {
    pub(crate) api: &'w Api,
    pub(crate) database: &'w mut Transaction<'static>,
    pub(crate) asking: &'w Asking,
    pub(crate) model: &'w str,
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

pub(crate) fn write(writing: &mut Writing<'_>, of: &OfModel) -> Answer {
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

pub(crate) fn expect_count(api: &Api, count: usize) -> Result<(), Refusal> {
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
