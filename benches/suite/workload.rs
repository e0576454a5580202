//! One workload: what relata does, and what the loops beside it do, each as a *side* that can be run again and again.
//!
//! A side times itself, so that making its input and dropping its output are not in the figure, and gives a sum over
//! what it has read or stored, so that no side can do less than another unseen.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// What running a side once gives.
struct Run {
    elapsed: Duration,
    sum: i64,
}

/// Several ways to do the same work. The first side is relata's.
pub(crate) struct Workload<'a> {
    /// What it is called in results: the work, then the row order where that matters.
    pub(crate) name: String,
    /// How many rows one run reads or writes: what the time is divided by.
    pub(crate) rows: usize,
    /// How many bytes one run carries, where that is what counts.
    pub(crate) bytes: Option<usize>,
    labels: Vec<&'static str>,
    sides: Vec<Box<dyn FnMut() -> Run + 'a>>,
    /// What the first run gave, and every other must.
    sum: Option<i64>,
}

impl<'a> Workload<'a> {
    pub(crate) fn new(name: impl Into<String>, rows: usize) -> Self {
        Workload { name: name.into(), rows, bytes: None, labels: Vec::new(), sides: Vec::new(), sum: None }
    }

    /// The workload as one whose speed is that of the bytes it carries.
    #[must_use]
    pub(crate) fn of_bytes(self, bytes: usize) -> Self {
        Workload { bytes: Some(bytes), ..self }
    }

    /// Adds a side that reads only.
    #[must_use]
    pub(crate) fn reads(mut self, label: &'static str, read: impl Fn() -> i64 + 'a) -> Self {
        self.labels.push(label);
        self.sides.push(Box::new(move || {
            let start = Instant::now();
            let sum = black_box(read());
            Run { elapsed: start.elapsed(), sum }
        }));
        self
    }

    /// Adds a side that turns an input into an output; of the three steps only `work` is timed.
    #[must_use]
    pub(crate) fn writes<I, O>(
        mut self,
        label: &'static str,
        prepare: impl Fn() -> I + 'a,
        work: impl Fn(I) -> O + 'a,
        sum: impl Fn(&O) -> i64 + 'a,
    ) -> Self {
        self.labels.push(label);
        self.sides.push(Box::new(move || {
            let input = black_box(prepare());
            let start = Instant::now();
            let output = black_box(work(input));
            Run { elapsed: start.elapsed(), sum: sum(&output) }
        }));
        self
    }

    /// What the sides are called, in the order in which they are run.
    pub(crate) fn labels(&self) -> &[&'static str] {
        &self.labels
    }

    /// Runs a side once and gives its time. Panics if its sum is another than those of before.
    pub(crate) fn run(&mut self, side: usize) -> Duration {
        let run = self.sides[side]();
        let expected = *self.sum.get_or_insert(run.sum);
        assert_eq!(run.sum, expected, "{}: `{}` gives another sum than before", self.name, self.labels[side]);
        run.elapsed
    }
}
