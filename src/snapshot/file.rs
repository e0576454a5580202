//! Files: opening one to load, and replacing one whole.
//!
//! # Invariants
//! 1. At every moment the path names the old file or the new one, whole: the new one is written beside it under a name
//!    of its own, brought to the disk, and renamed.
//! 2. Whatever fails, a panic included, takes the file beside it away; only a crash of the process can leave one, and
//!    no later save minds it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::SnapshotError;

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
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let path = if is_link {
        &fs::canonicalize(path).map_err(|error| SnapshotError::io("follow")(error).at(path))?
    } else {
        path
    };
    let old = match metadata(path) {
        Ok(old) => Some(old),
        Err(SnapshotError::Io { kind: ErrorKind::NotFound, .. }) => None,
        Err(error) => return Err(error),
    };
    let (temporary, file) = Temporary::create(path)?;
    let at_temporary = |operation| {
        let temporary = &temporary;
        move |error| SnapshotError::io(operation)(error).at(&temporary.path)
    };
    if let Some(old) = old {
        file.set_permissions(old.permissions()).map_err(at_temporary("set the permissions of"))?;
    }
    let mut buffered = BufWriter::with_capacity(1 << 16, &file);
    write(&mut buffered).map_err(|error| error.at(&temporary.path))?;
    buffered.flush().map_err(at_temporary("write"))?;
    file.sync_all().map_err(at_temporary("sync"))?;
    temporary.rename(path)
}

/// What the system knows of a regular file.
fn metadata(path: &Path) -> Result<fs::Metadata, SnapshotError> {
    let metadata = fs::metadata(path).map_err(|error| SnapshotError::io("open")(error).at(path))?;
    if metadata.is_file() { Ok(metadata) } else { Err(SnapshotError::NotAFile { path: path.to_owned() }) }
}

/// A file beside the one to be replaced, removed when it is dropped.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn create(beside: &Path) -> Result<(Self, File), SnapshotError> {
        /// Tells apart the saves of one process; the process's number tells apart those of several.
        static SAVES: AtomicU32 = AtomicU32::new(0);
        let Some(name) = beside.file_name() else {
            return Err(SnapshotError::NotAFile { path: beside.to_owned() });
        };
        loop {
            let mut own_name = std::ffi::OsString::from(".");
            own_name.push(name);
            own_name.push(format!(".{}-{}.tmp", std::process::id(), SAVES.fetch_add(1, Ordering::Relaxed)));
            let path = beside.with_file_name(own_name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((Temporary { path }, file)),
                // Left by a process of the same number that has crashed.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(SnapshotError::io("create")(error).at(&path)),
            }
        }
    }

    fn rename(self, to: &Path) -> Result<(), SnapshotError> {
        fs::rename(&self.path, to).map_err(|error| SnapshotError::io("rename to")(error).at(to))?;
        sync_folder(to).map_err(|error| SnapshotError::io("sync the folder of")(error).at(to))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // If this fails too, the error that has led here is the one to be told.
        let _ = fs::remove_file(&self.path);
    }
}

/// Brings the renaming to the disk, where folders can be synced.
fn sync_folder(file: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
