//! What a `Cargo.lock` says, asked of a database: which packages are there in several versions and who pulls them in,
//! which is the deepest chain, what would go if a dependency went.
//!
//! ```text
//! cargo run --release --example cargo_graph [-- path/to/Cargo.lock]
//! ```
//!
//! Packages are known by name and version, so that is their key here, and dependencies name packages by it: rows are
//! stored as the file has them, in one batch each, and a line that names a package that is not there is refused.
#![allow(clippy::print_stdout, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};
use show::{Outcome, heading, thousands};

/// A package in one version.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(name, version))]
// Two relations lead here from `Dependency`, so that their inverses say which they mean.
#[model(has_many(needs: Dependency, via = dependent), has_many(needed_by: Dependency, via = package))]
// A relation of the model to itself. Where the package goes through which others are reached, they stay and forget it.
#[model(belongs_to(Package, name = reached_by, key_from(reached_by_name, reached_by_version), on_delete = set_null))]
struct Package {
    name: String,
    version: String,
    /// Whether it is the project's own: the file names no source for those.
    own: bool,
    reached_by_name: Option<String>,
    reached_by_version: Option<String>,
}

/// That a package needs another: many to many, from the model to itself. It goes when either of them goes.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(dependent_name, dependent_version, package_name, package_version))]
#[model(belongs_to(Package, name = dependent, key_from(dependent_name, dependent_version), on_delete = cascade))]
#[model(belongs_to(Package, name = package, key_from(package_name, package_version), on_delete = cascade))]
struct Dependency {
    dependent_name: String,
    dependent_version: String,
    package_name: String,
    package_version: String,
}

fn main() -> ExitCode {
    show::end(run())
}

fn run() -> Outcome {
    let path = std::env::args().nth(1).unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock").to_owned());
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;

    let mut db = load(&text)?;
    let (packages, dependencies) = (db.len::<Package>(), db.len::<Dependency>());
    let own = db.iter::<Package>().filter(|(_, package)| package.own).count();
    println!("{path}: {} packages, {own} of them its own", thousands(&packages));
    println!("{} dependencies, every one names a package that is there", thousands(&dependencies));

    print_duplicates(&db)?;
    find_ways(&mut db)?;
    print_deepest(&db)?;
    print_removals(&db)
}

fn builder() -> DatabaseBuilder {
    Database::builder().model::<Package>().model::<Dependency>()
}

/// Stores what the file says.
fn load(text: &str) -> Outcome<Database> {
    let locked = parse(text);
    // Where there is only one version of a package, the file leaves it out of the dependencies on it.
    let mut only_version: BTreeMap<&str, &str> = BTreeMap::new();
    for package in &locked {
        only_version.insert(package.name, package.version);
    }

    let mut packages = Vec::new();
    let mut dependencies = Vec::new();
    for package in &locked {
        packages.push(Package {
            name: package.name.to_owned(),
            version: package.version.to_owned(),
            own: package.own,
            reached_by_name: None,
            reached_by_version: None,
        });
        for needed in &package.needs {
            // `name`, `name version` or `name version (source)`.
            let mut words = needed.split(' ');
            let name = words.next().unwrap_or_default();
            let version = words.next().or_else(|| only_version.get(name).copied()).unwrap_or_default();
            dependencies.push(Dependency {
                dependent_name: package.name.to_owned(),
                dependent_version: package.version.to_owned(),
                package_name: name.to_owned(),
                package_version: version.to_owned(),
            });
        }
    }
    let mut db = builder().build()?;
    db.insert_many(packages)?;
    db.insert_many(dependencies)?;
    Ok(db)
}

/// A `[[package]]` of the file.
#[derive(Default)]
struct Locked<'a> {
    name: &'a str,
    version: &'a str,
    own: bool,
    needs: Vec<&'a str>,
}

/// Reads the lines that Cargo writes. The file is TOML, but Cargo lays it out in one way only: `key = "value"`, or a list
/// with one `"value",` to a line. So this needs no parser of TOML, and is none. One thing it does not tell apart: the
/// same version of a package from two sources, which the key of `Package` then refuses.
fn parse(text: &str) -> Vec<Locked<'_>> {
    let mut packages = Vec::new();
    let mut in_package = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_package = line == "[[package]]";
            if in_package {
                packages.push(Locked { own: true, ..Locked::default() });
            }
            continue;
        }
        let Some(package) = packages.last_mut().filter(|_| in_package) else { continue };
        match line.split_once(" = ") {
            Some(("name", value)) => package.name = value.trim_matches('"'),
            Some(("version", value)) => package.version = value.trim_matches('"'),
            Some(("source", _)) => package.own = false,
            None if line.starts_with('"') => package.needs.push(line.trim_matches(['"', ','])),
            _ => {}
        }
    }
    packages
}

/// The packages that are there in several versions, and for each version those who need it.
fn print_duplicates(db: &Database) -> Outcome {
    heading("In several versions");
    let mut versions: BTreeMap<&str, Vec<Id<Package>>> = BTreeMap::new();
    for (id, package) in db.iter::<Package>() {
        versions.entry(&package.name).or_default().push(id);
    }
    versions.retain(|_, ids| ids.len() > 1);
    for (name, ids) in &versions {
        println!("{name}");
        // Over the dependencies on each version to the packages that have them.
        for pair in db.include(ids, Package::NEEDED_BY.then(Dependency::DEPENDENT)) {
            let (id, dependents) = pair?;
            let dependents = dependents.map(|package| Ok(title(package?))).collect::<Outcome<Vec<_>>>()?;
            println!("  {:<16} needed by {}", db.get(id)?.version, list(&dependents, 5));
        }
    }
    if versions.is_empty() {
        println!("none");
    }
    Ok(())
}

/// Sets, for each package, through which other it is reached from the project in the fewest steps: breadth first.
fn find_ways(db: &mut Database) -> Outcome {
    let mut queue: Vec<Id<Package>> =
        db.iter::<Package>().filter(|(_, package)| package.own).map(|(id, _)| id).collect();
    let mut seen: BTreeSet<Id<Package>> = queue.iter().copied().collect();
    let mut next = 0;
    while let Some(&package) = queue.get(next) {
        next += 1;
        let mut found = Vec::new();
        for dependency in db.row(package)?.needs() {
            found.push(dependency.package()?.id());
        }
        for needed in found {
            if seen.insert(needed) {
                db.relate(needed, Package::REACHED_BY, package)?;
                queue.push(needed);
            }
        }
    }
    Ok(())
}

/// The package that is the farthest from the project, and the way to it.
fn print_deepest(db: &Database) -> Outcome {
    heading("The deepest chain (the fewest steps from the project)");
    let ids: Vec<Id<Package>> = db.iter::<Package>().map(|(id, _)| id).collect();
    let chains = db.include(&ids, Package::REACHED_BY.recursive()).to_vec()?;

    let mut at_depth: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, chain) in &chains {
        *at_depth.entry(chain.len()).or_default() += 1;
    }
    let counts: Vec<String> = at_depth.iter().map(|(depth, count)| format!("{count} at {depth}")).collect();
    println!("packages by steps: {}", counts.join(", "));

    // The first of those that are equally far.
    let deepest = chains.into_iter().rev().max_by_key(|(_, chain)| chain.len());
    let (id, chain) = deepest.ok_or("the file has no packages")?;
    let mut way: Vec<String> = chain.map(|(_, _, package)| title(package)).collect();
    way.reverse();
    way.push(title(db.get(id)?));
    for (depth, package) in way.iter().enumerate() {
        println!("{}{package}", "  ".repeat(depth));
    }
    Ok(())
}

/// What comes of removing a direct dependency of the project.
struct Removal<'a> {
    package: Id<Package>,
    /// The titles of what nothing would need any more.
    with_it: Vec<String>,
    /// The project's own packages that need it.
    own: Vec<&'a str>,
    /// How many others do.
    others: usize,
}

fn print_removals(db: &Database) -> Outcome {
    heading("If a direct dependency went");
    // Each removal is tried out on a copy: that is what the database is after saving it to memory and loading it.
    let mut saved = Vec::new();
    db.save_to(&mut saved)?;

    let mut removals = Vec::new();
    for (id, _) in db.iter::<Package>().filter(|(_, package)| !package.own) {
        let dependents = db.related(id, Package::NEEDED_BY.then(Dependency::DEPENDENT))?;
        let dependents = dependents.collect::<Result<Vec<&Package>, _>>()?;
        let own: Vec<&str> = dependents.iter().filter(|package| package.own).map(|package| &*package.name).collect();
        if !own.is_empty() {
            let mut copy = builder().load_from(&saved[..])?;
            let with_it = remove(&mut copy, id)?;
            assert_eq!(copy.check(), Ok(()));
            removals.push(Removal { package: id, with_it, others: dependents.len() - own.len(), own });
        }
    }
    // The most first; a stable sort keeps the others in the order of the file.
    removals.sort_by_key(|removal| Reverse(removal.with_it.len()));
    println!("{:<26} {:>12} {:>14}   the project's that do", "without", "go with it", "others need it");
    for Removal { package, with_it, own, others } in &removals {
        println!("{:<26} {:>12} {others:>14}   {}", title(db.get(*package)?), with_it.len(), own.join(", "));
    }
    if let Some(Removal { package, with_it, .. }) = removals.first() {
        println!("\n{}: plan_delete says that it {}", title(db.get(*package)?), db.plan_delete(*package)?);
        println!("what nothing needs any more then: {}", list(with_it, 8));
    }
    Ok(())
}

/// Removes a package, then what nothing needs any more, and gives the titles of that. Each delete takes the dependencies
/// along on both of its sides, by cascade, so that only packages that nothing needs are left to be looked for.
fn remove(db: &mut Database, package: Id<Package>) -> Outcome<Vec<String>> {
    let planned = db.plan_delete(package)?;
    let deleted = db.delete(package)?;
    assert_eq!((planned.removed, planned.changed), (deleted.removed, deleted.changed), "as planned");

    let mut gone = Vec::new();
    loop {
        let mut unneeded = Vec::new();
        for (id, package) in db.iter::<Package>() {
            if !package.own && !db.exists(id, Package::NEEDED_BY)? {
                unneeded.push(id);
            }
        }
        if unneeded.is_empty() {
            return Ok(gone);
        }
        for id in unneeded {
            gone.push(title(&db.delete(id)?.row));
        }
    }
}

fn title(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

/// The first of some words, and how many more there are.
fn list(words: &[String], most: usize) -> String {
    match words.len().checked_sub(most) {
        _ if words.is_empty() => "nothing".to_owned(),
        None | Some(0) => words.join(", "),
        Some(more) => format!("{} and {more} more", words[..most].join(", ")),
    }
}
