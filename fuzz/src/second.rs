//! Checksums of format 2, each of which begins with the one before it.

use xxhash_rust::xxh3::xxh3_64_with_seed;

const HEADER: usize = 20;
const BLOCK: usize = 32;

/// A file of no more than a schema, and the end of a file without tables: where the schema ends is told by the block that follows.
pub(crate) fn with_schema(content: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89RLT\r\n\x1a\n\x02\0\x02\0".to_vec();
    bytes.extend([0; 8]);
    for (kind, items, content) in [(1, 1, content), (8, 0, &1_u64.to_le_bytes()[..])] {
        for number in [kind, 0, 0, items, 0, content.len() as u32] {
            bytes.extend(u32::to_le_bytes(number));
        }
        bytes.extend([0; 8]);
        bytes.extend(content);
    }
    mended(&bytes)
}

/// The bytes with the checksums of header and blocks made right, as far as they are a file.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() < HEADER {
        return bytes;
    }
    let mut checksum = xxh3_64_with_seed(&bytes[..12], 0);
    bytes[12..HEADER].copy_from_slice(&checksum.to_le_bytes());
    let mut at = HEADER;
    while let Some(head) = bytes.get(at..at + BLOCK) {
        let length = u32::from_le_bytes(head[20..24].try_into().expect("four bytes")) as usize;
        let end = at.saturating_add(BLOCK).saturating_add(length).min(bytes.len());
        checksum = xxh3_64_with_seed(&[&head[..24], &bytes[at + BLOCK..end]].concat(), checksum);
        bytes[at + 24..at + BLOCK].copy_from_slice(&checksum.to_le_bytes());
        at = end;
    }
    bytes
}
