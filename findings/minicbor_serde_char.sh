#!/usr/bin/env bash
# minicbor-serde: a character in an enum comes back as a number, and other CBOR libraries refuse it.
#
# Expected: an untagged enum takes the first variant that fits, says serde. No number is a character and CBOR tells
#   numbers from text, so a variant with a `char` and one with a `u32` can't be confused, in whatever order they stand.
#   So it is in JSON and in ciborium, another serde library for CBOR.
# Happens: minicbor-serde writes a character as its code point, a plain CBOR integer. Where the type is known it reads it
#   back; where serde has to ask the format what comes next it is told that it is a number. Untagged, the letter turns into
#   the number 65 without an error, although the variant with the letter stands first. In an internally tagged enum it is
#   written, and then it can't be read. ciborium does not take the integer for a character at all, nor minicbor-serde the
#   text of ciborium.
# Versions: minicbor-serde 0.7.2 with minicbor 2.3.1, ciborium 0.2.2, serde 1.0.229, serde_json 1.0.154.
# Source: https://serde.rs/enum-representations.html (untagged); https://docs.rs/minicbor-serde/0.7.2, which says nothing
#   of characters.
# Output seen:
#   serde_json: [Letter('A'), Number(66)] came back as [Letter('A'), Number(66)]
#   ciborium: [Letter('A'), Number(66)] came back as [Letter('A'), Number(66)]
#   minicbor-serde: [Letter('A'), Number(66)] came back as [Number(65), Number(66)]
#   minicbor-serde, a plain char: A came back
#   minicbor-serde, internally tagged: invalid type: integer `65`, expected a character
#   written by minicbor-serde as 1841, read by ciborium as a char: error
#   written by ciborium as 6141, read by minicbor-serde as a char: error
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
ciborium = "=0.2.2"
minicbor = "=2.3.1"
minicbor-serde = { version = "=0.7.2", features = ["std"] }
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = "=1.0.154"

[profile.dev]
debug = false
EOF
cat > src/main.rs <<'EOF'
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug)]
#[serde(untagged)]
enum Key {
    Letter(char),
    Number(u32),
}

#[derive(Serialize, Deserialize, Debug)]
#[serde(tag = "kind")]
enum Event {
    Pressed { key: char },
}

fn ciborium_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn outcome<T: std::fmt::Debug, E>(read: Result<T, E>) -> String {
    read.map_or("error".into(), |value| format!("{value:?}"))
}

fn main() {
    let keys = [Key::Letter('A'), Key::Number(66)];
    let read: Vec<Key> = serde_json::from_str(&serde_json::to_string(&keys).unwrap()).unwrap();
    println!("serde_json: {keys:?} came back as {read:?}");
    let read: Vec<Key> = ciborium::from_reader(&ciborium_bytes(&keys)[..]).unwrap();
    println!("ciborium: {keys:?} came back as {read:?}");
    let read: Vec<Key> = minicbor_serde::from_slice(&minicbor_serde::to_vec(&keys).unwrap()).unwrap();
    println!("minicbor-serde: {keys:?} came back as {read:?}");

    let plain = minicbor_serde::to_vec('A').unwrap();
    println!("minicbor-serde, a plain char: {} came back", minicbor_serde::from_slice::<char>(&plain).unwrap());
    let event = Event::Pressed { key: 'A' };
    let read: Event = ciborium::from_reader(&ciborium_bytes(&event)[..]).unwrap();
    assert!(matches!(read, Event::Pressed { key: 'A' }));
    let written = minicbor_serde::to_vec(&event).unwrap();
    let said = minicbor_serde::from_slice::<Event>(&written).unwrap_err().to_string();
    println!("minicbor-serde, internally tagged: {}", said.trim_start_matches("decode error: "));

    let read: Result<char, _> = ciborium::from_reader(&plain[..]);
    println!("written by minicbor-serde as {}, read by ciborium as a char: {}", hex(&plain), outcome(read));
    let text = ciborium_bytes(&'A');
    let read = minicbor_serde::from_slice::<char>(&text);
    println!("written by ciborium as {}, read by minicbor-serde as a char: {}", hex(&text), outcome(read));
}
EOF
CARGO_TARGET_DIR="$dir/target" cargo run --quiet > seen
cat seen
sed -n '/^# Output seen:$/,/^set /s/^#   //p' "$self" | diff - seen
