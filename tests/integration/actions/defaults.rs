//! What `set_default` falls back to: a declared key, or a row that is set on the database.

use relata::{Action, Database, Error, Id, KeyOf, KeyRef, Missing, Model};
use serde::{Deserialize, Serialize};

use super::{Country, Flag, carried_out, changed, country, empty, person, world};
use crate::support::{refused, state};

/// A flag of Burma, and `nowhere` as what flags fall back to.
fn flags() -> (Database, [Id<Country>; 3], Id<Flag>) {
    let (mut db, countries, _) = world();
    db.delete_all(countries[0], Country::PEOPLE).unwrap();
    let flag = db.insert(Flag { country_id: countries[0] }).unwrap();
    (db, countries, flag)
}

fn with_default() -> Database {
    let (mut db, [_, _, nowhere], _) = flags();
    assert_eq!(db.set_default_target(Flag::COUNTRY, Some(nowhere)), Ok(None));
    db
}

/// behaviour I3: on_delete set_default; behaviour I13: id keys name it by a target set on the database
#[test]
fn sources_by_id_fall_back_to_the_target_that_is_set() {
    let (_, [burma, _, nowhere], flag) = flags();
    let (db, deleted) = carried_out!(with_default, |db| db.delete(burma));
    assert_eq!(deleted.changed, [changed(flag, "country", Action::SetDefault)]);
    assert_eq!((db.get(flag).unwrap().country_id, db.default_target(Flag::COUNTRY)), (nowhere, Ok(Some(nowhere))));
}

/// behaviour I13: set_default needs its default target to exist and to stay
#[test]
fn a_default_target_must_be_set_must_be_there_and_must_stay() {
    let (mut db, [burma, iceland, nowhere], flag) = flags();
    let error = refused(&mut db, |db| db.delete(burma));
    assert_eq!(error, Error::NoDefault { row: flag.erase(), relation: "country" });
    assert_eq!(error.to_string(), "Flag 1v1: `country` is to take its default target, and none is set");
    assert_eq!(db.plan_delete(burma).unwrap().blocked, [error]);
    let gone = db.insert(country("xx")).unwrap();
    db.delete(gone).unwrap();
    let error = refused(&mut db, |db| db.set_default_target(Flag::COUNTRY, Some(gone)));
    assert_eq!(error, Error::NotFound { row: gone.erase(), why: Missing::Removed });
    refused(&mut db, |db| db.set_default_target(Flag::COUNTRY, Some(Id::null())));

    db.set_default_target(Flag::COUNTRY, Some(nowhere)).unwrap();
    let error = refused(&mut db, |db| db.delete(nowhere));
    assert_eq!(
        error.to_string(),
        "Country 3v1 is the default target of `Flag`.country: set another, or none, before deleting it"
    );
    // By a cascade neither: the statement would take the default along.
    db.relate(flag, Flag::COUNTRY, nowhere).unwrap();
    assert_eq!(refused(&mut db, |db| db.delete(nowhere)), error);
    assert_eq!(db.plan_delete(nowhere).unwrap().blocked[0], error);
    assert_eq!(db.set_default_target(Flag::COUNTRY, Some(iceland)), Ok(Some(nowhere)));
    db.delete(nowhere).unwrap();
    assert_eq!((db.get(flag).unwrap().country_id, db.check()), (iceland, Ok(())));
    assert_eq!(db.set_default_target(Flag::COUNTRY, None), Ok(Some(iceland)));
    refused(&mut db, |db| db.delete(iceland));
}

/// behaviour I13, I11: it is taken back with its transaction, and undone with the history
#[test]
fn a_default_target_is_taken_back_with_its_transaction() {
    let (mut db, [_, iceland, nowhere], _) = flags();
    let mut tx = db.begin().unwrap();
    let new = tx.insert(country("xx")).unwrap();
    tx.set_default_target(Flag::COUNTRY, Some(iceland)).unwrap();
    let mut savepoint = tx.begin();
    savepoint.set_default_target(Flag::COUNTRY, Some(new)).unwrap();
    assert_eq!(savepoint.default_target(Flag::COUNTRY), Ok(Some(new)));
    drop(savepoint);
    assert_eq!(tx.default_target(Flag::COUNTRY), Ok(Some(iceland)));
    drop(tx);
    assert_eq!((db.default_target(Flag::COUNTRY), db.check()), (Ok(None), Ok(())));

    db.keep_history(10).unwrap();
    db.set_default_target(Flag::COUNTRY, Some(iceland)).unwrap();
    db.set_default_target(Flag::COUNTRY, Some(nowhere)).unwrap();
    for _ in 0..2 {
        assert!(db.undo().unwrap());
        assert_eq!(db.default_target(Flag::COUNTRY), Ok(Some(iceland)));
        assert!(db.undo().unwrap());
        assert_eq!(db.default_target(Flag::COUNTRY), Ok(None));
        assert!(db.redo().unwrap() && db.redo().unwrap());
        assert_eq!(db.default_target(Flag::COUNTRY), Ok(Some(nowhere)));
    }
}

/// behaviour I13: saved with it
#[test]
fn a_default_target_is_saved_with_the_database() {
    let db = with_default();
    let nowhere = db.find(Country::BY_CODE, "??").unwrap().0;
    let builder = Database::builder().model::<Country>().model::<super::Person>().model::<super::Package>();
    let builder = builder.model::<super::Dependency>().model::<Flag>();
    let bytes = state(&db);
    let mut loaded = builder.load_from(&bytes[..]).unwrap();
    assert_eq!((loaded.default_target(Flag::COUNTRY), loaded.check()), (Ok(Some(nowhere)), Ok(())));
    assert!(state(&loaded) == bytes);
    assert!(matches!(loaded.delete(nowhere), Err(Error::IsDefault { .. })));
}

/// behaviour I13: a natural default must exist, and must not go in the same statement
#[test]
fn a_natural_default_is_checked_as_any_key() {
    let (mut db, [burma, ..], thuza) = world();
    let nowhere = db.find(Country::BY_CODE, "??").unwrap().0;
    db.delete(thuza).unwrap();
    let exile = db.insert(super::Person { passport_code: Some("??".into()), ..person("bu") }).unwrap();
    // It goes in the same statement.
    let error = refused(&mut db, |db| db.delete(nowhere));
    let Error::ForeignKeyViolation { relation: "passport", why: Missing::Leaving, row, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(row, Some(exile.erase()));
    // It takes another key in the same statement, and is no default any more.
    let error = refused(&mut db, |db| db.update(nowhere, |country| country.code = "!!".into()));
    assert!(matches!(error, Error::ForeignKeyViolation { why: Missing::NoSuchKey, .. }), "{error}");
    // Nothing refers to it: it can go. Then nobody can fall back to it.
    db.relate(exile, super::Person::PASSPORT, burma).unwrap();
    db.delete(nowhere).unwrap();
    let other = db.insert(country("is2")).unwrap();
    db.relate(exile, super::Person::HOME, other).unwrap();
    let error = refused(&mut db, |db| db.delete(burma));
    assert!(matches!(error, Error::ForeignKeyViolation { why: Missing::NoSuchKey, .. }), "{error}");
    // Another row may become the default in the statement that needs it.
    db.update(other, |country| country.code = "??".into()).unwrap();
    db.delete(burma).unwrap();
    assert_eq!((db.get(exile).unwrap().passport_code.as_deref(), db.check()), (Some("??"), Ok(())));
    drop(empty());
}

/// Declared by hand: the default may be missing, which the derive does not let happen.
#[derive(Clone, Copy)]
struct Origin;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stamp(String);

impl relata::Relation for Origin {
    type Source = Stamp;
    type Target = Country;
    type Presence = relata::Required;
    type Reference = relata::ByKey<<Country as relata::HasPrimaryKey>::PrimaryKey>;
    const NAME: &'static str = "origin";
    const FIELDS: &'static [&'static str] = &["code"];
    const INDEX: usize = 0;
    const ON_UPDATE: Action = Action::SetDefault;

    fn key(row: &Stamp) -> Option<KeyRef<'_, Self>> {
        Some((&row.0,))
    }

    fn assign(row: &mut Stamp, key: Option<KeyOf<Self>>) {
        row.0 = key.expect("a required key is not cleared");
    }
}

impl Model for Stamp {
    const NAME: &'static str = "Stamp";
    const COLUMNS: &'static [relata::Column] =
        &[relata::Column { name: "code", external_name: "code", type_name: "String" }];

    fn declare<V: relata::Visitor<Self>>(visitor: &mut V) {
        visitor.belongs_to::<Origin>();
    }
}

/// behaviour R42: refused when the database is built, naming model and field
#[test]
fn set_default_without_a_default_is_refused_when_the_database_is_built() {
    let Err(Error::Schema(faults)) = Database::builder().model::<Country>().model::<Stamp>().build() else {
        panic!("built")
    };
    assert_eq!(
        faults[0].to_string(),
        "model `Stamp`, `origin`: set_default needs a key to fall back to: say it by `default = ..`"
    );
}
