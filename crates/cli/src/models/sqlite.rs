//! The schema of an SQLite file: its tables, keys and foreign keys, as SQLite's own pragmas tell them.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};

use super::definition::{Action, Definition, ForeignKey, Inverse, Kind, Over, Property, listed};
use crate::names::{field_name, many, relation_of_key, snake_case};

/// The first bytes of every SQLite file.
pub(crate) const HEADER: &[u8] = b"SQLite format 3\0";

/// What each of the type's beginnings and parts means, the first that is found.
const KINDS: [(&[&str], Kind); 6] = [
    (&["BOOL"], Kind::Boolean),
    (&["DATE", "TIME"], Kind::Text),
    (&["INT"], Kind::Integer),
    (&["CHAR", "CLOB", "TEXT", "STRING", "UUID", "GUID", "JSON"], Kind::Text),
    (&["BLOB", "BYTEA", "BINARY"], Kind::Bytes),
    (&["REAL", "FLOA", "DOUB", "NUM", "DEC", "MONEY"], Kind::Float),
];

/// The tables of a file, and what the file has beside them.
pub(crate) fn definitions(file: &Path) -> Result<(Vec<Definition>, Vec<String>), rusqlite::Error> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut definitions = Vec::new();
    let mut notes = Vec::new();
    let listed = "SELECT name, type, (SELECT sql FROM sqlite_master WHERE name = list.name) FROM pragma_table_list list \
                  WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                  ORDER BY (SELECT rowid FROM sqlite_master WHERE name = list.name)";
    let tables = all(&connection, listed, &[], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?.unwrap_or_default()))
    })?;
    for (name, kind, sql) in tables {
        let (name, kind): (String, String) = (name, kind);
        match kind.as_str() {
            "table" => definitions.push(table(&connection, &name, &sql)?),
            "view" => {
                notes.push(format!("View `{name}`: relata has no views; a query is a function over the database."));
            }
            "virtual" => {
                notes.push(format!("Virtual table `{name}`: its rows are what a module of SQLite makes of them."));
            }
            // A table behind a virtual one.
            _ => {}
        }
    }
    spell_as_declared(&mut definitions);
    drop_keys_to_no_key(&mut definitions);
    add_inverses(&mut definitions);
    Ok((definitions, notes))
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: &[&str],
    read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<Vec<T>, rusqlite::Error> {
    let mut statement = connection.prepare(sql)?;
    statement.query_map(rusqlite::params_from_iter(parameters), read)?.collect()
}

fn table(connection: &Connection, name: &str, sql: &str) -> Result<Definition, rusqlite::Error> {
    let mut definition = Definition { name: name.to_owned(), ..Definition::default() };
    let mut defaults = BTreeMap::new();
    let mut primary_key: Vec<(i64, String)> = Vec::new();
    let columns = "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid";
    let columns = all(connection, columns, &[name], |row| {
        let (is_required, place, hidden): (bool, i64, i64) = (row.get(2)?, row.get(4)?, row.get(5)?);
        let default: Option<String> = row.get(3)?;
        Ok((row.get(0)?, row.get(1)?, default, is_required, place, hidden))
    })?;
    for (column, declared, default, is_required, place, hidden) in columns {
        let (column, declared): (String, String) = (column, declared);
        let mut property = Property::new(&column, Kind::Undeclared, !is_required && place == 0);
        property.kind = kind(&declared, &mut property.notes);
        if hidden > 1 {
            property.notes.push("Generated column: whoever changes the row changes this too.".to_owned());
        }
        if let Some(default) = default.filter(|default| !default.eq_ignore_ascii_case("null")) {
            let why = "a row is a struct, and whoever makes one gives every field.";
            property.notes.push(format!("DEFAULT {default}: {why}"));
            defaults.insert(column.clone(), default);
        }
        if place > 0 {
            primary_key.push((place, column.clone()));
        }
        definition.properties.push(property);
    }
    primary_key.sort();
    definition.primary_key = primary_key.into_iter().map(|(_, column)| column).collect();
    if definition.primary_key.is_empty() {
        definition.notes.push("No primary key: relata's own id tells the rows apart.".to_owned());
    }
    add_indexes(connection, &mut definition)?;
    add_keys(connection, &mut definition, &defaults)?;
    let words: Vec<String> = sql
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .map(str::to_uppercase)
        .filter(|word| !word.is_empty())
        .collect();
    if words.iter().any(|word| word == "CHECK") {
        definition.notes.push("CHECK: relata enforces keys and types, no other rule of a value.".to_owned());
    }
    if words.windows(2).any(|words| words == ["INITIALLY", "DEFERRED"]) {
        let why = "SQLite does not tell which foreign key it is said of: add `deferred` to that relation.";
        definition.notes.push(format!("INITIALLY DEFERRED: {why}"));
    }
    let triggers =
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE ORDER BY rowid";
    for trigger in all(connection, triggers, &[name], |row| row.get::<_, String>(0))? {
        definition.notes.push(format!("Trigger `{trigger}`: no code of a table runs when its rows change."));
    }
    Ok(definition)
}

/// The kind of a column, by the rules by which SQLite finds its affinity; truth, dates and times before them.
fn kind(declared: &str, notes: &mut Vec<String>) -> Kind {
    let upper = declared.to_uppercase();
    if upper.is_empty() {
        return Kind::Undeclared;
    }
    let found = KINDS.iter().find(|(parts, _)| parts.iter().any(|part| upper.contains(part)));
    found.map_or_else(
        || {
            notes.push(format!(
                "`{declared}`: no type of Rust says what this holds, so it is any JSON (crate `serde_json`)."
            ));
            Kind::Json
        },
        |(_, kind)| kind.clone(),
    )
}

fn add_indexes(connection: &Connection, definition: &mut Definition) -> Result<(), rusqlite::Error> {
    // The newest comes first.
    let indexes = "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1) ORDER BY seq DESC";
    let indexes = all(connection, indexes, &[&definition.name], |row| {
        let (is_unique, is_partial): (bool, bool) = (row.get(1)?, row.get(3)?);
        Ok((row.get::<_, String>(0)?, is_unique, row.get::<_, String>(2)?, is_partial))
    })?;
    for (name, is_unique, origin, is_partial) in indexes {
        let columns = "SELECT name, coll FROM pragma_index_xinfo(?1) WHERE \"key\" ORDER BY seqno";
        let columns: Vec<(Option<String>, String)> =
            all(connection, columns, &[&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let what = if is_unique { "Unique index" } else { "Index" };
        let fields: Option<Vec<String>> = columns.iter().map(|(column, _)| column.clone()).collect();
        let Some(fields) = fields else {
            definition
                .notes
                .push(format!("{what} `{name}`: it is over an expression, and those of relata are over fields."));
            continue;
        };
        if is_partial {
            definition.notes.push(format!("{what} `{name}`: it has a WHERE, and those of relata are over all rows."));
            continue;
        }
        if let Some((_, collation)) = columns.iter().find(|(_, collation)| is_unique && collation != "BINARY") {
            let why = "relata compares texts as they are.";
            definition.notes.push(format!("Unique key on {} by {collation}: {why}", listed(&fields)));
        }
        match (is_unique, origin.as_str()) {
            (true, "pk") => {}
            (true, _) => definition.add_unique(fields),
            (false, _) => definition.indexes.push(fields),
        }
    }
    Ok(())
}

fn add_keys(
    connection: &Connection,
    definition: &mut Definition,
    defaults: &BTreeMap<String, String>,
) -> Result<(), rusqlite::Error> {
    // The last that was declared comes first.
    let keys = "SELECT id, \"table\", \"from\", \"to\", on_delete, on_update FROM pragma_foreign_key_list(?1) \
                ORDER BY id DESC, seq";
    let columns = all(connection, keys, &[&definition.name], |row| {
        let (id, target, from, to): (i64, String, String, Option<String>) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((id, target, from, to, [row.get::<_, String>(4)?, row.get::<_, String>(5)?]))
    })?;
    let mut last = None;
    for (id, target, from, to, actions) in columns {
        if last != Some(id) {
            last = Some(id);
            let mut key = ForeignKey { target, ..ForeignKey::default() };
            [key.on_delete, key.on_update] = actions.map(|action| match action.as_str() {
                "CASCADE" => Action::Cascade,
                "SET NULL" => Action::SetNull,
                "SET DEFAULT" => Action::SetDefault(Vec::new()),
                _ => Action::Unsaid,
            });
            definition.keys.push(key);
        }
        if let Some(key) = definition.keys.last_mut() {
            key.fields.push(from);
            key.target_fields.extend(to);
        }
    }
    let mut keys = std::mem::take(&mut definition.keys);
    for key in &mut keys {
        for (place, when) in ["ON DELETE", "ON UPDATE"].into_iter().enumerate() {
            let action = if place == 0 { &mut key.on_delete } else { &mut key.on_update };
            if let Action::SetDefault(_) = action {
                *action = set_default(definition, &key.fields, defaults, when);
            }
        }
    }
    definition.keys = keys;
    Ok(())
}

/// What SET DEFAULT does to these columns.
fn set_default(
    definition: &mut Definition,
    fields: &[String],
    defaults: &BTreeMap<String, String>,
    when: &str,
) -> Action {
    let is_given = |field: &String| defaults.contains_key(field);
    // The default of a column that says none is NULL.
    if !fields.iter().any(is_given) && definition.is_optional(fields) {
        return Action::SetNull;
    }
    let expression = |field: &String| {
        let kind = &definition.property(field)?.kind;
        let text = defaults.get(field)?.trim();
        match kind {
            Kind::Integer => text.parse::<i64>().ok().map(|number| number.to_string()),
            Kind::Text => {
                let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
                Some(format!("{:?}.to_owned()", inside.replace("''", "'")))
            }
            _ => None,
        }
    };
    let expressions: Option<Vec<String>> = fields.iter().map(expression).collect();
    expressions.map_or_else(
        || {
            let why = "the default of a key is a number or a text, of every column.";
            definition.notes.push(format!("{when} SET DEFAULT of the key {}: {why}", listed(fields)));
            Action::Unsaid
        },
        Action::SetDefault,
    )
}

/// SQLite takes the names of tables and columns in any case: here they are as the tables declare them.
fn spell_as_declared(definitions: &mut [Definition]) {
    for place in 0..definitions.len() {
        let mut keys = std::mem::take(&mut definitions[place].keys);
        for key in &mut keys {
            key.target = spelled(definitions.iter().map(|definition| &definition.name), &key.target);
            let target = definitions.iter().find(|definition| definition.name == key.target);
            let here = Some(&definitions[place]);
            for (names, table) in [(&mut key.fields, here), (&mut key.target_fields, target)] {
                for name in names {
                    *name = spelled(table.into_iter().flat_map(|table| &table.properties).map(|one| &one.name), name);
                }
            }
            if key.fields.len() > 1 {
                key.name = Some(common_name(&key.fields).unwrap_or_else(|| snake_case(&key.target)));
            }
        }
        keys.dedup_by(|b, a| (&a.fields, &a.target, &a.target_fields) == (&b.fields, &b.target, &b.target_fields));
        definitions[place].keys = keys;
    }
}

fn spelled<'a>(mut names: impl Iterator<Item = &'a String>, name: &str) -> String {
    names.find(|declared| declared.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), String::clone)
}

/// The words with which all columns of a key begin: `package` of `package_name` and `package_version`.
fn common_name(columns: &[String]) -> Option<String> {
    let columns: Vec<String> = columns.iter().map(|column| snake_case(column)).collect();
    let (first, others) = columns.split_first()?;
    let mut starts = first.match_indices('_').map(|(end, _)| &first[..end]);
    let is_common = |start: &&str| {
        let with_separator = format!("{start}_");
        others.iter().all(|other| other.starts_with(&with_separator))
    };
    starts.rfind(is_common).map(str::to_owned)
}

/// A foreign key without columns of its target means the primary key, which a table without one has not.
fn drop_keys_to_no_key(definitions: &mut [Definition]) {
    let keyless: Vec<String> = definitions
        .iter()
        .filter(|definition| definition.primary_key.is_empty())
        .map(|definition| definition.name.clone())
        .collect();
    for definition in definitions {
        let Definition { keys, notes, .. } = definition;
        keys.retain(|key| {
            let is_fine = !key.target_fields.is_empty() || !keyless.contains(&key.target);
            if !is_fine {
                let (fields, target) = (listed(&key.fields), &key.target);
                notes
                    .push(format!("Foreign key {fields}: it refers to the primary key of `{target}`, which has none."));
            }
            is_fine
        });
    }
}

/// The other end of each foreign key, and of each table of links.
fn add_inverses(definitions: &mut [Definition]) {
    let mut inverses: Vec<(String, Inverse)> = Vec::new();
    for source in definitions.iter() {
        let base = field_name(&source.name);
        for key in &source.keys {
            let is_one = source.unique_on(&key.fields).is_some();
            let mut name = if is_one { base.clone() } else { many(&base) };
            if source.keys.iter().filter(|other| other.target == key.target).count() > 1 {
                name = format!("{name}_as_{}", relation(key));
            }
            let over = Over::Key(key.fields.clone());
            inverses.push((
                key.target.clone(),
                Inverse { name, is_one, model: source.name.clone(), over, is_declared: false },
            ));
        }
        let Some((one, other)) = ends(source) else { continue };
        for (near, far) in [(one, other), (other, one)] {
            let name = if near.target == far.target { relation(far) } else { field_name(&far.target) };
            let over = Over::Link { model: source.name.clone(), near: near.fields.clone(), far: far.fields.clone() };
            let inverse =
                Inverse { name: many(&name), is_one: false, model: far.target.clone(), over, is_declared: false };
            inverses.push((near.target.clone(), inverse));
        }
    }
    for (target, inverse) in inverses {
        if let Some(definition) = definitions.iter_mut().find(|definition| definition.name == target) {
            definition.inverses.push(inverse);
        }
    }
}

fn relation(key: &ForeignKey) -> String {
    let of_column = || relation_of_key(&field_name(&key.fields[0])).to_owned();
    key.name.clone().unwrap_or_else(of_column)
}

/// The two keys of a table whose rows are links: both required, and unique together.
fn ends(table: &Definition) -> Option<(&ForeignKey, &ForeignKey)> {
    let [one, other] = &table.keys[..] else { return None };
    let pair: Vec<String> = one.fields.iter().chain(&other.fields).cloned().collect();
    let is_apart = one.fields.iter().all(|field| !other.fields.contains(field));
    (is_apart && !table.is_optional(&pair) && table.unique_on(&pair).is_some()).then_some((one, other))
}
