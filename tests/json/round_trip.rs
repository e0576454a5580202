//! A database that is exported and imported is the one that it was.

use std::fs;
use std::path::Path;

use relata::{Database, DatabaseBuilder, Id, Model, PolymorphicId};
use serde::{Deserialize, Serialize};

use crate::schemas::ALL;
use crate::{Numbers, exported, saved, town, upgrade};

/// Proves that a database comes back from its text as it does from its file, and gives the one that has come back.
fn assert_comes_back(db: &Database, models: impl Fn() -> DatabaseBuilder, name: &str) -> Database {
    let text = exported(db);
    let models = || models().accept_violations();
    let (imported, report) = models().import_json_with_report(text.as_bytes()).unwrap();
    let (loaded, of_load) = models().load_from_with_report(&saved(db)[..]).unwrap();
    assert_eq!(imported.state_hash(), db.state_hash(), "{name}: the same state\n{text}");
    assert!(saved(&imported) == saved(&loaded), "{name}: the same file");
    assert!(exported(&imported) == text, "{name}: the same text");
    assert_eq!(imported.check(), loaded.check(), "{name}");
    assert_eq!(report.format, 1);
    assert_eq!((report.violations, report.ignored), (of_load.violations, of_load.ignored), "{name}");
    for (nth, line) in text.lines().enumerate() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{name}, line {nth}: {error}"));
    }
    imported
}

/// behaviour J1 and J3: ids, the ids to come, the order of children, default targets: the hash of the state.
#[test]
fn every_schema_comes_back_with_the_same_hash() {
    for case in ALL {
        assert_comes_back(&(case.database)(), case.models, case.name);
    }
}

/// behaviour J1: files of every format that were kept, loaded and exported.
#[test]
fn what_golden_files_hold_comes_back() {
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    for name in ["town-1.relata", "town-2.relata"] {
        let db = town::models().load(file(name)).unwrap();
        assert_comes_back(&db, town::models, name);
        assert_eq!(exported(&db), exported(&town::town()));
    }
    for release in 1..=3 {
        let name = format!("game-{release}.relata");
        let db = upgrade::third::models().load(file(&name)).unwrap();
        assert_comes_back(&db, upgrade::third::models, &name);
    }
}

/// behaviour J2: the text of a state is one, and the page shows it.
#[test]
fn the_page_shows_what_is_written() {
    #[derive(Model, Clone, Serialize, Deserialize)]
    struct Planet {
        name: String,
    }
    #[derive(Model, Clone, Serialize, Deserialize)]
    struct Moon {
        #[model(belongs_to)]
        planet_id: Id<Planet>,
    }
    let models = || Database::builder().model::<Planet>().model::<Moon>();
    let mut db = models().build().unwrap();
    let mars = db.insert(Planet { name: "Mars".into() }).unwrap();
    let gone = db.insert(Planet { name: "Pluto".into() }).unwrap();
    let moons = db.insert_many(vec![Moon { planet_id: gone }, Moon { planet_id: mars }]).unwrap();
    db.relate(moons[0], Moon::PLANET, mars).unwrap();
    db.delete(gone).unwrap();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(exported(&db), example);
    assert_comes_back(&db, models, "the page");
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(children: Node, via = parent), has_many(listers: Node, via = friends), has_many(tags: Tag, via = named))]
struct Node {
    #[model(unique)]
    name: Option<u8>,
    #[model(belongs_to, name = parent, on_delete = set_default)]
    parent_id: Option<Id<Node>>,
    #[model(references_many(name = friends), on_delete = set_null)]
    friend_ids: Vec<Id<Node>>,
}

#[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Subject {
    Node(Id<Node>),
    Tag(Id<Tag>),
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tag {
    #[model(belongs_to(Node, Tag), name = subject, on_delete = cascade)]
    subject: Subject,
    #[model(belongs_to(Node), key_to = name, name = named, on_update = cascade, on_delete = set_null)]
    node_name: Option<u8>,
}

fn forest() -> DatabaseBuilder {
    Database::builder().model::<Node>().model::<Tag>()
}

/// A statement, which may be refused.
fn step(db: &mut Database, numbers: &mut Numbers) {
    let nodes: Vec<Id<Node>> = db.iter::<Node>().map(|(id, _)| id).collect();
    let tags: Vec<Id<Tag>> = db.iter::<Tag>().map(|(id, _)| id).collect();
    let some = |numbers: &mut Numbers| (!nodes.is_empty()).then(|| nodes[numbers.below(nodes.len())]);
    match numbers.below(10) {
        0..3 => {
            let friend_ids = (0..numbers.below(4)).filter_map(|_| some(numbers)).collect();
            let name = (numbers.below(3) > 0).then(|| numbers.below(40) as u8);
            let parent_id = some(numbers);
            drop(db.insert(Node { name, parent_id, friend_ids }));
        }
        3 => {
            let Some(node) = some(numbers) else { return };
            let subject = if tags.is_empty() || numbers.below(2) > 0 {
                Subject::Node(node)
            } else {
                Subject::Tag(tags[numbers.below(tags.len())])
            };
            let node_name = db.get(node).unwrap().name;
            db.insert(Tag { subject, node_name }).unwrap();
        }
        4 => drop(some(numbers).map(|node| db.delete(node))),
        5 if !tags.is_empty() => drop(db.delete(tags[numbers.below(tags.len())])),
        6 => drop(db.set_default_target(Node::PARENT, some(numbers))),
        7 => {
            if let (Some(node), Some(other)) = (some(numbers), some(numbers)) {
                drop(db.relate(node, Node::PARENT, other));
            }
        }
        8 => {
            if let (Some(node), Some(other)) = (some(numbers), some(numbers)) {
                db.update(node, |row| row.friend_ids.push(other)).unwrap();
                db.update(other, |row| row.friend_ids.reverse()).unwrap();
            }
        }
        _ => {
            if let Some(node) = some(numbers) {
                drop(db.update(node, |row| row.name = Some(numbers.below(40) as u8)));
            }
        }
    }
}

/// behaviour J1: over random histories; what comes back goes on as what was exported.
#[test]
fn random_states_come_back_and_go_on_alike() {
    let (mut with_order, mut with_lists, mut with_default, mut with_free) = (0, 0, 0, 0);
    for seed in 0..150 {
        let mut numbers = Numbers(seed);
        let mut db = forest().build().unwrap();
        for _ in 0..numbers.below(80) {
            step(&mut db, &mut numbers);
        }
        if seed % 10 == 0 {
            let lost = Node { name: Some(1), parent_id: Some("77v1".parse().unwrap()), friend_ids: vec![Id::null()] };
            db.insert_many_unchecked(vec![lost.clone(), lost]).unwrap();
        }
        let text = exported(&db);
        with_order += usize::from(text.contains(r#","order":"#));
        with_lists += usize::from(text.contains(r#","of":"#));
        with_default += usize::from(text.contains(r#""default":"#));
        with_free += usize::from(text.contains(r#""free":[""#));
        let mut back = assert_comes_back(&db, forest, &format!("seed {seed}"));
        let mut again = Numbers(numbers.0);
        for _ in 0..20 {
            step(&mut db, &mut numbers);
            step(&mut back, &mut again);
            assert_eq!(back.state_hash(), db.state_hash(), "seed {seed}");
        }
    }
    assert!([with_order, with_lists, with_default, with_free].iter().all(|count| *count > 20), "all lines occur");
}

/// behaviour J1: a slot that is used up is out of use afterwards too, at the end of the table as within.
#[test]
fn slots_that_are_out_of_use_stay_so() {
    let mut db = forest().build().unwrap();
    db.keep_history(10).unwrap();
    let node = || Node { name: None, parent_id: None, friend_ids: vec![] };
    let ids = db.insert_many(vec![node(), node(), node()]).unwrap();
    db.transaction(|tx| {
        tx.delete(ids[1])?;
        tx.delete(ids[2])
    })
    .unwrap();
    let text = exported(&db);
    assert!(text.contains(r#"{"rows":"Node","free":[],"slots":3}"#), "{text}");
    let mut back = assert_comes_back(&db, forest, "history");
    assert_eq!(back.insert(node()).unwrap().to_string(), "4v1");
}

/// behaviour J4: rows that cannot be carried are named, all of them, before anything is written; or they are left out.
#[test]
fn a_row_that_would_not_come_back_is_refused() {
    #[derive(Model, Clone, Serialize, Deserialize)]
    struct Event {
        at: std::time::SystemTime,
    }
    let mut db = Database::builder().model::<Event>().build().unwrap();
    let epoch = std::time::SystemTime::UNIX_EPOCH;
    let second = std::time::Duration::from_secs(1);
    db.insert_many([epoch, epoch - second, epoch + second, epoch - second].map(|at| Event { at })).unwrap();
    let mut out = Vec::new();
    let relata::SnapshotError::RowsNotSavable { rows } = db.export_json(&mut out).unwrap_err() else { panic!() };
    let said: Vec<String> = rows.iter().map(|row| format!("{} {}", row.row, row.refusal.field)).collect();
    assert_eq!(said, ["Event 2v1 at", "Event 4v1 at"]);
    assert!(out.is_empty(), "nothing is written");
    assert!(db.export_json_of::<Event>(&mut out).is_err() && out.is_empty());

    let report = db.saver().leave_out_unsavable().export_json(&mut out).unwrap();
    assert_eq!(report.left_out, rows);
    let back = Database::builder().model::<Event>().import_json(&out[..]).unwrap();
    assert_eq!(back.len::<Event>(), 2);
    assert_eq!(back.check(), Ok(()));

    let reserved = db.reserve::<Event>().unwrap();
    assert!(matches!(db.export_json(std::io::sink()), Err(relata::SnapshotError::Unsavable(_))));
    db.cancel(reserved).unwrap();
}
