//! What is refused of a filter or a write by name: where in it, why, and what is known.

use std::fmt::{self, Write as _};

use crate::error::Error;
use crate::id::RowId;

/// Why something asked by name was refused. Nothing has changed then.
///
/// Printed, each fault is on a line of its own: where in the filter or in the data it is (a JSON pointer), and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such model.
    #[error("no model `{name}`; known are {}", known.join(", "))]
    UnknownModel {
        /// The name that was given.
        name: String,
        /// The models that there are.
        known: Vec<&'static str>,
    },
    /// A text is no JSON.
    #[error("not JSON: {why}")]
    NotJson {
        /// The text, or its beginning.
        text: String,
        /// What the parser says.
        why: String,
    },
    /// A filter says what cannot be done, or names what is not there.
    #[error("{0}")]
    Filter(Fault),
    /// The data of a write do not fit the model; every fault that was found.
    #[error("{}", lines(.0))]
    Invalid(Vec<Fault>),
    /// No row has this id or key.
    #[error("Entity not found: {model} with id {id}")]
    NotFound {
        /// The model.
        model: &'static str,
        /// The id, as it was asked for.
        id: String,
    },
    /// Rows are more than may be given at once.
    #[error("more than {most} rows are asked for")]
    TooManyRows {
        /// How many may be.
        most: usize,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] Error),
}

/// One thing that is wrong with a filter or with the data of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it is: a JSON pointer from the filter or the data on, `/where/total/gt`; empty for the whole.
    pub path: String,
    /// What kind it is.
    pub code: FaultCode,
    /// What is wrong, in words.
    pub message: String,
    /// The names that would have been right, where a name is wrong.
    pub known: Vec<String>,
}

/// The kinds of [`Fault`], by which programs tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultCode {
    /// A property that is not there.
    UnknownProperty,
    /// A relation that is not there, or closed.
    UnknownRelation,
    /// A word that is none of the known ones: an operator, a key of a filter.
    UnknownWord,
    /// A value of another type than is wanted.
    Type,
    /// A required value is missing.
    Required,
    /// Related rows stand in data of a write.
    Navigational,
    /// The id in the data is not that of the row.
    IdChanged,
    /// It nests too deep.
    TooDeep,
    /// It is closed to those who ask.
    Closed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.known.is_empty() {
            write!(f, "; known are {}", self.known.join(", "))?;
        }
        Ok(())
    }
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl DataError {
    #[cold]
    pub(crate) fn not_json(text: &str, why: &str) -> Self {
        const SHOWN_MAX: usize = 200;
        let mut shown: String = text.chars().take(SHOWN_MAX).collect();
        if shown.len() < text.len() {
            shown.push_str("..");
        }
        DataError::NotJson { text: shown, why: why.to_owned() }
    }

    #[cold]
    pub(crate) fn too_deep(at: &Pointer<'_>, most: usize) -> Self {
        at.fault(FaultCode::TooDeep, format!("The query object exceeds maximum depth {most}")).into()
    }

    #[cold]
    pub(crate) fn not_found(model: &'static str, id: impl fmt::Display) -> Self {
        DataError::NotFound { model, id: id.to_string() }
    }

    /// The same for a row that is known.
    #[cold]
    pub(crate) fn no_row(row: RowId) -> Self {
        Self::not_found(row.table, crate::id::Id::<()>::from_key(row.key))
    }

    /// What is wrong with a filter or with data.
    pub fn faults(&self) -> &[Fault] {
        match self {
            DataError::Filter(fault) => std::slice::from_ref(fault),
            DataError::Invalid(faults) => faults,
            _ => &[],
        }
    }
}

impl From<Fault> for DataError {
    fn from(fault: Fault) -> Self {
        DataError::Filter(fault)
    }
}

/// Where in a filter or in data something is: a chain of the frames that lead there, which costs nothing until it is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pointer<'p> {
    parent: Option<&'p Pointer<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    /// What was walked before, as text.
    Base(&'p str),
    Key(&'p str),
    Place(usize),
}

impl<'p> Pointer<'p> {
    pub(crate) const fn root() -> Self {
        Pointer::based("")
    }
    pub(crate) const fn based(path: &'p str) -> Self {
        Pointer { parent: None, step: Step::Base(path) }
    }
    pub(crate) fn key(&'p self, key: &'p str) -> Self {
        Pointer { parent: Some(self), step: Step::Key(key) }
    }
    pub(crate) fn place(&'p self, place: usize) -> Self {
        Pointer { parent: Some(self), step: Step::Place(place) }
    }

    #[cold]
    pub(crate) fn fault(&self, code: FaultCode, message: impl Into<String>) -> Fault {
        Fault { path: self.to_string(), code, message: message.into(), known: Vec::new() }
    }

    #[cold]
    pub(crate) fn unknown<N: Into<String>>(
        &self,
        code: FaultCode,
        message: impl Into<String>,
        known: impl IntoIterator<Item = N>,
    ) -> Fault {
        Fault { known: known.into_iter().map(Into::into).collect(), ..self.fault(code, message) }
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Base(path) => f.write_str(path),
            Step::Place(place) => write!(f, "/{place}"),
            Step::Key(key) => {
                f.write_char('/')?;
                for letter in key.chars() {
                    match letter {
                        '~' => f.write_str("~0")?,
                        '/' => f.write_str("~1")?,
                        letter => f.write_char(letter)?,
                    }
                }
                Ok(())
            }
        }
    }
}
