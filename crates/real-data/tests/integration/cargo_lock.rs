//! The lock file: composite natural keys, and a table that joins packages to packages.

use std::collections::{BTreeMap, BTreeSet};

use relata::{Database, Error, Id, Model, RowId};
use relata_real_data::cargo_lock::{CargoLock, Dependency, Package};
use relata_real_data::{CsvTable, DataSet, LoadError, load};
use serde::{Deserialize, Serialize};

use crate::every_set::cargo_lock::db;

fn package(name: &str, version: &str) -> Id<Package> {
    db().find(Package::BY_NAME_VERSION, (name, version)).expect("it is in the lock file").0
}

#[test]
fn who_depends_on_serde() -> Result<(), Error> {
    let serde = package("serde", "1.0.229");
    // behaviour R8: "Two relations from one model to the same target ... are distinct relations (by type, not by name)."
    let dependents = db().related(serde, Package::DEPENDENTS.then(Dependency::DEPENDENT))?;
    let dependents: Vec<&str> =
        dependents.map(|package| package.map(|row| row.name.as_str())).collect::<Result<_, _>>()?;
    assert_eq!(dependents.len(), 50);
    assert!(dependents.contains(&"chrono") && dependents.is_sorted());
    let dependencies: Vec<_> = db().row(serde)?.dependencies().map(|link| link.dep_name.clone()).collect();
    assert_eq!(dependencies, ["serde_core", "serde_derive"]);
    Ok(())
}

#[test]
fn what_would_have_to_be_built_again_if_serde_changed() -> Result<(), Error> {
    let dependents = db().path(Package::DEPENDENTS.then(Dependency::DEPENDENT))?;
    let mut affected = BTreeSet::from([package("serde", "1.0.229")]);
    let mut waiting: Vec<Id<Package>> = affected.iter().copied().collect();
    while let Some(next) = waiting.pop() {
        for dependent in dependents.get(next)? {
            let dependent = dependent?;
            let id = package(&dependent.name, &dependent.version);
            if affected.insert(id) {
                waiting.push(id);
            }
        }
    }
    assert_eq!(affected.len() - 1, 163);
    Ok(())
}

#[test]
fn a_part_of_a_composite_key_does_not_match_alone() -> Result<(), Error> {
    let versions: Vec<&str> = db()
        .iter::<Package>()
        .filter(|(_, row)| row.name == "hashbrown")
        .map(|(_, row)| row.version.as_str())
        .collect();
    assert_eq!(versions.len(), 5);
    let counts = versions.iter().map(|version| db().count(package("hashbrown", version), Package::DEPENDENTS));
    let counts: Vec<usize> = counts.collect::<Result<_, _>>()?;
    let all = db().iter::<Dependency>().filter(|(_, link)| link.dep_name == "hashbrown").count();
    assert_eq!(counts.iter().sum::<usize>(), all);
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");

    let unknown = db().find(Package::BY_NAME_VERSION, ("hashbrown", "1.0.229")).unwrap_err();
    assert_eq!(unknown.to_string(), "no `package` has name, version = (\"hashbrown\", \"1.0.229\")");
    Ok(())
}

#[test]
fn a_package_that_is_needed_stays_and_the_plan_says_why() -> Result<(), Error> {
    let plan = db().plan_delete(package("serde", "1.0.229"))?;
    // The rows of its own dependencies restrict as much as those of its dependents.
    let blocked: Vec<(usize, &str)> = (plan.blocked.iter())
        .map(|error| match error {
            Error::RestrictViolation { sources, relation, .. } => (*sources, *relation),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(blocked, [(2, "dependent"), (50, "dependency")]);
    Ok(())
}

/// A package that takes its own dependencies along when it goes.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(primary_key(name, version), has_many(needs: Link, via = dependent), has_many(needed_by: Link, via = dependency))]
struct Node {
    name: String,
    version: String,
}

#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    belongs_to(Node, key_from(name, version), name = dependent, on_delete = cascade),
    belongs_to(Node, key_from(dep_name, dep_version), name = dependency)
)]
struct Link {
    name: String,
    version: String,
    dep_name: String,
    dep_version: String,
}

// behaviour I3: "Deleting a target that sources refer to follows `on_delete`: restrict (default), cascade, .."
// behaviour I18: "Rows removed or changed by actions are reported (counts and ids) apart from the direct ones."
#[test]
fn packages_that_nothing_needs_go_one_by_one_until_none_is_left() -> Result<(), LoadError> {
    let mut db = Database::builder().model::<Node>().model::<Link>().build()?;
    load::<Node>(&mut db, CargoLock::FOLDER, "package")?;
    load::<Link>(&mut db, CargoLock::FOLDER, "dependency")?;
    // The same by other means: for each package how many others need it, and which it needs.
    let links = CsvTable::read(CargoLock::FOLDER, "dependency")?;
    let mut needed: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut needs: BTreeMap<(&str, &str), Vec<(&str, &str)>> = BTreeMap::new();
    for link in &links.records {
        *needed.entry((&link[3], &link[4])).or_default() += 1;
        needs.entry((&link[0], &link[1])).or_default().push((&link[3], &link[4]));
    }
    let packages: Vec<(Id<Node>, Node)> = db.iter::<Node>().map(|(id, row)| (id, row.clone())).collect();
    loop {
        let before = db.len::<Node>();
        for (id, package) in packages.iter().filter(|(id, _)| db.contains(*id)).collect::<Vec<_>>() {
            let key = (package.name.as_str(), package.version.as_str());
            let others = needed.get(&key).copied().unwrap_or(0);
            let own: Vec<RowId> = db.children(*id, Node::NEEDS)?.map(|(link, _)| link.erase()).collect();
            match db.delete(*id) {
                Ok(deleted) => {
                    assert_eq!((others, &deleted.row, &deleted.removed), (0, package, &own));
                    for dependency in needs.remove(&key).unwrap_or_default() {
                        *needed.entry(dependency).or_default() -= 1;
                    }
                }
                Err(Error::RestrictViolation { sources, relation, .. }) => {
                    assert_eq!((sources, relation), (others, "dependency"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        assert_eq!(db.len::<Link>(), needs.values().map(Vec::len).sum::<usize>());
        assert_eq!(db.check(), Ok(()));
        if db.len::<Node>() == before {
            break;
        }
    }
    assert_eq!((db.len::<Node>(), db.len::<Link>()), (0, 0));
    // All slots are vacant now, and are used again in the order that a load gives back too.
    let mut saved = Vec::new();
    db.save_to(&mut saved).expect("an empty database can be saved");
    let mut loaded = Database::builder().model::<Node>().model::<Link>().load_from(&saved[..]).expect("it was saved");
    let nodes: Vec<Node> = packages.into_iter().map(|(_, node)| node).collect();
    assert_eq!(db.insert_many(nodes.clone())?, loaded.insert_many(nodes)?);
    Ok(())
}
