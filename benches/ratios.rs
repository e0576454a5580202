//! The workloads as one table of ratios: relata's time over that of each loop beside it.
//!
//! The sides of a workload run in turns, in a fixed order, so that whatever else the machine does falls on all of them;
//! each ratio is taken within a turn, and the table gives the median of the turns with the quartiles around it. Before
//! the turns that count, one warms the caches up. All sides must give the same sum in every turn.
//!
//! `cargo bench --bench ratios`, `-- --quick` for five turns, `-- three_hops insert` for the workloads whose names
//! contain one of the words.

mod suite;

use std::time::Duration;

use suite::measure::{Baseline, Measured, measure};

/// How many turns count.
const TURNS: usize = 17;
/// The same with `--quick`.
const TURNS_QUICK: usize = 5;

/// The lines of the table for a workload, one for each loop beside relata.
fn lines(measured: &Measured) -> String {
    let (name, relata) = (&measured.name, measured.relata_ns_per_row);
    let line = |side: &Baseline| {
        let [low, ratio, high] = side.ratios;
        let (label, baseline) = (side.label, side.ns_per_row);
        format!("| {name} | {relata:.2} | {label} | {baseline:.2} | {ratio:.2} | {low:.2} to {high:.2} |\n")
    };
    measured.baselines.iter().map(line).collect()
}

/// The speed of each side, where bytes are what counts.
#[expect(clippy::cast_precision_loss, reason = "there are far fewer rows and bytes than 2^52")]
fn speed(measured: &Measured) -> Option<String> {
    let bytes_per_row = measured.bytes? as f64 / measured.rows as f64;
    let beside = measured.baselines.iter().map(|side| (side.label, side.ns_per_row));
    let sides = std::iter::once(("relata", measured.relata_ns_per_row)).chain(beside);
    let sides = sides.map(|(label, ns_per_row)| format!("{label} {:.0}", bytes_per_row / ns_per_row * 1e3));
    Some(format!("{}: {} MB/s", measured.name, sides.collect::<Vec<_>>().join(", ")))
}

#[expect(clippy::print_stdout, reason = "a bench reports there")]
fn main() {
    if suite::memory::is_measuring() {
        return;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let turns = if suite::is_test() { 1 } else { [TURNS, TURNS_QUICK][usize::from(is_quick)] };
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_asked = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));

    println!("TPC-H scale {}, median of {turns} turns, one thread\n", suite::scale());
    println!("| name | relata ns/row | baseline | baseline ns/row | ratio | quartiles |\n|---|---|---|---|---|---|");
    let mut speeds = Vec::new();
    suite::for_each(|workload| {
        if is_asked(&workload.name) {
            let measured = measure(workload, turns, Duration::MAX);
            print!("{}", lines(&measured));
            speeds.extend(speed(&measured));
        }
    });
    if !speeds.is_empty() {
        println!("\nbytes of rows in memory\n\n{}", speeds.join("\n"));
    }
    if is_asked("pauses") {
        println!("\n{}", suite::pauses::report());
    }
    if is_asked("memory") {
        println!("\n{}", suite::memory::report());
    }
}
