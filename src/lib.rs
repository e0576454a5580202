//! placeholder
#![allow(missing_docs)]

extern crate self as relata;

pub(crate) mod arena;
mod builder;
mod database;
mod erased;
mod error;
mod id;
mod include;
mod index;
mod integrity;
mod key;
mod model;
mod relation;
mod row;
mod schema;
pub mod snapshot;
mod table;
mod write;

pub use builder::DatabaseBuilder;
pub use database::Database;
pub use error::{Act, BatchViolation, Error, Holder, Missing};
pub use id::{Id, ParseIdError, RowId};
pub use include::{
    Children, Cursor, Each, Include, Item, Pair, Path, Reached, Recursive, Scoped, ScopedChildren, Tree,
};
pub use integrity::removal::{ClearedKey, DeletePlan};
pub use key::{Key, KeyPart, Lookup};
pub use model::{
    ById, ByKey, Column, Editable, Field, HasPrimaryKey, KeyOf, KeyRef, Model, NamedRelation, NamedUnique, Optional,
    Presence, Reference, RefersTo, Relation, Required, Unique, Visitor, name_hash,
};
#[cfg(feature = "derive")]
pub use relata_derive::Model;
pub use relation::{BelongsTo, By, HasMany, HasOne, Inverse};
pub use row::{Navigate, Row, RowRef};
pub use schema::{Action, Schema};
pub use snapshot::SnapshotError;
pub use table::Table;
pub use write::{Access, Deleted, Split, TableMut};
