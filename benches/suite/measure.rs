//! Running the sides of a workload in turns, and the ratios that come of it.

use std::time::{Duration, Instant};

use super::Workload;

/// What a workload has come to.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) rows: usize,
    /// What the speed is measured by, where that is bytes.
    pub(crate) bytes: Option<usize>,
    /// The median of the turns.
    pub(crate) relata_ns_per_row: f64,
    /// The sides beside relata, in their order.
    pub(crate) baselines: Vec<Baseline>,
}

/// A side beside relata.
pub(crate) struct Baseline {
    pub(crate) label: &'static str,
    /// The median of the turns.
    pub(crate) ns_per_row: f64,
    /// relata's time over that of this side, taken within each turn: the lower quartile, the median, the upper quartile.
    pub(crate) ratios: [f64; 3],
}

/// Runs a workload for so many turns after one that warms the caches up. Where the time is up, the turns that have ended
/// by then are what counts; where the first takes all of it, that one.
#[expect(clippy::cast_precision_loss, reason = "there are far fewer rows than 2^52")]
pub(crate) fn measure(mut workload: Workload<'_>, turns_max: usize, time: Duration) -> Measured {
    let started = Instant::now();
    let sides = workload.labels().len();
    let mut turns: Vec<Vec<Duration>> = Vec::new();
    while turns.len() <= turns_max && (turns.is_empty() || started.elapsed() < time) {
        turns.push((0..sides).map(|side| workload.run(side)).collect());
    }
    if turns.len() > 1 {
        turns.remove(0);
    }
    let rows = workload.rows as f64;
    let ns_per_row = |side: usize| {
        let times = turns.iter().map(|turn| turn[side].as_secs_f64() * 1e9 / rows);
        quartiles(times.collect())[1]
    };
    let baseline = |(side, label): (usize, &&'static str)| {
        let ratios = turns.iter().map(|turn| turn[0].as_secs_f64() / turn[side].as_secs_f64());
        Baseline { label, ns_per_row: ns_per_row(side), ratios: quartiles(ratios.collect()) }
    };
    let baselines = workload.labels().iter().enumerate().skip(1).map(baseline).collect();
    Measured {
        relata_ns_per_row: ns_per_row(0),
        baselines,
        rows: workload.rows,
        bytes: workload.bytes,
        name: workload.name,
    }
}

/// The values a quarter, half and three quarters up.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[(values.len() - 1) * quarter / 4])
}
