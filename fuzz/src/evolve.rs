//! Files of the models of the other targets, loaded by a program that has changed: fields added, renamed, wider and required, a
//! model renamed, one whose rows are migrated, rules that are new.

use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(title, version), unique(title))]
struct Package {
    #[serde(default)]
    keywords: Vec<String>,
    version: u64,
    #[serde(alias = "name")]
    title: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(was = "Dependency")]
struct Requirement {
    package_version: Option<u64>,
    #[model(belongs_to(Package, key_to = title), name = package)]
    package_name: String,
}

#[derive(Deserialize)]
struct OldPart {
    label: Option<String>,
    whole_id: Option<Id<Part>>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(version = 1, has_many(parts: Part))]
struct Part {
    #[model(unique)]
    label: String,
    #[model(belongs_to, name = whole, acyclic)]
    whole_id: Option<Id<Part>>,
}

fn models() -> DatabaseBuilder {
    Database::builder()
        .model::<Part>()
        .model::<Package>()
        .model::<Requirement>()
        .migrate::<OldPart, Part>(0, |old, context| {
            let label = old.label.unwrap_or_else(|| format!("unnamed {}", context.row()));
            if label.is_empty() {
                Err("a label without a letter".into())
            } else {
                Ok(Part { label, whole_id: old.whole_id })
            }
        })
        .drop_removed_models()
        .accept_violations()
        .memory_limit(16 << 20)
}

/// Any bytes are refused by the changed program, or give a database whose violations are those that are told, and that can be saved and
/// loaded. Says whether they were loaded as they are.
pub fn evolve(bytes: &[u8]) -> bool {
    load(&super::mended(bytes));
    load(bytes)
}

fn load(bytes: &[u8]) -> bool {
    let Ok((db, report)) = models().load_from_with_report(bytes) else { return false };
    assert_eq!(db.check().err().unwrap_or_default(), report.violations);
    let saved = saved(&db);
    let again = models().load_from(&saved[..]).expect("what was saved loads");
    assert!(saved == self::saved(&again), "the same state, the same bytes");
    true
}

fn saved(db: &Database) -> Vec<u8> {
    let mut bytes = Vec::new();
    db.saver().with_violations().save_to(&mut bytes).expect("what was loaded can be saved");
    bytes
}
