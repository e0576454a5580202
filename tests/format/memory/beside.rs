//! What a save and a load take beside the database, counted by the allocator.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};

use super::{MEMORY, is_alone, peak_of};

/// What may be allocated beside the database, in bytes.
const OF_SAVE: usize = 8 << 20;
const OF_LOAD: usize = 16 << 20;
/// How large the database is at least.
const DATABASE: usize = 100_000_000;

const PAGES: usize = 50_000;
const LINES: usize = 60_000;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(lines: Line))]
struct Page {
    #[model(primary_key)]
    number: u32,
    text: String,
}

/// Proved when it is saved, for the map.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    #[model(belongs_to)]
    page_id: Id<Page>,
    counts: HashMap<u8, u16>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Page>().model::<Line>()
}

/// With vacant slots, and children in another order than that of their slots.
fn large() -> Database {
    let mut db = models().build().unwrap();
    let page = |n: usize| Page { number: n as u32, text: "text ".repeat(400 + n % 100) };
    let pages = db.insert_many((0..PAGES).map(page).collect::<Vec<_>>()).unwrap();
    for page in pages.iter().skip(7).step_by(10) {
        db.delete(*page).unwrap();
    }
    let line = |n: usize| Line { page_id: pages[n % 1000 * 10], counts: HashMap::from([(n as u8, n as u16)]) };
    let lines = db.insert_many((0..LINES).map(line).collect::<Vec<_>>()).unwrap();
    for line in lines.iter().step_by(100) {
        db.relate(*line, Line::PAGE, pages[20]).unwrap();
    }
    db
}

/// behaviour V13: whatever the size of the database
#[test]
fn little_is_taken_beside_the_database() {
    if !is_alone("memory::beside::little_is_taken_beside_the_database") {
        return;
    }
    let (db, _) = peak_of(large);
    assert!(MEMORY.current_usage() > DATABASE, "{} bytes", MEMORY.current_usage());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.relata");
    let saves: &[(&str, &dyn Fn())] = &[
        ("a stream", &|| db.save_to(io::sink()).unwrap()),
        ("a file", &|| db.save(&path).unwrap()),
        ("a file, the old one kept", &|| drop(db.saver().keep_previous().save(&path).unwrap())),
        #[cfg(feature = "rayon")]
        ("on two threads", &|| on_two_threads(|| drop(db.saver().parallel().save_to(io::sink()).unwrap()))),
    ];
    let mut taken = Vec::new();
    for (what, save) in saves {
        let ((), peak) = peak_of(save);
        taken.push((*what, peak, OF_SAVE));
    }
    let loads: &[(&str, &dyn Fn() -> Database)] = &[
        ("a file", &|| models().load(&path).unwrap()),
        ("a stream", &|| models().load_from(File::open(&path).unwrap()).unwrap()),
        #[cfg(feature = "rayon")]
        ("on two threads", &|| on_two_threads(|| models().parallel().load(&path).unwrap())),
    ];
    for (what, load) in loads {
        let before = MEMORY.current_usage();
        let (back, peak) = peak_of(load);
        let held = MEMORY.current_usage() - before;
        assert!(back.len::<Line>() == LINES && held > DATABASE);
        taken.push((*what, peak - held, OF_LOAD));
    }
    assert!(taken.iter().all(|(_, taken, most)| taken <= most), "{taken:?}");
}

#[cfg(feature = "rayon")]
fn on_two_threads<T: Send>(done: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap().install(done)
}
