//! What a statement does in the naive store: to its own rows, and to those that refer to them.
//!
//! The rows that follow others are found by trying: as long as a row's key differs from what it should be by then, it is
//! given that, and all is looked at again from the start.

use std::collections::{BTreeMap, BTreeSet};

use relata::Action;

use super::command::{Cells, assign};
use super::naive::{Fault, Naive, Refusal, Removed, Row, Slot, Target, Write, key};
use super::spec::Spec;

/// The foreign keys that actions give to rows: by table, row and relation.
type Given = BTreeMap<(usize, u32, usize), Option<Vec<u32>>>;

/// A statement that is tried.
struct Trial<'a> {
    store: &'a Naive,
    /// The caller's own rows, in one table.
    table: usize,
    writes: &'a [Write],
    removed: &'a BTreeSet<(usize, u32)>,
}

impl Naive {
    /// Stores rows, new ones or in the place of others, with what follows them.
    pub(crate) fn store(&mut self, table: usize, writes: &[Write], of_batch: bool) -> Result<(), Refusal> {
        let removed = BTreeSet::new();
        let trial = Trial { store: self, table, writes, removed: &removed };
        let (after, given) = trial.run(&Given::new()).map_err(|faults| Refusal { of_batch, faults })?;
        let followed = given.keys().map(|(table, row, _)| (*table, *row)).collect();
        *self = after;
        self.relink(table, writes, &followed);
        self.changes += writes.len() as u64;
        Ok(())
    }

    /// Removes rows, with what that takes along and what it does to others.
    pub(crate) fn remove(&mut self, roots: Vec<(usize, u32)>) -> Result<Removed, Refusal> {
        let refused = |faults| Refusal { of_batch: false, faults };
        let spec = Spec::get();
        let mut removed = BTreeSet::new();
        let mut next = roots;
        while let Some(at) = next.pop() {
            if removed.insert(at) {
                for (table, place, relation) in spec.relations() {
                    if relation.target == at.0 && relation.on_delete == Action::Cascade {
                        next.extend(self.sources(table, place, at.1).iter().map(|(_, source)| (table, *source)));
                    }
                }
            }
        }
        let stays = |table: usize, row: u32| !removed.contains(&(table, row));
        let restricts = |table: usize, place: usize| {
            let relation = &spec.tables[table].relations[place];
            match relation.on_delete {
                Action::Restrict => true,
                Action::NoAction => !self.defers(relation),
                _ => false,
            }
        };
        let mut faults: Vec<Fault> = removed.iter().flat_map(|at| self.restrictions(*at, restricts, stays)).collect();
        let defaults =
            self.defaults.iter().map(|((table, place), row)| (spec.tables[*table].relations[*place].target, *row));
        faults.extend(defaults.filter(|target| removed.contains(target)).map(|_| Fault::IsDefault));
        if !faults.is_empty() {
            return Err(refused(faults));
        }
        let mut acted = Given::new();
        for (table, place, relation) in spec.relations() {
            let action = relation.on_delete;
            if !matches!(action, Action::SetNull | Action::SetDefault) {
                continue;
            }
            for (_, target) in removed.iter().filter(|(of, _)| *of == relation.target) {
                let sources = self.sources(table, place, *target).into_iter().map(|(_, source)| source);
                for source in sources.filter(|source| stays(table, *source)) {
                    let to = self.action_key(table, place, action, None).map_err(|fault| refused(vec![fault]))?;
                    acted.insert((table, source, place), to);
                }
            }
        }
        let trial = Trial { store: self, table: 0, writes: &[], removed: &removed };
        let (after, given) = trial.run(&acted).map_err(refused)?;
        let followed: BTreeSet<(usize, u32)> = given.keys().map(|(table, row, _)| (*table, *row)).collect();
        // Keys that share a field with one that is acted upon change with it.
        let mut changed: BTreeSet<_> = given.into_keys().collect();
        for (table, row) in &followed {
            let (Some(old), Some(new)) = (self.row(*table, *row), after.row(*table, *row)) else { continue };
            for (place, relation) in spec.tables[*table].relations.iter().enumerate() {
                if key(&relation.fields, &old.cells) != key(&relation.fields, &new.cells) {
                    changed.insert((*table, *row, place));
                }
            }
        }
        *self = after;
        self.relink(0, &[], &followed);
        self.changes += removed.len() as u64;
        Ok(Removed { rows: removed, changed })
    }

    /// The key that an action gives.
    fn action_key(
        &self,
        table: usize,
        place: usize,
        action: Action,
        new: Option<Vec<u32>>,
    ) -> Result<Option<Vec<u32>>, Fault> {
        match action {
            Action::Cascade => Ok(new),
            Action::SetDefault => {
                let natural = Spec::get().tables[table].relations[place].default;
                let default = natural.or_else(|| self.defaults.get(&(table, place)).copied());
                default.map(|default| Some(vec![default])).ok_or(Fault::NoDefault)
            }
            _ => Ok(None),
        }
    }
}

impl Trial<'_> {
    /// The state after the statement, and the keys that actions have given in it; or what stands against it.
    fn run(&self, acted: &Given) -> Result<(Naive, Given), Vec<Fault>> {
        let mut given = acted.clone();
        let mut faults = Vec::new();
        // Far more often than any chain of the models is long.
        for _ in 0..20 {
            let after = self.after(&given);
            let (mut next, found) = self.following(&after);
            next.extend(acted.clone());
            faults = found;
            if next == given {
                self.judge(&after, &given, &mut faults);
                return if faults.is_empty() { Ok((after, given)) } else { Err(faults) };
            }
            given = next;
        }
        panic!("keys that follow each other come to no end: {faults:?}");
    }

    /// The store with the caller's rows, with the keys that are given, without the rows that go. Links are those of before.
    fn after(&self, given: &Given) -> Naive {
        let mut after = self.store.clone();
        for write in self.writes {
            let slots = &mut after.tables[self.table];
            let at = write.row as usize;
            slots.resize(slots.len().max(at + 1), Slot::Reserved);
            let links = self.store.row(self.table, write.row).map_or(Vec::new(), |row| row.links.clone());
            slots[at] = Slot::Stored(Row { cells: write.cells.clone(), links });
        }
        for ((table, row, relation), to) in given {
            if let Slot::Stored(stored) = &mut after.tables[*table][*row as usize] {
                assign(*table, *relation, &mut stored.cells, to.as_deref());
            }
        }
        for (table, row) in self.removed {
            after.tables[*table][*row as usize] = Slot::Gone;
        }
        after
    }

    /// The foreign keys that follow the keys which rows have by then.
    fn following(&self, after: &Naive) -> (Given, Vec<Fault>) {
        let (mut given, mut faults) = (Given::new(), Vec::new());
        for (table, place, relation) in Spec::get().relations() {
            if matches!(relation.on_update, Action::Restrict | Action::NoAction) || relation.names.is_empty() {
                continue;
            }
            for (target, old) in self.store.rows(relation.target) {
                let Some(new) = after.row(relation.target, target) else { continue };
                let new = key(&relation.names, &new.cells);
                if key(&relation.names, &old.cells) == new {
                    continue;
                }
                for (_, source) in self.store.sources(table, place, target) {
                    if self.removed.contains(&(table, source)) || self.says(table, source, place) {
                        continue;
                    }
                    match self.store.action_key(table, place, relation.on_update, new.clone()) {
                        Ok(to) => drop(given.insert((table, source, place), to)),
                        Err(fault) => faults.push(fault),
                    }
                }
            }
        }
        (given, faults)
    }

    fn write(&self, table: usize, row: u32) -> Option<&Write> {
        self.writes.iter().find(|write| table == self.table && write.row == row)
    }

    /// Whether the caller has changed a foreign key of a stored row.
    fn says(&self, table: usize, row: u32, relation: usize) -> bool {
        let fields = &Spec::get().tables[table].relations[relation].fields;
        let written = self.write(table, row).zip(self.store.row(table, row));
        written.is_some_and(|(write, stored)| key(fields, &write.cells) != key(fields, &stored.cells))
    }

    /// What is wrong with the rows that are written or have followed.
    fn judge(&self, after: &Naive, given: &Given, faults: &mut Vec<Fault>) {
        let mut edited: Vec<(usize, u32)> = self.writes.iter().map(|write| (self.table, write.row)).collect();
        for (table, row, _) in given.keys() {
            if !edited.contains(&(*table, *row)) {
                edited.push((*table, *row));
            }
        }
        for (nth, (table, row)) in edited.iter().enumerate() {
            let cells = &after.row(*table, *row).expect("an edited row is stored").cells;
            judge_uniques(after, *table, cells, &edited[..nth], &edited, faults);
            self.judge_key_change((*table, *row), cells, faults);
            for (relation, spec) in Spec::get().tables[*table].relations.iter().enumerate() {
                if !self.store.defers(spec) && after.resolve(*table, relation, cells) == Target::Missing {
                    let row = self.store.row(*table, *row).map(|_| *row);
                    faults.push(Fault::ForeignKey { table: *table, relation, row });
                }
            }
        }
    }

    /// A key may not change that rows refer to which stay as they are, unless that can wait.
    fn judge_key_change(&self, at: (usize, u32), cells: &Cells, faults: &mut Vec<Fault>) {
        let spec = Spec::get();
        let Some(old) = self.store.row(at.0, at.1) else { return };
        let changed = |fields: &[usize]| fields.iter().any(|field| old.cells[*field] != cells[*field]);
        let restricts = |source: usize, place: usize| {
            let relation = &spec.tables[source].relations[place];
            let waits = relation.on_update == Action::NoAction && self.store.defers(relation);
            let follows = !matches!(relation.on_update, Action::Restrict | Action::NoAction);
            changed(&relation.names) && !waits && !follows
        };
        // A row of the caller's says by its own key what it refers to.
        let counts = |table: usize, row: u32| self.write(table, row).is_none() && !self.removed.contains(&(table, row));
        faults.extend(self.store.restrictions(at, restricts, counts));
    }
}

/// The unique keys of a row, among the rows that are not edited and the edited ones before it.
fn judge_uniques(
    after: &Naive,
    table: usize,
    cells: &Cells,
    earlier: &[(usize, u32)],
    edited: &[(usize, u32)],
    faults: &mut Vec<Fault>,
) {
    let spec = &Spec::get().tables[table];
    for unique in &spec.uniques {
        let Some(own) = key(unique, cells) else { continue };
        let mut others = after.rows(table).filter(|(row, other)| {
            let counts = earlier.contains(&(table, *row)) || !edited.contains(&(table, *row));
            counts && key(unique, &other.cells).as_ref() == Some(&own)
        });
        if others.next().is_some() {
            let fields: Vec<&str> = unique.iter().map(|field| spec.fields[*field].name.as_str()).collect();
            faults.push(Fault::Unique { table, fields: fields.join(", ") });
        }
    }
}
