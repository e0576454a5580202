//! Six questions of TPC-H, two over columns and four joins of many tables, beside the same as loops over arrays. The rows are whole ones here, with
//! their texts, and lie in key order.

use std::time::Duration;

use relata::{Database, Error};

use super::workload::Workload;

#[path = "../../examples/support/loops.rs"]
pub(crate) mod loops;
#[path = "../../examples/support/queries.rs"]
pub(crate) mod queries;
#[path = "../../examples/support/tpch.rs"]
#[allow(dead_code, reason = "the examples use more of it")]
pub(crate) mod tpch;

/// What is asked: the same rows in both forms.
pub(crate) struct Questions {
    pub(crate) db: Database,
    pub(crate) arrays: loops::Arrays,
}

impl Questions {
    /// Makes the rows, see [`tpch::load`].
    pub(crate) fn load(scale: f64, text_bytes: i32, loaded: impl FnMut(&str, usize, Duration)) -> Self {
        let db = tpch::load(scale, text_bytes, loaded).expect("TPC-H data are whole");
        Questions { arrays: loops::Arrays::new(&db), db }
    }
}

/// Sums numbers up, each weighed by its place.
fn weighed(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.zip(1..).map(|(number, weight)| number * weight).sum()
}

/// A question: how it is answered by joins and by loops, and what of an answer is summed up.
fn question<'a, T: 'a>(
    name: &str,
    data: &'a Questions,
    join: fn(&Database) -> Result<T, Error>,
    (label, by_hand): (&'static str, fn(&loops::Arrays) -> T),
    numbers: fn(&T) -> Vec<i64>,
) -> Workload<'a> {
    let lines = data.db.len::<tpch::LineItem>();
    Workload::new(name, lines)
        .reads("relata", move || weighed(numbers(&join(&data.db).expect("the data are whole")).into_iter()))
        .reads(label, move || weighed(numbers(&by_hand(&data.arrays)).into_iter()))
}

pub(crate) fn workloads(data: &Questions) -> Vec<Workload<'_>> {
    vec![
        question("q1", data, queries::q1, ("Vecs of fields", loops::Arrays::q1), |answer| {
            answer.groups().flat_map(|(.., sums)| [sums.lines, sums.charged_cents_e4]).collect()
        }),
        question("q3", data, queries::q3, ("Vec and CSR", loops::Arrays::q3), |answer| {
            answer.iter().map(|line| line.revenue_cents_e2).collect()
        }),
        question("q5", data, queries::q5, ("Vec and CSR", loops::Arrays::q5), |answer| {
            answer.iter().map(|(_, revenue)| *revenue).collect()
        }),
        question("q6", data, queries::q6, ("Vecs of fields", loops::Arrays::q6), |answer| vec![*answer]),
        question("q10", data, queries::q10, ("Vec and CSR", loops::Arrays::q10), |answer| {
            answer.iter().map(|line| line.revenue_cents_e2).collect()
        }),
        question("q12", data, queries::q12, ("Vec and CSR", loops::Arrays::q12), |answer| {
            answer.values().flat_map(|(high, low)| [i64::from(*high), i64::from(*low)]).collect()
        }),
    ]
}
