//! What the examples print with.
#![allow(clippy::print_stdout, reason = "an example is there to print")]

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
