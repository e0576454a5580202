//! One game over three releases, and the saves of each loaded by the last one.
//!
//! `cargo run --release --example snapshot_upgrade` loads the files of all three releases, which are kept in
//! `tests/golden`. `-- --write FOLDER` writes them anew.
//!
//! What has changed from release to release, and what says so:
//!
//! | change | said by |
//! |---|---|
//! | 2: `Hero.mana` is new | `#[serde(default)]` |
//! | 2: `Item.kind` was `Item.what` | `#[serde(alias = "what")]` |
//! | 2: the variant `Kind::Stick` is called `Kind::Staff` | `#[serde(alias = "Stick")]` |
//! | 2: the model `Quest` is new | nothing |
//! | 3: `Item` is called `Gear` | `#[model(was = "Item")]` |
//! | 3: `Hero.hit_points` is a struct, `Vitals` | `#[model(version = 1)]` and `migrate` |
//! | 3: a hero's name is unique | nothing: the rows are proved against it |
//! | 3: `Rumour` is gone | `drop_removed_models()` |

#![expect(clippy::print_stdout, reason = "an example reports there")]

use std::error::Error;
use std::path::{Path, PathBuf};

use relata::{Database, Id};

/// The first release.
pub(crate) mod first {
    use relata::{Database, Id, Model};
    use serde::{Deserialize, Serialize};

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    #[model(has_many(items: Item))]
    pub(crate) struct Hero {
        pub(crate) name: String,
        pub(crate) hit_points: u32,
    }

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) enum Kind {
        Stick,
        Sword { sharpness: u8 },
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Item {
        #[model(belongs_to)]
        pub(crate) hero_id: Id<Hero>,
        pub(crate) what: Kind,
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Rumour {
        pub(crate) text: String,
    }

    pub(crate) fn world() -> Result<Database, relata::Error> {
        let mut db = Database::builder().model::<Hero>().model::<Item>().model::<Rumour>().build()?;
        let ada = db.insert(Hero { name: "Ada".into(), hit_points: 31 })?;
        let kay = db.insert(Hero { name: "Kay".into(), hit_points: 8 })?;
        let sword = db.insert(Item { hero_id: kay, what: Kind::Sword { sharpness: 7 } })?;
        db.insert(Item { hero_id: ada, what: Kind::Stick })?;
        // Kay's sword comes to Ada, behind the stick that she had.
        db.relate(sword, Item::HERO, ada)?;
        let gone = db.insert(Hero { name: "Nobody".into(), hit_points: 0 })?;
        db.delete(gone)?;
        db.insert(Rumour { text: "There is a dragon.".into() })?;
        Ok(db)
    }
}

/// The second release: fields and variants have come and changed their names.
pub(crate) mod second {
    use relata::{Database, Id, Model};
    use serde::{Deserialize, Serialize};

    pub(crate) use super::first::Rumour;

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    #[model(has_many(items: Item), has_many(quests: Quest))]
    pub(crate) struct Hero {
        #[serde(default)]
        pub(crate) mana: u32,
        pub(crate) name: String,
        pub(crate) hit_points: u32,
    }

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) enum Kind {
        Bow,
        Sword {
            sharpness: u8,
            #[serde(default)]
            rusty: bool,
        },
        #[serde(alias = "Stick")]
        Staff,
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Item {
        #[model(belongs_to)]
        pub(crate) hero_id: Id<Hero>,
        #[serde(alias = "what")]
        pub(crate) kind: Kind,
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Quest {
        #[model(belongs_to)]
        pub(crate) hero_id: Id<Hero>,
        pub(crate) title: String,
    }

    pub(crate) fn world() -> Result<Database, relata::Error> {
        let mut db = Database::builder().model::<Hero>().model::<Item>().model::<Rumour>().model::<Quest>().build()?;
        let ada = db.insert(Hero { mana: 5, name: "Ada".into(), hit_points: 28 })?;
        db.insert(Item { hero_id: ada, kind: Kind::Bow })?;
        db.insert(Item { hero_id: ada, kind: Kind::Sword { sharpness: 6, rusty: true } })?;
        db.insert(Quest { hero_id: ada, title: "Find the dragon".into() })?;
        Ok(db)
    }
}

/// The third release, which reads what the others have written.
pub(crate) mod third {
    use relata::{Database, DatabaseBuilder, Id, Model};
    use serde::{Deserialize, Serialize};

    pub(crate) use super::second::Kind;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Vitals {
        pub(crate) now: u32,
        pub(crate) full: u32,
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    #[model(version = 1, has_many(gear: Gear), has_many(quests: Quest))]
    pub(crate) struct Hero {
        #[model(unique)]
        pub(crate) name: String,
        pub(crate) mana: u32,
        pub(crate) vitals: Vitals,
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    #[model(was = "Item")]
    pub(crate) struct Gear {
        #[model(belongs_to)]
        pub(crate) hero_id: Id<Hero>,
        #[serde(alias = "what")]
        pub(crate) kind: Kind,
    }

    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Quest {
        #[model(belongs_to)]
        pub(crate) hero_id: Id<Hero>,
        pub(crate) title: String,
    }

    /// A hero of the first two releases: what `migrate` needs of the old struct is that it can be read.
    #[derive(Deserialize)]
    struct OldHero {
        name: String,
        #[serde(default)]
        mana: u32,
        hit_points: u32,
    }

    pub(crate) fn models() -> DatabaseBuilder {
        Database::builder()
            .model::<Hero>()
            .model::<Gear>()
            .model::<Quest>()
            .drop_removed_models()
            .migrate::<OldHero, Hero>(0, |old, _| {
                let vitals = Vitals { now: old.hit_points, full: old.hit_points.max(30) };
                Ok(Hero { name: old.name, mana: old.mana, vitals })
            })
    }

    pub(crate) fn world() -> Result<Database, relata::Error> {
        let mut db = models().build()?;
        let ada = db.insert(Hero { name: "Ada".into(), mana: 6, vitals: Vitals { now: 12, full: 30 } })?;
        db.insert(Gear { hero_id: ada, kind: Kind::Staff })?;
        Ok(db)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let writes = arguments.next().is_some_and(|argument| argument == "--write");
    let folder = arguments.next().map_or(golden, PathBuf::from);
    let file = |release: usize| folder.join(format!("game-{release}.relata"));
    if writes {
        first::world()?.save(file(1))?;
        second::world()?.save(file(2))?;
        third::world()?.save(file(3))?;
        return Ok(());
    }
    for release in 1..=3 {
        let (db, report) = third::models().load_with_report(file(release))?;
        println!("the save of release {release}, in format {}:", report.format);
        for dropped in &report.dropped {
            println!("  left out: {} row(s) of {}", dropped.rows, dropped.table);
        }
        for renamed in &report.renamed {
            println!("  renamed: {} is {}", renamed.was, renamed.is);
        }
        for migrated in &report.migrated {
            println!(
                "  migrated: {} row(s) of {} from version {}",
                migrated.rows, migrated.table, migrated.from_version
            );
        }
        for (id, hero) in db.iter::<third::Hero>() {
            let gear: Vec<String> =
                db.children(id, third::Hero::GEAR)?.map(|(_, gear)| format!("{:?}", gear.kind)).collect();
            let vitals = &hero.vitals;
            println!(
                "  {id} {}: {}/{} hit points, {} mana, {}",
                hero.name,
                vitals.now,
                vitals.full,
                hero.mana,
                gear.join(", ")
            );
        }
        expect(&db, release)?;
    }
    Ok(())
}

/// What each save must have become; its tests run this too.
pub(crate) fn expect(db: &Database, release: usize) -> Result<(), Box<dyn Error>> {
    let ada: Id<third::Hero> = "1v1".parse()?;
    let hero = db.get(ada)?;
    let vitals = [31, 28, 12].map(|now| third::Vitals { now, full: if now == 31 { 31 } else { 30 } });
    assert_eq!((hero.name.as_str(), &hero.vitals), ("Ada", &vitals[release - 1]));
    assert_eq!(hero.mana, [0, 5, 6][release - 1]);
    // The sword came behind the stick, though it is in the lower slot: the order of children is kept over all changes.
    let gear: Vec<String> = db.children(ada, third::Hero::GEAR)?.map(|(id, _)| id.to_string()).collect();
    assert_eq!(gear, [&["2v1", "1v1"][..], &["1v1", "2v1"], &["1v1"]][release - 1]);
    assert_eq!(db.children(ada, third::Hero::QUESTS)?.len(), [0, 1, 0][release - 1]);
    assert_eq!(db.check(), Ok(()));
    Ok(())
}
