//! One line after the other, and the objects that some of them are.

use std::io::{BufRead, BufReader, Read};

use slotmap::DefaultKey;

use crate::codec::NESTING;
use crate::codec::json::{Json, Parser};
use crate::id::{Id, SLOTS_END, slot_of};
use crate::snapshot::error::SnapshotError;
use crate::snapshot::source::memory_limit;

/// The lines of a text.
pub(super) struct Lines<R> {
    source: BufReader<R>,
    memory_limit: Option<u64>,
    text: String,
    number: u64,
    /// How many bytes have been read.
    read: u64,
    is_ended: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R, memory_limit: Option<u64>) -> Self {
        let source = BufReader::new(source);
        Lines { source, memory_limit, text: String::new(), number: 0, read: 0, is_ended: false }
    }

    /// What may be taken, in bytes: as much as a load may take of a stream.
    pub(super) fn limit(&self) -> u64 {
        memory_limit(self.memory_limit, self.read)
    }

    /// Reads the next line that is not blank. `held`: how many bytes are taken beside it.
    pub(super) fn advance(&mut self, held: u64) -> Result<(), SnapshotError> {
        // As long as an item of a file may be, if nothing is said; blank lines before it included.
        let mut room = self.memory_limit.unwrap_or(u32::MAX.into()).saturating_sub(held);
        loop {
            let mut bytes = std::mem::take(&mut self.text).into_bytes();
            bytes.clear();
            self.number += 1;
            let source = self.source.by_ref().take(room.saturating_add(1));
            let length = { source }.read_until(b'\n', &mut bytes).map_err(SnapshotError::io("read"))? as u64;
            self.read += length;
            if length > room {
                return Err(self.over("the line"));
            }
            room -= length;
            let end = bytes.trim_ascii_end().len();
            bytes.truncate(end);
            self.text = String::from_utf8(bytes).map_err(|error| {
                let valid = error.utf8_error().valid_up_to();
                let column = String::from_utf8_lossy(&error.as_bytes()[..valid]).chars().count() + 1;
                self.wrong("the text", format!("it is not UTF-8 at column {column}"))
            })?;
            self.is_ended = length == 0;
            if self.is_ended || !self.text.is_empty() {
                return Ok(());
            }
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The number of the line, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether there is no line any more.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether the line is that of a row.
    pub(super) fn is_row(&self) -> bool {
        self.text.trim_ascii_start().starts_with('[')
    }

    /// Whether the line is an object that has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.is_ended && !self.is_row() && self.object("the text").is_ok_and(|mut line| line.take(name).is_some())
    }

    /// The line as an object.
    pub(super) fn object(&self, section: &str) -> Result<Line, SnapshotError> {
        let mut parser = Parser::new(&self.text, NESTING, self.limit());
        match parser.value().and_then(|value| parser.end().map(|()| value)) {
            Ok(Json::Map(entries)) => Ok(Line(entries)),
            Ok(_) => Err(self.wrong(section, "expected an object".to_owned())),
            Err(error) => Err(self.wrong(section, error.to_string())),
        }
    }

    /// The same error, at this line.
    pub(super) fn error(&self, error: SnapshotError) -> SnapshotError {
        error.at_line(self.number)
    }

    /// The error for what is wrong with this line.
    pub(super) fn wrong(&self, section: &str, what: String) -> SnapshotError {
        Self::at(self.number, section, what)
    }

    /// The error for what is wrong with a line.
    pub(super) fn at(line: u64, section: &str, what: String) -> SnapshotError {
        SnapshotError::Corrupt { section: section.to_owned(), what }.at_line(line)
    }

    pub(super) fn over(&self, part: &str) -> SnapshotError {
        self.error(SnapshotError::OverBudget { part: part.to_owned(), limit: self.limit() })
    }

    /// The error for a text that ends before its end.
    pub(super) fn cut_short(&self) -> SnapshotError {
        self.wrong("the text", "it is cut short: no {\"end\":\"relata\"} closes it".to_owned())
    }
}

/// An object that a line is, of which entries are taken.
pub(super) struct Line(Vec<(Json, Json)>);

impl Line {
    pub(super) fn take(&mut self, name: &str) -> Option<Json> {
        let place = self.0.iter().position(|(key, _)| key.text() == Some(name))?;
        Some(self.0.remove(place).1)
    }

    /// Says what has not been taken.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("`{}` is not known", name.text().unwrap_or_default())),
        }
    }

    pub(super) fn number(&mut self, name: &str) -> Result<Option<u32>, String> {
        let number = |value| match value {
            Json::Uint(number) => u32::try_from(number).ok().filter(|number| *number < SLOTS_END),
            _ => None,
        };
        self.take(name)
            .map(|value| number(value).ok_or_else(|| format!("`{name}` is no number of 32 bits")))
            .transpose()
    }

    pub(super) fn name(&mut self, name: &str) -> Result<Option<String>, String> {
        self.take(name).map(|value| text(&value, name)).transpose()
    }

    pub(super) fn id(&mut self, name: &str) -> Result<Option<DefaultKey>, String> {
        self.name(name)?.map(|id| key_of(&id)).transpose()
    }

    pub(super) fn ids(&mut self, name: &str) -> Result<Option<Vec<DefaultKey>>, String> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::List(ids)) => ids.iter().map(|id| key_of(&text(id, name)?)).collect::<Result<_, _>>().map(Some),
            Some(_) => Err(format!("`{name}` is no list of ids")),
        }
    }
}

fn text(value: &Json, name: &str) -> Result<String, String> {
    value.text().map(str::to_owned).ok_or_else(|| format!("`{name}` is no text"))
}

/// The id of a row, or of one to come, as an export writes it.
pub(super) fn key_of(id: &str) -> Result<DefaultKey, String> {
    let key = id.parse::<Id<()>>().ok().filter(|parsed| parsed.to_string() == id).map(Id::key);
    let key = key.filter(|key| (1..SLOTS_END).contains(&slot_of(*key)));
    key.ok_or_else(|| {
        format!("`{id}` is no id of a row: expected text such as `3v1`, its slot from 1, its generation odd")
    })
}
