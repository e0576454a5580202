//! Numbers.

use bigdecimal::BigDecimal;
use fixed::types::{I16F16, U0F128};
use half::{bf16, f16};
use num_bigint::{BigInt, BigUint};
use num_rational::Ratio;
use primitive_types::{H160, U256};
use uom::si::f64::Length;
use uom::si::length::{kilometer, mile};

use crate::case::zoo;
use crate::harness::{by, eq};

fn big(text: &str) -> BigInt {
    text.parse().expect("a number")
}

fn decimal(text: &str) -> BigDecimal {
    text.parse().expect("a number")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde_repr::Serialize_repr, serde_repr::Deserialize_repr)]
#[repr(i8)]
pub(crate) enum Level {
    Low = -1,
    High = 7,
}

#[enumflags2::bitflags]
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flag {
    First = 1,
    Last = 128,
}

zoo! {
    // fault A2
    bigdecimal_: key BigDecimal => eq([decimal("0"), decimal("1.00"), decimal("-123456789012345678901234567890.5e-40")]);
    big_int: key BigInt => eq([big("0"), big("-1"), big("-340282366920938463463374607431768211456")]);
    big_uint: key BigUint => eq([BigUint::ZERO, BigUint::from(u128::MAX)]);
    ratio: key Ratio<i64> => by(
        |a, b| (a.numer(), a.denom()) == (b.numer(), b.denom()),
        [Ratio::new(1, 3), Ratio::new_raw(2, 4), Ratio::new(i64::MIN, 1)],
    );
    half_f16: field f16 => by(|a, b| a.to_bits() == b.to_bits(), [f16::NEG_ZERO, f16::NAN, f16::MAX, f16::from_f32(0.1)]);
    half_bf16: field bf16 => by(|a, b| a.to_bits() == b.to_bits(), [bf16::NEG_ZERO, bf16::MIN, bf16::from_f32(0.1)]);
    fixed_signed: key I16F16 => eq([I16F16::MIN, I16F16::MAX, I16F16::DELTA]);
    fixed_wide: key U0F128 => eq([U0F128::MIN, U0F128::MAX]);
    uom_length: field Length => eq([Length::new::<kilometer>(1.0), Length::new::<mile>(-0.1)]);
    u256: key U256 => eq([U256::zero(), U256::MAX]);
    h160: key H160 => eq([H160::zero(), H160::repeat_byte(0xff)]);
    bytesize_: key bytesize::ByteSize => eq([bytesize::ByteSize(0), bytesize::ByteSize::kib(3)]);
    serde_repr_: key Level => eq([Level::Low, Level::High]);
    enumflags: key enumflags2::BitFlags<Flag> => eq([enumflags2::BitFlags::empty(), Flag::First | Flag::Last]);
}
