//! Filters as data: LoopBack's JSON and its form in URLs, taken apart. What is in them is looked up by the call that uses
//! them; see `condition`.

use super::brackets;
use super::error::{DataError, Fault, FaultCode, Pointer};
use super::value::{NESTING_MAX, Value};

/// The keys of a filter.
const KEYS: [&str; 7] = ["where", "order", "limit", "skip", "offset", "fields", "include"];

/// Which rows, in what order, how many, with which fields and which related rows. See [`Filter::from_json`].
///
/// ```
/// use relata::data::Filter;
///
/// let json = Filter::from_json(r#"{"where": {"total": {"gt": 100}}, "order": "total DESC", "limit": 5}"#)?;
/// let url = Filter::from_query("filter[where][total][gt]=100&filter[order]=total%20DESC&filter[limit]=5")?;
/// assert_eq!(json.limit(), url.limit());
/// let misspelt = Filter::from_json(r#"{"wehre": {}}"#).unwrap_err();
/// assert_eq!(
///     misspelt.to_string(),
///     "/wehre: there is no `wehre` in a filter; known are where, order, limit, skip, offset, fields, include"
/// );
/// # Ok::<(), relata::data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(crate) condition: Where,
    pub(crate) order: Vec<By>,
    pub(crate) limit: Option<usize>,
    pub(crate) skip: usize,
    pub(crate) fields: Option<Selected>,
    pub(crate) include: Vec<Inclusion>,
}

/// Conditions alone: what `count`, `patch_all` and `delete_all` take.
///
/// An empty object is no condition. Where everything is meant, [`Where::all`] says so.
///
/// ```
/// # use relata::{Database, Model}; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Ship { crew: u32 }
/// # let mut db = Database::builder().model::<Ship>().build()?;
/// # db.insert_many([50, 16].map(|crew| Ship { crew }))?;
/// use relata::data::Where;
///
/// assert_eq!(db.data("Ship")?.count(&Where::from_json(r#"{"crew": {"lt": 20}}"#)?)?, 1);
/// assert_eq!(db.data("Ship")?.count(&Where::all())?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Where {
    pub(crate) value: Value<'static>,
    /// Where in the filter it stands.
    pub(crate) path: String,
    pub(crate) is_from_url: bool,
    pub(crate) is_all: bool,
}

/// One order of several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct By {
    pub(crate) name: String,
    pub(crate) descends: bool,
    pub(crate) path: String,
}

/// Which fields are given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selected {
    pub(crate) names: Vec<String>,
    /// Whether these are left out, and the others given.
    pub(crate) are_left_out: bool,
    pub(crate) path: String,
}

/// A relation whose rows are given too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inclusion {
    pub(crate) relation: String,
    pub(crate) scope: Filter,
    pub(crate) path: String,
}

/// What a filter is read in.
#[derive(Clone, Copy)]
struct Source<'p> {
    at: Pointer<'p>,
    is_from_url: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Filter::new()
    }
}

impl Filter {
    /// Every row, with all of its fields.
    pub fn new() -> Self {
        let condition = Where { path: "/where".to_owned(), ..Where::all() };
        Filter { condition, order: Vec::new(), limit: None, skip: 0, fields: None, include: Vec::new() }
    }

    /// Reads a filter from JSON, as docs/data.md describes it. Names are not looked up: a filter belongs to no model.
    ///
    /// Errors: [`DataError::NotJson`]; [`DataError::Filter`] for what no filter has, with the path there.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        Self::from_value(&Value::from_json(text)?)
    }

    /// The same from a value.
    pub fn from_value(value: &Value<'_>) -> Result<Self, DataError> {
        if value.is_deeper_than(NESTING_MAX) {
            return Err(DataError::too_deep(&Pointer::root(), NESTING_MAX));
        }
        Ok(Self::read(value, Source { at: Pointer::root(), is_from_url: false })?)
    }

    /// Reads a filter from the query of a URL, percent-encoded and without the `?`: the keys that begin with `filter`, as one
    /// JSON text (`filter={..}`) or in brackets (`filter[where][total][gt]=100`). No such key is a filter of every row.
    ///
    /// The brackets are those of the `qs` package: names, numbers of elements, and empty ones for the next element. An
    /// element that is begun anew is one whose key is there already: `filter[include][][relation]=a` twice are two. A text
    /// stands for the number or truth value that its field has; there is no `null`: ask by `exists`.
    pub fn from_query(query: &str) -> Result<Self, DataError> {
        match brackets::parse(query, "filter")? {
            Some(brackets::Parsed::Json(text)) => Self::from_json(&text),
            Some(brackets::Parsed::Value(value)) => {
                Ok(Self::read(&value, Source { at: Pointer::root(), is_from_url: true })?)
            }
            None => Ok(Self::new()),
        }
    }

    /// The most rows that it asks for.
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Whether it has conditions, be they empty.
    pub fn has_where(&self) -> bool {
        !self.condition.is_all
    }

    /// The same for so many rows at most.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Filter { limit: Some(limit), ..self }
    }

    /// The same with other conditions.
    #[must_use]
    pub fn with_where(self, condition: Where) -> Self {
        Filter { condition, ..self }
    }

    fn read(value: &Value<'_>, source: Source<'_>) -> Result<Self, Fault> {
        let mut filter = Filter::new();
        filter.condition.path = source.at.key("where").to_string();
        filter.condition.is_from_url = source.is_from_url;
        if value.is_null() {
            return Ok(filter);
        }
        let Some(entries) = value.map() else {
            return Err(source.at.fault(FaultCode::Type, format!("a filter is an object, not {value}")));
        };
        let mut has_skip = false;
        for (key, value) in entries {
            let source = Source { at: source.at.key(key), ..source };
            if value.is_null() && KEYS.contains(&&**key) {
                continue;
            }
            match &**key {
                "where" => {
                    if value.map().is_none() {
                        return Err(source
                            .at
                            .fault(FaultCode::Type, format!("The where clause {value} is not an object")));
                    }
                    filter.condition.value = value.clone().into_owned();
                    filter.condition.is_all = false;
                }
                "order" => filter.order = read_order(value, source)?,
                "limit" => filter.limit = Some(read_count("limit", value, source)?),
                // Of the two LoopBack takes `skip`.
                "skip" => (filter.skip, has_skip) = (read_count("skip", value, source)?, true),
                "offset" if has_skip => _ = read_count("offset", value, source)?,
                "offset" => filter.skip = read_count("offset", value, source)?,
                "fields" => filter.fields = read_fields(value, source)?,
                "include" => read_include(value, source, &mut filter.include)?,
                _ => {
                    let message = format!("there is no `{key}` in a filter");
                    return Err(source.at.unknown(FaultCode::UnknownWord, message, KEYS));
                }
            }
        }
        Ok(filter)
    }
}

impl Where {
    /// Every row.
    pub fn all() -> Self {
        Where { value: Value::Map(Vec::new()), path: String::new(), is_from_url: false, is_all: true }
    }

    /// Reads conditions from JSON: what a filter has under `where`.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        Self::from_value(&Value::from_json(text)?)
    }

    /// The same from a value.
    pub fn from_value(value: &Value<'_>) -> Result<Self, DataError> {
        if value.is_deeper_than(NESTING_MAX) {
            return Err(DataError::too_deep(&Pointer::root(), NESTING_MAX));
        }
        if value.map().is_none() {
            let message = format!("The where clause {value} is not an object");
            return Err(Pointer::root().fault(FaultCode::Type, message).into());
        }
        Ok(Where { value: value.clone().into_owned(), is_all: false, ..Where::all() })
    }

    /// Reads conditions from the query of a URL: the keys that begin with `where`. See [`Filter::from_query`]; without such a
    /// key it is [empty](Where::is_empty).
    pub fn from_query(query: &str) -> Result<Self, DataError> {
        match brackets::parse(query, "where")? {
            Some(brackets::Parsed::Json(text)) => Self::from_json(&text),
            Some(brackets::Parsed::Value(value)) => Ok(Where { is_from_url: true, ..Self::from_value(&value)? }),
            None => Ok(Where { is_all: false, ..Where::all() }),
        }
    }

    /// Whether it has no condition, and does not say that every row is meant. An `and` of such is one.
    pub fn is_empty(&self) -> bool {
        !self.is_all && asks_nothing(&self.value)
    }
}

fn asks_nothing(conditions: &Value<'_>) -> bool {
    let of_clause = |(word, inside): &(_, Value<'_>)| {
        let word: &std::borrow::Cow<'_, str> = word;
        word == "and" && inside.list().is_some_and(|clauses| clauses.iter().all(asks_nothing))
    };
    conditions.map().is_some_and(|conditions| conditions.iter().all(of_clause))
}

fn read_count(word: &str, value: &Value<'_>, source: Source<'_>) -> Result<usize, Fault> {
    let count = match value {
        Value::Integer(count) => usize::try_from(*count).ok(),
        // What is more than there can be is as good as all.
        Value::Float(count) if *count >= 9_007_199_254_740_992.0 && count.fract() == 0.0 => Some(usize::MAX),
        Value::Float(count) if *count >= 0.0 && count.fract() == 0.0 => usize::try_from(*count as i64).ok(),
        Value::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    let word = if word == "limit" { word } else { "offset/skip" };
    count.ok_or_else(|| source.at.fault(FaultCode::Type, format!("The {word} parameter {value} is not valid")))
}

fn read_order(value: &Value<'_>, source: Source<'_>) -> Result<Vec<By>, Fault> {
    let mut order = Vec::new();
    let mut read = |value: &Value<'_>, at: Pointer<'_>| {
        let Some(text) = value.text() else {
            return Err(at.fault(FaultCode::Type, format!("an order is a text such as \"total DESC\", not {value}")));
        };
        for part in text.split(',') {
            let part = part.trim();
            let (name, direction) = part.rsplit_once(' ').map_or((part, ""), |(name, word)| (name.trim_end(), word));
            let descends = match direction {
                "" => false,
                word if word.eq_ignore_ascii_case("asc") => false,
                word if word.eq_ignore_ascii_case("desc") => true,
                _ => {
                    let message = format!("The order \"{part}\" has invalid direction");
                    return Err(at.unknown(FaultCode::UnknownWord, message, ["ASC", "DESC"]));
                }
            };
            // Rows that are equal by a name are equal by it again.
            if !order.iter().any(|by: &By| by.name == name) {
                order.push(By { name: name.to_owned(), descends, path: at.to_string() });
            }
        }
        Ok(())
    };
    match value {
        Value::List(parts) => {
            for (place, part) in parts.iter().enumerate() {
                read(part, source.at.place(place))?;
            }
        }
        value => read(value, source.at)?,
    }
    Ok(order)
}

fn read_fields(value: &Value<'_>, source: Source<'_>) -> Result<Option<Selected>, Fault> {
    let mut selected: (Vec<String>, Vec<String>) = Default::default();
    match value {
        Value::List(names) => {
            for (place, name) in names.iter().enumerate() {
                let Some(name) = name.text() else {
                    let message = format!("the name of a field is wanted, not {name}");
                    return Err(source.at.place(place).fault(FaultCode::Type, message));
                };
                selected.0.push(name.to_owned());
            }
        }
        Value::Map(names) => {
            for (name, is_given) in names {
                let is_given = match is_given {
                    Value::Bool(is_given) => *is_given,
                    Value::Text(word) if word == "true" => true,
                    Value::Text(word) if word == "false" => false,
                    other => {
                        let message = format!("true or false is wanted, not {other}");
                        return Err(source.at.key(name).fault(FaultCode::Type, message));
                    }
                };
                if is_given { &mut selected.0 } else { &mut selected.1 }.push(name.clone().into_owned());
            }
        }
        Value::Text(name) => selected.0.push(name.clone().into_owned()),
        other => {
            let message = format!("fields are a list of names or an object of names, not {other}");
            return Err(source.at.fault(FaultCode::Type, message));
        }
    }
    let (given, left_out) = selected;
    let path = source.at.to_string();
    Ok(match (given.is_empty(), left_out.is_empty()) {
        (true, true) => None,
        // What is true wins.
        (false, _) => Some(Selected { names: given, are_left_out: false, path }),
        (true, false) => Some(Selected { names: left_out, are_left_out: true, path }),
    })
}

fn read_include(value: &Value<'_>, source: Source<'_>, include: &mut Vec<Inclusion>) -> Result<(), Fault> {
    let mut add = |relation: &str, scope: Filter, at: &Pointer<'_>| {
        let path = at.to_string();
        match include.iter().find(|other| other.relation == relation) {
            Some(other) if other.scope == scope => Ok(()),
            Some(_) => Err(at.fault(FaultCode::Type, format!("`{relation}` is included twice, in two ways"))),
            None => {
                include.push(Inclusion { relation: relation.to_owned(), scope, path });
                Ok(())
            }
        }
    };
    match value {
        Value::Text(relation) => add(relation, Filter::new(), &source.at),
        Value::List(all) => {
            for (place, one) in all.iter().enumerate() {
                read_include(one, Source { at: source.at.place(place), ..source }, include)?;
            }
            Ok(())
        }
        Value::Map(entries) => {
            if let Some(relation) = value.get("relation") {
                let Some(relation) = relation.text() else {
                    let message = format!("the name of a relation is wanted, not {relation}");
                    return Err(source.at.key("relation").fault(FaultCode::Type, message));
                };
                let unknown = entries.iter().find(|(key, _)| key != "relation" && key != "scope");
                if let Some((key, _)) = unknown {
                    let message = format!("there is no `{key}` in an inclusion");
                    return Err(source.at.key(key).unknown(FaultCode::UnknownWord, message, ["relation", "scope"]));
                }
                let scope = match value.get("scope") {
                    Some(scope) => Filter::read(scope, Source { at: source.at.key("scope"), ..source })?,
                    None => Filter::new(),
                };
                return add(relation, scope, &source.at);
            }
            // As LoopBack 3 has it: `{"customer": true}`, `{"customer": "orders"}`.
            for (relation, inside) in entries {
                let at = source.at.key(relation);
                let mut scope = Filter::new();
                match inside {
                    Value::Bool(true) => {}
                    inside => read_include(inside, Source { at, ..source }, &mut scope.include)?,
                }
                add(relation, scope, &at)?;
            }
            Ok(())
        }
        other => {
            let message = format!("an inclusion is the name of a relation, or an object with it, not {other}");
            Err(source.at.fault(FaultCode::Type, message))
        }
    }
}
