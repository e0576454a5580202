//! From a tree to text.

use std::fmt::Write as _;

use super::{Json, QUIET_F32, QUIET_F64};

impl Json {
    /// Appends it as JSON without spaces.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Uint(value) => put(out, value),
            Json::Int(value) => put(out, value),
            Json::F32(value) => write_f32(*value, out),
            Json::F64(value) => write_f64(*value, out),
            Json::Text(text) => write_text(text, out),
            Json::Bytes(bytes) => {
                out.push_str("{\"$bytes\":\"");
                for byte in bytes {
                    put(out, format_args!("{byte:02x}"));
                }
                out.push_str("\"}");
            }
            Json::List(elements) => write_list(elements, out, Json::write),
            Json::Map(entries) if is_object(entries) => {
                out.push('{');
                for (place, (key, value)) in entries.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    key.write(out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
            Json::Map(entries) => {
                out.push_str("{\"$map\":");
                write_list(entries, out, |(key, value), out| {
                    out.push('[');
                    key.write(out);
                    out.push(',');
                    value.write(out);
                    out.push(']');
                });
                out.push('}');
            }
            Json::Some(value) => {
                out.push_str("{\"$some\":");
                value.write(out);
                out.push('}');
            }
        }
    }
}

/// Appends what is shown, which cannot fail in a text.
fn put(out: &mut String, shown: impl std::fmt::Display) {
    let _ = write!(out, "{shown}");
}

fn write_list<T>(elements: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (place, element) in elements.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(element, out);
    }
    out.push(']');
}

/// Whether the keys can be the names of an object.
fn is_object(entries: &[(Json, Json)]) -> bool {
    let mut names: Vec<&str> = entries.iter().map_while(|(key, _)| key.text()).collect();
    if names.len() < entries.len() || names.iter().any(|name| name.starts_with('$')) {
        return false;
    }
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// The fewest digits that tell a float of 32 bits from others, where a reader of 64 bits rounds them to the same one.
fn write_f32(value: f32, out: &mut String) {
    if !value.is_finite() {
        let bits = value.to_bits();
        return write_infinite(out, "f32", f64::from(value), bits == QUIET_F32, format_args!("{bits:08x}"));
    }
    let start = out.len();
    put(out, format_args!("{value:?}"));
    if out[start..].parse::<f64>().is_ok_and(|wide| (wide as f32).to_bits() != value.to_bits()) {
        out.truncate(start);
        write_f64(value.into(), out);
    }
}

fn write_f64(value: f64, out: &mut String) {
    if value.is_finite() {
        return put(out, format_args!("{value:?}"));
    }
    let bits = value.to_bits();
    write_infinite(out, "f64", value, bits == QUIET_F64, format_args!("{bits:016x}"));
}

fn write_infinite(out: &mut String, kind: &str, value: f64, is_quiet: bool, bits: std::fmt::Arguments<'_>) {
    put(out, format_args!("{{\"${kind}\":\""));
    match value {
        f64::INFINITY => out.push_str("inf"),
        f64::NEG_INFINITY => out.push_str("-inf"),
        _ if is_quiet => out.push_str("nan"),
        _ => put(out, bits),
    }
    out.push_str("\"}");
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => put(out, format_args!("\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
}
