//! `relata models`: models of Rust from what other systems say of theirs.
//!
//! A source is read (`loopback`, `sqlite`) as it is (`definition`), fitted to what relata can say (`resolve`), and
//! written (`write`).

mod definition;
mod loopback;
mod resolve;
mod sqlite;
mod write;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::output::{Failure, Outcome, Output, open_file};

pub(crate) fn models(files: &[PathBuf], out: Option<&Path>, output: &mut Output) -> Outcome {
    let mut definitions = Vec::new();
    let mut sources = Vec::new();
    let mut head = vec![format!("Written by `relata models` from {}.", names(files))];
    for file in files {
        let cannot_read = |error| trouble(file, &format!("cannot read it: {error}"));
        let (mut opened, _) = open_file(file)?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut opened).take(sqlite::HEADER.len() as u64).read_to_end(&mut bytes).map_err(cannot_read)?;
        if bytes == sqlite::HEADER {
            let (tables, notes) = sqlite::definitions(file).map_err(|error| trouble(file, &error.to_string()))?;
            definitions.extend(tables);
            head.extend(notes);
        } else {
            opened.read_to_end(&mut bytes).map_err(cannot_read)?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| trouble(file, "this is neither an SQLite file nor a model definition in JSON"))?;
            sources.extend(loopback::read(text).map_err(|why| trouble(file, &why))?);
        }
    }
    definitions.extend(loopback::definitions(&sources));
    let mut seen: Vec<&str> = Vec::new();
    for definition in &definitions {
        if seen.contains(&definition.name.as_str()) {
            return Err(Failure::Trouble(format!("two models are called `{}`", definition.name)));
        }
        seen.push(&definition.name);
    }
    if definitions.is_empty() {
        return Err(Failure::Trouble(format!("{}: no table and no model is in there", names(files))));
    }
    let text = resolve::resolve(definitions, head).text();
    match out {
        Some(out) => fs::write(out, text).map_err(|error| trouble(out, &format!("cannot write it: {error}"))),
        None => Ok(output.write_all(text.as_bytes())?),
    }
}

/// The names of files without their folders, so that the same definitions give the same source anywhere.
fn names(files: &[PathBuf]) -> String {
    let name = |file: &PathBuf| file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    files.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn trouble(file: &Path, why: &str) -> Failure {
    Failure::Trouble(format!("{}: {why}", file.display()))
}
