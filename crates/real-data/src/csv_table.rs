//! A CSV file as it lies in its folder: text, with no model in sight.

use std::env;
use std::path::{Path, PathBuf};

use csv::{Reader, StringRecord};

use crate::load::LoadError;

/// The folder of the data sets: what the environment variable `RELATA_DATA` names, else `shared/data` beside the
/// folder of the workspace. An error where there is none.
pub fn data_folder() -> Result<PathBuf, LoadError> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = env::var_os("RELATA_DATA").map_or_else(beside, PathBuf::from);
    if folder.is_dir() { Ok(folder) } else { Err(LoadError::NoData { folder }) }
}

/// The header and the records of one file.
#[derive(Debug)]
pub struct CsvTable {
    /// Where it lies.
    pub path: PathBuf,
    /// The names of the columns.
    pub header: StringRecord,
    /// The records in the order of the file; each knows its line. An empty field is NULL.
    pub records: Vec<StringRecord>,
}

impl CsvTable {
    /// Reads `<set>/<file>.csv` of the data folder.
    pub fn read(set: &str, file: &str) -> Result<Self, LoadError> {
        let path = data_folder()?.join(set).join(file).with_extension("csv");
        let read = || {
            let mut reader = Reader::from_path(&path)?;
            Ok((reader.headers()?.clone(), reader.records().collect::<Result<_, csv::Error>>()?))
        };
        match read() {
            Ok((header, records)) => Ok(CsvTable { path, header, records }),
            Err(source) => Err(LoadError::Csv { path, source }),
        }
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// The line of the file on which a record begins.
    pub fn line(&self, record: usize) -> u64 {
        self.records[record].position().map_or(0, csv::Position::line)
    }
}
