#!/usr/bin/env bash
# imbl, im: a `Clone` that panics in `push_back` leaves a shared vector with a length that its elements never reach.
#
# Expected: a persistent vector copies a chunk that a clone shares before it writes to it, by `Clone` of the
#   elements. If that panics, the push has not been made: the vector can be read, and its length is the number of
#   its elements. So it is in imbl's `HashMap`, which copies what it shares as well, and in rpds, which clones one
#   element.
# Happens: the length is raised first. After the panic the vector says that it has 2001 elements and holds 2000;
#   `get(2000)`, `last` and iterating panic. It does not heal: pop and push go on, and the length stays one ahead,
#   so that each iteration over the vector panics from then on. The clone beside it is whole. im, from which imbl
#   was forked, does the same.
# Versions: imbl 7.0.2, im 15.1.0, rpds 1.2.1.
# Source: https://docs.rs/imbl/7.0.2/imbl/vector/struct.GenericVector.html, which says of `push_back` what it costs,
#   and of panics nothing.
# Output seen:
#   imbl::Vector, push_back: panics
#     len 2001, get(1999) Some(1999), get(2000) panics, last panics, counted panics
#     pop_back: Some(1999)
#     push_back again: (), len 2001, last panics, counted panics
#     its clone: len 2000, counted 2000
#   im::Vector, push_back: panics
#     len 2001, get(1999) Some(1999), get(2000) panics, last panics, counted panics
#     pop_back: Some(1999)
#     push_back again: (), len 2001, last panics, counted panics
#     its clone: len 2000, counted 2000
#   imbl::HashMap, insert: panics
#     len 2000, counted 2000
#   rpds::Vector, get_mut: panics
#     len 2000, counted 2000
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
im = "=15.1.0"
imbl = "=7.0.2"
rpds = "=1.2.1"

[profile.dev]
debug = false
EOF
cat > src/main.rs <<'EOF'
use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{catch_unwind, AssertUnwindSafe};

thread_local! {
    /// Whether the next clone panics.
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

#[derive(Debug)]
struct Element(u32);

impl Clone for Element {
    fn clone(&self) -> Self {
        assert!(!PANICS.replace(false), "on purpose");
        Element(self.0)
    }
}

fn outcome<T: Debug>(read: impl FnOnce() -> T) -> String {
    catch_unwind(AssertUnwindSafe(read)).map_or("panics".to_owned(), |value| format!("{value:?}"))
}

macro_rules! push_back {
    ($library:ident) => {{
        let name = concat!(stringify!($library), "::Vector");
        let mut written: $library::Vector<Element> = (0..2_000).map(Element).collect();
        let clone = written.clone();
        PANICS.set(true);
        println!("{name}, push_back: {}", outcome(|| written.push_back(Element(2_000))));
        PANICS.set(false);
        println!("  len {}, get(1999) {}, get(2000) {}, last {}, counted {}",
            written.len(),
            outcome(|| written.get(1_999).map(|element| element.0)),
            outcome(|| written.get(2_000).map(|element| element.0)),
            outcome(|| written.last().map(|element| element.0)),
            outcome(|| written.iter().count()),
        );
        println!("  pop_back: {}", outcome(|| written.pop_back().map(|element| element.0)));
        println!("  push_back again: {}, len {}, last {}, counted {}",
            outcome(|| written.push_back(Element(2_001))),
            written.len(),
            outcome(|| written.last().map(|element| element.0)),
            outcome(|| written.iter().count()),
        );
        println!("  its clone: len {}, counted {}", clone.len(), outcome(|| clone.iter().count()));
    }};
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    push_back!(imbl);
    push_back!(im);
    let mut written: imbl::HashMap<u32, Element> = (0..2_000).map(|n| (n, Element(n))).collect();
    let _clone = written.clone();
    PANICS.set(true);
    println!("imbl::HashMap, insert: {}", outcome(|| drop(written.insert(2_000, Element(2_000)))));
    println!("  len {}, counted {}", written.len(), outcome(|| written.iter().count()));
    PANICS.set(false);
    let mut written: rpds::Vector<Element> = (0..2_000).map(Element).collect();
    let _clone = written.clone();
    PANICS.set(true);
    println!("rpds::Vector, get_mut: {}", outcome(|| written.get_mut(0).map(|e| e.0 = 9)));
    println!("  len {}, counted {}", written.len(), outcome(|| written.iter().count()));
}
EOF
CARGO_TARGET_DIR="$dir/target" cargo run --quiet > seen
cat seen
sed -n '/^# Output seen:$/,/^set /s/^#   //p' "$self" | diff - seen
