//! Several worlds at once: clones of the database, each beside a naive store of its own, and saves of any of them while all
//! go on.

use std::fs;

use proptest::prelude::*;
use relata::snapshot::BackgroundSave;
use relata::{Database, SnapshotError};
use tempfile::TempDir;

use super::naive::Naive;
use super::run::snapshot;
use super::spec::Ids;

/// How many worlds there are beside the one that takes the steps.
const OTHERS_MAX: usize = 2;

/// A step from world to world. The number is which of the others, counting round; where there are none, or too many, the
/// nearest that can be done is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WorldStep {
    /// Makes another one of the present one.
    Clone,
    /// Lets another one take the steps from now on.
    GoOnIn(u8),
    Drop(u8),
    /// Puts another one in the place of the present one.
    PutInPlace(u8),
    /// Saves one in the background, the present one too.
    Save(u8),
}

pub(crate) fn world_step() -> impl Strategy<Value = WorldStep> {
    prop_oneof![
        3 => Just(WorldStep::Clone),
        4 => any::<u8>().prop_map(WorldStep::GoOnIn),
        1 => any::<u8>().prop_map(WorldStep::Drop),
        2 => any::<u8>().prop_map(WorldStep::PutInPlace),
        2 => any::<u8>().prop_map(WorldStep::Save),
    ]
}

/// Takes a step, in naive stores as in databases.
pub(crate) fn take<W>(step: WorldStep, present: &mut W, others: &mut Vec<W>, clone: impl Fn(&W) -> W) {
    let place = |n: u8, others: &[W]| (!others.is_empty()).then(|| usize::from(n) % others.len());
    match step {
        WorldStep::Clone if others.len() < OTHERS_MAX => others.push(clone(present)),
        WorldStep::Clone | WorldStep::Save(_) => {}
        WorldStep::GoOnIn(n) => match place(n, others) {
            Some(place) => std::mem::swap(present, &mut others[place]),
            None => others.push(clone(present)),
        },
        WorldStep::Drop(n) => drop(place(n, others).map(|place| others.remove(place))),
        WorldStep::PutInPlace(n) => {
            if let Some(place) = place(n, others) {
                *present = others.remove(place);
            }
        }
    }
}

/// A database and the ids that it has given out.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) ids: Ids,
}

impl World {
    /// A clone, which is equal from the first to the last byte, where that can be saved.
    pub(crate) fn try_clone(&self) -> Self {
        let clone = self.clone();
        assert!(snapshot(&clone.db) == snapshot(&self.db), "behaviour C1: a clone is equal to its original");
        assert_eq!(clone.db.history(), self.db.history());
        clone
    }

    pub(crate) fn verify(&self, store: &Naive) {
        super::verify::verify(&self.db, store, &self.ids);
    }
}

/// A save that was begun, and what must come of it.
pub(crate) struct Saving {
    save: BackgroundSave,
    expected: Result<Vec<u8>, SnapshotError>,
    folder: TempDir,
}

impl Saving {
    pub(crate) fn begin(db: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let save = db.save_in_background(folder.path().join("world")).unwrap();
        Saving { save, expected: snapshot(db), folder }
    }

    /// behaviour C8: the file is of the state of the call, whatever became of that database.
    pub(crate) fn end(self) {
        let saved = self.save.wait().map(|_| fs::read(self.folder.path().join("world")).unwrap());
        assert!(saved == self.expected, "{:?}", saved.err());
    }
}
