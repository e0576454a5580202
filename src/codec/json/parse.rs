//! From text to a tree: JSON as RFC 8259 has it, numbers exactly, no name twice in an object.

use super::{Json, QUIET_F32, QUIET_F64};
use crate::codec::error::{CodecError, What};

type Parsed<T> = Result<T, CodecError>;

/// Reads values from a text, one after the other.
pub(crate) struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
    nesting: u32,
    /// How many bytes of memory values may take from here on.
    memory: u64,
}

impl<'t> Parser<'t> {
    pub(crate) fn new(text: &'t str, nesting: u32, memory: u64) -> Self {
        Parser { text, at: 0, depth: 0, nesting, memory }
    }

    /// Reads a value. Where it is one of the file's contents it is nested no deeper than it may be there.
    pub(crate) fn value(&mut self) -> Parsed<Json> {
        let size = size_of::<Json>() as u64;
        self.memory = self.memory.checked_sub(size).ok_or_else(|| CodecError::new(What::OverBudget))?;
        match self.peek() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'[') => self.nested(|parser| parser.list(Self::value).map(Json::List)),
            Some(b'{') => self.object(),
            _ => Err(self.error("expected a value")),
        }
    }

    /// Reads a mark such as `[`.
    pub(crate) fn mark(&mut self, mark: u8) -> Parsed<()> {
        if self.takes(mark) { Ok(()) } else { Err(self.error(&format!("expected `{}`", char::from(mark)))) }
    }

    /// Reads a text.
    pub(crate) fn string(&mut self) -> Parsed<String> {
        self.mark(b'"')?;
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|letter: char| matches!(letter, '"' | '\\' | '\0'..='\u{1f}')).unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.at += plain;
            match rest.as_bytes().get(plain) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                Some(_) => return Err(self.error("a control character stands in a text: write it as `\\u00..`")),
                None => return Err(self.error("a text has no end")),
            }
        }
    }

    /// Reads that nothing follows.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.error("expected the end of the line")) }
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += spaces;
        rest.get(spaces).copied()
    }

    fn takes(&mut self, mark: u8) -> bool {
        let takes = self.peek() == Some(mark);
        self.at += usize::from(takes);
        takes
    }

    fn error(&self, what: &str) -> CodecError {
        self.error_at(self.at, what)
    }

    #[cold]
    fn error_at(&self, at: usize, what: &str) -> CodecError {
        let column = self.text[..at].chars().count() + 1;
        CodecError::new(What::Said(format!("{what} at column {column}")))
    }

    fn word(&mut self, word: &str, value: Json) -> Parsed<Json> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > self.nesting {
            return Err(CodecError::new(What::TooDeep(self.nesting)));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut list = Vec::new();
        self.mark(b'[')?;
        if self.takes(b']') {
            return Ok(list);
        }
        loop {
            list.push(element(self).map_err(|error| error.at_element(list.len()))?);
            if self.takes(b']') {
                return Ok(list);
            }
            if !self.takes(b',') {
                return Err(self.error("expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Parsed<Json> {
        self.mark(b'{')?;
        if self.takes(b'}') {
            return self.nested(|_| Ok(Json::Map(Vec::new())));
        }
        let start = self.at;
        let name = self.string()?;
        self.mark(b':')?;
        if name.starts_with('$') {
            let value = self.escaped(&name, start)?;
            if self.takes(b'}') { Ok(value) } else { Err(self.error(&format!("expected `}}`: `{name}` stands alone"))) }
        } else {
            self.nested(|parser| parser.entries(name)).map(Json::Map)
        }
    }

    /// The entries of an object, behind the name of the first.
    fn entries(&mut self, first: String) -> Parsed<Vec<(Json, Json)>> {
        let mut entries: Vec<(Json, Json)> = Vec::new();
        let mut name = first;
        loop {
            let value = self.value().map_err(|error| error.inside(name.clone()))?;
            entries.push((Json::Text(name), value));
            if self.takes(b'}') {
                break;
            }
            if !self.takes(b',') {
                return Err(self.error("expected `,` or `}`"));
            }
            self.peek();
            let start = self.at;
            name = self.string()?;
            if name.starts_with('$') {
                return Err(self.error_at(start, &format!("`{name}` begins with `$`: such a map is written as `$map`")));
            }
            self.mark(b':')?;
        }
        let mut names: Vec<&str> = entries.iter().filter_map(|(name, _)| name.text()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(CodecError::new(What::Said(format!("it has `{}` twice", pair[0])))),
            None => Ok(entries),
        }
    }

    /// What JSON has no form for.
    fn escaped(&mut self, name: &str, start: usize) -> Parsed<Json> {
        match name {
            "$some" => self.nested(|parser| Ok(Json::Some(Box::new(parser.value()?)))),
            "$map" => self.nested(|parser| parser.list(Self::pair).map(Json::Map)),
            "$bytes" => {
                let text = self.string()?;
                let bytes = hexadecimal(&text).ok_or_else(|| self.error("expected pairs of hexadecimal digits"))?;
                Ok(Json::Bytes(bytes))
            }
            "$f32" => self.bits(8).map(|bits| {
                Json::F32(match bits {
                    Bits::Value(value) => value as f32,
                    Bits::NotANumber => f32::from_bits(QUIET_F32),
                    Bits::Exact(bits) => f32::from_bits(bits as u32),
                })
            }),
            "$f64" => self.bits(16).map(|bits| {
                Json::F64(match bits {
                    Bits::Value(value) => value,
                    Bits::NotANumber => f64::from_bits(QUIET_F64),
                    Bits::Exact(bits) => f64::from_bits(bits),
                })
            }),
            _ => {
                let known = "`$some`, `$map`, `$bytes`, `$f32`, `$f64`";
                Err(self.error_at(
                    start,
                    &format!("`{name}` is none of {known}: a map with such a key is written as `$map`"),
                ))
            }
        }
    }

    fn pair(&mut self) -> Parsed<(Json, Json)> {
        self.mark(b'[')?;
        let key = self.value()?;
        self.mark(b',')?;
        let value = self.value()?;
        self.mark(b']')?;
        Ok((key, value))
    }

    fn bits(&mut self, digits: usize) -> Parsed<Bits> {
        Ok(match &*self.string()? {
            "inf" => Bits::Value(f64::INFINITY),
            "-inf" => Bits::Value(f64::NEG_INFINITY),
            "nan" => Bits::NotANumber,
            text => {
                let bits = u64::from_str_radix(text, 16).ok().filter(|_| is_hexadecimal(text) && text.len() == digits);
                let expected = format!("expected inf, -inf, nan or {digits} hexadecimal digits");
                Bits::Exact(bits.ok_or_else(|| self.error(&expected))?)
            }
        })
    }

    fn number(&mut self) -> Parsed<Json> {
        let start = self.at;
        let is_negative = self.takes_one(b'-');
        if !self.takes_one(b'0') {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.takes_one(b'.') {
            is_integer = false;
            self.digits()?;
        }
        if self.takes_one(b'e') || self.takes_one(b'E') {
            is_integer = false;
            let _sign = self.takes_one(b'+') || self.takes_one(b'-');
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if is_integer && text != "-0" {
            let number = if is_negative { text.parse().map(Json::Int).ok() } else { text.parse().map(Json::Uint).ok() };
            return number.ok_or_else(|| self.error_at(start, "an integer of more than 128 bits"));
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Json::F64(value)),
            _ => Err(self.error_at(start, "a number larger than any float")),
        }
    }

    fn takes_one(&mut self, byte: u8) -> bool {
        let takes = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(takes);
        takes
    }

    fn digits(&mut self) -> Parsed<()> {
        let digits = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        if digits > 0 { Ok(()) } else { Err(self.error("expected a digit")) }
    }

    /// The letter behind a `\`.
    fn escape(&mut self) -> Parsed<char> {
        let kind = self.text.as_bytes().get(self.at).copied();
        self.at += 1;
        Ok(match kind {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let start = self.at - 2;
                let first = self.unit()?;
                let is_pair = (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u");
                let units = if is_pair {
                    self.at += 2;
                    [first, self.unit()?]
                } else {
                    [first, 0]
                };
                match char::decode_utf16(units).next() {
                    Some(Ok(letter)) => letter,
                    _ => return Err(self.error_at(start, "half of a surrogate pair")),
                }
            }
            _ => {
                self.at -= 1;
                return Err(self.error("no such escape"));
            }
        })
    }

    fn unit(&mut self) -> Parsed<u16> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| is_hexadecimal(digits));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }
}

/// What is told of a float that JSON has no number for.
enum Bits {
    Value(f64),
    NotANumber,
    Exact(u64),
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !is_hexadecimal(text) || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
