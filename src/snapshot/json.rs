//! Databases as lines of JSON: what a file holds, as text, and back into the loader. `docs/json.md` gives the lines.
//!
//! An export is a save whose sections are written as lines; an import makes sections of lines and has them loaded. So
//! there is one set of rules for both.

mod read;
mod table;
mod write;

use std::io::{Read, Write};

pub(super) use read::LineReader;
pub use table::{ImportedRows, RefusedLine};
pub(super) use write::LineWriter;

use super::error::SnapshotError;
use super::load;
use super::report::{LoadReport, SaveReport};
use super::save::Saving;
use super::saver::Saver;
use super::source::Source;
use crate::builder::DatabaseBuilder;
use crate::codec::NESTING;
use crate::database::Database;
use crate::model::Model;
use crate::proof::Proof;

/// The version of the text.
const VERSION: u16 = 1;

impl Database {
    /// Writes the database as lines of JSON, for tools, bug reports and version control: rows with their ids, the ids
    /// to come, the order of children, the declarations. The stream is not flushed.
    ///
    /// Each row is read back from its JSON and compared before anything is written; one that does not come back equal
    /// refuses the export, and all such rows are named. The same state gives the same text. `docs/json.md` gives the
    /// lines. O(slots ever used), two encodings and one decoding for each row.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// let mut db = Database::builder().model::<Planet>().build()?;
    /// let mars = db.insert(Planet { name: "Mars".into() })?;
    /// let mut text = Vec::new();
    /// db.export_json(&mut text)?;
    /// assert!(str::from_utf8(&text)?.contains(r#"["1v1",{"name":"Mars"}]"#));
    ///
    /// let copy = Database::builder().model::<Planet>().import_json(&text[..])?;
    /// assert_eq!(copy.get(mars)?.name, "Mars");
    /// assert_eq!(copy.state_hash(), db.state_hash());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn export_json(&self, sink: impl Write) -> Result<(), SnapshotError> {
        self.saver().export_json(sink).map(drop)
    }

    /// Writes the rows of one table as lines of JSON, for [`Database::import_json_of`]; else as
    /// [`Database::export_json`].
    pub fn export_json_of<M: Model>(&self, mut sink: impl Write) -> Result<(), SnapshotError> {
        let place = self.store.position::<M>().map_err(SnapshotError::Models)?;
        let choices = self.saver().choices;
        let saving = Saving::prepare(&self.store, super::save::Choices { proof: Proof::Json, ..choices })?;
        saving.write_json(&mut sink, Some(place as usize))
    }
}

impl Saver<'_> {
    /// Writes lines of JSON to a stream, as [`Database::export_json`] does.
    pub fn export_json(mut self, mut sink: impl Write) -> Result<SaveReport, SnapshotError> {
        self.choices.proof = Proof::Json;
        let saving = Saving::prepare(&self.database.store, self.choices)?;
        saving.write_json(&mut sink, None)?;
        Ok(SaveReport { left_out: saving.refused })
    }
}

impl DatabaseBuilder {
    /// Makes a database of lines of JSON that [`Database::export_json`] has written, or a tool: by the rules, within
    /// the limits and with the errors of [`DatabaseBuilder::load`].
    ///
    /// Ids are kept, so are the ids to come and the order of children. An error names the line, and table, row and
    /// field. The encoded rows of one table are held beside the database, within `memory_limit`.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
    /// # let mut db = Database::builder().model::<Planet>().build()?;
    /// # db.insert(Planet { name: "Mars".into() })?;
    /// let mut text = Vec::new();
    /// db.export_json(&mut text)?;
    /// let text = String::from_utf8(text)?.replace("\"Mars\"", "4");
    ///
    /// let refused = Database::builder().model::<Planet>().import_json(text.as_bytes()).unwrap_err();
    /// let said = "line 4: Planet 1v1, field `name`, cannot be read: invalid type: integer `4`, expected a string";
    /// assert_eq!(refused.to_string(), said);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import_json(self, source: impl Read) -> Result<Database, SnapshotError> {
        self.import_json_with_report(source).map(|(database, _)| database)
    }

    /// As [`DatabaseBuilder::import_json`], with the report of a load. Its `format` is the version of the text.
    pub fn import_json_with_report(mut self, source: impl Read) -> Result<(Database, LoadReport), SnapshotError> {
        let choices = std::mem::take(&mut self.load);
        let empty = self.build().map_err(SnapshotError::Models)?;
        let nesting = choices.nesting.unwrap_or(NESTING);
        let lines = LineReader::new(source, choices.memory_limit, nesting);
        load::fill(empty, &choices, Source::Json(Box::new(lines)), VERSION, None)
    }
}
