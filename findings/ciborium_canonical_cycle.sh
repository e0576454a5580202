#!/usr/bin/env bash
# ciborium: the canonical order of tagged values runs in a circle, so a BTreeMap loses keys that it holds.
#
# Expected: CanonicalValue is documented as a value with Ord and Eq, to be the key of sorted maps, in the order of RFC 7049
#   section 3.9: the key with the shorter encoding comes first, and equal lengths compare byte by byte. A map sorted by it
#   should not depend on the order of insertion, and should find what it holds.
# Happens: two tagged values are compared by tag and content, whatever their lengths; a tagged value and any other are
#   compared by length. A URI (tag 32, 30 bytes) comes before a date (tag 100, 3 bytes), the date before a text of 12
#   bytes, and the text before the URI. A map of these three keeps them in one of three orders, by the order in which they
#   were put in, and one key that it prints is not found. Nothing fails while it is built, written or read.
# Versions: ciborium 0.2.2.
# Source: https://docs.rs/ciborium/0.2.2/ciborium/value/struct.CanonicalValue.html; asked for as keys of maps in
#   https://github.com/enarx/ciborium/issues/28, where tags are not mentioned.
# Output seen:
#   uri 30 bytes < date 3 bytes: true
#   date 3 bytes < text 12 bytes: true
#   text 12 bytes < uri 30 bytes: true
#   insert uri, date, text: holds text, uri, date; get finds uri, text
#   insert uri, text, date: holds date, text, uri; get finds date, text
#   insert date, uri, text: holds text, uri, date; get finds uri, text
#   insert date, text, uri: holds uri, date, text; get finds uri, date
#   insert text, uri, date: holds date, text, uri; get finds date, text
#   insert text, date, uri: holds uri, date, text; get finds uri, date
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

[profile.dev]
debug = false
EOF
cat > src/main.rs <<'EOF'
use ciborium::value::{CanonicalValue, Value};
use std::collections::BTreeMap;

fn encoded(value: &Value) -> usize {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes.len()
}

fn main() {
    let uri = Value::Tag(32, Box::new(Value::from("https://relay.example/long")));
    let date = Value::Tag(100, Box::new(Value::from(7)));
    let keys = [("uri", uri), ("date", date), ("text", Value::from("a.long.name"))];
    let key = |at: usize| CanonicalValue::from(keys[at].1.clone());

    for (a, b) in [(0, 1), (1, 2), (2, 0)] {
        let (a_len, b_len) = (encoded(&keys[a].1), encoded(&keys[b].1));
        println!("{} {a_len} bytes < {} {b_len} bytes: {}", keys[a].0, keys[b].0, key(a) < key(b));
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let map: BTreeMap<_, _> = {
            let mut map = BTreeMap::new();
            for at in order {
                map.insert(key(at), keys[at].0);
            }
            map
        };
        let inserted = order.map(|at| keys[at].0).join(", ");
        let holds = map.values().copied().collect::<Vec<_>>().join(", ");
        let found = (0..3).filter_map(|at| map.get(&key(at)).copied()).collect::<Vec<_>>().join(", ");
        println!("insert {inserted}: holds {holds}; get finds {found}");
    }
}
EOF
CARGO_TARGET_DIR="$dir/target" cargo run --quiet > seen
cat seen
sed -n '/^# Output seen:$/,/^set /s/^#   //p' "$self" | diff - seen
