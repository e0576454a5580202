//! The same workloads over the same rows in relata and in its peers, and docs/benchmarks.md from what they take.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --write
//! ```
//!
//! | flag | |
//! |---|---|
//! | `--write` | write the generated parts of docs/benchmarks.md and the plots; without it the tables are printed |
//! | `--quick` | few rows and few runs, to see that all works |
//! | `--scale S` | the TPC-H scale of the tables: 1 by default, 0.01 with `--quick` |
//! | `--only A,B` | measure these engines (or `ratios`, `tpch`) and take what is left from the run before |
//! | `--resume` | take up a run that was interrupted: what it has measured is kept |
//! | `--python P` | the interpreter for DuckDB and Polars, `python3` by default; `none` leaves them out |
//! | `--ratios F`, `--tpch F` | the output of `cargo bench --bench ratios`, of `cargo run --release --example tpch -- --json`, from a file instead of running them |
//!
//! Each engine runs in a process of its own, for each number of rows, and prints a [`Report`](workload::Report); the
//! reports are kept in a folder beside the program. All engines must give the same answers, or nothing is written.

mod aims;
mod document;
mod engines;
mod machine;
mod options;
mod plots;
mod python;
mod rows;
mod run;
mod tables;
mod workload;

/// What relata's own benches make of TPC-H.
#[path = "../../suite"]
mod suite {
    #[allow(dead_code, reason = "the benches use all of it")]
    pub(crate) mod data;
}

use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((first, rest)) if first == run::MEASURE => run::measure(rest),
        _ => Options::parse(arguments).and_then(|options| write(&options)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what is asked for, then writes or prints it.
fn write(options: &Options) -> Result<(), String> {
    let results = run::run(options)?;
    let parts = document::parts(options, &results);
    if options.is_writing {
        plots::write(&results)?;
        document::write(&parts)?;
    } else {
        for (name, text) in &parts {
            println!("\n## {name}\n\n{text}");
        }
    }
    Ok(())
}
