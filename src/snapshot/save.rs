//! Writing a database as a file.
//!
//! Everything is encoded twice: once to learn how long each section is, once to be written. So the file can go to any
//! stream, front to back, and what cannot be saved is refused before the first byte is written.
//!
//! What a section holds is given item by item ([`Saving::items`]), to blocks or to the hash of the state.

use std::io::{self, Write};

use slotmap::{DefaultKey, Key};

use super::block::BlockWriter;
use super::codec;
use super::error::{NotEncodable, SnapshotError};
use super::format::{Frame, Kind, Section, fingerprint};
use crate::arena::Slots;
use crate::error::Error;
use crate::id::{RowId, slot_of};
use crate::index::Indexes;
use crate::index::links::Link;
use crate::index::referrers::{Referrers, Sources};
use crate::table::{Store, TableSlot};

/// A database that is ready to be written.
pub(super) struct Saving<'a> {
    store: &'a Store,
    schema: Vec<u8>,
    /// Of each table.
    slots: Vec<Slots>,
    frame: Frame,
}

/// How much is proved before anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// No more than must be.
    Quick,
    /// That every rule holds, and that each row comes back from its own bytes.
    Thorough,
}

/// The length that stands for a row which is not there: the id is reserved. No row is that long.
const RESERVED: u32 = u32::MAX;

/// What takes the items of a section, one after the other.
pub(super) trait Items {
    type Error: From<NotEncodable>;
    fn item(&mut self, item: &[u8]) -> Result<(), Self::Error>;
}

impl<'a> Saving<'a> {
    /// A database of which the sections are asked for, and not the file: no schema, no frame, and nothing is refused.
    pub(super) fn contents(store: &'a Store) -> Self {
        let slots = store.tables.iter().map(|table| table.rows.slots()).collect();
        let frame = Frame { fingerprint: 0, sections: Vec::new() };
        Saving { store, schema: Vec::new(), slots, frame }
    }

    /// Encodes the database without keeping it, to learn the lengths and to refuse what cannot be saved.
    pub(super) fn prepare(store: &'a Store, care: Care) -> Result<Self, SnapshotError> {
        if store.log.is_some() {
            return Err(SnapshotError::Unsavable(Error::TransactionOpen));
        }
        for table in &store.tables {
            refuse_unsavable(store, table, care)?;
        }
        let mut saving = Saving::contents(store);
        codec::encode(&store.schema, &mut saving.schema).expect("a schema is of strings, numbers and lists");
        saving.frame.fingerprint = fingerprint(&saving.schema);
        for (kind, table) in Kind::all(store.tables.len()) {
            let length = saving.write_section(kind, table, care, &mut io::sink())?;
            saving.frame.sections.push(Section { kind: kind as u32, table: table as u32, length });
        }
        Ok(saving)
    }

    /// Writes the file.
    pub(super) fn write(&self, sink: &mut impl Write) -> Result<(), SnapshotError> {
        self.frame.write(sink)?;
        for ((kind, table), section) in Kind::all(self.store.tables.len()).zip(&self.frame.sections) {
            if self.write_section(kind, table, Care::Quick, sink)? != section.length {
                return Err(SnapshotError::Unrepeatable { table: self.store.tables[table].name });
            }
        }
        Ok(())
    }

    /// Writes one section and says how long it is, in bytes.
    fn write_section(&self, kind: Kind, table: usize, care: Care, sink: &mut impl Write) -> Result<u64, SnapshotError> {
        let mut blocks = BlockWriter::new(sink);
        self.items(kind, table, care, &mut blocks)?;
        blocks.finish()
    }

    /// Gives the items of one section, in their order.
    pub(super) fn items<I: Items>(&self, kind: Kind, table: usize, care: Care, items: &mut I) -> Result<(), I::Error> {
        let mut numbers = |numbers: &[u32]| numbers.iter().try_for_each(|number| items.item(&number.to_le_bytes()));
        match kind {
            Kind::Schema => items.item(&self.schema)?,
            Kind::Slots => numbers(&self.slots[table].generations)?,
            Kind::Free => numbers(&self.slots[table].free)?,
            Kind::Rows => self.write_rows(table, care, items)?,
            Kind::Order => write_order(&self.store.tables[table].index.links, items)?,
            Kind::Listers => write_listers(&self.store.tables[table].index, items)?,
            Kind::Defaults => write_defaults(&self.store.tables[table].index.links, items)?,
        }
        Ok(())
    }

    fn write_rows<I: Items>(&self, table: usize, care: Care, items: &mut I) -> Result<(), I::Error> {
        const PREFIX: usize = size_of::<u32>();
        let TableSlot { name, rows, .. } = &self.store.tables[table];
        let mut item = Vec::new();
        for key in self.slots[table].stored() {
            let refuse = |why| NotEncodable { row: RowId { table: name, key }, why };
            if rows.is_reserved(key) {
                items.item(&RESERVED.to_le_bytes())?;
                continue;
            }
            item.clear();
            item.extend([0; PREFIX]);
            rows.encode_row(key, &mut item).map_err(refuse)?;
            let length = item.len() - PREFIX;
            if item.len() > u32::MAX as usize {
                return Err(refuse(format!("it takes {length} bytes, more than a row may")).into());
            }
            item[..PREFIX].copy_from_slice(&(length as u32).to_le_bytes());
            if care == Care::Thorough {
                rows.check_row(&item[PREFIX..]).map_err(refuse)?;
            }
            items.item(&item)?;
        }
        Ok(())
    }
}

/// Writes the sources of every posting list that is not in slot order, with the place of their relation.
fn write_order<I: Items>(links: &[Link], items: &mut I) -> Result<(), I::Error> {
    for (relation, link) in (0_u32..).zip(links) {
        for source in out_of_order(link.referrers()).flat_map(|(_, list)| list) {
            items.item(&link_item(relation, source))?;
        }
    }
    Ok(())
}

/// The same for those who list a row, with its slot.
fn write_listers<I: Items>(index: &Indexes, items: &mut I) -> Result<(), I::Error> {
    for (relation, list) in (index.links.len() as u32..).zip(&index.lists) {
        for (target, sources) in out_of_order(list.referrers()) {
            for source in sources {
                let mut item = [0; LISTER_ITEM];
                item[..4].copy_from_slice(&relation.to_le_bytes());
                item[4..8].copy_from_slice(&target.to_le_bytes());
                item[8..].copy_from_slice(&source.data().as_ffi().to_le_bytes());
                items.item(&item)?;
            }
        }
    }
    Ok(())
}

/// The length of an item of the order of listers, in bytes: the relation's place, the target's slot, the source's key.
pub(super) const LISTER_ITEM: usize = 16;

/// The lists that are not in slot order, with the slots of their targets.
fn out_of_order(referrers: Referrers<'_>) -> impl Iterator<Item = (u32, Sources<'_>)> {
    referrers.lists().filter(|(_, list)| !list.clone().is_sorted_by_key(slot_of))
}

/// Writes the default targets that are set, with the place of their relation.
fn write_defaults<I: Items>(links: &[Link], items: &mut I) -> Result<(), I::Error> {
    let defaults = (0_u32..).zip(links).filter_map(|(relation, link)| Some((relation, link.default_target()?)));
    for (relation, target) in defaults {
        items.item(&link_item(relation, target))?;
    }
    Ok(())
}

/// The length of an item about a relation, in bytes: the relation's place and the key of a row.
pub(super) const LINK_ITEM: usize = 12;

fn link_item(relation: u32, row: DefaultKey) -> [u8; LINK_ITEM] {
    let mut item = [0; LINK_ITEM];
    item[..4].copy_from_slice(&relation.to_le_bytes());
    item[4..].copy_from_slice(&row.data().as_ffi().to_le_bytes());
    item
}

/// Refuses a table that loading would refuse.
///
/// Rows that were checked when they were stored are checked again only if asked.
fn refuse_unsavable(store: &Store, table: &TableSlot, care: Care) -> Result<(), SnapshotError> {
    if let Some(key) = table.rows.unfilled() {
        return Err(SnapshotError::Unsavable(Error::Unfilled { row: RowId { table: table.name, key } }));
    }
    let mut faults = Vec::new();
    if care == Care::Thorough || store.stored_unchecked {
        table.rows.check(store, table, &mut faults);
    }
    faults.into_iter().next().map_or(Ok(()), |fault| Err(SnapshotError::Unsavable(fault)))
}
