//! Files of format 2 that are damaged, foreign or made to do harm. Each is refused with an error that says what is wrong.

use relata::{Database, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use super::bytes::{
    Block, DEFAULTS, END, FREE, File, LISTERS, ORDER, ROWS, SCHEMA, SLOTS, define, id, number, raw_id, row, text,
};
use super::{load, models, sample, saved};

/// Positions of the tables of [`models`].
const PACKAGE: u32 = 0;
const DEPENDENCY: u32 = 1;
const PART: u32 = 2;

fn refusal(bytes: &[u8]) -> SnapshotError {
    match load(bytes) {
        Ok(db) => panic!("loaded: {db:?}"),
        Err(error) => error,
    }
}

/// What is said to a sample that has been changed and is well formed otherwise.
fn said(change: impl FnOnce(&mut File)) -> String {
    let mut file = File::parse(&saved(&sample()));
    change(&mut file);
    refusal(&file.bytes_of(3)).to_string()
}

#[test]
fn a_file_is_what_its_description_says() {
    let file = File::parse(&saved(&sample()));
    let kinds: Vec<(u32, u32)> = file.blocks.iter().map(|block| (block.kind, block.table)).collect();
    let sections = [(SCHEMA, 0), (SLOTS, 0), (ROWS, 0), (SLOTS, 1), (ROWS, 1), (SLOTS, 2), (FREE, 2), (ROWS, 2)];
    assert_eq!(kinds, [&sections[..], &[(ORDER, 2), (DEFAULTS, 2)]].concat());
    let package = |version: u8| row(0, &[text("serde"), vec![version]]);
    let packages = [define(0, &["name", "version"]), package(1), package(2), package(3)].concat();
    assert_eq!(file.content(ROWS, PACKAGE), packages);
    let part = |label: &str, whole: u32| row(2, &[text(label), id(whole, 1)]);
    let parts = [define(2, &["label", "whole_id"]), part("car", 1), part("door", 1), part("lock", 2)].concat();
    assert_eq!(file.content(ROWS, PART), parts);
    // Slot 3 has been used again; 5 and then 4 have been freed.
    assert_eq!(file.slots(PART), [1, 1, 3, 2, 2]);
    assert_eq!(file.free(PART), [5, 4]);
    // The car has joined itself after its door: the children of slot 1 are not in slot order.
    let joined = |slot| [vec![0; 4], raw_id(slot, 1)].concat();
    assert_eq!(file.content(ORDER, PART), [joined(2), joined(1)].concat());
    assert!(file.content(LISTERS, PART).is_empty());
    assert_eq!(file.content(DEFAULTS, PART), joined(2), "the same with the default target: the door");
}

/// HOSTILE 18: truncated at every byte -> typed error
#[test]
fn every_truncation_is_refused() {
    let bytes = saved(&sample());
    for length in 0..bytes.len() {
        let error = refusal(&bytes[..length]);
        let expected = match length {
            0..8 => matches!(error, SnapshotError::NotASnapshot),
            _ => matches!(error, SnapshotError::Truncated { .. }),
        };
        assert!(expected, "{length}: {error}");
    }
    assert_eq!(refusal(&bytes[..19]).to_string(), "the snapshot is cut short: 19 bytes of 20");
}

/// HOSTILE 19: every single bit flipped -> typed error, never a wrong load
#[test]
fn every_flipped_bit_is_refused() {
    let mut bytes = saved(&sample());
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = refusal(&bytes);
        let expected = match bit / 8 {
            0..8 => matches!(error, SnapshotError::NotASnapshot),
            8..12 => matches!(error, SnapshotError::UnsupportedVersion { .. } | SnapshotError::Checksum { .. }),
            12..20 => error == SnapshotError::Checksum { section: "the header".into() },
            // A length that is damaged takes the block for another one, or beyond the end.
            _ => matches!(
                error,
                SnapshotError::Checksum { .. }
                    | SnapshotError::Truncated { .. }
                    | SnapshotError::OverBudget { .. }
                    | SnapshotError::Corrupt { .. }
            ),
        };
        assert!(expected, "bit {bit}: {error}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(load(&bytes).is_ok(), "with every bit back it loads");
    let place = bytes.windows(4).position(|window| window == b"lock").unwrap();
    bytes[place] ^= 1;
    assert_eq!(
        refusal(&bytes).to_string(),
        "the checksum of the rows of `Part` does not match: the snapshot is damaged"
    );
}

/// HOSTILE 25: every byte of a block changed, its checksums right: an error, or a database that is consistent, can be
/// saved and loaded again.
#[test]
fn every_changed_byte_with_right_checksums_gives_an_error_or_a_consistent_database() {
    let file = File::parse(&saved(&sample()));
    let (mut refused, mut loaded) = (0, 0);
    for block in 0..file.blocks.len() {
        for place in 0..file.blocks[block].content.len() {
            for change in [0x01, 0x80, 0xff, 0x40] {
                let mut file = file.clone();
                file.blocks[block].content[place] ^= change;
                match load(&file.bytes_of(3)) {
                    Err(_) => refused += 1,
                    Ok(db) => {
                        loaded += 1;
                        assert_eq!(db.check(), Ok(()));
                        let again = saved(&db);
                        assert!(saved(&load(&again).unwrap()) == again, "the same state, the same bytes");
                    }
                }
            }
        }
    }
    assert!(refused > 1000 && loaded > 50, "{refused} refused, {loaded} loaded");
}

// fault E1: two row blocks swapped, one written twice, or one block of the save before
/// Blocks of one save and one place: another order, one twice, one left out, one of another save.
#[test]
fn a_block_has_one_place_in_one_file() {
    let of = |first: u32| {
        let mut db = models().build().unwrap();
        db.insert_many((first..first + 12_000).map(|n| super::part(&format!("part {n:9}"), None)).collect::<Vec<_>>())
            .unwrap();
        saved(&db)
    };
    let (bytes, before) = (of(0), of(50_000));
    let spans = |bytes: &[u8]| {
        let (mut at, mut spans) = (20, Vec::new());
        while at < bytes.len() {
            let end = at + 32 + number(bytes, at + 20, 4) as usize;
            spans.push(at..end);
            at = end;
        }
        spans
    };
    let blocks = spans(&bytes);
    let rows: Vec<usize> =
        (0..blocks.len()).filter(|&block| number(&bytes, blocks[block].start, 4) == u64::from(ROWS)).collect();
    assert!(rows.len() > 3, "{rows:?}");
    let put = |order: Vec<usize>| {
        let parts: Vec<&[u8]> = order.into_iter().map(|block| &bytes[blocks[block].clone()]).collect();
        [&bytes[..20], &parts.concat()].concat()
    };
    let all: Vec<usize> = (0..blocks.len()).collect();
    assert_eq!(put(all.clone()), bytes);
    let changed = |change: &dyn Fn(&mut Vec<usize>)| {
        let mut order = all.clone();
        change(&mut order);
        refusal(&put(order))
    };
    let damaged = SnapshotError::Checksum { section: "the rows of `Part`".into() };
    assert_eq!(changed(&|order| order.swap(rows[1], rows[2])), damaged);
    assert_eq!(changed(&|order| order.insert(rows[1], rows[1])), damaged);
    assert_eq!(
        changed(&|order| {
            order.remove(rows[1]);
        }),
        damaged
    );
    // A block of the same place and length, of another save.
    let mut mixed = bytes.clone();
    let place = blocks[rows[1]].clone();
    mixed[place.clone()].copy_from_slice(&before[place]);
    assert_eq!(refusal(&mixed), damaged);
}

/// HOSTILE 20: trailing bytes -> error
#[test]
fn trailing_bytes_are_refused() {
    let mut bytes = saved(&sample());
    let expected = bytes.len();
    bytes.push(0);
    let message = format!("the snapshot ends at byte {expected}, the file at {}", expected + 1);
    assert_eq!(refusal(&bytes).to_string(), message);
}

/// HOSTILE 21: empty, all zero, another format -> `NotASnapshot`
#[test]
fn other_files_are_not_snapshots() {
    let through_a_text_transfer = String::from_utf8_lossy(&saved(&sample())).replace("\r\n", "\n").into_bytes();
    for bytes in [&b""[..], &[0; 4096], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"{\"a\": 1}", &through_a_text_transfer] {
        assert_eq!(refusal(bytes), SnapshotError::NotASnapshot);
    }
    assert_eq!(SnapshotError::NotASnapshot.to_string(), "not a relata snapshot");
}

/// HOSTILE 23: newer format -> `UnsupportedVersion`
#[test]
fn what_a_later_build_has_written_is_named() {
    assert_eq!(said(|file| file.version = 3), "the snapshot has format version 3, this build reads up to 2");
    assert_eq!(said(|file| file.codec = 7), "the snapshot has codec 7, this build reads up to 2");
    assert_eq!(said(|file| file.flags = 1), "the snapshot has flags 1, this build reads up to 0");
}

/// HOSTILE 24: a length prefix of 2^63 in any field -> an error within a bounded memory budget
#[test]
fn huge_numbers_in_any_place_end_in_an_error() {
    let file = File::parse(&saved(&sample()));
    let mut refused = 0;
    for block in 0..file.blocks.len() {
        for place in 0..file.blocks[block].content.len() {
            // In eight bytes, and as a list, a map and a text of a varint's length.
            for huge in [[0, 0, 0, 0, 0, 0, 0, 0x80], [0xff; 8], [0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]] {
                let mut file = file.clone();
                let content = &mut file.blocks[block].content;
                let end = content.len().min(place + huge.len());
                content[place..end].copy_from_slice(&huge[..end - place]);
                refused += usize::from(load(&file.bytes_of(3)).is_err());
            }
        }
    }
    assert!(refused > 1000, "{refused}: most places hold lengths, keys or texts");
    let varint = |number: u64| {
        let groups = (0..10).map(|group| (number >> (7 * group)) as u8 & 0x7f | 0x80);
        let mut bytes: Vec<u8> = groups.collect();
        bytes[9] &= 0x01;
        bytes
    };
    for tag in [0xbb, 0xbc, 0xb9, 0xba] {
        let value = [vec![tag], varint(1 << 63)].concat();
        let rows = [define(2, &["label", "whole_id"]), row(2, &[value, vec![0xb6]])].concat();
        refusal(&{
            let mut file = file.clone();
            file.set_slots(PART, &[1]);
            file.set_free(PART, &[]);
            file.set(ROWS, PART, 1, rows);
            file.bytes_of(3)
        });
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

/// HOSTILE 25: checksums right but content wrong -> every violation is listed
#[test]
fn keys_that_do_not_hold_are_refused() {
    let package = |version: u8| row(0, &[text("serde"), vec![version]]);
    let packages = [define(0, &["name", "version"]), package(3), package(1), package(3)].concat();
    assert_eq!(
        said(|file| file.set(ROWS, PACKAGE, 3, packages)),
        "1 violation(s), the first: `Package`: name, version = (\"serde\", 3) of 3v1 is taken by Package 1v1"
    );
    let dependency = |version: u8| row(1, &[text("serde"), vec![version]]);
    let names = define(1, &["package_name", "package_version"]);
    assert_eq!(
        said(|file| file.set(ROWS, DEPENDENCY, 3, [names, dependency(5), dependency(4), dependency(3)].concat())),
        "2 violation(s), the first: Dependency 1v1: `Dependency`.package: no `Package` with name, version = (\"serde\", 5): no row has this key"
    );
    let parts = |whole: Vec<u8>| {
        let part = |label: u8, whole: Vec<u8>| row(2, &[text(&label.to_string()), whole]);
        let rows = [define(2, &["label", "whole_id"]), part(1, id(1, 1)), part(2, id(1, 1)), part(3, whole)].concat();
        said(|file| file.set(ROWS, PART, 3, rows))
    };
    let dangling = |key: &str, why: &str| {
        format!("1 violation(s), the first: Part 3v3: `Part`.whole: no `Part` with id {key}: {why}")
    };
    assert_eq!(parts(id(9, 1)), dangling("9v1", "never existed"));
    assert_eq!(parts(id(4, 1)), dangling("4v1", "removed"));
    assert_eq!(parts(id(3, 1)), dangling("3v1", "removed; the slot is now v3"));
    assert_eq!(parts(id(1, 2)), "Part 3v3, field `whole_id`, cannot be read: an id with an even generation");
}

/// HOSTILE 25: checksums right but content wrong (bad slot parity, a billion vacant slots) -> `Corrupt`
#[test]
fn slots_that_cannot_be_are_refused() {
    let slots = |numbers: &[u32]| said(|file| file.set_slots(PART, numbers));
    let free = |numbers: &[u32]| said(|file| file.set_free(PART, numbers));
    let of_slots = |what: &str| format!("the slots of `Part` cannot be: {what}");
    assert_eq!(slots(&[1, 1, 3, 3, 2]), of_slots("slot 4 is in the free list and not vacant"));
    assert_eq!(slots(&[1, 1, 3, 0, 2]), of_slots("slot 4 is in the free list and not vacant"));
    assert_eq!(slots(&[1, 1, 3, 2]), of_slots("slot 5 is in the free list and was never used"));
    assert_eq!(free(&[5, 5]), of_slots("slot 5 is in the free list twice"));
    assert_eq!(free(&[4]), of_slots("slot 5 is vacant and not in the free list"));
    assert_eq!(slots(&[1, 2, 3, 2, 2]), of_slots("slot 2 is vacant and not in the free list"));
    assert_eq!(
        said(|file| {
            file.set_slots(PART, &[1, 2, 3, 2, 2]);
            file.set_free(PART, &[5, 4, 2]);
        }),
        "the rows of `Part` cannot be: there are more rows than slots with one"
    );
    assert_eq!(slots(&[1, 1, 3, 2, 2, 1]), "the rows of `Part` cannot be: Part 6v1 is missing");
    assert_eq!(
        said(|file| file.set(SLOTS, PART, 1, vec![1, 0, 0, 0, 1])),
        of_slots("a block of 5 bytes does not hold whole items of 8")
    );
    // A few bytes that state as many slots as there are numbers.
    let billions = [u32::MAX - 3, 2].into_iter().flat_map(u32::to_le_bytes).collect();
    assert!(said(|file| file.set(SLOTS, PART, 1, billions)).starts_with("loading the slots of `Part` takes more than"));
}

#[test]
fn a_table_that_takes_more_memory_than_it_may_is_refused() {
    #[derive(Model, Clone, Serialize, Deserialize)]
    struct Large {
        parts: [[u64; 32]; 16],
    }
    let database = || Database::builder().model::<Large>();
    let mut file = File::parse(&saved(&database().build().unwrap()));
    let vacant = 100_000;
    file.set_slots(0, &vec![2; vacant]);
    file.set_free(0, &(1..=vacant as u32).collect::<Vec<_>>());
    let bytes = file.bytes_of(1);
    assert_eq!(
        database().load_from(&bytes[..]).unwrap_err().to_string(),
        "loading the slots of `Large` takes more than the limit of 268435456 bytes: raise it by `memory_limit`"
    );
    let db = database().memory_limit(500 << 20).load_from(&bytes[..]).unwrap();
    assert_eq!((db.len::<Large>(), db.check()), (0, Ok(())));
    // Rows count too, and the least limit that lets a file through is exact.
    let bytes = saved(&sample());
    let limited = |limit| models().memory_limit(limit).load_from(&bytes[..]).map(drop);
    let least = (0..8192).find(|limit| limited(*limit).is_ok()).unwrap();
    assert!(matches!(limited(least - 1), Err(SnapshotError::OverBudget { limit, .. }) if limit < least));
    assert_eq!(limited(least), Ok(()));
}

// fault E3: a row type whose elements are larger in memory than in the file
/// HOSTILE 24: within a bounded memory budget
#[test]
fn elements_count_as_what_they_take_in_memory() {
    #[derive(Model, Clone, Serialize, Deserialize)]
    struct Wide {
        all: Vec<Option<[[u64; 32]; 4]>>,
        units: Vec<()>,
    }
    let mut db = Database::builder().model::<Wide>().build().unwrap();
    db.insert(Wide { all: vec![None; 100_000], units: vec![(); 1000] }).unwrap();
    let bytes = saved(&db);
    assert!(bytes.len() < 120_000);
    let load = |limit| Database::builder().model::<Wide>().memory_limit(limit).load_from(&bytes[..]).map(drop);
    assert!(matches!(load(16 << 20), Err(SnapshotError::OverBudget { .. })), "a KiB for each");
    assert_eq!(load(120 << 20), Ok(()));
}

/// A stream that never ends, and is no snapshot from some byte on, is given up there.
#[test]
fn a_stream_without_end_is_given_up() {
    let bytes = saved(&sample());
    for length in [0, 12, 20, 52, 300] {
        let endless = std::io::Read::chain(&bytes[..length], std::io::repeat(0));
        models().load_from(endless).unwrap_err();
    }
    let after = std::io::Read::chain(&bytes[..], std::io::repeat(0));
    assert!(matches!(models().load_from(after).unwrap_err(), SnapshotError::TrailingBytes { .. }));
}

/// HOSTILE 25: names that are defined twice, that leave numbers out, that repeat, that are used and not defined
#[test]
fn names_that_cannot_be_are_refused() {
    let rows = |definitions: Vec<u8>| {
        let part = row(2, &[text("a"), vec![0xb6]]);
        said(|file| {
            file.set_slots(PART, &[1]);
            file.set_free(PART, &[]);
            file.set(ROWS, PART, 1, [definitions, part].concat());
            file.set(ORDER, PART, 0, Vec::new());
            file.set(DEFAULTS, PART, 0, Vec::new());
        })
    };
    let wrong = "the rows of `Part` cannot be: a definition of names is not as it can be";
    let fields = ["label", "whole_id"];
    assert_eq!(rows([define(2, &fields), define(2, &fields)].concat()), wrong);
    assert_eq!(rows(define(3, &fields)), wrong, "numbers come one after the other");
    assert_eq!(rows(define(2, &["label", "label"])), wrong);
    assert_eq!(rows(vec![0xc9, 2, 0xff, 0xff, 0xff, 0x7f, 1, b'a']), wrong, "a million fields that are not there");
    assert_eq!(rows([vec![0xca, 0, 1, 0xff], define(2, &fields)].concat()), wrong, "not UTF-8");
    let used = "a struct has a number that stands for no names";
    assert_eq!(rows(Vec::new()), format!("the rows of `Part` cannot be: Part 1v1: {used}"));
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Doll {
    inner: Inner,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Inner {
    Nothing,
    Doll(Box<Inner>),
    Chain(Box<Chain>),
}

/// A type that is asked for itself without a byte in between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Chain(Option<Box<Chain>>);

/// HOSTILE 25: depth 10,000 -> an error, no stack overflow. A limit on nesting, which can be set.
#[test]
fn nesting_has_a_limit() {
    let doll = |depth: u32| Doll { inner: (0..depth).fold(Inner::Nothing, |inner, _| Inner::Doll(Box::new(inner))) };
    let builder = || Database::builder().model::<Doll>();
    let mut db = builder().build().unwrap();
    db.insert(doll(100)).unwrap();
    let bytes = saved(&db);
    assert!(builder().load_from(&bytes[..]).unwrap().iter::<Doll>().eq(db.iter::<Doll>()));
    assert!(builder().nesting_limit(50).load_from(&bytes[..]).is_err());

    db.insert(doll(200)).unwrap();
    let SnapshotError::RowsNotSavable { rows } = db.save_to(std::io::sink()).unwrap_err() else { panic!() };
    assert_eq!((rows.len(), rows[0].row.to_string()), (1, "Doll 2v1".to_owned()));
    assert!(rows[0].refusal.to_string().contains("raise `nesting_limit`"), "{}", rows[0]);
    let mut bytes = Vec::new();
    db.saver().nesting_limit(300).save_to(&mut bytes).unwrap();
    assert!(builder().load_from(&bytes[..]).is_err());
    assert!(builder().nesting_limit(300).load_from(&bytes[..]).unwrap().iter::<Doll>().eq(db.iter::<Doll>()));

    // Made by hand: 10,000 variants one inside of the other, and a chain that would ask for itself for ever.
    let mut file = File::parse(&saved(&builder().build().unwrap()));
    let names = [define(0, &["inner"]), vec![0xca, 0, 4], b"Doll".to_vec(), vec![0xca, 1, 5], b"Chain".to_vec()];
    for inner in [[[0xc7, 0].repeat(10_000), vec![0xe0]].concat(), vec![0xc7, 1, 5]] {
        file.set_slots(0, &[1]);
        file.set(ROWS, 0, 1, [names.concat(), row(0, &[inner])].concat());
        let error = builder().load_from(&file.bytes_of(1)[..]).unwrap_err();
        assert!(error.to_string().contains("nested deeper"), "{error}");
    }
}

#[test]
fn sections_that_cannot_be_are_refused() {
    let misplaced = |kind: &str, found: u32, table: u32| {
        format!("{kind} cannot be: a block of kind {found} of table {table} stands in its place")
    };
    let more = "the rows of `Package` cannot be: there are more rows than slots with one";
    assert_eq!(said(|file| file.blocks.swap(1, 2)), more);
    assert_eq!(said(|file| file.blocks[2].table = 1), "the rows of `Package` cannot be: Package 1v1 is missing");
    assert_eq!(said(|file| drop(file.blocks.remove(0))), misplaced("schema", SLOTS, 0));
    assert_eq!(said(|file| file.blocks.swap(8, 9)), misplaced("end", ORDER, 2));
    assert_eq!(
        said(|file| file.blocks.push(Block { kind: END, table: 1, items: 1, content: vec![0] })),
        misplaced("end", END, 1)
    );
    assert_eq!(said(|file| file.blocks[1].items = 0), "the slots of `Package` cannot be: a block is not in its place");
    assert_eq!(
        said(|file| file.blocks[2].items = 2),
        "the rows of `Package` cannot be: a block holds 3 rows and says otherwise"
    );
    let mut file = File::parse(&saved(&sample()));
    assert_eq!(refusal(&file.bytes_of(2)).to_string(), "the end cannot be: the tables have other numbers of rows");
    let length = file.content(SCHEMA, 0).len();
    let schema = [file.content(SCHEMA, 0), vec![0]].concat();
    file.set(SCHEMA, 0, 1, schema);
    assert_eq!(
        refusal(&file.bytes_of(3)).to_string(),
        format!("the schema cannot be: it ends at byte {length} of {}", length + 1)
    );
}

/// HOSTILE 25: Checksums right but content wrong
#[test]
fn default_targets_that_cannot_be_are_refused() {
    let item = |relation: u32, target: Vec<u8>| [relation.to_le_bytes().to_vec(), target].concat();
    let defaults =
        |table, items: Vec<Vec<u8>>| said(|file| file.set(DEFAULTS, table, items.len() as u32, items.concat()));
    let cannot_be = |what: &str| format!("the default targets of `Part` cannot be: {what}");
    assert_eq!(defaults(PART, vec![item(1, raw_id(1, 1))]), cannot_be("no relation at place 1 refers by id"));
    assert_eq!(defaults(PART, vec![item(0, raw_id(9, 1))]), cannot_be("`whole`: no row is in slot 9"));
    let old = defaults(PART, vec![item(0, raw_id(3, 1))]);
    assert_eq!(old, cannot_be("`whole`: no row is in slot 3"), "an old generation");
    let twice = vec![item(0, raw_id(1, 1)), item(0, raw_id(2, 1))];
    assert_eq!(defaults(PART, twice), cannot_be("the relation at place 0 is not in its place"));
    assert_eq!(defaults(PART, vec![vec![0; 11]]), cannot_be("a block of 11 bytes does not hold whole items of 12"));
}

#[test]
fn an_order_of_children_that_cannot_be_is_refused() {
    let item = |relation: u32, source: Vec<u8>| [relation.to_le_bytes().to_vec(), source].concat();
    let order = |relation: u32, source: Vec<u8>| said(|file| file.set(ORDER, PART, 1, item(relation, source)));
    let cannot_be = |what: &str| format!("the order of children of `Part` cannot be: {what}");
    assert_eq!(order(1, raw_id(1, 1)), cannot_be("there is no relation at place 1"));
    assert_eq!(order(0, raw_id(9, 1)), cannot_be("slot 9 has no target"));
    assert_eq!(order(0, raw_id(3, 1)), cannot_be("slot 3 has no target"), "an old generation");
    assert_eq!(order(0, raw_id(u32::MAX, 1)), cannot_be(&format!("slot {} has no target", u32::MAX)));

    // A source that is named twice joins twice, and is there once.
    let mut file = File::parse(&saved(&sample()));
    let items = [item(0, raw_id(1, 1)), item(0, raw_id(2, 1)), item(0, raw_id(1, 1))].concat();
    file.set(ORDER, PART, 3, items);
    let db = load(&file.bytes_of(3)).unwrap();
    assert_eq!(db.check(), Ok(()));
    let car = db.find(super::Part::BY_LABEL, "car").unwrap().0;
    let labels = db.children(car, super::Part::PARTS).unwrap().map(|(_, part)| part.label.clone().unwrap());
    assert_eq!(labels.collect::<Vec<_>>(), ["door", "car"]);
}
