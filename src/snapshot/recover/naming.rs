//! The names of a file of which blocks are lost.

use std::collections::BTreeSet;
use std::ops::Range;

use super::search::Found;
use crate::codec::{Decoder, Memo, Names, Room};
use crate::schema::TableSchema;

/// The names that are known: those of all blocks that have been read.
#[derive(Default)]
pub(super) struct Naming {
    names: Names,
    /// The numbers of structs whose fields are lost, and were taken for those of the schema.
    assumed: BTreeSet<u64>,
    memo: Memo,
}

/// The rows of a block, as far as it has been read.
#[derive(Default)]
pub(super) struct RowsOfBlock {
    /// Where in the block they lie, between definitions of names.
    pub(super) runs: Vec<Range<usize>>,
    /// How many of them have names that were assumed.
    pub(super) assumed: u64,
    rows: u32,
    at: usize,
}

impl Naming {
    /// Reads the definitions and rows of a block; `None` where a name is lost that they need.
    pub(super) fn read(&mut self, block: &Found<'_>, schema: &TableSchema) -> Option<RowsOfBlock> {
        let mut rows = RowsOfBlock::default();
        if self.go_on(block, &mut rows) {
            return Some(rows);
        }
        let number = Names::struct_of(&block.content[rows.at..]).filter(|number| self.names.is_lost(*number))?;
        let known = self.names.mark();
        self.names.assume(number, schema.fields.iter().map(|field| &*field.external_name))?;
        self.assumed.insert(number);
        if self.go_on(block, &mut rows) {
            return Some(rows);
        }
        // It was not so, and what was read since may be no more than what looked like it.
        self.assumed.remove(&number);
        self.names.reset(&known, number);
        None
    }

    /// Goes on to the end of a block, or to a row that cannot be read; says whether it has come to the end.
    fn go_on(&mut self, block: &Found<'_>, rows: &mut RowsOfBlock) -> bool {
        loop {
            let Ok(length) = self.names.define_behind_lost(&block.content[rows.at..]) else { return false };
            rows.at += length;
            let rest = &block.content[rows.at..];
            if rest.is_empty() {
                return rows.rows == block.prefix.items;
            }
            let mut decoder = Decoder::new(rest, &self.names, &mut self.memo, Room::unbounded(u32::MAX));
            if decoder.pass().is_err() {
                return false;
            }
            let (start, end) = (rows.at, rows.at + decoder.place());
            match rows.runs.last_mut() {
                Some(run) if run.end == start => run.end = end,
                _ => rows.runs.push(start..end),
            }
            rows.rows += 1;
            rows.assumed += u64::from(Names::struct_of(rest).is_some_and(|number| self.assumed.contains(&number)));
            rows.at = end;
        }
    }

    /// The bytes that define all of them.
    pub(super) fn definitions(&self) -> Vec<u8> {
        self.names.definitions()
    }
}
