//! Saving a set and loading it again.

use std::fmt::Debug;

use relata::{Database, HasMany, Id, Model, Relation, Visitor};
use relata_real_data::{DataSet, LoadError, ModelVisitor};

/// What is loaded has the same rows under the same ids, the same children in the same order, and the same bytes when
/// it is saved once more.
pub(crate) fn assert_saves_and_loads<S: DataSet>(db: &Database) {
    let mut saved = Vec::new();
    db.save_to(&mut saved).expect("it keeps every rule");
    let loaded = S::builder().load_from(&saved[..]).expect("it was saved with the same models");
    assert_eq!(loaded.check(), Ok(()));
    S::each_model(&mut Compare { saved: db, loaded: &loaded }).expect("comparing does not fail");
    let mut again = Vec::new();
    loaded.save_to(&mut again).expect("it keeps every rule");
    assert!(again == saved, "what was loaded is saved as other bytes");
}

struct Compare<'a> {
    saved: &'a Database,
    loaded: &'a Database,
}

impl ModelVisitor for Compare<'_> {
    fn model<M: Model + PartialEq + Debug>(&mut self) -> Result<(), LoadError> {
        assert_eq!(self.saved.len::<M>(), self.loaded.len::<M>());
        for (saved, loaded) in self.saved.iter::<M>().zip(self.loaded.iter::<M>()) {
            assert_eq!(saved, loaded);
        }
        M::declare(self);
        Ok(())
    }
}

impl<M: Model> Visitor<M> for Compare<'_> {
    // behaviour R16: "Listing returns only the owner's rows, in the order in which they joined this owner; that order
    // survives save and load."
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let children = |db: &Database, target| -> Vec<Id<M>> {
            db.children(target, HasMany::<R>::new()).expect("it is stored").map(|(id, _)| id).collect()
        };
        for (target, _) in self.saved.iter::<R::Target>() {
            assert_eq!(children(self.saved, target), children(self.loaded, target), "{}.{}", M::NAME, R::NAME);
        }
    }
}
