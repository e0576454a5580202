//! placeholder
#![allow(missing_docs)]

extern crate self as relata;

mod id;
mod schema;
mod error;
mod key;
mod arena;
mod index;
mod model;
mod relation;
mod table;
mod database;
mod include;
mod row;
mod erased;
mod builder;

pub use builder::DatabaseBuilder;
pub use database::Database;
pub use error::{Act, BatchViolation, Error, Holder, Missing};
pub use id::{Id, ParseIdError, RowId};
pub use key::{Key, KeyPart, Lookup};
pub use model::{
    ById, ByKey, Column, Editable, Field, HasPrimaryKey, KeyOf, KeyRef, Model, NamedRelation, NamedUnique, Optional,
    Presence, Reference, RefersTo, Relation, Required, Unique, Visitor, name_hash,
};
pub use relation::{BelongsTo, By, HasMany, HasOne, Inverse};
pub use schema::{Action, Schema};
pub use row::{Navigate, Row, RowRef};
pub use table::Table;
