//! Rows that were found, with what was included in them: read by name, and written as JSON.

use std::fmt;

use serde::ser::{Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};
use slotmap::DefaultKey;

use super::condition::Members;
use super::error::{DataError, Pointer};
use super::filter::Filter;
use super::model::AnyModel;
use super::told::{Untold, refuse_all_but, value_of};
use super::value::Value;
use crate::database::Database;
use crate::id::{Id, RowId};
use crate::model::Model;

/// Which fields of rows are given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// The names that are given, or else left out.
    names: Vec<String>,
    are_left_out: bool,
    /// Fields that are closed.
    hidden: Vec<&'static str>,
    /// The only names that are given, where what is closed has no name of its own: a field that is flattened.
    only: Option<Vec<&'static str>>,
    /// Whether the row's id is told as `id`.
    has_id: bool,
}

impl Selection {
    pub(crate) fn of<M: Model>(filter: &Filter, members: &Members<M>) -> Result<Self, DataError> {
        let hidden = members.hidden.clone();
        let has_name = |name: &&str| Members::<M>::of(None).has_field(name);
        let names = || M::COLUMNS.iter().map(|column| column.external_name).chain(["id"]).collect();
        let only = (!hidden.iter().all(has_name)).then(names);
        let all = Selection { hidden, only, has_id: !members.has_id, ..Selection::default() };
        let Some(fields) = &filter.fields else {
            return Ok(Selection { are_left_out: true, ..all });
        };
        let at = Pointer::based(&fields.path);
        for name in &fields.names {
            if !members.has_field(name) && (name != "id" || members.has_id) {
                return Err(members.no_property(name, &at.key(name)).into());
            }
        }
        Ok(Selection { names: fields.names.clone(), are_left_out: fields.are_left_out, ..all })
    }

    fn has(&self, name: &str) -> bool {
        (self.names.is_empty() || self.names.iter().any(|other| other == name) != self.are_left_out)
            && !self.hidden.contains(&name)
            && self.only.as_ref().is_none_or(|only| only.contains(&name))
    }
}

/// Rows of one model, and those that are included in them.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) model: &'static dyn AnyModel,
    pub(crate) keys: Vec<DefaultKey>,
    pub(crate) selection: Selection,
    pub(crate) included: Vec<Included>,
}

/// The rows of a relation for each of the rows that it was followed from.
#[derive(Debug)]
pub(crate) struct Included {
    pub(crate) name: &'static str,
    pub(crate) is_many: bool,
    /// Where the rows of each source begin; one more for the end.
    pub(crate) starts: Vec<usize>,
    pub(crate) rows: Rows,
}

impl Included {
    fn range(&self, source: usize) -> std::ops::Range<usize> {
        self.starts[source]..self.starts[source + 1]
    }
}

/// Rows that were found by name, see [`DataTable::find`](super::DataTable::find).
pub struct Found<'a> {
    pub(crate) database: &'a Database,
    pub(crate) rows: Rows,
}

impl fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("model", &self.rows.model.name()).field("len", &self.len()).finish()
    }
}

impl Found<'_> {
    /// How many rows there are, without what is included in them.
    pub fn len(&self) -> usize {
        self.rows.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.keys.is_empty()
    }

    /// The rows, in the order asked for.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = FoundRow<'_>> {
        (0..self.len()).map(|place| FoundRow { database: self.database, rows: &self.rows, place })
    }

    /// The first row.
    pub fn first(&self) -> Option<FoundRow<'_>> {
        self.iter().next()
    }

    /// The rows as a JSON list, each with what is included in it (behaviour R39).
    ///
    /// A row is what its `Serialize` gives, with the `id` before: a float that is no number is `null`. An error is that of a
    /// `Serialize`, as of a map with keys that JSON has no form for.
    pub fn to_json(&self) -> Result<String, DataError> {
        let mut out = Vec::with_capacity(self.len() * 128);
        self.write_json(&mut out)?;
        Ok(text(out))
    }

    /// The same, appended to bytes.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), DataError> {
        write_list(self.database, &self.rows, 0..self.len(), out).map_err(|error| no_json(self.rows.model, &error))
    }
}

/// A row that was found by name, or is included in one.
#[derive(Clone, Copy)]
pub struct FoundRow<'f> {
    database: &'f Database,
    rows: &'f Rows,
    place: usize,
}

impl fmt::Debug for FoundRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FoundRow").field(&self.id()).finish()
    }
}

impl<'f> FoundRow<'f> {
    /// Its id.
    pub fn id(&self) -> RowId {
        RowId { table: self.rows.model.name(), key: self.rows.keys[self.place] }
    }

    /// The field of this name; `None` where the row has none, or none is given. A number, a truth value, an id and a text that
    /// the type lends are read without an allocation.
    pub fn get(&self, field: &str) -> Option<Value<'f>> {
        let key = self.rows.keys[self.place];
        if !self.rows.selection.has(field) {
            return None;
        }
        if field == "id" && self.rows.selection.has_id {
            return Some(Value::Id(Id::from_key(key)));
        }
        self.rows.model.value(self.database, key, field)
    }

    /// The rows of a relation that are included; `None` where it is not.
    pub fn included(&self, relation: &str) -> Option<impl ExactSizeIterator<Item = FoundRow<'f>> + use<'f>> {
        let included = self.rows.included.iter().find(|included| included.name == relation)?;
        let database = self.database;
        Some(included.range(self.place).map(move |place| FoundRow { database, rows: &included.rows, place }))
    }

    /// The row as a JSON object, with what is included in it.
    pub fn to_json(&self) -> Result<String, DataError> {
        let mut out = Vec::with_capacity(128);
        self.write_json(&mut out)?;
        Ok(text(out))
    }

    /// The same, appended to bytes.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), DataError> {
        let written = self.rows.model.write_row(self.database, self.rows, self.place, out);
        written.map_err(|error| no_json(self.rows.model, &error))
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("JSON is written as UTF-8")
}

#[cold]
fn no_json(model: &dyn AnyModel, error: &Untold) -> DataError {
    DataError::NotJson { text: model.name().to_owned(), why: error.to_string() }
}

fn write_list(
    database: &Database,
    rows: &Rows,
    places: std::ops::Range<usize>,
    out: &mut Vec<u8>,
) -> Result<(), Untold> {
    out.push(b'[');
    let first = places.start;
    for place in places {
        if place > first {
            out.push(b',');
        }
        rows.model.write_row(database, rows, place, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Writes a row as its `Serialize` gives it, with its id before and what is included behind.
pub(crate) fn write_row<M: Model>(
    database: &Database,
    row: &M,
    rows: &Rows,
    place: usize,
    out: &mut Vec<u8>,
) -> Result<(), Untold> {
    out.push(b'{');
    let start = out.len();
    if rows.selection.has_id && rows.selection.has("id") {
        write_key("id", out)?;
        write(&Id::<M>::from_key(rows.keys[place]), out)?;
    }
    row.serialize(Object { rows, start, is_next: false, out })?;
    for included in &rows.included {
        let mut range = included.range(place);
        if included.is_many {
            begin(included.name, start, out)?;
            write_list(database, &included.rows, range, out)?;
        } else if let Some(related) = range.next() {
            begin(included.name, start, out)?;
            included.rows.model.write_row(database, &included.rows, related, out)?;
        }
    }
    out.push(b'}');
    Ok(())
}

fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Untold> {
    serde_json::to_writer(out, value).map_err(|error| Untold(error.to_string()))
}

fn write_key(key: &str, out: &mut Vec<u8>) -> Result<(), Untold> {
    write(key, out)?;
    out.push(b':');
    Ok(())
}

/// Begins an entry, behind a comma if it is not the first.
fn begin(key: &str, start: usize, out: &mut Vec<u8>) -> Result<(), Untold> {
    if out.len() > start {
        out.push(b',');
    }
    write_key(key, out)
}

/// The inside of a row's object.
struct Object<'r, 'o> {
    rows: &'r Rows,
    /// Where it begins.
    start: usize,
    is_next: bool,
    out: &'o mut Vec<u8>,
}

impl Object<'_, '_> {
    /// Whether a field is given: an included row stands in the place of a field of its name.
    fn has(&self, name: &str) -> bool {
        self.rows.selection.has(name) && !self.rows.included.iter().any(|included| included.name == name)
    }
}

impl<'r, 'o> Serializer for Object<'r, 'o> {
    type Ok = ();
    type Error = Untold;
    type SerializeSeq = Impossible<(), Untold>;
    type SerializeTuple = Impossible<(), Untold>;
    type SerializeTupleStruct = Impossible<(), Untold>;
    type SerializeTupleVariant = Impossible<(), Untold>;
    type SerializeMap = Object<'r, 'o>;
    type SerializeStruct = Object<'r, 'o>;
    type SerializeStructVariant = Impossible<(), Untold>;

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Untold> {
        Ok(self)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Untold> {
        Ok(self)
    }
    refuse_all_but!("a row is an object: its `Serialize` gives another kind of value"; scalars, number, text, inside);
}

impl SerializeStruct for Object<'_, '_> {
    type Ok = ();
    type Error = Untold;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Untold> {
        if !self.has(key) {
            return Ok(());
        }
        begin(key, self.start, self.out)?;
        write(value, self.out)
    }
    fn end(self) -> Result<(), Untold> {
        Ok(())
    }
}

impl SerializeMap for Object<'_, '_> {
    type Ok = ();
    type Error = Untold;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Untold> {
        let key = value_of(key)?;
        let key = key.text().ok_or_else(|| Untold("the key of a map is no text".to_owned()))?;
        self.is_next = self.has(key);
        if self.is_next { begin(key, self.start, self.out) } else { Ok(()) }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Untold> {
        if std::mem::take(&mut self.is_next) { write(value, self.out) } else { Ok(()) }
    }
    fn end(self) -> Result<(), Untold> {
        Ok(())
    }
}
