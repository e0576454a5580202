//! Transactions, savepoints and deferred checks.

use relata::{Database, Error, Id, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use crate::support::state;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(members: Player, via = guild))]
struct Guild {
    #[model(primary_key)]
    name: String,
    /// Every guild has a leader, every player a guild.
    #[model(belongs_to, on_delete = no_action)]
    leader_id: Id<Player>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(things: Thing))]
struct Player {
    #[model(unique)]
    name: String,
    #[model(belongs_to(Guild), name = guild, on_delete = no_action, on_update = no_action)]
    guild_name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    label: String,
    #[model(belongs_to, on_delete = cascade)]
    owner_id: Id<Player>,
    #[model(belongs_to, on_delete = set_null)]
    container_id: Option<Id<Thing>>,
}

fn player(name: &str, guild: &str) -> Player {
    Player { name: name.into(), guild_name: guild.into() }
}

fn thing(label: &str, owner_id: Id<Player>, container_id: Option<Id<Thing>>) -> Thing {
    Thing { label: label.into(), owner_id, container_id }
}

/// A guild and its leader need each other.
fn world() -> (Database, Id<Guild>, Id<Player>) {
    let mut db = Database::builder().model::<Guild>().model::<Player>().model::<Thing>().build().unwrap();
    let (guild, thor) = db
        .transaction_deferred(|tx| {
            let leader_id = tx.reserve::<Player>()?;
            let guild = tx.insert(Guild { name: "Aesir".into(), leader_id })?;
            tx.insert_at(leader_id, player("Thor", "Aesir"))?;
            Ok((guild, leader_id))
        })
        .unwrap();
    (db, guild, thor)
}

fn labels(db: &Database, owner: Id<Player>) -> Vec<String> {
    db.row(owner).unwrap().things().map(|thing| thing.label.clone()).collect()
}

/// behaviour I10: cycles of required keys can be loaded, with reserved ids or natural keys that resolve when their
/// target arrives
///
/// HOSTILE 5
#[test]
fn a_cycle_of_required_keys_can_be_made() {
    let (db, guild, thor) = world();
    assert_eq!(db.row(guild).unwrap().leader().unwrap().name, "Thor");
    assert_eq!(db.row(thor).unwrap().guild().unwrap().name, "Aesir");
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I19: A rolled-back insert's id never resolves later; a rolled-back delete's id resolves again, the same id
///
/// HOSTILE 13
#[test]
fn rolling_back_brings_the_same_ids_back_and_no_others() {
    let (mut db, _, thor) = world();
    let chest = db.insert(thing("chest", thor, None)).unwrap();
    let coin = db.insert(thing("coin", thor, Some(chest))).unwrap();
    db.insert(thing("last", thor, None)).unwrap();
    let rows: Vec<_> = db.iter::<Thing>().map(|(id, row)| (id, row.clone())).collect();

    let mut tx = db.begin().unwrap();
    let lost = tx.insert(thing("lost", thor, Some(coin))).unwrap();
    assert_eq!(tx.get(lost).unwrap().label, "lost", "a transaction sees its own writes");
    tx.update(coin, |row| row.container_id = None).unwrap();
    tx.update(coin, |row| row.label = "gold".into()).unwrap();
    tx.delete(chest).unwrap();
    tx.delete(lost).unwrap();
    let other = tx.insert(thing("other", thor, None)).unwrap();
    assert_eq!(labels(&tx, thor), ["gold", "last", "other"]);
    assert_eq!(tx.check(), Ok(()));
    tx.rollback();

    assert_eq!(db.check(), Ok(()));
    assert_eq!(db.iter::<Thing>().map(|(id, row)| (id, row.clone())).collect::<Vec<_>>(), rows);
    assert_eq!(labels(&db, thor), ["chest", "coin", "last"], "children stand where they stood");
    for _ in 0..10 {
        let new = db.insert(thing("new", thor, None)).unwrap();
        assert!(new != lost && new != other && new != chest);
    }
    assert!(!db.contains(lost) && !db.contains(other));
}

/// behaviour I8: A refused statement leaves nothing behind, earlier work in the same transaction survives it
#[test]
fn a_refused_statement_leaves_the_transaction_open() {
    let (mut db, _, thor) = world();
    db.transaction(|tx| {
        tx.insert(thing("hammer", thor, None))?;
        tx.insert(player("Thor", "Aesir")).unwrap_err();
        tx.insert(thing("belt", thor, None)).map(|_| ())
    })
    .unwrap();
    assert_eq!(labels(&db, thor), ["hammer", "belt"]);
}

/// HOSTILE 9 and 11
#[test]
fn an_error_or_a_panic_takes_everything_back_a_savepoint_its_own() {
    let (mut db, _, thor) = world();
    db.insert(thing("hammer", thor, None)).unwrap();
    let rows = |db: &Database| db.iter::<Thing>().map(|(_, row)| row.label.clone()).collect::<Vec<_>>();
    let refused: Result<(), Error> = db.transaction(|tx| {
        tx.delete_all(thor, Player::THINGS)?;
        tx.insert(thing("x", Id::null(), None)).map(|_| ())
    });
    assert!(refused.is_err());
    assert_eq!(rows(&db), ["hammer"]);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        db.transaction::<()>(|tx| {
            tx.delete_all(thor, Player::THINGS)?;
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!((rows(&db), db.check()), (vec!["hammer".into()], Ok(())));
    // fault C4: the form that everybody writes needs no annotation.
    db.transaction(|tx| {
        let belt = tx.insert(thing("belt", thor, None))?;
        let inner: Result<(), Error> = tx.savepoint(|sp| {
            sp.update(belt, |row| row.label = "rope".into())?;
            sp.savepoint(|deeper| deeper.insert(thing("kept by the inner", thor, Some(belt))).map(|_| ()))?;
            assert_eq!(sp.len::<Thing>(), 3);
            Err(Error::TransactionOpen)
        });
        assert!(inner.is_err());
        let mut guard = tx.begin();
        guard.insert(thing("goat", thor, Some(belt)))?;
        guard.commit().unwrap();
        Ok(())
    })
    .unwrap();
    assert_eq!((rows(&db), db.check()), (vec!["hammer".into(), "belt".into(), "goat".into()], Ok(())));
}

/// behaviour I10: inside a transaction, violations may stand until commit; commit then fails, names them all, and gives
/// the transaction back for repair. Reading over a relation with standing violations gives an error, never a panic
#[test]
fn a_deferred_commit_names_all_violations_and_can_be_repaired() {
    let (mut db, _, _) = world();
    let mut tx = db.begin_deferred().unwrap();
    let odin = tx.insert(player("Odin", "Vanir")).unwrap();
    let frey = tx.insert(player("Frey", "Vanir")).unwrap();
    let guild = tx.insert(Guild { name: "Jotnar".into(), leader_id: "9v1".parse().unwrap() }).unwrap();
    assert!(matches!(tx.row(odin).unwrap().guild(), Err(Error::Unresolved { .. })));
    assert!(matches!(tx.related(frey, Player::GUILD), Err(Error::Unresolved { .. })));
    assert_eq!(tx.save_to(&mut Vec::new()), Err(SnapshotError::Unsavable(Error::TransactionOpen)));
    let refused = tx.commit().unwrap_err();
    let texts: Vec<String> = refused.violations.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "Player 2v1: `Player`.guild: no `Guild` with name = \"Vanir\": no row has this key",
            "Player 3v1: `Player`.guild: no `Guild` with name = \"Vanir\": no row has this key",
            "Guild 2v1: `Guild`.leader: no `Player` with id 9v1: never existed",
        ]
    );
    let mut tx = refused.into_transaction();
    tx.insert(Guild { name: "Vanir".into(), leader_id: frey }).unwrap();
    tx.update(guild, |guild| guild.leader_id = odin).unwrap();
    assert_eq!(tx.violations(), []);
    tx.commit().unwrap();
    assert_eq!(db.row(odin).unwrap().guild().unwrap().name, "Vanir");
    assert_eq!(db.check(), Ok(()));
    // The closure form rolls back.
    let before = db.len::<Player>();
    let refused = db.transaction_deferred(|tx| tx.insert(player("Loki", "??")));
    assert!(matches!(&refused, Err(Error::Violations(all)) if all.len() == 1), "{refused:?}");
    assert_eq!((db.len::<Player>(), db.check()), (before, Ok(())));
}

/// behaviour I11: Rolling back to a savepoint restores the set of violations too. A nested savepoint may be released
/// with violations, the outermost may not
#[test]
fn savepoints_and_violations() {
    let (mut db, guild, thor) = world();
    let mut tx = db.begin_deferred().unwrap();
    let loki = tx.insert(player("Loki", "Jotnar")).unwrap();
    assert_eq!(tx.violations().len(), 1);
    // One savepoint repairs, and is taken back: the violation stands again.
    let mut repair = tx.begin();
    repair.update(loki, |row| row.guild_name = "Aesir".into()).unwrap();
    assert_eq!(repair.violations(), []);
    repair.rollback();
    assert_eq!(tx.violations().len(), 1);
    // Another makes one more, and is released with it.
    let mut worse = tx.begin();
    worse.delete(guild).unwrap();
    worse.commit().unwrap();
    assert_eq!(tx.violations().len(), 2, "Thor has no guild any more");
    drop(tx);
    assert!(db.contains(guild) && db.row(thor).unwrap().guild().is_ok());
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I12: Restrict is immediate even when deferred; the deferred kind is no_action
/// behaviour I3: Deleting a target that sources refer to follows on_delete
#[test]
fn no_action_waits_for_the_end_and_restrict_does_not() {
    let (mut db, guild, thor) = world();
    // Outside of a deferred transaction no_action refuses at once.
    assert!(matches!(db.delete(guild), Err(Error::RestrictViolation { relation: "guild", .. })));
    let mut tx = db.begin_deferred().unwrap();
    let deleted = tx.delete(guild).unwrap();
    assert!(matches!(tx.row(thor).unwrap().guild(), Err(Error::Unresolved { .. })));
    let refused = tx.commit().unwrap_err();
    assert_eq!(
        refused.violations[0].to_string(),
        "Player 1v1: `Player`.guild: no `Guild` with name = \"Aesir\": no row has this key"
    );
    let mut tx = refused.into_transaction();
    // Another guild of that name takes its place.
    let new = tx.insert(deleted.row).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.row(thor).unwrap().guild().unwrap().id(), new);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I4: Changing a natural key that sources refer to follows on_update
#[test]
fn a_key_can_change_away_and_back() {
    let (mut db, guild, thor) = world();
    assert!(db.update(guild, |guild| guild.name = "Vanir".into()).is_err());
    let before = state(&db);
    let mut tx = db.begin_deferred().unwrap();
    tx.update(guild, |guild| guild.name = "Vanir".into()).unwrap();
    assert_eq!(tx.violations().len(), 1);
    tx.update(guild, |guild| guild.name = "Aesir".into()).unwrap();
    assert_eq!(tx.violations(), []);
    tx.commit().unwrap();
    assert!(state(&db) == before);
    let mut tx = db.begin_deferred().unwrap();
    tx.update(guild, |guild| guild.name = "Vanir".into()).unwrap();
    tx.update(thor, |player| player.guild_name = "Vanir".into()).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.row(thor).unwrap().guild().unwrap().name, "Vanir");
    assert_eq!(db.check(), Ok(()));
}

/// behaviour R6: an id left unfilled at the end of the statement or transaction is a violation
#[test]
fn a_reserved_id_must_be_filled_by_the_end() {
    let (mut db, _, thor) = world();
    let mut tx = db.begin().unwrap();
    let chest = tx.reserve::<Thing>().unwrap();
    let coin = tx.insert(thing("coin", thor, Some(chest))).unwrap();
    assert!(matches!(tx.related(coin, Thing::CONTAINER), Err(Error::Unresolved { .. })));
    assert!(tx.cancel(chest).is_err(), "a row names it");
    let refused = tx.commit().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "1 violation(s) stand; first: Thing 1v1 is reserved and no row has been stored under it"
    );
    let mut tx = refused.into_transaction();
    tx.insert_at(chest, thing("chest", thor, None)).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.related(coin, Thing::CONTAINER).unwrap().unwrap().label, "chest");
    // Reserved and rolled back: never resolves, leaves nothing.
    let mut tx = db.begin().unwrap();
    let id = tx.reserve::<Thing>().unwrap();
    let cancelled = tx.reserve::<Thing>().unwrap();
    tx.cancel(cancelled).unwrap();
    tx.rollback();
    assert!(db.insert_at(id, thing("x", thor, None)).is_err());
    assert_eq!(db.check(), Ok(()));
}

/// HOSTILE 12: Forgetting the guard of `begin()` -> documented, later use errs, nothing corrupt
#[test]
fn a_forgotten_guard_is_found_and_can_be_abandoned() {
    let (mut db, _, thor) = world();
    let mut tx = db.begin().unwrap();
    tx.insert(thing("hammer", thor, None)).unwrap();
    std::mem::forget(tx);
    assert_eq!(db.begin().unwrap_err(), Error::TransactionOpen);
    assert!(db.iter_mut::<Thing>().is_err());
    assert!(db.save_to(&mut Vec::new()).is_err());
    db.insert(thing("belt", thor, None)).unwrap();
    assert_eq!(db.check(), Ok(()));
    db.abandon();
    assert_eq!((db.len::<Thing>(), db.check()), (0, Ok(())));
    db.abandon();
    assert!(db.begin().is_ok());
}

/// A transaction keeps nothing once it has ended: its rows are dropped, its slots are free, its lists closed up.
#[test]
fn a_committed_transaction_leaves_what_single_statements_would() {
    let run = |within: bool| {
        let (mut db, _, thor) = world();
        let ids = db.insert_many((0..40).map(|n| thing(&n.to_string(), thor, None)).collect::<Vec<_>>()).unwrap();
        let tx_work = |delete: &mut dyn FnMut(Id<Thing>)| ids.iter().step_by(2).for_each(|id| delete(*id));
        if within {
            let mut tx = db.begin().unwrap();
            tx_work(&mut |id| drop(tx.delete(id).unwrap()));
            tx.commit().unwrap();
        } else {
            tx_work(&mut |id| drop(db.delete(id).unwrap()));
        }
        db.insert_many((0..10).map(|n| thing(&n.to_string(), thor, None)).collect::<Vec<_>>()).unwrap();
        assert_eq!(db.check(), Ok(()));
        state(&db)
    };
    assert!(run(true) == run(false));
}

/// A savepoint that begins before any change is taken back for itself alone.
#[test]
fn a_savepoint_at_the_start_leaves_the_transaction_open() {
    let (mut db, _, thor) = world();
    let mut tx = db.begin().unwrap();
    let mut first = tx.begin();
    first.insert(thing("lost", thor, None)).unwrap();
    first.rollback();
    let kept = tx.insert(thing("kept", thor, None)).unwrap();
    assert!(tx.save_to(&mut Vec::new()).is_err(), "it is still open");
    tx.rollback();
    assert_eq!((db.contains(kept), db.len::<Thing>(), db.check()), (false, 0, Ok(())));
}
