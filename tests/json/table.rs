//! The rows of one table, imported into a database that exists.

use relata::snapshot::RefusedLine;
use relata::{Database, DatabaseBuilder, Error, Id, Model, SnapshotError, Watch};
use serde::{Deserialize, Serialize};

use crate::exported;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Owner {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(parts: Task, via = parent))]
struct Task {
    #[model(unique)]
    name: String,
    #[model(belongs_to)]
    owner_id: Id<Owner>,
    #[model(belongs_to, name = parent)]
    parent_id: Option<Id<Task>>,
    #[model(references_many(name = after), on_delete = set_null)]
    after_ids: Vec<Id<Task>>,
    #[model(plain)]
    origin: Option<Id<Task>>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Owner>().model::<Task>()
}

fn task(name: &str, owner_id: Id<Owner>, parent_id: Option<Id<Task>>, after_ids: Vec<Id<Task>>) -> Task {
    Task { name: name.into(), owner_id, parent_id, after_ids, origin: parent_id }
}

/// Owners, and tasks whose ids have gaps and generations.
fn theirs() -> Database {
    let mut db = models().build().unwrap();
    let [ada, kay] = ["Ada", "Kay"].map(|name| db.insert(Owner { name: name.into() }).unwrap());
    let gone = db.insert(task("gone", ada, None, vec![])).unwrap();
    let root = db.insert(task("root", ada, None, vec![])).unwrap();
    let leaf = db.insert(task("leaf", kay, Some(root), vec![root])).unwrap();
    db.delete(gone).unwrap();
    let again = db.insert(task("again", kay, Some(leaf), vec![leaf, root, leaf])).unwrap();
    db.update(root, |row| row.parent_id = Some(again)).unwrap();
    db
}

fn table_of(db: &Database) -> String {
    let mut text = Vec::new();
    db.export_json_of::<Task>(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// behaviour J6: the rows get the next ids, each is told, and what refers to them by a key of their own table follows.
#[test]
fn rows_come_under_new_ids_and_their_keys_follow() {
    let theirs = theirs();
    for text in [table_of(&theirs), exported(&theirs)] {
        let mut db = theirs_without_tasks(2);
        let before: Vec<Id<Task>> = db.iter::<Task>().map(|(id, _)| id).collect();
        let watch = db.subscribe(Watch::everything(), 10, relata::Overflow::Drop).unwrap();
        let imported = db.import_json_of::<Task>(text.as_bytes()).unwrap();
        let told: Vec<String> = imported.ids.iter().map(|(was, is)| format!("{was} {is}")).collect();
        assert_eq!(told, ["1v3 3v1", "2v1 4v1", "3v1 5v1"]);
        let changes = watch.try_recv().unwrap().changes;
        assert_eq!(changes.iter().filter(|change| matches!(change, relata::Changed::Inserted(_))).count(), 3);
        assert_eq!(db.check(), Ok(()));
        let now = |was: Id<Task>| imported.ids.iter().find(|(id, _)| *id == was).map_or(was, |(_, is)| *is);
        for (was, is) in &imported.ids {
            let mut expected = theirs.get(*was).unwrap().clone();
            expected.parent_id = expected.parent_id.map(now);
            expected.after_ids.iter_mut().for_each(|id| *id = now(*id));
            assert_eq!(db.get(*is).unwrap(), &expected, "the id that is no relation stays: {:?}", expected.origin);
        }
        assert!(before.iter().all(|id| db.get(*id).unwrap().name.starts_with("ours")), "and no other row changed");
    }
}

/// A database with the owners of the other and as many tasks of its own.
fn theirs_without_tasks(tasks: usize) -> Database {
    let mut db = models().build().unwrap();
    let [ada, _] = ["Ada", "Kay"].map(|name| db.insert(Owner { name: name.into() }).unwrap());
    for nth in 0..tasks {
        db.insert(task(&format!("ours {nth}"), ada, None, vec![])).unwrap();
    }
    db
}

/// behaviour J6: where the table is as new and the text has no gap the ids are the same.
#[test]
fn ids_stay_where_the_table_is_as_new() {
    let db = theirs_without_tasks(4);
    let mut other = theirs_without_tasks(0);
    let imported = other.import_json_of::<Task>(table_of(&db).as_bytes()).unwrap();
    assert!(imported.ids.iter().all(|(was, is)| was == is));
    assert_eq!(other.state_hash(), db.state_hash());
}

/// behaviour J6: all rows or none, every violation with its line.
#[test]
fn every_violation_is_listed_and_nothing_is_stored() {
    let text = table_of(&theirs()).replace(r#""owner_id":"2v1""#, r#""owner_id":"9v1""#);
    let mut db = theirs_without_tasks(1);
    let owner = db.iter::<Owner>().next().unwrap().0;
    db.insert(task("root", owner, None, vec![])).unwrap();
    let hash = db.state_hash();
    let error = db.import_json_of::<Task>(text.as_bytes()).unwrap_err();
    let SnapshotError::RowsRefused { rows } = &error else { panic!("{error}") };
    let said: Vec<String> = rows.iter().map(RefusedLine::to_string).collect();
    let expected = [
        "line 5, Task 1v3: `Task`.owner: no `Owner` with id 9v1: never existed",
        "line 6, Task 2v1: `Task`: name = \"root\" is taken by Task 2v1",
        "line 7, Task 3v1: `Task`.owner: no `Owner` with id 9v1: never existed",
    ];
    assert_eq!(said, expected);
    assert!(error.to_string().starts_with("3 violation(s), nothing stored, the first: line 5, Task 1v3: "), "{error}");
    assert_eq!(db.state_hash(), hash);
}

/// behaviour J6: inside of a transaction it is taken back with it.
#[test]
fn an_import_is_part_of_its_transaction() {
    let mut db = theirs_without_tasks(1);
    let text = table_of(&theirs());
    let refused: Result<(), Error> = db.transaction(|tx| {
        assert_eq!(tx.import_json_of::<Task>(text.as_bytes()).unwrap().ids.len(), 3);
        assert_eq!(tx.len::<Task>(), 4);
        Err(Error::TransactionOpen)
    });
    refused.unwrap_err();
    assert_eq!((db.len::<Task>(), db.check()), (1, Ok(())));
}

/// behaviour J6: what does not fit is refused as a load refuses it: other versions, other targets, texts without the
/// rows.
#[test]
fn what_does_not_fit_is_refused_by_name() {
    let text = table_of(&theirs());
    let said = |text: &str| theirs_without_tasks(1).import_json_of::<Task>(text.as_bytes()).unwrap_err().to_string();
    assert!(
        models()
            .import_json(text.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("a text of one table is for `import_json_of`")
    );
    let raised = text.replace(r#""name":"Task","version":0"#, r#""name":"Task","version":3"#);
    assert!(said(&raised).contains("its version is 3 in the snapshot and 0 in this program"), "{}", said(&raised));
    let led = text.replace(r#""fields":["owner_id"],"target":"Owner""#, r#""fields":["owner_id"],"target":"Task""#);
    let expected = "`Task`.owner: its ids are of rows of `Task` in the snapshot, and of `Owner` in this program";
    assert!(said(&led).starts_with(expected), "{}", said(&led));
    let of_owners = {
        let mut text = Vec::new();
        theirs().export_json_of::<Owner>(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert_eq!(said(&of_owners), "`Task`: the text has its declaration, and not its rows");
    let other = text.replace(r#""name":"Task","version""#, r#""name":"Job","version""#);
    assert_eq!(said(&other), "`Task`: no table of the snapshot is this one");
    let unread = text.replacen(r#""name":"again""#, r#""nmae":"again""#, 1);
    let read = said(&unread);
    assert!(read.starts_with("line 5: Task 1v3 cannot be read: missing field `name`"), "{read}");
    let more = text.replacen(r#"{"name":"again""#, r#"{"more":1,"name":"again""#, 1);
    let imported = theirs_without_tasks(1).import_json_of::<Task>(more.as_bytes()).unwrap();
    assert_eq!(imported.ignored.len(), 1, "{:?}", imported.ignored);
    assert_eq!((&*imported.ignored[0].field, imported.ignored[0].rows), ("more", 1));
    let unknown = Database::builder().model::<Owner>().build().unwrap().import_json_of::<Task>(text.as_bytes());
    assert!(matches!(unknown, Err(SnapshotError::Models(Error::UnknownModel { .. }))));
}
