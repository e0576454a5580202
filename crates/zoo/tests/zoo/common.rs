//! The crates whose types are met most.

use bitflags::bitflags;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use indexmap::{IndexMap, IndexSet};
use ordered_float::{NotNan, OrderedFloat};
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};
use smol_str::SmolStr;
use time::macros::{date, datetime, offset, time};
use time::{OffsetDateTime, PrimitiveDateTime, UtcDateTime, UtcOffset};
use url::Url;
use uuid::{NonNilUuid, Uuid};

use crate::case::zoo;
use crate::harness::{both_ways, by, eq, text};

bitflags! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
    pub(crate) struct Rights: u8 {
        const READ = 1;
        const WRITE = 2;
    }
}

/// 2026-11-29T12:00:00 at an offset of so many seconds.
fn at_offset(seconds: i32) -> DateTime<FixedOffset> {
    let noon = NaiveDate::from_ymd_opt(2026, 11, 29).and_then(|day| day.and_hms_opt(12, 0, 0)).expect("a time");
    FixedOffset::east_opt(seconds).expect("an offset").from_local_datetime(&noon).single().expect("a time")
}

fn leap_second() -> NaiveTime {
    NaiveTime::from_hms_nano_opt(23, 59, 59, 1_999_999_999).expect("a time")
}

/// A time as its whole seconds, as a field is with this attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Seconds(#[serde(with = "chrono::serde::ts_seconds")] DateTime<Utc>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Nanoseconds(#[serde(with = "chrono::serde::ts_nanoseconds")] DateTime<Utc>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Timestamp(#[serde(with = "time::serde::timestamp")] OffsetDateTime);

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Rfc3339(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Price(#[serde(with = "rust_decimal::serde::str")] Decimal);

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Short(#[serde(with = "uuid::serde::compact")] Uuid);

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Blob(#[serde(with = "serde_bytes")] Vec<u8>);

fn instant(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).expect("in range")
}

fn year_2500() -> DateTime<Utc> {
    instant(16_725_225_600_000)
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("no object: {value}") };
    map
}

fn every_kind() -> Value {
    json!({"text": "x", "list": [1, -1, 0.5, null, true, {}], "big": u64::MAX, "small": i64::MIN, "": [[]]})
}

fn raw(text: &str) -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::from_string(text.to_owned()).expect("JSON")
}

zoo! {
    uuid_: key Uuid => eq([Uuid::nil(), Uuid::max(), Uuid::from_u128(0x0192_0304)]);
    uuid_not_nil: key NonNilUuid => eq([NonNilUuid::new(Uuid::max()).expect("not nil")]);
    uuid_hyphenated: key uuid::fmt::Hyphenated => eq([Uuid::max().hyphenated()]);
    uuid_compact: key Short => eq([Short(Uuid::max())]);

    chrono_utc: key DateTime<Utc> => eq([
        DateTime::<Utc>::MIN_UTC,
        DateTime::<Utc>::MAX_UTC,
        DateTime::UNIX_EPOCH,
        instant(-1),
        NaiveDate::from_ymd_opt(2016, 12, 31).expect("a day").and_time(leap_second()).and_utc(),
    ]);
    // fault A3: seconds in an offset have no place in the text.
    chrono_fixed: key DateTime<FixedOffset> => eq([at_offset(0), at_offset(19_800), at_offset(-43_200)])
        .refused([at_offset(28), at_offset(-1_172)]);
    chrono_local: key DateTime<chrono::Local> => eq([instant(0).with_timezone(&chrono::Local)]);
    chrono_naive: key NaiveDateTime => eq([NaiveDateTime::MIN, NaiveDateTime::MAX]);
    chrono_date: key NaiveDate => eq([NaiveDate::MIN, NaiveDate::MAX]);
    chrono_time: key NaiveTime => eq([NaiveTime::MIN, leap_second()]);
    chrono_delta: key TimeDelta => eq([TimeDelta::MIN, TimeDelta::zero(), TimeDelta::MAX]);
    chrono_weekday: key chrono::Weekday => eq([chrono::Weekday::Mon]);
    chrono_month: key chrono::Month => eq([chrono::Month::December]);
    // fault A3
    chrono_seconds: key Seconds => eq([Seconds(instant(0)), Seconds(instant(-7_000))])
        .refused([Seconds(instant(1)), Seconds(instant(-200))]);
    // fault A7
    chrono_nanoseconds: key Nanoseconds => eq([Nanoseconds(instant(1))]).refused([Nanoseconds(year_2500())]);

    time_offset: key OffsetDateTime => eq([
        datetime!(2026-11-29 12:00 UTC),
        datetime!(1900-01-01 00:00:00.000_000_001 +0:00:28),
        datetime!(-9999-01-01 0:00 UTC),
    ]);
    time_utc: key UtcDateTime => eq([UtcDateTime::MIN, UtcDateTime::MAX, UtcDateTime::UNIX_EPOCH]);
    time_primitive: key PrimitiveDateTime => eq([PrimitiveDateTime::MIN, PrimitiveDateTime::MAX]);
    time_date: key time::Date => eq([time::Date::MIN, time::Date::MAX, date!(2024-02-29)]);
    time_time: key time::Time => eq([time::Time::MIDNIGHT, time::Time::MAX, time!(0:00:00.1)]);
    time_duration: key time::Duration => eq([time::Duration::MIN, time::Duration::MAX, time::Duration::nanoseconds(-1)]);
    time_of_offset: key UtcOffset => eq([offset!(+0:00:28), offset!(-23:59:59), UtcOffset::UTC]);
    time_month: key time::Month => eq([time::Month::May]);
    // fault A3
    time_timestamp: key Timestamp => eq([Timestamp(datetime!(2026-11-29 12:00 UTC))])
        .refused([Timestamp(datetime!(2026-11-29 12:00:00.5 UTC))]);
    time_rfc_3339: key Rfc3339 => eq([Rfc3339(datetime!(2026-11-29 12:00:00.5 +5:30))])
        .refused([Rfc3339(datetime!(2026-11-29 12:00 +0:00:28))]);

    // fault A2
    decimal: key Decimal => eq([Decimal::MIN, Decimal::MAX, Decimal::ZERO, Decimal::new(100, 2), Decimal::new(-1, 28)]);
    decimal_as_text: key Price => eq([Price(Decimal::new(1_000, 3)), Price(Decimal::MAX)]);
    // fault A2
    json_value: key Value => eq([Value::Null, json!({}), json!([]), json!(-0.0), json!("x"), every_kind()]);
    json_map: key Map<String, Value> => eq([Map::new(), object(every_kind())]);
    json_number: key Number => eq([Number::from(u64::MAX), Number::from(i64::MIN), Number::from(1)]);
    json_option: field Option<Value> => eq([None, Some(Value::Null), Some(every_kind())]);
    json_raw: field Box<serde_json::value::RawValue> => text([raw("{ }"), raw("[1,  2]"), raw("null")]);

    index_map: field IndexMap<String, u8> => by(
        |a, b| a.iter().eq(b),
        [IndexMap::new(), IndexMap::from([("b".into(), 1), ("a".into(), 2)])],
    );
    index_set: field IndexSet<u8> => by(|a, b| a.iter().eq(b), [IndexSet::new(), IndexSet::from([3, 1, 2])]);
    // fault A5
    hashbrown_map: field hashbrown::HashMap<(u8, u8), String> => eq([hashbrown::HashMap::new()])
        .twins([both_ways((0..99).map(|n| ((n, n / 2), n.to_string())).collect::<Vec<_>>())]);
    hashbrown_set: field hashbrown::HashSet<i64> => eq([hashbrown::HashSet::new()])
        .twins([both_ways((-50..50).collect::<Vec<_>>())]);

    glam_vec3: field glam::Vec3 => eq([glam::Vec3::MIN, glam::Vec3::NEG_INFINITY, glam::vec3(-0.0, 0.1, 1e-40)]);
    glam_nan: field glam::DVec2 => text([glam::DVec2::NAN]);
    glam_quat: field glam::Quat => eq([glam::Quat::IDENTITY, glam::Quat::from_rotation_x(1.0)]);
    glam_mat4: field glam::Mat4 => eq([glam::Mat4::IDENTITY, glam::Mat4::from_rotation_z(0.1)]);
    glam_ivec2: key glam::IVec2 => eq([glam::IVec2::MIN, glam::IVec2::MAX]);

    smol_str_: key SmolStr => eq([SmolStr::default(), SmolStr::new("x".repeat(22)), SmolStr::new("x".repeat(23))]);
    // Bits that have no name are carried as their number.
    bit_flags: key Rights => eq([Rights::empty(), Rights::all(), Rights::READ, Rights::from_bits_retain(0b1000_0001)]);
    url_: key Url => eq([Url::parse("http://ü.example:81/a b?c#d").expect("a URL"), Url::parse("data:,x").expect("a URL")]);
    semver_version: key semver::Version => eq([semver::Version::new(0, 0, u64::MAX), "1.0.0-a.1+b".parse().expect("one")]);
    semver_request: key semver::VersionReq => eq([semver::VersionReq::STAR, ">=1.2, <1.9".parse().expect("one")]);
    serde_bytes_: key serde_bytes::ByteBuf => eq([serde_bytes::ByteBuf::new(), serde_bytes::ByteBuf::from(vec![0xff; 300])]);
    serde_bytes_array: key serde_bytes::ByteArray<100> => eq([serde_bytes::ByteArray::new([7; 100])]);
    serde_bytes_with: key Blob => eq([Blob(vec![]), Blob(vec![0xff, 0])]);
    ordered_float_: key OrderedFloat<f64> => eq([OrderedFloat(f64::NAN), OrderedFloat(-0.0), OrderedFloat(0.1)]);
    not_nan: key NotNan<f32> => eq([NotNan::new(f32::INFINITY).expect("a number")]);
}
