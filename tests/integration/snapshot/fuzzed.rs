//! The bodies of the fuzz targets over their seeds, and over every seed with one byte changed.

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, missing_docs, reason = "a crate of its own when it fuzzes")]
mod bodies;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 3, "{paths:?}");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn replay(target: &str, body: fn(&[u8])) {
    for seed in seeds(target) {
        body(&seed);
        for place in 0..seed.len() {
            for change in [0xff, 0x01, 0x80] {
                let mut changed = seed.clone();
                changed[place] ^= change;
                body(&changed);
            }
        }
    }
}

/// HOSTILE 24 and 25: right checksums over wrong content end in an error or in a consistent database
#[test]
fn seeds_with_a_byte_changed_load_consistently_or_not_at_all() {
    replay("load", bodies::load);
}

#[test]
fn schemas_with_a_byte_changed_are_read_or_refused() {
    replay("schema", bodies::schema);
}
