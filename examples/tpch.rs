//! Six questions of TPC-H, as queries over columns and as joins, and what relata's work costs beside the same by hand.
//!
//! ```text
//! cargo run --release --example tpch [-- --scale 0.1] [--json]
//! ```
//!
//! Read `support/queries.rs` first, then `support/tpch.rs` for the models. Every answer is compared with that of plain
//! loops over arrays (`support/loops.rs`), at scale 1 with the answers that TPC-H publishes too. The figures are those of
//! `benches`: each workload beside a loop by hand, in the same process, which must come to the same sum. On standard
//! output there are the answers and the figures, or with `--json` the figures alone, as one object.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;
#[path = "../benches/suite/mod.rs"]
#[allow(dead_code, reason = "the benches use more of it")]
mod suite;

use std::fmt::Display;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use show::{Outcome, heading, thousands};
use suite::join::{Questions, queries, tpch};
use suite::measure::{Measured, measure};
use suite::{FANS, Workload, join, memory};
use tpchgen::q_and_a::QueryAndAnswer;

/// What is measured, by the name of its figure and that of its workload.
const FIGURES: [(&str, &str); 36] = [
    ("one_hop_seq", "one_hop_seq"),
    ("one_hop_shuf", "one_hop_shuf"),
    ("belongs_to_random_seq", "belongs_to_random_seq"),
    ("belongs_to_random_shuf", "belongs_to_random_shuf"),
    ("three_hops_seq", "three_hops_fold_seq"),
    ("three_hops_shuf", "three_hops_fold_shuf"),
    ("three_hops_seq_2_threads", "three_hops_2_threads_seq"),
    ("three_hops_shuf_2_threads", "three_hops_2_threads_shuf"),
    ("children_seq", "children_seq"),
    ("children_shuf", "children_shuf"),
    ("delete_hot_target", "delete_children_1000000"),
    ("delete_hot_target_10k", "delete_children_10000"),
    ("insert_seq", "insert_seq"),
    ("insert_shuf", "insert_shuf"),
    ("insert_many_seq", "insert_many_seq"),
    ("insert_many_shuf", "insert_many_shuf"),
    ("insert_many_natural_seq", "insert_many_natural_keys_seq"),
    ("insert_many_natural_shuf", "insert_many_natural_keys_shuf"),
    ("q1", "q1"),
    ("q3", "q3"),
    ("q5", "q5"),
    ("q6", "q6"),
    ("q10", "q10"),
    ("q12", "q12"),
    ("get_hot", "get_table_seq"),
    ("get_hot_database", "get_database_seq"),
    ("insert_no_relation", "insert_no_relation_seq"),
    ("column_sum", "column_sum_seq"),
    ("three_hops_column_seq", "three_hops_column_seq"),
    ("three_hops_column_shuf", "three_hops_column_shuf"),
    ("children_column_seq", "children_column_seq"),
    ("children_column_shuf", "children_column_shuf"),
    ("delete_set", "delete_set"),
    ("top_10", "top_10"),
    ("range_1_percent", "range_1_percent"),
    ("star_count", "star_count"),
];
/// What memory is measured, by the name of its figure and that of its subject.
const MEMORY: [(&str, &str); 2] =
    [("memory_1_relation", "relata, 1 relation"), ("memory_3_relations", "relata, 3 relations")];
/// How many turns of a workload count, and how long it may go on.
const TURNS: usize = 5;
const TIME: Duration = Duration::from_secs(5);

struct Options {
    scale: f64,
    json: bool,
}

fn main() -> ExitCode {
    // Memory is measured by this program in processes of its own.
    if memory::is_measuring() {
        return ExitCode::SUCCESS;
    }
    show::end(options().and_then(|options| run(&options)))
}

fn options() -> Outcome<Options> {
    let mut options = Options { scale: 0.01, json: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => options.json = true,
            "--scale" => options.scale = arguments.next().ok_or("`--scale` takes a factor, such as 0.1")?.parse()?,
            other => return Err(format!("`{other}`? The options are `--scale <factor>` and `--json`").into()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures { list: Vec::new(), started: Instant::now() };
    let is_published = (options.scale - 1.0).abs() < f64::EPSILON;
    let text_bytes = if is_published { tpch::TEXT_BYTES_OF_TPCH } else { tpch::TEXT_BYTES };
    let questions = Questions::load(options.scale, text_bytes, |table, rows, took| {
        eprintln!("{}: {} rows, each key checked, in {took:.1?}", table, thousands(&rows));
    });
    answer(&questions, is_published, options.json)?;
    for workload in join::workloads(&questions) {
        figures.add(workload);
    }
    drop(questions);
    suite::for_each_of_lines(options.scale, &FANS, |workload| figures.add(workload));
    figures.add_memory(options.scale);
    figures.show(options.json)
}

/// Answers the questions, and compares the answers with those of the loops and with those that are published.
fn answer(questions: &Questions, is_published: bool, is_quiet: bool) -> Outcome {
    let Questions { db, arrays } = questions;
    let answers = [
        (1, pricing(&queries::q1(db)?), pricing(&arrays.q1())),
        (3, table(&queries::q3(db)?), table(&arrays.q3())),
        (5, table(&queries::q5(db)?), table(&arrays.q5())),
        (6, vec![vec![money(queries::q6(db)?)]], vec![vec![money(arrays.q6())]]),
        (10, table(&queries::q10(db)?), table(&arrays.q10())),
        (12, table(&late_lines(&queries::q12(db)?)), table(&late_lines(&arrays.q12()))),
    ];
    for (number, joined, by_hand) in answers {
        if joined != by_hand {
            return Err(format!("Q{number}: relata gives {joined:?}, the loops {by_hand:?}").into());
        }
        let mut checked = "the same by relata and by loops";
        if is_published {
            let published = published(number)?;
            if joined != published {
                return Err(format!("Q{number}: {joined:?}, published is {published:?}").into());
            }
            checked = "the same by relata, by loops, and as published";
        }
        if !is_quiet {
            heading(&format!("Q{number}: {checked}"));
            for line in joined {
                println!("{}", line.join(" | "));
            }
        }
    }
    Ok(())
}

/// The lines of an answer as TPC-H prints them.
trait Line {
    fn columns(&self) -> Vec<String>;
}
impl Line for queries::ShippingPriority {
    fn columns(&self) -> Vec<String> {
        columns(&[&self.order, &money(self.revenue_cents_e2), &self.date, &self.ship_priority])
    }
}
impl Line for queries::LocalSupplierVolume {
    fn columns(&self) -> Vec<String> {
        columns(&[&self.0, &money(self.1)])
    }
}
impl Line for queries::Returned {
    fn columns(&self) -> Vec<String> {
        let tpch::Customer { number, name, address, phone, balance_cents, comment, .. } = &self.customer;
        let (revenue, balance) = (money(self.revenue_cents_e2), money(balance_cents * 100));
        columns(&[number, name, &revenue, &balance, &self.nation, address, phone, comment])
    }
}
impl Line for (tpch::ShipMode, (u32, u32)) {
    fn columns(&self) -> Vec<String> {
        let (mode, (high, low)) = self;
        columns(&[&mode.name(), high, low])
    }
}

fn table<T: Line>(lines: &[T]) -> Vec<Vec<String>> {
    lines.iter().map(Line::columns).collect()
}

/// Texts are padded where they are published, and may begin with a blank.
fn columns(values: &[&dyn Display]) -> Vec<String> {
    values.iter().map(|value| value.to_string().trim().to_owned()).collect()
}

fn late_lines(late: &queries::LateLines) -> Vec<(tpch::ShipMode, (u32, u32))> {
    late.iter().map(|(mode, counts)| (*mode, *counts)).collect()
}

/// The groups of Q1, with their means.
fn pricing(summaries: &queries::PricingSummaries) -> Vec<Vec<String>> {
    let line = |(flag, status, sums): (tpch::ReturnFlag, tpch::LineStatus, &queries::PricingSummary)| {
        let numbers = [
            rounded(sums.quantity * 100, 1),
            rounded(sums.price_cents, 1),
            rounded(sums.discounted_cents_e2, 100),
            rounded(sums.charged_cents_e4, 10_000),
            rounded(sums.quantity * 100, sums.lines),
            rounded(sums.price_cents, sums.lines),
            rounded(sums.discount_percent, sums.lines),
            sums.lines.to_string(),
        ];
        [flag.name().to_owned(), status.name().to_owned()].into_iter().chain(numbers).collect()
    };
    summaries.groups().map(line).collect()
}

/// Hundredths of a cent, rounded, as `406181.01`.
fn money(cents_e2: i64) -> String {
    rounded(cents_e2, 100)
}

/// A quotient as a number of hundredths, rounded, as `406181.01`.
fn rounded(numerator: i64, denominator: i64) -> String {
    let cents = (numerator + denominator / 2).div_euclid(denominator);
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

/// The answer that TPC-H publishes for scale 1.
fn published(number: i32) -> Outcome<Vec<Vec<String>>> {
    let published = QueryAndAnswer::new(number, 1.0)?;
    let lines = published.answer().lines().filter(|line| !line.trim().is_empty()).skip(1);
    Ok(lines.map(|line| line.split('|').map(|column| column.trim().to_owned()).collect()).collect())
}

/// One figure: relata's, and that of the loop by hand or of what is named.
struct Figure {
    name: &'static str,
    /// What is measured: `ns_per_row`, `ms` or `bytes` (for each row).
    unit: &'static str,
    relata: f64,
    baseline: &'static str,
    baseline_value: f64,
    ratio: f64,
}

impl Figure {
    /// Of a workload: in milliseconds where it is a question, else in nanoseconds for each row.
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer rows than 2^52")]
    fn new(name: &'static str, measured: &Measured) -> Self {
        // What follows relata is what it is first of all compared with.
        let baseline = &measured.baselines[0];
        let is_question = name.starts_with('q');
        let (unit, scale) = if is_question { ("ms", measured.rows as f64 / 1e6) } else { ("ns_per_row", 1.0) };
        Figure {
            name,
            unit,
            relata: measured.relata_ns_per_row * scale,
            baseline: baseline.label,
            baseline_value: baseline.ns_per_row * scale,
            ratio: baseline.ratios[1],
        }
    }

    fn json(&self) -> Value {
        let round = |value: f64| (value * 100.0).round() / 100.0;
        json!({
            "name": self.name,
            self.unit: round(self.relata),
            "baseline": self.baseline,
            (format!("baseline_{}", self.unit)): round(self.baseline_value),
            "ratio": round(self.ratio),
        })
    }
}

impl Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Figure { name, unit, relata, baseline, baseline_value, ratio } = self;
        let unit = unit.replace('_', " ");
        write!(f, "{name:<26}{relata:>9.2} {unit:<11}{baseline:>19} {baseline_value:>8.2}, ratio {ratio:.2}")
    }
}

/// The figures as they come.
struct Figures {
    list: Vec<Figure>,
    started: Instant,
}

impl Figures {
    /// Measures a workload, if it is asked for.
    fn add(&mut self, workload: Workload<'_>) {
        let Some((name, _)) = FIGURES.into_iter().find(|(_, known)| *known == workload.name) else { return };
        eprintln!("{:.0?}: {name}", self.started.elapsed());
        self.list.push(Figure::new(name, &measure(workload, TURNS, TIME)));
    }

    /// Measures memory, where the system tells how much there is.
    fn add_memory(&mut self, scale: f64) {
        eprintln!("{:.0?}: memory, a process for each subject", self.started.elapsed());
        let Some(held) = memory::bytes_per_row(scale) else { return };
        let (baseline, baseline_value) = held[0];
        for (subject, relata) in held {
            if let Some((name, _)) = MEMORY.into_iter().find(|(_, known)| *known == subject) {
                let ratio = relata / baseline_value;
                self.list.push(Figure { name, unit: "bytes", relata, baseline, baseline_value, ratio });
            }
        }
    }

    /// Prints the figures in the order of [`FIGURES`]. That one is not there is an error.
    fn show(mut self, json: bool) -> Outcome {
        if let Some((name, workload)) = FIGURES.iter().find(|(name, _)| !self.list.iter().any(|own| own.name == *name))
        {
            return Err(format!("no workload `{workload}` has given the figure `{name}`").into());
        }
        self.list.sort_by_key(|own| FIGURES.iter().chain(&MEMORY).position(|(name, _)| *name == own.name));
        if json {
            println!("{}", json!({ "figures": self.list.iter().map(Figure::json).collect::<Vec<_>>() }));
            return Ok(());
        }
        heading("Figures: relata, what it is compared with, and the ratio (medians of several turns)");
        for figure in &self.list {
            println!("{figure}");
        }
        Ok(())
    }
}
