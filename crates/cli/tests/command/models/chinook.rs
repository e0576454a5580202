//! A real schema: the music shop of the real data sets, as an SQLite file.
//!
//! The file is made of the set's tables, which are not part of the repository. Without them only what was written before is
//! compiled and formatted.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use relata::{Database, Model};
use rusqlite::Connection;
use serde_json::Value;

use super::written::chinook::{
    Album, Artist, Customer, Employee, Genre, Invoice, InvoiceLine, MediaType, Playlist, PlaylistTrack, Track, builder,
};
use super::{assert_expected, data, definition, sqlite};
use crate::{Folder, printed};

/// The folder of the set; `None`, and a line that says so, where it is not there.
fn folder_of_data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = env::var_os("RELATA_DATA").map_or_else(beside, PathBuf::from).join("chinook");
    if !folder.is_dir() {
        // Past the test's captured output: whoever reads the results is to know.
        let said = writeln!(
            std::io::stderr(),
            "SKIPPED: {} is not a folder: put the real data sets there, or name their folder in RELATA_DATA",
            folder.display()
        );
        said.unwrap();
        return None;
    }
    Some(folder)
}

fn json(folder: &Path, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
}

fn texts(value: &Value) -> String {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(", ")
}

/// The tables as the set's `schema.json` and `fk.json` have them, with the rows of its files.
fn chinook(set: &Path, path: &Path) -> Connection {
    let connection = sqlite(path, "");
    let keys = json(set, "fk.json");
    for (table, schema) in json(set, "schema.json").as_object().unwrap() {
        let columns = schema["columns"].as_array().unwrap();
        let mut parts: Vec<String> = columns
            .iter()
            .map(|column| {
                let (name, ty) = (column["name"].as_str().unwrap(), column["type"].as_str().unwrap());
                let required = if column["nullable"] == false { " NOT NULL" } else { "" };
                format!("{name} {ty}{required}")
            })
            .collect();
        parts.push(format!("PRIMARY KEY ({})", texts(&schema["primary_key"])));
        for key in keys.as_array().unwrap().iter().filter(|key| key["table"] == **table) {
            let (from, to) = (texts(&key["columns"]), texts(&key["ref_columns"]));
            let target = key["ref_table"].as_str().unwrap();
            parts.push(format!(
                "FOREIGN KEY ({from}) REFERENCES {target} ({to}) ON DELETE NO ACTION ON UPDATE NO ACTION"
            ));
        }
        connection.execute_batch(&format!("CREATE TABLE {table} ({})", parts.join(", "))).unwrap();
        let mut reader = csv::Reader::from_path(set.join(table).with_extension("csv")).unwrap();
        let places = vec!["NULLIF(?, '')"; columns.len()].join(", ");
        let insert = format!("INSERT INTO {table} ({}) VALUES ({places})", header(&mut reader));
        connection.execute_batch("BEGIN").unwrap();
        let mut statement = connection.prepare(&insert).unwrap();
        for record in reader.records() {
            statement.execute(rusqlite::params_from_iter(record.unwrap().iter())).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    connection
}

fn header(reader: &mut csv::Reader<std::fs::File>) -> String {
    reader.headers().unwrap().iter().collect::<Vec<_>>().join(", ")
}

fn load<M: Model>(db: &mut Database, connection: &Connection, expected: &Value) {
    let rows: Vec<M> = serde_json::from_value(data::rows(connection, M::NAME)).unwrap();
    assert_eq!(db.insert_many(rows).unwrap().len() as u64, expected[M::NAME]["rows"], "{}", M::NAME);
}

// behaviour D4: "Of an SQLite file"
#[test]
fn the_music_shop_is_written_and_its_rows_load() {
    let Some(set) = folder_of_data() else { return };
    let folder = Folder::new();
    let path = folder.path("chinook.sqlite");
    let connection = chinook(&set, &path);
    assert_expected(&printed(&["models", path.to_str().unwrap()]), &definition("chinook.rs"));

    let expected = json(&set, "schema.json");
    let mut db = builder().build().unwrap();
    load::<Artist>(&mut db, &connection, &expected);
    load::<Album>(&mut db, &connection, &expected);
    load::<MediaType>(&mut db, &connection, &expected);
    load::<Genre>(&mut db, &connection, &expected);
    load::<Track>(&mut db, &connection, &expected);
    load::<Playlist>(&mut db, &connection, &expected);
    load::<PlaylistTrack>(&mut db, &connection, &expected);
    load::<Employee>(&mut db, &connection, &expected);
    load::<Customer>(&mut db, &connection, &expected);
    load::<Invoice>(&mut db, &connection, &expected);
    load::<InvoiceLine>(&mut db, &connection, &expected);
    assert_eq!(db.check(), Ok(()));

    let (nineties, _) = db.find(Playlist::BY_PLAYLIST_ID, &5).unwrap();
    assert_eq!(db.row(nineties).unwrap().tracks().unwrap().count(), 1477);
    let (andrew, _) = db.find(Employee::BY_EMPLOYEE_ID, &1).unwrap();
    let below: Vec<String> = db.row(andrew).unwrap().employees().map(|employee| employee.first_name.clone()).collect();
    assert_eq!(below, ["Nancy", "Michael"]);
}
