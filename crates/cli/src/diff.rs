//! `relata diff`.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::io::Write;
use std::path::Path;

use relata::snapshot::{Rows, SavedRow, Value};
use relata::{Schema, TableSchema};

use crate::output::{self, Failure, Outcome, Output, Source, counted, of};
use crate::rows::{fields, json};

pub(crate) fn diff(a: &Path, b: &Path, output: &mut Output) -> Outcome {
    let (of_a, of_b) = (output::open(a, "a")?, output::open(b, "b")?);
    let (schema_a, schema_b) = (of_a.schema().clone(), of_b.schema().clone());
    for (file, reader) in [(a, &of_a), (b, &of_b)] {
        if reader.format() == 1 {
            return Err(Failure::of(file, &relata::SnapshotError::Nameless));
        }
    }
    drop((of_a, of_b));
    let mut differs = schemas(&schema_a, &schema_b, output)?;
    for table in &schema_a.tables {
        let in_b = schema_b.table(&table.name).is_some();
        differs |= Merge::new((a, true), (b, in_b), &table.name)?.all(output)?;
    }
    for table in schema_b.tables.iter().filter(|table| schema_a.table(&table.name).is_none()) {
        differs |= Merge::new((a, false), (b, true), &table.name)?.all(output)?;
    }
    // That what lies behind the rows is whole.
    for file in [a, b] {
        output::open(file, "checksums")?.contents().map_err(of(file))?;
    }
    if differs { Err(Failure::Found) } else { Ok(writeln!(output, "no differences in schema and rows")?) }
}

/// Tells what differs between the declarations.
fn schemas(a: &Schema, b: &Schema, output: &mut Output) -> Outcome<bool> {
    let mut told = Vec::new();
    members("table", &a.tables, &b.tables, |table| &table.name, of_table, &mut told);
    for line in &told {
        writeln!(output, "schema: {line}")?;
    }
    Ok(!told.is_empty())
}

fn of_table(a: &TableSchema, b: &TableSchema) -> Vec<String> {
    let mut told = Vec::new();
    if a.version != b.version {
        told.push(format!("version {} -> {}", a.version, b.version));
    }
    members("field", &a.fields, &b.fields, |field| &field.name, change, &mut told);
    members("unique key", &a.uniques, &b.uniques, |unique| &unique.name, change, &mut told);
    members("relation", &a.relations, &b.relations, |relation| &relation.name, change, &mut told);
    members("inverse", &a.inverses, &b.inverses, |inverse| &inverse.name, change, &mut told);
    if a.primary_key != b.primary_key {
        told.push("another primary key".to_owned());
    }
    told.iter().map(|line| format!("`{}`: {line}", a.name)).collect()
}

fn change<T: Debug + PartialEq>(a: &T, b: &T) -> Vec<String> {
    if a == b { Vec::new() } else { vec![format!("{a:?} -> {b:?}")] }
}

/// Tells of members that one side lacks, and what differs between those of one name.
fn members<T>(
    word: &str,
    a: &[T],
    b: &[T],
    name: impl Fn(&T) -> &String,
    mut differ: impl FnMut(&T, &T) -> Vec<String>,
    told: &mut Vec<String>,
) {
    for of_a in a {
        match b.iter().find(|of_b| name(of_b) == name(of_a)) {
            Some(of_b) => told.extend(differ(of_a, of_b)),
            None => told.push(format!("{word} `{}` removed", name(of_a))),
        }
    }
    let added = b.iter().filter(|of_b| !a.iter().any(|of_a| name(of_a) == name(of_b)));
    told.extend(added.map(|of_b| format!("{word} `{}` added", name(of_b))));
}

/// The rows of one table of one file.
struct Side<'a> {
    file: &'a Path,
    /// None where the file does not have the table.
    rows: Option<Rows<Source>>,
    row: Option<SavedRow>,
}

/// The rows of one table of two files, which both have them in the order of their ids' slots.
struct Merge<'a> {
    table: &'a str,
    sides: [Side<'a>; 2],
    /// How many rows were added, removed, changed.
    counts: [u64; 3],
}

impl<'a> Merge<'a> {
    /// With each file, whether it has the table.
    fn new(a: (&'a Path, bool), b: (&'a Path, bool), table: &'a str) -> Outcome<Self> {
        let side = |(file, has_it): (&'a Path, bool)| {
            let rows = if has_it { Some(output::open(file, "rows")?.rows_of(table).map_err(of(file))?) } else { None };
            Ok::<_, Failure>(Side { file, rows, row: None })
        };
        Ok(Merge { table, sides: [side(a)?, side(b)?], counts: [0; 3] })
    }

    fn advance(&mut self, side: usize) -> Outcome {
        let Side { file, rows, row } = &mut self.sides[side];
        let next = rows.as_mut().and_then(Iterator::next).transpose();
        *row = next.map_err(of(file))?;
        Ok(())
    }

    /// Tells of all rows that differ, and whether any do.
    fn all(mut self, output: &mut Output) -> Outcome<bool> {
        self.advance(0)?;
        self.advance(1)?;
        loop {
            let order = match (&self.sides[0].row, &self.sides[1].row) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => a.id.cmp(&b.id),
            };
            self.tell(order, output)?;
            if order.is_le() {
                self.advance(0)?;
            }
            if order.is_ge() {
                self.advance(1)?;
            }
        }
        let [added, removed, changed] = self.counts;
        if self.counts == [0; 3] {
            return Ok(false);
        }
        writeln!(output, "{}: {} added, {removed} removed, {changed} changed", self.table, counted(added, "row"))?;
        Ok(true)
    }

    fn tell(&mut self, order: Ordering, output: &mut Output) -> Outcome {
        let table = self.table;
        match (order, &self.sides[0].row, &self.sides[1].row) {
            (Ordering::Less, Some(SavedRow { id, value, .. }), _) => {
                self.counts[1] += 1;
                writeln!(output, "{table} {id} removed: {}", json(value))?;
            }
            (Ordering::Greater, _, Some(SavedRow { id, value, .. })) => {
                self.counts[0] += 1;
                writeln!(output, "{table} {id} added: {}", json(value))?;
            }
            (_, Some(a), Some(b)) => {
                let (id, changes) = (a.id, changes(&a.value, &b.value));
                if !changes.is_empty() {
                    self.counts[2] += 1;
                    writeln!(output, "{table} {id} changed: {}", changes.join(", "))?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The fields that differ. The order of fields is none of the row's.
fn changes(a: &Value, b: &Value) -> Vec<String> {
    if a == b {
        return Vec::new();
    }
    let (of_a, of_b) = (fields(a), fields(b));
    let show = |value: Option<&Value>| value.map_or_else(|| "absent".to_owned(), json);
    let names = of_a.iter().map(|(name, _)| *name);
    let only_in_b = of_b.iter().map(|(name, _)| *name).filter(|name| !of_a.iter().any(|(other, _)| other == name));
    let all = names.chain(only_in_b).map(|name| (name, find(&of_a, name), find(&of_b, name)));
    let differing = all.filter(|(_, a, b)| a != b);
    differing.map(|(name, a, b)| format!("{name} {} -> {}", show(a), show(b))).collect()
}

fn find<'a>(fields: &[(&str, &'a Value)], name: &str) -> Option<&'a Value> {
    fields.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
}
