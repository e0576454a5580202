//! Writing through an owner.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use crate::support::refused;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(things: Thing), has_one(home: Home))]
struct Player {
    #[model(primary_key)]
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    #[model(belongs_to(Player), name = player)]
    player_name: String,
    #[model(unique)]
    label: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Home {
    #[model(belongs_to, unique)]
    player_id: Id<Player>,
    street: String,
}

fn world() -> (Database, Id<Player>, Id<Player>) {
    let mut db = Database::builder().model::<Player>().model::<Thing>().model::<Home>().build().unwrap();
    let thor = db.insert(Player { name: "Thor".into() }).unwrap();
    let loki = db.insert(Player { name: "Loki".into() }).unwrap();
    (db, thor, loki)
}

fn labels(db: &Database, owner: Id<Player>) -> Vec<String> {
    db.row(owner).unwrap().things().map(|thing| thing.label.clone()).collect()
}

fn thing(player_name: String, label: &str) -> Thing {
    Thing { player_name, label: label.into() }
}

/// behaviour R15: Create, batch create through the owner hands the key in; a row that comes back with another key is
/// refused ("cannot override foreign key")
#[test]
fn creating_hands_the_key_in_and_keeps_it() {
    let (mut db, thor, _) = world();
    db.create(thor, Player::THINGS, |name| thing(name, "hammer")).unwrap();
    db.create_many(thor, Player::THINGS, |name| vec![thing(name.clone(), "belt"), thing(name, "goat")]).unwrap();
    assert_eq!(labels(&db, thor), ["hammer", "belt", "goat"]);
    let error = refused(&mut db, |db| db.create(thor, Player::THINGS, |_| thing("Loki".into(), "mask")));
    assert_eq!(error.to_string(), "`Thing`.player: cannot override the foreign key: it must stay name = \"Thor\"");
    refused(&mut db, |db| {
        db.create_many(thor, Player::THINGS, |name| vec![thing(name, "cart"), thing("Loki".into(), "mask")])
    });
    assert_eq!(db.check(), Ok(()));
}

/// behaviour R10: Creating through the parent sets the foreign key
/// behaviour R11: A second row for the same owner is refused with a unique violation; the first is intact
/// behaviour I16: A one-to-one source keeps both rules: unique and existing
#[test]
fn a_second_home_is_refused() {
    let (mut db, thor, loki) = world();
    let home = db.create(thor, Player::HOME, |player_id| Home { player_id, street: "Bilskirnir".into() }).unwrap();
    assert_eq!(db.get(home).unwrap().player_id, thor);
    let error = refused(&mut db, |db| {
        db.create(thor, Player::HOME, |player_id| Home { player_id, street: "elsewhere".into() })
    });
    assert_eq!(error.to_string(), "`Home`: player_id = 1v1 is taken by Home 1v1");
    // Replacing the present one is explicit.
    db.replace(home, Home { player_id: thor, street: "elsewhere".into() }).unwrap();
    assert_eq!(db.row(thor).unwrap().home().unwrap().street, "elsewhere");
    let error = refused(&mut db, |db| db.insert(Home { player_id: Id::null(), street: String::new() }));
    assert!(matches!(error, Error::ForeignKeyViolation { .. }));
    assert!(db.row(loki).unwrap().home().is_none());
}

/// behaviour R13: Update or delete through the owner touches that owner's row only, and refuses a changed foreign key
/// behaviour R17: Finding, updating or deleting another owner's row through this owner gives not-found and changes nothing
#[test]
fn another_owners_row_is_out_of_reach() {
    let (mut db, thor, loki) = world();
    let hammer = db.create(thor, Player::THINGS, |name| thing(name, "hammer")).unwrap();
    let error = refused(&mut db, |db| db.update_in(loki, Player::THINGS, hammer, |thing| thing.label.clear()));
    assert_eq!(error.to_string(), "Thing 1v1 does not belong to Player 2v1 over `Thing`.player");
    refused(&mut db, |db| db.delete_in(loki, Player::THINGS, hammer));
    refused(&mut db, |db| db.get_in(loki, Player::THINGS, hammer).cloned());
    let error =
        refused(&mut db, |db| db.update_in(thor, Player::THINGS, hammer, |thing| thing.player_name = "Loki".into()));
    assert!(matches!(error, Error::ForeignKeyOverridden { relation: "player", .. }), "{error}");
    db.update_in(thor, Player::THINGS, hammer, |thing| thing.label = "Mjolnir".into()).unwrap();
    assert_eq!(labels(&db, thor), ["Mjolnir"]);
    assert_eq!(db.delete_in(thor, Player::THINGS, hammer).unwrap().row.label, "Mjolnir");
    assert_eq!((labels(&db, thor).len(), db.check()), (0, Ok(())));
}

/// behaviour R19: Update-all and delete-all through the owner return a count and spare the rows of others
/// behaviour I9: Many-row statements are all or nothing
#[test]
fn all_rows_of_an_owner_and_no_others() {
    let (mut db, thor, loki) = world();
    for owner in [thor, loki] {
        for n in 0..3 {
            db.create(owner, Player::THINGS, |name| thing(name, &format!("{owner} {n}"))).unwrap();
        }
    }
    assert_eq!(db.update_all(thor, Player::THINGS, |thing| thing.label.insert(0, 'x')), Ok(3));
    assert_eq!(labels(&db, thor), ["x1v1 0", "x1v1 1", "x1v1 2"]);
    assert_eq!(labels(&db, loki), ["2v1 0", "2v1 1", "2v1 2"]);
    let error = refused(&mut db, |db| db.update_all(thor, Player::THINGS, |thing| thing.label = "same".into()));
    assert!(matches!(error, Error::BatchRefused { rows: 3, .. }), "{error}");
    // Keys may change hands within the statement.
    let mut turn = ["x1v1 1", "x1v1 2", "x1v1 0"].into_iter();
    db.update_all(thor, Player::THINGS, |thing| thing.label = turn.next().unwrap().into()).unwrap();
    assert_eq!((labels(&db, thor), db.check()), (vec!["x1v1 1".into(), "x1v1 2".into(), "x1v1 0".into()], Ok(())));
    assert_eq!(db.delete_all(thor, Player::THINGS), Ok(3));
    assert_eq!((labels(&db, thor).len(), labels(&db, loki).len(), db.check()), (0, 3, Ok(())));
    assert_eq!(db.delete_all(thor, Player::THINGS), Ok(0));
}
