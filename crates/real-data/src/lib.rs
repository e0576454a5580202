//! Real data sets as typed models, loaded into relata with every foreign key enforced.
//!
//! A set is a folder of CSV files, one a table, beside a `schema.json` and an `fk.json` that say what the tables of the
//! source declare. Each set is a module here: the models of its tables, and a [`DataSet`] that lists them with targets
//! before their sources, so that [`load_set`] can go through the list and check every key as it comes.
//!
//! The files are not part of the repository: see [`data_folder`]. Not responsible for data with flaws: a file that
//! breaks a rule is refused, with the line of every row that does.

mod csv_table;
mod load;

use std::fmt::Debug;

use relata::{Database, DatabaseBuilder, Model};

pub use csv_table::{CsvTable, data_folder};
pub use load::{LineViolation, LoadError, load, load_set};

/// The models of a folder of CSV files.
pub trait DataSet {
    /// The name of the folder.
    const FOLDER: &'static str;

    /// Shows a visitor every model, targets before their sources, until it fails.
    fn each_model(visitor: &mut impl ModelVisitor) -> Result<(), LoadError>;

    /// A builder with every model registered.
    fn builder() -> DatabaseBuilder {
        let mut registration = Registration(Database::builder());
        Self::each_model(&mut registration).expect("registering a model does not fail");
        registration.0
    }
}

/// What is shown the models of a set.
pub trait ModelVisitor {
    /// A model; its table's name is that of the file.
    fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError>;
}

struct Registration(DatabaseBuilder);

impl ModelVisitor for Registration {
    fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
        self.0 = std::mem::take(&mut self.0).model::<M>();
        Ok(())
    }
}

/// Declares a [`DataSet`]: its name, its folder, its models with targets before their sources.
macro_rules! data_set {
    ($name:ident in $folder:literal: [$($model:ident),+ $(,)?]) => {
        #[doc = concat!("The set in the folder `", $folder, "`.")]
        #[derive(Debug)]
        pub struct $name;

        impl $crate::DataSet for $name {
            const FOLDER: &'static str = $folder;

            fn each_model(visitor: &mut impl $crate::ModelVisitor) -> Result<(), $crate::LoadError> {
                $(visitor.model::<$model>()?;)+
                Ok(())
            }
        }
    };
}

#[allow(missing_docs, reason = "the fields are the columns of the files, under their names")]
pub mod cargo_lock;
#[allow(missing_docs, reason = "the fields are the columns of the files, under their names")]
pub mod chinook;
#[allow(missing_docs, reason = "the fields are the columns of the files, under their names")]
pub mod northwind;
#[allow(missing_docs, reason = "the fields are the columns of the files, under their names")]
pub mod pokeapi;
