//! Questions on the terminal, or answers line by line from a pipe.

use std::io::{self, BufRead, Write};

/// Asks for what the flags do not say.
pub(super) struct Questions {
    /// Whether what has a default is asked for too.
    asks_all: bool,
}

impl Questions {
    pub(super) fn new(asks_all: bool) -> Self {
        Questions { asks_all }
    }

    /// An answer that has no default.
    pub(super) fn needed(flag: &str, question: &str, choices: &[&str], said: Option<String>) -> Result<String, String> {
        if let Some(said) = said {
            return Ok(said);
        }
        let answer = ask(&format!("{question} ({}): ", choices.join(", ")))?;
        if answer.is_empty() { Err(format!("no answer: say it here, or by `{flag}`")) } else { Ok(answer) }
    }

    /// An answer that is the default where nothing is said.
    pub(super) fn asked(&self, question: &str, default: &str, said: Option<String>) -> Result<String, String> {
        let answer = match said {
            Some(said) => said,
            None if self.asks_all => ask(&format!("{question} [{default}]: "))?,
            None => String::new(),
        };
        Ok(if answer.is_empty() { default.to_owned() } else { answer })
    }
}

/// Shows a question on standard error, so that standard output has only what was done. The end of the input is no answer.
fn ask(question: &str) -> Result<String, String> {
    let cannot = |error: io::Error| format!("cannot read an answer: {error}");
    let mut stderr = io::stderr();
    write!(stderr, "{question}").and_then(|()| stderr.flush()).map_err(cannot)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(cannot)?;
    Ok(line.trim().to_owned())
}
