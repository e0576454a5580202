//! Damaged copies of a golden file: what is damaged is named, and what is whole is saved.

use std::path::Path;

use crate::golden::tables;
use crate::{Ended, Folder, golden_bytes, golden_path, printed, relata};

const HEADER: usize = 20;
const PREFIX: usize = 32;
const ROWS: u32 = 4;

/// A block as it lies in a file.
struct Block {
    kind: u32,
    table: u32,
    start: usize,
    end: usize,
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn blocks(file: &[u8]) -> Vec<Block> {
    let (mut at, mut blocks) = (HEADER, Vec::new());
    while at < file.len() {
        let end = at + PREFIX + number(file, at + 20) as usize;
        blocks.push(Block { kind: number(file, at), table: number(file, at + 4), start: at, end });
        at = end;
    }
    blocks
}

/// The place of the block of rows of a table, and the file.
fn rows_of(table: u32) -> (usize, Block, Vec<u8>) {
    let file = golden_bytes("town-2.relata");
    let found = blocks(&file).into_iter().enumerate().find(|(_, block)| (block.kind, block.table) == (ROWS, table));
    let (place, block) = found.unwrap();
    (place, block, file)
}

/// Each command but `recover` and `schema` on a damaged file, with the code that it ends with.
fn each(file: &str) -> [Ended; 5] {
    let whole = golden_path("town-2.relata");
    [
        relata(&["info", file]),
        relata(&["check", file]),
        relata(&["rows", file, "Note", "--json"]),
        relata(&["diff", file, &whole]),
        relata(&["diff", &whole, file]),
    ]
}

fn assert_named(file: &str, expected: &str) {
    for (place, ended) in each(file).iter().enumerate() {
        // That they differ, which is 1, is not known.
        assert_eq!(ended.code, if place < 3 { 1 } else { 2 }, "{}{}", ended.out, ended.err);
        assert!(ended.err.contains(expected), "{expected} is not in {}", ended.err);
        assert!(ended.err.contains(file), "{}", ended.err);
    }
}

#[test]
fn a_flipped_byte_is_named_by_its_block() {
    let folder = Folder::new();
    let (place, block, mut file) = rows_of(1);
    file[block.end - 3] ^= 0x20;
    let damaged = folder.write("damaged.relata", &file);
    assert_named(&damaged, &format!("block {place} at byte {}: the checksum of the rows of `City`", block.start));
    // What stands before it can still be read.
    let countries = relata(&["rows", &damaged, "Country", "--json"]);
    assert_eq!((countries.code, countries.out.lines().count()), (0, 3), "{}", countries.err);
    assert_eq!(relata(&["schema", &damaged, "--json"]).code, 0);
}

#[test]
fn a_truncated_file_is_named_by_where_it_ends() {
    let folder = Folder::new();
    let (place, block, file) = rows_of(1);
    let cut = folder.write("cut.relata", &file[..block.start + PREFIX + 9]);
    assert_named(&cut, &format!("block {place} at byte {}: the snapshot is cut short", block.start));
    let before = folder.write("before.relata", &file[..block.start]);
    assert_named(&before, &format!("block {place} at byte {}: the snapshot is cut short", block.start));
}

#[test]
fn a_swapped_block_is_named() {
    let folder = Folder::new();
    let (place, block, file) = rows_of(1);
    let next = &blocks(&file)[place + 1];
    let swapped = [&file[..block.start], &file[next.start..next.end], &file[block.start..block.end], &file[next.end..]];
    let swapped = folder.write("swapped.relata", &swapped.concat());
    for ended in each(&swapped) {
        assert_ne!(ended.code, 0);
        assert!(ended.err.contains(&format!("block {place} at byte {}: ", block.start)), "{}", ended.err);
    }
}

#[test]
fn what_is_no_snapshot_is_told() {
    let folder = Folder::new();
    for (name, bytes) in [("empty", &b""[..]), ("text", b"name,age\nAnn,7\n"), ("zero", &[0; 500])] {
        let file = folder.write(name, bytes);
        for ended in each(&file) {
            assert_eq!((ended.code, ended.out.as_str()), (2, ""));
            assert!(ended.err.contains("not a relata snapshot"), "{}", ended.err);
        }
        let recover = relata(&["recover", &file, &folder.name("out")]);
        assert!(recover.code == 2 && recover.err.contains("not a relata snapshot"), "{}", recover.err);
        assert!(!Path::new(&folder.name("out")).exists());
    }
    let longer = folder.write("longer", &[&golden_bytes("town-2.relata")[..], b"more"].concat());
    let check = relata(&["check", &longer]);
    assert!(check.code == 1 && check.err.contains("the snapshot ends at byte 2718"), "{}", check.err);
}

/// The table of `recover`: name, kept, lost.
fn counts(out: &str) -> Vec<(String, String, String)> {
    let lines = out.lines().skip(1).take_while(|line| !line.is_empty());
    let words = lines.map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.map(|words| (words[0].clone(), words[1].clone(), words[2].clone())).collect()
}

/// behaviour V15: "What was lost is counted by table"
#[test]
fn recover_writes_what_is_whole() {
    let folder = Folder::new();
    let (_, block, mut file) = rows_of(1);
    file[block.end - 3] ^= 0x20;
    let (damaged, out) = (folder.write("damaged.relata", &file), folder.name("out.relata"));
    let ended = relata(&["recover", &damaged, &out]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""), "there is damage");
    let expected = [("Country", "3", "0"), ("City", "0", "3"), ("Person", "2", "0"), ("Note", "4", "0")];
    let expected = expected.map(|(name, kept, lost)| (name.to_owned(), kept.to_owned(), lost.to_owned()));
    assert_eq!(counts(&ended.out), expected, "{}", ended.out);
    let length = block.end - block.start;
    assert!(ended.out.contains(&format!("lost: {length} bytes from byte 1,798")), "{}", ended.out);
    assert_eq!(std::fs::read(&damaged).unwrap(), file, "the damaged file stays as it is");

    let rows: Vec<u64> = tables(&printed(&["info", &out])).into_iter().map(|(_, rows, _)| rows).collect();
    assert_eq!(rows, [3, 0, 2, 4]);
    let whole = golden_path("town-2.relata");
    for table in ["Country", "Person", "Note"] {
        let rows = |file: &str| printed(&["rows", file, table, "--json"]);
        assert_eq!(rows(&out), rows(&whole), "{table}");
    }
    let check = relata(&["check", &out]);
    assert!(
        check.code == 1 && check.out.contains("Note 2v1: `Note`.subject_city: no `City` with id 2v1"),
        "{}",
        check.out
    );
    let diff = relata(&["diff", &whole, &out]);
    assert!(diff.out.contains("City: 0 rows added, 3 removed, 0 changed"), "{}", diff.out);
}

#[test]
fn recover_of_a_whole_file_says_so() {
    let folder = Folder::new();
    let whole = golden_path("town-2.relata");
    let out = printed(&["recover", &whole, &folder.name("out.relata")]);
    assert!(out.contains("the file is whole"), "{out}");
    assert_eq!(printed(&["diff", &whole, &folder.name("out.relata")]), "no differences in schema and rows\n");
}

/// Whatever is damaged, no command panics, and each that needs the damaged part ends with an error.
#[test]
fn every_block_damaged_in_turn() {
    let folder = Folder::new();
    let file = golden_bytes("town-2.relata");
    for (place, block) in blocks(&file).iter().enumerate() {
        for at in [block.start, block.start + 20, block.end - 1] {
            let mut damaged = file.clone();
            damaged[at] ^= 0x81;
            let damaged = folder.write("damaged.relata", &damaged);
            let check = relata(&["check", &damaged]);
            assert_eq!(check.code, 1, "block {place}, byte {at}: {}", check.err);
            assert!(check.err.contains(&format!("block {place} at byte {}: ", block.start)), "{}", check.err);
            let out = folder.name("out.relata");
            let recover = relata(&["recover", &damaged, &out]);
            if place > 0 {
                assert_eq!(recover.code, 1, "block {place}, byte {at}: {}", recover.err);
                assert!([0, 1].contains(&relata(&["check", &out]).code));
                std::fs::remove_file(&out).unwrap();
            }
        }
    }
}
