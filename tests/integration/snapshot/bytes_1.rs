//! Files of format 1 taken apart and put together, written from `docs/format.md` alone: of the library the schema is used.
//!
//! The library does not write them any more.

use relata::Schema;

/// The kinds of sections.
pub(crate) const SCHEMA: u32 = 1;
pub(crate) const SLOTS: u32 = 2;
pub(crate) const FREE: u32 = 3;
pub(crate) const ROWS: u32 = 4;
pub(crate) const ORDER: u32 = 5;
pub(crate) const DEFAULTS: u32 = 6;
pub(crate) const LISTERS: u32 = 7;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) version: u16,
    pub(crate) codec: u8,
    pub(crate) flags: u8,
    /// What the header says; [`File::bytes`] writes the right one where this is `None`.
    pub(crate) fingerprint: Option<u64>,
    pub(crate) sections: Vec<Section>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) kind: u32,
    pub(crate) table: u32,
    pub(crate) blocks: Vec<Vec<u8>>,
}

pub(crate) fn number(bytes: &[u8], place: usize, size: usize) -> u64 {
    bytes[place..place + size].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// CRC-32 as in zlib and PNG.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

/// 64-bit FNV-1a.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

impl File {
    /// A file of empty tables.
    pub(crate) fn of(schema: &Schema) -> Self {
        let fixed = bincode::config::legacy();
        let schema_bytes = bincode::serde::encode_to_vec(schema, fixed).unwrap();
        let tables = 0..schema.tables.len() as u32;
        let of_rows = tables.clone().flat_map(|table| [SLOTS, FREE, ROWS].map(|kind| (kind, table)));
        let of_links = tables.flat_map(|table| [ORDER, LISTERS, DEFAULTS].map(|kind| (kind, table)));
        let empty = |(kind, table)| Section { kind, table, blocks: Vec::new() };
        let mut sections = vec![Section { kind: SCHEMA, table: 0, blocks: vec![schema_bytes] }];
        sections.extend(of_rows.chain(of_links).map(empty));
        File { version: 1, codec: 1, flags: 0, fingerprint: None, sections }
    }

    /// Takes a file apart that must be well formed.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        assert_eq!(bytes[..8], *b"\x89RLT\r\n\x1a\n");
        assert_eq!(number(bytes, 16, 8), bytes.len() as u64);
        assert_eq!(number(bytes, 36, 4), u64::from(crc(&bytes[..36])));
        let count = number(bytes, 12, 4) as usize;
        let mut place = 40 + 16 * count;
        assert_eq!(number(bytes, 32, 4), u64::from(crc(&bytes[40..place])));
        let mut sections = Vec::new();
        for entry in bytes[40..place].chunks(16) {
            let end = place + number(entry, 8, 8) as usize;
            let mut blocks = Vec::new();
            while place < end {
                let length = number(bytes, place, 4) as usize;
                let block = &bytes[place + 8..][..length];
                assert_eq!(number(bytes, place + 4, 4), u64::from(crc(&[&bytes[place..place + 4], block].concat())));
                blocks.push(block.to_vec());
                place += 8 + length;
            }
            assert_eq!(place, end);
            sections.push(Section { kind: number(entry, 0, 4) as u32, table: number(entry, 4, 4) as u32, blocks });
        }
        assert_eq!(place, bytes.len());
        assert_eq!(number(bytes, 24, 8), fnv(&sections[0].blocks.concat()));
        let version = number(bytes, 8, 2) as u16;
        File { version, codec: bytes[10], flags: bytes[11], fingerprint: None, sections }
    }

    /// Puts the file together, every length and checksum right.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let sections: Vec<Vec<u8>> = self.sections.iter().map(|section| frame(&section.blocks)).collect();
        let mut table = Vec::new();
        for (section, bytes) in self.sections.iter().zip(&sections) {
            table.extend(section.kind.to_le_bytes());
            table.extend(section.table.to_le_bytes());
            table.extend((bytes.len() as u64).to_le_bytes());
        }
        let content = sections.concat();
        let fingerprint = self
            .fingerprint
            .unwrap_or_else(|| fnv(&self.sections.first().map(|schema| schema.blocks.concat()).unwrap_or_default()));
        let mut file = b"\x89RLT\r\n\x1a\n".to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend([self.codec, self.flags]);
        file.extend((self.sections.len() as u32).to_le_bytes());
        file.extend((40 + table.len() as u64 + content.len() as u64).to_le_bytes());
        file.extend(fingerprint.to_le_bytes());
        file.extend(crc(&table).to_le_bytes());
        file.extend(crc(&file).to_le_bytes());
        [file, table, content].concat()
    }

    /// The section of a table.
    pub(crate) fn section(&mut self, kind: u32, table: u32) -> &mut Section {
        self.sections.iter_mut().find(|section| (section.kind, section.table) == (kind, table)).unwrap()
    }
}

fn frame(blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in blocks {
        let length = (block.len() as u32).to_le_bytes();
        bytes.extend(length);
        bytes.extend(crc(&[&length, &block[..]].concat()).to_le_bytes());
        bytes.extend(block);
    }
    bytes
}

impl Section {
    /// The items of a section of four-byte numbers.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.blocks.concat().chunks(4).map(|item| number(item, 0, 4) as u32).collect()
    }

    pub(crate) fn set_numbers(&mut self, numbers: &[u32]) {
        self.blocks =
            numbers.chunks(1 << 18).map(|block| block.iter().flat_map(|n| n.to_le_bytes()).collect()).collect();
    }

    /// The rows of a rows section.
    pub(crate) fn rows(&self) -> Vec<Vec<u8>> {
        let mut rows = Vec::new();
        for block in &self.blocks {
            let mut rest = &block[..];
            while !rest.is_empty() {
                let (row, after) = rest[4..].split_at(number(rest, 0, 4) as usize);
                rows.push(row.to_vec());
                rest = after;
            }
        }
        rows
    }

    /// Rows as bincode has them.
    pub(crate) fn encode_rows(&mut self, rows: &[impl serde::Serialize]) {
        let encode = |row| bincode::serde::encode_to_vec(row, bincode::config::legacy()).unwrap();
        self.set_rows(&rows.iter().map(encode).collect::<Vec<_>>());
    }

    pub(crate) fn set_rows(&mut self, rows: &[Vec<u8>]) {
        self.blocks =
            vec![rows.iter().flat_map(|row| [&(row.len() as u32).to_le_bytes(), &row[..]].concat()).collect()];
        self.blocks.retain(|block| !block.is_empty());
    }
}

/// The bytes of a text in a row.
pub(crate) fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// The bytes of an id in a row.
pub(crate) fn id(slot: u32, generation: u32) -> Vec<u8> {
    [slot.to_le_bytes(), generation.to_le_bytes()].concat()
}
