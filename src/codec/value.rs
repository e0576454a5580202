//! A value without its type: what a file says of it.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::id::Id;

/// A row of a file, or a part of one, as the file has it: without the type that it was saved from.
///
/// Two values are equal where a file would hold the same: floats by their bits, so that a NaN equals itself.
///
/// It serialises for people to read, and not to be read back as it was: ids as text (`"3v1"`), bytes as text in
/// hexadecimal, floats that are no number as `"NaN"`, `"inf"` and `"-inf"`, integers of any width as numbers, a
/// variant as its name or as a map from its name, a map as one where its keys are all texts, all integers, all ids or
/// all names of variants, else as a list of pairs.
///
/// ```
/// use relata::snapshot::Value;
///
/// let size = Value::Struct(vec![("width".into(), Value::Unsigned(3)), ("depth".into(), Value::None)]);
/// assert_eq!(size.get("width"), Some(&Value::Unsigned(3)));
/// assert_eq!(serde_json::to_string(&size).unwrap(), r#"{"width":3,"depth":null}"#);
/// ```
#[derive(Debug, Clone)]
pub enum Value {
    /// An option without a value.
    None,
    /// An option whose value is an option again. Every other option that has a value is that value.
    Some(Box<Value>),
    /// `()`, or a struct without fields of its own kind.
    Unit,
    /// A truth value.
    Bool(bool),
    /// An integer of any width that is not negative.
    Unsigned(u128),
    /// A negative integer of any width.
    Negative(i128),
    /// A float of 32 bits.
    F32(f32),
    /// A float of 64 bits.
    F64(f64),
    /// A text or a `char`.
    Text(String),
    /// Bytes, of a type that says so.
    Bytes(Vec<u8>),
    /// The id of a row, of whichever table its field refers to.
    Reference(Id<()>),
    /// A list, a set, an array or a tuple.
    List(Vec<Value>),
    /// A map: keys and values in their stored order.
    Map(Vec<(Value, Value)>),
    /// A struct: the names of its fields, as serde knows them, and their values.
    Struct(Vec<(Arc<str>, Value)>),
    /// A variant of an enum, by its name, with what it holds.
    Variant(Arc<str>, Option<Box<Value>>),
}

impl Value {
    /// The value of the field of this name, of a struct or of a map from texts.
    pub fn get(&self, field: &str) -> Option<&Value> {
        match self {
            Value::Struct(fields) => fields.iter().find(|(name, _)| &**name == field).map(|(_, value)| value),
            Value::Map(entries) => {
                let is_named = |key: &Value| matches!(key, Value::Text(name) if name == field);
                entries.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// What keys of a map have in common that stay apart as texts; `None` where they might not.
    fn kind_of_key(&self) -> Option<u8> {
        match self {
            Value::Text(_) => Some(0),
            Value::Unsigned(_) | Value::Negative(_) => Some(1),
            Value::Reference(_) => Some(2),
            Value::Variant(_, None) => Some(3),
            _ => None,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::None, Value::None) | (Value::Unit, Value::Unit) => true,
            (Value::Some(left), Value::Some(right)) => left == right,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Unsigned(left), Value::Unsigned(right)) => left == right,
            (Value::Negative(left), Value::Negative(right)) => left == right,
            (Value::F32(left), Value::F32(right)) => left.to_bits() == right.to_bits(),
            (Value::F64(left), Value::F64(right)) => left.to_bits() == right.to_bits(),
            (Value::Text(left), Value::Text(right)) => left == right,
            (Value::Bytes(left), Value::Bytes(right)) => left == right,
            (Value::Reference(left), Value::Reference(right)) => left == right,
            (Value::List(left), Value::List(right)) => left == right,
            (Value::Map(left), Value::Map(right)) => left == right,
            (Value::Struct(left), Value::Struct(right)) => left == right,
            (Value::Variant(left, of_left), Value::Variant(right, of_right)) => left == right && of_left == of_right,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::None => serializer.serialize_none(),
            Value::Some(value) => one_entry(serializer, "Some", value),
            Value::Unit => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Unsigned(number) => match u64::try_from(*number) {
                Ok(number) => serializer.serialize_u64(number),
                Err(_) => serializer.serialize_u128(*number),
            },
            Value::Negative(number) => match i64::try_from(*number) {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.serialize_i128(*number),
            },
            Value::F32(number) if number.is_finite() => serializer.serialize_f32(*number),
            Value::F32(number) => serializer.collect_str(number),
            Value::F64(number) if number.is_finite() => serializer.serialize_f64(*number),
            Value::F64(number) => serializer.collect_str(number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => {
                let mut hexadecimal = String::with_capacity(2 * bytes.len());
                for byte in bytes {
                    let _ = write!(hexadecimal, "{byte:02x}");
                }
                serializer.serialize_str(&hexadecimal)
            }
            Value::Reference(id) if id.is_null() => serializer.serialize_str("null"),
            Value::Reference(id) => serializer.collect_str(id),
            Value::List(values) => serializer.collect_seq(values),
            Value::Map(entries) => {
                let kind = entries.first().map_or(Some(0), |(key, _)| key.kind_of_key());
                if kind.is_some() && entries.iter().all(|(key, _)| key.kind_of_key() == kind) {
                    serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
                } else {
                    serializer.collect_seq(entries)
                }
            }
            Value::Struct(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (&**name, value))),
            Value::Variant(name, None) => serializer.serialize_str(name),
            Value::Variant(name, Some(value)) => one_entry(serializer, name, value),
        }
    }
}

fn one_entry<S: Serializer>(serializer: S, name: &str, value: &Value) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, value)?;
    map.end()
}
