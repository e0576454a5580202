//! The change feed: one message for each commit, with what became of each row.

mod queue;
mod walk;

use std::sync::mpsc::TryRecvError;

use relata::{Changed, Commit, Database, Error, Id, Model, Overflow, RowId, Subscription, Watch};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(reports: Person, via = boss))]
#[model(has_many(items: Item, via = owner))]
#[model(has_many(made: Item, via = maker))]
struct Person {
    #[model(primary_key)]
    name: String,
    #[model(belongs_to, on_delete = set_null)]
    boss_id: Option<Id<Person>>,
    stamp: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    #[model(unique)]
    label: Option<String>,
    #[model(belongs_to, on_delete = cascade)]
    owner_id: Id<Person>,
    #[model(belongs_to(Person), name = maker, on_delete = no_action)]
    maker_name: Option<String>,
    stamp: u32,
}

fn person(name: &str) -> Person {
    Person { name: name.into(), boss_id: None, stamp: 0 }
}

fn item(owner_id: Id<Person>) -> Item {
    Item { label: None, owner_id, maker_name: None, stamp: 0 }
}

fn empty() -> Database {
    Database::builder().model::<Person>().model::<Item>().build().unwrap()
}

fn inserted<M: Model>(id: Id<M>) -> Changed {
    Changed::Inserted(id.erase())
}

fn updated<M: Model>(id: Id<M>) -> Changed {
    Changed::Updated(id.erase())
}

fn removed<M: Model>(id: Id<M>) -> Changed {
    Changed::Removed(id.erase())
}

fn related<M: Model>(row: Id<M>, relation: &'static str, from: Option<RowId>, to: Option<RowId>) -> Changed {
    Changed::Related { row: row.erase(), relation, from, to }
}

/// What has come, message by message.
fn received(subscription: &Subscription) -> Vec<Vec<Changed>> {
    subscription.try_iter().map(|commit| commit.changes).collect()
}

/// behaviour F1: There is one message for each commit that has changed something watched. What is refused sends nothing.
#[test]
fn a_statement_is_one_message_and_a_refused_one_is_none() {
    let mut db = empty();
    let feed = db.subscribe(Watch::everything(), 100, Overflow::Close).unwrap();
    let [ada, bo] = ["ada", "bo"].map(|name| db.insert(person(name)).unwrap());
    assert_eq!(received(&feed), [vec![inserted(ada)], vec![inserted(bo)]]);

    let many = db.insert_many([item(ada), item(bo)]).unwrap();
    let joined = |nth: usize, owner: Id<Person>| related(many[nth], "owner", None, Some(owner.erase()));
    assert_eq!(received(&feed), [vec![inserted(many[0]), inserted(many[1]), joined(0, ada), joined(1, bo)]]);

    db.insert(person("ada")).unwrap_err();
    db.insert_many([item(ada), item(Id::null())]).unwrap_err();
    assert_eq!(db.insert_many(Vec::<Item>::new()), Ok(vec![]));
    assert_eq!(received(&feed), Vec::<Vec<Changed>>::new());

    db.update(many[0], |item| item.owner_id = bo).unwrap();
    assert_eq!(
        received(&feed),
        [vec![updated(many[0]), related(many[0], "owner", Some(ada.erase()), Some(bo.erase()))]]
    );
    // Rows that are given out are as they were, though a log has kept them.
    assert_eq!(db.replace(ada, person("eva")).unwrap().name, "ada");
    assert_eq!(received(&feed), [vec![updated(ada)]]);

    let gone = db.delete(bo).unwrap();
    assert_eq!((gone.row.name.as_str(), gone.removed.len()), ("bo", 2));
    let left = |nth: usize| related(many[nth], "owner", Some(bo.erase()), None);
    assert_eq!(
        received(&feed),
        [vec![removed(bo), left(1), removed(many[1]), left(0), removed(many[0])]],
        "children in the order in which they joined"
    );
    assert_eq!(db.check(), Ok(()));
}

/// behaviour F2: A message has each row once, with what has become of it from before to after, in the order of their first
/// changes. A row that came and went does not show.
#[test]
fn a_transaction_is_one_message_with_the_outcome_of_each_row() {
    let mut db = empty();
    let [ada, bo] = ["ada", "bo"].map(|name| db.insert(person(name)).unwrap());
    let [moved, back, gone] = [(); 3].map(|()| db.insert(item(ada)).unwrap());
    let feed = db.subscribe(Watch::everything(), 100, Overflow::Close).unwrap();

    let mut tx = db.begin().unwrap();
    let brief = tx.insert(item(ada)).unwrap();
    tx.update(moved, |item| item.owner_id = bo).unwrap();
    tx.update(moved, |item| item.stamp = 1).unwrap();
    tx.update(back, |item| item.owner_id = bo).unwrap();
    tx.update(back, |item| item.owner_id = ada).unwrap();
    tx.update(gone, |item| item.owner_id = bo).unwrap();
    tx.delete(gone).unwrap();
    tx.delete(brief).unwrap();
    let new = tx.insert(person("new")).unwrap();
    tx.update(new, |person| person.boss_id = Some(ada)).unwrap();
    let savepoint = tx.savepoint(|sp| {
        sp.delete(moved)?;
        sp.insert(person("never"))?;
        Err::<(), Error>(Error::TransactionOpen)
    });
    assert!(savepoint.is_err());
    assert_eq!(feed.try_recv(), Err(TryRecvError::Empty), "nothing before the commit");
    tx.commit().unwrap();
    let (a, b) = (Some(ada.erase()), Some(bo.erase()));
    assert_eq!(
        received(&feed),
        [vec![
            updated(moved),
            related(moved, "owner", a, b),
            updated(back),
            related(back, "owner", a, a),
            removed(gone),
            related(gone, "owner", a, None),
            inserted(new),
            related(new, "boss", None, a),
        ]]
    );

    let refused = db.transaction(|tx| {
        tx.delete(ada)?;
        tx.insert(person("bo"))
    });
    assert!(refused.is_err());
    db.begin().unwrap().rollback();
    assert_eq!(received(&feed), Vec::<Vec<Changed>>::new(), "what is rolled back is no change");
}

/// behaviour I10: Deferred: inside a transaction, violations may stand until commit.
/// behaviour R6: A source and its new target can be created together: `reserve::<M>()` gives an id that rows may already name.
#[test]
fn keys_that_name_no_row_yet_have_no_target() {
    let mut db = empty();
    let ada = db.insert(person("ada")).unwrap();
    let made = db.insert(Item { maker_name: Some("ada".into()), ..item(ada) }).unwrap();
    let feed = db.subscribe(Watch::everything(), 100, Overflow::Close).unwrap();

    // The target is exchanged for another with the same name: the row stays as it is, its link does not.
    let mut tx = db.begin_deferred().unwrap();
    tx.update(made, |item| item.owner_id = Id::null()).unwrap();
    tx.delete(ada).unwrap();
    let second = tx.insert(person("ada")).unwrap();
    tx.update(made, |item| item.owner_id = second).unwrap();
    tx.commit().unwrap();
    let (old, new) = (Some(ada.erase()), Some(second.erase()));
    let changes = received(&feed).concat();
    assert_eq!(
        changes,
        [
            updated(made),
            related(made, "owner", old, new),
            related(made, "maker", old, new),
            removed(ada),
            inserted(second)
        ]
    );

    let reserved = db.reserve::<Person>().unwrap();
    let canceled = db.reserve::<Person>().unwrap();
    db.cancel(canceled).unwrap();
    assert_eq!(received(&feed), Vec::<Vec<Changed>>::new(), "a reserved id is no row");
    db.insert_at(reserved, person("bo")).unwrap();
    assert_eq!(received(&feed), [vec![inserted(reserved)]]);
}

/// behaviour F1: a transaction, a statement outside of one, an undo, a redo
#[test]
fn undo_and_redo_are_commits() {
    let mut db = empty();
    db.keep_history(10).unwrap();
    let ada = db.insert(person("ada")).unwrap();
    let coin = db.insert(item(ada)).unwrap();
    let feed = db.subscribe(Watch::everything(), 100, Overflow::Close).unwrap();
    db.delete(ada).unwrap();
    assert!(db.undo().unwrap());
    assert!(db.redo().unwrap());
    let owner = Some(ada.erase());
    assert_eq!(
        received(&feed),
        [
            vec![removed(ada), related(coin, "owner", owner, None), removed(coin)],
            vec![inserted(coin), related(coin, "owner", None, owner), inserted(ada)],
            vec![removed(ada), related(coin, "owner", owner, None), removed(coin)],
        ]
    );
    assert!(!db.redo().unwrap());
    db.keep_history(0).unwrap();
    assert_eq!(feed.try_recv(), Err(TryRecvError::Empty));
}

/// behaviour F3: A watch gets what it asks for and nothing else.
#[test]
fn a_watch_gets_what_it_asks_for() {
    let mut db = empty();
    let [ada, bo] = ["ada", "bo"].map(|name| db.insert(person(name)).unwrap());
    let coin = db.insert(item(ada)).unwrap();
    let mut subscribe = |watches: Vec<Watch>| db.subscribe(watches, 100, Overflow::Close).unwrap();
    let items = subscribe(Watch::table::<Item>().into());
    let owners = subscribe(vec![Watch::relation(Item::OWNER)]);
    let only_bo = subscribe(vec![Watch::row(bo)]);
    let two = subscribe(vec![Watch::row(ada), Watch::relation(Person::BOSS)]);
    let nothing = subscribe(vec![]);

    db.transaction(|tx| {
        tx.update(bo, |person| person.boss_id = Some(ada))?;
        tx.update(coin, |item| item.owner_id = bo)?;
        tx.update(ada, |person| person.stamp = 1)
    })
    .unwrap();
    let (a, b) = (Some(ada.erase()), Some(bo.erase()));
    assert_eq!(received(&items), [vec![updated(coin)]]);
    assert_eq!(received(&owners), [vec![related(coin, "owner", a, b)]]);
    assert_eq!(received(&only_bo), [vec![updated(bo)]]);
    assert_eq!(received(&two), [vec![related(bo, "boss", None, a), updated(ada)]]);

    // A commit with nothing that is watched is no message.
    db.update(ada, |person| person.stamp = 2).unwrap();
    assert_eq!(received(&items), Vec::<Vec<Changed>>::new());
    for _ in db.iter_mut::<Person>().unwrap() {}
    let touched = Changed::Touched { table: "Person" };
    assert_eq!(received(&only_bo), [vec![touched]]);
    assert_eq!(received(&two), [vec![updated(ada)], vec![touched]]);
    for rest in [&items, &owners, &nothing] {
        assert_eq!(received(rest), Vec::<Vec<Changed>>::new());
    }
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Unknown {}

#[test]
fn what_is_not_registered_cannot_be_watched_nor_a_transaction_be_joined_midway() {
    let mut db = empty();
    let watches = [Watch::table::<Person>(), Watch::table::<Unknown>()];
    assert_eq!(db.subscribe(watches, 1, Overflow::Drop).unwrap_err(), Error::UnknownModel { model: "Unknown" });
    std::mem::forget(db.begin().unwrap());
    assert_eq!(db.subscribe(Watch::everything(), 1, Overflow::Drop).unwrap_err(), Error::TransactionOpen);
    db.abandon();
    assert!(db.subscribe(Watch::everything(), 1, Overflow::Drop).is_ok());
}

/// behaviour F6: Edits in place say that their table was touched, once until that is received.
#[test]
fn edits_in_place_touch_their_table_once_until_that_is_received() {
    let mut db = empty();
    let ada = db.insert(person("ada")).unwrap();
    let feed = db.subscribe(Watch::everything(), 3, Overflow::Close).unwrap();
    let people = Changed::Touched { table: "Person" };
    let items = Changed::Touched { table: "Item" };
    for stamp in 0..1_000 {
        *db.get_mut(ada).unwrap().stamp = stamp;
        for _ in db.iter_mut::<Item>().unwrap() {}
    }
    db.split::<(&mut Person, &Item)>().unwrap();
    assert_eq!(received(&feed), [vec![people], vec![items]]);
    db.split::<(&mut Person, &Item)>().unwrap();
    assert_eq!(received(&feed), [vec![people]]);
    db.split::<(&mut Person, &mut Item)>().unwrap();
    assert_eq!(received(&feed), [vec![people, items]]);
    db.split::<(&Person, &Item)>().unwrap();
    assert!(db.get_mut(Id::<Person>::null()).is_err());
    assert_eq!(received(&feed), Vec::<Vec<Changed>>::new(), "what is refused touches nothing");
    // One of two that wait is known already.
    db.iter_mut::<Item>().unwrap().count();
    db.split::<(&mut Person, &mut Item)>().unwrap();
    assert_eq!(received(&feed), [vec![items], vec![people]]);
}
