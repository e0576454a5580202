//! A value without its type, as JSON knows values: what filters and writes by name are made of, and what rows are read as.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::error::{DataError, Pointer};
use crate::id::Id;

/// How deep a value may nest: objects and lists are counted, as LoopBack counts them in a filter.
pub(crate) const NESTING_MAX: usize = 32;

/// A value of a field by itself, or a part of a filter: what JSON can say, and the id of a row.
///
/// It borrows from the row that it was read from, or from nothing. A number of any width up to 127 bits is an
/// [`Integer`](Value::Integer); one of a JSON text that is none, or is longer, a [`Float`](Value::Float).
///
/// ```
/// use relata::data::Value;
///
/// let value = Value::from_json(r#"{"name": "Argo", "crew": 50}"#)?;
/// assert_eq!(value.get("crew"), Some(&Value::Integer(50)));
/// assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"name":"Argo","crew":50}"#);
/// # Ok::<(), relata::data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Integer(i128),
    /// A float.
    Float(f64),
    /// A text, a character, the name of a variant.
    Text(Cow<'a, str>),
    /// Bytes, of a type that says so.
    Bytes(Cow<'a, [u8]>),
    /// The id of a row, of whichever table its field refers to. As JSON it is a text.
    Id(Id<()>),
    /// A list, a set, a tuple.
    List(Vec<Value<'a>>),
    /// A struct or a map by texts, in its order.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// Reads a JSON text. An object that has a key twice, or `__proto__`, is refused, as is what nests deeper than 32.
    pub fn from_json(text: &str) -> Result<Value<'static>, DataError> {
        let value: Value<'static> =
            serde_json::from_str(text).map_err(|error| DataError::not_json(text, &error.to_string()))?;
        if value.is_deeper_than(NESTING_MAX) {
            return Err(DataError::too_deep(&Pointer::root(), NESTING_MAX));
        }
        Ok(value)
    }

    /// The value of this key of a map.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.map()?.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text that it is.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn map(&self) -> Option<&[(Cow<'a, str>, Value<'a>)]> {
        if let Value::Map(entries) = self { Some(entries) } else { None }
    }

    pub(crate) fn list(&self) -> Option<&[Value<'a>]> {
        if let Value::List(elements) = self { Some(elements) } else { None }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether objects and lists are nested deeper. As deep as that is recursed, and no deeper.
    pub(crate) fn is_deeper_than(&self, most: usize) -> bool {
        match self {
            Value::List(elements) => most == 0 || elements.iter().any(|element| element.is_deeper_than(most - 1)),
            Value::Map(entries) => most == 0 || entries.iter().any(|(_, value)| value.is_deeper_than(most - 1)),
            _ => false,
        }
    }

    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Integer(number) => Value::Integer(number),
            Value::Float(number) => Value::Float(number),
            Value::Text(text) => Value::Text(text.into_owned().into()),
            Value::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
            Value::Id(id) => Value::Id(id),
            Value::List(elements) => Value::List(elements.into_iter().map(Value::into_owned).collect()),
            Value::Map(entries) => Value::Map(
                entries.into_iter().map(|(key, value)| (key.into_owned().into(), value.into_owned())).collect(),
            ),
        }
    }

    /// How it compares with a value that was asked for: numbers by what they are, exactly, texts by their bytes, truth values
    /// and ids among each other. `None` where that is said of no such two.
    pub(crate) fn compare(&self, asked: &Value<'_>) -> Option<Ordering> {
        match (self, asked) {
            (Value::Bool(own), Value::Bool(asked)) => own.partial_cmp(asked),
            (Value::Integer(own), Value::Integer(asked)) => own.partial_cmp(asked),
            (Value::Float(own), Value::Float(asked)) => own.partial_cmp(asked),
            (Value::Integer(own), Value::Float(asked)) => integer_to_float(*own, *asked),
            (Value::Float(own), Value::Integer(asked)) => integer_to_float(*asked, *own).map(Ordering::reverse),
            (Value::Text(own), Value::Text(asked)) => own.partial_cmp(asked),
            (Value::Id(own), Value::Id(asked)) => own.partial_cmp(asked),
            (Value::Id(own), Value::Text(asked)) => asked.parse().ok().and_then(|asked| own.partial_cmp(&asked)),
            _ => None,
        }
    }

    /// Whether it is a value that was asked for.
    pub(crate) fn is(&self, asked: &Value<'_>) -> bool {
        match (self, asked) {
            (Value::Null, Value::Null) => true,
            (Value::Bytes(own), Value::Bytes(asked)) => own == asked,
            (Value::List(own), Value::List(asked)) => {
                own.len() == asked.len() && own.iter().zip(asked).all(|(own, asked)| own.is(asked))
            }
            // The keys of a map have no order that a client could know.
            (Value::Map(own), Value::Map(asked)) => {
                own.len() == asked.len()
                    && own.iter().all(|(key, own)| asked.iter().any(|(other, asked)| other == key && own.is(asked)))
            }
            _ => self.compare(asked) == Some(Ordering::Equal),
        }
    }
}

/// An integer with a float, exactly.
fn integer_to_float(integer: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // 2^127 is a float, so that what is not less is greater than any integer here.
    if float >= 170_141_183_460_469_231_731_687_303_715_884_105_728.0 {
        return Some(Ordering::Less);
    }
    if float < -170_141_183_460_469_231_731_687_303_715_884_105_728.0 {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    let by_whole = integer.cmp(&(whole as i128));
    Some(by_whole.then_with(|| {
        if float > whole {
            Ordering::Less
        } else if float < whole {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    }))
}

macro_rules! from {
    ($($type:ty, $value:ident => $made:expr;)+) => {$(
        impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self {
                $made
            }
        }
    )+};
}
from! {
    bool, value => Value::Bool(value);
    i32, value => Value::Integer(value.into());
    i64, value => Value::Integer(value.into());
    u32, value => Value::Integer(value.into());
    u64, value => Value::Integer(value.into());
    f64, value => Value::Float(value);
    &'a str, value => Value::Text(value.into());
    String, value => Value::Text(value.into());
    Vec<Value<'a>>, value => Value::List(value);
}
impl<M> From<Id<M>> for Value<'_> {
    fn from(id: Id<M>) -> Self {
        Value::Id(Id::from_key(id.key()))
    }
}

impl fmt::Display for Value<'_> {
    /// As JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_none(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => serializer.serialize_i64(number),
                (_, Ok(number)) => serializer.serialize_u64(number),
                _ => serializer.serialize_i128(*number),
            },
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Value::Id(id) => id.serialize(serializer),
            Value::List(elements) => serializer.collect_seq(elements),
            Value::Map(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (&**key, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Value<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Integer(number.into()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Integer(number.into()))
    }
    fn visit_i128<E>(self, number: i128) -> Result<Self::Value, E> {
        Ok(Value::Integer(number))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Float(number))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(text.to_owned().into()))
    }
    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Value::Bytes(bytes.to_owned().into()))
    }
    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Value::deserialize(deserializer)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Value::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map: Vec<(Cow<'static, str>, Value<'static>)> = Vec::new();
        let mut names = hashbrown::HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key == "__proto__" {
                return Err(de::Error::custom("JSON string cannot contain \"__proto__\" key."));
            }
            if !names.insert(key.clone()) {
                return Err(de::Error::custom(format_args!("the key `{key}` is there twice")));
            }
            map.push((key.into(), entries.next_value()?));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_what_they_are() {
        let cases = [
            (5, 5.0, Some(Ordering::Equal)),
            (5, 5.5, Some(Ordering::Less)),
            (-5, -5.5, Some(Ordering::Greater)),
            (i128::MAX, 1e39, Some(Ordering::Less)),
            (i128::MIN, -1e39, Some(Ordering::Greater)),
            ((1 << 53) + 1, 9_007_199_254_740_992.0, Some(Ordering::Greater)),
            (0, f64::INFINITY, Some(Ordering::Less)),
            (0, f64::NAN, None),
        ];
        for (integer, float, order) in cases {
            assert_eq!(Value::Integer(integer).compare(&Value::Float(float)), order, "{integer} {float}");
            assert_eq!(
                Value::Float(float).compare(&Value::Integer(integer)),
                order.map(Ordering::reverse),
                "{float} {integer}"
            );
        }
    }

    #[test]
    fn json_that_could_mean_two_things_is_refused() {
        let twice = Value::from_json(r#"{"a": 1, "a": 2}"#).unwrap_err().to_string();
        assert!(twice.contains("`a` is there twice"), "{twice}");
        let proto = Value::from_json(r#"{"a": {"__proto__": 2}}"#).unwrap_err().to_string();
        assert!(proto.contains("cannot contain \"__proto__\" key"), "{proto}");
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Value::from_json(&deep(NESTING_MAX)).is_ok());
        assert!(Value::from_json(&deep(NESTING_MAX + 1)).is_err());
        assert!(Value::from_json(&deep(100_000)).is_err());
    }
}
