//! Rows of older structs: functions that make rows of today's models of them while a snapshot is loaded.
//!
//! A step leads from one struct to the next. The steps of several versions form a chain, which is found by the types: the
//! row is read as the struct of the version that the file has, and goes from step to step until it is one of the model.

use std::any::{Any, TypeId, type_name};
use std::fmt;

use serde::de::DeserializeOwned;

use crate::codec::{CodecError, Decoder, positional};
use crate::error::Error;
use crate::id::{Id, RowId};
use crate::model::Model;
use crate::table::{Store, Table};

/// Why a migration makes no row of an old one. It is made from a text or an [`Error`], so that `?` and `.into()` do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationError(String);

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MigrationError {}

impl From<String> for MigrationError {
    fn from(what: String) -> Self {
        MigrationError(what)
    }
}
impl From<&str> for MigrationError {
    fn from(what: &str) -> Self {
        MigrationError(what.to_owned())
    }
}
impl From<Error> for MigrationError {
    fn from(error: Error) -> Self {
        MigrationError(error.to_string())
    }
}

/// What a migration can see beside the row: which row it is, and the rows that are loaded already.
///
/// Loaded are the tables that stand before this one in the file: those of the models that were registered before it when it
/// was saved. They are seen under the models of this program. Their keys are not proved yet.
#[derive(Clone, Copy)]
pub struct MigrationContext<'a> {
    store: &'a Store,
    /// Which tables are loaded, by position.
    loaded: &'a [bool],
    row: RowId,
}

impl fmt::Debug for MigrationContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MigrationContext({})", self.row)
    }
}

impl<'a> MigrationContext<'a> {
    pub(crate) fn new(store: &'a Store, loaded: &'a [bool], row: RowId) -> Self {
        MigrationContext { store, loaded, row }
    }

    /// The row's id, which it keeps.
    pub fn row(&self) -> RowId {
        self.row
    }

    /// The table of a model, to look rows up by id or by a unique key. An error for one that is not loaded yet.
    pub fn table<M: Model>(&self) -> Result<Table<'a, M>, MigrationError> {
        let position = self.store.position::<M>()?;
        if self.loaded[position as usize] {
            Ok(self.store.table_at(position))
        } else {
            Err(MigrationError(format!("the rows of `{}` are not loaded yet: they come later in the file", M::NAME)))
        }
    }

    /// The row of a table that is loaded, by its id.
    pub fn get<M: Model>(&self, id: Id<M>) -> Result<&'a M, MigrationError> {
        Ok(self.table::<M>()?.row(id)?)
    }
}

type Row = Box<dyn Any>;
type Apply = Box<dyn Fn(Row, MigrationContext<'_>) -> Result<Row, MigrationError> + Send + Sync>;

/// One step.
pub(crate) struct Migration {
    /// The version of the table whose rows are of the old struct.
    pub(crate) from_version: u32,
    old: TypeId,
    new: TypeId,
    names: (&'static str, &'static str),
    decode: fn(&mut Decoder<'_, '_>) -> Result<Row, CodecError>,
    decode_by_position: fn(&[u8]) -> Result<Row, String>,
    apply: Apply,
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} from version {}", self.names.0, self.names.1, self.from_version)
    }
}

impl Migration {
    pub(crate) fn new<Old, New>(
        from_version: u32,
        migrate: impl Fn(Old, MigrationContext<'_>) -> Result<New, MigrationError> + Send + Sync + 'static,
    ) -> Self
    where
        Old: DeserializeOwned + 'static,
        New: 'static,
    {
        let apply: Apply = Box::new(move |row, context| {
            let old = row.downcast::<Old>().map_err(|_| "a migration was given a row of another struct")?;
            Ok(Box::new(migrate(*old, context)?))
        });
        Migration {
            from_version,
            old: TypeId::of::<Old>(),
            new: TypeId::of::<New>(),
            names: (type_name::<Old>(), type_name::<New>()),
            decode: |decoder| Ok(Box::new(decoder.value::<Old>()?)),
            decode_by_position: |bytes| Ok(Box::new(positional::decode::<Old>(bytes)?)),
            apply,
        }
    }
}

/// The steps from the struct of a file to a model.
#[derive(Debug)]
pub(crate) struct Chain<'a>(Vec<&'a Migration>);

impl<'a> Chain<'a> {
    /// The chain that begins at this version and ends at the model; `None` where no steps lead there, and an error where
    /// more than one way does.
    pub(crate) fn find(all: &'a [Migration], from_version: u32, model: TypeId) -> Result<Option<Self>, String> {
        let mut chains = Vec::new();
        for start in all.iter().filter(|step| step.from_version == from_version) {
            follow(all, vec![start], model, &mut chains);
        }
        match &chains[..] {
            [] | [_] => Ok(chains.pop()),
            [first, second, ..] => Err(format!("{:?} and {:?} both lead to it", first.0, second.0)),
        }
    }

    /// Reads a row as the struct that it was saved as.
    pub(crate) fn decode(&self, decoder: &mut Decoder<'_, '_>) -> Result<Row, CodecError> {
        (self.0[0].decode)(decoder)
    }

    /// The same in format 1.
    pub(crate) fn decode_by_position(&self, bytes: &[u8]) -> Result<Row, String> {
        (self.0[0].decode_by_position)(bytes)
    }

    /// Leads a row through all steps.
    pub(crate) fn apply(&self, row: Row, context: MigrationContext<'_>) -> Result<Row, MigrationError> {
        self.0.iter().try_fold(row, |row, step| {
            let from = step.from_version;
            (step.apply)(row, context)
                .map_err(|error| format!("the migration from version {from} says: {error}").into())
        })
    }
}

/// Follows the types wherever they lead; versions go upwards, so that no circle is followed. Two ways are enough to know.
fn follow<'a>(all: &'a [Migration], steps: Vec<&'a Migration>, model: TypeId, chains: &mut Vec<Chain<'a>>) {
    let last = steps[steps.len() - 1];
    if last.new == model {
        chains.push(Chain(steps));
        return;
    }
    let leads_on = |step: &&Migration| step.old == last.new && step.from_version > last.from_version;
    for next in all.iter().filter(leads_on) {
        if chains.len() < 2 {
            follow(all, steps.iter().copied().chain([next]).collect(), model, chains);
        }
    }
}
