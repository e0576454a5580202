//! What a save and a load have to tell beside their outcome.

use super::error::UnsavableRow;
use crate::error::Error;

/// What a save has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveReport {
    /// The rows that could not be saved and were left out, in the order of tables and slots; none unless
    /// [`Saver::leave_out_unsavable`](super::Saver::leave_out_unsavable) was asked for.
    pub left_out: Vec<UnsavableRow>,
}

/// What a load has met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The format of the file.
    pub format: u16,
    /// Tables that no model claims, whose rows were left out.
    pub dropped: Vec<Dropped>,
    /// Tables of this program that the file has not, and that are empty.
    pub added: Vec<&'static str>,
    /// Tables that go by another name now.
    pub renamed: Vec<Renamed>,
    /// Tables whose rows went through migrations.
    pub migrated: Vec<Migrated>,
    /// Fields of rows, or of structs inside of them, that the file has and no type of this program asks for: what they held
    /// is not in the database. Where one was renamed, `#[serde(alias = "..")]` brings it back.
    pub ignored: Vec<Ignored>,
    /// The rules that rows break; the rows are stored as unchecked ones.
    pub violations: Vec<Error>,
}

impl LoadReport {
    pub(super) fn new(format: u16) -> Self {
        LoadReport {
            format,
            dropped: Vec::new(),
            added: Vec::new(),
            renamed: Vec::new(),
            migrated: Vec::new(),
            ignored: Vec::new(),
            violations: Vec::new(),
        }
    }
}

/// A table that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its name in the file.
    pub table: String,
    /// How many rows it had.
    pub rows: u64,
}

/// A table of another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// Its name in the file.
    pub was: String,
    /// Its name in this program.
    pub is: &'static str,
}

/// A table whose rows are made from older ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Its name in this program.
    pub table: &'static str,
    /// The version of the model that was saved.
    pub from_version: u32,
    /// How many rows it has.
    pub rows: u64,
}

/// A field that nobody has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The table's name in the file.
    pub table: String,
    /// The field.
    pub field: String,
    /// How often it was there.
    pub rows: u64,
}
