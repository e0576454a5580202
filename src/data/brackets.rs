//! The form of filters in URLs: names in brackets, as the `qs` package writes and reads them, to any depth that JSON has.

use std::borrow::Cow;

use super::error::{DataError, FaultCode, Pointer};
use super::value::{NESTING_MAX, Value};

/// What is found under a name.
pub(crate) enum Parsed {
    /// One JSON text.
    Json(String),
    /// What the brackets say; all that is no object or list is a text.
    Value(Value<'static>),
}

/// No query has more parts than these: each is looked for among the others.
const PAIRS_MAX: usize = 10_000;

/// A tree that grows by one text at a time.
enum Tree {
    Text(String),
    /// With numbers as given: they say the order, not the place.
    List(Vec<(Option<u32>, Tree)>),
    Map(Vec<(String, Tree)>),
}

/// What stands between brackets.
enum Step<'q> {
    Key(Cow<'q, str>),
    /// The number of an element; `None` for the next one.
    Element(Option<u32>),
}

/// The value of the keys that begin with a name; `None` where there is none, or an empty one.
pub(crate) fn parse(query: &str, name: &str) -> Result<Option<Parsed>, DataError> {
    let mut json: Option<String> = None;
    let mut tree: Option<Tree> = None;
    for (count, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count == PAIRS_MAX {
            return Err(invalid(name, "there are too many of it"));
        }
        let (key, text) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decode(key)?;
        let Some(rest) = key.strip_prefix(name) else { continue };
        let text = decode(text)?;
        if rest.is_empty() {
            if json.replace(text.into_owned()).is_some() {
                return Err(invalid(name, "it is there twice"));
            }
        } else if rest.starts_with('[') {
            let steps = steps(rest).ok_or_else(|| invalid(&key, "the brackets do not match"))?;
            if steps.len() > NESTING_MAX {
                return Err(DataError::too_deep(&Pointer::root(), NESTING_MAX));
            }
            put(&mut tree, &steps, text.into_owned()).map_err(|why| invalid(&key, why))?;
        }
    }
    match (json.filter(|text| !text.is_empty()), tree) {
        (Some(_), Some(_)) => Err(invalid(name, "it is given as JSON and in brackets")),
        (Some(text), None) => Ok(Some(Parsed::Json(text))),
        (None, Some(tree)) => Ok(Some(Parsed::Value(tree.into_value()))),
        (None, None) => Ok(None),
    }
}

#[cold]
fn invalid(key: &str, why: &str) -> DataError {
    Pointer::root().key(key).fault(FaultCode::Type, format!("{why}: `{key}`")).into()
}

/// The text that is percent-encoded, `+` for a space.
fn decode(text: &str) -> Result<Cow<'_, str>, DataError> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(text.into());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(invalid(text, "a percent sign is followed by two hexadecimal digits"));
                };
                bytes.push((high * 16 + low) as u8);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| invalid(text, "it is no UTF-8"))
}

/// `[where][and][0][total]`, taken apart.
fn steps(mut brackets: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    while !brackets.is_empty() {
        let (inside, rest) = brackets.strip_prefix('[')?.split_once(']')?;
        let is_number = !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
        steps.push(match inside.parse() {
            Ok(number) if is_number => Step::Element(Some(number)),
            _ if inside.is_empty() => Step::Element(None),
            _ => Step::Key(inside.into()),
        });
        brackets = rest;
    }
    Some(steps)
}

/// Whether a text can be put there without changing what is there: the key is new.
fn is_free(tree: &Tree, steps: &[Step<'_>]) -> bool {
    match (tree, steps) {
        (Tree::Map(entries), [Step::Key(key), rest @ ..]) => {
            entries.iter().find(|(name, _)| *name == **key).is_none_or(|(_, inside)| is_free(inside, rest))
        }
        // A list takes another element.
        (Tree::List(_), [Step::Element(_), ..]) => true,
        _ => false,
    }
}

fn put(tree: &mut Option<Tree>, steps: &[Step<'_>], text: String) -> Result<(), &'static str> {
    let Some((step, rest)) = steps.split_first() else {
        return match tree {
            None => {
                *tree = Some(Tree::Text(text));
                Ok(())
            }
            // `inq=1&inq=2` is a list, as `qs` has it.
            Some(Tree::Text(first)) => {
                let first = Tree::Text(std::mem::take(first));
                *tree = Some(Tree::List(vec![(None, first), (None, Tree::Text(text))]));
                Ok(())
            }
            Some(Tree::List(elements)) => {
                elements.push((None, Tree::Text(text)));
                Ok(())
            }
            Some(Tree::Map(_)) => Err("it is a text here and an object elsewhere"),
        };
    };
    let inside = match step {
        Step::Key(key) => {
            let Tree::Map(entries) = tree.get_or_insert_with(|| Tree::Map(Vec::new())) else {
                return Err("it is an object here and something else elsewhere");
            };
            let place = entries.iter().position(|(name, _)| *name == **key);
            let Some(place) = place else {
                let mut new = None;
                put(&mut new, rest, text)?;
                entries.extend(new.map(|new| (key.clone().into_owned(), new)));
                return Ok(());
            };
            &mut entries[place].1
        }
        Step::Element(number) => {
            let Tree::List(elements) = tree.get_or_insert_with(|| Tree::List(Vec::new())) else {
                return Err("it is a list here and something else elsewhere");
            };
            let place = match number {
                Some(_) => elements.iter().position(|(other, _)| other == number),
                // The last one goes on until a key comes again.
                None => elements.len().checked_sub(1).filter(|last| {
                    let (number, last) = &elements[*last];
                    number.is_none() && !rest.is_empty() && is_free(last, rest)
                }),
            };
            let Some(place) = place else {
                let mut new = None;
                put(&mut new, rest, text)?;
                elements.extend(new.map(|new| (*number, new)));
                return Ok(());
            };
            &mut elements[place].1
        }
    };
    // What is there is taken out and put back, so that one function does for both.
    let mut there = Some(std::mem::replace(inside, Tree::Text(String::new())));
    let done = put(&mut there, rest, text);
    if let Some(there) = there {
        *inside = there;
    }
    done
}

impl Tree {
    fn into_value(self) -> Value<'static> {
        match self {
            Tree::Text(text) => Value::Text(text.into()),
            Tree::List(mut elements) => {
                // Those without a number come behind, in their order.
                elements.sort_by_key(|(number, _)| number.map_or(u64::MAX, u64::from));
                Value::List(elements.into_iter().map(|(_, element)| element.into_value()).collect())
            }
            Tree::Map(entries) => {
                Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value.into_value())).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> String {
        match parse(query, "filter") {
            Ok(Some(Parsed::Json(text))) => format!("JSON {text}"),
            Ok(Some(Parsed::Value(value))) => value.to_string(),
            Ok(None) => "none".to_owned(),
            Err(error) => format!("error {error}"),
        }
    }

    #[test]
    fn brackets_are_read_as_qs_writes_them() {
        let cases = [
            ("", "none"),
            ("filter=&other=1", "none"),
            ("filter=%7B%22limit%22%3A1%7D", r#"JSON {"limit":1}"#),
            ("filter[limit]=2&filter[skip]=1", r#"{"limit":"2","skip":"1"}"#),
            ("filter[include][][relation]=customer", r#"{"include":[{"relation":"customer"}]}"#),
            ("filter[include][]=customer", r#"{"include":["customer"]}"#),
            // R2f and R9b of the questions that LoopBack was asked: two elements, not one.
            (
                "filter[include][][relation]=a&filter[include][][relation]=b",
                r#"{"include":[{"relation":"a"},{"relation":"b"}]}"#,
            ),
            // R2h: one element.
            (
                "filter[include][][relation]=a&filter[include][][scope][limit]=1",
                r#"{"include":[{"relation":"a","scope":{"limit":"1"}}]}"#,
            ),
            ("filter[where][and][1][a]=2&filter[where][and][0][b]=1", r#"{"where":{"and":[{"b":"1"},{"a":"2"}]}}"#),
            ("filter[where][id][inq]=1&filter[where][id][inq]=2", r#"{"where":{"id":{"inq":["1","2"]}}}"#),
            ("filter[order]=total%20desc", r#"{"order":"total desc"}"#),
            ("filter[order]=total+desc", r#"{"order":"total desc"}"#),
            ("filter[where][a][4000000000]=1", r#"{"where":{"a":["1"]}}"#),
        ];
        for (query, expected) in cases {
            assert_eq!(parsed(query), expected, "{query}");
        }
        let elements: Vec<String> =
            (0..300).map(|number| format!("filter[where][id][inq][{number}]={number}")).collect();
        assert_eq!(parsed(&elements.join("&")).matches(',').count(), 299);
        let deep = format!("filter{}=1", "[a]".repeat(20));
        assert!(parsed(&deep).starts_with(r#"{"a":{"a""#));
        for wrong in [
            "filter={}&filter[limit]=1",
            "filter[limit]=1&filter={}",
            "filter={}&filter={}",
            "filter[limit=1",
            "filter[a]x=1",
            "filter[a]=1&filter[a][b]=2",
            "filter[a][b]=1&filter[a]=2",
            "filter[a][]=1&filter[a][b]=2",
            "filter[a]=%",
            "filter[a]=%ff",
        ] {
            assert!(parsed(wrong).starts_with("error"), "{wrong}: {}", parsed(wrong));
        }
        assert!(parsed(&format!("filter{}=1", "[a]".repeat(1000))).contains("maximum depth"));
    }
}
