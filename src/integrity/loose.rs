//! Ids that no relation enforces: inside of structs, enums and collections of a row, where declarations cannot see
//! them.
//!
//! A row shows them while it is serialised: an [`Id`](crate::Id) tells serde its name, and the value that follows has a
//! type which tells the model. What is written as something else, by a `with` or a `Serialize` of one's own, is not
//! met.

use std::fmt::{self, Write as _};

use hashbrown::HashMap;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use slotmap::DefaultKey;

use crate::arena::Arena;
use crate::error::Error;
use crate::id::{ID_NAME, RowId};
use crate::model::{ListRelation, Model, Relation, Visitor};
use crate::table::Store;

/// Finds the ids in a table's rows that no relation covers, are not said to be plain, and name no row.
pub(super) fn check<M: Model>(rows: &Arena<M>, store: &Store, faults: &mut Vec<Error>) {
    let mut covered = Covered { fields: M::PLAIN.to_vec() };
    M::declare(&mut covered);
    let mut finder = Finder {
        store,
        row: RowId { table: M::NAME, key: DefaultKey::default() },
        covered: covered.fields,
        tables: HashMap::new(),
        path: Vec::new(),
        expected: None,
        key: None,
        faults,
    };
    for (key, row) in rows.iter() {
        finder.row.key = key;
        finder.path.clear();
        // Whether a row can be serialised is not asked here: up to where it cannot, its ids have been met.
        let _ = row.serialize(&mut finder);
    }
}

/// The fields, by their names outside, whose ids are looked at elsewhere, or nowhere.
struct Covered {
    fields: Vec<&'static str>,
}

impl Covered {
    fn add<M: Model>(&mut self, fields: &[&str]) {
        let columns = M::COLUMNS.iter().filter(|column| fields.contains(&column.name));
        self.fields.extend(columns.map(|column| column.external_name));
    }
}

impl<M: Model> Visitor<M> for Covered {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        self.add::<M>(R::FIELDS);
    }
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        self.add::<M>(&[L::FIELD]);
    }
}

/// A serializer that writes nothing and looks for ids.
struct Finder<'a> {
    store: &'a Store,
    row: RowId,
    covered: Vec<&'static str>,
    /// The tables whose ids have this type.
    tables: HashMap<&'static str, Vec<u32>>,
    /// The way from the row to what is serialised.
    path: Vec<Step>,
    /// The type of the id of which the number comes next.
    expected: Option<&'static str>,
    /// The text that was serialised last as the key of a map which the row itself is.
    key: Option<String>,
    faults: &'a mut Vec<Error>,
}

enum Step {
    Name(&'static str),
    Text(String),
    Place(usize),
}

/// That a row cannot be serialised.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it cannot be serialised")
    }
}
impl std::error::Error for Refused {}
impl serde::ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Refused
    }
}

impl Finder<'_> {
    fn step<T: Serialize + ?Sized>(&mut self, step: Step, value: &T) -> Result<(), Refused> {
        let name = match &step {
            Step::Name(name) => Some(*name),
            Step::Text(text) => Some(text.as_str()),
            Step::Place(_) => None,
        };
        if self.path.is_empty() && name.is_some_and(|name| self.covered.contains(&name)) {
            return Ok(());
        }
        self.path.push(step);
        value.serialize(&mut *self)?;
        self.path.pop();
        Ok(())
    }

    fn found(&mut self, id_type: &'static str, id: DefaultKey) {
        let Finder { store, tables, .. } = self;
        let of_type = || {
            let tables = store.tables.iter().filter(|table| table.rows.id_type() == id_type);
            tables.map(|table| table.position).collect()
        };
        // Two models can have one name, where they are local to functions; then the id may be of either.
        let tables = tables.entry(id_type).or_insert_with(of_type);
        let is_there = |table: &u32| {
            let rows = &self.store.tables[*table as usize].rows;
            rows.contains(id) || rows.is_reserved(id)
        };
        if let Some(table) = tables.first().map(|table| &self.store.tables[*table as usize])
            && !tables.iter().any(is_there)
        {
            self.faults.push(Error::LooseId {
                row: self.row,
                field: self.path.iter().fold(String::new(), append),
                target: RowId { table: table.name, key: id },
                why: table.rows.why_missing(id),
            });
        }
    }
}

fn append(mut text: String, step: &Step) -> String {
    let dot = if text.is_empty() { "" } else { "." };
    let _ = match step {
        Step::Name(name) => write!(text, "{dot}{name}"),
        Step::Text(name) => write!(text, "{dot}{name}"),
        Step::Place(place) => write!(text, "[{place}]"),
    };
    text
}

/// The values that hold no other.
macro_rules! leaves {
    ($($name:ident $type:ty),+) => {$(
        fn $name(self, _: $type) -> Result<(), Refused> {
            Ok(())
        }
    )+};
}

impl<'f, 'a> Serializer for &'f mut Finder<'a> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Inside<'f, 'a>;
    type SerializeTuple = Inside<'f, 'a>;
    type SerializeTupleStruct = Inside<'f, 'a>;
    type SerializeTupleVariant = Inside<'f, 'a>;
    type SerializeMap = Inside<'f, 'a>;
    type SerializeStruct = Inside<'f, 'a>;
    type SerializeStructVariant = Inside<'f, 'a>;

    leaves!(
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_i128 i128, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u128 u128,
        serialize_f32 f32, serialize_f64 f64, serialize_char char, serialize_bytes &[u8],
        serialize_unit_struct &'static str
    );

    fn serialize_u64(self, number: u64) -> Result<(), Refused> {
        if let Some(id_type) = self.expected.take() {
            self.found(id_type, slotmap::KeyData::from_ffi(number).into());
        }
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Refused> {
        if self.path.is_empty() {
            self.key = Some(text.to_owned());
        }
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Refused> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Refused> {
        self.expected = (name == ID_NAME).then(std::any::type_name::<T>);
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.step(Step::Name(variant), value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'f, 'a>, Refused> {
        Ok(Inside::of(self))
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside<'f, 'a>, Refused> {
        Ok(Inside::of(self))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Inside<'f, 'a>, Refused> {
        Ok(Inside::of(self))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'f, 'a>, Refused> {
        Ok(Inside::of_variant(self, variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'f, 'a>, Refused> {
        Ok(Inside::of(self))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside<'f, 'a>, Refused> {
        Ok(Inside::of(self))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'f, 'a>, Refused> {
        Ok(Inside::of_variant(self, variant))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// What holds other values.
struct Inside<'f, 'a> {
    finder: &'f mut Finder<'a>,
    next: usize,
    is_variant: bool,
}

impl<'f, 'a> Inside<'f, 'a> {
    fn of(finder: &'f mut Finder<'a>) -> Self {
        Inside { finder, next: 0, is_variant: false }
    }

    fn of_variant(finder: &'f mut Finder<'a>, variant: &'static str) -> Self {
        finder.path.push(Step::Name(variant));
        Inside { finder, next: 0, is_variant: true }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.next += 1;
        self.finder.step(Step::Place(self.next - 1), value)
    }

    fn leave(self) {
        if self.is_variant {
            self.finder.path.pop();
        }
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),+) => {$(
        impl $trait for Inside<'_, '_> {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.element(value)
            }
            fn end(self) -> Result<(), Refused> {
                self.leave();
                Ok(())
            }
        }
    )+};
}
elements!(
    SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! fields {
    ($($trait:ident),+) => {$(
        impl $trait for Inside<'_, '_> {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
                self.finder.step(Step::Name(name), value)
            }
            fn end(self) -> Result<(), Refused> {
                self.leave();
                Ok(())
            }
        }
    )+};
}
fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Inside<'_, '_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.finder.key = None;
        if self.finder.path.is_empty() {
            key.serialize(&mut *self.finder)
        } else {
            self.finder.step(Step::Place(self.next), key)
        }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.next += 1;
        let step = self.finder.key.take().map_or(Step::Place(self.next - 1), Step::Text);
        self.finder.step(step, value)
    }
    fn end(self) -> Result<(), Refused> {
        self.leave();
        Ok(())
    }
}
