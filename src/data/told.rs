//! What a value tells serde, as a [`Value`]: whole values, or one field of a row without the others.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::value::Value;
use crate::id::{ID_NAME, Id};

/// What serde says of a value that cannot be told or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untold(pub(crate) String);

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Untold {}
impl serde::ser::Error for Untold {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Untold(message.to_string())
    }
}
impl serde::de::Error for Untold {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Untold(message.to_string())
    }
}

/// What a value tells of itself, as for people.
pub(crate) fn value_of<T: Serialize + ?Sized>(value: &T) -> Result<Value<'static>, Untold> {
    value.serialize(Told)
}

/// The field of this name of a row, and of nothing else; `None` where the row tells none.
pub(crate) fn field_of<T: Serialize>(row: &T, name: &str) -> Result<Option<Value<'static>>, Untold> {
    row.serialize(Pick { name })
}

/// A float of 32 bits as the one of 64 that a reader of its digits takes it for.
fn widened(number: f32) -> f64 {
    /// The digits, without an allocation.
    struct Digits {
        bytes: [u8; 64],
        length: usize,
    }
    impl fmt::Write for Digits {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let to = self.length + text.len();
            self.bytes.get_mut(self.length..to).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
            self.length = to;
            Ok(())
        }
    }
    let mut digits = Digits { bytes: [0; 64], length: 0 };
    let text = match write!(digits, "{number:?}") {
        Ok(()) => std::str::from_utf8(&digits.bytes[..digits.length]).ok(),
        Err(_) => None,
    };
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| f64::from(number))
}

struct Told;

type Told1 = Result<Value<'static>, Untold>;

impl Serializer for Told {
    type Ok = Value<'static>;
    type Error = Untold;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Elements;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Entries;

    fn serialize_bool(self, value: bool) -> Told1 {
        Ok(Value::Bool(value))
    }
    fn serialize_i8(self, number: i8) -> Told1 {
        Ok(Value::Integer(number.into()))
    }
    fn serialize_i16(self, number: i16) -> Told1 {
        Ok(Value::Integer(number.into()))
    }
    fn serialize_i32(self, number: i32) -> Told1 {
        Ok(Value::Integer(number.into()))
    }
    fn serialize_i64(self, number: i64) -> Told1 {
        Ok(Value::Integer(number.into()))
    }
    fn serialize_i128(self, number: i128) -> Told1 {
        Ok(Value::Integer(number))
    }
    fn serialize_u8(self, number: u8) -> Told1 {
        Ok(Value::Integer(number.into()))
    }
    fn serialize_u16(self, number: u16) -> Told1 {
        Ok(Value::Integer(number.into()))
    }
    fn serialize_u32(self, number: u32) -> Told1 {
        Ok(Value::Integer(number.into()))
    }
    fn serialize_u64(self, number: u64) -> Told1 {
        Ok(Value::Integer(number.into()))
    }
    #[expect(clippy::cast_precision_loss, reason = "there is no integer for it")]
    fn serialize_u128(self, number: u128) -> Told1 {
        Ok(i128::try_from(number).map_or(Value::Float(number as f64), Value::Integer))
    }
    fn serialize_f32(self, number: f32) -> Told1 {
        Ok(Value::Float(widened(number)))
    }
    fn serialize_f64(self, number: f64) -> Told1 {
        Ok(Value::Float(number))
    }
    fn serialize_char(self, letter: char) -> Told1 {
        Ok(Value::Text(letter.to_string().into()))
    }
    fn serialize_str(self, text: &str) -> Told1 {
        Ok(Value::Text(text.to_owned().into()))
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Told1 {
        Ok(Value::Bytes(bytes.to_owned().into()))
    }
    fn serialize_none(self) -> Told1 {
        Ok(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Told1 {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Told1 {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Told1 {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Told1 {
        Ok(Value::Text(variant.into()))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Told1 {
        // An id is what it is, and not its text.
        if name == ID_NAME { value.serialize(BareId) } else { value.serialize(self) }
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Told1 {
        Ok(Value::Map(vec![(variant.into(), value.serialize(Told)?)]))
    }
    fn serialize_seq(self, length: Option<usize>) -> Result<Elements, Untold> {
        Ok(Elements { variant: None, list: Vec::with_capacity(length.unwrap_or(0).min(1024)) })
    }
    fn serialize_tuple(self, length: usize) -> Result<Elements, Untold> {
        self.serialize_seq(Some(length))
    }
    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Elements, Untold> {
        self.serialize_seq(Some(length))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements, Untold> {
        Ok(Elements { variant: Some(variant), list: Vec::new() })
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Entries, Untold> {
        Ok(Entries::default())
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries, Untold> {
        Ok(Entries::default())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries, Untold> {
        Ok(Entries { variant: Some(variant), ..Entries::default() })
    }
}

struct Elements {
    variant: Option<&'static str>,
    list: Vec<Value<'static>>,
}

fn in_variant(variant: Option<&'static str>, value: Value<'static>) -> Value<'static> {
    match variant {
        Some(variant) => Value::Map(vec![(variant.into(), value)]),
        None => value,
    }
}

macro_rules! elements {
    ($($kind:ident, $method:ident;)+) => {$(
        impl $kind for Elements {
            type Ok = Value<'static>;
            type Error = Untold;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Untold> {
                self.list.push(value_of(value)?);
                Ok(())
            }
            fn end(self) -> Told1 {
                Ok(in_variant(self.variant, Value::List(self.list)))
            }
        }
    )+};
}
elements! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field;
}

#[derive(Default)]
struct Entries {
    variant: Option<&'static str>,
    key: Option<Cow<'static, str>>,
    map: Vec<(Cow<'static, str>, Value<'static>)>,
}

impl SerializeMap for Entries {
    type Ok = Value<'static>;
    type Error = Untold;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Untold> {
        self.key = Some(key_of(key)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Untold> {
        let key = self.key.take().unwrap_or_default();
        self.map.push((key, value_of(value)?));
        Ok(())
    }
    fn end(self) -> Told1 {
        Ok(in_variant(self.variant, Value::Map(self.map)))
    }
}

/// The key of a map as JSON has it.
fn key_of<T: Serialize + ?Sized>(key: &T) -> Result<Cow<'static, str>, Untold> {
    Ok(match value_of(key)? {
        Value::Text(text) => text,
        Value::Integer(number) => number.to_string().into(),
        Value::Bool(value) => value.to_string().into(),
        Value::Id(id) => id.to_string().into(),
        _ => return Err(Untold("the key of a map is no text".to_owned())),
    })
}

macro_rules! fields {
    ($($kind:ident)+) => {$(
        impl $kind for Entries {
            type Ok = Value<'static>;
            type Error = Untold;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Untold> {
                self.map.push((key.into(), value_of(value)?));
                Ok(())
            }
            fn end(self) -> Told1 {
                Ok(in_variant(self.variant, Value::Map(self.map)))
            }
        }
    )+};
}
fields!(SerializeStruct SerializeStructVariant);

/// What all but a few kinds of value are to a serializer that wants one of these.
macro_rules! refuse_all_but {
    ($wanted:literal; $($kind:ident),*) => {
        $(refuse_all_but!(@ $kind $wanted);)*
    };
    (@ scalars $wanted:literal) => {
        refuse_all_but!(@ each $wanted serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32)
            serialize_i64(i64) serialize_i128(i128) serialize_u8(u8) serialize_u16(u16) serialize_u32(u32)
            serialize_u128(u128) serialize_f32(f32) serialize_f64(f64) serialize_char(char) serialize_bytes(&[u8]));
        fn serialize_none(self) -> Result<Self::Ok, Untold> { Err(Untold($wanted.to_owned())) }
        fn serialize_unit(self) -> Result<Self::Ok, Untold> { Err(Untold($wanted.to_owned())) }
        fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok, Untold> { Err(Untold($wanted.to_owned())) }
        fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<Self::Ok, Untold> {
            Err(Untold($wanted.to_owned()))
        }
        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self, _: &'static str, _: u32, _: &'static str, _: &T,
        ) -> Result<Self::Ok, Untold> { Err(Untold($wanted.to_owned())) }
        fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Untold> { Err(Untold($wanted.to_owned())) }
        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Untold> { Err(Untold($wanted.to_owned())) }
        fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Untold> {
            Err(Untold($wanted.to_owned()))
        }
        fn serialize_tuple_variant(
            self, _: &'static str, _: u32, _: &'static str, _: usize,
        ) -> Result<Self::SerializeTupleVariant, Untold> { Err(Untold($wanted.to_owned())) }
        fn serialize_struct_variant(
            self, _: &'static str, _: u32, _: &'static str, _: usize,
        ) -> Result<Self::SerializeStructVariant, Untold> { Err(Untold($wanted.to_owned())) }
    };
    (@ number $wanted:literal) => { refuse_all_but!(@ each $wanted serialize_u64(u64)); };
    (@ text $wanted:literal) => { refuse_all_but!(@ each $wanted serialize_str(&str)); };
    (@ object $wanted:literal) => {
        fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Untold> { Err(Untold($wanted.to_owned())) }
        fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Untold> {
            Err(Untold($wanted.to_owned()))
        }
    };
    (@ inside $wanted:literal) => {
        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Untold> { value.serialize(self) }
        fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Self::Ok, Untold> {
            value.serialize(self)
        }
    };
    (@ each $wanted:literal $($method:ident($type:ty))+) => {
        $(fn $method(self, _: $type) -> Result<Self::Ok, Untold> { Err(Untold($wanted.to_owned())) })+
    };
}
pub(super) use refuse_all_but;

/// What is under [`ID_NAME`], as the number that it is.
struct BareId;

impl Serializer for BareId {
    type Ok = Value<'static>;
    type Error = Untold;
    type SerializeSeq = Impossible<Value<'static>, Untold>;
    type SerializeTuple = Impossible<Value<'static>, Untold>;
    type SerializeTupleStruct = Impossible<Value<'static>, Untold>;
    type SerializeTupleVariant = Impossible<Value<'static>, Untold>;
    type SerializeMap = Impossible<Value<'static>, Untold>;
    type SerializeStruct = Impossible<Value<'static>, Untold>;
    type SerializeStructVariant = Impossible<Value<'static>, Untold>;

    fn is_human_readable(&self) -> bool {
        false
    }
    fn serialize_u64(self, bits: u64) -> Told1 {
        Ok(Value::Id(Id::from_key(slotmap::KeyData::from_ffi(bits).into())))
    }
    refuse_all_but!("an id is a number"; scalars, text, object, inside);
}

/// One field of a row.
struct Pick<'n> {
    name: &'n str,
}

struct Picked<'n> {
    name: &'n str,
    is_next: bool,
    found: Option<Value<'static>>,
}

impl<'n> Serializer for Pick<'n> {
    type Ok = Option<Value<'static>>;
    type Error = Untold;
    type SerializeSeq = Impossible<Self::Ok, Untold>;
    type SerializeTuple = Impossible<Self::Ok, Untold>;
    type SerializeTupleStruct = Impossible<Self::Ok, Untold>;
    type SerializeTupleVariant = Impossible<Self::Ok, Untold>;
    type SerializeMap = Picked<'n>;
    type SerializeStruct = Picked<'n>;
    type SerializeStructVariant = Impossible<Self::Ok, Untold>;

    fn serialize_map(self, _: Option<usize>) -> Result<Picked<'n>, Untold> {
        Ok(Picked { name: self.name, is_next: false, found: None })
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Picked<'n>, Untold> {
        self.serialize_map(None)
    }
    refuse_all_but!("a row is an object"; scalars, number, text, inside);
}

impl SerializeStruct for Picked<'_> {
    type Ok = Option<Value<'static>>;
    type Error = Untold;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Untold> {
        if key == self.name {
            self.found = Some(value_of(value)?);
        }
        Ok(())
    }
    fn end(self) -> Result<Self::Ok, Untold> {
        Ok(self.found)
    }
}

impl SerializeMap for Picked<'_> {
    type Ok = Option<Value<'static>>;
    type Error = Untold;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Untold> {
        self.is_next = key_of(key)? == self.name;
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Untold> {
        if std::mem::take(&mut self.is_next) {
            self.found = Some(value_of(value)?);
        }
        Ok(())
    }
    fn end(self) -> Result<Self::Ok, Untold> {
        Ok(self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_float_is_what_its_digits_are() {
        for (short, long) in [(0.1_f32, 0.1_f64), (f32::MAX, 3.402_823_5e38), (-1.5, -1.5), (1e-45, 1e-45)] {
            assert_eq!(widened(short).to_bits(), long.to_bits());
        }
        assert!(widened(f32::NAN).is_nan());
    }
}
