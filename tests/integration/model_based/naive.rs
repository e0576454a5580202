//! The naive store: what the database should do, said in the plainest way.
//!
//! Rows are cells in vectors. There are no indexes: whatever a key names is searched for among all rows, after each
//! statement anew. A statement is tried on a copy, a transaction keeps a copy to go back to. Only that a row is linked
//! to a target, and since when, is remembered: it is what the order of children is about.

use std::collections::{BTreeMap, BTreeSet};

use super::history::History;
use super::schema::{Cell, TABLES};
use super::spec::{RelationSpec, Spec};

/// What has become of an id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slot {
    Stored(Row),
    Reserved,
    /// It never resolves again, unless a rollback brings its row back.
    Gone,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    /// For each relation of the table.
    pub(crate) links: Vec<Link>,
}

/// What a foreign key names, and when the row joined it. Rows whose missing target arrives join it at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Link {
    pub(crate) target: Target,
    pub(crate) joined: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// The key is absent.
    Absent,
    /// The key names no row.
    Missing,
    /// It names this row or, in a transaction, this reserved id.
    Row(u32),
}

/// Why a statement is refused, or what stands against a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    NotFound,
    ForeignKey { table: usize, relation: usize, row: Option<u32> },
    Unique { table: usize, fields: String },
    Restrict { row: (usize, u32), table: usize, relation: usize, sources: usize },
    Overridden,
    NotOwned,
    NoDefault,
    IsDefault,
    NotLinked,
    Unresolved,
    NotReserved,
    Unfilled { row: (usize, u32) },
    TransactionOpen,
}

/// A refusal: the one error must be of these, or, where all of a batch are reported, be these.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) of_batch: bool,
    pub(crate) faults: Vec<Fault>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal { of_batch: false, faults: vec![fault] }
    }
}

/// What a delete has done beside removing its row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Removed {
    /// Every row that went.
    pub(crate) rows: BTreeSet<(usize, u32)>,
    /// The keys that were changed by an action: table, row, relation.
    pub(crate) changed: BTreeSet<(usize, u32, usize)>,
}

/// A row of a statement: under which id, with what in it, and at which of the statement's moments. Rows of one moment
/// stand in the order of their slots.
pub(crate) struct Write {
    pub(crate) row: u32,
    pub(crate) cells: Vec<Cell>,
    pub(crate) moment: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Naive {
    pub(crate) tables: [Vec<Slot>; TABLES],
    pub(crate) clock: u64,
    /// How many changes there were: a transaction with none is no step of the history.
    pub(crate) changes: u64,
    pub(crate) open: Option<Open>,
    pub(crate) history: History,
    /// The rows that `set_default` falls back to, where the key is an id: by table and relation.
    pub(crate) defaults: BTreeMap<(usize, usize), u32>,
    /// The moments of which it is not said in what order their rows join.
    pub(crate) unordered: BTreeSet<u64>,
}

/// An open transaction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Open {
    deferred: bool,
    /// What was reserved in it.
    reserved: BTreeSet<(usize, u32)>,
}

impl Naive {
    pub(crate) fn begin(&mut self, deferred: bool) {
        self.open = Some(Open { deferred, reserved: BTreeSet::new() });
    }

    /// Whether a relation's keys are judged at the commit.
    pub(crate) fn defers(&self, relation: &RelationSpec) -> bool {
        self.open.as_ref().is_some_and(|open| open.deferred || relation.deferred)
    }

    /// Goes back to an earlier state, or on to a later one. Ids that were given out otherwise are gone.
    pub(crate) fn roll_back(&mut self, to: Naive) {
        let given: Vec<usize> = self.tables.iter().map(Vec::len).collect();
        *self = to;
        for (table, given) in self.tables.iter_mut().zip(given) {
            table.resize(given, Slot::Gone);
        }
    }

    pub(crate) fn row(&self, table: usize, row: u32) -> Option<&Row> {
        match self.tables[table].get(row as usize) {
            Some(Slot::Stored(row)) => Some(row),
            _ => None,
        }
    }

    pub(crate) fn expect(&self, table: usize, row: u32) -> Result<&Row, Refusal> {
        self.row(table, row).ok_or(Fault::NotFound.into())
    }

    fn is_reserved(&self, table: usize, row: u32) -> bool {
        self.tables[table].get(row as usize) == Some(&Slot::Reserved)
    }

    pub(crate) fn rows(&self, table: usize) -> impl Iterator<Item = (u32, &Row)> {
        let slots = self.tables[table].iter().enumerate();
        slots.filter_map(|(row, slot)| match slot {
            Slot::Stored(stored) => Some((row as u32, stored)),
            _ => None,
        })
    }

    /// Every id that is reserved and has no row.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = (usize, u32)> {
        (0..TABLES).flat_map(|table| {
            let slots = self.tables[table].iter().enumerate();
            slots.filter(|(_, slot)| **slot == Slot::Reserved).map(move |(row, _)| (table, row as u32))
        })
    }

    /// The rows that refer to a row, by when they joined it.
    pub(crate) fn sources(&self, table: usize, relation: usize, target: u32) -> Vec<(u64, u32)> {
        let rows = self.rows(table).filter(|(_, row)| row.links[relation].target == Target::Row(target));
        let mut sources: Vec<_> = rows.map(|(source, row)| (row.links[relation].joined, source)).collect();
        sources.sort_unstable();
        sources
    }

    /// A list of the database as it is compared: of rows that have joined at one moment, by slot where it is not said in
    /// what order they have.
    pub(crate) fn comparable<K: Ord>(&self, mut listed: Vec<K>, joined: impl Fn(&K) -> Option<u64>) -> Vec<K> {
        let together = |one: &K, other: &K| {
            joined(one).is_some_and(|moment| joined(other) == Some(moment) && self.unordered.contains(&moment))
        };
        listed.chunk_by_mut(together).for_each(<[K]>::sort);
        listed
    }

    /// What a row's foreign key names now.
    pub(crate) fn resolve(&self, table: usize, relation: usize, cells: &[Cell]) -> Target {
        let relation = &Spec::get().tables[table].relations[relation];
        let Some(key) = key(&relation.fields, cells) else { return Target::Absent };
        if relation.names.is_empty() {
            let named = self.row(relation.target, key[0]).is_some();
            let promised = self.open.is_some() && self.is_reserved(relation.target, key[0]);
            return if named || promised { Target::Row(key[0]) } else { Target::Missing };
        }
        let mut rows = self.rows(relation.target);
        let named = rows.find(|(_, row)| self::key(&relation.names, &row.cells).as_ref() == Some(&key));
        named.map_or(Target::Missing, |(row, _)| Target::Row(row))
    }

    /// Links every row anew: those that a statement has written at their moments, then those that have followed others,
    /// then those whose targets came.
    pub(crate) fn relink(&mut self, written: usize, writes: &[Write], followed: &BTreeSet<(usize, u32)>) {
        let moments = writes.iter().map(|write| write.moment + 1).max().unwrap_or(0);
        if !followed.is_empty() {
            self.unordered.insert(self.clock + moments);
        }
        let resolved = self.clone();
        for (table, slots) in self.tables.iter_mut().enumerate() {
            for (number, slot) in slots.iter_mut().enumerate() {
                let Slot::Stored(row) = slot else { continue };
                let write = writes.iter().find(|write| table == written && write.row == number as u32);
                let last = moments + u64::from(!followed.contains(&(table, number as u32)));
                let joined = self.clock + write.map_or(last, |write| write.moment);
                for relation in 0..Spec::get().tables[table].relations.len() {
                    let target = resolved.resolve(table, relation, &row.cells);
                    match row.links.get_mut(relation) {
                        None => row.links.push(Link { target, joined }),
                        Some(link) if link.target != target => *link = Link { target, joined },
                        Some(_) => {}
                    }
                }
            }
        }
        self.clock += moments + 2;
    }

    /// Hands out ids without rows.
    pub(crate) fn reserve(&mut self, table: usize) {
        self.changes += 1;
        self.tables[table].push(Slot::Reserved);
        if let Some(open) = &mut self.open {
            open.reserved.insert((table, self.tables[table].len() as u32 - 1));
        }
    }

    pub(crate) fn expect_reserved(&self, table: usize, row: u32) -> Result<(), Refusal> {
        if self.is_reserved(table, row) { Ok(()) } else { Err(Fault::NotReserved.into()) }
    }

    pub(crate) fn cancel(&mut self, table: usize, row: u32) -> Result<(), Refusal> {
        self.expect_reserved(table, row)?;
        let faults = self.restrictions((table, row), |_, _| true, |_, _| true);
        if !faults.is_empty() {
            return Err(Refusal { of_batch: false, faults });
        }
        self.tables[table][row as usize] = Slot::Gone;
        self.changes += 1;
        Ok(())
    }

    /// One fault for each relation over which rows, of those that count, refer to a row.
    pub(crate) fn restrictions(
        &self,
        target: (usize, u32),
        restricts: impl Fn(usize, usize) -> bool,
        counts: impl Fn(usize, u32) -> bool,
    ) -> Vec<Fault> {
        let relations = Spec::get()
            .relations()
            .filter(|(table, place, relation)| relation.target == target.0 && restricts(*table, *place));
        let fault = |(table, relation, _): (usize, usize, _)| {
            let sources = self.sources(table, relation, target.1);
            let sources = sources.iter().filter(|(_, source)| counts(table, *source)).count();
            (sources > 0).then_some(Fault::Restrict { row: target, table, relation, sources })
        };
        relations.filter_map(fault).collect()
    }

    /// Every foreign key that names no row.
    pub(crate) fn dangling(&self) -> Vec<Fault> {
        let mut dangling = Vec::new();
        for (table, relation, spec) in Spec::get().relations() {
            for (row, stored) in self.rows(table) {
                let missing = match stored.links[relation].target {
                    Target::Missing => true,
                    Target::Row(target) => {
                        self.row(spec.target, target).is_none() && !self.is_reserved(spec.target, target)
                    }
                    Target::Absent => false,
                };
                if missing {
                    dangling.push(Fault::ForeignKey { table, relation, row: Some(row) });
                }
            }
        }
        dangling
    }

    /// What stands against a commit: keys that name no row, ids that are promised and have none.
    pub(crate) fn violations(&self) -> Vec<Fault> {
        let mine = |at: &(usize, u32)| self.open.as_ref().is_some_and(|open| open.reserved.contains(at));
        let named = |at: &(usize, u32)| !self.restrictions(*at, |_, _| true, |_, _| true).is_empty();
        let unfilled = self.reserved().filter(|at| mine(at) || named(at)).map(|row| Fault::Unfilled { row });
        let mut violations = self.dangling();
        violations.extend(unfilled);
        violations.sort();
        violations
    }
}

/// A key in a row; `None` where a part is absent.
pub(crate) fn key(fields: &[usize], cells: &[Cell]) -> Option<Vec<u32>> {
    fields.iter().map(|field| cells[*field]).collect()
}
