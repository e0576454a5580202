//! Values of other formats: they ask for what comes next. (fault A2)

use ciborium::Value as Cbor;
use ron::Value as Ron;
use toml::value::{Date, Datetime};
use toml::{Table, Value as Toml};

use crate::case::zoo;
use crate::harness::eq;

fn toml_document() -> Table {
    "a = 1\nb = [0.5, -0.0, 'x', true]\n[c]\nd = {}\n'' = -9223372036854775808".parse().expect("TOML")
}

fn datetime() -> Datetime {
    let date = Date { year: 2026, month: 11, day: 29 };
    Datetime {
        date: Some(date),
        ..Datetime::from("07:32:00.000000001".parse::<Datetime>().expect("a time").time.expect("one"))
    }
}

fn cbor() -> Cbor {
    let map = vec![(Cbor::Null, Cbor::Bool(true)), (Cbor::Integer((-1).into()), Cbor::Float(0.1))];
    Cbor::Array(vec![Cbor::Map(map), Cbor::Text("x".into()), Cbor::Bytes(vec![0xff])])
}

fn ron(text: &str) -> Ron {
    text.parse().expect("RON")
}

zoo! {
    toml_table: field Table => eq([Table::new(), toml_document()]);
    toml_value: field Toml => eq([Toml::Integer(i64::MIN), Toml::String(String::new()), Toml::Table(toml_document())]);
    toml_datetime: field Datetime => eq([datetime()]);
    toml_datetime_value: field Toml => eq([Toml::Datetime(datetime())]);
    // A small integer is one of few bits, which no reader is told; a character is read as text.
    ron_value: field Ron => eq([ron("()"), ron("[true, \"x\", 0.5, 99999999999]")]).refused([ron("[1]"), ron("'y'")]);
    cbor_value: field Cbor => eq([Cbor::Null, cbor()]);
    // Only its own format knows tags.
    cbor_tag: field Cbor => eq([]).refused([Cbor::Tag(1, Box::new(Cbor::Bool(true)))]);
}
