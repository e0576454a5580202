//! An embedded, in-memory relational store: plain structs, typed ids, foreign keys enforced on every write, joins
//! without hashing.
//!
//! A [`Model`] is a struct whose values are the rows of a table. Its relations are declared on its fields, LoopBack's
//! belongs_to, has_many, has_one and references_many, and enforced as SQL enforces foreign keys: a row never refers to one that does not
//! exist. Each relation keeps the target that its check has found, so that following it later is an array access.
//!
//! ```
//! use relata::{Database, Id, Model};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Model, Clone, Serialize, Deserialize)]
//! #[model(has_many(moons: Moon))]
//! struct Planet {
//!     #[model(unique)]
//!     name: String,
//! }
//!
//! #[derive(Model, Clone, Serialize, Deserialize)]
//! struct Moon {
//!     name: String,
//!     #[model(belongs_to, on_delete = cascade)]
//!     planet_id: Id<Planet>,
//! }
//!
//! let mut db = Database::builder().model::<Planet>().model::<Moon>().build()?;
//! let mars = db.insert(Planet { name: "Mars".into() })?;
//! let moons = db.insert_many(["Phobos", "Deimos"].map(|name| Moon { name: name.into(), planet_id: mars }))?;
//!
//! assert_eq!(db.related(moons[0], Moon::PLANET)?.name, "Mars");
//! assert_eq!(db.children(mars, Planet::MOONS)?.map(|(_, moon)| moon.name.as_str()).collect::<Vec<_>>(), ["Phobos", "Deimos"]);
//! assert_eq!(db.delete(mars)?.removed.len(), 2);
//! # Ok::<(), relata::Error>(())
//! ```
//!
//! # Where to find what
//!
//! | to | see |
//! |---|---|
//! | declare models | the derive [`Model`](derive@Model), with the whole grammar; the trait [`Model`](trait@Model) by hand |
//! | build, load, save | [`DatabaseBuilder`], [`Database::save`], [`save_in_background`](Database::save_in_background), [`snapshot`] |
//! | write | [`Database::insert`], [`insert_many`](Database::insert_many), [`import`](Database::import), [`update`](Database::update), [`upsert`](Database::upsert), [`delete`](Database::delete), [`create`](Database::create) |
//! | write many rows as one | [`delete_many`](Database::delete_many), [`update_many`](Database::update_many), [`upsert_many`](Database::upsert_many) |
//! | read | [`Database::get`], [`find`](Database::find), [`related`](Database::related), [`children`](Database::children), [`row`](Database::row), [`Table`] |
//! | list ids in an order | [`ReferencesMany`], [`IdList`], [`ListRelation`] |
//! | refer to one of several models | the derive [`PolymorphicId`](derive@PolymorphicId) |
//! | keep a hierarchy free of cycles | `#[model(belongs_to, acyclic)]`, [`Relation::ACYCLIC`] |
//! | link many to many | [`Through`], [`Database::link`], [`linked`](Database::linked) |
//! | resolve a slice of rows along a path | [`Database::include`] and [`Path`] |
//! | ask by value, in an order, page by page | [`Database::query`], [`Predicate`], [`Field`] |
//! | make that fast | `#[model(index)]`, `ordered`, `column`: the derive [`Model`](derive@Model); [`Query::explain`], [`Database::column`] |
//! | join tables | [`Database::join`], [`Database::rows`] and [`Join`], with what has nothing to join: [`Join::left_join`] |
//! | take it back | [`Database::transaction`], [`begin`](Database::begin), [`begin_deferred`](Database::begin_deferred), [`undo`](Database::undo) |
//! | try something, and take it or leave it | [`Database::clone`](Database#impl-Clone-for-Database) |
//! | be told of changes | [`Database::subscribe`], [`Watch`] |
//! | share it between threads | [`SharedDatabase`], [`to_database`](SharedDatabase::to_database) |
//! | tell people what was refused | [`Error`], [`Database::explain`] |
//! | sweep in place | [`Database::iter_mut`], [`Database::split`] |
//! | look into it | [`Database::schema`], [`Database::plan_delete`], [`plan_update`](Database::plan_update), [`Database::check`], [`Database::memory`], [`Database::state_hash`] |
//!
//! # Costs
//!
//! Reads never hash and never allocate, but for [`Database::find`] (one hash), inclusions of many rows with a scope (one
//! buffer for each block of 256 sources), joins (one buffer) and queries (their plan, and what they sort). Each method states its own.
//!
//! # Features
//!
//! `derive` (default): the derive macro. `rayon`: inclusions and joins on several threads. `json`: databases as lines of
//! JSON.

// The derive writes paths that begin with `::relata`; this lets the tests in here use it too.
#[cfg(test)]
extern crate self as relata;

// In reading order: a module imports only from those above it (`tests/integration/architecture.rs` holds it to that).
mod id;
mod schema;
mod error;
mod key;
mod order;
mod codec;
mod fields;
mod blocks;
mod arena;
mod index;
mod log;
mod model;
mod column;
mod proof;
mod relation;
mod feed;
mod table;
mod database;
mod publish;
mod undo;
mod lock;
mod integrity;
mod write;
mod transaction;
mod history;
mod value;
mod memory;
mod shared;
mod predicate;
mod include;
mod join;
mod through;
mod query;
mod row;
mod polymorphic;
mod migration;
mod builder;
pub mod snapshot;
#[cfg(feature = "json")]
pub mod data;
mod erased;

pub use builder::DatabaseBuilder;
pub use codec::Lossless;
#[doc(hidden)]
pub use codec::{CodecError, LosslessReader, LosslessWriter, Lossy, Probe};
pub use database::Database;
pub use error::{Act, BatchViolation, Error, Holder, LockMode, Missing};
pub use feed::{Changed, Commit, Overflow, Subscription, Watch};
pub use fields::FieldSet;
#[doc(hidden)]
pub use fields::{Both, Incomparable};
pub use id::{Id, ParseIdError, RowId};
#[cfg(feature = "rayon")]
pub use include::ParInclude;
pub use include::{
    Children, Cursor, Each, Include, Item, Linked, Listed, Pair, Path, Reached, Recursive, Scoped, ScopedChildren, Tree,
};
pub use integrity::removal::DeletePlan;
pub use integrity::statement::ChangedKey;
#[cfg(feature = "rayon")]
pub use join::ParJoin;
pub use join::{Append, Hop, Join, JoinIter, Joined, Stage};
pub use key::{Key, KeyPart, Lookup};
pub use lock::ReadGuard;
pub use memory::TableMemory;
pub use migration::{MigrationContext, MigrationError};
#[doc(hidden)]
pub use model::{Ability, Read as ReadValue, Unable};
pub use model::{
    AnyRelation, ById, ByKey, Column, ColumnValue, Comparison, Editable, Field, FieldOf, FieldVisitor, Fields,
    HasPrimaryKey, IdList, Ids, Index, KeyOf, KeyRef, ListRelation, Model, NamedRelation, NamedUnique, OneOf, Optional,
    Presence, Reference, RefersTo, Relation, Required, Unique, Visitor, name_hash,
};
#[doc(hidden)]
pub use model::{expect_list_that_can_lose, expect_single};
pub use order::{IndexKey, Ordered};
#[doc(hidden)]
pub use order::{hash_part, order_part};
pub use polymorphic::{HasVariant, PolymorphicId, expect_id, expect_variants};
#[doc(hidden)]
pub use predicate::{
    All, And, At, Between, Boxed, ByRow, Compare, Comparison as FieldComparison, Conjunct, Differs, Equal, Every,
    Greater, GreaterOrEqual, Has, Ids as IdsCondition, Is, IsAbsent, IsIn, Less, LessOrEqual, Like, Matches, Not,
    NotEqual, OpenedCompare, OpenedEvery, OpenedHas, OpenedIs, Or, Reach, Reader, Reads, StartsWith, Test, Truth,
    Value as IndexedValue, Wanted,
};
pub use predicate::{Condition, Operand, Predicate, Reaches, Text};
pub use query::{
    Access as QueryAccess, Branches, ColumnRef, ColumnRun, Cursor as PageCursor, Explained, Order, Page, Query, RowIds,
    Rows, Select, Summed, Values,
};
#[cfg(feature = "derive")]
pub use relata_derive::{Lossless, Model, PolymorphicId};
pub use relation::{BelongsTo, By, HasMany, HasOne, Inverse, ReferencesMany, Through};
pub use row::{Navigate, Row, RowRef};
pub use schema::{
    Action, FieldSchema, InverseKind, InverseSchema, RelationSchema, Schema, SchemaFault, TableSchema, UniqueSchema,
};
/// For what the derive writes.
#[doc(hidden)]
pub use serde::Deserializer;
pub use shared::{ExclusiveGuard, SharedDatabase};
pub use snapshot::SnapshotError;
pub use table::Table;
pub use transaction::{CommitError, Transaction};
pub use write::{
    Access, Dangling, Deleted, DeletedMany, Imported, Owner, Refused, Source, Split, TableMut, UpdatePlan, Updated,
    UpdatedMany,
};

/// The README's examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/queries.md")]
struct Queries;

#[cfg(all(doctest, feature = "json"))]
#[doc = include_str!("../docs/data.md")]
struct Data;
