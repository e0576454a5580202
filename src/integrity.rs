//! Plans: everything a write will do to the indexes, worked out and checked before anything changes.
//!
//! A write has three parts. *Check*: a plan is made here from shared references; all user code (`Hash`, `Eq`, closures)
//! runs in this part, and a refusal or a panic leaves no trace because nothing has changed. *Reserve*: room is made.
//! *Commit*: `write` applies the plan, which holds targets and hashes and therefore calls no user code.
//!
//! One planner serves every write that stores rows: one row is a batch of one, an update is a batch whose rows have
//! keys already. It goes in two rounds over the rows, `uniques` and then `links`, for a relation of the model to itself
//! can name any row of the batch by any of its keys; and relation by relation in a round, so that each look-up loop is a
//! static one. Where rows of other tables follow (`statement`), each table has its rows planned once, all tables the
//! first round before any the second, and a link finds the rows of the statement in whatever table they are.
//!
//! # Invariants
//! 1. A plan that is given out can be applied in full: each target exists, or will by the same plan, or the row waits
//!    for it where that is allowed; and each new unique key is free.
//! 2. Nothing here changes a table.
//!
//! Not responsible for which rows go (`integrity::removal`) and for proving what is stored (`integrity::check`).

pub(crate) mod acyclic;
mod entries;
mod check;
mod edits;
mod links;
pub(crate) mod lists;
mod loose;
pub(crate) mod ordinary;
mod pending;
pub(crate) mod removal;
pub(crate) mod statement;
mod uniques;

pub(crate) use check::check_table;
pub(crate) use edits::Edits;
pub(crate) use pending::Pending;

use slotmap::DefaultKey;
use smallvec::SmallVec;

use crate::arena::Arena;
use crate::error::{Act, Error, Missing};
use crate::id::RowId;
use crate::index::links::LinkChange;
use crate::index::lists::Listed;
use crate::model::{KeyRef, Model, Reference, Relation, Unique};
use crate::order::IndexKey;
use crate::table::{Incoming, Relink, RowAt, Statement, Store};

/// What storing `n` rows does to the indexes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Of the rows, at `relation * n + row`.
    pub(crate) links: SmallVec<[LinkChange; 4]>,
    /// The lists of ids that are others than before.
    pub(crate) lists: Vec<ListChange>,
    /// Of the rows, at `unique * n + row`.
    pub(crate) uniques: UniqueChanges,
    /// The rows that get another key in an index that is no unique key.
    pub(crate) entries: Vec<EntryChange>,
    /// Of rows that refer to them, or are about to.
    pub(crate) relinks: Vec<Relink>,
}

impl Plan {
    /// Whether the rows stay where they are in every index.
    #[inline]
    pub(crate) fn keeps_indexes(&self) -> bool {
        self.lists.is_empty()
            && self.entries.is_empty()
            && self.links.iter().all(|change| matches!(change, LinkChange::Stays))
            && self.uniques.iter().all(|change| change.old.is_none() && change.new.is_none())
    }
}

/// The rows that a row of the statement will list over a relation: sorted by id, each once.
#[derive(Debug)]
pub(crate) struct ListChange {
    pub(crate) relation: usize,
    pub(crate) place: usize,
    pub(crate) targets: Vec<Listed>,
}

/// The key that a row of the statement gets in an index that is no unique key.
#[derive(Debug)]
pub(crate) struct EntryChange {
    pub(crate) index: usize,
    pub(crate) place: usize,
    pub(crate) key: IndexKey,
}

/// The hashes under which a row leaves and enters a unique index; both `None` where its key stays, or stays absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UniqueChange {
    pub(crate) old: Option<u32>,
    pub(crate) new: Option<u32>,
}

pub(crate) type UniqueChanges = SmallVec<[UniqueChange; 2]>;

/// Whether rows that break a rule are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are, but for foreign keys that are judged at the commit.
    Checked,
    /// They are stored, their links unresolved, their keys twice in a unique index.
    Unchecked,
}

/// What is wrong with the rows of a statement, by their places: all of it counted, so much of it kept.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) kept: Vec<(usize, Error)>,
    pub(crate) count: usize,
}

impl From<Vec<(usize, Error)>> for Faults {
    fn from(kept: Vec<(usize, Error)>) -> Self {
        Faults { count: kept.len(), kept }
    }
}

/// Faults that are being collected.
struct Collecting {
    faults: Faults,
    kept_max: usize,
}

impl Collecting {
    fn new(kept_max: usize) -> Self {
        Collecting { faults: Faults::default(), kept_max }
    }

    fn push(&mut self, place: usize, error: Error) {
        self.faults.count += 1;
        if self.faults.kept.len() < self.kept_max {
            self.faults.kept.push((place, error));
        }
    }
}

/// Plans the storing of rows of one table, and lists what is wrong with them by their place, the first `kept_max` of
/// it.
pub(crate) fn plan_rows<M: Model>(
    store: &Store,
    table: u32,
    mut pending: Pending<'_, M>,
    mode: Mode,
    kept_max: usize,
) -> (Plan, Faults) {
    let mut faults = Collecting::new(kept_max);
    let mut plan = Plan::default();
    uniques::plan(store, table, &mut pending, mode, None, &mut plan.uniques, &mut faults);
    links::plan(store, table, &pending, mode, None, &mut plan, &mut faults);
    plan.entries = entries::plan(store, table, &pending);
    (plan, faults.faults)
}

/// What is wrong with new rows of one table, once `beside` is stored in others.
pub(crate) fn judge_beside<M: Model>(
    store: &Store,
    table: u32,
    mut pending: Pending<'_, M>,
    beside: &Statement,
) -> Vec<(usize, Error)> {
    let (mut plan, mut faults) = (Plan::default(), Collecting::new(usize::MAX));
    uniques::plan(store, table, &mut pending, Mode::Checked, None, &mut plan.uniques, &mut faults);
    links::plan(store, table, &pending, Mode::Checked, Some(beside), &mut plan, &mut faults);
    faults.faults.kept
}

fn row_id<M: Model>(key: DefaultKey) -> RowId {
    RowId { table: M::NAME, key }
}

/// The error for a foreign key that names no row. `source` is the row that holds it, if it is stored.
pub(crate) fn dangling<R: Relation>(
    source: Option<DefaultKey>,
    key: KeyRef<'_, R>,
    targets: &Arena<R::Target>,
) -> Error {
    dangling_since::<R>(source, key, R::Reference::why_missing(targets, key))
}

/// The same where it is known why.
fn dangling_since<R: Relation>(source: Option<DefaultKey>, key: KeyRef<'_, R>, why: Missing) -> Error {
    Error::ForeignKeyViolation {
        model: R::Source::NAME,
        relation: R::NAME,
        row: source.map(row_id::<R::Source>),
        target: R::Target::NAME,
        key: R::Reference::describe(key),
        why,
    }
}

/// The error for a row that its unique index does not hold under its key's hash.
pub(crate) fn not_entered<U: Unique>(key: DefaultKey) -> Error {
    let row = RowId { table: U::Model::NAME, key };
    let detail = format!("{row} is not entered under its key");
    Error::IndexBroken { model: U::Model::NAME, index: U::FIELDS.join(", "), detail }
}

/// The rows that refer to `target` over a relation of a table, in the order in which they joined.
pub(crate) fn sources(
    store: &Store,
    table: u32,
    relation: usize,
    target: DefaultKey,
) -> impl Iterator<Item = DefaultKey> {
    store.tables[table as usize].index.referrers(relation).sources(target)
}

/// The error if rows refer to `target` over `incoming` which `stay` as they are. O(sources), O(1) where there are none.
pub(crate) fn restriction(
    store: &Store,
    target: RowAt,
    incoming: Incoming,
    stay: impl Fn(RowAt) -> bool,
    act: Act,
) -> Option<Error> {
    let mut blocking = sources(store, incoming.table, incoming.relation, target.1)
        .map(|source| (incoming.table, source))
        .filter(|source| stay(*source));
    let first = store.row_id(blocking.next()?);
    Some(Error::RestrictViolation {
        row: store.row_id(target),
        model: store.tables[incoming.table as usize].name,
        relation: incoming.name,
        sources: 1 + blocking.count(),
        first,
        act,
    })
}
