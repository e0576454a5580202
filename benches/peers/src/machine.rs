//! What the figures were taken on, with nothing that names the machine.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

const LOCK: &str = include_str!("../Cargo.lock");

/// The version of a crate in this workspace's lock file: of the newest, where there are several.
pub(crate) fn locked_version(name: &str) -> String {
    let mut lines = LOCK.lines();
    let mut version = "?";
    while let Some(line) = lines.next() {
        if line == format!("name = \"{name}\"") {
            version = lines.next().and_then(|line| line.split('"').nth(1)).unwrap_or(version);
        }
    }
    version.to_owned()
}

/// The machine as a reader wants to know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory_gib: Option<u64>,
    system: String,
    rustc: String,
}

impl Machine {
    pub(crate) fn look() -> Self {
        Machine {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: memory_gib(),
            system: format!("{}, {}", said_by("uname", &["-s"]), std::env::consts::ARCH),
            // Without the commit and its day.
            rustc: said_by("rustc", &["--version"]).split(" (").next().unwrap_or_default().to_owned(),
        }
    }

    /// One line of text.
    pub(crate) fn text(&self) -> String {
        let Machine { processor, cores, system, rustc, .. } = self;
        let memory = self.memory_gib.map(|gib| format!(", {gib} GiB")).unwrap_or_default();
        format!("{processor}, {cores} cores{memory}; {system}; {rustc}")
    }
}

/// What a file of lines `name : value` has for a name.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_gib() -> Option<u64> {
    const KIB_IN_GIB: u64 = 1 << 20;
    let kib: u64 = field("/proc/meminfo", "MemTotal")?.split_whitespace().next()?.parse().ok()?;
    // A part of the memory is the kernel's: 23.4 is sold as 24.
    Some(kib.div_ceil(KIB_IN_GIB))
}

fn said_by(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    text.map_or_else(|| "unknown".to_owned(), |text| String::from_utf8_lossy(&text).trim().to_owned())
}
