//! Commands: statements whose rows and values are settled, and what the naive store makes of them.

use super::naive::{Fault, Naive, Refusal, Removed, Target, Write, key};
use super::schema::Cell;
use super::spec::Spec;
use super::step::Step;
use super::through::ThroughCommand;

/// Natural keys and numbers are below this, so that they meet.
pub(crate) const NUMBERS: u32 = 5;

pub(crate) type Cells = Vec<Cell>;

/// A statement, with rows named by their symbols.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    Insert {
        table: usize,
        cells: Cells,
        with: bool,
    },
    InsertMany {
        table: usize,
        rows: Vec<Cells>,
        with: bool,
    },
    Reserve {
        table: usize,
    },
    InsertAt {
        table: usize,
        row: u32,
        cells: Cells,
    },
    Cancel {
        table: usize,
        row: u32,
    },
    Update {
        table: usize,
        row: u32,
        cells: Cells,
    },
    Replace {
        table: usize,
        row: u32,
        cells: Cells,
    },
    Set {
        table: usize,
        row: u32,
        field: usize,
        cell: Cell,
    },
    Upsert {
        table: usize,
        unique: usize,
        cells: Cells,
    },
    Relate {
        table: usize,
        relation: usize,
        row: u32,
        target: u32,
    },
    Unrelate {
        table: usize,
        relation: usize,
        row: u32,
    },
    Create {
        table: usize,
        relation: usize,
        owner: u32,
        cells: Cells,
    },
    CreateMany {
        table: usize,
        relation: usize,
        owner: u32,
        rows: Vec<Cells>,
    },
    UpdateIn {
        table: usize,
        relation: usize,
        owner: u32,
        row: u32,
        cells: Cells,
    },
    /// Rows that are alike are edited alike: each edit says the row of before and the row of after.
    UpdateAll {
        table: usize,
        relation: usize,
        owner: u32,
        edits: Vec<(Cells, Cells)>,
    },
    DeleteIn {
        table: usize,
        relation: usize,
        owner: u32,
        row: u32,
    },
    DeleteAll {
        table: usize,
        relation: usize,
        owner: u32,
    },
    Delete {
        table: usize,
        row: u32,
    },
    /// Over a relation through links, by its place among them.
    Through(usize, ThroughCommand),
    SaveAndLoad {
        history: usize,
    },
    /// The row that a relation falls back to, or none.
    SetDefaultTarget {
        table: usize,
        relation: usize,
        row: Option<u32>,
    },
    KeepHistory(usize),
    Undo,
    Redo,
}

/// What a statement gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Nothing,
    /// So many new ids.
    Given(usize),
    Old(Cells),
    OldCell(Cell),
    Upserted {
        row: u32,
        old: Option<Cells>,
    },
    Count(usize),
    Deleted {
        row: Cells,
        removed: Removed,
    },
    /// A row, and so many new links.
    Linked {
        row: u32,
        new: usize,
    },
    /// Whether there was a step of the history to take.
    Stepped(bool),
}

/// What happened, and the state after it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) event: Event,
    pub(crate) after: Naive,
}

#[derive(Debug, Clone)]
pub(crate) enum Event {
    Statement(Command, Result<Value, Refusal>),
    /// A transaction opens or, inside of one, a savepoint.
    Begin {
        deferred: bool,
    },
    /// What stands against it; refused, it is rolled back.
    Commit(Vec<Fault>),
    RollBack,
}

impl Naive {
    /// Takes a step, and notes what happens.
    pub(crate) fn take(&mut self, step: &Step, trace: &mut Vec<Entry>) {
        match step {
            Step::Statement(choices) => {
                let Some(command) = choices.command(self) else { return };
                let before = self.clone();
                let outcome = self.perform(&command);
                self.remember(&before);
                trace.push(Entry { event: Event::Statement(command, outcome), after: self.clone() });
            }
            Step::Transaction { deferred, steps, commit } => {
                let before = self.clone();
                let outermost = self.open.is_none();
                if outermost {
                    self.begin(*deferred);
                }
                trace.push(Entry { event: Event::Begin { deferred: *deferred }, after: self.clone() });
                for step in steps {
                    self.take(step, trace);
                }
                let violations = if *commit && outermost { self.violations() } else { Vec::new() };
                if !*commit || !violations.is_empty() {
                    self.roll_back(before);
                } else if outermost {
                    self.open = None;
                    self.remember(&before);
                }
                let event = if *commit { Event::Commit(violations) } else { Event::RollBack };
                trace.push(Entry { event, after: self.clone() });
            }
        }
    }

    fn perform(&mut self, command: &Command) -> Result<Value, Refusal> {
        match command {
            Command::Insert { table, cells, .. } => self.insert(*table, std::slice::from_ref(cells), false),
            Command::InsertMany { table, rows, .. } => self.insert(*table, rows, true),
            Command::Reserve { table } => {
                self.reserve(*table);
                Ok(Value::Given(1))
            }
            Command::InsertAt { table, row, cells } => {
                self.expect_reserved(*table, *row)?;
                self.write(*table, *row, cells.clone())
            }
            Command::Cancel { table, row } => self.cancel(*table, *row).map(|()| Value::Nothing),
            Command::Update { table, row, cells } => {
                self.expect(*table, *row)?;
                self.write(*table, *row, cells.clone())
            }
            Command::Replace { table, row, cells } => {
                let old = self.expect(*table, *row)?.cells.clone();
                self.write(*table, *row, cells.clone())?;
                Ok(Value::Old(old))
            }
            Command::Set { table, row, field, cell } => {
                let mut cells = self.expect(*table, *row)?.cells.clone();
                let old = std::mem::replace(&mut cells[*field], *cell);
                self.write(*table, *row, cells)?;
                Ok(Value::OldCell(old))
            }
            Command::Upsert { table, unique, cells } => self.upsert(*table, *unique, cells),
            Command::Relate { table, relation, row, target } => {
                let key = self.key_of(*table, *relation, *target)?;
                let mut cells = self.expect(*table, *row)?.cells.clone();
                assign(*table, *relation, &mut cells, Some(&key));
                self.write(*table, *row, cells)
            }
            Command::Unrelate { table, relation, row } => {
                let mut cells = self.expect(*table, *row)?.cells.clone();
                assign(*table, *relation, &mut cells, None);
                self.write(*table, *row, cells)
            }
            Command::Delete { table, row } => self.delete(*table, *row),
            Command::SaveAndLoad { .. } => self.save(),
            Command::Through(through, command) => self.perform_through(*through, command),
            Command::SetDefaultTarget { table, relation, row } => {
                if let Some(row) = row {
                    self.expect(Spec::get().tables[*table].relations[*relation].target, *row)?;
                }
                let at = (*table, *relation);
                let old = self.defaults.get(&at).copied();
                match row {
                    Some(row) => self.defaults.insert(at, *row),
                    None => self.defaults.remove(&at),
                };
                self.changes += 1;
                Ok(Value::OldCell(old))
            }
            Command::KeepHistory(limit) => {
                self.keep_history(*limit);
                Ok(Value::Nothing)
            }
            Command::Undo => Ok(Value::Stepped(self.undo())),
            Command::Redo => Ok(Value::Stepped(self.redo())),
            _ => self.perform_in(command),
        }
    }

    /// The commands through an owner.
    fn perform_in(&mut self, command: &Command) -> Result<Value, Refusal> {
        match command {
            Command::Create { table, relation, owner, cells } => {
                self.expect_owned(*table, *relation, *owner, std::slice::from_ref(cells))?;
                self.insert(*table, std::slice::from_ref(cells), false)
            }
            Command::CreateMany { table, relation, owner, rows } => {
                self.expect_owned(*table, *relation, *owner, rows)?;
                self.insert(*table, rows, true)
            }
            Command::UpdateIn { table, relation, owner, row, cells } => {
                self.expect_in(*table, *relation, *owner, *row)?;
                self.expect_owned(*table, *relation, *owner, std::slice::from_ref(cells))?;
                self.write(*table, *row, cells.clone())
            }
            Command::UpdateAll { table, relation, owner, edits } => {
                self.key_of(*table, *relation, *owner)?;
                let sources = self.sources(*table, *relation, *owner);
                let mut moments: Vec<u64> = sources.iter().map(|(joined, _)| *joined).collect();
                moments.dedup();
                let edited = |(joined, row): &(u64, u32)| {
                    let old = &self.row(*table, *row).expect("a source is stored").cells;
                    let (_, new) = edits.iter().find(|(before, _)| before == old).expect("every row has its edit");
                    let moment = moments.partition_point(|earlier| earlier < joined) as u64;
                    Write { row: *row, cells: new.clone(), moment }
                };
                let writes: Vec<Write> = sources.iter().map(edited).collect();
                let rows: Vec<Cells> = writes.iter().map(|write| write.cells.clone()).collect();
                self.expect_owned(*table, *relation, *owner, &rows)?;
                let begin = self.clock;
                self.store(*table, &writes, true)?;
                // Rows that stand in an order that is not said join others in it.
                let unsaid = moments.iter().zip(begin..).filter(|(moment, _)| self.unordered.contains(moment));
                let unsaid: Vec<u64> = unsaid.map(|(_, now)| now).collect();
                self.unordered.extend(unsaid);
                Ok(Value::Count(writes.len()))
            }
            Command::DeleteIn { table, relation, owner, row } => {
                self.expect_in(*table, *relation, *owner, *row)?;
                self.delete(*table, *row)
            }
            Command::DeleteAll { table, relation, owner } => {
                self.key_of(*table, *relation, *owner)?;
                let sources = self.sources(*table, *relation, *owner);
                let roots: Vec<(usize, u32)> = sources.iter().map(|(_, source)| (*table, *source)).collect();
                let count = roots.len();
                self.remove(roots)?;
                Ok(Value::Count(count))
            }
            other => unreachable!("{other:?} goes through no owner"),
        }
    }

    pub(crate) fn insert(&mut self, table: usize, rows: &[Cells], of_batch: bool) -> Result<Value, Refusal> {
        let first = self.tables[table].len() as u32;
        let writes: Vec<Write> = (0..)
            .zip(rows)
            .map(|(n, cells)| Write { row: first + n, cells: cells.clone(), moment: n.into() })
            .collect();
        self.store(table, &writes, of_batch)?;
        Ok(Value::Given(rows.len()))
    }

    fn write(&mut self, table: usize, row: u32, cells: Cells) -> Result<Value, Refusal> {
        self.store(table, &[Write { row, cells, moment: 0 }], false)?;
        Ok(Value::Nothing)
    }

    fn upsert(&mut self, table: usize, unique: usize, cells: &Cells) -> Result<Value, Refusal> {
        let fields = &Spec::get().tables[table].uniques[unique];
        let stored = self.rows(table).find(|(_, row)| key(fields, &row.cells) == key(fields, cells));
        if let Some((row, stored)) = stored {
            let old = stored.cells.clone();
            self.write(table, row, cells.clone())?;
            return Ok(Value::Upserted { row, old: Some(old) });
        }
        let row = self.tables[table].len() as u32;
        self.insert(table, std::slice::from_ref(cells), false)?;
        Ok(Value::Upserted { row, old: None })
    }

    pub(crate) fn delete(&mut self, table: usize, row: u32) -> Result<Value, Refusal> {
        self.delete_with(table, row, Vec::new())
    }

    /// Deletes a row together with others.
    pub(crate) fn delete_with(&mut self, table: usize, row: u32, others: Vec<(usize, u32)>) -> Result<Value, Refusal> {
        let cells = self.expect(table, row)?.cells.clone();
        let mut removed = self.remove([vec![(table, row)], others].concat())?;
        removed.rows.remove(&(table, row));
        Ok(Value::Deleted { row: cells, removed })
    }

    /// A database is saved as a whole, outside of transactions, with no id promised.
    fn save(&mut self) -> Result<Value, Refusal> {
        if self.open.is_some() {
            return Err(Fault::TransactionOpen.into());
        }
        match self.reserved().map(|row| Fault::Unfilled { row }).collect::<Vec<_>>() {
            faults if faults.is_empty() => {
                self.forget_history();
                Ok(Value::Nothing)
            }
            faults => Err(Refusal { of_batch: false, faults }),
        }
    }

    /// The foreign key that names a stored row.
    pub(crate) fn key_of(&self, table: usize, relation: usize, target: u32) -> Result<Vec<u32>, Refusal> {
        let relation = &Spec::get().tables[table].relations[relation];
        let row = self.expect(relation.target, target)?;
        if relation.names.is_empty() {
            return Ok(vec![target]);
        }
        Ok(key(&relation.names, &row.cells).expect("no key that is referred to has absent parts here"))
    }

    /// Rows through an owner have its key.
    pub(crate) fn expect_owned(
        &self,
        table: usize,
        relation: usize,
        owner: u32,
        rows: &[Cells],
    ) -> Result<(), Refusal> {
        let owners = Some(self.key_of(table, relation, owner)?);
        let fields = &Spec::get().tables[table].relations[relation].fields;
        if rows.iter().all(|cells| key(fields, cells) == owners) { Ok(()) } else { Err(Fault::Overridden.into()) }
    }

    /// A row through an owner is its own.
    fn expect_in(&self, table: usize, relation: usize, owner: u32, row: u32) -> Result<(), Refusal> {
        self.expect(Spec::get().tables[table].relations[relation].target, owner)?;
        let link = self.expect(table, row)?.links[relation];
        if link.target == Target::Row(owner) { Ok(()) } else { Err(Fault::NotOwned.into()) }
    }
}

/// Writes a foreign key into a row, or clears what of it can be absent.
pub(crate) fn assign(table: usize, relation: usize, cells: &mut Cells, key: Option<&[u32]>) {
    let spec = &Spec::get().tables[table];
    for (part, field) in spec.relations[relation].fields.iter().enumerate() {
        match key {
            Some(key) => cells[*field] = Some(key[part]),
            None if spec.fields[*field].optional => cells[*field] = None,
            None => {}
        }
    }
}
