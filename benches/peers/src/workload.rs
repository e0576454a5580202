//! What is measured, what an engine must be able to do for it, and how a figure is taken.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::suite::data::Flat;

/// One kind of work. `DESCRIPTIONS` in `tables.rs` says in words what each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Workload {
    Load,
    BelongsToRandom,
    BelongsToRandomAtOnce,
    OneHop,
    ThreeHops,
    Children,
    DeleteHot,
    ScanSum,
    ScanFilter,
    SnapshotSave,
    SnapshotLoad,
}

impl Workload {
    pub(crate) const ALL: [Workload; 11] = [
        Workload::Load,
        Workload::BelongsToRandom,
        Workload::BelongsToRandomAtOnce,
        Workload::OneHop,
        Workload::ThreeHops,
        Workload::Children,
        Workload::DeleteHot,
        Workload::ScanSum,
        Workload::ScanFilter,
        Workload::SnapshotSave,
        Workload::SnapshotLoad,
    ];

    /// The name in tables and plots.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Workload::Load => "load",
            Workload::BelongsToRandom => "belongs_to_random",
            Workload::BelongsToRandomAtOnce => "belongs_to_random_at_once",
            Workload::OneHop => "one_hop",
            Workload::ThreeHops => "three_hops",
            Workload::Children => "children",
            Workload::DeleteHot => "delete_hot",
            Workload::ScanSum => "scan_sum",
            Workload::ScanFilter => "scan_filter",
            Workload::SnapshotSave => "snapshot_save",
            Workload::SnapshotLoad => "snapshot_load",
        }
    }
}

/// What each engine does, as a good user of it would do it. All give sums over what they have read, which must be the
/// same in all.
pub(crate) trait Engine: Sized {
    /// What names a line item in this engine: what a caller would have at hand.
    type Key: Copy;

    /// Stores all rows of the four tables with their foreign keys checked and everything in place that the other
    /// workloads want: indexes, statistics.
    fn load(flat: &Flat) -> Self;

    /// The keys of the lines in some places of `flat`.
    fn keys(&self, places: &[u32]) -> Vec<Self::Key>;

    /// The total of the order of each of these lines, looked up line by line.
    fn order_totals_by_key(&self, keys: &[Self::Key]) -> i64;

    /// The same where the engine has a way to look all of them up at once.
    fn order_totals_at_once(&self, _keys: &[Self::Key]) -> Option<i64> {
        None
    }

    /// The total of the order of every line, summed.
    fn order_totals(&self) -> i64;

    /// The prices of all lines, summed by the nation of the customer of their order; the place is the nation's number.
    fn revenue_by_nation(&self, nations: usize) -> Vec<i64>;

    /// The prices of the lines of each order, order by order, times the order's [`weight`].
    fn prices_of_orders(&self) -> i64;

    /// Deletes these lines one by one. `None` where the engine cannot.
    fn delete_each(&mut self, keys: &[Self::Key]) -> Option<()>;

    /// The price of every line, summed: one narrow column.
    fn prices(&self) -> i64;

    /// The discounts that [`is_discounted`] is about: a scan without an index, of which few rows are left (TPC-H's Q6).
    fn discounts(&self) -> i64;

    /// Saves everything as a file, which is on the disk when it returns. `None` where the engine has no files, or has
    /// its data in one all the time.
    fn save(&self, _file: &Path) -> Option<()> {
        None
    }

    /// Loads such a file into memory.
    fn load_file(_file: &Path) -> Option<Self> {
        None
    }
}

/// What the price of a line counts in `children`, so that the sum shows lines that went to another order.
pub(crate) fn weight(order: u32) -> i64 {
    i64::from(order % 97) + 1
}

/// The days of 1994, counted from 1992-01-01.
pub(crate) const DAYS_OF_1994: std::ops::Range<i32> = 731..1096;

/// Whether a line was shipped in 1994, at a discount of 5 to 7 percent, in a quantity below 24.
pub(crate) fn is_discounted(ship_day: i32, discount_percent: i64, quantity: i64) -> bool {
    DAYS_OF_1994.contains(&ship_day) && (5..=7).contains(&discount_percent) && quantity < 24
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// A workload is run until it has taken this long, and at least [`Effort::RUNS_MIN`] times,
    pub(crate) budget: Duration,
    /// and at most this often.
    pub(crate) runs_max: usize,
}

impl Effort {
    const RUNS_MIN: usize = 3;
    /// A run that takes so long is not repeated.
    const LONG: Duration = Duration::from_secs(8);
    /// A run that is shorter is repeated within one measurement, since the clock does not count single nanoseconds.
    const SHORT: Duration = Duration::from_millis(1);

    pub(crate) fn new(is_quick: bool) -> Self {
        let milliseconds = if is_quick { 100 } else { 1_500 };
        Effort { budget: Duration::from_millis(milliseconds), runs_max: if is_quick { 5 } else { 15 } }
    }

    fn is_spent(self, times: &[Duration]) -> bool {
        let (runs, spent): (usize, Duration) = (times.len(), times.iter().sum());
        runs >= self.runs_max
            || times.first().is_some_and(|first| *first >= Self::LONG)
            || (runs >= Self::RUNS_MIN && spent >= self.budget)
    }

    /// The times of runs until the effort is spent. The first warms up, and counts only where it has taken so long that
    /// this does not matter.
    fn times(self, first: Duration, mut again: impl FnMut() -> Duration) -> Vec<Duration> {
        let mut times = Vec::from_iter((first >= self.budget).then_some(first));
        while !self.is_spent(&times) {
            times.push(again());
        }
        times
    }
}

/// One measured workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) workload: Workload,
    /// How many rows one run handles.
    pub(crate) rows: usize,
    /// The median of the runs, divided by the rows.
    pub(crate) ns_per_row: f64,
    /// How many runs the median is taken of.
    pub(crate) runs: usize,
    /// The sum that all engines must agree on.
    pub(crate) answer: i64,
}

impl Figure {
    fn new(workload: Workload, rows: usize, mut times: Vec<Duration>, answer: i64) -> Self {
        times.sort();
        let ns_per_row = times[times.len() / 2].as_secs_f64() * 1e9 / rows as f64;
        Figure { workload, rows, ns_per_row, runs: times.len(), answer }
    }
}

/// What an engine did at one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) engine: String,
    pub(crate) version: String,
    /// How many line items there are.
    pub(crate) lines: usize,
    /// By how much the resident set has grown when everything is loaded, where the system tells.
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) figures: Vec<Figure>,
}

/// Which rows the workloads are about, beside all of them.
#[derive(Clone, Debug)]
pub(crate) struct Task<'a> {
    pub(crate) flat: &'a Flat,
    /// The places of lines drawn at random.
    pub(crate) draws: &'a [u32],
    /// One order with many lines, one with few.
    pub(crate) hot: &'a Flat,
    /// The places of the lines of the former, in random order.
    pub(crate) hot_lines: &'a [u32],
    /// Whether to measure loading and three hops only.
    pub(crate) is_brief: bool,
    pub(crate) effort: Effort,
}

impl Task<'_> {
    /// Measures an engine: first loading, then all reads of what was loaded, then deletes elsewhere.
    pub(crate) fn measure<E: Engine>(&self, engine: &str, version: String) -> Report {
        let lines = self.flat.lines.len();
        let (loaded, load, resident_bytes) = self.load::<E>();
        let mut figures = vec![load];
        let mut read = |workload, rows, run: &dyn Fn() -> i64| figures.push(self.read(workload, rows, run));
        read(Workload::ThreeHops, lines, &|| weighed(&loaded.revenue_by_nation(self.flat.nations)));
        if !self.is_brief {
            let keys = loaded.keys(self.draws);
            read(Workload::BelongsToRandom, keys.len(), &|| loaded.order_totals_by_key(&keys));
            if loaded.order_totals_at_once(&keys).is_some() {
                let at_once = || loaded.order_totals_at_once(&keys).unwrap_or_default();
                read(Workload::BelongsToRandomAtOnce, keys.len(), &at_once);
            }
            read(Workload::OneHop, lines, &|| loaded.order_totals());
            read(Workload::Children, lines, &|| loaded.prices_of_orders());
            read(Workload::ScanSum, lines, &|| loaded.prices());
            read(Workload::ScanFilter, lines, &|| loaded.discounts());
            figures.extend(self.files(&loaded).into_iter().flatten());
            drop(loaded);
            figures.extend(self.delete::<E>());
        }
        Report { engine: engine.to_owned(), version, lines, resident_bytes, figures }
    }

    fn load<E: Engine>(&self) -> (E, Figure, Option<u64>) {
        let before = resident_bytes();
        let load = || {
            let start = Instant::now();
            let engine = black_box(E::load(self.flat));
            (start.elapsed(), engine)
        };
        // The first load shows the memory: later ones reuse what it has given back.
        let (first, engine) = load();
        let grown = resident_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
        let mut kept = Some(engine);
        let again = || {
            kept = None;
            let (elapsed, engine) = load();
            kept = Some(engine);
            elapsed
        };
        let times = self.effort.times(first, again);
        let engine = kept.expect("the last load is kept");
        let answer = engine.prices();
        (engine, Figure::new(Workload::Load, self.flat.lines.len(), times, answer), grown)
    }

    fn read(&self, workload: Workload, rows: usize, run: &dyn Fn() -> i64) -> Figure {
        let start = Instant::now();
        let answer = run();
        let first = start.elapsed();
        let again = || {
            let mut repeats = 0;
            let start = Instant::now();
            loop {
                assert_eq!(black_box(run()), answer, "{} gives another answer than before", workload.name());
                repeats += 1;
                let elapsed = start.elapsed();
                if elapsed >= Effort::SHORT {
                    return elapsed / repeats;
                }
            }
        };
        Figure::new(workload, rows, self.effort.times(first, again), answer)
    }

    /// Saving and loading. What is in the file is the answer of both.
    fn files<E: Engine>(&self, loaded: &E) -> Option<[Figure; 2]> {
        let file = &std::env::temp_dir().join(format!("relata-peers-{}", std::process::id()));
        let save = || {
            // Each is made anew: over an old file SQLite would keep a journal of it.
            let _ = fs::remove_file(file);
            let start = Instant::now();
            let is_done = loaded.save(file);
            is_done.map(|()| start.elapsed())
        };
        let first = save()?;
        let save_times = self.effort.times(first, || save().expect("it was saved before"));
        let mut answer = 0;
        let mut load = || {
            let start = Instant::now();
            let engine = black_box(E::load_file(file));
            let elapsed = start.elapsed();
            answer = engine.expect("what was saved can be loaded").prices();
            elapsed
        };
        let first = load();
        let load_times = self.effort.times(first, load);
        let _ = fs::remove_file(file);
        let figure = |workload, times| Figure::new(workload, self.flat.lines.len(), times, answer);
        Some([figure(Workload::SnapshotSave, save_times), figure(Workload::SnapshotLoad, load_times)])
    }

    /// What is left after the deletes is the answer.
    fn delete<E: Engine>(&self) -> Option<Figure> {
        let mut answer = None;
        let mut run = || {
            let mut engine = E::load(self.hot);
            let keys = engine.keys(self.hot_lines);
            let start = Instant::now();
            let is_done = engine.delete_each(&keys);
            let elapsed = start.elapsed();
            answer = is_done.map(|()| engine.prices());
            elapsed
        };
        let first = run();
        let times = self.effort.times(first, run);
        answer.map(|answer| Figure::new(Workload::DeleteHot, self.hot_lines.len(), times, answer))
    }
}

/// Weighs each nation's revenue, so that the sum shows a line that went to another nation.
fn weighed(revenue: &[i64]) -> i64 {
    revenue.iter().zip(1..).map(|(cents, weight)| cents * weight).sum()
}

/// The resident set of this process, where the system tells it.
fn resident_bytes() -> Option<u64> {
    const PAGE_BYTES: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    text.split_whitespace().nth(1)?.parse::<u64>().ok().map(|pages| pages * PAGE_BYTES)
}
