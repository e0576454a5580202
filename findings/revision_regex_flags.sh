#!/usr/bin/env bash
# revision with regex: a pattern comes back with the same text and matches something else.
#
# Expected: revision lists regex::Regex among the primitives that it stores, beside integers and strings, and sets it no
#   condition. A pattern that was stored should match the same text when it is loaded.
# Happens: it stores what Regex::as_str returns, which is the text that the pattern was built from. What was said to a
#   RegexBuilder (case_insensitive, multi_line, swap_greed ...) is not part of it and is gone, without an error. Regex
#   has no ==, so a test of the round trip compares as_str(), as revision's own test does, and sees no difference.
#   The same flags within the text, (?i), come back.
# Versions: revision 0.30.0, regex 1.13.2.
# Source: https://docs.rs/revision/0.30.0 (list of types); that as_str leaves the flags out:
#   https://github.com/rust-lang/regex/issues/246.
# Output seen:
#   RegexBuilder, case_insensitive: matches Ann before true, after false, as_str equal true
#   RegexBuilder, swap_greed: finds in <a><b> before "<a>", after "<a><b>", as_str equal true
#   (?i) in the text: matches Ann before true, after true, as_str equal true
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
regex = "=1.13.2"
revision = { version = "=0.30.0", features = ["regex"] }

[profile.dev]
debug = false
EOF
cat > src/main.rs <<'EOF'
use regex::{Regex, RegexBuilder};
use revision::revisioned;

#[revisioned(revision = 1)]
struct Filter {
    pattern: Regex,
}

fn stored_and_loaded(pattern: &Regex) -> Regex {
    let bytes = revision::to_vec(&Filter { pattern: pattern.clone() }).unwrap();
    revision::from_slice::<Filter>(&bytes).unwrap().pattern
}

fn matches(how: &str, before: &Regex) {
    let after = stored_and_loaded(before);
    let (was, is) = (before.is_match("Ann"), after.is_match("Ann"));
    println!("{how}: matches Ann before {was}, after {is}, as_str equal {}", before.as_str() == after.as_str());
}

fn main() {
    matches("RegexBuilder, case_insensitive", &RegexBuilder::new("^ann$").case_insensitive(true).build().unwrap());

    let before = RegexBuilder::new("<.+>").swap_greed(true).build().unwrap();
    let after = stored_and_loaded(&before);
    let found = |pattern: &Regex| pattern.find("<a><b>").map(|found| found.as_str()).unwrap_or_default();
    let equal = before.as_str() == after.as_str();
    println!(
        "RegexBuilder, swap_greed: finds in <a><b> before {:?}, after {:?}, as_str equal {equal}",
        found(&before),
        found(&after)
    );

    matches("(?i) in the text", &Regex::new("(?i)^ann$").unwrap());
}
EOF
CARGO_TARGET_DIR="$dir/target" cargo run --quiet > seen
cat seen
sed -n '/^# Output seen:$/,/^set /s/^#   //p' "$self" | diff - seen
