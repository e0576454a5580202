//! The first byte of every value, and the numbers that follow one.

/// Up to here a tag is an unsigned integer itself.
pub(super) const SMALL: u8 = 0x7f;
/// A text of up to 31 bytes: its length in the lower five bits.
pub(super) const TEXT: u8 = 0x80;
pub(super) const TEXT_END: u8 = 0x9f;
/// An unsigned integer of 1 to 8 bytes.
pub(super) const UINT: u8 = 0xa0;
/// A negative one: what follows, of 1 to 8 bytes, is -1 less the number.
pub(super) const NEGATIVE: u8 = 0xa8;
/// Of 16 bytes.
pub(super) const BIG: u8 = 0xb0;
pub(super) const BIG_NEGATIVE: u8 = 0xb1;
pub(super) const F32: u8 = 0xb2;
pub(super) const F64: u8 = 0xb3;
pub(super) const FALSE: u8 = 0xb4;
pub(super) const TRUE: u8 = 0xb5;
pub(super) const NONE: u8 = 0xb6;
/// Before a value that begins with [`NONE`], [`SOME`] or [`UNIT`] itself; every other one is there without.
pub(super) const SOME: u8 = 0xb7;
pub(super) const UNIT: u8 = 0xb8;
/// A text of any length, which follows.
pub(super) const LONG_TEXT: u8 = 0xb9;
pub(super) const BYTES: u8 = 0xba;
pub(super) const LIST: u8 = 0xbb;
pub(super) const MAP: u8 = 0xbc;
/// A list whose length is said by the tag: 0 to 7.
pub(super) const SHORT_LIST: u8 = 0xf0;
pub(super) const SHORT_LIST_END: u8 = 0xf7;
/// The id of the first row of a slot: the slot's number in 1 to 4 bytes.
pub(super) const FIRST_ID: u8 = 0xc0;
/// Any other id: slot and generation in 4 bytes each.
pub(super) const ID: u8 = 0xc4;
pub(super) const NULL_ID: u8 = 0xc5;
/// A struct: the number of its names, then the values.
pub(super) const STRUCT: u8 = 0xc6;
/// A struct whose number is said by the tag: 0 to 15.
pub(super) const SHORT_STRUCT: u8 = 0xd0;
pub(super) const SHORT_STRUCT_END: u8 = 0xdf;
/// A variant that has a value: the number of its name, then the value.
pub(super) const VARIANT: u8 = 0xc7;
/// A variant that has none.
pub(super) const UNIT_VARIANT: u8 = 0xc8;
/// A variant without a value whose number is said by the tag: 0 to 15.
pub(super) const SHORT_UNIT_VARIANT: u8 = 0xe0;
pub(super) const SHORT_UNIT_VARIANT_END: u8 = 0xef;
/// A negative integer from -1 to -8.
pub(super) const SMALL_NEGATIVE: u8 = 0xf8;

// Between rows.

/// The names of the fields of a struct: their number, how many there are, and each as a length and the text.
pub(super) const DEFINE_FIELDS: u8 = 0xc9;
/// The name of a variant: its number and the text.
pub(super) const DEFINE_VARIANT: u8 = 0xca;
/// In the place of a row whose id is reserved: in the hash of the state only.
pub(super) const RESERVED: u8 = 0xcb;

/// Appends a number in groups of seven bits, the lowest first, each but the last with the highest bit set.
pub(super) fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads such a number and moves the place behind it; `None` where the bytes end first, or say more than 64 bits.
pub(super) fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        let bits = u64::from(byte & 0x7f);
        number |= bits << shift;
        if byte < 0x80 {
            return (shift < 63 || bits < 2).then_some(number);
        }
    }
    None
}
