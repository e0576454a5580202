//! Reads: rows, counts, plans, and the rows of relations.

use axum::http::{HeaderName, StatusCode, header};
use relata::data::{DataError, DataTable, Filter, Found, Where};
use relata::{Database, Id, RowId};
use serde_json::{Value as Json, json};

use crate::answer::{Answer, Answered, Asking, decoded, etag, expect_parameters, matches, parameter};
use crate::error::{Asked, Refusal, explain};
use crate::route::{Along, OfModel, OfRelated, OfRow};
use crate::{Action, Api};

/// What a read is answered from.
pub(crate) struct Reading<'r> {
    pub(crate) api: &'r Api,
    pub(crate) database: &'r Database,
    pub(crate) asking: &'r Asking,
    pub(crate) model: &'r str,
    pub(crate) along: Option<Along>,
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

pub(crate) fn read(reading: &Reading<'_>, of: &OfModel) -> Answer {
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
            let told = |error| explain(reading.database, &api.exposure, error);
            let blocked: Vec<String> = plan.blocked.iter().map(told).collect();
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
