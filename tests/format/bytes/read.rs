//! Rows as trees.

use super::{Value, number};

/// What the numbers of a file say.
#[derive(Debug, Default)]
pub(crate) struct Names {
    structs: Vec<Vec<String>>,
    variants: Vec<String>,
}

/// The rows in the content of a section. Names that it defines are known from then on.
pub(crate) fn rows(content: &[u8], names: &mut Names) -> Vec<Value> {
    let mut reader = Reader { rest: content, names };
    let mut rows = Vec::new();
    while let Some(&tag) = reader.rest.first() {
        match tag {
            0xc9 => {
                reader.take(1);
                let nth = reader.varint();
                assert_eq!(nth, reader.names.structs.len() as u64);
                let count = reader.varint();
                let fields: Vec<String> = (0..count).map(|_| reader.long_text()).collect();
                assert!((1..fields.len()).all(|at| !fields[..at].contains(&fields[at])));
                reader.names.structs.push(fields);
            }
            0xca => {
                reader.take(1);
                let nth = reader.varint();
                assert_eq!(nth, reader.names.variants.len() as u64);
                let name = reader.long_text();
                reader.names.variants.push(name);
            }
            _ => rows.push(reader.value()),
        }
    }
    rows
}

struct Reader<'a, 'n> {
    rest: &'a [u8],
    names: &'n mut Names,
}

impl<'a> Reader<'a, '_> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn varint(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
        }
        panic!("a varint of more than 64 bits");
    }

    fn long_text(&mut self) -> String {
        let length = self.varint() as usize;
        self.text(length)
    }

    fn text(&mut self, length: usize) -> String {
        String::from_utf8(self.take(length).to_vec()).unwrap()
    }

    fn integer(&mut self, size: usize) -> u128 {
        self.take(size).iter().rev().fold(0, |number, &byte| number << 8 | u128::from(byte))
    }

    fn list(&mut self, length: u64) -> Value {
        Value::List((0..length).map(|_| self.value()).collect())
    }

    fn structure(&mut self, nth: u64) -> Value {
        let names = self.names.structs[nth as usize].clone();
        Value::Struct(names.into_iter().map(|name| (name, self.value())).collect())
    }

    fn variant(&mut self, nth: u64) -> String {
        self.names.variants[nth as usize].clone()
    }

    fn value(&mut self) -> Value {
        let tag = self.take(1)[0];
        let low = |bits: u8| usize::from(tag & bits);
        match tag {
            0x00..=0x7f => Value::Unsigned(tag.into()),
            0x80..=0x9f => Value::Text(self.text(low(0x1f))),
            0xa0..=0xa7 => Value::Unsigned(self.integer(low(7) + 1)),
            0xa8..=0xaf => Value::Negative(self.integer(low(7) + 1)),
            0xb0 => Value::Unsigned(self.integer(16)),
            0xb1 => Value::Negative(self.integer(16)),
            0xb2 => Value::F32(self.integer(4) as u32),
            0xb3 => Value::F64(self.integer(8) as u64),
            0xb4 | 0xb5 => Value::Bool(tag == 0xb5),
            0xb6 => Value::None,
            0xb7 => {
                assert!([0xb6, 0xb7, 0xb8].contains(&self.rest[0]), "`b7` stands before what needs it");
                Value::Some(Box::new(self.value()))
            }
            0xb8 => Value::Unit,
            0xb9 => Value::Text(self.long_text()),
            0xba => {
                let length = self.varint() as usize;
                Value::Bytes(self.take(length).to_vec())
            }
            0xbb => {
                let length = self.varint();
                self.list(length)
            }
            0xbc => Value::Map((0..self.varint()).map(|_| (self.value(), self.value())).collect()),
            0xc0..=0xc3 => Value::Id(self.integer(low(3) + 1) as u32, 1),
            0xc4 => {
                let bytes = self.take(8);
                Value::Id(number(bytes, 0, 4) as u32, number(bytes, 4, 4) as u32)
            }
            0xc5 => Value::NullId,
            0xc6 => {
                let nth = self.varint();
                self.structure(nth)
            }
            0xc7 => {
                let nth = self.varint();
                Value::Variant(self.variant(nth), Some(Box::new(self.value())))
            }
            0xc8 => {
                let nth = self.varint();
                Value::Variant(self.variant(nth), None)
            }
            0xd0..=0xdf => self.structure(u64::from(tag & 15)),
            0xe0..=0xef => Value::Variant(self.variant(u64::from(tag & 15)), None),
            0xf0..=0xf7 => self.list(u64::from(tag & 7)),
            0xf8..=0xff => Value::Negative((tag & 7).into()),
            0xbd..=0xbf | 0xc9..=0xcf => panic!("a tag of no value: {tag:x}"),
        }
    }
}
