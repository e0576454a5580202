#!/usr/bin/env bash
# native_db: a key of two texts finds the row of another key, and a range up to and including a key leaves it out.
#
# Expected: ToKey is there for tuples, so a row can have a pair as its primary key. Pairs that differ are keys that differ,
#   in the order of their first parts and then of their second ones. A scan takes any RangeBounds: `..=3` holds 3.
# Happens: the key of a tuple is the bytes of its parts, one after the other, with nothing between them. ("ab", "c") and
#   ("a", "bc") are the same key: after an insert of one, the other is refused as a duplicate, and a get of the one that
#   was never stored returns the row of the other. Ranges of pairs are those of the texts run together. Parts that all have
#   one width, such as (u32, u32), are not affected. Apart from that, KeyRange::new makes `..end` of `..=end`, for primary
#   and secondary keys alike, while `start..=end` is kept. No case gives an error at a read.
# Versions: native_db 0.8.2, native_model 0.4.20.
# Source: https://docs.rs/native_db/0.8.2/native_db/trait.ToKey.html (tuples among its implementations);
#   https://docs.rs/native_db/0.8.2/src/native_db/db_type/key/key.rs.html (the macro for tuples, KeyRange::new).
# Output seen:
#   insert ("ab", "c"): stored
#   insert ("a", "bc"): Duplicate key for "1_1_path"
#   get ("a", "bc"): Some(("ab", "c"))
#   insert ("a", "z"): stored
#   all pairs in order: [("ab", "c"), ("a", "z")]
#   range from ("ab", "") on: [("ab", "c"), ("a", "z")]
#   primary keys 1..=3: [1, 2, 3]
#   primary keys ..=3: [1, 2]
#   secondary keys 10..=30: [10, 20, 30]
#   secondary keys ..=30: [10, 20]
set -euo pipefail

self=$(readlink -f "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src
cat > Cargo.toml <<'EOF'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
native_db = "=0.8.2"
native_model = "=0.4.20"
serde = { version = "=1.0.229", features = ["derive"] }

[profile.dev]
debug = false
EOF
cat > src/main.rs <<'EOF'
use native_db::{native_db, Builder, Models, ToKey};
use native_model::{native_model, Model};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[native_model(id = 1, version = 1)]
#[native_db]
struct File {
    #[primary_key]
    path: (String, String),
}

#[derive(Debug, Serialize, Deserialize)]
#[native_model(id = 2, version = 1)]
#[native_db]
struct Score {
    #[primary_key]
    id: u32,
    #[secondary_key]
    points: u32,
}

fn pair(folder: &str, name: &str) -> (String, String) {
    (folder.to_string(), name.to_string())
}

fn main() {
    let mut models = Models::new();
    models.define::<File>().unwrap();
    models.define::<Score>().unwrap();
    let db = Builder::new().create_in_memory(&models).unwrap();

    let rw = db.rw_transaction().unwrap();
    let insert = |path: (String, String)| {
        let inserted = rw.insert(File { path: path.clone() });
        let outcome = inserted.map_or_else(|error| error.to_string(), |()| "stored".to_string());
        println!("insert {path:?}: {outcome}");
    };
    insert(pair("ab", "c"));
    insert(pair("a", "bc"));
    let found: Option<File> = rw.get().primary(pair("a", "bc")).unwrap();
    println!("get {:?}: {:?}", pair("a", "bc"), found.map(|file| file.path));
    insert(pair("a", "z"));
    for id in 1..=5 {
        rw.insert(Score { id, points: id * 10 }).unwrap();
    }
    rw.commit().unwrap();

    let r = db.r_transaction().unwrap();
    let files = r.scan().primary::<File>().unwrap();
    let all: Vec<_> = files.all().unwrap().map(|file| file.unwrap().path).collect();
    println!("all pairs in order: {all:?}");
    let from: Vec<_> = files.range(pair("ab", "")..).unwrap().map(|file| file.unwrap().path).collect();
    println!("range from {:?} on: {from:?}", pair("ab", ""));

    let scores = r.scan().primary::<Score>().unwrap();
    let closed: Vec<u32> = scores.range(1u32..=3).unwrap().map(|score| score.unwrap().id).collect();
    println!("primary keys 1..=3: {closed:?}");
    let up_to: Vec<u32> = scores.range(..=3u32).unwrap().map(|score| score.unwrap().id).collect();
    println!("primary keys ..=3: {up_to:?}");
    let scores = r.scan().secondary::<Score>(ScoreKey::points).unwrap();
    let closed: Vec<u32> = scores.range(10u32..=30).unwrap().map(|score| score.unwrap().points).collect();
    println!("secondary keys 10..=30: {closed:?}");
    let up_to: Vec<u32> = scores.range(..=30u32).unwrap().map(|score| score.unwrap().points).collect();
    println!("secondary keys ..=30: {up_to:?}");
}
EOF
CARGO_TARGET_DIR="$dir/target" cargo run --quiet > seen
cat seen
sed -n '/^# Output seen:$/,/^set /s/^#   //p' "$self" | diff - seen
