//! `relata check`: the rules of the schema, proved on the rows of a file.
//!
//! The file is read twice. First all checksums are proved, and the ids and unique keys of all tables are collected;
//! then each foreign key is looked up. In memory are the ids, and the unique keys as text.

mod keys;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use relata::snapshot::Value;
use relata::{Id, RelationSchema, Schema, TableSchema};

use crate::output::{self, Failure, Outcome, Output, counted, of};
use keys::{Key, key, reference};

type RowId = Id<()>;

/// How many rows of a circle are shown.
const SHOWN_MAX: usize = 8;

pub(crate) fn check(file: &Path, output: &mut Output) -> Outcome {
    let reader = output::open(file, "checksums")?;
    if reader.format() == 1 {
        let contents = reader.contents().map_err(of(file))?;
        let rows: u64 = contents.tables.iter().map(|table| table.rows).sum();
        let (blocks, rows) = (counted(contents.blocks, "block"), counted(rows, "row"));
        writeln!(output, "{}: {blocks} whole, {rows}", file.display())?;
        writeln!(output, "the rows of format 1 have no names of fields: keys have not been checked")?;
        return Ok(());
    }
    let mut checked = Check::new(reader.schema().clone(), output);
    checked.collect(file)?;
    checked.follow(file)?;
    checked.find_cycles()?;
    checked.finish(file)
}

/// What is known of a table.
#[derive(Default)]
struct Known {
    /// In their order.
    ids: Vec<RowId>,
    /// For each unique key the first row that has it.
    uniques: Vec<HashMap<String, RowId>>,
}

/// A relation of a row.
struct Link<'a> {
    table: usize,
    place: usize,
    source: &'a TableSchema,
    relation: &'a RelationSchema,
    id: RowId,
    row: &'a Value,
}

impl fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, relation) = (&self.source.name, &self.relation.name);
        write!(f, "{table} {}: `{table}`.{relation}", self.id)
    }
}

struct Check<'a> {
    schema: Arc<Schema>,
    tables: Vec<Known>,
    /// The target of each row, by table and place of an acyclic relation.
    ways: BTreeMap<(usize, usize), HashMap<RowId, RowId>>,
    /// How many keys have a form that says nothing, by table and what it is.
    unclear: BTreeMap<(usize, String), u64>,
    violations: u64,
    output: &'a mut Output,
}

impl<'a> Check<'a> {
    fn new(schema: Schema, output: &'a mut Output) -> Self {
        let known = |table: &TableSchema| Known { ids: Vec::new(), uniques: vec![HashMap::new(); table.uniques.len()] };
        let tables = schema.tables.iter().map(known).collect();
        Check {
            schema: Arc::new(schema),
            tables,
            ways: BTreeMap::new(),
            unclear: BTreeMap::new(),
            violations: 0,
            output,
        }
    }

    fn violation(&mut self, what: &str) -> Outcome {
        self.violations += 1;
        Ok(writeln!(self.output, "{what}")?)
    }

    fn is_unclear(&mut self, table: usize, what: &str) {
        *self.unclear.entry((table, what.to_owned())).or_default() += 1;
    }

    /// Proves all checksums and the unique keys, and collects what foreign keys may name.
    fn collect(&mut self, file: &Path) -> Outcome {
        self.each_row(file, "checksums and unique keys", |check, table, id, row| {
            let schemas = Arc::clone(&check.schema);
            let schema = &schemas.tables[table];
            check.tables[table].ids.push(id);
            for (place, unique) in schema.uniques.iter().enumerate() {
                let text = match key(schema, &unique.fields, row) {
                    Key::Absent => continue,
                    Key::Unclear => {
                        check.is_unclear(table, &format!("unique key {}", unique.fields.join(", ")));
                        continue;
                    }
                    Key::Is(text) => text,
                };
                let first = match check.tables[table].uniques[place].entry(text) {
                    Entry::Vacant(free) => {
                        free.insert(id);
                        continue;
                    }
                    Entry::Occupied(taken) => (taken.key().clone(), *taken.get()),
                };
                let (name, fields, (key, first)) = (&schema.name, unique.fields.join(", "), first);
                check.violation(&format!("{name} {id}: {fields} = {key} is taken by {name} {first}"))?;
            }
            Ok(())
        })
    }

    /// Proves foreign keys and lists of ids.
    fn follow(&mut self, file: &Path) -> Outcome {
        if self.schema.tables.iter().all(|table| table.relations.is_empty()) {
            return Ok(());
        }
        self.each_row(file, "foreign keys", |check, table, id, row| {
            let schemas = Arc::clone(&check.schema);
            let source = &schemas.tables[table];
            for (place, relation) in source.relations.iter().enumerate() {
                let link = Link { table, place, source, relation, id, row };
                match schemas.tables.iter().position(|table| table.name == relation.target) {
                    None => check.violation(&format!("{link}: there is no table `{}`", relation.target))?,
                    Some(target) if relation.target_fields.is_empty() => check.follow_id(target, &link)?,
                    Some(target) => check.follow_key(target, &link)?,
                }
            }
            Ok(())
        })
    }

    fn follow_key(&mut self, target: usize, link: &Link<'_>) -> Outcome {
        let Link { source, relation, .. } = link;
        let unique = self.schema.tables[target].uniques.iter().position(|one| one.fields == relation.target_fields);
        match (key(source, &relation.fields, link.row), unique) {
            (Key::Absent, _) => self.absent(link),
            (Key::Is(key), Some(unique)) => {
                if let Some(found) = self.tables[target].uniques[unique].get(&key) {
                    self.note_way(link, *found);
                    return Ok(());
                }
                let fields = relation.target_fields.join(", ");
                self.violation(&format!("{link}: no `{}` with {fields} = {key}", relation.target))
            }
            _ => {
                self.is_unclear(link.table, &format!("foreign key {}", relation.name));
                Ok(())
            }
        }
    }

    fn follow_id(&mut self, target: usize, link: &Link<'_>) -> Outcome {
        let Link { source, relation, .. } = link;
        let Some(ids) = reference(source, relation, link.row) else {
            self.is_unclear(link.table, &format!("foreign key {}", relation.name));
            return Ok(());
        };
        if ids.is_empty() && !relation.many {
            return self.absent(link);
        }
        for (element, named) in ids.into_iter().enumerate() {
            if self.tables[target].ids.binary_search(&named).is_ok() {
                self.note_way(link, named);
                continue;
            }
            let key = if named.is_null() { "id null".to_owned() } else { format!("id {named}") };
            let at = if relation.many { format!(" (`{}[{element}]`)", relation.fields[0]) } else { String::new() };
            self.violation(&format!("{link}: no `{}` with {key}{at}", relation.target))?;
        }
        Ok(())
    }

    fn absent(&mut self, link: &Link<'_>) -> Outcome {
        if !link.relation.required {
            return Ok(());
        }
        self.violation(&format!("{link}: it is required, and absent"))
    }

    fn note_way(&mut self, link: &Link<'_>, to: RowId) {
        if link.relation.acyclic {
            self.ways.entry((link.table, link.place)).or_default().insert(link.id, to);
        }
    }

    /// Each row of an acyclic relation has one way upwards: each circle is told once, from its lowest slot.
    fn find_cycles(&mut self) -> Outcome {
        for ((table, place), ways) in std::mem::take(&mut self.ways) {
            let name = self.schema.tables[table].name.clone();
            let relation = self.schema.tables[table].relations[place].name.clone();
            // From which walk a row was come to first.
            let mut walks: HashMap<RowId, usize> = HashMap::new();
            for (walk, &start) in self.tables[table].ids.clone().iter().enumerate() {
                let mut at = start;
                while !walks.contains_key(&at) {
                    walks.insert(at, walk);
                    let Some(next) = ways.get(&at) else { break };
                    at = *next;
                }
                if walks[&at] != walk || !ways.contains_key(&at) {
                    continue;
                }
                let mut circle = vec![at];
                while let Some(&next) = circle.last().and_then(|last| ways.get(last)).filter(|next| **next != at) {
                    circle.push(next);
                }
                let lowest = circle.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(place, _)| place);
                circle.rotate_left(lowest);
                circle.push(circle[0]);
                let mut way: Vec<String> = circle.iter().map(|id| format!("{name} {id}")).collect();
                if way.len() > SHOWN_MAX + 1 {
                    let more = way.len() - 1 - SHOWN_MAX;
                    way.splice(SHOWN_MAX..way.len() - 1, [format!("{more} more")]);
                }
                self.violation(&format!("{}: `{name}`.{relation} leads in a circle: {}", way[0], way.join(" -> ")))?;
            }
        }
        Ok(())
    }

    fn finish(self, file: &Path) -> Outcome {
        for ((table, what), rows) in &self.unclear {
            let (name, rows) = (&self.schema.tables[*table].name, counted(*rows, "row"));
            writeln!(
                self.output,
                "{name}: {what}: not checked in {rows}, the file has it in another form than an id or a field of that \
                 name"
            )?;
        }
        let rows: usize = self.tables.iter().map(|table| table.ids.len()).sum();
        let (rows, tables) = (counted(rows as u64, "row"), counted(self.tables.len() as u64, "table"));
        let file = file.display();
        if self.violations > 0 {
            writeln!(self.output, "{file}: {} in {rows} of {tables}", counted(self.violations, "violation"))?;
            return Err(Failure::Found);
        }
        let keys = if self.unclear.is_empty() { "every key holds" } else { "every other key holds" };
        writeln!(self.output, "{file}: whole, {rows} of {tables}, {keys}")?;
        Ok(())
    }

    fn each_row(
        &mut self,
        file: &Path,
        doing: &'static str,
        mut visit: impl FnMut(&mut Self, usize, RowId, &Value) -> Outcome,
    ) -> Outcome {
        for row in output::open(file, doing)?.rows().map_err(of(file))? {
            let row = row.map_err(of(file))?;
            visit(self, row.table, row.id, &row.value)?;
        }
        Ok(())
    }
}
