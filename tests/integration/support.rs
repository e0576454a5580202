//! What several tests use.

use relata::Database;

/// The whole state of a database, as its snapshot: rows, ids, free slots, the order of children.
pub(crate) fn state(db: &Database) -> Vec<u8> {
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).expect("a consistent database can be saved");
    bytes
}

/// Makes a call that must be refused, and proves that it has changed nothing.
pub(crate) fn refused<T: std::fmt::Debug, E>(db: &mut Database, call: impl FnOnce(&mut Database) -> Result<T, E>) -> E {
    let before = state(db);
    let error = match call(db) {
        Ok(value) => panic!("accepted: {value:?}"),
        Err(error) => error,
    };
    assert_eq!(db.check(), Ok(()));
    assert!(state(db) == before, "a refused call has changed the database");
    error
}
