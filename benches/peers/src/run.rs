//! A run: which engines at which numbers of rows, each in a process of its own; what they give is kept in files, so that
//! a run can be taken up again, and compared.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engines::{self, ARRAYS, RELATA};
use crate::machine::Machine;
use crate::options::Options;
use crate::python;
use crate::rows::{Rows, scale_of};
use crate::workload::{Effort, Report, Task, Workload};

/// The first argument of a process that measures one engine.
pub(crate) const MEASURE: &str = "measure";
/// How many lines the hot order has beside the tables, and in the runs that show cost by size.
const HOT_LINES: usize = 100_000;
const HOT_LINES_MAX: usize = 1_000_000;
/// An engine that would take longer than this to load and join once is not asked to: so much for the plots.
const PATIENCE_SECONDS: f64 = 20.0;
/// The largest number of rows in the plots.
const LINES_MAX: usize = 10_000_000;
/// The repository.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// All that a run has given.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// The scale of the tables, and which of the reports are theirs.
    pub(crate) scale: f64,
    pub(crate) lines: usize,
    /// In the order of the tables, of each engine by number of rows.
    pub(crate) reports: Vec<Report>,
    /// Engines that would have taken too long, and at how many rows.
    pub(crate) skipped: Vec<(String, usize)>,
    /// What `cargo bench --bench ratios` and the example `tpch` have printed.
    pub(crate) ratios: Option<String>,
    pub(crate) tpch: Option<String>,
}

/// Who measures an engine.
#[derive(Clone, Debug)]
enum Host {
    Here,
    Python { interpreter: PathBuf, module: &'static str, threads: usize },
}

/// One number of rows.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// About so many lines: what files are named after.
    lines: usize,
    scale: f64,
    /// Whether the tables are made of it.
    is_main: bool,
}

/// The powers of ten up to the scale of the tables, that scale, and ten million where the tables have six.
fn sizes(options: &Options) -> Vec<Size> {
    #[expect(clippy::cast_sign_loss, reason = "scales are positive")]
    let main = (options.scale / scale_of(1)) as usize;
    let size = |lines| Size { lines, scale: scale_of(lines), is_main: false };
    let mut sizes: Vec<Size> = (3..7).map(|power| size(10_usize.pow(power))).filter(|size| size.lines < main).collect();
    sizes.push(Size { lines: main, scale: options.scale, is_main: true });
    if main < LINES_MAX && options.scale >= 1.0 {
        sizes.push(size(LINES_MAX));
    }
    sizes
}

/// Beside the program, in the target folder.
fn work_folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(program.parent().ok_or("the program is in no folder")?.join("peers-work"))
}

pub(crate) fn run(options: &Options) -> Result<Results, String> {
    let work = work_folder()?;
    let speed = if options.is_quick { "quick" } else { "full" };
    let folder = work.join(format!("{speed}-{}", options.scale));
    if !options.is_resuming && options.only.is_empty() {
        discard(&folder)?;
    }
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut run =
        Run { options, folder, effort: Effort::new(options.is_quick), reports: Vec::new(), skipped: Vec::new() };
    let hosts = run.hosts(&work);
    let sizes = sizes(options);
    for size in &sizes {
        run.size(*size, &hosts)?;
    }
    check(&run.reports)?;
    let (ratios, tpch) = (run.ratios(), run.tpch());
    let order = |report: &Report| hosts.iter().position(|(name, _)| *name == report.engine);
    run.reports.sort_by_key(|report| (order(report), report.lines));
    let main = sizes.iter().find(|size| size.is_main).expect("there is a main size");
    let lines = run.reports.iter().map(|report| report.lines).min_by_key(|lines| lines.abs_diff(main.lines));
    Ok(Results {
        machine: Machine::look(),
        scale: options.scale,
        lines: lines.ok_or("nothing was measured")?,
        reports: run.reports,
        skipped: run.skipped,
        ratios,
        tpch,
    })
}

fn discard(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    }
}

struct Run<'a> {
    options: &'a Options,
    folder: PathBuf,
    effort: Effort,
    reports: Vec<Report>,
    skipped: Vec<(String, usize)>,
}

impl Run<'_> {
    /// The engines in the order of the tables.
    fn hosts(&self, work: &Path) -> Vec<(String, Host)> {
        let mut hosts: Vec<(String, Host)> =
            engines::NAMES.iter().map(|name| ((*name).to_owned(), Host::Here)).collect();
        let Some(python) = &self.options.python else { return hosts };
        let interpreter = match python::environment(python, work) {
            Ok(interpreter) => interpreter,
            Err(error) => {
                eprintln!("DuckDB and Polars are left out: {error}");
                return hosts;
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for (name, module) in python::ENGINES {
            for threads in [1, cores] {
                let name = if threads == 1 { name.to_owned() } else { format!("{name}, {threads} threads") };
                if hosts.iter().all(|(other, _)| *other != name) {
                    hosts.push((name, Host::Python { interpreter: interpreter.clone(), module, threads }));
                }
            }
        }
        hosts
    }

    fn size(&mut self, size: Size, hosts: &[(String, Host)]) -> Result<(), String> {
        let columns = self.folder.join(format!("columns-{}", size.lines));
        for (name, host) in hosts {
            let is_own = name == RELATA || name == ARRAYS;
            // On several threads only where the tables are made of it.
            if !size.is_main && matches!(host, Host::Python { threads: 2.., .. }) {
                continue;
            }
            if self.would_take_long(name, size) {
                eprintln!("{name} would take too long for {} lines", size.lines);
                self.skipped.push((name.clone(), size.lines));
                continue;
            }
            let hot_lines = if size.is_main { HOT_LINES } else { HOT_LINES_MAX };
            let is_brief = !size.is_main && !is_own;
            let file = self.folder.join(format!("{}-{}.json", name.replace([' ', ','], "_"), size.lines));
            // The answers of plain arrays are those that the others are compared with.
            let is_asked = self.options.is_asked(name) || name == ARRAYS;
            let report = self.kept(&file, is_asked, || {
                eprint!("{name}, {} lines: ", size.lines);
                let start = Instant::now();
                let report = match host {
                    Host::Here => self.measure_here(name, size.scale, hot_lines, is_brief),
                    Host::Python { interpreter, module, threads } => {
                        write_columns(&columns, size.scale, hot_lines)?;
                        python::measure(interpreter, module, *threads, &columns, self.effort, is_brief)
                    }
                };
                eprintln!("{:.1} s", start.elapsed().as_secs_f64());
                report
            })?;
            self.reports.extend(report.map(|report| Report { engine: name.clone(), ..report }));
        }
        discard(&columns)
    }

    /// Whether loading and joining once would take too long, by what they took at fewer rows. The tables are always
    /// made.
    fn would_take_long(&self, name: &str, size: Size) -> bool {
        let reports = self.reports.iter().filter(|report| report.engine == name);
        let Some(last) = reports.max_by_key(|report| report.lines) else { return false };
        let once = last.figures.iter().filter(|f| [Workload::Load, Workload::ThreeHops].contains(&f.workload));
        let seconds = once.map(|figure| figure.ns_per_row).sum::<f64>() * size.lines as f64 / 1e9;
        !size.is_main && seconds > PATIENCE_SECONDS
    }

    /// What is in a file, or else what `measure` gives, which is then kept in the file. `None` if it is not there and
    /// not asked for.
    fn kept<T: Serialize + DeserializeOwned>(
        &self,
        file: &Path,
        is_asked: bool,
        measure: impl FnOnce() -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let is_renewing = is_asked && !self.options.only.is_empty() && !self.options.is_resuming;
        if !is_renewing && let Ok(text) = fs::read_to_string(file) {
            return serde_json::from_str(&text).map(Some).map_err(|error| error.to_string());
        }
        if !is_asked {
            return Ok(None);
        }
        let value = measure()?;
        let text = serde_json::to_string_pretty(&value).map_err(|error| error.to_string())?;
        // Whole or not at all: a run may be interrupted anywhere.
        let unfinished = file.with_extension("unfinished");
        fs::write(&unfinished, text).and_then(|()| fs::rename(unfinished, file)).map_err(|error| error.to_string())?;
        Ok(Some(value))
    }

    fn measure_here(&self, name: &str, scale: f64, hot_lines: usize, is_brief: bool) -> Result<Report, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args([MEASURE, name, &scale.to_string(), &hot_lines.to_string()]);
        command.args([is_brief, self.options.is_quick].map(|flag| flag.to_string())).stderr(Stdio::inherit());
        let output = command.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("{name} has failed ({})", output.status));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{name} has printed something else: {error}"))
    }

    /// The tables of `cargo bench --bench ratios`, at the scale that it has by itself.
    fn ratios(&self) -> Option<String> {
        let command = if self.options.is_quick { "bench --bench ratios -- --quick" } else { "bench --bench ratios" };
        self.printed("ratios", self.options.ratios.as_deref(), command)
    }

    /// The figures of the example `tpch`, as JSON.
    fn tpch(&self) -> Option<String> {
        let command = format!("run --release --example tpch -- --scale {} --json", self.options.scale);
        self.printed("tpch", self.options.tpch.as_deref(), &command)
    }

    /// What is in a file, or else what a command of cargo prints. `None` where that fails: the document then keeps what
    /// it has.
    fn printed(&self, name: &str, file: Option<&Path>, arguments: &str) -> Option<String> {
        let kept = self.folder.join(format!("{name}.json"));
        let text = match file {
            Some(file) => fs::read_to_string(file).map(Some).map_err(|error| error.to_string()),
            None => self.kept(&kept, self.options.is_asked(name), || {
                eprintln!("cargo {arguments}");
                let start = Instant::now();
                let mut command = Command::new(env!("CARGO"));
                command.current_dir(ROOT).args(arguments.split_whitespace()).stderr(Stdio::inherit());
                if self.options.is_quick {
                    command.env("RELATA_BENCH_SCALE", self.options.scale.to_string());
                }
                let output = command.output().map_err(|error| error.to_string())?;
                if !output.status.success() {
                    return Err(format!("cargo {arguments} has failed"));
                }
                eprintln!("{name}: {:.1} s", start.elapsed().as_secs_f64());
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }),
        };
        text.unwrap_or_else(|error| {
            eprintln!("no {name}: {error}");
            None
        })
    }
}

/// The columns are written once for the engines that read them.
fn write_columns(folder: &Path, scale: f64, hot_lines: usize) -> Result<(), String> {
    let finished = folder.join("all.written.u1");
    if finished.exists() {
        return Ok(());
    }
    Rows::generate(scale, hot_lines).write_columns(folder).map_err(|error| error.to_string())?;
    fs::write(finished, "").map_err(|error| error.to_string())
}

/// The process that measures one engine: prints its report.
pub(crate) fn measure(arguments: &[String]) -> Result<(), String> {
    let [engine, scale, hot_lines, is_brief, is_quick] = arguments else { return Err("five arguments".to_owned()) };
    let scale = scale.parse().map_err(|_| "no scale")?;
    let rows = Rows::generate(scale, hot_lines.parse().map_err(|_| "no number of lines")?);
    let task = Task {
        flat: &rows.flat,
        draws: &rows.draws,
        hot: &rows.hot,
        hot_lines: &rows.hot_lines,
        is_brief: is_brief == "true",
        effort: Effort::new(is_quick == "true"),
    };
    let report = engines::measure(engine, &task);
    println!("{}", serde_json::to_string(&report).map_err(|error| error.to_string())?);
    Ok(())
}

/// All engines that did the same work over the same rows must give the same answer.
fn check(reports: &[Report]) -> Result<(), String> {
    let mut first: BTreeMap<(usize, Workload, usize), (&str, i64)> = BTreeMap::new();
    let mut faults = String::new();
    for report in reports {
        for figure in &report.figures {
            let work = (report.lines, same_answer(figure.workload), figure.rows);
            let (engine, answer) = *first.entry(work).or_insert((&report.engine, figure.answer));
            if answer != figure.answer {
                let (lines, name) = (report.lines, figure.workload.name());
                let (other, wrong) = (&report.engine, figure.answer);
                faults += &format!("{name} over {lines} lines: {engine} gives {answer}, {other} gives {wrong}\n");
            }
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(format!("the engines do not give the same answers (`--only` measures some anew)\n{faults}"))
    }
}

/// The workload whose answer this one has.
fn same_answer(workload: Workload) -> Workload {
    match workload {
        Workload::Load | Workload::SnapshotSave | Workload::SnapshotLoad => Workload::ScanSum,
        Workload::BelongsToRandomAtOnce => Workload::BelongsToRandom,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Figure;

    fn report(engine: &str, lines: usize, answer: i64) -> Report {
        let figure = Figure { workload: Workload::OneHop, rows: lines, ns_per_row: 1.0, runs: 3, answer };
        let figures = vec![figure];
        Report { engine: engine.to_owned(), version: String::new(), lines, resident_bytes: None, figures }
    }

    #[test]
    fn another_answer_is_found() {
        assert_eq!(check(&[report("a", 1, 7), report("b", 1, 7), report("a", 2, 8)]), Ok(()));
        let error = check(&[report("a", 1, 7), report("b", 1, 8)]).unwrap_err();
        assert!(error.contains("one_hop over 1 lines: a gives 7, b gives 8"), "{error}");
    }
}
