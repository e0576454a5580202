//! The types of the standard library that come back by construction.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Lossless, LosslessReader, LosslessWriter, other};
use crate::codec::error::CodecError;
use crate::id::Id;

/// Types whose `Serialize` and `Deserialize` are those of the standard library or our own.
macro_rules! through_serde {
    ($($type:ty),+) => {$(
        impl Lossless for $type {
            #[inline]
            fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
                self.serialize(&mut *out.0)
            }
            #[inline]
            fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
                Self::deserialize(&mut *from.0)
            }
        }
    )+};
}
through_serde!(bool, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, char, String, ());

/// Floats are taken by their bits: a float of another width, or a number, is not what was written.
macro_rules! floats {
    ($($type:ty, $read:ident);+) => {$(
        impl Lossless for $type {
            #[inline]
            fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
                self.serialize(&mut *out.0)
            }
            #[inline]
            fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
                from.0.$read()
            }
        }
    )+};
}
floats!(f32, f32; f64, f64);

impl<M: 'static> Lossless for Id<M> {
    #[inline]
    fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
        out.0.put_id_of(*self);
        Ok(())
    }
    #[inline]
    fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
        from.0.id_of()
    }
}

impl<T: Lossless> Lossless for Option<T> {
    #[inline]
    fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
        match self {
            None => out.0.put_none(),
            Some(value) => {
                let before = out.0.bytes().len();
                value.write(out)?;
                out.0.mark_some(before);
            }
        }
        Ok(())
    }
    #[inline]
    fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
        if from.0.is_none()? { Ok(None) } else { T::read(from).map(Some) }
    }
}

impl<T: Lossless> Lossless for Box<T> {
    #[inline]
    fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
        out.0.begin_box()?;
        (**self).write(out)?;
        out.0.end();
        Ok(())
    }
    #[inline]
    fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
        from.0.enter_value::<T>()?;
        let value = T::read(from)?;
        from.0.leave_value::<T>();
        Ok(Box::new(value))
    }
}

fn write_all<'a, T: Lossless + 'a>(
    values: impl ExactSizeIterator<Item = &'a T>,
    out: &mut LosslessWriter<'_>,
) -> Result<(), CodecError> {
    out.0.begin_list(values.len())?;
    for value in values {
        out.0.begin_box()?;
        value.write(out)?;
        out.0.end();
    }
    out.0.end();
    Ok(())
}

fn read_all<T: Lossless>(from: &mut LosslessReader<'_, '_, '_>, mut take: impl FnMut(T)) -> Result<usize, CodecError> {
    let length = from.0.begin_list()?;
    for _ in 0..length {
        from.0.enter_value::<T>()?;
        take(T::read(from)?);
        from.0.leave_value::<T>();
    }
    from.0.end();
    Ok(length)
}

impl<T: Lossless> Lossless for Vec<T> {
    fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
        write_all(self.iter(), out)
    }
    fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
        let mut all = Vec::new();
        read_all(from, |value| all.push(value))?;
        Ok(all)
    }
}

/// serde has arrays of up to 32 elements.
macro_rules! arrays {
    ($($length:literal)+) => {$(
        impl<T: Lossless> Lossless for [T; $length] {
            fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
                write_all(self.iter(), out)
            }
            fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
                Vec::read(from)?.try_into().map_err(|_| other())
            }
        }
    )+};
}
arrays!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);

macro_rules! tuples {
    ($($length:literal: $($part:ident $place:tt),+;)+) => {$(
        impl<$($part: Lossless),+> Lossless for ($($part,)+) {
            #[inline]
            fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
                out.0.begin_list($length)?;
                $(self.$place.write(out)?;)+
                out.0.end();
                Ok(())
            }
            #[inline]
            fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
                from.list($length)?;
                let all = ($($part::read(from)?,)+);
                from.0.end();
                Ok(all)
            }
        }
    )+};
}
tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
}

// A key whose order is not that of its equality would let entries of a map be lost: only keys of our own choice are taken.
macro_rules! maps {
    ($($key:ty),+) => {$(
        impl Lossless for BTreeSet<$key> {
            fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
                write_all(self.iter(), out)
            }
            fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
                let mut all = BTreeSet::new();
                read_all(from, |value| {
                    all.insert(value);
                })?;
                Ok(all)
            }
        }
        impl<V: Lossless> Lossless for BTreeMap<$key, V> {
            fn write(&self, out: &mut LosslessWriter<'_>) -> Result<(), CodecError> {
                out.0.begin_map(self.len())?;
                for (key, value) in self {
                    key.write(out)?;
                    value.write(out)?;
                }
                out.0.end();
                Ok(())
            }
            fn read(from: &mut LosslessReader<'_, '_, '_>) -> Result<Self, CodecError> {
                let length = from.0.begin_map()?;
                let mut all = BTreeMap::new();
                for _ in 0..length {
                    from.0.charge::<($key, V)>()?;
                    let key = <$key>::read(from)?;
                    all.insert(key, V::read(from)?);
                }
                from.0.end();
                Ok(all)
            }
        }
    )+};
}
maps!(bool, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, char, String);
