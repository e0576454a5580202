//! The tables of the peers, in Markdown.

use crate::engines::RELATA;
use crate::run::Results;
use crate::workload::{Figure, Report, Workload};

const READS: [Workload; 5] = [
    Workload::BelongsToRandom,
    Workload::BelongsToRandomAtOnce,
    Workload::OneHop,
    Workload::ThreeHops,
    Workload::Children,
];
const OTHERS: [Workload; 4] = [Workload::Load, Workload::DeleteHot, Workload::ScanSum, Workload::ScanFilter];
const FILES: [Workload; 2] = [Workload::SnapshotSave, Workload::SnapshotLoad];

impl Results {
    /// The reports that the tables are made of, in the order of the tables.
    pub(crate) fn main(&self) -> impl Iterator<Item = &Report> {
        self.reports.iter().filter(|report| report.lines == self.lines)
    }
}

impl Report {
    pub(crate) fn figure(&self, workload: Workload) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.workload == workload)
    }
}

/// The tables, and where relata loses.
pub(crate) fn peers(results: &Results) -> String {
    let lines = grouped(results.lines);
    let mut text =
        format!("TPC-H scale {}: {lines} line items. Nanoseconds for each row; in brackets, how many\n", results.scale);
    text += "times as long as relata. Bold: faster than relata.\n\n";
    text += &table(results, &READS, false);
    text += "\n";
    text += &table(results, &OTHERS, true);
    text += "\n";
    text += &table(results, &FILES, false);
    text += "\n";
    text += &lost(results);
    text
}

/// A number in groups of three digits.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits, more where there are more before the point.
pub(crate) fn short(value: f64) -> String {
    match value {
        100.0.. => {
            #[expect(clippy::cast_sign_loss, reason = "times are positive")]
            let whole = value.round() as usize;
            grouped(whole)
        }
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// How many times as long as relata an engine takes.
fn ratio(results: &Results, figure: &Figure) -> Option<f64> {
    let relata = results.main().find(|report| report.engine == RELATA)?;
    Some(figure.ns_per_row / relata.figure(figure.workload)?.ns_per_row)
}

fn table(results: &Results, workloads: &[Workload], is_with_memory: bool) -> String {
    let mut head = "| engine |".to_owned();
    let mut rule = "|---|".to_owned();
    for workload in workloads {
        head += &format!(" {} |", workload.name());
        rule += "---:|";
    }
    if is_with_memory {
        head += " bytes a line |";
        rule += "---:|";
    }
    let mut text = format!("{head}\n{rule}\n");
    let does_any = |report: &&Report| workloads.iter().any(|workload| report.figure(*workload).is_some());
    for report in results.main().filter(does_any) {
        text += &format!("| {} |", report.engine);
        for workload in workloads {
            let cell = report.figure(*workload).map_or("–".to_owned(), |figure| cell(results, report, figure));
            text += &format!(" {cell} |");
        }
        if is_with_memory {
            let bytes = report.resident_bytes.map(|bytes| bytes / report.lines as u64);
            text += &bytes.map_or(" – |".to_owned(), |bytes| format!(" {bytes} |"));
        }
        text += "\n";
    }
    text
}

fn cell(results: &Results, report: &Report, figure: &Figure) -> String {
    let time = short(figure.ns_per_row);
    match ratio(results, figure) {
        Some(_) if report.engine == RELATA => time,
        Some(ratio) if ratio < 1.0 => format!("**{time}** ({})", short(ratio)),
        Some(ratio) => format!("{time} ({})", short(ratio)),
        None => time,
    }
}

/// Which engine is faster than relata in what.
fn lost(results: &Results) -> String {
    let mut text = String::new();
    for workload in Workload::ALL {
        let figures = results.main().filter_map(|report| Some((&report.engine, report.figure(workload)?)));
        let ratios = figures.filter_map(|(engine, figure)| Some((ratio(results, figure)?, engine)));
        let mut faster: Vec<(f64, &String)> = ratios.filter(|(ratio, _)| *ratio < 1.0).collect();
        faster.sort_by(|a, b| a.0.total_cmp(&b.0));
        if !faster.is_empty() {
            let engines: Vec<String> = faster
                .iter()
                .map(|(ratio, engine)| format!("{engine} ({} times as fast)", short(1.0 / ratio)))
                .collect();
            text += &format!("- `{}`: {}.\n", workload.name(), engines.join("; "));
        }
    }
    if text.is_empty() { text } else { format!("Faster than relata:\n\n{text}") }
}

/// The versions, one line each.
pub(crate) fn versions(results: &Results) -> String {
    let version = |report: &Report| format!("| {} | {} |\n", report.engine, report.version);
    format!("| engine | version |\n|---|---|\n{}", results.main().map(version).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0123, 1.234, 12.34, 1234.5].map(short), ["0.012", "1.23", "12.3", "1,235"]);
        assert_eq!([1, 999, 1000, 6_001_215].map(grouped), ["1", "999", "1,000", "6,001,215"]);
    }
}
