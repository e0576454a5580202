//! From files to rows: one loader for every model, by the names in the header.

use std::fmt::{self, Debug};
use std::path::PathBuf;

use relata::{Database, Error, Model};

use crate::csv_table::CsvTable;
use crate::{DataSet, ModelVisitor};

/// Why a set or a table could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The folder of the data sets is not there.
    #[error(
        "the real data sets are needed and {} is not a folder: put them there, or name their folder in RELATA_DATA",
        folder.display()
    )]
    NoData {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A file could not be read, or a record does not fit the model.
    #[error("{}: {source}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        source: csv::Error,
    },
    /// The store refused rows of a file; nothing of the file is stored.
    #[error("{}: {} of {rows} rows refused, nothing stored; first: {}", path.display(), violations.len(), violations[0])]
    Refused {
        /// The file.
        path: PathBuf,
        /// How many rows it has.
        rows: usize,
        /// Every violation, in the order of the file. At least one.
        violations: Vec<LineViolation>,
    },
    /// The store refused for another reason.
    #[error(transparent)]
    Store(#[from] Error),
}

/// One refused row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineViolation {
    /// The line on which the row begins; the header is on line 1.
    pub line: u64,
    /// What is wrong with it.
    pub error: Error,
}

impl fmt::Display for LineViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.error)
    }
}

impl CsvTable {
    /// The records as rows of a model, fields by the names in the header. A NULL is `None`; where the model has text
    /// that is not optional, it is the empty text.
    pub fn rows<M: Model>(&self) -> Result<Vec<M>, LoadError> {
        self.records
            .iter()
            .map(|record| record.deserialize(Some(&self.header)))
            .collect::<Result<_, _>>()
            .map_err(|source| LoadError::Csv { path: self.path.clone(), source })
    }
}

/// Loads `<set>/<file>.csv` into a model's table, whole or not at all, and gives the number of its rows.
///
/// Rows may refer to rows that come later in the file. Where rows are refused, the error names the line of each.
///
/// ```no_run
/// use relata_real_data::chinook::{Artist, Chinook};
/// use relata_real_data::{DataSet, load};
///
/// let mut db = Chinook::builder().build()?;
/// println!("{} artists", load::<Artist>(&mut db, Chinook::FOLDER, "Artist")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load<M: Model>(db: &mut Database, set: &str, file: &str) -> Result<usize, LoadError> {
    let table = CsvTable::read(set, file)?;
    match db.insert_many(table.rows::<M>()?) {
        Ok(ids) => Ok(ids.len()),
        Err(Error::BatchRefused { rows, violations, .. }) => {
            let lined = |violation: relata::BatchViolation| LineViolation {
                line: table.line(violation.index),
                error: violation.error,
            };
            let violations = violations.into_iter().map(lined).collect();
            Err(LoadError::Refused { path: table.path, rows, violations })
        }
        Err(error) => Err(error.into()),
    }
}

/// A database with every table of a set, each from the file of its name.
pub fn load_set<S: DataSet>() -> Result<Database, LoadError> {
    let mut load = LoadEach { db: S::builder().build()?, set: S::FOLDER };
    S::each_model(&mut load)?;
    Ok(load.db)
}

struct LoadEach {
    db: Database,
    set: &'static str,
}

impl ModelVisitor for LoadEach {
    fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
        load::<M>(&mut self.db, self.set, M::NAME).map(|_| ())
    }
}
