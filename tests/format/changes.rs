//! Programs that have changed since their files were saved: rules, keys of several kinds, rows that are left out, files of format 1.

use std::fs;
use std::path::Path;

use relata::snapshot::{Migrated, Renamed, SnapshotError};
use relata::{Database, DatabaseBuilder, Error, Id, Model, PolymorphicId};
use serde::{Deserialize, Serialize};

use crate::{saved, town};

fn refused(builder: DatabaseBuilder, bytes: &[u8]) -> String {
    match builder.load_from(bytes) {
        Ok(db) => panic!("loaded: {db:?}"),
        Err(error) => error.to_string(),
    }
}

mod before {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(has_many(children: Node))]
    pub(super) struct Node {
        pub(super) label: Option<String>,
        #[model(belongs_to, name = parent)]
        pub(super) parent_id: Option<Id<Node>>,
    }

    pub(super) fn models() -> DatabaseBuilder {
        Database::builder().model::<Node>()
    }

    /// Four nodes, each the child of the one before it.
    pub(super) fn chain() -> Database {
        let mut db = models().build().unwrap();
        let mut parent_id = None;
        for label in ["a", "b", "c", "d"] {
            parent_id = Some(db.insert(Node { label: Some(label.into()), parent_id }).unwrap());
        }
        db
    }
}

mod strict {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Node {
        pub(super) label: String,
        #[model(belongs_to, name = parent, acyclic)]
        pub(super) parent_id: Option<Id<Node>>,
    }

    pub(super) fn models() -> DatabaseBuilder {
        Database::builder().model::<Node>()
    }
}

/// behaviour V5: a rule that is new is proved against the rows: that a relation is acyclic.
#[test]
fn a_hierarchy_that_becomes_acyclic_is_proved() {
    let mut db = before::chain();
    strict::models().load_from(&saved(&db)[..]).unwrap();
    let ids: Vec<_> = db.iter::<before::Node>().map(|(id, _)| id).collect();
    db.relate(ids[0], before::Node::PARENT, ids[3]).unwrap();
    let lone = db.insert(before::Node { label: Some("e".into()), parent_id: None }).unwrap();
    db.relate(lone, before::Node::PARENT, lone).unwrap();
    let bytes = saved(&db);
    let SnapshotError::Violations { violations } = strict::models().load_from(&bytes[..]).unwrap_err() else {
        panic!()
    };
    assert_eq!(violations.len(), 2, "each circle once: {violations:?}");
    let (kept, report) = strict::models().accept_violations().load_from_with_report(&bytes[..]).unwrap();
    assert_eq!((&report.violations, &kept.check().unwrap_err()), (&violations, &violations));
    let mut flawed = Vec::new();
    kept.saver().with_violations().save_to(&mut flawed).unwrap();
    let again = strict::models().accept_violations().load_from(&flawed[..]).unwrap();
    assert_eq!(again.check().unwrap_err(), violations);
    assert_eq!(again.state_hash(), kept.state_hash());
}

/// behaviour V3: a field that is required now and has no value, with its row.
#[test]
fn what_was_optional_becomes_required_and_back() {
    let mut db = before::chain();
    let required = strict::models().load_from(&saved(&db)[..]).unwrap();
    let back = before::models().load_from(&saved(&required)[..]).unwrap();
    assert!(back.iter::<before::Node>().eq(db.iter::<before::Node>()));
    assert_eq!(back.state_hash(), db.state_hash());

    let c = db.iter::<before::Node>().nth(2).unwrap().0;
    db.update(c, |row| row.label = None).unwrap();
    let said = refused(strict::models(), &saved(&db));
    assert!(said.starts_with("Node 3v1, field `label`, cannot be read: "), "{said}");
}

mod keyed {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Node {
        pub(super) label: Option<String>,
        #[model(belongs_to, name = parent)]
        pub(super) parent_id: Id<Node>,
    }
}

/// behaviour V3 and V5: a key that becomes required
#[test]
fn a_key_that_becomes_required_names_the_row_without_one() {
    let mut db = before::chain();
    let models = || Database::builder().model::<keyed::Node>();
    let said = refused(models(), &saved(&db));
    assert!(said.starts_with("Node 1v1, field `parent_id`, cannot be read: "), "{said}");
    let root = db.iter::<before::Node>().next().unwrap().0;
    db.relate(root, before::Node::PARENT, root).unwrap();
    assert_eq!(models().load_from(&saved(&db)[..]).unwrap().check(), Ok(()));
}

/// The town, with everything renamed and in another order.
mod renamed {
    use super::*;

    #[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub(super) enum About {
        #[serde(alias = "Person")]
        Citizen(Id<Citizen>),
        #[serde(alias = "City")]
        Place(Id<Place>),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum Mark {
        Two(char, bool),
        #[serde(alias = "Pair")]
        Couple(char, bool),
        Between {
            #[serde(default)]
            new: u8,
            most: Option<i64>,
            #[serde(alias = "least")]
            from: i64,
        },
        Stars(u64),
        Plain,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(was = "Note")]
    pub(super) struct Remark {
        #[serde(alias = "mark")]
        pub(super) sign: Mark,
        #[serde(default)]
        pub(super) new: Vec<String>,
        #[serde(alias = "subject")]
        #[model(belongs_to(Citizen, Place), name = about, on_delete = cascade)]
        pub(super) about: About,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(was = "Person", has_many(remarks: Remark))]
    pub(super) struct Citizen {
        #[serde(alias = "friend_ids")]
        #[model(references_many(name = friends), on_delete = set_null)]
        pub(super) friends: Vec<Id<Citizen>>,
        #[model(references_many(name = cities), on_delete = set_null)]
        pub(super) city_ids: Vec<Id<Place>>,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(was = "City", has_many(twins: Place), has_many(remarks: Remark), has_many(citizens: Citizen))]
    pub(super) struct Place {
        #[serde(alias = "twin_id")]
        #[model(belongs_to, name = twin, on_delete = set_default)]
        pub(super) sister_id: Option<Id<Place>>,
        pub(super) name: String,
        #[model(belongs_to(Country), name = country)]
        pub(super) country_code: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Country {
        pub(super) name: Option<String>,
        #[model(primary_key)]
        pub(super) code: String,
    }

    pub(super) fn models() -> DatabaseBuilder {
        Database::builder().model::<Remark>().model::<Citizen>().model::<Place>().model::<Country>()
    }
}

/// behaviour V1, V2 and V4: orders and default targets stay, of keys of several kinds and of lists too.
///
/// The ids in a row do not name their table, so that the models whose rows they are go by the names that those had.
#[test]
fn keys_of_several_kinds_and_lists_keep_their_orders_under_other_names() {
    let before = town::town();
    let (mut db, report) = renamed::models().load_from_with_report(&saved(&before)[..]).unwrap();
    assert_eq!(db.check(), Ok(()));
    let names = [("City", "Place"), ("Person", "Citizen"), ("Note", "Remark")];
    assert_eq!(report.renamed, names.map(|(was, is)| Renamed { was: was.to_owned(), is }));
    for (id, place) in db.iter::<renamed::Place>() {
        let old: Id<town::City> = id.to_string().parse().unwrap();
        assert_eq!(place.name, before.get(old).unwrap().name);
        let text = |ids: Vec<String>| ids.join(" ");
        let twins = db.children(id, renamed::Place::TWINS).unwrap().map(|(id, _)| id.to_string()).collect();
        let old_twins = before.children(old, town::City::TWINS).unwrap().map(|(id, _)| id.to_string()).collect();
        assert_eq!(text(twins), text(old_twins));
        let remarks = db.children(id, renamed::Place::REMARKS).unwrap().map(|(id, _)| id.to_string()).collect();
        let notes = before.children(old, town::City::NOTES).unwrap().map(|(id, _)| id.to_string()).collect();
        assert_eq!(text(remarks), text(notes));
    }
    let first: Id<renamed::Place> = "1v1".parse().unwrap();
    let citizens: Vec<_> =
        db.children(first, renamed::Place::CITIZENS).unwrap().map(|(id, _)| id.to_string()).collect();
    assert_eq!(citizens, ["2v1", "1v1"], "Ann has come to list the first city after Ben");
    let signs: Vec<_> = db.iter::<renamed::Remark>().map(|(_, remark)| remark.sign.clone()).collect();
    let between = renamed::Mark::Between { new: 0, most: None, from: -300 };
    let couple = renamed::Mark::Couple('é', true);
    assert_eq!(signs, [renamed::Mark::Plain, renamed::Mark::Stars(200), between, couple]);
    assert!(db.delete(first).is_err(), "it is the default target still");
    let oslo: Id<renamed::Place> = "2v1".parse().unwrap();
    db.delete(oslo).unwrap();
    assert_eq!(db.len::<renamed::Remark>(), 2, "the notes on Oslo are gone with it");
}

/// Format 1: a city of the town by its position, and the one that it has become.
mod second {
    use super::*;

    #[derive(Deserialize)]
    pub(super) struct OldCity {
        pub(super) name: String,
        pub(super) country_code: String,
        pub(super) twin_id: Option<Id<City>>,
        pub(super) place: (f64, f64),
    }

    #[derive(Deserialize)]
    pub(super) struct Between {
        pub(super) name: String,
        pub(super) country: Option<String>,
        pub(super) twin_id: Option<Id<City>>,
        pub(super) degrees: i32,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(version = 7, has_many(twins: City))]
    pub(super) struct City {
        pub(super) title: String,
        #[model(belongs_to, name = twin)]
        pub(super) twin_id: Option<Id<City>>,
        pub(super) degrees: i32,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Country {
        #[model(primary_key)]
        pub(super) code: String,
        pub(super) name: Option<String>,
    }

    pub(super) fn models() -> DatabaseBuilder {
        Database::builder()
            .model::<Country>()
            .model::<City>()
            .drop_removed_models()
            .migrate::<OldCity, Between>(0, |old, context| {
                let countries = context.table::<Country>()?;
                let country = countries.find(Country::BY_CODE, &*old.country_code);
                let country = country.and_then(|(_, country)| country.name.clone());
                Ok(Between { name: old.name, country, twin_id: old.twin_id, degrees: old.place.0 as i32 })
            })
            .migrate::<Between, City>(3, |old, context| {
                if old.name.is_empty() {
                    return Err(format!("{} has no name", context.row()).into());
                }
                let title = format!("{} in {}", old.name, old.country.unwrap_or_else(|| "?".into()));
                Ok(City { title, twin_id: old.twin_id, degrees: old.degrees })
            })
    }
}

/// behaviour V6: chained over versions, from files of either format; rows keep their ids, their order and their twins.
#[test]
fn rows_of_both_formats_are_migrated() {
    let golden = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/town-1.relata")).unwrap();
    for bytes in [golden, saved(&town::town())] {
        let (db, report) = second::models().load_from_with_report(&bytes[..]).unwrap();
        assert_eq!(db.check(), Ok(()));
        assert_eq!(report.migrated, [Migrated { table: "City", from_version: 0, rows: 3 }]);
        let dropped: Vec<_> = report.dropped.iter().map(|dropped| (&*dropped.table, dropped.rows)).collect();
        assert_eq!(dropped, [("Person", 2), ("Note", 4)]);
        let rows: Vec<_> =
            db.iter::<second::City>().map(|(id, city)| (id.to_string(), &*city.title, city.degrees)).collect();
        let expected = [("1v1", "Reykjavík in Iceland"), ("2v1", "Oslo in ?"), ("4v1", "Tórshavn in Føroyar")];
        assert_eq!(rows, expected.map(|(id, title)| (id.to_owned(), title, 64)));
        let first: Id<second::City> = "1v1".parse().unwrap();
        let twins: Vec<_> = db.children(first, second::City::TWINS).unwrap().map(|(id, _)| id.to_string()).collect();
        assert_eq!(twins, ["4v1", "2v1"]);
        let again = Database::builder().model::<second::Country>().model::<second::City>();
        assert_eq!(
            again.load_from(&saved(&db)[..]).unwrap().state_hash(),
            db.state_hash(),
            "no step is needed any more"
        );
    }
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(sons: Holder, via = owner))]
struct Holder {
    #[serde(serialize_with = "even")]
    number: u32,
    #[model(belongs_to, name = owner)]
    owner_id: Option<Id<Holder>>,
    #[model(references_many(name = listed), on_delete = set_null)]
    listed_ids: Vec<Id<Holder>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn even<S: serde::Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    if number.is_multiple_of(2) {
        serializer.serialize_u32(*number)
    } else {
        Err(serde::ser::Error::custom("it is odd"))
    }
}

// fault A7: Right: one can find and name such rows, and save the rest if one says so.
/// What refers to a row that is left out is a violation; what is left out together is none.
#[test]
fn rows_that_refer_to_what_is_left_out_are_told() {
    let models = || Database::builder().model::<Holder>();
    let mut db = models().build().unwrap();
    let holder = |number, owner_id, listed_ids| Holder { number, owner_id, listed_ids };
    let odd = db.insert(holder(1, None, vec![])).unwrap();
    let fine = db.insert(holder(2, None, vec![])).unwrap();
    db.insert(holder(3, Some(odd), vec![odd])).unwrap();
    let out: Vec<String> = db.unsavable().iter().map(|row| row.row.to_string()).collect();
    assert_eq!(out, ["Holder 1v1", "Holder 3v1"]);
    let SnapshotError::RowsNotSavable { rows } = db.save_to(std::io::sink()).unwrap_err() else { panic!() };
    assert_eq!(rows, db.unsavable());
    let mut bytes = Vec::new();
    let report = db.saver().leave_out_unsavable().save_to(&mut bytes).unwrap();
    assert_eq!(report.left_out, db.unsavable(), "the son is gone with its owner");
    let mut back = models().load_from(&bytes[..]).unwrap();
    assert_eq!((back.check(), back.len::<Holder>()), (Ok(()), 1));
    let fresh: Vec<Id<Holder>> = (0..3).map(|_| back.insert(holder(0, Some(fine), vec![])).unwrap()).collect();
    assert!(!fresh.contains(&odd), "ids of rows that were left out do not come again: {fresh:?}");

    let owned = db.insert(holder(4, Some(odd), vec![])).unwrap();
    let lists = db.insert(holder(6, None, vec![fine, odd, odd])).unwrap();
    let error = db.saver().leave_out_unsavable().save_to(std::io::sink()).unwrap_err();
    let SnapshotError::Violations { violations } = error else { panic!("{error}") };
    let told: Vec<_> = violations
        .iter()
        .map(|violation| match violation {
            Error::LeftOut { row, relation, target } => (row.to_string(), *relation, target.to_string()),
            other => panic!("{other}"),
        })
        .collect();
    let named = |row: Id<Holder>, relation: &'static str| (row.erase().to_string(), relation, odd.erase().to_string());
    assert_eq!(told, [named(owned, "owner"), named(lists, "listed")]);
    let mut flawed = Vec::new();
    db.saver().leave_out_unsavable().with_violations().save_to(&mut flawed).unwrap();
    assert!(matches!(models().load_from(&flawed[..]), Err(SnapshotError::Violations { .. })));
    let kept = models().accept_violations().load_from(&flawed[..]).unwrap();
    assert_eq!(kept.len::<Holder>(), 3);
    assert_eq!(kept.check().unwrap_err().len(), 3, "the owner, and each of the two ids in the list");
}
