//! The workloads as criterion benches: one group each, relata first, then the loops beside it.
//!
//! `cargo bench --bench main`, `-- --quick` for a short run, `-- three_hops` for those of a name. How to read it:
//! docs/benchmarks.md.

mod suite;

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};
use suite::Workload;

/// Registers a workload as a group of benches.
fn bench(criterion: &mut Criterion, mut workload: Workload<'_>) {
    let mut group = criterion.benchmark_group(&workload.name);
    let throughput = match workload.bytes {
        Some(bytes) => Throughput::Bytes(bytes as u64),
        None => Throughput::Elements(workload.rows as u64),
    };
    group.sampling_mode(SamplingMode::Flat).throughput(throughput);
    for (side, label) in workload.labels().to_vec().into_iter().enumerate() {
        group.bench_function(label, |bencher| {
            bencher.iter_custom(|runs| (0..runs).map(|_| workload.run(side)).sum::<Duration>());
        });
    }
    group.finish();
}

#[expect(clippy::print_stdout, reason = "a bench reports there")]
fn main() {
    if suite::memory::is_measuring() {
        return;
    }
    let criterion = Criterion::default().sample_size(10);
    let criterion = criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    let mut criterion = criterion.configure_from_args();
    suite::for_each(|workload| bench(&mut criterion, workload));
    criterion.final_summary();
    println!("\n{}\n{}", suite::pauses::report(), suite::memory::report());
}
