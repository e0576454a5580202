//! Text and bytes.

use arcstr::ArcStr;
use bytes::{Bytes, BytesMut};
use camino::Utf8PathBuf;
use compact_str::CompactString;
use ecow::{EcoString, EcoVec};
use lasso::{Key, Spur};
use serde::{Deserialize, Serialize};
use serde_big_array::BigArray;
use tinystr::TinyAsciiStr;
use ustr::Ustr;

use crate::case::zoo;
use crate::harness::eq;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Hexadecimal(#[serde(with = "hex")] Vec<u8>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct LongArray(#[serde(with = "BigArray")] [u8; 100]);

fn long(length: usize) -> String {
    "ü".repeat(length)
}

zoo! {
    compact_str_: key CompactString => eq([CompactString::default(), CompactString::from(long(12)), CompactString::from(long(13))]);
    ecow_string: key EcoString => eq([EcoString::new(), EcoString::from(long(20))]);
    ecow_vec: key EcoVec<u8> => eq([EcoVec::new(), EcoVec::from([1, 2])]);
    arcstr_: key ArcStr => eq([ArcStr::new(), ArcStr::from(long(3))]);
    ustr_: key Ustr => eq([Ustr::from(""), Ustr::from("x")]);
    // The number; what it stands for is known to this process's interner alone.
    lasso_spur: key Spur => eq([Spur::try_from_usize(0).expect("one"), Spur::try_from_usize(9).expect("one")]);
    camino_: key Utf8PathBuf => eq([Utf8PathBuf::new(), Utf8PathBuf::from("/a//b/")]);
    tinystr_: key TinyAsciiStr<8> => eq(["a".parse::<TinyAsciiStr<8>>().expect("ASCII"), "12345678".parse().expect("ASCII")]);
    bytes_: key Bytes => eq([Bytes::new(), Bytes::from_static(&[0xff, 0])]);
    bytes_mut: key BytesMut => eq([BytesMut::new(), BytesMut::from(&[0xff, 0][..])]);
    hexadecimal: key Hexadecimal => eq([Hexadecimal(vec![]), Hexadecimal(vec![0xff, 0])]);
    big_array: key LongArray => eq([LongArray([0; 100]), LongArray([255; 100])]);
    blake3_: key blake3::Hash => eq([blake3::hash(b"x")]);
}
