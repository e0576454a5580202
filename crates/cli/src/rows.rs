//! `relata rows`.

use std::io::{self, Write};
use std::path::Path;

use relata::snapshot::{SavedRow, Value};
use relata::{Id, TableSchema};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::output::{self, Failure, Outcome, Output, of};

pub(crate) fn rows(file: &Path, table: &str, csv: bool, limit: Option<u64>, output: &mut Output) -> Outcome {
    let reader = output::open(file, "reading")?;
    let names: Vec<&str> = reader.schema().tables.iter().map(|table| table.name.as_str()).collect();
    let Some(schema) = reader.schema().table(table).cloned() else {
        let known = names.join(", ");
        return Err(Failure::Trouble(format!("{}: there is no table `{table}`; there are: {known}", file.display())));
    };
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let rows = reader.rows_of(table).map_err(of(file))?.take(limit);
    if csv {
        let columns = columns(file, &schema, limit)?;
        return write_csv(file, rows, &columns, output);
    }
    let id_name = id_name(schema.fields.iter().map(|field| field.external_name.as_str()));
    for row in rows {
        let row = row.map_err(of(file))?;
        let line = Line { id_name, id: row.id, row: &row.value };
        serde_json::to_writer(&mut *output, &line).map_err(io::Error::from)?;
        writeln!(output)?;
    }
    Ok(())
}

/// What the id of a row is called beside fields of these names.
fn id_name<'a>(mut fields: impl Iterator<Item = &'a str>) -> &'static str {
    if fields.any(|field| field == "id") { "$id" } else { "id" }
}

/// A row with its id as one object.
struct Line<'a> {
    id_name: &'a str,
    id: Id<()>,
    row: &'a Value,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = fields(self.row);
        // Fields that are flattened into the row are none of the schema's.
        let id_name = if fields.iter().any(|(name, _)| *name == self.id_name) { "$id" } else { self.id_name };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(id_name, &Value::Reference(self.id))?;
        fields.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// The fields of a row; of one that is no struct, itself as `value`.
pub(crate) fn fields(row: &Value) -> Vec<(&str, &Value)> {
    match row {
        Value::Struct(fields) => fields.iter().map(|(name, value)| (&**name, value)).collect(),
        Value::Map(entries) if entries.iter().all(|(key, _)| matches!(key, Value::Text(_))) => {
            let named = entries.iter().filter_map(|(key, value)| match key {
                Value::Text(name) => Some((name.as_str(), value)),
                _ => None,
            });
            named.collect()
        }
        other => vec![("value", other)],
    }
}

/// The names of the fields that occur: those of the schema in its order, then others. Rows may leave fields out, or
/// have some flattened into them, so that all are looked at before the heading is written.
fn columns(file: &Path, schema: &TableSchema, limit: usize) -> Outcome<Vec<String>> {
    let mut met: Vec<String> = Vec::new();
    for row in output::open(file, "looking for columns")?.rows_of(&schema.name).map_err(of(file))?.take(limit) {
        for (name, _) in fields(&row.map_err(of(file))?.value) {
            if !met.iter().any(|known| known == name) {
                met.push(name.to_owned());
            }
        }
    }
    let place = |name: &String| schema.fields.iter().position(|field| field.external_name == *name);
    met.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
    if met.is_empty() {
        met = schema.fields.iter().map(|field| field.external_name.clone()).collect();
    }
    Ok(met)
}

fn write_csv(
    file: &Path,
    rows: impl Iterator<Item = Result<SavedRow, relata::SnapshotError>>,
    columns: &[String],
    output: &mut Output,
) -> Outcome {
    let mut writer = csv::Writer::from_writer(output);
    let id_name = id_name(columns.iter().map(String::as_str));
    let written = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from(error),
        other => Failure::Trouble(format!("cannot write the output: {other:?}")),
    };
    writer.write_record(std::iter::once(id_name).chain(columns.iter().map(String::as_str))).map_err(written)?;
    for row in rows {
        let row = row.map_err(of(file))?;
        let fields = fields(&row.value);
        let cells = columns.iter().map(|column| {
            let value = fields.iter().find(|(name, _)| name == column);
            value.map_or(String::new(), |(_, value)| cell(value))
        });
        writer.write_record(std::iter::once(row.id.to_string()).chain(cells)).map_err(written)?;
    }
    writer.flush()?;
    Ok(())
}

/// A value as it stands in a column: texts as they are, all else as JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::None | Value::Unit => String::new(),
        value => {
            let json = json(value);
            serde_json::from_str::<String>(&json).unwrap_or(json)
        }
    }
}

/// A value as JSON.
pub(crate) fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("({error})"))
}
