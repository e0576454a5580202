//! Files and folders: what stands at the path, what is left when something fails.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use relata::{Database, Model, SnapshotError};
use serde::{Deserialize, Serialize, Serializer};

use super::{models, part, sample, saved};

/// The names in a folder, those that begin with a dot among them.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A folder with a saved sample in it.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parts.relata");
    sample().save(&path).unwrap();
    (folder, path)
}

#[test]
fn a_file_is_written_replaced_and_loaded() {
    let (folder, path) = folder();
    assert_eq!(fs::read(&path).unwrap(), saved(&sample()));
    let mut db = models().load(&path).unwrap();
    db.insert(part("horn", None)).unwrap();
    db.save(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), saved(&db));
    assert_eq!(names(folder.path()), ["parts.relata"]);
    fs::write(&path, b"other").unwrap();
    assert_eq!(models().load(&path).unwrap_err(), SnapshotError::NotASnapshot);
}

/// HOSTILE 26: the path is a directory, FIFO or device -> error, no hang
#[test]
fn what_is_no_file_is_neither_opened_nor_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = vec![folder.path().to_owned(), PathBuf::from("/")];
    if cfg!(unix) {
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        paths.extend([pipe, PathBuf::from("/dev/null")]);
    }
    for path in paths {
        let message = format!("{} is not a file", path.display());
        assert_eq!(models().load(&path).unwrap_err().to_string(), message);
        assert_eq!(sample().save(&path).unwrap_err().to_string(), message);
    }
}

/// HOSTILE 28: read-only or missing folder -> error
#[test]
fn a_folder_that_is_missing_or_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("parts.relata");
    let error = models().load(&path).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot open {}: ", path.display())), "{error}");
    let error = sample().save(&path).unwrap_err();
    assert!(matches!(error, SnapshotError::Io { operation: "create", kind: io::ErrorKind::NotFound, .. }), "{error}");
    if cfg!(target_os = "linux") {
        // Nobody, not even root, makes files there.
        let error = sample().save("/proc/parts.relata").unwrap_err();
        assert!(matches!(error, SnapshotError::Io { operation: "create", .. }), "{error}");
    }
}

/// HOSTILE 31: permissions kept, symbolic links handled as documented
#[cfg(unix)]
#[test]
fn permissions_and_links_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let (folder, path) = folder();
    for mode in [0o600, 0o640, 0o444] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        sample().save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.relata");
    symlink(&path, &link).unwrap();
    let mut db = sample();
    db.insert(part("horn", None)).unwrap();
    db.save(&link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link stays");
    assert_eq!(fs::read(&path).unwrap(), saved(&db), "what it leads to is replaced");
    assert_eq!((names(folder.path()).len(), names(elsewhere.path()).len()), (1, 1));

    let broken = elsewhere.path().join("broken.relata");
    symlink(folder.path().join("nothing"), &broken).unwrap();
    let error = sample().save(&broken).unwrap_err();
    assert!(matches!(error, SnapshotError::Io { operation: "follow", .. }), "{error}");
}

/// fault E5: names of 255 bytes. fault E6: HOSTILE 31, stale temporaries are removed, and none that a saver holds.
#[test]
fn the_temporary_file_has_a_short_name_and_is_removed_unless_a_saver_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n".repeat(255));
    sample().save(&path).unwrap();
    models().load(&path).unwrap();

    // What a save of this path would leave is what it has while it writes.
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let saver = scope.spawn(|| (0..200).for_each(|_| sample().save(&path).unwrap()));
        while !saver.is_finished() {
            seen.extend(names(folder.path()).into_iter().filter(|name| name.starts_with(".relata-")));
        }
    });
    let stale = seen.first().expect("a temporary file was there while 200 saves were made");
    assert_eq!(stale.len(), ".relata-0123456789abcdef-0123456789abcdef.tmp".len(), "{stale}");
    let (of_target, _) = stale.rsplit_once('-').unwrap();
    let of_other = format!(".relata-{}-{}.tmp", "0".repeat(16), "1".repeat(16));
    let held = format!("{of_target}-{}.tmp", "2".repeat(16));
    let held_old = format!("{of_target}-{}.old.tmp", "2".repeat(16));
    let unlike = format!("{of_target}-notes.tmp");
    let orphan = format!("{of_target}-{}.old.tmp", "3".repeat(16));
    for name in [stale, &of_other, &held, &held_old, &unlike, &orphan] {
        fs::write(folder.path().join(name), b"left").unwrap();
    }
    let saver = fs::File::open(folder.path().join(&held)).unwrap();
    saver.lock().unwrap();
    sample().save(&path).unwrap();
    let left = names(folder.path());
    assert!(!left.contains(stale) && !left.contains(&orphan), "nobody saves: {left:?}");
    for name in [&of_other, &held, &held_old, &unlike] {
        assert!(left.contains(name), "{name} of {left:?}");
    }
    drop(saver);
    sample().save(&path).unwrap();
    let left = names(folder.path());
    assert!(!left.contains(&held) && !left.contains(&held_old) && left.contains(&of_other), "{left:?}");
}

/// fault E5: while it is written, nobody may read the new file who may not read the old one.
#[cfg(unix)]
#[test]
fn the_temporary_file_is_the_owners_only() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[derive(Model, Clone, Debug, Deserialize)]
    struct Looks {
        text: String,
    }
    static MODES: std::sync::Mutex<Vec<u32>> = std::sync::Mutex::new(Vec::new());
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    impl Serialize for Looks {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let folder = FOLDER.get().unwrap();
            let temporary = names(folder).into_iter().filter(|name| name.starts_with(".relata-"));
            let modes = temporary.map(|name| fs::metadata(folder.join(name)).unwrap().mode() & 0o777);
            MODES.lock().unwrap().extend(modes);
            {
                use serde::ser::SerializeStruct;
                let mut fields = serializer.serialize_struct("Looks", 1)?;
                fields.serialize_field("text", &self.text)?;
                fields.end()
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    FOLDER.set(folder.path().to_owned()).unwrap();
    let path = folder.path().join("looks.relata");
    let mut db = Database::builder().model::<Looks>().build().unwrap();
    db.insert(Looks { text: "text".into() }).unwrap();
    db.save(&path).unwrap();
    MODES.lock().unwrap().clear();
    for (mode, while_written) in [(0o640, 0o600), (0o644, 0o600), (0o200, 0o200), (0o444, 0o600)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        db.save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode);
        let seen = std::mem::take(&mut *MODES.lock().unwrap());
        assert!(!seen.is_empty() && seen.iter().all(|mode| *mode == while_written), "{mode:o}: {seen:?}");
    }
}

/// fault E4: a folder that may be written and not read is refused before anything is written.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_opened_is_an_error_before_anything_is_written() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path) = folder();
    let old = fs::read(&path).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o300)).unwrap();
    // Root may open it all the same; for root, tests/faults does it by strace.
    let may_open = fs::File::open(folder.path()).is_ok();
    let mut db = sample();
    db.insert(part("horn", None)).unwrap();
    let outcome = db.save(&path);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(names(folder.path()), ["parts.relata"]);
    if may_open {
        outcome.unwrap();
        assert_eq!(fs::read(&path).unwrap(), saved(&db));
    } else {
        let error = outcome.unwrap_err();
        assert!(matches!(error, SnapshotError::Io { operation: "open the folder", .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), old);
    }
}

/// HOSTILE 30: two savers at once -> one wins or errs, no mixture
#[test]
fn of_two_savers_one_wins() {
    let (folder, path) = folder();
    let mut larger = sample();
    larger.insert_many((0..500).map(|n| part(&format!("screw {n}"), None)).collect::<Vec<_>>()).unwrap();
    let databases = [sample(), larger];
    let whole = databases.each_ref().map(saved);
    std::thread::scope(|scope| {
        for db in &databases {
            scope.spawn(|| (0..20).for_each(|_| db.save(&path).unwrap()));
        }
        for _ in 0..50 {
            let seen = fs::read(&path).unwrap();
            assert!(whole.contains(&seen), "a file of {} bytes is neither", seen.len());
        }
    });
    assert_eq!(names(folder.path()), ["parts.relata"]);
}

/// A stream that takes `room` bytes, a few at a time and with interruptions, and then fails.
struct Failing {
    room: usize,
    written: Vec<u8>,
    interrupted: bool,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let taken = bytes.len().min(7).min(self.room - self.written.len());
        if taken == 0 && !bytes.is_empty() {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no room"));
        }
        self.written.extend(&bytes[..taken]);
        Ok(taken)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// HOSTILE 27: disk full, short write, EINTR at each call
#[test]
fn a_stream_that_fails_anywhere_is_an_error() {
    let db = sample();
    let whole = saved(&db);
    for room in 0..whole.len() {
        let error = db.save_to(Failing { room, written: Vec::new(), interrupted: false }).unwrap_err();
        assert_eq!(error.to_string(), "cannot write: no room");
    }
    let mut stream = Failing { room: whole.len(), written: Vec::new(), interrupted: false };
    db.save_to(&mut stream).unwrap();
    assert!(stream.written == whole, "short writes and interruptions lose nothing");
}

/// How often a [`Fickle`] row has been encoded.
static ENCODED: AtomicUsize = AtomicUsize::new(0);
/// From which time on it encodes to another text, and from which it panics.
static CHANGES_AT: AtomicUsize = AtomicUsize::new(usize::MAX);
static PANICS_AT: AtomicUsize = AtomicUsize::new(usize::MAX);

#[derive(Model, Clone, Debug, Deserialize)]
struct Fickle {
    text: String,
}

impl Serialize for Fickle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let time = ENCODED.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(time < PANICS_AT.load(Ordering::SeqCst), "the row panics");
        let mut fields = serializer.serialize_struct("Fickle", 1)?;
        let text = if time < CHANGES_AT.load(Ordering::SeqCst) { &self.text } else { "another text" };
        fields.serialize_field("text", text)?;
        fields.end()
    }
}

/// HOSTILE 27: the old file intact, the temporary file removed
#[test]
fn a_save_that_fails_while_it_writes_leaves_the_old_file_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fickle.relata");
    let mut db = Database::builder().model::<Fickle>().build().unwrap();
    db.insert(Fickle { text: "text".into() }).unwrap();
    db.save(&path).unwrap();
    let old = fs::read(&path).unwrap();
    // A save encodes a row, and maybe again to compare it.
    let last = ENCODED.swap(0, Ordering::SeqCst);
    let assert_old = || {
        assert_eq!(fs::read(&path).unwrap(), old);
        assert_eq!(names(folder.path()), ["fickle.relata"]);
        ENCODED.store(0, Ordering::SeqCst);
    };

    CHANGES_AT.store(last, Ordering::SeqCst);
    let error = db.save(&path).unwrap_err();
    assert!(error.to_string().contains("Fickle 1v1, field `text`: it comes back as another value"), "{error}");
    assert_old();

    PANICS_AT.store(last, Ordering::SeqCst);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| db.save(&path))).unwrap_err();
    assert_old();
}
