//! DuckDB and Polars: an environment of their own in the target folder, and the call of `python/peers.py`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workload::{Effort, Report};

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/requirements.txt");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/peers.py");

/// The engines, as they are called here and there.
pub(crate) const ENGINES: [(&str, &str); 2] = [("DuckDB", "duckdb"), ("Polars", "polars")];

/// An environment with the required packages, made where it is not there yet. Gives its interpreter.
pub(crate) fn environment(python: &str, work: &Path) -> Result<PathBuf, String> {
    let folder = work.join("python");
    let interpreter = folder.join("bin").join("python");
    let installed = folder.join("requirements.txt");
    let required = fs::read_to_string(REQUIREMENTS).map_err(|error| error.to_string())?;
    if fs::read_to_string(&installed).is_ok_and(|text| text == required) {
        return Ok(interpreter);
    }
    eprintln!("making an environment for DuckDB and Polars");
    succeed(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
    succeed(Command::new(&interpreter).args(["-m", "pip", "install", "--quiet", "-r", REQUIREMENTS]))?;
    fs::write(installed, required).map_err(|error| error.to_string())?;
    Ok(interpreter)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(format!("{} has failed", command.get_program().display())) }
}

/// Measures an engine over the columns in a folder.
pub(crate) fn measure(
    interpreter: &Path,
    engine: &str,
    threads: usize,
    columns: &Path,
    effort: Effort,
    is_brief: bool,
) -> Result<Report, String> {
    let (threads, budget) = (threads.to_string(), effort.budget.as_secs_f64().to_string());
    let (runs_max, extent) = (effort.runs_max.to_string(), if is_brief { "brief" } else { "full" });
    let mut command = Command::new(interpreter);
    command.arg(SCRIPT).arg(columns).args([engine, &threads, &budget, &runs_max, extent]).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{engine} has failed"));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{engine} has printed something else: {error}"))
}
