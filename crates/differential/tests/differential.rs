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
    let outcome = relata_differential::run(operations, seed);
    for (kind, (accepted, refused)) in &outcome.counts {
        println!("{kind:12} {accepted:7} accepted {refused:7} refused");
    }
    if let Some(shortest) = outcome.divergences.iter().min_by_key(|divergence| divergence.trace.len()) {
        println!("the shortest divergence, {shortest}");
    }
    println!("{operations} operations, {} divergences", outcome.divergences.len());
    // Where nothing was accepted, or nothing refused, nothing was compared.
    let one_sided = outcome.counts.values().any(|(accepted, refused)| *accepted.min(refused) < operations / 10_000);
    if outcome.divergences.is_empty() && !one_sided { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")))
}
