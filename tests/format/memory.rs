//! What a load takes, counted by the allocator: no more than its limit and what comes on top of it while lists grow.
//!
//! The peak is that of a process, so each test runs in one of its own.

#![expect(clippy::disallowed_types, reason = "rows with maps of an order of their own are what is tested")]

mod beside;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::process::Command;

use peak_alloc::PeakAlloc;
use relata::snapshot::{Reader, recover};
use relata::{Database, Model, SnapshotError};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::bytes::{File, ROWS, SLOTS, Value};
use crate::saved;

#[global_allocator]
pub(crate) static MEMORY: PeakAlloc = PeakAlloc;

const LIMIT: u64 = 8 << 20;
/// A list or map that grows is moved, and for that time there twice, the new one of twice the size; and the buffers of a load.
const PEAK: usize = 4 * LIMIT as usize + (1 << 20);
/// The names of a file have a limit of their own, 16 MiB, and are held with what finds them.
const NAMES: usize = 3 * (16 << 20);

/// Whether this process runs one test only. If not, it runs this one in such a process.
pub(crate) fn is_alone(test: &str) -> bool {
    const ALONE: &str = "RELATA_MEMORY_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).args(["--exact", test, "--test-threads=1"]).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    false
}

/// What is allocated at most while something is done, beyond what there was before it.
fn peak_of<T>(done: impl FnOnce() -> T) -> (T, usize) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let out = done();
    (out, MEMORY.peak_usage().saturating_sub(before))
}

#[derive(Clone, Default, Debug, PartialEq, Serialize, Deserialize)]
struct Wide(Option<[[u64; 32]; 4]>);

#[derive(Clone, Default, Debug, PartialEq, Serialize, Deserialize)]
struct Broad {
    #[serde(default)]
    numbers: Option<[[u64; 32]; 4]>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u64),
    List(Vec<Loose>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Many { of: Vec<u8> },
}

#[derive(Model, Clone, Default, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Hoard {
    wide: Vec<Wide>,
    #[expect(clippy::vec_box, reason = "what is boxed is counted too")]
    boxed: Vec<Box<Broad>>,
    #[expect(clippy::vec_box, reason = "what is boxed is counted too")]
    boxed_newtypes: Vec<Box<Wide>>,
    lists: Vec<Vec<Vec<u8>>>,
    texts: Vec<String>,
    units: Vec<()>,
    map: BTreeMap<u32, Wide>,
    hashed: HashMap<u32, Wide>,
    loose: Option<Loose>,
    tagged: Option<Tagged>,
    #[serde(with = "serde_bytes_like")]
    bytes: Vec<u8>,
    json: Option<serde_json::Value>,
}

/// Bytes as bytes.
mod serde_bytes_like {
    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

fn models() -> relata::DatabaseBuilder {
    Database::builder().model::<Hoard>().memory_limit(LIMIT)
}

/// A file of rows, each with one field.
fn file(rows: &[(&str, Value)]) -> Vec<u8> {
    let mut file = File::parse(&saved(&models().build().unwrap()));
    let run = [(rows.len() as u32).to_le_bytes(), 1_u32.to_le_bytes()].concat();
    file.set(SLOTS, 0, 1, &run);
    file.set_rows(&[rows
        .iter()
        .map(|(name, value)| Value::Struct(vec![((*name).to_owned(), value.clone())]))
        .collect()]);
    file.bytes()
}

/// The same, where the bytes of the value are given as they are.
fn raw(name: &str, value: &[u8]) -> Vec<u8> {
    let mut file = File::parse(&saved(&models().build().unwrap()));
    file.set(SLOTS, 0, 1, &[1_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat());
    let names = [&[0xc9, 0, 1, name.len() as u8], name.as_bytes()].concat();
    file.set(ROWS, 0, 1, &[&names, &[0xd0][..], value].concat());
    file.bytes()
}

fn list(count: usize, value: Value) -> Value {
    Value::List(vec![value; count])
}

/// Every load ends within the limit, or in an error, and in neither case takes more than [`PEAK`].
fn load(what: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
    load_within(PEAK, what, bytes)
}

fn load_within(most: usize, what: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
    let (outcome, peak) = peak_of(|| models().load_from(bytes).map(drop));
    assert!(peak <= most, "{what}: {peak} bytes for a file of {} and a limit of {LIMIT}: {outcome:?}", bytes.len());
    let (looked, peak) = peak_of(|| look(bytes));
    assert!(peak <= most, "{what}: {peak} bytes to look into a file of {}: {looked:?}", bytes.len());
    let (recovered, peak) = peak_of(|| recover(bytes, io::sink()).map(drop));
    let most = most.max(4 * bytes.len());
    assert!(peak <= most, "{what}: {peak} bytes to recover a file of {}: {recovered:?}", bytes.len());
    outcome
}

/// Reads all rows without their models.
fn look(source: impl Read) -> Result<(), SnapshotError> {
    Reader::new(source)?.memory_limit(LIMIT).rows()?.try_for_each(|row| row.map(drop))
}

// fault E3: `memory_limit` does not bound the memory of rows
/// HOSTILE 24: within a bounded memory budget; HOSTILE 38: without the models too
#[test]
fn what_a_load_takes_is_bounded() {
    if !is_alone("memory::what_a_load_takes_is_bounded") {
        return;
    }
    elements_that_are_larger_than_their_bytes();
    numbers_that_claim_what_is_not_there();
    streams_without_end();
    a_save_and_its_load();
}

fn elements_that_are_larger_than_their_bytes() {
    const MANY: usize = 200_000;
    let entry = |n: usize| (Value::Unsigned(n as u128), Value::None);
    let map = || Value::Map((0..MANY).map(entry).collect());
    let rows = [
        ("wide", list(MANY, Value::None)),
        ("boxed", list(MANY, Value::Struct(Vec::new()))),
        ("boxed_newtypes", list(MANY, Value::None)),
        ("lists", list(4, list(MANY, list(1, Value::Unsigned(1))))),
        ("texts", list(4 * MANY, Value::Text("x".into()))),
        ("map", map()),
        ("hashed", map()),
        ("loose", list(4 * MANY, Value::Unsigned(1))),
        ("loose", list(2, list(MANY, list(1, Value::Unsigned(1))))),
        ("json", list(4 * MANY, list(0, Value::None))),
    ];
    for row in rows {
        let error = load(row.0, &file(std::slice::from_ref(&row))).unwrap_err();
        assert!(matches!(error, SnapshotError::OverBudget { .. }), "{}: {error}", row.0);
    }
    let many = Value::Struct(vec![
        ("of".into(), list(3 << 20, Value::Unsigned(1))),
        ("kind".into(), Value::Text("Many".into())),
    ]);
    drop(load("tagged", &file(&[("tagged", many)])));
    // Many rows, each of which is small: their slots count.
    let small = vec![("units", list(0, Value::Unit)); 100_000];
    assert!(matches!(load("rows", &file(&small)), Err(SnapshotError::OverBudget { .. })));
}

fn numbers_that_claim_what_is_not_there() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    for name in [
        "wide",
        "boxed",
        "boxed_newtypes",
        "lists",
        "texts",
        "units",
        "map",
        "hashed",
        "loose",
        "tagged",
        "bytes",
        "json",
    ] {
        for tag in [0xb9, 0xba, 0xbb, 0xbc, 0xc6, 0xc7, 0xc8] {
            let claimed = raw(name, &[&[tag][..], &huge].concat());
            assert!(load(name, &claimed).is_err(), "{name}, {tag:x}");
            // As much as there may be, and then nothing.
            let claimed = raw(name, &[tag, 0x80, 0x80, 0x80, 0x40]);
            assert!(load(name, &claimed).is_err(), "{name}, {tag:x}");
        }
    }
    // A list of lists, each of which claims the rest of the file.
    let claims: Vec<u8> = [0xbb, 0xff, 0xff, 0x03].repeat(60_000);
    assert!(load("claims", &raw("lists", &claims)).is_err());
    assert!(load("claims", &raw("loose", &claims)).is_err());
    // Elements of no size take no memory, but time: each is a byte of the file.
    let units = [&[0xbb, 0x80, 0x80, 0x40][..], &vec![0xb8; 1 << 20]].concat();
    assert_eq!(load("units", &raw("units", &units)), Ok(()));
    // A million names.
    let mut names = vec![0xc9, 1, 0xc0, 0x84, 0x3d];
    for n in 0..1_000_000_u32 {
        names.extend([&[7][..], format!("{n:07}").as_bytes()].concat());
    }
    let million = raw("units", &[]);
    let mut million = File::parse(&million);
    million.set(ROWS, 0, 1, &[&[0xc9, 0, 1, 5][..], b"units", &names, &[0xd0, 0xf0]].concat());
    drop(load_within(PEAK + NAMES, "names", &million.bytes()));
    // Names that are lost, if it were so.
    let gaps = (1..=200_u32).flat_map(|n| {
        let number = n * 900_000;
        let varint = [0, 7, 14, 21].map(|shift| (number >> shift & 0x7f) as u8 | if shift < 21 { 0x80 } else { 0 });
        [&[0xc9][..], &varint, &[0]].concat()
    });
    let mut lost = File::parse(&raw("units", &[]));
    lost.set(ROWS, 0, 1, &[gaps.collect(), vec![0xd0, 0xf0]].concat());
    assert!(load_within(PEAK + NAMES, "lost names", &lost.bytes()).is_err());
    // As many slots as there are numbers.
    let mut slots = File::parse(&saved(&models().build().unwrap()));
    for generation in 0..4_u32 {
        slots.set(SLOTS, 0, 1, &[u32::MAX.to_le_bytes(), generation.to_le_bytes()].concat());
        assert!(load("slots", &slots.bytes()).is_err());
    }
}

/// Blocks of a kind, each in its place and with the right checksum, for as long as one reads.
struct Endless {
    kind: u32,
    items: u32,
    content: Vec<u8>,
    number: u32,
    checksum: u64,
    ready: io::Cursor<Vec<u8>>,
}

impl Endless {
    fn new(kind: u32, items: u32, content: Vec<u8>) -> Self {
        let mut file = File::parse(&saved(&models().build().unwrap()));
        file.blocks.truncate(1);
        if kind == ROWS {
            file.set_last(SLOTS, 1, &[1_000_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat());
        }
        let bytes = file.bytes();
        let mut checksum = xxh3_64(&bytes[..12]);
        let mut at = 20;
        while at < bytes.len() {
            checksum = u64::from_le_bytes(bytes[at + 24..at + 32].try_into().unwrap());
            at += 32 + u32::from_le_bytes(bytes[at + 20..at + 24].try_into().unwrap()) as usize;
        }
        Endless { kind, items, content, number: 0, checksum, ready: io::Cursor::new(bytes) }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.position() == self.ready.get_ref().len() as u64 {
            let before = self.number.wrapping_mul(self.items);
            let numbers = [self.kind, 0, self.number, self.items, before, self.content.len() as u32];
            let mut block: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
            self.checksum = xxh3_64_with_seed(&[&block[..], &self.content].concat(), self.checksum);
            block.extend(self.checksum.to_le_bytes());
            block.extend(&self.content);
            self.number += 1;
            self.ready = io::Cursor::new(block);
        }
        self.ready.read(buffer)
    }
}

fn streams_without_end() {
    let run = [1_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat();
    let long_row = [&[0xc9, 0, 1, 5][..], b"units", &[0xd0, 0xf0]].concat();
    let streams: [(&str, &dyn Fn() -> Endless); 4] = [
        ("slots", &|| Endless::new(SLOTS, 1 << 10, run.repeat(1 << 10))),
        ("rows", &|| Endless::new(ROWS, 1, long_row.clone())),
        ("rows of nothing", &|| Endless::new(ROWS, 1, vec![0xb8])),
        ("a schema", &|| Endless::new(1, 1, vec![0; 1 << 16])),
    ];
    for (what, stream) in streams {
        let (outcome, peak) = peak_of(|| models().load_from(stream()).map(drop));
        assert!(outcome.is_err() && peak <= PEAK, "{what}: {outcome:?}, {peak} bytes");
        let (outcome, peak) = peak_of(|| look(stream()));
        assert!(outcome.is_err() && peak <= PEAK, "{what}: {outcome:?}, {peak} bytes");
    }
}

/// The least limit that lets a file through is near what its database takes.
fn a_save_and_its_load() {
    let mut db = models().build().unwrap();
    for n in 0..300 {
        let wide = vec![Wide(Some([[n; 32]; 4])); 3];
        db.insert(Hoard { wide, texts: vec!["text".into(); 100], ..Hoard::default() }).unwrap();
    }
    let (bytes, peak) = peak_of(|| saved(&db));
    assert!(peak < 4 * bytes.len() + (1 << 20), "a save takes {peak} bytes for {}", bytes.len());
    let limited = |limit| Database::builder().model::<Hoard>().memory_limit(limit).load_from(&bytes[..]);
    let (mut refused, mut taken) = (0_u64, 1 << 30);
    while taken - refused > 1 {
        let limit = u64::midpoint(refused, taken);
        if limited(limit).is_ok() { taken = limit } else { refused = limit }
    }
    assert!(matches!(limited(taken - 1), Err(SnapshotError::OverBudget { .. })), "the limit is exact");
    let before = MEMORY.current_usage();
    let back = limited(taken).unwrap();
    let held = MEMORY.current_usage() - before;
    assert!(back.iter::<Hoard>().eq(db.iter::<Hoard>()));
    assert!(held as u64 <= taken, "{held} bytes are held, and {taken} were enough");
}
