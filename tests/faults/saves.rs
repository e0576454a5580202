//! A save, disturbed at each of its system calls by `strace`: what stands at the path afterwards, and what is left.
//!
//! Each run is a process of its own: this binary, started again, which saves once. It has no harness, for `strace` disturbs
//! the calls of every thread, and those of the harness are not meant.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::strace::{self, Call, Run, Trace};
use relata::{Database, DatabaseBuilder, Model, SnapshotError};
use serde::{Deserialize, Serialize};

/// Tells the child where to save, and that it is one; how it is to save.
const PATH: &str = "RELATA_FAULTS_PATH";
const KEEP: &str = "RELATA_FAULTS_KEEP_PREVIOUS";
/// How the child tells what `save` has returned.
const SAVED: i32 = 10;
const REFUSED: i32 = 11;
const SAVED_NOT_SYNCED: i32 = 12;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    label: String,
}

/// Its table comes last in the file, and is small enough to wait in the buffer.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Part>().model::<Note>()
}

/// A database whose file takes several writes of a buffer. Each generation has a length of its own.
fn database(generation: usize) -> Database {
    let mut db = models().build().unwrap();
    let rows: Vec<_> =
        (0..1000 + generation).map(|n| Part { label: format!("{generation}: {n} {}", "-".repeat(300)) }).collect();
    db.insert_many(rows).unwrap();
    db.insert(Note { text: "the last".into() }).unwrap();
    db
}

fn bytes(generation: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    database(generation).save_to(&mut bytes).unwrap();
    bytes
}

/// What the child does.
fn save_once(path: &OsStr) -> ! {
    let db = database(2);
    let keeps = std::env::var_os(KEEP).is_some();
    let _ = fs::metadata(strace::BEGIN);
    let outcome = if keeps { db.saver().keep_previous().save(path).map(drop) } else { db.save(path) };
    let _ = fs::metadata(strace::END);
    std::process::exit(match outcome {
        Ok(()) => SAVED,
        Err(SnapshotError::SavedNotSynced { .. }) => SAVED_NOT_SYNCED,
        Err(_) => REFUSED,
    });
}

/// What stands in the folder before the child saves generation 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// Generation 1, and what a killed save has left.
    Old,
    /// The same, and generation 0 as the one before; which is to be kept.
    OldAndPrevious,
}

/// A folder in which saves are disturbed.
struct Scene {
    folder: tempfile::TempDir,
    before: Before,
    /// The bytes of each generation.
    whole: [Vec<u8>; 3],
    /// The names of what a killed save has left.
    stale: Vec<String>,
}

impl Scene {
    fn new(before: Before) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Scene { folder, before, whole: [0, 1, 2].map(bytes), stale: Vec::new() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("parts.relata")
    }

    fn previous(&self) -> PathBuf {
        self.folder.path().join("parts.relata.1")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn temporaries(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| name.starts_with(".relata-")).collect()
    }

    fn set(&self) {
        for name in self.names() {
            fs::remove_file(self.folder.path().join(name)).unwrap();
        }
        if self.before != Before::Nothing {
            fs::write(self.path(), &self.whole[1]).unwrap();
            self.stale.iter().for_each(|name| fs::write(self.folder.path().join(name), b"left").unwrap());
        }
        if self.before == Before::OldAndPrevious {
            fs::write(self.previous(), &self.whole[0]).unwrap();
        }
    }

    /// Sets the folder up and saves in it, as the options of strace disturb it.
    fn run(&self, options: &[&str], file_size_max: Option<u32>) -> Run {
        self.set();
        let mut environment = vec![(PATH, self.path().into_os_string())];
        if self.before == Before::OldAndPrevious {
            environment.push((KEEP, "yes".into()));
        }
        strace::run(options, &environment, file_size_max)
    }

    /// The generation that stands at a path, whole; `None` where nothing is there.
    fn generation(&self, path: &Path, what: &str) -> Option<usize> {
        let found = fs::read(path).ok()?;
        let generation = self.whole.iter().position(|whole| *whole == found);
        assert!(generation.is_some(), "{what}: {} has {} bytes of none", path.display(), found.len());
        models().load(path).unwrap();
        generation
    }

    /// What must be so after any run, `what` it was, and after an undisturbed save that follows it.
    fn assert_whole(&self, run: &Run, what: &str) {
        let newest = self.generation(&self.path(), what);
        let previous = self.generation(&self.previous(), what);
        let old = (self.before != Before::Nothing).then_some(1);
        match run.exit {
            Some(SAVED | SAVED_NOT_SYNCED) => assert_eq!(newest, Some(2), "{what}"),
            Some(REFUSED) => assert_eq!(newest, old, "{what}"),
            None => assert!(newest == old || newest == Some(2), "{what}: {newest:?}"),
            Some(other) => panic!("{what}: the child ended with {other}"),
        }
        // An old file that cannot be read is not known to be whole, and so not kept.
        let is_unread = run.trace.calls().iter().any(|call| call.name == "read" && call.result < 0);
        match (self.before, newest) {
            (Before::OldAndPrevious, Some(2)) if is_unread => assert!(matches!(previous, Some(0 | 1)), "{what}"),
            (Before::OldAndPrevious, Some(2)) => assert_eq!(previous, Some(1), "{what}"),
            (Before::OldAndPrevious, _) => assert!(matches!(previous, Some(0 | 1)), "{what}: {previous:?}"),
            _ => assert_eq!(previous, None, "{what}"),
        }
        if run.exit.is_some() {
            let left = self.temporaries();
            assert!(left.iter().all(|name| self.stale.contains(name)), "{what}: {left:?}");
        }
        database(2).save(self.path()).unwrap();
        assert_eq!(self.temporaries(), <[String; 0]>::default(), "{what}");
        assert_eq!(self.generation(&self.path(), what), Some(2), "{what}");
    }

    /// Kills a save at its sync, to see what such a save leaves.
    fn with_stale(mut self) -> Self {
        let killed = self.run(&["-e", "inject=fsync:signal=SIGKILL:when=1"], None);
        assert_eq!(killed.exit, None);
        self.stale = self.temporaries();
        assert_eq!(self.stale.len(), 1);
        self
    }
}

type Test = (&'static str, fn());

/// Tells the name of a function with it.
macro_rules! tests {
    ($($name:ident),* $(,)?) => { [$((stringify!($name), $name as fn())),*] };
}

/// Runs all tests, or those whose names contain the first argument.
pub(crate) fn main() {
    if let Some(path) = std::env::var_os(PATH) {
        save_once(&path);
    }
    let all: [Test; 7] = tests![
        traces_are_read_as_strace_writes_them,
        the_file_is_synced_before_it_is_renamed_and_the_folder_after,
        a_call_that_fails_leaves_the_old_file_or_the_new_one,
        a_save_killed_at_any_call_leaves_the_old_file_or_the_new_one,
        a_short_write_before_the_disk_is_full_leaves_the_old_file,
        without_links_the_previous_file_is_a_copy,
        without_locks_nothing_stale_is_removed,
    ];
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let mut out = std::io::stdout();
    if !strace::works() {
        let why = "for there is no strace that works here (Debian's package `strace`)";
        writeln!(out, "\n*** NOT RUN: no save was disturbed, {why}. ***\n").unwrap();
        return;
    }
    for (name, test) in all.into_iter().filter(|(name, _)| name.contains(&filter)) {
        test();
        writeln!(out, "test {name} ... ok").unwrap();
    }
}

const ALL: [Before; 3] = [Before::Nothing, Before::Old, Before::OldAndPrevious];

/// fault E9: the order of what is done is what makes a save durable.
fn the_file_is_synced_before_it_is_renamed_and_the_folder_after() {
    for before in ALL {
        let scene = Scene::new(before).with_stale();
        let run = scene.run(&[], None);
        assert_eq!(run.exit, Some(SAVED));
        let calls = run.trace.calls();
        let find = |what: &str, matches: &dyn Fn(&Call) -> bool| {
            let found: Vec<usize> = (0..calls.len()).filter(|&place| matches(&calls[place])).collect();
            assert_eq!(found.len(), 1, "{before:?}: {what}: {found:?} of {calls:#?}");
            found[0]
        };
        let folder_name = format!("\"{}\"", scene.folder.path().display());
        let opens_folder = |call: &Call| {
            call.name == "openat" && call.arguments.contains(&folder_name) && !call.arguments.contains("O_DIRECTORY")
        };
        let opened = find("opening the folder", &opens_folder);
        let created = find("the temporary file", &|call| call.name == "openat" && call.arguments.contains("O_EXCL"));
        let (folder, file) = (calls[opened].result.to_string(), calls[created].result.to_string());
        let is_on = |call: &Call, name: &str, file: &str| call.name == name && call.first_argument() == file;
        let locked = find("the lock", &|call| is_on(call, "flock", &file));
        let synced = find("sync of the file", &|call| is_on(call, "fsync", &file) && call.result == 0);
        let renamed =
            find("the renaming", &|call| call.name.starts_with("rename") && call.arguments.ends_with("parts.relata\""));
        let folder_synced = find("sync of the folder", &|call| is_on(call, "fsync", &folder) && call.result == 0);
        let writes: Vec<usize> = (0..calls.len()).filter(|&place| is_on(&calls[place], "write", &file)).collect();
        let written: i64 = writes.iter().map(|&place| calls[place].result).sum();
        assert_eq!(written, i64::try_from(scene.whole[2].len()).unwrap(), "all bytes, and no other way");
        assert!(writes.len() >= 2, "{writes:?}");
        let last = calls[writes[writes.len() - 1]].result;
        assert!(last < 1 << 16, "what comes last is left in the buffer, so that a flush is needed: {last} bytes");
        let order = [opened, created, locked, writes[0], writes[writes.len() - 1], synced, renamed, folder_synced];
        assert!(order.is_sorted(), "{before:?}: {order:?} of {calls:#?}");
        if before != Before::Nothing {
            let mode = find("the permissions", &|call| is_on(call, "fchmod", &file));
            assert!(mode < synced, "the permissions are brought to the disk with the rest");
        }
        assert!(!calls[renamed..].iter().any(|call| call.name.starts_with("unlink")), "fault E6: renamed is gone");
        scene.assert_whole(&run, "undisturbed");
    }
}

/// Calls that take memory, or ask the kernel for nothing that could be refused so. What fails there ends the process. The
/// errors of `close` are told to nobody.
fn can_fail(call: &str) -> bool {
    let cannot =
        ["mmap", "munmap", "mremap", "mprotect", "brk", "madvise", "futex", "sched_yield", "getrandom", "close"];
    !cannot.contains(&call) && !call.starts_with("rt_sig")
}

/// HOSTILE 27: disk full, EINTR at each call. HOSTILE 28: a folder that may not be opened.
///
/// fault E4: an error after the renaming is an outcome of its own. An interrupted call is no failed one: the standard library
/// repeats it, and `save` may succeed. Any other error is final.
fn a_call_that_fails_leaves_the_old_file_or_the_new_one() {
    for before in ALL {
        let scene = Scene::new(before).with_stale();
        let plain = scene.run(&[], None).trace;
        let mut not_synced = 0;
        for (name, times) in plain.places().into_iter().filter(|(name, _)| can_fail(name)) {
            for error in ["ENOSPC", "EIO", "EINTR", "EACCES"] {
                for time in times.clone() {
                    let what = format!("{before:?}, {name} number {time} fails with {error}");
                    let run = scene.run(&["-e", &format!("inject={name}:error={error}:when={time}")], None);
                    assert!(run.trace.was_injected(), "{what}: not within the save");
                    assert!(run.exit.is_some(), "{what}");
                    if name == "fsync" && error != "EINTR" {
                        let of_file = time == times.start;
                        assert_eq!(run.exit, Some(if of_file { REFUSED } else { SAVED_NOT_SYNCED }), "{what}");
                        let syncs = run.trace.calls().iter().filter(|call| call.name == "fsync").count();
                        assert_eq!(syncs, if of_file { 1 } else { 2 }, "{what}: it is not tried again");
                    }
                    not_synced += usize::from(run.exit == Some(SAVED_NOT_SYNCED));
                    scene.assert_whole(&run, &what);
                }
            }
        }
        assert_eq!(not_synced, 3, "{before:?}: nothing else can fail when the file has been replaced");
    }
}

/// HOSTILE 29: SIGKILL before and after each system call of a save -> the old or the new file, whole.
///
/// HOSTILE 31: stale temporaries are removed by the next save. fault E6, fault E8
fn a_save_killed_at_any_call_leaves_the_old_file_or_the_new_one() {
    for before in ALL {
        let scene = Scene::new(before).with_stale();
        let plain = scene.run(&[], None).trace;
        let (mut within, mut left) = (0, 0);
        for (name, times) in plain.places() {
            for time in times {
                let what = format!("{before:?}, killed at {name} number {time}");
                let run = scene.run(&["-e", &format!("inject={name}:signal=SIGKILL:when={time}")], None);
                // How often memory is asked for is not the same twice.
                if can_fail(&name) || name == "close" {
                    assert!(run.exit.is_none() && run.trace.ends_within(), "{what}: not within the save");
                    within += 1;
                }
                left += usize::from(!scene.temporaries().is_empty());
                scene.assert_whole(&run, &what);
            }
        }
        assert!(within > 15 && left > 5, "{before:?}: {within} within the save, {left} left something");
    }
}

/// HOSTILE 27: a write that is short, and the next one fails. A limit on the size of files is what makes the kernel write
/// a part: a write that only claims to be short would be a kernel that lies.
fn a_short_write_before_the_disk_is_full_leaves_the_old_file() {
    for before in ALL {
        let scene = Scene::new(before).with_stale();
        let blocks = u32::try_from(scene.whole[2].len() / 512).unwrap();
        for limit in [1, 127, 129, 200, blocks - 1, blocks] {
            let what = format!("{before:?}, files of {limit} blocks");
            let run = scene.run(&[], Some(limit));
            assert_eq!(run.exit, Some(REFUSED), "{what}");
            let short = |call: &Call| call.name == "write" && (1..call.last_argument()).contains(&call.result);
            assert!(run.trace.calls().iter().any(short), "{what}: a write was short");
            scene.assert_whole(&run, &what);
        }
        let run = scene.run(&[], Some(blocks + 1));
        assert_eq!(run.exit, Some(SAVED), "{before:?}: there is room");
        scene.assert_whole(&run, "room enough");
    }
}

/// Where hard links are not to be had the old file is copied.
fn without_links_the_previous_file_is_a_copy() {
    let scene = Scene::new(Before::OldAndPrevious).with_stale();
    for error in ["EPERM", "EOPNOTSUPP", "EMLINK"] {
        let run = scene.run(&["-e", &format!("inject=link,linkat:error={error}")], None);
        assert!(run.trace.was_injected());
        assert_eq!(run.exit, Some(SAVED), "{error}");
        scene.assert_whole(&run, error);
    }
    let run = scene.run(&["-e", "inject=link,linkat:error=EROFS"], None);
    assert_eq!(run.exit, Some(REFUSED));
    scene.assert_whole(&run, "EROFS");
}

/// On a file system without locks saves go on, and nobody's temporary file is taken for a stale one.
fn without_locks_nothing_stale_is_removed() {
    let scene = Scene::new(Before::Old).with_stale();
    let run = scene.run(&["-e", "inject=flock:error=ENOLCK"], None);
    assert!(run.trace.was_injected());
    assert_eq!((run.exit, scene.temporaries()), (Some(SAVED), scene.stale.clone()));
    scene.assert_whole(&run, "no locks");
}

/// The places of a trace are those of the thread that saves, which is where strace counts.
fn traces_are_read_as_strace_writes_them() {
    let text = format!(
        "7 write(1, \"x\", 1) = 1\n8 write(9, \"y\", 1) = 1\n7 statx(AT_FDCWD, \"{}\", 0) = -1 ENOENT (No such file)\n\
         7 write(3, \"a, b\"..., 65536) = 512\n8 fsync(9) = 0\n7 rename(\"a\", \"b\") = -1 EIO (Input/output error) (INJECTED)\n\
         7 statx(AT_FDCWD, \"{}\", 0) = -1 ENOENT (No such file)\n7 write(1, \"z\", 1) = 1\n",
        strace::BEGIN,
        strace::END
    );
    let trace = Trace::parse(&text);
    assert!(trace.was_injected() && !trace.ends_within());
    let [write, rename] = trace.calls() else { panic!("{:?}", trace.calls()) };
    assert_eq!((write.first_argument(), write.last_argument(), write.result), ("3", 65536, 512));
    assert_eq!((rename.name.as_str(), rename.arguments.as_str(), rename.result), ("rename", "\"a\", \"b\"", -1));
    assert_eq!(trace.places(), [("rename".to_owned(), 1..2), ("write".to_owned(), 2..3)]);
}
