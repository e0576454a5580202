//! `relata info` and `relata schema`.

use std::io::Write;
use std::path::Path;

use relata::{RelationSchema, Schema};

use crate::output::{self, Failure, Outcome, Output, counted, of, thousands};

pub(crate) fn info(file: &Path, output: &mut Output) -> Outcome {
    let reader = output::open(file, "reading")?;
    let (format, schema) = (reader.format(), reader.schema().clone());
    let contents = reader.contents().map_err(of(file))?;
    let (bytes, blocks) = (counted(contents.bytes, "byte"), counted(contents.blocks, "block"));
    writeln!(output, "{}: format {format}, {bytes} in {blocks}", file.display())?;
    let width = contents.tables.iter().map(|table| table.name.chars().count()).max().unwrap_or(0).max(5);
    writeln!(output, "\n{:width$} {:>12} {:>15}", "table", "rows", "bytes")?;
    for table in &contents.tables {
        writeln!(output, "{:width$} {:>12} {:>15}", table.name, thousands(table.rows), thousands(table.bytes))?;
    }
    let relations: Vec<String> = relations(&schema).collect();
    if !relations.is_empty() {
        writeln!(output, "\nrelations")?;
        relations.iter().try_for_each(|relation| writeln!(output, "{relation}"))?;
    }
    Ok(())
}

fn relations(schema: &Schema) -> impl Iterator<Item = String> {
    schema.tables.iter().flat_map(|table| table.relations.iter().map(|relation| describe(&table.name, relation)))
}

fn describe(table: &str, relation: &RelationSchema) -> String {
    let mut target = relation.target.clone();
    if !relation.target_fields.is_empty() {
        target = format!("{target}({})", relation.target_fields.join(", "));
    }
    let mut text = format!("{table}.{} -> {target}", relation.name);
    let words = [
        (relation.many, "list"),
        (relation.required, "required"),
        (relation.one_of, "one of several"),
        (relation.acyclic, "acyclic"),
        (relation.deferred, "deferred"),
    ];
    words.iter().filter(|(holds, _)| *holds).for_each(|(_, word)| text.extend([", ", word]));
    format!("{text}, on delete {}", relation.on_delete)
}

pub(crate) fn schema(file: &Path, mermaid: bool, output: &mut Output) -> Outcome {
    let reader = output::open(file, "reading")?;
    if mermaid {
        write!(output, "{}", reader.schema().to_mermaid())?;
        return Ok(());
    }
    let cannot = |error| Failure::Trouble(format!("cannot write the schema: {error}"));
    let json = serde_json::to_string_pretty(reader.schema()).map_err(cannot)?;
    writeln!(output, "{json}")?;
    Ok(())
}
