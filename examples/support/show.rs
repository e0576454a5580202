//! What the examples print with.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example is there to print")]
#![allow(dead_code, reason = "each example uses what it needs")]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a step of an example gives.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Ends an example. An error is shown in its own words: a `main` that returned it would show its `Debug` form.
pub(crate) fn end(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where the file is to be left, by `--keep FILE`; nowhere without it.
pub(crate) fn kept_file(arguments: impl Iterator<Item = String>) -> Outcome<Option<PathBuf>> {
    let arguments: Vec<String> = arguments.collect();
    match arguments.as_slice() {
        [] => Ok(None),
        [name, file] if name == "--keep" => Ok(Some(file.into())),
        _ => Err("the only option is `--keep FILE`".into()),
    }
}

/// Starts a part of the output.
pub(crate) fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}

/// A number with its thousands apart: `6,001,215`.
pub(crate) fn thousands(number: &impl ToString) -> String {
    let text = number.to_string();
    let digits = text.trim_start_matches('-');
    let mut grouped = text[..text.len() - digits.len()].to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
