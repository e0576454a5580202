//! Files of format 1 that are damaged, foreign or made to do harm. Each is refused with an error that says what is wrong.

use std::fs;
use std::path::Path;

use relata::{Database, SnapshotError};

use super::first_bytes::{DEFAULTS, FREE, File, LISTERS, ORDER, ROWS, SCHEMA, SLOTS, Section, id, number, text};
use super::load;

/// Positions of the tables of [`models`].
const PACKAGE: u32 = 0;
const DEPENDENCY: u32 = 1;
const PART: u32 = 2;

/// The file that the last build of format 1 has written of the sample.
fn golden() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-1.relata")).unwrap()
}

fn refusal(bytes: &[u8]) -> SnapshotError {
    match load(bytes) {
        Ok(db) => panic!("loaded: {db:?}"),
        Err(error) => error,
    }
}

/// What is said to a sample that has been changed and is well formed otherwise.
fn said(change: impl FnOnce(&mut File)) -> String {
    let mut file = File::parse(&golden());
    change(&mut file);
    refusal(&file.bytes()).to_string()
}

#[test]
fn a_file_is_what_its_description_says() {
    let bytes = golden();
    let mut file = File::parse(&bytes);
    assert_eq!(file.bytes(), bytes);
    let kinds: Vec<(u32, u32)> = file.sections.iter().map(|section| (section.kind, section.table)).collect();
    let rows = (0..3).flat_map(|table| [SLOTS, FREE, ROWS].map(|kind| (kind, table)));
    let links = (0..3).flat_map(|table| [ORDER, LISTERS, DEFAULTS].map(|kind| (kind, table)));
    assert_eq!(kinds, [(SCHEMA, 0)].into_iter().chain(rows).chain(links).collect::<Vec<_>>());

    let rows = |file: &mut File, table| file.section(ROWS, table).rows();
    assert_eq!(rows(&mut file, PACKAGE)[2], [text("serde"), 3_u32.to_le_bytes().to_vec()].concat());
    let some = |id: Vec<u8>| [vec![1], id].concat();
    let part = |label: &str, whole: (u32, u32)| [vec![1], text(label), some(id(whole.0, whole.1))].concat();
    assert_eq!(rows(&mut file, PART), [part("car", (1, 1)), part("door", (1, 1)), part("lock", (2, 1))]);
    // Slot 3 has been used again; 5 and then 4 have been freed.
    assert_eq!(file.section(SLOTS, PART).numbers(), [1, 1, 3, 2, 2]);
    assert_eq!(file.section(FREE, PART).numbers(), [5, 4]);
    // The car has joined itself after its door: the children of slot 1 are not in slot order.
    let joined = |slot| [vec![0; 4], id(slot, 1)].concat();
    assert_eq!(file.section(ORDER, PART).blocks, [[joined(2), joined(1)].concat()]);
    assert_eq!(file.section(DEFAULTS, PART).blocks, [joined(2)], "the same with the default target: the door");
}

/// HOSTILE 18: truncated at every byte -> typed error
#[test]
fn every_truncation_is_refused() {
    let bytes = golden();
    for length in 0..bytes.len() {
        let error = refusal(&bytes[..length]);
        let expected = match length {
            0..8 => matches!(error, SnapshotError::NotASnapshot),
            _ => matches!(error, SnapshotError::Truncated { .. }),
        };
        assert!(expected, "{length}: {error}");
    }
    assert_eq!(refusal(&bytes[..9]).to_string(), "the snapshot is cut short: 9 bytes of 12");
}

/// HOSTILE 19: every single bit flipped -> typed error, never a wrong load
#[test]
fn every_flipped_bit_is_refused() {
    let mut bytes = golden();
    let table_end = 40 + 16 * number(&bytes, 12, 4) as usize;
    let damaged = |section: &str| SnapshotError::Checksum { section: section.into() };
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = refusal(&bytes);
        let expected = match bit / 8 {
            0..8 => matches!(error, SnapshotError::NotASnapshot),
            8..12 => matches!(error, SnapshotError::UnsupportedVersion { .. }),
            12..40 => error == damaged("the header"),
            place if place < table_end => error == damaged("the section table"),
            _ => matches!(
                error,
                SnapshotError::Checksum { .. } | SnapshotError::Corrupt { .. } | SnapshotError::OverBudget { .. }
            ),
        };
        assert!(expected, "bit {bit}: {error}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(load(&bytes).is_ok(), "with every bit back it loads");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(
        refusal(&bytes).to_string(),
        "the checksum of the default targets of `Part` does not match: the snapshot is damaged"
    );
}

/// HOSTILE 20: trailing bytes -> error
#[test]
fn trailing_bytes_are_refused() {
    let mut bytes = golden();
    let expected = bytes.len();
    bytes.push(0);
    let message = format!("the snapshot ends at byte {expected}, the file at {}", expected + 1);
    assert_eq!(refusal(&bytes).to_string(), message);
}

/// HOSTILE 21: empty, all zero, another format -> `NotASnapshot`
#[test]
fn other_files_are_not_snapshots() {
    let through_a_text_transfer = String::from_utf8_lossy(&golden()).replace("\r\n", "\n").into_bytes();
    for bytes in [&b""[..], &[0; 4096], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"{\"a\": 1}", &through_a_text_transfer] {
        assert_eq!(refusal(bytes), SnapshotError::NotASnapshot);
    }
    assert_eq!(SnapshotError::NotASnapshot.to_string(), "not a relata snapshot");
}

/// HOSTILE 23: newer format -> `UnsupportedVersion`
#[test]
fn what_a_later_build_has_written_is_named() {
    assert_eq!(said(|file| file.version = 3), "the snapshot has format version 3, this build reads up to 2");
    assert_eq!(said(|file| file.codec = 7), "the snapshot has codec 7, this build reads up to 1");
    assert_eq!(said(|file| file.flags = 1), "the snapshot has flags 1, this build reads up to 0");
}

/// The model `Part` of the sample, with one thing changed in each.
mod other {
    pub(super) mod label_type {
        use relata::{Id, Model};
        use serde::{Deserialize, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(crate) struct Part {
            #[model(unique)]
            label: Option<u64>,
            #[model(belongs_to, name = whole)]
            whole_id: Option<Id<Part>>,
        }
    }
    pub(super) mod field_more {
        use relata::{Id, Model};
        use serde::{Deserialize, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(crate) struct Part {
            #[model(unique)]
            label: Option<String>,
            #[model(belongs_to, name = whole)]
            whole_id: Option<Id<Part>>,
            weight: f32,
        }
    }
    pub(super) mod field_less {
        use relata::Model;
        use serde::{Deserialize, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(crate) struct Part {
            #[model(unique)]
            label: Option<String>,
        }
    }
    pub(super) mod field_order {
        use relata::{Id, Model};
        use serde::{Deserialize, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(crate) struct Part {
            #[model(belongs_to, name = whole)]
            whole_id: Option<Id<Part>>,
            #[model(unique)]
            label: Option<String>,
        }
    }
    pub(super) mod no_unique {
        use relata::{Id, Model};
        use serde::{Deserialize, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(crate) struct Part {
            label: Option<String>,
            #[model(belongs_to, name = whole)]
            whole_id: Option<Id<Part>>,
        }
    }
    pub(super) mod relation_name {
        use relata::{Id, Model};
        use serde::{Deserialize, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(crate) struct Part {
            #[model(unique)]
            label: Option<String>,
            #[model(belongs_to, name = owner)]
            whole_id: Option<Id<Part>>,
        }
    }
    pub(super) mod version {
        use relata::{Id, Model};
        use serde::{Deserialize, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        #[model(version = 2)]
        pub(crate) struct Part {
            #[model(unique)]
            label: Option<String>,
            #[model(belongs_to, name = whole)]
            whole_id: Option<Id<Part>>,
        }
    }
    pub(super) mod behaviour {
        use relata::{Id, Model};
        use serde::{Deserialize, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        #[model(has_many(pieces: Part))]
        pub(crate) struct Part {
            #[model(unique)]
            #[serde(rename = "name")]
            label: Option<String>,
            #[model(belongs_to, name = whole, on_delete = cascade)]
            whole_id: Option<Id<Part>>,
        }
    }
}

/// HOSTILE 22: another schema -> `SchemaMismatch` naming table and field
#[test]
fn another_schema_is_refused_with_the_table_and_the_field() {
    let bytes = golden();
    let first = || Database::builder().model::<super::Package>().model::<super::Dependency>();
    let said = |builder: relata::DatabaseBuilder| match builder.load_from(&bytes[..]) {
        Err(error @ SnapshotError::SchemaMismatch { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let not_here = "it is in the snapshot and not in this build";
    assert!(said(first()).starts_with("`Part`: it is in the snapshot and no model of this program"));
    assert_eq!(said(first().model::<other::field_less::Part>()), format!("`Part`.whole_id: {not_here}"));
    // Keys and relations may change: the rows are proved against those of this program.
    assert!(first().model::<other::no_unique::Part>().load_from(&bytes[..]).is_ok());
    assert!(first().model::<other::relation_name::Part>().load_from(&bytes[..]).is_ok());
    assert_eq!(
        said(first().model::<other::field_more::Part>()),
        "`Part`.weight: it is in this build and not in the snapshot"
    );
    assert_eq!(
        said(first().model::<other::label_type::Part>()),
        "`Part`.label: its type is `Option<String>` in the snapshot, `Option<u64>` in this build"
    );
    assert_eq!(
        said(first().model::<other::field_order::Part>()),
        "`Part`.whole_id: number 1 in the snapshot is `label`"
    );
    assert_eq!(
        said(first().model::<other::version::Part>()),
        "`Part`: its version is 0 in the snapshot and 2 in this program, and no `migrate` leads from the one to the other"
    );
    let reordered = Database::builder().model::<super::Part>().model::<super::Package>().model::<super::Dependency>();
    assert!(reordered.load_from(&bytes[..]).is_ok());
    assert!(first().model::<other::behaviour::Part>().load_from(&bytes[..]).is_ok(), "behaviour may change");
}

/// HOSTILE 24: a length prefix of 2^63 in any field -> an error within a bounded memory budget
#[test]
fn huge_numbers_in_any_place_end_in_an_error() {
    let file = File::parse(&golden());
    let intact = file.bytes();
    let mut refused = 0;
    for section in 0..file.sections.len() {
        for place in 0..file.sections[section].blocks.concat().len() {
            for huge in [1 << 63, u64::from(u32::MAX), 1 << 40] {
                let mut file = file.clone();
                let block = &mut file.sections[section].blocks[0];
                let bytes = u64::to_le_bytes(huge);
                let end = block.len().min(place + bytes.len());
                block[place..end].copy_from_slice(&bytes[..end - place]);
                refused += usize::from(load(&file.bytes()).is_err());
            }
        }
    }
    assert!(refused > 1000, "{refused}: most places hold lengths, keys or texts");

    // The lengths and counts of the frame itself, its checksums right.
    for (place, size) in [(12, 4), (16, 8), (32, 4)].into_iter().chain((0..16).map(|entry| (40 + 16 * entry + 8, 8))) {
        for huge in [1_u64 << 63, u64::MAX, 1 << 31] {
            let mut bytes = intact.clone();
            bytes[place..place + size].copy_from_slice(&huge.to_le_bytes()[8 - size..]);
            let table_end = (40 + 16 * number(&bytes, 12, 4) as usize).min(bytes.len());
            let checksum = super::first_bytes::crc(&bytes[40..table_end]);
            bytes[32..36].copy_from_slice(&checksum.to_le_bytes());
            let checksum = super::first_bytes::crc(&bytes[..36]);
            bytes[36..40].copy_from_slice(&checksum.to_le_bytes());
            if bytes != intact {
                refusal(&bytes);
            }
        }
    }
}

/// HOSTILE 24: within a bounded memory budget
///
/// The test above, in a process that is given half a GiB of addresses: an allocation of what a file claims would end it.
#[cfg(target_os = "linux")]
#[test]
fn huge_numbers_do_not_make_it_allocate() {
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 524288 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "snapshot::hostile::huge_numbers_in_any_place_end_in_an_error", "--test-threads=1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// HOSTILE 25: checksums right but content wrong -> `Corrupt`
#[test]
fn keys_that_do_not_hold_are_refused() {
    let rows = |table, rows: Vec<Vec<u8>>| said(|file| file.section(ROWS, table).set_rows(&rows));
    let package = |version: u32| [text("serde"), version.to_le_bytes().to_vec()].concat();
    assert_eq!(
        rows(PACKAGE, vec![package(3), package(1), package(3)]),
        "1 violation(s), the first: `Package`: name, version = (\"serde\", 3) of 3v1 is taken by Package 1v1"
    );
    assert_eq!(
        rows(DEPENDENCY, vec![package(3), package(4), package(3)]),
        "1 violation(s), the first: Dependency 2v1: `Dependency`.package: \
         no `Package` with name, version = (\"serde\", 4): no row has this key"
    );
    let part = |whole: Vec<u8>| [vec![0, 1], whole].concat();
    let parts = |whole| rows(PART, vec![part(id(1, 1)), part(id(1, 1)), part(whole)]);
    let dangling = |key: &str, why: &str| {
        format!("1 violation(s), the first: Part 3v3: `Part`.whole: no `Part` with id {key}: {why}")
    };
    assert_eq!(parts(id(9, 1)), dangling("9v1", "never existed"));
    assert_eq!(parts(id(4, 1)), dangling("4v1", "removed"));
    assert_eq!(parts(id(3, 1)), dangling("3v1", "removed; the slot is now v3"));
    assert_eq!(parts(id(1, 2)), "the rows of `Part` cannot be: Part 3v3: an id with an even generation");
}

/// HOSTILE 25: checksums right but content wrong (bad slot parity, a billion vacant slots) -> `Corrupt`
#[test]
fn slots_that_cannot_be_are_refused() {
    let slots = |numbers: &[u32]| said(|file| file.section(SLOTS, PART).set_numbers(numbers));
    let free = |numbers: &[u32]| said(|file| file.section(FREE, PART).set_numbers(numbers));
    let of_slots = |what: &str| format!("the slots of `Part` cannot be: {what}");
    assert_eq!(slots(&[1, 1, 3, 3, 2]), of_slots("slot 4 is in the free list and not vacant"));
    assert_eq!(slots(&[1, 1, 3, 0, 2]), of_slots("slot 4 is in the free list and not vacant"));
    assert_eq!(slots(&[1, 1, 3, 2]), of_slots("slot 5 is in the free list and was never used"));
    assert_eq!(free(&[5, 5]), of_slots("slot 5 is in the free list twice"));
    assert_eq!(free(&[0, 5]), of_slots("slot 0 is in the free list and was never used"));
    assert_eq!(free(&[4]), "the slots of `Part` cannot be: slot 5 is vacant and not in the free list");
    assert_eq!(slots(&[1, 2, 3, 2, 2]), "the slots of `Part` cannot be: slot 2 is vacant and not in the free list");
    assert_eq!(
        said(|file| {
            file.section(SLOTS, PART).set_numbers(&[1, 2, 3, 2, 2]);
            file.section(FREE, PART).set_numbers(&[5, 4, 2]);
        }),
        "the rows of `Part` cannot be: there are more rows than slots with one"
    );
    assert_eq!(slots(&[1, 1, 3, 2, 2, 1]), "the rows of `Part` cannot be: Part 6v1 is missing");
    assert_eq!(
        said(|file| file.section(SLOTS, PART).blocks = vec![vec![1, 0, 0, 0, 1]]),
        "the slots of `Part` cannot be: a block of 5 bytes does not hold whole items of 4"
    );
}

#[test]
fn sections_that_cannot_be_are_refused() {
    let shape = "the section table cannot be: its sections are not those of 3 table(s)";
    assert_eq!(said(|file| file.sections.swap(1, 2)), shape);
    assert_eq!(said(|file| drop(file.sections.pop())), shape);
    assert_eq!(said(|file| file.sections.push(Section { kind: 7, table: 0, blocks: Vec::new() })), shape);
    assert_eq!(said(|file| file.sections[3].table = 1), shape);
    let fingerprint = "the schema cannot be: the header has the fingerprint of another";
    assert_eq!(said(|file| file.fingerprint = Some(1)), fingerprint);
    assert_eq!(said(|file| file.sections.clear()), "the schema cannot be: it ends 8 byte(s) too early");
    let length = File::parse(&golden()).section(SCHEMA, 0).blocks.concat().len();
    assert_eq!(
        said(|file| file.section(SCHEMA, 0).blocks.push(vec![0])),
        format!("the schema cannot be: it ends at byte {length} of {}", length + 1)
    );
    assert_eq!(
        said(|file| file.section(ROWS, PART).blocks.push(Vec::new())),
        "the rows of `Part` cannot be: a block is empty"
    );
}

/// HOSTILE 25: Checksums right but content wrong
#[test]
fn default_targets_that_cannot_be_are_refused() {
    let item = |relation: u32, target: Vec<u8>| [relation.to_le_bytes().to_vec(), target].concat();
    let defaults =
        |table, items: Vec<Vec<u8>>| said(|file| file.section(DEFAULTS, table).blocks = vec![items.concat()]);
    let cannot_be = |what: &str| format!("the default targets of `Part` cannot be: {what}");
    assert_eq!(defaults(PART, vec![item(1, id(1, 1))]), cannot_be("no relation at place 1 refers by id"));
    assert_eq!(defaults(PART, vec![item(0, id(9, 1))]), cannot_be("`whole`: no row is in slot 9"));
    assert_eq!(defaults(PART, vec![item(0, id(3, 1))]), cannot_be("`whole`: no row is in slot 3"), "an old generation");
    assert_eq!(
        defaults(PART, vec![item(0, id(3, 2))]),
        cannot_be("`whole`: no row is in slot 3"),
        "no generation of a row"
    );
    let twice = vec![item(0, id(1, 1)), item(0, id(2, 1))];
    assert_eq!(defaults(PART, twice), cannot_be("the relation at place 0 is not in its place"));
    assert_eq!(defaults(PART, vec![vec![0; 11]]), cannot_be("a block of 11 bytes does not hold whole items of 12"));
    assert_eq!(
        defaults(DEPENDENCY, vec![item(0, id(1, 1))]),
        "the default targets of `Dependency` cannot be: no relation at place 0 refers by id"
    );
}

#[test]
fn rows_that_cannot_be_are_refused() {
    let first = |change: fn(&mut Vec<u8>)| {
        said(|file| {
            let mut rows = file.section(ROWS, PACKAGE).rows();
            change(&mut rows[0]);
            file.section(ROWS, PACKAGE).set_rows(&rows);
        })
    };
    let of_row = |what: &str| format!("the rows of `Package` cannot be: Package 1v1: {what}");
    assert_eq!(first(|row| row.push(0)), of_row("it ends at byte 17 of 18"));
    assert_eq!(first(|row| row.truncate(row.len() - 1)), of_row("it ends 1 byte(s) too early"));
    assert_eq!(first(|row| row[7] = 0x80), of_row("it states a length that goes beyond it"));
    assert_eq!(first(|row| row[8] = 0xff), of_row("invalid utf-8 sequence of 1 bytes from index 0"));
    assert_eq!(
        said(|file| file.section(ROWS, PACKAGE).blocks[0][0] = 200),
        "the rows of `Package` cannot be: a row goes beyond its block"
    );
    assert_eq!(
        said(|file| file.section(ROWS, PACKAGE).blocks = vec![vec![0; 3]]),
        "the rows of `Package` cannot be: a row goes beyond its block"
    );
    assert_eq!(
        said(|file| file.section(ROWS, PACKAGE).blocks = vec![vec![0; (1 << 20) + 4]]),
        "the rows of `Package` cannot be: a block of several rows is larger than it may be"
    );
}

#[test]
fn an_order_of_children_that_cannot_be_is_refused() {
    let order = |relation: u32, source: Vec<u8>| {
        said(|file| file.section(ORDER, PART).blocks = vec![[relation.to_le_bytes().to_vec(), source].concat()])
    };
    let cannot_be = |what: &str| format!("the order of children of `Part` cannot be: {what}");
    assert_eq!(order(1, id(1, 1)), cannot_be("there is no relation at place 1"));
    assert_eq!(order(0, id(9, 1)), cannot_be("slot 9 has no target"));
    assert_eq!(order(0, id(3, 1)), cannot_be("slot 3 has no target"), "an old generation");
    assert_eq!(order(0, id(3, 2)), cannot_be("slot 3 has no target"), "no generation of a row");
    assert_eq!(order(0, id(u32::MAX, 1)), cannot_be(&format!("slot {} has no target", u32::MAX)));

    // A source that is named twice joins twice, and is there once.
    let mut file = File::parse(&golden());
    let item = |slot| [0_u32.to_le_bytes().to_vec(), id(slot, 1)].concat();
    file.section(ORDER, PART).blocks = vec![[item(1), item(2), item(1)].concat()];
    let db = load(&file.bytes()).unwrap();
    assert_eq!(db.check(), Ok(()));
    let car = db.find(super::Part::BY_LABEL, "car").unwrap().0;
    let labels = db.children(car, super::Part::PARTS).unwrap().map(|(_, part)| part.label.clone().unwrap());
    assert_eq!(labels.collect::<Vec<_>>(), ["door", "car"]);
}
