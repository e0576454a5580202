//! Checksums of format 1.

/// A file of no more than a schema.
pub(crate) fn with_schema(content: &[u8]) -> Vec<u8> {
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
    mended(&bytes)
}

/// The bytes with the checksums of header, section table and blocks made right, as far as they are a file.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
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
