//! The adapters of serde_with.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_with::base64::Base64;
use serde_with::formats::{CommaSeparator, Flexible};
use serde_with::hex::Hex;
use serde_with::json::JsonString;
use serde_with::{
    BoolFromInt, Bytes, DisplayFromStr, DurationMilliSeconds, DurationSeconds, DurationSecondsWithFrac, OneOrMany,
    PickFirst, StringWithSeparator, TimestampSeconds, serde_as, skip_serializing_none,
};

use crate::case::zoo;
use crate::harness::eq;

/// Newtypes of a field with an adapter.
macro_rules! with {
    ($($name:ident: $adapter:literal $of:ty;)*) => {
        $(
            #[serde_as]
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub(crate) struct $name(#[serde_as(as = $adapter)] $of);
        )*
    };
}

with! {
    Displayed: "DisplayFromStr" std::net::Ipv4Addr;
    AsBytes: "Bytes" Vec<u8>;
    AsBase64: "Base64" Vec<u8>;
    AsHex: "Hex" Vec<u8>;
    Pairs: "Vec<(_, _)>" BTreeMap<u8, String>;
    Entries: "BTreeMap<_, DisplayFromStr>" Vec<(u8, u32)>;
    FromInt: "BoolFromInt" bool;
    Separated: "StringWithSeparator::<CommaSeparator, u8>" Vec<u8>;
    WholeSeconds: "DurationSeconds<u64>" Duration;
    Milliseconds: "DurationMilliSeconds<u64>" Duration;
    Fractions: "DurationSecondsWithFrac<String>" Duration;
    Timestamps: "TimestampSeconds<i64>" SystemTime;
    Many: "OneOrMany<_>" Vec<u8>;
    First: "PickFirst<(_, DisplayFromStr)>" u32;
    Json: "JsonString" serde_json::Value;
    Forty: "[_; 40]" [u8; 40];
    FlexibleSeconds: "DurationSeconds<f64, Flexible>" Duration;
}

/// What is absent is left out.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Sparse {
    a: Option<u8>,
    b: Option<String>,
    c: u8,
}

fn sparse(a: Option<u8>, b: Option<&str>) -> Sparse {
    Sparse { a, b: b.map(str::to_owned), c: 3 }
}

zoo! {
    displayed: field Displayed => eq([Displayed(std::net::Ipv4Addr::LOCALHOST)]);
    as_bytes: field AsBytes => eq([AsBytes(vec![]), AsBytes(vec![0xff, 0])]);
    as_base64: field AsBase64 => eq([AsBase64(vec![]), AsBase64(vec![0xff, 0])]);
    as_hex: field AsHex => eq([AsHex(vec![]), AsHex(vec![0xff, 0])]);
    map_as_pairs: field Pairs => eq([Pairs(BTreeMap::new()), Pairs(BTreeMap::from([(1, "x".into())]))]);
    pairs_as_map: field Entries => eq([Entries(vec![]), Entries(vec![(2, 1), (1, 9)])]);
    bool_from_int: field FromInt => eq([FromInt(true), FromInt(false)]);
    separated: field Separated => eq([Separated(vec![]), Separated(vec![1, 255])]);
    // They round.
    duration_seconds: field WholeSeconds => eq([WholeSeconds(Duration::from_secs(2))])
        .refused([WholeSeconds(Duration::from_millis(1_500)), WholeSeconds(Duration::from_nanos(1))]);
    duration_milliseconds: field Milliseconds => eq([Milliseconds(Duration::from_millis(1_500))])
        .refused([Milliseconds(Duration::from_nanos(1))]);
    duration_flexible: field FlexibleSeconds => eq([FlexibleSeconds(Duration::from_secs(2))])
        .refused([FlexibleSeconds(Duration::from_millis(1_600))]);
    timestamp_seconds: field Timestamps => eq([Timestamps(SystemTime::UNIX_EPOCH), Timestamps(SystemTime::UNIX_EPOCH - Duration::from_secs(9))])
        .refused([Timestamps(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500))]);
    duration_fractions: field Fractions => eq([Fractions(Duration::from_millis(1_500))]);
    // fault A2
    one_or_many: field Many => eq([Many(vec![]), Many(vec![1]), Many(vec![1, 2])]);
    pick_first: field First => eq([First(u32::MAX)]);
    json_string: field Json => eq([Json(serde_json::json!({"a": [1, null]})), Json(serde_json::Value::Null)]);
    array_of_forty: field Forty => eq([Forty([7; 40])]);
    // fault A1
    skip_none: key Sparse => eq([sparse(None, None), sparse(Some(0), None), sparse(None, Some("b")), sparse(Some(1), Some(""))]);
}
