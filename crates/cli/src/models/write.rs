//! Source of Rust: what has been resolved, as text.

use std::fmt::Write;

/// The longest line, which is rustfmt's.
const WIDTH: usize = 100;

/// All of a file.
pub(super) struct File {
    /// Said before everything else.
    pub(super) head: Vec<String>,
    pub(super) has_ids: bool,
    pub(super) has_points: bool,
    pub(super) structs: Vec<Struct>,
}

/// A model.
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) notes: Vec<String>,
    /// The items of `#[model(..)]`, each on a line of its own.
    pub(super) items: Vec<String>,
    pub(super) rename_all: Option<&'static str>,
    pub(super) fields: Vec<Field>,
}

/// A field of a model.
pub(super) struct Field {
    /// As it is written, with the `r#` of a keyword.
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) description: Option<String>,
    pub(super) notes: Vec<String>,
    /// The items of `#[model(..)]`.
    pub(super) items: Vec<String>,
    pub(super) rename: Option<String>,
}

impl File {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for note in &self.head {
            comment(&mut text, "//", note);
        }
        let id = if self.has_ids { "Id, " } else { "" };
        let _ = write!(text, "\nuse relata::{{Database, DatabaseBuilder, {id}Model}};\n");
        text.push_str("use serde::{Deserialize, Serialize};\n");
        for one in &self.structs {
            one.write(&mut text);
        }
        if self.has_points {
            text.push_str("\n/// A place on the earth, in degrees.\n");
            text.push_str("#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]\n");
            text.push_str("pub struct GeoPoint {\n    pub lat: f64,\n    pub lng: f64,\n}\n");
        }
        self.write_builder(&mut text);
        text
    }

    fn write_builder(&self, text: &mut String) {
        text.push_str("\n/// A builder with every model above.\npub fn builder() -> DatabaseBuilder {\n");
        let calls: Vec<String> = self.structs.iter().map(|one| format!(".model::<{}>()", one.name)).collect();
        let line = format!("Database::builder(){}", calls.concat());
        // rustfmt's width of a chain.
        if line.len() <= 60 {
            let _ = writeln!(text, "    {line}");
        } else {
            text.push_str("    Database::builder()\n");
            for call in calls {
                let _ = writeln!(text, "        {call}");
            }
        }
        text.push_str("}\n");
    }
}

impl Struct {
    fn write(&self, text: &mut String) {
        text.push('\n');
        if let Some(description) = &self.description {
            comment(text, "///", description);
        }
        for note in &self.notes {
            comment(text, "//", note);
        }
        text.push_str("#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]\n");
        for item in &self.items {
            attribute(text, "", item);
        }
        if let Some(rule) = self.rename_all {
            let _ = writeln!(text, "#[serde(rename_all = \"{rule}\")]");
        }
        if self.fields.is_empty() {
            let _ = writeln!(text, "pub struct {} {{}}", self.name);
            return;
        }
        let _ = writeln!(text, "pub struct {} {{", self.name);
        for field in &self.fields {
            if let Some(description) = &field.description {
                comment(text, "    ///", description);
            }
            for note in &field.notes {
                comment(text, "    //", note);
            }
            for items in lines(&field.items) {
                attribute(text, "    ", &items);
            }
            if let Some(name) = &field.rename {
                let _ = writeln!(text, "    #[serde(rename = {name:?})]");
            }
            let _ = writeln!(text, "    pub {}: {},", field.name, field.ty);
        }
        text.push_str("}\n");
    }
}

/// Items of a field, as many in each attribute as its line has room for.
fn lines(items: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if "    #[model(, )]".len() + line.len() + item.len() <= WIDTH => {
                line.push_str(", ");
                line.push_str(item);
            }
            _ => lines.push(item.clone()),
        }
    }
    lines
}

/// `#[model(..)]` with one item, or with a line for each part of it where it is too long.
fn attribute(text: &mut String, indent: &str, item: &str) {
    let line = format!("{indent}#[model({item})]");
    let parts = item.strip_suffix(')').and_then(|item| item.split_once('('));
    match parts.filter(|_| line.len() > WIDTH) {
        None => {
            let _ = writeln!(text, "{line}");
        }
        Some((word, inside)) => {
            let parts = parts_of(inside).join(&format!(",\n{indent}    "));
            let _ = writeln!(text, "{indent}#[model({word}(\n{indent}    {parts}\n{indent}))]");
        }
    }
}

/// What stands between the commas that are in no parentheses and no text.
fn parts_of(inside: &str) -> Vec<&str> {
    let (mut is_text, mut is_escaped, mut depth, mut start) = (false, false, 0, 0);
    let mut parts = Vec::new();
    for (place, letter) in inside.char_indices() {
        match letter {
            '"' if !is_escaped => is_text = !is_text,
            '(' if !is_text => depth += 1,
            ')' if !is_text => depth -= 1,
            ',' if !is_text && depth == 0 => {
                parts.push(inside[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    parts.push(inside[start..].trim());
    parts
}

/// A comment in lines that are not too long. Whatever the text has, no line of it is code.
fn comment(text: &mut String, mark: &str, what: &str) {
    let mut line = String::new();
    let safe: String = what.chars().map(|letter| if is_plain(letter) { letter } else { ' ' }).collect();
    for word in safe.split_whitespace() {
        if !line.is_empty() && mark.len() + line.chars().count() + word.chars().count() + 2 > WIDTH {
            let _ = writeln!(text, "{mark} {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "{mark} {line}");
    }
}

/// Neither a control character nor one that changes the direction in which text is read, which rustc refuses.
fn is_plain(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
