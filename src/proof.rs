//! The proof that a row comes back: it is read again from the bytes that were made of it, and compared.
//!
//! Whether a type comes back may depend on its value, so every row is proved. Keys are `Eq`, and so are compared;
//! other fields are where their type is `PartialEq`. What cannot be compared is encoded once more, and must give the same
//! bytes; it may then still have lost what its serde form has no place for.

use std::fmt;

use crate::codec::{CodecError, Decoder, Encoder, Memo, Room, What, first_difference};
#[cfg(feature = "json")]
use crate::codec::{Names, json};
use crate::key::Key;
use crate::model::{Comparison, ListRelation, Model, Reference, Relation, Unique, Visitor};

/// Why a row cannot be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The field, and the way to the value inside of it, as `lines[2].price`; empty where it is the row as a whole.
    pub field: String,
    /// The kind of cause.
    pub cause: RefusalCause,
    /// What serde, the type or the proof said.
    pub what: String,
}

/// The kinds of causes for which a row cannot be saved, and with each what can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalCause {
    /// The type's own `Serialize` refuses the value: a time before 1970, a path that is not UTF-8.
    NotSerialized,
    /// What `Serialize` has written, `Deserialize` does not read.
    NotDeserialized,
    /// It is read as another value: its serde form has no place for a part of it.
    Changed,
    /// It is nested deeper than the limit.
    TooDeep,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = &self.what;
        if !self.field.is_empty() {
            write!(f, "field `{}`: ", self.field)?;
        }
        match self.cause {
            RefusalCause::NotSerialized => write!(f, "its type cannot be serialized with this value: {what}"),
            RefusalCause::NotDeserialized => write!(
                f,
                "its type does not read back what it has written ({what}): give the field another serde form by \
                 `#[serde(with = \"..\")]`"
            ),
            RefusalCause::Changed => write!(
                f,
                "{what}: give it a serde form that keeps the whole value by `#[serde(with = \"..\")]`, or mark the field \
                 `#[model(lossy)]` if the loss is meant"
            ),
            RefusalCause::TooDeep => f.write_str(what),
        }
    }
}

impl Refusal {
    fn new(error: &CodecError, cause: RefusalCause) -> Self {
        let cause = if matches!(error.what(), What::TooDeep(_)) { RefusalCause::TooDeep } else { cause };
        Refusal { field: error.path(), cause, what: error.what().to_string() }
    }

    fn changed(field: &str) -> Self {
        Refusal {
            field: field.to_owned(),
            cause: RefusalCause::Changed,
            what: "it comes back as another value".to_owned(),
        }
    }
}

/// Encodes rows one after the other.
#[derive(Debug, Clone)]
pub(crate) struct RowWriter {
    encoder: Encoder,
    /// Where each row ends.
    ends: Vec<usize>,
    memo: Memo,
    nesting: u32,
    proof: Proof,
    trust: Trust,
}

/// How far the names and the trust of a writer have come: they only grow.
#[cfg(feature = "rayon")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WriterState {
    /// How many names have been defined: of structs, of variants.
    defined: (usize, usize),
    trust: Trust,
}

#[cfg(feature = "rayon")]
impl WriterState {
    /// Whether rows that bring no new names have the same bytes in both states: what has a number keeps it.
    pub(crate) fn gives_the_bytes_of(self, later: Self) -> bool {
        self.trust == later.trust
    }
}

/// What a row that is written must come back from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Nothing: the hash of the state asks for its bytes alone, and what is proved already is not proved again.
    None,
    /// Its bytes.
    Bytes,
    /// The JSON that is made of its bytes.
    #[cfg(feature = "json")]
    Json,
}

impl Proof {
    /// Whether a row that is lossless needs no proof: its bytes are what the derive has made.
    fn is_of_bytes(self) -> bool {
        matches!(self, Proof::None | Proof::Bytes)
    }
}

/// Whether rows of a lossless model are written by what the derive has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// No row has shown it yet.
    Unknown,
    Yes,
    /// serde gives other bytes: the rows go through serde, and are proved.
    No,
}

impl RowWriter {
    pub(crate) fn new(nesting: u32, proof: Proof) -> Self {
        let (encoder, ends, memo) = (Encoder::new(nesting), Vec::new(), Memo::default());
        RowWriter { encoder, ends, memo, nesting, proof, trust: Trust::Unknown }
    }

    /// The rows since they were last cleared.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.encoder.bytes()
    }

    /// Where each of these rows ends.
    pub(crate) fn ends(&self) -> &[usize] {
        &self.ends
    }

    pub(crate) fn clear(&mut self) {
        self.encoder.clear();
        self.ends.clear();
    }

    /// What the bytes of a row depend on beside the row itself.
    #[cfg(feature = "rayon")]
    pub(crate) fn state(&self) -> WriterState {
        WriterState { defined: self.encoder.defined_names(), trust: self.trust }
    }

    /// Appends a row, and before it the definitions of names that it is the first to need. One that is refused leaves
    /// nothing.
    pub(crate) fn row<M: Model>(&mut self, row: &M) -> Result<(), Refusal> {
        self.append(row)?;
        self.ends.push(self.bytes().len());
        Ok(())
    }

    /// Appends the mark of a reserved id, which stands for its row.
    pub(crate) fn reserved(&mut self) {
        self.encoder.append_reserved();
        self.ends.push(self.bytes().len());
    }

    fn append<M: Model>(&mut self, row: &M) -> Result<(), Refusal> {
        let start = self.encoder.bytes().len();
        if M::IS_LOSSLESS && self.trust == Trust::Yes && self.proof.is_of_bytes() {
            if self.encoder.append_lossless(|out| row.write_lossless(out)) && !self.encoder.has_new_names() {
                return Ok(());
            }
            self.encoder.truncate(start);
        }
        self.encoder.append(row).map_err(|error| Refusal::new(&error, RefusalCause::NotSerialized))?;
        if self.proof != Proof::None {
            let end = self.encoder.bytes().len();
            let proved = self.prove(row, start);
            self.encoder.truncate(if proved.is_ok() { end } else { start });
            proved?;
        }
        if M::IS_LOSSLESS && self.trust != Trust::No {
            self.trust = self.compare_lossless(row, start);
        }
        self.encoder.define_new_names(start);
        Ok(())
    }

    /// Begins the rows of another model.
    pub(crate) fn begin_table(&mut self) {
        self.trust = Trust::Unknown;
    }

    /// Whether serde gives the bytes that the derive gives: for the first row of a table, and wherever a name comes up.
    /// A type whose `Serialize` is not the derived one would be read as what it is not when the program has changed.
    fn compare_lossless<M: Model>(&mut self, row: &M, start: usize) -> Trust {
        let end = self.encoder.bytes().len();
        let is_written = self.encoder.append_lossless(|out| row.write_lossless(out));
        let (through_serde, lossless) = self.encoder.bytes()[start..].split_at(end - start);
        let is_same = through_serde == lossless;
        self.encoder.truncate(end);
        match (is_written, is_same) {
            (true, true) => Trust::Yes,
            (true, false) => Trust::No,
            (false, _) => Trust::Unknown,
        }
    }

    /// Reads the row that has been written from this place on.
    fn read_back<M: Model>(&mut self, start: usize) -> Result<M, CodecError> {
        let (bytes, names) = (&self.encoder.bytes()[start..], self.encoder.names());
        #[cfg(feature = "json")]
        if self.proof == Proof::Json {
            let bytes = json::through_text(bytes, names, self.nesting)?;
            let (names, mut memo) = (Names::default(), Memo::default());
            return Decoder::new(&bytes, &names, &mut memo, Room::unbounded(self.nesting)).reading_json(true).value();
        }
        let mut decoder = Decoder::new(bytes, names, &mut self.memo, Room::unbounded(self.nesting));
        let back = decoder.value()?;
        if decoder.place() == bytes.len() {
            Ok(back)
        } else {
            Err(CodecError::malformed("not all of its bytes are read"))
        }
    }

    fn prove<M: Model>(&mut self, row: &M, start: usize) -> Result<(), Refusal> {
        let read = self.read_back(start);
        let back: M = read.map_err(|error| Refusal::new(&error, RefusalCause::NotDeserialized))?;
        match M::compare(row, &back) {
            Comparison::Same(unknown) if unknown.is_empty() => Ok(()),
            Comparison::Same(unknown) => self.compare_bytes(&back, start, |field| unknown.contains(&field)),
            Comparison::Differs(field) => Err(Refusal::changed(field)),
            Comparison::Unknown => {
                let mut keys = Keys { row, back: &back, differs: None };
                M::declare(&mut keys);
                match keys.differs {
                    Some(field) => Err(Refusal::changed(&field)),
                    None => self.compare_bytes(&back, start, |_| true),
                }
            }
        }
    }

    /// Encodes what has come back once more, and compares the fields that are asked for by their bytes.
    fn compare_bytes<M: Model>(
        &mut self,
        back: &M,
        start: usize,
        is_asked: impl Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let end = self.encoder.bytes().len();
        self.encoder.append(back).map_err(|error| Refusal::new(&error, RefusalCause::NotSerialized))?;
        let (once, again) = self.encoder.bytes()[start..].split_at(end - start);
        if once == again {
            return Ok(());
        }
        match first_difference(once, again, self.encoder.names(), is_asked) {
            Some(field) => Err(Refusal::changed(&field)),
            None => Ok(()),
        }
    }
}

/// Compares the keys of two rows.
struct Keys<'a, M> {
    row: &'a M,
    back: &'a M,
    differs: Option<String>,
}

impl<M> Keys<'_, M> {
    fn note(&mut self, same: bool, fields: &[&str]) {
        if !same && self.differs.is_none() {
            self.differs = Some(fields.join(", "));
        }
    }
}

impl<M: Model> Visitor<M> for Keys<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        let same = match (U::key(self.row), U::key(self.back)) {
            (Some(left), Some(right)) => <U::Key as Key>::same(left, right),
            (left, right) => left.is_none() && right.is_none(),
        };
        self.note(same, U::FIELDS);
    }

    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let same = match (R::key(self.row), R::key(self.back)) {
            (Some(left), Some(right)) => R::Reference::same(left, right),
            (left, right) => left.is_none() && right.is_none(),
        };
        self.note(same, R::FIELDS);
    }

    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        self.note(L::ids(self.row) == L::ids(self.back), &[L::FIELD]);
    }
}

/// Reads a row: field by field where its model is lossless and the file has its fields, else through serde.
#[inline]
pub(crate) fn read_row<M: Model>(decoder: &mut Decoder<'_, '_>) -> Result<M, CodecError> {
    if M::IS_LOSSLESS
        && let Some(Some(row)) = decoder.lossless(|from| M::read_lossless(from))
    {
        return Ok(row);
    }
    decoder.value()
}
