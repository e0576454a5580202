//! The bodies of the fuzz targets: plain functions, which a test of the library replays over `seeds` as well.
//!
//! Checksums would keep a fuzzer out, so each input is tried twice: as it is, and with every checksum made right.

mod evolve;
mod first;
mod second;

use relata::snapshot::read_schema_from;
use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};

pub use evolve::evolve;

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    name: String,
    version: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package_name, package_version)))]
struct Dependency {
    package_name: String,
    package_version: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(parts: Part))]
struct Part {
    #[model(unique)]
    label: Option<String>,
    #[model(belongs_to, name = whole)]
    whole_id: Option<Id<Part>>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Package>().model::<Dependency>().model::<Part>().memory_limit(16 << 20)
}

/// Any bytes are refused, or are those of a consistent database that can be saved and loaded. Says whether they were loaded as they are.
pub fn load(bytes: &[u8]) -> bool {
    load_as_it_is(&mended(bytes));
    load_as_it_is(bytes)
}

fn load_as_it_is(bytes: &[u8]) -> bool {
    let Ok(db) = models().load_from(bytes) else { return false };
    assert_eq!(db.check(), Ok(()));
    let saved = saved(&db);
    let again = models().load_from(&saved[..]).expect("what was saved loads");
    assert!(saved == self::saved(&again), "the same state, the same bytes");
    true
}

fn saved(db: &Database) -> Vec<u8> {
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).expect("what was loaded can be saved");
    bytes
}

/// Any schema section is refused, or is a schema that can be drawn. Both formats have the same. Says whether it was read.
pub fn schema(content: &[u8]) -> bool {
    let files = [first::with_schema(content), second::with_schema(content)];
    let [first, second] = files.map(|file| read_schema_from(&file[..]).ok());
    assert_eq!(first, second, "both formats have the same schema");
    first.is_some_and(|schema| !schema.to_mermaid().is_empty())
}

/// The bytes with all checksums made right, as far as they are a file of the format that they name.
fn mended(bytes: &[u8]) -> Vec<u8> {
    match bytes.get(8) {
        Some(2) => second::mended(bytes),
        _ => first::mended(bytes),
    }
}
