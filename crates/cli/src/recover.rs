//! `relata recover`.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::output::{Failure, Outcome, Output, counted, of, open_file, thousands};

pub(crate) fn recover(file: &Path, out: &Path, output: &mut Output) -> Outcome {
    open_file(file)?;
    let damaged =
        fs::read(file).map_err(|error| Failure::Trouble(format!("cannot read {}: {error}", file.display())))?;
    let cannot = |error| Failure::Trouble(format!("cannot write {}: {error}", out.display()));
    // Never over a file that is there: it may be the last one that is whole.
    let new = OpenOptions::new().write(true).create_new(true).open(out).map_err(cannot)?;
    let mut sink = BufWriter::new(&new);
    let recovered = relata::snapshot::recover(&damaged, &mut sink)
        .map_err(of(file))
        .and_then(|recovery| sink.flush().and_then(|()| new.sync_all()).map_err(cannot).map(|()| recovery));
    let recovery = match recovered {
        Ok(recovery) => recovery,
        Err(failure) => {
            // A beginning of a file is of no use to anyone.
            let _ = fs::remove_file(out);
            return Err(failure);
        }
    };
    let width = recovery.tables.iter().map(|table| table.name.chars().count()).max().unwrap_or(0).max(5);
    writeln!(output, "{:width$} {:>12} {:>12}", "table", "kept", "lost")?;
    for table in &recovery.tables {
        let lost = table.lost.map_or("unknown".to_owned(), thousands);
        writeln!(output, "{:width$} {:>12} {lost:>12}", table.name, thousands(table.kept))?;
    }
    for table in recovery.tables.iter().filter(|table| table.assumed > 0) {
        let rows = counted(table.assumed, "row");
        writeln!(output, "{}: the names of the fields of {rows} are lost, the schema's are taken", table.name)?;
    }
    if recovery.damaged.is_empty() {
        writeln!(output, "\nthe file is whole; {} has all of it", out.display())?;
        return Ok(());
    }
    writeln!(output)?;
    for range in &recovery.damaged {
        writeln!(output, "lost: {} from byte {}", counted(range.end - range.start, "byte"), thousands(range.start))?;
    }
    Err(Failure::Found)
}
