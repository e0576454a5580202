//! Files of format 2 taken apart and put together again, written from `docs/format.md` alone: nothing of the library is used.

mod read;
mod write;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

pub(crate) use read::{Names, rows};
pub(crate) use write::Writer;

/// The kinds of sections.
pub(crate) const SCHEMA: u32 = 1;
pub(crate) const SLOTS: u32 = 2;
pub(crate) const FREE: u32 = 3;
pub(crate) const ROWS: u32 = 4;
pub(crate) const ORDER: u32 = 5;
pub(crate) const DEFAULTS: u32 = 6;
pub(crate) const LISTERS: u32 = 7;
pub(crate) const END: u32 = 8;

/// Length of the header of a file, and of that of a block.
pub(crate) const HEADER: usize = 20;
pub(crate) const BLOCK: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) version: u16,
    pub(crate) codec: u8,
    pub(crate) flags: u8,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) kind: u32,
    pub(crate) table: u32,
    /// Its number within its section.
    pub(crate) number: u32,
    pub(crate) items: u32,
    /// Items in the blocks of its section before it.
    pub(crate) before: u32,
    pub(crate) content: Vec<u8>,
}

/// A value of a row, without the model that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Unsigned(u128),
    /// -1 - n
    Negative(u128),
    Text(String),
    F32(u32),
    F64(u64),
    Bool(bool),
    None,
    Some(Box<Value>),
    Unit,
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Id(u32, u32),
    NullId,
    Struct(Vec<(String, Value)>),
    Variant(String, Option<Box<Value>>),
}

pub(crate) fn number(bytes: &[u8], place: usize, size: usize) -> u64 {
    bytes[place..place + size].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn word(bytes: &[u8], place: usize) -> u32 {
    number(bytes, place, 4) as u32
}

impl File {
    /// Takes a file apart that must be well formed.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        assert_eq!(bytes[..8], *b"\x89RLT\r\n\x1a\n");
        let mut checksum = xxh3_64(&bytes[..12]);
        assert_eq!(number(bytes, 12, 8), checksum);
        let mut blocks: Vec<Block> = Vec::new();
        let mut place = HEADER;
        while place < bytes.len() {
            let head = &bytes[place..place + BLOCK];
            let content = &bytes[place + BLOCK..][..word(head, 20) as usize];
            checksum = xxh3_64_with_seed(&[&head[..24], content].concat(), checksum);
            assert_eq!(number(head, 24, 8), checksum);
            let block = Block {
                kind: word(head, 0),
                table: word(head, 4),
                number: word(head, 8),
                items: word(head, 12),
                before: word(head, 16),
                content: content.to_vec(),
            };
            let same = blocks.last().filter(|last| (last.kind, last.table) == (block.kind, block.table));
            let expected = same.map_or((0, 0), |last| (last.number + 1, last.before + last.items));
            assert_eq!((block.number, block.before), expected);
            place += BLOCK + content.len();
            blocks.push(block);
        }
        let file = File { version: number(bytes, 8, 2) as u16, codec: bytes[10], flags: bytes[11], blocks };
        file.assert_end();
        file
    }

    fn assert_end(&self) {
        let (end, before) = self.blocks.split_last().unwrap();
        assert_eq!(end.kind, END);
        assert_eq!(number(&end.content, 0, 8), before.len() as u64);
        for (table, count) in end.content[8..].chunks(8).enumerate() {
            let rows = before.iter().filter(|block| (block.kind, block.table) == (ROWS, table as u32));
            assert_eq!(number(count, 0, 8), rows.map(|block| u64::from(block.items)).sum::<u64>());
        }
    }

    /// Puts the file together as it is, every length and checksum right.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = b"\x89RLT\r\n\x1a\n".to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend([self.codec, self.flags]);
        let mut checksum = xxh3_64(&file);
        file.extend(checksum.to_le_bytes());
        for block in &self.blocks {
            let mut bytes = Vec::new();
            for number in [block.kind, block.table, block.number, block.items, block.before] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend((block.content.len() as u32).to_le_bytes());
            checksum = xxh3_64_with_seed(&[&bytes[..], &block.content].concat(), checksum);
            bytes.extend(checksum.to_le_bytes());
            file.extend(bytes);
            file.extend(&block.content);
        }
        file
    }

    /// What the blocks of a section hold together; nothing where it has none.
    pub(crate) fn content(&self, kind: u32, table: u32) -> Vec<u8> {
        let blocks = self.blocks.iter().filter(|block| (block.kind, block.table) == (kind, table));
        blocks.flat_map(|block| block.content.clone()).collect()
    }

    /// Puts one block, or none for no items, in the place of a section, and mends the end.
    pub(crate) fn set(&mut self, kind: u32, table: u32, items: u32, content: &[u8]) {
        let rank = |kind: u32, table: u32| match kind {
            SCHEMA => (0, 0, 0),
            SLOTS | FREE | ROWS => (1, table, kind),
            ORDER => (2, table, 0),
            LISTERS => (2, table, 1),
            DEFAULTS => (2, table, 2),
            _ => (3, 0, 0),
        };
        self.blocks.retain(|block| (block.kind, block.table) != (kind, table));
        let at = self.blocks.partition_point(|block| rank(block.kind, block.table) < rank(kind, table));
        if items > 0 {
            self.blocks.insert(at, Block { kind, table, number: 0, items, before: 0, content: content.to_vec() });
        }
        self.mend_end();
    }

    /// Puts one block behind the others, before there is an end.
    pub(crate) fn set_last(&mut self, kind: u32, items: u32, content: &[u8]) {
        self.blocks.push(Block { kind, table: 0, number: 0, items, before: 0, content: content.to_vec() });
    }

    /// Writes into the end what the blocks before it are, so far as it names tables.
    pub(crate) fn mend_end(&mut self) {
        let Some((end, before)) = self.blocks.split_last_mut() else { return };
        let mut content = (before.len() as u64).to_le_bytes().to_vec();
        for table in 0..end.content.len() / 8 - 1 {
            let rows = before.iter().filter(|block| (block.kind, block.table) == (ROWS, table as u32));
            content.extend(rows.map(|block| u64::from(block.items)).sum::<u64>().to_le_bytes());
        }
        end.content = content;
    }

    /// How many tables there are.
    pub(crate) fn tables(&self) -> u32 {
        (self.blocks.last().unwrap().content.len() / 8 - 1) as u32
    }

    /// The rows of each table.
    pub(crate) fn rows(&self) -> Vec<Vec<Value>> {
        let mut names = Names::default();
        (0..self.tables()).map(|table| rows(&self.content(ROWS, table), &mut names)).collect()
    }

    /// Writes the rows of all tables anew, a block of each.
    pub(crate) fn set_rows(&mut self, tables: &[Vec<Value>]) {
        let mut writer = Writer::default();
        for (table, rows) in tables.iter().enumerate() {
            let content: Vec<u8> = rows.iter().flat_map(|row| writer.row(row)).collect();
            self.set(ROWS, table as u32, rows.len() as u32, &content);
        }
    }

    /// The file as this writer would have written it, from what it says: the rows in blocks of the size that a writer ends.
    pub(crate) fn written_anew(&self) -> Vec<u8> {
        let mut file = self.clone();
        let mut writer = Writer::default();
        for (table, rows) in self.rows().iter().enumerate() {
            let place = file.blocks.iter().position(|block| (block.kind, block.table) == (ROWS, table as u32));
            file.blocks.retain(|block| (block.kind, block.table) != (ROWS, table as u32));
            let blocks = writer.blocks(table as u32, rows);
            if let Some(place) = place {
                file.blocks.splice(place..place, blocks);
            }
        }
        file.bytes()
    }

    /// `Database::state_hash` of the database that was saved.
    pub(crate) fn state_hash(&self) -> u64 {
        let first = (0..self.tables()).flat_map(|table| [SLOTS, FREE, ROWS].map(|kind| (kind, table)));
        let second = (0..self.tables()).flat_map(|table| [ORDER, LISTERS, DEFAULTS].map(|kind| (kind, table)));
        let mut bytes = Vec::new();
        for (kind, table) in first.chain(second) {
            let content = self.content(kind, table);
            bytes.extend(&content);
            bytes.extend((content.len() as u64).to_le_bytes());
        }
        xxh3_64(&bytes)
    }
}

/// The bytes of an id in the items of orders and default targets.
pub(crate) fn id(slot: u32, generation: u32) -> Vec<u8> {
    [slot.to_le_bytes(), generation.to_le_bytes()].concat()
}

/// A text as a value.
pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A struct as a value.
pub(crate) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Struct(fields.map(|(name, value)| (name.to_owned(), value)).into())
}
