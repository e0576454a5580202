//! The steps on the database, and that it says of each what the naive store has said.

use std::mem::ManuallyDrop;
use std::slice::Iter;

use relata::{Database, Error, SnapshotError, Transaction};
use slotmap::DefaultKey;

use super::command::{Command, Entry, Event, Value};
use super::naive::{Fault, Naive, Refusal, Removed};
use super::schema::{City, Sample, builder, on_optional_relation, on_relation, on_table};
use super::spec::{Ids, Spec};
use super::verify::verify;
use crate::support::state;

/// Where a statement is written: both have the same writes.
pub(crate) enum Handle<'h, 't> {
    Database(&'h mut Database),
    Transaction(&'h mut Transaction<'t>),
}

macro_rules! call {
    ($handle:expr, $method:ident($($argument:expr),*)) => {
        match $handle {
            crate::model_based::run::Handle::Database(db) => db.$method($($argument),*),
            crate::model_based::run::Handle::Transaction(tx) => tx.$method($($argument),*),
        }
    };
}
pub(crate) use call;

impl Handle<'_, '_> {
    pub(crate) fn database(&self) -> &Database {
        match self {
            Handle::Database(db) => db,
            Handle::Transaction(tx) => tx,
        }
    }

    /// The database, for what cannot be asked of a transaction.
    fn alone(&mut self) -> &mut Database {
        match self {
            Handle::Database(db) => db,
            Handle::Transaction(_) => unreachable!("asked for inside a transaction"),
        }
    }
}

/// Replays what happened outside of transactions, and what they contain. `before` is the state to begin with.
pub(crate) fn replay<'e>(db: &mut Database, ids: &mut Ids, mut before: &'e Naive, entries: &mut Iter<'e, Entry>) {
    while let Some(entry) = entries.next() {
        match &entry.event {
            Event::Statement(command, expected) => {
                let saved = expected.is_err().then(|| snapshot(db));
                statement(Handle::Database(db), command, expected, ids);
                if let Some(saved) = saved {
                    // What is made of several statements is rolled back: ids that it has used up are gone.
                    let same = snapshot(db) == saved || matches!(command, Command::Through(..));
                    assert!(same, "a refused statement has changed the database: {command:?}");
                }
                verify(db, &entry.after, ids);
                before = &entry.after;
            }
            Event::Begin { deferred } => {
                let tx = if *deferred { db.begin_deferred() } else { db.begin() }.unwrap();
                let ids_before = ids.clone();
                before = replay_in(tx, ids, Some((before, &ids_before)), entries);
                verify(db, before, ids);
            }
            other => unreachable!("{other:?} outside of a transaction"),
        }
    }
}

/// Replays a transaction up to its end, and gives what is to be after it. Of the outermost `before` is the state and the ids
/// before it, which a clone has.
fn replay_in<'e>(
    tx: Transaction<'_>,
    ids: &mut Ids,
    before: Option<(&Naive, &Ids)>,
    entries: &mut Iter<'e, Entry>,
) -> &'e Naive {
    // Where a comparison fails nothing is rolled back: a second panic would hide the first.
    let mut tx = ManuallyDrop::new(tx);
    loop {
        let entry = entries.next().expect("every transaction ends");
        if let (Event::Commit(_) | Event::RollBack, Some((before, ids))) = (&entry.event, before) {
            // behaviour C4: a clone is what a rollback would leave.
            verify(&tx.clone(), before, ids);
        }
        let after = match &entry.event {
            Event::Statement(command, expected) => {
                statement(Handle::Transaction(&mut tx), command, expected, ids);
                &entry.after
            }
            Event::Begin { .. } => replay_in(tx.begin(), ids, None, entries),
            Event::Commit(violations) => {
                let refused =
                    ManuallyDrop::into_inner(tx).commit().err().map_or(Vec::new(), |refused| refused.violations);
                assert_eq!(sorted(&refused, ids), *violations, "what stands against a commit");
                return &entry.after;
            }
            Event::RollBack => {
                ManuallyDrop::into_inner(tx).rollback();
                return &entry.after;
            }
        };
        verify(&tx, after, ids);
        assert_eq!(sorted(&tx.violations(), ids), after.violations(), "after {:?}", entry.event);
    }
}

/// What errors say, in an order of its own.
pub(crate) fn sorted(errors: &[Error], ids: &Ids) -> Vec<Fault> {
    let mut faults: Vec<Fault> = errors.iter().flat_map(|error| ids.faults(error)).collect();
    faults.sort();
    faults
}

/// The whole state, where it can be saved.
pub(crate) fn snapshot(db: &Database) -> Result<Vec<u8>, SnapshotError> {
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).map(|()| bytes)
}

/// Runs a statement: it gives what is expected or is refused for one of the reasons expected, for all of them if it was
/// a batch.
fn statement(mut handle: Handle<'_, '_>, command: &Command, expected: &Result<Value, Refusal>, ids: &mut Ids) {
    let result = perform(&mut handle, command, ids);
    match (expected, result) {
        (Ok(expected), Ok(value)) => assert_eq!(value, *expected, "{command:?}"),
        (Err(refusal), Err(error)) => {
            assert_eq!(matches!(error, Error::BatchRefused { .. }), refusal.of_batch, "{command:?}: {error}");
            let faults = sorted(std::slice::from_ref(&error), ids);
            let mut expected = refusal.faults.clone();
            expected.sort();
            let same = if refusal.of_batch { faults == expected } else { expected.contains(&faults[0]) };
            assert!(same, "{command:?}: {error:?} instead of {expected:?}");
        }
        (Ok(_), Err(error)) => panic!("refused: {command:?}: {error}"),
        (Err(refusal), Ok(_)) => panic!("accepted: {command:?}: {refusal:?}"),
    }
}

fn perform(handle: &mut Handle<'_, '_>, command: &Command, ids: &mut Ids) -> Result<Value, Error> {
    match command {
        Command::Insert { table, cells, with } => {
            let key = on_table!(*table, M => if *with {
                let id = call!(handle, insert_with(|id| {
                    ids.give(*table, id.key());
                    M::make(cells, ids)
                }));
                ids.forget(*table, 1);
                id?.key()
            } else {
                call!(handle, insert(M::make(cells, ids)))?.key()
            });
            Ok(given(*table, [key], ids))
        }
        Command::InsertMany { table, rows, with } => on_table!(*table, M => {
            let made = if *with {
                let made = call!(handle, insert_many_with(rows.len(), |new| {
                    for id in new {
                        ids.give(*table, id.key());
                    }
                    rows.iter().map(|cells| M::make(cells, ids)).collect()
                }));
                ids.forget(*table, rows.len());
                made?
            } else {
                call!(handle, insert_many(rows.iter().map(|cells| M::make(cells, ids)).collect::<Vec<_>>()))?
            };
            Ok(given(*table, made.into_iter().map(relata::Id::key), ids))
        }),
        Command::Reserve { table } => {
            let key = on_table!(*table, M => {
                let id: relata::Id<M> = call!(handle, reserve())?;
                id.key()
            });
            Ok(given(*table, [key], ids))
        }
        Command::InsertAt { table, row, cells } => {
            on_table!(*table, M => call!(handle, insert_at(ids.id(*row), M::make(cells, ids)))?);
            Ok(Value::Nothing)
        }
        Command::Cancel { table, row } => {
            on_table!(*table, M => call!(handle, cancel(ids.id::<M>(*row)))?);
            Ok(Value::Nothing)
        }
        Command::Update { table, row, cells } => {
            on_table!(*table, M => call!(handle, update(ids.id(*row), |row| *row = M::make(cells, ids)))?);
            Ok(Value::Nothing)
        }
        Command::Replace { table, row, cells } => on_table!(*table, M => {
            Ok(Value::Old(call!(handle, replace(ids.id(*row), M::make(cells, ids)))?.cells(ids)))
        }),
        Command::Set { table, row, field, cell } => {
            Ok(Value::OldCell(on_table!(*table, M => M::set(handle, *row, *field, *cell, ids))?))
        }
        Command::Upsert { table, unique, cells } => super::schema::upsert(handle, *table, *unique, cells, ids),
        Command::Delete { table, row } => on_table!(*table, M => {
            let deleted = call!(handle, delete(ids.id::<M>(*row)))?;
            let removed = removed(&deleted.removed, &deleted.changed, ids);
            Ok(Value::Deleted { row: deleted.row.cells(ids), removed })
        }),
        Command::Through(through, command) => super::through::perform(handle, *through, command, ids),
        Command::SaveAndLoad { history } => save_and_load(handle, *history),
        Command::SetDefaultTarget { row, .. } => {
            let old = call!(handle, set_default_target(City::TWIN, row.map(|row| ids.id(row))))?;
            Ok(Value::OldCell(old.map(|old| ids.symbol(City::TABLE, old.key()))))
        }
        Command::KeepHistory(limit) => handle.alone().keep_history(*limit).map(|()| Value::Nothing),
        Command::Undo => handle.alone().undo().map(Value::Stepped),
        Command::Redo => handle.alone().redo().map(Value::Stepped),
        _ => perform_over_relation(handle, command, ids),
    }
}

fn perform_over_relation(handle: &mut Handle<'_, '_>, command: &Command, ids: &mut Ids) -> Result<Value, Error> {
    match command {
        Command::Relate { table, relation, row, target } => on_relation!((*table, *relation), by, _inverse => {
            call!(handle, relate(ids.id(*row), by, ids.id(*target)))?;
            Ok(Value::Nothing)
        }),
        Command::Unrelate { table, relation, row } => on_optional_relation!((*table, *relation), by => {
            call!(handle, unrelate(ids.id(*row), by))?;
            Ok(Value::Nothing)
        }),
        Command::Create { table, relation, owner, cells } => {
            let key = on_relation!((*table, *relation), _by, owns => {
                call!(handle, create(ids.id(*owner), owns, |_| Sample::make(cells, ids)))?.key()
            });
            Ok(given(*table, [key], ids))
        }
        Command::CreateMany { table, relation, owner, rows } => on_relation!((*table, *relation), _by, owns => {
            let make = |_| rows.iter().map(|cells| Sample::make(cells, ids)).collect();
            let new = call!(handle, create_many(ids.id(*owner), owns, make))?;
            Ok(given(*table, new.into_iter().map(relata::Id::key), ids))
        }),
        Command::UpdateIn { table, relation, owner, row, cells } => on_relation!((*table, *relation), _by, owns => {
            let edit = |row: &mut _| *row = Sample::make(cells, ids);
            call!(handle, update_in(ids.id(*owner), owns, ids.id(*row), edit))?;
            Ok(Value::Nothing)
        }),
        Command::UpdateAll { table, relation, owner, edits } => on_relation!((*table, *relation), _by, owns => {
            let edit = |row: &mut _| {
                let old = Sample::cells(row, ids);
                let (_, new) = edits.iter().find(|(before, _)| *before == old).expect("every row has its edit");
                *row = Sample::make(new, ids);
            };
            Ok(Value::Count(call!(handle, update_all(ids.id(*owner), owns, edit))?))
        }),
        Command::DeleteIn { table, relation, owner, row } => on_relation!((*table, *relation), _by, owns => {
            let deleted = call!(handle, delete_in(ids.id(*owner), owns, ids.id(*row)))?;
            let removed = removed(&deleted.removed, &deleted.changed, ids);
            Ok(Value::Deleted { row: deleted.row.cells(ids), removed })
        }),
        Command::DeleteAll { table, relation, owner } => on_relation!((*table, *relation), _by, owns => {
            Ok(Value::Count(call!(handle, delete_all(ids.id(*owner), owns))?))
        }),
        other => unreachable!("{other:?} is about no relation"),
    }
}

/// Notes the ids that a statement has given out.
pub(crate) fn given(table: usize, keys: impl IntoIterator<Item = DefaultKey>, ids: &mut Ids) -> Value {
    let before = ids.count(table);
    keys.into_iter().for_each(|key| ids.give(table, key));
    Value::Given(ids.count(table) - before)
}

pub(crate) fn removed(rows: &[relata::RowId], changed: &[relata::ChangedKey], ids: &Ids) -> Removed {
    let spec = Spec::get();
    let changed = changed.iter().map(|changed| {
        let (table, row) = ids.row(changed.row);
        (table, row, spec.relation(table, changed.relation))
    });
    Removed { rows: rows.iter().map(|row| ids.row(*row)).collect(), changed: changed.collect() }
}

/// Goes on with the database as it comes back from its snapshot, the bytes of which it gives again, with a new history.
fn save_and_load(handle: &mut Handle<'_, '_>, history: usize) -> Result<Value, Error> {
    let bytes = snapshot(handle.database()).map_err(|error| match error {
        SnapshotError::Unsavable(error) => error,
        other => panic!("{other}"),
    })?;
    let mut loaded = builder().load_from(&bytes[..]).unwrap();
    assert!(state(&loaded) == bytes, "a loaded database is the one that was saved");
    loaded.keep_history(history)?;
    *handle.alone() = loaded;
    Ok(Value::Nothing)
}
