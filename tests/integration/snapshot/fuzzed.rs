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

/// Proves first that the seeds are not all refused before anything is tried: so many are of use as they are.
fn replay(target: &str, least: usize, body: fn(&[u8]) -> bool) {
    let seeds = seeds(target);
    let good = seeds.iter().filter(|seed| body(seed)).count();
    assert!(good >= least, "{good} of {} seeds of `{target}` are taken", seeds.len());
    for seed in seeds {
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
    replay("load", 4, bodies::load);
}

#[test]
fn schemas_with_a_byte_changed_are_read_or_refused() {
    replay("schema", 2, bodies::schema);
}

/// HOSTILE 24 and 25: the same where the program has changed
#[test]
fn seeds_with_a_byte_changed_load_consistently_across_changes_or_not_at_all() {
    replay("evolve", 2, bodies::evolve);
}
