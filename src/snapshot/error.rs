//! What saving and loading can refuse, and why.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use super::sections::Kind;
use crate::error::Error;
use crate::id::RowId;
use crate::proof::Refusal;

/// Why a snapshot was not saved or not loaded. A refused save has left the file as it was, with one exception that says so
/// ([`SnapshotError::SavedNotSynced`]); a refused load gives no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file does not begin as a snapshot does.
    #[error("not a relata snapshot")]
    NotASnapshot,
    /// The file is of a format, of a codec or with flags that this build does not know.
    #[error("the snapshot has {what} {found}, this build reads up to {supported}")]
    UnsupportedVersion {
        /// Which number of the header it is: the format version, the codec or the flags.
        what: &'static str,
        /// The number in the file.
        found: u32,
        /// The number that is understood.
        supported: u32,
    },
    /// The file is shorter than it says, or than a snapshot can be.
    #[error("the snapshot is cut short: {length} bytes of {expected}")]
    Truncated {
        /// How long it is, in bytes.
        length: u64,
        /// How long it should be at least, in bytes.
        expected: u64,
    },
    /// The file goes on after its end.
    #[error("the snapshot ends at byte {expected}, the file at {length}")]
    TrailingBytes {
        /// How long the file is, in bytes.
        length: u64,
        /// How long it should be, in bytes.
        expected: u64,
    },
    /// Bytes have changed since they were written.
    #[error("the checksum of {section} does not match: the snapshot is damaged")]
    Checksum {
        /// The damaged part, as `the header` or ``the rows of `Order` ``.
        section: String,
    },
    /// A block of a file is not as it was written, and nothing behind it is believed.
    #[error("block {block} at byte {offset}: {cause}")]
    Damaged {
        /// Which block of the file it is, from 0.
        block: u64,
        /// Where in the file it begins, in bytes.
        offset: u64,
        /// What is wrong with it.
        cause: Box<SnapshotError>,
    },
    /// Rows were asked for without their models, and in format 1 they have no names of fields.
    #[error(
        "rows of format 1 have no names of fields, and only the program that saved them can read them: load the file \
         there and save it again"
    )]
    Nameless,
    /// The database that was saved had other declarations than the one that loads.
    #[error("`{table}`{}: {what}", member.as_ref().map(|member| format!(".{member}")).unwrap_or_default())]
    SchemaMismatch {
        /// The table that differs.
        table: String,
        /// The field, key or relation that differs; `None` where it is the table itself.
        member: Option<String>,
        /// How the snapshot and this build differ.
        what: String,
    },
    /// The checksums agree, but the content is not that of a database.
    #[error("{section} cannot be: {what}")]
    Corrupt {
        /// The part that is wrong, as `the header` or ``the rows of `Order` ``.
        section: String,
        /// What is wrong with it, naming the row where there is one.
        what: String,
    },
    /// The database would take more memory than it may.
    #[error("loading {part} takes more than the limit of {limit} bytes: raise it by `memory_limit`")]
    OverBudget {
        /// Where the limit was reached, as ``the rows of `Order` `` or `the stream`.
        part: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Rows would not come back from the file. All of them are named, each with its field, the cause and the remedy;
    /// [`Saver::leave_out_unsavable`](super::Saver::leave_out_unsavable) saves the others.
    #[error("{} row(s) cannot be saved{}", rows.len(), first(rows))]
    RowsNotSavable {
        /// The rows, in the order of tables and slots.
        rows: Vec<UnsavableRow>,
    },
    /// A row is not what its model can read: a field without a value and a default, an unknown variant, another type.
    #[error("{row}{} cannot be read: {what}", in_field(field))]
    RowNotReadable {
        /// The row, under the name that its table has in this program.
        row: RowId,
        /// The field, and the way to the value inside of it, as `lines[2].price`; empty where it is the row as a whole.
        field: String,
        /// What serde or the model's type says.
        what: String,
    },
    /// Rows break rules: a unique key is there twice, a foreign key names no row, a hierarchy leads back to itself. All
    /// violations are listed. A save takes them by [`Saver::with_violations`](super::Saver::with_violations), a load by
    /// [`DatabaseBuilder::accept_violations`](crate::DatabaseBuilder::accept_violations).
    #[error("{} violation(s){}", violations.len(), first(violations))]
    Violations {
        /// Each with its row, relation and key, in the order of tables and slots.
        violations: Vec<Error>,
    },
    /// The database is in a state that no file holds: an id is reserved and unfilled, a transaction is open.
    #[error("cannot be saved: {0}")]
    Unsavable(Error),
    /// Code of a row, such as its `Serialize`, has panicked on the thread of a
    /// [save in the background](crate::Database::save_in_background).
    #[error("saving in the background has panicked: {message}")]
    Panicked {
        /// What the panic says.
        message: String,
    },
    /// The models given to the builder do not fit together.
    #[error("cannot be loaded: {0}")]
    Models(Error),
    /// The path names something that is no file: a folder, a pipe, a device.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The operating system has refused.
    #[error("cannot {operation}{}: {message}", path.as_ref().map(|path| format!(" {}", path.display())).unwrap_or_default())]
    Io {
        /// What was to be done, as `open`.
        operation: &'static str,
        /// With which file or folder; `None` for a stream of the caller's.
        path: Option<PathBuf>,
        /// The kind of the error.
        kind: io::ErrorKind,
        /// The system's message.
        message: String,
    },
    /// The new file is in place, whole and on the disk, but its folder could not be synced: after a power failure the old
    /// file may be back under its name.
    #[error("{} is saved, but its folder cannot be synced, so a power failure may bring back the file before: {message}", path.display())]
    SavedNotSynced {
        /// The file that has been saved.
        path: PathBuf,
        /// The kind of the error.
        kind: io::ErrorKind,
        /// The system's message.
        message: String,
    },
    /// JSON text cannot be imported, because of what stands in this line.
    #[cfg(feature = "json")]
    #[error("line {line}: {error}")]
    AtLine {
        /// The line, from 1.
        line: u64,
        /// What is wrong, naming table, row and field.
        error: Box<SnapshotError>,
    },
    /// Rows of JSON break rules of the database in which they were to be inserted. All violations are listed, nothing is
    /// stored.
    #[cfg(feature = "json")]
    #[error("{} violation(s), nothing stored{}", rows.len(), first(rows))]
    RowsRefused {
        /// Each with the line and the id of its row, in the order of these ids.
        rows: Vec<super::json::RefusedLine>,
    },
    /// Neither the file nor the one before it gives a database.
    #[error("{} is not whole: {newest}; nor is the file before it: {previous}", path.display())]
    NoWholeFile {
        /// The path that was to be loaded.
        path: PathBuf,
        /// What is wrong with the file at the path.
        newest: Box<SnapshotError>,
        /// What is wrong with the file before it.
        previous: Box<SnapshotError>,
    },
}

impl SnapshotError {
    /// The error of an operation on a stream or, once [`SnapshotError::at`] has named it, a file.
    pub(super) fn io(operation: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| SnapshotError::Io { operation, path: None, kind: error.kind(), message: error.to_string() }
    }

    /// Whether it says that the file is missing or damaged, and not that the program or the system refuses it.
    pub(super) fn is_of_a_file_not_whole(&self) -> bool {
        match self {
            SnapshotError::NotASnapshot
            | SnapshotError::Truncated { .. }
            | SnapshotError::TrailingBytes { .. }
            | SnapshotError::Checksum { .. }
            | SnapshotError::Corrupt { .. }
            | SnapshotError::Damaged { .. } => true,
            SnapshotError::Io { operation, .. } => *operation == "read" || self.is_missing(),
            _ => false,
        }
    }

    /// Whether it says that no file is there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, SnapshotError::Io { kind: io::ErrorKind::NotFound, .. })
    }

    /// The same error, of a line of JSON.
    #[cfg(feature = "json")]
    pub(super) fn at_line(self, line: u64) -> Self {
        match self {
            SnapshotError::AtLine { .. } | SnapshotError::Io { .. } => self,
            error => SnapshotError::AtLine { line, error: Box::new(error) },
        }
    }

    /// The same error, which knows the kind of its section only, with the table.
    pub(super) fn of_table(self, kind: Kind, table: &str) -> Self {
        // The slots are found to be wrong when the free list is there too.
        let kinds = [kind, Kind::Slots];
        let named = |section: String| match kinds.iter().find(|kind| section == kind.to_string()) {
            Some(kind) => kind.of(table),
            None => section,
        };
        match self {
            SnapshotError::Checksum { section } => SnapshotError::Checksum { section: named(section) },
            SnapshotError::Corrupt { section, what } => SnapshotError::Corrupt { section: named(section), what },
            SnapshotError::OverBudget { part, limit } => SnapshotError::OverBudget { part: named(part), limit },
            other => other,
        }
    }

    /// The same error, of this block of the file where it says that the file is not whole.
    pub(super) fn in_block(self, (block, offset): (u64, u64)) -> Self {
        match self {
            SnapshotError::Checksum { .. } | SnapshotError::Corrupt { .. } | SnapshotError::Truncated { .. } => {
                SnapshotError::Damaged { block, offset, cause: Box::new(self) }
            }
            other => other,
        }
    }

    /// The same error, of the file at this path.
    pub(super) fn at(mut self, file: &Path) -> Self {
        if let SnapshotError::Io { path, .. } = &mut self {
            path.get_or_insert_with(|| file.to_owned());
        }
        self
    }
}

/// A stored row that cannot be saved, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsavableRow {
    /// The row.
    pub row: RowId,
    /// Why.
    pub refusal: Refusal,
}

impl fmt::Display for UnsavableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.row, self.refusal)
    }
}

fn first(all: &[impl fmt::Display]) -> String {
    all.first().map(|first| format!(", the first: {first}")).unwrap_or_default()
}

fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!(", field `{field}`,") }
}

/// A row that has no bytes, or would not come back from them.
pub(crate) struct NotEncodable {
    pub(super) row: RowId,
    pub(super) refusal: Refusal,
}

impl From<NotEncodable> for Error {
    fn from(NotEncodable { row, refusal }: NotEncodable) -> Self {
        Error::NotEncodable { row, why: refusal.what }
    }
}
