//! Values as the bytes have them, for who has no type to ask for.

use std::sync::Arc;

use super::{Decoded, Decoder, id_key};
use crate::codec::error::CodecError;
use crate::codec::tag;
use crate::codec::value::Value;
use crate::id::Id;

impl Decoder<'_, '_> {
    /// Reads a whole value, whatever it is. What it takes beside its bytes is charged against the room, as that of the
    /// values inside of a typed row is.
    pub(crate) fn untyped(&mut self) -> Decoded<Value> {
        self.depth = 0;
        self.any_value()
    }

    fn any_value(&mut self) -> Decoded<Value> {
        let tag = self.tag()?;
        Ok(match tag {
            0..=tag::SMALL => Value::Unsigned(tag.into()),
            tag::TEXT..=tag::TEXT_END | tag::LONG_TEXT => {
                let text = self.text(tag)?;
                self.charge_bytes(text.len())?;
                Value::Text(text.to_owned())
            }
            tag::UINT..tag::NEGATIVE => Value::Unsigned(self.number(usize::from(tag - tag::UINT) + 1)?.into()),
            tag::SMALL_NEGATIVE.. | tag::NEGATIVE..tag::BIG => {
                Value::Negative(self.negative(tag)?.map_or_else(|number| number, i128::from))
            }
            tag::BIG => Value::Unsigned(self.big()?),
            tag::BIG_NEGATIVE => Value::Negative(self.big_negative()?),
            tag::F32 => Value::F32(f32::from_bits(self.number(4)? as u32)),
            tag::F64 => Value::F64(f64::from_bits(self.number(8)?)),
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::NONE => Value::None,
            tag::SOME => Value::Some(self.boxed()?),
            tag::UNIT => Value::Unit,
            tag::BYTES => {
                let length = self.length()?;
                self.charge_bytes(length)?;
                Value::Bytes(self.slice(length)?.to_owned())
            }
            tag::FIRST_ID..=tag::NULL_ID => Value::Reference(Id::from_key(id_key(self.id(tag)?)?)),
            tag::UNIT_VARIANT | tag::SHORT_UNIT_VARIANT..=tag::SHORT_UNIT_VARIANT_END => {
                Value::Variant(Arc::clone(self.variant(tag)?), None)
            }
            tag::VARIANT => {
                let name = Arc::clone(self.variant(tag)?);
                Value::Variant(name, Some(self.boxed()?))
            }
            _ => {
                self.enter()?;
                let value = self.several(tag)?;
                self.leave();
                value
            }
        })
    }

    /// A value that holds others.
    fn several(&mut self, tag: u8) -> Decoded<Value> {
        match tag {
            tag::SHORT_LIST..=tag::SHORT_LIST_END => self.list(usize::from(tag - tag::SHORT_LIST)),
            tag::LIST => {
                let length = self.length()?;
                self.list(length)
            }
            tag::MAP => {
                let length = self.length()?;
                let entries = (0..length).map(|_| {
                    self.charge::<(Value, Value)>()?;
                    Ok((self.any_value()?, self.any_value()?))
                });
                entries.collect::<Decoded<_>>().map(Value::Map)
            }
            tag::STRUCT | tag::SHORT_STRUCT..=tag::SHORT_STRUCT_END => {
                let number = self.struct_number(tag)?;
                let fields = self.fields(number)?.iter();
                let fields = fields.map(|name| {
                    self.charge::<(Arc<str>, Value)>()?;
                    let value = self.any_value().map_err(|error| error.inside(&**name))?;
                    Ok((Arc::clone(name), value))
                });
                fields.collect::<Decoded<_>>().map(Value::Struct)
            }
            _ => Err(CodecError::malformed("a byte is the tag of no value")),
        }
    }

    fn list(&mut self, length: usize) -> Decoded<Value> {
        let elements = (0..length).map(|place| {
            self.charge::<Value>()?;
            self.any_value().map_err(|error| error.at_element(place))
        });
        elements.collect::<Decoded<_>>().map(Value::List)
    }

    fn boxed(&mut self) -> Decoded<Box<Value>> {
        self.enter()?;
        self.charge::<Value>()?;
        let value = self.any_value()?;
        self.leave();
        Ok(value.into())
    }
}
