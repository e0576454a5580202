//! The zoo: field types of other crates, each saved, loaded and compared.
//!
//! Prints a table and writes nothing. A word as its argument runs the cases whose names have it.

mod case;
mod harness;

mod attributes;
mod common;
mod keys_of_maps;
mod own;
mod standard;

#[cfg(feature = "all")]
mod all;

use std::process::ExitCode;

use harness::{Line, Named};

/// The files of cases.
const GROUPS: &[(&str, &[Named])] = &[
    ("the standard library", standard::ALL),
    #[cfg(unix)]
    ("text that is not UTF-8", standard::unix::ALL),
    ("the commonest crates", common::ALL),
    ("attributes of serde", attributes::ALL),
    ("keys of maps", keys_of_maps::ALL),
    ("models of their own", own::ALL),
    #[cfg(feature = "all")]
    ("dates and times", all::times::ALL),
    #[cfg(feature = "all")]
    ("numbers", all::numbers::ALL),
    #[cfg(feature = "all")]
    ("text and bytes", all::texts::ALL),
    #[cfg(feature = "all")]
    ("collections", all::collections::ALL),
    #[cfg(feature = "all")]
    ("geometry and colours", all::geometry::ALL),
    #[cfg(feature = "all")]
    ("graphs and arenas", all::graphs::ALL),
    #[cfg(feature = "all")]
    ("identifiers", all::identifiers::ALL),
    #[cfg(feature = "all")]
    ("values of other formats", all::values::ALL),
    #[cfg(feature = "all")]
    ("adapters of serde", all::adapters::ALL),
];

fn main() -> ExitCode {
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let (mut cases, mut faults) = (0, Vec::new());
    println!("{:<28} {:>7} {:>7} {:>5} {:>4} {:>6}  type", "case", "carried", "refused", "lost", "key", "bytes");
    for (group, all) in GROUPS {
        println!("\n{group}");
        for (name, case) in all.iter().filter(|(name, _)| name.contains(&word)) {
            let line = std::panic::catch_unwind(case).unwrap_or_else(|_| Line { name, ..Line::panicked() });
            let (key, bytes) = (if line.is_key { "key" } else { "" }, line.bytes);
            let bytes = bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
            let [carried, refused, lost] = [line.carried, line.refused, line.lost].map(|count| match count {
                0 => String::new(),
                count => count.to_string(),
            });
            let mark = if line.faults.is_empty() { "" } else { "  FAULT" };
            println!(
                "{:<28} {carried:>7} {refused:>7} {lost:>5} {key:>4} {bytes:>6}  {}{mark}",
                line.name, line.type_name
            );
            cases += 1;
            faults.extend(line.faults.into_iter().map(|fault| format!("{}: {fault}", line.name)));
        }
    }
    println!("\n{cases} cases, {} faults", faults.len());
    for fault in &faults {
        println!("  {fault}");
    }
    if faults.is_empty() && cases > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
