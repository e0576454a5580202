//! Trees as rows.

use super::{Block, ROWS, Value};

/// Writes the rows of a file, with each name once.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    structs: Vec<Vec<String>>,
    variants: Vec<String>,
    /// Definitions that the row at hand needs and no row before: of fields, and of variants.
    definitions: [Vec<u8>; 2],
}

impl Writer {
    /// The definitions that a row needs, and the row.
    pub(crate) fn row(&mut self, row: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.value(row, &mut bytes);
        let [fields, variants] = std::mem::take(&mut self.definitions);
        [fields, variants, bytes].concat()
    }

    /// The rows of a table in blocks, each ended as soon as it has 65,536 bytes.
    pub(super) fn blocks(&mut self, table: u32, rows: &[Value]) -> Vec<Block> {
        let empty = |number, before| Block { kind: ROWS, table, number, items: 0, before, content: Vec::new() };
        let mut blocks = Vec::new();
        let mut block = empty(0, 0);
        for row in rows {
            block.content.extend(self.row(row));
            block.items += 1;
            if block.content.len() >= 1 << 16 {
                let next = empty(block.number + 1, block.before + block.items);
                blocks.push(std::mem::replace(&mut block, next));
            }
        }
        blocks.extend((block.items > 0).then_some(block));
        blocks
    }

    fn structure(&mut self, fields: &[(String, Value)]) -> u64 {
        let names: Vec<String> = fields.iter().map(|(name, _)| name.clone()).collect();
        if let Some(nth) = self.structs.iter().position(|known| *known == names) {
            return nth as u64;
        }
        let nth = self.structs.len() as u64;
        let [definitions, _] = &mut self.definitions;
        definitions.push(0xc9);
        varint(nth, definitions);
        varint(names.len() as u64, definitions);
        for name in &names {
            varint(name.len() as u64, definitions);
            definitions.extend(name.as_bytes());
        }
        self.structs.push(names);
        nth
    }

    fn variant(&mut self, name: &str) -> u64 {
        if let Some(nth) = self.variants.iter().position(|known| known == name) {
            return nth as u64;
        }
        let nth = self.variants.len() as u64;
        let [_, definitions] = &mut self.definitions;
        definitions.push(0xca);
        varint(nth, definitions);
        varint(name.len() as u64, definitions);
        definitions.extend(name.as_bytes());
        self.variants.push(name.to_owned());
        nth
    }

    fn value(&mut self, value: &Value, bytes: &mut Vec<u8>) {
        match value {
            Value::Unsigned(number @ 0..0x80) => bytes.push(*number as u8),
            Value::Unsigned(number) => integer(*number, 0xa0, 0xb0, bytes),
            Value::Negative(number @ 0..8) => bytes.push(0xf8 | *number as u8),
            Value::Negative(number) => integer(*number, 0xa8, 0xb1, bytes),
            Value::Text(text) => {
                if text.len() < 32 {
                    bytes.push(0x80 | text.len() as u8);
                } else {
                    tagged(0xb9, text.len() as u64, bytes);
                }
                bytes.extend(text.as_bytes());
            }
            Value::F32(bits) => bytes.extend([&[0xb2], &bits.to_le_bytes()[..]].concat()),
            Value::F64(bits) => bytes.extend([&[0xb3], &bits.to_le_bytes()[..]].concat()),
            Value::Bool(flag) => bytes.push(0xb4 | u8::from(*flag)),
            Value::None => bytes.push(0xb6),
            Value::Some(value) => {
                bytes.push(0xb7);
                self.value(value, bytes);
            }
            Value::Unit => bytes.push(0xb8),
            Value::Bytes(content) => {
                tagged(0xba, content.len() as u64, bytes);
                bytes.extend(content);
            }
            Value::List(values) => {
                if values.len() < 8 {
                    bytes.push(0xf0 | values.len() as u8);
                } else {
                    tagged(0xbb, values.len() as u64, bytes);
                }
                for value in values {
                    self.value(value, bytes);
                }
            }
            Value::Map(entries) => {
                tagged(0xbc, entries.len() as u64, bytes);
                for (key, value) in entries {
                    self.value(key, bytes);
                    self.value(value, bytes);
                }
            }
            Value::Id(slot, 1) => {
                let size = (4 - slot.leading_zeros() as usize / 8).max(1);
                bytes.push(0xc0 | (size - 1) as u8);
                bytes.extend(&slot.to_le_bytes()[..size]);
            }
            Value::Id(slot, generation) => bytes.extend([&[0xc4], &super::id(*slot, *generation)[..]].concat()),
            Value::NullId => bytes.push(0xc5),
            Value::Struct(fields) => {
                // Its number is known when what is inside of it has got its own.
                let mut values = Vec::new();
                for (_, value) in fields {
                    self.value(value, &mut values);
                }
                let nth = self.structure(fields);
                if nth < 16 {
                    bytes.push(0xd0 | nth as u8);
                } else {
                    tagged(0xc6, nth, bytes);
                }
                bytes.extend(values);
            }
            Value::Variant(name, Some(value)) => {
                tagged(0xc7, self.variant(name), bytes);
                self.value(value, bytes);
            }
            Value::Variant(name, None) => {
                let nth = self.variant(name);
                if nth < 16 { bytes.push(0xe0 | nth as u8) } else { tagged(0xc8, nth, bytes) }
            }
        }
    }
}

fn varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn tagged(tag: u8, number: u64, bytes: &mut Vec<u8>) {
    bytes.push(tag);
    varint(number, bytes);
}

/// An integer in the fewest bytes, from the tag for one byte on, or in sixteen.
fn integer(number: u128, tag: u8, wide: u8, bytes: &mut Vec<u8>) {
    let size = (16 - number.leading_zeros() as usize / 8).max(1);
    let (tag, size) = if size > 8 { (wide, 16) } else { (tag + size as u8 - 1, size) };
    bytes.push(tag);
    bytes.extend(&number.to_le_bytes()[..size]);
}
