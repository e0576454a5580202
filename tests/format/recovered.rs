//! What is whole of a damaged file is saved, and nothing else.

use std::collections::BTreeMap;

use relata::snapshot::{Recovery, SavedRow, Value, recover};
use relata::{Database, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use crate::bytes::{BLOCK, File, HEADER, ROWS, SLOTS};
use crate::looking::{rows, starts};
use crate::matrix::{Numbers, is_exhaustive, mended};
use crate::schemas::{ALL, Case};
use crate::{golden, saved, town};

fn recovered(file: &[u8]) -> Result<(Vec<u8>, Recovery), SnapshotError> {
    let mut out = Vec::new();
    recover(file, &mut out).map(|recovery| (out, recovery))
}

type Rows = BTreeMap<(usize, String), Value>;

fn by_id(rows: Vec<SavedRow>) -> Rows {
    rows.into_iter().map(|row| ((row.table, row.id.to_string()), row.value)).collect()
}

/// Recovers a damaged copy of a file. What comes out loads, has none but rows of the file, and says how many it has.
fn prove(case: &Case, whole: &Rows, damaged: &[u8], what: &str) -> Recovery {
    let (out, recovery) = recovered(damaged).unwrap_or_else(|error| panic!("{}: {what}: {error}", case.name));
    let kept = by_id(rows(&out).unwrap_or_else(|error| panic!("{}: {what}: {error}", case.name)));
    for (id, row) in &kept {
        assert_eq!(Some(row), whole.get(id), "{}: {what}: {id:?}", case.name);
    }
    for (place, table) in recovery.tables.iter().enumerate() {
        let count = |rows: &Rows| rows.keys().filter(|(table, _)| *table == place).count() as u64;
        assert_eq!(table.kept, count(&kept), "{}: {what}: {}", case.name, table.name);
        let lost = count(whole) - table.kept;
        assert!(table.lost.is_none_or(|told| told == lost), "{}: {what}: {table:?}, {lost} are lost", case.name);
    }
    let loaded = (case.models)().accept_violations().load_from(&out[..]);
    loaded.unwrap_or_else(|error| panic!("{}: {what}: {error}", case.name));
    recovery
}

/// Where the schema's block ends: without it nothing is recovered.
fn behind_schema(file: &[u8]) -> usize {
    HEADER + BLOCK + File::parse(file).blocks[0].content.len()
}

/// behaviour V15: "The whole blocks of a damaged file are written as a new one, which loads"
#[test]
fn of_every_damage_what_is_whole_is_kept() {
    let mut numbers = Numbers(13);
    for case in ALL {
        let file = saved(&(case.database)());
        let whole = by_id(rows(&file).unwrap());
        let step = if is_exhaustive() { 1 } else { 5 };
        let starts = starts(&file);
        let blocks = File::parse(&file).blocks;
        for place in (0..HEADER).chain((behind_schema(&file)..file.len()).step_by(step)) {
            let mut damaged = file.clone();
            damaged[place] ^= 1 << numbers.below(8);
            let recovery = prove(&case, &whole, &damaged, &format!("byte {place}"));
            assert!(recovery.damaged.iter().any(|range| range.contains(&(place as u64))), "{place}: {recovery:?}");
            let block = starts.partition_point(|start| *start <= place).checked_sub(1).map(|block| &blocks[block]);
            for (place, table) in recovery.tables.iter().enumerate() {
                // Names that others need may be lost with a block of rows; with slots no more than their own rows.
                let may_lose = block.is_some_and(|block| match block.kind {
                    ROWS => true,
                    SLOTS => block.table as usize == place,
                    _ => false,
                });
                assert!(may_lose || table.lost == Some(0), "{}: {place}: {table:?}", case.name);
            }
            if place >= HEADER {
                let cut = prove(&case, &whole, &file[..place], &format!("cut at {place}"));
                assert!(!cut.damaged.is_empty(), "{}: cut at {place}", case.name);
            }
        }
    }
}

/// What is whole is recovered as it is.
#[test]
fn a_whole_file_is_recovered_whole() {
    for case in ALL {
        let db = (case.database)();
        let (out, recovery) = recovered(&saved(&db)).unwrap();
        assert!(recovery.damaged.is_empty() && recovery.tables.iter().all(|table| table.lost == Some(0)));
        let back = (case.models)().load_from(&out[..]).unwrap();
        assert_eq!(back.state_hash(), db.state_hash(), "{}", case.name);
    }
    let file = saved(&town::town());
    let longer = [&file[..], b"more"].concat();
    let (_, recovery) = recovered(&longer).unwrap();
    assert_eq!(recovery.damaged, vec![file.len() as u64..longer.len() as u64; 1]);
}

/// HOSTILE 38: blocks moved, checksums right but content wrong: no panic, and what comes out is a file.
#[test]
fn whatever_is_recovered_is_a_file() {
    let mut numbers = Numbers(38);
    for case in ALL {
        let file = saved(&(case.database)());
        let whole = by_id(rows(&file).unwrap());
        for place in (0..file.len()).step_by(if is_exhaustive() { 1 } else { 2 }) {
            let mut changed = file.clone();
            changed[place] ^= 1 + numbers.below(255) as u8;
            if let Ok((out, _)) = recovered(&mended(&changed)) {
                rows(&out).unwrap_or_else(|error| panic!("{}: {place}: {error}", case.name));
            }
        }
        let blocks: Vec<Vec<u8>> = {
            let mut at = HEADER;
            let spans = File::parse(&file).blocks.into_iter().map(|block| {
                let start = at;
                at += BLOCK + block.content.len();
                file[start..at].to_vec()
            });
            spans.collect()
        };
        for one in 1..blocks.len() {
            for other in 1..one {
                let mut swapped = blocks.clone();
                swapped.swap(one, other);
                let swapped = [file[..HEADER].to_vec(), swapped.concat()].concat();
                let recovery = prove(&case, &whole, &swapped, &format!("{one} and {other} swapped"));
                assert!(!recovery.damaged.is_empty());
            }
        }
    }
}

/// The errors of files of which nothing can be recovered.
#[test]
fn what_cannot_be_recovered_is_told() {
    let file = saved(&town::town());
    assert_eq!(recovered(b"").unwrap_err(), SnapshotError::NotASnapshot);
    assert_eq!(recovered(&[0; 4096]).unwrap_err(), SnapshotError::NotASnapshot);
    assert!(matches!(recovered(&file[..12]), Err(SnapshotError::Truncated { .. })));
    assert_eq!(recovered(&golden::file("town-1.relata")).unwrap_err(), SnapshotError::Nameless);
    let mut without_schema = file.clone();
    without_schema[HEADER + BLOCK + 3] ^= 1;
    assert!(matches!(recovered(&without_schema), Err(SnapshotError::Damaged { block: 0, .. })));
    let mut later = File::parse(&file);
    later.version = 9;
    assert!(matches!(recovered(&later.bytes()), Err(SnapshotError::UnsupportedVersion { found: 9, .. })));
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(pages: Page))]
struct Book {
    title: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Page {
    #[model(belongs_to)]
    book_id: relata::Id<Book>,
    number: u32,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Colour {
    Red,
    Green(u8),
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Figure {
    colour: Colour,
    text: String,
}

const CASE: Case = Case { name: "library", models: library_models, database: library };

fn library_models() -> relata::DatabaseBuilder {
    Database::builder().model::<Book>().model::<Page>().model::<Figure>()
}

/// Five blocks of pages, three of figures.
fn library() -> Database {
    let mut db = library_models().build().unwrap();
    let books: Vec<_> = (0..3).map(|n| db.insert(Book { title: format!("book {n}") }).unwrap()).collect();
    for number in 0..5_000 {
        let page = Page { book_id: books[number % 3], number: number as u32, text: "x".repeat(50) };
        db.insert(page).unwrap();
    }
    for n in 0..3_000_u32 {
        let colour = if n % 2 == 0 { Colour::Red } else { Colour::Green(n as u8) };
        db.insert(Figure { colour, text: "y".repeat(50) }).unwrap();
    }
    for (id, _) in
        db.iter::<Page>().map(|(id, page)| (id, page.number)).filter(|(_, n)| n % 100 == 7).collect::<Vec<_>>()
    {
        db.delete(id).unwrap();
    }
    db
}

/// A copy with one byte changed in the middle of the content of the nth block of a section.
fn with_damage(file: &[u8], kind: u32, table: u32, nth: usize) -> Vec<u8> {
    let mut at = HEADER;
    let mut seen = 0;
    for block in File::parse(file).blocks {
        if (block.kind, block.table) == (kind, table) {
            if seen == nth {
                let mut damaged = file.to_vec();
                damaged[at + BLOCK + block.content.len() / 2] ^= 0x10;
                return damaged;
            }
            seen += 1;
        }
        at += BLOCK + block.content.len();
    }
    panic!("there is no block {nth} of kind {kind}");
}

/// behaviour V15: "rows keep their ids, and what is lost is counted by table; the ids of lost rows are not given out
/// again"
#[test]
fn a_lost_block_is_counted_and_its_ids_stay_lost() {
    let db = library();
    let file = saved(&db);
    let whole = by_id(rows(&file).unwrap());
    let lost_items = u64::from(
        File::parse(&file).blocks.iter().find(|b| (b.kind, b.table, b.number) == (ROWS, 1, 2)).unwrap().items,
    );
    let damaged = with_damage(&file, ROWS, 1, 2);
    let recovery = prove(&CASE, &whole, &damaged, "the third block of pages");
    let [books, pages, figures] = &recovery.tables[..] else { panic!("{recovery:?}") };
    assert_eq!((books.lost, pages.lost, figures.lost), (Some(0), Some(lost_items), Some(0)));
    assert_eq!(pages.kept, 4_950 - lost_items);
    assert_eq!((pages.assumed, recovery.damaged.len()), (0, 1));

    let (out, _) = recovered(&damaged).unwrap();
    let mut back = library_models().load_from(&out[..]).unwrap();
    assert_eq!(back.check(), Ok(()));
    let book = back.iter::<Book>().next().unwrap().0;
    for number in 0..60 {
        let page = back.insert(Page { book_id: book, number, text: String::new() }).unwrap();
        assert!(!whole.contains_key(&(1, page.to_string())), "{page} was the id of another row");
    }
}

/// behaviour V15: "Where the names of a row's own fields are lost, the schema's are taken if every byte fits, and
/// such rows are counted"
#[test]
fn lost_names_of_fields_are_those_of_the_schema() {
    let file = saved(&library());
    let whole = by_id(rows(&file).unwrap());
    let recovery = prove(&CASE, &whole, &with_damage(&file, ROWS, 1, 0), "the first block of pages");
    let pages = &recovery.tables[1];
    assert!(pages.kept > 3_000, "{pages:?}");
    assert_eq!((pages.assumed, pages.lost), (pages.kept, Some(4_950 - pages.kept)));

    // Of variants the schema knows no names, and what is not known is not made up.
    let recovery = prove(&CASE, &whole, &with_damage(&file, ROWS, 2, 0), "the first block of figures");
    assert_eq!((recovery.tables[2].kept, recovery.tables[2].lost), (0, Some(3_000)));
    assert_eq!((recovery.tables[0].kept, recovery.tables[1].kept), (3, 4_950));
}

/// Without slots there are no ids; what tells how many rows there were is the end.
#[test]
fn rows_without_slots_are_lost() {
    let file = saved(&library());
    let whole = by_id(rows(&file).unwrap());
    let damaged = with_damage(&file, SLOTS, 1, 0);
    let recovery = prove(&CASE, &whole, &damaged, "the slots of pages");
    assert_eq!((recovery.tables[1].kept, recovery.tables[1].lost), (0, Some(4_950)));
    assert_eq!(recovery.tables[2].kept, 3_000);
    let without_end = &damaged[..damaged.len() - 5];
    let recovery = prove(&CASE, &whole, without_end, "the slots of pages and the end");
    assert_eq!((recovery.tables[1].kept, recovery.tables[1].lost), (0, None));
    assert_eq!((recovery.tables[2].kept, recovery.tables[2].lost), (3_000, Some(0)));
}
