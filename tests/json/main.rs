//! Databases as lines of JSON: what `docs/json.md` promises, beside what a file does with the same state.
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, its helpers too")]

mod evolve;
mod hostile;
mod round_trip;
#[path = "../format/schemas.rs"]
mod schemas;
mod table;
#[path = "../format/town.rs"]
mod town;
#[path = "../../examples/snapshot_upgrade.rs"]
#[allow(dead_code, reason = "it is the models of its three releases that are used")]
mod upgrade;
mod values;

use relata::Database;

fn saved(db: &Database) -> Vec<u8> {
    let mut bytes = Vec::new();
    db.saver().with_violations().save_to(&mut bytes).unwrap();
    bytes
}

fn exported(db: &Database) -> String {
    let mut text = Vec::new();
    db.saver().with_violations().export_json(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Numbers without a pattern, the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound as u64) as usize
    }
}
