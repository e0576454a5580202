//! Every file of [`ALL`] damaged in every place: cut short, a bit flipped, a byte changed with all checksums made right again,
//! blocks moved.
//!
//! What loads is consistent and can be saved and loaded again. The default run tries a sample, the same each time.

use relata::{Database, SnapshotError};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::bytes::{BLOCK, File, HEADER, number};
use crate::saved;
use crate::schemas::{ALL, Case};

/// Numbers without a pattern, the same on every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

pub(crate) fn is_exhaustive() -> bool {
    std::env::var_os("RELATA_EXHAUSTIVE").is_some()
}

/// The bytes with the checksums of header and blocks made right, as far as they are a file.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut checksum = xxh3_64(&bytes[..12]);
    bytes[12..20].copy_from_slice(&checksum.to_le_bytes());
    let mut at = HEADER;
    while at + BLOCK <= bytes.len() {
        let end = bytes.len().min(at + BLOCK + number(&bytes, at + 20, 4) as usize);
        let covered = [&bytes[at..at + 24], &bytes[at + BLOCK..end]].concat();
        checksum = xxh3_64_with_seed(&covered, checksum);
        bytes[at + 24..at + BLOCK].copy_from_slice(&checksum.to_le_bytes());
        at = end;
    }
    bytes
}

/// Loads what may be refused. What is not is consistent, can be saved, and loads again as the same.
fn load(case: &Case, bytes: &[u8]) -> Result<(), SnapshotError> {
    let models = || (case.models)().memory_limit(64 << 20);
    let strict = models().load_from(bytes);
    if let Ok(db) = &strict {
        assert_eq!(db.check(), Ok(()), "{}", case.name);
        let again = saved(db);
        assert!(saved(&models().load_from(&again[..]).unwrap()) == again, "{}: the same state", case.name);
    }
    if let Err(SnapshotError::Violations { violations }) = &strict {
        let lenient = || models().accept_violations();
        let (db, report) = lenient().load_from_with_report(bytes).unwrap();
        assert_eq!((&report.violations, &db.check().unwrap_err()), (violations, violations), "{}", case.name);
        let mut again = Vec::new();
        db.saver().with_violations().save_to(&mut again).unwrap();
        let back: Database = lenient().load_from(&again[..]).unwrap();
        assert_eq!(back.state_hash(), db.state_hash(), "{}", case.name);
    }
    strict.map(drop)
}

/// HOSTILE 18: truncated at every byte -> typed error
#[test]
fn every_truncation_is_refused() {
    for case in ALL {
        let bytes = saved(&(case.database)());
        for length in 0..bytes.len() {
            let error = (case.models)().load_from(&bytes[..length]).unwrap_err();
            let expected = match length {
                0..8 => matches!(error, SnapshotError::NotASnapshot),
                _ => matches!(error, SnapshotError::Truncated { .. }),
            };
            assert!(expected, "{}, {length} bytes: {error}", case.name);
            // A stream that is cut where a block ends looks whole but for its end.
            if length >= HEADER {
                (case.models)().load_from(&mended(&bytes[..length])[..]).unwrap_err();
            }
        }
    }
}

/// HOSTILE 19: every single bit flipped -> typed error, never a wrong load
#[test]
fn every_flipped_bit_is_refused() {
    let mut numbers = Numbers(19);
    for case in ALL {
        let mut bytes = saved(&(case.database)());
        for place in 0..bytes.len() {
            let bits = if is_exhaustive() { 0..8 } else { Some(numbers.below(8)).map_or(0..0, |bit| bit..bit + 1) };
            for bit in bits {
                bytes[place] ^= 1 << bit;
                assert!((case.models)().load_from(&bytes[..]).is_err(), "{}: bit {bit} of {place}", case.name);
                bytes[place] ^= 1 << bit;
            }
        }
    }
}

/// HOSTILE 25: checksums right but content wrong: an error, or a database that is consistent.
#[test]
fn every_changed_byte_with_right_checksums_gives_an_error_or_a_consistent_database() {
    let mut numbers = Numbers(25);
    let (mut refused, mut loaded) = (0, 0);
    for case in ALL {
        let bytes = saved(&(case.database)());
        for place in 0..bytes.len() {
            let sample = [1 << numbers.below(8), 1 + numbers.below(255)];
            let changes = if is_exhaustive() { (1..=255).collect() } else { Vec::from(sample) };
            for change in changes {
                let mut bytes = bytes.clone();
                bytes[place] ^= change as u8;
                match load(&case, &mended(&bytes)) {
                    Ok(()) => loaded += 1,
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(refused > 10_000 && loaded > 1_000, "{refused} refused, {loaded} loaded");
}

/// HOSTILE 24: huge numbers in any place -> an error, or a database that is consistent
#[test]
fn huge_numbers_in_any_place_end_in_an_error() {
    let mut numbers = Numbers(24);
    for case in ALL {
        let bytes = saved(&(case.database)());
        for place in HEADER..bytes.len() {
            // As a number of 2, 4 or 8 bytes, and as a varint of 63 bits.
            let forms: [&[u8]; 5] = [
                &[0xff; 2],
                &[0xff; 4],
                &[0xff, 0xff, 0xff, 0x7f],
                &[0, 0, 0, 0, 0, 0, 0, 0x80],
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            ];
            for form in forms {
                if !is_exhaustive() && numbers.below(3) > 0 {
                    continue;
                }
                let mut bytes = bytes.clone();
                let end = bytes.len().min(place + form.len());
                bytes[place..end].copy_from_slice(&form[..end - place]);
                drop(load(&case, &mended(&bytes)));
            }
        }
    }
}

// fault E1: Checksums do not bind a block to its place.
/// Of every file each two blocks swapped, each left out, each repeated. As they are they are refused by their checksums; with
/// these made right by their numbers, or what they say is consistent.
#[test]
fn blocks_stay_in_their_places() {
    for case in ALL {
        let bytes = saved(&(case.database)());
        let file = File::parse(&bytes);
        let mut at = HEADER;
        let spans = file.blocks.iter().map(|block| {
            let start = at;
            at += BLOCK + block.content.len();
            &bytes[start..at]
        });
        let spans: Vec<&[u8]> = spans.collect();
        let count = spans.len();
        let swaps = (0..count).flat_map(|one| (0..one).map(move |other| (one, other)));
        let mut orders: Vec<Vec<usize>> = Vec::new();
        for (one, other) in swaps {
            let mut order: Vec<usize> = (0..count).collect();
            order.swap(one, other);
            orders.push(order);
        }
        for block in 0..count {
            orders.push((0..count).filter(|one| *one != block).collect());
            orders.push((0..=block).chain(block..count).collect());
        }
        for order in orders {
            let parts: Vec<&[u8]> =
                [&bytes[..HEADER]].into_iter().chain(order.iter().map(|&block| spans[block])).collect();
            let moved = parts.concat();
            assert!((case.models)().load_from(&moved[..]).is_err(), "{}: {order:?}", case.name);
            drop(load(&case, &mended(&moved)));
        }
    }
}

/// HOSTILE 20: trailing bytes -> error. Another file behind the first too.
#[test]
fn what_follows_the_end_is_refused() {
    for case in ALL {
        let bytes = saved(&(case.database)());
        for rest in [&[0][..], &bytes, &[0xff; 100]] {
            let error = (case.models)().load_from(&[&bytes, rest].concat()[..]).unwrap_err();
            assert!(matches!(error, SnapshotError::TrailingBytes { .. }), "{}: {error}", case.name);
            (case.models)().load_from(&mended(&[&bytes, rest].concat())[..]).unwrap_err();
        }
    }
}
