//! What is measured: each workload through relata, beside the loops that one would write by hand for it.
//!
//! The workloads are listed once, here; `main.rs` hands them to criterion, `ratios.rs` prints their ratios, and the example
//! `tpch` a choice of them. All sides of a workload run in one process, over the same rows, and must give the same sum.

mod baseline;
mod children;
mod clone;
mod data;
mod declared;
mod delete;
mod include;
mod insert;
pub(crate) mod join;
#[allow(dead_code, reason = "criterion measures by itself")]
pub(crate) mod measure;
pub(crate) mod memory;
#[cfg(feature = "json")]
mod named;
mod parallel;
pub(crate) mod pauses;
mod point;
mod snapshot;
mod workload;

pub(crate) use data::{Data, Flat, RowOrder};
pub(crate) use workload::Workload;

/// The TPC-H scale where `RELATA_BENCH_SCALE` does not say another: 600,000 line items.
const SCALE: f64 = 0.1;
/// The scale of a test run.
const SCALE_OF_TEST: f64 = 0.01;
/// How many children of one target are deleted.
pub(crate) const FANS: [usize; 2] = [10_000, 1_000_000];

/// Whether to run everything once, to see that it works: `cargo test --benches`, or `cargo bench -- --test`.
pub(crate) fn is_test() -> bool {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    !has("--bench") || has("--test")
}

/// The TPC-H scale of this run: line items are 6 million times this.
pub(crate) fn scale() -> f64 {
    match std::env::var("RELATA_BENCH_SCALE") {
        Ok(text) => text.parse().expect("RELATA_BENCH_SCALE is a number, such as 0.1"),
        Err(_) => [SCALE, SCALE_OF_TEST][usize::from(is_test())],
    }
}

/// Shows every workload to `visit`, in a fixed order. A test run leaves out the widest fan.
pub(crate) fn for_each(mut visit: impl FnMut(Workload<'_>)) {
    let questions = join::Questions::load(scale(), join::tpch::TEXT_BYTES, |_, _, _| {});
    join::workloads(&questions).into_iter().for_each(&mut visit);
    drop(questions);
    for_each_of_lines(scale(), &FANS[..if is_test() { 1 } else { FANS.len() }], visit);
}

/// Shows the workloads over line items and their orders alone. The data of one row order are dropped before the next.
pub(crate) fn for_each_of_lines(scale: f64, fans: &[usize], mut visit: impl FnMut(Workload<'_>)) {
    for order in [RowOrder::Sequential, RowOrder::Shuffled] {
        let data = Data::new(Flat::generate(scale, order), order);
        let rooms = [
            point::workloads,
            include::workloads,
            parallel::workloads,
            children::workloads,
            insert::workloads,
            snapshot::workloads,
            clone::workloads,
        ];
        rooms.into_iter().flat_map(|workloads| workloads(&data)).for_each(&mut visit);
        let columns = declared::Columns::new(&data.flat);
        declared::workloads(&data, &columns).into_iter().for_each(&mut visit);
        #[cfg(feature = "json")]
        named::workloads(&data, &columns).into_iter().for_each(&mut visit);
    }
    visit(declared::delete_set(100_000));
    #[expect(clippy::cast_sign_loss, reason = "a scale is no less than that of a test")]
    let scores = (1e6 * scale.max(SCALE_OF_TEST)) as usize;
    declared::workloads_of_scores(scores).into_iter().for_each(&mut visit);
    for fan in fans {
        visit(delete::workload(*fan));
    }
}
