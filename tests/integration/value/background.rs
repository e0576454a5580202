//! Saving in the background, and the order of saves to one path.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use relata::snapshot::BackgroundSave;
use relata::{Database, Error, Id, LockMode, Model, SharedDatabase, SnapshotError};
use serde::{Deserialize, Serialize, Serializer};

use crate::support::state;

/// One for each test, so that they do not meet.
static GATES: [AtomicBool; 4] = [const { AtomicBool::new(false) }; 4];

/// A field whose `Serialize` waits until its gate is open, or panics at the last gate.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Gate(usize);

impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 + 1 < GATES.len(), "gate {} is walled up", self.0);
        while !GATES[self.0].load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
        serializer.serialize_u64(self.0 as u64)
    }
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(arrows: Arrow))]
struct Castle {
    year: u32,
    gate: Option<Gate>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Arrow {
    #[model(belongs_to, on_delete = restrict)]
    castle_id: Id<Castle>,
}

fn builder() -> relata::DatabaseBuilder {
    Database::builder().model::<Castle>().model::<Arrow>()
}

/// A castle, which waits to be saved until its gate is open, and the arrows of a file of many blocks.
fn castle(gate: usize) -> (Database, Id<Castle>) {
    let mut db = builder().build().unwrap();
    let castle_id = db.insert(Castle { year: 1066, gate: Some(Gate(gate)) }).unwrap();
    db.insert_many(vec![Arrow { castle_id }; 20_000]).unwrap();
    (db, castle_id)
}

fn year(path: &Path) -> u32 {
    let db = builder().load(path).unwrap();
    db.iter::<Castle>().next().unwrap().1.year
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with(".relata")).collect();
    names.sort_unstable();
    names
}

/// Gives what should not happen the time to happen.
fn a_while() {
    thread::sleep(Duration::from_millis(60));
}

/// behaviour C8: What is saved in the background is the state of the call, in the same bytes as `save` gives
#[test]
fn the_state_of_the_call_is_saved_while_the_database_goes_on() {
    const GATE: usize = 0;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("castle.relata");
    let (mut db, id) = castle(GATE);
    db.keep_history(10).unwrap();
    db.set(id, Castle::FIELDS.year, 1067).unwrap();
    // Its slot is withheld by the history.
    let arrow = db.table::<Arrow>().unwrap().ids().nth(5).unwrap();
    db.delete(arrow).unwrap();

    let save = db.save_in_background(&path).unwrap();
    a_while();
    assert_eq!((save.progress(), save.is_finished(), names(folder.path()).len()), ((0, 20_000), false, 0));
    let saved = db.clone();
    db.set(id, Castle::FIELDS.year, 1068).unwrap();
    assert!(db.undo().unwrap() && db.undo().unwrap());
    GATES[GATE].store(true, Ordering::Release);
    let progress = |save: &BackgroundSave| while save.progress().0 < 20_000 {};
    progress(&save);
    assert_eq!(save.wait().unwrap().left_out, []);
    assert!(fs::read(&path).unwrap() == state(&saved));
    assert_eq!(year(&path), 1067);
}

/// behaviour C9: Saves to one path are made in the order in which they were begun
///
/// behaviour C10: a dropped handle lets the save go on
#[test]
fn an_older_state_never_replaces_a_newer_one() {
    const GATE: usize = 1;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("castle.relata");
    let (mut db, id) = castle(GATE);
    drop(db.save_in_background(&path).unwrap());
    db.update(id, |castle| (castle.year, castle.gate) = (1190, None)).unwrap();
    let second = db.save_in_background(&path).unwrap();
    db.set(id, Castle::FIELDS.year, 1191).unwrap();
    thread::scope(|scope| {
        let third = scope.spawn(|| db.save(&path));
        // Another path does not wait.
        db.save(folder.path().join("other.relata")).unwrap();
        a_while();
        assert!(!second.is_finished() && !third.is_finished());
        assert_eq!(names(folder.path()), ["other.relata"]);
        GATES[GATE].store(true, Ordering::Release);
        third.join().unwrap().unwrap();
    });
    assert!(second.is_finished() || second.wait().is_ok());
    assert_eq!(year(&path), 1191);
}

/// behaviour C10: A panic of a row's code is an error of who waits, and the old file stays.
#[test]
fn a_panic_is_told_to_who_waits() {
    const GATE: usize = 3;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("castle.relata");
    let (mut db, id) = castle(GATE);
    let panics = db.save_in_background(&path).unwrap();
    db.set(id, Castle::FIELDS.gate, None).unwrap();
    let next = db.save_in_background(&path).unwrap();
    let error = panics.wait().unwrap_err();
    assert_eq!(error, SnapshotError::Panicked { message: "gate 3 is walled up".to_owned() });
    assert_eq!(error.to_string(), "saving in the background has panicked: gate 3 is walled up");
    next.wait().unwrap();
    assert_eq!(year(&path), 1066);
    db.set(id, Castle::FIELDS.gate, Some(Gate(GATE))).unwrap();
    assert!(db.save_in_background(&path).unwrap().wait().is_err());
    assert_eq!(year(&path), 1066, "the old file stays");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

/// behaviour C8: the errors and the choices are those of `save`
#[test]
fn it_refuses_and_chooses_as_other_saves_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("castle.relata");
    let mut db = builder().build().unwrap();
    let castle_id = db.insert(Castle { year: 1066, gate: None }).unwrap();
    db.save(&path).unwrap();
    db.set(castle_id, Castle::FIELDS.year, 1067).unwrap();
    db.saver().keep_previous().save_in_background(&path).unwrap().wait().unwrap();
    assert_eq!(names(folder.path()), ["castle.relata", "castle.relata.1"]);
    assert_eq!((year(&path), year(&folder.path().join("castle.relata.1"))), (1067, 1066));

    let mut tx = db.begin().unwrap();
    tx.set(castle_id, Castle::FIELDS.year, 1068).unwrap();
    assert_eq!(tx.save_in_background(&path).unwrap_err(), SnapshotError::Unsavable(Error::TransactionOpen));
    tx.rollback();
    let nowhere = folder.path().join("nowhere/castle.relata");
    let refused = db.save_in_background(&nowhere).unwrap().wait();
    assert!(matches!(refused, Err(SnapshotError::Io { operation: "create", kind: ErrorKind::NotFound, .. })));

    let reserved = db.reserve::<Arrow>().unwrap();
    let refused = db.save_in_background(&path).unwrap().wait().unwrap_err();
    assert_eq!(refused, SnapshotError::Unsavable(Error::Unfilled { row: reserved.erase() }));
    db.insert_at(reserved, Arrow { castle_id }).unwrap();
    db.insert_many_unchecked([Arrow { castle_id: Id::null() }]).unwrap();
    assert!(matches!(
        db.save_in_background(&path).unwrap().wait(),
        Err(SnapshotError::Violations { violations }) if violations.len() == 1
    ));
    assert_eq!(year(&path), 1067);
    db.saver().with_violations().save_in_background(&path).unwrap().wait().unwrap();
    assert!(builder().accept_violations().load(&path).is_ok());
}

/// behaviour C7: `to_database` gives the last committed state, and holds nobody up afterwards
#[test]
fn a_shared_database_is_cloned_and_saved_beside_its_writers() {
    const GATE: usize = 2;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("castle.relata");
    let (db, id) = castle(GATE);
    let shared = SharedDatabase::new(db);
    let save = shared.save_in_background(&path).unwrap();
    let mut before = shared.to_database().unwrap();

    let mut tx = shared.write().unwrap();
    tx.update(id, |castle| (castle.year, castle.gate) = (1100, None)).unwrap();
    assert_eq!(tx.clone().get(id).unwrap().year, 1066);
    let held = Error::HeldByThisThread { held: LockMode::Write, wanted: LockMode::Read };
    assert_eq!(shared.to_database().unwrap_err(), held);
    assert_eq!(shared.save_in_background(&path).unwrap_err(), SnapshotError::Unsavable(held));
    tx.commit().unwrap();
    assert_eq!(shared.to_database().unwrap().get(id).unwrap().year, 1100);
    assert_eq!(before.get(id).unwrap().year, 1066);
    before.set(id, Castle::FIELDS.year, 1101).unwrap();
    assert_eq!(shared.read().unwrap().get(id).unwrap().year, 1100);
    let newer = shared.save_in_background(&path).unwrap();
    assert!(!save.is_finished());
    GATES[GATE].store(true, Ordering::Release);
    save.wait().unwrap();
    newer.wait().unwrap();
    assert_eq!(year(&path), 1100);
    // Put in its place, a clone is what all handles see.
    *shared.exclusive().unwrap() = before;
    assert_eq!(shared.clone().read().unwrap().get(id).unwrap().year, 1101);
}
