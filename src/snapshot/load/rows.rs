//! Slots, free lists and rows.

use std::any::Any;
use std::io::Read;

use slotmap::DefaultKey;

#[cfg(feature = "rayon")]
use super::parallel;
use super::{Budget, Loading};
use crate::arena::{Run, Slots};
use crate::codec::{CodecError, Decoder, Memo, Names, Room, What};
use crate::id::RowId;
use crate::migration::{Chain, MigrationContext};
use crate::snapshot::error::SnapshotError;
use crate::snapshot::first::{BLOCK_MAX, split_row};
use crate::snapshot::report::Ignored;
use crate::snapshot::sections::{Kind, RUN_ITEM, u32_at};
use crate::snapshot::source::Source;
use crate::table::{RowFault, Store};
#[cfg(feature = "rayon")]
use crate::table::{RowReader, Threads};

impl<R: Read> Loading<'_, R> {
    /// The runs of slots that have the same generation.
    pub(super) fn slots(&mut self, table: usize) -> Result<Slots, SnapshotError> {
        let mut slots = Slots::default();
        if matches!(self.source, Source::First(_)) {
            self.numbers(Kind::Slots, |generation| slots.push(Run { count: 1, generation }))?;
            return Ok(slots);
        }
        while let Some(block) = self.source.block_of(RUN_ITEM, Kind::Slots)? {
            self.budget.charge(block.len() as u64, Kind::Slots, &self.saved.tables[table].name)?;
            for run in block.chunks_exact(RUN_ITEM) {
                slots.push(Run { count: u32_at(run, 0), generation: u32_at(run, 4) });
            }
        }
        Ok(slots)
    }

    pub(super) fn free(&mut self) -> Result<Vec<u32>, SnapshotError> {
        let mut free = Vec::new();
        self.numbers(Kind::Free, |slot| free.push(slot))?;
        Ok(free)
    }

    fn numbers(&mut self, kind: Kind, mut take: impl FnMut(u32)) -> Result<(), SnapshotError> {
        const SIZE: usize = size_of::<u32>();
        while let Some(block) = self.source.block_of(SIZE, kind)? {
            block.chunks_exact(SIZE).for_each(|number| take(u32_at(number, 0)));
        }
        Ok(())
    }

    /// Makes the slots of a table, when it is known that they may be made.
    pub(super) fn restore(&mut self, table: usize, slots: &Slots) -> Result<(), SnapshotError> {
        /// What a slot takes of a link column, of a unique index, and of the posting lists and generations of targets, in bytes.
        const OF_INDEXES: [usize; 3] = [12, 24, 44];
        let Some(own) = self.matched[table].own else { return Ok(()) };
        let table = &mut self.store.tables[own];
        let indexes = [table.index.relations(), table.index.uniques.len(), table.incoming.len()];
        let of_indexes: usize = indexes.iter().zip(OF_INDEXES).map(|(count, size)| count * size).sum();
        let slot_size = (table.rows.slot_size() + of_indexes) as u64;
        self.budget.charge(slot_size.saturating_mul(slots.len()), Kind::Slots, table.name)?;
        let corrupt = |what| SnapshotError::Corrupt { section: Kind::Slots.to_string(), what };
        table.rows.restore(slots).map_err(corrupt)
    }

    /// Reads the rows of a table into its slots, and says how many they are.
    pub(super) fn rows(&mut self, table: usize, slots: &Slots) -> Result<u64, SnapshotError> {
        let Loading { store, source, saved, matched, budget, nesting, names, loaded, report, .. } = self;
        let (matched, table) = (&matched[table], &*saved.tables[table].name);
        let rows = Rows { store, own: matched.own, chain: matched.chain.as_ref(), loaded, taken: 0 };
        let keys = Box::new(slots.stored());
        let (memo, is_json) = (Memo::default(), source.is_json());
        let mut reading = Reading { rows, keys, memo, budget, nesting: *nesting, table, is_json };
        #[cfg(feature = "rayon")]
        if let (Threads::Many, Source::Second(source)) = (self.threads, &mut *source) {
            parallel::read(&mut reading, source, names)?;
        }
        let is_first = matches!(source, Source::First(_));
        while let Some(block) = source.block(reading.budget.left())? {
            reading.begin_block(block)?;
            if is_first {
                reading.rows.by_position(block, &mut reading.keys)?;
            } else {
                let taken = reading.block(block, names)?;
                check_count(taken, source.items())?;
            }
        }
        let Reading { rows, mut keys, memo, .. } = reading;
        let ignored =
            memo.ignored(names).map(|(field, rows)| Ignored { table: table.to_owned(), field: field.to_owned(), rows });
        report.ignored.extend(ignored);
        let expected = slots.count_stored();
        match keys.next() {
            Some(key) => Err(corrupt(format!("{} is missing", rows.id(key)))),
            None => Ok(expected),
        }
    }
}

/// The rows of a table while they are read.
pub(super) struct Reading<'a> {
    pub(super) rows: Rows<'a>,
    /// Where the rows to come belong.
    pub(super) keys: Box<dyn Iterator<Item = DefaultKey> + 'a>,
    pub(super) memo: Memo,
    pub(super) budget: &'a mut Budget,
    pub(super) nesting: u32,
    table: &'a str,
    /// Whether values are those that JSON has told.
    is_json: bool,
}

impl Reading<'_> {
    /// Charges what a block takes by itself.
    pub(super) fn begin_block(&mut self, block: &[u8]) -> Result<(), SnapshotError> {
        if !self.budget.is_known {
            self.budget.length += block.len() as u64;
        }
        self.budget.charge(block.len() as u64, Kind::Rows, self.table)
    }

    /// Reads a block of format 2, and says how many rows it has.
    pub(super) fn block(&mut self, block: &[u8], names: &mut Names) -> Result<u64, SnapshotError> {
        let mut rest = block;
        let before = self.rows.taken;
        while !rest.is_empty() {
            let size = names.size();
            let defined = names.define(rest).map_err(|error| corrupt(error.to_string()))?;
            rest = &rest[defined..];
            self.budget.charge((names.size() - size) as u64, Kind::Rows, self.table)?;
            let room = Room { nesting: self.nesting, memory: self.budget.left() };
            let mut decoder = Decoder::new(rest, names, &mut self.memo, room).reading_json(self.is_json);
            let read = self.rows.by_name(&mut decoder, &mut self.keys);
            self.budget.used += room.memory - decoder.room().memory;
            rest = &rest[decoder.place()..];
            read.map_err(|fault| self.rows.explain(fault, self.budget))?;
        }
        Ok(self.rows.taken - before)
    }
}

pub(super) fn check_count(taken: u64, stated: Option<u32>) -> Result<(), SnapshotError> {
    match stated {
        Some(stated) if u64::from(stated) != taken => {
            Err(corrupt(format!("a block holds {taken} rows and says otherwise")))
        }
        _ => Ok(()),
    }
}

fn corrupt(what: String) -> SnapshotError {
    SnapshotError::Corrupt { section: Kind::Rows.to_string(), what }
}

/// The table that rows go to, if there is one.
pub(super) struct Rows<'a> {
    store: &'a mut Store,
    own: Option<usize>,
    chain: Option<&'a Chain<'a>>,
    loaded: &'a [bool],
    /// How many rows have been taken.
    taken: u64,
}

/// Why a row could not be read.
pub(super) enum Fault {
    Row(RowFault),
    Migration(DefaultKey, String),
}

impl Rows<'_> {
    /// What reads rows apart from their table; `None` where they are led through migrations or passed over.
    #[cfg(feature = "rayon")]
    pub(super) fn reader(&self) -> Option<RowReader> {
        self.own.filter(|_| self.chain.is_none()).map(|own| self.store.tables[own].rows.row_reader())
    }

    /// Stores what the reader has read.
    #[cfg(feature = "rayon")]
    pub(super) fn store_read(
        &mut self,
        keys: &mut dyn Iterator<Item = DefaultKey>,
        rows: Box<dyn Any>,
    ) -> Result<u64, Fault> {
        let own = self.own.expect("what has a reader has a model");
        let stored = self.store.tables[own].rows.store_read(keys, rows).map_err(Fault::Row)?;
        self.taken += stored;
        Ok(stored)
    }

    fn id(&self, key: DefaultKey) -> RowId {
        RowId { table: self.own.map_or("", |own| self.store.tables[own].name), key }
    }

    /// The error for a row: of the row where it is not as the model has it, of the file where it is no row.
    pub(super) fn explain(&self, fault: Fault, budget: &Budget) -> SnapshotError {
        match fault {
            Fault::Migration(key, what) => {
                SnapshotError::RowNotReadable { row: self.id(key), field: String::new(), what }
            }
            Fault::Row((Some(key), error)) => match error.what() {
                What::OverBudget => budget.over(Kind::Rows, self.id(key).table),
                What::Malformed(_) => corrupt(format!("{}: {error}", self.id(key))),
                what => {
                    SnapshotError::RowNotReadable { row: self.id(key), field: error.path(), what: what.to_string() }
                }
            },
            Fault::Row((None, error)) => corrupt(error.to_string()),
        }
    }

    /// Reads rows until the bytes end or define names.
    fn by_name(
        &mut self,
        decoder: &mut Decoder<'_, '_>,
        keys: &mut dyn Iterator<Item = DefaultKey>,
    ) -> Result<(), Fault> {
        let Some(own) = self.own else {
            while decoder.is_at_row() {
                decoder.pass().map_err(|error| Fault::Row((None, error)))?;
                keys.next().ok_or_else(|| Fault::Row((None, CodecError::more_rows())))?;
                self.taken += 1;
            }
            return Ok(());
        };
        let Some(chain) = self.chain else {
            self.taken += self.store.tables[own].rows.decode_rows(keys, decoder).map_err(Fault::Row)?;
            return Ok(());
        };
        while decoder.is_at_row() {
            let key = keys.next().ok_or_else(|| Fault::Row((None, CodecError::more_rows())))?;
            let old = chain.decode(decoder).map_err(|error| Fault::Row((Some(key), error)))?;
            self.migrate(chain, key, old)?;
            self.taken += 1;
        }
        Ok(())
    }

    fn migrate(&mut self, chain: &Chain<'_>, key: DefaultKey, old: Box<dyn Any>) -> Result<(), Fault> {
        let context = MigrationContext::new(self.store, self.loaded, self.id(key));
        let row = chain.apply(old, context).map_err(|error| Fault::Migration(key, error.to_string()))?;
        let own = self.own.expect("what is migrated has a model");
        self.store.tables[own].rows.fill_any(key, row).map_err(|what| Fault::Migration(key, what))
    }

    /// Reads the rows of a block of format 1.
    fn by_position(&mut self, block: &[u8], keys: &mut dyn Iterator<Item = DefaultKey>) -> Result<(), SnapshotError> {
        let mut rest = block;
        while !rest.is_empty() {
            let (row, after) = split_row(rest).map_err(corrupt)?;
            if block.len() > BLOCK_MAX && row.len() + size_of::<u32>() < block.len() {
                return Err(corrupt("a block of several rows is larger than it may be".to_owned()));
            }
            let key = keys.next().ok_or_else(|| corrupt(CodecError::more_rows().to_string()))?;
            let name = |what| corrupt(format!("{}: {what}", self.id(key)));
            match (self.own, self.chain) {
                (None, _) => {}
                (Some(own), None) => {
                    let read = self.store.tables[own].rows.decode_row_by_position(key, row);
                    read.map_err(|what| corrupt(format!("{}: {what}", self.id(key))))?;
                }
                (Some(_), Some(chain)) => {
                    let old = chain.decode_by_position(row).map_err(name)?;
                    self.migrate(chain, key, old).map_err(|fault| match fault {
                        Fault::Migration(key, what) => {
                            SnapshotError::RowNotReadable { row: self.id(key), field: String::new(), what }
                        }
                        Fault::Row((_, error)) => corrupt(error.to_string()),
                    })?;
                }
            }
            rest = after;
        }
        Ok(())
    }
}
