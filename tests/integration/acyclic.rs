//! Hierarchies: relations of a model to itself that lead no row back to itself.

use relata::{Database, Error, Holder, Id, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use crate::support::{refused, state};

mod walk;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(folders: Folder))]
struct Disk {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(folders: Folder, via = parent))]
struct Folder {
    #[model(unique)]
    name: String,
    #[model(belongs_to)]
    disk_id: Id<Disk>,
    #[model(belongs_to, acyclic, on_delete = cascade)]
    parent_id: Option<Id<Folder>>,
}

/// A term under a broader one, by its natural key. A relation in parentheses takes the option too.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Term {
    #[model(primary_key)]
    word: String,
    #[model(belongs_to(Term, acyclic, on_delete = no_action, on_update = no_action))]
    broader: Option<String>,
}

fn term(word: &str, broader: Option<&str>) -> Term {
    Term { word: word.into(), broader: broader.map(str::to_owned) }
}

/// Folders `0` to `3`, each in the one before it.
fn chain() -> (Database, Id<Disk>, Vec<Id<Folder>>) {
    let mut db = Database::builder().model::<Disk>().model::<Folder>().model::<Term>().build().unwrap();
    let disk = db.insert(Disk { name: "c".into() }).unwrap();
    let mut ids: Vec<Id<Folder>> = Vec::new();
    for n in 0..4 {
        ids.push(db.insert(folder(n, disk, ids.last().copied())).unwrap());
    }
    (db, disk, ids)
}

fn folder(name: usize, disk_id: Id<Disk>, parent_id: Option<Id<Folder>>) -> Folder {
    Folder { name: name.to_string(), disk_id, parent_id }
}

/// behaviour I21: An acyclic relation of a model to itself leads no row back to itself, on whatever path it is written.
#[test]
fn no_row_comes_under_its_own_descendant() {
    let (mut db, disk, ids) = chain();
    let [root, child, _, last] = ids[..] else { unreachable!() };
    let under_last = folder(0, disk, Some(last));
    for error in [
        refused(&mut db, |db| db.update(root, |row| row.parent_id = Some(last))),
        refused(&mut db, |db| db.relate(root, Folder::PARENT, last)),
        refused(&mut db, |db| db.set(root, Folder::FIELDS.parent_id, Some(last))),
        refused(&mut db, |db| db.replace(root, under_last.clone())),
        refused(&mut db, |db| db.upsert(Folder::BY_NAME, under_last.clone())),
        refused(&mut db, |db| db.update_in(disk, Disk::FOLDERS, root, |row| row.parent_id = Some(last))),
        refused(&mut db, |db| db.transaction(|tx| tx.relate(root, Folder::PARENT, last))),
    ] {
        let way = [root, last, ids[2], child].map(|id| Holder::Row(id.erase()));
        assert_eq!(error, Error::Cycle { model: "Folder", relation: "parent", way: way.to_vec() });
        assert_eq!(
            error.to_string(),
            "`Folder`.parent leads in a circle: \
             Folder 1v1 -> Folder 4v1 -> Folder 3v1 -> Folder 2v1 -> Folder 1v1"
        );
    }
    let error = refused(&mut db, |db| db.transaction_deferred(|tx| tx.relate(root, Folder::PARENT, last)));
    assert!(matches!(&error, Error::Violations(all) if matches!(all[..], [Error::Cycle { .. }])), "{error}");
    // Sideways, upwards, to no parent and to the same one it may go, with all that is below it.
    let other = db.insert(folder(9, disk, None)).unwrap();
    db.relate(child, Folder::PARENT, other).unwrap();
    db.relate(last, Folder::PARENT, child).unwrap();
    db.relate(last, Folder::PARENT, child).unwrap();
    db.relate(other, Folder::PARENT, root).unwrap();
    db.unrelate(child, Folder::PARENT).unwrap();
    // What was below is not any more.
    db.relate(root, Folder::PARENT, last).unwrap();
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn no_row_comes_under_itself() {
    let (mut db, disk, ids) = chain();
    let error = refused(&mut db, |db| db.insert_with(|id| folder(9, disk, Some(id))));
    assert_eq!(error.to_string(), "`Folder`.parent leads in a circle: Folder 5v1 -> Folder 5v1");
    let error = refused(&mut db, |db| db.relate(ids[3], Folder::PARENT, ids[3]));
    assert_eq!(error.to_string(), "`Folder`.parent leads in a circle: Folder 4v1 -> Folder 4v1");
    let error = refused(&mut db, |db| db.insert(term("a", Some("a"))));
    assert_eq!(error.to_string(), "`Term`.broader leads in a circle: Term 1v1 -> Term 1v1");
}

#[test]
fn rows_of_a_batch_close_no_cycle_among_themselves() {
    let (mut db, disk, ids) = chain();
    let rows = |parents: Vec<Option<Id<Folder>>>| -> Vec<Folder> {
        parents.into_iter().enumerate().map(|(n, parent)| folder(10 + n, disk, parent)).collect()
    };
    // Each cycle is reported once, under its first row, and rows that only lead into one are not at fault.
    let error = refused(&mut db, |db| {
        db.insert_many_with(6, |new| rows([2, 2, 3, 1, 5, 4].map(|parent| Some(new[parent])).to_vec()))
    });
    let Error::BatchRefused { rows: 6, violations, .. } = error else { panic!("{error}") };
    let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
    let row = "batch[1] -> batch[2] -> batch[3] -> batch[1]";
    assert_eq!(texts[0], format!("batch[1]: `Folder`.parent leads in a circle: {row}"));
    assert!(texts[1].starts_with("batch[4]: `Folder`.parent"), "{texts:?}");
    assert_eq!(texts.len(), 2);
    // Without cycles, in whatever order they come.
    db.insert_many_with(4, |new| rows(vec![Some(new[1]), Some(new[2]), Some(ids[3]), Some(new[0])])).unwrap();
    // By natural keys.
    let error = refused(&mut db, |db| db.insert_many([term("a", Some("b")), term("b", Some("a"))]));
    assert!(error.to_string().contains("`Term`.broader leads in a circle: batch[0]"), "{error}");
    db.insert_many([term("a", Some("b")), term("b", None)]).unwrap();
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn a_batch_is_judged_by_what_it_leaves_behind() {
    let (mut db, disk, ids) = chain();
    // Turned upside down: each link alone would close a cycle, all of them together do not.
    let mut below = [Some(ids[1]), Some(ids[2]), Some(ids[3]), None].into_iter();
    db.update_all(disk, Disk::FOLDERS, |row| row.parent_id = below.next().unwrap()).unwrap();
    let mut way = Vec::new();
    let mut above = db.row(ids[0]).unwrap().parent().unwrap();
    while let Some(parent) = above {
        way.push(parent.id());
        above = parent.parent().unwrap();
    }
    assert_eq!(way, ids[1..]);
    // The last is the root now. Two links that are fine each for itself, and a cycle together.
    let (left, right) = (db.insert(folder(8, disk, None)).unwrap(), db.insert(folder(9, disk, None)).unwrap());
    let error = refused(&mut db, |db| {
        db.update_all(disk, Disk::FOLDERS, |row| match row.name.as_str() {
            "8" => row.parent_id = Some(right),
            "9" => row.parent_id = Some(left),
            _ => {}
        })
    });
    let Error::BatchRefused { violations, .. } = error else { panic!("{error}") };
    let way = [left, right].map(|id| Holder::Row(id.erase())).to_vec();
    assert_eq!(violations.len(), 1);
    assert_eq!(
        (violations[0].index, &violations[0].error),
        (4, &Error::Cycle { model: "Folder", relation: "parent", way })
    );
    // One link that closes a cycle through rows that the statement does not move.
    let error = refused(&mut db, |db| {
        db.update_all(disk, Disk::FOLDERS, |row| match row.name.as_str() {
            "3" => row.parent_id = Some(ids[0]),
            "8" => row.parent_id = Some(right),
            _ => {}
        })
    });
    assert!(error.to_string().contains("Folder 4v1 -> Folder 1v1 -> Folder 2v1 -> Folder 3v1"), "{error}");
}

/// behaviour I21: A link that waits for its target is judged when that comes.
#[test]
fn a_cycle_is_refused_when_its_last_row_arrives() {
    let (mut db, disk, _) = chain();
    db.insert(term("root", None)).unwrap();
    let before = state(&db);
    let mut tx = db.begin_deferred().unwrap();
    let cat = tx.insert(term("cat", Some("mammal"))).unwrap();
    tx.insert(term("mammal", Some("animal"))).unwrap();
    let animal = tx.insert(term("animal", Some("cat"))).unwrap();
    let found: Vec<String> = tx.violations().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["`Term`.broader leads in a circle: Term 2v1 -> Term 3v1 -> Term 4v1 -> Term 2v1"]);
    tx.update(animal, |row| row.broader = Some("root".into())).unwrap();
    assert_eq!(tx.violations(), []);
    // A key that goes from one row to another takes along who refers to it.
    tx.update(cat, |row| row.broader = None).unwrap();
    let root = tx.find(Term::BY_WORD, "root").unwrap().0;
    tx.update(root, |row| row.word = "top".into()).unwrap();
    tx.update(cat, |row| (row.word, row.broader) = ("root".into(), Some("mammal".into()))).unwrap();
    assert!(matches!(tx.violations()[..], [Error::Cycle { relation: "broader", .. }]));
    tx.update(cat, |row| (row.word, row.broader) = ("cat".into(), None)).unwrap();
    tx.update(root, |row| row.word = "root".into()).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.check(), Ok(()));
    assert!(state(&db) != before);

    // A row that gives up the key by which others refer to it leaves them below nothing, and may go below them.
    let mut tx = db.begin_deferred().unwrap();
    let upper = tx.insert(term("upper", None)).unwrap();
    let lower = tx.insert(term("lower", Some("upper"))).unwrap();
    tx.update(upper, |row| (row.word, row.broader) = ("other".into(), Some("lower".into()))).unwrap();
    let new = tx.insert(term("upper", Some("other"))).unwrap();
    assert!(matches!(&tx.violations()[..], [Error::Cycle { way, .. }] if way.len() == 3));
    tx.update(new, |row| row.broader = None).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.related(lower, Term::BROADER).unwrap().unwrap().broader, None);
    assert_eq!(db.check(), Ok(()));

    // Outside of transactions those that wait were stored unchecked, and the row that comes is refused.
    let (mut flawed, ..) = chain();
    flawed.insert_many_unchecked([term("cat", Some("mammal")), term("mammal", Some("animal"))]).unwrap();
    let error = flawed.insert(term("animal", Some("cat"))).unwrap_err();
    assert_eq!(error.to_string(), "`Term`.broader leads in a circle: Term 3v1 -> Term 1v1 -> Term 2v1 -> Term 3v1");
    let error = flawed.insert_many([term("animal", Some("cat")), term("x", None)]).unwrap_err();
    assert!(error.to_string().contains("batch[0]: `Term`.broader leads in a circle"), "{error}");
    flawed.insert(term("animal", None)).unwrap();
    assert_eq!(flawed.check(), Ok(()));

    // The same for a row that comes to an id that others name already.
    let mut tx = db.begin().unwrap();
    let reserved = tx.reserve::<Folder>().unwrap();
    let inner = tx.insert(folder(20, disk, Some(reserved))).unwrap();
    let error = tx.insert_at(reserved, folder(21, disk, Some(inner))).unwrap_err();
    assert_eq!(error.to_string(), "`Folder`.parent leads in a circle: Folder 5v1 -> Folder 6v1 -> Folder 5v1");
    let error = tx.insert_at(reserved, folder(21, disk, Some(reserved))).unwrap_err();
    assert_eq!(error.to_string(), "`Folder`.parent leads in a circle: Folder 5v1 -> Folder 5v1");
    tx.insert_at(reserved, folder(21, disk, None)).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I21: `check()` lists the cycles of rows that were stored unchecked, each once.
#[test]
fn cycles_that_were_stored_unchecked_stand_until_they_are_found() {
    let (mut db, ..) = chain();
    let words = [("lead", Some("b")), ("c", Some("a")), ("a", Some("b")), ("b", Some("c")), ("self", Some("self"))];
    let ids = db.insert_many_unchecked(words.map(|(word, broader)| term(word, broader))).unwrap();
    let found = db.check().unwrap_err();
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "`Term`.broader leads in a circle: Term 2v1 -> Term 3v1 -> Term 4v1 -> Term 2v1",
            "`Term`.broader leads in a circle: Term 5v1 -> Term 5v1"
        ]
    );
    let unsavable = db.save_to(&mut Vec::new()).unwrap_err();
    assert_eq!(unsavable, SnapshotError::Violations { violations: found.clone() });
    // Beside it everything goes on: rows may be hung below a cycle, one by one and many at a time, and moved.
    let hung = db.insert(term("hung", Some("lead"))).unwrap();
    db.insert_many([term("d", Some("a")), term("e", Some("d"))]).unwrap();
    db.relate(ids[0], Term::BROADER, ids[4]).unwrap();
    assert_eq!(db.check().unwrap_err(), found);
    // No further one is closed.
    assert!(matches!(db.relate(ids[0], Term::BROADER, hung), Err(Error::Cycle { .. })));
    db.unrelate(ids[3], Term::BROADER).unwrap();
    db.unrelate(ids[4], Term::BROADER).unwrap();
    assert_eq!(db.check(), Ok(()));
    db.save_to(&mut Vec::new()).unwrap();
}

/// behaviour I7: a chain of a million rows is fine
///
/// HOSTILE 34: on a stack of 64 KiB.
#[test]
fn a_deep_hierarchy_needs_no_stack() {
    let build = || {
        let (mut db, disk, _) = chain();
        let count = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
        let ids = db
            .insert_many_with(count, |ids| {
                (0..count).map(|n| folder(10 + n, disk, n.checked_sub(1).map(|outer| ids[outer]))).collect()
            })
            .unwrap();
        let error = db.relate(ids[0], Folder::PARENT, ids[count - 1]).unwrap_err();
        let Error::Cycle { way, .. } = &error else { panic!("{error}") };
        assert_eq!(way.len(), count);
        assert!(error.to_string().ends_with(&format!("{} more -> Folder 5v1", count - 8)), "{error}");
        assert_eq!(db.check(), Ok(()));
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(build).unwrap().join().unwrap();
}

/// The same table in a build that does not say that it is a hierarchy.
mod free {
    use super::*;

    #[derive(Model, Clone, Serialize, Deserialize)]
    pub(super) struct Term {
        #[model(primary_key)]
        pub(super) word: String,
        #[model(belongs_to(Term))]
        pub(super) broader: Option<String>,
    }
}

/// behaviour I21: and loading refuses them.
#[test]
fn a_snapshot_with_a_cycle_is_refused_where_the_relation_has_become_acyclic() {
    let mut db = Database::builder().model::<free::Term>().build().unwrap();
    let term =
        |word: &str, broader: Option<&str>| free::Term { word: word.into(), broader: broader.map(str::to_owned) };
    let ids = db.insert_many([term("lead", Some("b")), term("a", Some("b")), term("b", Some("a"))]).unwrap();
    let bytes = state(&db);
    let refused = Database::builder().model::<Term>().load_from(&bytes[..]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "1 violation(s), the first: `Term`.broader leads in a circle: Term 2v1 -> Term 3v1 -> Term 2v1"
    );
    db.unrelate(ids[1], free::Term::BROADER).unwrap();
    let loaded = Database::builder().model::<Term>().load_from(&state(&db)[..]).unwrap();
    assert_eq!(loaded.check(), Ok(()));
    // And back: what was acyclic is fine without the rule.
    Database::builder().model::<free::Term>().load_from(&state(&loaded)[..]).unwrap();
}

#[test]
fn the_schema_says_it() {
    let (db, ..) = chain();
    let relations = db.schema().tables.iter().flat_map(|table| &table.relations);
    let acyclic: Vec<_> = relations.map(|relation| (relation.name.as_str(), relation.acyclic)).collect();
    assert_eq!(acyclic, [("disk", false), ("parent", true), ("broader", true)]);
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Topic {
    name: String,
    #[model(belongs_to, acyclic, on_delete = set_default)]
    within_id: Option<Id<Topic>>,
}

/// A word that follows the word that it is under.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Word {
    #[model(primary_key)]
    text: String,
    #[model(belongs_to(Word, acyclic, on_update = cascade))]
    under: Option<String>,
}

/// behaviour I21: An acyclic relation of a model to itself leads no row back to itself, on whatever path it is written.
#[test]
fn actions_close_no_cycle() {
    let mut db = Database::builder().model::<Topic>().model::<Word>().build().unwrap();
    let topic = |name: &str, within_id| Topic { name: name.into(), within_id };
    let top = db.insert(topic("top", None)).unwrap();
    let middle = db.insert(topic("middle", Some(top))).unwrap();
    let bottom = db.insert(topic("bottom", Some(middle))).unwrap();
    // set_default: the row that would be orphaned may not fall back to one below itself, or to itself.
    for default in [bottom, middle] {
        db.set_default_target(Topic::WITHIN, Some(default)).unwrap();
        let error = refused(&mut db, |db| db.delete(top));
        let Error::Cycle { way, .. } = &error else { panic!("{error}") };
        assert_eq!(way[0], Holder::Row(middle.erase()));
    }
    let other = db.insert(topic("other", Some(top))).unwrap();
    db.relate(other, Topic::WITHIN, bottom).unwrap();
    db.set_default_target(Topic::WITHIN, Some(top)).unwrap();
    db.delete(middle).unwrap();
    assert_eq!(db.get(bottom).unwrap().within_id, Some(top));

    // cascade: rows that follow a key stay where they are, and the row that gives it up may not go below them.
    let word = |text: &str, under: Option<&str>| Word { text: text.into(), under: under.map(str::to_owned) };
    let ids = db.insert_many([word("a", None), word("b", Some("a")), word("c", Some("b"))]).unwrap();
    db.update(ids[0], |row| row.text = "z".into()).unwrap();
    assert_eq!(db.get(ids[1]).unwrap().under.as_deref(), Some("z"));
    let error = refused(&mut db, |db| db.update(ids[0], |row| (row.text, row.under) = ("y".into(), Some("c".into()))));
    assert!(matches!(&error, Error::Cycle { way, .. } if way.len() == 3), "{error}");
    assert_eq!(db.check(), Ok(()));
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Area {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(area_code, number))]
#[model(belongs_to(Spot, key_from(under_area, under_number), name = under, acyclic, on_delete = no_action))]
struct Spot {
    #[model(belongs_to(Area), name = area, on_delete = set_default, default = "z".to_owned())]
    area_code: String,
    number: u32,
    #[model(belongs_to(Area), name = owner, on_delete = cascade)]
    owner_code: Option<String>,
    under_area: Option<String>,
    under_number: Option<u32>,
}

/// behaviour I21: A row that takes, in a statement, the key of a row that goes in it, takes the rows under that one too;
/// and is judged for it.
#[test]
fn a_key_that_changes_hands_closes_no_cycle() {
    let mut db = Database::builder().model::<Area>().model::<Spot>().build().unwrap();
    db.insert_many(["a", "z"].map(|code| Area { code: code.into() })).unwrap();
    let spot = |area: &str, number, owner: Option<&str>, under: Option<(&str, u32)>| Spot {
        area_code: area.into(),
        number,
        owner_code: owner.map(str::to_owned),
        under_area: under.map(|(area, _)| area.to_owned()),
        under_number: under.map(|(_, number)| number),
    };
    // The one spot goes with its owner, the last becomes ("z", 1) in its place: above the spot that it is under.
    let top = db.insert(spot("z", 1, Some("a"), None)).unwrap();
    let middle = db.insert(spot("z", 2, None, Some(("z", 1)))).unwrap();
    let last = db.insert(spot("a", 1, None, Some(("z", 2)))).unwrap();
    let a = db.find(Area::BY_CODE, "a").unwrap().0;
    let before = state(&db);
    let mut tx = db.begin_deferred().unwrap();
    tx.delete(a).unwrap();
    assert!(matches!(&tx.violations()[..], [Error::Cycle { way, .. }] if way.len() == 2));
    // Where the last is under nothing it may take the place, and the row that was under the first with it.
    tx.unrelate(last, Spot::UNDER).unwrap();
    assert_eq!(tx.violations(), []);
    assert!(!tx.contains(top));
    assert_eq!(tx.related(middle, Spot::UNDER).unwrap(), Some(tx.get(last).unwrap()));
    assert_eq!(tx.check(), Ok(()));
    drop(tx);
    assert!(state(&db) != before || db.check().is_ok());
    assert_eq!(db.check(), Ok(()));
}
