//! The command, run as a person runs it: on the golden files, and on damaged copies of them.
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, its helpers too")]

mod damage;
mod golden;
mod keys;
mod models;
mod relation;

use std::path::{Path, PathBuf};
use std::process::Command;

/// How a command has ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn relata(arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_relata")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ended = Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
    assert!(!ended.err.contains("panicked"), "{arguments:?}: {}", ended.err);
    ended
}

/// What a command prints that ends with 0 and has nothing to complain of.
fn printed(arguments: &[&str]) -> String {
    let ended = relata(arguments);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}: {}", ended.out);
    ended.out
}

fn golden_path(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name);
    path.to_str().unwrap().to_owned()
}

fn golden_bytes(name: &str) -> Vec<u8> {
    std::fs::read(golden_path(name)).unwrap()
}

/// A folder of its own for each test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.name(name)
    }
}
