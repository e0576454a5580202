//! The body of the fuzz target `data` over its seeds, over every seed with one byte changed, and over parts of two seeds.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/src/data.rs"]
#[allow(unreachable_pub, missing_docs, reason = "a crate of its own when it fuzzes")]
mod body;

// behaviours N4 and N7
#[test]
fn the_seeds_of_the_fuzz_target_and_what_is_near_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/data");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 6, "{paths:?}");
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    for (number, seed) in seeds.iter().enumerate() {
        body::data(seed);
        let other = &seeds[(number + 1) % seeds.len()];
        for place in 0..seed.len() {
            for change in [0x01, 0x10] {
                let mut changed = seed.clone();
                changed[place] ^= change;
                body::data(&changed);
            }
            body::data(&[&seed[..place], &other[place.min(other.len())..]].concat());
        }
    }
}
