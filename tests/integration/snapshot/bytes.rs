//! Files of format 2 taken apart and put together again, written from `docs/format.md` alone: nothing of the library is
//! used.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The kinds of sections.
pub(crate) const SCHEMA: u32 = 1;
pub(crate) const SLOTS: u32 = 2;
pub(crate) const FREE: u32 = 3;
pub(crate) const ROWS: u32 = 4;
pub(crate) const ORDER: u32 = 5;
pub(crate) const DEFAULTS: u32 = 6;
pub(crate) const LISTERS: u32 = 7;
pub(crate) const END: u32 = 8;

const MAGIC: [u8; 8] = *b"\x89RLT\r\n\x1a\n";

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
    pub(crate) items: u32,
    pub(crate) content: Vec<u8>,
}

pub(crate) fn number(bytes: &[u8], place: usize, size: usize) -> u64 {
    bytes[place..place + size].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

impl File {
    /// Takes a file apart that must be well formed.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        assert_eq!(bytes[..8], MAGIC);
        let mut chain = xxh3_64_with_seed(&bytes[..12], 0);
        assert_eq!(number(bytes, 12, 8), chain);
        let mut blocks: Vec<Block> = Vec::new();
        let mut place = 20;
        while place < bytes.len() {
            let field = |nth: usize| number(bytes, place + 4 * nth, 4) as u32;
            let (kind, table, items, length) = (field(0), field(1), field(3), field(5) as usize);
            let same: Vec<&Block> = blocks.iter().filter(|block| (block.kind, block.table) == (kind, table)).collect();
            let before: u32 = same.iter().map(|block| block.items).sum();
            assert_eq!((field(2) as usize, field(4)), (same.len(), before));
            let content = bytes[place + 32..][..length].to_vec();
            chain = xxh3_64_with_seed(&[&bytes[place..place + 24], &content].concat(), chain);
            assert_eq!(number(bytes, place + 24, 8), chain);
            blocks.push(Block { kind, table, items, content });
            place += 32 + length;
        }
        let end = blocks.pop().unwrap();
        assert_eq!((end.kind, end.table, end.content.len()), (END, 0, 8 + 8 * end.items as usize));
        assert_eq!(number(&end.content, 0, 8), blocks.len() as u64);
        for table in 0..end.items {
            let rows: u32 = blocks.iter().filter(|b| (b.kind, b.table) == (ROWS, table)).map(|b| b.items).sum();
            assert_eq!(number(&end.content, 8 + 8 * table as usize, 8), u64::from(rows));
        }
        let file = File { version: number(bytes, 8, 2) as u16, codec: bytes[10], flags: bytes[11], blocks };
        assert_eq!(file.bytes_of(end.items), bytes, "put together it is the same");
        file
    }

    /// Puts the file together, every number and checksum right.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes_of(self.tables())
    }

    /// How many tables the sections speak of.
    fn tables(&self) -> u32 {
        self.blocks.iter().filter(|block| block.kind != SCHEMA).map(|block| block.table + 1).max().unwrap_or(0)
    }

    /// The same of so many tables, the last of which may have no blocks.
    pub(crate) fn bytes_of(&self, tables: u32) -> Vec<u8> {
        let rows = |table| {
            let blocks = self.blocks.iter().filter(|block| (block.kind, block.table) == (ROWS, table));
            blocks.map(|block| u64::from(block.items)).sum::<u64>()
        };
        let end = [self.blocks.len() as u64].into_iter().chain((0..tables).map(rows)).flat_map(u64::to_le_bytes);
        let end = Block { kind: END, table: 0, items: tables, content: end.collect() };
        let mut file = MAGIC.to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend([self.codec, self.flags]);
        let mut chain = xxh3_64_with_seed(&file, 0);
        file.extend(chain.to_le_bytes());
        for (place, block) in self.blocks.iter().chain([&end]).enumerate() {
            let earlier = self.blocks[..place.min(self.blocks.len())].iter();
            let same: Vec<&Block> = earlier.filter(|b| (b.kind, b.table) == (block.kind, block.table)).collect();
            let before = same.iter().map(|block| block.items).sum();
            let numbers = [block.kind, block.table, same.len() as u32, block.items, before, block.content.len() as u32];
            let prefix: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
            chain = xxh3_64_with_seed(&[&prefix[..], &block.content].concat(), chain);
            file.extend(prefix);
            file.extend(chain.to_le_bytes());
            file.extend(&block.content);
        }
        file
    }

    /// What a section holds.
    pub(crate) fn content(&self, kind: u32, table: u32) -> Vec<u8> {
        let blocks = self.blocks.iter().filter(|block| (block.kind, block.table) == (kind, table));
        blocks.flat_map(|block| block.content.clone()).collect()
    }

    /// Gives a section other content, in one block or none.
    pub(crate) fn set(&mut self, kind: u32, table: u32, items: u32, content: Vec<u8>) {
        self.blocks.retain(|block| (block.kind, block.table) != (kind, table));
        let order = |kind: u32, table: u32| {
            let group = match kind {
                SCHEMA => 0,
                SLOTS | FREE | ROWS => 1,
                ORDER | LISTERS | DEFAULTS => 2,
                _ => 3,
            };
            let nth = [SLOTS, FREE, ROWS, ORDER, LISTERS, DEFAULTS].iter().position(|one| *one == kind);
            (group, table, nth)
        };
        if items > 0 {
            let place = self.blocks.iter().position(|b| order(b.kind, b.table) > order(kind, table));
            let place = place.unwrap_or(self.blocks.len());
            self.blocks.insert(place, Block { kind, table, items, content });
        }
    }

    /// The generation of each slot.
    pub(crate) fn slots(&self, table: u32) -> Vec<u32> {
        let runs = self.content(SLOTS, table);
        let run = |run: &[u8]| vec![number(run, 4, 4) as u32; number(run, 0, 4) as usize];
        runs.chunks(8).flat_map(run).collect()
    }

    pub(crate) fn set_slots(&mut self, table: u32, generations: &[u32]) {
        let runs: Vec<&[u32]> = generations.chunk_by(|left, right| left == right).collect();
        let content = runs.iter().flat_map(|run| [run.len() as u32, run[0]]).flat_map(u32::to_le_bytes);
        self.set(SLOTS, table, runs.len() as u32, content.collect());
    }

    /// The free list.
    pub(crate) fn free(&self, table: u32) -> Vec<u32> {
        self.content(FREE, table).chunks(4).map(|slot| number(slot, 0, 4) as u32).collect()
    }

    pub(crate) fn set_free(&mut self, table: u32, slots: &[u32]) {
        self.set(FREE, table, slots.len() as u32, slots.iter().flat_map(|slot| slot.to_le_bytes()).collect());
    }
}

/// A row of one model, as bytes: `fields` are those of its struct, of which the number is `number`.
pub(crate) fn row(number: u8, values: &[Vec<u8>]) -> Vec<u8> {
    [vec![0xd0 + number], values.concat()].concat()
}

/// The definition of a struct's fields.
pub(crate) fn define(number: u8, fields: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0xc9, number, fields.len() as u8];
    for field in fields {
        bytes.push(field.len() as u8);
        bytes.extend(field.as_bytes());
    }
    bytes
}

/// A short text.
pub(crate) fn text(text: &str) -> Vec<u8> {
    [&[0x80 + text.len() as u8], text.as_bytes()].concat()
}

/// An id in a row.
pub(crate) fn id(slot: u32, generation: u32) -> Vec<u8> {
    if generation == 1 && slot < 256 {
        vec![0xc0, slot as u8]
    } else {
        [&[0xc4][..], &slot.to_le_bytes(), &generation.to_le_bytes()].concat()
    }
}

/// An id elsewhere.
pub(crate) fn raw_id(slot: u32, generation: u32) -> Vec<u8> {
    [slot.to_le_bytes(), generation.to_le_bytes()].concat()
}
