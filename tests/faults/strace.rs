//! Running this binary under `strace`, and reading what that has seen.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

/// Files that are not there: asking for them marks where the save begins and ends.
pub(crate) const BEGIN: &str = "/relata-faults-begin";
pub(crate) const END: &str = "/relata-faults-end";

/// A system call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: String,
    /// -1 for an error, and where it did not return.
    pub(crate) result: i64,
}

impl Call {
    pub(crate) fn first_argument(&self) -> &str {
        self.arguments.split(',').next().unwrap()
    }

    pub(crate) fn last_argument(&self) -> i64 {
        self.arguments.rsplit(", ").next().unwrap().parse().unwrap()
    }
}

/// What the thread that saves has called.
pub(crate) struct Trace {
    /// How often each call was made before the save.
    before: BTreeMap<String, usize>,
    calls: Vec<Call>,
    injected: bool,
    ended: bool,
}

impl Trace {
    pub(crate) fn parse(text: &str) -> Self {
        let mut trace = Trace { before: BTreeMap::new(), calls: Vec::new(), injected: false, ended: false };
        let Some(begin) = text.lines().find(|line| line.contains(BEGIN)) else { return trace };
        let thread = begin.split(' ').next().unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix(thread)?.strip_prefix(' '));
        let mut has_begun = false;
        for line in lines.map(str::trim_start) {
            // A signal, an end, the second half of a call that another thread has interrupted.
            if line.starts_with(['-', '+', '<']) {
                continue;
            }
            let Some((name, rest)) = line.split_once('(') else { continue };
            if line.contains(BEGIN) {
                has_begun = true;
            } else if line.contains(END) {
                trace.ended = true;
                break;
            } else if has_begun {
                let (arguments, result) = rest.rsplit_once(" = ").unwrap_or((rest, ""));
                let result = result.split(' ').next().unwrap().parse().unwrap_or(-1);
                let arguments = arguments.trim_end().trim_end_matches(')').to_owned();
                trace.injected |= line.ends_with("(INJECTED)");
                trace.calls.push(Call { name: name.to_owned(), arguments, result });
            } else {
                *trace.before.entry(name.to_owned()).or_default() += 1;
            }
            if line.contains(BEGIN) {
                *trace.before.entry(name.to_owned()).or_default() += 1;
            }
        }
        trace
    }

    /// The calls of the save.
    pub(crate) fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Of each call of the save, which times it is that the thread makes it, as strace counts: from 1.
    pub(crate) fn places(&self) -> Vec<(String, Range<usize>)> {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        self.calls.iter().for_each(|call| *times.entry(&call.name).or_default() += 1);
        let places = times.into_iter().map(|(name, times)| {
            let first = self.before.get(name).unwrap_or(&0) + 1;
            (name.to_owned(), first..first + times)
        });
        places.collect()
    }

    /// Whether a call of the save was made to fail.
    pub(crate) fn was_injected(&self) -> bool {
        self.injected
    }

    /// Whether the process has come to its end within the save.
    pub(crate) fn ends_within(&self) -> bool {
        !self.calls.is_empty() && !self.ended
    }
}

/// How a child has ended.
pub(crate) struct Run {
    /// `None` if it was killed.
    pub(crate) exit: Option<i32>,
    pub(crate) trace: Trace,
}

/// Whether processes can be traced here.
pub(crate) fn works() -> bool {
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    probe.is_ok_and(|status| status.success())
}

/// Runs this binary under strace, which may disturb it. The file sizes are in blocks of 512 bytes.
pub(crate) fn run(options: &[&str], environment: &[(&str, OsString)], file_size_max: Option<u32>) -> Run {
    let output = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-s", "200", "-o"]).arg(output.path()).args(options);
    if let Some(blocks) = file_size_max {
        // Ignored, so that the write fails and does not end the process.
        command.args(["sh", "-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &blocks.to_string()]);
    }
    command.arg(std::env::current_exe().unwrap());
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    let trace = Trace::parse(&String::from_utf8_lossy(&fs::read(output.path()).unwrap()));
    // strace ends as the process has: by the same signal.
    assert!(status.code().is_some() || status.signal() == Some(9), "{status}");
    Run { exit: status.code(), trace }
}
