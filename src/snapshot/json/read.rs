//! Lines as sections.
//!
//! # Invariants
//! 1. What a line says is checked against the lines before it; what it says of the models is for the loader to judge.
//! 2. No more is held than the lines of the rows of one table take, and those behind the rows, within the limit.
//! 3. Every error names its line.

mod lines;

use std::collections::BTreeMap;
use std::io::Read;

use slotmap::{DefaultKey, Key};

use lines::{Line, Lines, key_of};

use super::VERSION;
use crate::codec::json::Parser;
use crate::codec::{CodecError, Decoder, Memo, NESTING, Names, Room, What};
use crate::id::{Id, slot_of, version_of};
use crate::schema::{Schema, TableSchema};
use crate::snapshot::blocks::BLOCK_FULL;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::sections::{Kind, LISTER_ITEM, u32_at};
use crate::snapshot::source;

/// A row of the table that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowLine {
    pub(super) key: DefaultKey,
    pub(super) line: u64,
    /// Where its bytes begin and end among those of its table.
    start: usize,
    end: usize,
}

/// A line behind the rows, and the items of a section that it says.
struct LinkLine {
    line: u64,
    items: Vec<u8>,
}

/// Reads lines, and gives what they say as the blocks of sections.
pub(in crate::snapshot) struct LineReader<R> {
    lines: Lines<R>,
    nesting: u32,
    schema: Schema,
    section: (Kind, usize),
    /// The line that began the rows of the table.
    rows_line: u64,
    rows: Vec<RowLine>,
    bytes: Vec<u8>,
    /// The slots and the free list of the table, as in a file.
    slots: Vec<u8>,
    free: Vec<u8>,
    /// What the lines behind the rows say of links, by kind and table: each line and its items.
    links: BTreeMap<(u32, usize), Vec<LinkLine>>,
    has_links: bool,
    /// How much of the section has been given: rows, lines or bytes.
    given: usize,
    last_items: u32,
}

impl<R: Read> LineReader<R> {
    pub(in crate::snapshot) fn new(source: R, memory_limit: Option<u64>, nesting: u32) -> Self {
        LineReader {
            lines: Lines::new(source, memory_limit),
            nesting,
            schema: Schema::default(),
            section: (Kind::Schema, 0),
            rows_line: 0,
            rows: Vec::new(),
            bytes: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            links: BTreeMap::new(),
            has_links: false,
            given: 0,
            last_items: 0,
        }
    }

    /// Reads the head and the schema.
    pub(in crate::snapshot) fn schema(&mut self) -> Result<Schema, SnapshotError> {
        self.lines.advance(0)?;
        let first = self.lines.object("the head").ok();
        let first = first.and_then(|mut line| (line.take("relata")?.text() == Some("json")).then_some(line));
        let Some(mut first) = first else { return Err(self.lines.error(SnapshotError::NotASnapshot)) };
        let version = first.number("version").map_err(|what| self.lines.wrong("the head", what))?;
        if version != Some(VERSION.into()) {
            let (what, found) = ("format version", version.unwrap_or(0));
            let error = SnapshotError::UnsupportedVersion { what, found, supported: VERSION.into() };
            return Err(self.lines.error(error));
        }
        first.end().map_err(|what| self.lines.wrong("the head", what))?;
        let mut held = 0;
        self.lines.advance(held)?;
        while self.lines.has("schema") {
            held += (self.lines.text().len() + size_of::<TableSchema>()) as u64;
            let table = self.table_schema()?;
            self.schema.tables.push(table);
            self.lines.advance(held)?;
        }
        source::checked(self.schema.clone()).map_err(|error| self.lines.error(error))
    }

    fn table_schema(&self) -> Result<TableSchema, SnapshotError> {
        let mut line = self.lines.object("the schema")?;
        let wrong = |what: String| self.lines.wrong("the schema", what);
        let Some(table) = line.take("schema") else { return Err(wrong("expected `schema`".to_owned())) };
        line.end().map_err(wrong)?;
        let (names, mut memo) = (Names::default(), Memo::default());
        let read = table.encode(NESTING).and_then(|bytes| {
            Decoder::new(&bytes, &names, &mut memo, Room::unbounded(NESTING)).reading_json(true).value()
        });
        read.map_err(|error: CodecError| wrong(error.to_string()))
    }

    /// Goes on to a section, in their order.
    pub(in crate::snapshot) fn begin(&mut self, kind: Kind, table: usize) {
        (self.section, self.given) = ((kind, table), 0);
    }

    /// The next block of the section.
    pub(in crate::snapshot) fn block(&mut self) -> Result<Option<&[u8]>, SnapshotError> {
        let (kind, table) = self.section;
        match kind {
            Kind::Slots => {
                if self.given == 0 {
                    self.read_table(table)?;
                }
                Ok(next_bytes(&self.slots, &mut self.given))
            }
            Kind::Free => Ok(next_bytes(&self.free, &mut self.given)),
            Kind::Rows => Ok(self.next_rows()),
            _ => {
                self.read_links()?;
                let lines = self.links.get(&(kind as u32, table)).and_then(|lines| lines.get(self.given));
                self.given += 1;
                Ok(lines.map(|line| &line.items[..]))
            }
        }
    }

    /// How many items the block holds that was given last.
    pub(in crate::snapshot) fn last_items(&self) -> u32 {
        self.last_items
    }

    fn next_rows(&mut self) -> Option<&[u8]> {
        let rest = &self.rows[self.given..];
        let start = rest.first()?.start;
        let full = rest.iter().position(|row| row.end - start >= BLOCK_FULL).map_or(rest.len(), |place| place + 1);
        let end = rest[full - 1].end;
        self.given += full;
        self.last_items = full as u32;
        Some(&self.bytes[start..end])
    }

    /// The same error, with the line that it is about.
    pub(in crate::snapshot) fn locate(&self, error: SnapshotError) -> SnapshotError {
        let (kind, table) = self.section;
        match (&error, kind) {
            (SnapshotError::RowNotReadable { row, .. }, _) => {
                let place = self.rows.binary_search_by_key(&slot_of(row.key), |line| slot_of(line.key));
                match place {
                    Ok(place) => error.at_line(self.rows[place].line),
                    Err(_) => error,
                }
            }
            (SnapshotError::Corrupt { .. }, Kind::Order | Kind::Listers | Kind::Defaults) => {
                let lines = self.links.get(&(kind as u32, table));
                let line = lines.and_then(|lines| lines.get(self.given.saturating_sub(1)));
                match line {
                    Some(line) => error.at_line(line.line),
                    None => error,
                }
            }
            (SnapshotError::Corrupt { .. } | SnapshotError::OverBudget { .. }, _) => error.at_line(self.rows_line),
            _ => error,
        }
    }

    /// Reads what is left, which must be whole.
    pub(in crate::snapshot) fn finish(&mut self) -> Result<(), SnapshotError> {
        self.read_links()
    }

    /// Reads the rows of the table of this name, whatever others there are, to the end of the text; `false` where the
    /// text has none of it.
    pub(super) fn read_only(&mut self, table: usize) -> Result<bool, SnapshotError> {
        let mut found = false;
        while self.lines.has("rows") {
            let mut line = self.lines.object("the rows")?;
            let name = line.take("rows");
            let name = name.as_ref().and_then(|name| name.text());
            if !found && name == Some(&*self.schema.tables[table].name) {
                self.read_table(table)?;
                found = true;
            } else {
                self.lines.advance(self.held())?;
                while self.lines.is_row() {
                    self.lines.advance(self.held())?;
                }
            }
        }
        self.read_links()?;
        Ok(found)
    }

    /// The rows that have been read, each with its bytes, in the order of their slots.
    pub(super) fn rows(&self) -> impl Iterator<Item = (RowLine, &[u8])> {
        self.rows.iter().map(|row| (*row, &self.bytes[row.start..row.end]))
    }

    /// How many bytes may be taken in all.
    pub(super) fn limit(&self) -> u64 {
        self.lines.limit()
    }

    /// How many bytes the rows of the table take that is read.
    fn held(&self) -> u64 {
        (self.bytes.len() + self.rows.len() * size_of::<RowLine>()) as u64
    }

    fn read_table(&mut self, table: usize) -> Result<(), SnapshotError> {
        (self.rows, self.bytes) = (Vec::new(), Vec::new());
        (self.slots, self.free) = (Vec::new(), Vec::new());
        let name = self.schema.tables[table].name.clone();
        let section = Kind::Rows.of(&name);
        let wrong = |reader: &Self, what: String| reader.lines.wrong(&section, what);
        if self.lines.is_ended() {
            return Err(self.lines.cut_short());
        }
        let mut line = self.lines.object(&section)?;
        match line.take("rows").as_ref().map(|found| found.text()) {
            Some(Some(found)) if found == name => {}
            Some(Some(found)) if self.schema.table(found).is_none() => {
                return Err(wrong(self, format!("here are rows of `{found}`, which is not in the schema")));
            }
            _ => {
                let what = "the line that begins them is not in its place: tables come in the order of the schema, and \
                            a text of one table is for `import_json_of`";
                return Err(wrong(self, what.to_owned()));
            }
        }
        let read = line.ids("free").and_then(|free| Ok((free, line.number("slots")?)));
        let read = read.and_then(|read| line.end().map(|()| read));
        let (free, slots) = read.map_err(|what| wrong(self, what))?;
        self.rows_line = self.lines.number();
        self.lines.advance(self.held())?;
        while self.lines.is_row() {
            self.read_row(&section)?;
            self.lines.advance(self.held())?;
        }
        self.sort_rows(&section)?;
        self.place(&free.unwrap_or_default(), slots, &section)
    }

    fn read_row(&mut self, section: &str) -> Result<(), SnapshotError> {
        let memory = self.lines.limit().saturating_sub(self.held());
        let mut parser = Parser::new(self.lines.text(), self.nesting, memory);
        let id = parser.mark(b'[').and_then(|()| parser.string());
        let id = id.map_err(|error| self.lines.wrong(section, format!("a row begins with its id: {error}")))?;
        let key = key_of(&id).map_err(|what| self.lines.wrong(section, what))?;
        let row = parser.mark(b',').and_then(|()| parser.value()).and_then(|row| {
            parser.mark(b']')?;
            parser.end()?;
            row.encode(self.nesting)
        });
        let start = self.bytes.len();
        match row {
            Ok(row) => self.bytes.extend_from_slice(&row),
            Err(error) => {
                let field = match error.path() {
                    path if path.is_empty() => String::new(),
                    path => format!(", field `{path}`"),
                };
                return Err(match error.what() {
                    What::OverBudget => self.lines.over(section),
                    what => self.lines.wrong(section, format!("{id}{field}: {what}")),
                });
            }
        }
        self.rows.push(RowLine { key, line: self.lines.number(), start, end: self.bytes.len() });
        Ok(())
    }

    /// Brings rows into the order of their slots, and refuses two of one slot.
    fn sort_rows(&mut self, section: &str) -> Result<(), SnapshotError> {
        if self.rows.is_sorted_by(|left, right| slot_of(left.key) < slot_of(right.key)) {
            return Ok(());
        }
        self.rows.sort_by_key(|row| slot_of(row.key));
        if let Some(pair) = self.rows.windows(2).find(|pair| slot_of(pair[0].key) == slot_of(pair[1].key)) {
            let (first, second) = (pair[0], pair[1]);
            let id = Id::<()>::from_key(second.key);
            let what = format!("{id}: its slot has the row of line {} already", first.line);
            return Err(Lines::<R>::at(second.line, section, what));
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for row in &mut self.rows {
            let start = bytes.len();
            bytes.extend_from_slice(&self.bytes[row.start..row.end]);
            (row.start, row.end) = (start, bytes.len());
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Makes slots and free list of the ids of rows and those to come.
    fn place(&mut self, free: &[DefaultKey], slots: Option<u32>, section: &str) -> Result<(), SnapshotError> {
        let wrong = |what| Err(Lines::<R>::at(self.rows_line, section, what));
        let mut vacant = free.to_vec();
        vacant.sort_unstable_by_key(|key| slot_of(*key));
        if let Some(pair) = vacant.windows(2).find(|pair| slot_of(pair[0]) == slot_of(pair[1])) {
            return wrong(format!("slot {} is in `free` twice", slot_of(pair[0])));
        }
        if let Some(new) = vacant.iter().find(|key| version_of(**key) == 1) {
            let what = "is in `free`, where the ids of slots are that had a row: their generations are 3 and more";
            return wrong(format!("{} {what}", Id::<()>::from_key(*new)));
        }
        let mut vacant = vacant.into_iter().peekable();
        let mut runs = Runs { bytes: Vec::new(), open: None, slots: 0 };
        for row in &self.rows {
            let slot = slot_of(row.key);
            while let Some(key) = vacant.next_if(|key| slot_of(*key) < slot) {
                runs.put(slot_of(key), version_of(key) - 1);
            }
            if vacant.peek().is_some_and(|key| slot_of(*key) == slot) {
                let what = format!("{}: its slot is in `free`, and has no row", Id::<()>::from_key(row.key));
                return Err(Lines::<R>::at(row.line, section, what));
            }
            runs.put(slot, version_of(row.key));
        }
        vacant.for_each(|key| runs.put(slot_of(key), version_of(key) - 1));
        if let Some(slots) = slots {
            if slots < runs.slots {
                return wrong(format!("`slots` is {slots}, and there is a slot {}", runs.slots));
            }
            runs.add(0, slots - runs.slots);
        }
        self.slots = runs.finish();
        // In a file the last is used next.
        self.free = free.iter().rev().flat_map(|key| slot_of(*key).to_le_bytes()).collect();
        Ok(())
    }

    /// Reads the lines behind the rows, to the end of the text.
    fn read_links(&mut self) -> Result<(), SnapshotError> {
        if std::mem::replace(&mut self.has_links, true) {
            return Ok(());
        }
        let mut held = self.held();
        while !self.lines.has("end") {
            if self.lines.is_ended() {
                return Err(self.lines.cut_short());
            }
            let line = self.lines.object("the text")?;
            let (kind, table, relation, items) = self.link(line).map_err(|what| self.lines.wrong("the text", what))?;
            held += (items.len() + size_of::<LinkLine>()) as u64;
            let lines = self.links.entry((kind as u32, table)).or_default();
            // Default targets come in the order of their relations.
            let place = if kind == Kind::Defaults {
                lines.partition_point(|line| u32_at(&line.items, 0) <= relation)
            } else {
                lines.len()
            };
            lines.insert(place, LinkLine { line: self.lines.number(), items });
            self.lines.advance(held)?;
        }
        let mut end = self.lines.object("the end")?;
        let is_end = end.take("end").is_some_and(|end| end.text() == Some("relata"));
        end.end().map_err(|what| self.lines.wrong("the end", what))?;
        if !is_end {
            return Err(self.lines.wrong("the end", "expected {\"end\":\"relata\"}".to_owned()));
        }
        self.lines.advance(held)?;
        if self.lines.is_ended() { Ok(()) } else { Err(self.lines.wrong("the end", "a line follows it".to_owned())) }
    }

    /// What a line says of a relation: the kind of section, the table, the relation's place, the items.
    fn link(&self, mut line: Line) -> Result<(Kind, usize, u32, Vec<u8>), String> {
        let Some(name) = line.name("table")? else {
            return Err("expected a line of `table` and `relation`, of `rows` in their place, or the end".to_owned());
        };
        let place = self.schema.tables.iter().position(|table| table.name == name);
        let place = place.ok_or_else(|| format!("there is no table `{name}` in the schema"))?;
        let relation = line.name("relation")?.ok_or("`relation` is missing")?;
        let relations = &self.schema.tables[place].relations;
        let number = relations.iter().position(|known| known.name == relation);
        let number = number.ok_or_else(|| format!("`{name}` has no relation `{relation}` in the schema"))?;
        let (number, is_list) = (number as u32, relations[number].many);
        let (default, order, of) = (line.id("default")?, line.ids("order")?, line.id("of")?);
        line.end()?;
        let number_bytes = number.to_le_bytes();
        let item = |key: DefaultKey| [&number_bytes[..], &key.data().as_ffi().to_le_bytes()].concat();
        match (default, order, of) {
            (Some(default), None, None) => Ok((Kind::Defaults, place, number, item(default))),
            (None, Some(order), None) if !is_list => {
                Ok((Kind::Order, place, number, order.into_iter().flat_map(item).collect()))
            }
            (None, Some(order), Some(of)) if is_list => {
                let mut items = Vec::with_capacity(order.len() * LISTER_ITEM);
                for source in order {
                    items.extend(number_bytes);
                    items.extend(slot_of(of).to_le_bytes());
                    items.extend(source.data().as_ffi().to_le_bytes());
                }
                Ok((Kind::Listers, place, number, items))
            }
            _ if is_list => Err(format!("`{relation}` is a list of ids: expected `of` and `order`")),
            _ => Err("expected `order` or `default`".to_owned()),
        }
    }
}

/// The next bytes of items of 4 or 8 bytes.
fn next_bytes<'b>(bytes: &'b [u8], given: &mut usize) -> Option<&'b [u8]> {
    let rest = &bytes[*given..];
    let next = &rest[..rest.len().min(BLOCK_FULL)];
    *given += next.len();
    (!next.is_empty()).then_some(next)
}

/// Runs of slots as a file has them.
struct Runs {
    bytes: Vec<u8>,
    /// The generation and the length of the last run.
    open: Option<(u32, u32)>,
    /// How many slots there are so far.
    slots: u32,
}

impl Runs {
    /// Adds a slot; those before it that were not named are out of use.
    fn put(&mut self, slot: u32, generation: u32) {
        self.add(0, slot - self.slots - 1);
        self.add(generation, 1);
    }

    fn add(&mut self, generation: u32, count: u32) {
        self.slots += count;
        match &mut self.open {
            Some((open, length)) if *open == generation => *length += count,
            _ if count == 0 => {}
            _ => {
                self.close();
                self.open = Some((generation, count));
            }
        }
    }

    fn close(&mut self) {
        if let Some((generation, length)) = self.open.take() {
            self.bytes.extend(length.to_le_bytes());
            self.bytes.extend(generation.to_le_bytes());
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.close();
        self.bytes
    }
}
