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

use suite::Workload;

/// How many turns count.
const TURNS: usize = 17;
/// The same with `--quick`.
const TURNS_QUICK: usize = 5;

/// Runs a workload in turns and gives its lines of the table, one for each loop beside relata. Where bytes are what counts,
/// adds a line of their speed to `speeds`.
#[expect(clippy::cast_precision_loss, reason = "there are far fewer rows and bytes than 2^52")]
fn measure(mut workload: Workload<'_>, turns: usize, speeds: &mut Vec<String>) -> String {
    let sides = workload.labels().len();
    let mut turn = || -> Vec<Duration> { (0..sides).map(|side| workload.run(side)).collect() };
    turn();
    let turns: Vec<Vec<Duration>> = (0..turns).map(|_| turn()).collect();
    let rows = workload.rows as f64;
    let nanoseconds_per_row = |side: usize| {
        let times = turns.iter().map(|turn| turn[side].as_secs_f64() * 1e9 / rows);
        quartiles(times.collect())[1]
    };
    let (name, relata) = (&workload.name, nanoseconds_per_row(0));
    if let Some(bytes) = workload.bytes {
        let megabytes_per_second = |side| bytes as f64 / rows / nanoseconds_per_row(side) * 1e3;
        let sides = workload.labels().iter().enumerate();
        let sides = sides.map(|(side, label)| format!("{label} {:.0}", megabytes_per_second(side)));
        speeds.push(format!("{name}: {} MB/s", sides.collect::<Vec<_>>().join(", ")));
    }
    let lines = workload.labels().iter().enumerate().skip(1).map(|(side, label)| {
        let baseline = nanoseconds_per_row(side);
        let ratios = turns.iter().map(|turn| turn[0].as_secs_f64() / turn[side].as_secs_f64());
        let [low, ratio, high] = quartiles(ratios.collect());
        format!("| {name} | {relata:.2} | {label} | {baseline:.2} | {ratio:.2} | {low:.2} to {high:.2} |\n")
    });
    lines.collect()
}

/// The values a quarter, half and three quarters up.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[(values.len() - 1) * quarter / 4])
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
            print!("{}", measure(workload, turns, &mut speeds));
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
