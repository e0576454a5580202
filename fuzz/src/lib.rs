//! The bodies of the fuzz targets: plain functions, which a test of the library replays over `seeds` as well.
//!
//! Checksums would keep a fuzzer out, so each input is tried twice: as it is, and with every checksum made right.

use relata::snapshot::read_schema;
use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    name: String,
    version: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package_name, package_version)))]
struct Dependency {
    package_name: String,
    package_version: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(parts: Part))]
struct Part {
    #[model(unique)]
    label: Option<String>,
    #[model(belongs_to, name = whole)]
    whole_id: Option<Id<Part>>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Package>().model::<Dependency>().model::<Part>().memory_limit(16 << 20)
}

/// Any bytes are refused, or are those of a consistent database that can be saved and loaded.
pub fn load(bytes: &[u8]) {
    load_as_it_is(bytes);
    load_as_it_is(&mended(bytes));
}

fn load_as_it_is(bytes: &[u8]) {
    let Ok(db) = models().load_from(bytes) else { return };
    assert_eq!(db.check(), Ok(()));
    let saved = saved(&db);
    let again = models().load_from(&saved[..]).expect("what was saved loads");
    assert!(saved == self::saved(&again), "the same state, the same bytes");
}

fn saved(db: &Database) -> Vec<u8> {
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).expect("what was loaded can be saved");
    bytes
}

/// Any schema section is refused, or is a schema that can be drawn.
pub fn schema(content: &[u8]) {
    const SCHEMA: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 0];
    let mut bytes = b"\x89RLT\r\n\x1a\n\x01\0\x01\0\x01\0\0\0".to_vec();
    bytes.extend((40 + 16 + 8 + content.len() as u64).to_le_bytes());
    bytes.extend(fnv(content).to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend(SCHEMA);
    bytes.extend((8 + content.len() as u64).to_le_bytes());
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(content);
    if let Ok(schema) = read_schema(&mended(&bytes)[..]) {
        schema.to_mermaid();
    }
}

/// The bytes with the checksums of header, section table and blocks made right, as far as they are a file.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let number = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 4).map_or(0, |four| u32::from_le_bytes(four.try_into().expect("four bytes")) as usize)
    };
    let sections = 40_usize.saturating_add(number(&bytes, 12).saturating_mul(16));
    if bytes.len() < 40 || sections > bytes.len() {
        return bytes;
    }
    let lengths: Vec<usize> = bytes[40..sections].chunks(16).map(|entry| number(entry, 8)).collect();
    let mut at = sections;
    for length in lengths {
        let end = at.saturating_add(length).min(bytes.len());
        while at + 8 <= end {
            let block = at + 8;
            let items = number(&bytes, at).min(end - block);
            let prefix: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
            let checksum = crc(prefix.iter().chain(&bytes[block..block + items]));
            bytes[at + 4..block].copy_from_slice(&checksum);
            at = block + items;
        }
        at = end;
    }
    let table = crc(&bytes[40..sections]);
    bytes[32..36].copy_from_slice(&table);
    let header = crc(&bytes[..36]);
    bytes[36..40].copy_from_slice(&header);
    bytes
}

fn crc<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> [u8; 4] {
    let crc = bytes.into_iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    (!crc).to_le_bytes()
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
