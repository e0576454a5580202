//! Sections as lines.

use std::fmt::Write as _;
use std::io::Write;

use slotmap::DefaultKey;

use super::VERSION;
use crate::codec::json::Json;
use crate::codec::{CodecError, Encoder, NESTING, Names};
use crate::id::{Id, key_from_parts};
use crate::snapshot::blocks::{BLOCK_FULL, Sections};
use crate::snapshot::error::SnapshotError;
use crate::snapshot::save::Stopped;
use crate::snapshot::sections::{Kind, LINK_ITEM, LISTER_ITEM, RUN_ITEM, u32_at, u64_at};
use crate::table::Store;

/// Writes the contents of a database, section by section.
pub(in crate::snapshot) struct LineWriter<'a, W> {
    sink: &'a mut W,
    store: &'a Store,
    nesting: u32,
    names: Names,
    section: (Kind, usize),
    /// For each table its runs of slots: the first slot and the generation of each.
    runs: Vec<Vec<(u32, u32)>>,
    /// The number of slots of the table that is written.
    slots: u32,
    /// Its vacant slots; the last is used first.
    free: Vec<u32>,
    /// The keys of its rows that are still to come.
    keys: std::vec::IntoIter<DefaultKey>,
    /// The sources of one row, in their order.
    order: Option<Order>,
    /// Lines that are not written yet.
    text: String,
}

/// Sources that have joined a row in another order than that of their slots.
struct Order {
    relation: usize,
    /// The row; the slot of the row, of lists of ids.
    of: u64,
    sources: Vec<DefaultKey>,
}

impl<'a, W: Write> LineWriter<'a, W> {
    /// Writes the head and the schema.
    pub(in crate::snapshot) fn new(sink: &'a mut W, store: &'a Store, nesting: u32) -> Result<Self, SnapshotError> {
        let mut text = format!("{{\"relata\":\"json\",\"version\":{VERSION}}}\n");
        for table in &store.schema.tables {
            let mut encoder = Encoder::new(NESTING);
            let told = encoder.append(table).and_then(|()| Json::decode(encoder.bytes(), encoder.names(), NESTING));
            text.push_str("{\"schema\":");
            told.map_err(|error| undecodable(Kind::Schema, &error))?.write(&mut text);
            text.push_str("}\n");
        }
        Ok(LineWriter {
            sink,
            store,
            nesting,
            names: Names::default(),
            section: (Kind::Schema, 0),
            runs: vec![Vec::new(); store.tables.len()],
            slots: 0,
            free: Vec::new(),
            keys: Vec::new().into_iter(),
            order: None,
            text,
        })
    }

    /// Writes the last line.
    pub(in crate::snapshot) fn finish(mut self) -> Result<(), SnapshotError> {
        self.end_order();
        self.text.push_str("{\"end\":\"relata\"}\n");
        self.give()
    }

    fn give(&mut self) -> Result<(), SnapshotError> {
        self.sink.write_all(self.text.as_bytes()).map_err(SnapshotError::io("write"))?;
        self.text.clear();
        Ok(())
    }

    /// The key that a slot has in a table, the next one if it is vacant.
    fn key_in(&self, table: usize, slot: u32) -> DefaultKey {
        let runs = &self.runs[table];
        let run = runs.partition_point(|(first, _)| *first <= slot).checked_sub(1);
        let generation = run.map_or(0, |run| runs[run].1);
        key_from_parts(slot, generation | 1).expect("it is odd")
    }

    /// Begins the rows of a table, of which the slots are known.
    fn begin_rows(&mut self, table: usize) {
        let ends = self.runs[table].iter().skip(1).map(|(first, _)| *first).chain([self.slots + 1]);
        let runs = self.runs[table].iter().zip(ends);
        let keys = runs
            .flat_map(|((first, generation), end)| (*first..end).filter_map(|slot| key_from_parts(slot, *generation)));
        self.keys = keys.collect::<Vec<_>>().into_iter();
        self.text.push_str("{\"rows\":");
        Json::Text(self.store.tables[table].name.to_owned()).write(&mut self.text);
        self.text.push_str(",\"free\":");
        let free = std::mem::take(&mut self.free);
        let free: Vec<DefaultKey> = free.iter().rev().map(|slot| self.key_in(table, *slot)).collect();
        put_ids(&mut self.text, free.into_iter());
        if self.runs[table].last().is_some_and(|(_, generation)| *generation == 0) {
            let _ = write!(self.text, ",\"slots\":{}", self.slots);
        }
        self.text.push_str("}\n");
    }

    fn rows(&mut self, content: &[u8]) -> Result<(), CodecError> {
        let mut rest = content;
        while !rest.is_empty() {
            rest = &rest[self.names.define(rest)?..];
            let (row, length) = Json::decode_first(rest, &self.names, self.nesting)?;
            rest = &rest[length..];
            let key = self.keys.next().ok_or_else(CodecError::more_rows)?;
            let _ = write!(self.text, "[\"{}\",", Id::<()>::from_key(key));
            row.write(&mut self.text);
            self.text.push_str("]\n");
        }
        Ok(())
    }

    /// Takes a source of a row; those of one row come one after the other.
    fn source(&mut self, relation: usize, of: u64, source: DefaultKey) {
        match &mut self.order {
            Some(order) if (order.relation, order.of) == (relation, of) => order.sources.push(source),
            _ => {
                self.end_order();
                self.order = Some(Order { relation, of, sources: vec![source] });
            }
        }
    }

    fn end_order(&mut self) {
        let Some(Order { relation, of, sources }) = self.order.take() else { return };
        let table = self.section.1;
        self.begin_link(table, relation);
        if self.section.0 == Kind::Listers {
            let target = self.store.tables[table].targets[relation] as usize;
            let _ = write!(self.text, ",\"of\":\"{}\"", Id::<()>::from_key(self.key_in(target, of as u32)));
        }
        self.text.push_str(",\"order\":");
        put_ids(&mut self.text, sources.into_iter());
        self.text.push_str("}\n");
    }

    fn begin_link(&mut self, table: usize, relation: usize) {
        let table = &self.store.schema.tables[table];
        self.text.push_str("{\"table\":");
        Json::Text(table.name.clone()).write(&mut self.text);
        self.text.push_str(",\"relation\":");
        Json::Text(table.relations[relation].name.clone()).write(&mut self.text);
    }

    fn default_target(&mut self, table: usize, relation: usize, target: DefaultKey) {
        self.begin_link(table, relation);
        let _ = writeln!(self.text, ",\"default\":\"{}\"}}", Id::<()>::from_key(target));
    }
}

impl<W: Write> Sections for LineWriter<'_, W> {
    type Error = Stopped;

    fn begin(&mut self, kind: Kind, table: usize) -> Result<(), Stopped> {
        self.end_order();
        self.section = (kind, table);
        match kind {
            Kind::Slots => self.slots = 0,
            Kind::Rows => self.begin_rows(table),
            _ => {}
        }
        Ok(())
    }

    fn block(&mut self, _: u32, content: &[u8]) -> Result<(), Stopped> {
        let (kind, table) = self.section;
        let links = &self.store.tables[table].index.links;
        match kind {
            Kind::Slots => {
                for run in content.chunks_exact(RUN_ITEM) {
                    self.runs[table].push((self.slots + 1, u32_at(run, 4)));
                    self.slots += u32_at(run, 0);
                }
            }
            Kind::Free => self.free.extend(content.chunks_exact(size_of::<u32>()).map(|slot| u32_at(slot, 0))),
            Kind::Rows => self.rows(content).map_err(|error| Stopped::Io(undecodable(Kind::Rows, &error)))?,
            Kind::Order => {
                for item in content.chunks_exact(LINK_ITEM) {
                    let (relation, source) = (u32_at(item, 0) as usize, key_at(item, 4));
                    self.source(relation, slotmap::Key::data(&links[relation].target(source)).as_ffi(), source);
                }
            }
            Kind::Listers => {
                for item in content.chunks_exact(LISTER_ITEM) {
                    self.source(u32_at(item, 0) as usize, u32_at(item, 4).into(), key_at(item, 8));
                }
            }
            Kind::Defaults => {
                for item in content.chunks_exact(LINK_ITEM) {
                    self.default_target(table, u32_at(item, 0) as usize, key_at(item, 4));
                }
            }
            Kind::Schema | Kind::End => {}
        }
        if self.text.len() >= BLOCK_FULL { self.give().map_err(Stopped::Io) } else { Ok(()) }
    }
}

fn key_at(item: &[u8], place: usize) -> DefaultKey {
    slotmap::KeyData::from_ffi(u64_at(item, place)).into()
}

fn put_ids(text: &mut String, ids: impl Iterator<Item = DefaultKey>) {
    text.push('[');
    for (place, id) in ids.enumerate() {
        let comma = if place > 0 { "," } else { "" };
        let _ = write!(text, "{comma}\"{}\"", Id::<()>::from_key(id));
    }
    text.push(']');
}

/// What has just been encoded and proved cannot be read.
fn undecodable(kind: Kind, error: &CodecError) -> SnapshotError {
    SnapshotError::Corrupt { section: kind.to_string(), what: error.to_string() }
}
