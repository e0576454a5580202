//! What happens to sources when their target goes or takes another key: every action over every kind of key.

mod chains;
mod defaults;
mod deferral;
mod panics;

use relata::{Action, ChangedKey, Database, Error, Holder, Id, Missing, Model, Transaction};
use serde::{Deserialize, Serialize};

use crate::support::{refused, state};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(colonies: Country), has_many(people: Person, via = home))]
struct Country {
    #[model(primary_key)]
    code: String,
    #[model(unique)]
    number: Option<u32>,
    #[model(belongs_to(Country), name = motherland, on_update = cascade)]
    motherland_code: Option<String>,
}

/// One relation for each action of `on_update`, over natural keys.
#[derive(Model, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Person {
    #[model(belongs_to(Country), name = home, on_update = cascade, on_delete = cascade)]
    home_code: String,
    #[model(belongs_to(Country), name = birth, on_update = set_null, on_delete = set_null)]
    birth_code: Option<String>,
    #[model(belongs_to(Country), name = passport, on_update = set_default, on_delete = set_default)]
    #[model(default = "??".to_owned())]
    passport_code: Option<String>,
    #[model(belongs_to(Country), name = dialled, key_to = number, on_update = cascade)]
    dialled_number: Option<u32>,
    #[model(belongs_to(Country), name = king)]
    king_code: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    name: String,
    version: u32,
}

/// The same over composite keys.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(of_name, of_version), name = of, on_update = cascade, on_delete = cascade))]
#[model(belongs_to(Package, key_from(needs_name, needs_version), name = needs, on_update = set_null, on_delete = set_null))]
#[model(belongs_to(
    Package,
    key_from(else_name, else_version),
    name = otherwise,
    on_update = set_default,
    on_delete = set_default,
    default = ("none".to_owned(), 0)
))]
struct Dependency {
    of_name: String,
    of_version: u32,
    needs_name: Option<String>,
    needs_version: Option<u32>,
    else_name: String,
    else_version: u32,
}

/// Refers by id.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flag {
    #[model(belongs_to, on_delete = set_default)]
    country_id: Id<Country>,
}

fn country(code: &str) -> Country {
    Country { code: code.into(), number: None, motherland_code: None }
}

fn person(home: &str) -> Person {
    Person { home_code: home.into(), ..Person::default() }
}

fn package(name: &str, version: u32) -> Package {
    Package { name: name.into(), version }
}

fn empty() -> Database {
    let builder = Database::builder().model::<Country>().model::<Person>().model::<Package>();
    builder.model::<Dependency>().model::<Flag>().build().unwrap()
}

/// Three countries, and a person who refers to the first in every way.
fn world() -> (Database, [Id<Country>; 3], Id<Person>) {
    let mut db = empty();
    let code = |code: &str, number| Country { number: Some(number), ..country(code) };
    let countries = db.insert_many(vec![code("bu", 95), code("is", 354), code("??", 0)]).unwrap();
    let row = Person {
        home_code: "bu".into(),
        birth_code: Some("bu".into()),
        passport_code: Some("bu".into()),
        dialled_number: Some(95),
        king_code: None,
    };
    let person = db.insert(row).unwrap();
    (db, countries.try_into().unwrap(), person)
}

/// Carries a statement out in every way there is to begin and end one, and proves each: alone; rolled back; committed,
/// undone and done again; in a deferred transaction. Gives the outcome, which is the same in all.
fn prove<T: PartialEq + std::fmt::Debug>(
    make: impl Fn() -> Database,
    alone: impl Fn(&mut Database) -> Result<T, Error>,
    inside: impl Fn(&mut Transaction<'_>) -> Result<T, Error>,
) -> (Database, T) {
    let mut db = make();
    let before = state(&db);
    let value = alone(&mut db).unwrap();
    assert_eq!(db.check(), Ok(()));
    let after = state(&db);

    let mut db = make();
    let mut tx = db.begin().unwrap();
    assert_eq!(inside(&mut tx).unwrap(), value);
    assert_eq!((tx.check(), tx.violations()), (Ok(()), vec![]));
    drop(tx);
    assert!(db.check() == Ok(()) && state(&db) == before, "rolled back");

    db.keep_history(10).unwrap();
    assert_eq!(alone(&mut db).unwrap(), value);
    for _ in 0..2 {
        assert!(db.undo().unwrap());
        assert!(db.check() == Ok(()) && state(&db) == before, "undone");
        assert!(db.redo().unwrap());
        assert_eq!(db.check(), Ok(()));
    }
    // The slots of rows that went are given up with the history.
    db.keep_history(0).unwrap();
    assert!(state(&db) == after, "redone");

    let mut db = make();
    let mut tx = db.begin_deferred().unwrap();
    assert_eq!(inside(&mut tx).unwrap(), value);
    tx.commit().unwrap();
    assert!(db.check() == Ok(()) && state(&db) == after, "deferred");
    (db, value)
}

/// One statement, as a call of the database and of a transaction.
macro_rules! carried_out {
    ($make:expr, |$on:ident| $call:expr) => {
        crate::actions::prove($make, |$on| $call, |$on| $call)
    };
}
pub(crate) use carried_out;

fn changed<M: Model>(row: Id<M>, relation: &'static str, action: Action) -> ChangedKey {
    ChangedKey { row: row.erase(), relation, action }
}

/// behaviour I4: Changing a natural key that sources refer to follows on_update: restrict, cascade, set_null, set_default
/// behaviour I18: Rows removed or changed by actions are reported apart from the direct ones
#[test]
fn sources_follow_a_natural_key_as_each_relation_says() {
    let (_, [burma, ..], thuza) = world();
    let make = || world().0;
    let (db, updated) = carried_out!(make, |db| db.update_reporting(burma, |country| {
        country.number = Some(96);
        std::mem::replace(&mut country.code, "mm".into())
    }));
    let expected = Person {
        home_code: "mm".into(),
        birth_code: None,
        passport_code: Some("??".into()),
        dialled_number: Some(96),
        king_code: None,
    };
    assert_eq!((db.get(thuza), updated.value.as_str()), (Ok(&expected), "bu"));
    let follows = |relation, action| changed(thuza, relation, action);
    let all = [
        follows("home", Action::Cascade),
        follows("birth", Action::SetNull),
        follows("passport", Action::SetDefault),
        follows("dialled", Action::Cascade),
    ];
    assert_eq!(updated.changed, all);
    let row = db.row(thuza).unwrap();
    assert_eq!((row.home().unwrap().id(), row.dialled().unwrap().unwrap().id()), (burma, burma));
    assert_eq!((row.birth().unwrap().is_none(), row.passport().unwrap().unwrap().code.as_str()), (true, "??"));

    // behaviour I4: An equal value is no change.
    let (mut db, ..) = world();
    let edit = |country: &mut Country| country.code = "bu".to_owned();
    assert_eq!(db.update_reporting(burma, edit).unwrap().changed, []);
    assert_eq!(db.get(thuza).unwrap().birth_code.as_deref(), Some("bu"));
    // One key that changes does not touch those that refer by another.
    let updated = db.update_reporting(burma, |country| country.number = Some(1)).unwrap();
    assert_eq!(updated.changed, [follows("dialled", Action::Cascade)]);
}

/// behaviour I4, over composite keys; behaviour I13: set_null clears that key's fields only
#[test]
fn sources_follow_a_composite_key() {
    let make = || {
        let mut db = empty();
        db.insert_many(vec![package("serde", 1), package("none", 0)]).unwrap();
        let row = Dependency {
            of_name: "serde".into(),
            of_version: 1,
            needs_name: Some("serde".into()),
            needs_version: Some(1),
            else_name: "serde".into(),
            else_version: 1,
        };
        db.insert(row).unwrap();
        db
    };
    let db = make();
    let (serde, dependency) =
        (db.find(Package::BY_NAME_VERSION, ("serde", &1)).unwrap().0, db.iter().next().unwrap().0);
    let (db, ()) = carried_out!(make, |db| db.update(serde, |package| package.version = 2));
    let expected = Dependency {
        of_name: "serde".into(),
        of_version: 2,
        needs_name: None,
        needs_version: None,
        else_name: "none".into(),
        else_version: 0,
    };
    assert_eq!(db.get(dependency), Ok(&expected));

    // behaviour I3: Deleting a target that sources refer to follows on_delete.
    let without_of = || {
        let mut db = make();
        let other = db.insert(package("other", 1)).unwrap();
        db.relate(dependency, Dependency::OF, other).unwrap();
        db
    };
    let (db, deleted) = carried_out!(without_of, |db| db.delete(serde));
    let relations: Vec<_> = deleted.changed.iter().map(|changed| (changed.relation, changed.action)).collect();
    assert_eq!(relations, [("needs", Action::SetNull), ("otherwise", Action::SetDefault)]);
    let expected = Dependency { of_name: "other".into(), of_version: 1, ..expected };
    assert_eq!(db.get(dependency), Ok(&expected));
}

/// behaviour R7: a target's key that sources refer to by natural key follows its on_update action
/// behaviour R5, I14: upsert, replace, set and relate never bypass a check, and follow as update does
#[test]
fn every_way_to_store_a_row_over_another_takes_its_sources_along() {
    let (_, [burma, iceland, _], thuza) = world();
    let make = || world().0;
    let mm = || Country { number: Some(95), ..country("mm") };
    let home = |db: &Database| db.get(thuza).unwrap().home_code.clone();
    let (replaced, old) = carried_out!(make, |db| db.replace(burma, mm()));
    assert_eq!((home(&replaced).as_str(), old.code.as_str()), ("mm", "bu"));
    let (upserted, (id, old)) = carried_out!(make, |db| db.upsert(Country::BY_NUMBER, mm()));
    assert_eq!((home(&upserted).as_str(), id, old.unwrap().code.as_str()), ("mm", burma, "bu"));
    let (set, old) = carried_out!(make, |db| db.set(burma, Country::FIELDS.code, "mm".into()));
    assert_eq!((home(&set).as_str(), old.as_str()), ("mm", "bu"));
    assert!(state(&replaced) == state(&upserted) && state(&set) == state(&replaced));
    // What relates a row does not change its own key.
    let (related, ()) = carried_out!(make, |db| db.relate(burma, Country::MOTHERLAND, iceland));
    assert_eq!((home(&related).as_str(), related.get(burma).unwrap().motherland_code.as_deref()), ("bu", Some("is")));
    // Through the owner, one and all.
    let make = || {
        let (mut db, ..) = world();
        db.relate(burma, Country::MOTHERLAND, iceland).unwrap();
        db
    };
    let rename = |country: &mut Country| country.code = "mm".into();
    let (db, ()) = carried_out!(make, |db| db.update_in(iceland, Country::COLONIES, burma, rename));
    assert_eq!(home(&db), "mm");
    let (db, count) = carried_out!(make, |db| db.update_all(iceland, Country::COLONIES, rename));
    assert_eq!((home(&db).as_str(), count), ("mm", 1));
}

/// behaviour I6: the plan is computed first, then applied
#[test]
fn a_plan_says_what_an_update_would_do() {
    let (mut db, [burma, iceland, _], thuza) = world();
    let before = state(&db);
    let rename = |country: &mut Country| country.code = "mm".into();
    let plan = db.plan_update(burma, rename).unwrap();
    assert_eq!((plan.row, plan.is_blocked()), (burma.erase(), false));
    assert!(state(&db) == before, "a plan changes nothing");
    assert_eq!(plan.changed, db.update_reporting(burma, rename).unwrap().changed);
    db.update(thuza, |person| person.king_code = Some("is".into())).unwrap();
    let plan = db.plan_update(iceland, |country| country.code = "bu".into()).unwrap();
    assert_eq!(plan.blocked, [db.update(iceland, |country| country.code = "bu".into()).unwrap_err()]);
    assert!(matches!(plan.blocked[..], [Error::RestrictViolation { relation: "king", .. }]));
    assert!(matches!(db.plan_update(Id::<Country>::null(), |_| ()), Err(Error::NotFound { why: Missing::Null, .. })));
}

/// behaviour I8: A refused statement leaves nothing behind
/// behaviour I6: a restrict anywhere in the set's reach outside of it refuses all
#[test]
fn what_does_not_fit_in_the_end_is_refused_and_changes_nothing() {
    let (mut db, [burma, iceland, _], thuza) = world();
    // A restrict beside what would follow.
    db.update(thuza, |person| person.king_code = Some("bu".into())).unwrap();
    let error = refused(&mut db, |db| db.update(burma, |country| country.code = "mm".into()));
    assert!(matches!(error, Error::RestrictViolation { relation: "king", sources: 1, .. }), "{error}");
    db.unrelate(thuza, Person::KING).unwrap();
    // A default that names no row.
    let nowhere = db.find(Country::BY_CODE, "??").unwrap().0;
    db.update(nowhere, |country| country.code = "!!".into()).unwrap();
    let error = refused(&mut db, |db| db.update(burma, |country| country.code = "mm".into()));
    assert_eq!(
        error.to_string(),
        "Person 1v1: `Person`.passport: no `Country` with code = \"??\": no row has this key"
    );
    db.unrelate(thuza, Person::PASSPORT).unwrap();
    // The key is taken.
    let error = refused(&mut db, |db| db.update(burma, |country| country.code = "is".into()));
    let taken = Holder::Row(iceland.erase());
    assert!(matches!(error, Error::UniqueViolation { existing, .. } if existing == taken), "{error}");
    // A key that is absent cannot be followed by one that must be there. By one that may be absent it can.
    let updated = db.update_reporting(burma, |country| country.number = None).unwrap();
    assert_eq!((updated.changed.len(), db.get(thuza).unwrap().dialled_number), (1, None));
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I4: a foreign key that the edit itself changes is what it says
/// behaviour I15: A row may refer to itself on insert, be moved and be deleted
#[test]
fn a_row_that_refers_to_itself_follows_itself_unless_it_says_otherwise() {
    let (_, [burma, iceland, _], _) = world();
    let make = || {
        let (mut db, ..) = world();
        db.relate(burma, Country::MOTHERLAND, burma).unwrap();
        db
    };
    let (db, updated) = carried_out!(make, |db| db.update_reporting(burma, |country| country.code = "mm".into()));
    assert_eq!(db.get(burma).unwrap().motherland_code.as_deref(), Some("mm"));
    assert_eq!(updated.changed[0], changed(burma, "motherland", Action::Cascade));
    assert_eq!(db.children(burma, Country::COLONIES).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), [burma]);
    let (db, ()) = carried_out!(make, |db| db.update(burma, |country| {
        country.code = "mm".into();
        country.motherland_code = Some("is".into());
    }));
    assert_eq!(db.children(iceland, Country::COLONIES).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), [burma]);
}

/// behaviour I9: Many-row statements are all or nothing; within one, rows may refer to rows that come later in it
#[test]
fn a_batch_may_exchange_keys_and_sources_keep_to_their_rows() {
    let (_, [burma, iceland, nowhere], thuza) = world();
    let make = || {
        let (mut db, ..) = world();
        db.relate(burma, Country::MOTHERLAND, nowhere).unwrap();
        db.relate(iceland, Country::MOTHERLAND, nowhere).unwrap();
        db.insert(person("is")).unwrap();
        db.unrelate(thuza, Person::PASSPORT).unwrap();
        db
    };
    let exchange = |country: &mut Country| country.code = if country.code == "bu" { "is" } else { "bu" }.into();
    let (db, count) = carried_out!(make, |db| db.update_all(nowhere, Country::COLONIES, exchange));
    assert_eq!(count, 2);
    // Who lived in Burma lives in the country that was Burma.
    assert_eq!((db.get(thuza).unwrap().home_code.as_str(), db.row(thuza).unwrap().home().unwrap().id()), ("is", burma));
    // behaviour I9: the violations of a batch are listed by their rows' places in it, those of what follows too.
    let mut db = make();
    db.update(thuza, |person| person.passport_code = Some("bu".into())).unwrap();
    db.relate(nowhere, Country::MOTHERLAND, nowhere).unwrap();
    let error = refused(&mut db, |db| {
        db.update_all(nowhere, Country::COLONIES, |country| {
            country.code = if country.code == "??" { "!!".into() } else { format!("{}!", country.code) };
            country.motherland_code = Some("??".into());
        })
    });
    let Error::BatchRefused { rows, violations, .. } = error else { panic!("{error}") };
    let of_passport = |error: &Error| matches!(error, Error::ForeignKeyViolation { relation: "passport", .. });
    let places: Vec<_> = violations.iter().filter(|v| of_passport(&v.error)).map(|violation| violation.index).collect();
    assert_eq!((rows, places), (3, vec![0]));
}

/// behaviour R16: in the order in which they joined this owner; a link whose target row stays stays as it is
#[test]
fn children_that_follow_keep_their_order() {
    let (mut db, [burma, iceland, _], thuza) = world();
    let [second, third] = [(), ()].map(|()| db.insert(person("is")).unwrap());
    db.relate(thuza, Person::HOME, iceland).unwrap();
    let listed = |db: &Database, of| db.children(of, Country::PEOPLE).unwrap().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(listed(&db, iceland), [second, third, thuza]);
    db.update(iceland, |country| country.code = "thule".into()).unwrap();
    assert_eq!(listed(&db, iceland), [second, third, thuza]);
    assert_eq!((listed(&db, burma), db.check()), (vec![], Ok(())));
}
