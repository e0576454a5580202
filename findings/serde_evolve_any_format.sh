#!/usr/bin/env bash
# serde-evolve: the wrapper that keeps old files readable makes files that no version reads.
#
# Expected: "Works with any serde format (JSON, bincode, etc.)", says the README, and names archives that must stay
#   accessible as a use. A type that a format writes and reads should still do so as the one link of a chain of versions.
# Happens: the versions are an internally tagged enum, which is written as the struct with one field more but is read by
#   way of serde's buffer. bincode, which the README names, and postcard write the file without an error and can't read
#   it. JSON and TOML lose maps with integers for keys, which both read where the struct stands alone; RON and
#   MessagePack, whose integers stay integers, do not. All of it shows on the first load, never on the save.
# Versions: serde-evolve 0.1.0, serde 1.0.229, bincode 1.3.3, postcard 1.2.0, serde_json 1.0.154, toml 1.2.2, ron 0.12.3,
#   rmp-serde 1.3.1.
# Source: https://docs.rs/crate/serde-evolve/0.1.0 (README, "Key Features" and "Use Cases"); keys in serde's buffer:
#   https://github.com/serde-rs/serde/issues/1183.
# Output seen:
#   bincode: alone comes back; in a chain of versions: bincode cannot read what it wrote
#   postcard: alone comes back; in a chain of versions: postcard cannot read what it wrote
#   serde_json: alone comes back; in a chain of versions: serde_json cannot read what it wrote
#   toml: alone comes back; in a chain of versions: toml cannot read what it wrote
#   ron: alone comes back; in a chain of versions: comes back
#   rmp_serde: alone comes back; in a chain of versions: comes back
#   serde_json wrote {"_version":"1","names":{"1":"Ann"}}
#   serde_json said: invalid type: string "1", expected u32
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
bincode = "=1.3.3"
postcard = { version = "=1.2.0", features = ["use-std"] }
rmp-serde = "=1.3.1"
ron = "=0.12.3"
serde = { version = "=1.0.229", features = ["derive"] }
serde-evolve = "=0.1.0"
serde-evolve-macros = "=0.1.0"
serde_json = "=1.0.154"
toml = "=1.2.2"

[profile.dev]
debug = false
EOF
cat > src/main.rs <<'EOF'
use serde::{Deserialize, Serialize};
use serde_evolve::Versioned;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Save1 {
    names: BTreeMap<u32, String>,
}

#[derive(Clone, Debug, PartialEq, Versioned)]
#[versioned(mode = "infallible", chain(Save1), transparent = true)]
pub struct Save {
    names: BTreeMap<u32, String>,
}

impl From<Save1> for Save {
    fn from(save: Save1) -> Self {
        Save { names: save.names }
    }
}

impl From<&Save> for Save1 {
    fn from(save: &Save) -> Self {
        Save1 { names: save.names.clone() }
    }
}

/// Writing has to succeed: only reading is in question.
macro_rules! try_format {
    ($format:ident, $write:path, $read:path) => {{
        let save = Save { names: BTreeMap::from([(1, "Ann".to_string())]) };
        let alone = Save1::from(&save);
        let written = $write(&alone).expect("alone, it is written");
        assert_eq!($read(&written).ok(), Some(alone), "alone, it comes back");
        let written = $write(&save).expect("in a chain, it is written");
        let read: Result<Save, _> = $read(&written);
        let outcome = match read {
            Ok(read) => {
                assert_eq!(read, save);
                "comes back".to_string()
            }
            Err(_) => format!("{} cannot read what it wrote", stringify!($format)),
        };
        println!("{}: alone comes back; in a chain of versions: {outcome}", stringify!($format));
    }};
}

fn main() {
    try_format!(bincode, bincode::serialize, bincode::deserialize);
    try_format!(postcard, postcard::to_stdvec, postcard::from_bytes);
    try_format!(serde_json, serde_json::to_string, serde_json::from_str);
    try_format!(toml, toml::to_string, toml::from_str);
    try_format!(ron, ron::to_string, ron::from_str);
    try_format!(rmp_serde, rmp_serde::to_vec_named, rmp_serde::from_slice);

    let save = Save { names: BTreeMap::from([(1, "Ann".to_string())]) };
    let written = serde_json::to_string(&save).unwrap();
    println!("serde_json wrote {written}");
    let said = serde_json::from_str::<Save>(&written).unwrap_err().to_string();
    println!("serde_json said: {said}");
}
EOF
CARGO_TARGET_DIR="$dir/target" cargo run --quiet > seen
cat seen
sed -n '/^# Output seen:$/,/^set /s/^#   //p' "$self" | diff - seen
