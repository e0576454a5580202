//! The file that is written beside the one to be replaced.
//!
//! Its name is `.relata-<target>-<save>.tmp`: two numbers of 16 hexadecimal digits, the hash of the target's name and a
//! random one. So it is short however long the target's name is, and no two saves share it, not even those of processes
//! that have the same number in different containers.
//!
//! # Invariants
//! 1. Who saves holds a lock on the file from its creation to its renaming or removal. Only who holds that lock renames
//!    or removes it; what can be locked by another has been left behind, for the system gives up the locks of a process
//!    that is no more. Where the file system has no locks, nothing is removed but by the saver itself.
//! 2. A second name, `.relata-<target>-<save>.old.tmp`, is there only while the file of the same numbers is, and belongs to
//!    its holder.
//! 3. Until the data are whole nobody may read them who may not read the old file, whoever made the folder.

use std::collections::hash_map::RandomState;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::hash::BuildHasher;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::super::error::SnapshotError;
use super::folder_of;

/// How the second name of a save ends, and the first.
const OLD: &str = ".old.tmp";
const NEW: &str = ".tmp";

/// A file beside the one to be replaced, removed when it is dropped unrenamed.
pub(super) struct Temporary {
    path: PathBuf,
    /// The second name: what takes the old file to the name of the one before.
    old: PathBuf,
    is_renamed: bool,
    /// Closed last, and the lock with it.
    file: File,
}

impl Temporary {
    /// Makes the file and locks it.
    pub(super) fn create(beside: &Path, old: Option<&Metadata>) -> Result<Self, SnapshotError> {
        let Some(name) = beside.file_name() else {
            return Err(SnapshotError::NotAFile { path: beside.to_owned() });
        };
        loop {
            let stem = format!("{}{:016x}", prefix(name), RandomState::new().hash_one(0));
            let path = beside.with_file_name(format!("{stem}{NEW}"));
            let failed = |error| SnapshotError::io("create")(error).at(&path);
            let file = match create_new(&path, old) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(failed(error)),
            };
            // Another save that looks for stale files may have come between: it takes the file away, and the lock tells.
            let is_held = !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            match is_at(&file, &path) {
                Ok(true) if is_held => {
                    let old = beside.with_file_name(format!("{stem}{OLD}"));
                    return Ok(Temporary { path, old, is_renamed: false, file });
                }
                Ok(_) => {}
                Err(error) => {
                    let failed = failed(error);
                    let _ = fs::remove_file(&path);
                    return Err(failed);
                }
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file at the path a second name, in the place of the one that may have it; it keeps its own.
    pub(super) fn keep(&self, path: &Path, metadata: &Metadata, previous: &Path) -> Result<(), SnapshotError> {
        let kept = self.link(path, metadata).and_then(|()| fs::rename(&self.old, previous));
        // Still there if the renaming failed, or did nothing because both names are already those of one file.
        let _ = fs::remove_file(&self.old);
        kept.map_err(|error| SnapshotError::io("keep the previous file as")(error).at(previous))
    }

    /// Makes a link or, where there are none, a copy.
    fn link(&self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        let error = match fs::hard_link(path, &self.old) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        // File systems without links say either; so does Linux of files that belong to others.
        if !matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported | ErrorKind::TooManyLinks) {
            return Err(error);
        }
        let mut copy = create_new(&self.old, Some(metadata))?;
        io::copy(&mut File::open(path)?, &mut copy)?;
        copy.set_permissions(metadata.permissions())?;
        copy.sync_all()
    }

    /// Gives the file its name, in the place of the one that has it.
    pub(super) fn rename(mut self, to: &Path) -> Result<(), SnapshotError> {
        fs::rename(&self.path, to).map_err(|error| SnapshotError::io("rename to")(error).at(to))?;
        self.is_renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_renamed {
            // If this fails too, the error that has led here is the one to be told.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes a file that was not there. In the place of an old one it is of the owner only, who may write it and, if they may
/// read the old one, read it; else of whom the process gives its files to.
fn create_new(path: &Path, old: Option<&Metadata>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if let Some(old) = old {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(old.permissions().mode() & 0o600 | 0o200);
    }
    #[cfg(not(unix))]
    let _ = old;
    options.open(path)
}

/// Removes what saves of this path have left that were killed. What cannot be removed is left for the next one.
pub(super) fn remove_stale(beside: &Path) {
    let Some(prefix) = beside.file_name().map(prefix) else { return };
    let Ok(entries) = fs::read_dir(folder_of(beside)) else { return };
    for name in entries.flatten().map(|entry| entry.file_name()) {
        let Some(name) = name.to_str() else { continue };
        let Some(save) = name.strip_prefix(&prefix) else { continue };
        let Some((save, end)) = save.split_at_checked(16) else { continue };
        if !save.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue;
        }
        let path = |end| beside.with_file_name(format!("{prefix}{save}{end}"));
        match end {
            NEW => remove_if_stale(&path(NEW), &path(OLD)),
            // Without its first file nobody uses it.
            OLD if fs::symlink_metadata(path(NEW)).is_err_and(|error| error.kind() == ErrorKind::NotFound) => {
                let _ = fs::remove_file(path(OLD));
            }
            _ => {}
        }
    }
}

/// Removes a temporary file and its second name, if no saver holds it.
fn remove_if_stale(path: &Path, old: &Path) {
    let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    // A file that took over the permissions of the old one may be readable only, an unfinished one writable only.
    let opened = if is_file { File::open(path).or_else(|_| OpenOptions::new().write(true).open(path)) } else { return };
    let Ok(file) = opened else { return };
    // The saver may have renamed it since and given up the lock: then the name is no longer its own.
    if file.try_lock().is_ok() && is_at(&file, path).unwrap_or(false) {
        let _ = fs::remove_file(old);
        let _ = fs::remove_file(path);
    }
}

/// What the temporary files of a target begin with.
fn prefix(target: &OsStr) -> String {
    format!(".relata-{:016x}-", xxh3_64(target.as_encoded_bytes()))
}

/// Whether the path names this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let named = match fs::symlink_metadata(path) {
        Ok(named) => named,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let file = file.metadata()?;
    Ok((file.dev(), file.ino()) == (named.dev(), named.ino()))
}

/// Whether the path names this file: as far as can be asked here, whether it names any.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}
