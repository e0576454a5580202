//! A process that is killed while it saves.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use relata::Database;

use super::files::names;
use super::{models, part, sample, saved};

/// Tells the child where to save, and that it is one.
const PATH: &str = "RELATA_KILLED_PATH";
const STARTED: &str = "saving from now on";
/// How many children are killed.
const RUNS: u32 = 50;

/// The two databases that the child saves in turn. They take equally long, and several writes of a buffer.
fn databases() -> [Database; 2] {
    ["screw", "nails"].map(|kind| {
        let mut db = sample();
        let rows: Vec<_> = (0..500).map(|n| part(&format!("{kind} {n} {}", "-".repeat(300)), None)).collect();
        db.insert_many(rows).unwrap();
        db
    })
}

/// What the child does: this test binary, started again with one test asked for.
#[test]
fn saves_until_it_is_killed() {
    let Ok(path) = std::env::var(PATH) else { return };
    let databases = databases();
    writeln!(std::io::stdout(), "\n{STARTED}").unwrap();
    loop {
        for db in &databases {
            db.save(&path).unwrap();
        }
    }
}

fn start(path: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "snapshot::killed::saves_until_it_is_killed", "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == STARTED), "the child saves");
    child
}

/// HOSTILE 29: SIGKILL before and after each system call of a save -> the old or the new file, whole. The moments are
/// spread over two rounds of saves.
///
/// HOSTILE 31: stale temporaries ignored
#[test]
fn a_killed_save_leaves_the_old_file_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parts.relata");
    let databases = databases();
    let whole = databases.each_ref().map(saved);
    let begin = Instant::now();
    databases.iter().rev().for_each(|db| db.save(&path).unwrap());
    let round = begin.elapsed();
    let mut seen = [0, 0];
    for run in 0..RUNS {
        let mut child = start(&path);
        std::thread::sleep(2 * round * run / RUNS);
        child.kill().unwrap();
        child.wait().unwrap();
        let found = fs::read(&path).unwrap();
        let which = whole.iter().position(|whole| *whole == found);
        seen[which.unwrap_or_else(|| panic!("run {run}: a file of {} bytes is neither", found.len()))] += 1;
        models().load(&path).unwrap();
    }
    assert!(seen.iter().all(|seen| *seen > 0), "both were there when a child was killed: {seen:?}");
    // Some were killed between making the file beside it and renaming that. A later save minds none of them.
    let left = names(folder.path());
    assert!(
        left.len() > 1 && left.iter().all(|name| name == "parts.relata" || name.starts_with(".parts.relata.")),
        "{left:?}"
    );
    databases[1].save(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole[1]);
    assert_eq!(names(folder.path()), left);
}
