//! Files: opening one to load, and replacing one whole.
//!
//! # Invariants
//! 1. At every moment the path names the old file or the new one, whole: the new one is written beside it under a name
//!    of its own, brought to the disk, and renamed.
//! 2. What can be refused is refused before the renaming. After it nothing is done but to sync the folder, which was
//!    opened before the first byte was written; if that fails the error says that the new file is in place.
//! 3. Whatever fails, a panic included, takes the file beside it away. A process that is killed leaves it, and the next
//!    save of the same path removes it.
//! 4. The file before, if it is kept, changes its name first. A damaged file never takes the place of a whole one.

mod temporary;

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::error::SnapshotError;
use temporary::Temporary;

/// Opens a regular file and says how long it is, in bytes.
pub(super) fn open(path: &Path) -> Result<(BufReader<File>, u64), SnapshotError> {
    // Asked before it is opened: opening a pipe waits for its other end.
    metadata(path)?;
    let failed = |error| SnapshotError::io("open")(error).at(path);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok((BufReader::new(file), length))
}

/// Writes a file at the path, in the place of the one that may be there, whose permissions it takes over. A symbolic
/// link stays: the file that it leads to is replaced.
///
/// With `keep_previous` the old file stays as `<name>.1`, if `is_whole` says so of it.
pub(super) fn replace(
    path: &Path,
    keep_previous: bool,
    is_whole: impl FnOnce(BufReader<File>, u64) -> bool,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let path = &follow(path)?;
    let old = standing(path)?;
    if keep_previous {
        // A folder in its place is found out now, not when everything has been written.
        standing(&with_suffix(path)?)?;
    }
    let folder = Folder::open(path)?;
    // First of all, since they may be what fills the disk.
    temporary::remove_stale(path);
    let temporary = Temporary::create(path, old.as_ref())?;
    let at_temporary = |operation| {
        let temporary = &temporary;
        move |error| SnapshotError::io(operation)(error).at(temporary.path())
    };
    let mut buffered = BufWriter::with_capacity(1 << 16, temporary.file());
    write(&mut buffered).map_err(|error| error.at(temporary.path()))?;
    buffered.flush().map_err(at_temporary("write"))?;
    drop(buffered);
    if let Some(old) = &old {
        temporary.file().set_permissions(old.permissions()).map_err(at_temporary("set the permissions of"))?;
    }
    temporary.file().sync_all().map_err(at_temporary("sync"))?;
    if let (true, Some(old)) = (keep_previous, &old) {
        let (reader, length) = open(path)?;
        if is_whole(reader, length) {
            temporary.keep(path, old, &with_suffix(path)?)?;
        }
    }
    temporary.rename(path)?;
    folder.sync(path)
}

/// Where the file before the one at this path is kept: beside it, with `.1` after its name.
pub(super) fn previous(path: &Path) -> Result<PathBuf, SnapshotError> {
    with_suffix(&follow(path)?)
}

fn with_suffix(path: &Path) -> Result<PathBuf, SnapshotError> {
    let name = path.file_name().ok_or_else(|| SnapshotError::NotAFile { path: path.to_owned() })?;
    let mut name = OsString::from(name);
    name.push(".1");
    Ok(path.with_file_name(name))
}

/// The path itself or, where it names a symbolic link, what that leads to.
fn follow(path: &Path) -> Result<PathBuf, SnapshotError> {
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        return fs::canonicalize(path).map_err(|error| SnapshotError::io("follow")(error).at(path));
    }
    Ok(path.to_owned())
}

/// What the system knows of a regular file; `None` where nothing is there.
fn standing(path: &Path) -> Result<Option<Metadata>, SnapshotError> {
    match metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(SnapshotError::Io { kind: ErrorKind::NotFound, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the system knows of a regular file.
fn metadata(path: &Path) -> Result<Metadata, SnapshotError> {
    let metadata = fs::metadata(path).map_err(|error| SnapshotError::io("open")(error).at(path))?;
    if metadata.is_file() { Ok(metadata) } else { Err(SnapshotError::NotAFile { path: path.to_owned() }) }
}

/// The folder that holds a file.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A folder that is open, so that a renaming in it can be brought to the disk. Where folders cannot be opened as files
/// are, as on Windows, there is none.
struct Folder(Option<File>);

impl Folder {
    fn open(file: &Path) -> Result<Self, SnapshotError> {
        let folder = folder_of(file);
        // What is to become of the file needs its folder to be there, and nothing says so as well as making a file.
        match cfg!(unix).then(|| File::open(folder)) {
            Some(Err(error)) if error.kind() != ErrorKind::NotFound => {
                Err(SnapshotError::io("open the folder")(error).at(folder))
            }
            Some(Ok(folder)) => Ok(Folder(Some(folder))),
            _ => Ok(Folder(None)),
        }
    }

    /// Brings the renaming of the file to the disk.
    fn sync(&self, file: &Path) -> Result<(), SnapshotError> {
        self.0.as_ref().map_or(Ok(()), File::sync_all).map_err(|error| SnapshotError::SavedNotSynced {
            path: file.to_owned(),
            kind: error.kind(),
            message: error.to_string(),
        })
    }
}
