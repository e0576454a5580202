//! The differential run, with a line of its own on what was compared.
//!
//! `RELATA_DIFFERENTIAL_OPERATIONS` is the number of operations, `RELATA_DIFFERENTIAL_SEED` the seed.
//!
//! What SQL promises and relata too, over all that random operations meet:

// behaviour I1: Insert or update of a source whose key names no target is refused; nothing is stored
// behaviour I2: An absent key needs no target. With a composite key any absent part switches the check off
// behaviour I3: Deleting a target that sources refer to follows `on_delete`
// behaviour I4: Changing a natural key that sources refer to follows `on_update`. An equal value is no change
// behaviour I6: Actions are decided over the whole set of rows that the statement would remove
// behaviour I7: A cascade visits each row once, on cycles too
// behaviour I8: A refused statement leaves nothing behind, earlier work in the same transaction survives it
// behaviour I9: Many-row statements are all or nothing; within one, rows may refer to rows that come later in it
// behaviour I10: Deferred: inside a transaction, violations may stand until commit; commit then fails, names them all
// behaviour I11: Rolling back to a savepoint restores the set of violations too
// behaviour I12: Restrict is immediate even when deferred; the deferred kind is no_action
// behaviour I13: set_null clears that key's fields only, on all matching rows
// behaviour I14: `upsert` by a unique key never bypasses a check
// behaviour I15: A row may refer to itself on insert, be moved and be deleted
// behaviour I19: A rolled-back insert's id never resolves later; a rolled-back delete's id resolves again, the same id
// behaviour I20: Uniqueness: a duplicate is refused; within one batch too; on update too; null parts do not collide

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
    let one_sided = outcome.counts.values().any(|(accepted, refused)| *accepted.min(refused) == 0);
    let one_sided = operations >= OPERATIONS && one_sided;
    if outcome.divergences.is_empty() && !one_sided { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")))
}
