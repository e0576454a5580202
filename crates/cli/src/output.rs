//! What all commands share: opening a file, writing, progress, and how a command ends.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, IsTerminal, Read, StdoutLock, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use relata::SnapshotError;
use relata::snapshot::Reader;

/// How deep values may be nested, for which `main` has made the stack.
const NESTING: u32 = 10_000;

/// Why a command does not end with 0.
pub(crate) enum Failure {
    /// What was looked for has been found, and shown.
    Found,
    /// The file is damaged.
    Damage(String),
    /// The command line is wrong, or a file cannot be read.
    Trouble(String),
    /// Whoever reads the output has seen enough.
    Closed,
}

impl Failure {
    /// The error of a file.
    pub(crate) fn of(file: &Path, error: &SnapshotError) -> Self {
        let what = match error {
            // These name their file.
            SnapshotError::Io { path: Some(_), .. } | SnapshotError::NotAFile { .. } => error.to_string(),
            _ => format!("{}: {error}", file.display()),
        };
        match error {
            SnapshotError::Damaged { .. }
            | SnapshotError::Checksum { .. }
            | SnapshotError::Corrupt { .. }
            | SnapshotError::Truncated { .. }
            | SnapshotError::TrailingBytes { .. } => Failure::Damage(what),
            _ => Failure::Trouble(what),
        }
    }

    /// The same where the command has another answer to give, which it cannot.
    pub(crate) fn into_trouble(self) -> Self {
        if let Failure::Damage(what) = self { Failure::Trouble(what) } else { self }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Trouble(format!("cannot write the output: {error}")),
        }
    }
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The error of a file as what ends a command.
pub(crate) fn of(file: &Path) -> impl Fn(SnapshotError) -> Failure {
    move |error| Failure::of(file, &error)
}

/// Standard output.
pub(crate) struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub(crate) fn new() -> Self {
        Output(BufWriter::with_capacity(1 << 16, io::stdout().lock()))
    }

    /// Writes what is left, so that it stands before what is said of a failure.
    pub(crate) fn finish(&mut self, done: Outcome) -> Outcome {
        let flushed = self.0.flush();
        done?;
        Ok(flushed?)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Says why a command has failed, and gives its exit code.
pub(crate) fn explain(failure: &Failure) -> ExitCode {
    let (code, what) = match failure {
        Failure::Closed => (0, None),
        Failure::Found => (1, None),
        Failure::Damage(what) => (1, Some(what)),
        Failure::Trouble(what) => (2, Some(what)),
    };
    if let Some(what) = what {
        // Where nobody listens there is nobody to be told.
        let _ = writeln!(io::stderr(), "relata: {what}");
    }
    ExitCode::from(code)
}

/// What snapshots are read from.
pub(crate) type Source = BufReader<Watched>;

/// Opens a snapshot. `doing` is what the progress says is done with it.
pub(crate) fn open(path: &Path, doing: &'static str) -> Outcome<Reader<Source>> {
    let (file, length) = open_file(path)?;
    let watched = Watched { file, progress: Progress::new(doing, length) };
    let reader = Reader::new(BufReader::with_capacity(1 << 16, watched)).map_err(of(path))?;
    // As a load of the file may take, unless it is told otherwise.
    Ok(reader.nesting_limit(NESTING).memory_limit(length.saturating_mul(64).max(256 << 20)))
}

/// Opens a regular file, and says how long it is.
pub(crate) fn open_file(path: &Path) -> Outcome<(File, u64)> {
    let cannot = |error| Failure::Trouble(format!("cannot open {}: {error}", path.display()));
    // Asked before it is opened: opening a pipe waits for its other end.
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(Failure::Trouble(format!("{} is not a file", path.display())));
    }
    let file = File::open(path).map_err(cannot)?;
    let length = file.metadata().map_err(cannot)?.len();
    Ok((file, length))
}

/// A file whose reading shows how far it has come.
#[derive(Debug)]
pub(crate) struct Watched {
    file: File,
    progress: Progress,
}

impl Read for Watched {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}

/// How far work has come that takes longer than a second: on standard error, if that is a terminal.
#[derive(Debug)]
struct Progress {
    doing: &'static str,
    length: u64,
    done: u64,
    /// When it is shown next; `None` where nobody would see it.
    next: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    fn new(doing: &'static str, length: u64) -> Self {
        let next = io::stderr().is_terminal().then(|| Instant::now() + Duration::from_secs(1));
        Progress { doing, length, done: 0, next, is_shown: false }
    }

    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= now) {
            let percent = self.done * 100 / self.length.max(1);
            let _ = write!(io::stderr(), "\r{}: {percent}% of {} MB ", self.doing, self.length / 1_000_000);
            self.next = Some(now + Duration::from_millis(200));
            self.is_shown = true;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r{:60}\r", "");
        }
    }
}

/// A number with its thousands apart: `6,001,215`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A word with its number, as `1 row` and `2 rows`.
pub(crate) fn counted(number: u64, word: &str) -> String {
    format!("{} {word}{}", thousands(number), if number == 1 { "" } else { "s" })
}
