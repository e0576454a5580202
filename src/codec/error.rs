//! What a value is refused for, and where in the row it stands.

use std::fmt;

/// Why a value cannot be encoded or decoded, and the way to it from the row.
///
/// Boxed, so that the result of each of a row's many small steps is one word.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    what: What,
    /// From the innermost step outwards.
    path: Vec<String>,
}

/// The kinds of causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// The type's own `Serialize` or `Deserialize`, or serde for it, says this.
    Said(String),
    /// Nested deeper than the limit.
    TooDeep(u32),
    /// What the elements take in memory is over the limit of the load.
    OverBudget,
    /// The bytes are no value.
    Malformed(&'static str),
}

impl CodecError {
    #[cold]
    pub(crate) fn new(what: What) -> Self {
        CodecError(Box::new(Inner { what, path: Vec::new() }))
    }

    #[cold]
    pub(crate) fn malformed(what: &'static str) -> Self {
        Self::new(What::Malformed(what))
    }

    /// There are more rows than slots with one.
    pub(crate) fn more_rows() -> Self {
        Self::malformed("there are more rows than slots with one")
    }

    /// A row has no slot that waits for it.
    pub(crate) fn not_reserved() -> Self {
        Self::malformed("its slot is not reserved for it")
    }

    pub(crate) fn what(&self) -> &What {
        &self.0.what
    }

    /// The fields, elements and variants that lead to the value, as `lines[2].price`; empty for the row itself.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        path
    }

    #[cold]
    pub(super) fn inside(mut self, step: impl Into<String>) -> Self {
        self.0.path.push(step.into());
        self
    }

    #[cold]
    pub(super) fn at_element(self, element: usize) -> Self {
        self.inside(format!("[{element}]"))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Said(what) => f.write_str(what),
            What::TooDeep(limit) => write!(f, "it is nested deeper than {limit} levels: raise `nesting_limit`"),
            What::OverBudget => f.write_str("it takes more memory than the limit"),
            What::Malformed(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.path.is_empty() {
            write!(f, "{}", self.0.what)
        } else {
            write!(f, "{}: {}", self.path(), self.0.what)
        }
    }
}

impl std::error::Error for CodecError {}

impl serde::ser::Error for CodecError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Said(message.to_string()))
    }
}

impl serde::de::Error for CodecError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Said(message.to_string()))
    }

    #[cold]
    fn invalid_type(found: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        match found {
            serde::de::Unexpected::Option => Self::custom(format_args!("it has no value, expected {expected}")),
            found => Self::custom(format_args!("invalid type: {found}, expected {expected}")),
        }
    }
}
