//! What relata cannot say stands in the source as a comment.

use super::{definition, sqlite};
use crate::{Folder, printed};

/// Asserts that comments stand in a source, whatever lines they are broken into.
fn assert_comments(source: &str, comments: &[&str]) {
    let words: Vec<&str> = source.split_whitespace().filter(|word| *word != "//").collect();
    let text = words.join(" ");
    for comment in comments {
        assert!(text.contains(comment), "{comment:?} is not in\n{source}");
    }
}

// behaviour D5: "What relata cannot say is a comment beside its model or field, with the reason"
#[test]
fn what_loopback_says_and_relata_does_not_is_a_comment() {
    let source = printed(&["models", &definition("clinic/models.json")]);
    assert_comments(
        &source,
        &[
            "hasMany `pictures`: it is polymorphic",
            "belongsTo `imageable`: it is polymorphic",
            "A `Contact` within itself would have no end",
            "A `Contact` within the row is a value",
            "`any`: no type of Rust says what this holds",
            "`buffer`: no type of Rust says what this holds",
            "`default: []`: a row is a struct",
            "`validations`: relata enforces keys and types",
            "belongsTo `insurer`: no file that was given defines its model `Insurer`.",
            "referencesMany `favourites`: relata enforces lists of its own ids",
            "hasMany `physicians`: its `scope` is left out",
            "belongsTo added for hasMany `notes` of Physician",
            "Foreign key wardName: relata's keys refer to unique ones, and name of `Ward` is none.",
            "Foreign key nurseId: it has 1 field, and the key of `Nurse` has 2.",
            "Relation `nurses` to Nurse: the key that it is the other end of is left out.",
            "Relation `ward`: the name `get` is taken",
            "sortsInto `kinds`: there is no relation of this type.",
        ],
    );
}

// behaviour D5: "What relata cannot say is a comment beside its model or field, with the reason"
#[test]
fn what_sqlite_says_and_relata_does_not_is_a_comment() {
    let folder = Folder::new();
    let (path, _open) = super::registry(&folder);
    assert_comments(
        &printed(&["models", path.to_str().unwrap()]),
        &[
            "No primary key: relata's own id tells the rows apart.",
            "Foreign key line: it refers to the primary key of `log`, which has none.",
            "Foreign key display: relata's keys refer to unique ones, and Display Name of `account` is none.",
            "Foreign key nowhere: there is no `missing`.",
            "Unique index `one_long_line`: it has a WHERE",
            "Unique index `lower_line`: it is over an expression",
            "Unique key amount: a number with a fraction can be in no key",
            "Unique key on email by NOCASE",
            "SET NULL of the key author: it cannot be absent",
            "INITIALLY DEFERRED",
            "CHECK: relata enforces keys and types",
            "Trigger `log_accounts`",
            "View `emails`",
            "DEFAULT 'en'",
            "Generated column",
            "Declared as a text: a key has the type of what it refers to.",
            "`GEOMETRY`: no type of Rust says what this holds",
        ],
    );
}

#[test]
fn tables_of_which_relata_has_no_like() {
    let folder = Folder::new();
    let path = folder.path("odd.sqlite");
    let _open = sqlite(
        &path,
        "CREATE TABLE seven (a INT, b INT, c INT, d INT, e INT, f INT, g INT, h INT, UNIQUE (a, b, c, d, e, f, g), PRIMARY KEY (b, c, d, e, f, g, h));
         CREATE TABLE scale (grams REAL PRIMARY KEY);
         CREATE TABLE pan (id INTEGER PRIMARY KEY, grams REAL REFERENCES scale);
         CREATE TABLE \"Option\" (\"fn\" INTEGER PRIMARY KEY, \"2nd\" TEXT, \"2nd \" TEXT);
         CREATE TABLE choice (x INTEGER DEFAULT (1 + 1) REFERENCES option ON DELETE SET DEFAULT);",
    );
    let source = printed(&["models", path.to_str().unwrap()]);
    assert_comments(
        &source,
        &[
            "Unique key a, b, c, d, e, f, g: one of relata has at most 6 fields.",
            "Primary key b, c, d, e, f, g, h: one of relata has at most 6 fields.",
            "Primary key grams: a number with a fraction can be in no key",
            "Foreign key grams: a number with a fraction can be in no key",
            "ON DELETE SET DEFAULT of the key x: the default of a key is a number or a text",
            "pub struct OptionRow {",
            "pub r#fn: i64,",
            "#[serde(rename = \"2nd\")] pub _2nd: Option<String>, #[serde(rename = \"2nd \")] pub _2nd_2: Option<String>,",
        ],
    );
}

// behaviour D5: "whatever a text from outside has in it, no line of it is code"
#[test]
fn no_text_from_outside_becomes_code() {
    let folder = Folder::new();
    let hostile = "x\u{2028}\n}\rmod evil {} /* \u{202e} */ \"#)]";
    let model = serde_json::json!({
        "name": format!("A{hostile}"),
        "description": hostile,
        "properties": { hostile: { "type": "string", "description": hostile, "default": hostile }, "": "string" },
        "relations": { hostile: { "type": hostile, "model": hostile } }
    });
    let file = folder.write("a.json", model.to_string().as_bytes());
    let source = printed(&["models", &file]);
    for line in source.lines().filter(|line| line.contains("evil")) {
        let line = line.trim_start();
        let is_text = line.starts_with("#[model(table = \"") || line.starts_with("#[serde(rename = \"");
        assert!(
            line.starts_with("//") || is_text || line.contains("AxModEvil") || line.contains("pub x_mod_evil"),
            "{line}"
        );
    }
    assert!(!source.contains(['\u{202e}', '\r']), "{source}");
    syn::parse_file(&source).unwrap_or_else(|error| panic!("{error}: {source}"));
}
