//! The lock file: composite natural keys, and a table that joins packages to packages.

use std::collections::BTreeSet;

use relata::{Error, Id};
use relata_real_data::cargo_lock::{Dependency, Package};

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
