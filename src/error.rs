//! What a call on the store can refuse, and why.
//!
//! One enum for the store; snapshots have their own (`snapshot::SnapshotError`). Each variant says which model, which
//! field or relation, which row or key, and the reason, in words for the person who will read them in a log.

use std::fmt::{self, Write as _};

use crate::id::RowId;
use crate::schema::SchemaFault;

/// Why a call was refused. A refused call has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model was not registered with the builder.
    #[error("model `{model}` is not part of this database: add `.model::<{model}>()` to the builder")]
    UnknownModel {
        /// The model's name.
        model: &'static str,
    },
    /// The id names no row.
    #[error("{row} not found: {why}")]
    NotFound {
        /// The id as it was given.
        row: RowId,
        /// What is known of its slot.
        why: Missing,
    },
    /// No row has this key.
    #[error("no `{model}` has {fields} = {key}", fields = fields.join(", "))]
    KeyNotFound {
        /// The model that was searched.
        model: &'static str,
        /// The fields of the unique key.
        fields: &'static [&'static str],
        /// The key that was asked for.
        key: String,
    },
    /// A foreign key names no row (behaviour I1).
    #[error("{}`{model}`.{relation}: no `{target}` with {key}: {why}", prefix(row.as_ref()))]
    ForeignKeyViolation {
        /// The model that holds the key.
        model: &'static str,
        /// The relation the key belongs to.
        relation: &'static str,
        /// The row that holds the key; `None` while it is being inserted.
        row: Option<RowId>,
        /// The model that the key should name a row of.
        target: &'static str,
        /// The key, as `id 3v1` or `name, version = ("serde", "1.0")`.
        key: String,
        /// Why it names none.
        why: Missing,
    },
    /// Another row has the same unique key (behaviour I20).
    #[error("`{model}`: {fields} = {key} is taken by {existing}", fields = fields.join(", "))]
    UniqueViolation {
        /// The model with the unique key.
        model: &'static str,
        /// The fields of the unique key.
        fields: &'static [&'static str],
        /// The key that is taken.
        key: String,
        /// Who has it.
        existing: Holder,
    },
    /// Rows outside of the statement refer to the row by a relation that restricts (behaviours I3, I4, I6).
    #[error(
        "{row} is referred to by {sources} row(s) over `{model}`.{relation}, the first is {first}: {act} is restricted"
    )]
    RestrictViolation {
        /// The row that must stay as it is.
        row: RowId,
        /// The model of the rows that refer to it.
        model: &'static str,
        /// The relation over which they do.
        relation: &'static str,
        /// How many do, not counting rows that the same statement removes.
        sources: usize,
        /// The first of them, in the order in which they joined.
        first: RowId,
        /// What was asked for.
        act: Act,
    },
    /// `set_default` would point the row at the relation's default target, and none is set (behaviour I13); see
    /// [`Database::set_default_target`](crate::Database::set_default_target).
    #[error("{row}: `{relation}` is to take its default target, and none is set")]
    NoDefault {
        /// The row whose target goes, or takes another key.
        row: RowId,
        /// The relation.
        relation: &'static str,
    },
    /// The row is the default target of a relation, which must stay (behaviour I13).
    #[error("{row} is the default target of `{model}`.{relation}: set another, or none, before deleting it")]
    IsDefault {
        /// The row that must stay.
        row: RowId,
        /// The model whose rows fall back to it.
        model: &'static str,
        /// The relation over which they do.
        relation: &'static str,
    },
    /// A relation that is declared acyclic would lead a row back to itself, or does (behaviour I21).
    #[error("`{model}`.{relation} leads in a circle: {}", circle(way))]
    Cycle {
        /// The model of the rows.
        model: &'static str,
        /// The relation.
        relation: &'static str,
        /// The rows of the cycle, each before the row that it refers to, the last before the first. The first is the
        /// row whose foreign key was refused; where the cycle is stored already, that in the lowest slot.
        way: Vec<Holder>,
    },
    /// A row made through its owner came back with another foreign key (behaviours R13, R15).
    #[error("`{model}`.{relation}: cannot override the foreign key: it must stay {expected}")]
    ForeignKeyOverridden {
        /// The model that holds the key.
        model: &'static str,
        /// The relation.
        relation: &'static str,
        /// The owner's key.
        expected: String,
    },
    /// The row exists, but it is another owner's (behaviour R17).
    #[error("{row} does not belong to {owner} over `{model}`.{relation}", model = row.table)]
    NotOwned {
        /// The row that was asked for.
        row: RowId,
        /// The owner through which it was asked for.
        owner: RowId,
        /// The relation.
        relation: &'static str,
    },
    /// The row refers to no row over the relation, so that it has no place among those that refer to one.
    #[error("{row}: `{relation}` leads to no row, so that it has no place there")]
    NoTarget {
        /// The row.
        row: RowId,
        /// The relation.
        relation: &'static str,
    },
    /// No link of a has_many through relation is between these two rows.
    #[error("no `{model}` has {from} = {owner} and {to} = {target}")]
    NotLinked {
        /// The model of the links.
        model: &'static str,
        /// The relation from a link to its owner.
        from: &'static str,
        /// The owner through which the other row was asked for.
        owner: RowId,
        /// The relation from a link to the row at its other end.
        to: &'static str,
        /// The row that was asked for.
        target: RowId,
    },
    /// The link of a row whose target is missing was followed; only rows stored unchecked have such links.
    #[error("{row}: the target of `{relation}` is missing: {key}")]
    Unresolved {
        /// The row whose link was followed.
        row: RowId,
        /// The relation.
        relation: &'static str,
        /// The key that names no row.
        key: String,
    },
    /// A statement over many rows was refused; every violation is counted and up to 10,000 are listed (behaviour I9).
    #[error("{count} violation(s) in a batch of {rows} rows, nothing changed{}", first(violations))]
    BatchRefused {
        /// How many rows the statement had.
        rows: usize,
        /// How many violations there are.
        count: usize,
        /// The violations, or 10,000 of them, in row order, each with the row's place in the batch.
        violations: Vec<BatchViolation>,
    },
    /// `insert_at` was given an id that is not an unfilled reserved one.
    #[error("{row} is not a reserved id: {why}")]
    NotReserved {
        /// The id as it was given.
        row: RowId,
        /// What is known of its slot.
        why: Missing,
    },
    /// The id was reserved and no row has been stored under it (behaviour R6).
    #[error("{row} is reserved and no row has been stored under it")]
    Unfilled {
        /// The reserved id.
        row: RowId,
    },
    /// A transaction is open, and this cannot be done inside one; if its guard was forgotten, see
    /// [`Database::abandon`](crate::Database::abandon).
    #[error("a transaction is open: commit it or roll it back (`abandon`, if its guard was forgotten)")]
    TransactionOpen,
    /// A transaction was rolled back because violations stood at its end: foreign keys that name no row (where checks are
    /// deferred), reserved ids without a row.
    #[error("{} violation(s) stand at the end of the transaction{}", .0.len(), first(.0))]
    Violations(Vec<Error>),
    /// This thread holds the shared database already and would wait for itself, see
    /// [`SharedDatabase`](crate::SharedDatabase). Drop the other guard first, or pass it on.
    #[error("this thread holds the shared database to {held}: asking for it to {wanted} would wait for ever")]
    HeldByThisThread {
        /// What it holds it for.
        held: LockMode,
        /// What it asks for.
        wanted: LockMode,
    },
    /// The shared database was not let go of within the time that the caller would wait.
    #[error("the shared database is busy: no turn to {wanted} came in time")]
    Busy {
        /// What was asked for.
        wanted: LockMode,
    },
    /// The table has no slot numbers left.
    #[error("`{model}` is full: it has used its 4,294,967,292 slots")]
    Full {
        /// The table.
        model: &'static str,
    },
    /// One row was asked for, and a predicate holds for several.
    #[error("one `{}` was asked for, and there are several: {first}, {second} ..", first.table)]
    SeveralRows {
        /// The first.
        first: RowId,
        /// The second.
        second: RowId,
    },
    /// A column was asked for, and the field is none.
    #[error("`{model}`.{field} is no column: declare it (`#[model(column)]`)")]
    NoColumn {
        /// The model.
        model: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A cursor is of a query with other orders.
    #[error("the cursor is of a query of `{model}` ordered by {cursor}, not by {query}")]
    CursorMismatch {
        /// The model.
        model: &'static str,
        /// The orders of the query that the cursor is of.
        cursor: String,
        /// Those of the query that it was given to.
        query: String,
    },
    /// The same table was asked for twice in one split borrow.
    #[error("`{model}` is borrowed twice in one split")]
    BorrowedTwice {
        /// The table.
        model: &'static str,
    },
    /// An id that no relation enforces names no row (behaviour I24); [`Database::check`](crate::Database::check) finds it.
    #[error("{row}: {target} in `{field}`, which no relation covers, is no row: {why}")]
    LooseId {
        /// The row that holds the id.
        row: RowId,
        /// The way to the id in the row, by names outside: `crew.seats[2]`.
        field: String,
        /// The id.
        target: RowId,
        /// Why it names none.
        why: Missing,
    },
    /// A row has no bytes that the hash of the state could be of.
    #[error("{row} cannot be encoded: {why}")]
    NotEncodable {
        /// The row.
        row: RowId,
        /// What the codec said.
        why: String,
    },
    /// A row refers to one that cannot be saved, and that a save is to leave out.
    #[error("{row} refers over `{relation}` to {target}, which is left out of the file")]
    LeftOut {
        /// The row that refers.
        row: RowId,
        /// The relation.
        relation: &'static str,
        /// The row that is left out.
        target: RowId,
    },
    /// An index does not agree with the rows. Only a key type whose `Hash` or `Eq` lies, or interior mutability
    /// inside a key, can lead here; the statement was refused and changed nothing.
    #[error("`{model}`: index `{index}` disagrees with the rows: {detail}")]
    IndexBroken {
        /// The table.
        model: &'static str,
        /// The relation or the unique key.
        index: String,
        /// What was found.
        detail: String,
    },
    /// The models do not fit together; every fault is listed (behaviour R42).
    #[error("{} fault(s) in the schema{}", .0.len(), first(.0))]
    Schema(Vec<SchemaFault>),
}

impl Error {
    /// The stored rows that it names, in the order in which it does; of a batch those of every violation.
    pub fn rows(&self) -> Vec<RowId> {
        let holders = |holders: &[Holder]| holders.iter().filter_map(Holder::row).collect();
        match self {
            Error::NotFound { row, .. }
            | Error::NoDefault { row, .. }
            | Error::IsDefault { row, .. }
            | Error::NoTarget { row, .. }
            | Error::LooseId { row, .. }
            | Error::Unresolved { row, .. }
            | Error::NotReserved { row, .. }
            | Error::Unfilled { row }
            | Error::NotEncodable { row, .. } => vec![*row],
            Error::ForeignKeyViolation { row, .. } => row.iter().copied().collect(),
            Error::UniqueViolation { existing, .. } => holders(std::slice::from_ref(existing)),
            Error::RestrictViolation { row, first, .. } => vec![*row, *first],
            Error::Cycle { way, .. } => holders(way),
            Error::NotOwned { row, owner, .. } => vec![*row, *owner],
            Error::NotLinked { owner, target, .. } => vec![*owner, *target],
            Error::BatchRefused { violations, .. } => violations.iter().flat_map(|one| one.error.rows()).collect(),
            Error::Violations(errors) => errors.iter().flat_map(Error::rows).collect(),
            _ => Vec::new(),
        }
    }
}

/// One refused row of a batch, or of the ids that a statement was given; printed, `batch[0]` is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchViolation {
    /// The place of the row, or of its id, in the batch, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub error: Error,
}

impl fmt::Display for BatchViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch[{}]: {}", self.index, self.error)
    }
}

/// The first of a list, in words that follow its length.
fn first<T: fmt::Display>(list: &[T]) -> String {
    list.first().map(|first| format!("; first: {first}")).unwrap_or_default()
}

/// The stored row that holds a key, before what is wrong with the key.
fn prefix(row: Option<&RowId>) -> String {
    row.map(|row| format!("{row}: ")).unwrap_or_default()
}

/// A cycle in words, back to its first row; of many rows only the first ones.
fn circle(way: &[Holder]) -> String {
    const SHOWN_MAX: usize = 8;
    let mut text = String::new();
    for row in way.iter().take(SHOWN_MAX) {
        let _ = write!(text, "{row} -> ");
    }
    if way.len() > SHOWN_MAX {
        let _ = write!(text, "{} more -> ", way.len() - SHOWN_MAX);
    }
    text + &way.first().map(Holder::to_string).unwrap_or_default()
}

/// Why an id or a key names no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// The null id.
    Null,
    /// The table never had such a slot.
    NeverExisted,
    /// The row was removed and its slot is vacant, or the slot has been used again too often to say.
    Removed,
    /// The row was removed and its slot now holds a row of this generation.
    Replaced {
        /// The generation that the slot is at.
        version: u32,
    },
    /// The id is reserved; no row has been stored under it yet.
    Reserved,
    /// No row has this natural key.
    NoSuchKey,
    /// The same statement removes it.
    Leaving,
    /// The id is that of a stored row (and so cannot be filled).
    Stored,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Null => f.write_str("the null id"),
            Missing::NeverExisted => f.write_str("never existed"),
            Missing::Removed => f.write_str("removed"),
            Missing::Replaced { version } => write!(f, "removed; the slot is now v{version}"),
            Missing::Reserved => f.write_str("reserved, but no row has been stored under it yet"),
            Missing::NoSuchKey => f.write_str("no row has this key"),
            Missing::Leaving => f.write_str("the same statement removes it"),
            Missing::Stored => f.write_str("a row is stored under it"),
        }
    }
}

/// A row that an error names, who holds a unique key or is part of a cycle: a stored row, or one of the same batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A stored row.
    Row(RowId),
    /// The row at this place, from 0, of the batch that is being stored; printed as `batch[0]`.
    Batch(usize),
}

impl Holder {
    /// The stored row that it is.
    pub fn row(&self) -> Option<RowId> {
        match self {
            Holder::Row(row) => Some(*row),
            Holder::Batch(_) => None,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Row(row) => row.fmt(f),
            Holder::Batch(index) => write!(f, "batch[{index}]"),
        }
    }
}

/// What a shared database is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Reading, beside other readers.
    Read,
    /// Writing, alone.
    Write,
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockMode::Read => "read",
            LockMode::Write => "write",
        })
    }
}

/// What a restrict refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Removing the row.
    Delete,
    /// Changing the key that sources refer to.
    KeyChange,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Act::Delete => "deleting it",
            Act::KeyChange => "changing its key",
        })
    }
}
