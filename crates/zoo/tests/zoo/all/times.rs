//! Dates and times beyond chrono and time.

use std::time::{Duration, SystemTime};

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp, ZonedDateTime as Zoned};

use crate::case::zoo;
use crate::harness::{eq, text};

fn fixed(seconds: i32) -> Zoned {
    Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::fixed(Offset::from_seconds(seconds).expect("an offset")))
}

fn in_zone(name: &str, seconds: i64) -> Zoned {
    Timestamp::from_second(seconds).expect("in range").in_tz(name).expect("a zone")
}

/// A length of time as people write it, `1h 5m`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Human(#[serde(with = "humantime_serde")] Duration);

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct HumanTime(#[serde(with = "humantime_serde")] SystemTime);

zoo! {
    jiff_timestamp: key Timestamp => eq([Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH]);
    jiff_date: key Date => eq([Date::MIN, Date::MAX]);
    jiff_time: key Time => eq([Time::MIN, Time::MAX]);
    jiff_date_time: key DateTime => eq([DateTime::MIN, DateTime::MAX]);
    jiff_duration: key SignedDuration => eq([SignedDuration::MIN, SignedDuration::ZERO, SignedDuration::MAX]);
    // fault A3: a zone that has a name keeps its seconds, also that of local mean time; a bare offset has no place for them.
    jiff_zoned: key Zoned => eq([
        in_zone("Europe/Zurich", 0),
        in_zone("Europe/Amsterdam", -2_000_000_000),
        in_zone("UTC", i64::from(i32::MAX)),
        fixed(3_600),
    ]).refused([fixed(28), fixed(-1_172)]);
    // A span is not `PartialEq`; one unit is folded into another.
    jiff_span: field Span => text([Span::new(), Span::new().hours(1).minutes(61)])
        .lost([Span::new().milliseconds(1_500), Span::new().milliseconds(1).microseconds(2_000)]);
    chrono_tz_: key chrono_tz::Tz => eq([chrono_tz::Tz::UTC, chrono_tz::Europe::Zurich]);
    cron_: field cron::Schedule => eq(["0 0 12 * * Mon *".parse::<cron::Schedule>().expect("a schedule")]);
    humantime_duration: key Human => eq([Human(Duration::ZERO), Human(Duration::from_nanos(1_000_000_001))]);
    // Its text of a time before 1970 is a panic of its own, in a save as anywhere.
    humantime_time: key HumanTime => eq([HumanTime(SystemTime::UNIX_EPOCH)]);
}
