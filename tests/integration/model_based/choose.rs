//! What the choices of a step mean in a state of the store: the command that they come down to.

use super::command::{Cells, Command, NUMBERS, assign};
use super::naive::{Naive, Slot, Target};
use super::schema::{CITY, NOWHERE};
use super::spec::{FieldSpec, Spec, ThroughSpec};
use super::step::{Choice, Choices, Kind};
use super::through::{NewLink, ThroughCommand};

impl Choices {
    /// What the choices mean now; nothing where a table lacks what the statement is about. Where a stored row is asked
    /// for and there is none, one is made.
    pub(crate) fn command(&self, store: &Naive) -> Option<Command> {
        let command = self.wanted(store)?;
        let lacks = |table: usize| store.rows(table).next().is_none();
        let ends = |through: usize| {
            let ThroughSpec { links, near, far } = &Spec::get().throughs[through];
            let relations = &Spec::get().tables[*links].relations;
            [relations[*near].target, relations[*far].target, *links]
        };
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
            Command::Through(through, ThroughCommand::Unlink { .. } | ThroughCommand::DeleteLinked { .. }) => {
                ends(*through).into_iter().find(|table| lacks(*table))
            }
            Command::Through(through, _) => ends(*through)[..2].iter().copied().find(|table| lacks(*table)),
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
            Kind::Link | Kind::Unlink | Kind::SetLinked | Kind::CreateLinked | Kind::DeleteLinked => {
                self.command_through_links(store)
            }
            Kind::SaveAndLoad => Command::SaveAndLoad { history: store.history_limit() },
            Kind::SetDefaultTarget => {
                let (table, relation) = (CITY, 1);
                let row = (!matches!(self.row, Choice::None(_))).then(|| pick(store, table, self.row));
                Command::SetDefaultTarget { table, relation, row }
            }
            // These are for a database, not for a transaction.
            Kind::KeepHistory | Kind::Undo | Kind::Redo if store.open.is_some() => return None,
            Kind::KeepHistory => Command::KeepHistory(self.field % 5),
            Kind::Undo => Command::Undo,
            Kind::Redo => Command::Redo,
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
        let mine = match self.row {
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
            Kind::UpdateIn => Command::UpdateIn { table, relation, owner, row: mine, cells: own(edited(table, mine)) },
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
            Kind::DeleteIn => Command::DeleteIn { table, relation, owner, row: mine },
            Kind::DeleteAll => Command::DeleteAll { table, relation, owner },
            other => unreachable!("{other:?} is about no relation"),
        })
    }

    fn command_through_links(&self, store: &Naive) -> Command {
        let throughs = &Spec::get().throughs;
        let through = self.relation % throughs.len();
        let ThroughSpec { links, near, far } = &throughs[through];
        let relations = &Spec::get().tables[*links].relations;
        let (owners, targets) = (relations[*near].target, relations[*far].target);
        // Two rows that are linked, unless others are wanted.
        let stored =
            store.row(*links, pick(store, *links, self.row)).map(|link| [*near, *far].map(|end| link.links[end]));
        let linked = match (stored.map(|ends| ends.map(|end| end.target)), self.row) {
            (Some([Target::Row(owner), Target::Row(target)]), Choice::Stored(_)) => Some((owner, target)),
            _ => None,
        };
        let (owner, target) = (pick(store, owners, self.row), pick(store, targets, self.other));
        let (linked_owner, linked_target) = linked.unwrap_or((owner, target));
        let link = NewLink { cells: self.cells(store, *links, 0), stray: self.stray };
        let command = match self.kind {
            Kind::Link => ThroughCommand::Link { owner, target, link },
            Kind::Unlink => ThroughCommand::Unlink { owner: linked_owner, target: linked_target },
            Kind::SetLinked => {
                let targets = self.rows.iter().map(|row| pick(store, targets, row[3])).collect();
                ThroughCommand::SetLinked { owner: linked_owner, targets, link }
            }
            Kind::CreateLinked => ThroughCommand::CreateLinked { owner, target: self.cells(store, targets, 1), link },
            Kind::DeleteLinked => ThroughCommand::DeleteLinked { owner: linked_owner, target: linked_target },
            other => unreachable!("{other:?} is about no links"),
        };
        Command::Through(through, command)
    }

    /// The cells of a row of the step.
    fn cells(&self, store: &Naive, table: usize, number: usize) -> Cells {
        let none = Choice::Stored(0);
        let choices = self.rows.get(number);
        let fields = Spec::get().tables[table].fields.iter().enumerate();
        let cell = |(place, field): (usize, &FieldSpec)| {
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
