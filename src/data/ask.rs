//! What is asked of a value: the operators of a `where`, read from their JSON, and tested by a field's type or by value.

use std::cmp::Ordering;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::error::{Fault, FaultCode, Pointer};
use super::kind::Kind;
use super::read::{number_of, truth_of};
use super::value::Value;
use crate::predicate::pattern::Pattern;

/// How large a regular expression may become when it is compiled, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// The operators, for messages.
pub(crate) const OPERATORS: [&str; 15] = [
    "eq", "neq", "gt", "gte", "lt", "lte", "between", "inq", "nin", "like", "nlike", "ilike", "nilike", "regexp",
    "exists",
];

/// What is asked of a value.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// Whether it is absent, or there.
    Absent(bool),
    /// How it compares with values, of which there are as many as the test takes.
    Compare(Compared, Vec<Value<'static>>),
    /// Whether it is one of these; or absent, where the flag says so.
    In(Vec<Value<'static>>, bool),
    /// Whether a text is described.
    Text(TextTest),
    /// Whether what is asked does not hold.
    Not(Box<Ask>),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    /// Of two values, both included.
    Between,
}

impl Compared {
    /// Whether it holds, by an order that may not say.
    #[inline]
    pub(crate) fn holds<T>(self, value: &T, asked: &[T], compare: impl Fn(&T, &T) -> Option<Ordering>) -> bool {
        let Some(first) = asked.first() else { return false };
        let order = compare(value, first);
        match self {
            Compared::Equal => order == Some(Ordering::Equal),
            Compared::Less => order == Some(Ordering::Less),
            Compared::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Compared::Greater => order == Some(Ordering::Greater),
            Compared::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Compared::Between => {
                matches!(order, Some(Ordering::Greater | Ordering::Equal))
                    && asked
                        .get(1)
                        .is_some_and(|last| matches!(compare(value, last), Some(Ordering::Less | Ordering::Equal)))
            }
        }
    }
}

/// What describes a text.
#[derive(Debug, Clone)]
pub(crate) enum TextTest {
    Like(Arc<Pattern>),
    /// With letters of either case: both are made small.
    LikeAnyCase(Arc<Pattern>),
    Regex(Regex),
}

impl TextTest {
    pub(crate) fn holds(&self, text: &str) -> bool {
        match self {
            TextTest::Like(pattern) => pattern.matches(text),
            TextTest::LikeAnyCase(pattern) => pattern.matches(&small(text)),
            TextTest::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Ask {
    /// What an operator asks with its operand.
    pub(crate) fn read(operator: &str, operand: &Value<'_>, at: &Pointer<'_>, is_from_url: bool) -> Result<Ask, Fault> {
        let own = || operand.clone().into_owned();
        Ok(match operator {
            "eq" => Ask::equal(own()),
            "neq" => Ask::Not(Box::new(Ask::equal(own()))),
            "gt" => Ask::by_order(Compared::Greater, vec![own()], at)?,
            "gte" => Ask::by_order(Compared::AtLeast, vec![own()], at)?,
            "lt" => Ask::by_order(Compared::Less, vec![own()], at)?,
            "lte" => Ask::by_order(Compared::AtMost, vec![own()], at)?,
            "between" => match operand.list() {
                Some(bounds @ [_, _]) => Ask::by_order(
                    Compared::Between,
                    bounds.iter().map(|bound| bound.clone().into_owned()).collect(),
                    at,
                )?,
                Some(others) => {
                    let message = format!("Expected precisely 2 values, received {}", others.len());
                    return Err(at.fault(FaultCode::Type, message));
                }
                None => return Err(at.fault(FaultCode::Type, format!("a list of two values is wanted, not {operand}"))),
            },
            "inq" | "nin" => {
                let values = match operand.list() {
                    Some(values) => values.to_vec(),
                    // `[inq]=1` is a list of one: nobody could tell otherwise.
                    None if is_from_url => vec![operand.clone()],
                    None => return Err(at.fault(FaultCode::Type, format!("a list of values is wanted, not {operand}"))),
                };
                let has_null = values.iter().any(Value::is_null);
                let values = values.into_iter().filter(|value| !value.is_null()).map(Value::into_owned).collect();
                let is_in = Ask::In(values, has_null);
                if operator == "inq" { is_in } else { Ask::Not(Box::new(is_in)) }
            }
            "like" => Ask::Text(TextTest::Like(Arc::new(Pattern::new(text(operand, at)?)))),
            "ilike" => Ask::Text(TextTest::LikeAnyCase(Arc::new(Pattern::new(&small(text(operand, at)?))))),
            "nlike" | "nilike" => Ask::Not(Box::new(Ask::read(&operator[1..], operand, at, is_from_url)?)),
            "regexp" => Ask::Text(TextTest::Regex(regex(text(operand, at)?, at)?)),
            "exists" => match operand {
                Value::Bool(exists) => Ask::Absent(!exists),
                Value::Text(text) if text == "true" => Ask::Absent(false),
                Value::Text(text) if text == "false" => Ask::Absent(true),
                _ => return Err(at.fault(FaultCode::Type, format!("true or false is wanted, not {operand}"))),
            },
            _ => {
                let message = format!("there is no operator `{operator}`");
                return Err(at.unknown(FaultCode::UnknownWord, message, OPERATORS));
            }
        })
    }

    pub(crate) fn equal(value: Value<'static>) -> Ask {
        if value.is_null() { Ask::Absent(true) } else { Ask::Compare(Compared::Equal, vec![value]) }
    }

    fn by_order(test: Compared, values: Vec<Value<'static>>, at: &Pointer<'_>) -> Result<Ask, Fault> {
        if values.iter().any(Value::is_null) {
            return Err(
                at.fault(FaultCode::Type, "null has no place in an order: ask for it by `eq`, `neq` or `exists`")
            );
        }
        Ok(Ask::Compare(test, values))
    }

    /// The values that it asks for.
    pub(crate) fn values(&self) -> &[Value<'static>] {
        match self {
            Ask::Not(ask) => ask.values(),
            Ask::Compare(_, values) | Ask::In(values, _) => values,
            Ask::Absent(_) | Ask::Text(_) => &[],
        }
    }

    /// Refuses what has no meaning for values of a kind.
    pub(crate) fn expect_meaning(&self, kind: &Kind, at: &Pointer<'_>) -> Result<(), Fault> {
        let what = match self {
            Ask::Not(ask) => return ask.expect_meaning(kind, at),
            Ask::Text(_) => match kind {
                Kind::Text | Kind::Enum(_) | Kind::List | Kind::Any => return Ok(()),
                _ => "a pattern describes texts",
            },
            Ask::Compare(test, _) if *test != Compared::Equal => match kind {
                Kind::Object | Kind::Bytes => "there is no order",
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        Err(at.fault(FaultCode::Type, format!("{what}, and this is {}", kind.in_words())))
    }

    /// Whether it holds for a value, as JSON tells it; `None` for an absent one. A list is asked for one of its elements, but
    /// where a list is asked for.
    pub(crate) fn holds(&self, value: Option<&Value<'_>>) -> bool {
        let value = value.filter(|value| !value.is_null());
        match self {
            Ask::Not(ask) => !ask.holds(value),
            Ask::Absent(is_absent) => value.is_none() == *is_absent,
            Ask::In(_, has_null) if value.is_none() => *has_null,
            Ask::In(values, _) => value.is_some_and(|value| values.iter().any(|asked| is_or_has(value, asked))),
            Ask::Compare(Compared::Equal, asked) => {
                value.is_some_and(|value| asked.first().is_some_and(|asked| is_or_has(value, asked)))
            }
            Ask::Compare(test, asked) => {
                value.is_some_and(|value| any_of(value, |value| test.holds(value, asked, compare)))
            }
            Ask::Text(test) => {
                value.is_some_and(|value| any_of(value, |value| value.text().is_some_and(|text| test.holds(text))))
            }
        }
    }
}

/// Whether a value is the one that is asked for; a list also, whether it has that.
fn is_or_has(value: &Value<'_>, asked: &Value<'_>) -> bool {
    let is = |value: &Value<'_>| value.is(asked) || compare(value, asked) == Some(Ordering::Equal);
    is(value) || value.list().is_some_and(|elements| elements.iter().any(is))
}

/// How a value compares with one that is asked for. A text stands for the number or the truth value that it is compared
/// with, as where a type reads it.
fn compare(value: &Value<'_>, asked: &Value<'_>) -> Option<Ordering> {
    match (value, asked) {
        (Value::Integer(_) | Value::Float(_), Value::Text(text)) => value.compare(&number_of(text)?),
        (Value::Bool(value), Value::Text(text)) => value.partial_cmp(&truth_of(text)?),
        _ => value.compare(asked),
    }
}

/// Whether a test holds for a value, of a list for one of its elements.
fn any_of(value: &Value<'_>, holds: impl Fn(&Value<'_>) -> bool) -> bool {
    match value {
        Value::List(elements) => elements.iter().any(holds),
        value => holds(value),
    }
}

fn text<'v>(operand: &'v Value<'_>, at: &Pointer<'_>) -> Result<&'v str, Fault> {
    operand.text().ok_or_else(|| at.fault(FaultCode::Type, format!("a text is wanted, not {operand}")))
}

/// Every letter made small by itself: a pattern is no whole word, at whose end a letter may have another form.
fn small(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// A regular expression as LoopBack writes it: `^T`, or `/^t/i` with flags.
fn regex(text: &str, at: &Pointer<'_>) -> Result<Regex, Fault> {
    let with_flags = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    let is_flag = |letter: char| matches!(letter, 'i' | 'm' | 's' | 'g' | 'u');
    let (pattern, flags) = with_flags.filter(|(_, flags)| flags.chars().all(is_flag)).unwrap_or((text, ""));
    let built = RegexBuilder::new(pattern)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .build();
    built.map_err(|error| {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        at.fault(FaultCode::Type, format!("`{text}` is no regular expression: {why}"))
    })
}

impl Kind {
    /// As a message says it.
    pub(crate) fn in_words(&self) -> &'static str {
        match self {
            Kind::Bool => "true or false",
            Kind::Integer { .. } => "an integer",
            Kind::Float => "a number",
            Kind::Text => "a text",
            Kind::Bytes => "bytes",
            Kind::Id => "the id of a row",
            Kind::Enum(_) => "one of several variants",
            Kind::List => "a list",
            Kind::Object => "an object",
            Kind::Any => "any value",
        }
    }
}
