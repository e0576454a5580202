//! What saving and loading can refuse, and why.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::id::RowId;

/// Why a snapshot was not saved or not loaded. A refused save has left the file as it was, with one exception that says so
/// ([`SnapshotError::SavedNotSynced`]); a refused load gives no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file does not begin as a snapshot does.
    #[error("not a relata snapshot")]
    NotASnapshot,
    /// The file is of a format, of a codec or with flags that this build does not know.
    #[error("the snapshot has {what} {found}, this build reads {supported}")]
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
    /// A row does not survive being encoded and decoded.
    #[error("{row} cannot be saved: {why}")]
    RowNotEncodable {
        /// The row.
        row: RowId,
        /// What the codec said.
        why: String,
    },
    /// The rows of a table have encoded to another length the second time.
    #[error("`{table}` cannot be saved: its rows do not encode the same twice")]
    Unrepeatable {
        /// The table.
        table: &'static str,
    },
    /// The database is in a state that could not be loaded again: an id reserved and unfilled, a key that names no
    /// row, a unique key that two rows have.
    #[error("cannot be saved: {0}")]
    Unsavable(Error),
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
            | SnapshotError::Corrupt { .. } => true,
            SnapshotError::Io { operation, .. } => *operation == "read" || self.is_missing(),
            _ => false,
        }
    }

    /// Whether it says that no file is there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, SnapshotError::Io { kind: io::ErrorKind::NotFound, .. })
    }

    /// The same error, of the file at this path.
    pub(super) fn at(mut self, file: &Path) -> Self {
        if let SnapshotError::Io { path, .. } = &mut self {
            path.get_or_insert_with(|| file.to_owned());
        }
        self
    }
}

/// A row that cannot be encoded, or would not come back, and why: of a save as of the hash of the state.
pub(crate) struct NotEncodable {
    pub(super) row: RowId,
    pub(super) why: String,
}

impl From<NotEncodable> for SnapshotError {
    fn from(NotEncodable { row, why }: NotEncodable) -> Self {
        SnapshotError::RowNotEncodable { row, why }
    }
}

impl From<NotEncodable> for Error {
    fn from(NotEncodable { row, why }: NotEncodable) -> Self {
        Error::NotEncodable { row, why }
    }
}
