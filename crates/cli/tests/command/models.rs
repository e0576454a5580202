//! Definitions from outside: the source that is written of them, compared with what is committed, compiled, and filled.

mod chinook;
mod comments;
mod data;
mod page;
mod written;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Folder, printed, relata};

/// A file of `tests/definitions`.
pub(crate) fn definition(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions").join(name);
    path.to_str().unwrap().to_owned()
}

/// Asserts that a text is that of a committed file. `RELATA_WRITE_EXPECTED=1` writes the file, for a look at what changed.
pub(crate) fn assert_expected(text: &str, file: &str) {
    if std::env::var_os("RELATA_WRITE_EXPECTED").is_some() {
        std::fs::write(file, text).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap();
    assert!(text == expected, "{file} is not what is written now:\n{text}");
}

/// An SQLite file with what a script makes.
pub(crate) fn sqlite(path: &Path, script: &str) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    // Some of them are wrong on purpose.
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch(script).unwrap();
    connection
}

/// The file of `registry.sql`.
pub(crate) fn registry(folder: &Folder) -> (PathBuf, rusqlite::Connection) {
    let path = folder.path("registry.sqlite");
    let connection = sqlite(&path, &std::fs::read_to_string(definition("registry.sql")).unwrap());
    (path, connection)
}

// behaviour D6: "The same files give the same source"
#[test]
fn definitions_of_loopback_give_the_source_that_is_expected() {
    for (sources, expected) in [
        (&["shop/customer.json", "shop/order.json", "shop/address.json"][..], "shop.rs"),
        (&["shop_by_id/models.json"], "shop_by_id.rs"),
        (&["tree/category.json"], "tree.rs"),
        (&["clinic/models.json"], "clinic.rs"),
        (&["discovery.json"], "discovery.rs"),
    ] {
        let sources: Vec<String> = sources.iter().map(|source| definition(source)).collect();
        let arguments: Vec<&str> = std::iter::once("models").chain(sources.iter().map(String::as_str)).collect();
        let text = printed(&arguments);
        assert_expected(&text, &definition(expected));
        assert_eq!(text, printed(&arguments), "a second time");
    }
}

// behaviour D6: "The same files give the same source"
#[test]
fn a_schema_of_sqlite_gives_the_source_that_is_expected() {
    let folder = Folder::new();
    let (path, _open) = registry(&folder);
    assert_expected(&printed(&["models", path.to_str().unwrap()]), &definition("registry.rs"));
}

// behaviour D6: "it compiles, and rustfmt leaves it as it is"
#[test]
fn rustfmt_leaves_the_source_as_it_is() {
    let folder = Folder::new();
    let rules = folder.write("rustfmt.toml", b"");
    for file in ["chinook", "clinic", "discovery", "registry", "shop", "shop_by_id", "tree"] {
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.args(["--edition", "2024", "--check", "--config-path", &rules, &definition(&format!("{file}.rs"))]);
        let output = rustfmt.output().expect("rustfmt is there: a component of the toolchain");
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn out_is_a_file() {
    let folder = Folder::new();
    let out = folder.write("models.rs", b"older");
    assert_eq!(printed(&["models", &definition("tree/category.json"), "--out", &out]), "");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), std::fs::read_to_string(definition("tree.rs")).unwrap());
}

#[test]
fn what_is_no_definition_is_an_error_that_says_so() {
    let folder = Folder::new();
    let damaged = [b"SQLite format 3\0".as_slice(), &[7; 200]].concat();
    for (name, bytes, why) in [
        ("a.json", b"{\"name\": \"A\"".as_slice(), "a.json: this is no JSON: EOF while parsing an object at line 1"),
        ("b.json", b"[1]", "b.json: this is no model definition"),
        ("c.json", b"{\"properties\": {}}", "c.json: a model has no `name`"),
        ("d.bin", &[0xff, 0xfe], "d.bin: this is neither an SQLite file nor a model definition in JSON"),
        ("e.json", b"[]", "e.json: no table and no model is in there"),
        ("f.sqlite", &damaged, "f.sqlite: "),
    ] {
        let ended = relata(&["models", &folder.write(name, bytes)]);
        assert!(ended.code == 2 && ended.err.contains(why) && ended.out.is_empty(), "{name}: {}", ended.err);
    }
    let twice = definition("tree/category.json");
    let ended = relata(&["models", &twice, &twice]);
    assert_eq!((ended.code, ended.err.as_str()), (2, "relata: two models are called `Category`\n"));
    let missing = relata(&["models", &folder.name("missing.json")]);
    assert!(missing.code == 2 && missing.err.contains("cannot open"), "{}", missing.err);
}
