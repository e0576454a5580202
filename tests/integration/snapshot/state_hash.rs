//! The hash of the whole state: the same where the state is the same, another after any one change.

use relata::{Error, Overflow, Watch};
use xxhash_rust::xxh3::xxh3_64;

use super::bytes::File;
use super::*;

fn hash(db: &Database) -> u64 {
    db.state_hash().unwrap()
}

/// The hash as `docs/format.md` has it, from the bytes of a file.
fn from_file(file: &[u8]) -> u64 {
    File::parse(file).state_hash()
}

/// behaviour S3: It can be computed from a file by docs/format.md.
///
/// The sample has something in every part of the state: slots and free ones, rows, an order of children.
#[test]
fn it_is_what_its_definition_says() {
    let db = sample();
    assert_eq!(hash(&db), from_file(&saved(&db)));
    // A change of the definition, or of the format, breaks lockstep between builds: it belongs into the changelog.
    assert_eq!(hash(&db), 1_651_132_294_933_309_569);
    assert_eq!(hash(&models().build().unwrap()), from_file(&saved(&models().build().unwrap())));
    assert_eq!(hash(&Database::builder().build().unwrap()), xxh3_64(&[]));
}

/// behaviour S1: The hash is the same where the state is: after the same operations, after a save and a load.
#[test]
fn it_survives_save_and_load_and_goes_on_in_step() {
    let mut db = sample();
    let mut back = load(&saved(&db)).unwrap();
    for round in 0..20 {
        assert_eq!(hash(&db), hash(&back));
        for db in [&mut db, &mut back] {
            let whole = db.iter::<Part>().map(|(id, _)| id).last();
            let new = db.insert(part(&format!("round {round}"), whole)).unwrap();
            if round % 3 == 0 {
                let mut tx = db.begin().unwrap();
                tx.insert(part("", Some(new))).unwrap();
                tx.rollback();
            }
            if round % 4 == 0 {
                db.delete(new).unwrap();
            }
        }
    }
}

/// A change of the prepared database, with the ids in it: `a`, `b`, the children of `a`, two to spare.
type Change = fn(&mut Database, Id<Part>, Id<Part>, &[Id<Part>], &[Id<Part>]);

/// behaviour S2: It differs after any one change. Each of these leaves a state of its own.
#[test]
fn any_one_change_is_seen() {
    let prepared = || {
        let mut db = models().build().unwrap();
        let [a, b] = ["a", "b"].map(|label| db.insert(part(label, None)).unwrap());
        let children = db.insert_many(["x", "y", "z"].map(|label| part(label, Some(a)))).unwrap();
        let spare = db.insert_many(["s", "t"].map(|label| part(label, None))).unwrap();
        (db, a, b, children, spare)
    };
    let changes: [(&str, Change); 17] = [
        ("nothing", |_, _, _, _, _| ()),
        ("a row", |db, _, _, _, _| {
            db.insert(part("new", None)).unwrap();
        }),
        ("the same row of another table", |db, _, _, _, _| {
            db.insert(Package { name: "new".into(), version: 0 }).unwrap();
        }),
        ("a field", |db, a, _, _, _| db.update(a, |row| row.label = None).unwrap()),
        ("a row in the place of another", |db, a, _, _, _| drop(db.replace(a, part("c", None)).unwrap())),
        ("another target", |db, _, b, children, _| db.relate(children[0], Part::WHOLE, b).unwrap()),
        ("no target", |db, _, _, children, _| db.unrelate(children[0], Part::WHOLE).unwrap()),
        ("the order of children", |db, a, b, children, _| {
            db.relate(children[0], Part::WHOLE, b).unwrap();
            db.relate(children[0], Part::WHOLE, a).unwrap();
        }),
        ("another order of children", |db, a, b, children, _| {
            db.relate(children[1], Part::WHOLE, b).unwrap();
            db.relate(children[1], Part::WHOLE, a).unwrap();
        }),
        ("a free slot", |db, _, _, _, spare| drop(db.delete(spare[0]).unwrap())),
        ("another free slot", |db, _, _, _, spare| drop(db.delete(spare[1]).unwrap())),
        ("two free slots", |db, _, _, _, spare| {
            db.delete(spare[0]).unwrap();
            db.delete(spare[1]).unwrap();
        }),
        ("the order of free slots", |db, _, _, _, spare| {
            db.delete(spare[1]).unwrap();
            db.delete(spare[0]).unwrap();
        }),
        ("a generation", |db, _, _, _, spare| {
            db.delete(spare[0]).unwrap();
            db.insert(part("s", None)).unwrap();
        }),
        ("a reserved id", |db, _, _, _, _| {
            db.reserve::<Part>().unwrap();
        }),
        ("two reserved ids", |db, _, _, _, _| {
            db.reserve::<Part>().unwrap();
            db.reserve::<Part>().unwrap();
        }),
        ("a reserved id given back", |db, _, _, _, _| {
            let id = db.reserve::<Part>().unwrap();
            db.cancel(id).unwrap();
        }),
    ];
    let hash_after = |change: Change| {
        let (mut db, a, b, children, spare) = prepared();
        change(&mut db, a, b, &children, &spare);
        hash(&db)
    };
    let hashes = changes.map(|(what, change)| (what, hash_after(change)));
    for (nth, (what, one)) in hashes.iter().enumerate() {
        assert_eq!(*one, hash_after(changes[nth].1), "{what}: the same operations, the same hash");
        for (other, another) in &hashes[..nth] {
            assert_ne!(one, another, "{what}, {other}");
        }
    }
}

/// A slot whose id is reserved is not one with a row that happens to have no bytes.
#[test]
fn a_reserved_id_is_no_row() {
    let one_of = |fill: bool| {
        let mut db = Database::builder().model::<Nothing>().build().unwrap();
        let id = db.reserve::<Nothing>().unwrap();
        if fill {
            db.insert_at(id, Nothing {}).unwrap();
        }
        hash(&db)
    };
    let [two, two_others] = [[true, false], [false, true]].map(|filled| {
        let mut db = Database::builder().model::<Nothing>().build().unwrap();
        let ids = filled.map(|_| db.reserve::<Nothing>().unwrap());
        for (id, _) in ids.into_iter().zip(filled).filter(|(_, filled)| *filled) {
            db.insert_at(id, Nothing {}).unwrap();
        }
        hash(&db)
    });
    assert_ne!(one_of(true), one_of(false));
    assert_ne!(two, two_others);
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nothing {}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Gauge {
    level: f64,
}

/// behaviour S2: It differs after any one change: of a row.
#[test]
fn an_edit_in_place_is_seen_and_every_bit_counts() {
    let mut db = Database::builder().model::<Gauge>().build().unwrap();
    let gauge = db.insert(Gauge { level: 0.0 }).unwrap();
    let zero = hash(&db);
    *db.get_mut(gauge).unwrap().level = -0.0;
    assert_ne!(hash(&db), zero);
    *db.get_mut(gauge).unwrap().level = 0.0;
    assert_eq!(hash(&db), zero);
}

/// behaviour S1: after an undo. A refused statement, a history, a subscription change nothing in it.
#[test]
fn what_is_no_state_is_not_seen() {
    let mut db = sample();
    let before = hash(&db);
    let subscription = db.subscribe(Watch::everything(), 1, Overflow::Drop).unwrap();
    db.keep_history(10).unwrap();
    assert_eq!(hash(&db), before);
    let car = db.find(Part::BY_LABEL, "car").unwrap().0;
    db.update(car, |car| car.label = Some("bus".into())).unwrap();
    let after = hash(&db);
    assert_ne!(after, before);
    db.undo().unwrap();
    assert_eq!(hash(&db), before);
    db.redo().unwrap();
    drop(subscription);
    db.keep_history(0).unwrap();
    assert_eq!(hash(&db), after);
    // Refused statements change nothing.
    db.insert(part("bus", None)).unwrap_err();
    db.delete(db.find(Package::BY_NAME_VERSION, ("serde", &3)).unwrap().0).unwrap_err();
    assert_eq!(hash(&db), after);
    // Names outside, actions and inverses are declarations: the same rows of another schema agree.
    assert_eq!(hash(&load(&saved(&db)).unwrap()), after);
}

#[test]
fn what_a_history_withholds_is_seen() {
    let mut db = sample();
    let bolt = db.insert(part("bolt", None)).unwrap();
    db.keep_history(1).unwrap();
    db.delete(bolt).unwrap();
    let withheld = hash(&db);
    assert_eq!(hash(&load(&saved(&db)).unwrap()), withheld, "the loaded database will not use the slot either");
    db.keep_history(0).unwrap();
    assert_ne!(hash(&db), withheld, "the slot is free");
}

#[test]
fn an_open_transaction_and_a_row_without_bytes_have_no_hash() {
    let mut db = sample();
    let tx = db.begin().unwrap();
    assert_eq!(tx.state_hash(), Err(Error::TransactionOpen));
    drop(tx);
    assert!(db.state_hash().is_ok());

    let mut db = Database::builder().model::<Secret>().build().unwrap();
    let row = db.insert(Secret { text: "x".into() }).unwrap().erase();
    let error = db.state_hash().unwrap_err();
    assert_eq!(error, Error::NotEncodable { row, why: "it is secret".into() });
    assert_eq!(error.to_string(), "Secret 1v1 cannot be encoded: it is secret");
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Secret {
    #[serde(serialize_with = "refuse")]
    text: String,
}

fn refuse<S: serde::Serializer>(_: &str, _: S) -> Result<S::Ok, S::Error> {
    Err(serde::ser::Error::custom("it is secret"))
}

/// Rows that were stored unchecked, and cannot be saved, have a hash all the same.
#[test]
fn a_database_with_flaws_has_a_hash() {
    let flawed = |version| {
        let mut db = models().build().unwrap();
        let dependency = Dependency { package_name: "none".into(), package_version: version };
        db.insert_many_unchecked([dependency]).unwrap();
        hash(&db)
    };
    assert_eq!(flawed(1), flawed(1));
    assert_ne!(flawed(1), flawed(2));
}
