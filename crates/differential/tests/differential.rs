//! The differential run, with a line of its own on what was compared.
//!
//! `RELATA_DIFFERENTIAL_OPERATIONS` is the number of operations, `RELATA_DIFFERENTIAL_SEED` the seed.

use std::process::ExitCode;

/// How many operations an ordinary test run takes.
const OPERATIONS: usize = 200_000;
const SEED: u64 = 2026;

#[expect(clippy::print_stdout, reason = "the count is what this program is run for")]
fn main() -> ExitCode {
    let operations = number("RELATA_DIFFERENTIAL_OPERATIONS").map_or(OPERATIONS, |n| n as usize);
    let seed = number("RELATA_DIFFERENTIAL_SEED").unwrap_or(SEED);
    println!("seed {seed}");
    let divergences = relata_differential::run(operations, seed);
    if let Some(first) = divergences.iter().min_by_key(|divergence| divergence.trace.len()) {
        println!("the shortest divergence, {first}");
    }
    println!("{operations} operations, {} divergences", divergences.len());
    if divergences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")))
}
