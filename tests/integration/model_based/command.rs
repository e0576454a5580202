//! Commands: statements whose rows and values are settled, and what the naive store makes of them.

use super::naive::{Fault, Naive, Refusal, Removed, Slot, Target, Write, key};
use super::schema::{Cell, NOWHERE, Spec};
use super::step::{Choice, Choices, Kind, Step};

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
    SaveAndLoad,
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
                let outcome = self.perform(&command);
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
            Command::SaveAndLoad => self.save(),
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
                self.store(*table, &writes, true)?;
                Ok(Value::Count(writes.len()))
            }
            Command::DeleteIn { table, relation, owner, row } => {
                self.expect_in(*table, *relation, *owner, *row)?;
                self.delete(*table, *row)
            }
            Command::DeleteAll { table, relation, owner } => {
                self.key_of(*table, *relation, *owner)?;
                let sources = self.sources(*table, *relation, *owner);
                let roots: Vec<u32> = sources.iter().map(|(_, source)| *source).collect();
                self.remove(*table, &roots)?;
                Ok(Value::Count(roots.len()))
            }
            other => unreachable!("{other:?} goes through no owner"),
        }
    }

    fn insert(&mut self, table: usize, rows: &[Cells], of_batch: bool) -> Result<Value, Refusal> {
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

    fn delete(&mut self, table: usize, row: u32) -> Result<Value, Refusal> {
        let cells = self.expect(table, row)?.cells.clone();
        let mut removed = self.remove(table, &[row])?;
        removed.rows.remove(&(table, row));
        Ok(Value::Deleted { row: cells, removed })
    }

    /// A database is saved as a whole, outside of transactions, with no id promised.
    fn save(&self) -> Result<Value, Refusal> {
        if self.open.is_some() {
            return Err(Fault::TransactionOpen.into());
        }
        match self.reserved().map(|row| Fault::Unfilled { row }).collect::<Vec<_>>() {
            faults if faults.is_empty() => Ok(Value::Nothing),
            faults => Err(Refusal { of_batch: false, faults }),
        }
    }

    /// The foreign key that names a stored row.
    fn key_of(&self, table: usize, relation: usize, target: u32) -> Result<Vec<u32>, Refusal> {
        let relation = &Spec::get().tables[table].relations[relation];
        let row = self.expect(relation.target, target)?;
        if relation.names.is_empty() {
            return Ok(vec![target]);
        }
        Ok(key(&relation.names, &row.cells).expect("no key that is referred to has absent parts here"))
    }

    /// Rows through an owner have its key.
    fn expect_owned(&self, table: usize, relation: usize, owner: u32, rows: &[Cells]) -> Result<(), Refusal> {
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
fn assign(table: usize, relation: usize, cells: &mut Cells, key: Option<&[u32]>) {
    let spec = &Spec::get().tables[table];
    for (part, field) in spec.relations[relation].fields.iter().enumerate() {
        match key {
            Some(key) => cells[*field] = Some(key[part]),
            None if spec.fields[*field].optional => cells[*field] = None,
            None => {}
        }
    }
}

impl Choices {
    /// What the choices mean now; nothing where a table lacks what the statement is about. Where a stored row is asked
    /// for and there is none, one is made.
    fn command(&self, store: &Naive) -> Option<Command> {
        let command = self.wanted(store)?;
        let lacks = |table: usize| store.rows(table).next().is_none();
        let missing = match &command {
            Command::Update { table, .. }
            | Command::Replace { table, .. }
            | Command::Set { table, .. }
            | Command::Unrelate { table, .. }
            | Command::Delete { table, .. } => lacks(*table).then_some(*table),
            Command::Relate { table, relation, .. }
            | Command::Create { table, relation, .. }
            | Command::CreateMany { table, relation, .. }
            | Command::UpdateIn { table, relation, .. }
            | Command::UpdateAll { table, relation, .. }
            | Command::DeleteIn { table, relation, .. }
            | Command::DeleteAll { table, relation, .. } => {
                let target = Spec::get().tables[*table].relations[*relation].target;
                [target, *table].into_iter().find(|table| lacks(*table))
            }
            Command::Insert { table, .. } | Command::InsertMany { table, .. } => {
                let first = needed_first(store, *table);
                (first != *table).then_some(first)
            }
            _ => None,
        };
        let insert = |table: usize| {
            let table = needed_first(store, table);
            Command::Insert { table, cells: self.cells(store, table, 0), with: false }
        };
        Some(missing.map_or(command, insert))
    }

    fn wanted(&self, store: &Naive) -> Option<Command> {
        let spec = Spec::get();
        let table = self.table;
        let fields = spec.tables[table].fields.len();
        let row = pick(store, table, self.row);
        let cells = |number: usize| self.cells(store, table, number);
        // An update changes two fields, so far as the row is there.
        let edited = |table: usize, row: u32| {
            let mut new = self.cells(store, table, 0);
            if let Some(old) = store.row(table, row) {
                let kept = |field: &usize| *field != self.field % new.len() && *field != (self.field / 8) % new.len();
                for field in (0..new.len()).filter(kept).collect::<Vec<_>>() {
                    new[field] = old.cells[field];
                }
            }
            new
        };
        Some(match self.kind {
            Kind::Insert => Command::Insert { table, cells: cells(0), with: false },
            Kind::InsertWith => {
                let mut row = [cells(0)];
                self.refer_to_batch(store, &mut row);
                let [cells] = row;
                Command::Insert { table, cells, with: true }
            }
            Kind::InsertMany | Kind::InsertManyWith => {
                let with = self.kind == Kind::InsertManyWith;
                let mut rows: Vec<Cells> = (0..self.rows.len()).map(cells).collect();
                if with {
                    self.refer_to_batch(store, &mut rows);
                }
                Command::InsertMany { table, rows, with }
            }
            Kind::Reserve => Command::Reserve { table },
            Kind::InsertAt => Command::InsertAt { table, row: promised(store, table, self.row), cells: cells(0) },
            Kind::Cancel => Command::Cancel { table, row: promised(store, table, self.row) },
            Kind::Update => Command::Update { table, row, cells: edited(table, row) },
            Kind::Replace => Command::Replace { table, row, cells: cells(0) },
            Kind::Set => {
                let field = self.field % fields;
                Command::Set { table, row, field, cell: cells(0)[field] }
            }
            Kind::Upsert => {
                let uniques = spec.tables[table].uniques.len();
                let unique = self.field.checked_rem(uniques)?;
                Command::Upsert { table, unique, cells: cells(0) }
            }
            Kind::Delete => Command::Delete { table, row },
            Kind::SaveAndLoad => Command::SaveAndLoad,
            _ => self.command_over_relation(store, edited)?,
        })
    }

    fn command_over_relation(&self, store: &Naive, edited: impl Fn(usize, u32) -> Cells) -> Option<Command> {
        let spec = Spec::get();
        let relations: Vec<_> = spec.relations().collect();
        let (table, relation, declared) = relations[self.relation % relations.len()];
        let row = pick(store, table, self.row);
        let owner = pick(store, declared.target, self.other);
        let own = |mut cells: Cells| {
            if let Ok(key) = store.key_of(table, relation, owner)
                && !self.stray
            {
                assign(table, relation, &mut cells, Some(&key));
            }
            cells
        };
        let new = |number: usize| own(self.cells(store, table, number));
        // A row of the owner, unless another is wanted or it has none.
        let sources = store.sources(table, relation, owner);
        let owned = match self.row {
            Choice::Stored(n) if !sources.is_empty() => sources[usize::from(n) % sources.len()].1,
            _ => row,
        };
        Some(match self.kind {
            Kind::Relate => Command::Relate { table, relation, row, target: owner },
            Kind::Unrelate => {
                declared.fields.iter().find(|field| spec.tables[table].fields[**field].optional)?;
                Command::Unrelate { table, relation, row }
            }
            Kind::Create => Command::Create { table, relation, owner, cells: new(0) },
            Kind::CreateMany => {
                let rows = (0..self.rows.len()).map(new).collect();
                Command::CreateMany { table, relation, owner, rows }
            }
            Kind::UpdateIn => {
                Command::UpdateIn { table, relation, owner, row: owned, cells: own(edited(table, owned)) }
            }
            Kind::UpdateAll | Kind::ShiftAll => {
                let field = self.field % spec.tables[table].fields.len();
                let value = self.cells(store, table, 0)[field];
                let shifts = self.kind == Kind::ShiftAll && spec.tables[table].fields[field].ids_of.is_none();
                let edit = |(_, source): &(u64, u32)| {
                    let old = store.row(table, *source).expect("a source is stored").cells.clone();
                    let mut new = old.clone();
                    new[field] = if shifts { old[field].map(|number| (number + 1) % NUMBERS) } else { value };
                    (old, new)
                };
                Command::UpdateAll { table, relation, owner, edits: sources.iter().map(edit).collect() }
            }
            Kind::DeleteIn => Command::DeleteIn { table, relation, owner, row: owned },
            Kind::DeleteAll => Command::DeleteAll { table, relation, owner },
            other => unreachable!("{other:?} is about no relation"),
        })
    }

    /// The cells of a row of the step.
    fn cells(&self, store: &Naive, table: usize, number: usize) -> Cells {
        let none = Choice::Stored(0);
        let choices = self.rows.get(number);
        let fields = Spec::get().tables[table].fields.iter().enumerate();
        let cell = |(place, field): (usize, &super::schema::FieldSpec)| {
            let choice = choices.and_then(|choices| choices.get(place)).copied().unwrap_or(none);
            match (choice, field.ids_of) {
                (Choice::None(_), _) if field.optional => None,
                (choice, Some(target)) => Some(pick(store, target, choice)),
                (choice, None) => Some(u32::from(choice.number()) % NUMBERS),
            }
        };
        let mut cells: Cells = fields.map(cell).collect();
        for (place, relation) in Spec::get().tables[table].relations.iter().enumerate() {
            // A natural key that is chosen among the stored ones is that of a row, for the most part.
            let choice = choices.and_then(|choices| choices.get(relation.fields[0])).copied();
            if let Some(choice @ Choice::Stored(_)) = choice
                && !relation.names.is_empty()
                && let Ok(key) = store.key_of(table, place, pick(store, relation.target, choice))
            {
                assign(table, place, &mut cells, Some(&key));
            }
        }
        cells
    }

    /// Makes ids in the rows of a batch name rows of the batch, where they can.
    fn refer_to_batch(&self, store: &Naive, rows: &mut [Cells]) {
        let first = store.tables[self.table].len() as u32;
        let (fields, count) = (&Spec::get().tables[self.table].fields, rows.len());
        for (number, cells) in rows.iter_mut().enumerate() {
            for (place, field) in fields.iter().enumerate() {
                if field.ids_of == Some(self.table) && cells[place].is_some() {
                    cells[place] = Some(first + ((number + self.field) % count) as u32);
                }
            }
        }
    }
}

impl Choice {
    fn number(self) -> u8 {
        let (Choice::Stored(n) | Choice::Reserved(n) | Choice::Any(n) | Choice::None(n)) = self;
        n
    }
}

/// The table, of those that rows of this one need, that has none and needs no other before it.
fn needed_first(store: &Naive, table: usize) -> usize {
    let spec = Spec::get();
    let required = |fields: &[usize]| fields.iter().all(|field| !spec.tables[table].fields[*field].optional);
    let relations = spec.tables[table].relations.iter();
    let mut targets = relations.filter(|relation| required(&relation.fields)).map(|relation| relation.target);
    // Those of a cycle need each other: `founding` makes them.
    let missing = targets.find(|target| *target < table && store.rows(*target).next().is_none());
    missing.map_or(table, |missing| needed_first(store, missing))
}

/// The row of a table that is chosen.
fn pick(store: &Naive, table: usize, choice: Choice) -> u32 {
    let all = |slot: &Slot, choice: Choice| match choice {
        Choice::Stored(_) | Choice::None(_) => matches!(slot, Slot::Stored(_)),
        Choice::Reserved(_) => *slot == Slot::Reserved,
        Choice::Any(_) => true,
    };
    let slots = store.tables[table].iter().enumerate();
    let rows: Vec<u32> = slots.filter(|(_, slot)| all(slot, choice)).map(|(row, _)| row as u32).collect();
    rows.get(usize::from(choice.number()).checked_rem(rows.len()).unwrap_or(0)).copied().unwrap_or(NOWHERE)
}

/// The same for what is about reserved ids: one of them, where there is any and no other is asked for.
fn promised(store: &Naive, table: usize, choice: Choice) -> u32 {
    match choice {
        Choice::Any(_) => pick(store, table, choice),
        choice => pick(store, table, Choice::Reserved(choice.number())),
    }
}
