//! What a snapshot consists of: its sections and their order, the same in every format.

use std::fmt;
use std::io::Read;

use super::error::SnapshotError;

/// In PNG's manner: a first byte that is no ASCII, the two line ends that a transfer as text would change, and the
/// end of a text file in between.
pub(super) const MAGIC: [u8; 8] = *b"\x89RLT\r\n\x1a\n";

/// The length of a run of slots, in bytes: how many, and their generation.
pub(super) const RUN_ITEM: usize = 8;
/// The length of an item about a relation, in bytes: the relation's place and the key of a row.
pub(super) const LINK_ITEM: usize = 12;
/// The length of an item of the order of listers, in bytes: the relation's place, the target's slot, the source's key.
pub(super) const LISTER_ITEM: usize = 16;

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Schema = 1,
    Slots = 2,
    Free = 3,
    Rows = 4,
    Order = 5,
    Defaults = 6,
    Listers = 7,
    /// Closes a file of format 2.
    End = 8,
}

impl Kind {
    /// The sections of a file of this many tables, in their order: each with its table's position.
    ///
    /// What is said about links comes last, for it can be used only when the rows of all tables are there.
    pub(super) fn all(tables: usize) -> impl Iterator<Item = (Kind, usize)> {
        std::iter::once((Kind::Schema, 0)).chain(Kind::of_rows(tables)).chain(Kind::of_links(tables))
    }

    /// Those that hold rows and ids.
    pub(super) fn of_rows(tables: usize) -> impl Iterator<Item = (Kind, usize)> {
        Kind::of_each(tables, &[Kind::Slots, Kind::Free, Kind::Rows])
    }

    /// Those that say something about links.
    pub(super) fn of_links(tables: usize) -> impl Iterator<Item = (Kind, usize)> {
        Kind::of_each(tables, &[Kind::Order, Kind::Listers, Kind::Defaults])
    }

    fn of_each(tables: usize, kinds: &'static [Kind]) -> impl Iterator<Item = (Kind, usize)> {
        (0..tables).flat_map(move |table| kinds.iter().map(move |&kind| (kind, table)))
    }

    /// The one that a file names by this number.
    pub(super) fn of_number(number: u32) -> Option<Kind> {
        const ALL: [Kind; 8] =
            [Kind::Schema, Kind::Slots, Kind::Free, Kind::Rows, Kind::Order, Kind::Defaults, Kind::Listers, Kind::End];
        ALL.into_iter().find(|kind| *kind as u32 == number)
    }

    /// How long its items are, where they are of one size in format 2.
    pub(super) fn item_size(self) -> Option<usize> {
        match self {
            Kind::Schema | Kind::Rows | Kind::End => None,
            Kind::Free => Some(size_of::<u32>()),
            Kind::Slots => Some(RUN_ITEM),
            Kind::Order | Kind::Defaults => Some(LINK_ITEM),
            Kind::Listers => Some(LISTER_ITEM),
        }
    }

    /// The place of a section among those of a file of this many tables.
    pub(super) fn place(self, table: usize, tables: usize) -> usize {
        let (of_rows, of_links) = (1 + 3 * table, 1 + 3 * (tables + table));
        match self {
            Kind::Schema => 0,
            Kind::Slots => of_rows,
            Kind::Free => of_rows + 1,
            Kind::Rows => of_rows + 2,
            Kind::Order => of_links,
            Kind::Listers => of_links + 1,
            Kind::Defaults => of_links + 2,
            Kind::End => usize::MAX,
        }
    }

    /// The section of a table, for a message.
    pub(super) fn of(self, table: &str) -> String {
        match self {
            Kind::Schema | Kind::End => format!("the {self}"),
            _ => format!("the {self} of `{table}`"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Schema => "schema",
            Kind::Slots => "slots",
            Kind::Free => "free list",
            Kind::Rows => "rows",
            Kind::Order => "order of children",
            Kind::Defaults => "default targets",
            Kind::Listers => "order of listers",
            Kind::End => "end",
        })
    }
}

/// Reads `length` bytes or, where the source ends before, as many as there are; says how many. The buffer grows as
/// they come.
pub(super) fn read_exactly(source: &mut impl Read, length: u64, bytes: &mut Vec<u8>) -> Result<u64, SnapshotError> {
    bytes.clear();
    source.take(length).read_to_end(bytes).map(|read| read as u64).map_err(SnapshotError::io("read"))
}

/// The number at a place of bytes that reach so far.
pub(super) fn u32_at(bytes: &[u8], place: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[place + i]))
}

/// As [`u32_at`], of eight bytes.
pub(super) fn u64_at(bytes: &[u8], place: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[place + i]))
}
